"""A picture of a frame that nobody wears, for galleries."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from genapp.images import from_float
from genapp.tryon.camera import View
from genapp.tryon.color import linear_to_srgb
from genapp.tryon.frames import Frame
from genapp.tryon.geometry import build
from genapp.tryon.light import STUDIO
from genapp.tryon.render import FADE, Look, render
from genapp.tryon.solid import Solid

YAW, PITCH = 26.0, -6.0
"""Degrees by which the frame is turned, so that its depth shows."""
DISTANCE = 700.0
"""Of the camera, mm."""
WIDTH = 200.0
"""How many millimetres a picture is wide."""
MARGIN = 0.04
"""Part of the picture that stays empty on every side."""


def draw_thumbnail(frame: Frame, width: int = 320, height: int = 180) -> NDArray[np.uint8]:
    """A frame from the front and a little from the side: height×width×4 RGBA, transparent where
    the frame is not."""
    yaw, pitch = np.radians([YAW, PITCH])
    around = np.array(
        [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]], np.float32
    )
    over = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]],
        np.float32,
    )
    turn = over @ around
    opaque, lenses = (
        replace(solid, vertices=solid.vertices @ turn.T, normals=solid.normals @ turn.T)
        for solid in build(frame)
    )
    view = _view(opaque, lenses, width, height)
    look = Look(frame.tint, frame.opacity, frame.gradient)
    layer = render(opaque, lenses, None, view, (0, 0, width, height), STUDIO, look)
    # One alpha for all colours cannot tint what is behind: what passes of the brighter colours
    # only is given a light of its own. On white that is the same, on black the tint shows.
    grey = layer.through.min(2, keepdims=True)
    alpha = np.clip(1 - grey, 0, 1)
    color = linear_to_srgb((layer.add + layer.through - grey) / np.maximum(alpha, 1e-3))
    rgba = from_float(np.concatenate([color, alpha], 2), np.uint8)
    return np.asarray(rgba, np.uint8)


def _view(opaque: Solid, lenses: Solid, width: int, height: int) -> View:
    """The same scale for all frames, unless one is too large for the picture."""
    seen = opaque.vertices[opaque.along < FADE[1]]
    points = View((0, 0), 1.0, DISTANCE).project(np.concatenate([seen, lenses.vertices]))
    low, high = points.min(0), points.max(0)
    room = (1 - 2 * MARGIN) * np.array([width, height]) / (high - low)
    scale = float(min(width / WIDTH, *room))
    x, y = (np.array([width, height]) - (low + high) * scale) / 2
    return View((float(x), float(y)), scale, DISTANCE)
