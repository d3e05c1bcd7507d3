"""Pixels become millimetres by the iris and by the distance of the pupils."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.tryon.arrays import Array
from genapp.tryon.mesh import Mesh
from genapp.tryon.pose import Canonical
from genapp.tryon.scale import IRIS, PUPILS, Millimetres, iris_diameter, millimetres
from tests.tryon.faces import known_face, turn


def flat(face: Array, pixels_per_mm: float, yaw: float = 0) -> Mesh:
    """The mesh of a face without perspective."""
    return Mesh((face @ turn(yaw, 0, 0).T * pixels_per_mm).astype(np.float32), 1.0)


def measured(face: Array, pixels_per_mm: float, yaw: float = 0) -> Millimetres:
    return millimetres(flat(face, pixels_per_mm, yaw), turn(yaw, 0, 0))


@given(st.floats(0.2, 20))
def test_average_face_gives_the_scale_exactly(face: Array, pixels_per_mm: float) -> None:
    found = measured(face, pixels_per_mm)
    assert found.pixels_per_mm == pytest.approx(pixels_per_mm, rel=1e-4)
    assert found.pupils.value == PUPILS


@given(st.floats(52, 76), st.floats(10.5, 13))
def test_scale_lies_between_the_two_estimates(
    canonical: Canonical, pupils: float, iris: float
) -> None:
    found = measured(known_face(canonical, pupils, iris), 4.0).pixels_per_mm
    by_pupils, by_iris = 4 * pupils / PUPILS, 4 * iris / IRIS
    assert min(by_pupils, by_iris) - 1e-3 <= found <= max(by_pupils, by_iris) + 1e-3


def test_wide_pupils_are_reported_wider(canonical: Canonical) -> None:
    narrow, wide = (measured(known_face(canonical, mm), 4.0).pupils for mm in (58, 70))
    assert narrow.value < PUPILS < wide.value


@given(st.floats(0.5, 10))
def test_same_face_at_twice_the_size_measures_the_same(face: Array, scale: float) -> None:
    once, twice = measured(face, scale), measured(face, scale * 2)
    assert twice.pixels_per_mm == pytest.approx(2 * once.pixels_per_mm, rel=1e-4)
    assert twice.pupils.value == pytest.approx(once.pupils.value, abs=0.11)
    assert twice.face_width.value == pytest.approx(once.face_width.value, abs=0.11)


def test_face_width_is_that_of_the_cheekbones(face: Array) -> None:
    assert measured(face, 3.0).face_width.value == pytest.approx(face[454, 0] - face[234, 0], 0.01)


@given(st.floats(-45, 45))
def test_turning_changes_no_measure(face: Array, yaw: float) -> None:
    straight, turned = measured(face, 3.0), measured(face, 3.0, yaw)
    assert turned.pupils.value == pytest.approx(straight.pupils.value, abs=0.2)
    assert turned.face_width.value == pytest.approx(straight.face_width.value, abs=0.3)


def test_error_shrinks_as_the_iris_grows(canonical: Canonical) -> None:
    errors = [
        measured(known_face(canonical, iris=iris), 3.0).relative_error for iris in (9, 11.7, 14)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > errors[-1]


def test_error_is_below_that_of_pupils_alone(face: Array) -> None:
    found = measured(face, 3.0)
    # 7.5 % by the iris (4.3 % among people, 6.1 % of reading it), 6 % by the pupils.
    assert found.relative_error == pytest.approx((0.0748**-2 + 0.0599**-2) ** -0.5, abs=2e-4)
    assert found.relative_error < 3.8 / 63.4
    assert found.pupils.error == pytest.approx(PUPILS * found.relative_error, abs=0.051)
    assert found.face_width.error > found.pupils.error


@given(st.floats(-60, 60), st.floats(-180, 180))
def test_turned_iris_keeps_its_diameter(face: Array, yaw: float, roll: float) -> None:
    """At any roll: the ellipse's axes need not go through the four points."""
    mesh = Mesh((face @ turn(yaw, 0, roll).T * 5).astype(np.float32), 1.0)
    assert iris_diameter(mesh) == pytest.approx(5 * IRIS, rel=1e-4)
