"""A stylizer over a whole picture: at once if it is small, tile by tile if not, without seams.

Two things make seams. An instance norm measures its own part of the picture alone: here all tiles
take the statistics of the whole, shrunk to `WHOLE`. And a tile's border sees too little: here
every tile is cut out with at least `MARGIN` pixels more to each side, which are thrown away.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

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

Values = NDArray[np.float32]


class Painter(Protocol):
    """A network with a style, ready to paint."""

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        ...

    @property
    def side(self) -> int | None:
        """The only height and width that it takes, px; None: any."""
        ...

    @property
    def lines(self) -> bool:
        """It draws lines, which stay as they are. A painting, on the other hand, may have a mesh
        that is to be taken out, and can be painted over with finer strokes."""
        ...

    def paint(self, image: Values, shared: Values | None) -> tuple[Values, Values]:
        """Paint a picture, 1×3×h×w, 0..1.

        Args:
            image: what to paint.
            shared: statistics to take, 2×c; None: its own.

        Returns:
            The painting, in the same size, and the statistics, 2×c.
        """
        ...


@dataclass(frozen=True, eq=False)
class Brush:
    """One of our own networks with a style."""

    engine: Engine
    style: Values
    """2×c."""
    multiple: int = 4
    side: int | None = None
    lines: bool = False

    def paint(self, image: Values, shared: Values | None) -> tuple[Values, Values]:
        """See `Painter.paint`."""
        outputs = self.engine.run(
            {
                "image": image,
                "style": self.style,
                "statistics": np.ones_like(self.style) if shared is None else shared,
                "shared": np.array([shared is not None], np.float32),
            }
        )
        return outputs["painting"], outputs["used"]


def paint_tiles(
    source: Pixels,
    brush: Painter,
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
        tile: side of a tile, px, a multiple of the brush's.
        done: told the number of pixels painted, tile by tile.

    Yields:
        Left, top and pixels (h×w×3, 0..1) of each part of the painting.
    """
    height, width = source.shape[:2]
    # At the picture's own border, tiles are then padded as the whole is.
    margin = -(-MARGIN // brush.multiple) * brush.multiple
    if brush.side is not None:
        whole, tile = 0, brush.side - 2 * margin
        if max(width, height) <= brush.side:
            whole = width * height
    if width * height <= whole:
        painting, _ = run(source, brush, None)
        done(width * height)
        yield 0, 0, painting
        return
    shared = statistics(source, brush, whole)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            bottom, right = min(top + tile, height), min(left + tile, width)
            first_row, first_column = max(0, top - margin), max(0, left - margin)
            part = source[first_row : bottom + margin, first_column : right + margin]
            painting, _ = run(part, brush, shared)
            rows = slice(top - first_row, bottom - first_row)
            columns = slice(left - first_column, right - first_column)
            done((bottom - top) * (right - left))
            yield left, top, painting[rows, columns]


def statistics(source: Pixels, brush: Painter, whole: int) -> Values:
    """Those of a picture, measured on one shrunk to `whole` pixels: 2×c."""
    height, width = source.shape[:2]
    if brush.side is None:
        shrink = (whole / (height * width)) ** 0.5
    else:
        shrink = brush.side / max(height, width)
    small = resampled(source, (max(1, int(width * shrink)), max(1, int(height * shrink))))
    return run(small, brush, None)[1]


def run(pixels: Pixels, brush: Painter, shared: Values | None) -> tuple[Values, Values]:
    """Paint a picture at once.

    Args:
        pixels: h×w×3, uint8 or uint16.
        brush: what to paint with.
        shared: statistics to take; None: its own.

    Returns:
        The painting, h×w×3, 0..1, and the statistics, 2×c.
    """
    height, width = pixels.shape[:2]
    below, right = -height % brush.multiple, -width % brush.multiple
    if brush.side is not None:
        below, right = brush.side - height, brush.side - width
    padded = cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REFLECT_101)
    image = to_float(np.asarray(padded, pixels.dtype)).transpose(2, 0, 1)
    painted, used = brush.paint(np.ascontiguousarray(image)[None], shared)
    painting = np.ascontiguousarray(painted[0].transpose(1, 2, 0))
    if not brush.lines:
        border = cv2.BORDER_REFLECT_101
        painting = np.asarray(cv2.sepFilter2D(painting, -1, NO_MESH, NO_MESH, borderType=border))
    clipped = np.clip(painting[:height, :width], 0, 1)
    return np.asarray(clipped, np.float32), np.asarray(used, np.float32)


def resampled(pixels: Pixels, size: Size) -> Pixels:
    """H×W×3 of another size, same type."""
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    way = cv2.INTER_AREA if pixels.shape[1] > size[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=way), pixels.dtype)
