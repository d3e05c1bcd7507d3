"""The pictures of the README: `python docs/make_pictures.py` (needs chromium for the page)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from genapp import images  # noqa: E402
from genapp.colorizing import Hint, colorize, parse_hint  # noqa: E402
from genapp.registry.engines import Engines  # noqa: E402
from genapp.tryon import compare_frames, try_on  # noqa: E402
from genapp.upscaling import interpolated, upscale  # noqa: E402

EXAMPLES = ROOT / "genapp/ui/examples"
WORN = {
    "older-man": "aviator",
    "turned-woman": "wayfarer",
    "young-man": "clubmaster",
    "young-woman": "cat-eye",
}
HINTS = {
    "older-man": ("60,80,#5f7d62", "700,120,#5f7d62", "210,850,#2c3e66", "590,850,#2c3e66"),
    "turned-woman": (
        *("60,80,#a98d6f", "60,600,#a98d6f", "700,80,#a98d6f"),
        *("250,905,#8f2f3c", "560,900,#8f2f3c"),
    ),
}
COMPARED = ("aviator", "cat-eye", "clubmaster", "hexagon", "panto", "rimless")
PORT = 7990


def main() -> None:
    _strip(ROOT / "docs/try-on.jpg")
    _compare(ROOT / "docs/compare.jpg")
    _colorized(ROOT / "docs/pictures/colorize.jpg")
    _upscaled(ROOT / "docs/pictures/upscale.jpg")
    _page(ROOT / "docs/page.png")


def _strip(path: Path) -> None:
    """Every example in a frame, side by side."""
    with Engines() as engines:
        worn = [
            try_on(EXAMPLES / f"{name}.jpg", frame, engines=engines) for name, frame in WORN.items()
        ]
    tiles = [cv2.resize(w.photo.pixels, (384, 480), interpolation=cv2.INTER_AREA) for w in worn]
    images.write(images.read(np.hstack(tiles).astype(np.uint8)), path, quality=88)


def _compare(path: Path) -> None:
    """One example in six frames."""
    sheet = compare_frames(EXAMPLES / "turned-woman.jpg", COMPARED, columns=3).sheet
    height, width = (round(side * 0.8) for side in sheet.pixels.shape[:2])
    small = cv2.resize(sheet.pixels, (width, height), interpolation=cv2.INTER_AREA)
    images.write(images.read(small.astype(np.uint8)), path, quality=88)


def _colorized(path: Path) -> None:
    """Two examples made grey: each grey | coloured | coloured with the hints that are drawn."""
    tiles = []
    with Engines() as engines:
        for name, texts in HINTS.items():
            photo = images.read(EXAMPLES / f"{name}.jpg").pixels
            grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
            hints = [parse_hint(text) for text in texts]
            hinted = np.array(colorize(grey, hints=hints, engines=engines).photo.pixels)
            for hint in hints:
                _dot(hinted, hint)
            tiles += [np.dstack([grey] * 3), colorize(grey, engines=engines).photo.pixels, hinted]
    small = [cv2.resize(tile, (288, 360), interpolation=cv2.INTER_AREA) for tile in tiles]
    images.write(images.read(np.hstack(small).astype(np.uint8)), path, quality=88)


def _dot(image: np.ndarray, hint: Hint) -> None:
    place = round(hint.x), round(hint.y)
    cv2.circle(image, place, 18, (255, 255, 255), -1, cv2.LINE_AA)
    cv2.circle(image, place, 13, [round(255 * value) for value in hint.rgb], -1, cv2.LINE_AA)


def _upscaled(path: Path) -> None:
    """Two examples made small, the second noisy and packed too: each interpolated | enlarged."""
    noise = np.random.default_rng(0)
    tiles = []
    with Engines() as engines:
        for name, model in (("young-woman", None), ("older-man", "upscale/span-x4.real")):
            photo = images.read(EXAMPLES / f"{name}.jpg").pixels
            small = cv2.resize(photo, (112, 140), interpolation=cv2.INTER_AREA)[:112]
            if model:
                small = np.clip(small + noise.normal(0, 8, small.shape), 0, 255).astype(np.uint8)
                packed = images.encode(images.read(small), "jpg", quality=60)
                small = images.read(packed).pixels
            rgb = np.ascontiguousarray(small, np.uint8)
            before = interpolated(rgb, (0, 0, 112, 112), (448, 448)) * 255
            after = upscale(rgb, 4, model=model, engines=engines).photo.pixels
            tiles += [np.rint(before).astype(np.uint8), after]
    images.write(images.read(np.hstack(tiles)), path, quality=85)


def _page(path: Path) -> None:
    """The page after a click on an example."""
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(PORT)}
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 960})
            for _ in range(100):
                try:
                    page.goto(f"http://127.0.0.1:{PORT}")
                    break
                except Exception:
                    page.wait_for_timeout(300)
            page.set_input_files("#photo input[type=file]", EXAMPLES / "turned-woman.jpg")
            page.wait_for_selector("#result img")
            page.wait_for_timeout(3000)
            page.screenshot(path=path, full_page=True)
            browser.close()
    finally:
        app.terminate()
        app.wait()


if __name__ == "__main__":
    main()
