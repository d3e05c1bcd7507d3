"""Make the Colour tab's examples: the example portraits as old photographs.

    python training/make_old_photos.py [--out genapp/ui/examples/old]

One is plain grey, one a faded sepia print, one worn by scratches and dust, one a pencil drawing.
A run takes a second and gives the same files each time.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import film
import numpy as np
import numpy.typing as npt

from genapp import images

Array = npt.NDArray[np.float32]

EXAMPLES = Path(__file__).parents[1] / "genapp/ui/examples"
QUALITY = 88
SEPIA = ((0.16, 0.10, 0.06), (0.66, 0.50, 0.34), (0.98, 0.92, 0.80))
"""sRGB of the blacks, the middle and the whites of a sepia print."""
PANCHROMATIC = np.array([0.3, 0.5, 0.2])


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the Colour tab's examples.")
    parser.add_argument("--out", type=Path, default=EXAMPLES / "old", help="folder for them")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    makers: dict[str, tuple[str, Callable[[Array], Array]]] = {
        "grey": ("young-man", plain),
        "sepia": ("older-man", sepia),
        "worn": ("turned-woman", worn),
        "drawing": ("young-woman", drawing),
    }
    for name, (portrait, make) in makers.items():
        picture = images.read(EXAMPLES / f"{portrait}.jpg")
        old = np.clip(make(images.to_float(picture.pixels)), 0, 1)
        file = out / f"{name}-{portrait}.jpg"
        photo = images.Photo(images.from_float(old, np.uint8), grey=name != "sepia")
        images.write(photo, file, quality=QUALITY, keep_grey=True)
        print(f"{file.name}: {file.stat().st_size} bytes")


def plain(image: Array) -> Array:
    """Returns H×W×3 grey, of H×W×3 sRGB 0..1; the others alike."""
    return np.repeat(_grey(image)[..., np.newaxis], 3, axis=2)


def sepia(image: Array) -> Array:
    """A faded brown print with grain."""
    rng = np.random.default_rng(5)
    grey = 0.08 + 0.84 * _grey(image)
    grey = grey + 0.02 * _grain(grey.shape, rng)
    stops = np.linspace(0, 1, len(SEPIA))
    planes = [np.interp(np.clip(grey, 0, 1), stops, channel) for channel in np.transpose(SEPIA)]
    return np.asarray(np.stack(planes, axis=2), np.float32)


def worn(image: Array) -> Array:
    """A flat, dusty print with scratches."""
    rng = np.random.default_rng(11)
    grey = 0.2 + 0.62 * _grey(image)
    for _ in range(3):
        grey = film.scratch(grey, rng)
    height, width = grey.shape
    for _ in range(60):
        place = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(
            grey, place, int(rng.integers(1, 3)), float(rng.uniform(0.8, 1)), -1, cv2.LINE_AA
        )
    grey = grey + 0.02 * _grain(grey.shape, rng)
    return np.repeat(grey[..., np.newaxis], 3, axis=2)


def drawing(image: Array) -> Array:
    """A pencil drawing: the picture divided by its blur."""
    grey = _grey(image)
    blurred = np.asarray(cv2.GaussianBlur(grey, (0, 0), 7), np.float32)
    lines = np.clip(grey / (blurred + 0.02), 0, 1) ** np.float32(3.5)
    return np.repeat(np.asarray(lines, np.float32)[..., np.newaxis], 3, axis=2)


def _grey(image: Array) -> Array:
    """As panchromatic film sees it, H×W."""
    return np.asarray((image**2.2 @ PANCHROMATIC) ** (1 / 2.2), np.float32)


def _grain(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    noise = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (0, 0), 0.8)
    return np.asarray(noise / noise.std(), np.float32)


if __name__ == "__main__":
    main()
