"""A network over a whole picture, tile by tile, without seams.

Neighbouring tiles share `OVERLAP` pixels. Within the middle `RAMP` of them one tile fades into the
other, so that a tile's border, where the network saw too little, never shows.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import cv2
import numpy as np

from genapp.images import Pixels, to_float
from genapp.registry.catalog import Model
from genapp.registry.engines import Engine
from genapp.upscaling.arrays import Values
from genapp.upscaling.runaway import caught

OVERLAP = 32
"""Pixels of the input; less the ramp, 12 to each side. SPAN's convolutions see 20, but what lies
beyond 12 changes its picture by less than 0.01/255 (tests/upscaling/test_tiles.py)."""
RAMP = 8


def enlarge_strips(
    source: Pixels, model: Model, engine: Engine, tile: int, done: Callable[[int], None]
) -> Iterator[tuple[int, Values]]:
    """Run a network over a picture.

    Args:
        source: H×W×C, uint8 or uint16, C 3 or 1 (which the network sees as grey RGB).
        model: the network's entry: one image in (n×3×h×w RGB 0..1), one out, `scale` times larger.
        engine: the network.
        tile: side of a tile in pixels of the input. A network of fixed size has its own.
        done: told the number of the input's pixels that were worked on, tile by tile.

    Yields:
        First row and rows of the result, from the top down: h×(scale·W)×C, about 0..1.

    Raises:
        OutOfMemory: try a smaller tile.
    """
    scale = model.scale or 1
    height, width = source.shape[:2]
    tile_height, tile_width = _tile_size(model, tile, height, width)
    lefts = starts(width, tile_width, model.size_multiple)
    tops = starts(height, tile_height, model.size_multiple)
    fades = [_fade(lefts, i, tile_width, scale) for i in range(len(lefts))]
    tail: Values | None = None
    for number, top in enumerate(tops):
        wide = (lefts[-1] + tile_width) * scale
        band = np.zeros((tile_height * scale, wide, source.shape[2]), np.float32)
        for left, fade in zip(lefts, fades, strict=True):
            enlarged = _run(source, top, left, (tile_height, tile_width), model, engine)
            columns = slice(left * scale, (left + tile_width) * scale)
            band[:, columns] += enlarged * fade[None, :, None]
            done(min(tile_height, height) * min(tile_width, width))
        if tail is not None:
            # Rows that both bands have: from this one's first to the last one's end.
            weight = 1 - _ramp(tail.shape[0] // scale, scale)[:, None, None]
            band[: tail.shape[0]] += (tail - band[: tail.shape[0]]) * weight
        end = tops[number + 1] if number + 1 < len(tops) else height
        yield top * scale, band[: (end - top) * scale, : width * scale]
        tail = band[(end - top) * scale :].copy()


def starts(length: int, tile: int, multiple: int = 1) -> list[int]:
    """Where tiles begin that cover `length` and share at least `OVERLAP` less a `multiple`, evenly
    spread. The last may reach over the end by less than `multiple`, or if there is but one."""
    padded = -(-length // multiple) * multiple
    if padded <= tile:
        return [0]
    overlap = min(OVERLAP, tile // 2)
    count = -(-(padded - overlap) // (tile - overlap))
    last = padded - tile
    return [round(last * i / (count - 1) // multiple) * multiple for i in range(count)]


def work(size: tuple[int, int], model: Model, tile: int) -> int:
    """Pixels that a network will see of a picture of `size` (width, height), overlaps included."""
    width, height = size
    tile_height, tile_width = _tile_size(model, tile, height, width)
    columns = len(starts(width, tile_width, model.size_multiple)) * min(tile_width, width)
    rows = len(starts(height, tile_height, model.size_multiple)) * min(tile_height, height)
    return columns * rows


def _tile_size(model: Model, tile: int, height: int, width: int) -> tuple[int, int]:
    """Height and width of a tile: no larger than the picture, a multiple of the model's."""
    fixed = model.inputs[0].shape[2:]
    sides = []
    for length, size in zip((height, width), fixed, strict=True):
        multiple = model.size_multiple
        side = min(max(tile, multiple), -(-length // multiple) * multiple)
        sides.append(size if isinstance(size, int) else side // multiple * multiple)
    return sides[0], sides[1]


def _fade(lefts: list[int], i: int, tile: int, scale: int) -> Values:
    """How much of tile i counts in each column of the result; all tiles' together make 1."""
    weight = np.ones(tile * scale, np.float32)
    for before, after in pairwise(lefts):
        shared = before + tile - after
        if after == lefts[i]:
            weight[: shared * scale] *= _ramp(shared, scale)
        if before == lefts[i]:
            weight[(tile - shared) * scale :] *= 1 - _ramp(shared, scale)
    return weight


def _ramp(shared: int, scale: int) -> Values:
    """From 0 to 1 over the middle of `shared` pixels of the input, for each of the result's."""
    position = (np.arange(shared * scale, dtype=np.float32) + 0.5) / scale
    return np.clip((position - shared / 2) / RAMP + 0.5, 0, 1)


def _run(
    source: Pixels, top: int, left: int, size: tuple[int, int], model: Model, engine: Engine
) -> Values:
    part = source[top : top + size[0], left : left + size[1]]
    missing = size[0] - part.shape[0], size[1] - part.shape[1]
    if any(missing):
        wide = cv2.copyMakeBorder(part, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
        part = np.asarray(wide, source.dtype).reshape(*size, source.shape[2])
    values = to_float(part)
    image = np.broadcast_to(values, (*size, 3)).transpose(2, 0, 1)
    outputs = engine.run({model.inputs[0].name: np.ascontiguousarray(image)[None]})
    enlarged = outputs[model.outputs[0].name][0].transpose(1, 2, 0)
    if source.shape[2] == 1:
        enlarged = enlarged.mean(axis=2, keepdims=True)
    return caught(np.asarray(enlarged, np.float32), values)
