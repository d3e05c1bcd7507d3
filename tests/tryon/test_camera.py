"""Projecting and unprojecting are each other's inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.tryon.camera import View

views = st.builds(
    View,
    origin=st.tuples(st.floats(-1000, 5000), st.floats(-1000, 5000)),
    scale=st.floats(0.2, 20),
    distance=st.floats(250, 5000),
)
lengths = st.floats(-200, 200)


@given(views, st.lists(st.tuples(lengths, lengths, lengths), min_size=1, max_size=9))
def test_unproject_undoes_project(view: View, points: list[tuple[float, float, float]]) -> None:
    there = np.array(points, np.float32)
    back = view.unproject(view.project(there), there[:, 2])
    # A photo's float32 pixels are good to a thousandth; so many millimetres is that at most.
    assert back == pytest.approx(there, abs=5e-3 / view.scale + 1e-3)


def test_origin_and_scale() -> None:
    view = View((100, 50), 2.0, 700)
    assert view.project(np.array([[0, 0, 0], [10, -5, 0]], np.float32)).tolist() == [
        [100, 50],
        [120, 40],
    ]


def test_what_is_twice_as_far_is_half_as_large() -> None:
    view = View((0, 0), 2.0, 700)
    assert view.project(np.array([[10, 10, 700]], np.float32)).tolist() == [[10, 10]]


@given(views, st.tuples(lengths, lengths), st.floats(0.05, 1), lengths, lengths, lengths)
def test_zoomed_view_sees_points_where_the_zoomed_picture_shows_them(
    view: View, corner: tuple[float, float], zoom: float, x: float, y: float, z: float
) -> None:
    point = np.array([[x, y, z]], np.float32)
    there = (view.project(point) - corner) * zoom
    assert view.zoomed(corner, zoom).project(point) == pytest.approx(there, rel=1e-4, abs=1e-2)
