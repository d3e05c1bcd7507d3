"""A frame sits level on the nose, in front of the eyes, at the distance of real glasses."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.errors import BadValue
from genapp.tryon.arrays import Array
from genapp.tryon.fit import (
    EYELIDS,
    FARTHEST,
    LASHES,
    NUDGE_LIMITS,
    RIDGE,
    Nudge,
    check_nudge,
    place,
    verdict,
    wear,
)
from genapp.tryon.frames import Frame, load_frame
from genapp.tryon.geometry import front_depth, lens_outline
from genapp.tryon.head import SIDES, ears
from genapp.tryon.pose import Canonical, Head, find_head
from genapp.tryon.solid import Part, Solid
from tests.tryon.faces import SIZE, photograph


def head_of(canonical: Canonical, face: Array, *angles: float) -> Head:
    return find_head(photograph(face, *angles), canonical, SIZE, None)


def lens_edges(frame: Frame, head: Head) -> tuple[Array, Array]:
    """Edges of the lenses in the photo, px: viewer's left, viewer's right."""
    _, lenses = wear(frame, head)
    half = len(lenses.vertices) // 2
    count = len(lens_outline(frame))
    right, left = lenses.vertices[half - count : half], lenses.vertices[-count:]
    return head.view.project(left), head.view.project(right)


def vertex_distances(frame: Frame, head: Head) -> Array:
    """From the middle of each eye's lids to the lens before it, mm."""
    lids = place(frame, head).to_frame(head.face[list(EYELIDS)]).reshape(2, 2, 3).mean(1)
    return np.asarray(lids[:, 2] - front_depth(frame, lids[:, 0], lids[:, 1]))


@pytest.mark.parametrize("yaw", [-40, -20, 0, 20, 40])
@pytest.mark.parametrize("roll", [0, 25])
def test_pupils_are_inside_their_lenses(
    canonical: Canonical, face: Array, frame: Frame, yaw: float, roll: float
) -> None:
    mesh = photograph(face, yaw, 0, roll)
    head = find_head(mesh, canonical, SIZE, None)
    for edge, pupil in zip(lens_edges(frame, head), mesh.pupils, strict=True):
        inside = cv2.pointPolygonTest(edge.reshape(-1, 1, 2), pupil.tolist(), True)
        assert inside > head.view.scale


@pytest.mark.parametrize("yaw", [-30, 30])
def test_pupils_are_inside_the_lenses_of_every_shipped_frame(
    canonical: Canonical, face: Array, shipped: Frame, yaw: float
) -> None:
    mesh = photograph(face, yaw)
    head = find_head(mesh, canonical, SIZE, None)
    for edge, pupil in zip(lens_edges(shipped, head), mesh.pupils, strict=True):
        assert cv2.pointPolygonTest(edge.reshape(-1, 1, 2), pupil.tolist(), True) > head.view.scale


def test_frame_is_level_with_the_eyes(canonical: Canonical, face: Array, frame: Frame) -> None:
    """Even of a face whose one eye sits 4 mm lower."""
    uneven = face.copy()
    uneven[473:478, 1] += 4
    head = head_of(canonical, uneven)
    eyes = head.face[473] - head.face[468]
    along = place(frame, head).rotation[:, 0]
    assert np.arctan2(along[1], along[0]) == pytest.approx(np.arctan2(eyes[1], eyes[0]), abs=1e-5)


def test_frame_is_in_the_middle_of_an_even_face(
    canonical: Canonical, face: Array, frame: Frame
) -> None:
    placement = place(frame, head_of(canonical, face))
    assert placement.shift[0] == pytest.approx(0, abs=0.2)
    assert placement.rotation == pytest.approx(np.eye(3), abs=2e-3)


def test_lenses_hang_as_low_as_the_frame_says(
    canonical: Canonical, face: Array, frame: Frame
) -> None:
    head = head_of(canonical, face)
    pupils = place(frame, head).to_frame(head.face[[468, 473]])
    assert pupils[:, 1] == pytest.approx(-frame.drop, abs=0.2)


@pytest.mark.parametrize("angles", [(0, 0, 0), (35, 10, -60)])
def test_lenses_stand_before_the_lids(
    canonical: Canonical, face: Array, frame: Frame, angles: tuple[float, float, float]
) -> None:
    distances = vertex_distances(frame, head_of(canonical, face, *angles))
    assert distances.min() > 8
    assert distances.max() <= FARTHEST + 1


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["aviator", "round", "wayfarer"]),
    st.floats(0.5, 2),
    st.floats(-8, 12),
    st.floats(0.85, 1.2),
)
def test_odd_faces_keep_the_lenses_near_and_off_the_skin(
    canonical: Canonical, face: Array, name: str, nose: float, brows: float, width: float
) -> None:
    odd = face.copy()
    odd[list(RIDGE), 2] += (nose - 1) * (face[list(RIDGE), 2] + 37)
    odd[[105, 334, 66, 296], 2] -= brows
    odd[:, 0] *= width
    distances = vertex_distances(load_frame(name), head_of(canonical, odd))
    assert distances.min() > 5
    assert distances.max() < FARTHEST + 1.5


def test_lenses_are_clear_of_the_brows(canonical: Canonical, face: Array, frame: Frame) -> None:
    head = head_of(canonical, face)
    skin = place(frame, head).to_frame(head.face[:468])
    beside = np.abs(skin[:, 0]) - (frame.lens + frame.bridge) / 2
    behind = (np.abs(beside) < frame.lens / 2 - 5) & (np.abs(skin[:, 1]) < frame.height / 2 - 2)
    room = skin[behind, 2] - front_depth(frame, skin[behind, 0], skin[behind, 1])
    assert behind.sum() > 50
    assert room.min() >= LASHES - 0.01 or vertex_distances(frame, head).max() > FARTHEST - 1


def test_longer_nose_carries_the_frame_farther_out(
    canonical: Canonical, face: Array, frame: Frame
) -> None:
    long_nosed = face.copy()
    long_nosed[list(RIDGE), 2] -= 8
    usual, far = (
        vertex_distances(frame, head_of(canonical, one)).mean() for one in (face, long_nosed)
    )
    assert far >= usual
    assert far > usual + 1 or usual > FARTHEST - 1


def test_placement_goes_there_and_back(canonical: Canonical, face: Array, frame: Frame) -> None:
    placement = place(frame, head_of(canonical, face, 20, 5, 30))
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * 60
    assert placement.to_frame(placement.to_head(points)) == pytest.approx(points, abs=1e-3)


def test_temples_rest_over_the_ears(canonical: Canonical, face: Array, frame: Frame) -> None:
    head = head_of(canonical, face, 25, 5, 10)
    opaque, _ = wear(frame, head)
    temples = opaque.vertices[opaque.part == Part.TEMPLE]
    for ear in head.to_camera(np.array(ears(head), np.float32)):
        assert np.linalg.norm(temples - ear, axis=1).min() < 4.5


def test_temples_go_around_a_broad_head(canonical: Canonical, face: Array, frame: Frame) -> None:
    broad = face.copy()
    broad[list(SIDES[0] + SIDES[1]), 0] *= 1.06
    head = head_of(canonical, broad)
    opaque, _ = wear(frame, head)
    temples = (opaque.vertices @ head.rotation)[opaque.part == Part.TEMPLE]
    for side, points in zip((-1, 1), SIDES, strict=True):
        # Near the hinge a temple cannot give way.
        for x, _, z in head.face[list(points[-2:])]:
            near = (temples[:, 0] * side > 0) & (np.abs(temples[:, 2] - z) < 5)
            assert (temples[near, 0] * side).min() > x * side - 1.5


def test_worn_frame_keeps_its_size_and_unit_normals(
    canonical: Canonical, face: Array, frame: Frame
) -> None:
    def span(solid: Solid, head: Head) -> float:
        rim = solid.vertices[solid.part == Part.RIM] @ head.rotation
        return float(np.ptp(rim[:, 0]))

    for angles in ((0, 0, 0), (40, -20, 90)):
        head = head_of(canonical, face, *angles)
        opaque, _ = wear(frame, head)
        assert span(opaque, head) == pytest.approx(frame.width, abs=1.5)
        assert np.linalg.norm(opaque.normals, axis=1) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (-20, "narrow"),
        (-16.1, "narrow"),
        (-15.9, "good"),
        (-8, "good"),
        (-0.1, "good"),
        (0.1, "wide"),
    ],
)
def test_verdict_goes_by_the_difference_of_the_widths(
    frame: Frame, difference: float, expected: str
) -> None:
    assert verdict(frame.width, frame.width - difference) == expected


@given(st.floats(100, 200), st.floats(100, 200))
def test_narrower_face_never_gets_a_narrower_verdict(one: float, other: float) -> None:
    frame = load_frame("round")
    order = ["narrow", "good", "wide"]
    small, large = sorted((one, other))
    assert order.index(verdict(frame.width, small)) >= order.index(verdict(frame.width, large))


def test_wider_frame_of_the_same_shape_is_wider(canonical: Canonical, face: Array) -> None:
    head = head_of(canonical, face)
    frame = load_frame("round")
    left, right = lens_edges(frame, head)
    wide_left, wide_right = lens_edges(replace(frame, lens=frame.lens + 6), head)
    assert wide_right[:, 0].max() - wide_left[:, 0].min() > right[:, 0].max() - left[:, 0].min()


# Nudges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nudge", "moved"),
    [
        (Nudge(right=5), (5, 0, 0)),
        (Nudge(down=-4), (0, -4, 0)),
        (Nudge(forward=6), (0, 0, -6)),
    ],
)
def test_nudge_moves_by_millimetres(
    canonical: Canonical, face: Array, frame: Frame, nudge: Nudge, moved: tuple[float, ...]
) -> None:
    head = head_of(canonical, face)
    before, after = place(frame, head), place(frame, head, nudge)
    assert after.shift - before.shift == pytest.approx(np.array(moved), abs=1e-3)


def test_nudge_turns_and_sizes_around_the_bridge(canonical: Canonical, face: Array) -> None:
    frame = load_frame("round")
    head = head_of(canonical, face)
    ends = np.array([[-60, 0, 0], [60, 0, 0], [0, 0, 0]], np.float32)
    left, right, middle = place(frame, head).to_head(ends)
    turned = place(frame, head, Nudge(tilt=10, size=1.1))
    new_left, new_right, new_middle = turned.to_head(ends)
    assert new_middle == pytest.approx(middle, abs=1e-3)
    assert np.linalg.norm(new_right - new_left) == pytest.approx(120 * 1.1, abs=1e-2)
    # Clockwise: the viewer's right goes down.
    across, was = new_right - new_left, right - left
    angle = np.degrees(np.arctan2(across[1], across[0]) - np.arctan2(was[1], was[0]))
    assert angle == pytest.approx(10, abs=1e-3)
    assert turned.to_frame(turned.to_head(ends)) == pytest.approx(ends, abs=1e-2)


def test_nudge_out_of_its_limits_is_refused() -> None:
    for name, (low, high) in NUDGE_LIMITS.items():
        check_nudge(Nudge(**{name: low}))
        check_nudge(Nudge(**{name: high}))
        with pytest.raises(BadValue, match=f"nudge '{name}'.*Choose a number from"):
            check_nudge(Nudge(**{name: high + 0.1}))
