"""A face whose pose and size are known: the canonical one, turned and photographed."""

import numpy as np

from genapp.tryon.arrays import Array
from genapp.tryon.camera import View
from genapp.tryon.mesh import Mesh
from genapp.tryon.pose import Canonical
from genapp.tryon.scale import IRIS, PUPIL_RADIUS, PUPILS

EYE_HEIGHT, EYE_DEPTH = -26.3, -37.0
"""Where the canonical face has its pupils, mm in head space."""
DISTANCE = 700.0
"""From the camera to the eyes, mm."""
SIZE = (800, 600)
"""Width and height of the photo, px."""


def turn(yaw: float, pitch: float, roll: float) -> Array:
    """Head space to camera space, 3×3. Degrees: to the viewer's right, up, clockwise."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians([yaw, pitch, roll])) for f in (np.cos, np.sin))
    around = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    up = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(around @ up @ lean, np.float32)


def known_face(
    canonical: Canonical, pupils: float = PUPILS, iris: float = IRIS, distance: float = DISTANCE
) -> Array:
    """478×3 mm in head space: the canonical face with irises. Its eyes look at a camera so far
    away; the pupils are `pupils` mm apart when they look far away."""
    near = pupils * (1 - PUPIL_RADIUS / distance)
    points = [canonical.vertices]
    rim = np.array([[0, 0, 0], [1, 0, 0], [0, -1, 0], [-1, 0, 0], [0, 1, 0]]) * iris / 2
    for side in (-1, 1):
        points.append(rim + np.array([side * near / 2, EYE_HEIGHT, EYE_DEPTH]))
    return np.concatenate(points).astype(np.float32)


def photograph(
    face: Array,
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
    *,
    scale: float = 3.0,
    distance: float = DISTANCE,
) -> Mesh:
    """The mesh of a face in a photo, the camera pointed at the middle of the head.

    Args:
        face: 478×3 mm in head space.
        yaw, pitch, roll: see `turn`.
        scale: pixels per millimetre at the eyes.
        distance: from the camera to the eyes, mm.
    """
    camera = face @ turn(yaw, pitch, roll).T
    camera[:, 2] -= camera[[468, 473], 2].mean()
    pixels = View((SIZE[0] / 2, SIZE[1] / 2), scale, distance).project(camera)
    return Mesh(np.concatenate([pixels, camera[:, 2:] * scale], 1).astype(np.float32), 1.0)
