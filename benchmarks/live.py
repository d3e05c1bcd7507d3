"""How fast, how steady and how late is the live mirror?

    python benchmarks/live.py                   # milliseconds, jitter, lag, error bar
    python benchmarks/live.py --speed           # milliseconds alone
    python benchmarks/live.py --frames 10000    # memory and speed over many pictures

A camera of 640×480 looks at an example portrait that is still or moves; every picture gets noise of
its own. Figures are for this machine; ratios within one run are not.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp import images
from genapp.images import Photo, Pixels
from genapp.registry.engines import Engines
from genapp.tryon import choose, hair, occlusion
from genapp.tryon.detect import FULL_RANGE, SHORT_RANGE, detect_upright
from genapp.tryon.live import LOOK_SECONDS, SEE_SECONDS, Mirror
from genapp.tryon.mesh import MODEL, find_mesh
from genapp.tryon.pipeline import report_face
from genapp.tryon.pose import MODEL as CANONICAL
from genapp.tryon.pose import find_head, load_canonical

EXAMPLE = Path(__file__).resolve().parents[1] / "genapp/ui/examples/young-woman.jpg"
SIZE = (640, 480)
RATE = 25.0
NOISE = 8.0
"""Standard deviation of the noise of a webcam indoors, grey levels."""
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=0)
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    frames: int = options.frames
    photo = images.read(EXAMPLE)
    with Engines(device="cpu") as engines:
        if frames:
            _memory(photo, engines, frames)
            return
        _speed(photo, engines)
        if options.speed:
            return
        _jitter(photo, engines)
        _lag(photo, engines)


def camera(
    photo: Photo, seconds: float, sway: float, hertz: float = 0.5, noise: float = NOISE
) -> Iterator[Pixels]:
    """Pictures of a portrait that sways by `sway` px to either side, and nods and leans with it."""
    rng = np.random.default_rng(0)
    height, width = photo.pixels.shape[:2]
    for number in range(round(seconds * RATE)):
        phase = 2 * np.pi * hertz * number / RATE
        zoom = SIZE[1] / height * (1 + 0.0008 * sway * np.sin(phase / 3))
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0.1 * sway * np.sin(phase), zoom)
        matrix[0, 2] += SIZE[0] / 2 - width / 2 + sway * np.sin(phase)
        matrix[1, 2] += SIZE[1] / 2 - height / 2 + 0.2 * sway * np.cos(phase)
        clean = cv2.warpAffine(
            photo.pixels, matrix, SIZE, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )
        grain = rng.normal(0, noise, clean.shape)
        yield np.clip(clean + grain, 0, 255).astype(np.uint8)


def _speed(photo: Photo, engines: Engines) -> None:
    mirror, choice = Mirror(engines), choose("aviator")
    whole: list[float] = []
    networks: list[float] = []
    steps: dict[str, list[float]] = {}
    for number, pixels in enumerate(camera(photo, 6, 60)):
        started = time.perf_counter()
        shown = mirror.show(pixels, number / RATE, choice)
        whole.append((time.perf_counter() - started) * 1000)
        for name, taken in shown.timings_ms.items():
            steps.setdefault(name, []).append(taken)
        networks.append(_networks(engines, every=round(LOOK_SECONDS * RATE), number=number))
    warm = slice(5, None)
    mean = {name: statistics.mean(taken[warm]) for name, taken in steps.items()}
    total, bare = statistics.mean(whole[warm]), statistics.mean(networks[warm])
    print(f"640×480, ms a picture, mean of {len(whole) - 5}")
    for name, taken in mean.items():
        print(f"  {name:20s} {taken:6.1f}")
    print(f"  {'together':20s} {total:6.1f}   {1000 / total:.0f} a second")
    print(f"  {'fastest':20s} {min(whole[warm]):6.1f}   {1000 / min(whole[warm]):.0f} a second")
    print(f"  {'slowest of 20':20s} {np.percentile(whole[warm], 95):6.1f}")
    print(f"  {'networks alone':20s} {bare:6.1f}   ratio {total / bare:.1f}")


def _networks(engines: Engines, every: int, number: int) -> float:
    """Bare time of what a picture needs: the mesh once, and now and then the detectors and what
    sees the person and what hides the face."""
    started = time.perf_counter()
    engines.get(MODEL).run({"image": np.full((1, 3, 192, 192), 0.5, np.float32)})
    if number % every == 0:
        engines.get(SHORT_RANGE).run({"image": np.zeros((1, 3, 128, 128), np.float32)})
        engines.get(FULL_RANGE).run({"image": np.zeros((1, 3, 192, 192), np.float32)})
    if number % round(SEE_SECONDS * RATE) == 0:
        engines.get(hair.MODEL).run({"image": np.full((1, 3, 256, 256), 0.5, np.float32)})
        engines.get(occlusion.MODEL).run({"image": np.full((1, 3, 64, 64), 0.5, np.float32)})
    return (time.perf_counter() - started) * 1000


def _jitter(photo: Photo, engines: Engines) -> None:
    """A still face in a noisy camera."""
    smooth, raw, errors, pupils = _watch(photo, engines, seconds=6, sway=0)
    settled = slice(round(2 * RATE), None)
    print("still face, standard deviation of the glasses in px (after 2 s)")
    for name, column in (("middle, x", 0), ("middle, y", 1), ("width", 2), ("tilt, degrees", 3)):
        before, after = raw[settled, column].std(), smooth[settled, column].std()
        print(f"  {name:20s} raw {before:6.3f}  smoothed {after:6.3f}  ratio {before / after:.1f}")
    print("pupillary distance in mm")
    for second in (0, 1, 3, 5):
        at = round(second * RATE)
        print(f"  after {second} s  {pupils[at]:5.1f} ± {errors[at]:.1f}")
    print(f"  standard deviation after 2 s {pupils[settled].std():.2f}")


def _lag(photo: Photo, engines: Engines) -> None:
    """A swaying face: how long after the unsmoothed glasses the smoothed ones arrive."""
    for sway, hertz in ((20, 0.25), (60, 0.5), (100, 0.7)):
        smooth, raw, _, _ = _watch(photo, engines, seconds=5, sway=sway, hertz=hertz)
        speed = sway * hertz * 2 * np.pi
        late = _delay(smooth[:, 0], raw[:, 0])
        off = np.abs(smooth[:, 0] - raw[:, 0])[round(RATE) :]
        print(
            f"swaying at up to {speed:3.0f} px a second: {late * 1000:3.0f} ms late, "
            f"off by {np.median(off):.1f} px (95 %: {np.percentile(off, 95):.1f})"
        )


def _watch(
    photo: Photo, engines: Engines, seconds: float, sway: float, hertz: float = 0.5
) -> tuple[Floats, Floats, Floats, Floats]:
    """N×4 middle (x, y), width and tilt of the glasses, smoothed and not; N errors and N values of
    the pupillary distance."""
    mirror, choice = Mirror(engines), choose("aviator")
    canonical = load_canonical(engines.data(CANONICAL))
    smooth, raw, errors, pupils = [], [], [], []
    for number, pixels in enumerate(camera(photo, seconds, sway, hertz)):
        shown = mirror.show(pixels, number / RATE, choice)
        (face,) = shown.reports()
        mesh = find_mesh(pixels, detect_upright(pixels, engines)[0], engines)
        if mesh is None:
            raise SystemExit("The face was not found.")
        once = replace(shown.faces[0], mesh=mesh, head=find_head(mesh, canonical, SIZE, None))
        plain = report_face(once, choice)
        smooth.append(_stand(face["lenses"]))
        raw.append(_stand(plain["lenses"]))
        errors.append(face["pd_mm"]["error"])
        pupils.append(face["pd_mm"]["value"])
    return np.array(smooth), np.array(raw), np.array(errors), np.array(pupils)


def _stand(lenses: dict[str, list[list[float]]]) -> list[float]:
    left, right = (np.mean(lenses[side], 0) for side in ("left", "right"))
    x, y = (left + right) / 2
    across = right - left
    tilt = np.degrees(np.arctan2(across[1], across[0]))
    return [float(x), float(y), float(np.linalg.norm(across)), float(tilt)]


def _delay(late: Floats, early: Floats) -> float:
    """Seconds by which one course follows another: the shift with the least squared difference."""
    times = np.arange(len(early)) / RATE
    inside = slice(round(RATE), -round(RATE))
    shifts = np.arange(0, 0.3, 0.001)
    errors = [
        ((np.interp(times - shift, times, early) - late)[inside] ** 2).mean() for shift in shifts
    ]
    return float(shifts[int(np.argmin(errors))])


def _memory(photo: Photo, engines: Engines, frames: int) -> None:
    """The face sways, and goes away for a second every half minute."""
    mirror, choice = Mirror(engines), choose("aviator")
    pictures = list(camera(photo, 4, 60))
    empty = np.full_like(pictures[0], 128)
    samples: list[tuple[int, float]] = []
    started = time.perf_counter()
    for number in range(frames):
        away = number % 750 >= 725
        pixels = empty if away else pictures[number % len(pictures)]
        shown = mirror.show(pixels, number / RATE, choice)
        if (not away) != (len(shown.faces) == 1):
            raise SystemExit(f"picture {number}: {len(shown.faces)} faces")
        if number % max(1, frames // 20) == 0 or number == frames - 1:
            samples.append((number, _resident_mb()))
            rate = (number + 1) / (time.perf_counter() - started)
            print(f"picture {number:6d}  {samples[-1][1]:6.1f} MB  {rate:.1f} a second", flush=True)
    numbers, memory = np.array(samples[1:]).T
    slope = np.polyfit(numbers, memory, 1)[0]
    print(f"slope after the first sample: {slope * 1000:+.3f} MB in 1000 pictures")


def _resident_mb() -> float:
    """Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
