"""What frames out of models and out of pictures share: where a lens is, seen from the front."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue
from genapp.tryon.arrays import Array

WIDTHS = (100.0, 200.0)
"""Narrowest and widest pair of glasses, mm."""
SMALLEST = 250.0
"""Area of the smallest lens, mm²."""
CLEAR_LENS = 0.05
"""Opacity of a clear lens."""
NARROWEST_BRIDGE = 10.0
"""A shield goes on over the nose; its halves are taken to lie this far apart, mm."""
POINTS = 72


@dataclass(frozen=True)
class Opening:
    """The lens on the viewer's right, seen from the front."""

    middle_x: float
    """Midway between both lenses, mm."""
    centre: tuple[float, float]
    """Of its box, mm: how far beside that middle, and y."""
    size: tuple[float, float]
    """Width and height of its box, mm."""
    outline: tuple[tuple[float, float], ...]
    """See `Frame.outline`."""


def openings(mask: NDArray[Any], low: Array, pixels_per_mm: float) -> Opening | None:
    """The two largest shapes of a picture, or the two halves of one that goes across, as lenses.

    Args:
        mask: H×W, 1 where there is lens.
        low: x, y of the mask's corner, mm.
        pixels_per_mm: of the mask.

    Returns:
        None if there are no two of them, about as large and about as high.
    """
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    area = SMALLEST * pixels_per_mm**2
    large = sorted((c for c in contours if cv2.contourArea(c) > area), key=cv2.contourArea)
    if len(large) == 1:
        return _shield(large[0], mask, low, pixels_per_mm)
    if len(large) < 2:
        return None
    shapes = [contour[:, 0].astype(np.float64) / pixels_per_mm + low for contour in large[-2:]]
    left, right = sorted(shapes, key=lambda shape: float(shape[:, 0].mean()))
    apart = right.mean(0) - left.mean(0)
    sizes = np.ptp(left, 0) / np.ptp(right, 0)
    if apart[0] < 30 or abs(apart[1]) > 12 or sizes.min() < 0.6 or sizes.max() > 1.7:
        return None
    middle = float(left[:, 0].min() + right[:, 0].max()) / 2
    inner = (right[:, 0].min() - left[:, 0].max()) / 2
    outer = (right[:, 0].max() - left[:, 0].min()) / 2
    return _opening(right, middle, float(inner), float(outer))


def _shield(
    contour: NDArray[Any], mask: NDArray[Any], low: Array, pixels_per_mm: float
) -> Opening | None:
    """The right half of one lens for both eyes."""
    left, _, wide, _ = cv2.boundingRect(contour)
    if wide < 90 * pixels_per_mm:
        return None
    middle = left + wide / 2
    right = mask.copy()
    right[:, : round(middle + NARROWEST_BRIDGE / 2 * pixels_per_mm)] = 0
    halves, _ = cv2.findContours(right, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    half = max(halves, key=cv2.contourArea)[:, 0].astype(np.float64) / pixels_per_mm + low
    middle_x = middle / pixels_per_mm + float(low[0])
    outer = float(half[:, 0].max()) - middle_x
    return _opening(half, middle_x, NARROWEST_BRIDGE / 2, outer)


def _opening(shape: Array, middle: float, inner: float, outer: float) -> Opening:
    closed = np.concatenate([shape, shape[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, length[-1], 4 * POINTS, endpoint=False)
    dense = np.stack([np.interp(at, length, closed[:, axis]) for axis in (0, 1)], 1)
    # The steps of pixels are no part of it.
    smooth = sum(np.roll(dense, shift, 0) for shift in range(-4, 5)) / 9
    points = np.asarray(smooth)[::4]
    low, high = points.min(0), points.max(0)
    unit = (points - low) / (high - low) * 2 - 1
    top, bottom = float(shape[:, 1].min()), float(shape[:, 1].max())
    return Opening(
        middle,
        ((inner + outer) / 2, (top + bottom) / 2),
        (outer - inner, bottom - top),
        tuple((float(x), float(y)) for x, y in unit),
    )


def check_width(width_mm: float) -> float:
    """A width in mm. Raises `BadValue` if no glasses are as wide."""
    low, high = WIDTHS
    if (
        isinstance(width_mm, bool)
        or not isinstance(width_mm, int | float)
        or not low <= width_mm <= high
    ):
        raise BadValue(
            f"The width of the glasses is {width_mm!r} mm.",
            f"Give the width of the front, from {low:.0f} to {high:.0f} mm; 140 is usual.",
        )
    return float(width_mm)


def usual_drop(height: float) -> float:
    """How far the middle of the lenses of a frame hangs below the pupils, mm, by their height:
    a line through the frames of the catalogue."""
    return float(np.clip(2 + 0.4 * (height - 41), 2, 7))
