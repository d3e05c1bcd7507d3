"""How faces are held, for other tasks: angles, mouth, glasses, and how much like a face it is."""

from dataclasses import dataclass

import numpy as np

from genapp.images import Pixels
from genapp.registry.engines import Engines
from genapp.tryon import pose, worn
from genapp.tryon.arrays import Array
from genapp.tryon.detect import detect
from genapp.tryon.mesh import MODEL, find_mesh
from genapp.tryon.pose import Canonical, find_head, load_canonical, similarity
from genapp.tryon.worn import find_worn

# Vertices of MediaPipe's mesh.
UPPER_LIP, LOWER_LIP = 13, 14
"""Inner edges of the lips, in the middle."""
OUTER_CORNERS = (33, 263)
"""Of the eyes."""


@dataclass(frozen=True)
class FacePose:
    """One face of a photo."""

    box: tuple[float, float, float, float]
    """x, y, width, height, px."""
    yaw: float
    """Degrees, positive when the face turns to the viewer's right."""
    pitch: float
    """Degrees, positive when it looks up."""
    roll: float
    """Degrees, positive when it leans clockwise."""
    mouth_open: float
    """Gap between the lips over the distance of the outer corners of the eyes; 0 is shut."""
    glasses: float
    """0..1, how sure it is that glasses are worn."""
    score: float
    """0..1, how sure the network is that this is a face."""
    misfit: float
    """How far the points lie from an average face that is turned and scaled onto them: root of the
    mean square over the distance of the outer corners of the eyes."""


def find_poses(pixels: Pixels, engines: Engines) -> tuple[FacePose, ...]:
    """The faces in a picture, largest first; possibly none.

    Args:
        pixels: H×W×3 RGB, uint8 or uint16.
        engines: where the networks come from.
    """
    canonical = load_canonical(engines.data(pose.MODEL))
    size = (pixels.shape[1], pixels.shape[0])
    found = []
    for detection in detect(pixels, engines):
        mesh = find_mesh(pixels, detection, engines, MODEL)
        if mesh is None:
            continue
        head = find_head(mesh, canonical, size, None)
        eyes = float(np.linalg.norm(np.subtract(*head.face[list(OUTER_CORNERS)])))
        gap = float(np.linalg.norm(head.face[LOWER_LIP] - head.face[UPPER_LIP]))
        glasses = find_worn(pixels, head, engines.data(worn.MODEL)).score
        yaw, pitch, roll = head.angles
        found.append(
            FacePose(
                mesh.box,
                yaw,
                pitch,
                roll,
                gap / eyes,
                glasses,
                mesh.score,
                _misfit(mesh.points[:468], canonical),
            )
        )
    return tuple(found)


def _misfit(points: Array, canonical: Canonical) -> float:
    scale, rotation, shift = similarity(canonical.vertices, points, canonical.weights)
    apart = points - (scale * canonical.vertices @ rotation.T + shift)
    eyes = scale * np.linalg.norm(np.subtract(*canonical.vertices[list(OUTER_CORNERS)]))
    return float(np.sqrt(np.square(apart).sum(1).mean()) / eyes)
