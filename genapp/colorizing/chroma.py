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


def enlarge(ab: Array, lightness: Array, *, radius: int = 2, edge: float = 3.0) -> Array:
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
    size = ab.shape[1], ab.shape[0]
    coarse = np.asarray(cv2.resize(lightness, size, interpolation=cv2.INTER_AREA), np.float32)
    planes = [_enlarge_plane(ab[..., i], coarse, lightness, radius, edge) for i in range(2)]
    return np.stack(planes, axis=2)


def _enlarge_plane(plane: Array, coarse: Array, fine: Array, radius: int, edge: float) -> Array:
    def mean(values: Array) -> Array:
        size = (2 * radius + 1, 2 * radius + 1)
        return np.asarray(cv2.blur(values, size, borderType=cv2.BORDER_REFLECT), np.float32)

    def large(values: Array) -> Array:
        size = fine.shape[1], fine.shape[0]
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), np.float32)

    level, value = mean(coarse), mean(plane)
    variance = mean(coarse * coarse) - level * level
    covariance = mean(coarse * plane) - level * value
    slope = np.asarray(covariance / (variance + edge**2), np.float32)
    offset = np.asarray(value - slope * level, np.float32)
    result = large(mean(slope)) * fine + large(mean(offset))
    # A straight line may leave the colours that are there: keep to those of the neighbourhood.
    kernel = np.ones((2 * radius + 1,) * 2, np.uint8)
    low = np.asarray(cv2.erode(plane, kernel), np.float32)
    high = np.asarray(cv2.dilate(plane, kernel), np.float32)
    return np.asarray(np.clip(result, large(low), large(high)), np.float32)


def to_rgb(lightness: Array, ab: Array) -> Array:
    """Returns the H×W×3 picture (sRGB 0..1) of a lightness and colours; the lightness stays.

    Where sRGB has no such colour its chroma is lowered until it has: clipping the channels, as
    converters do, would change the lightness.

    Args:
        lightness: H×W, 0..100.
        ab: H×W×2 CIELAB.
    """
    level = np.asarray((lightness + 16) / 116, np.float32)
    linear = _linear_rgb(level, ab)
    outside = ~_in_gamut(linear)
    if outside.any():
        linear[outside] = _into_gamut(level[outside], ab[outside])
    linear = np.clip(linear, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(curved, np.float32)


def _into_gamut(level: Array, ab: Array) -> Array:
    """Returns m×3 linear RGB of m colours, their chroma as strong as sRGB allows."""
    share, step = np.zeros((len(level), 1), np.float32), np.float32(0.5)
    for _ in range(GAMUT_STEPS):
        inside = _in_gamut(_linear_rgb(level, ab * (share + step)))
        share[inside] += step
        step /= np.float32(2)
    return _linear_rgb(level, ab * share)


def _in_gamut(linear: Array) -> npt.NDArray[np.bool_]:
    return np.asarray(((linear >= -SLACK) & (linear <= 1 + SLACK)).all(-1))


def _linear_rgb(level: Array, ab: Array) -> Array:
    """Returns …×3 linear RGB, unclipped, of the cube root of luminance and …×2 colours."""
    roots = np.stack([level + ab[..., 0] / 500, level, level - ab[..., 1] / 200], axis=-1)
    xyz = np.where(roots > 6 / 29, roots**3, (roots - 16 / 116) * 3 * (6 / 29) ** 2) * WHITE
    return np.asarray(xyz @ XYZ_TO_RGB.T, np.float32)
