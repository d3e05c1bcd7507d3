"""What may make new pictures harmful: mirrored letters, copies, leaks."""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.augmenting.recipe import Recipe
from genapp.augmenting.sample import Pixels
from genapp.augmenting.sources import Source
from genapp.errors import UserError
from genapp.features import describe
from genapp.registry.engines import Engines
from genapp.sources import Failure
from genapp.upscaling import Clock, Progress

Features = NDArray[np.float32]

COPY = 0.97
"""Similarity from which a new picture counts as a near-copy."""
SAME = 0.985
"""Similarity from which two pictures of the source count as the same."""
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
        progress: told after some pictures; may raise `Cancelled`.
    """

    def __init__(
        self,
        source: Source,
        engines: Engines,
        failures: MutableMapping[str, Failure],
        progress: Progress | None = None,
    ) -> None:
        self._engines = engines
        clock = Clock(len(source.items), progress)
        names, parts = [], []
        self.labels: list[str] = []
        for item in source.items:
            try:
                pixels = source.pixels(item)
            except UserError as error:
                failures[item.name] = Failure(item.name, str(error))
            else:
                names.append(item.name)
                self.labels.append(item.label)
                parts.append(self._described(pixels))
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
        return similar_pairs(self.features, SAME)

    def _described(self, pixels: Pixels) -> Features:
        return unit(describe([pixels], engines=self._engines))[0]


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
    return is_sign or any(word.removesuffix("s") in SIDED | WRITTEN for word in words)


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
    copied = [row for row in rows if row["similarity"] is not None and row["similarity"] >= COPY]
    if len(copied) <= 0.1 * len(rows):
        return []
    return [
        f"{len(copied)} of {len(rows)} new pictures are near-copies of one of yours: the changes "
        "are too small to teach anything new."
    ]
