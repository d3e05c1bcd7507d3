"""Colours read out of a distribution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.colorizing import readout

BINS = np.array([[-20, 0], [0, 10], [40, 30]], np.float32)


def logits_of(*chances: float) -> readout.Array:
    return np.log(np.array(chances, np.float32))[:, None, None] + np.zeros((1, 2, 3), np.float32)


@given(st.lists(st.floats(-40, 40, width=32), min_size=3, max_size=3), st.floats(0.05, 2))
def test_probabilities_add_up_to_one(values: list[float], temperature: float) -> None:
    chance = readout.distribution(np.array(values, np.float32).reshape(3, 1, 1), temperature)
    assert chance.min() >= 0
    assert chance.sum() == pytest.approx(1, abs=1e-5)


def test_temperature_1_is_the_mean() -> None:
    color = readout.annealed_mean(logits_of(0.5, 0.25, 0.25), BINS, 1.0)
    assert color.shape == (2, 3, 2)
    np.testing.assert_allclose(color[0, 0], [0, 10], atol=1e-4)


def test_cold_is_the_likeliest_colour() -> None:
    color = readout.annealed_mean(logits_of(0.3, 0.3, 0.4), BINS, 0.01)
    np.testing.assert_allclose(color[1, 2], [40, 30], atol=1e-3)


def test_spread_is_the_standard_deviation() -> None:
    assert readout.spread(logits_of(1e-9, 1e-9, 1.0), BINS)[0, 0] == pytest.approx(0, abs=0.1)
    two = readout.spread(logits_of(0.5, 0.5, 1e-12), np.array([[-7, 0], [7, 0], [0, 0]], "f4"))
    assert two[0, 0] == pytest.approx(7, abs=1e-3)


def test_calming_keeps_what_is_flat_and_lowers_a_lone_blotch() -> None:
    logits = np.zeros((2, 15, 15), np.float32)
    logits[1] = 3
    logits[0, 7, 7] = 9
    calm = readout.calmed(logits, 1.5)
    np.testing.assert_allclose(calm[1], 3, atol=1e-4)
    assert calm[0, 7, 7] < 1
    assert readout.calmed(logits, 0) is logits


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_network_sees_multiples_of_32(height: int, width: int) -> None:
    rows, columns = readout.input_size((height, width), 160)
    assert rows % 32 == columns % 32 == 0
    assert min(rows, columns) == 160
    assert max(rows, columns) <= 640
    if max(height, width) <= 3 * min(height, width):
        assert rows / columns == pytest.approx(height / width, rel=0.12)


def test_saturation_0_is_grey_and_2_is_twice_as_strong() -> None:
    logits, lightness = logits_of(0.2, 0.3, 0.5), np.full((20, 30), 50, np.float32)
    plain = readout.colors(logits, BINS, lightness, readout.Settings(saturation=1))
    assert plain.shape == (20, 30, 2)
    double = readout.colors(logits, BINS, lightness, readout.Settings(saturation=2))
    np.testing.assert_allclose(double, 2 * plain, atol=1e-3)
    assert not readout.colors(logits, BINS, lightness, readout.Settings(saturation=0)).any()
