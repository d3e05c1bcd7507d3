"""A frame as triangles, in millimetres.

Frame space: origin midway between the lenses at their middle height, x to the viewer's right,
y down, z away from the viewer (towards the wearer). Every surface is a sweep: a closed cross
section drawn along a path.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.frames import END_PIECE, Frame

OUTLINE_POINTS = 120
LENS_RINGS = 6
EAR = (74.0, -4.0, 98.0)
"""Where the left ear holds the temple of a frame that nobody wears, mm."""


class Part(IntEnum):
    """What a triangle belongs to."""

    RIM = 1
    TEMPLE = 2
    PAD = 3
    LENS = 4


@dataclass(frozen=True, eq=False)
class Solid:
    """Triangles with a unit normal and two surface coordinates at each vertex."""

    vertices: Array
    """V×3, mm."""
    normals: Array
    """V×3, unit length, pointing outwards."""
    triangles: Triangles
    """T×3 indices into `vertices`."""
    part: NDArray[np.uint8]
    """V, the `Part` of each vertex."""
    along: Array
    """V, 0..1: on a lens the height from its top; on a temple the way from hinge to tip."""
    hidden: Array | None = None
    """V, 0..1: how much something else than the head lies over it; None: nothing does."""


def build(
    frame: Frame, ears: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
) -> tuple[Solid, Solid]:
    """The opaque parts and the lenses of a frame.

    Args:
        frame: the pair of glasses.
        ears: where the temples rest, viewer's left and right, in frame space (mm). Real temples
            bend outwards to fit a head, and so do these. None: an average head.
    """
    x, y, z = EAR
    left_ear, right_ear = ears or ((-x, y, z), (x, y, z))
    outline = lens_outline(frame)
    half = [_rim(frame, outline), *_pads(frame), _end_piece(frame)]
    mirrored_ear = (-left_ear[0], left_ear[1], left_ear[2])
    right = [*half, _temple(frame, right_ear)]
    left = _mirror(_join([*half, _temple(frame, mirrored_ear)]))
    opaque = _join([*right, left, *_bridges(frame, outline)])
    lens = _lens(frame, outline)
    return opaque, _join([lens, _mirror(lens)])


def lens_outline(frame: Frame) -> Array:
    """Edge of the lens on the viewer's right: 120×2 mm around the lens's own middle, clockwise
    as seen, boxed exactly into lens width × height."""
    points = _closed_curve(np.array(frame.outline, np.float32), OUTLINE_POINTS)
    low, high = points.min(0), points.max(0)
    unit = (points - low) / (high - low) * 2 - 1
    if _signed_area(unit) < 0:
        unit = unit[::-1]
    return np.asarray(unit * (frame.lens / 2, frame.height / 2), np.float32)


def front_depth(frame: Frame, x: Array, y: Array) -> Array:
    """Depth z of the front at frame-space x, y (mm): the lens's own sphere, turned by the face
    form angle about the lens's middle, and the pantoscopic tilt."""
    beside = np.abs(x) - (frame.lens + frame.bridge) / 2
    bulge = (beside**2 + y**2) * frame.base_curve / (2 * 530)
    wrapped = beside * np.tan(np.radians(frame.wrap))
    return np.asarray(bulge + wrapped + y * np.tan(np.radians(frame.tilt)), np.float32)


def _lens(frame: Frame, outline: Array) -> Solid:
    centre = (frame.lens + frame.bridge) / 2
    radii = np.linspace(0, 1, LENS_RINGS + 1)[1:]
    flat = np.concatenate([[[0, 0]], *(outline * radius for radius in radii)]).astype(np.float32)
    x, y = flat[:, 0] + centre, flat[:, 1]
    vertices = np.stack([x, y, front_depth(frame, x, y)], 1)
    step = 0.05
    slope_x = (front_depth(frame, x + step, y) - vertices[:, 2]) / step
    slope_y = (front_depth(frame, x, y + step) - vertices[:, 2]) / step
    normals = _unit(np.stack([slope_x, slope_y, -np.ones_like(x)], 1))
    n = len(outline)
    here = np.arange(n)
    after = (here + 1) % n
    triangles = [np.stack([np.zeros(n, int), 1 + here, 1 + after], 1)]
    for ring in range(LENS_RINGS - 1):
        inner, outer = 1 + ring * n, 1 + (ring + 1) * n
        triangles.append(np.stack([inner + here, outer + here, outer + after], 1))
        triangles.append(np.stack([inner + here, outer + after, inner + after], 1))
    along = (y + frame.height / 2) / frame.height
    return _solid(vertices, normals, np.concatenate(triangles), Part.LENS, along)


def _rim(frame: Frame, outline: Array) -> Solid:
    centre = (frame.lens + frame.bridge) / 2
    tangent = _unit(np.roll(outline, -1, 0) - np.roll(outline, 1, 0))
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    width = _rim_width(frame, outward)
    # The lens sits half a millimetre deep in the groove of the rim.
    middle = outline + outward * (width[:, None] / 2 - 0.5)
    x, y = middle[:, 0] + centre, middle[:, 1]
    path = np.stack([x, y, front_depth(frame, x, y)], 1)
    section = _section(frame)
    across = np.concatenate([outward, np.zeros((len(outward), 1))], 1)
    return _sweep(path, across, section, width, np.full_like(width, frame.depth), Part.RIM, True)


def _rim_width(frame: Frame, outward: Array) -> Array:
    top, side, bottom = frame.rim
    up = np.clip(-outward[:, 1], 0, 1)
    down = np.clip(outward[:, 1], 0, 1)
    return (side + (top - side) * up + (bottom - side) * down).astype(np.float32)


def _bridges(frame: Frame, outline: Array) -> list[Solid]:
    bars = [_bridge(frame, outline, frame.bridge_rise, arch=1.5)]
    if frame.brow_bar:
        bars.append(_bridge(frame, outline, frame.height / 2 - 3.0, arch=0.5))
    return bars


def _bridge(frame: Frame, outline: Array, rise: float, arch: float) -> Solid:
    """A bar from rim to rim, `rise` mm above the middle, arched up and forward."""
    centre = (frame.lens + frame.bridge) / 2
    nose_side = outline[outline[:, 0] < 0]
    edge = nose_side[np.argmin(np.abs(nose_side[:, 1] + rise))]
    # The ends lie inside the rims, and a little thinner than they are.
    reach = max(edge[0] + centre - frame.rim[1] * 0.5, 1.0)
    t = np.linspace(-1, 1, 25, dtype=np.float32)
    x = t * reach
    y = edge[1] - arch * (1 - t**2)
    ends = front_depth(frame, np.array([reach]), np.array([edge[1]]))[0]
    z = ends - 1.2 * (1 - t**2)
    path = np.stack([x, y, z], 1)
    height = (6.0 if frame.material == "acetate" else 1.4) * (1 + 0.25 * t**2)
    across = np.tile(np.array([0, -1, 0], np.float32), (len(t), 1))
    depth = np.full_like(t, frame.depth * 0.9)
    return _sweep(path, across, _section(frame), height, depth, Part.RIM, False)


def _end_piece(frame: Frame) -> Solid:
    """The short piece that carries the hinge, from the rim's outer edge back to the temple."""
    hinge = hinge_point(frame)
    inner = hinge[0] - END_PIECE - frame.rim[1] * 0.6
    front = front_depth(frame, np.array([inner]), np.array([hinge[1]]))[0]
    t = np.linspace(0, 1, 12, dtype=np.float32)
    corner = np.sin(t * np.pi / 2)
    path = np.stack(
        [
            inner + (hinge[0] - inner) * corner,
            np.full_like(t, hinge[1]),
            front + (hinge[2] - front) * (1 - np.cos(t * np.pi / 2)),
        ],
        1,
    )
    height = _temple_height(frame) * np.linspace(1.1, 1.0, len(t), dtype=np.float32)
    across = np.tile(np.array([0, -1, 0], np.float32), (len(t), 1))
    depth = np.full_like(t, _end_piece_depth(frame))
    return _sweep(path, across, _section(frame), height, depth, Part.RIM, False)


def _end_piece_depth(frame: Frame) -> float:
    return min(frame.depth, 3.2)


def hinge_point(frame: Frame) -> Array:
    """Where the temple on the viewer's right begins, mm in frame space."""
    # The width is measured over the outer faces of the end pieces.
    x = frame.width / 2 - _end_piece_depth(frame) / 2
    y = -frame.hinge_rise
    z = front_depth(frame, np.array([x - END_PIECE]), np.array([y]))[0] + frame.depth / 2 + 2.5
    return np.array([x, y, z], np.float32)


def _temple(frame: Frame, ear: tuple[float, float, float]) -> Solid:
    """From the hinge straight to the top of the ear, then bent down behind it."""
    hinge = hinge_point(frame)
    top = np.array(ear, np.float32)
    straight = float(np.linalg.norm(top - hinge))
    bent = max(frame.temple - straight, 20.0)
    forward = (top - hinge) / straight
    t = np.linspace(0, 1, 26, dtype=np.float32)[:, None]
    bow = np.sin(np.pi * t) * np.array([1.5, 0, 0], np.float32)
    shaft = hinge + (top - hinge) * t + bow
    angle = np.radians(np.linspace(0, 48, 14, dtype=np.float32)[1:])[:, None]
    down = np.array([-0.12, 1.0, 0.0], np.float32)
    steps = (forward * np.cos(angle) + down * np.sin(angle)) * bent / len(angle)
    path = np.concatenate([shaft, top + np.cumsum(steps, 0)])
    along = np.linspace(0, 1, len(path), dtype=np.float32)
    height = _temple_height(frame) * (1 - 0.35 * along)
    thick = np.full_like(along, 3.4 if frame.material == "acetate" else 1.4)
    direction = _unit(np.gradient(path, axis=0).astype(np.float32))
    side = np.array([1, 0, 0], np.float32)
    across = _unit(np.cross(direction, side))
    solid = _sweep(path, across, _section(frame), height, thick, Part.TEMPLE, False)
    per_ring = len(solid.vertices) // len(path)
    return replace(solid, along=np.repeat(along, per_ring))


def _temple_height(frame: Frame) -> float:
    return 7.0 if frame.material == "acetate" else 1.8


def _pads(frame: Frame) -> list[Solid]:
    """Nose pads on thin arms; an acetate frame rests on its own bridge."""
    if frame.material == "acetate":
        return []
    x, y = frame.bridge / 2 + 0.5, frame.height * 0.08
    base = front_depth(frame, np.array([x]), np.array([y]))[0]
    pad = np.array([x - 1.5, y + 3.0, base + 6.0], np.float32)
    u, v = np.meshgrid(np.linspace(0, np.pi, 9), np.linspace(0, 2 * np.pi, 17), indexing="ij")
    ball = np.stack([np.sin(u) * np.cos(v), np.cos(u), np.sin(u) * np.sin(v)], -1).reshape(-1, 3)
    normals = _unit((ball / (1.4, 5.0, 3.0)).astype(np.float32))
    vertices = pad + ball * (1.4, 5.0, 3.0)
    row, col = np.meshgrid(np.arange(8), np.arange(16), indexing="ij")
    corner = (row * 17 + col).reshape(-1)
    triangles = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + 17], 1),
            np.stack([corner + 1, corner + 18, corner + 17], 1),
        ]
    )
    solid = _solid(vertices, normals, triangles, Part.PAD, np.zeros(len(vertices)))
    t = np.linspace(0, 1, 10, dtype=np.float32)[:, None]
    start = np.array([x + 0.5, y - 4.0, base + 0.5], np.float32)
    path = start + (pad - start) * t + np.sin(np.pi * t) * np.array([-1.0, -2.0, 1.0])
    across = np.tile(np.array([1, 0, 0], np.float32), (len(path), 1))
    wire = np.full(len(path), 0.9, np.float32)
    arm = _sweep(path.astype(np.float32), across, _section(frame), wire, wire, Part.RIM, False)
    return [solid, arm]


@dataclass(frozen=True, eq=False)
class _Section:
    """A rectangle with rounded corners: four points a corner, flats between them."""

    corner: Array
    """K×2, which corner a point belongs to: signs of width and depth."""
    normal: Array
    """K×2, unit normals, which also lead from a corner's middle to its points."""
    radius: float
    """Of the corners, mm; where half the width or depth is less, that."""


def _section(frame: Frame) -> _Section:
    """Cross section of the frame's material: round wire, or a block with bevelled edges."""
    angles = np.radians(np.array([0, 30, 60, 90]))
    quarter = np.stack([np.cos(angles), np.sin(angles)], 1)
    corners, normals = [], []
    for turn in range(4):
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn]
        rotation = np.array([[cos, sin], [-sin, cos]])
        corners.append(np.tile(np.array([1, 1]) @ rotation, (4, 1)))
        normals.append(quarter @ rotation)
    radius = 1.1 if frame.material == "acetate" else 10.0
    return _Section(
        np.concatenate(corners).astype(np.float32),
        np.concatenate(normals).astype(np.float32),
        radius,
    )


def _sweep(
    path: Array,
    across: Array,
    section: _Section,
    width: Array,
    depth: Array,
    part: Part,
    closed: bool,
) -> Solid:
    """Draw a cross section along a path.

    Args:
        path: N×3, mm.
        across: N×3 unit vectors: where the section's width points; depth is at right angles to
            it and to the path.
        section: the cross section.
        width, depth: N, full size of the section along the path, mm.
        part: what the triangles belong to.
        closed: whether the path's end meets its start; an open one gets caps.
    """
    if closed:
        direction = _unit(np.roll(path, -1, 0) - np.roll(path, 1, 0))
    else:
        direction = _unit(np.gradient(path, axis=0).astype(np.float32))
    across = _unit(across - direction * (across * direction).sum(1, keepdims=True))
    inward = np.cross(direction, across)
    half = np.stack([width, depth], 1)[:, None] / 2
    radius = np.minimum(half, section.radius)
    offset = section.corner * (half - radius) + section.normal * radius
    vertices = path[:, None] + offset[..., :1] * across[:, None] + offset[..., 1:] * inward[:, None]
    slope = section.normal / radius
    normals = _unit(slope[..., :1] * across[:, None] + slope[..., 1:] * inward[:, None])
    n, k = len(path), len(section.normal)
    last = n if closed else n - 1
    row, col = np.meshgrid(np.arange(last), np.arange(k), indexing="ij")
    a = (row * k + col).reshape(-1)
    b = (row * k + (col + 1) % k).reshape(-1)
    c = ((row + 1) % n * k + col).reshape(-1)
    d = ((row + 1) % n * k + (col + 1) % k).reshape(-1)
    triangles = [np.stack([a, b, c], 1), np.stack([b, d, c], 1)]
    if not closed:
        fan = np.arange(1, k - 1)
        for base in (0, (n - 1) * k):
            triangles.append(np.stack([np.full(k - 2, base), base + fan, base + fan + 1], 1))
    return _solid(
        vertices.reshape(-1, 3),
        normals.reshape(-1, 3),
        np.concatenate(triangles),
        part,
        np.zeros(n * k),
    )


def _closed_curve(points: Array, count: int) -> Array:
    """`count` points spread evenly along the closed Catmull-Rom spline through `points`."""
    p0, p1, p2, p3 = (np.roll(points, shift, 0)[:, None] for shift in (1, 0, -1, -2))
    t = np.linspace(0, 1, 40, endpoint=False, dtype=np.float32)[None, :, None]
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    dense = curve.reshape(-1, 2)
    closed = np.concatenate([dense, dense[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count, endpoint=False)
    return np.stack([np.interp(at, length, closed[:, i]) for i in (0, 1)], 1).astype(np.float32)


def _signed_area(points: Array) -> float:
    x, y = points.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def _mirror(solid: Solid) -> Solid:
    flip = np.array([-1, 1, 1], np.float32)
    return Solid(
        solid.vertices * flip,
        solid.normals * flip,
        solid.triangles[:, ::-1],
        solid.part,
        solid.along,
    )


def _join(solids: list[Solid]) -> Solid:
    starts = np.cumsum([0, *(len(solid.vertices) for solid in solids)])
    return Solid(
        np.concatenate([solid.vertices for solid in solids]),
        np.concatenate([solid.normals for solid in solids]),
        np.concatenate(
            [solid.triangles + start for solid, start in zip(solids, starts, strict=False)]
        ).astype(np.int32),
        np.concatenate([solid.part for solid in solids]),
        np.concatenate([solid.along for solid in solids]),
    )


def _solid(vertices: Array, normals: Array, triangles: Array, part: Part, along: Array) -> Solid:
    return Solid(
        vertices.astype(np.float32),
        normals.astype(np.float32),
        triangles.astype(np.int32),
        np.full(len(vertices), part, np.uint8),
        np.asarray(along, np.float32),
    )


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)
