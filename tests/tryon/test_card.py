"""A card whose size and place in the photo are known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from carded import held
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.errors import BadValue
from genapp.tryon import Analysis
from genapp.tryon.arrays import Array
from genapp.tryon.card import HEIGHT, WIDTH, find_card, given_card, scale_by_card
from genapp.tryon.pose import Canonical, Head, find_head
from tests.tryon.faces import SIZE, photograph, turn


@pytest.fixture
def head(canonical: Canonical, face: Array) -> Head:
    return find_head(photograph(face), canonical, SIZE, None)


def corners_of(
    head: Head,
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
    *,
    behind: float = 0.0,
    at: tuple[float, float] = (0, 0),
) -> Array:
    """Of a card so many mm behind the origin of head space."""
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (WIDTH / 2, HEIGHT / 2)
    flat = np.concatenate([half, np.zeros((4, 1))], 1) @ turn(yaw, pitch, roll).T
    return head.view.project((flat + np.array([*at, behind])).astype(np.float32))


@settings(max_examples=50, deadline=None)
@given(st.floats(-25, 25), st.floats(-25, 25), st.floats(-180, 180), st.floats(-40, 40))
def test_given_corners_give_the_scale_at_the_card(
    canonical: Canonical, face: Array, yaw: float, pitch: float, roll: float, behind: float
) -> None:
    head = find_head(photograph(face), canonical, SIZE, None)
    card = given_card(corners_of(head, yaw, pitch, roll, behind=behind).tolist(), head)
    here = head.view.scale * head.view.distance / (head.view.distance + behind)
    assert card.pixels_per_mm == pytest.approx(here, rel=0.005)
    assert card.misfit < 0.2


@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("backwards", [False, True])
def test_corners_may_start_anywhere(head: Head, start: int, backwards: bool) -> None:
    corners = np.roll(corners_of(head, 10, 5, 20), start, 0)
    card = given_card((corners[::-1] if backwards else corners).tolist(), head)
    assert card.pixels_per_mm == pytest.approx(head.view.scale, rel=0.005)


def test_what_is_no_card_is_refused(head: Head) -> None:
    corners = corners_of(head)
    square = (corners - corners.mean(0)) * (1, WIDTH / HEIGHT) + corners.mean(0)
    cases: list[tuple[Any, str]] = [
        (corners[:3].tolist(), "does not have four corners"),
        ([[0, 0], [1, 0], [np.nan, 1], [0, 1]], "does not have four corners"),
        (corners[[0, 2, 1, 3]].tolist(), "not in order"),
        ([["a", 0]] * 4, "no numbers"),
        (square.tolist(), "not those of a card"),
    ]
    for bad, message in cases:
        with pytest.raises(BadValue, match=message):
            given_card(bad, head)


def test_a_card_behind_the_eyes_is_corrected_for(head: Head) -> None:
    """On the forehead, whose depth the mesh knows."""
    forehead = float(head.face[151, 2])
    eyes = float(head.face[[468, 473], 2].mean())
    at = (0.0, float(head.face[151, 1]) - 10)
    card = given_card(corners_of(head, behind=forehead, at=at).tolist(), head)
    scale = scale_by_card(card, head, focal_known=False)
    at_eyes = head.view.scale * head.view.distance / (head.view.distance + eyes)
    assert scale.pixels_per_mm == pytest.approx(at_eyes, rel=0.015)
    assert "on the face" in scale.note


def test_distance_costs_precision(head: Head) -> None:
    on_face = given_card(corners_of(head, behind=-50, at=(0, -70)).tolist(), head)
    beside = given_card(corners_of(head, behind=-50, at=(0, 150)).tolist(), head)
    errors = [scale_by_card(c, head, focal_known=False).relative_error for c in (on_face, beside)]
    assert 0.01 < errors[0] < errors[1] < 0.06
    assert scale_by_card(beside, head, focal_known=True).relative_error < errors[1] + 0.001


@pytest.mark.parametrize("size", [0.93, 1.06])
@pytest.mark.parametrize("at_forehead", [True, False])
def test_card_in_a_photo_puts_the_scale_right(
    analyses: dict[str, Analysis], size: float, at_forehead: bool
) -> None:
    """Whatever the irises say: the card is drawn for a face of another size."""
    analysis = analyses["young-man"]
    pixels = np.asarray(analysis.photo.pixels, np.uint8)
    head = analysis.faces[0].head
    photo = held(pixels, head, 1, at_forehead=at_forehead, size=size)
    card = find_card(photo.pixels, head)
    assert card is not None
    apart = np.linalg.norm(card.corners[:, None] - photo.corners, axis=2).min(1)
    assert apart.max() < 1.5
    found = scale_by_card(card, head, focal_known=False)
    assert found.pixels_per_mm == pytest.approx(photo.pixels_per_mm, rel=0.02)


def test_no_card_is_found_where_none_is(analysis: Analysis) -> None:
    head = analysis.faces[0].head
    assert find_card(analysis.photo.pixels, head) is None


def test_a_card_of_impossible_size_is_no_card(analyses: dict[str, Analysis]) -> None:
    """A picture frame or a phone: twice as large as the eyes say."""
    analysis = analyses["young-man"]
    head = analysis.faces[0].head
    photo = held(np.asarray(analysis.photo.pixels, np.uint8), head, 1, at_forehead=True)
    measures = replace(
        head.millimetres,
        pixels_per_mm=head.millimetres.pixels_per_mm / 2,
    )
    assert find_card(photo.pixels, replace(head, millimetres=measures)) is None
