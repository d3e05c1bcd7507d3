"""Settings as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.errors import BadValue
from genapp.tryon.fit import NUDGE_LIMITS, Nudge
from genapp.tryon.parse import parse_frames, parse_nudge


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("aviator", ["aviator"]),
        ("aviator, round", ["aviator", "round"]),
        ("none,round", [None, "round"]),
    ],
)
def test_frames(text: str, frames: list[str | None]) -> None:
    assert parse_frames(text) == frames


@pytest.mark.parametrize("text", ["", "aviator,", ",", "a,,b"])
def test_empty_frames_are_refused(text: str) -> None:
    with pytest.raises(BadValue, match="names with commas"):
        parse_frames(text)


def test_nudge() -> None:
    assert parse_nudge("") == Nudge()
    assert parse_nudge("right=2, down=-1.5,size=1.05") == Nudge(right=2, down=-1.5, size=1.05)


@given(st.fixed_dictionaries({name: st.floats(*limits) for name, limits in NUDGE_LIMITS.items()}))
def test_every_allowed_nudge_can_be_typed(values: dict[str, float]) -> None:
    text = ",".join(f"{name}={value!r}" for name, value in values.items())
    assert parse_nudge(text) == Nudge(**values)


@pytest.mark.parametrize("text", ["left=2", "down", "down=", "down=a bit", "2", "=2"])
def test_what_is_no_nudge_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="is no nudge"):
        parse_nudge(text)


@pytest.mark.parametrize("text", ["size=9", "tilt=nan", "right=inf"])
def test_nudge_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="Choose a number from"):
        parse_nudge(text)
