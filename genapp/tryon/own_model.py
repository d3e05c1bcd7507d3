"""A pair of glasses out of a 3-D model: which way it faces, how large it is, where its lenses and
temples are, and the measures that a fit needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import UnreadableFrame
from genapp.tryon.arrays import Array
from genapp.tryon.color import format_color
from genapp.tryon.frames import END_PIECE, Finish, Frame
from genapp.tryon.geometry import front_depth
from genapp.tryon.gltf import Scene, Surface
from genapp.tryon.outlines import CLEAR_LENS, Opening, check_width, openings, usual_drop
from genapp.tryon.solid import EAR_ALONG, Ears, Part, Solid, Solids, join

UNITS = (("metres", 1000.0), ("inches", 25.4), ("centimetres", 10.0), ("millimetres", 1.0))
"""What a model may be drawn in, and the millimetres of one."""
TEMPLES_FROM = 0.55
"""A model deeper than this share of its width has temples; none is higher than it."""
END_PIECES = 0.045
"""How far behind the middle of the lenses end pieces go, as a share of the width."""
LENS_WORDS = re.compile(r"lens|linse|verre|(?<![a-z])glas(s(?!es))?(?![a-rt-z])", re.IGNORECASE)
FRAME_WORDS = re.compile(r"frame|rim|temple|bridge|hinge|pad|arm|acetate|metal", re.IGNORECASE)
PIXELS_PER_MM = 4
BENDS_FROM = 8.0
"""How far behind the front's outer edge temples begin to bend, mm."""
DIPS = 3.0
"""A temple that has come down by this much has passed the ear, mm."""
DIPS_AFTER = 12.0
"""How far behind the ear it has done so, mm."""
STRAIGHT = 60.0
"""A temple has not reached the ear this soon behind the hinge, mm."""
OPEN = 0.01
"""Share of edges with one triangle alone from which on a surface is an open sheet."""
REST = 0.7
"""Where a temple without a bend rests, as a share of its length."""


@dataclass(frozen=True, eq=False)
class _LensLook:
    tint: str
    opacity: float
    gradient: float
    mirror: float
    mirror_color: str


def model_frame(scene: Scene, name: str, width_mm: float | None = None) -> Frame:
    """A frame out of what a glTF file holds.

    Args:
        scene: see `gltf.read_gltf`.
        name: what to call it.
        width_mm: true width; None: the model's own.

    Raises:
        UnreadableFrame: there are no triangles, no lenses, or nothing of a pair of glasses.
        BadValue: the width makes no sense.
    """
    if not any(len(surface.triangles) for surface in scene.surfaces):
        raise UnreadableFrame("The model holds no triangles.", "Export the glasses as a mesh.")
    notes: list[str] = []
    surfaces = _turned(scene.surfaces, notes)
    surfaces = _sized(surfaces, width_mm, notes)
    lens_surfaces = [surface for surface in surfaces if _is_lens(surface, surfaces)]
    others = [surface for surface in surfaces if not any(surface is lens for lens in lens_surfaces)]
    if not others:
        raise UnreadableFrame(
            "All of the model is lens: there is no frame in it.",
            "Give rims and temples a material that is not transparent.",
        )
    opaque = join([_with_back(_solid(surface)) for surface in others])
    if lens_surfaces:
        lenses = join([_solid(surface) for surface in lens_surfaces])
        opening = _lens_opening(lenses)
        look = _lens_look(lens_surfaces, opening)
        inside = lenses.vertices
    else:
        lenses = None
        opening = _rim_opening(opaque)
        look = _LensLook("#808080", CLEAR_LENS, 0.0, 0.0, "#ffffff")
        inside = _around(opening, opaque.vertices)
        notes.append("The model has no lenses: clear ones were put into its rims.")
    return _frame(scene, name, opaque, lenses, opening, look, inside, notes)


# Which way, how large ------------------------------------------------------------------------


def _turned(surfaces: Sequence[Surface], notes: list[str]) -> list[Surface]:
    """In frame axes: the front towards the viewer, whatever the file's own axes."""
    turn = np.diag([1.0, -1.0, -1.0])
    points = np.concatenate([one.vertices[np.unique(one.triangles)] for one in surfaces])
    points = points.astype(np.float64) @ turn.T
    points -= (points.min(0) + points.max(0)) / 2
    for wrong, correction in (
        (_is_sideways, [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]),
        (_lies_on_its_face, [[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
        (_looks_away, [[-1, 0, 0], [0, 1, 0], [0, 0, -1]]),
    ):
        if wrong(points):
            points = points @ np.array(correction, float).T
            turn = np.array(correction, float) @ turn
    if turn[2, 2] != -1:
        notes.append("The model did not face along +z, y up, as glTF wants: it was turned.")
    return [
        replace(
            surface,
            vertices=(surface.vertices @ turn.T).astype(np.float32),
            normals=None
            if surface.normals is None
            else (surface.normals @ turn.T).astype(np.float32),
        )
        for surface in surfaces
    ]


def _is_sideways(points: Array) -> bool:
    """Whether left and right mirror each other along z instead of along x."""
    return _asymmetry(points, 2) < 0.5 * _asymmetry(points, 0)


def _asymmetry(points: Array, axis: int) -> float:
    """How far points are, on average, from the nearest one of the mirrored model."""
    step = max(1, len(points) // 2000)
    some = points[::step]
    mirrored = some[:: max(1, len(some) // 400)].copy()
    mirrored[:, axis] *= -1
    nearest = np.linalg.norm(mirrored[:, None] - some[None], axis=2).min(1)
    return float(nearest.mean())


def _lies_on_its_face(points: Array) -> bool:
    """Whether the temples run along y, as of a model whose z is up."""
    width, height, depth = np.ptp(points, 0)
    return bool(height > TEMPLES_FROM * width > depth)


def _looks_away(points: Array) -> bool:
    """Whether the temples point to the viewer: there is nothing between them."""
    width, _, depth = np.ptp(points, 0)
    if depth < TEMPLES_FROM * width:
        return False
    between = np.abs(points[:, 0]) < 0.2 * width
    return bool(between.any() and points[between, 2].mean() > 0)


def _sized(surfaces: list[Surface], width_mm: float | None, notes: list[str]) -> list[Surface]:
    """In millimetres, around the middle."""
    points = np.concatenate([surface.vertices[surface.triangles.ravel()] for surface in surfaces])
    low, high = points.min(0), points.max(0)
    width, height, depth = (high - low).tolist()
    if not 0 < width < np.inf or height > TEMPLES_FROM * width or depth > 1.6 * width:
        raise UnreadableFrame(
            "The model has not the proportions of a pair of open glasses "
            f"({width:.3g} wide, {height:.3g} high, {depth:.3g} deep).",
            "Export the glasses alone, with open temples, without head, stand or case.",
        )
    scale = _scale(_front_width(points), width_mm, notes)
    middle = (low + high) / 2
    return [
        replace(surface, vertices=((surface.vertices - middle) * scale).astype(np.float32))
        for surface in surfaces
    ]


def _front_width(points: Array) -> float:
    """Width of the front with its end pieces; temples may stand out farther. Any unit."""
    whole = float(np.ptp(points[:, 0]))
    beside = np.abs(points[:, 0] - (points[:, 0].min() + points[:, 0].max()) / 2) / whole
    behind = (points[:, 2] - points[:, 2].min()) / whole
    # As deep as the lenses are; pads and tips of temples do not count.
    lenses = (beside > 0.15) & (beside < 0.33) & (behind < 0.3)
    if not lenses.any():
        return whole
    front = behind < behind[lenses].max() + END_PIECES
    return float(np.ptp(points[front, 0]))


def _scale(width: float, width_mm: float | None, notes: list[str]) -> float:
    """Millimetres of one unit of the model."""
    if width_mm is not None:
        return check_width(width_mm) / width
    for unit, scale in UNITS:
        if 110 <= width * scale <= 180:
            if unit != "metres":
                notes.append(
                    f"The model is {width:.3g} wide; it was taken to be drawn in {unit}, "
                    f"which makes it {width * scale:.0f} mm wide."
                )
            return scale
    raise UnreadableFrame(
        f"The model is {width:.3g} wide, in no unit the 110 to 180 mm of a pair of glasses.",
        "Say how wide it is (width in mm), or export it in metres.",
    )


# Lenses --------------------------------------------------------------------------------------


def _is_lens(surface: Surface, surfaces: Sequence[Surface]) -> bool:
    """By name where a name says so, else by what light passes through."""
    if any(_says_lens(other) for other in surfaces):
        return _says_lens(surface)
    passes = surface.transmission > 0.1 or float(np.median(surface.alpha)) < 0.9
    return passes and _fills_its_outline(surface)


def _says_lens(surface: Surface) -> bool:
    for name in surface.names:
        if FRAME_WORDS.search(name):
            return False
        if LENS_WORDS.search(name):
            return True
    return False


def _fills_its_outline(surface: Surface) -> bool:
    """Unlike transparent rims and pads: from the front, at least half of the box of a half."""
    right = surface.triangles[surface.vertices[surface.triangles, 0].min(1) > 0]
    if len(right) == 0:
        right = surface.triangles
    flat = surface.vertices[right][..., :2]
    size = np.ptp(flat.reshape(-1, 2), 0)
    return bool(min(size) > 15 and _drawn(flat).mean() > 0.5)


def _drawn(triangles: Array) -> NDArray[np.uint8]:
    """T×3×2 mm as a picture of their own box, 1 where there is one."""
    low = triangles.min((0, 1))
    size = np.ceil(np.ptp(triangles.reshape(-1, 2), 0) * PIXELS_PER_MM).astype(int) + 1
    picture = np.zeros((size[1], size[0]), np.uint8)
    # The last four bits are fractions of a pixel.
    for triangle in np.rint((triangles - low) * PIXELS_PER_MM * 16).astype(np.int32):
        cv2.fillConvexPoly(picture, triangle, 1, cv2.LINE_8, 4)
    return picture


def _lens_opening(lenses: Solid) -> Opening:
    """The lens on the viewer's right, of lenses or of a shield."""
    flat = lenses.vertices[lenses.triangles][..., :2]
    low = flat.min((0, 1))
    mask = _drawn(flat)
    found = openings(mask, low, PIXELS_PER_MM)
    if found is None:
        raise _no_lenses()
    return found


def _rim_opening(opaque: Solid) -> Opening:
    """The hole in the front on the viewer's right."""
    corners = opaque.vertices[opaque.triangles]
    front = corners[..., 2].max(1) < corners[..., 2].min() + 25
    flat = corners[front][..., :2]
    low = flat.min((0, 1))
    drawn = np.pad(_drawn(flat), 1)
    # What can be reached from outside is no hole.
    outside = drawn.copy()
    cv2.floodFill(outside, None, (0, 0), 1)
    found = openings(1 - outside, low - 1 / PIXELS_PER_MM, PIXELS_PER_MM)
    if found is None:
        raise _no_lenses()
    return found


def _no_lenses() -> UnreadableFrame:
    return UnreadableFrame(
        "The model has neither lenses nor openings for them.",
        "Give the lenses a material of their own that is transparent or is named 'lens'.",
    )


def _around(opening: Opening, points: Array) -> Array:
    """Points of the rims near the openings."""
    beside = np.abs(points[:, 0] - opening.middle_x)
    near = (
        (np.abs(beside - opening.centre[0]) < opening.size[0] / 2 + 2)
        & (np.abs(points[:, 1] - opening.centre[1]) < opening.size[1] / 2 + 2)
        & (points[:, 2] < points[:, 2].min() + 15)
    )
    return points[near] if near.sum() > 12 else points


def _lens_look(surfaces: Sequence[Surface], opening: Opening) -> _LensLook:
    color = np.concatenate([surface.color for surface in surfaces])
    alpha = np.concatenate([surface.alpha for surface in surfaces])
    metal = float(np.concatenate([surface.metal for surface in surfaces]).mean())
    y = np.concatenate([surface.vertices[:, 1] for surface in surfaces])
    through = max(surface.transmission for surface in surfaces)
    tint = color.mean(0)
    if through > 0.1:
        return _LensLook(format_color(tint * through), 1.0, 0.0, 0.0, "#ffffff")
    opacity, gradient = _fade(alpha, (y - opening.centre[1]) / opening.size[1])
    if metal > 0.3:
        return _LensLook("#20242a", opacity, gradient, metal, format_color(tint))
    # Some are drawn without a way to look through.
    return _LensLook(format_color(tint), min(opacity, 0.96), gradient, 0.0, "#ffffff")


def _fade(alpha: Array, height: Array) -> tuple[float, float]:
    """Opacity and gradient of lenses whose vertices lie at a height from -0.5 to 0.5."""
    upper, lower = height < -0.4, height > 0.45
    if not (upper.any() and lower.any()):
        return float(alpha.mean()), 0.0
    top, bottom = float(alpha[upper].mean()), float(alpha[lower].mean())
    gradient = 1 - bottom / max(top, 0.01)
    return top, gradient if gradient > 0.05 else 0.0


# Solids --------------------------------------------------------------------------------------


def _solid(surface: Surface) -> Solid:
    """A surface whose normals point outwards, as part of the front."""
    used, flat = np.unique(surface.triangles, return_inverse=True)
    triangles = flat.reshape(-1, 3).astype(np.int32)
    vertices = surface.vertices[used]
    a, b, c = (vertices[triangles[:, corner]].astype(np.float64) for corner in range(3))
    flat_normals = np.cross(b - a, c - a)
    if surface.normals is None:
        normals = _smooth_normals(vertices, triangles, flat_normals)
    else:
        normals = surface.normals[used].astype(np.float64)
        if (flat_normals * normals[triangles].mean(1)).sum() < 0:
            flat_normals = -flat_normals
    # A closed body encloses a positive volume if its triangles turn outwards.
    if (flat_normals * (a - vertices.mean(0))).sum() < 0:
        normals = -normals
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.where(length > 1e-9, normals / np.maximum(length, 1e-9), [0, 0, -1])
    count = len(vertices)
    clear = np.maximum(surface.transmission, 1 - surface.alpha[used])
    return Solid(
        vertices,
        normals.astype(np.float32),
        triangles,
        np.full(count, Part.RIM, np.uint8),
        np.zeros(count, np.float32),
        surface.color[used].astype(np.float32),
        surface.metal[used].astype(np.float32),
        clear.astype(np.float32),
    )


def _with_back(solid: Solid) -> Solid:
    """A solid whose triangles show from both sides if they are an open sheet; a closed body hides
    its inside, and stays as it is."""
    places = np.unique(np.round(solid.vertices, 3), axis=0, return_inverse=True)[1].reshape(-1)
    corners = places[solid.triangles]
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    _, count = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    if (count == 1).mean() < OPEN:
        return solid
    back = replace(solid, normals=-solid.normals, triangles=solid.triangles[:, ::-1])
    return join([solid, back])


def _smooth_normals(vertices: Array, triangles: NDArray[np.int32], flat: Array) -> Array:
    """The sum of the triangles around each place; vertices in one place count as one."""
    places = np.unique(np.round(vertices, 3), axis=0, return_inverse=True)[1].reshape(-1)
    sums = np.zeros((int(places.max()) + 1, 3))
    for corner in range(3):
        np.add.at(sums, places[triangles[:, corner]], flat)
    return np.asarray(sums[places])


# Measures ------------------------------------------------------------------------------------


def _frame(
    scene: Scene,
    name: str,
    opaque: Solid,
    lenses: Solid | None,
    opening: Opening,
    look: _LensLook,
    inside: Array,
    notes: list[str],
) -> Frame:
    """`inside`: N×3 points on the surface of the lenses, from which their curve is measured."""
    all_points = [solid.vertices for solid in (opaque, lenses) if solid is not None]
    width = _front_width(np.concatenate(all_points))
    shift = np.array([opening.middle_x, opening.centre[1], 0], np.float32)
    lens, height = opening.size
    bridge = 2 * (opening.centre[0] - lens / 2)
    depth_zero, base_curve, wrap, tilt = _curve(inside - shift, opening.centre[0])
    shift[2] = depth_zero
    opaque = replace(opaque, vertices=opaque.vertices - shift)
    bridge_rise, thickness = _bridge(opaque, height)
    frame = Frame(
        name=name,
        title=name,
        lens=lens,
        bridge=bridge,
        temple=140.0,
        height=height,
        outline=opening.outline,
        material="acetate",
        color=format_color(np.median(opaque.color, 0)),
        tint=look.tint,
        opacity=round(look.opacity, 3),
        gradient=round(look.gradient, 3),
        mirror=look.mirror,
        mirror_color=look.mirror_color,
        # So that the frame's width is the model's.
        rim=(1.5, (width - 2 * lens - bridge) / 2 - END_PIECE, 1.5),
        depth=thickness,
        bridge_rise=bridge_rise,
        hinge_rise=height * 0.25,
        drop=_drop(scene.extras, height),
        base_curve=base_curve,
        wrap=wrap,
        tilt=tilt,
    )
    if lenses is not None:
        y = lenses.vertices[:, 1] - shift[1]
        lenses = replace(
            lenses,
            vertices=lenses.vertices - shift,
            part=np.full(len(y), Part.LENS, np.uint8),
            along=np.clip(y / height + 0.5, 0, 1).astype(np.float32),
            metal=np.full(len(y), look.mirror, np.float32),
            clear=np.ones(len(y), np.float32),
        )
    return _with_temples(frame, opaque, lenses, notes)


def _curve(points: Array, centre: float) -> tuple[float, float, float, float]:
    """Depth, base curve, wrap and tilt of N×3 points of the front, see `front_depth`."""
    beside, y = np.abs(points[:, 0]) - centre, points[:, 1]
    basis = np.stack([np.ones_like(y), (beside**2 + y**2) / 1060, beside, y], 1).astype(np.float64)
    # A little ridge: few points must not make a wild curve.
    ridge = np.diag([0, 1e-3, 1e-3, 1e-3]) * len(points)
    fit = np.linalg.solve(basis.T @ basis + ridge, basis.T @ points[:, 2].astype(np.float64))
    zero, curve, wrap, tilt = fit.tolist()
    return (
        zero,
        float(np.clip(curve, 0, 12)),
        float(np.clip(np.degrees(np.arctan(wrap)), -5, 30)),
        float(np.clip(np.degrees(np.arctan(tilt)), -10, 25)),
    )


def _bridge(opaque: Solid, height: float) -> tuple[float, float]:
    """How high over the middle of the lenses the (lower) bridge is, and how thick."""
    corners = opaque.vertices[opaque.triangles]
    a, b = corners, np.roll(corners, -1, 1)
    crosses = (a[..., 0] <= 0) != (b[..., 0] <= 0)
    # Two edges of each of these triangles meet the plane in the middle.
    cut = crosses.any(1)
    a, b = (edge[cut][crosses[cut]].reshape(-1, 2, 3) for edge in (a, b))
    share = a[..., :1] / (a[..., :1] - b[..., :1])
    points = a + share * (b - a)
    lowest: list[Array] = []
    top = np.inf
    # From below upwards, until there is a gap: a brow bar may follow.
    for pair in points[np.argsort(-points[..., 1].max(1))]:
        if lowest and pair[:, 1].max() < top - 0.5:
            break
        lowest.append(pair)
        top = min(top, float(pair[:, 1].min()))
    if not lowest:
        return height * 0.2, 3.0
    bar = np.concatenate(lowest)
    rise = -float(bar[:, 1].min() + bar[:, 1].max()) / 2
    return float(np.clip(rise, -30, 40)), float(np.clip(np.ptp(bar[:, 2]) / 0.9, 1, 8))


def _drop(extras: dict[str, Any], height: float) -> float:
    drop = extras.get("drop_mm")
    if isinstance(drop, int | float) and -15 <= drop <= 20:
        return float(drop)
    return usual_drop(height)


# Temples -------------------------------------------------------------------------------------


def _with_temples(frame: Frame, opaque: Solid, lenses: Solid | None, notes: list[str]) -> Frame:
    """The frame with its triangles; its own temples if it has any."""
    half = frame.width / 2
    edge = float(front_depth(frame, np.array([half]), np.array([-frame.hinge_rise]))[0])
    bends_from = edge + BENDS_FROM
    x, z = opaque.vertices[:, 0], opaque.vertices[:, 2]
    behind = (z > bends_from) & (np.abs(x) > 0.5 * half)
    if np.ptp(z) < TEMPLES_FROM * frame.width or not all(
        (behind & (x * side > 0)).sum() > 8 for side in (-1, 1)
    ):
        notes.append("The model has no temples: plain ones were added.")
        end = np.abs(x) > np.abs(x).max() - 4
        tall = float(np.clip(np.ptp(opaque.vertices[end, 1]), 2.5, 12))
        finish = Finish("acetate", format_color(opaque.color[end].mean(0)))
        return replace(
            frame,
            hinge_rise=-float(opaque.vertices[end, 1].mean()),
            temples=finish,
            temple_height=tall,
            solids=Solids(opaque, lenses, None, bends_from),
            notes=tuple(notes),
        )
    opaque = replace(opaque, part=opaque.part.copy(), along=opaque.along.copy())
    opaque.part[behind] = Part.TEMPLE
    rests, lengths, heights = [], [], []
    for side in (-1, 1):
        temple = behind & (x * side > 0)
        path = _centre_line(opaque.vertices[temple], bends_from)
        rest = _rest(path)
        rests.append(rest)
        lengths.append(float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum()))
        heights.append(-path[0, 1])
        way = (z[temple] - bends_from) / (rest[2] - bends_from)
        after = (z[temple] - rest[2]) / max(float(z[temple].max()) - rest[2], 1.0)
        opaque.along[temple] = np.where(
            way < 1, EAR_ALONG * way, EAR_ALONG + (1 - EAR_ALONG) * after
        )
    ears: Ears = (rests[0], rests[1])
    return replace(
        frame,
        hinge_rise=float(np.mean(heights)),
        temple=float(np.mean(lengths)) + BENDS_FROM,
        solids=Solids(opaque, lenses, ears, bends_from),
        notes=tuple(notes),
    )


def _centre_line(points: Array, start: float) -> Array:
    """N×3: the middle of a temple at every 5 mm of depth, from the hinge on."""
    order = points[np.argsort(points[:, 2])]
    steps = np.floor((order[:, 2] - start) / 5)
    slices = np.split(order, np.flatnonzero(np.diff(steps)) + 1)
    return np.array([(piece.min(0) + piece.max(0)) / 2 for piece in slices])


def _rest(path: Array) -> tuple[float, float, float]:
    """Where a temple rests: before it bends down, or a usual way behind the hinge."""
    depth = path[:, 2] - path[0, 2]
    first = depth < STRAIGHT
    slope, height = np.polyfit(depth[first], path[first, 1], 1) if first.sum() > 2 else (0, 0)
    dips = path[:, 1] - (height + slope * depth) > DIPS
    bend = np.flatnonzero(dips & ~first)
    at = depth[bend[0]] - DIPS_AFTER if len(bend) else depth[-1] * REST
    x, y = (float(np.interp(at, depth, path[:, axis])) for axis in (0, 1))
    return x, y, float(path[0, 2] + at)
