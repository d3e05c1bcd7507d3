"""Colours laid on a photograph: its lightness stays, flat colours stay flat, edges are kept."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from genapp.colorizing import chroma
from genapp.images import Pixels, to_float

SEEDS = st.integers(0, 2**32 - 1)


def lab_of(image: chroma.Array) -> chroma.Array:
    return np.asarray(rgb2lab(image), np.float32)


def noise(seed: int, *shape: int) -> chroma.Array:
    return np.random.default_rng(seed).random(shape, np.float32)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(-80, 80), st.floats(-80, 80))
def test_a_constant_colour_stays_constant(seed: int, a: float, b: float) -> None:
    ab = np.tile(np.array([a, b], np.float32), (8, 12, 1))
    large = chroma.enlarge(ab, 100 * noise(seed, 70, 95))
    assert large.shape == (70, 95, 2)
    np.testing.assert_allclose(large, np.broadcast_to(ab[0, 0], large.shape), atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_no_colour_is_made_up(seed: int) -> None:
    ab = 100 * noise(seed, 9, 7, 2) - 50
    large = chroma.enlarge(ab, 100 * noise(seed + 1, 90, 70))
    assert (large >= ab.min((0, 1)) - 1e-3).all()
    assert (large <= ab.max((0, 1)) + 1e-3).all()


@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 0.5), (np.uint16, 6)])
def test_greys_come_back(dtype: type, most: float) -> None:
    """Every grey there is: 8 bits exactly, 16 bits to a ten-thousandth."""
    top = np.iinfo(dtype).max
    grey: Pixels = np.arange(top + 1).astype(dtype).reshape(-1, 64, 1).repeat(3, axis=2)
    lightness = chroma.lightness_of(grey)
    rgb = chroma.to_rgb(lightness, np.zeros((*lightness.shape, 2), np.float32))
    assert np.abs(rgb * top - grey).max() < most


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_lightness_is_cielabs(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 65536, (16, 16, 3)).astype(np.uint16)
    expected = lab_of(to_float(pixels))[..., 0]
    np.testing.assert_allclose(chroma.lightness_of(pixels), expected, atol=0.01)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_lightness_stays(seed: int) -> None:
    lightness = 100 * noise(seed, 16, 16)
    image = chroma.to_rgb(lightness, 240 * noise(seed + 1, 16, 16, 2) - 120)
    assert 0 <= image.min() <= image.max() <= 1
    np.testing.assert_allclose(lab_of(image)[..., 0], lightness, atol=0.3)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_colours_that_srgb_has_come_back(seed: int) -> None:
    image = noise(seed, 16, 16, 3)
    lab = lab_of(image)
    np.testing.assert_allclose(chroma.to_rgb(lab[..., 0], lab[..., 1:]), image, atol=0.01)


def test_colours_outside_srgb_keep_their_hue() -> None:
    lightness, ab = np.full((1, 1), 50, np.float32), np.array([[[120, 90]]], np.float32)
    lab = lab_of(chroma.to_rgb(lightness, ab))[0, 0]
    assert np.arctan2(lab[2], lab[1]) == pytest.approx(np.arctan2(90, 120), abs=0.03)
    assert np.hypot(lab[1], lab[2]) > 60


def test_a_border_of_colours_moves_to_the_edge_of_the_photograph() -> None:
    """The network's border is a blurred step; the photograph has a sharp one."""
    lightness = np.where(np.arange(256) < 118, 30, 70).astype(np.float32) * np.ones((256, 1), "f4")
    sharp = np.where(lightness == 30, 40, -40).astype(np.float32)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    coarse = np.asarray(cv2.resize(blurred, (64, 64), interpolation=cv2.INTER_AREA), np.float32)
    ab = np.stack([coarse, coarse], axis=2)
    guided = np.abs(chroma.enlarge(ab, lightness)[..., 0] - sharp)
    plain = np.abs(cv2.resize(coarse, (256, 256)) - sharp)
    assert guided[:, 110:126].mean() < plain[:, 110:126].mean() / 2
