"""Behind a minus lens eyes look smaller, behind a plus lens larger, by what the formula says."""

import numpy as np
import pytest

from genapp.images import Pixels
from genapp.tryon.arrays import Array
from genapp.tryon.color import pixels_to_linear
from genapp.tryon.fit import VERTEX_DISTANCE
from genapp.tryon.pose import Canonical, Head, find_head
from genapp.tryon.refract import INDEX, THINNEST, front_curve, refract
from genapp.tryon.render import Layer, Relief
from tests.tryon.faces import SIZE, photograph

BEHIND = 20.0
"""How far the skin is behind the lenses, mm."""


@pytest.fixture
def head(canonical: Canonical, face: Array) -> Head:
    return find_head(photograph(face, scale=3.0), canonical, SIZE, None)


def window(head: Head, glass: float = 1.0) -> Layer:
    """Clear flat lenses over the whole photo, in front of a flat face."""
    shape = SIZE[::-1]
    lens = np.full(shape, float(head.face[[468, 473], 2].mean()) - VERTEX_DISTANCE, np.float32)
    through = np.ones((*shape, 3), np.float32)
    relief = Relief(lens, lens, lens + BEHIND, np.full(shape, glass, np.float32))
    return Layer((0, 0, *SIZE), through, np.zeros_like(through), relief)


def photo_with_dot(head: Head, beside: float) -> tuple[Pixels, float]:
    """A photo with a dot `beside` px to the right of the pupil on the viewer's right, and where
    that pupil is."""
    centre = head.face[[473]] - (0, 0, VERTEX_DISTANCE)
    x, y = head.view.project(head.to_camera(centre))[0] - 0.5
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    far = np.hypot(columns - x - beside, rows - y)
    grey = 255 * np.exp(-((far / 4) ** 2))
    return np.repeat(grey[..., None], 3, 2).astype(np.uint8), float(x)


@pytest.mark.parametrize("dioptres", [-10.0, -4.0, 3.0, 8.0])
def test_magnification_is_the_spectacle_magnification(head: Head, dioptres: float) -> None:
    beside = 40.0
    photo, pupil = photo_with_dot(head, beside)
    seen = refract(photo, window(head), head, dioptres)[..., 0]
    found = np.average(np.arange(SIZE[0]), weights=seen.sum(0) ** 2) - pupil
    shape = 1 / (1 - THINNEST / INDEX / 1000 * front_curve(dioptres))
    power = 1 / (1 - BEHIND / 1000 * dioptres)
    # The camera is near: a thing behind the lens looks a little smaller than on it.
    assert found / beside == pytest.approx(shape * power, rel=0.02)


def test_only_what_is_behind_glass_moves(head: Head) -> None:
    photo, _ = photo_with_dot(head, 40.0)
    beside_lens = refract(photo, window(head, glass=0.0), head, -8.0)
    assert beside_lens == pytest.approx(pixels_to_linear(photo))


def test_front_curve_is_flatter_the_more_minus() -> None:
    curves = [front_curve(dioptres) for dioptres in (-10, -4, 0, 4, 8)]
    assert curves == sorted(curves)
    assert front_curve(0) == 6
