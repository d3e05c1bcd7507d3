"""What is wrong with a picture: noise, and the 8×8 blocks of heavy JPEG compression."""

import numpy as np

from genapp.images import Pixels, to_float
from genapp.upscaling.grain import SIDE, grain_level

NOISY = 4 / 255
"""As `grain_level` sees it: added noise of a standard deviation of 8 grey levels or more."""
BLOCKY = 0.22
"""Portraits of 400×500 packed with a JPEG quality of 70 have 0.21…0.41, unpacked ones below 0.04
(Set14, unpacked: 0.09 or less in 9 of 10)."""
BLOCK = 8
SMALLEST = 64
"""Side below which texture cannot be told from noise, px."""


def damage(pixels: Pixels) -> tuple[str, ...]:
    """Words for what a network that cleans could mend: 'noisy', 'heavily compressed'.

    Args:
        pixels: H×W×C, uint8 or uint16.
    """
    if min(pixels.shape[:2]) < SMALLEST:
        return ()
    found = {"noisy": grain_level(pixels) >= NOISY, "heavily compressed": blocks(pixels) >= BLOCKY}
    return tuple(word for word, is_so in found.items() if is_so)


def blocks(pixels: Pixels) -> float:
    """How much steeper the steps at the borders of 8×8 blocks are than beside them, in parts of
    the mean step; the less of both directions. Wherever the blocks begin: the picture may be cut.

    Args:
        pixels: H×W×C, no side below 64 px.
    """
    top, left = (max(0, (length - SIDE) // 2) for length in pixels.shape[:2])
    luma = to_float(pixels[top : top + SIDE, left : left + SIDE]).mean(axis=2) * 255
    found = []
    for values in (luma, luma.T):
        steps = np.abs(np.diff(values, axis=1))
        steeper = (steps[:, 1:-1] - (steps[:, :-2] + steps[:, 2:]) / 2).mean(axis=0)
        phases = [steeper[phase::BLOCK].mean() for phase in range(BLOCK)]
        # Half a grey level more, so that an even picture has none.
        found.append((max(phases) - np.median(phases)) / (steps.mean() + 0.5))
    return float(min(found))
