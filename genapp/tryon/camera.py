"""The photo's camera, and crops of the photo.

Camera space: millimetres, origin at the head, x right, y down, z away from the camera.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from genapp.images import Pixels
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


def crop(pixels: Pixels, to_photo: Array, size: tuple[int, int], *, repeat: bool = False) -> Pixels:
    """A turned and scaled part of a photo.

    Args:
        pixels: H×W×3.
        to_photo: 2×3, positions in the crop to positions in the photo, px; a similarity. The
            middle of the first pixel is at (0.5, 0.5) in both.
        size: width, height of the crop.
        repeat: beyond its edge the photo goes on as there; else it is black.
    """
    width, height = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    spots = corners @ to_photo[:, :2].T + to_photo[:, 2]
    x0, y0 = (int(max(np.floor(value), 0)) for value in spots.min(0) - 2)
    x1, y1 = (int(value) for value in np.minimum(spots.max(0) + 2, pixels.shape[1::-1]))
    x0, y0 = min(x0, pixels.shape[1] - 1), min(y0, pixels.shape[0] - 1)
    part = pixels[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    # Averaging first: a bilinear warp alone would skip pixels of a large face. Whole numbers of
    # pixels are averaged ten times as fast as fractions.
    whole = min(max(1, int(np.hypot(*to_photo[:, 0]))), *part.shape[:2])
    if whole > 1:
        columns, rows = part.shape[1] // whole, part.shape[0] // whole
        part = part[: rows * whole, : columns * whole]
        part = np.asarray(
            cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), part.dtype
        )
    to_part = to_photo.astype(np.float64)
    to_part[:, 2] -= (x0, y0)
    to_part /= whole
    # Pixel centres lie at half a pixel in photo coordinates, at whole numbers in warpAffine.
    to_part[:, 2] += to_part[:, :2] @ [0.5, 0.5] - 0.5
    warped = cv2.warpAffine(
        part,
        to_part,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if repeat else cv2.BORDER_CONSTANT,
    )
    return np.asarray(warped, pixels.dtype)


def inverse(matrix: Array) -> Array:
    """The affine map that undoes a 2×3 one."""
    return np.asarray(cv2.invertAffineTransform(np.asarray(matrix, np.float64)))
