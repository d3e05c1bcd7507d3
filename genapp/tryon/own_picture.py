"""A pair of glasses out of one picture of its front: what is opaque becomes a front with thickness
and bevelled edges, what can be seen through becomes lenses, and temples are added."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, UnreadableFrame
from genapp.images import Photo, Pixels, to_float
from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.color import format_color, srgb_to_linear
from genapp.tryon.frames import END_PIECE, Finish, Frame, Material
from genapp.tryon.geometry import front_depth
from genapp.tryon.outlines import CLEAR_LENS, Opening, check_width, openings, usual_drop
from genapp.tryon.solid import Part, Solid, Solids

PIXELS_PER_MM = 2.5
"""Of the grid that becomes triangles."""
SMALLEST_WIDTH = 150
"""Of the glasses in the picture, px."""
LARGEST = 1600
"""Longest side of a picture that is looked at, px."""
SOLID, GLASS = 0.85, 0.06
"""From which alpha on something is rim, and lens."""
PLAIN = 14 / 255
"""A background is plain if its pixels differ by no more."""
BEVEL = 0.9
"""Radius of the edges of the front, mm."""
BASE_CURVE, WRAP, TILT = 4.0, 4.0, 8.0
"""See `Frame`: a picture doesn't show them, so they are the usual ones."""
SPECK = 6.0
"""Area of what is too small to be a part of a frame, mm²."""
THIN = 2.2
"""Rims narrower than this are taken for metal, mm."""


@dataclass(frozen=True, eq=False)
class _Grid:
    """The picture at `PIXELS_PER_MM`, cut to the glasses, with an empty edge."""

    color: Array
    """H×W×3, linear RGB."""
    alpha: Array
    """H×W, 0..1."""


@dataclass(frozen=True)
class _Glass:
    """Lenses in the picture."""

    opening: Opening
    mask: NDArray[np.bool_]
    """H×W, where the rims are open; nowhere if the lenses cannot be told from the rims."""
    tint: str
    opacity: float
    gradient: float


def picture_frame(photo: Photo, name: str, width_mm: float | None) -> Frame:
    """A frame out of a picture.

    Args:
        photo: glasses from the front, level; transparent around them, or on a plain background.
        name: what to call it.
        width_mm: width of the glasses.

    Raises:
        BadValue: the width is missing or makes no sense.
        UnreadableFrame: there are no glasses in the picture, or they fill too few pixels.
    """
    if width_mm is None:
        raise BadValue(
            "A picture does not say how large the glasses are.",
            "Give the width of their front in mm, for example 140.",
        )
    width = check_width(width_mm)
    notes = [*photo.notes]
    photo = _shrunk(photo)
    color, alpha = srgb_to_linear(to_float(photo.pixels)), _alpha(photo, notes)
    grid = _grid(color, alpha, width)
    glass = _see_through(grid) or _smooth_areas(grid)
    if glass is None:
        glass = _no_glass(grid)
        notes.append("Nothing in the picture can be seen through: the lenses are opaque.")
    front = _rim_field(grid, glass)
    frame = _measured(name, grid, glass, front, width)
    opaque = _front(grid.color, front, frame, glass.opening)
    notes.append("Depth and temples are not in the picture: usual ones were added.")
    bends_from = float(opaque.vertices[:, 2].max())
    solids = Solids(opaque, None, None, bends_from)
    return replace(frame, solids=solids, notes=tuple(notes))


# The picture ---------------------------------------------------------------------------------


def _shrunk(photo: Photo) -> Photo:
    """No larger than is of use."""
    height, wide = photo.pixels.shape[:2]
    scale = LARGEST / max(height, wide)
    if scale >= 1:
        return photo
    size = (max(1, round(wide * scale)), max(1, round(height * scale)))

    def shrink(values: Pixels) -> Pixels:
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), values.dtype)

    alpha = None if photo.alpha is None else shrink(photo.alpha)
    return replace(photo, pixels=shrink(photo.pixels), alpha=alpha)


def _alpha(photo: Photo, notes: list[str]) -> Array:
    """H×W, 0..1: the picture's own, or 0 where its plain background is."""
    if photo.alpha is not None:
        alpha = to_float(photo.alpha)
        if alpha.max() < 0.5:
            raise UnreadableFrame(
                "The picture is transparent all over.", "Use one in which the rims are opaque."
            )
        if alpha.min() < 0.5:
            return alpha
    pixels = to_float(photo.pixels)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    background = np.median(border, 0)
    if np.quantile(np.abs(border - background).max(1), 0.95) > PLAIN:
        raise UnreadableFrame(
            "The picture has no transparency, and its background is not plain.",
            "Cut the glasses out, and save them as PNG with a transparent background.",
        )
    notes.append("The picture has no transparency: its plain background was taken away.")
    difference = np.abs(pixels - background).max(2)
    return np.asarray(np.clip((difference - PLAIN) / (3 * PLAIN), 0, 1), np.float32)


def _grid(color: Array, alpha: Array, width_mm: float) -> _Grid:
    rows, columns = np.flatnonzero((alpha > 0.5).any(1)), np.flatnonzero((alpha > 0.5).any(0))
    if len(columns) == 0:
        raise UnreadableFrame(
            "There is nothing in the picture but background.",
            "Use one in which the glasses differ from what is behind them.",
        )
    width, height = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    if width < SMALLEST_WIDTH:
        raise UnreadableFrame(
            f"The glasses are {width} pixels wide in the picture.",
            f"Use one in which they have at least {SMALLEST_WIDTH}; 1000 are good.",
        )
    if not 0.1 < height / width < 0.75:
        raise UnreadableFrame(
            f"What is in the picture is {width} × {height} pixels, unlike glasses from the front.",
            "Use a picture of the front alone, level, with nothing else in it.",
        )
    cut = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    scale = width_mm * PIXELS_PER_MM / width
    size = (round(width * scale), max(8, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    # Colours count by their opacity, or the background would bleed into the edges.
    weighed = np.dstack([color[cut] * alpha[cut][..., None], alpha[cut]]).astype(np.float32)
    small = np.pad(cv2.resize(weighed, size, interpolation=how), ((4, 4), (4, 4), (0, 0)))
    alpha = np.clip(small[..., 3], 0, 1)
    return _Grid(small[..., :3] / np.maximum(alpha, 1e-3)[..., None], alpha)


# Lenses --------------------------------------------------------------------------------------


def _see_through(grid: _Grid) -> _Glass | None:
    """Lenses that are holes, or half transparent."""
    outside = (grid.alpha > GLASS).astype(np.uint8)
    cv2.floodFill(outside, None, (0, 0), 2)
    mask = (grid.alpha < SOLID) & (outside != 2)
    opening, mask = _symmetric_openings(mask)
    if opening is None:
        return None
    inside = cv2.erode(mask.astype(np.uint8), _disc(1.5)) > 0
    alpha, color = grid.alpha[inside], grid.color[inside]
    if len(alpha) == 0 or np.median(alpha) < GLASS:
        return _Glass(opening, mask, "#808080", CLEAR_LENS, 0.0)
    y = np.nonzero(inside)[0]
    low, high = np.quantile(y, [0.2, 0.8])
    top, bottom = float(np.median(alpha[y < low])), float(np.median(alpha[y > high]))
    gradient = float(np.clip(1 - bottom / max(top, 0.01), 0, 1))
    tint = format_color(np.average(color, axis=0, weights=alpha))
    return _Glass(opening, mask, tint, min(top, 1), gradient if gradient > 0.1 else 0.0)


def _smooth_areas(grid: _Grid) -> _Glass | None:
    """Opaque lenses: even areas around the places where eyes will be."""
    height, width = grid.alpha.shape
    picture = np.rint(np.clip(grid.color, 0, 1) ** (1 / 2.4) * 255).astype(np.uint8)
    picture = cv2.medianBlur(picture, 5)
    found = np.zeros((height, width), bool)
    for share in (0.27, 0.73):
        # Flooding stops at the edge of the glasses.
        stop = np.pad((grid.alpha < SOLID).astype(np.uint8), 1, constant_values=1)
        seed = (round(width * share), height // 2)
        if stop[seed[1] + 1, seed[0] + 1]:
            return None
        flags = 4 | cv2.FLOODFILL_MASK_ONLY | (255 << 8)
        cv2.floodFill(picture, stop, seed, 0, (2, 2, 2), (2, 2, 2), flags)
        found |= stop[1:-1, 1:-1] == 255
    rim = (grid.alpha > SOLID) & ~found
    # A flood that took the rims along has found no lens.
    if rim.sum() < 0.15 * (grid.alpha > SOLID).sum():
        return None
    filled = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, _disc(2.0)) > 0
    opening, mask = _symmetric_openings(filled)
    if opening is None:
        return None
    color = grid.color[mask].mean(0)
    return _Glass(opening, mask, format_color(color), 0.92, 0.0)


def _symmetric_openings(mask: NDArray[np.bool_]) -> tuple[Opening | None, NDArray[np.bool_]]:
    """The lens, drawn so that it fills the opening on either side, and the openings themselves."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _disc(1.2))
    origin = np.zeros(2)
    first = openings(opened, origin, PIXELS_PER_MM)
    if first is None:
        return None, mask
    axis = first.middle_x * PIXELS_PER_MM
    flip = np.array([[-1, 0, 2 * axis], [0, 1, 0]])
    mirrored = cv2.warpAffine(opened, flip, opened.shape[::-1], flags=cv2.INTER_NEAREST)
    # The lens goes a little way into the rim.
    both = cv2.dilate(np.maximum(opened, mirrored), _disc(0.4))
    return openings(both, origin, PIXELS_PER_MM) or first, opened > 0


def _no_glass(grid: _Grid) -> _Glass:
    """Lenses of a usual shape, which stay inside an opaque front."""
    height, width = (size / PIXELS_PER_MM for size in grid.alpha.shape)
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x, y = (np.sign(f(around)) * np.abs(f(around)) ** 0.7 for f in (np.cos, np.sin))
    outline = tuple((float(a), float(b)) for a, b in zip(x, y, strict=True))
    inner, outer = 9.0, width / 2 - 7
    opening = Opening(
        width / 2, ((inner + outer) / 2, height / 2), (outer - inner, height * 0.8), outline
    )
    return _Glass(opening, np.zeros(grid.alpha.shape, bool), "#000000", 1.0, 0.0)


def _disc(radius_mm: float) -> Pixels:
    size = 2 * round(radius_mm * PIXELS_PER_MM) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


# The front -----------------------------------------------------------------------------------


def _rim_field(grid: _Grid, glass: _Glass) -> Array:
    """H×W: above 0.5 where there is rim."""
    field = grid.alpha.copy()
    if glass.mask.any():
        near = cv2.dilate(glass.mask.astype(np.uint8), _disc(1.2)) > 0
        over = glass.opacity if glass.opacity > CLEAR_LENS else 0.0
        if grid.alpha[glass.mask].min() < SOLID:
            field[near] = (grid.alpha[near] - over) / max(1 - over, 0.1)
        field[glass.mask] = 0
    field = np.asarray(cv2.GaussianBlur(np.clip(field, 0, 1), (0, 0), 0.6), np.float32)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((field > 0.5).astype(np.uint8))
    specks = [i for i in range(1, count) if stats[i, 4] < SPECK * PIXELS_PER_MM**2]
    field[np.isin(labels, specks)] = 0
    if not (field > 0.5).any():
        raise UnreadableFrame(
            "There are no rims in the picture, only something to see through.",
            "Use a picture in which the rims are opaque.",
        )
    return field


def _measured(name: str, grid: _Grid, glass: _Glass, field: Array, width: float) -> Frame:
    opening = glass.opening
    lens, height = opening.size
    bridge = 2 * (opening.centre[0] - lens / 2)
    inside = (field > 0.5).astype(np.uint8)
    depths = cv2.distanceTransform(inside, cv2.DIST_L2, 5) / PIXELS_PER_MM
    rim_width = 2 * float(np.quantile(depths[inside > 0], 0.9))
    rows, columns = np.nonzero(inside)
    x, y = columns / PIXELS_PER_MM - opening.middle_x, rows / PIXELS_PER_MM - opening.centre[1]
    ends = np.abs(x) > np.abs(x).max() - 3
    tall = float(np.clip(np.mean([np.ptp(y[ends & (x * side > 0)]) for side in (-1, 1)]), 2.5, 14))
    middle = np.sort(y[np.abs(x) < 0.6])[::-1]
    gaps = np.flatnonzero(-np.diff(middle) > 1)
    bar = middle[: gaps[0] + 1] if len(gaps) else middle
    material: Material = "metal" if rim_width < THIN else "acetate"
    end_color = format_color(np.median(grid.color[rows[ends], columns[ends]], 0))
    return Frame(
        name=name,
        title=name,
        lens=lens,
        bridge=bridge,
        temple=145.0,
        height=height,
        outline=opening.outline,
        material="acetate",
        color=format_color(np.median(grid.color[inside > 0], 0)),
        tint=glass.tint,
        opacity=round(glass.opacity, 3),
        gradient=round(glass.gradient, 3),
        rim=(rim_width, (width - 2 * lens - bridge) / 2 - END_PIECE, rim_width),
        depth=float(np.clip(rim_width, 1.6, 4.0)),
        bridge_rise=-float(bar.min() + bar.max()) / 2 if len(bar) else height * 0.2,
        hinge_rise=-float(y[ends].mean()),
        temples=Finish(material, end_color),
        temple_height=tall,
        drop=usual_drop(height),
        base_curve=BASE_CURVE,
        wrap=WRAP,
        tilt=TILT,
    )


def _front(color: Array, field: Array, frame: Frame, opening: Opening) -> Solid:
    """A slab with bevelled edges along the 0.5 contour of a field."""
    at, triangles = _fill(field)
    inside = (field > 0.5).astype(np.uint8)
    from_edge = cv2.distanceTransform(inside, cv2.DIST_L2, 5) / PIXELS_PER_MM
    bevel = min(BEVEL, frame.depth / 2)
    rise = 1 - np.clip(from_edge / bevel, 0, 1)
    half = frame.depth / 2 - bevel * (1 - np.sqrt(1 - rise**2))
    half = np.asarray(cv2.GaussianBlur(half, (0, 0), 0.7), np.float32)
    slope_y, slope_x = (slope * PIXELS_PER_MM for slope in np.gradient(half))
    x = at[:, 0] / PIXELS_PER_MM - opening.middle_x
    y = at[:, 1] / PIXELS_PER_MM - opening.centre[1]
    z = front_depth(frame, x, y)
    out = _at(half, at)
    step = 0.1
    normals = np.stack(
        [
            (front_depth(frame, x + step, y) - z) / step - _at(slope_x, at),
            (front_depth(frame, x, y + step) - z) / step - _at(slope_y, at),
            -np.ones_like(z),
        ],
        1,
    )
    front = np.stack([x, y, z - out], 1)
    back = np.stack([x, y, z + out], 1)
    edges = _boundary(triangles)
    tangent = at[edges[:, 1]] - at[edges[:, 0]]
    sideways = np.stack([tangent[:, 1], -tangent[:, 0], np.zeros(len(edges))], 1)
    n, m = len(at), len(edges)
    # Walls have vertices of their own, because their normals differ from the front's.
    wall = 2 * n + np.arange(4 * m).reshape(4, m)
    sides = [
        np.stack([wall[0], wall[1], wall[2]], 1),
        np.stack([wall[1], wall[3], wall[2]], 1),
    ]
    ends = np.concatenate([edges[:, 0], edges[:, 1]])
    vertices = np.concatenate([front, back, front[ends], back[ends]])
    all_normals = np.concatenate([normals, -normals, *[sideways] * 4])
    all_normals /= np.maximum(np.linalg.norm(all_normals, axis=1, keepdims=True), 1e-9)
    paint = _at(_spread(color, field), at)
    count = len(vertices)
    zeros = np.zeros(count, np.float32)
    return Solid(
        vertices.astype(np.float32),
        all_normals.astype(np.float32),
        np.concatenate([triangles, triangles[:, ::-1] + n, *sides]).astype(np.int32),
        np.full(count, Part.RIM, np.uint8),
        zeros,
        np.clip(np.concatenate([paint, paint, paint[ends], paint[ends]]), 0, 1),
        zeros,
        zeros,
    )


def _spread(color: Array, field: Array) -> Array:
    """Colours with those of the inside drawn out over the edge, where they are mixed with what
    was behind."""
    inside = cv2.erode((field > 0.95).astype(np.uint8), _disc(0.4))
    if not inside.any():
        return color
    _, labels = cv2.distanceTransformWithLabels(
        1 - inside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(inside)
    nearest = np.zeros(int(labels.max()) + 1, np.intp)
    nearest[labels[rows, columns]] = np.arange(len(rows))
    source = nearest[labels]
    return np.asarray(color[rows[source], columns[source]], np.float32)


def _at(values: Array, at: Array) -> Array:
    """H×W or H×W×3 `values` between pixels, at N×2 positions (column, row)."""
    column, row = at.astype(np.float32).T
    # Remapping knows no rows longer than 32767.
    pieces = [
        cv2.remap(np.asarray(values, np.float32), c[None], r[None], cv2.INTER_LINEAR)[0]
        for c, r in zip(
            np.array_split(column, len(column) // 30_000 + 1),
            np.array_split(row, len(row) // 30_000 + 1),
            strict=True,
        )
    ]
    return np.concatenate(pieces)


def _fill(field: Array) -> tuple[Array, Triangles]:
    """Triangles that fill a field where it is above 0.5, whose edge runs between the pixels
    (marching squares).

    Returns:
        N×2 positions (column, row) and T×3 indices; the triangles turn clockwise as seen.
    """
    height, width = field.shape
    inside = field > 0.5
    number = np.arange(height * width).reshape(height, width)
    # Positions: pixels, then points on the edge to the next column, then to the next row.
    to_right, below = number + height * width, number + 2 * height * width
    row, column = np.mgrid[0:height, 0:width].astype(np.float64)
    pixel = np.stack([column, row], -1)
    points = np.concatenate(
        [
            pixel.reshape(-1, 2),
            (pixel + np.stack([_crossing(field, 1), 0 * row], -1)).reshape(-1, 2),
            (pixel + np.stack([0 * row, _crossing(field, 0)], -1)).reshape(-1, 2),
        ]
    )
    here, after = slice(None, -1), slice(1, None)
    corners = [(here, here), (here, after), (after, after), (after, here)]
    corner = np.stack([number[at] for at in corners], -1)
    edge = np.stack(
        [to_right[here, here], below[here, after], to_right[after, here], below[here, here]], -1
    )
    kind = sum(inside[at] << bit for bit, at in enumerate(corners))
    triangles = []
    for case in range(1, 16):
        cells = kind == case
        polygon = []
        for k in range(4):
            if case >> k & 1:
                polygon.append(corner[cells][:, k])
            if (case >> k & 1) != (case >> (k + 1) % 4 & 1):
                polygon.append(edge[cells][:, k])
        for k in range(1, len(polygon) - 1):
            triangles.append(np.stack([polygon[0], polygon[k], polygon[k + 1]], 1))
    used, flat = np.unique(np.concatenate(triangles), return_inverse=True)
    return points[used], flat.reshape(-1, 3).astype(np.int32)


def _crossing(field: Array, axis: int) -> Array:
    """H×W, 0..1: where between a pixel and the next along an axis the field is 0.5."""
    after = np.roll(field, -1, axis)
    difference = np.where(np.abs(after - field) < 1e-6, 1, after - field)
    return np.asarray(np.clip((0.5 - field) / difference, 0.01, 0.99))


def _boundary(triangles: Triangles) -> NDArray[np.int32]:
    """E×2: the edges that belong to one triangle only, in its direction."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    _, first, count = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    return np.asarray(edges[first[count == 1]], np.int32)
