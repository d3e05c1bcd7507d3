"""Cuts a face out of a photo as the generator makes them: upright, eyes and mouth in their places.

The way of FFHQ (Karras et al. 2018, https://arxiv.org/abs/1812.04948, appendix A).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Point = NDArray[np.floating]


def align(image: Bytes, right: Point, left: Point, mouth: Point, side: int) -> Bytes:
    """Cuts a face out.

    Args:
        image: H×W×3. Beyond its edge it goes on mirrored.
        right: middle of the eye on the viewer's left, px.
        left: middle of the other eye.
        mouth: middle of the mouth.
        side: of the result, px.

    Returns:
        side×side×3.
    """
    eyes = (right + left) / 2
    across, down = left - right, mouth - eyes
    # FFHQ's axis across the face: what the line of the eyes and that of the nose agree on.
    x = across + np.array([down[1], -down[0]])
    x *= max(np.hypot(*across) * 2.0, np.hypot(*down) * 1.8) / np.hypot(*x)
    y = np.array([-x[1], x[0]])
    corner = eyes + down * 0.1 - x - y
    zoom = max(1, round(2 * np.hypot(*x) / side))  # oversampled, then averaged
    size = side * zoom
    to_photo = np.stack([2 * x / size, 2 * y / size, corner], 1)
    to_photo[:, 2] += to_photo[:, :2] @ [0.5, 0.5] - 0.5  # warpAffine counts from pixel centres
    large = cv2.warpAffine(
        image,
        to_photo,
        (size, size),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    return shrunk(np.asarray(large, np.uint8), side)


def shrunk(image: Bytes, side: int) -> Bytes:
    """A picture at side×side, by the mean over areas."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
