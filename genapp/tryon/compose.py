"""Lay a rendered frame on the photo, with the soft shadow it casts on the skin."""

import cv2
import numpy as np

from genapp.images import Pixels
from genapp.tryon.arrays import Array
from genapp.tryon.color import linear_to_pixels, pixels_to_linear
from genapp.tryon.grain import Grain, add_noise, soften
from genapp.tryon.head import OVAL, SINK
from genapp.tryon.light import Light
from genapp.tryon.pose import Head
from genapp.tryon.refract import refract
from genapp.tryon.render import Box, Layer, grown, sum_channels
from genapp.tryon.threads import workers

SHADOW = 0.5
"""How much of the light an opaque frame takes from the skin right behind it."""
STEEPEST = 0.65
"""Tangent of the angle at which light falls on the face at most: a lamp is never a point."""
SHADOW_BLURS = ((0.9, 2.0), (2.8, 10.0))
"""How soft shadows are (standard deviation, mm) at how far a part is from the skin (mm): a pad
that touches it casts a sharp one, a lens a soft one."""
SHADOW_ROOM = 18.0
"""No shadow is farther from the frame than this, mm."""
SHADOW_DETAIL = 1.25
"""Pixels per mm at which shadows are worked out: they are soft."""


def compose(
    pixels: Pixels, layer: Layer, head: Head, light: Light, grain: Grain, dioptres: float = 0.0
) -> None:
    """Draw a layer on a photo, in place.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16; only pixels near the frame change.
        layer: from `render`.
        head: for where the skin is.
        light: for where the shadow falls.
        grain: the photo's blur and noise, which the layer gets.
        dioptres: power of the lenses.
    """
    box = grown(layer.box, round(SHADOW_ROOM * head.view.scale) + 1, pixels.shape)
    x0, y0, x1, y1 = box
    region = pixels[y0:y1, x0:x1]
    left, top, right, bottom = layer.box
    inside = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))
    shaded = workers().submit(_lit, layer, box, head, light)
    # What does not change is multiplied by 1 and comes back bit by bit.
    linear = pixels_to_linear(region)
    if dioptres:
        linear[inside] = refract(pixels, layer, head, dioptres)
    soft = soften(layer, grain)
    linear *= shaded.result()
    linear[inside] *= soft.through
    linear[inside] += soft.add
    region[:] = linear_to_pixels(linear, pixels.dtype)
    add_noise(region[inside], soft, grain)


def _lit(layer: Layer, box: Box, head: Head, light: Light) -> Array:
    """How much light remains for the skin in a box of the photo: h×w×3, 0..1. What each part of
    the frame takes, and tinted lenses take the light of some colours, falls on the skin behind it
    along the light, the farther away the farther the part stands out."""
    x0, y0, x1, y1 = box
    shrink = min(1.0, SHADOW_DETAIL / head.view.scale)
    scale = head.view.scale * shrink
    size = (max(1, round((x1 - x0) * shrink)), max(1, round((y1 - y0) * shrink)))
    small = tuple(max(1, round(length * shrink)) for length in layer.through.shape[1::-1])
    taken = np.asarray(
        cv2.resize(1 - layer.through, small, interpolation=cv2.INTER_AREA), np.float32
    )
    above = np.maximum(layer.relief.head - layer.relief.frame - SINK, 0)
    gap = cv2.resize(above, small, interpolation=cv2.INTER_NEAREST)
    casts = (sum_channels(taken) > 0.01) & (gap < SHADOW_ROOM)
    y, x = np.nonzero(casts)
    gap, taken = gap[casts], taken[casts]
    slope = light.direction[:2] / max(-float(light.direction[2]), 0.1)
    slope *= min(1.0, STEEPEST / max(float(np.linalg.norm(slope)), 1e-6)) * scale
    columns = np.rint(x + (layer.box[0] - x0) * shrink - slope[0] * gap).astype(int)
    rows = np.rint(y + (layer.box[1] - y0) * shrink - slope[1] * gap).astype(int)
    within = (columns >= 0) & (columns < size[0]) & (rows >= 0) & (rows < size[1])
    spot = 3 * (rows * size[0] + columns)[within, None] + np.arange(3)
    (near_blur, near), (far_blur, far) = SHADOW_BLURS
    softness = np.clip((gap[within] - near) / (far - near), 0, 1)
    cast = np.zeros((size[1], size[0], 3), np.float32)
    for share, blur in ((1 - softness, near_blur), (softness, far_blur)):
        parts = taken[within] * share[:, None]
        fallen = np.bincount(spot.ravel(), parts.ravel(), cast.size).reshape(cast.shape)
        spread = np.minimum(fallen, 1).astype(np.float32)
        cast += cv2.GaussianBlur(spread, (0, 0), max(blur * scale, 0.4))
    # Nothing but skin takes the shadow.
    outline = head.view.project(head.to_camera(head.face[list(OVAL)])) - (x0, y0)
    skin = np.zeros(cast.shape, np.float32)
    cv2.fillPoly(
        skin, [np.rint(outline * shrink * 16).astype(np.int32)], (1.0, 1.0, 1.0), cv2.LINE_AA, 4
    )
    skin = np.asarray(cv2.GaussianBlur(skin, (0, 0), max(scale, 0.4)), np.float32)
    lit = 1 - SHADOW * np.minimum(cast, 1) * skin
    return np.asarray(cv2.resize(lit, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR))
