"""Where faces are, for other tasks: a box, an outline and five points each."""

from dataclasses import dataclass

import numpy as np

from genapp.images import Pixels
from genapp.registry.engines import Engines
from genapp.tryon.arrays import Array
from genapp.tryon.detectors import BLAZEFACE, find
from genapp.tryon.head import OVAL
from genapp.tryon.mesh import MODEL, Mesh, find_mesh

# Vertices of MediaPipe's mesh.
NOSE_TIP, RIGHT_MOUTH, LEFT_MOUTH = 1, 61, 291
"""The wearer's right corner of the mouth is on the viewer's left."""


@dataclass(frozen=True, eq=False)
class FaceShape:
    """One face of a photo, in its pixels."""

    box: tuple[float, float, float, float]
    """x, y, width, height."""
    outline: Array
    """36×2: from the forehead's middle, down the viewer's right, around the chin and back."""
    five_points: Array
    """5×2: both pupils, the tip of the nose, both corners of the mouth; viewer's left first."""


def find_faces(
    pixels: Pixels, engines: Engines, detector: str = BLAZEFACE
) -> tuple[FaceShape, ...]:
    """The faces in a picture, largest first; possibly none.

    Args:
        pixels: H×W×3 RGB, uint8 or uint16.
        engines: where the networks come from.
        detector: what finds them, one of `DETECTORS`.
    """
    found = find(pixels, engines, detector)
    meshes = (find_mesh(pixels, detection, engines, MODEL) for detection in found)
    return tuple(_shape(mesh) for mesh in meshes if mesh is not None)


def _shape(mesh: Mesh) -> FaceShape:
    flat = mesh.points[:, :2]
    below = flat[[NOSE_TIP, RIGHT_MOUTH, LEFT_MOUTH]]
    return FaceShape(mesh.box, flat[list(OVAL)], np.concatenate([mesh.pupils, below]))
