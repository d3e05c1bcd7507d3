"""Pixels to millimetres, with an error bar.

Two things of known size are in every face: the iris, 11.7 ± 0.5 mm across in nearly everybody
(the constant of MediaPipe Iris), and the distance of the pupils, 63.4 ± 3.8 mm among adults
(Dodgson 2004, "Variation and extrema of human interpupillary distance"). The two estimates are
averaged by their precision.
"""

from dataclasses import dataclass

import numpy as np

from genapp.tryon.arrays import Array
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS, Mesh

IRIS = 11.7
IRIS_SPREAD = 0.5 / 11.7
PUPILS = 63.4
PUPILS_SPREAD = 3.8 / 63.4
"""Means in mm and relative standard deviations in the population."""
PIXEL_ERROR = 0.6
"""How well the network places the rim of an iris: standard deviation in pixels of its crop."""
CHEEKS = (234, 454)
"""Widest points of the face, in front of the ears."""


@dataclass(frozen=True)
class Measure:
    """A length in mm with its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Millimetres:
    """Scale and measures of one face."""

    pixels_per_mm: float
    """At the distance of the face."""
    relative_error: float
    """Standard error of every length, as a part of it."""
    pupils: Measure
    """Pupillary distance (PD)."""
    face_width: Measure
    """Between the widest points of the face, in front of the ears. `millimetres` gives it without
    perspective, `pose.find_head` with."""


def millimetres(mesh: Mesh, rotation: Array) -> Millimetres:
    """Scale of a face.

    Args:
        mesh: the face's points.
        rotation: 3×3, head space to camera space.
    """
    upright = mesh.points @ rotation
    pupils = abs(float(upright[LEFT_IRIS.start, 0] - upright[RIGHT_IRIS.start, 0]))
    cheeks = abs(float(upright[CHEEKS[1], 0] - upright[CHEEKS[0], 0]))
    iris = iris_diameter(mesh)
    # The widest part of the face fills about 128 of the 192 pixels that the network looks at.
    iris_error = float(np.hypot(IRIS_SPREAD, PIXEL_ERROR * cheeks / 128 / iris))
    precision = np.array([iris_error, PUPILS_SPREAD]) ** -2
    estimates = np.log([iris / IRIS, pupils / PUPILS])
    scale = float(np.exp(precision @ estimates / precision.sum()))
    error = float(precision.sum() ** -0.5)
    return Millimetres(scale, error, measure(pupils / scale, error), measure(cheeks / scale, error))


def iris_diameter(mesh: Mesh) -> float:
    """Mean diameter of the irises in pixels. A turned eye shows an ellipse whose longer axis is
    the diameter."""
    diameters = []
    for iris in (RIGHT_IRIS, LEFT_IRIS):
        _, right, top, left, bottom = mesh.points[iris, :2]
        # Seen askew the four points are not at the ends of the axes: the singular values are.
        axes = np.linalg.svd(np.stack([right - left, top - bottom]), compute_uv=False)
        diameters.append(axes[0])
    return float(np.mean(diameters))


def measure(value: float, relative_error: float) -> Measure:
    """A length in mm that errs by a part of itself, rounded to tenths."""
    return Measure(round(value, 1), round(value * relative_error, 1))
