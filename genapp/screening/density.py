"""Where pictures lie in the space of features: a Gaussian around those of a reference set.

A picture is described by the direction of MobileNetV2's features, what it shows, and by mean and
deviation of the features of its cells, how sharp and coloured it is. Not by the length of the
features: plain pictures have short ones, so that a Gaussian around them finds grey areas more
normal than what it was fitted on (benchmarks/outliers.py measures it).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genapp.features import Described

Array = NDArray[np.float32]
Numbers = NDArray[np.float64]

LENGTH = 1536
"""Numbers that describe a picture here."""
DIRECTIONS = 128
"""At most so many directions in which the reference spreads are told apart."""
DIRECTION_LENGTH = 30.0
FOLDS = 5


def vectors(described: Described) -> Array:
    """Numbers that describe N pictures, N×1536."""
    direction = np.sqrt(np.maximum(described.features, 0))
    length = np.linalg.norm(direction, axis=1, keepdims=True)
    direction = direction * (DIRECTION_LENGTH / np.maximum(length, 1e-6))
    maps = (described.map8, described.map16)
    levels = [one.mean((2, 3)) for one in maps] + [one.std((2, 3)) for one in maps]
    return np.concatenate([direction, *levels], 1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Density:
    """A Gaussian: its widest directions, and the same variance in all others.

    That is probabilistic principal component analysis (Tipping and Bishop 1999); the distance from
    its middle is that of Mahalanobis.
    """

    mean: Array
    """1536."""
    deviation: Array
    """1536, of each number over the reference; they are divided by it."""
    directions: Array
    """k×1536, orthonormal."""
    variances: Array
    """k, along each direction."""
    rest: float
    """Mean variance in the directions that are left out."""

    def places(self, vectors: Array) -> Array:
        """Coordinates along the directions, N×k."""
        return np.asarray((vectors - self.mean) / self.deviation @ self.directions.T, np.float32)

    def distances(self, vectors: Array) -> Numbers:
        """How far from the middle, N; about √2 for a picture like those of the reference.

        Half of it is told by the directions, half by what they leave over.
        """
        scaled = ((vectors - self.mean) / self.deviation).astype(np.float64)
        places = scaled @ self.directions.T.astype(np.float64)
        over = np.maximum((scaled**2).sum(1) - (places**2).sum(1), 0)
        others = LENGTH - len(self.directions)
        inside = (places**2 / (self.variances + self.rest)).mean(1)
        return np.asarray(np.sqrt(inside + over / (others * self.rest)))


def fit(vectors: Array) -> Density:
    """The Gaussian around N×1536 vectors; N is at least 2."""
    mean = vectors.mean(0)
    # Numbers that never change in the reference would count without end.
    deviation = vectors.std(0) + 1e-3 * vectors.std() + 1e-6
    scaled = ((vectors - mean) / deviation).astype(np.float64)
    count = len(scaled)
    # The eigenvectors of whichever product is smaller tell those of the other.
    if count < LENGTH:
        squares, along = np.linalg.eigh(scaled @ scaled.T)
    else:
        squares, along = np.linalg.eigh(scaled.T @ scaled)
    kept = min(DIRECTIONS, count - 1)
    squares, along = np.maximum(squares[::-1], 0), along[:, ::-1][:, :kept]
    directions = (scaled.T @ along).T if count < LENGTH else along.T
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
    variances = squares / count
    rest = variances[kept:].sum() / (LENGTH - kept)
    return Density(
        mean,
        deviation,
        directions.astype(np.float32),
        variances[:kept].astype(np.float32),
        # As many directions as pictures leave nothing over; a share of what is known stands in.
        float(max(rest, 1e-2 * variances[:kept].mean(), 1e-9)),
    )


def held_out_distances(vectors: Array) -> Numbers:
    """The distance of each vector from a Gaussian that it was not fitted on, N.

    Each of `FOLDS` parts is held out in turn.
    """
    distances = np.zeros(len(vectors))
    part = np.arange(len(vectors)) % min(FOLDS, len(vectors))
    for number in range(part.max() + 1):
        distances[part == number] = fit(vectors[part != number]).distances(vectors[part == number])
    return distances
