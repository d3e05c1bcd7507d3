"""Colours taken from another picture: its statistics, or one of its colours."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genapp.errors import BadValue
from genapp.images import Photo, Pixels, to_float

Array = npt.NDArray[np.float32]

SIDE = 256
"""Longest side at which statistics are taken."""
BANDS = np.array([15, 35, 55, 75, 92], np.float32)
"""Lightnesses at which they are taken; each counts its neighbourhood."""
WIDTH = 14.0
"""Standard deviation of that neighbourhood, in lightness."""
OPAQUE = 0.5
"""Pixels with a lower opacity don't count."""
COLORLESS = 2.0
"""Mean chroma below which a picture has no colours to take, CIELAB."""
LEAST, MOST = 0.4, 2.0
"""Bounds of how much weaker or stronger colours become: more would make blotches of nothing."""
FARTHEST = 34.0
"""Bound that moves of the mean of a lightness come near to, CIELAB: no cast over everything."""
SKIN, SKIN_REACH, SKIN_STAYS = (14.0, 18.0), 14.0, 0.5
"""Colour that eyes know best (a and b), its neighbourhood, and how much of it stays there."""
NEIGHBOURHOOD = 0.004
"""Radius of what the eyedropper takes the mean of, in long sides of the picture."""


@dataclass(frozen=True, eq=False)
class Palette:
    """Statistics of a picture's colours, for each lightness of `BANDS`.

    Attributes:
        means: n×2 a and b, CIELAB.
        covariances: n×2×2.
    """

    means: Array
    covariances: Array


def palette_of(photo: Photo) -> Palette:
    """Returns the colour statistics of a reference picture.

    Raises:
        BadValue: it is grey.
    """
    factor = min(SIDE / max(photo.pixels.shape[:2]), 1.0)
    rgb = _resized(photo.pixels, factor)
    lab = np.asarray(cv2.cvtColor(to_float(rgb), cv2.COLOR_RGB2Lab), np.float32)
    if photo.alpha is None:
        seen = np.ones(lab.shape[:2], np.bool_)
    else:
        seen = to_float(_resized(photo.alpha, factor)) >= OPAQUE
    lightness, ab = lab[seen][:, 0], lab[seen][:, 1:]
    if not len(ab) or float(np.hypot(ab[:, 0], ab[:, 1]).mean()) < COLORLESS:
        raise BadValue("The reference picture has no colours.", "Choose a picture in colour.")
    return statistics(ab, lightness)


def statistics(ab: Array, lightness: Array) -> Palette:
    """Returns the statistics of …×2 colours (CIELAB) at the lightness (…, 0..100)."""
    level, colors = lightness.ravel().astype(np.float64), ab.reshape(-1, 2).astype(np.float64)
    mean, spread = colors.mean(0), np.cov(colors.T, bias=True)
    means, covariances = [], []
    for band in BANDS:
        weight = np.exp(-0.5 * ((level - band) / WIDTH) ** 2)
        # Where there is hardly anything of a lightness, that of the whole picture counts.
        few = 0.02 * len(level)
        total = weight.sum() + few
        center = (weight @ colors + few * mean) / total
        away = colors - center
        square = (weight[:, None] * away).T @ away + few * spread
        means.append(center)
        covariances.append(square / total)
    return Palette(np.array(means, np.float32), np.array(covariances, np.float32))


def toward(
    ab: Array,
    lightness: Array,
    palette: Palette,
    strength: float = 1.0,
    *,
    source: Palette | None = None,
) -> Array:
    """Returns colours moved towards those of a reference picture.

    For each lightness the colours get the mean and the spread of the reference's, by the linear
    map that moves them least (Pitié and Kokaram 2007, "The linear Monge-Kantorovitch linear colour
    mapping"), within bounds that keep it from inventing what is not there.

    Args:
        ab: H×W×2, CIELAB.
        lightness: H×W, 0..100.
        palette: of the reference.
        strength: 0 the colours as they are … 1 those of the reference.
        source: statistics of the whole picture, where `ab` is only a strip of it.
    """
    if strength <= 0:
        return ab
    source = source or statistics(*_thinned(ab, lightness))
    maps = np.array(
        [_least_move(*pair) for pair in zip(source.covariances, palette.covariances, strict=True)]
    )
    shifts = palette.means - source.means
    lengths = np.linalg.norm(shifts, axis=1, keepdims=True)
    shifts = shifts * FARTHEST / (FARTHEST + lengths)

    def at(values: npt.NDArray[np.floating]) -> Array:
        return np.asarray(np.interp(lightness, BANDS, values), np.float32)

    away = ab - np.stack([at(source.means[:, i]) for i in range(2)], axis=-1)
    skin = np.exp(-np.square(ab - np.array(SKIN, np.float32)).sum(-1) / (2 * SKIN_REACH**2))
    share = np.float32(strength) * (1 - np.float32(SKIN_STAYS) * skin)
    result = np.array(ab, np.float32)
    for i in range(2):
        moved = at(shifts[:, i])
        for j in range(2):
            moved += at(maps[:, i, j] - (i == j)) * away[..., j]
        result[..., i] += share * moved
    return result


def _least_move(source: Array, target: Array) -> npt.NDArray[np.float64]:
    """Returns the symmetric 2×2 map from one covariance to another, its stretch within bounds."""
    floor = np.eye(2)  # what is nearly one line has no direction to stretch across it
    root, inverse = _roots(source + floor)
    middle, _ = _roots(root @ (target + floor) @ root)
    values, vectors = np.linalg.eigh(inverse @ middle @ inverse)
    return np.asarray((vectors * np.clip(values, LEAST, MOST)) @ vectors.T, np.float64)


def _roots(
    matrix: npt.NDArray[np.floating],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns the square root of a symmetric positive matrix, and its inverse."""
    values, vectors = np.linalg.eigh(matrix.astype(np.float64))
    roots = np.sqrt(np.maximum(values, 1e-9))
    return (vectors * roots) @ vectors.T, (vectors / roots) @ vectors.T


def color_at(photo: Photo, x: float, y: float) -> tuple[float, float, float]:
    """Returns the colour (sRGB 0..1) around a point: the mean of a small neighbourhood.

    Args:
        photo: the picture.
        x, y: pixels from its top left corner.

    Raises:
        BadValue: the point lies outside, or where the picture is transparent.
    """
    height, width = photo.pixels.shape[:2]
    if not (0 <= x <= width and 0 <= y <= height):
        raise BadValue(
            f"The point {x:g}, {y:g} lies outside the picture, which is {width}×{height}.",
            "Choose a point inside.",
        )
    radius = max(1, round(NEIGHBOURHOOD * max(height, width)))
    column, row = min(math.floor(x), width - 1), min(math.floor(y), height - 1)
    rows = slice(max(row - radius, 0), row + radius + 1)
    columns = slice(max(column - radius, 0), column + radius + 1)
    colors = to_float(photo.pixels[rows, columns]).reshape(-1, 3)
    if photo.alpha is not None:
        colors = colors[to_float(photo.alpha[rows, columns]).ravel() >= OPAQUE]
    if not len(colors):
        raise BadValue("The picture is transparent there.", "Choose another point.")
    red, green, blue = (float(value) for value in colors.mean(0))
    return red, green, blue


def _thinned(ab: Array, lightness: Array) -> tuple[Array, Array]:
    step = max(max(lightness.shape) // SIDE, 1)
    return ab[::step, ::step], lightness[::step, ::step]


def _resized(pixels: Pixels, factor: float) -> Pixels:
    width, height = (max(round(length * factor), 1) for length in pixels.shape[1::-1])
    return np.asarray(
        cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), pixels.dtype
    )
