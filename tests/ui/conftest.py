"""The app as a user starts it, a browser to look at it, and photos of all kinds."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import cv2
import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from gradio_client import Client
    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).resolve().parents[2]
PORTRAIT = REPOSITORY / "genapp" / "ui" / "examples" / "young-woman.jpg"
START_SECONDS = 120
CHROMIUM_OPTIONS = [
    *("--no-sandbox", "--headless=new", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-quic"),
    # A camera without a person in front of it.
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]


@contextmanager
def running_app(folder: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """`python app.py` in the working directory `folder`: its URL and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "HOME": str(folder)}
    environment.pop("GRADIO_SERVER_NAME", None)
    url = f"http://127.0.0.1:{port}/"
    log = folder.with_name(f"{folder.name}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, REPOSITORY / "app.py"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(url, process, log)
            yield url, process
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"The app did not start:\n{log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def start_app() -> Callable[..., object]:
    """`running_app`, for a test that ends the app itself."""
    return running_app


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("app")) as (url, _):
        yield url


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Client]":
    """A program that talks to the app."""
    from gradio_client import Client

    connected = Client(
        app_url,
        verbose=False,
        analytics_enabled=False,
        download_files=tmp_path_factory.mktemp("downloads"),
    )
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _cannot("playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        _cannot("chromium is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield started
        started.close()


def _cannot(reason: str) -> NoReturn:
    """On CI a browser test that does not run is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def page(browser: "Browser", app_url: str) -> "Iterator[Page]":
    """The app's page, 1280×900. Fails if it asks anybody but this machine for anything."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        permissions=["camera", "clipboard-read", "clipboard-write"],
    )
    shown = context.new_page()
    asked: list[str] = []
    broken: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("pageerror", lambda error: broken.append(str(error)))
    shown.goto(app_url)
    shown.wait_for_selector("#photo input[type=file]", state="attached")
    shown.wait_for_selector("#result")
    yield shown
    context.close()
    local = (app_url, app_url.replace("http", "ws"), "data:", f"blob:{app_url}")
    assert [url for url in asked if not url.startswith(local)] == []
    assert broken == []


@pytest.fixture(scope="session")
def portrait() -> Path:
    """A JPEG of 768×960 with one face."""
    return PORTRAIT


@pytest.fixture(scope="session")
def good_photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The portrait in many formats; upright, every one is 768×960."""
    folder = tmp_path_factory.mktemp("good")
    image = Image.open(PORTRAIT).convert("RGB")
    image.convert("CMYK").save(folder / "cmyk.jpg")
    deep = np.asarray(image)[..., ::-1].astype(np.uint16) * 257
    cv2.imwrite(str(folder / "deep.png"), deep)
    image.quantize(128).save(folder / "palette.png")
    image.save(folder / "animated.gif", save_all=True, append_images=[Image.new("RGB", image.size)])
    clear = image.copy()
    clear.putalpha(Image.linear_gradient("L").resize(image.size))
    clear.save(folder / "clear.png")
    image.save(folder / "page.tiff")
    _save_turned(image, folder)
    return {path.stem: path for path in sorted(folder.iterdir())}


def _save_turned(image: Image.Image, folder: Path) -> None:
    """turned-1.jpg … turned-8.jpg: stored turned or mirrored, upright by EXIF orientation."""
    turn = Image.Transpose
    undo = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_90,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_270,
    }
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = image.transpose(undo[orientation]) if orientation in undo else image
        stored.save(folder / f"turned-{orientation}.jpg", exif=exif, quality=95)


@pytest.fixture(scope="session")
def bad_photos(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """Files that cannot be tried on, each with the start of the sentence that says so."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "text.jpg").write_text("This is a letter, not a picture.\n" * 20)
    (folder / "cut.jpg").write_bytes(PORTRAIT.read_bytes()[:40_000])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "huge.png").write_bytes(_declared_png(30_000, 30_000))
    Image.new("RGB", (400, 300), "grey").save(folder / "wall.png")
    return {
        folder / "text.jpg": "'text.jpg' is not a picture that can be read",
        folder / "cut.jpg": "'cut.jpg' is damaged or incomplete",
        folder / "empty.jpg": "'empty.jpg' is empty (0 bytes)",
        folder / "huge.png": "'huge.png' has more than 178 megapixels",
        folder / "wall.png": "No face was found in the picture",
    }


def _declared_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")
