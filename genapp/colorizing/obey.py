"""What hints change: the thing they were put on, exactly in their colour, and nothing beside it."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.colorizing import chroma, readout
from genapp.colorizing.colorizer import Coarse
from genapp.colorizing.hints import Hint

Array = NDArray[np.float32]

SIDE = 96
"""Short side of the grid on which influence is found, in cells."""
SPACE = 0.33
"""What the way to the next cell costs, and"""
WALL = 2.7
"""the step in CIELAB units between two cells that costs 1; twice the step 4 times as much."""
SMOOTH = 0.3
"""Standard deviation of the blur that takes texture away before, in cells."""
NEAR = 18.0
"""Cost of a way over which an added colour fades to a third."""
WIDE = 16.0
"""The same for what the network changes."""
APART = 60.0
"""The same, in cells as the crow flies, for places that are as light as the hint's."""
WHOLE = 0.8
"""Cost of a way around a hint on which it is obeyed wholly."""
DETAIL = 0.4
"""How much of its variety of colours a thing keeps that is given the hint's."""
LIKE = 20.0
"""Difference in lightness at which another place counts a third, CIELAB units."""
UNLIKE = 20.0
"""The same for an added colour."""
KIND = (0.5, 0.9)
"""Overlap of two places' distributions of colours: another kind of thing … the same kind."""


class Influence:
    """Where each hint counts.

    The network's own answer to a hint is kept where a place is of the hint's kind (the network
    gives it the same colours as the place of the hint, when it knows of no hints) and as light, or
    is reached from the hint without crossing an edge. Along such ways the hint's own colour spreads
    and fades (geodesic distance: Criminisi et al., "Geodesic image and video editing", 2010); at
    the hint it is exactly that.

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
        level = np.asarray(
            cv2.GaussianBlur(_resized(lightness, self._size), (0, 0), SMOOTH), np.float32
        )
        grid = np.dstack([level, chroma.enlarge(plain.ab, level)])
        cells = [self._cell(hint) for hint in hints]
        ways = _ways(grid, cells)
        places = np.indices(level.shape, np.float32)
        self._near, self._nearness = [], []
        wide, asked = np.zeros(level.shape, np.float32), np.zeros((*level.shape, 3), np.float32)
        for number, (hint, (row, column)) in enumerate(zip(hints, cells, strict=True)):
            way, difference = ways[..., number], level - level[row, column]
            near = _fading(np.maximum(way - WHOLE, 0), NEAR, 3) * _fading(difference, UNLIKE)
            near[way <= WHOLE] = 1
            self._near.append(near)
            self._nearness.append(near / (np.square(way) + np.float32(0.02)))
            apart = np.hypot(places[0] - row, places[1] - column)
            alike = _fading(difference, LIKE) * _fading(apart, APART)
            same = 1 - (1 - alike) * (1 - _fading(way, WIDE))
            same *= self._kinship(plain, (row, column))
            asked += np.square(np.square(same))[..., None] * np.array([*hint.lab[1:], 1], "f4")
            wide = np.maximum(wide, same)
        change = _resized(hinted.ab - plain.ab, self._size)
        wanted = asked[..., :2] / np.maximum(asked[..., 2:], 1e-9) - grid[..., 1:]
        agreement = np.clip(_cosine(change, np.asarray(wanted, np.float32)), 0, 1) * wide
        self._change = chroma.enlarge(change * agreement[..., None], lightness, radius=1)

    def apply(self, ab: Array) -> Array:
        """H×W×2 colours with the hints obeyed."""
        height, width = self._lightness.shape
        ab = ab + self._change
        total = np.zeros((self._size[1], self._size[0], 3), np.float32)
        strongest = np.zeros((self._size[1], self._size[0]), np.float32)
        for hint, near, nearness in zip(self._hints, self._near, self._nearness, strict=True):
            here = ab[min(int(hint.y), height - 1), min(int(hint.x), width - 1)]
            color = np.array(hint.lab[1:], np.float32) - DETAIL * here
            total += nearness[..., None] * np.array([*color, 1], np.float32)
            strongest = np.maximum(strongest, near)
        mixed = total[..., :2] / np.maximum(total[..., 2:], 1e-9)
        planes = np.dstack([mixed * strongest[..., None], strongest]).astype(np.float32)
        added = chroma.enlarge(planes, self._lightness, radius=1)
        result = np.asarray(ab + added[..., :2] - (1 - DETAIL) * added[..., 2:] * ab, np.float32)
        for hint in self._hints:
            self._touch_up(result, hint)
        return result

    def _touch_up(self, ab: Array, hint: Hint) -> None:
        """Adds what is missing at a hint on something narrower than a cell, in place."""
        height, width = self._lightness.shape
        row, column = min(int(hint.y), height - 1), min(int(hint.x), width - 1)
        cell = height / self._size[1]
        reach = int(2 * cell) + 1
        rows = slice(max(row - reach, 0), row + reach + 1)
        columns = slice(max(column - reach, 0), column + reach + 1)
        y, x = np.ogrid[rows.start - row : reach + 1, columns.start - column : reach + 1]
        part = self._lightness[rows, columns]
        apart = np.hypot(y, x)[: part.shape[0], : part.shape[1]].astype(np.float32)
        weight = _fading(apart, cell) * _fading(part - self._lightness[row, column], UNLIKE)
        missing = np.array(hint.lab[1:], np.float32) - ab[row, column]
        ab[rows, columns] += weight[..., None] * missing

    def known(self) -> Array:
        """H×W: how much hints alone tell the colour, 0..1."""
        strongest = np.maximum.reduce(self._near)
        return chroma.enlarge(strongest[..., None], self._lightness, radius=1)[..., 0]

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


def _cosine(one: Array, other: Array) -> Array:
    """Of the angle between the ab of two h×w×2; 0 where there is none."""
    lengths = np.linalg.norm(one, axis=2) * np.linalg.norm(other, axis=2)
    return np.asarray((one * other).sum(2) / np.maximum(lengths, 1e-6), np.float32)


def _fading(distance: Array, reach: float, power: int = 2) -> Array:
    share = np.abs(distance / np.float32(reach)) ** power
    return np.asarray(np.exp(-share), np.float32)


def _ways(lab: Array, cells: Sequence[tuple[int, int]]) -> Array:
    """What the cheapest way from each of n cells to every cell of a h×w×3 picture costs: h×w×n.

    Gradual shading costs little, an edge much. Found by sweeps over the rows and the columns, to
    and fro, until nothing changes (Borgefors, "Distance transformations", 1986).
    """
    ways = np.full((*lab.shape[:2], len(cells)), np.inf, np.float32)
    for number, cell in enumerate(cells):
        ways[*cell, number] = 0
    steps = [_steps(turned) for turned in _turned(lab)]
    while True:
        before = ways.copy()
        for turned, costs in zip(_turned(ways), steps, strict=True):
            _sweep(turned, *costs)
        if np.allclose(before, ways, atol=0.01):
            return ways


def _turned(values: Array) -> Iterator[Array]:
    """Views of h×w×c whose first axis goes down, up, right and left in the picture."""
    across = values.swapaxes(0, 1)
    yield from (values, values[::-1], across, across[::-1])


def _steps(lab: Array) -> tuple[Array, Array, Array]:
    """Costs of the steps from each row to the next: straight, to the right, to the left."""
    above, below = lab[:-1], lab[1:]

    def cost(one: Array, other: Array, length: float) -> Array:
        wall = np.square((one - other) / np.float32(WALL)).sum(2, keepdims=True)
        return np.asarray(length * SPACE + wall, np.float32)

    slant = 2**0.5
    return (
        cost(above, below, 1),
        cost(above[:, :-1], below[:, 1:], slant),
        cost(above[:, 1:], below[:, :-1], slant),
    )


def _sweep(ways: Array, straight: Array, right: Array, left: Array) -> None:
    for row in range(1, ways.shape[0]):
        before, here = ways[row - 1], ways[row]
        np.minimum(here, before + straight[row - 1], out=here)
        np.minimum(here[1:], before[:-1] + right[row - 1], out=here[1:])
        np.minimum(here[:-1], before[1:] + left[row - 1], out=here[:-1])
