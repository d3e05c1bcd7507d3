"""Lay a rendered frame on the photo, with the soft shadow it casts on the skin."""

import cv2
import numpy as np

from genapp.images import Pixels
from genapp.tryon.arrays import Array
from genapp.tryon.color import linear_to_pixels, pixels_to_linear
from genapp.tryon.head import OVAL
from genapp.tryon.light import Light
from genapp.tryon.pose import Head
from genapp.tryon.render import Layer

SHADOW = 0.5
"""How much of the light an opaque frame takes from the skin right behind it."""
SHADOW_REACH = 6.0
SHADOW_BLUR = 2.2
"""How far the shadow falls from the frame, and how soft it is, mm."""
SHADOW_ROOM = 16.0
"""No shadow is farther from the frame than this, mm."""


def compose(pixels: Pixels, layer: Layer, head: Head, light: Light) -> None:
    """Draw a layer on a photo, in place.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16; only the layer's box changes.
        layer: from `render`.
        head: for where the skin is.
        light: for where the shadow falls.
    """
    x0, y0, x1, y1 = layer.box
    region = pixels[y0:y1, x0:x1]
    shadow = _shadow(layer, head, light)
    changed = (shadow > 0) | (layer.through.min(2) < 1) | (layer.add.max(2) > 0)
    linear = pixels_to_linear(region[changed])
    linear *= 1 - shadow[changed, None]
    linear *= layer.through[changed]
    linear += layer.add[changed]
    region[changed] = linear_to_pixels(linear, pixels.dtype)


def _shadow(layer: Layer, head: Head, light: Light) -> Array:
    """h×w, 0..1: how much light the skin loses."""
    scale = head.view.scale
    reach = SHADOW_REACH * scale * (0.5 + light.contrast)
    shift = np.array([[1, 0, -light.direction[0] * reach], [0, 1, -light.direction[1] * reach]])
    size = layer.cover.shape[::-1]
    cast = cv2.warpAffine(layer.cover, shift, size, flags=cv2.INTER_LINEAR)
    cast = cv2.GaussianBlur(cast, (0, 0), max(SHADOW_BLUR * scale, 0.4))
    return np.asarray(SHADOW * cast * _shadow_mask(layer, head), np.float32)


def _shadow_mask(layer: Layer, head: Head) -> Array:
    """h×w, 1 on the face and 0 beside it: nothing but skin takes the shadow."""
    x0, y0, _, _ = layer.box
    outline = head.view.project(head.to_camera(head.face[list(OVAL)])) - (x0, y0)
    mask = np.zeros(layer.cover.shape, np.float32)
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(head.view.scale, 0.4)), np.float32)
