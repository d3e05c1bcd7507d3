"""What the small networks are tried on."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import read

PORTRAIT = Path(__file__).parents[2] / "genapp" / "ui" / "examples" / "older-man.jpg"


@cache
def portrait(width: int) -> NDArray[np.uint8]:
    """A photo of a face, of this width in px."""
    pixels = read(PORTRAIT).pixels
    size = (width, round(pixels.shape[0] * width / pixels.shape[1]))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
