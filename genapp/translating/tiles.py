"""A stylizer over a whole picture: at once if it is small, tile by tile if not, without seams.

Two things make seams. An instance norm measures its own part of the picture alone: here all tiles
take the statistics of the whole, shrunk to `WHOLE`. And a tile's border sees too little: here
every tile is cut out with `MARGIN` pixels more to each side, which are thrown away.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, to_float
from genapp.registry.engines import Engine
from genapp.translating.plan import Size

WHOLE = 1_200_000
"""Pixels up to which a picture is painted at once."""
TILE = 768
"""Side of the part of a tile that is kept, px."""
MARGIN = 68
"""What a pixel of the painting depends on to each side, 67 px, as a multiple of 4: 48 of them are
the 12 layers at quarter size."""
NO_MESH = np.array([-1, 4, 10, 4, -1], np.float32) / 16
"""Takes out patterns that change from pixel to pixel, which the networks' last layers leave like a
mesh in some styles; half that frequency keeps three quarters."""
MULTIPLE = 4

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Brush:
    """A network with a style, ready to paint."""

    engine: Engine
    style: Values
    """2×c."""


def paint_tiles(
    source: Pixels,
    brush: Brush,
    *,
    whole: int = WHOLE,
    tile: int = TILE,
    done: Callable[[int], None] = lambda pixels: None,
) -> Iterator[tuple[int, int, Values]]:
    """Paint a picture.

    Args:
        source: H×W×3, uint8 or uint16.
        brush: what to paint with.
        whole: pixels up to which it is painted at once.
        tile: side of a tile, px, a multiple of 4.
        done: told the number of pixels painted, tile by tile.

    Yields:
        Left, top and pixels (h×w×3, 0..1) of each part of the painting.
    """
    height, width = source.shape[:2]
    if width * height <= whole:
        painting, _ = run(source, brush, None)
        done(width * height)
        yield 0, 0, painting
        return
    shared = statistics(source, brush, whole)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            bottom, right = min(top + tile, height), min(left + tile, width)
            first_row, first_column = max(0, top - MARGIN), max(0, left - MARGIN)
            part = source[first_row : bottom + MARGIN, first_column : right + MARGIN]
            painting, _ = run(part, brush, shared)
            rows = slice(top - first_row, bottom - first_row)
            columns = slice(left - first_column, right - first_column)
            done((bottom - top) * (right - left))
            yield left, top, painting[rows, columns]


def statistics(source: Pixels, brush: Brush, whole: int) -> Values:
    """Those of a picture, measured on one shrunk to `whole` pixels: 2×c."""
    height, width = source.shape[:2]
    shrink = (whole / (height * width)) ** 0.5
    small = resampled(source, (max(1, int(width * shrink)), max(1, int(height * shrink))))
    return run(small, brush, None)[1]


def run(pixels: Pixels, brush: Brush, shared: Values | None) -> tuple[Values, Values]:
    """Paint a picture at once.

    Args:
        pixels: h×w×3, uint8 or uint16.
        brush: what to paint with.
        shared: statistics to take; None: its own.

    Returns:
        The painting, h×w×3, 0..1, and the statistics, 2×c.
    """
    height, width = pixels.shape[:2]
    padded = cv2.copyMakeBorder(
        pixels, 0, -height % MULTIPLE, 0, -width % MULTIPLE, cv2.BORDER_REFLECT_101
    )
    image = to_float(np.asarray(padded, pixels.dtype)).transpose(2, 0, 1)
    outputs = brush.engine.run(
        {
            "image": np.ascontiguousarray(image)[None],
            "style": brush.style,
            "statistics": np.ones_like(brush.style) if shared is None else shared,
            "shared": np.array([shared is not None], np.float32),
        }
    )
    painting = np.ascontiguousarray(outputs["painting"][0].transpose(1, 2, 0))
    smooth = cv2.sepFilter2D(painting, -1, NO_MESH, NO_MESH, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(np.clip(smooth[:height, :width], 0, 1), np.float32), np.asarray(
        outputs["used"], np.float32
    )


def resampled(pixels: Pixels, size: Size) -> Pixels:
    """H×W×3 of another size, same type."""
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    way = cv2.INTER_AREA if pixels.shape[1] > size[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=way), pixels.dtype)
