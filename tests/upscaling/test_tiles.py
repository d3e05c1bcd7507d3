from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genapp.images import Pixels
from genapp.registry.catalog import Catalog, Model
from genapp.registry.engines import Engine, Engines
from genapp.upscaling import tiles
from genapp.upscaling.arrays import Values


def enlarged(source: Pixels, model: Model, engine: Engine, tile: int) -> Values:
    strips = list(tiles.enlarge_strips(source, model, engine, tile, lambda pixels: None))
    ends = [top + rows.shape[0] for top, rows in strips]
    assert [top for top, _ in strips] == [0, *ends[:-1]]
    return np.concatenate([rows for _, rows in strips])


@pytest.mark.parametrize("name", ["upscale/span-x2.ch48", "upscale/span-x4.ch48"])
@pytest.mark.parametrize("tile", [64, 96])
def test_no_seams_with_the_real_network(
    real: Engines, textured: NDArray[np.uint8], name: str, tile: int
) -> None:
    model, engine = real.catalog.get(name), real.get(name)
    whole = enlarged(textured, model, engine, 1000)
    tiled = enlarged(textured, model, engine, tile)
    assert tiled.shape == (120 * (model.scale or 0), 150 * (model.scale or 0), 3)
    assert np.abs(tiled - whole).max() < 0.1 / 255


@settings(deadline=None)  # The machine may be busy.
@given(st.integers(1, 3000), st.integers(32, 512), st.sampled_from([1, 2, 8, 16]))
def test_tiles_cover_everything_and_overlap(length: int, tile: int, multiple: int) -> None:
    tile = tile // multiple * multiple
    found = tiles.starts(length, tile, multiple)
    assert found[0] == 0
    assert found[-1] + tile >= length
    assert all(start % multiple == 0 for start in found)
    shared = [a + tile - b for a, b in pairwise(found)]
    assert all(min(tiles.OVERLAP, tile // 2) - multiple <= overlap < tile for overlap in shared)


@settings(deadline=None)  # The machine may be busy.
@given(st.integers(100, 2000), st.integers(64, 256), st.sampled_from([2, 4]))
def test_fades_make_one(length: int, tile: int, scale: int) -> None:
    lefts = tiles.starts(length, tile)
    total = np.zeros((lefts[-1] + tile) * scale)
    for i, left in enumerate(lefts):
        total[left * scale : (left + tile) * scale] += tiles._fade(lefts, i, tile, scale)
    np.testing.assert_allclose(total[: length * scale] if len(lefts) > 1 else 1, 1, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (65, 64), (200, 33)])
def test_any_size(stand_ins: Engines, catalog: Catalog, size: tuple[int, int]) -> None:
    source = np.random.default_rng(1).integers(0, 65536, (*size, 3)).astype(np.uint16)
    model = catalog.get("upscale/near-x4.v1")
    result = enlarged(source, model, stand_ins.get(model.name), 64)
    expected = source.repeat(4, axis=0).repeat(4, axis=1) / 65535
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_one_channel(stand_ins: Engines, catalog: Catalog, textured: NDArray[np.uint8]) -> None:
    model = catalog.get("upscale/near-x2.v1")
    grey = textured[..., :1]
    result = enlarged(grey, model, stand_ins.get(model.name), 64)
    assert result.shape == (240, 300, 1)
    np.testing.assert_allclose(result[::2, ::2], grey / 255, atol=1e-6)


class Strict:
    """Takes only what a demanding network takes."""

    def __init__(self, multiple: int, fixed: int | None = None) -> None:
        self.multiple = multiple
        self.fixed = fixed

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        image = inputs["image"]
        assert image.dtype == np.float32
        assert all(side % self.multiple == 0 for side in image.shape[2:])
        assert self.fixed is None or image.shape[2:] == (self.fixed, self.fixed)
        return {"enlarged": image.repeat(2, axis=2).repeat(2, axis=3)}


@pytest.mark.parametrize("size", [(5, 130), (100, 97)])
def test_size_multiples_and_fixed_sizes(catalog: Catalog, size: tuple[int, int]) -> None:
    source = np.random.default_rng(2).integers(0, 256, (*size, 3)).astype(np.uint8)
    expected = source.repeat(2, axis=0).repeat(2, axis=1) / 255
    model = replace(catalog.get("upscale/near-x2.v1"), size_multiple=16)
    np.testing.assert_allclose(enlarged(source, model, Strict(16), 70), expected, atol=1e-6)
    port = replace(model.inputs[0], shape=("n", 3, 80, 80))
    model = replace(model, size_multiple=1, inputs=(port,))
    np.testing.assert_allclose(enlarged(source, model, Strict(1, 80), 500), expected, atol=1e-6)


def test_work_is_what_is_told(stand_ins: Engines, catalog: Catalog) -> None:
    model = catalog.get("upscale/near-x2.v1")
    told: list[int] = []
    source = np.zeros((150, 210, 3), np.uint8)
    list(tiles.enlarge_strips(source, model, stand_ins.get(model.name), 64, told.append))
    assert len(told) > 4
    assert sum(told) == tiles.work((210, 150), model, 64)
