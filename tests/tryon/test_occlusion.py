"""What is before the glasses hides them, and nothing else does."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from genapp.registry.catalog import Model
from genapp.registry.engines import Engines
from genapp.tryon import Analysis, dress, load_frame
from genapp.tryon.arrays import Array
from genapp.tryon.hair import Hair
from genapp.tryon.head import OVAL
from genapp.tryon.occlusion import (
    CROP,
    CROP_MM,
    Occlusion,
    crop_matrix,
    falling_hair,
    find_occlusion,
)
from genapp.tryon.parsing import PARSERS
from genapp.tryon.pose import Canonical, Head, find_head
from genapp.tryon.render import Layer, Relief
from tests.tryon.faces import SIZE, photograph

FINEST = PARSERS["bisenet-r34"]
PARSER, PARSER_SIDE = FINEST.model, FINEST.side


class StandIn:
    """Engines in which the parser is here, and sees the class `seen` in the left half."""

    def __init__(self, real: Engines, seen: int, *, here: bool = True) -> None:
        self._real, self._seen, self._here = real, seen, here
        self.catalog, self.store = real.catalog, self

    def find(self, file: Any) -> Path | None:  # noqa: ANN401
        return Path("parser.onnx") if self._here else None

    def get(self, name: str) -> Any:  # noqa: ANN401
        return self if name == PARSER else self._real.get(name)

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        assert inputs["input"].shape == (1, 3, PARSER_SIDE, PARSER_SIDE)
        assert inputs["input"].dtype == np.float32
        logits = np.zeros((1, 19, PARSER_SIDE, PARSER_SIDE), np.float32)
        logits[:, 1] = 1
        logits[:, self._seen, :, : PARSER_SIDE // 2] = 2
        return {"output": logits}


def half_hidden(head: Head) -> Occlusion:
    """Everything to the left of the middle between the eyes."""
    matte = np.zeros((CROP, CROP), np.float32)
    matte[:, : CROP // 2] = 1
    return Occlusion(matte, crop_matrix(head, (CROP, CROP), CROP_MM))


@pytest.mark.parametrize("roll", [-40, 0, 25, 170])
def test_crop_is_upright_around_the_eyes(canonical: Canonical, face: Array, roll: float) -> None:
    head = find_head(photograph(face, roll=roll), canonical, SIZE, None)
    matrix = crop_matrix(head, (100, 60), 2.0)
    pupils = head.view.project(head.to_camera(head.face[[468, 473]]))
    left, right = pupils @ matrix[:, :2].T + matrix[:, 2]
    assert (left + right) / 2 == pytest.approx([50, 26], abs=0.1)
    # The eyes are nearer than the middle of the head, where the scale is measured.
    assert right - left == pytest.approx([63.4 / 2, 0], abs=2)


def test_bare_faces_hide_nothing_of_the_front(analysis: Analysis) -> None:
    face = analysis.faces[0]
    if face.occlusion is None:
        return
    eyes = face.mesh.pupils @ face.occlusion.to_matte[:, :2].T + face.occlusion.to_matte[:, 2]
    for column, row in eyes.astype(int):
        reach = round(20 * np.hypot(*face.occlusion.to_matte[:, 0]) * face.head.view.scale)
        near = face.occlusion.matte[row - reach : row + reach, column - reach : column + reach]
        assert near.mean() < 0.02


@pytest.mark.parametrize("name", ["older-man", "young-man"])
def test_a_bar_before_an_eye_hides_the_frame_there(
    analyses: dict[str, Analysis], engines: Engines, name: str
) -> None:
    analysis = analyses[name]
    face = analysis.faces[0]
    pixels = np.array(analysis.photo.pixels)
    x, y = face.mesh.pupils[0]
    half = round(9 * face.head.view.scale)
    bar = (slice(int(y) - half, None), slice(int(x) - half, int(x) + half))
    pixels[bar] = (30, 90, 200)
    occlusion = find_occlusion(pixels, face.head, face.hair, engines)
    assert occlusion is not None
    columns, rows = ((face.mesh.pupils @ occlusion.to_matte[:, :2].T) + occlusion.to_matte[:, 2]).T
    seen = occlusion.matte[rows.astype(int) + 6, columns.astype(int)]
    assert seen[0] > 0.8
    assert seen[1] < 0.1


def falling(head: Head, drawn: Array) -> Array:
    """What `falling_hair` makes of a matte drawn in the pixels of its own result."""
    to_small = crop_matrix(head, (CROP, CROP), CROP_MM)
    # The hair's matte is sampled like a picture of the photo's size, shrunk.
    to_matte = to_small + np.array([[0, 0, 96], [0, 0, 96]])
    matte = np.zeros((256, 256), np.float32)
    matte[96 : 96 + CROP, 96 : 96 + CROP] = drawn
    hair = Hair(matte, matte, to_matte.astype(np.float32), (False, False))
    return falling_hair(head, hair, to_small)


def test_hair_from_the_top_counts_and_brows_do_not(canonical: Canonical, face: Array) -> None:
    head = find_head(photograph(face), canonical, SIZE, None)
    fringe = np.zeros((CROP, CROP), np.float32)
    fringe[:18, 20:44] = 1
    assert falling(head, fringe)[14:18, 24:40].min() == 1
    brow = np.zeros((CROP, CROP), np.float32)
    brow[16:18, 20:44] = 1
    assert falling(head, brow).max() == 0


def test_hair_at_the_eyes_beside_the_face_and_low_does_not_count(
    canonical: Canonical, face: Array
) -> None:
    head = find_head(photograph(face), canonical, SIZE, None)
    down = falling(head, np.pad(np.ones((CROP, 12), np.float32), ((0, 0), (14, 38))))
    pupil = int(CROP / 2 - 8 / CROP_MM)
    assert down[pupil, 18:21].max() == 0
    assert down[-16:].max() == 0
    outside = falling(head, np.pad(np.ones((CROP, 3), np.float32), ((0, 0), (0, CROP - 3))))
    assert outside.max() == 0


def test_a_face_as_dark_as_its_hair_is_left_alone(canonical: Canonical, face: Array) -> None:
    head = find_head(photograph(face), canonical, SIZE, None)
    assert falling(head, np.ones((CROP, CROP), np.float32)).max() == 0


def test_what_is_hidden_is_not_drawn(canonical: Canonical, face: Array) -> None:
    head = find_head(photograph(face), canonical, SIZE, None)
    x, y = head.view.project(head.to_camera(head.face[[468, 473]])).mean(0)
    box = (int(x) - 20, int(y) - 10, int(x) + 20, int(y) + 10)
    half = np.full((20, 40), 0.5, np.float32)
    relief = Relief(half, half, half, half)
    layer = Layer(box, np.repeat(half[..., None], 3, 2), np.repeat(half[..., None], 3, 2), relief)
    seen = half_hidden(head).before(layer)
    assert seen.through[:, :10].min() == 1
    assert seen.add[:, :10].max() == 0
    assert seen.cover[:, :10].max() == 0
    assert seen.relief.glass[:, :10].max() == 0
    assert seen.relief.glass[:, 30:].min() == 0.5
    assert seen.through[:, 30:].max() == 0.5
    assert seen.add[:, 30:].min() == 0.5


def test_a_smaller_picture_hides_the_same(canonical: Canonical, face: Array) -> None:
    head = find_head(photograph(face), canonical, SIZE, None)
    occlusion = half_hidden(head)
    spot = np.array([300.0, 200.0])
    there = occlusion.to_matte[:, :2] @ spot + occlusion.to_matte[:, 2]
    smaller = occlusion.zoomed((100, 50), 0.5)
    again = smaller.to_matte[:, :2] @ ((spot - (100, 50)) * 0.5) + smaller.to_matte[:, 2]
    assert again == pytest.approx(there)


def test_only_the_frame_changes_where_it_is_hidden(analyses: dict[str, Analysis]) -> None:
    analysis = analyses["young-man"]
    face = replace(analysis.faces[0], occlusion=half_hidden(analysis.faces[0].head))
    frame = load_frame("wayfarer")
    hidden = dress(replace(analysis, faces=(face,)), frame).photo.pixels
    bare = replace(analysis.faces[0], occlusion=None)
    whole = dress(replace(analysis, faces=(bare,)), frame).photo.pixels
    left, right = (spot.astype(int) for spot in face.mesh.pupils)
    original = analysis.photo.pixels
    assert np.abs(hidden[left[1], left[0]].astype(int) - original[left[1], left[0]]).max() <= 2
    assert np.abs(hidden[right[1], right[0]].astype(int) - whole[right[1], right[0]]).max() <= 2


@pytest.mark.parametrize(("seen", "hides"), [(17, True), (18, True), (0, True), (2, False)])
def test_parser_is_used_when_it_is_here(
    analyses: dict[str, Analysis], engines: Engines, seen: int, hides: bool
) -> None:
    analysis = analyses["young-man"]
    face = analysis.faces[0]
    pool = cast(Engines, StandIn(engines, seen))
    occlusion = find_occlusion(analysis.photo.pixels, face.head, face.hair, pool)
    if not hides:
        assert occlusion is None
        return
    assert occlusion is not None
    points = face.mesh.points[[117, 346], :2] @ occlusion.to_matte[:, :2].T
    columns, rows = (points + occlusion.to_matte[:, 2]).astype(int).T
    left, right = occlusion.matte[rows, columns]
    assert left > 0.9
    assert right < 0.1
    # Beyond the edge of the face nothing is said.
    outline = face.mesh.points[list(OVAL), :2] @ occlusion.to_matte[:, :2].T
    beyond = np.ones(occlusion.matte.shape, np.uint8)
    cv2.fillPoly(beyond, [np.rint(outline + occlusion.to_matte[:, 2]).astype(np.int32)], 0)
    assert (occlusion.matte * cv2.erode(beyond, np.ones((9, 9)))).mean() < 0.02


def test_parser_that_is_not_here_is_not_fetched(
    analyses: dict[str, Analysis], engines: Engines
) -> None:
    analysis = analyses["young-man"]
    face = analysis.faces[0]
    pool = cast(Engines, StandIn(engines, 17, here=False))
    occlusion = find_occlusion(analysis.photo.pixels, face.head, face.hair, pool)
    usual = face.occlusion
    assert (occlusion is None) == (usual is None)


def test_parser_is_in_the_catalogue_for_private_use_only(engines: Engines) -> None:
    model: Model = engines.catalog.get(PARSER)
    assert not model.embedded
    assert not model.commercial
