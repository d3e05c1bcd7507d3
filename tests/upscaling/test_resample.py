from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from genapp.upscaling.arrays import Values
from genapp.upscaling.resample import BICUBIC, LANCZOS, resample_strips, rows_of


def whole(values: Values, size: tuple[int, int], filter: Image.Resampling) -> Values:
    channels = [Image.fromarray(values[..., c]).resize(size, filter) for c in range(3)]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def strips_of(values: Values, cuts: list[int]) -> Iterator[tuple[int, Values]]:
    ends = [*cuts, values.shape[0]]
    for top, bottom in zip([0, *cuts], ends, strict=True):
        yield top, values[top:bottom]


@pytest.mark.parametrize("size", [(300, 240), (190, 150), (601, 480)])
def test_rows_are_those_of_the_whole(textured: NDArray[np.uint8], size: tuple[int, int]) -> None:
    expected = whole(np.asarray(textured / 255, np.float32), size, BICUBIC)
    parts = [
        rows_of(textured, size, top, min(top + 37, size[1]), BICUBIC)
        for top in range(0, size[1], 37)
    ]
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-4)


@settings(deadline=None)  # The machine may be busy.
@given(
    st.sets(st.integers(1, 119), max_size=5),
    st.sampled_from([(150, 120), (151, 120), (400, 333), (201, 144)]),
)
def test_enlarging_strips(
    textured: NDArray[np.uint8], cuts: set[int], size: tuple[int, int]
) -> None:
    values = np.asarray(textured / 255, np.float32)
    made = list(resample_strips(strips_of(values, sorted(cuts)), (150, 120), size))
    joined = np.concatenate([rows for _, rows in made])
    expected = np.clip(whole(values, size, LANCZOS), 0, 1) if size != (150, 120) else values
    assert [top for top, _ in made] == [
        sum(rows.shape[0] for _, rows in made[:i]) for i in range(len(made))
    ]
    np.testing.assert_allclose(joined, expected, atol=1e-4)


@settings(deadline=None)  # The machine may be busy.
@given(st.sets(st.integers(1, 119), max_size=5))
def test_shrinking_strips_has_no_seams(textured: NDArray[np.uint8], cuts: set[int]) -> None:
    values = np.asarray(textured / 255, np.float32)
    size = (97, 81)
    (_, expected), *_ = resample_strips([(0, values)], (150, 120), size)
    made = resample_strips(strips_of(values, sorted(cuts)), (150, 120), size)
    np.testing.assert_allclose(np.concatenate([rows for _, rows in made]), expected, atol=1e-4)


def test_shrinking_averages_light() -> None:
    """Half of the light of white is 188 of 255 on an sRGB screen."""
    lines = np.zeros((64, 64, 3), np.float32)
    lines[:, ::2] = 1
    ((_, rows),) = resample_strips([(0, lines)], (64, 64), (32, 32))
    np.testing.assert_allclose(rows[8:-8, 8:-8] * 255, 188, atol=1)
    grey = np.full((64, 64, 3), 0.3, np.float32)
    ((_, rows),) = resample_strips([(0, grey)], (64, 64), (50, 41))
    np.testing.assert_allclose(rows, 0.3, atol=1e-5)
