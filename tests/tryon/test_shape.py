"""Shapes of faces and looks of frames that are told apart by eye."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.tryon import Analysis, load_frame
from genapp.tryon.arrays import Array
from genapp.tryon.fit import verdict
from genapp.tryon.pose import Canonical, find_head
from genapp.tryon.shape import (
    FOREHEAD,
    JAW,
    Shape,
    find_shape,
    find_style,
    proportions,
    reason,
    suiting,
)
from tests.tryon.faces import SIZE, photograph


def shape_of(canonical: Canonical, face: Array, *angles: float) -> Shape:
    return find_shape(find_head(photograph(face, *angles), canonical, SIZE, None))


def stretched(face: Array, length: float = 1.0, forehead: float = 1.0, jaw: float = 1.0) -> Array:
    """The face made longer, or wider at the forehead or the jaw."""
    changed = face * np.array([1, length, 1], np.float32)
    for pair, wider in ((FOREHEAD, forehead), (JAW, jaw)):
        changed[list(pair), 0] *= wider
    return changed.astype(np.float32)


def test_long_faces_are_oblong_and_short_ones_are_not(canonical: Canonical, face: Array) -> None:
    assert shape_of(canonical, stretched(face, length=1.2)).name == "oblong"
    assert shape_of(canonical, stretched(face, length=0.9)).name in {"round", "square"}


def test_jaw_and_forehead_tell_the_rest(canonical: Canonical, face: Array) -> None:
    length = 1.137 / proportions(face)[0]
    average = stretched(face, length)
    assert shape_of(canonical, stretched(average, jaw=1.06)).name == "square"
    narrow_jaw = stretched(average, jaw=0.95)
    wide, narrow = 0.86 / proportions(face)[1], 0.79 / proportions(face)[1]
    assert shape_of(canonical, stretched(narrow_jaw, forehead=wide)).name == "heart"
    assert shape_of(canonical, stretched(narrow_jaw, forehead=narrow)).name == "diamond"


@settings(max_examples=20, deadline=None)
@given(st.floats(-25, 25), st.floats(-15, 15), st.floats(-180, 180), st.floats(0.7, 1.4))
def test_shape_does_not_depend_on_pose_or_size(
    canonical: Canonical, face: Array, yaw: float, pitch: float, roll: float, size: float
) -> None:
    long = stretched(face, length=1.2)
    mesh = photograph(long, yaw, pitch, roll, scale=3.0 * size)
    assert find_shape(find_head(mesh, canonical, SIZE, None)).name == "oblong"


def test_confidence_is_a_probability(analysis: Analysis) -> None:
    assert 1 / 6 <= find_shape(analysis.faces[0].head).confidence <= 1


def test_styles_are_those_one_sees() -> None:
    styles = {
        name: find_style(load_frame(name))
        for name in ("round", "rectangle", "hexagon", "cat-eye", "clubmaster", "rimless", "panto")
    }
    angular = sorted(styles, key=lambda name: styles[name].angular)
    assert angular[0] == "round"
    assert {"rectangle", "hexagon"} == set(angular[-2:])
    assert max(styles, key=lambda name: styles[name].lift) == "cat-eye"
    assert max(styles, key=lambda name: styles[name].heavy_top) == "clubmaster"
    assert max(styles, key=lambda name: styles[name].light) == "rimless"
    assert styles["panto"].deep > styles["rectangle"].deep


def test_advice_contrasts_the_lines_of_the_face() -> None:
    def rank(shape: Shape, name: str) -> int:
        return [frame.name for frame in suiting(shape, 138)].index(name)

    round_face, square_face = Shape("round", 0.6), Shape("square", 0.6)
    assert rank(round_face, "rectangle") < rank(round_face, "oval")
    assert rank(square_face, "oval") < rank(square_face, "rectangle")
    assert rank(Shape("oblong", 0.6), "panto") < rank(Shape("oblong", 0.6), "half-rim")


@pytest.mark.parametrize("face_width", [134, 138, 150])
def test_frames_of_the_right_width_come_first(face_width: float) -> None:
    best = suiting(Shape("oval", 0.5), face_width)[:3]
    assert {verdict(frame.width, face_width) for frame in best} == {"good"}


def test_reason_is_a_sentence_with_titles() -> None:
    shape = Shape("round", 0.6)
    text = reason(shape, suiting(shape, 138))
    assert text.startswith("Your face is about as wide as long")
    assert text.endswith("give it edges.")
    assert suiting(shape, 138)[0].title in text
