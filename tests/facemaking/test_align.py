"""Cutting faces out of photos."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.facemaking.align import align


def points(angle: float, scale: float) -> NDArray[np.float64]:
    """Eyes and mouth of a face in the middle of 400×400, turned by degrees."""
    upright = np.array([[-20, -10], [20, -10], [0, 32]]) * scale
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.asarray(upright @ np.array([[cos, sin], [-sin, cos]]) + 200)


@pytest.mark.parametrize("angle", [0, 25, -40])
@pytest.mark.parametrize("scale", [0.7, 1.5])
def test_eyes_and_mouth_come_to_lie_in_the_same_places(angle: float, scale: float) -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    places = points(angle, scale)
    for channel, place in enumerate(places):
        # Pixel (x, y) has its middle at (x, y) + 0.5.
        shift = tuple(round(float(value - 0.5) * 16) for value in place)
        cv2.circle(
            image,
            shift,
            round(16 * 2.5 * scale),
            [255 * (channel == n) for n in range(3)],
            -1,
            cv2.LINE_AA,
            4,
        )
    face = align(image, places[0], places[1], places[2], 128)
    assert face.shape == (128, 128, 3)
    grid = np.arange(128) + 0.5
    for channel, expected in enumerate(([48, 60.4], [80, 60.4], [64, 94.0])):
        weights = face[..., channel].astype(float)
        x, y = (weights.sum(axis) @ grid / weights.sum() for axis in (0, 1))
        np.testing.assert_allclose([x, y], expected, atol=0.8)


def test_beyond_the_edge_the_picture_goes_on() -> None:
    image = np.full((200, 200, 3), 90, np.uint8)
    face = align(image, np.array([80.0, 40]), np.array([120.0, 40]), np.array([100.0, 80]), 64)
    assert (face == 90).all()
