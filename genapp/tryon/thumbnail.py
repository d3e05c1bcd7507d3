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
from genapp.tryon.render import Look, render

YAW, PITCH = 26.0, -6.0
"""Degrees by which the frame is turned, so that its depth shows."""


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
    view = View((width * 0.47, height * 0.48), width / 190, 700)
    look = Look(frame.tint, frame.opacity, frame.gradient)
    layer = render(opaque, lenses, None, view, (0, 0, width, height), STUDIO, look)
    alpha = np.clip(1 - layer.through.mean(2, keepdims=True), 0, 1)
    color = linear_to_srgb(layer.add / np.maximum(alpha, 1e-3))
    rgba = from_float(np.concatenate([color, alpha], 2), np.uint8)
    return np.asarray(rgba, np.uint8)
