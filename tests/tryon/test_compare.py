"""Several frames on the same face."""

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
import pytest

from genapp.errors import BadValue
from genapp.tryon import Analysis, choose, compare
from genapp.tryon.compare import CAPTION, CELL, GAP, MOST

FRAMES = ("aviator", "round", "wayfarer", "hexagon")


@pytest.fixture(scope="session")
def portrait(analyses: Mapping[str, Analysis]) -> Analysis:
    return analyses["young-woman"]


def test_each_frame_is_on_the_same_crop(portrait: Analysis) -> None:
    result = compare(portrait, [choose(name) for name in FRAMES])
    assert len({cell.shape for cell in result.cells}) == 1
    assert max(result.cells[0].shape) <= CELL
    assert [face["frame"]["name"] for face in result.report()["compared"]] == list(FRAMES)
    for cell, face in zip(result.cells, result.faces, strict=True):
        height, width = cell.shape[:2]
        for side in ("left", "right"):
            x, y = face["landmarks"][f"{side}_pupil"]
            assert 0 < x < width
            assert 0 < y < height
            outline = np.array(face["lenses"][side], np.float32).reshape(-1, 1, 2)
            assert cv2.pointPolygonTest(outline, (x, y), True) > 0


def test_frames_differ_and_nothing_else(portrait: Analysis) -> None:
    one, other = compare(portrait, [choose("aviator"), choose("wayfarer")]).cells
    below = round(one.shape[0] * 0.75)
    assert (one != other).any()
    assert np.array_equal(one[below:], other[below:])


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (4, 2, 2), (5, 3, 2)])
def test_sheet_has_room_for_all(portrait: Analysis, count: int, columns: int, rows: int) -> None:
    result = compare(portrait, [choose("round")] * count)
    height, width = result.cells[0].shape[:2]
    sheet = result.sheet.pixels
    assert sheet.shape[0] == rows * (height + CAPTION + GAP) + GAP
    assert sheet.shape[1] == columns * (max(width, 200) + GAP) + GAP
    first = sheet[GAP : GAP + height, GAP : GAP + width]
    assert np.array_equal(first, result.cells[0])


def test_columns_are_the_users_choice(portrait: Analysis) -> None:
    wide = compare(portrait, [choose("round")] * 3, columns=3).sheet.pixels
    tall = compare(portrait, [choose("round")] * 3, columns=1).sheet.pixels
    assert wide.shape[1] > tall.shape[1]
    assert wide.shape[0] < tall.shape[0]


def test_caption_says_frame_and_fit(portrait: Analysis) -> None:
    (caption,) = compare(portrait, [choose("aviator")]).captions
    assert caption.startswith("Aviator 58-14-140\n")
    assert caption.endswith(("narrow", "good", "wide"))


def test_one_of_several_faces(portrait: Analysis) -> None:
    face = portrait.faces[0]
    pixels = np.concatenate([portrait.photo.pixels[:, ::-1], portrait.photo.pixels], 1)
    shift = -float(portrait.photo.pixels.shape[1])
    both = replace(
        portrait,
        photo=replace(portrait.photo, pixels=pixels),
        faces=(face, face.zoomed((shift, 0), 1)),
    )
    second = compare(both, [choose("aviator")], face=1).cells[0]
    # The same face at another place; its left edge shows the neighbour or its own background.
    alone = compare(portrait, [choose("aviator")]).cells[0]
    width = min(second.shape[1], alone.shape[1]) // 2
    difference = cv2.absdiff(second[:, -width:], alone[:, -width:])
    assert difference.mean() < 2


def test_too_many_frames_no_frame_no_such_face(portrait: Analysis) -> None:
    with pytest.raises(BadValue, match=f"from 1 to {MOST}"):
        compare(portrait, [choose("round")] * (MOST + 1))
    with pytest.raises(BadValue, match="0 frames"):
        compare(portrait, [])
    with pytest.raises(BadValue, match="face number 2"):
        compare(portrait, [choose("round")], face=1)
