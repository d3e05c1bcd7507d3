"""Film grain and sensor noise: how much there is, and the same again."""

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, to_float
from genapp.upscaling.arrays import Values

BLOCK = 16
QUIET = 0.25
"""Part of the blocks that shows grain alone; the others hold edges and texture."""
FIELD = 1024
"""Side of the square of noise that is laid out again and again, px."""
SIDE = 2048
"""No more than a square of this side is measured, from the middle of the picture."""


def grain_level(pixels: Pixels) -> float:
    """Standard deviation of the noise in the luma, 0..1.

    Immerkær, "Fast noise variance estimation", 1996: the difference of two Laplacians ignores
    whatever changes evenly. Taken over the quieter blocks, so that texture counts little.

    Args:
        pixels: H×W×C, uint8 or uint16, C 3 or 1.
    """
    top, left = (max(0, (length - SIDE) // 2) for length in pixels.shape[:2])
    luma = to_float(pixels[top : top + SIDE, left : left + SIDE]).mean(axis=2)
    if min(luma.shape) < 2 * BLOCK:
        return 0.0
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(luma, cv2.CV_32F, kernel))[1:-1, 1:-1]
    rows, columns = (length // BLOCK for length in response.shape)
    blocks = response[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    levels = blocks.mean(axis=(1, 3)) * np.sqrt(np.pi / 2) / 6
    return float(np.quantile(levels, QUIET))


def missing_grain(source: Pixels, enlarged: Pixels) -> float:
    """Standard deviation of the noise that an enlarged picture lacks, 0..1.

    Args:
        source: H×W×C.
        enlarged: the same picture larger; seen at the source's size.
    """
    size = (source.shape[1], source.shape[0])
    small = cv2.resize(enlarged, size, interpolation=cv2.INTER_AREA)
    kept = grain_level(np.asarray(small, enlarged.dtype).reshape(source.shape))
    return float(np.sqrt(max(grain_level(source) ** 2 - kept**2, 0.0)))


class Grain:
    """Noise of a given strength that looks the same each time.

    Args:
        level: standard deviation in the middle tones, 0..1. Black and white stay clean.
        scale: how many times the picture was enlarged: grains grow with half of it.
        seed: another seed, another pattern.
    """

    def __init__(self, level: float, scale: float, seed: int = 0) -> None:
        self._level = level
        noise = np.random.default_rng(seed).standard_normal((FIELD, FIELD)).astype(np.float32)
        self._field = _softened(noise, scale / 4)

    def add(self, rows: Values, top: int) -> Values:
        """Rows from `top` on, h×W×C, with grain, which may leave 0..1 a little."""
        height, width = rows.shape[:2]
        lines = self._field.take(np.arange(top, top + height) % FIELD, axis=0)
        noise = lines.take(np.arange(width) % FIELD, axis=1)
        luma = np.clip(rows.mean(axis=2), 0, 1)
        tone = 2 * np.sqrt(luma * (1 - luma))
        grainy: Values = rows + (noise * tone * np.float32(self._level))[..., None]
        return grainy


def _softened(noise: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Blurred around the edges of the square, with its deviation restored to 1."""
    edge = int(np.ceil(4 * radius)) + 1
    wide = np.pad(noise, edge, mode="wrap")
    soft = cv2.GaussianBlur(wide, (0, 0), max(radius, 0.01))[edge:-edge, edge:-edge]
    return np.asarray(soft / soft.std(), np.float32)
