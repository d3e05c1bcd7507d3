"""Hints: how they are written, and where they may lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.colorizing import Hint, color_name, parse_color, parse_hint
from genapp.colorizing.hints import checked_hints
from genapp.errors import BadValue


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 0xFFFFFF))
def test_what_is_written_is_read_again(x: int, y: int, color: int) -> None:
    hint = parse_hint(f"{x},{y},#{color:06x}")
    assert (hint.x, hint.y) == (x, y)
    assert color_name(hint.rgb) == f"#{color:06x}"
    assert parse_hint(str(hint)) == hint


@pytest.mark.parametrize(
    "text", ["", "1,2", "1,2,3,4", "a,b,#ffffff", "1,2,#12345g", "1,2,red", "nan,2,#ffffff"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadValue, match=r"hint|colour"):
        parse_hint(text)


def test_short_colours() -> None:
    assert parse_color("#f80") == parse_color("FF8800") == (1, 136 / 255, 0)


def test_colours_out_of_range_are_refused() -> None:
    with pytest.raises(BadValue, match="from 0 to 1"):
        Hint(0, 0, (0, 0, 255))


def test_lab_of_pure_blue() -> None:
    assert Hint(0, 0, (0, 0, 1)).lab == pytest.approx((32.3, 79.2, -107.9), abs=0.2)


def test_hints_must_lie_on_the_photo() -> None:
    assert checked_hints(["0,0,#fff", "64,48,#000"], 64, 48)[1].x == 64
    with pytest.raises(BadValue, match="outside the photo of 64×48"):
        checked_hints([Hint(65, 0, (0, 0, 0))], 64, 48)
