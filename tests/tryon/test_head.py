"""The head is a surface under the skin that reaches behind the ears."""

import numpy as np
import pytest

from genapp.tryon.arrays import Array
from genapp.tryon.head import OVAL, SINK, ears, head_surface
from genapp.tryon.pose import Canonical, Head, find_head
from tests.tryon.faces import SIZE, photograph


@pytest.fixture
def head(canonical: Canonical, face: Array) -> Head:
    return find_head(photograph(face), canonical, SIZE, None)


def test_surface_is_whole(head: Head) -> None:
    surface = head_surface(head)
    assert np.isfinite(surface.vertices).all()
    assert surface.triangles.dtype == np.int32
    assert np.array_equal(np.unique(surface.triangles), np.arange(len(surface.vertices)))


def test_surface_lies_just_under_the_skin(head: Head) -> None:
    skin = head.to_camera(head.face[:468])
    under = head_surface(head).vertices[:468]
    assert under - skin == pytest.approx(np.tile([0, 0, SINK], (468, 1)), abs=1e-3)


def test_skull_reaches_behind_the_ears_and_is_no_wider_than_the_face(head: Head) -> None:
    skull = head_surface(head).vertices[468:]
    edge = head.face[list(OVAL)]
    behind = max(z for _, _, z in ears(head))
    assert skull[:, 2].max() > behind + 20
    assert np.abs(skull[:, 0]).max() <= np.abs(edge[:, 0]).max() + 0.5


def test_surface_turns_with_the_head(canonical: Canonical, face: Array) -> None:
    straight, turned = (find_head(photograph(face, yaw), canonical, SIZE, None) for yaw in (0, 30))
    there = head_surface(straight).vertices @ straight.rotation @ turned.rotation.T
    assert np.abs(head_surface(turned).vertices - there).max() < 3


def test_ears_of_an_even_face_mirror_each_other(head: Head) -> None:
    left, right = ears(head)
    assert left == pytest.approx((-right[0], right[1], right[2]), abs=0.2)
    assert left[0] < 0 < right[0]


def test_ears_are_beside_the_face_at_the_height_of_the_eyes(head: Head, face: Array) -> None:
    _, (x, y, z) = ears(head)
    assert x >= face[list(OVAL), 0].max()
    assert abs(y - face[468, 1]) < 20
    assert z > face[list(OVAL), 2].max()


def test_wider_face_has_wider_ears(canonical: Canonical, face: Array) -> None:
    cheeks = face * np.where(np.abs(face[:, :1]) > 60, (1.1, 1, 1), 1)
    wide = find_head(photograph(cheeks.astype(np.float32)), canonical, SIZE, None)
    even = find_head(photograph(face), canonical, SIZE, None)
    assert ears(wide)[1][0] > ears(even)[1][0] + 4
