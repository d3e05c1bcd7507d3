"""sRGB and linear light are each other's inverse, and colours are read strictly."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.errors import BadValue
from genapp.images import Pixels
from genapp.tryon.color import (
    linear_to_pixels,
    linear_to_srgb,
    parse_color,
    pixels_to_linear,
    srgb_to_linear,
)


@given(st.floats(0, 1))
def test_srgb_to_linear_and_back(value: float) -> None:
    srgb = np.array([value], np.float32)
    assert linear_to_srgb(srgb_to_linear(srgb)) == pytest.approx(srgb, abs=1e-5)


def test_known_values() -> None:
    """IEC 61966-2-1: black, white, the end of the straight part, and middle grey."""
    srgb = np.array([0, 1, 0.04045, 0.5], np.float32)
    assert srgb_to_linear(srgb) == pytest.approx([0, 1, 0.0031308, 0.21404], abs=1e-5)


def test_what_is_outside_is_clipped() -> None:
    assert linear_to_srgb(np.array([-1, 2], np.float32)) == pytest.approx([0, 1])


def every_value(dtype: type[np.uint8] | type[np.uint16]) -> Pixels:
    """Each value once a channel, in a picture 256 wide."""
    values = np.arange(np.iinfo(dtype).max + 1).reshape(-1, 256, 1).repeat(3, 2)
    return np.asarray(values, dtype)


@pytest.mark.parametrize("pixels", [every_value(np.uint8), every_value(np.uint16)])
def test_pixels_survive_the_way_through_linear_light(pixels: Pixels) -> None:
    linear = pixels_to_linear(pixels)
    assert linear.dtype == np.float32
    assert linear.min() == 0
    assert linear.max() == pytest.approx(1)
    back = linear_to_pixels(linear, pixels.dtype)
    assert back.dtype == pixels.dtype
    assert np.array_equal(back, pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_light_beyond_the_range_becomes_black_or_white(
    dtype: type[np.uint8] | type[np.uint16],
) -> None:
    linear = np.array([[[-0.5, 0.0, 3.0]]], np.float32)
    assert linear_to_pixels(linear, np.dtype(dtype)).tolist() == [[[0, 0, np.iinfo(dtype).max]]]


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_hex_colour_is_read(rgb: tuple[int, int, int]) -> None:
    color = linear_to_srgb(parse_color("#{:02x}{:02X}{:02x}".format(*rgb)))
    assert np.rint(color * 255).tolist() == list(rgb)


@given(st.text().filter(lambda text: not re.fullmatch("#[0-9a-fA-F]{6}", text)))
def test_no_other_text_is_a_colour(text: str) -> None:
    with pytest.raises(BadValue, match="not a colour"):
        parse_color(text)


@pytest.mark.parametrize(
    "value",
    ["203040", "#234", "#2030405", "#20304g", "#20 30 ", "#      ", "red", "", None, 0x203040],
)
def test_wrong_colour_says_how_to_write_one(value: str) -> None:
    with pytest.raises(BadValue, match="not a colour") as error:
        parse_color(value)
    assert "#rrggbb" in error.value.remedy
