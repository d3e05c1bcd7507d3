"""The distribution of a pixel: it sums to one, draws follow it, colours are coupled in order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genapp.families import mixture
from genapp.families.mixture import PER_COMPONENT, Values


def parameters(components: int = 2, seed: int = 0) -> Values:
    """Of one pixel, 1×10K×1×1: means near byte 12, so that tails and the middle both matter."""
    rng = np.random.default_rng(seed)
    kinds = np.zeros((PER_COMPONENT, components))
    kinds[0] = rng.normal(0, 1, components)
    kinds[1:4] = rng.uniform(-0.97, -0.87, (3, components))
    kinds[4:7] = rng.uniform(-5.5, -4.8, (3, components))
    kinds[7:10] = rng.normal(0, 0.1, (3, components))
    kinds[2] += np.tanh(kinds[7]) * 0.9
    kinds[3] += (np.tanh(kinds[8]) + np.tanh(kinds[9])) * 0.9
    return kinds.reshape(1, -1, 1, 1)


def likelihood(one: Values, colors: Values) -> Values:
    """Of N×3 bytes under the distribution of one pixel."""
    pixels = (colors.T / 127.5 - 1)[None, :, None]
    wide = np.broadcast_to(one, (1, one.shape[1], 1, len(colors)))
    return np.exp(mixture.log_likelihood(wide, pixels)).ravel()


def grid(side: int) -> Values:
    """All colours of bytes below `side`."""
    return np.indices((side,) * 3).reshape(3, -1).T.astype(np.float64)


@pytest.mark.parametrize("seed", range(3))
def test_probabilities_of_all_colours_sum_to_one(seed: int) -> None:
    # What is brighter than byte 60 has no weight worth mentioning.
    assert likelihood(parameters(seed=seed), grid(60)).sum() == pytest.approx(1, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(-8, 1))
def test_a_colour_sums_to_one_over_its_256_bytes(mean: float, log_scale: float) -> None:
    kinds = np.zeros((PER_COMPONENT, 1))
    kinds[1], kinds[4] = mean, log_scale
    one = kinds.reshape(1, -1, 1, 1)
    colors = np.zeros((256, 3))
    colors[:, 0] = np.arange(256)
    colors[:, 1:] = 100
    # Without slopes green and blue are two factors, the same for all: those of red 0.
    wide = np.zeros((PER_COMPONENT, 1))
    wide[1], wide[4] = -100.0, -7.0  # red is 0 for sure
    others = likelihood(wide.reshape(1, -1, 1, 1), colors[:1])[0]
    assert likelihood(one, colors).sum() / others == pytest.approx(1, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (1, 30, 1, 1), elements=st.floats(-30, 30)), st.integers(0, 255))
def test_never_more_than_certain_and_never_nan(one: Values, byte: int) -> None:
    found = mixture.log_likelihood(one, np.full((1, 3, 1, 1), byte / 127.5 - 1))
    assert (found <= 1e-9).all()


def test_draws_follow_the_distribution() -> None:
    one, count = parameters(), 40_000
    uniform = np.random.default_rng(1).random((1, 4, 1, count))
    wide = np.broadcast_to(one, (1, one.shape[1], 1, count))
    drawn = np.rint((mixture.draw(wide, uniform)[0, :, 0].T + 1) * 127.5)
    cells = grid(60)
    expected = likelihood(one, cells).reshape(60, 60, 60)
    for axis in range(3):
        others = tuple({0, 1, 2} - {axis})
        found = np.bincount(drawn[:, axis].astype(int), minlength=256)[:60] / count
        assert np.abs(found - expected.sum(others)).sum() < 0.05
    # Green goes with red as it should.
    together = (expected * (cells[:, 0] * cells[:, 1]).reshape(60, 60, 60)).sum()
    assert np.mean(drawn[:, 0] * drawn[:, 1]) == pytest.approx(together, rel=0.03)


def test_the_mean_is_that_of_draws() -> None:
    kinds = np.zeros((PER_COMPONENT, 2))
    kinds[0], kinds[1:4, 0], kinds[1:4, 1], kinds[4:7] = [0.3, -0.3], 0.2, -0.3, -4.0
    kinds[7:10] = 0.4
    one = kinds.reshape(1, -1, 1, 1)
    wide = np.broadcast_to(one, (1, one.shape[1], 1, 20_000))
    drawn = mixture.draw(wide, np.random.default_rng(2).random((1, 4, 1, 20_000)))
    np.testing.assert_allclose(drawn.mean(3)[0, :, 0], mixture.mean(one)[0, :, 0, 0], atol=0.01)


@pytest.mark.parametrize(("number", "moved"), [(1, {0, 1, 2}), (2, {1, 2}), (3, {2})])
def test_a_colour_moves_only_those_after_it(number: int, moved: set[int]) -> None:
    kinds = np.zeros((PER_COMPONENT, 1))
    kinds[4:7], kinds[7:10] = -2.0, 1.0
    uniform = np.full((1, 4, 1, 1), 0.5)
    before = mixture.draw(kinds.reshape(1, -1, 1, 1), uniform)
    uniform[0, number] = 0.8
    after = mixture.draw(kinds.reshape(1, -1, 1, 1), uniform)
    assert set(np.flatnonzero((before != after).ravel()).tolist()) == moved


def test_no_temperature_draws_the_middle_of_the_likeliest_component() -> None:
    kinds = np.zeros((PER_COMPONENT, 2))
    kinds[0], kinds[1:4, 0], kinds[1:4, 1] = [0.0, 1.0], -0.5, 0.4
    found = mixture.draw(kinds.reshape(1, -1, 1, 1), np.full((1, 4, 1, 1), 0.1), 0.0)
    np.testing.assert_allclose(found, 0.4, atol=mixture.HALF)
