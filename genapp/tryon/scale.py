"""Pixels to millimetres, with an error bar.

Four rulers, see `Ruler`. By default two things of known size are averaged by their precision: the
iris, 11.7 ± 0.5 mm across in nearly everybody over two years of age (the constant of MediaPipe
Iris), and the distance of the pupils. That distance is 63.4 ± 3.8 mm among adults (Dodgson 2004,
"Variation and extrema of human interpupillary distance") but far less among children, whose irises
are nearly full-grown: both are possible, and the iris and the proportions of the face tell how
likely each is.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from genapp.errors import check_number
from genapp.tryon.arrays import Array
from genapp.tryon.mesh import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS, Mesh

Ruler = Literal["iris", "pd", "card", "average"]
"""What the scale comes from: the irises with what is known about pupils; a pupillary distance that
was typed; a bank card in the photo; or, where no iris is seen, an average face."""

IRIS = 11.7
IRIS_SPREAD = 0.5 / 11.7
PIXEL_ERROR = 0.6
"""How well the network places the rim of an iris: standard deviation in pixels of its crop."""
PUPIL_ERROR = 0.4
"""How well it places a pupil, in the same unit."""


@dataclass(frozen=True)
class People:
    """Means in mm, and standard deviations as a part of them."""

    share: float
    """Of all who have their photo taken: a guess, on which little depends."""
    pupils: float
    pupils_spread: float
    growth: float
    """Mean of `growth`."""


PUPILS = 63.4
PUPILS_SPREAD = 3.8 / 63.4
ADULTS = People(0.85, PUPILS, PUPILS_SPREAD, 1.62)
CHILDREN = People(0.15, 52.5, 0.085, 1.48)
"""Aged 2 to 12: the middle of the norms of MacLachlan & Howland 2002 (Ophthalmic Physiol. Opt.
22:175), with a spread that holds these years. The means of `growth` were measured on synthetic
faces rated under 12 and over 18, see benchmarks/README.md."""
GROWTH_SPREAD = 0.07
"""Standard deviation of `growth` among people of one kind."""
PD_LIMITS = (40.0, 80.0)
"""Pupillary distances that are believed, mm: those of nearly everybody over five."""
PD_ERROR = 0.5
"""Of a typed pupillary distance, mm: what two opticians differ by."""
PUPIL_RADIUS = 10.5
"""From the centre of rotation of an eye to its pupil, mm: eyes that look at a near camera turn
inwards."""
SHUT = 0.12
"""An eye is shut when it is open by less than this part of its width."""
UNEQUAL = 1.4
"""Irises whose sizes differ more are not both well seen."""

CHEEKS = (234, 454)
"""Widest points of the face, in front of the ears."""
BRIDGE = (188, 412)
"""Flanks of the nose where the pads of a frame rest, 9 mm below the pupils."""
BRIDGE_ERROR = 1.0
"""How well the mesh follows a nose there, mm."""
CHIN, CHIN_SIDES = 152, (149, 378)
LIDS = ((159, 145), (386, 374))
"""Upper and lower, of the wearer's right and left eye."""


@dataclass(frozen=True)
class Measure:
    """A length in mm with its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Scale:
    """How many pixels a millimetre is at the distance of the eyes."""

    ruler: Ruler
    pixels_per_mm: float
    relative_error: float
    """Standard error of every length, as a part of it."""
    note: str
    """What the ruler is, and why this one: a sentence for the wearer."""


@dataclass(frozen=True)
class Millimetres:
    """Scale and measures of one face."""

    pixels_per_mm: float
    """At the distance of the face."""
    relative_error: float
    """Standard error of every length, as a part of it."""
    pupils: Measure
    """Pupillary distance (PD), of eyes that look far away."""
    face_width: Measure
    """Between the widest points of the face, in front of the ears. `measure_face` gives it without
    perspective, `pose.find_head` with; so it is with the next."""
    bridge: Measure
    """Width of the nose where the pads of a frame rest."""
    ruler: Ruler
    note: str


def scale_by_pd(mesh: Mesh, rotation: Array, distance: float, pd_mm: float) -> Scale:
    """Scale of a face whose pupillary distance is known.

    Args:
        mesh: the face's points.
        rotation: 3×3, head space to camera space.
        distance: from the camera, mm.
        pd_mm: of eyes that look far away, as on a prescription. Raises `BadValue` if it is not
            within `PD_LIMITS`.
    """
    check_number("pupillary distance in mm", pd_mm, *PD_LIMITS)
    pupils = _far_pupils(mesh, rotation, distance)
    error = float(np.hypot(PD_ERROR / pd_mm, PUPIL_ERROR * _crop_pixel(mesh, rotation) / pupils))
    return Scale("pd", pupils / pd_mm, error, f"By the pupillary distance of {pd_mm:g} mm.")


def scale_by_eyes(
    mesh: Mesh, rotation: Array, distance: float, *, sunglasses: bool = False
) -> Scale:
    """Scale of a face about which nothing is known but the photo. Arguments as above, and whether
    sunglasses hide the eyes."""
    reason = _unseen(mesh, rotation, distance)
    if sunglasses:
        reason = "sunglasses hide the eyes"
    iris = iris_diameter(mesh)
    error = float(np.hypot(IRIS_SPREAD, PIXEL_ERROR * _crop_pixel(mesh, rotation) / iris))
    pupils = _far_pupils(mesh, rotation, distance)
    growth_here = growth(mesh, rotation)
    means, variances, chances = [], [], []
    for people in (ADULTS, CHILDREN):
        mean, variance = np.log(pupils / people.pupils), people.pupils_spread**2
        surprise = ((growth_here - people.growth) / GROWTH_SPREAD) ** 2
        spread = 1.0
        if not reason:
            apart = np.log(iris / IRIS) - mean
            both = variance + error**2
            surprise += apart**2 / both
            spread = float(both)
            mean += apart * variance / both
            variance *= error**2 / both
        means.append(mean)
        variances.append(variance)
        chances.append(people.share * np.exp(-surprise / 2) / np.sqrt(spread))
    chance = np.array(chances) / np.sum(chances)
    mean = float(chance @ means)
    total = float(chance @ (np.array(variances) + (np.array(means) - mean) ** 2))
    if reason:
        note = f"By an average face, because {reason}: type the pupillary distance for true sizes."
        return Scale("average", float(np.exp(mean)), total**0.5, note)
    note = "By the irises, which are 11.7 mm wide in nearly everybody."
    return Scale("iris", float(np.exp(mean)), total**0.5, note)


def measure_face(mesh: Mesh, rotation: Array, distance: float, scale: Scale) -> Millimetres:
    """Measures of a face whose scale is known. Arguments as above."""
    upright = mesh.points @ rotation
    return Millimetres(
        scale.pixels_per_mm,
        scale.relative_error,
        measure(_far_pupils(mesh, rotation, distance) / scale.pixels_per_mm, scale),
        measure(across(upright, CHEEKS) / scale.pixels_per_mm, scale),
        measure(across(upright, BRIDGE) / scale.pixels_per_mm, scale, BRIDGE_ERROR),
        scale.ruler,
        scale.note,
    )


def measure(value: float, scale: Scale | Millimetres, error: float = 0.0) -> Measure:
    """A length in mm with the error of the scale, and one of its own (mm); rounded to tenths."""
    return Measure(round(value, 1), round(float(np.hypot(value * scale.relative_error, error)), 1))


def across(points: Array, pair: tuple[int, int]) -> float:
    """Distance of two points of an upright face from left to right."""
    return abs(float(points[pair[1], 0] - points[pair[0], 0]))


def iris_diameter(mesh: Mesh) -> float:
    """Mean diameter of the irises in pixels."""
    return float(np.mean(_iris_diameters(mesh)))


def growth(mesh: Mesh, rotation: Array) -> float:
    """Height of the face from eyes to chin plus twice the width of the chin, over the width of the
    face: lower faces grow last, so that it tells adults from children."""
    upright = mesh.points @ rotation
    eyes = upright[[RIGHT_IRIS.start, LEFT_IRIS.start], 1].mean()
    height = float(upright[CHIN, 1] - eyes)
    return (height + 2 * across(upright, CHIN_SIDES)) / across(upright, CHEEKS)


def openness(mesh: Mesh) -> float:
    """How far the eyes are open, over their width: about 0.3; under `SHUT` they are shut."""
    ratios = []
    for (upper, lower), (outer, inner) in zip(LIDS, (RIGHT_EYE, LEFT_EYE), strict=True):
        gap, width = mesh.points[[upper, outer]] - mesh.points[[lower, inner]]
        ratios.append(np.linalg.norm(gap) / np.linalg.norm(width))
    return float(np.mean(ratios))


def _unseen(mesh: Mesh, rotation: Array, distance: float) -> str:
    """Why the irises tell nothing, or ""."""
    if openness(mesh) < SHUT:
        return "the eyes are shut"
    right, left = _iris_diameters(mesh)
    pupils = _far_pupils(mesh, rotation, distance) / iris_diameter(mesh) * IRIS
    low, high = PD_LIMITS
    if max(right, left) > UNEQUAL * min(right, left) or not 0.9 * low < pupils < 1.1 * high:
        return "the irises are not well seen"
    return ""


def _iris_diameters(mesh: Mesh) -> tuple[float, float]:
    """Of the wearer's right and left eye, px. A turned eye shows an ellipse whose longer axis is
    the diameter."""
    diameters = []
    for iris in (RIGHT_IRIS, LEFT_IRIS):
        _, right, top, left, bottom = mesh.points[iris, :2]
        # Seen askew the four points are not at the ends of the axes: the singular values are.
        axes = np.linalg.svd(np.stack([right - left, top - bottom]), compute_uv=False)
        diameters.append(float(axes[0]))
    return diameters[0], diameters[1]


def _far_pupils(mesh: Mesh, rotation: Array, distance: float) -> float:
    """Distance of the pupils in pixels, if the eyes looked far away and not at the camera."""
    upright = mesh.points @ rotation
    near = across(upright, (RIGHT_IRIS.start, LEFT_IRIS.start))
    return near / (1 - PUPIL_RADIUS / distance)


def _crop_pixel(mesh: Mesh, rotation: Array) -> float:
    """Side of a pixel of the network's crop in pixels of the photo. The widest part of the face
    fills about 128 of the 192."""
    return across(mesh.points @ rotation, CHEEKS) / 128
