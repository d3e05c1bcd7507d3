"""Rasterise a frame in front of a head and shade it.

OpenCV's `triangleRasterize` fills the pixels with a depth buffer on the CPU; vertices are shaded
and the rasteriser interpolates between them. Rendering at a multiple of the photo's size and
averaging gives smooth edges; doing so strip by strip bounds the memory.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.camera import View
from genapp.tryon.color import parse_color
from genapp.tryon.light import Light, smooth_step
from genapp.tryon.solid import Part, Solid

Box = tuple[int, int, int, int]

STRIP_PIXELS = 600_000
"""About how many pixels are rendered at a time."""
FINENESS = 3.5
"""Pixels per mm that a rendering has at least before it is averaged, up to 6 a photo's pixel."""
BRIGHTEST = 4.0
"""The rasteriser interpolates values 0..1: radiances are divided by this."""
FADE = (0.55, 0.66)
"""Where along a temple it fades out: just before it rests on the ear."""
EDGE_GLOSS = 0.07
"""What bevels of acetate reflect edge-on: more would be a line of dots, they are so narrow."""
MIRROR_RISE = 0.35
"""How much higher than its place a mirror coating looks, as the tangent of an angle."""
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


@dataclass(frozen=True, eq=False)
class Layer:
    """A rendered frame, ready to lie on a photo: photo × through + add, in linear light."""

    box: Box
    """x0, y0, x1, y1 in the photo, px; the arrays below cover just this box."""
    through: Array
    """h×w×3, how much of the photo is seen."""
    add: Array
    """h×w×3, what frame and lenses send out."""
    cover: Array
    """h×w, 0..1, how much light the frame takes from what lies behind it."""

    @property
    def touched(self) -> NDArray[np.bool_]:
        """h×w, where the layer changes the photo at all."""
        return np.asarray((self.through.min(2) < 1) | (self.add.max(2) > 0))


@dataclass(frozen=True, eq=False)
class _Shaded:
    """A solid with the light that each vertex sends to the camera."""

    vertices: Array
    triangles: Triangles
    color: Array
    """V×3, linear radiance over `BRIGHTEST`."""
    opacity: Array
    """V×3, 0..1: how much of the light of each colour does not pass."""


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
    solid = _shade_opaque(opaque, view, light)
    glass = _shade_lens(lenses, view, light, look)
    rows = max(1, STRIP_PIXELS // ((x1 - x0) * factor**2))
    strips = [
        _strip(solid, glass, head, _Canvas(view, (x0, top, x1, min(top + rows, y1)), factor))
        for top in range(y0, y1, rows)
    ]
    through, add = (np.concatenate(parts) for parts in zip(*strips, strict=True))
    return Layer(box, through, add, np.clip(1 - through.mean(2), 0, 1))


def frame_box(opaque: Solid, lenses: Solid, view: View, size: tuple[int, int]) -> Box | None:
    """The part of a photo (size: width, height in px) that a frame covers;
    None if it lies outside."""
    points = view.project(np.concatenate([opaque.vertices, lenses.vertices]))
    x0, y0 = (max(int(np.floor(value)), 0) for value in points.min(0))
    x1, y1 = (
        min(int(np.ceil(value)), limit) for value, limit in zip(points.max(0), size, strict=True)
    )
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _strip(
    solid: _Shaded, glass: _Shaded, head: Surface | None, canvas: "_Canvas"
) -> tuple[Array, Array]:
    """`Layer.through` and `Layer.add` of one strip."""
    if head is not None:
        canvas.hide(head)
    through = 1 - canvas.draw(solid, solid.opacity, keep_depth=False)
    add = canvas.draw(solid, solid.color)
    passed = 1 - canvas.draw(glass, glass.opacity, keep_depth=False)
    through *= passed
    add *= passed
    add += canvas.draw(glass, glass.color)
    return canvas.average(through), canvas.average(add) * BRIGHTEST


class _Canvas:
    """A depth buffer over one box of the photo, at `factor` times its size."""

    def __init__(self, view: View, box: Box, factor: int) -> None:
        x0, y0, x1, y1 = box
        self._small = (x1 - x0, y1 - y0)
        self._shape = ((y1 - y0) * factor, (x1 - x0) * factor)
        self._focal = view.scale * view.distance * factor
        self._distance = view.distance
        centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        self._shift = (np.array(view.origin) - centre) * factor / self._focal
        self._far = view.distance * 3
        self._depth = np.full(self._shape, self._far, np.float32)
        self._settings = cv2.TriangleRasterizeSettings()
        self._settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
        self._settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)

    def hide(self, surface: Surface) -> None:
        """Let a surface hide what is drawn behind it later. Its own edges are not seen, so it is
        drawn at the photo's size, which is several times faster."""
        width, height = self._small
        factor = self._shape[0] // height
        # A pixel more on every side, so that strips meet without a seam.
        depth = np.full((height + 2, width + 2), self._far, np.float32)
        cv2.triangleRasterizeDepth(
            self._to_gl(surface.vertices),
            surface.triangles,
            depth,
            *self._camera(factor),
            self._settings,
        )
        fine = cv2.resize(depth, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        self._depth = np.ascontiguousarray(fine[factor:-factor, factor:-factor])

    def draw(self, solid: _Shaded, values: Array, *, keep_depth: bool = True) -> Array:
        """h×w×3: V×3 `values` (0..1) where the solid is nearest, 0 elsewhere."""
        image = np.zeros((*self._shape, 3), np.float32)
        cv2.triangleRasterize(
            self._to_gl(solid.vertices),
            solid.triangles,
            values,
            image,
            self._depth if keep_depth else self._depth.copy(),
            *self._camera(),
            self._settings,
        )
        return image

    def average(self, image: Array) -> Array:
        """The image at the photo's size."""
        return np.asarray(cv2.resize(image, self._small, interpolation=cv2.INTER_AREA), np.float32)

    def _camera(self, margin: int = 0) -> tuple[Array, float, float, float]:
        fov = 2 * float(np.arctan2(self._shape[0] / 2 + margin, self._focal))
        return np.eye(4, dtype=np.float32), fov, self._distance * 0.05, self._far

    def _to_gl(self, points: Array) -> Array:
        """OpenCV's camera looks along -z with y up; the shear puts the photo's optical axis where
        it is although the box lies elsewhere."""
        z = points[:, 2] + self._distance
        x = points[:, 0] + self._shift[0] * z
        y = points[:, 1] + self._shift[1] * z
        return np.stack([x, -y, -z], 1).astype(np.float32)


def _shade_opaque(solid: Solid, view: View, light: Light) -> _Shaded:
    """Metal mirrors its surroundings in its colour; acetate has a body colour under a clear
    gloss, and transparent acetate lets light pass, the less the longer its way (Beer and
    Lambert). Fresnel: Schlick 1994."""
    normals, facing, reflected = _towards_camera(solid, view, two_sided=False)
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
    start, end = FADE
    fade = 1 - np.clip((solid.along - start) / (end - start), 0, 1)
    alpha = np.where(solid.part == Part.TEMPLE, fade, 1.0)
    if solid.hidden is not None:
        alpha = alpha * (1 - solid.hidden)
    return _shaded(solid, color * alpha[:, None], (1 - passed) * alpha[:, None])


def _shade_lens(solid: Solid, view: View, light: Light, look: Look) -> _Shaded:
    """Both faces of a lens reflect 4 % each, the far one seen through the tint twice. A mirror
    coating reflects its own share in its colour, and keeps that light from passing."""
    _, facing, reflected = _towards_camera(solid, view, two_sided=True)
    strength = look.opacity * (1 - look.gradient * smooth_step((solid.along - 0.1) / 0.85))
    tint = 1 - strength[:, None] * (1 - parse_color(look.tint))
    coating = solid.metal[:, None] * solid.color
    fresnel = (0.04 + 0.9 * (1 - facing) ** 5)[:, None]
    bare = fresnel * (1 - solid.metal[:, None]) * (1 + tint.mean(1, keepdims=True) ** 2)
    mirrored = bare * light.seen(reflected, 14.0) + coating * light.seen(_raised(reflected), 14.0)
    return _shaded(solid, mirrored, 1 - tint * (1 - coating))


def _raised(directions: Array) -> Array:
    """N×3 unit directions, turned up a little: tilted lenses would mirror little but the floor."""
    raised = directions - np.array([0, MIRROR_RISE, 0], np.float32)
    return np.asarray(raised / np.linalg.norm(raised, axis=1, keepdims=True), np.float32)


def _towards_camera(solid: Solid, view: View, *, two_sided: bool) -> tuple[Array, Array, Array]:
    """At each vertex: V×3 normals (if two-sided, turned to the camera), V cosines of the angle to
    it, V×3 directions that a mirror there shows."""
    towards = -solid.vertices - np.array([0, 0, view.distance], np.float32)
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    cosine = (solid.normals * towards).sum(1)
    normals = solid.normals
    if two_sided:
        normals = normals * np.where(cosine < 0, -1, 1)[:, None]
        cosine = np.abs(cosine)
    facing = np.clip(cosine, 0, 1)
    reflected = 2 * facing[:, None] * normals - towards
    return normals.astype(np.float32), facing.astype(np.float32), reflected.astype(np.float32)


def _shaded(solid: Solid, color: Array, opacity: Array) -> _Shaded:
    return _Shaded(
        solid.vertices,
        solid.triangles,
        np.ascontiguousarray(np.clip(color / BRIGHTEST, 0, 1), np.float32),
        np.ascontiguousarray(np.clip(opacity, 0, 1), np.float32),
    )
