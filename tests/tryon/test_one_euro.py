"""The filter against its definition, and what it is for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.tryon.one_euro import OneEuro


def paper(values: list[float], step: float, settings: tuple[float, float, float]) -> list[float]:
    """Algorithm 1 of the paper, for one number."""
    min_cutoff, beta, speed_cutoff = settings

    def alpha(cutoff: float) -> float:
        tau = 1 / (2 * math.pi * cutoff)
        return 1 / (1 + tau / step)

    out, speed = [values[0]], 0.0
    for value in values[1:]:
        a = alpha(speed_cutoff)
        speed = a * (value - out[-1]) / step + (1 - a) * speed
        a = alpha(min_cutoff + beta * abs(speed))
        out.append(a * value + (1 - a) * out[-1])
    return out


@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=30),
    st.floats(0.005, 0.5),
    st.tuples(st.floats(0.1, 10), st.floats(0, 2), st.floats(0.1, 5)),
)
def test_one_number_is_filtered_as_in_the_paper(
    values: list[float], step: float, settings: tuple[float, float, float]
) -> None:
    one_euro = OneEuro(*settings)
    found = [float(one_euro.filter(np.array([v]), n * step)[0]) for n, v in enumerate(values)]
    assert found == pytest.approx(paper(values, step, settings), rel=1e-6, abs=1e-6)


def test_noise_at_rest_is_taken_out() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (500, 3))
    one_euro = OneEuro(1.0, 0.0)
    found = np.array([one_euro.filter(value, n / 30) for n, value in enumerate(noise)])
    assert found[50:].std() < 0.5 * noise[50:].std()


def test_fast_movement_is_followed_more_closely_with_beta() -> None:
    def behind(beta: float) -> float:
        one_euro = OneEuro(1.0, beta)
        last = 0.0
        for n in range(60):
            last = float(one_euro.filter(np.array([10.0 * n]), n / 30)[0])
        return 590 - last

    assert behind(0.05) < 0.2 * behind(0.0)


@given(st.floats(0, 2 * math.pi))
def test_a_turned_movement_gives_a_turned_result(angle: float) -> None:
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    course = np.random.default_rng(1).normal(0, 1, (20, 2)).cumsum(0)
    plain, turned = OneEuro(1.0, 0.5), OneEuro(1.0, 0.5)
    for n, place in enumerate(course):
        expected = turn @ plain.filter(place, n / 30)
        assert turned.filter(turn @ place, n / 30) == pytest.approx(expected, abs=1e-9)


def test_time_must_go_forward() -> None:
    one_euro = OneEuro(1.0, 0.1)
    one_euro.filter(np.zeros(2), 1.0)
    with pytest.raises(ValueError, match="time went"):
        one_euro.filter(np.zeros(2), 1.0)
