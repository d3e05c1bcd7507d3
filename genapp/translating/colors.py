"""Keep my colours: the painting's light, the photo's hues.

Gatys et al., "Preserving Color in Neural Artistic Style Transfer", 2016, arXiv:1606.05897: only
the luminance is taken from the painting, its mean and spread brought near the photo's first, so
that colours meet the light that they belong to.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, to_float

Values = NDArray[np.float32]

SAMPLE = 512
"""Longer side of the pictures whose light is compared."""
STEEPEST = 1.5
"""No more is the painting's contrast changed, either way."""


@dataclass(frozen=True)
class Light:
    """How the painting's lightness becomes that of a result in the photo's colours."""

    slope: float
    offset: float
    """CIELAB lightness, 0..100."""


def matched_light(photo: Pixels, painting: Pixels) -> Light:
    """For H×W×3 each, of any size."""
    wanted, found = _lightness(photo), _lightness(painting)
    slope = float(np.clip(wanted.std() / max(found.std(), 1.0), 1 / STEEPEST, STEEPEST))
    return Light(slope, float(wanted.mean() - slope * found.mean()))


def recolored(photo: Values, painting: Values, light: Light) -> Values:
    """The painting's light in the photo's colours: h×w×3, 0..1, as are both."""
    lab = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)
    lightness = cv2.cvtColor(painting, cv2.COLOR_RGB2LAB)[..., 0]
    lab[..., 0] = np.clip(lightness * light.slope + light.offset, 0, 100)
    return np.clip(np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32), 0, 1)


def _lightness(pixels: Pixels) -> Values:
    shrink = min(1.0, SAMPLE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), pixels.dtype)
    return np.asarray(cv2.cvtColor(to_float(small), cv2.COLOR_RGB2LAB)[..., 0], np.float32)
