"""Where the head is: the canonical face laid on the mesh by a weighted 3-D similarity.

Procrustes: Umeyama 1991. The canonical face and its weights are MediaPipe's (Apache-2.0).
Head space: millimetres, origin inside the head between the temples, x to the viewer's right when
the face looks at the camera, y down, z towards the back of the head.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.camera import View
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS, Mesh
from genapp.tryon.scale import (
    BRIDGE,
    BRIDGE_ERROR,
    CHEEKS,
    IRIS,
    Millimetres,
    Scale,
    across,
    iris_diameter,
    measure,
    measure_face,
    scale_by_eyes,
    scale_by_pd,
)

MODEL = "face/canonical.mediapipe"
DISTANCE = 700.0
"""Distance of a camera about which nothing is known, mm: an arm's length."""
FILM_DIAGONAL = 43.27
"""Of 35 mm film, mm."""


@dataclass(frozen=True, eq=False)
class Canonical:
    """The average face."""

    vertices: Array
    """468×3, mm, head space."""
    triangles: Triangles
    """T×3."""
    weights: Array
    """468, how much each vertex tells about the pose."""


@dataclass(frozen=True, eq=False)
class Head:
    """A face in millimetres in front of the camera."""

    view: View
    """The camera: its origin is where head space has its own."""
    rotation: Array
    """3×3, head space to camera space."""
    face: Array
    """478×3, the mesh in head space, mm. It is this person's face, not the canonical one."""
    triangles: Triangles
    """T×3, of the first 468 points."""
    millimetres: Millimetres
    """How pixels became millimetres, and the measures of the face."""

    def to_camera(self, points: Array) -> Array:
        """N×3 head space → camera space."""
        return np.asarray(points @ self.rotation.T, np.float32)

    @property
    def angles(self) -> tuple[float, float, float]:
        """Yaw, pitch, roll in degrees: positive when the face turns to the viewer's right, looks
        up, leans clockwise."""
        r = self.rotation
        # The direction the face looks at is -z of head space.
        forward = -r[:, 2]
        yaw = np.degrees(np.arctan2(forward[0], -forward[2]))
        pitch = np.degrees(np.arcsin(np.clip(-forward[1], -1, 1)))
        level = np.array([-forward[2], 0, forward[0]])
        level /= max(float(np.linalg.norm(level)), 1e-6)
        down = np.cross(-forward, level)
        roll = np.degrees(np.arctan2(r[:, 0] @ down, r[:, 0] @ level))
        return float(yaw), float(pitch), float(roll)


def load_canonical(path: Path) -> Canonical:
    """Read the canonical face from its .npz file."""
    with np.load(path, allow_pickle=False) as data:
        return Canonical(
            data["vertices"].astype(np.float32),
            data["triangles"].astype(np.int32),
            data["pose_weights"].astype(np.float32),
        )


def find_head(
    mesh: Mesh,
    canonical: Canonical,
    size: tuple[int, int],
    focal_35mm: float | None,
    *,
    pd_mm: float | None = None,
    scale: Scale | None = None,
    sunglasses: bool = False,
) -> Head:
    """Pose and true size of a face.

    Args:
        mesh: the face's points in the photo.
        canonical: the average face.
        size: width, height of the photo, px.
        focal_35mm: focal length as on 35 mm film if the photo says so; it gives the distance and
            with it the perspective.
        pd_mm: the pupillary distance, if it is known.
        scale: the scale at the eyes, if it is known; then `pd_mm` is not needed.
        sunglasses: whether they hide the irises, which then tell no size.
    """
    points = mesh.points[:468]
    _, rotation, shift = similarity(canonical.vertices, points, canonical.weights)
    near = _distance(size, focal_35mm, iris_diameter(mesh) / IRIS)
    if scale is None:
        scale = (
            scale_by_eyes(mesh, rotation, near, sunglasses=sunglasses)
            if pd_mm is None
            else scale_by_pd(mesh, rotation, near, pd_mm)
        )
    measures = measure_face(mesh, rotation, near, scale)
    distance = _distance(size, focal_35mm, scale.pixels_per_mm)
    origin = (float(shift[0]), float(shift[1]))
    view = View(origin, scale.pixels_per_mm, distance)
    # The mesh has no perspective: put every point on its own ray, at its own depth, and fit again.
    # Depth counts from the eyes, because there the scale was measured.
    eyes = float(mesh.points[[RIGHT_IRIS.start, LEFT_IRIS.start], 2].mean())
    depth = (mesh.points[:, 2] - eyes) / scale.pixels_per_mm
    camera = view.unproject(mesh.points[:, :2], depth.astype(np.float32))
    _, rotation, offset = similarity(canonical.vertices, camera[:468], canonical.weights)
    camera_at_origin = camera - offset
    moved = view.project(offset[None])[0]
    nearness = distance / (distance + float(offset[2]))
    view = View(
        (float(moved[0]), float(moved[1])), scale.pixels_per_mm * nearness, distance / nearness
    )
    face = (camera_at_origin @ rotation).astype(np.float32)
    # The cheekbones lie farther away than the eyes and look smaller than they are.
    measures = replace(
        measures,
        face_width=measure(across(face, CHEEKS), scale),
        bridge=measure(across(face, BRIDGE), scale, BRIDGE_ERROR),
    )
    return Head(view, rotation, face, canonical.triangles, measures)


def similarity(source: Array, target: Array, weights: Array) -> tuple[float, Array, Array]:
    """Scale, 3×3 rotation and translation that lay `source` on `target` (both N×3) with the least
    weighted squared error: target ≈ scale · rotation · source + translation."""
    share = (weights / weights.sum())[:, None]
    source_mean, target_mean = (source * share).sum(0), (target * share).sum(0)
    a, b = source - source_mean, target - target_mean
    u, singular, vt = np.linalg.svd((b * share).T @ a)
    flip = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * flip) @ vt
    scale = float((singular * flip).sum() / (share * a * a).sum())
    translation = target_mean - scale * rotation @ source_mean
    return scale, rotation.astype(np.float32), translation.astype(np.float32)


def _distance(size: tuple[int, int], focal_35mm: float | None, pixels_per_mm: float) -> float:
    if not focal_35mm:
        return DISTANCE
    focal = focal_35mm / FILM_DIAGONAL * float(np.hypot(*size))
    return float(np.clip(focal / pixels_per_mm, 250, 5000))
