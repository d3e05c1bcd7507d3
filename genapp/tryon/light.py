"""The light in a photo, and how frame and lenses answer it.

Directions are in camera space: x right, y down, z away from the camera.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genapp.tryon.arrays import Array
from genapp.tryon.color import srgb_to_linear

MEAN_REFLECTANCE = 0.22
"""What an average scene reflects: how bright white would be follows from the photo's mean."""


@dataclass(frozen=True, eq=False)
class Light:
    """Ambient light with one soft main light. All radiances are linear, 1 = white of the photo."""

    white: Array
    """3, linear RGB of a white surface in this light."""
    direction: Array
    """3, unit vector towards the main light."""
    contrast: float
    """0 flat light … 1 hard light."""

    def diffuse(self, normals: Array) -> Array:
        """N×3 light that reaches surfaces with N×3 unit normals."""
        facing = normals @ self.direction
        level = 1 - 0.45 * self.contrast + 0.9 * self.contrast * np.clip(facing, -0.5, 1)
        return np.asarray(level[:, None] * self.white, np.float32)

    def seen(self, directions: Array, sharpness: float) -> Array:
        """N×3 radiance that comes from N×3 unit directions: a room that is bright above and dim
        below, with a soft box where the main light is. `sharpness`: 1 satin … 60 polished."""
        up = -directions[:, 1]
        room = 0.10 + 0.55 * smooth_step((up + 0.15) / 0.9)
        lobe = np.exp(sharpness * (directions @ self.direction - 1))
        box = (0.8 + 1.6 * self.contrast) * lobe
        return np.asarray((room + box)[:, None] * self.white, np.float32)


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
    level = float(np.clip(mean.mean() / MEAN_REFLECTANCE, 0.25, 1.15))
    cast = mean / max(float(mean.mean()), 1e-4)
    white = level * np.clip(1 + 0.35 * (cast - 1), 0.7, 1.3)
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


def smooth_step(t: Array) -> Array:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
