"""What may make new pictures harmful: mirrored letters, copies, leaks."""

import math
import re
from collections import Counter
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.augmenting.recipe import Recipe
from genapp.augmenting.sample import Pixels
from genapp.augmenting.sources import Source, Unusable
from genapp.features import describe, describe_batches
from genapp.registry.engines import Engines
from genapp.sources import Failure
from genapp.upscaling import Clock, Progress

Features = NDArray[np.float32]

NEAR = 0.97
"""Similarity from which two pictures count as copies. Of 61 flowers and faces, other ones reached
at most 0.89; a mirror image or a file packed as JPEG at quality 60 has 0.98."""
MIRRORED = 400
"""Pictures, at most, that are compared with their mirror images."""
CHANCE = 0.01
"""Probability of a confusion by mirrors that is only chance, below which it is told."""
SIDED = frozenset(
    {"left", "right", "links", "rechts", "gauche", "droite", "izquierda", "derecha", "lhs", "rhs"}
)
WRITTEN = frozenset(
    {"arrow", "character", "clock", "digit", "letter", "number", "plate", "sign", "text", "word"}
    | {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
)


class Copies:
    """Looks for new pictures that show nearly the same as one of the source.

    Args:
        source: the data set.
        engines: that the network comes from which tells what pictures show.
        failures: pictures that could not be read, by name; more are added.
        progress: told after each picture; may raise `Cancelled`.
        mirrored: also describe mirror images, to tell whether they would confuse classes.
    """

    def __init__(
        self,
        source: Source,
        engines: Engines,
        failures: MutableMapping[str, Failure],
        progress: Progress | None = None,
        *,
        mirrored: bool = False,
    ) -> None:
        self._engines = engines
        clock = Clock(len(source.items), progress)
        every = max(1, -(-len(source.items) // MIRRORED))
        names, parts = [], []
        self.labels: list[str] = []
        self.sided: list[tuple[str, Features, Features]] = []
        """Label, sides of the picture and sides of its mirror image, of some pictures."""
        for number, item in enumerate(source.items):
            try:
                pixels = source.pixels(item)
            except Unusable as error:
                failures[item.name] = Failure(item.name, str(error))
            else:
                names.append(item.name)
                self.labels.append(item.label)
                parts.append(self._described(pixels))
                if mirrored and number % every == 0:
                    plain, mirror = self._sides(pixels)
                    self.sided.append((item.label, plain, mirror))
            clock.advance(1, "Looking at the pictures")
        self.names = names
        self.features = np.stack(parts) if parts else np.zeros((0, 1), np.float32)

    def nearest(self, pixels: Pixels) -> tuple[str, float | None]:
        """Name of the most similar picture of the source, and the similarity, up to 1."""
        if not self.names:
            return "", None
        similar = self.features @ self._described(pixels)
        number = int(np.argmax(similar))
        return self.names[number], round(float(similar[number]), 4)

    def twins(self) -> list[tuple[int, int]]:
        """Pairs of pictures of the source that show nearly the same."""
        return similar_pairs(self.features, NEAR)

    def confusion(self) -> "Confusion | None":
        """What mirror images do to the classes; None if they do nothing that shows."""
        if len({label for label, _, _ in self.sided}) < 2:
            return None
        labels, plain, mirrored = zip(*self.sided, strict=True)
        return mirror_confusion(labels, np.stack(plain), np.stack(mirrored))

    def _sides(self, pixels: Pixels) -> tuple[Features, Features]:
        """What the parts of a picture show, left to right, and those of its mirror image."""
        both = [pixels, np.ascontiguousarray(pixels[:, ::-1])]
        (described,) = describe_batches(both, engines=self._engines, batch=2)
        parts = described.map16.reshape(2, -1, 2, 7, 7, 2).mean((3, 5))
        plain, mirror = unit(parts.reshape(2, -1))
        return plain, mirror

    def _described(self, pixels: Pixels) -> Features:
        return np.asarray(unit(describe([pixels], engines=self._engines))[0])


@dataclass(frozen=True)
class Confusion:
    """Mirror images that would be taken for another class."""

    pictures: int
    """That were looked at."""
    told: int
    """Of these, those whose class is told from the others."""
    told_mirrored: int
    """The same of their mirror images."""
    pair: tuple[str, str]
    """A class, and the one that its mirror images are taken for most."""


def mirror_confusion(
    labels: Sequence[str], plain: Features, mirrored: Features
) -> Confusion | None:
    """Whether mirror images are told worse than the pictures, each by the nearest class mean.

    A picture's own class mean is that of the others in it. Counted are pictures that are told
    either as they are or mirrored, but not both (McNemar's exact test).

    Args:
        labels: n.
        plain, mirrored: n×d, features in which left and right differ.
    """
    classes = sorted(set(labels))
    codes = np.array([classes.index(label) for label in labels])
    counts = np.bincount(codes, minlength=len(classes))
    sums = np.stack([plain[codes == number].sum(0) for number in range(len(classes))])
    told, taken = np.zeros((2, len(labels)), bool), np.zeros(len(labels), int)
    for number, code in enumerate(codes):
        if counts[code] < 2:
            continue
        means = sums / counts[:, None]
        means[code] = (sums[code] - plain[number]) / (counts[code] - 1)
        for row, features in enumerate((plain, mirrored)):
            nearest = int(np.argmin(((means - features[number]) ** 2).sum(1)))
            told[row, number] = nearest == code
            taken[number] = nearest
    lost, won = int((told[0] & ~told[1]).sum()), int((~told[0] & told[1]).sum())
    if lost <= won or _at_least(lost, lost + won) >= CHANCE:
        return None
    wrong = Counter(
        (classes[codes[number]], classes[taken[number]])
        for number in np.flatnonzero(told[0] & ~told[1])
    )
    pair = min(wrong, key=lambda each: (-wrong[each], each))
    return Confusion(len(labels), int(told[0].sum()), int(told[1].sum()), pair)


def _at_least(heads: int, tosses: int) -> float:
    """Probability of so many heads or more."""
    return sum(math.comb(tosses, number) for number in range(heads, tosses + 1)) / 2.0**tosses


def unit(features: Features) -> Features:
    """N×d, each of length 1."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-9), np.float32)


def similar_pairs(features: Features, similarity: float) -> list[tuple[int, int]]:
    """Pairs of rows of N×d unit features that are at least so similar, the smaller number first."""
    pairs: list[tuple[int, int]] = []
    for number, row in enumerate(features[:-1]):
        found = np.flatnonzero(features[number + 1 :] @ row >= similarity)
        pairs += [(number, number + 1 + int(other)) for other in found]
    return pairs


def warnings_of(
    source: Source, recipe: Recipe, copies: Copies | None, rows: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """One sentence for each thing that the user should know."""
    found = [*flip_warnings(source.labels, recipe)]
    if copies is not None:
        found += _mirror_warnings(copies)
        found += _twin_warnings(copies)
        found += _copy_warnings(rows)
    return tuple(found)


def flip_warnings(labels: Sequence[str], recipe: Recipe) -> list[str]:
    """Labels that a mirror image would make wrong, told by their names."""
    flips = [
        name
        for name, probability in (
            ("flip", recipe.classic.flip),
            ("flip_vertical", recipe.classic.flip_vertical),
        )
        if probability and recipe.classic.probability
    ]
    wrong = [label for label in labels if _breaks(label)]
    if not flips or not wrong:
        return []
    named = ", ".join(repr(label) for label in wrong[:4]) + (", …" if len(wrong) > 4 else "")
    settings = " and ".join(f"classic.{name}" for name in flips)
    return [
        f"Mirror images may not be what their label says ({named}): set {settings} to 0 if a "
        "mirror would change what they are."
    ]


def _breaks(label: str) -> bool:
    words = re.findall(r"[a-z]+|\d+", label.lower())
    is_sign = len(words) == 1 and (len(words[0]) == 1 or (words[0].isdigit() and len(words[0]) < 3))
    known = SIDED | WRITTEN
    return is_sign or any(word in known or word.removesuffix("s") in known for word in words)


def _mirror_warnings(copies: Copies) -> list[str]:
    found = copies.confusion()
    if found is None:
        return []
    return [
        f"Mirror images confuse your classes: of {found.pictures} pictures, {found.told} are told "
        f"rightly as they are and {found.told_mirrored} mirrored; most often {found.pair[0]!r} "
        f"becomes {found.pair[1]!r}. Set classic.flip to 0."
    ]


def _twin_warnings(copies: Copies) -> list[str]:
    pairs = copies.twins()
    if not pairs:
        return []
    names, labels = copies.names, copies.labels
    first, second = pairs[0]
    example = f"such as {names[first]!r} and {names[second]!r}"
    found = [
        f"{len(pairs)} pairs of your pictures show nearly the same, {example}: if one of a pair "
        "is kept for testing, new pictures made of the other leak it into training."
    ]
    crossing = [pair for pair in pairs if labels[pair[0]] != labels[pair[1]]]
    if crossing:
        first, second = crossing[0]
        found.append(
            f"{len(crossing)} of these pairs have two labels ({names[first]!r} is "
            f"{labels[first]!r}, {names[second]!r} is {labels[second]!r}): one may be wrong."
        )
    return found


def _copy_warnings(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    copied = [row for row in rows if row["similarity"] is not None and row["similarity"] >= NEAR]
    if len(copied) <= 0.1 * len(rows):
        return []
    return [
        f"{len(copied)} of {len(rows)} new pictures are near-copies of one of yours: the changes "
        "are too small to teach anything new."
    ]
