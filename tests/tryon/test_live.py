"""The mirror follows faces, keeps them steady, forgets who has left, and keeps visitors apart."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from genapp.images import Photo, Pixels
from genapp.registry.engines import Engines
from genapp.tryon import choose, detect
from genapp.tryon.arrays import Array
from genapp.tryon.light import Light
from genapp.tryon.live import (
    FORGET_SECONDS,
    LOOK_SECONDS,
    SCALE_FLOOR,
    Mirror,
    Shown,
    _mixed_light,
    _to_quaternion,
    _to_rotation,
)
from tests.tryon.faces import turn

SIZE = (320, 240)
STEP = 0.04
AVIATOR = choose("aviator")


def frame(photo: Photo, shift: float = 0.0, noise: int | None = None, tall: float = 1.0) -> Pixels:
    """A camera's picture of a portrait `tall` times its own height, `shift` px to the right;
    `noise` is the seed of its grain."""
    height, width = photo.pixels.shape[:2]
    zoom = tall * SIZE[1] / height
    matrix = np.array([[zoom, 0, SIZE[0] / 2 - zoom * width / 2 + shift], [0, zoom, 0.0]])
    pixels = cv2.warpAffine(
        photo.pixels, matrix, SIZE, flags=cv2.INTER_AREA, borderValue=(128, 128, 128)
    )
    if noise is not None:
        grain = np.random.default_rng(noise).normal(0, 6, pixels.shape)
        pixels = np.clip(pixels + grain, 0, 255)
    return pixels.astype(np.uint8)


def wall() -> Pixels:
    return np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)


def middle(shown: Shown) -> Array:
    """Of the glasses of the only face, px."""
    (face,) = shown.reports()
    sides = [np.mean(face["lenses"][side], 0) for side in ("left", "right")]
    return np.asarray(np.mean(sides, 0))


@pytest.fixture(scope="module")
def woman(examples: dict[str, Photo]) -> Photo:
    return examples["young-woman"]


@pytest.fixture(scope="module")
def man(examples: dict[str, Photo]) -> Photo:
    return examples["young-man"]


# One face -------------------------------------------------------------------------------------


def test_glasses_sit_on_the_eyes(woman: Photo, engines: Engines) -> None:
    pixels = frame(woman)
    shown = Mirror(engines, flip=False).show(pixels, 0.0, AVIATOR)
    (face,) = shown.reports()
    for side in ("left", "right"):
        outline = np.array(face["lenses"][side], np.float32)
        assert cv2.pointPolygonTest(outline, face["landmarks"][f"{side}_pupil"], False) > 0
    assert shown.pixels.shape == pixels.shape
    assert (shown.pixels != pixels).any()
    assert (pixels == frame(woman)).all()


def test_a_mirror_flips(woman: Photo, engines: Engines) -> None:
    plain = Mirror(engines, flip=False).show(frame(woman), 0.0, AVIATOR)
    flipped = Mirror(engines).show(frame(woman), 0.0, AVIATOR)
    assert (flipped.pixels == plain.pixels[:, ::-1]).all()


def test_a_still_face_stays_still(woman: Photo, engines: Engines) -> None:
    mirror, alone, steady = Mirror(engines), [], []
    for number in range(20):
        pixels = frame(woman, noise=number)
        steady.append(middle(mirror.show(pixels, number * STEP, AVIATOR)))
        alone.append(middle(Mirror(engines).show(pixels, 0.0, AVIATOR)))
    moved, jitter = np.std(steady[5:], 0), np.std(alone[5:], 0)
    assert np.linalg.norm(moved) < 0.7 * np.linalg.norm(jitter)
    assert np.linalg.norm(moved) < 0.15


def test_a_moving_face_is_kept_up_with(woman: Photo, engines: Engines) -> None:
    mirror = Mirror(engines)
    places = [
        middle(mirror.show(frame(woman, shift=4 * number), number * STEP, AVIATOR))
        for number in range(12)
    ]
    fresh = middle(Mirror(engines).show(frame(woman, shift=44), 0.0, AVIATOR))
    # 100 px a second.
    assert places[-1][0] - places[0][0] == pytest.approx(44, abs=1.5)
    assert np.linalg.norm(places[-1] - fresh) < 1.5


def test_no_detector_runs_while_a_face_is_followed(
    woman: Photo, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look(pixels: Pixels, pool: Engines) -> list[detect.Detection]:
        looks.append(pixels)
        return detect.detect_upright(pixels, pool)

    monkeypatch.setattr("genapp.tryon.live.detect_upright", look)
    mirror = Mirror(engines)
    count = round(2 * LOOK_SECONDS / STEP)
    for number in range(count):
        mirror.show(frame(woman), number * STEP, AVIATOR)
    assert 2 <= len(looks) <= 3


def test_the_error_bar_shrinks_but_not_to_nothing(woman: Photo, engines: Engines) -> None:
    mirror = Mirror(engines)
    errors = []
    for number in range(40):
        (face,) = mirror.show(frame(woman, noise=number), number * 0.1, AVIATOR).reports()
        errors.append(face["pd_mm"]["error"] / face["pd_mm"]["value"])
    assert errors[-1] < errors[0]
    assert errors[-1] > 0.98 * SCALE_FLOOR - 0.05 / 60


# Coming and going -----------------------------------------------------------------------------


def test_who_leaves_is_forgotten_and_may_return(woman: Photo, man: Photo, engines: Engines) -> None:
    mirror = Mirror(engines)
    for number in range(5):
        assert len(mirror.show(frame(woman), number * STEP, AVIATOR).faces) == 1
    gone = mirror.show(wall(), 5 * STEP, AVIATOR)
    assert gone.faces == ()
    assert (gone.pixels == 128).all()
    back = mirror.show(frame(man), 6 * STEP, AVIATOR)
    # Nothing of her is left in him.
    assert back.reports() == Mirror(engines).show(frame(man), 0.0, AVIATOR).reports()


@pytest.mark.parametrize("then", [3 * STEP + FORGET_SECONDS + 0.1, 0.0])
def test_after_a_pause_everything_begins_anew(
    woman: Photo, man: Photo, engines: Engines, then: float
) -> None:
    mirror = Mirror(engines)
    for number in range(3):
        mirror.show(frame(woman), number * STEP, AVIATOR)
    shown = mirror.show(frame(man), then, AVIATOR)
    assert shown.reports() == Mirror(engines).show(frame(man), 0.0, AVIATOR).reports()
    assert shown.frames_per_second == 0


def test_a_second_face_is_seen_within_a_second(woman: Photo, man: Photo, engines: Engines) -> None:
    alone = frame(woman, shift=-80, tall=0.8)
    both = np.where(frame(man, shift=80, tall=0.8) == 128, alone, frame(man, shift=80, tall=0.8))
    mirror = Mirror(engines)
    assert len(mirror.show(alone, 0.0, AVIATOR).faces) == 1
    count = 0
    for number in range(1, round(LOOK_SECONDS / STEP) + 2):
        count = len(mirror.show(both, number * STEP, AVIATOR).faces)
    assert count == 2


def test_mirrors_do_not_know_each_other(woman: Photo, man: Photo, engines: Engines) -> None:
    def look(photo: Photo, mirror: Mirror, number: int) -> Shown:
        return mirror.show(frame(photo, shift=number), number * STEP, AVIATOR)

    one, other, lone = Mirror(engines), Mirror(engines), Mirror(engines)
    for number in range(6):
        mixed = look(woman, one, number)
        look(man, other, number)
        alone = look(woman, lone, number)
        assert mixed.reports() == alone.reports()
        assert (mixed.pixels == alone.pixels).all()


# Frames a second and settings -----------------------------------------------------------------


def test_frames_per_second_are_those_of_the_last_second(engines: Engines) -> None:
    mirror = Mirror(engines)
    times = [*np.arange(0, 2, 0.1), *np.arange(2, 4, 0.05)]
    rates = [mirror.show(wall(), float(at), AVIATOR).frames_per_second for at in times]
    assert rates[0] == 0
    assert rates[19] == pytest.approx(10)
    assert rates[-1] == pytest.approx(20)


def test_the_frame_may_change_at_any_time(woman: Photo, engines: Engines) -> None:
    mirror = Mirror(engines)
    first = mirror.show(frame(woman), 0.0, AVIATOR)
    second = mirror.show(frame(woman), STEP, choose("round"))
    assert [shown.reports()[0]["frame"]["name"] for shown in (first, second)] == [
        "aviator",
        "round",
    ]


# Parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("angles", [(0, 0, 0), (40, 10, -5), (-60, -25, 45), (0, 0, 179)])
def test_a_rotation_survives_its_quaternion(angles: tuple[float, float, float]) -> None:
    rotation = turn(*angles)
    quaternion = _to_quaternion(rotation)
    assert np.linalg.norm(quaternion) == pytest.approx(1)
    assert _to_rotation(2 * quaternion) == pytest.approx(rotation, abs=1e-5)


def test_mixed_light_goes_from_one_to_the_other(light: Light) -> None:
    other = replace(light, contrast=0.9, direction=np.array([1.0, 0, 0], np.float32))
    assert _mixed_light(light, other, 0.0).contrast == pytest.approx(light.contrast)
    assert _mixed_light(light, other, 1.0).direction == pytest.approx(other.direction)
    between = _mixed_light(light, other, 0.5)
    assert light.contrast < between.contrast < other.contrast
    assert np.linalg.norm(between.direction) == pytest.approx(1)
