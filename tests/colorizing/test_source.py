"""Grey, toned, faded and coloured photos are told apart, whatever their size and noise."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genapp.colorizing.source import look_at
from genapp.images import from_float

Array = NDArray[np.float32]


def shades(seed: int = 0, side: int = 96) -> Array:
    """H×W lightness, 0..100, of soft shapes: as much of every shade as a photo has."""
    noise = np.random.default_rng(seed).random((side, side + 32), np.float32)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), side / 16), np.float32)
    low, high = float(soft.min()), float(soft.max())
    return np.asarray(2 + 96 * (soft - low) / (high - low), np.float32)


def picture(lightness: NDArray[Any], a: NDArray[Any] | float, b: NDArray[Any] | float) -> Array:
    """sRGB 0..1 of CIELAB."""
    lab = np.stack(np.broadcast_arrays(lightness, a, b), axis=2).astype(np.float32)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)


def colorful(seed: int = 0) -> Array:
    """A picture whose colours have nothing to do with its lightness."""
    return picture(shades(seed), shades(seed + 1) - 50, shades(seed + 2) - 50)


def test_grey() -> None:
    source = look_at(picture(shades(), 0, 0))
    assert (source.kind, source.sentence, source.own_colors) == ("grey", "", 0)
    assert not source.has_colors


@pytest.mark.parametrize(
    ("hue", "word"), [(10, "red"), (60, "brown"), (95, "yellow"), (265, "blue"), (330, "purple")]
)
@pytest.mark.parametrize("chroma", [6, 20])
def test_tone(hue: float, word: str, chroma: float) -> None:
    lightness = shades()
    amount = chroma * 4 * (lightness / 100) * (1 - lightness / 100)
    a, b = np.cos(np.radians(hue)), np.sin(np.radians(hue))
    source = look_at(picture(lightness, amount * a, amount * b))
    assert source.kind == "tinted"
    assert f"toned {word}" in source.sentence
    found = np.degrees(np.arctan2(source.tint[1], source.tint[0])) % 360
    assert found == pytest.approx(hue, abs=6)


def test_stain_is_no_colour() -> None:
    lightness = shades()
    side = np.linspace(0.5, 1, lightness.shape[1], dtype=np.float32)
    assert look_at(picture(lightness, 4 * side, 14 * side)).kind == "tinted"


def test_colours() -> None:
    source = look_at(colorful())
    assert source.kind == "coloured"
    assert source.has_colors
    assert source.own_colors > 0.5


def test_faded_colours() -> None:
    source = look_at(picture(50 + shades() / 3, shades(1) / 5, shades(2) / 5))
    assert source.kind == "faded"
    assert source.has_colors
    assert "faded" in source.sentence


def test_one_colour_picture_of_two_hues_is_no_tone() -> None:
    """Green in the dark half and orange in the light one: a function of the lightness too."""
    lightness = shades()
    dark = lightness < 50
    image = picture(lightness, np.where(dark, -25, 25), np.where(dark, 20, 30))
    assert look_at(image).kind == "coloured"


def test_stamp_on_a_grey_photo() -> None:
    image = picture(shades(), 0, 0)
    image[10:20, 20:30] = (0.8, 0.1, 0.1)
    source = look_at(image)
    assert source.kind == "grey"
    assert "% of it" not in look_at(picture(shades(), 0, 0)).sentence
    assert "0.8 % of it has a colour of its own" in source.sentence


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (3, 5)])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_smallest_and_even_pictures(shape: tuple[int, int], level: float) -> None:
    assert look_at(np.full((*shape, 3), level, np.float32)).kind == "grey"


@settings(max_examples=15, deadline=None)  # The machine may be busy.
@given(st.integers(0, 50), st.floats(0.2, 4))
def test_size_does_not_matter(seed: int, factor: float) -> None:
    image = colorful(seed)
    other = np.asarray(cv2.resize(image, None, fx=factor, fy=factor), np.float32)
    assert look_at(other).kind == look_at(image).kind


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_any_depth(dtype: type[np.uint8 | np.uint16]) -> None:
    image = colorful()
    pixels = from_float(image, dtype)
    assert look_at(pixels).own_colors == pytest.approx(look_at(image).own_colors, abs=0.01)


@settings(max_examples=15, deadline=None)  # The machine may be busy.
@given(st.integers(0, 50))
def test_noise_of_a_scanner_is_no_colour(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = picture(shades(seed, 300), 0, 0) + rng.normal(0, 0.02, (300, 332, 3))
    assert look_at(np.clip(image, 0, 1).astype(np.float32)).kind == "grey"
