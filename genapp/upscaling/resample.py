"""Resampling by any factor, some rows of the result at a time.

Pillow's resampler is antialiased, takes fractions of pixels, and works on float32. Where a side
gets longer, the values are taken as they are stored: interpolating linear light makes dark halos
beside bright edges, and networks are trained on stored values. Where a side gets shorter, light
itself is averaged (sRGB's curve), as a lens would: else fine bright lines would get darker.
"""

import math
from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np
from PIL import Image

from genapp.images import Pixels, to_float
from genapp.upscaling.arrays import Values
from genapp.upscaling.plan import Size

BICUBIC = Image.Resampling.BICUBIC
LANCZOS = Image.Resampling.LANCZOS
BILINEAR = Image.Resampling.BILINEAR
REACH = {BILINEAR: 1.0, BICUBIC: 2.0, LANCZOS: 3.0}
"""Pixels to each side of the larger grid that a filter looks at."""


def rows_of(
    source: Pixels | Values, size: Size, top: int, bottom: int, filter: Image.Resampling
) -> Values:
    """Rows top..bottom of `source` resampled to `size`.

    Args:
        source: H×W×C, uint8, uint16 or float32.
        size: width and height of the whole result.
        top, bottom: 0 <= top < bottom <= height of the result.
        filter: BILINEAR, BICUBIC or LANCZOS.

    Returns:
        (bottom - top)×width×C, float32. May leave 0..1 a little.
    """
    step = source.shape[0] / size[1]
    first, last = _needed(top, bottom, step, source.shape[0], filter)
    part = source[first:last]
    values = cast(Values, part) if part.dtype == np.float32 else to_float(cast(Pixels, part))
    box = (top * step - first, bottom * step - first)
    return _boxed(values, (size[0], bottom - top), *box, filter)


def interpolated(
    source: Pixels, box: tuple[float, float, float, float], size: Size, *, nearest: bool = False
) -> Values:
    """A piece of a picture in another size, bicubic or each pixel a square.

    Args:
        source: H×W×C, uint8 or uint16.
        box: left, top, right, bottom in pixels and their fractions, inside the picture.
        size: width and height of the result.

    Returns:
        h×w×C, 0..1.
    """
    step = max((box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1], 1)
    reach = math.ceil(REACH[BICUBIC] * step) + 1
    left, top = (max(0, math.floor(value) - reach) for value in box[:2])
    right, bottom = (math.ceil(value) + reach for value in box[2:])
    values = to_float(source[top:bottom, left:right])
    inside = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
    way = Image.Resampling.NEAREST if nearest else BICUBIC
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(values[..., channel])).resize(size, way, inside)
        )
        for channel in range(values.shape[2])
    ]
    return np.asarray(np.clip(np.stack(channels, axis=-1), 0, 1), np.float32)


def resample_strips(
    strips: Iterable[tuple[int, Values]], size_in: Size, size_out: Size
) -> Iterator[tuple[int, Values]]:
    """Lanczos on a picture that comes, and leaves, as strips of whole rows from the top down.

    Args:
        strips: first row and rows, h×width×C.
        size_in: width and height of the whole picture.
        size_out: those of the result. Where it is smaller, linear light is averaged.

    Yields:
        First row and rows of the result, 0..1.
    """
    if size_in == size_out:
        for top, rows in strips:
            yield top, np.clip(rows, 0, 1)
        return
    in_light = size_out[0] < size_in[0] or size_out[1] < size_in[1]
    step = size_in[1] / size_out[1]
    kept: Values | None = None
    first = done = 0
    for top, rows in _thin(strips):
        fresh = np.clip(rows, 0, 1)
        fresh = _to_light(fresh) if in_light else fresh
        kept = fresh if kept is None else np.concatenate([kept, fresh])
        have = top + rows.shape[0]
        ready = _ready(have, step, size_in[1], size_out[1])
        if ready <= done:
            continue
        made = _boxed(
            kept, (size_out[0], ready - done), done * step - first, ready * step - first, LANCZOS
        )
        made = np.clip(made, 0, 1)
        yield done, _from_light(made) if in_light else made
        done = ready
        # What later rows look at.
        keep_from = max(first, math.floor(done * step - REACH[LANCZOS] * max(step, 1)) - 1)
        kept = kept[keep_from - first :]
        first = keep_from


def _thin(strips: Iterable[tuple[int, Values]]) -> Iterator[tuple[int, Values]]:
    """The same rows in strips of no more than 128, whose copies take little memory."""
    for top, rows in strips:
        for first in range(0, rows.shape[0], 128):
            yield top + first, rows[first : first + 128]


def _needed(
    top: int, bottom: int, step: float, height: int, filter: Image.Resampling
) -> tuple[int, int]:
    """Rows of the source that rows top..bottom of the result look at."""
    reach = REACH[filter] * max(step, 1) + 1
    return max(0, math.floor(top * step - reach)), min(height, math.ceil(bottom * step + reach))


def _ready(have: int, step: float, height_in: int, height_out: int) -> int:
    """Rows of the result that need no more than the first `have` rows of the source."""
    if have >= height_in:
        return height_out
    return max(0, math.floor((have - 1 - REACH[LANCZOS] * max(step, 1)) / step))


def _boxed(
    values: Values, size: Size, top: float, bottom: float, filter: Image.Resampling
) -> Values:
    """All columns, and rows top..bottom (in fractions), as `size`. Pixels beyond the box count."""
    width = values.shape[1]
    box = (0, max(top, 0.0), width, min(bottom, values.shape[0]))
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(values[..., channel])).resize(size, filter, box)
        )
        for channel in range(values.shape[2])
    ]
    return np.stack(channels, axis=-1)


def _to_light(values: Values) -> Values:
    """IEC 61966-2-1."""
    curve = np.power((values + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    return np.where(values <= 0.04045, values / np.float32(12.92), curve)


def _from_light(light: Values) -> Values:
    curve = np.float32(1.055) * np.power(light, np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(light <= 0.0031308, light * np.float32(12.92), curve)
