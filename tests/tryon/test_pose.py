"""The pose of a face whose pose is known, and the similarity that finds it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.tryon.arrays import Array
from genapp.tryon.mesh import LEFT_EYE, RIGHT_EYE
from genapp.tryon.pose import Canonical, Head, find_head, similarity
from genapp.tryon.scale import Scale
from tests.tryon.faces import SIZE, known_face, photograph, turn

yaws, pitches, rolls = st.floats(-45, 45), st.floats(-25, 25), st.floats(-180, 180)


def head_of(canonical: Canonical, face: Array, *angles: float) -> Head:
    return find_head(photograph(face, *angles), canonical, SIZE, None)


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.1, 20),
    st.tuples(st.floats(-180, 180), st.floats(-90, 90), rolls),
    st.booleans(),
)
def test_similarity_is_recovered(
    seed: int, scale: float, angles: tuple[float, float, float], weighted: bool
) -> None:
    random = np.random.default_rng(seed)
    source = random.normal(size=(20, 3)).astype(np.float32) * 50
    weights = random.uniform(0.1, 1, 20) if weighted else np.ones(20)
    rotation, shift = turn(*angles), random.normal(size=3) * 100
    found = similarity(source, scale * source @ rotation.T + shift, weights)
    assert found[0] == pytest.approx(scale, rel=1e-4)
    assert found[1] == pytest.approx(rotation, abs=1e-4)
    assert found[2] == pytest.approx(shift, abs=1e-3 * (1 + scale * 50))


def test_similarity_pays_no_heed_to_points_without_weight() -> None:
    random = np.random.default_rng(0)
    source = random.normal(size=(30, 3)) * 50
    target = 2 * source @ turn(20, 10, 5).T + (3, 4, 5)
    target[20:] += 1000
    weights = np.repeat([1.0, 0.0], [20, 10])
    scale, rotation, shift = similarity(source, target, weights)
    assert scale == pytest.approx(2)
    assert rotation == pytest.approx(turn(20, 10, 5), abs=1e-5)
    assert shift == pytest.approx([3, 4, 5], abs=1e-3)


@given(st.integers(0, 2**32 - 1))
def test_similarity_is_no_reflection(seed: int) -> None:
    source = np.random.default_rng(seed).normal(size=(10, 3))
    _, rotation, _ = similarity(source, source * (-1, 1, 1), np.ones(10))
    assert np.linalg.det(rotation) == pytest.approx(1, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(yaws, pitches, rolls)
def test_angles_of_a_known_face(
    canonical: Canonical, face: Array, yaw: float, pitch: float, roll: float
) -> None:
    found = np.array(head_of(canonical, face, yaw, pitch, roll).angles)
    off = (found - (yaw, pitch, roll) + 180) % 360 - 180
    assert np.abs(off).max() < 1


def test_signs_are_as_documented(canonical: Canonical, face: Array) -> None:
    """Seen in the photo itself: where the tip of the nose goes, which eye is lower."""
    nose, eyes = 1, [RIGHT_EYE[0], LEFT_EYE[0]]

    def seen(yaw: float, pitch: float, roll: float) -> tuple[Array, Array]:
        points = photograph(face, yaw, pitch, roll).points[:, :2]
        return points[nose] - points[eyes].mean(0), points[eyes[1]] - points[eyes[0]]

    straight, _ = seen(0, 0, 0)
    assert seen(20, 0, 0)[0][0] > 5
    assert seen(0, 15, 0)[0][1] < straight[1] - 5
    assert seen(0, 0, 20)[1][1] > 5
    angles = (20, 15, 10)
    assert head_of(canonical, face, *angles).angles == pytest.approx(angles, abs=1)


@settings(max_examples=30, deadline=None)
@given(yaws, pitches, rolls)
def test_face_comes_back_in_millimetres(
    canonical: Canonical, face: Array, yaw: float, pitch: float, roll: float
) -> None:
    head = head_of(canonical, face, yaw, pitch, roll)
    assert np.linalg.norm(head.face - face, axis=1).max() < 2


def test_seen_from_the_front_the_face_is_exact(canonical: Canonical, face: Array) -> None:
    head = head_of(canonical, face)
    assert head.face == pytest.approx(face, abs=0.1)


@pytest.mark.parametrize("distance", [300.0, 700.0, 3000.0])
def test_focal_length_tells_the_distance(canonical: Canonical, distance: float) -> None:
    face = known_face(canonical, distance=distance)
    mesh = photograph(face, distance=distance, scale=2.0)
    focal_35mm = 2.0 * distance / np.hypot(*SIZE) * 43.27
    head = find_head(mesh, canonical, SIZE, float(focal_35mm))
    # The origin of head space is 37 mm behind the eyes.
    assert head.view.distance == pytest.approx(distance + 37, rel=0.01)
    assert head.face == pytest.approx(face, abs=0.5)


def test_projected_face_is_the_mesh(canonical: Canonical, face: Array) -> None:
    mesh = photograph(face, 30, -10, 40)
    head = find_head(mesh, canonical, SIZE, None)
    pixels = head.view.project(head.to_camera(head.face))
    assert np.abs(pixels - mesh.points[:, :2]).max() < 1


def test_own_features_are_kept(canonical: Canonical, face: Array) -> None:
    """Head space holds this person's face: a long nose stays long."""
    long_nosed = face.copy()
    long_nosed[1, 2] -= 15
    head = head_of(canonical, long_nosed)
    assert head.face[1, 2] - face[1, 2] == pytest.approx(-15, abs=1)


def test_typed_pupillary_distance_gives_the_size(canonical: Canonical) -> None:
    """Whatever the irises say."""
    face = known_face(canonical, pupils=70, iris=12.5)
    head = find_head(photograph(face), canonical, SIZE, None, pd_mm=70)
    assert head.millimetres.ruler == "pd"
    assert head.face == pytest.approx(face, abs=0.2)


def test_a_known_scale_is_kept(canonical: Canonical, face: Array) -> None:
    mesh = photograph(face, scale=3.0)
    larger = Scale("card", 3.0 / 1.1, 0.01, "By a card.")
    head = find_head(mesh, canonical, SIZE, None, scale=larger)
    assert head.millimetres.note == "By a card."
    assert head.face == pytest.approx(1.1 * face, abs=1.5)
