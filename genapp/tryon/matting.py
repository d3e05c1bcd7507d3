"""Soft edges from the photo: the fast guided filter (He & Sun 2015, arXiv:1505.00996)."""

import cv2
import numpy as np

from genapp.tryon.arrays import Array

SUBSAMPLED = 128
"""The filter's coefficients are worked out at this size: they are smooth."""
SMOOTHNESS = 4e-4
"""Variance of colour (0..1) under which a patch counts as even: 2 % of the range, squared."""


def guided_filter(guide: Array, mask: Array, radius: int) -> Array:
    """A mask whose edges follow those of a picture: locally, it is linear in the colours.

    Args:
        guide: H×W×3, 0..1.
        mask: H×W, 0..1.
        radius: of the patches in which it is linear, px.

    Returns:
        H×W, about 0..1.
    """
    shrink = min(1.0, SUBSAMPLED / max(mask.shape))
    size = (max(1, round(mask.shape[1] * shrink)), max(1, round(mask.shape[0] * shrink)))
    small = np.asarray(cv2.resize(guide, size, interpolation=cv2.INTER_AREA), np.float32)
    target = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.float32)
    window = 2 * max(1, round(radius * shrink)) + 1

    def mean(image: Array) -> Array:
        return np.asarray(cv2.blur(image, (window, window)), np.float32)

    middle, level = mean(small), mean(target)
    products = mean(np.concatenate([small * small, small * np.roll(small, -1, 2)], 2))
    spread = products - np.concatenate([middle * middle, middle * np.roll(middle, -1, 2)], 2)
    # Symmetric 3×3 covariances: rr, gg, bb on the diagonal, rg, gb, br beside it.
    rr, gg, bb, rg, gb, br = np.moveaxis(spread, 2, 0)
    rr, gg, bb = (variance + SMOOTHNESS for variance in (rr, gg, bb))
    shared = np.moveaxis(mean(small * target[..., None]) - middle * level[..., None], 2, 0)
    # The inverse by cofactors: many times faster than a solver at so many tiny matrices.
    cofactors = np.array(
        [
            [gg * bb - gb * gb, br * gb - rg * bb, rg * gb - br * gg],
            [br * gb - rg * bb, rr * bb - br * br, rg * br - rr * gb],
            [rg * gb - br * gg, rg * br - rr * gb, rr * gg - rg * rg],
        ]
    )
    determinant = rr * cofactors[0, 0] + rg * cofactors[0, 1] + br * cofactors[0, 2]
    slope = np.einsum("ijhw,jhw->hwi", cofactors, shared) / determinant[..., None]
    offset = level - (slope * middle).sum(2)
    lines = np.concatenate([mean(slope.astype(np.float32)), mean(offset)[..., None]], 2)
    full = cv2.resize(lines, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray((full[..., :3] * guide).sum(2) + full[..., 3], np.float32)
