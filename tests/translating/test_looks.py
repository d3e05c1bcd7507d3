"""Looks: what they do to light and colours, and that parts and sizes do not show."""

import colorsys

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.registry.engines import Engines
from genapp.translating import LOOKS, Look, translate
from genapp.translating.looks import ROWS, apply_look

Bytes = NDArray[np.uint8]
BY_NAME = {look.name: look for look in LOOKS}


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(device="cpu")


@pytest.fixture(scope="module")
def scene() -> Bytes:
    """Sky above, grass below, skin and grey in the middle."""
    picture = np.empty((120, 160, 3), np.uint8)
    picture[:50], picture[50:70, :80], picture[50:70, 80:] = (110, 160, 225), (205, 150, 125), 128
    picture[70:] = (90, 140, 50)
    return picture


def seen(scene: Bytes, look: str) -> NDArray[np.float64]:
    return apply_look(scene, BY_NAME[look]) / 257


def hue(picture: NDArray[np.float64]) -> float:
    """In degrees, of the mean colour."""
    return colorsys.rgb_to_hsv(*(picture.mean(axis=(0, 1)) / 255))[0] * 360


def test_a_look_of_nothing_changes_nothing(scene: Bytes) -> None:
    dark = np.asarray(scene * 0.7, np.uint8)  # highlights are rolled off
    same = apply_look(dark, Look("none", "Nothing."))
    assert np.abs(same / 257 - dark).max() < 1


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_light_changes_smoothly(look: Look) -> None:
    """No banding: on a ramp, no step is much larger than its neighbours'."""
    ramp = np.repeat(np.linspace(0, 65535, 1024).astype(np.uint16)[None, :, None], 3, axis=2)
    graded = apply_look(np.repeat(ramp, 32, axis=0), look).astype(float)[16].mean(axis=-1)
    steps = np.diff(graded)
    assert np.abs(np.diff(steps)).max() < 0.006 * 65535


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_rows_are_made_alike(look: Look, scene: Bytes) -> None:
    """No step where the parts meet that are made one after the other."""
    tall = np.repeat(np.repeat(scene, 6, axis=0), 2, axis=1)
    assert tall.shape[0] > 2 * ROWS
    counted: list[int] = []
    made = apply_look(tall, look, counted.append)
    assert sum(counted) == tall.shape[0] * tall.shape[1]
    steps = np.abs(np.diff(made.astype(float), axis=0)).mean(axis=(1, 2)) / 65535
    for seam in range(ROWS, tall.shape[0], ROWS):
        assert steps[seam - 1] < 0.01


def test_night_is_dark_and_blue(scene: Bytes) -> None:
    night = seen(scene, "night")
    assert night.mean() < 0.55 * scene.mean()
    grey = night[50:70, 80:].mean(axis=(0, 1))
    assert grey[2] > 1.2 * grey[0]


def test_golden_hour_is_warm_and_overcast_quiet(scene: Bytes) -> None:
    grey = seen(scene, "golden-hour")[50:70, 80:].mean(axis=(0, 1))
    assert grey[0] > grey[1] > grey[2]
    spread = np.ptp(seen(scene, "overcast"), axis=-1).mean()
    assert spread < 0.7 * np.ptp(scene.astype(float), axis=-1).mean()


def test_seasons_turn_leaves_and_leave_skin(scene: Bytes) -> None:
    grass, skin = slice(80, 110), (slice(52, 68), slice(10, 70))
    assert 85 < hue(scene[grass].astype(float)) < 95
    assert 25 < hue(seen(scene, "autumn")[grass]) < 50
    winter = seen(scene, "winter")[grass]
    assert np.ptp(winter.mean(axis=(0, 1))) < 40
    assert winter.mean() > scene[grass].mean() + 30
    for season in ("summer", "autumn", "winter"):
        assert abs(hue(seen(scene, season)[skin]) - hue(scene[skin].astype(float))) < 12


def test_a_look_keeps_every_pixel_in_its_place(engines: Engines) -> None:
    """It is no painting: nothing is enlarged or made smaller on the way."""
    noise = np.random.default_rng(0).integers(40, 200, (90, 130, 3), np.uint8)
    result = translate(noise, "overcast", engines=engines)
    assert result.plan.paintings == ((130, 90),)
    assert result.report()["model"] == "overcast"
    greens = (noise[..., 1].ravel(), result.photo.pixels[..., 1].ravel())
    assert np.corrcoef(*greens)[0, 1] > 0.9


def test_a_blend_with_a_painting(engines: Engines, scene: Bytes) -> None:
    look, painting, both = (
        translate(scene, style, detail=160, face_strength=1, engines=engines).photo.pixels
        for style in ("night", "embers", {"night": 1, "embers": 3})
    )
    mean = 0.25 * look.astype(float) + 0.75 * painting
    assert np.abs(both - mean).max() <= 2
