"""The photo's camera.

Camera space: millimetres, origin at the head, x right, y down, z away from the camera.
"""

from dataclasses import dataclass

import numpy as np

from genapp.tryon.arrays import Array


@dataclass(frozen=True)
class View:
    """A pinhole camera."""

    origin: tuple[float, float]
    """Where the origin of camera space is in the photo, px."""
    scale: float
    """Pixels per millimetre at the origin's distance."""
    distance: float
    """From the pinhole to the origin, mm."""

    def zoomed(self, corner: tuple[float, float], zoom: float) -> "View":
        """The camera of the part of the photo from `corner` (px) on, at `zoom` times its size."""
        x, y = ((at - start) * zoom for at, start in zip(self.origin, corner, strict=True))
        return View((x, y), self.scale * zoom, self.distance)

    def project(self, points: Array) -> Array:
        """N×3 mm in camera space → N×2 px in the photo."""
        nearness = self.distance / (self.distance + points[:, 2:])
        return np.asarray(points[:, :2] * nearness * self.scale + np.array(self.origin), np.float32)

    def unproject(self, pixels: Array, depth: Array) -> Array:
        """N×2 px and N depths (mm) → N×3 mm in camera space."""
        spread = (self.distance + depth[:, None]) / self.distance / self.scale
        flat = (pixels - np.array(self.origin)) * spread
        return np.concatenate([flat, depth[:, None]], 1).astype(np.float32)
