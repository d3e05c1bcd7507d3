"""What a photo shows through prescription lenses.

A lens of F dioptres bends a ray that meets it c mm from its optical centre by c·F/1000 radians
(Prentice's rule). Behind a minus lens the face looks smaller, and its edge jumps inwards. For a
small thing d mm behind the lens the picture shrinks to the spectacle magnification
1 / ((1 - t/n · F1) · (1 - d · F)) with d in metres (Jalie, "The Principles of Ophthalmic Lenses"):
the first factor is the shape of the lens, thickness t, index n, front curve F1; the second is its
power.
"""

import cv2
import numpy as np

from genapp.images import Pixels
from genapp.tryon.arrays import Array
from genapp.tryon.color import pixels_to_linear
from genapp.tryon.fit import VERTEX_DISTANCE
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS
from genapp.tryon.pose import Head
from genapp.tryon.render import Layer, grown, spread_channels

DIOPTRES = (-10.0, 8.0)
"""Powers that can be drawn."""
INDEX = 1.5
"""Refractive index of the lens."""
THINNEST = 2.0
"""Thickness of the middle of a minus lens, or the edge of a plus lens, mm."""
BEYOND = 120.0
"""Nothing counts as farther behind the lens, mm: what is seen there has no depth of its own."""
REACH = 40.0
"""Nothing farther from the frame is seen through its lenses, mm."""
STEPS = 4
"""Rays are followed in so many steps to where they meet the face."""


def refract(pixels: Pixels, layer: Layer, head: Head, dioptres: float) -> Array:
    """The part of a photo in a layer's box, as seen through its lenses: h×w×3, linear.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16, the whole photo.
        layer: from `render`.
        head: the face behind the lenses.
        dioptres: power of both lenses, see `DIOPTRES`.
    """
    relief, view = layer.relief, head.view
    x0, y0, x1, y1 = layer.box
    left, top, right, bottom = grown(layer.box, round(REACH * view.scale), pixels.shape)
    height, width = y1 - y0, x1 - x0
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    centre_x, centre_y = _nearest(_optical_centres(head, layer), x)
    # Away from the optical centre, mm at the lens.
    nearness = view.distance / (view.distance + relief.lens) * view.scale
    beside, below = (x - centre_x) / nearness, (y - centre_y) / nearness
    shape = 1 - THINNEST / INDEX / 1000 * front_curve(dioptres)
    skin = np.asarray(relief.head, np.float32)
    seen = np.clip(skin - relief.lens, 0, BEYOND)
    for _ in range(STEPS):
        stretch = shape * (1 - seen * dioptres / 1000) - 1
        # From mm at that depth to pixels.
        zoom = view.distance / (view.distance + relief.lens + seen) * view.scale
        at_x, at_y = x + beside * stretch * zoom, y + below * stretch * zoom
        met = cv2.remap(skin, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen = np.clip(met - relief.lens, 0, BEYOND)
    bent = cv2.remap(
        pixels[top:bottom, left:right],
        at_x + (x0 - left),
        at_y + (y0 - top),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    straight = pixels_to_linear(pixels[y0:y1, x0:x1])
    glass = spread_channels(relief.glass)
    return straight + (pixels_to_linear(np.asarray(bent, pixels.dtype)) - straight) * glass


def front_curve(dioptres: float) -> float:
    """Power of the front of a usual lens, in dioptres (Vogel's rule)."""
    return dioptres + 6 if dioptres > 0 else dioptres / 2 + 6


def _optical_centres(head: Head, layer: Layer) -> Array:
    """Where the lenses do not bend light, in front of the pupils: 2×2 px of the layer, viewer's
    left first."""
    x0, y0, _, _ = layer.box
    pupils = head.face[[RIGHT_IRIS.start, LEFT_IRIS.start]] - (0, 0, VERTEX_DISTANCE)
    spots = head.view.project(head.to_camera(pupils)) - (x0 + 0.5, y0 + 0.5)
    return np.asarray(spots[np.argsort(spots[:, 0])], np.float32)


def _nearest(centres: Array, x: Array) -> tuple[Array, Array]:
    """x and y of the centre on the same side of the nose."""
    left = x < centres[:, 0].mean()
    (left_x, left_y), (right_x, right_y) = centres
    return np.where(left, left_x, right_x), np.where(left, left_y, right_y)
