"""Which part of a picture is unlike the reference: features cell by cell.

As in PaDiM (Defard et al. 2020, https://arxiv.org/abs/2011.08785) each of 14×14 cells has its own
mean and deviations over the reference, so that an eye in place of a chin counts; the correlations
are the same for all, so that 30 pictures are enough for them. Without deviations of its own the
upper left corner would glow on anything odd: the zeros that the network puts around a picture make
some of its features there vary up to 20 times as much as elsewhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genapp.features import Described

Array = NDArray[np.float32]
Half = NDArray[np.float16]

SIDE = 14
CHANNELS = 128
OWN_FROM = 10
"""Pictures of a reference from which a cell's own mean and deviations count more than those of all
cells."""
RIDGE = 0.01
"""Of the mean variance, added to each: the covariance of few pictures is never singular."""
WIDE = 0.95
"""Quantile of the distances at a place that tells how far off the reference is there."""
FROM, TO = 0.5, 0.999
"""Quantiles of the reference's cells between which the map rises from 0 to 1."""


def cells(described: Described) -> Half:
    """Features of the cells of N pictures, N×128×14×14."""
    fine = described.map8
    count, channels = fine.shape[:2]
    fine = fine.reshape(count, channels, SIDE, 2, SIDE, 2).mean((3, 5))
    return np.concatenate([fine, described.map16], 1).astype(np.float16)


@dataclass(frozen=True, eq=False)
class Cells:
    """What the reference shows at each place."""

    means: Array
    """128×14×14."""
    deviations: Array
    """128×14×14; away from the mean, features are divided by them."""
    whitening: Array
    """128×128; makes all directions of what that leaves equally wide."""
    low: float
    high: float
    """Distances where the map begins, and where it is full."""

    def heat(self, cells: Half) -> Half:
        """How unlike the reference each cell is, N×14×14, 0..1."""
        span = max(self.high - self.low, 1e-6)
        return np.asarray(np.clip((self._distances(cells) - self.low) / span, 0, 1), np.float16)

    def _distances(self, cells: Half) -> Array:
        count = len(cells)
        away = (cells.astype(np.float32) - self.means) / self.deviations
        away = np.matmul(self.whitening, away.reshape(count, CHANNELS, -1))
        return np.asarray(np.sqrt((away**2).mean(1)).reshape(count, SIDE, SIDE))


def fit(cells: Half) -> Cells:
    """What N×128×14×14 cells of a reference have in common."""
    count = len(cells)
    own = cells.mean(0, dtype=np.float32)
    trust = count / (count + OWN_FROM)
    means = _mixed(own, trust)
    # One picture at a time, for the memory's sake.
    squares = sum(((cell.astype(np.float32) - own) ** 2 for cell in cells), np.zeros_like(own))
    variances = _mixed(squares / count, trust)
    # Features that are the same all over the reference would count without end.
    least = max(float(RIDGE * variances.mean()), 1e-6)
    deviations = np.sqrt(variances + least)
    covariance = np.zeros((CHANNELS, CHANNELS))
    for cell in cells:
        away = ((cell.astype(np.float32) - means) / deviations).reshape(CHANNELS, -1)
        covariance += away @ away.T
    covariance /= count * SIDE * SIDE
    covariance += np.eye(CHANNELS) * max(RIDGE * np.trace(covariance) / CHANNELS, 1e-6)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)).astype(np.float32)
    found = Cells(means, deviations, whitening, 0.0, 1.0)
    distances = np.concatenate(
        [found._distances(part) for part in np.array_split(cells, -(-count // 64))]
    )
    # Where a few pictures of the reference are far off, it takes more to be unlike it.
    wide = np.quantile(distances, WIDE, axis=0)
    scale = 1 + (wide / np.median(wide) - 1) * trust
    low, high = np.quantile(distances / scale, [FROM, TO])
    deviations = np.asarray(deviations * scale, np.float32)
    return Cells(means, deviations, whitening, float(low), float(high))


def _mixed(own: Array, trust: float) -> Array:
    """Numbers 128×14×14 of each cell, moved towards their means over all cells."""
    of_all = own.mean((1, 2), keepdims=True)
    return np.asarray(of_all + (own - of_all) * trust, np.float32)
