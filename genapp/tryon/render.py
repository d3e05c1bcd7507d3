"""Rasterise a frame in front of a head and shade it.

OpenCV's `triangleRasterize` fills the pixels with a depth buffer on the CPU; vertices are shaded
and the rasteriser interpolates between them. Rendering at a multiple of the photo's size and
averaging gives smooth edges; doing so strip by strip bounds the memory.
"""

from concurrent.futures import Future
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.camera import View
from genapp.tryon.color import parse_color
from genapp.tryon.light import Light, smooth_step
from genapp.tryon.solid import Part, Solid
from genapp.tryon.threads import workers

Box = tuple[int, int, int, int]

STRIP_PIXELS = 300_000
"""About how many pixels are rendered at a time, on each of two cores."""
FINENESS = 3.5
"""Pixels per mm that a rendering has at least before it is averaged, up to 6 a photo's pixel."""
BRIGHTEST = 4.0
"""The rasteriser interpolates values 0..1: radiances are divided by this."""
FADE = (0.55, 0.66)
"""Where along a temple it fades out: just before it rests on the ear."""
EDGE_GLOSS = 0.07
"""What bevels of acetate reflect edge-on: more would be a line of dots, they are so narrow."""
COATED = np.array([0.2, 0.5, 0.4], np.float32)
"""What remains of reflections on clear lenses with a coating against them: a faint green."""
MIRROR_RISE = 0.35
"""How much higher than its place a mirror coating looks, as the tangent of an angle."""
HEAD_DETAIL = 1.5
"""Pixels per mm at which the head is drawn that hides parts of the frame."""
SAME_DEPTH = 2e-5
"""Surfaces whose depths differ less count as one: about a quarter of a millimetre."""
TURNED_AWAY = -0.3
"""Cosine of the angle to the camera below which the back of a solid begins, which is not drawn.
Normals at vertices are not quite those of the triangles."""
EDGE_ON = 0.35
"""Transparent material is never seen through at an angle whose cosine is less."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles that hide what is behind them."""

    vertices: Array
    """V×3, mm."""
    triangles: Triangles
    """T×3."""


@dataclass(frozen=True)
class Look:
    """Lens settings that a user may change."""

    tint: str
    opacity: float
    gradient: float
    dioptres: float = 0.0


@dataclass(frozen=True, eq=False)
class Relief:
    """How far away things are in the box of a layer: h×w each, mm in camera space."""

    frame: Array
    """The nearest part of the frame; the same as `head` where there is none."""
    lens: Array
    """The lenses; outside them something that has no meaning."""
    head: Array
    """The head, or far behind it where there is none."""
    glass: Array
    """0..1, how much of a pixel is seen through a lens."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A rendered frame, ready to lie on a photo: photo × through + add, in linear light."""

    box: Box
    """x0, y0, x1, y1 in the photo, px; the arrays below cover just this box."""
    through: Array
    """h×w×3, how much of the photo is seen."""
    add: Array
    """h×w×3, what frame and lenses send out."""
    relief: Relief

    @property
    def cover(self) -> Array:
        """h×w, 0..1, how much light the frame takes from what lies behind it."""
        return np.clip(1 - sum_channels(self.through) / 3, 0, 1)

    @property
    def touched(self) -> NDArray[np.bool_]:
        """h×w, where the layer changes the photo at all."""
        return np.asarray((sum_channels(self.through) < 3) | (sum_channels(self.add) > 0))


@dataclass(frozen=True, eq=False)
class _Shaded:
    """A solid with the light that each vertex sends to the camera."""

    vertices: Array
    triangles: Triangles
    color: Array
    """V×3, linear radiance over `BRIGHTEST`."""
    opacity: Array
    """V×3, 0..1: how much of the light of each colour does not pass."""


@dataclass(frozen=True, eq=False)
class _Fields:
    """What changes slowly over the box of a layer, one sample a pixel. Depths are the rasteriser's
    (see `_Canvas`)."""

    lens: Array
    """h×w, depth of the lenses."""
    inner: NDArray[np.uint8]
    """h×w, 255 where a lens fills a pixel and those around it."""
    edges: tuple[Array, Triangles]
    """Vertices (mm) and triangles of the lenses that are needed elsewhere."""
    tint: Array
    """h×w×3, light that the lenses let through."""
    glare: Array
    """h×w×3, light that they send out."""

    def rows(self, part: slice) -> "_Fields":
        """Some rows of it."""
        return _Fields(
            *(self.lens[part], self.inner[part], self.edges, self.tint[part], self.glare[part])
        )


class _Behind:
    """The depth of the head behind a box of the photo. It is smooth and its own edges are seldom
    seen: `HEAD_DETAIL` is enough."""

    def __init__(self, head: Surface | None, view: View, box: Box) -> None:
        self._zoom = min(1.0, HEAD_DETAIL / view.scale)
        x0, y0, x1, y1 = (value * self._zoom for value in box)
        self._box = (int(x0) - 2, int(y0) - 2, int(x1) + 3, int(y1) + 3)
        x, y = view.origin
        small = View((x * self._zoom, y * self._zoom), view.scale * self._zoom, view.distance)
        canvas = _Canvas(small, self._box, 1)
        self._depth = canvas.empty()
        if head is not None:
            canvas.draw_depth(canvas.place(head.vertices), head.triangles, self._depth)

    def at(self, box: Box, factor: int) -> Array:
        """The depth in a box of the photo, at `factor` times its size."""
        x0, y0, x1, y1 = box
        zoom = self._zoom / factor
        # From the middles of fine pixels to those of coarse ones.
        x, y = (
            start * self._zoom - left + 0.5 * zoom - 0.5
            for start, left in zip((x0, y0), self._box, strict=False)
        )
        return np.asarray(
            cv2.warpAffine(
                self._depth,
                np.array([[zoom, 0, x], [0, zoom, y]]),
                ((x1 - x0) * factor, (y1 - y0) * factor),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.float32,
        )


def render(
    opaque: Solid,
    lenses: Solid,
    head: Surface | None,
    view: View,
    box: Box,
    light: Light,
    look: Look,
) -> Layer:
    """Draw a frame.

    Args:
        opaque, lenses: the frame in camera space (see `geometry.build`, `fit.wear`).
        head: what hides the parts of the frame behind it, in camera space.
        view: the photo's camera.
        box: which part of the photo to draw, px (see `frame_box`).
        light: the photo's light.
        look: the lens settings.
    """
    x0, y0, x1, y1 = box
    factor = int(np.clip(np.ceil(FINENESS / view.scale), 2, 6))
    rows = max(1, min(STRIP_PIXELS // ((x1 - x0) * factor**2), -(-(y1 - y0) // 2)))
    shape = (y1 - y0, x1 - x0)
    through, add = np.empty((*shape, 3), np.float32), np.empty((*shape, 3), np.float32)
    frame, glass = np.empty(shape, np.float32), np.empty(shape, np.float32)
    # OpenCV fills triangles on one core and leaves Python free meanwhile: two strips take two.
    drawn = workers().submit(_fields, lenses, view, box, light, look)
    behind = _Behind(head, view, box)
    solid = _shade_opaque(opaque, view, light)

    def strip(top: int) -> None:
        part = slice(top, min(top + rows, shape[0]))
        place = (x0, y0 + part.start, x1, y0 + part.stop)
        canvas = _Canvas(view, place, factor)
        through[part], add[part], frame[part], glass[part] = _strip(
            solid, drawn, part, behind.at(place, factor), canvas
        )

    for _ in workers().map(strip, range(0, shape[0], rows)):
        pass
    fields = drawn.result()
    canvas = _Canvas(view, box, 1)
    near, lens, far = (
        canvas.millimetres(depth) for depth in (frame, fields.lens, behind.at(box, 1))
    )
    return Layer(box, through, add, Relief(near, lens, far, glass))


def frame_box(
    opaque: Solid, lenses: Solid, view: View, size: tuple[int, int], room: int = 0
) -> Box | None:
    """The part of a photo (size: width, height in px) that a frame covers, with `room` pixels on
    every side; None if it lies outside."""
    points = view.project(np.concatenate([opaque.vertices, lenses.vertices]))
    x0, y0 = (max(int(np.floor(value)) - room, 0) for value in points.min(0))
    x1, y1 = (
        min(int(np.ceil(value)) + room, limit)
        for value, limit in zip(points.max(0), size, strict=True)
    )
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def grown(box: Box, room: int, shape: tuple[int, ...]) -> Box:
    """The box with `room` pixels on every side, as far as a photo of that shape reaches."""
    x0, y0, x1, y1 = box
    return (
        max(x0 - room, 0),
        max(y0 - room, 0),
        min(x1 + room, shape[1]),
        min(y1 + room, shape[0]),
    )


def sum_channels(image: Array) -> Array:
    """h×w×3 → h×w. numpy's own sum takes ten times as long along so short an axis."""
    return np.asarray(cv2.transform(image, np.ones((1, 3), np.float32)))


def spread_channels(image: Array) -> Array:
    """h×w → h×w×3, the same in every channel."""
    return np.asarray(cv2.merge([image, image, image]))


def _fields(lenses: Solid, view: View, box: Box, light: Light, look: Look) -> _Fields:
    canvas = _Canvas(view, box, 1)
    glass = _shade_lens(lenses, view, light, look)
    points, depth = canvas.place(glass.vertices), canvas.empty()
    glare = canvas.draw(points, glass.triangles, glass.color, depth)
    opacity = canvas.draw(points, glass.triangles, glass.opacity, canvas.empty())
    known = (depth < 1).astype(np.uint8) * np.uint8(255)
    cross = np.ones((3, 3), np.uint8)
    inner = np.asarray(cv2.erode(known, cross), np.uint8)
    outer = ~canvas.within(points, np.asarray(cv2.erode(inner, cross), np.uint8))
    a, b, c = (outer[corner] for corner in glass.triangles.T)
    edges = np.ascontiguousarray(glass.triangles[a | b | c])
    return _Fields(
        np.asarray(cv2.copyTo(depth, known, cv2.erode(depth, cross))),
        inner,
        (glass.vertices, edges),
        1 - _spill(opacity, known),
        _spill(glare, known),
    )


def _spill(image: Array, known: NDArray[np.uint8]) -> Array:
    """An h×w×3 image carried one pixel beyond where it is known (255)."""
    return np.asarray(cv2.copyTo(image, known, cv2.dilate(image, np.ones((3, 3), np.uint8))))


def _strip(
    solid: _Shaded, drawn: Future[_Fields], part: slice, head: Array, canvas: "_Canvas"
) -> tuple[Array, Array, Array, Array]:
    """One strip: `Layer.through` and `Layer.add`, the depth of the frame, `Relief.glass`. `part`
    are its rows in the fields that are being drawn."""
    points, depth = canvas.place(solid.vertices), head.copy()
    add = canvas.average(canvas.draw(points, solid.triangles, solid.color, depth))
    fields = drawn.result().rows(part)
    vertices, edges = fields.edges
    front = np.minimum(depth, canvas.finer(fields.lens, fields.inner))
    canvas.draw_depth(canvas.place(vertices), edges, front)
    is_solid = np.asarray(cv2.compare(depth, head, cv2.CMP_LT), np.uint8)
    is_glass = np.asarray(cv2.compare(front, depth, cv2.CMP_LT), np.uint8)
    cover, bare_glass, glass = (
        canvas.share(mask) for mask in (is_solid, is_glass & ~is_solid, is_glass)
    )
    bare = spread_channels(bare_glass)
    through = 1 - spread_channels(cover) - bare * (1 - fields.tint)
    passed = canvas.passed(solid, depth)
    if (glass > bare_glass).any():
        # What of the solid lies behind a lens is seen through it.
        behind = spread_channels((glass - bare_glass) / np.maximum(cover, 1e-6))
        veil = 1 - np.minimum(behind, 1) * (1 - fields.tint)
        add *= veil
        passed = passed * veil
    through += passed
    add += spread_channels(glass) * fields.glare
    return np.clip(through, 0, 1), add * BRIGHTEST, canvas.thin(front), glass


class _Canvas:
    """A box of the photo to draw on, at `factor` times its size.

    Depth is what OpenCV's rasteriser works with, 0 near … 1 far: linear in the inverse of the
    distance, and so linear over a plane in the picture."""

    def __init__(self, view: View, box: Box, factor: int) -> None:
        x0, y0, x1, y1 = box
        self._view, self._box = view, box
        self._small = (x1 - x0, y1 - y0)
        self._factor = factor
        self._shape = ((y1 - y0) * factor, (x1 - x0) * factor)
        self._focal = view.scale * view.distance * factor
        self._distance = view.distance
        centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        self._shift = (np.array(view.origin) - centre) * factor / self._focal
        self._near, self._far = view.distance * 0.05, view.distance * 3
        self._settings = cv2.TriangleRasterizeSettings()
        self._settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
        self._settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
        self._settings.setGlCompatibleMode(cv2.RASTERIZE_COMPAT_INVDEPTH)

    def empty(self) -> Array:
        """Depth of nothing."""
        return np.ones(self._shape, np.float32)

    def place(self, points: Array) -> Array:
        """V×3 mm in camera space, as the rasteriser wants them: its camera looks along -z with y
        up. The shear puts the photo's optical axis where it is although the box lies elsewhere."""
        x, y, z = points.T
        z = z + np.float32(self._distance)
        x_shift, y_shift = self._shift.astype(np.float32)
        return np.stack([x + x_shift * z, -y - y_shift * z, -z], 1).astype(np.float32)

    def draw(self, points: Array, triangles: Triangles, values: Array, depth: Array) -> Array:
        """h×w×3: V×3 `values` (0..1) where triangles are nearer than `depth`, 0 elsewhere.
        `depth` becomes theirs."""
        image = np.zeros((*self._shape, 3), np.float32)
        if len(triangles):
            cv2.triangleRasterize(
                points, triangles, values, image, depth, *self._camera(), self._settings
            )
        return image

    def draw_depth(self, points: Array, triangles: Triangles, depth: Array) -> None:
        """Depth alone."""
        if len(triangles):
            cv2.triangleRasterizeDepth(points, triangles, depth, *self._camera(), self._settings)

    def passed(self, solid: _Shaded, depth: Array) -> Array:
        """h×w×3 at the photo's size, 0..1: how much light the solid itself lets through. `depth`
        is that of the drawn solid, whose opaque parts need not be drawn again."""
        passed = np.zeros((*self._small[::-1], 3), np.float32)
        clear = solid.opacity.min(1) < 1
        rows = self._rows_seen(solid.vertices[clear], depth)
        if rows is not None:
            top, bottom = rows
            x0, y0, x1, _ = self._box
            part = _Canvas(self._view, (x0, y0 + top, x1, y0 + bottom), self._factor)
            again = depth[top * self._factor : bottom * self._factor] + np.float32(SAME_DEPTH)
            a, b, c = (clear[corner] for corner in solid.triangles.T)
            triangles = np.ascontiguousarray(solid.triangles[a | b | c])
            points = part.place(solid.vertices)
            passed[top:bottom] = part.average(
                part.draw(points, triangles, 1 - solid.opacity, again)
            )
        return passed

    def finer(self, depth: Array, mask: NDArray[np.uint8]) -> Array:
        """Depth of something smooth, at the photo's size, at the canvas's; 1 outside the mask."""
        size = self._shape[::-1]
        fine = cv2.resize(depth, size, interpolation=cv2.INTER_LINEAR)
        inside = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        return np.where(inside > 0, fine, np.float32(1))

    def within(self, points: Array, mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """V, whether points (see `place`) lie on a mask of the canvas's size."""
        x, y, inside = self._pixels(points)
        found = np.zeros(len(points), bool)
        found[inside] = mask[y[inside], x[inside]] > 0
        return found

    def _pixels(
        self, points: Array
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """V columns, V rows, and whether these lie in the box, of points (see `place`)."""
        height, width = self._shape
        nearness = self._focal / -points[:, 2]
        x = (points[:, 0] * nearness + width / 2).astype(int)
        y = (height / 2 - points[:, 1] * nearness).astype(int)
        return x, y, (x >= 0) & (x < width) & (y >= 0) & (y < height)

    def _rows_seen(self, points: Array, depth: Array) -> tuple[int, int] | None:
        """The first and the last row but one, at the photo's size, between which V×3 points (mm)
        lie; None if all are behind `depth` or outside."""
        placed = self.place(points)
        x, y, inside = self._pixels(placed)
        near, end = 1 / self._near, 1 / self._far
        own = (near + 1 / placed[inside, 2]) / (near - end)
        if not (own < depth[y[inside], x[inside]] + 2 * SAME_DEPTH).any():
            return None
        # A triangle reaches from one ring of points to the next.
        last = self._small[1]
        return max(int(y.min()) // self._factor - 1, 0), min(int(y.max()) // self._factor + 2, last)

    def thin(self, depth: Array) -> Array:
        """One sample a pixel of the photo, from its middle."""
        middle = self._factor // 2
        return np.ascontiguousarray(depth[middle :: self._factor, middle :: self._factor])

    def average(self, image: Array) -> Array:
        """The image at the photo's size."""
        return np.asarray(cv2.resize(image, self._small, interpolation=cv2.INTER_AREA), np.float32)

    def share(self, mask: NDArray[np.uint8]) -> Array:
        """How much of each pixel of the photo a mask (0 or 255) covers: h×w, 0..1."""
        small = cv2.resize(mask, self._small, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32) / 255

    def millimetres(self, depth: Array) -> Array:
        """Depths as mm in camera space."""
        near, far = 1 / self._near, 1 / self._far
        return np.asarray(1 / (near - (near - far) * depth) - self._distance, np.float32)

    def _camera(self) -> tuple[Array, float, float, float]:
        fov = 2 * float(np.arctan2(self._shape[0] / 2, self._focal))
        return np.eye(4, dtype=np.float32), fov, self._near, self._far


def _shade_opaque(solid: Solid, view: View, light: Light) -> _Shaded:
    """Metal mirrors its surroundings in its colour; acetate has a body colour under a clear
    gloss, and transparent acetate lets light pass, the less the longer its way (Beer and
    Lambert). Fresnel: Schlick 1994."""
    solid, alpha = _visible(solid, view)
    cosine, normals, reflected = _towards_camera(solid, view, two_sided=False)
    facing = np.clip(cosine, 0, 1)
    metal, clear = solid.metal[:, None], solid.clear[:, None]
    # The surfaces are not quite smooth, which takes the edge off the glare at grazing angles.
    grazing = ((1 - facing) ** 5)[:, None]
    lit = light.diffuse(normals)
    polished = (solid.color + 0.25 * (1 - solid.color) * grazing) * (
        0.85 * light.seen(reflected, 9.0) + 0.25 * lit
    )
    glossy = (1 - clear) * solid.color * lit + (0.045 + EDGE_GLOSS * grazing) * light.seen(
        reflected, 28.0
    )
    color = metal * polished + (1 - metal) * glossy
    passed = (1 - metal) * clear * solid.color ** (1 / np.maximum(facing, EDGE_ON))[:, None]
    return _shaded(solid, color * alpha[:, None], (1 - passed) * alpha[:, None])


def _visible(solid: Solid, view: View) -> tuple[Solid, Array]:
    """The triangles that may be turned to the camera and the vertices they need, and how much of
    each of these V vertices shows, 0..1."""
    start, end = FADE
    fade = 1 - np.clip((solid.along - start) / (end - start), 0, 1)
    alpha = np.where(solid.part == Part.TEMPLE, fade, np.float32(1))
    if solid.hidden is not None:
        alpha = alpha * (1 - solid.hidden)
    cosine, _ = _facing(solid, view)
    seen = (cosine > TURNED_AWAY) & (alpha > 0)
    a, b, c = (seen[corner] for corner in solid.triangles.T)
    triangles = solid.triangles[a | b | c]
    needed = np.zeros(len(seen), bool)
    needed[triangles] = True
    number = np.cumsum(needed, dtype=np.int32) - np.int32(1)
    kept = Solid(
        *(solid.vertices[needed], solid.normals[needed], number[triangles]),
        *(solid.part[needed], solid.along[needed]),
        *(solid.color[needed], solid.metal[needed], solid.clear[needed]),
    )
    return kept, alpha[needed]


def _shade_lens(solid: Solid, view: View, light: Light, look: Look) -> _Shaded:
    """Both faces of a lens reflect 4 % each, the far one seen through the tint twice. A mirror
    coating reflects its own share in its colour, and keeps that light from passing."""
    facing, _, reflected = _towards_camera(solid, view, two_sided=True)
    strength = look.opacity * (1 - look.gradient * smooth_step((solid.along - 0.1) / 0.85))
    tint = 1 - strength[:, None] * (1 - parse_color(look.tint))
    coating = solid.metal[:, None] * solid.color
    fresnel = (0.04 + 0.9 * (1 - facing) ** 5)[:, None]
    bare = fresnel * (1 - solid.metal[:, None]) * (1 + tint.mean(1, keepdims=True) ** 2)
    # Lenses to see through are coated against reflections.
    bare = bare * (1 - (1 - strength[:, None]) * (1 - COATED))
    mirrored = bare * light.seen(reflected, 14.0) + coating * light.seen(_raised(reflected), 14.0)
    return _shaded(solid, mirrored, 1 - tint * (1 - coating))


def _raised(directions: Array) -> Array:
    """N×3 unit directions, turned up a little: tilted lenses would mirror little but the floor."""
    raised = directions - np.array([0, MIRROR_RISE, 0], np.float32)
    return np.asarray(raised / np.linalg.norm(raised, axis=1, keepdims=True), np.float32)


def _towards_camera(solid: Solid, view: View, *, two_sided: bool) -> tuple[Array, Array, Array]:
    """At each vertex: V cosines of the angle to the camera, V×3 normals (if two-sided, both turned
    to it), V×3 directions that a mirror there shows."""
    cosine, towards = _facing(solid, view)
    normals = solid.normals
    if two_sided:
        normals = normals * np.where(cosine < 0, -1, 1).astype(np.float32)[:, None]
        cosine = np.abs(cosine)
    reflected = 2 * np.maximum(cosine, 0)[:, None] * normals - towards
    return cosine, normals, reflected


def _facing(solid: Solid, view: View) -> tuple[Array, Array]:
    """At each vertex: V cosines of the angle to the camera, V×3 unit directions to it."""
    towards = -solid.vertices - np.array([0, 0, view.distance], np.float32)
    towards /= np.sqrt(np.einsum("vi,vi->v", towards, towards))[:, None]
    return np.einsum("vi,vi->v", solid.normals, towards), towards


def _shaded(solid: Solid, color: Array, opacity: Array) -> _Shaded:
    return _Shaded(
        solid.vertices,
        solid.triangles,
        np.ascontiguousarray(np.clip(color / BRIGHTEST, 0, 1), np.float32),
        np.ascontiguousarray(np.clip(opacity, 0, 1), np.float32),
    )
