"""p-values by rank, and the threshold that belongs to a false-alarm rate."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.errors import BadValue
from genapp.screening.calibration import p_values, resolution, threshold

SCORES = st.lists(st.integers(-20, 20), min_size=1, max_size=60)


def test_by_hand() -> None:
    held_out = np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(p_values(np.array([0, 2, 3.5, 9]), held_out), [1, 0.8, 0.4, 0.2])
    assert resolution(4) == 0.2


@given(SCORES, SCORES, st.floats(0, 1))
def test_above_the_threshold_is_a_p_value_within_the_rate(
    scores: list[int], held_out: list[int], rate: float
) -> None:
    stranger = np.array(scores, float), np.array(held_out, float)
    flagged = stranger[0] > threshold(stranger[1], rate)
    np.testing.assert_array_equal(flagged, p_values(*stranger) <= rate + 1e-9)


def test_false_alarms_come_at_the_rate_that_was_asked_for() -> None:
    random = np.random.default_rng(0)
    rates = [
        (random.normal(size=50) > threshold(random.normal(size=99), 0.1)).mean() for _ in range(400)
    ]
    assert abs(np.mean(rates) - 0.1) < 0.01


def test_too_few_pictures_for_so_low_a_rate() -> None:
    assert threshold(np.arange(10.0), 0.05) == math.inf
    assert threshold(np.arange(10.0), 1) == -math.inf


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_no_rate(rate: float) -> None:
    with pytest.raises(BadValue, match="false-alarm rate"):
        threshold(np.arange(10.0), rate)
