"""What the user wants of the colours: settings that act at once, in CIELAB."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.colorizing.reference import Palette, toward
from genapp.colorizing.sketch import PALETTES
from genapp.errors import BadValue, UnknownName, check_number

Array = NDArray[np.float32]

SOFT_EDGE = 1.5
"""Standard deviation of the edge of what stays grey, in pixels of the working size."""
WARM = (3.0, 14.0)
"""a and b that full warmth adds to a middle grey, CIELAB units."""


@dataclass(frozen=True, eq=False)
class Look:
    """What becomes of the network's colours. Costs little: no network runs.

    Raises:
        BadValue: a number out of range.
        UnknownName: there is no such palette.
    """

    saturation: float = 1.0
    """0 grey … 1 as the network has it … 2."""
    warmth: float = 0.0
    """-1 cold, bluish … 1 warm, yellowish."""
    strength: float = 1.0
    """0 the photo as it is … 1 the colours."""
    candidate: int = 0
    """Which of several plausible colourings; 0 is the network's own."""
    keep_grey: NDArray[np.uint8] | None = None
    """H×W of any size: 255 where the photo stays grey."""
    reference: Palette | None = None
    """Statistics of another picture's colours, see `palette_of`; the colours go towards them."""
    reference_strength: float = 0.7
    """How far, 0..1."""
    palette: str = "natural"
    """Of a line drawing: one of `PALETTES`."""

    def __post_init__(self) -> None:
        check_number("saturation", self.saturation, 0, 2)
        check_number("warmth", self.warmth, -1, 1)
        check_number("strength", self.strength, 0, 1)
        check_number("reference strength", self.reference_strength, 0, 1)
        if isinstance(self.candidate, bool) or not isinstance(self.candidate, int):
            raise BadValue(f"The candidate is {self.candidate!r}.", "Choose a whole number from 0.")
        check_number("candidate", self.candidate, 0, 999)
        if self.palette not in PALETTES:
            raise UnknownName("palette", self.palette, PALETTES)


def adjusted(ab: Array, lightness: Array, look: Look) -> Array:
    """Colours as the user wants them; strength is left to whoever lays them on the photo.

    Args:
        ab: h×w×2, CIELAB units.
        lightness: h×w, 0..100.
        look: reference, saturation, warmth and what stays grey.
    """
    if look.reference is not None:
        ab = toward(ab, lightness, look.reference, look.reference_strength)
    ab = ab * np.float32(look.saturation)
    if look.warmth:
        # Black and white stay: no light to be coloured, and no room for colour.
        middle = lightness * (100 - lightness) / 2500
        shift = np.array(WARM, np.float32) * np.float32(look.warmth)
        ab = np.asarray(ab + middle[..., None] * shift, np.float32)
    if look.keep_grey is not None:
        height, width = lightness.shape
        ab = ab * (1 - _soft_mask(look.keep_grey, (width, height)))[..., None]
    return np.asarray(ab, np.float32)


def _soft_mask(mask: NDArray[np.uint8], size: tuple[int, int]) -> Array:
    """0..1 with a soft edge that lies outside: what was painted stays whole."""
    way = cv2.INTER_AREA if mask.shape[1] > size[0] else cv2.INTER_LINEAR
    fitted = np.asarray(cv2.resize(mask, size, interpolation=way), np.float32) / np.float32(255)
    reach = 2 * round(2 * SOFT_EDGE) + 1
    wide = cv2.dilate(fitted, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    soft = np.asarray(cv2.GaussianBlur(wide, (0, 0), SOFT_EDGE), np.float32)
    return np.asarray(np.maximum(fitted, soft), np.float32)
