"""Painting styles: time, memory, faces that can still be found, content kept.

    python benchmarks/style_quality.py faces [--count 100] [--styles embers,woven-red]
    python benchmarks/style_quality.py content [--count 5] [--styles …]
    python benchmarks/style_quality.py cost [--megapixels 1 12 50] [--update-catalog]

``faces``: the share of portraits in which our detector still finds the face in the painting, at
default strength. Painted so that the face is 240 px wide, the least that `translate` aims at.

``content``: cosine similarity of histograms of oriented gradients (Dalal and Triggs 2005, luma at
128×128) between photo and painting at rising strength: it must fall from each to the next.

``cost``: seconds per megapixel and the most memory that a process takes, one process for each size.
``--update-catalog`` writes the time into weights/catalog.toml.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from genapp.images import Pixels, read
from genapp.registry.engines import Engines
from genapp.translating import (
    Finish,
    finish,
    make_plan,
    paint,
    read_styles,
    style_names,
    translate,
)
from genapp.translating.styles import FACE, MULTI
from genapp.tryon import find_faces

TRAINING = Path(__file__).resolve().parents[1] / "training"
sys.path.insert(0, str(TRAINING))  # scripts lie in folders, not in packages

import catalog_entries  # noqa: E402

COMMAND = "python benchmarks/style_quality.py"
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
SIDE = 128
CATALOG = TRAINING.parent / "weights" / "catalog.toml"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("faces", "content", "cost", "paint"))
    parser.add_argument("--faces", type=Path, default=Path("../shared/data/faces"))
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--styles", default=",".join(style_names()))
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1.0, 12.0, 50.0])
    parser.add_argument("--update-catalog", action="store_true")
    options = parser.parse_args()
    styles = options.styles.split(",")
    if options.what == "cost":
        return cost(options.megapixels, update=options.update_catalog)
    if options.what == "paint":  # what `cost` starts for each size
        print(json.dumps(paint_one(options.megapixels[0])))
        return 0
    photos = portraits(options.faces, options.count)
    with Engines(device="cpu") as engines:
        if options.what == "faces":
            return faces(photos, styles, engines)
        return content(photos, styles, engines)


def portraits(folder: Path, count: int) -> list[Path]:
    """Half of them half-length portraits, half of them faces alone, spread over the folder."""
    kinds = [sorted(folder.glob(f"{kind}-*.jpg")) for kind in ("faker", "fakefaces")]
    return [
        path for kind in kinds for path in kind[:: max(1, 2 * len(kind) // count)][: count // 2]
    ]


def faces(photos: list[Path], styles: list[str], engines: Engines) -> int:
    """Returns 1 if a style hides more than 5 % of the faces."""
    failed = False
    ready = [each for path in photos if (each := close_up(path, engines)) is not None]
    print(f"face found in the painting, of {len(ready)} photos with a face {FACE} px wide")
    for style in styles:
        found, seen = 0, len(ready)
        for pixels in ready:
            result = translate(pixels, style, detail=max(pixels.shape), engines=engines)
            found += bool(find_faces(result.photo.pixels, engines))
        print(f"{style:20s} {found:3d} of {seen}", flush=True)
        failed |= found < 0.95 * seen
    return int(failed)


def close_up(path: Path, engines: Engines) -> Pixels | None:
    """The photo as large as it is painted, so that small strokes count as they are; None where
    there is no face."""
    photo = read(path)
    shapes = find_faces(photo.pixels, engines)
    if not shapes:
        return None
    zoom = FACE / shapes[0].box[2]
    large = cv2.resize(photo.pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def content(photos: list[Path], styles: list[str], engines: Engines) -> int:
    """Returns 1 if a style keeps more content at a higher strength."""
    failed = False
    print("similarity to the photo at strength " + "  ".join(f"{each:g}" for each in STRENGTHS))
    for style in styles:
        rows = []
        for path in photos:
            photo = read(path)
            parts = read_styles(style)
            size = (photo.pixels.shape[1], photo.pixels.shape[0])
            painted = paint(photo, parts, make_plan(size, detail=max(size)), engines)
            results = [finish(painted, Finish(each)).photo.pixels for each in STRENGTHS]
            rows.append([similarity(photo.pixels, result) for result in results])
        means = np.mean(rows, axis=0)
        print(f"{style:20s} " + "  ".join(f"{mean:.3f}" for mean in means), flush=True)
        failed |= any(later >= earlier for earlier, later in pairwise(means))
    return int(failed)


def similarity(one: Pixels, other: Pixels) -> float:
    """1 for the same picture, about 0 for unrelated ones."""
    a, b = _gradients(one), _gradients(other)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _gradients(pixels: Pixels) -> npt.NDArray[np.float32]:
    luma = np.asarray(Image.fromarray(pixels).convert("L").resize((SIDE, SIDE)), np.float32)
    across, down = np.diff(luma, axis=1)[:-1], np.diff(luma, axis=0)[:, :-1]
    length, angle = np.hypot(across, down), np.arctan2(down, across) % np.pi
    bins = np.minimum((angle / np.pi * 9).astype(int), 8)
    cells = [np.where(bins == each, length, 0).astype(np.float32) for each in range(9)]
    sums = np.stack(
        [cv2.resize(cell, (16, 16), interpolation=cv2.INTER_AREA) for cell in cells], axis=-1
    )
    histograms = sums / (np.linalg.norm(sums, axis=-1, keepdims=True) + 2.0)
    return np.asarray(histograms - histograms.mean(axis=(0, 1)), np.float32).ravel()


def cost(sizes: list[float], *, update: bool) -> int:
    """Each size in a process of its own, so that its memory is told apart."""
    figures = {}
    for size in sizes:
        command = [sys.executable, __file__, "paint", "--megapixels", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        figures[size] = json.loads(done.stdout)
        print(
            f"{size:g} MP: {figures[size]['seconds'] / size:.2f} s/MP, "
            f"{figures[size]['bytes'] / 1e6:.0f} MB at most",
            flush=True,
        )
    if update:
        size = sizes[0]
        measure = {
            "what": f"time per megapixel on this machine's CPU, {size:g} megapixel",
            "value": round(figures[size]["seconds"] / size, 2),
            "unit": "s/MP",
            "command": f"{COMMAND} cost",
        }
        catalog_entries.update_measures(CATALOG, {MULTI: [measure]})
    return 0


def paint_one(megapixels: float) -> dict[str, float]:
    """Paints a picture at its own size."""
    side = round((megapixels * 1e6) ** 0.5)
    coarse = np.random.default_rng(0).integers(0, 256, (side // 16, side // 16, 3), np.uint8)
    pixels = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    with Engines(device="cpu") as engines:
        translate(pixels[:64, :64], "embers", detail=64, face_strength=1.0, engines=engines)
        started = time.perf_counter()
        translate(
            pixels,
            "embers",
            detail=side,
            face_strength=1.0,
            max_megapixels=2 * megapixels,
            engines=engines,
        )
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0,
    }


if __name__ == "__main__":
    sys.exit(main())
