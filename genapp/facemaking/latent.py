"""Places in the latent space: from a seed to w, around it, between two, along a path.

A face is L×256 numbers w, one row for each level of the generator, coarse to fine. All rows of a
seed are the same; mixed faces have rows of two. Everything here is float64 arithmetic on few
numbers, rounded to float32 at the end: it comes out the same on any machine.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, check_number
from genapp.facemaking.arrays import Values

if TYPE_CHECKING:
    from genapp.facemaking.generator import Generator

LARGEST_SEED = 2**63 - 1
TRUNCATION = 0.7
"""Faces are as good as they get there, and still differ."""
MOST_TRUNCATION = 1.5
"""Beyond, faces fall apart."""


def check_seed(seed: int) -> int:
    """A seed as it is. Raises `BadValue` if it is no whole number from 0 to 2⁶³ − 1."""
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not whole or not 0 <= seed <= LARGEST_SEED:
        raise BadValue(f"The seed is {seed!r}.", "Choose a whole number from 0 to 2⁶³ − 1.")
    return int(seed)


def noise(seed: int, size: int = 64) -> Values:
    """Standard normal noise z of a seed.

    Bits of PCG64 turned normal by Box and Muller's formula: numpy promises that the bits stay the
    same in later releases, but not that of its own normal numbers.

    Args:
        seed: any of 0 … 2⁶³ − 1.
        size: how many numbers, even.

    Returns:
        `size` numbers.
    """
    bits = np.random.PCG64(check_seed(seed)).random_raw(size)
    # The upper 53 bits, as a number inside 0..1.
    uniform = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(uniform[::2])), 2 * np.pi * uniform[1::2]
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    return normal.ravel().astype(np.float32)


def w_of(generator: "Generator", seed: int, truncation: float = TRUNCATION) -> Values:
    """The w of a seed, L×256.

    Args:
        generator: whose.
        seed: the same seed is the same face, however many are made.
        truncation: 0 the mean face … 1 as different as the generator makes them; up to 1.5.
    """
    check_number("truncation", truncation, 0, MOST_TRUNCATION)
    own = generator.mapping(noise(seed, generator.z_size)[np.newaxis])[0].astype(np.float64)
    mean = generator.w_mean.astype(np.float64)
    w = mean + truncation * (own - mean)
    return np.repeat(w.astype(np.float32)[np.newaxis], generator.levels, 0)


def towards(w: Values, other: Values, distance: float, w_mean: Values) -> Values:
    """A face between two, as far from the mean face as they are: a straight line would pass
    nearer to it, where faces are blander.

    Args:
        w, other: L×256.
        distance: 0 gives `w`, 1 `other`.
        w_mean: 256.
    """
    check_number("distance", distance, 0, 1)
    mean = w_mean.astype(np.float64)
    a, b = w.astype(np.float64) - mean, other.astype(np.float64) - mean
    between = (1 - distance) * a + distance * b
    lengths = [np.linalg.norm(side, axis=1, keepdims=True) for side in (a, b, between)]
    wanted = (1 - distance) * lengths[0] + distance * lengths[1]
    stretched = between * (wanted / np.maximum(lengths[2], 1e-9))
    return np.asarray(mean + stretched, np.float32)


def neighbour_seeds(count: int, seed: int) -> list[int]:
    """The seeds of the faces that the neighbours of one lie towards."""
    if not 1 <= count <= 1000:
        raise BadValue(f"{count} neighbours were asked for.", "Choose 1 to 1000.")
    bits = np.random.PCG64(check_seed(seed)).random_raw(count)
    # Short enough to be read out in a recipe.
    return [int(value >> np.uint64(44)) for value in bits]


def neighbours(
    generator: "Generator",
    w: Values,
    count: int,
    distance: float = 0.3,
    seed: int = 0,
    truncation: float = TRUNCATION,
) -> list[Values]:
    """Faces around a face: each lies a part of the way towards another one.

    Args:
        generator: of the faces.
        w: L×256, the face in the middle.
        count: how many.
        distance: 0 the face itself … 1 another face.
        seed: which neighbours.
        truncation: of the other faces.
    """
    others = (w_of(generator, other, truncation) for other in neighbour_seeds(count, seed))
    return [towards(w, other, distance, generator.w_mean) for other in others]


def mix(coarse: Values, fine: Values, levels: int) -> Values:
    """Pose and shape of one face, skin and colours of another (style mixing).

    Args:
        coarse, fine: L×256.
        levels: how many come from `coarse`, 0 … L.
    """
    if not 0 <= levels <= len(coarse):
        raise BadValue(f"{levels} levels cannot come from one face.", f"Choose 0 to {len(coarse)}.")
    return np.concatenate([coarse[:levels], fine[levels:]])


def path(keys: Sequence[Values], frames: int, *, loop: bool = True) -> list[Values]:
    """Steps along a smooth curve through faces (Catmull and Rom's spline).

    Args:
        keys: two or more w, L×256.
        frames: how many steps; the first is the first key.
        loop: the curve comes back to the first key, and the last step is the one before it.
            Otherwise the last step is the last key.

    Returns:
        `frames` w.
    """
    if len(keys) < 2:
        raise BadValue("A path needs two faces or more.", "Choose more faces.")
    if frames < len(keys):
        raise BadValue(
            f"{frames} frames cannot show {len(keys)} faces.", "Ask for more frames or fewer faces."
        )
    points = np.stack(keys).astype(np.float64)
    pieces = len(keys) if loop else len(keys) - 1
    places = np.linspace(0, pieces, frames, endpoint=not loop)
    return [_at(points, float(place), loop=loop).astype(np.float32) for place in places]


def _at(points: NDArray[np.float64], place: float, *, loop: bool) -> NDArray[np.float64]:
    """The curve at `place` pieces from its start."""
    count = len(points)
    piece = min(int(place), count - 1 if loop else count - 2)
    t = place - piece
    numbers = np.arange(piece - 1, piece + 3)
    around = points[numbers % count if loop else np.clip(numbers, 0, count - 1)]
    weights = 0.5 * np.array(
        [
            -t + 2 * t**2 - t**3,
            2 - 5 * t**2 + 3 * t**3,
            t + 4 * t**2 - 3 * t**3,
            -(t**2) + t**3,
        ]
    )
    return np.asarray(np.tensordot(weights, around, 1), np.float64)
