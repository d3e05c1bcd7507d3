"""The head as a surface that hides what is behind it, and where its ears are. Head space, mm."""

import numpy as np

from genapp.tryon.pose import Head
from genapp.tryon.render import Surface

Point = tuple[float, float, float]

# fmt: off
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
# fmt: on
"""Edge of the mesh, clockwise from the middle of the forehead."""
# fmt: off
CORE = (
    70, 63, 105, 66, 107, 9, 336, 296, 334, 293, 300, 345, 352, 411, 434, 430, 152, 210, 214, 187,
    123, 116,
)
# fmt: on
"""Outline of brows, eyes, cheeks, nose, mouth and chin: where a face has no hair of the head."""
SKULL = ((30.0, 1.0), (60.0, 0.98), (95.0, 0.86), (125.0, 0.55), (138.0, 0.1))
"""Cross sections of the skull behind the edge of the mesh: how far behind it (mm), how wide."""
SINK = 2.0
"""The surface lies this much under the skin, mm, so that a rim that touches the skin shows."""
RIGHT_TEMPLE, LEFT_TEMPLE = 127, 356
"""Points of the mesh beside the eyes, in front of the ears (viewer's left, viewer's right)."""
SIDES = ((226, 35, 143, 34, RIGHT_TEMPLE), (446, 265, 372, 264, LEFT_TEMPLE))
"""From the corner of each eye back to there: what the temples of glasses run along."""


def head_surface(head: Head) -> Surface:
    """Face, and a skull drawn backwards from the face's own outline. In camera space."""
    face = head.face[:468]
    edge = face[list(OVAL)]
    middle = edge.mean(0)
    rings = [face]
    for behind, wide in SKULL:
        ring = middle + (edge - middle) * (wide, wide, 0.35 * wide)
        rings.append(ring + np.array([0, 0, behind], np.float32))
    vertices = np.concatenate(rings) + np.array([0, 0, SINK], np.float32)
    triangles = [head.triangles]
    n = len(OVAL)
    here, after = np.arange(n), (np.arange(n) + 1) % n
    front = np.array(OVAL)
    for number in range(len(SKULL)):
        back = 468 + number * n + here
        triangles.append(np.stack([front[here], front[after], back[here]], 1))
        triangles.append(np.stack([front[after], back[after], back[here]], 1))
        front = back
    return Surface(head.to_camera(vertices), np.concatenate(triangles).astype(np.int32))


def ears(head: Head) -> tuple[Point, Point]:
    """Where temples rest, over the ears: viewer's left, viewer's right."""
    points = []
    for index, outwards in ((RIGHT_TEMPLE, -1), (LEFT_TEMPLE, 1)):
        x, y, z = head.face[index] + np.array([outwards * 3.0, 1.0, 24.0])
        points.append((float(x), float(y), float(z)))
    return points[0], points[1]
