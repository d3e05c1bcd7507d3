"""Grain goes, scratches and dust go, contrast comes back, and the picture stays."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genapp.colorizing.clean import Clean, clean, denoised, scratches, stretched
from genapp.errors import BadValue

Array = NDArray[np.float32]


def scene(side: int = 200) -> Array:
    """H×W lightness: a soft ground, a disc with sharp edges, a patch of fine stripes."""
    y, x = np.mgrid[:side, : side + 40].astype(np.float32)
    picture = 40 + 20 * np.sin(x / 60) * np.cos(y / 70)
    picture[np.hypot(x - side / 2, y - side / 2) < side / 5] = 75
    picture[:40, :40] += 12 * np.sin(x[:40, :40] * 1.5)
    return np.asarray(picture, np.float32)


def grainy(seed: int = 0) -> Array:
    noise = np.random.default_rng(seed).normal(0, 5, scene().shape)
    return np.clip(scene() + noise, 0, 100).astype(np.float32)


def error(values: Array) -> float:
    return float(np.sqrt(np.mean((values - scene()) ** 2)))


@pytest.mark.parametrize("name", ["denoise", "scratches", "contrast"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), True])
def test_settings_out_of_range(name: str, value: float) -> None:
    with pytest.raises(BadValue, match=name):
        Clean(**{name: value})


def test_nothing_asked_is_nothing_done() -> None:
    picture = grainy()
    assert clean(picture, Clean()) is picture
    assert not Clean().any
    assert Clean(contrast=0.1).any


def test_input_is_left_alone() -> None:
    picture = grainy()
    before = picture.copy()
    clean(picture, Clean(1, 1, 1))
    assert np.array_equal(picture, before)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_any_size(height: int, width: int, seed: int) -> None:
    picture = np.random.default_rng(seed).uniform(0, 100, (height, width)).astype(np.float32)
    result = clean(picture, Clean(1, 1, 1))
    assert result.shape == picture.shape
    assert result.dtype == np.float32
    assert np.isfinite(result).all()


def test_grain_goes() -> None:
    assert error(denoised(grainy(), 1)) < 0.45 * error(grainy())
    assert error(denoised(grainy(), 0.5)) < 0.7 * error(grainy())


def test_detail_stays() -> None:
    stripes = denoised(grainy(), 1)[5:35, 5:35]
    assert stripes.std() > 0.85 * scene()[5:35, 5:35].std()
    # A clean photo has no grain to take.
    assert error(denoised(scene(), 1)) < 0.3


def scratched(sign: float = 1) -> tuple[Array, NDArray[np.bool_]]:
    """A scene with one scratch and, if light, one speck; and where they are."""
    mask = np.zeros(scene().shape, np.uint8)
    cv2.line(mask, (150, 20), (190, 170), 1, 1)
    if sign > 0:
        cv2.circle(mask, (30, 120), 2, 1, -1)
    return np.where(mask, scene() + np.float32(sign * 35), scene()), mask.astype(np.bool_)


@pytest.mark.parametrize("sign", [1, -1])
def test_scratches_and_dust_go(sign: float) -> None:
    picture, mask = scratched(sign)
    assert scratches(picture, 1)[mask].mean() > 0.9
    assert error(clean(picture, Clean(scratches=1))) < 0.3 * error(picture)


def test_scratches_are_found_among_grain() -> None:
    picture, mask = scratched()
    noise = np.random.default_rng(0).normal(0, 4, picture.shape)
    found = scratches(np.asarray(picture + noise, np.float32), 1)
    assert found[mask].mean() > 0.6
    assert found.mean() < 0.04


def test_faint_scratches_stay_at_low_strength() -> None:
    picture, mask = scratched()
    faint = np.asarray(scene() + 0.35 * (picture - scene()), np.float32)
    assert scratches(faint, 1)[mask].mean() > 0.5
    assert not scratches(faint, 0.3).any()


def test_picture_is_no_scratch() -> None:
    assert not scratches(scene(), 1).any()


def test_dark_spots_and_short_dark_lines_stay() -> None:
    """Nostrils, moles, lips."""
    picture = scene()
    cv2.circle(picture, (30, 120), 2, 5, -1)
    cv2.line(picture, (80, 160), (120, 160), 5, 2)
    assert not scratches(picture, 1).any()


def test_hair_is_no_scratch() -> None:
    """Strands that lie side by side, and a speck of light among them."""
    x = np.arange(240, dtype=np.float32)
    strands = 30 + 15 * np.sin(x) + 10 * np.sin(0.37 * x)
    picture = np.tile(strands, (200, 1))
    picture[100:103, 100:103] = 90
    assert not scratches(picture, 1).any()


@given(st.floats(1, 40), st.floats(60, 99), st.floats(0, 1))
@settings(deadline=None)
def test_contrast_never_clips(low: float, high: float, amount: float) -> None:
    """Different tones stay different, in order, and inside the range."""
    picture = np.linspace(low, high, 4000, dtype=np.float32).reshape(50, 80)
    picture[0, 0], picture[-1, -1] = 0, 100  # lone extremes, as dust makes them
    result = stretched(picture, amount)
    assert result.min() >= 0
    assert result.max() <= 100
    assert (np.diff(result.ravel()[1:-1]) > 0).all()


def test_contrast_uses_the_range() -> None:
    faded = np.asarray(35 + scene() / 4, np.float32)
    result = stretched(faded, 1)
    assert np.ptp(result) > 2.4 * np.ptp(faded)
    assert np.ptp(stretched(faded, 0.5)) == pytest.approx(
        (np.ptp(result) + np.ptp(faded)) / 2, 0.01
    )


def test_fog_and_even_pictures_are_not_torn_apart() -> None:
    even = np.full((20, 30), 60, np.float32)
    assert np.array_equal(stretched(even, 1), even)
    fog = np.asarray(60 + scene() / 100, np.float32)
    assert np.ptp(stretched(fog, 1)) < 3 * np.ptp(fog)


def test_large_photos_are_cleaned_at_their_own_size() -> None:
    large = np.asarray(cv2.resize(scene(), (2800, 2333)), np.float32)
    cv2.line(large, (1900, 300), (2200, 1900), 95, 4)
    mask = scratches(large, 1)
    assert mask.shape == large.shape
    assert mask[1100, 2050]
    assert mask.mean() < 0.01
