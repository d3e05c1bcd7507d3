"""Coarse colours on a fine photograph: enlarged along its edges, its own lightness kept."""

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

WHITE = np.array([0.950456, 1.0, 1.088754], np.float32)  # D65, as OpenCV has it
XYZ_TO_RGB = np.array(
    [
        [3.240479, -1.53715, -0.498535],
        [-0.969256, 1.875991, 0.041556],
        [0.055648, -0.204043, 1.057311],
    ],
    np.float32,
)
SLACK = 2e-4  # how far outside sRGB, linear, rounding alone can bring a colour
GAMUT_STEPS = 10  # halvings in the search for the strongest chroma that sRGB has


def enlarge(ab: Array, lightness: Array, *, radius: int = 3, edge: float = 3.0) -> Array:
    """Returns the colours at the size of the photograph, their borders on the photograph's edges.

    A guided filter (He et al. 2010; fast: https://arxiv.org/abs/1505.00996): in every window the
    colours are taken as a straight line of the lightness, found on the coarse grid and applied on
    the fine one.

    Args:
        ab: h×w×2 CIELAB.
        lightness: H×W, 0..100.
        radius: of the windows, in coarse cells.
        edge: difference in lightness (standard deviation) from which on an edge counts.
    """
    coarse = cv2.resize(lightness, ab.shape[1::-1], interpolation=cv2.INTER_AREA)
    planes = [_enlarge_plane(ab[..., i], coarse, lightness, radius, edge) for i in range(2)]
    return np.stack(planes, axis=2)


def _enlarge_plane(plane: Array, coarse: Array, fine: Array, radius: int, edge: float) -> Array:
    def mean(values: Array) -> Array:
        return np.asarray(cv2.blur(values, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REFLECT))

    def large(values: Array) -> Array:
        return cv2.resize(values, fine.shape[::-1], interpolation=cv2.INTER_LINEAR)

    level, value = mean(coarse), mean(plane)
    variance = mean(coarse * coarse) - level * level
    slope = (mean(coarse * plane) - level * value) / (variance + edge**2)
    result = large(mean(slope)) * fine + large(mean(value - slope * level))
    # A straight line may leave the colours that are there: keep to those of the neighbourhood.
    kernel = np.ones((2 * radius + 1,) * 2, np.uint8)
    low, high = large(cv2.erode(plane, kernel)), large(cv2.dilate(plane, kernel))
    return np.clip(result, low, high)


def to_rgb(lightness: Array, ab: Array) -> Array:
    """Returns the H×W×3 picture (sRGB 0..1) of a lightness and colours; the lightness stays.

    Where sRGB has no such colour its chroma is lowered until it has: clipping the channels, as
    converters do, would change the lightness.

    Args:
        lightness: H×W, 0..100.
        ab: H×W×2 CIELAB.
    """
    level = (lightness + 16) / 116
    linear = _linear_rgb(level, ab)
    outside = ~_in_gamut(linear)
    if outside.any():
        linear[outside] = _into_gamut(level[outside], ab[outside])
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _into_gamut(level: Array, ab: Array) -> Array:
    """Returns m×3 linear RGB of m colours, their chroma as strong as sRGB allows."""
    low, high = np.zeros_like(level), np.ones_like(level)
    for _ in range(GAMUT_STEPS):
        middle = (low + high) / 2
        linear = _linear_rgb(level, ab * middle[:, None])
        inside = _in_gamut(linear)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return _linear_rgb(level, ab * low[:, None])


def _in_gamut(linear: Array) -> npt.NDArray[np.bool_]:
    return np.asarray(((linear >= -SLACK) & (linear <= 1 + SLACK)).all(-1))


def _linear_rgb(level: Array, ab: Array) -> Array:
    """Returns …×3 linear RGB, unclipped, of the cube root of luminance and …×2 colours."""
    roots = np.stack([level + ab[..., 0] / 500, level, level - ab[..., 1] / 200], axis=-1)
    xyz = np.where(roots > 6 / 29, roots**3, (roots - 16 / 116) * 3 * (6 / 29) ** 2) * WHITE
    return np.asarray(xyz @ XYZ_TO_RGB.T, np.float32)
