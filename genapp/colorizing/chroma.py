"""Coarse colours on a fine photograph: enlarged along its edges, its own lightness kept."""

import functools

import cv2
import numpy as np
import numpy.typing as npt

from genapp.images import Pixels

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
LUMINANCE = np.array([0.212671, 0.715160, 0.072169], np.float32)  # of linear RGB
SLACK = 2e-4  # how far outside sRGB, linear, rounding alone can bring a colour
GAMUT_STEPS = 14  # halvings in the search for the strongest chroma that sRGB has
GAMUT_LEVELS, GAMUT_HUES = 200, 360  # steps of the table of it


def enlarge(ab: Array, lightness: Array, *, radius: int = 2, edge: float = 3.0) -> Array:
    """Returns the colours at the size of the photograph, their borders on the photograph's edges.

    Args:
        ab: h×w×2 CIELAB.
        lightness: H×W, 0..100.
        radius: see `Guide`.
        edge: see `Guide`.
    """
    size = ab.shape[1], ab.shape[0]
    coarse = np.asarray(cv2.resize(lightness, size, interpolation=cv2.INTER_AREA), np.float32)
    return Guide(ab, coarse, radius=radius, edge=edge).rows(lightness, 0, lightness.shape[0])


class Guide:
    """Colours on a coarse grid that can be had on a finer one, some rows at a time.

    A guided filter (He et al. 2010; fast: https://arxiv.org/abs/1505.00996): in every window the
    colours are taken as a straight line of the lightness, found on the coarse grid and applied on
    the fine one.

    Args:
        ab: h×w×2 CIELAB; any other number of channels works alike.
        lightness: h×w, 0..100, of the photograph on the coarse grid.
        radius: of the windows, in coarse cells.
        edge: difference in lightness (standard deviation) from which on an edge counts.
    """

    def __init__(self, ab: Array, lightness: Array, *, radius: int = 2, edge: float = 3.0) -> None:
        window = (2 * radius + 1, 2 * radius + 1)
        kernel = np.ones(window, np.uint8)

        def mean(values: npt.NDArray[np.floating]) -> Array:
            blurred = cv2.blur(values, window, borderType=cv2.BORDER_REFLECT)
            return np.asarray(blurred, np.float32)

        level = mean(lightness)
        variance = mean(lightness * lightness) - level * level
        planes = []
        for plane in np.moveaxis(ab, 2, 0):
            value = mean(plane)
            slope = (mean(lightness * plane) - level * value) / (variance + edge**2)
            offset = mean(value - slope * level)
            # A straight line may leave the colours that are there: keep to the neighbourhood's.
            planes += [mean(slope), offset, cv2.erode(plane, kernel), cv2.dilate(plane, kernel)]
        self._planes = [np.asarray(plane, np.float32) for plane in planes]

    def rows(self, lightness: Array, top: int, height: int) -> Array:
        """Returns n×W×2 colours of the rows from ``top`` of a photograph.

        Args:
            lightness: n×W, 0..100, of these rows.
            top: the first of them.
            height: of the whole photograph.
        """
        count, width = lightness.shape

        def large(plane: Array) -> Array:
            rows = rows_between(plane, top, count, height)
            if rows.shape[1] == width:
                return rows
            wide = cv2.resize(rows, (width, count), interpolation=cv2.INTER_LINEAR)
            return np.asarray(wide, np.float32)

        channels = len(self._planes) // 4
        result = np.empty((count, width, channels), np.float32)
        for channel in range(channels):
            slope, offset, low, high = map(large, self._planes[4 * channel : 4 * channel + 4])
            np.clip(slope * lightness + offset, low, high, out=result[..., channel])
        return result


def rows_between(values: Array, top: int, count: int, height: int) -> Array:
    """Returns ``count`` rows from ``top`` of h×w(×c) values that were enlarged to ``height`` rows,
    linearly; their width stays."""
    if height == values.shape[0]:
        return values[top : top + count]
    place = (np.arange(top, top + count) + 0.5) * values.shape[0] / height - 0.5
    place = np.clip(place, 0, values.shape[0] - 1)
    above = np.minimum(place.astype(int), values.shape[0] - 1)
    below = np.minimum(above + 1, values.shape[0] - 1)
    share = (place - above).astype(np.float32).reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(values[above] * (1 - share) + values[below] * share, np.float32)


def lightness_of(pixels: Pixels) -> Array:
    """Returns the H×W CIELAB lightness, 0..100, of H×W×3 sRGB, uint8 or uint16.

    OpenCV's conversion errs by half a step of 8 bits, too much for 16.
    """
    light = _linear(pixels.dtype.name)[pixels] @ LUMINANCE
    dark = np.float32(903.2963) * light
    return np.where(light > 0.008856, 116 * np.cbrt(light) - 16, dark).astype(np.float32)


@functools.cache
def _linear(dtype: str) -> Array:
    """Returns the linear value of each value that a channel can have (IEC 61966-2-1)."""
    values = np.linspace(0, 1, np.iinfo(dtype).max + 1)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def to_rgb(lightness: Array, ab: Array) -> Array:
    """Returns the H×W×3 picture (sRGB 0..1) of a lightness and colours; the lightness stays.

    Where sRGB has no such colour its chroma is lowered until it has: clipping the channels, as
    converters do, would change the lightness.

    Args:
        lightness: H×W, 0..100.
        ab: H×W×2 CIELAB.
    """
    lab = np.dstack([lightness, ab]).astype(np.float32, copy=False)
    image = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
    # OpenCV clips: a channel at its end tells where there may be no such colour.
    outside = ((image <= 0) | (image >= 1)).any(-1)
    if outside.any():
        fitted = lab[outside]
        chroma = np.maximum(np.linalg.norm(fitted[:, 1:], axis=1), 1e-6)
        share = np.minimum(strongest_chroma(fitted) / chroma, 1)
        fitted[:, 1:] *= share[:, None]
        image[outside] = cv2.cvtColor(fitted[:, None], cv2.COLOR_Lab2RGB)[:, 0]
    return image


def strongest_chroma(lab: Array) -> Array:
    """Returns the m chromas that sRGB has at most for the lightness and hue of m×3 colours."""
    table = _gamut()
    hue = np.arctan2(lab[:, 2], lab[:, 1]) % np.float32(2 * np.pi)
    x = hue * np.float32(GAMUT_HUES / (2 * np.pi))
    y = lab[:, 0] * np.float32(GAMUT_LEVELS / 100)
    column, row = x.astype(np.int32), np.clip(y.astype(np.int32), 0, GAMUT_LEVELS - 1)
    column = np.minimum(column, GAMUT_HUES - 1)
    right, below = x - column, y - row
    upper = table[row, column] * (1 - right) + table[row, column + 1] * right
    lower = table[row + 1, column] * (1 - right) + table[row + 1, column + 1] * right
    return np.asarray(upper * (1 - below) + lower * below, np.float32)


@functools.cache
def _gamut() -> Array:
    """Returns the strongest chroma by lightness (rows, 0..100) and hue (columns, a full circle)."""
    lightness = np.linspace(0, 100, GAMUT_LEVELS + 1, dtype=np.float32)[:, None]
    hue = np.linspace(0, 2 * np.pi, GAMUT_HUES + 1, dtype=np.float32)
    direction = np.broadcast_to(
        np.stack([np.cos(hue), np.sin(hue)], axis=-1), (GAMUT_LEVELS + 1, GAMUT_HUES + 1, 2)
    )
    level = np.asarray(np.broadcast_to((lightness + 16) / 116, direction.shape[:2]), np.float32)
    strongest, step = np.zeros(level.shape, np.float32), np.float32(128)
    for _ in range(GAMUT_STEPS):
        inside = _in_gamut(_linear_rgb(level, direction * (strongest + step)[..., None]))
        strongest[inside] += step
        step /= np.float32(2)
    return strongest


def _in_gamut(linear: Array) -> npt.NDArray[np.bool_]:
    return np.asarray(((linear >= -SLACK) & (linear <= 1 + SLACK)).all(-1))


def _linear_rgb(level: Array, ab: Array) -> Array:
    """Returns …×3 linear RGB, unclipped, of the cube root of luminance and …×2 colours."""
    roots = np.stack([level + ab[..., 0] / 500, level, level - ab[..., 1] / 200], axis=-1)
    xyz = np.where(roots > 6 / 29, roots**3, (roots - 16 / 116) * 3 * (6 / 29) ** 2) * WHITE
    return np.asarray(xyz @ XYZ_TO_RGB.T, np.float32)
