"""The light in a photo, and how frame and lenses answer it.

Directions are in camera space: x right, y down, z away from the camera.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, to_8_bit
from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.color import pixels_to_linear, srgb_to_linear
from genapp.tryon.mesh import SKIN
from genapp.tryon.pose import Head

MEAN_REFLECTANCE = 0.22
"""What an average scene reflects: how bright white would be follows from the photo's mean."""
SKIN_RATIOS = np.array([0.66, -0.34], np.float32)
WORLD_RATIOS = np.array([0.25, -0.14], np.float32)
"""Logarithms of red and blue over green, linear, of skin and of whole portraits in white light: the
means of 51 portraits of many ages and skin tones, with standard deviations of 0.15 and 0.22."""
SKIN_TRUST = 0.7
"""Weight of the skin against the whole picture, by their variances."""
USUAL_CAST = 0.2
"""Casts of that size are half put down to the light, in the same logarithms."""
GREY = 0.05
"""Skin whose ratios are smaller is in a black-and-white photo."""
SCENE = 64
"""Longest side of the small picture of a scene, px."""
SCENE_BLUR = 0.07
"""How soft reflections of the scene are, over the side of its picture."""
SCENE_RANGE = (0.35, 2.5)
"""How dark and how bright parts of the scene are at most, over its mean."""
POLISHED = 20.0
"""Sharpness from which on a surface shows the scene as it is."""


@dataclass(frozen=True, eq=False)
class Light:
    """Ambient light with one soft main light. All radiances are linear, 1 = white of the photo."""

    white: Array
    """3, linear RGB of a white surface in this light."""
    direction: Array
    """3, unit vector towards the main light."""
    contrast: float
    """0 flat light … 1 hard light."""
    scene: Array | None = None
    """S×S×3, what the scene looks like from the face, over its mean: a half sphere seen along z, x
    to the right. None: the same all around."""

    def diffuse(self, normals: Array) -> Array:
        """N×3 light that reaches surfaces with N×3 unit normals."""
        facing = normals @ self.direction
        level = 1 - 0.45 * self.contrast + 0.9 * self.contrast * np.clip(facing, -0.5, 1)
        return np.asarray(level[:, None] * self.white, np.float32)

    def seen(self, directions: Array, sharpness: float) -> Array:
        """N×3 radiance that comes from N×3 unit directions: a room that is bright above and dim
        below, in the colours of the scene, with a soft box where the main light is. `sharpness`:
        1 satin … 60 polished."""
        up = -directions[:, 1]
        room = 0.10 + 0.55 * smooth_step((up + 0.15) / 0.9)
        lobe = np.exp(sharpness * (directions @ self.direction - 1))
        box = (0.8 + 1.6 * self.contrast) * lobe
        if self.scene is None:
            return np.asarray((room + box)[:, None] * self.white, np.float32)
        columns, rows = ((directions[:, :2] * 0.5 + 0.5) * (len(self.scene) - 1)).astype(int).T
        detail = min(1.0, sharpness / POLISHED)
        shown = 1 + detail * (self.scene[rows, columns] - 1)
        return np.asarray((room[:, None] * shown + box[:, None]) * self.white, np.float32)


STUDIO = Light(
    np.ones(3, np.float32), np.array([-0.42, -0.72, -0.55], np.float32) / np.float32(0.998), 0.5
)
"""Light for a picture of a frame that nobody wears."""


def estimate_light(pixels: NDArray[np.uint8], skin: Array, normals: Array) -> Light:
    """Light from a photo and from how a face is shaded.

    The main light follows from a least-squares fit of skin brightness to the normals of the mesh
    (spherical harmonics of first order: Ramamoorthi & Hanrahan 2001); the face's own brightness
    cancels out, so that dark and light skin are treated alike.

    Args:
        pixels: H×W×3 uint8, a small version of the photo.
        skin: N×3 linear RGB at points of the face that are skin.
        normals: N×3 unit normals there, towards the camera (z < 0).
    """
    linear = srgb_to_linear(pixels.astype(np.float32) / 255).reshape(-1, 3)
    mean = linear.mean(0)
    level = float(np.clip(mean.mean() / MEAN_REFLECTANCE, 0.03, 1.15))
    white = level * _cast(mean, skin.mean(0))
    brightness = skin.mean(1)
    basis = np.concatenate([np.ones((len(normals), 1), np.float32), normals], 1)
    # A little ridge keeps a noisy or half-hidden face from inventing a light.
    ridge = np.diag([0, 1, 1, 1]) * len(normals) * 0.01
    fit = np.linalg.solve(basis.T @ basis + ridge, basis.T @ brightness)
    slope = fit[1:]
    strength = float(np.linalg.norm(slope) / max(brightness.mean(), 1e-4))
    # Indoors and outdoors alike light comes from above and from the camera's side.
    direction = slope / max(float(brightness.mean()), 1e-4) + np.array([0, -0.35, -0.25])
    direction[2] = min(direction[2], -0.1)
    return Light(
        white.astype(np.float32),
        (direction / np.linalg.norm(direction)).astype(np.float32),
        float(np.clip(strength, 0.15, 0.9)),
    )


def _cast(scene: Array, skin: Array) -> Array:
    """3, the colour of the light, of mean 1, out of the mean linear RGB of a scene and of skin.

    Skin of all tones has nearly one hue, which tells more than a grey world does; small casts are
    put down to the scene and the skin, large ones to the light."""
    tones, world = (np.log(np.maximum(color, 1e-4)) for color in (skin, scene))
    skin_ratios, world_ratios = (tones - tones[1])[[0, 2]], (world - world[1])[[0, 2]]
    if np.abs(skin_ratios).max() < GREY:
        return np.ones(3, np.float32)
    off = SKIN_TRUST * (skin_ratios - SKIN_RATIOS)
    off += (1 - SKIN_TRUST) * (world_ratios - WORLD_RATIOS)
    size = float(off @ off)
    red, blue = np.exp(off * size / (size + USUAL_CAST**2))
    cast = np.array([red, 1, blue], np.float32)
    return np.asarray(np.clip(cast / cast.mean(), 0.3, 2.2), np.float32)


def find_scene(pixels: Pixels) -> NDArray[np.uint8]:
    """A photo shrunk to a picture at most 64 px a side."""
    # Averaging all pixels of a large photo would take long and tell no more.
    step = max(1, max(pixels.shape[:2]) // (4 * SCENE))
    pixels = pixels[::step, ::step]
    shrink = SCENE / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink)))
    small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
    return to_8_bit(np.asarray(small, pixels.dtype))


def find_light(pixels: Pixels, scene: NDArray[np.uint8], head: Head) -> Light:
    """The light on a face of a photo.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16.
        scene: the small picture of it, from `find_scene`.
        head: the face, whose skin tells the light: a patch of 5 mm around each point.
    """
    camera = head.to_camera(head.face)
    normals = _vertex_normals(camera[:468], head.triangles)
    spots = head.view.project(camera[list(SKIN)])
    radius = max(1, round(2.5 * head.view.scale))
    height, width = pixels.shape[:2]
    colors, kept = [], []
    for (x, y), normal in zip(spots, normals[list(SKIN)], strict=True):
        column, row = int(x), int(y)
        if radius <= column < width - radius and radius <= row < height - radius:
            patch = pixels[row - radius : row + radius, column - radius : column + radius]
            colors.append(pixels_to_linear(patch).mean((0, 1)))
            kept.append(normal)
    if len(kept) < 6:
        colors, kept = [np.full(3, 0.2, np.float32)] * 6, [np.array([0, 0, -1], np.float32)] * 6
    light = estimate_light(scene, np.array(colors, np.float32), np.array(kept, np.float32))
    face = head.view.project(camera) * (scene.shape[1] / width)
    return replace(light, scene=_around(scene, face))


def _around(scene: NDArray[np.uint8], face: Array) -> Array:
    """`Light.scene`: nobody knows what lies behind the camera, but it seldom differs much from what
    lies before it, mirrored (Khan, Reinhard, Fleming & Bülthoff 2006, "Image-based material
    editing"). The face itself (N×2 px) does not count."""
    linear = srgb_to_linear(scene.astype(np.float32) / 255)
    weight = np.ones(scene.shape[:2], np.float32)
    hull = cv2.convexHull(np.rint(face).astype(np.int32))
    cv2.fillConvexPoly(weight, hull, 0.002)
    blur = (0, 0), SCENE_BLUR * SCENE
    shown = np.asarray(cv2.GaussianBlur(linear * weight[..., None], *blur), np.float32)
    shown /= np.maximum(cv2.GaussianBlur(weight, *blur), 1e-5)[..., None]
    shown = np.clip(shown / max(float(shown.mean()), 1e-4), *SCENE_RANGE)
    return np.asarray(cv2.resize(shown, (SCENE, SCENE)), np.float32)


def _vertex_normals(vertices: Array, triangles: Triangles) -> Array:
    """V×3 unit normals, towards the camera."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    corners = triangles.T.ravel()
    normals = np.stack(
        [
            np.bincount(corners, np.tile(axis, 3), len(vertices))
            for axis in np.cross(b - a, c - a).T
        ],
        1,
    )
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.where(normals[:, 2:] > 0, -normals, normals), np.float32)


def smooth_step(t: Array) -> Array:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
