"""Colours of a reference picture arrive, and no others."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genapp.colorizing.reference import color_at, palette_of, statistics, toward
from genapp.errors import BadValue
from genapp.images import Photo, from_float, read

Array = NDArray[np.float32]


def shades(seed: int, low: float, high: float) -> Array:
    noise = np.random.default_rng(seed).random((90, 120), np.float32)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), 6), np.float32)
    soft = (soft - soft.min()) / (soft.max() - soft.min())
    return np.asarray(low + (high - low) * soft, np.float32)


def colors(seed: int, a: float = 0, b: float = 0, spread: float = 20) -> Array:
    planes = [shades(seed + i, -spread, spread) for i in (1, 2)]
    return np.stack([planes[0] + np.float32(a), planes[1] + np.float32(b)], axis=2)


def photo(lightness: Array, ab: Array, dtype: type[np.uint8 | np.uint16] = np.uint8) -> Photo:
    lab = np.dstack([lightness, ab])
    rgb = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
    return read(from_float(rgb, dtype))


LIGHTNESS = shades(0, 20, 85)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_mean_colours_are_found(dtype: type[np.uint8 | np.uint16]) -> None:
    palette = palette_of(photo(LIGHTNESS, colors(3, 12, -8, 5), dtype))
    expected = colors(3, 12, -8, 5).reshape(-1, 2).mean(0)
    assert palette.means == pytest.approx(np.tile(expected, (len(palette.means), 1)), abs=1.5)


def test_transparent_parts_do_not_count() -> None:
    ab = colors(3, 12, -8, 5)
    whole = photo(LIGHTNESS, ab)
    pixels = whole.pixels.copy()
    pixels[:, :40] = (0, 255, 0)
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:, :42] = 0
    found = palette_of(Photo(pixels, alpha))
    expected = palette_of(Photo(whole.pixels[:, 42:].copy()))
    assert found.means == pytest.approx(expected.means, abs=1)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_grey_reference_is_refused(level: int) -> None:
    with pytest.raises(BadValue, match="no colours"):
        palette_of(Photo(np.full((20, 30, 3), level, np.uint8)))
    clear = np.zeros((20, 30), np.uint8)
    with pytest.raises(BadValue, match="no colours"):
        palette_of(Photo(np.full((20, 30, 3), (255, 0, 0), np.uint8), clear))


def test_statistics_go_towards_those_of_the_reference() -> None:
    ab, wanted = colors(3, 2, 3, 10), statistics(colors(7, 14, -9, 16), LIGHTNESS)
    before, after = statistics(ab, LIGHTNESS), statistics(toward(ab, LIGHTNESS, wanted), LIGHTNESS)
    assert distance(after.means, wanted.means) < 0.55 * distance(before.means, wanted.means)
    assert np.trace(after.covariances[2]) > 1.3 * np.trace(before.covariances[2])


def distance(means: Array, others: Array) -> float:
    return float(np.linalg.norm(means - others, axis=1).mean())


def test_skin_moves_less_than_the_rest() -> None:
    skin, cloth = (np.full((90, 120, 2), color, np.float32) for color in ((14, 18), (-14, -18)))
    wanted = statistics(colors(7, 0, -30, 10), LIGHTNESS)
    source = statistics(np.zeros_like(skin), LIGHTNESS)
    moved = [
        float(np.linalg.norm(toward(ab, LIGHTNESS, wanted, source=source) - ab, axis=2).mean())
        for ab in (skin, cloth)
    ]
    assert 0 < moved[0] < 0.8 * moved[1]


def test_light_and_dark_get_colours_of_their_own() -> None:
    """A sky is blue and the ground brown, in the reference and then in the photo."""
    blue = np.where(LIGHTNESS[..., None] > 50, (-5.0, -25.0), (10.0, 25.0)).astype(np.float32)
    result = toward(colors(3, 0, 0, 6), LIGHTNESS, statistics(blue, LIGHTNESS))
    light, dark = (result[part][:, 1].mean() for part in (LIGHTNESS > 65, LIGHTNESS < 35))
    assert light < -8
    assert dark > light + 8


def test_strength() -> None:
    ab, palette = colors(3), statistics(colors(7, 14, -9), LIGHTNESS)
    assert toward(ab, LIGHTNESS, palette, 0) is ab
    half, whole = (toward(ab, LIGHTNESS, palette, strength) for strength in (0.5, 1))
    assert half == pytest.approx((ab + whole) / 2, abs=1e-3)


def test_strips_are_as_the_whole() -> None:
    ab, palette = colors(3), statistics(colors(7, 14, -9), LIGHTNESS)
    source = statistics(ab, LIGHTNESS)
    whole = toward(ab, LIGHTNESS, palette, source=source)
    strips = [
        toward(ab[rows], LIGHTNESS[rows], palette, source=source)
        for rows in (slice(0, 31), slice(31, 90))
    ]
    assert np.array_equal(np.concatenate(strips), whole)


@given(st.integers(0, 99), st.floats(0, 60), st.floats(-60, 60), st.floats(0, 40))
@settings(max_examples=25, deadline=None)
def test_never_garish(seed: int, a: float, b: float, spread: float) -> None:
    """No reference makes colours more than twice as spread and a cast of 30 away."""
    ab = colors(seed, 3, 5, 12)
    result = toward(ab, LIGHTNESS, statistics(colors(seed + 5, a, b, spread), LIGHTNESS))
    assert result.dtype == np.float32
    assert np.linalg.norm(result - ab, axis=2).max() < 30 + 2 * 12 * 1.5 + 5


@pytest.mark.parametrize("flat", [colors(3, 4, 4, 0), colors(3, 0, 0, 0)])
def test_even_colours(flat: Array) -> None:
    """Nothing to stretch: a shift alone."""
    result = toward(flat, LIGHTNESS, statistics(colors(7, 10, 10), LIGHTNESS))
    assert np.isfinite(result).all()
    assert result.std(axis=(0, 1)).max() < 8


def picked() -> Photo:
    pixels = np.full((40, 60, 3), (10, 20, 30), np.uint8)
    pixels[:, 30:] = (200, 100, 50)
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[30:] = 0
    return Photo(pixels, alpha)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(0, 0, (10, 20, 30)), (60, 10, (200, 100, 50)), (45.5, 20.2, (200, 100, 50))],
)
def test_eyedropper(x: float, y: float, expected: tuple[float, ...]) -> None:
    assert color_at(picked(), x, y) == pytest.approx(np.array(expected) / 255, abs=1e-6)


def test_eyedropper_takes_a_mean() -> None:
    noisy = np.random.default_rng(0).integers(90, 110, (1000, 1000, 3)).astype(np.uint8)
    assert color_at(Photo(noisy), 500, 500) == pytest.approx([99.5 / 255] * 3, abs=0.01)


@pytest.mark.parametrize("point", [(-1, 0), (0, 41), (61, 0), (float("nan"), 3)])
def test_eyedropper_outside(point: tuple[float, float]) -> None:
    with pytest.raises(BadValue, match="lies outside"):
        color_at(picked(), *point)


def test_eyedropper_on_nothing() -> None:
    with pytest.raises(BadValue, match="transparent"):
        color_at(picked(), 20, 38)
