"""How long does a try-on take, beside the networks that it runs?

    python benchmarks/speed.py [--runs 15]

Takes an example portrait at several sizes: milliseconds, fastest and median of the runs, and the
ratio of the medians to "networks", the bare time of all networks of an analysis on inputs that lie
ready. The steps take turns, so that the machine's own speed cancels out of the ratios. At the end
the highest memory of a process that tries glasses on a 12-megapixel photo (Linux).
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from genapp import images
from genapp.registry.engines import Engines
from genapp.tryon import analyse, dress, hair, load_frame, occlusion
from genapp.tryon.detect import FULL_RANGE, SHORT_RANGE
from genapp.tryon.mesh import MODEL

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "genapp/ui/examples/older-man.jpg"
MEGAPIXELS = (0.25, 1, 4, 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    original = images.read(EXAMPLE)
    frame = load_frame("aviator")
    with Engines(device="cpu") as engines:
        names = ("read", "networks", "analyse", "render", "encode PNG")
        print("megapixels" + "".join(f"{name:>22}" for name in names))
        for megapixels in MEGAPIXELS:
            photo = _resized(original, megapixels)
            encoded = images.encode(photo, "jpeg")
            analysis = analyse(photo, engines)
            worn = dress(analysis, frame)
            times = _timed(
                runs,
                partial(images.read, encoded),
                partial(_networks, engines),
                partial(analyse, photo, engines),
                partial(dress, analysis, frame),
                partial(images.encode, worn.photo, "png"),
            )
            networks = statistics.median(times[1])
            cells = (
                f"{min(taken):7.1f} {statistics.median(taken):7.1f} "
                f"({statistics.median(taken) / networks:4.2f})"
                for taken in times
            )
            print(f"{megapixels:10g}" + "".join(cells))
    print(f"highest memory, 12 megapixels: {_peak_mb(original):.0f} MB")


def _peak_mb(original: images.Photo) -> float:
    """Of the command line."""
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(folder, "photo.jpg"), Path(folder, "out.jpg")
        images.write(_resized(original, 12), photo)
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "genapp",
            "try-on",
            photo,
            "-o",
            out,
            "--device",
            "cpu",
        ]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _networks(engines: Engines) -> None:
    """What the analysis of one clear portrait runs: each detector once, the mesh twice, once what
    sees the person and what hides the face."""
    engines.get(SHORT_RANGE).run({"image": np.zeros((1, 3, 128, 128), np.float32)})
    engines.get(FULL_RANGE).run({"image": np.zeros((1, 3, 192, 192), np.float32)})
    for _ in range(2):
        engines.get(MODEL).run({"image": np.full((1, 3, 192, 192), 0.5, np.float32)})
    engines.get(hair.MODEL).run({"image": np.full((1, 3, 256, 256), 0.5, np.float32)})
    engines.get(occlusion.MODEL).run({"image": np.full((1, 3, 64, 64), 0.5, np.float32)})


def _resized(photo: images.Photo, megapixels: float) -> images.Photo:
    height, width = photo.pixels.shape[:2]
    zoom = (megapixels * 1e6 / (height * width)) ** 0.5
    size = (round(width * zoom), round(height * zoom))
    return images.read(np.asarray(cv2.resize(photo.pixels, size), np.uint8))


def _timed(runs: int, *steps: Callable[[], object]) -> list[list[float]]:
    """Milliseconds of each run of each step; the steps take turns, so that all see the same
    machine."""
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(runs):
        for step, taken in zip(steps, times, strict=True):
            started = time.perf_counter()
            step()
            taken.append((time.perf_counter() - started) * 1000)
    return times


if __name__ == "__main__":
    main()
