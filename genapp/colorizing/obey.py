"""Colours that are exactly the hint's at a hint, without running over edges."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.colorizing import chroma
from genapp.colorizing.hints import Hint

Array = NDArray[np.float32]

SIDE = 192
"""Short side of the grid on which corrections spread, in cells."""
REACH = 14.0
"""Cells of even colour over which a correction fades to a third."""
STEP = 0.35
"""Cells that one CIELAB unit of difference between neighbours counts as."""
WHOLE = 2.5
"""Cells around a hint in which it is obeyed wholly."""
FAR = 2.2
"""Reaches after which nothing is left of a correction."""


def obey(ab: Array, lightness: Array, hints: Sequence[Hint]) -> Array:
    """The colours, corrected around hints.

    What is missing at a hint is added there and fades with the distance along paths that avoid
    steps of lightness or colour (a geodesic distance, as in Criminisi et al., "Geodesic image and
    video editing", 2010). Between hints the nearer one counts more.

    Args:
        ab: H×W×2, CIELAB units.
        lightness: H×W, 0..100.
        hints: with x and y in pixels of `ab`.

    Returns:
        H×W×2.
    """
    if not hints:
        return ab
    height, width = lightness.shape
    factor = min(1.0, SIDE / min(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    lab = cv2.resize(np.dstack([lightness, ab]), size, interpolation=cv2.INTER_AREA)
    across, down = _steps(np.asarray(lab, np.float32))
    total = np.zeros((size[1], size[0], 3), np.float32)
    strongest = np.zeros((size[1], size[0]), np.float32)
    for hint in hints:
        row = min(int(hint.y * size[1] / height), size[1] - 1)
        column = min(int(hint.x * size[0] / width), size[0] - 1)
        reach = int(REACH * FAR) + 1
        rows = slice(max(row - reach, 0), row + reach + 1)
        columns = slice(max(column - reach, 0), column + reach + 1)
        place = row - rows.start, column - columns.start
        distance = _distance(across[rows, columns], down[rows, columns], place)
        weight = np.exp(-np.square(np.maximum(distance - WHOLE, 0) / REACH))
        missing = np.array(hint.lab[1:], np.float32) - ab[_pixel(hint, height, width)]
        nearness = weight / (np.square(distance) + 0.1)
        total[rows, columns, :2] += nearness[..., None] * missing
        total[rows, columns, 2] += nearness
        strongest[rows, columns] = np.maximum(strongest[rows, columns], weight)
    share = strongest / np.maximum(total[..., 2], 1e-9)
    correction = np.asarray(total[..., :2] * share[..., None], np.float32)
    return ab + chroma.enlarge(correction, lightness, radius=1)


def _pixel(hint: Hint, height: int, width: int) -> tuple[int, int]:
    return min(int(hint.y), height - 1), min(int(hint.x), width - 1)


def _steps(lab: Array) -> tuple[Array, Array]:
    """What it costs to go from each cell to its right neighbour, and to the one below: h×w each;
    nothing leads out of the grid."""
    costs = []
    for axis in (1, 0):
        difference = np.linalg.norm(np.diff(lab, axis=axis), axis=2)
        cost = 1 + np.float32(STEP) * difference
        costs.append(np.pad(cost, [(0, axis == 0), (0, axis == 1)], constant_values=np.inf))
    return costs[0], costs[1]


def _distance(across: Array, down: Array, place: tuple[int, int]) -> Array:
    """Length of the shortest path from `place` to each cell; relaxed until nothing changes."""
    distance = np.full(across.shape, np.inf, np.float32)
    distance[place] = 0
    right, below = across[:, :-1], down[:-1]
    diagonal = np.float32(np.sqrt(0.5))
    falling = diagonal * np.minimum(right[:-1] + down[:-1, 1:], down[:-1, :-1] + across[1:, :-1])
    rising = diagonal * np.minimum(right[1:] + down[:-1, 1:], down[:-1, :-1] + across[:-1, :-1])
    limit = REACH * FAR + WHOLE
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
        distance[distance > limit] = np.inf
        if np.array_equal(before, distance):
            return distance
