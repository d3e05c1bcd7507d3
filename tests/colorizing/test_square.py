"""Photographs in squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.colorizing.square import from_square, grey_rgb, to_square


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([16, 64]))
@settings(max_examples=40, deadline=None)
def test_photo_lies_whole_in_the_square(height: int, width: int, side: int) -> None:
    lightness = np.random.default_rng(0).uniform(0, 100, (height, width)).astype(np.float32)
    square, place = to_square(lightness, side)
    assert square.shape == (side, side)
    inside = square[place]
    assert max(inside.shape) == side
    assert inside.mean() == pytest.approx(lightness.mean(), abs=12)
    assert square.min() >= 0
    assert square.max() <= 100
    back = from_square(np.dstack([square, square]), place, lightness)
    assert back.shape[0] <= max(height, 1)
    assert back.shape[1] <= max(width, 1)


def test_rest_mirrors_the_photo() -> None:
    ramp = np.tile(np.linspace(10, 90, 64, dtype=np.float32), (16, 1))
    square, (rows, _) = to_square(ramp, 64)
    assert np.array_equal(square[rows.start - 1], square[rows.start])
    assert square == pytest.approx(np.tile(ramp[:1], (64, 1)), abs=0.1)


def test_grey() -> None:
    rgb = grey_rgb(np.array([[0, 50, 100]], np.float32))
    assert rgb[0] == pytest.approx(np.array([[0] * 3, [0.4663] * 3, [1] * 3]), abs=2e-3)
