"""Pictures for super-resolution: which are for training, and how good targets come out of them."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from degrade import degrade, to_floats

Array = npt.NDArray[np.float32]
Random = np.random.Generator

# How often each source is drawn, roughly by how much it teaches: sharp pictures of many things
# and faces. The other sources of faces there are left out for their licences.
SHARES = {
    "photos/bsds": 0.3,
    "photos/imagenet": 0.3,
    "photos/flowers": 0.1,
    "faces/faker": 0.3,
}
# Sources to measure on; fakefaces is in no training, and so shows faces from elsewhere.
MEASURED = {
    "photos/bsds": 12,
    "photos/imagenet": 16,
    "photos/flowers": 4,
    "faces/faker": 8,
    "faces/fakefaces": 8,
}
EVERY = 20  # every 20th file is for validation
GREY = 0.05  # share of pictures without colour
GARISH = 0.15  # share of pictures with strong, wrong colours
DRAWN = 0.05  # share of pictures that are no photographs but patches of any colours


@dataclass(frozen=True)
class Pair:
    """A picture and what became of it, H×W×3 and (H/scale)×(W/scale)×3, 0…1."""

    name: str
    good: Array
    bad: Array


def split(data: Path, source: str) -> tuple[list[Path], list[Path]]:
    """Returns the files for training and those for validation, in sorted order.

    Raises:
        FileNotFoundError: there are none.
    """
    folder, prefix = source.split("/")
    files = sorted((data / folder).glob(f"{prefix}-*"))
    if not files:
        raise FileNotFoundError(f"no {prefix}-* in {data / folder}")
    held = files[EVERY - 1 :: EVERY]
    return [file for file in files if file not in set(held)], held


def read(path: Path) -> Array:
    """Returns a picture as H×W×3 RGB 0…1."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(f"{path} is no picture")
    return to_floats(pixels[..., ::-1])


def shrink(picture: Array, factor: float, side: int) -> Array:
    """Makes a picture ``factor`` times as large, but no side shorter than ``side``."""
    width, height = (max(side, round(length * factor)) for length in picture.shape[1::-1])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def target(picture: Array, side: int, random: Random) -> Array:
    """Returns a clean square of a picture.

    Most sources are JPEG files of 256 pixels: shrinking takes their traces away.
    """
    smallest = side / min(picture.shape[:2])
    factor = random.uniform(max(smallest, 0.5), max(smallest, 0.85))
    small = shrink(picture, factor, side)
    top = random.integers(small.shape[0] - side + 1)
    left = random.integers(small.shape[1] - side + 1)
    square = small[top : top + side, left : left + side]
    square = np.rot90(square, int(random.integers(4))) if random.random() < 0.3 else square
    square = square[:, ::-1] if random.random() < 0.5 else square
    if random.random() < GREY:
        square = np.repeat(square @ np.array([[0.299], [0.587], [0.114]], np.float32), 3, axis=2)
    elif random.random() < GARISH:
        gain = random.uniform(1, 2.5)
        square = np.clip((square[..., random.permutation(3)] - 0.5) * gain + 0.5, 0, 1)
    return np.ascontiguousarray(square)


def patches(side: int, random: Random) -> Array:
    """Returns a square of random patches, hard or soft: colours and edges that no photo has.

    Without them a network that multiplies its features can answer such pictures with huge values.
    """
    count = int(random.integers(2, 17))
    colors = random.random((count, count, 3), np.float32)
    way = cv2.INTER_NEAREST if random.random() < 0.5 else cv2.INTER_CUBIC
    drawn = cv2.resize(colors, (side, side), interpolation=way)
    return np.asarray(drawn.clip(0, 1), np.float32)


class TrainingPairs:
    """Draws pairs by a step's number: the same number, the same pairs."""

    def __init__(self, data: Path, scale: int, side: int, seed: int) -> None:
        self._files = {source: split(data, source)[0] for source in SHARES}
        self._scale, self._side, self._seed = scale, side, seed

    def draw(self, step: int, count: int) -> tuple[Array, Array]:
        """Returns count×3×side×side good and count×3×(side/scale)×(side/scale) bad pictures."""
        random = np.random.default_rng([self._seed, step])
        sources = list(SHARES)
        good, bad = [], []
        for _ in range(count):
            if random.random() < DRAWN:
                picture = patches(self._side, random)
            else:
                files = self._files[sources[random.choice(len(sources), p=list(SHARES.values()))]]
                picture = target(read(files[random.integers(len(files))]), self._side, random)
            good.append(picture.transpose(2, 0, 1))
            bad.append(degrade(picture, self._scale, random).transpose(2, 0, 1))
        return np.stack(good), np.stack(bad)


def validation_pairs(data: Path, scale: int, side: int = 192) -> list[Pair]:
    """Returns the fixed pairs to measure on, from files that are never trained on."""
    pairs = []
    for source, count in MEASURED.items():
        held = split(data, source)[1]
        for number, path in enumerate(held[:: max(1, len(held) // count)][:count]):
            picture = read(path)
            factor = max(side / min(picture.shape[:2]), 0.6)
            picture = shrink(picture, factor, side)
            top, left = ((length - side) // 2 for length in picture.shape[:2])
            good = np.ascontiguousarray(picture[top : top + side, left : left + side])
            bad = degrade(good, scale, np.random.default_rng([number, len(path.name)]))
            pairs.append(Pair(path.stem, good, bad))
    return pairs
