"""Are faces found when they are turned, small, huge, many, dark or noisy?

    python benchmarks/detection.py [--every N]

Changes 60 `faker-*` and `omi-*` pictures and asks whether the mesh lands where it did on the
untouched picture: eyes within a quarter of their distance.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp import images
from genapp.registry.engines import Engines
from genapp.tryon.detect import detect
from genapp.tryon.mesh import find_mesh

FACES = Path(__file__).resolve().parents[2] / "shared" / "data" / "faces"
Pixels = NDArray[np.uint8]
Eyes = NDArray[np.float32]
Change = Callable[[Pixels, Eyes], tuple[Pixels, Eyes]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, default=FACES)
    parser.add_argument("--every", type=int, default=1, help="take every so manieth picture")
    options = parser.parse_args()
    folder = options.faces
    paths = sorted(folder.glob("faker-*.jpg"))[::7] + sorted(folder.glob("omi-*.jpg"))[::33]
    paths = paths[:: options.every]
    with Engines() as engines:
        pictures = []
        for path in paths:
            pixels = np.asarray(images.read(path).pixels, np.uint8)
            faces = _eyes(pixels, engines)
            if faces:
                pictures.append((pixels, faces[0]))
        for name, change in _changes():
            hits, extra = 0, 0
            for pixels, eyes in pictures:
                changed, expected = change(pixels, eyes)
                found = _eyes(np.ascontiguousarray(changed), engines)
                limit = 0.25 * float(np.linalg.norm(expected[1] - expected[0]))
                good = [np.abs(pair - expected).max() <= limit for pair in found]
                hits += any(good)
                extra += len(found) - any(good)
            print(f"{name:36s} {hits / len(pictures):6.1%} found, {extra} too many", flush=True)
        _many(pictures, engines)


def _eyes(pixels: Pixels, engines: Engines) -> list[Eyes]:
    meshes = (find_mesh(pixels, face, engines) for face in detect(pixels, engines))
    return [mesh.pupils for mesh in meshes if mesh is not None]


def _changes() -> Iterator[tuple[str, Change]]:
    for angle in (15, 30, 45, 60, 75, 90, -30, -60, -90, 135, 180):
        yield f"turned by {angle}°", _turned(angle)
    for width in (24, 32, 48, 96):
        yield f"face {width} px wide, alone", _shrunk(width, 0)
        yield f"face {width} px wide in 1600×1200", _shrunk(width, 1600)
    for part in (1.0, 0.85):
        yield f"cut to {part:.0%} of the face", _cut(part)
    yield "brightness 25 %", _pixelwise(lambda p, _: p * 0.25)
    yield "noise of 25 grey levels", _pixelwise(lambda p, r: p + r.normal(0, 25, p.shape))


def _turned(angle: float) -> Change:
    def change(pixels: Pixels, eyes: Eyes) -> tuple[Pixels, Eyes]:
        height, width = pixels.shape[:2]
        side = int(np.hypot(height, width))
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1)
        matrix[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
        turned = cv2.warpAffine(pixels, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(turned, np.uint8), eyes @ matrix[:, :2].T + matrix[:, 2]

    return change


def _shrunk(face_width: int, canvas: int) -> Change:
    def change(pixels: Pixels, eyes: Eyes) -> tuple[Pixels, Eyes]:
        # A face is about 2.2 times as wide as its eyes are apart.
        zoom = face_width / (2.2 * float(np.linalg.norm(eyes[1] - eyes[0])))
        size = (round(pixels.shape[1] * zoom), round(pixels.shape[0] * zoom))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        if not canvas:
            return small, eyes * zoom
        rng = np.random.default_rng(face_width)
        whole = np.full((canvas * 3 // 4, canvas, 3), 120, np.uint8)
        x = int(rng.integers(0, canvas - size[0]))
        y = int(rng.integers(0, canvas * 3 // 4 - size[1]))
        whole[y : y + size[1], x : x + size[0]] = small
        return whole, eyes * zoom + (x, y)

    return change


def _cut(part: float) -> Change:
    def change(pixels: Pixels, eyes: Eyes) -> tuple[Pixels, Eyes]:
        apart = float(np.linalg.norm(eyes[1] - eyes[0]))
        middle = eyes.mean(0) + np.array([0, 0.45 * apart])
        half = 1.45 * apart * part
        x0, y0 = (max(int(value - half), 0) for value in middle)
        cut = pixels[y0 : int(middle[1] + half), x0 : int(middle[0] + half)]
        return cut, eyes - (x0, y0)

    return change


def _pixelwise(change: Callable[[Pixels, np.random.Generator], NDArray[np.floating]]) -> Change:
    def changed(pixels: Pixels, eyes: Eyes) -> tuple[Pixels, Eyes]:
        rng = np.random.default_rng(0)
        return np.clip(change(pixels, rng), 0, 255).astype(np.uint8), eyes

    return changed


def _many(pictures: list[tuple[Pixels, Eyes]], engines: Engines) -> None:
    """Ten faces in one picture."""
    tiles = []
    for pixels, eyes in pictures[:10]:
        apart = float(np.linalg.norm(eyes[1] - eyes[0]))
        middle, half = eyes.mean(0), 2.2 * apart
        matrix = np.array([[1.0, 0, half - middle[0]], [0, 1.0, half - middle[1]]]) * 100 / half
        tiles.append(cv2.warpAffine(pixels, matrix, (200, 200), borderMode=cv2.BORDER_REPLICATE))
    group = np.vstack([np.hstack(tiles[:5]), np.hstack(tiles[5:])]).astype(np.uint8)
    print(f"ten faces in one picture: {len(_eyes(group, engines))} found")


if __name__ == "__main__":
    main()
