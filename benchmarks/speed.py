"""How long does a try-on take, beside the networks that it runs?

    python benchmarks/speed.py [--threads 2]

Takes an example portrait at several sizes. Every row is a ratio within this run: the machine's own
speed cancels out. "networks" is the bare time of the sessions on inputs that lie ready.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from genapp import images
from genapp.registry.engines import Engines
from genapp.tryon import analyse, dress, load_frame
from genapp.tryon.detect import FULL_RANGE, SHORT_RANGE
from genapp.tryon.mesh import MODEL

EXAMPLE = Path(__file__).resolve().parents[1] / "genapp/ui/examples/older-man.jpg"
MEGAPIXELS = (0.25, 1, 4, 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    original = images.read(EXAMPLE)
    frame = load_frame("aviator")
    with Engines(device="cpu") as engines:
        print(
            "megapixels   read  analyse (ratio to networks)  render (ratio)  encode PNG, ms, median"
        )
        for megapixels in MEGAPIXELS:
            photo = _resized(original, megapixels)
            encoded = images.encode(photo, "jpeg")
            analysis = analyse(photo, engines)
            worn = dress(analysis, frame)
            read, networks, analysed, drawn, saved = _timed(
                runs,
                partial(images.read, encoded),
                partial(_networks, engines),
                partial(analyse, photo, engines),
                partial(dress, analysis, frame),
                partial(images.encode, worn.photo, "png"),
            )
            print(
                f"{megapixels:10g} {read:6.0f} {analysed:8.0f} ({analysed / networks:4.1f})"
                f" {drawn:23.0f} ({drawn / networks:4.2f}) {saved:12.0f}"
            )


def _networks(engines: Engines) -> None:
    """What the analysis of one clear portrait runs: each detector once, the mesh twice."""
    engines.get(SHORT_RANGE).run({"image": np.zeros((1, 3, 128, 128), np.float32)})
    engines.get(FULL_RANGE).run({"image": np.zeros((1, 3, 192, 192), np.float32)})
    for _ in range(2):
        engines.get(MODEL).run({"image": np.full((1, 3, 192, 192), 0.5, np.float32)})


def _resized(photo: images.Photo, megapixels: float) -> images.Photo:
    height, width = photo.pixels.shape[:2]
    zoom = (megapixels * 1e6 / (height * width)) ** 0.5
    size = (round(width * zoom), round(height * zoom))
    return images.read(np.asarray(cv2.resize(photo.pixels, size), np.uint8))


def _timed(runs: int, *steps: Callable[[], object]) -> list[float]:
    """Median milliseconds of each step; the steps take turns, so that all see the same machine."""
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(runs):
        for step, taken in zip(steps, times, strict=True):
            started = time.perf_counter()
            step()
            taken.append((time.perf_counter() - started) * 1000)
    return [statistics.median(taken) for taken in times]


if __name__ == "__main__":
    main()
