"""The light of a photo is read from its skin, whatever the skin's own brightness."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genapp.tryon import Analysis
from genapp.tryon.arrays import Array
from genapp.tryon.color import linear_to_srgb
from genapp.tryon.light import (
    STUDIO,
    Light,
    estimate_light,
    find_light,
    find_scene,
    smooth_step,
)

GREY = np.full((8, 8, 3), 128, np.uint8)


def hemisphere() -> Array:
    """N×3 unit normals towards the camera, evenly spread."""
    z = -np.linspace(0.15, 1, 60)
    turn = np.arange(60) * np.pi * (3 - np.sqrt(5))
    flat = np.sqrt(1 - z**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], 1).astype(np.float32)


def lit(direction: tuple[float, float, float], albedo: float = 0.4, hard: float = 0.6) -> Array:
    """N×3 linear light of a matt sphere under one lamp and an even sky."""
    towards = np.array(direction) / np.linalg.norm(direction)
    level = albedo * (1 - hard + hard * np.clip(hemisphere() @ towards, 0, None))
    return np.asarray(level[:, None].repeat(3, 1), np.float32)


@given(st.floats(-1, 1), st.floats(-1, 0.5), st.floats(-1, -0.3))
def test_side_of_the_lamp_is_found(x: float, y: float, z: float) -> None:
    assume(abs(x) > 0.15)
    light = estimate_light(GREY, lit((x, y, z)), hemisphere())
    assert np.sign(light.direction[0]) == np.sign(x)
    assert np.linalg.norm(light.direction) == pytest.approx(1, abs=1e-5)


def test_lamp_above_and_below_differ() -> None:
    above, below = (
        estimate_light(GREY, lit((0, y, -0.5)), hemisphere()).direction[1] for y in (-1, 1)
    )
    assert above < below


@given(st.floats(0.03, 0.2))
def test_dark_and_light_skin_in_the_same_light_show_the_same_light(albedo: float) -> None:
    dark = estimate_light(GREY, lit((0.6, -0.5, -0.6), albedo), hemisphere())
    fair = estimate_light(GREY, lit((0.6, -0.5, -0.6), 0.7), hemisphere())
    assert dark.direction == pytest.approx(fair.direction, abs=1e-3)
    assert dark.contrast == pytest.approx(fair.contrast, abs=1e-3)
    assert np.array_equal(dark.white, fair.white)


def test_hard_light_has_more_contrast_than_flat_light() -> None:
    flat, soft, hard = (
        estimate_light(GREY, lit((0.6, -0.5, -0.6), hard=amount), hemisphere()).contrast
        for amount in (0.0, 0.3, 0.7)
    )
    assert 0 <= flat < soft < hard <= 1


def test_brighter_photo_has_a_brighter_white() -> None:
    skin = lit((0, -1, -1))
    whites = [
        estimate_light(np.full((8, 8, 3), level, np.uint8), skin, hemisphere()).white.mean()
        for level in (60, 100, 130)
    ]
    assert whites == sorted(whites)
    assert whites[0] < whites[-1]


SKIN = np.array([1.6, 0.83, 0.59], np.float32)
"""Its colour in white light, linear, over its brightness."""


def white_under(tint: tuple[float, float, float]) -> Array:
    """The light of a portrait before a grey wall, under light of a colour."""
    wall = (linear_to_srgb(0.25 * np.array(tint)) * 255).round()
    scene = np.full((8, 8, 3), wall, np.uint8)
    white = estimate_light(scene, 0.8 * lit((0, -1, -1)) * SKIN * tint, hemisphere()).white
    return np.asarray(white / white.mean())


def test_warm_photo_has_a_warm_white_and_a_cold_one_a_cold() -> None:
    red, green, blue = white_under((1.5, 1, 0.5))
    assert red > 1.2 > green > 0.8 > blue
    red, green, blue = white_under((0.6, 1, 1.5))
    assert red < 0.8 < green < 1.2 < blue


def test_white_photo_has_a_white_white() -> None:
    assert white_under((1, 1, 1)) == pytest.approx([1, 1, 1], abs=0.06)


def test_black_and_white_photo_has_a_grey_white() -> None:
    light = estimate_light(GREY, lit((0.3, -1, -1)), hemisphere())
    assert np.ptp(light.white) == 0


def test_reflections_show_the_side_of_the_scene(light: Light) -> None:
    scene = np.full((16, 16, 3), 0.5, np.float32)
    scene[:, 8:] = 2.0
    left, right = (np.array([[x, -0.2, -0.8]], np.float32) for x in (-0.5, 0.5))
    plain, lit_side = light, replace(light, scene=scene)
    assert plain.seen(left, 30.0) == pytest.approx(plain.seen(right, 30.0))
    assert lit_side.seen(right, 30.0).mean() > lit_side.seen(left, 30.0).mean()


def test_the_face_is_no_part_of_what_it_sees(analysis: Analysis) -> None:
    """A red patch on the face colours no reflection."""
    pixels = analysis.photo.pixels.copy()
    head = analysis.faces[0].head
    before = find_light(pixels, find_scene(pixels), head).scene
    x, y = head.view.project(head.to_camera(head.face[[1]]))[0].astype(int)
    half = int(20 * head.view.scale)
    pixels[y - half : y + half, x - half : x + half] = (255, 0, 0)
    after = find_light(pixels, find_scene(pixels), head).scene
    assert before is not None
    assert after is not None
    assert np.abs(after - before).max() < 0.15


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_pictures_give_finite_light(level: int) -> None:
    picture = np.full((8, 8, 3), level, np.uint8)
    skin = np.full((60, 3), level / 255, np.float32)
    light = estimate_light(picture, skin, hemisphere())
    assert np.isfinite([*light.white, *light.direction, light.contrast]).all()
    assert light.white.min() > 0


def test_surface_that_faces_the_lamp_gets_more(light: Light) -> None:
    facing, away = light.diffuse(np.stack([light.direction, -light.direction])).mean(1)
    assert facing > away > 0


def test_lamp_and_ceiling_are_brighter_than_the_floor(light: Light) -> None:
    up, down = np.array([0, -1, 0]), np.array([0, 1, 0])
    lamp, ceiling, floor = light.seen(np.stack([light.direction, up, down]), 20.0).mean(1)
    assert lamp > ceiling > floor > 0


def test_polished_surface_shows_a_sharper_lamp(light: Light) -> None:
    beside = light.direction + np.array([0.4, 0, 0])
    beside = (beside / np.linalg.norm(beside))[None]
    assert light.seen(beside, 60.0).mean() < light.seen(beside, 5.0).mean()


def test_studio_light_is_a_unit_vector() -> None:
    assert np.linalg.norm(STUDIO.direction) == pytest.approx(1, abs=5e-3)


@given(st.floats(-2, 3), st.floats(-2, 3))
def test_smooth_step_rises_from_0_to_1(one: float, other: float) -> None:
    low, high = smooth_step(np.array(sorted((one, other)), np.float32))
    assert 0 <= low <= high <= 1
    assert smooth_step(np.array([0.0, 0.5, 1.0])).tolist() == [0, 0.5, 1]
