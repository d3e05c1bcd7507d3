"""Other plausible colours for the same photograph."""

import numpy as np
from numpy.typing import NDArray

from genapp.colorizing import readout
from genapp.colorizing.colorizer import Coarse

Array = NDArray[np.float32]

TILT = 0.02
"""By how much a colour that lies one CIELAB unit further along becomes likelier (its logit)."""
ANGLES = 5
"""Directions over the circle of hues before they are gone through again, more strongly."""


def variant(coarse: Coarse, number: int) -> Array:
    """The colours of candidate `number`: h×w×2, CIELAB units; 0 is the network's own answer.

    The distribution is tilted towards a hue: where the network is sure of its colour hardly
    anything changes, and where it knows several, another one wins.
    """
    if number == 0 or coarse.logits is None or coarse.bins is None:
        return coarse.ab
    angle = 2 * np.pi * ((number - 1) % ANGLES) / ANGLES
    strength = TILT * (1 + (number - 1) // ANGLES)
    tilt = strength * (coarse.bins @ np.array([np.cos(angle), np.sin(angle)], np.float32))
    logits = coarse.logits + tilt[:, None, None].astype(np.float32)
    return readout.annealed_mean(logits, coarse.bins, readout.DEFAULT.temperature)
