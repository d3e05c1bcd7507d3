"""Colours that cannot shift: the low frequencies of the result are those of the input."""

import cv2
import numpy as np

from genapp.images import Pixels, to_float
from genapp.upscaling.arrays import Values
from genapp.upscaling.plan import Size
from genapp.upscaling.resample import BICUBIC, rows_of

CELL = 4
"""Side of the cells whose mean colour is compared, in pixels of the source."""
SMOOTH = 1.0
"""Standard deviation of the blur over the differences, in cells."""


class LowFrequencies:
    """The difference of two pictures in what is larger than a few pixels of the source.

    Args:
        source: H×W×C.
        enlarged: the same picture larger, of another depth perhaps.
    """

    def __init__(self, source: Pixels, enlarged: Pixels) -> None:
        cells = (-(-source.shape[1] // CELL), -(-source.shape[0] // CELL))
        difference = _means(source, cells) - _means(enlarged, cells)
        blurred = cv2.GaussianBlur(difference, (0, 0), SMOOTH, borderType=cv2.BORDER_REPLICATE)
        self._difference = np.asarray(blurred, np.float32).reshape(difference.shape)

    def rows(self, size: Size, top: int, bottom: int) -> Values:
        """What to add to rows top..bottom of the enlarged picture of `size`."""
        return rows_of(self._difference, size, top, bottom, BICUBIC)


def _means(pixels: Pixels, cells: Size) -> Values:
    means = np.asarray(cv2.resize(pixels, cells, interpolation=cv2.INTER_AREA), pixels.dtype)
    return to_float(means).reshape(cells[1], cells[0], pixels.shape[2])
