"""Pixels become millimetres by four rulers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.errors import BadValue
from genapp.tryon.arrays import Array
from genapp.tryon.mesh import Mesh
from genapp.tryon.pose import Canonical
from genapp.tryon.scale import (
    CHIN,
    IRIS,
    LIDS,
    PUPILS,
    Millimetres,
    Scale,
    iris_diameter,
    measure_face,
    openness,
    scale_by_eyes,
    scale_by_pd,
)
from tests.tryon.faces import DISTANCE, known_face, turn


def flat(face: Array, pixels_per_mm: float, yaw: float = 0) -> Mesh:
    """The mesh of a face without perspective."""
    return Mesh((face @ turn(yaw, 0, 0).T * pixels_per_mm).astype(np.float32), 1.0)


def scaled(face: Array, pixels_per_mm: float = 4.0, yaw: float = 0) -> Scale:
    return scale_by_eyes(flat(face, pixels_per_mm, yaw), turn(yaw, 0, 0), DISTANCE)


def measured(face: Array, pixels_per_mm: float, yaw: float = 0) -> Millimetres:
    mesh, rotation = flat(face, pixels_per_mm, yaw), turn(yaw, 0, 0)
    return measure_face(mesh, rotation, DISTANCE, scale_by_eyes(mesh, rotation, DISTANCE))


def shut(face: Array) -> Array:
    lids = face.copy()
    for upper, lower in LIDS:
        lids[upper] = lids[lower] + np.array([0, -1, 0], np.float32)
    return lids


def childlike(face: Array) -> Array:
    """With a short lower face."""
    short = face.copy()
    short[CHIN, 1] -= 25
    return short


# By the irises ---------------------------------------------------------------------------------


@given(st.floats(0.2, 20))
def test_average_face_gives_the_scale(face: Array, pixels_per_mm: float) -> None:
    found = measured(face, pixels_per_mm)
    assert found.ruler == "iris"
    assert found.pixels_per_mm == pytest.approx(pixels_per_mm, rel=0.005)
    assert found.pupils.value == pytest.approx(PUPILS, rel=0.005)


@given(st.floats(52, 76), st.floats(10.5, 13))
def test_scale_lies_between_iris_and_people(
    canonical: Canonical, pupils: float, iris: float
) -> None:
    """Of adults or of children, whose pupils are 52.5 mm apart."""
    found = scaled(known_face(canonical, pupils, iris)).pixels_per_mm
    estimates = [4 * iris / IRIS, 4 * pupils / PUPILS, 4 * pupils / 52.5]
    assert min(estimates) - 1e-3 <= found <= max(estimates) + 1e-3


def test_wide_pupils_are_reported_wider(canonical: Canonical) -> None:
    narrow, wide = (measured(known_face(canonical, mm), 4.0).pupils for mm in (58, 70))
    assert narrow.value < PUPILS < wide.value


def test_a_child_is_not_made_an_adult(canonical: Canonical) -> None:
    """Pupils of 50 mm: irises that are large for the face and a short chin say so."""
    small = known_face(canonical, pupils=50)
    adult_prior_alone = 0.6 * PUPILS + 0.4 * 50
    child = measured(childlike(small), 4.0).pupils.value
    assert child < measured(small, 4.0).pupils.value < adult_prior_alone
    assert child == pytest.approx(50, abs=3)


def test_an_adult_with_a_short_chin_stays_one(face: Array) -> None:
    assert measured(childlike(face), 4.0).pupils.value == pytest.approx(PUPILS, abs=3)


@given(st.floats(0.5, 10))
def test_same_face_at_twice_the_size_measures_the_same(face: Array, scale: float) -> None:
    once, twice = measured(face, scale), measured(face, scale * 2)
    assert twice.pixels_per_mm == pytest.approx(2 * once.pixels_per_mm, rel=1e-4)
    for name in ("pupils", "face_width", "bridge"):
        assert getattr(twice, name).value == pytest.approx(getattr(once, name).value, abs=0.11)
        assert getattr(twice, name).error == pytest.approx(getattr(once, name).error, abs=0.11)


def test_face_width_is_that_of_the_cheekbones(face: Array) -> None:
    assert measured(face, 3.0).face_width.value == pytest.approx(face[454, 0] - face[234, 0], 0.01)


def test_bridge_is_where_frames_rest(face: Array) -> None:
    """As wide as the bridges of most frames."""
    assert 14 < measured(face, 3.0).bridge.value < 23


@given(st.floats(-45, 45))
def test_turning_changes_no_measure(face: Array, yaw: float) -> None:
    straight, turned = measured(face, 3.0), measured(face, 3.0, yaw)
    assert turned.pupils.value == pytest.approx(straight.pupils.value, abs=0.2)
    assert turned.face_width.value == pytest.approx(straight.face_width.value, abs=0.3)


def test_error_is_below_that_of_each_source(face: Array) -> None:
    found = measured(face, 3.0)
    # 7.5 % by the iris (4.3 % among people, 6.1 % of reading it), 6 % by the pupils of adults;
    # that it might be a child adds a little.
    adults = (0.0748**-2 + 0.0599**-2) ** -0.5
    assert adults < found.relative_error < 0.0599
    assert found.pupils.error == pytest.approx(PUPILS * found.relative_error, abs=0.06)
    assert found.face_width.error > found.pupils.error


@given(st.floats(-60, 60), st.floats(-180, 180))
def test_turned_iris_keeps_its_diameter(face: Array, yaw: float, roll: float) -> None:
    """At any roll: the ellipse's axes need not go through the four points."""
    mesh = Mesh((face @ turn(yaw, 0, roll).T * 5).astype(np.float32), 1.0)
    assert iris_diameter(mesh) == pytest.approx(5 * IRIS, rel=1e-4)


# By an average face ----------------------------------------------------------------------------


def test_shut_eyes_fall_back_and_say_so(face: Array) -> None:
    open_eyes, closed = scaled(face), scaled(shut(face))
    assert openness(flat(shut(face), 1.0)) < 0.12 < openness(flat(face, 1.0))
    assert closed.ruler == "average"
    assert "eyes are shut" in closed.note
    assert closed.relative_error > open_eyes.relative_error
    assert closed.pixels_per_mm == pytest.approx(4.0, rel=0.02)


@pytest.mark.parametrize("iris", [4.0, 30.0])
def test_irises_that_cannot_be_are_not_believed(canonical: Canonical, iris: float) -> None:
    found = scaled(known_face(canonical, iris=iris))
    assert found.ruler == "average"
    assert "not well seen" in found.note
    assert found.pixels_per_mm == pytest.approx(4.0, rel=0.02)


def test_unequal_irises_are_not_believed(face: Array) -> None:
    uneven = face.copy()
    uneven[474:478] = uneven[473] + (uneven[474:478] - uneven[473]) * 2
    assert scaled(uneven).ruler == "average"


# By a typed distance ---------------------------------------------------------------------------


@given(st.floats(40, 80), st.floats(0.5, 10), st.floats(9, 14))
def test_typed_distance_rules(
    canonical: Canonical, pupils: float, pixels_per_mm: float, iris: float
) -> None:
    mesh = flat(known_face(canonical, pupils, iris), pixels_per_mm)
    found = scale_by_pd(mesh, np.eye(3), DISTANCE, pupils)
    assert found.ruler == "pd"
    assert found.pixels_per_mm == pytest.approx(pixels_per_mm, rel=1e-4)
    assert found.relative_error < 0.02
    measures = measure_face(mesh, np.eye(3), DISTANCE, found)
    assert measures.pupils.value == pytest.approx(pupils, abs=0.051)


@pytest.mark.parametrize("pd_mm", [39.9, 80.1, math.nan, math.inf, True, "63"])
def test_nonsense_is_refused(face: Array, pd_mm: float) -> None:
    with pytest.raises(BadValue, match="from 40 to 80"):
        scale_by_pd(flat(face, 3.0), np.eye(3), DISTANCE, pd_mm)
