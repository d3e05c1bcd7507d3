"""How much memory does a large enlargement take?

    python benchmarks/upscale_memory.py [--megapixels 50] [--scale 4]

Enlarges a picture of noise and edges in a process of its own, from file to file, once for each row
of the table: 8 and 16 bits, with alpha, odd scales, every format. Prints the peak of the resident
memory of that process, interpreter and libraries included.
"""

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
CASES = (
    ("8 bits", "png", 1.0, "rgb.png"),
    ("8 bits", "jpg", 1.0, "rgb.png"),
    ("16 bits", "png", 1.0, "deep.png"),
    ("16 bits", "tiff", 1.0, "deep.png"),
    ("8 bits with alpha", "png", 1.0, "clear.png"),
    ("16 bits with alpha", "png", 1.0, "deep-clear.png"),
    ("8 bits, ×2.5", "png", 2.5, "rgb.png"),
    ("8 bits, ×8", "png", 8.0, "rgb.png"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=50, help="of the result")
    parser.add_argument("--scale", type=float, default=4)
    parser.add_argument("--cases", type=int, nargs="*", help="rows of the table, from 0")
    parser.add_argument("--run", nargs=3, metavar=("IN", "OUT", "SCALE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        _run(*options.run)
        return
    print("picture               format  scale     result  peak MB  seconds")
    for number, (what, format, scale, name) in enumerate(CASES):
        if options.cases and number not in options.cases:
            continue
        factor = options.scale if scale == 1.0 else scale
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / name
            _make(source, options.megapixels / factor**2)
            out = Path(folder) / f"out.{format}"
            command = [sys.executable, __file__, "--run", str(source), str(out), str(factor)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        print(f"{what:21} {format:6} {factor:6g} {answer.stdout.strip()}", flush=True)


def _run(source: str, out: str, scale: str) -> None:
    """One case, in this process."""
    sys.path.insert(0, str(ROOT))
    import genapp  # noqa: PLC0415  (only here, so that the peak is that of the task)
    from genapp import images  # noqa: PLC0415

    started = time.perf_counter()
    result = genapp.upscale(source, float(scale), grain=0.5)
    images.write(result.photo, out)
    seconds = time.perf_counter() - started
    height, width = result.photo.pixels.shape[:2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{width:5}×{height:<5} {peak:7} {seconds:8.0f}")


def _make(path: Path, megapixels: float) -> None:
    width = round(math.sqrt(megapixels * 1e6 * 4 / 3))
    height = round(megapixels * 1e6 / width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = 128 + 60 * np.sin(x / 9) + 50 * np.sin(y / 13)
    noise = np.random.default_rng(0).normal(0, 12, (height, width, 3))
    picture = np.clip(waves[..., None] + noise, 0, 255)
    if path.stem.endswith("clear"):
        picture = np.dstack([picture, x % 256])
    deep = path.stem.startswith("deep")
    cv2.imwrite(str(path), (picture * 257).astype(np.uint16) if deep else picture.astype(np.uint8))


if __name__ == "__main__":
    main()
