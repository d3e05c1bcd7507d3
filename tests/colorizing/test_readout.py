"""Colours read out of a distribution."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from genapp.colorizing import chroma, readout
from genapp.colorizing.colorizer import MobilenetUnet

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


class Network:
    """Both stages: the same distribution everywhere, and an enlargement that changes nothing."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Answers for the stage whose inputs they are."""
        if "ab" in inputs:
            return {"fine": inputs["ab"].repeat(2, 2).repeat(2, 3)}
        height, width = (side // 4 for side in inputs["lightness"].shape[2:])
        logits = logits_of(0.2, 0.3, 0.5)[:, :1, :1]
        return {
            "logits": np.broadcast_to(logits, (1, 3, height, width)).copy(),
            "bins": BINS,
            "context": np.zeros((1, 1, height, width), np.float32),
        }


def test_saturation_0_is_grey_and_2_is_twice_as_strong() -> None:
    lightness = np.full((20, 30), 50, np.float32)

    def colors(saturation: float) -> readout.Array:
        settings = readout.Settings(saturation=saturation)
        coarse = MobilenetUnet(Network(), Network(), settings).colors(lightness, ())
        return chroma.enlarge(coarse.ab, lightness)

    plain = colors(1)
    assert plain.shape == (20, 30, 2)
    assert np.abs(plain).max() > 1
    np.testing.assert_allclose(colors(2), 2 * plain, atol=1e-3)
    assert not colors(0).any()
