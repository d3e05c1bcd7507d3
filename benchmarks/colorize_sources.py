"""Does the colouriser see what it was given: grey, toned, faded or coloured?

    PYTHONPATH=.:training python benchmarks/colorize_sources.py [--each 30] [--data DIR]

Makes of every kind of training picture (faces and photographs; the held-out ones are among them)
grey, toned and faded photographs as they really come, packs most of them as JPEG, and prints which
kind `genapp.colorizing.source.look_at` finds of what was made.
"""

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import color_data
import cv2
import film
import numpy as np
import numpy.typing as npt

from genapp.colorizing.source import KINDS, look_at

Array = npt.NDArray[np.float32]
Rng = np.random.Generator

ROOT = Path(__file__).resolve().parents[1]
PREFIXES = (
    *("faces/omi", "faces/fakefaces", "faces/faker"),
    *("photos/imagenet", "photos/flowers", "photos/bsds"),
)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--each", type=int, default=30, help="pictures of each prefix")
    options = parser.parse_args()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for made, image in made_pictures(options.data, options.each):
        found[made][look_at(image).kind] += 1
    print("| made | should be | " + " | ".join(KINDS) + " |")
    print("|---|---|" + "---|" * len(KINDS))
    for name, (expected, _) in MAKERS.items():
        counts = found[name]
        cells = " | ".join(str(counts[kind]) for kind in KINDS)
        print(f"| {name} | {expected} | {cells} |")


def made_pictures(data: Path, each: int) -> Iterator[tuple[str, Array]]:
    """Yields the name of a maker and what it made of a picture, for all of both."""
    for prefix in PREFIXES:
        files = sorted(data.glob(f"{prefix}-*"))
        for path in files[:: max(len(files) // each, 1)][:each]:
            image = color_data.to_float(color_data.read(path))
            if is_grey(image):
                continue
            for number, (name, (_, make)) in enumerate(MAKERS.items()):
                rng = np.random.default_rng([number, *path.name.encode()])
                yield name, make(image, rng)


def is_grey(image: Array) -> bool:
    """Black-and-white pictures are among the photographs, and would be counted as coloured."""
    ab = color_data.rgb_to_lab(image)[..., 1:]
    return float(np.hypot(ab[..., 0], ab[..., 1]).mean()) < color_data.COLORLESS


def packed(image: npt.NDArray[np.floating], rng: Rng) -> Array:
    """Returns the picture as JPEG of a quality of 40 to 95 keeps it; one of four unchanged."""
    image = np.clip(image, 0, 1).astype(np.float32)
    if rng.random() < 0.25:
        return image
    pixels = (image[..., ::-1] * 255 + 0.5).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
    unpacked = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return color_data.to_float(unpacked[..., ::-1])


def true_colors(image: Array, rng: Rng) -> Array:
    """The picture itself."""
    return packed(image, rng)


def grey(image: Array, rng: Rng) -> Array:
    """As training makes them."""
    return packed(np.repeat(film.old_photo(image, rng)[..., None], 3, axis=2), rng)


def grey_scan(image: Array, rng: Rng) -> Array:
    """Grey paper through a colour scanner: noise of every channel, a white balance a bit off."""
    plain = np.repeat(film.old_photo(image, rng)[..., None], 3, axis=2)
    noise = rng.normal(0, rng.uniform(0.005, 0.03), plain.shape)
    return packed(np.asarray(plain * rng.uniform(0.99, 1.01, 3) + noise, np.float32), rng)


def stamped(image: Array, rng: Rng) -> Array:
    """A grey photo with a coloured stamp on 0.2 to 1.5 % of it."""
    result = np.repeat(film.old_photo(image, rng)[..., None], 3, axis=2)
    height, width = result.shape[:2]
    radius = math.sqrt(rng.uniform(0.002, 0.015) * height * width / math.pi)
    y, x = np.mgrid[:height, :width]
    middle = rng.uniform(0.15, 0.85, 2) * (height, width)
    inside = np.hypot(y - middle[0], x - middle[1]) < radius
    result[inside] *= np.asarray(rng.permutation([1.0, 0.3, 0.3]), np.float32)
    return packed(result, rng)


def toned(low: float, high: float, weak: float, strong: float) -> Callable[[Array, Rng], Array]:
    """Returns a maker of photos toned with one hue, in degrees, of a chroma in CIELAB units."""

    def make(image: Array, rng: Rng) -> Array:
        lightness = 100 * film.old_photo(image, rng)
        hue, chroma = math.radians(rng.uniform(low, high)), rng.uniform(weak, strong)
        # The tone is strongest in the middle, or, on yellowed paper, in the whites.
        middle = 4 * (lightness / 100) * (1 - lightness / 100)
        paper = rng.uniform(0, 1)
        amount = chroma * ((1 - paper) * middle + paper * (0.3 + 0.7 * lightness / 100))
        if rng.random() < 0.3:  # stains: one side more than the other
            width = lightness.shape[1]
            amount = amount * np.linspace(1 - rng.uniform(0, 0.5), 1, width, dtype=np.float32)
        lab = np.stack([lightness, amount * math.cos(hue), amount * math.sin(hue)], 2).astype(
            np.float32
        )
        return packed(np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32), rng)

    return make


def sepia_filter(image: Array, rng: Rng) -> Array:
    """The matrix that photo programs call sepia."""
    plain = film.old_photo(image, rng)[..., None]
    tint = np.array([1.351, 1.203, 0.937], np.float32)
    return packed(plain * (1 + rng.uniform(0.3, 1) * (tint - 1)), rng)


def faded(image: Array, rng: Rng) -> Array:
    """A colour print whose dyes have gone, one more than the others, on yellowed paper."""
    density = -np.log10(np.clip(image, 0.004, 1) ** 2.2)
    keep = rng.uniform(0.15, 0.35) + np.asarray(rng.permutation([0.0, 0.12, 0.25]))
    stain = np.array([0.0, 0.01, rng.uniform(0.02, 0.1)])
    linear = 10 ** -(density * keep + stain)
    return packed(np.asarray(linear ** (1 / 2.2), np.float32), rng)


MAKERS: dict[str, tuple[str, Callable[[Array, Rng], Array]]] = {
    "true colours": ("coloured", true_colors),
    "faded print": ("faded", faded),
    "grey": ("grey", grey),
    "grey, scanned in colour": ("grey", grey_scan),
    "grey with a coloured stamp": ("grey", stamped),
    "sepia, weak": ("tinted", toned(45, 85, 5, 12)),
    "sepia, strong": ("tinted", toned(45, 85, 12, 35)),
    "sepia of photo programs": ("tinted", sepia_filter),
    "selenium": ("tinted", toned(-60, 30, 5, 12)),
    "cyanotype": ("tinted", toned(235, 285, 12, 40)),
}

if __name__ == "__main__":
    main()
