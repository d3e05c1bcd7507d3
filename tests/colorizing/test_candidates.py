"""Other plausible colours: they differ where the network is unsure, and nowhere else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.colorizing.candidates import variant
from genapp.colorizing.colorizer import Coarse
from genapp.colorizing.readout import DEFAULT, annealed_mean

BINS = np.array([[40, 20], [-30, 20], [0, -40], [0, 0]], np.float32)
LIGHTNESS = np.full((80, 120), 50, np.float32)


@pytest.fixture
def coarse() -> Coarse:
    """Sure of red on the left, of nothing on the right."""
    logits = np.zeros((4, 20, 30), np.float32)
    logits[0, :, :15] = 20
    return Coarse(annealed_mean(logits, BINS, DEFAULT.temperature), logits, BINS)


def colors(coarse: Coarse, number: int) -> NDArray[np.float32]:
    return variant(coarse, LIGHTNESS, number)


def test_number_0_is_the_networks_answer(coarse: Coarse) -> None:
    assert colors(coarse, 0) is coarse.ab


def test_the_same_number_gives_the_same(coarse: Coarse) -> None:
    np.testing.assert_array_equal(colors(coarse, 3), colors(coarse, 3))


def test_only_the_unsure_changes(coarse: Coarse) -> None:
    for number in range(1, 7):
        change = np.linalg.norm(colors(coarse, number) - coarse.ab, axis=2)
        assert change[:, :12].max() < 2
        assert change[:, 18:].mean() > 5


def test_each_is_another(coarse: Coarse) -> None:
    made = [colors(coarse, number)[:, 15:] for number in range(6)]
    for one in range(6):
        for other in range(one):
            assert np.linalg.norm(made[one] - made[other], axis=2).mean() > 2


def test_colours_stay_among_those_that_the_network_knows(coarse: Coarse) -> None:
    for number in range(1, 7):
        ab = colors(coarse, number)
        assert (ab >= BINS.min(0) - 1e-3).all()
        assert (ab <= BINS.max(0) + 1e-3).all()


def test_a_network_that_names_one_colour_has_one_candidate(coarse: Coarse) -> None:
    alone = Coarse(coarse.ab)
    assert variant(alone, LIGHTNESS, 5) is alone.ab


def test_a_tiny_grid(coarse: Coarse) -> None:
    tiny = Coarse(coarse.ab[:1, :1], np.zeros((4, 1, 1), np.float32), BINS)
    assert np.isfinite(variant(tiny, np.full((3, 3), 50, np.float32), 1)).all()
