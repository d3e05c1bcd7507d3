"""What hints change: the thing they were put on, exactly in their colour, and nothing beside it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.colorizing import chroma, readout
from genapp.colorizing.colorizer import Coarse
from genapp.colorizing.hints import Hint

Array = NDArray[np.float32]

SIDE = 160
"""Short side of the grid on which influence is found, in cells."""
WALL = 4.0
"""A step between neighbours, in CIELAB units, that makes the way twice as long."""
NEAR = 14.0
"""Length of way over which an added colour fades to a third, in cells."""
WIDE = 30.0
"""The same for what the network changes."""
WHOLE = 2.5
"""Cells around a hint in which it is obeyed wholly."""
LIMIT = 60.0
"""Longest way that is looked for, in cells."""
LIKE = 20.0
"""Difference in lightness at which another place counts a third, CIELAB units."""
KIND = (0.5, 0.9)
"""Overlap of two places' distributions of colours: another kind of thing … the same kind."""


class Influence:
    """Where each hint counts.

    The network's own answer to a hint is kept where a place is of the hint's kind (the network
    gives it the same colours as the place of the hint, when it knows of no hints) and as light, or
    is reached from the hint without crossing an edge. What is still missing at the hint is added
    there, and fades along such ways (geodesic distance: Criminisi et al., "Geodesic image and
    video editing", 2010).

    Args:
        lightness: H×W, 0..100.
        plain: the network's colours without hints.
        hinted: the same network's with them, on the same grid.
        hints: with x and y in pixels of `lightness`.
    """

    def __init__(
        self, lightness: Array, plain: Coarse, hinted: Coarse, hints: Sequence[Hint]
    ) -> None:
        self._lightness = lightness
        self._hints = tuple(hints)
        height, width = lightness.shape
        factor = min(1.0, SIDE / min(height, width))
        self._size = max(1, round(width * factor)), max(1, round(height * factor))
        blurred = np.asarray(cv2.GaussianBlur(lightness, (0, 0), 0.7 / factor), np.float32)
        level = _resized(blurred, self._size)
        across, down = _steps(np.dstack([level, _resized(plain.ab, self._size)]))
        self._nearness = []
        self._near = []
        wide = np.zeros(level.shape, np.float32)
        for hint in hints:
            row, column = self._cell(hint)
            distance = _distances(across, down, (row, column))
            near = _fading(np.maximum(distance - WHOLE, 0), NEAR)
            self._near.append(near)
            self._nearness.append(near / (np.square(distance) + np.float32(0.1)))
            alike = _fading(level - level[row, column], LIKE)
            same = 1 - (1 - alike) * (1 - _fading(distance, WIDE))
            wide = np.maximum(wide, same * self._kinship(plain, (row, column)))
        change = _resized(hinted.ab - plain.ab, self._size)
        self._change = chroma.enlarge(change * wide[..., None], lightness, radius=1)

    def apply(self, ab: Array) -> Array:
        """H×W×2 colours with the hints obeyed."""
        height, width = self._lightness.shape
        ab = ab + self._change
        total = np.zeros((self._size[1], self._size[0], 3), np.float32)
        strongest = np.zeros((self._size[1], self._size[0]), np.float32)
        for hint, near, nearness in zip(self._hints, self._near, self._nearness, strict=True):
            here = ab[min(int(hint.y), height - 1), min(int(hint.x), width - 1)]
            total[..., :2] += nearness[..., None] * (np.array(hint.lab[1:], np.float32) - here)
            total[..., 2] += nearness
            strongest = np.maximum(strongest, near)
        share = strongest / np.maximum(total[..., 2], 1e-9)
        correction = np.asarray(total[..., :2] * share[..., None], np.float32)
        return ab + chroma.enlarge(correction, self._lightness, radius=1)

    def _cell(self, hint: Hint) -> tuple[int, int]:
        height, width = self._lightness.shape
        row = min(int(hint.y * self._size[1] / height), self._size[1] - 1)
        return row, min(int(hint.x * self._size[0] / width), self._size[0] - 1)

    def _kinship(self, plain: Coarse, cell: tuple[int, int]) -> Array:
        """How much each place is of the kind of one place, 0..1 (Bhattacharyya coefficient)."""
        if plain.logits is None:
            return np.ones((self._size[1], self._size[0]), np.float32)
        chance = readout.distribution(plain.logits)
        _, height, width = chance.shape
        row = cell[0] * height // self._size[1]
        column = cell[1] * width // self._size[0]
        around = chance[:, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        here = around.mean((1, 2))
        overlap = np.sqrt(chance * here[:, None, None]).sum(0)
        share = np.clip((overlap - KIND[0]) / (KIND[1] - KIND[0]), 0, 1)
        return _resized(share * share * (3 - 2 * share), self._size)


def _resized(values: NDArray[np.floating], size: tuple[int, int]) -> Array:
    way = cv2.INTER_AREA if values.shape[1] > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size, interpolation=way), np.float32)


def _fading(distance: Array, reach: float) -> Array:
    return np.asarray(np.exp(-np.square(distance / np.float32(reach))), np.float32)


def _steps(lab: Array) -> tuple[Array, Array]:
    """What it costs to go from each cell to its right neighbour, and to the one below: h×w each;
    nothing leads out of the grid. Gradual shading costs little, an edge much."""
    costs = []
    for axis in (1, 0):
        difference = np.linalg.norm(np.diff(lab, axis=axis), axis=2)
        cost = 1 + np.square(difference / np.float32(WALL))
        costs.append(np.pad(cost, [(0, axis == 0), (0, axis == 1)], constant_values=np.inf))
    return costs[0], costs[1]


def _distances(across: Array, down: Array, place: tuple[int, int]) -> Array:
    """Length of the shortest way from `place` to each cell, infinite beyond `LIMIT`."""
    result = np.full(across.shape, np.inf, np.float32)
    reach = int(LIMIT) + 1
    window = tuple(slice(max(middle - reach, 0), middle + reach + 1) for middle in place)
    right, below = across[window][:, :-1], down[window][:-1]
    distance = np.full(across[window].shape, np.inf, np.float32)
    distance[place[0] - window[0].start, place[1] - window[1].start] = 0
    # Over a corner: the shorter of the two ways around it, as the crow flies.
    diagonal = np.float32(np.sqrt(0.5))
    falling = diagonal * np.minimum(right[:-1] + below[:, 1:], below[:, :-1] + right[1:])
    rising = diagonal * np.minimum(right[1:] + below[:, 1:], below[:, :-1] + right[:-1])
    while True:
        before = distance.copy()
        for one, other, cost in (
            (distance[:, :-1], distance[:, 1:], right),
            (distance[:-1], distance[1:], below),
            (distance[:-1, :-1], distance[1:, 1:], falling),
            (distance[1:, :-1], distance[:-1, 1:], rising),
        ):
            np.minimum(other, one + cost, out=other)
            np.minimum(one, other + cost, out=one)
        distance[distance > LIMIT] = np.inf
        if np.array_equal(before, distance):
            break
    result[window] = distance
    return result
