"""478 points of a face, irises among them: Attention Mesh (Grishchenko et al. 2020,
arXiv:2006.10962).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from genapp.images import Pixels, to_float
from genapp.registry.engines import Engine, Engines
from genapp.tryon.arrays import Array
from genapp.tryon.camera import crop
from genapp.tryon.detect import Detection

MODEL = "face/facemesh.attention"
CROP = 192
MARGIN = 1.5
"""Side of the crop over the side of the face."""
MIN_SCORE = 0.5
STEADY, SURELY_STEADY = 0.12, 0.035
"""A mesh moves by no more than this part of the distance of the eyes when it is looked at again;
one on a flower, a cloud or a dog often does."""
SURE, SURE_MESH = 0.75, 0.99
"""After a detection with a lower score than the first the mesh must be surely steady, and have the
second score both times."""

RIGHT_EYE, LEFT_EYE = (33, 133), (263, 362)
"""Corners of the wearer's right and left eye (the right one is on the viewer's left)."""
SKIN = (9, 50, 101, 108, 117, 118, 151, 205, 280, 330, 337, 346, 347, 425, 10, 67, 297, 187, 411)
"""Points of the mesh on forehead and cheeks, where skin shows."""

RIGHT_IRIS, LEFT_IRIS = slice(468, 473), slice(473, 478)
"""Centre of the iris, then four points around it."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """The points of one face."""

    points: Array
    """478×3: x, y in pixels of the photo; z in the same unit, away from the camera."""
    score: float
    """How sure the network is that this is a face, 0..1."""

    @property
    def pupils(self) -> Array:
        """2×2: viewer's left pupil, viewer's right pupil, px."""
        return self.points[[RIGHT_IRIS.start, LEFT_IRIS.start], :2]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width, height around all points, px."""
        low, high = self.points[:, :2].min(0), self.points[:, :2].max(0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])

    def zoomed(self, corner: tuple[float, float], zoom: float) -> "Mesh":
        """The mesh in the part of the photo from `corner` (px) on, at `zoom` times its size."""
        points = (self.points - np.array([*corner, 0], np.float32)) * np.float32(zoom)
        return replace(self, points=points)


def find_mesh(
    pixels: Pixels, detection: Detection, engines: Engines, model: str = MODEL
) -> Mesh | None:
    """The mesh of a detected face, or None if the network sees no face there.

    The network runs twice: the first answer gives a steadier crop for the second. A third time
    where these two disagree.
    """
    rough = _run(pixels, detection.center, detection.side, detection.roll, engines.get(model))
    if rough.score < MIN_SCORE:
        return None
    center, side, roll = _crop_of(rough)
    fine = _run(pixels, center, side, roll, engines.get(model))
    sure = detection.score >= SURE
    if sure and _moved(rough, fine) > STEADY:
        # The detector can be wrong about which way is up; a real face comes right by and by.
        rough, fine = fine, _run(pixels, *_crop_of(fine), engines.get(model))
    least = MIN_SCORE if sure else SURE_MESH
    steady = _moved(rough, fine) <= (STEADY if sure else SURELY_STEADY)
    return fine if steady and min(rough.score, fine.score) >= least else None


def follow_mesh(pixels: Pixels, last: Mesh, engines: Engines, model: str = MODEL) -> Mesh | None:
    """The mesh of a face that had the mesh `last` a moment ago, or None if the network sees no
    face there. Neither a detector nor a second run is needed.
    """
    mesh = _run(pixels, *_crop_of(last), engines.get(model))
    return mesh if mesh.score >= MIN_SCORE else None


def _moved(before: Mesh, after: Mesh) -> float:
    """Mean distance between the points of two meshes over the distance of the eyes."""
    eyes = float(np.linalg.norm(after.pupils[1] - after.pupils[0]))
    moves = np.linalg.norm(after.points[:, :2] - before.points[:, :2], axis=1)
    return float(moves.mean()) / max(eyes, 1e-6)


def _crop_of(mesh: Mesh) -> tuple[Array, float, float]:
    """Middle, side and roll of the upright square around a mesh."""
    flat = mesh.points[:, :2]
    across = flat[LEFT_EYE[0]] - flat[RIGHT_EYE[0]]
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    turn = cv2.getRotationMatrix2D((0, 0), roll, 1)[:, :2]
    upright = flat @ turn.T
    low, high = upright.min(0), upright.max(0)
    center = ((low + high) / 2) @ turn
    return center.astype(np.float32), float((high - low).max()), roll


def _run(pixels: Pixels, center: Array, side: float, roll: float, engine: Engine) -> Mesh:
    square, to_photo = _crop(pixels, center, side * MARGIN, roll)
    outputs = engine.run({"image": square[None]})
    points = outputs["landmarks"][0]
    zoom = side * MARGIN / CROP
    flat = points[:, :2] @ to_photo[:, :2].T + to_photo[:, 2]
    full = np.concatenate([flat, points[:, 2:] * zoom], 1).astype(np.float32)
    return Mesh(full, float(outputs["score"].reshape(-1)[0]))


def _crop(pixels: Pixels, center: Array, side: float, roll: float) -> tuple[Array, Array]:
    """An upright square as 3×192×192, 0..1, and the 2×3 matrix from its pixels to the photo's."""
    zoom = side / CROP
    cos, sin = np.cos(np.radians(roll)) * zoom, np.sin(np.radians(roll)) * zoom
    to_photo = np.array([[cos, -sin, 0], [sin, cos, 0]])
    to_photo[:, 2] = center - to_photo[:, :2] @ [CROP / 2, CROP / 2]
    square = crop(pixels, to_photo, (CROP, CROP))
    return to_float(square).transpose(2, 0, 1), to_photo.astype(np.float32)
