"""Pictures to learn colours from: the split, a cache of decoded pictures, samples with hints."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import film
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Rng = np.random.Generator

KINDS = ("fakefaces", "faker", "imagenet", "flowers", "bsds")
# Share of each kind in what is learnt; the flowers are many and much alike.
SHARES = {"fakefaces": 0.17, "faker": 0.08, "imagenet": 0.4, "flowers": 0.18, "bsds": 0.17}
VALIDATION_EVERY = 20
SIDE = 256  # short side of the cached pictures
COLORLESS = 4.0  # mean chroma under which a photo counts as black and white, CIELAB units


def kind_of(file: str) -> str:
    """Returns the kind of a file of the manifest, ``faces/omi-0001.jpg`` → ``omi``."""
    return Path(file).name.split("-")[0]


def split(data: Path) -> tuple[list[str], list[str]]:
    """Returns the files to learn from and those to validate on, which are never learnt from.

    Every 20th file of each kind, in sorted order, is for validation. The faces ``omi`` are left
    out: what is learnt from them must not be used commercially.
    """
    files = defaultdict(list)
    with (data / "manifest.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            files[kind_of(row["file"])].append(row["file"])
    learn: list[str] = []
    validate: list[str] = []
    for kind in KINDS:
        for number, file in enumerate(sorted(files[kind])):
            (validate if number % VALIDATION_EVERY == 0 else learn).append(file)
    return learn, validate


def read(path: Path) -> Bytes:
    """Returns the picture as H×W×3 RGB, its short side at most 256."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise OSError(f"{path} can't be read as a picture.")
    factor = SIDE / min(image.shape[:2])
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def to_float(image: Bytes) -> Array:
    """Returns the picture as 0..1."""
    return np.asarray(image / np.float32(255), np.float32)


def rgb_to_lab(image: Array) -> Array:
    """Returns H×W×3 CIELAB (D65; L 0..100) of sRGB 0..1."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), np.float32)


class Pictures:
    """Decoded pictures in one file that is mapped into memory."""

    def __init__(self, data: Path, files: Sequence[str], cache: Path) -> None:
        """Opens the cache; decodes the ``files`` into it the first time."""
        self.files = list(files)
        index = cache.with_suffix(".npz")
        if not index.exists():
            self._fill(data, cache, index)
        stored = np.load(index)
        if list(stored["files"]) != self.files:
            raise ValueError(f"{index} holds other pictures; delete it.")
        self._shapes = stored["shapes"]
        self._starts = np.concatenate([[0], np.cumsum(self._shapes.prod(1) * 3)])
        self._bytes = np.memmap(cache, np.uint8, "r")
        self.colorful = np.asarray(stored["chroma"]) >= COLORLESS

    def __len__(self) -> int:
        """Returns the number of pictures."""
        return len(self.files)

    def __getitem__(self, number: int) -> Bytes:
        """Returns a picture, H×W×3 RGB."""
        data = self._bytes[self._starts[number] : self._starts[number + 1]]
        return data.reshape(*self._shapes[number], 3)

    def _fill(self, data: Path, cache: Path, index: Path) -> None:
        shapes, chroma = [], []
        with cache.open("wb") as file:
            for name in self.files:
                image = read(data / name)
                lab = rgb_to_lab(to_float(image))
                shapes.append(image.shape[:2])
                chroma.append(np.hypot(lab[..., 1], lab[..., 2]).mean())
                file.write(image.tobytes())
        np.savez(index, files=self.files, shapes=np.array(shapes), chroma=np.array(chroma))


@dataclass(frozen=True)
class Sample:
    """One picture to learn from."""

    lightness: Array  # 1×S×S, 0..100, of the grey photograph
    hints: Array  # (c+1)×S×S: the known colours and the mask
    ab: Array  # c×S×S, the true colours: a, b; of drawings L, a, b


class Samples(torch.utils.data.Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Random crops as grey photographs with hints; sample i is the same in every run."""

    shares = SHARES

    def __init__(self, pictures: Pictures, count: int, size: int, seed: int = 0) -> None:
        """Chooses from ``pictures``; crops are ``size``² pixels."""
        self.pictures, self.count, self.size, self.seed = pictures, count, size, seed
        kinds = np.array([kind_of(file) for file in pictures.files])
        chance = np.zeros(len(pictures))
        for kind, share in self.shares.items():
            chosen = (kinds == kind) & pictures.colorful
            chance[chosen] = share / max(chosen.sum(), 1)
        self.chance = np.cumsum(chance) / chance.sum()

    def __len__(self) -> int:
        """Returns the number of samples."""
        return self.count

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Returns lightness, hints and colours of the sample."""
        rng = np.random.default_rng([self.seed, number])
        made = self.make(self.pictures[int(np.searchsorted(self.chance, rng.random()))], rng)
        return tuple(map(torch.from_numpy, (made.lightness, made.hints, made.ab)))  # type: ignore[return-value]

    def make(self, image: Bytes, rng: Rng) -> Sample:
        """Returns a sample from somewhere in a picture."""
        return sample(crop(image, self.size, rng), rng)


def crop(image: Bytes, size: int, rng: Rng) -> Array:
    """Returns a random part of the picture as size×size×3 RGB 0..1, mirrored half of the time."""
    height, width = image.shape[:2]
    side = min(height, width) * rng.uniform(0.55, 1)
    high = min(int(side * np.exp(rng.normal(0, 0.1))), height)
    wide = min(int(side * np.exp(rng.normal(0, 0.1))), width)
    top, left = rng.integers(0, height - high + 1), rng.integers(0, width - wide + 1)
    part = image[top : top + high, left : left + wide]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    smaller = size < min(part.shape[:2])
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized = cv2.resize(np.ascontiguousarray(part), (size, size), interpolation=how)
    return to_float(np.asarray(resized, np.uint8))


def sample(image: Array, rng: Rng) -> Sample:
    """Makes a grey photograph and hints of an S×S×3 picture, RGB 0..1."""
    ab = rgb_to_lab(image)[..., 1:]
    grey = film.old_photo(image, rng)
    lightness = rgb_to_lab(np.repeat(grey[..., None], 3, 2))[..., 0]
    hints = np.zeros((*ab.shape[:2], 3), np.float32)
    if rng.random() < 0.5:
        ab, hints = hint(ab, rng)
    planes = (lightness[..., None], hints, ab)
    return Sample(*(np.ascontiguousarray(plane.transpose(2, 0, 1)) for plane in planes))


def hint(ab: Array, rng: Rng) -> tuple[Array, Array]:
    """Returns the colours, in some cases with one thing recoloured, and S×S×(c+1) hints to them.

    Points: their number is geometric (mean 7), their sides 1 to 9 pixels, the colour the mean
    under them. Now and then there are hundreds, as a reference picture would give them. Three in
    ten pictures get a thing that has an unlikely colour, and a hint in it says so: the user is
    right, whatever such things look like elsewhere.

    Args:
        ab: S×S×c colours, c is 2, or 3 with the lightness.
        rng: chooses.
    """
    size = ab.shape[0]
    places = [rng.integers(0, size, 2) for _ in range(rng.geometric(1 / 7))]
    if rng.random() < 0.05:
        places = list(rng.integers(0, size, (rng.integers(50, 1000), 2)))
    elif rng.random() < 0.3:
        ab = recolor(ab, places[0], rng)
    return ab, known(ab, places, rng)


def known(ab: Array, places: Sequence[npt.NDArray[np.int64]], rng: Rng) -> Array:
    """Returns S×S×(c+1) hints that tell the S×S×c colours at ``places`` (y, x)."""
    hints = np.zeros((*ab.shape[:2], ab.shape[2] + 1), np.float32)
    for y, x in places:
        half = int(rng.integers(0, 5))
        where = np.s_[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1]
        hints[where] = [*ab[where].mean((0, 1)), 1]
    return hints


def recolor(ab: Array, place: npt.NDArray[np.int64], rng: Rng) -> Array:
    """Returns the colours with all that looks like the one at ``place`` (y, x) given another."""
    distance = np.linalg.norm(ab - ab[place[0], place[1]], axis=2)
    alike = 1 / (1 + np.exp((distance - 12) / 2))
    return np.asarray(ab + alike[..., None] * rng.normal(0, 30, ab.shape[2]), np.float32)
