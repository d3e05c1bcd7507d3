"""Networks that run away: strong noise or pixel patterns, unlike anything in their training, can
drive their values to hundreds. Where that happens the picture is interpolated instead."""

import cv2
import numpy as np

from genapp.upscaling.arrays import Values
from genapp.upscaling.resample import BICUBIC, rows_of

HARMLESS = 0.15
"""How far values may leave 0..1. On photos and text that SPAN can read it is less than 0.1."""
HOPELESS = 0.45
"""From here on the network's picture counts for nothing."""
REACH = 4
"""Pixels of the source around such a place that are interpolated too. With the soft edge of 2 it
stays within what neighbouring tiles share."""


def caught(enlarged: Values, source: Values) -> Values:
    """The network's picture, faded to a bicubic one around values far outside 0..1.

    Args:
        enlarged: (scale·h)×(scale·w)×C, what the network made; NaN and infinity too.
        source: h×w×C, 0..1.
    """
    height, width, channels = source.shape
    scale = enlarged.shape[0] // height
    blocks = enlarged.reshape(height, scale, width, scale, channels)
    excess = np.maximum(-blocks.min(axis=(1, 3, 4)), blocks.max(axis=(1, 3, 4)) - 1)
    # NaN is never within bounds.
    if (excess <= HARMLESS).all():
        return enlarged
    excess = np.nan_to_num(excess, nan=HOPELESS, posinf=HOPELESS)
    lost = np.clip((excess - HARMLESS) / (HOPELESS - HARMLESS), 0, 1).astype(np.float32)
    side = 2 * REACH + 1
    wide = cv2.dilate(lost, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    soft = np.asarray(cv2.blur(wide, (5, 5)), np.float32)
    size = (width * scale, height * scale)
    weight = np.maximum(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), _large(lost, scale))
    base = rows_of(source, size, 0, size[1], BICUBIC)
    kept = np.clip(np.nan_to_num(enlarged, nan=0.0), 0, 1)
    return np.asarray(kept + (base - kept) * weight[..., np.newaxis], np.float32)


def _large(values: Values, scale: int) -> Values:
    return values.repeat(scale, axis=0).repeat(scale, axis=1)
