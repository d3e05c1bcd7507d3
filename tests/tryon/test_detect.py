"""Faces are found at any size and any way up, and only where there are faces."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.images import Photo, Pixels
from genapp.registry.engines import Engines
from genapp.tryon.detect import (
    Detection,
    _corners,
    detect,
    detect_upright,
    merge,
    turn_back,
)
from genapp.tryon.mesh import find_mesh
from tests.tryon.conftest import EXAMPLES

NAMES = [path.stem for path in EXAMPLES]


def at(x: float, y: float, side: float, roll: float = 0, score: float = 0.9) -> Detection:
    return Detection(np.array([x, y], np.float32), side, roll, score)


def apart(one: float, other: float) -> float:
    """Degrees between two directions."""
    return abs((one - other + 180) % 360 - 180)


def shrunk(pixels: Pixels, width: int) -> Pixels:
    height = round(pixels.shape[0] * width / pixels.shape[1])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


# Windows --------------------------------------------------------------------------------------


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0.05, 1))
def test_windows_cover_the_picture_and_overlap(width: int, height: int, part: float) -> None:
    side = max(width, height) * part
    corners = list(_corners(width, height, side))
    for length, starts in (
        (width, sorted({x for x, _ in corners})),
        (height, sorted({y for _, y in corners})),
    ):
        assert starts[0] <= 0.01
        assert starts[-1] + side >= length - 0.01
        assert all(b - a <= side * 0.75 + 0.01 for a, b in pairwise(starts))
    assert len(corners) == len({x for x, _ in corners}) * len({y for _, y in corners})


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 3), st.floats(-180, 179.9), st.data())
def test_turn_back_undoes_quarter_turns(
    width: int, height: int, turns: int, roll: float, data: st.DataObject
) -> None:
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    picture = np.zeros((height, width), np.uint8)
    picture[y, x] = 1
    row, column = np.argwhere(np.rot90(picture, -turns))[0]
    seen = at(column + 0.5, row + 0.5, 5, (roll + 90 * turns + 180) % 360 - 180)
    back = turn_back(seen, turns, (height, width))
    assert back.center.tolist() == [x + 0.5, y + 0.5]
    assert apart(back.roll, roll) < 1e-6
    assert (back.side, back.score) == (seen.side, seen.score)


# Merging --------------------------------------------------------------------------------------


def test_same_face_found_twice_becomes_one() -> None:
    merged = merge([at(100, 100, 50, 10, 0.8), at(104, 100, 54, 20, 0.8)])
    assert len(merged) == 1
    assert merged[0].center.tolist() == [102, 100]
    assert merged[0].side == 52
    assert merged[0].roll == pytest.approx(15)


def test_merged_roll_goes_the_short_way_round() -> None:
    merged = merge([at(100, 100, 50, 170), at(100, 100, 50, -170)])
    assert apart(merged[0].roll, 180) < 1e-6


def test_surer_of_two_counts_more() -> None:
    merged = merge([at(100, 100, 50, score=0.9), at(110, 100, 50, score=0.6)])
    assert 100 < merged[0].center[0] < 105
    assert merged[0].score == 0.9


def test_small_box_inside_a_large_one_is_the_same_face() -> None:
    assert len(merge([at(100, 100, 80), at(110, 110, 30)])) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), unique=True, max_size=12))
def test_faces_side_by_side_stay_apart(cells: list[tuple[int, int]]) -> None:
    faces = [at(column * 50, row * 50, 48) for column, row in cells]
    merged = merge(faces)
    assert sorted(tuple(face.center) for face in merged) == sorted(
        tuple(face.center) for face in faces
    )


# Pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_face_is_found_any_way_up(
    examples: dict[str, Photo], engines: Engines, name: str, turns: int
) -> None:
    pixels = examples[name].pixels
    (upright,) = detect(pixels, engines)
    (face,) = detect(np.ascontiguousarray(np.rot90(pixels, -turns)), engines)
    assert apart(face.roll, upright.roll + 90 * turns) < 2
    back = turn_back(face, turns, pixels.shape[:2])
    assert back.center == pytest.approx(upright.center, abs=0.03 * upright.side)
    assert face.side == pytest.approx(upright.side, rel=0.05)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("degrees", [-30, 30])
def test_leaning_face_is_found(
    examples: dict[str, Photo], engines: Engines, name: str, degrees: float
) -> None:
    pixels = examples[name].pixels
    (upright,) = detect(pixels, engines)
    middle = (pixels.shape[1] / 2, pixels.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(middle, -degrees, 0.8)
    leaning = cv2.warpAffine(pixels, turn, pixels.shape[1::-1], borderValue=(128, 128, 128))
    (face,) = detect(np.asarray(leaning, np.uint8), engines)
    assert apart(face.roll, upright.roll + degrees) < 6
    there = turn @ [*upright.center, 1]
    assert np.linalg.norm(face.center - there) < 0.1 * face.side


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [24, 27, 30])
def test_small_face_is_found_in_a_large_picture(
    examples: dict[str, Photo], engines: Engines, name: str, width: int
) -> None:
    portrait = examples[name].pixels
    (near,) = detect(portrait, engines)
    small = shrunk(portrait, round(portrait.shape[1] * width / near.side))
    picture = np.full((480, 640, 3), 128, np.uint8)
    picture[300 : 300 + small.shape[0], 420 : 420 + small.shape[1]] = small
    (face,) = detect(picture, engines)
    expected = near.center * width / near.side + (420, 300)
    assert np.linalg.norm(face.center - expected) < 0.2 * width
    assert face.side == pytest.approx(width, rel=0.25)
    mesh = find_mesh(picture, face, engines)
    assert mesh is not None


@pytest.mark.parametrize(("columns", "turns"), [(5, 0), (5, 1), (10, 0), (2, 0)])
def test_ten_faces_are_all_found(
    examples: dict[str, Photo], engines: Engines, columns: int, turns: int
) -> None:
    tiles = [shrunk(examples[NAMES[number % len(NAMES)]].pixels, 160) for number in range(10)]
    rows = [np.hstack(tiles[first : first + columns]) for first in range(0, 10, columns)]
    picture = np.vstack(rows)
    faces = detect(np.ascontiguousarray(np.rot90(picture, -turns)), engines)
    upright = [turn_back(face, turns, picture.shape[:2]) for face in faces]
    cells = sorted((int(face.center[1] // 200), int(face.center[0] // 160)) for face in upright)
    assert cells == sorted((number // columns, number % columns) for number in range(10))
    assert all(abs(face.roll) < 20 for face in upright)


def test_largest_face_comes_first(examples: dict[str, Photo], engines: Engines) -> None:
    picture = np.full((400, 700, 3), 128, np.uint8)
    for name, width, left in (("young-man", 160, 10), ("young-woman", 300, 350)):
        portrait = shrunk(examples[name].pixels, width)
        picture[: portrait.shape[0], left : left + width] = portrait
    large, small = detect(picture, engines)
    assert large.side > small.side
    assert large.center[0] > 350 > small.center[0]


def test_deep_picture_gives_the_same_faces(examples: dict[str, Photo], engines: Engines) -> None:
    pixels = examples["young-woman"].pixels
    (shallow,) = detect(pixels, engines)
    (deep,) = detect(pixels.astype(np.uint16) * 257, engines)
    assert np.array_equal(shallow.center, deep.center)


@pytest.mark.parametrize("name", NAMES)
def test_a_camera_sees_the_same_upright_face(
    examples: dict[str, Photo], engines: Engines, name: str
) -> None:
    pixels = shrunk(examples[name].pixels, 360)
    (face,), (expected,) = detect_upright(pixels, engines), detect(pixels, engines)
    assert face.center == pytest.approx(expected.center, abs=0.03 * expected.side)
    assert detect_upright(np.full_like(pixels, 128), engines) == []


def noise() -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (360, 480, 3), dtype=np.uint8)


def ramp() -> Pixels:
    y, x = np.mgrid[0:360, 0:480]
    return np.stack([x / 2, y / 2, (x + y) / 4], 2).astype(np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        noise(),
        ramp(),
        np.zeros((360, 480, 3), np.uint8),
        np.full((360, 480, 3), 200, np.uint8),
        np.full((1, 1, 3), 9, np.uint8),
        np.full((1, 900, 3), 9, np.uint8),
    ],
    ids=["noise", "ramp", "black", "grey", "dot", "line"],
)
def test_there_is_no_face_where_there_is_none(picture: Pixels, engines: Engines) -> None:
    assert detect(picture, engines) == []
