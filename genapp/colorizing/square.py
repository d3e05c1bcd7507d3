"""Photographs for networks that take squares: their aspect ratio is kept."""

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def to_square(lightness: Array, side: int) -> tuple[Array, tuple[slice, slice]]:
    """Returns side×side lightness with the photo in its middle, and where in it the photo is.

    The rest is the photo mirrored, so that a network sees no edge that there is not.

    Args:
        lightness: H×W, 0..100.
        side: in pixels.
    """
    factor = side / max(lightness.shape)
    height, width = (max(round(length * factor), 1) for length in lightness.shape)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    small = cv2.resize(lightness, (width, height), interpolation=way)
    top, left = (side - height) // 2, (side - width) // 2
    framed = cv2.copyMakeBorder(
        np.clip(small, 0, 100),
        *(top, side - height - top, left, side - width - left),
        cv2.BORDER_REFLECT,
    )
    place = slice(top, top + height), slice(left, left + width)
    return np.asarray(framed, np.float32), place


def from_square(ab: Array, place: tuple[slice, slice], lightness: Array) -> Array:
    """Returns the photo's part of a square of colours, no larger than the photo itself."""
    part = np.ascontiguousarray(ab[place], np.float32)
    height, width = lightness.shape
    if part.shape[0] <= height and part.shape[1] <= width:
        return part
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def grey_rgb(lightness: Array) -> Array:
    """Returns H×W×3 sRGB 0..1 of a lightness 0..100."""
    lab = np.zeros((*lightness.shape, 3), np.float32)
    lab[..., 0] = lightness
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
