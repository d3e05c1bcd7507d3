"""A frame as triangles, in millimetres.

Frame space: origin midway between the lenses at their middle height, x to the viewer's right,
y down, z away from the viewer (towards the wearer). Most surfaces are sweeps: a closed cross
section drawn along a path.
"""

from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.color import parse_color
from genapp.tryon.frames import BEVEL, END_PIECE, Finish, Frame
from genapp.tryon.light import smooth_step
from genapp.tryon.solid import Ears, Part, Solid, Solids, bend_temples, join

OUTLINE_POINTS = 120
AVERAGE_EARS: Ears = ((-74.0, -4.0, 98.0), (74.0, -4.0, 98.0))
"""Where ears hold the temples of a frame that nobody wears, mm."""
LENS_RINGS = ((0.15, 15), (0.3, 30), (0.45, 30), (0.6, 60), (0.75, 60), (0.9, 60), (1.0, 120))
"""Radius and points of the rings of a lens, inside out: triangles that are about as long as wide
are filled fastest."""
CLEAR = 0.975
"""How much of the light a transparent material lets through, but for its colour."""
FLECK_WAVES = 10
FLECK_WAVE = 0.33
"""How many waves make flecks, and the standard deviation of their wave numbers, 1/mm."""
LENS_THICK = 2.0
"""Of a lens whose edge is seen, mm."""
ARCH = 1.5
"""How much higher the middle of the bridge is than its ends, mm."""
MOUNT = 3.5
"""How far from the edge of a lens without a rim its screws sit, mm."""
SCREW = 1.0
"""Radius of those, mm."""
PAD = Finish("transparent", "#cfcbc6")
"""Silicone."""
BEVELLED = Finish("transparent", "#bcc8c5")
"""The edge of a lens without a rim: light is caught in it."""
STEEL = Finish("metal", "#b4b5b8")


@dataclass(frozen=True, eq=False)
class _Piece:
    """Some triangles of one part and one finish, see `Solid`."""

    vertices: Array
    normals: Array
    triangles: Triangles
    part: Part
    along: Array
    finish: Finish


def build(frame: Frame, ears: Ears | None = None) -> tuple[Solid, Solid]:
    """The opaque parts and the lenses of a frame.

    Args:
        frame: the pair of glasses.
        ears: where the temples rest, viewer's left and right, in frame space (mm). Real temples
            bend outwards to fit a head, and so do these. None: an average head.
    """
    if frame.solids is not None:
        lenses = frame.solids.lenses or _lenses(frame, lens_outline(frame))
        return _from_file(frame, frame.solids, ears), lenses
    left_ear, right_ear = ears or AVERAGE_EARS
    front, lenses = _front(frame)
    mirrored_ear = (-left_ear[0], left_ear[1], left_ear[2])
    temples = _solid([_temple(frame, right_ear), _mirror(_temple(frame, mirrored_ear))])
    return join([front, temples]), lenses


@lru_cache(64)
def _front(frame: Frame) -> tuple[Solid, Solid]:
    """All but the temples, which is the same on every head, and the lenses."""
    outline = lens_outline(frame)
    half = [
        *_rims(frame, outline),
        *_pads(frame, outline),
        _end_piece(frame, outline),
        *_mounts(frame, outline),
    ]
    front = _solid([*half, *(_mirror(piece) for piece in half), *_bridges(frame, outline)])
    return front, _lenses(frame, outline)


def _lenses(frame: Frame, outline: Array) -> Solid:
    lens = _lens(frame, outline)
    lenses = _solid([lens, _mirror(lens)])
    mirror = np.full_like(lenses.metal, frame.mirror)
    return replace(lenses, metal=mirror, clear=np.ones_like(mirror))


def _from_file(frame: Frame, solids: Solids, ears: Ears | None) -> Solid:
    """The opaque parts of a frame that was read from a file, with temples."""
    if solids.rests is not None:
        return bend_temples(solids, ears) if ears else solids.opaque
    (x, y, z), right_ear = ears or AVERAGE_EARS
    right, left = _temple(frame, right_ear), _temple(frame, (-x, y, z))
    joint = _joint(frame)
    return join([solids.opaque, _solid([right, joint, _mirror(left), _mirror(joint)])])


@lru_cache(64)
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


def _lens(frame: Frame, outline: Array) -> _Piece:
    centre = (frame.lens + frame.bridge) / 2
    rings = [outline[:: len(outline) // points] * radius for radius, points in LENS_RINGS]
    flat = np.concatenate([[[0, 0]], *rings]).astype(np.float32)
    x, y = flat[:, 0] + centre, flat[:, 1]
    vertices = np.stack([x, y, front_depth(frame, x, y)], 1)
    step = 0.05
    slope_x = (front_depth(frame, x + step, y) - vertices[:, 2]) / step
    slope_y = (front_depth(frame, x, y + step) - vertices[:, 2]) / step
    normals = _unit(np.stack([slope_x, slope_y, -np.ones_like(x)], 1))
    along = (y + frame.height / 2) / frame.height
    coating = Finish("transparent", frame.mirror_color)
    return _Piece(vertices, normals, _lens_triangles(), Part.LENS, along, coating)


@cache
def _lens_triangles() -> Triangles:
    """A fan in the middle and bands between the rings, whose outer one has as many points as the
    inner one or twice as many."""
    start, n = 1, LENS_RINGS[0][1]
    here = np.arange(n)
    triangles = [np.stack([np.zeros(n, int), start + here, start + (here + 1) % n], 1)]
    for _, outer_n in LENS_RINGS[1:]:
        outer, each = start + n, outer_n // n
        here, after = np.arange(n), (np.arange(n) + 1) % n
        first, last = outer + here * each, outer + (here + 1) * each % outer_n
        middle = outer + here * each + each - 1
        triangles.append(np.stack([start + here, middle, last], 1))
        triangles.append(np.stack([start + here, last, start + after], 1))
        if each == 2:
            triangles.append(np.stack([start + here, first, middle], 1))
        start, n = outer, outer_n
    return np.concatenate(triangles).astype(np.int32)


def _rims(frame: Frame, outline: Array) -> list[_Piece]:
    """What goes around the lens on the viewer's right."""
    upper, lower = _halves(outline)
    if frame.rims == "none":
        return [_bevel(frame, outline, None)]
    if frame.rims == "half":
        return [_brow(frame, outline, upper), _bevel(frame, outline, lower)]
    if frame.lower is None:
        return [_rim(frame, outline, None, _rim_width(frame, outline), frame.depth, frame.finish)]
    thin = np.full(len(outline), frame.rim[2], np.float32)
    rim = _rim(frame, outline, None, thin, max(frame.rim[2], 1.2), frame.lower)
    return [rim, _brow(frame, outline, upper)]


def _halves(outline: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Points of the outline from side to side over the top, and the others (with one point more at
    each end), both clockwise."""
    n = len(outline)
    order = (np.arange(n) + int(outline[:, 1].argmax())) % n
    up = np.flatnonzero(outline[order, 1] < 0)
    first, last = int(up[0]), int(up[-1])
    return order[first : last + 1], np.roll(order, -last)[: n - (last - first) + 1]


def _brow(frame: Frame, outline: Array, where: NDArray[np.intp]) -> _Piece:
    width = _rim_width(frame, outline)
    end = np.linspace(-1, 1, len(where), dtype=np.float32) ** 8
    width[where] *= 1 - 0.5 * end
    return _rim(frame, outline, where, width, frame.depth, frame.finish)


def _bevel(frame: Frame, outline: Array, where: NDArray[np.intp] | None) -> _Piece:
    """The edge of a lens without a rim."""
    width = np.full(len(outline), BEVEL[0], np.float32)
    return _rim(frame, outline, where, width, LENS_THICK, BEVELLED)


def _rim(
    frame: Frame,
    outline: Array,
    where: NDArray[np.intp] | None,
    width: Array,
    depth: float,
    finish: Finish,
) -> _Piece:
    """A sweep along the points `where` of the outline; None: all around."""
    outward = _outward(outline)
    # The lens sits half a millimetre deep in the groove of the rim.
    middle = outline + outward * (width[:, None] / 2 - 0.5)
    x, y = middle[:, 0] + (frame.lens + frame.bridge) / 2, middle[:, 1]
    path = np.stack([x, y, front_depth(frame, x, y)], 1)
    across = np.concatenate([outward, np.zeros((len(outward), 1), np.float32)], 1)
    closed = where is None
    if where is not None:
        path, across, width = path[where], across[where], width[where]
    return _sweep(path, across, width, np.full_like(width, depth), Part.RIM, finish, closed)


def _outward(outline: Array) -> Array:
    tangent = _unit(np.roll(outline, -1, 0) - np.roll(outline, 1, 0))
    return np.stack([tangent[:, 1], -tangent[:, 0]], 1)


def _rim_width(frame: Frame, outline: Array) -> Array:
    top, side, bottom = frame.rim
    outward = _outward(outline)
    up = np.clip(-outward[:, 1], 0, 1)
    down = np.clip(outward[:, 1], 0, 1)
    return (side + (top - side) * up + (bottom - side) * down).astype(np.float32)


def _edge(frame: Frame, outline: Array, rise: float, side: int) -> Array:
    """x, y of the lens's edge on the viewer's right, `rise` mm above its middle (or where it comes
    nearest to that), on the nose's side (-1) or the temple's (1)."""
    half = outline[outline[:, 0] * side > 0]
    x, y = half[np.argmin(np.abs(half[:, 1] + rise))]
    return np.array([x + (frame.lens + frame.bridge) / 2, y], np.float32)


def _bridges(frame: Frame, outline: Array) -> list[_Piece]:
    bars = [_bridge(frame, outline, frame.bridge_rise, ARCH)]
    if frame.brow_bar:
        bars.append(_bridge(frame, outline, frame.height / 2 - 3.0, 0.5))
    return bars


def _bridge(frame: Frame, outline: Array, rise: float, arch: float) -> _Piece:
    """A bar from rim to rim, arched up to `rise` mm above the middle, and forward."""
    finish = frame.lower_finish
    t = np.linspace(-1, 1, 25, dtype=np.float32)
    if finish.material == "metal":
        height, depth = 1.5 * (1 + 0.2 * t**2), min(frame.depth, 1.8) * 0.9
    else:
        height, depth = max(6.0, 1.3 * frame.rim[0]) * (1 + 0.9 * t**4), frame.depth * 0.9
    y = -rise + arch * t**2
    ends = _bridge_reach(frame, outline, y[:1])
    z = front_depth(frame, ends, y[:1]) - _before_lens(frame) - 1.2 * (1 - t**2)
    across = np.tile(np.array([0, -1, 0], np.float32), (len(t), 1))
    path = np.stack([t * ends, y, z], 1)
    bar = _sweep(path, across, height, np.full_like(t, depth), Part.RIM, finish, False)
    # At every height it ends inside the rims, however they lean.
    vertices = bar.vertices.copy()
    reach = _bridge_reach(frame, outline, vertices[:, 1])
    vertices[:, 0] = np.repeat(t, len(vertices) // len(t)) * reach
    vertices[:, 2] += front_depth(frame, reach, vertices[:, 1]) - front_depth(frame, ends, y[:1])
    return replace(bar, vertices=vertices)


def _bridge_reach(frame: Frame, outline: Array, y: Array) -> Array:
    """How far from the middle a bridge ends at N heights y: in the middle of the rims, or on the
    lenses. N, mm."""
    # The lens's edge on the nose's side, between its highest and its lowest point.
    order = (np.arange(len(outline)) + int(outline[:, 1].argmax())) % len(outline)
    nose = outline[order][: int(outline[order, 1].argmin()) + 1][::-1]
    edge = np.interp(y, np.maximum.accumulate(nose[:, 1]), nose[:, 0])
    inside = -MOUNT if frame.rims == "none" else frame.rim[1] * 0.5
    reach = edge + (frame.lens + frame.bridge) / 2 - inside
    return np.asarray(np.maximum(reach, 1.0), np.float32)


def _before_lens(frame: Frame) -> float:
    """How far before the middle of the lens's edge bridge and end pieces are mounted, mm."""
    return LENS_THICK / 2 + 0.3 if frame.rims == "none" else 0.0


def _end_piece(frame: Frame, outline: Array) -> _Piece:
    """The short piece that carries the hinge, from the rim's outer edge back to the temple."""
    hinge = hinge_point(frame)
    edge = _edge(frame, outline, frame.hinge_rise, 1)
    inside = -MOUNT if frame.rims == "none" else frame.rim[1] * 0.4 - 0.5
    inner = min(edge[0] + inside, hinge[0] - 1.0)
    front = front_depth(frame, np.array([inner]), hinge[1:2])[0] - _before_lens(frame)
    t = np.linspace(0, 1, 14, dtype=np.float32)
    # The corner of an ellipse with flat sides.
    out, back = (1 - (1 - t) ** 2) ** 0.7, 1 - (1 - t**2) ** 0.7
    path = np.stack(
        [
            inner + (hinge[0] - inner) * out,
            np.full_like(t, hinge[1]),
            front + (hinge[2] - front) * back,
        ],
        1,
    )
    finish = frame.finish if frame.rims != "none" else frame.lower_finish
    height = _temple_height(frame) * np.linspace(0.85, 1.0, len(t), dtype=np.float32)
    across = np.tile(np.array([0, -1, 0], np.float32), (len(t), 1))
    depth = np.full_like(t, _end_piece_depth(frame))
    return _sweep(path, across, height, depth, Part.RIM, finish, False)


def _joint(frame: Frame) -> _Piece:
    """From the back of a front that was read from a file straight to the temple."""
    hinge = hinge_point(frame)
    start = hinge - np.array([0, 0, frame.depth / 2 + 2.5], np.float32)
    path = np.stack([start, hinge])
    across = np.tile(np.array([0, -1, 0], np.float32), (2, 1))
    height = np.full(2, _temple_height(frame), np.float32)
    depth = np.full(2, _end_piece_depth(frame), np.float32)
    return _sweep(path, across, height, depth, Part.RIM, frame.temple_finish, False)


def _end_piece_depth(frame: Frame) -> float:
    return min(frame.depth, 3.2)


def _mounts(frame: Frame, outline: Array) -> list[_Piece]:
    """Screws through lenses without rims, or pins on the front of the end pieces."""
    spots: list[tuple[float, float, float]] = []
    if frame.rims == "none":
        x, y = _edge(frame, outline, frame.hinge_rise, 1)
        end = np.array([ARCH - frame.bridge_rise], np.float32)
        spots = [
            (x - MOUNT, y, SCREW),
            (float(_bridge_reach(frame, outline, end)[0]), float(end[0]), SCREW),
        ]
        ahead = _before_lens(frame) + 0.6
    elif frame.pins:
        x, y = _edge(frame, outline, frame.hinge_rise, 1)
        spots = [(x + frame.rim[1] * 0.5, y + shift, 0.7) for shift in (-1.3, 1.3)]
        ahead = frame.depth / 2
    pieces = []
    for x, y, radius in spots:
        z = front_depth(frame, np.array([x]), np.array([y]))[0] - ahead
        pieces.append(_ball((x, y, z), (radius, radius, 0.45), np.eye(3), Part.RIM, _metal(frame)))
    return pieces


def _metal(frame: Frame) -> Finish:
    """What screws, pins and the arms of nose pads are made of."""
    for finish in (frame.lower_finish, frame.temple_finish):
        if finish.material == "metal":
            return finish
    return STEEL


def hinge_point(frame: Frame) -> Array:
    """Where the temple on the viewer's right begins, mm in frame space."""
    # The width is measured over the outer faces of the end pieces.
    x = frame.width / 2 - _end_piece_depth(frame) / 2
    y = -frame.hinge_rise
    z = front_depth(frame, np.array([x - END_PIECE]), np.array([y]))[0] + frame.depth / 2 + 2.5
    return np.array([x, y, z], np.float32)


def _temple(frame: Frame, ear: tuple[float, float, float]) -> _Piece:
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
    finish = frame.temple_finish
    # Wide at the hinge, narrow from the middle on.
    height = _temple_height(frame) * (1 - 0.45 * smooth_step(along / 0.6))
    thick = np.full_like(along, 1.4 if finish.material == "metal" else 3.4)
    direction = _unit(np.gradient(path, axis=0).astype(np.float32))
    across = _unit(_cross(direction, np.array([[1, 0, 0]], np.float32)))
    piece = _sweep(path, across, height, thick, Part.TEMPLE, finish, False)
    per_ring = len(piece.vertices) // len(path)
    return replace(piece, along=np.repeat(along, per_ring))


def _temple_height(frame: Frame) -> float:
    usual = 2.6 if frame.temple_finish.material == "metal" else 7.0
    return frame.temple_height or usual


def _pads(frame: Frame, outline: Array) -> list[_Piece]:
    """Nose pads on thin arms; thick acetate rests on its own bridge."""
    if frame.rims == "full" and frame.lower_finish.material != "metal":
        return []
    y = frame.height * 0.08
    x = frame.bridge / 2 + 0.5
    base = front_depth(frame, np.array([x]), np.array([y]))[0]
    pad = np.array([x - 1.5, y + 3.0, base + 6.0], np.float32)
    edge = _edge(frame, outline, frame.bridge_rise if frame.rims == "none" else 4.0 - y, -1)
    start = np.array([edge[0], edge[1], base + 0.5], np.float32)
    t = np.linspace(0, 1, 10, dtype=np.float32)[:, None]
    path = start + (pad - start) * t + np.sin(np.pi * t) * np.array([-1.0, -2.0, 1.0])
    across = np.tile(np.array([1, 0, 0], np.float32), (len(path), 1))
    wire = np.full(len(path), 0.9, np.float32)
    arm = _sweep(path.astype(np.float32), across, wire, wire, Part.RIM, _metal(frame), False)
    return [_ball((pad[0], pad[1], pad[2]), (1.4, 5.0, 3.0), _pad_turn(), Part.PAD, PAD), arm]


def _pad_turn() -> Array:
    """A nose is wider below and behind, and pads lie flat on its sides."""
    (cb, cs), (sb, ss) = (f(np.radians([14, 28])) for f in (np.cos, np.sin))
    below = np.array([[cb, sb, 0], [-sb, cb, 0], [0, 0, 1]])
    behind = np.array([[cs, 0, ss], [0, 1, 0], [-ss, 0, cs]])
    return np.asarray(below @ behind, np.float32)


def _ball(
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    turn: Array,
    part: Part,
    finish: Finish,
) -> _Piece:
    """An ellipsoid, turned by a 3×3 rotation."""
    ball, triangles = _unit_ball()
    vertices = (ball * np.array(radii, np.float32)) @ turn.T + np.array(centre, np.float32)
    normals = _unit(np.asarray((ball / np.array(radii, np.float32)) @ turn.T, np.float32))
    return _Piece(vertices, normals, triangles, part, np.zeros(len(ball), np.float32), finish)


@cache
def _unit_ball() -> tuple[Array, Triangles]:
    u, v = np.meshgrid(np.linspace(0, np.pi, 9), np.linspace(0, 2 * np.pi, 17), indexing="ij")
    ball = np.stack([np.sin(u) * np.cos(v), np.cos(u), np.sin(u) * np.sin(v)], -1).reshape(-1, 3)
    row, col = np.meshgrid(np.arange(8), np.arange(16), indexing="ij")
    corner = (row * 17 + col).reshape(-1)
    triangles = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + 17], 1),
            np.stack([corner + 1, corner + 18, corner + 17], 1),
        ]
    )
    return ball.astype(np.float32), triangles.astype(np.int32)


@dataclass(frozen=True, eq=False)
class _Section:
    """A rectangle with rounded corners: four points a corner, flats between them."""

    corner: Array
    """K×2, which corner a point belongs to: signs of width and depth."""
    normal: Array
    """K×2, unit normals, which also lead from a corner's middle to its points."""
    radius: float
    """Of the corners, mm; where half the width or depth is less, that."""


@cache
def _section(radius: float) -> _Section:
    """The cross section whose corners have that radius at most, mm."""
    angles = np.radians(np.array([0, 30, 60, 90]))
    quarter = np.stack([np.cos(angles), np.sin(angles)], 1)
    corners, normals = [], []
    for turn in range(4):
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn]
        rotation = np.array([[cos, sin], [-sin, cos]])
        corners.append(np.tile(np.array([1, 1]) @ rotation, (4, 1)))
        normals.append(quarter @ rotation)
    return _Section(
        np.concatenate(corners).astype(np.float32),
        np.concatenate(normals).astype(np.float32),
        radius,
    )


def _sweep(
    path: Array,
    across: Array,
    width: Array,
    depth: Array,
    part: Part,
    finish: Finish,
    closed: bool,
) -> _Piece:
    """Draw the cross section of a material along a path.

    Args:
        path: N×3, mm.
        across: N×3 unit vectors: where the section's width points; depth is at right angles to
            it and to the path.
        width, depth: N, full size of the section along the path, mm.
        part, finish: what the triangles belong to, and what they are made of.
        closed: whether the path's end meets its start; an open one gets caps.
    """
    # Round wire, or a block with bevelled edges.
    section = _section(10.0 if finish.material == "metal" else 1.1)
    if closed:
        direction = _unit(np.roll(path, -1, 0) - np.roll(path, 1, 0))
    else:
        direction = _unit(np.gradient(path, axis=0).astype(np.float32))
    across = _unit(across - direction * (across * direction).sum(1, keepdims=True))
    inward = _cross(direction, across)
    half = np.stack([width, depth], 1)[:, None] / 2
    radius = np.minimum(half, section.radius)
    offset = section.corner * (half - radius) + section.normal * radius
    vertices = path[:, None] + offset[..., :1] * across[:, None] + offset[..., 1:] * inward[:, None]
    slope = section.normal / radius
    normals = _unit(slope[..., :1] * across[:, None] + slope[..., 1:] * inward[:, None])
    n, k = len(path), len(section.normal)
    return _Piece(
        vertices.reshape(-1, 3),
        normals.reshape(-1, 3),
        _sweep_triangles(n, k, closed),
        part,
        np.zeros(n * k, np.float32),
        finish,
    )


@cache
def _sweep_triangles(n: int, k: int, closed: bool) -> Triangles:
    """Triangles between n rings of k vertices, and over both ends of an open sweep."""
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
    return np.concatenate(triangles).astype(np.int32)


def _closed_curve(points: Array, count: int) -> Array:
    """`count` points spread evenly along the closed centripetal Catmull-Rom spline through
    `points`, which makes no loops where they lie close (Yuksel, Schaefer & Keyser 2011)."""
    p0, p1, p2, p3 = (np.roll(points, shift, 0)[:, None] for shift in (1, 0, -1, -2))
    d01, d12, d23 = (
        np.maximum(np.linalg.norm(b - a, axis=2, keepdims=True), 1e-6) ** 0.5
        for a, b in ((p0, p1), (p1, p2), (p2, p3))
    )
    # Slopes at p1 and p2 of a Hermite curve between them.
    m1 = d12 * ((p1 - p0) / d01 - (p2 - p0) / (d01 + d12)) + (p2 - p1)
    m2 = d12 * ((p3 - p2) / d23 - (p3 - p1) / (d12 + d23)) + (p2 - p1)
    t = np.linspace(0, 1, 40, endpoint=False, dtype=np.float32)[None, :, None]
    curve = p1 + m1 * t + (3 * (p2 - p1) - 2 * m1 - m2) * t**2 + (2 * (p1 - p2) + m1 + m2) * t**3
    dense = curve.reshape(-1, 2)
    closed = np.concatenate([dense, dense[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count, endpoint=False)
    return np.stack([np.interp(at, length, closed[:, i]) for i in (0, 1)], 1).astype(np.float32)


def _signed_area(points: Array) -> float:
    x, y = points.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def _mirror(piece: _Piece) -> _Piece:
    flip = np.array([-1, 1, 1], np.float32)
    return replace(
        piece,
        vertices=piece.vertices * flip,
        normals=piece.normals * flip,
        triangles=piece.triangles[:, ::-1],
    )


def _solid(pieces: list[_Piece]) -> Solid:
    """Pieces as one solid, painted."""
    counts = [len(piece.vertices) for piece in pieces]
    starts = np.cumsum([0, *counts])
    vertices = np.concatenate([piece.vertices for piece in pieces]).astype(np.float32)
    paints = [
        _paint(piece.finish, vertices[start : start + count])
        for piece, start, count in zip(pieces, starts, counts, strict=False)
    ]
    color, metal, clear = (np.concatenate(values) for values in zip(*paints, strict=True))
    return Solid(
        vertices,
        np.concatenate([piece.normals for piece in pieces]).astype(np.float32),
        np.concatenate(
            [piece.triangles + start for piece, start in zip(pieces, starts, strict=False)]
        ).astype(np.int32),
        np.repeat(np.array([piece.part for piece in pieces], np.uint8), counts),
        np.concatenate([piece.along for piece in pieces]).astype(np.float32),
        color,
        metal,
        clear,
    )


def _paint(finish: Finish, vertices: Array) -> tuple[Array, Array, Array]:
    """`color`, `metal` and `clear` of a `Solid` at V×3 vertices."""
    n = len(vertices)
    base = parse_color(finish.color)
    color = np.broadcast_to(base, (n, 3))
    if finish.fleck is not None:
        color = base + _flecks(vertices)[:, None] * (parse_color(finish.fleck) - base)
    metal = np.full(n, finish.material == "metal", np.float32)
    clear = np.full(n, CLEAR if finish.material == "transparent" else 0, np.float32)
    return np.asarray(color, np.float32), metal, clear


def _flecks(points: Array) -> Array:
    """N×3 mm → N, 0..1: spots some millimetres wide, as of tortoiseshell: a sum of waves in random
    directions."""
    random = np.random.default_rng(3)
    x, y, z = np.ascontiguousarray(points.T)
    noise = np.zeros_like(x)
    for along_x, along_y, along_z in random.normal(0, FLECK_WAVE, (FLECK_WAVES, 3)).tolist():
        noise += np.cos(along_x * x + along_y * y + along_z * z + random.uniform(0, 6.28))
    noise *= (2 / FLECK_WAVES) ** 0.5
    return smooth_step((noise + 0.3) / 0.9)


def _cross(a: Array, b: Array) -> Array:
    """N×3 and N×3 → N×3. numpy's own takes five times as long for a few vectors."""
    (ax, ay, az), (bx, by, bz) = a.T, b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], 1)


def _unit(vectors: Array) -> Array:
    length = np.sqrt((vectors * vectors).sum(-1, keepdims=True))
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)
