"""A photo whose head is turned: the face's own mesh, textured with the photo, under another pose.

The pixels are new, the shape is the one that the mesh network gave: a measurement on such a picture
tells how steady the measuring is, not how true the mesh's depth is.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.tryon.pose import Head

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]
REACH = 60.0
"""How far (mm) the surroundings of the face are pulled along with it."""


def rotation(yaw: float, pitch: float) -> Floats:
    """3×3, degrees: the face turns to the viewer's right, looks up."""
    (cy, cp), (sy, sp) = np.cos(np.radians([yaw, pitch])), np.sin(np.radians([yaw, pitch]))
    around = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    return np.asarray(around @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]]))


def turned(pixels: Pixels, head: Head, yaw: float, pitch: float) -> Pixels:
    """The photo with its head turned by `yaw` and `pitch` degrees, seen by the same camera."""
    camera = head.to_camera(head.face[:468])
    source = head.view.project(camera)
    moved = np.asarray(camera @ rotation(yaw, pitch).T, np.float32)
    target = head.view.project(moved)
    shift = np.full((*pixels.shape[:2], 2), np.nan, np.float32)
    far_first = np.argsort(-moved[head.triangles, 2].mean(1))
    for triangle in head.triangles[far_first]:
        _fill(shift, target[triangle], source[triangle])
    shift = _spread(shift, REACH * head.view.scale)
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
    warped = cv2.remap(
        pixels, x + shift[..., 0], y + shift[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(warped, np.uint8)


def _fill(shift: Floats, target: Floats, source: Floats) -> None:
    """Write where each pixel of a triangle comes from, relative to where it is."""
    x0, y0 = np.maximum(np.floor(target.min(0) - 0.5).astype(int), 0)
    x1, y1 = np.ceil(target.max(0) + 0.5).astype(int)
    part = shift[y0:y1, x0:x1]
    if part.size == 0:
        return
    a, b, c = target
    sides = np.stack([b - a, c - a], 1)
    if abs(np.linalg.det(sides)) < 1e-6:
        return
    y, x = np.mgrid[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
    # Pixel centres lie at half a pixel.
    spots = np.stack([x + 0.5, y + 0.5], -1)
    weights = (spots - a) @ np.linalg.inv(sides).T
    inside = (weights.min(-1) >= -1e-4) & (weights.sum(-1) <= 1 + 1e-4)
    origin = source[0] + weights @ np.stack([source[1] - source[0], source[2] - source[0]])
    part[inside] = (origin - spots)[inside]


def _spread(shift: Floats, reach: float) -> Floats:
    """Carry the movement of the face's edge outwards, less and less."""
    outside = np.isnan(shift[..., 0])
    distance, labels = cv2.distanceTransformWithLabels(
        outside.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    at_label = np.zeros((int(labels.max()) + 1, 2), np.float32)
    at_label[labels[~outside]] = shift[~outside]
    carried = at_label[labels]
    smooth = cv2.GaussianBlur(carried, (0, 0), max(reach / 12, 1.0))
    fade = np.exp(-((distance / reach) ** 2))[..., None]
    return np.asarray(np.where(outside[..., None], smooth * fade, carried), np.float32)
