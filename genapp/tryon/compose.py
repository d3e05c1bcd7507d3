"""Lay a rendered frame on the photo, with the soft shadow it casts on the skin."""

import cv2
import numpy as np

from genapp.images import Pixels
from genapp.tryon.arrays import Array
from genapp.tryon.color import linear_to_pixels, pixels_to_linear
from genapp.tryon.head import OVAL
from genapp.tryon.light import Light
from genapp.tryon.pose import Head
from genapp.tryon.render import Box, Layer

SHADOW = 0.5
"""How much of the light an opaque frame takes from the skin right behind it."""
SHADOW_REACH = 6.0
SHADOW_BLUR = 2.2
"""How far the shadow falls from the frame, and how soft it is, mm."""
SHADOW_ROOM = 16.0
"""No shadow is farther from the frame than this, mm."""
SHADOW_DETAIL = 2.0
"""Pixels per mm at which shadows are worked out: they are soft."""


def compose(pixels: Pixels, layer: Layer, head: Head, light: Light) -> None:
    """Draw a layer on a photo, in place.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16; only pixels near the frame change.
        layer: from `render`.
        head: for where the skin is.
        light: for where the shadow falls.
    """
    box = _grown(layer.box, round(SHADOW_ROOM * head.view.scale) + 1, pixels.shape)
    x0, y0, x1, y1 = box
    region = pixels[y0:y1, x0:x1]
    left, top, right, bottom = layer.box
    inside = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))
    lit = 1 - _shadow(layer, box, head, light)
    changed = lit < 1
    changed[inside] |= layer.touched
    linear = pixels_to_linear(region)
    linear *= lit[..., None]
    linear[inside] *= layer.through
    linear[inside] += layer.add
    np.copyto(region, linear_to_pixels(linear, pixels.dtype), where=changed[..., None])


def _grown(box: Box, room: int, shape: tuple[int, ...]) -> Box:
    x0, y0, x1, y1 = box
    return (
        max(x0 - room, 0),
        max(y0 - room, 0),
        min(x1 + room, shape[1]),
        min(y1 + room, shape[0]),
    )


def _shadow(layer: Layer, box: Box, head: Head, light: Light) -> Array:
    """How much light the skin in a box of the photo loses: h×w, 0..1."""
    x0, y0, x1, y1 = box
    shrink = min(1.0, SHADOW_DETAIL / head.view.scale)
    scale = head.view.scale * shrink
    size = (max(1, round((x1 - x0) * shrink)), max(1, round((y1 - y0) * shrink)))
    reach = SHADOW_REACH * scale * (0.5 + light.contrast)
    left, top, _, _ = layer.box
    shift = np.array(
        [
            [1, 0, (left - x0) * shrink - light.direction[0] * reach],
            [0, 1, (top - y0) * shrink - light.direction[1] * reach],
        ]
    )
    rows, columns = (max(1, round(length * shrink)) for length in layer.cover.shape)
    cover = cv2.resize(layer.cover, (columns, rows), interpolation=cv2.INTER_AREA)
    cast = cv2.warpAffine(cover, shift, size, flags=cv2.INTER_LINEAR)
    cast = cv2.GaussianBlur(cast, (0, 0), max(SHADOW_BLUR * scale, 0.4))
    # Nothing but skin takes the shadow.
    outline = head.view.project(head.to_camera(head.face[list(OVAL)])) - (x0, y0)
    skin = np.zeros(cast.shape, np.float32)
    cv2.fillPoly(skin, [np.rint(outline * shrink * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    skin = np.asarray(cv2.GaussianBlur(skin, (0, 0), max(scale, 0.4)), np.float32)
    shadow = SHADOW * cast * skin
    return np.asarray(cv2.resize(shadow, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR))
