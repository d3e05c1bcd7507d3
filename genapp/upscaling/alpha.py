"""Pictures with transparent parts: colours without edges, and an opacity without halos."""

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, from_float, to_float
from genapp.upscaling.arrays import Values
from genapp.upscaling.plan import Size
from genapp.upscaling.resample import BILINEAR, rows_of

CLEAR = 8 / 255
"""Below this opacity a colour is too uncertain to be kept."""


def bleed(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Colours of opaque parts spread over transparent ones.

    What a transparent pixel hides is often black or white: a filter or network that mixes it into
    its neighbours draws a halo. Pyramid filling: Gortler et al., "The Lumigraph", 1996, push-pull.

    Args:
        pixels: H×W×C, uint8 or uint16.
        alpha: H×W, same type.

    Returns:
        H×W×C, same type; unchanged where the opacity is at least `CLEAR`.
    """
    opacity = to_float(alpha)
    known = opacity >= CLEAR
    if known.all() or not known.any():
        return pixels
    filled = _filled(to_float(pixels) * known[..., None], known.astype(np.float32))
    result = pixels.copy()
    result[~known] = from_float(filled[~known], pixels.dtype)
    return result


def _filled(colours: Values, weight: NDArray[np.float32]) -> Values:
    """Mean colours where the weight is 1, smoothly continued to where it is 0.

    Args:
        colours: H×W×C, multiplied by the weight.
        weight: H×W.
    """
    height, width = weight.shape
    if max(height, width) > 1:
        half = ((width + 1) // 2, (height + 1) // 2)
        coarse = _filled(_resized(colours, half), _resized(weight[..., None], half)[..., 0])
        behind = _resized(coarse, (width, height), cv2.INTER_LINEAR)
    else:
        behind = np.zeros_like(colours)
    rest = np.maximum(weight, 1e-6)[..., None]
    return np.asarray(np.where(weight[..., None] > 1e-4, colours / rest, behind), np.float32)


def _resized(values: Values, size: Size, way: int = cv2.INTER_AREA) -> Values:
    resized = cv2.resize(values, size, interpolation=way)
    return np.asarray(resized, np.float32).reshape(size[1], size[0], values.shape[2])


class Bounds:
    """How opaque each pixel of an enlarged picture may be: no more and no less than the nine
    pixels around its place in the source, so that clear stays clear and solid stays solid.

    Args:
        alpha: H×W, uint8 or uint16.
    """

    def __init__(self, alpha: Pixels) -> None:
        kernel = np.ones((3, 3), np.uint8)
        self._low = np.asarray(cv2.erode(alpha, kernel), alpha.dtype)[..., None]
        self._high = np.asarray(cv2.dilate(alpha, kernel), alpha.dtype)[..., None]

    def clip(self, rows: Values, size: Size, top: int) -> Values:
        """Rows from `top` of a result of `size`, h×W×1, within the bounds."""
        bottom = top + rows.shape[0]
        low = rows_of(self._low, size, top, bottom, BILINEAR)
        high = rows_of(self._high, size, top, bottom, BILINEAR)
        return np.clip(rows, low, high)
