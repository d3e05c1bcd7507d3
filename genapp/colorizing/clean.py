"""Old photographs mended before they are coloured: grain, scratches and dust, contrast."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genapp.errors import check_number

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SCALES = 3
"""Sizes of grain that are looked for, each twice as coarse as the one before."""
COARSER = (0.4, 0.15, 0.1)
"""The power of grain of a size is at most this part of that of the finer one: the rest is image."""
WINDOW = 5
"""Side of the windows in which detail is told from grain, in pixels of that size."""
FLATTEST = 0.1
"""The part of the windows in which there is nothing but grain."""
FACTOR = 2.0
"""Detail with less than this many times the power of the flattest parts is taken for grain."""
MOST = 0.85
"""The most that is taken of it: without any grain skin looks like wax."""
BANDS = np.linspace(0, 100, 9, dtype=np.float32)
"""Lightnesses at which grain is measured: that of film is strongest in the middle tones."""
LOOK = 1400
"""Long side at which scratches and dust are looked for, in pixels."""
SHORTEST = 0.08
"""Least length of a light scratch, in short sides of the photo,"""
SHORTEST_DARK = 0.3
"""and of a dark one: lips and wrinkles are dark lines too."""
FEWEST = 20
"""Least length in pixels."""
GAP = 6
"""Longest piece of it that may be hidden, in pixels."""
BESIDE = (4, 7)
"""Distances at which its ground is looked at, on either side."""
SEEN = 0.7
"""Part of it that has to stand out from its ground, more than its two sides differ."""
GROUND, DENSE = 25, 0.25
"""Side of a window in pixels, and part of it beyond which ridges are texture, such as hair."""
CROWD = 0.02
"""Part of the neighbourhood beyond which spots are texture,"""
AROUND = 101
"""and the side of that neighbourhood, in pixels."""
SPECK = 6
"""Side of the largest speck of dust, in pixels."""
CLEAR = 7.0
"""Least difference in lightness to the ground, at full strength."""
TIMES = (1, 2, 4)
"""So many times that much is looked for too: among grain only what is clearer is a line."""
TAIL = 0.005
"""Part of the photo that contrast leaves beyond its ends on either side,"""
ROOM = 2.0
"""and the lightness that it is given there: so nothing is clipped."""
MOST_GAIN = 2.5
"""Contrast is raised at most this much: fog stays fog."""


@dataclass(frozen=True)
class Clean:
    """What to mend, each 0 (nothing) … 1 (all that can be).

    Attributes:
        denoise: grain and noise.
        scratches: scratches and dust; less than 1 takes only the clearest.
        contrast: greyed blacks and yellowed whites.
    """

    denoise: float = 0.0
    scratches: float = 0.0
    contrast: float = 0.0

    def __post_init__(self) -> None:
        for name in ("denoise", "scratches", "contrast"):
            check_number(name, getattr(self, name), 0, 1)

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.denoise or self.scratches or self.contrast)


def clean(lightness: Array, settings: Clean) -> Array:
    """Returns the photo mended: scratches first, which grain must not hide, contrast last.

    Args:
        lightness: H×W, 0..100.
        settings: what to mend.
    """
    result = lightness
    if settings.scratches:
        result = without_scratches(result, settings.scratches)
    if settings.denoise:
        result = denoised(result, settings.denoise)
    if settings.contrast:
        result = stretched(result, settings.contrast)
    return result


def stretched(lightness: Array, amount: float) -> Array:
    """Returns the photo with black blacks and white whites, in a straight line between them.

    The line bends near its ends, so that different tones stay different.

    Args:
        lightness: H×W, 0..100.
        amount: 0..1.
    """
    sample = lightness[:: max(lightness.shape[0] // 512, 1), :: max(lightness.shape[1] // 512, 1)]
    low, high = (float(value) for value in np.quantile(sample, (TAIL, 1 - TAIL)))
    least, most = float(lightness.min()), float(lightness.max())
    if high - low < 1:
        return lightness
    gain = min((100 - 2 * ROOM) / (high - low), MOST_GAIN)
    # What is missing to the full range is left free on both sides in proportion.
    free = 100 - gain * (high - low)
    start = free * low / (low + 100 - high)
    known = np.array([least, low, high, most])
    wanted = np.array([start * least / max(low, 1e-6), start, start + gain * (high - low), 0])
    wanted[3] = 100 - (100 - wanted[2]) * (100 - most) / max(100 - high, 1e-6)
    rising = np.concatenate([[True], np.diff(known) > 0])
    curve = np.interp(lightness, known[rising], wanted[rising])
    return np.asarray(lightness + np.float32(amount) * (curve - lightness), np.float32)


def denoised(lightness: Array, amount: float) -> Array:
    """Returns the photo with less grain; edges and textures that rise out of it stay.

    The photo is taken apart into details of a few sizes (a Laplacian pyramid: Burt and Adelson
    1983); where there is hardly more of a size than grain alone would give, it is lowered
    (Wiener's filter). How much the grain gives is what the flattest parts of the photo have.

    Args:
        lightness: H×W, 0..100.
        amount: 0..1.
    """
    return _denoised(lightness, np.float32(MOST * amount), 0, None)


def _denoised(lightness: Array, amount: np.float32, scale: int, limit: Array | None) -> Array:
    if scale == SCALES or min(lightness.shape) < 2 * WINDOW:
        return lightness
    size = lightness.shape[1], lightness.shape[0]
    smaller = np.asarray(cv2.pyrDown(lightness), np.float32)
    smooth = np.asarray(cv2.pyrUp(smaller, dstsize=size), np.float32)
    detail = lightness - smooth
    power = _mean(detail * detail, WINDOW)
    grain = _grain(smooth, power, limit)
    noise = np.interp(smooth, BANDS, grain).astype(np.float32)
    keep = np.maximum(1 - np.float32(FACTOR) * noise / np.maximum(power, 1e-6), 0)
    detail *= 1 + amount * (keep - 1)
    rest = _denoised(smaller, amount, scale + 1, grain * np.float32(COARSER[scale]))
    return np.asarray(cv2.pyrUp(rest, dstsize=size), np.float32) + detail


def _mean(values: Array, side: int) -> Array:
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def _grain(lightness: Array, power: Array, limit: Array | None) -> Array:
    """Returns the power of the grain at the lightnesses `BANDS`."""
    step = max(min(lightness.shape) // 512, 1)
    level, power = lightness[::step, ::step].ravel(), power[::step, ::step].ravel()
    band = np.searchsorted(BANDS[:-1] + np.diff(BANDS) / 2, level)
    enough = [number for number in range(len(BANDS)) if (band == number).sum() > 64]
    if not enough:
        return np.zeros_like(BANDS)
    found = np.array([np.quantile(power[band == number], FLATTEST) for number in enough])
    # A band full of texture has no flat parts: grain differs less than that between tones.
    found = np.minimum(found, 3 * np.quantile(found, 0.3))
    grain = np.interp(BANDS, BANDS[enough], found).astype(np.float32)
    return grain if limit is None else np.asarray(np.minimum(grain, limit), np.float32)


def without_scratches(lightness: Array, amount: float) -> Array:
    """Returns the photo with scratches and dust painted over from their borders.

    Args:
        lightness: H×W, 0..100.
        amount: above 0..1.
    """
    mask = scratches(lightness, amount)
    if not mask.any():
        return lightness
    return _filled(lightness, mask)


def scratches(lightness: Array, amount: float) -> Mask:
    """Finds straight thin lines, and light specks, on even ground.

    What lies among other detail (hair, lashes, teeth, the light in an eye) is left alone, and so
    are dark specks: nostrils and moles are.

    Args:
        lightness: H×W, 0..100.
        amount: above 0..1: the lower, the clearer a scratch has to be.
    """
    height, width = lightness.shape
    factor = min(LOOK / max(height, width), 1.0)
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    small = np.asarray(cv2.resize(lightness, size, interpolation=cv2.INTER_AREA), np.float32)
    least = CLEAR / amount
    found = _lines(small, least, SHORTEST) | _lines(-small, least, SHORTEST_DARK)
    found |= _specks(small, 1.5 * least)
    grown = cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8))
    whole = cv2.resize(grown, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole, np.bool_)


def _lines(values: Array, least: float, shortest: float) -> Mask:
    """Finds straight thin lines that are higher than what is on either side of them."""
    opened = np.asarray(cv2.morphologyEx(values, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)))
    rise = np.asarray(values - opened, np.float32)
    highest = np.asarray(cv2.dilate(values, np.ones((3, 3), np.uint8)), np.float32)
    length = max(shortest * min(values.shape), FEWEST)
    found = np.zeros(values.shape, np.uint8)
    for factor in TIMES:
        # A clear line is no scratch where there are others half as clear beside it: hair.
        others = _mean((rise > max(factor / 2, 1) * least).astype(np.float32), GROUND)
        for ends in _straight((rise > factor * least) & (others <= DENSE), length):
            if _stands_out(highest, ends, least):
                first, last = np.rint(ends).astype(int).tolist()
                cv2.line(found, first, last, 1, 2)
    return found.astype(np.bool_)


def _straight(ridges: Mask, length: float) -> npt.NDArray[np.float64]:
    """Returns the straight parts of ridges: n×2×2, both ends of each, x and y."""
    found = cv2.HoughLinesP(
        ridges.astype(np.uint8), 1, np.pi / 180, FEWEST - 5, minLineLength=length, maxLineGap=GAP
    )
    return np.zeros((0, 2, 2)) if found is None else np.asarray(found, np.float64).reshape(-1, 2, 2)


def _stands_out(highest: Array, ends: npt.NDArray[np.float64], least: float) -> bool:
    """Whether a line, from one end (x, y) to the other, is higher than its ground."""
    along = ends[1] - ends[0]
    length = float(np.hypot(*along))
    points = ends[0] + np.linspace(0, 1, round(length) + 1)[:, None] * along
    across = np.array([-along[1], along[0]]) / length
    middle = _values_at(highest, points)
    sides = [_values_at(highest, points + by * across) for far in BESIDE for by in (far, -far)]
    high, low = np.maximum.reduce(sides), np.minimum.reduce(sides)
    rise = middle - high
    seen = (rise > least) & (rise > high - low)
    return bool(seen.mean() >= SEEN)


def _values_at(values: Array, points: npt.NDArray[np.float64]) -> Array:
    """Returns the values at the pixels nearest to n×2 points (x, y)."""
    x, y = np.rint(points).astype(int).T
    height, width = values.shape
    return np.asarray(values[y.clip(0, height - 1), x.clip(0, width - 1)], np.float32)


def _specks(values: Array, least: float) -> Mask:
    """Finds small spots that are higher than the even ground around them."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (SPECK + 1, SPECK + 1))
    rise = values - np.asarray(cv2.morphologyEx(values, cv2.MORPH_OPEN, disc), np.float32)
    inner, outer = SPECK + 3, 3 * SPECK + 1
    share = (inner / outer) ** 2
    squares = values * values
    mean = (_mean(values, outer) - share * _mean(values, inner)) / (1 - share)
    power = (_mean(squares, outer) - share * _mean(squares, inner)) / (1 - share)
    uneven = np.sqrt(np.maximum(power - mean * mean, 0))
    spots = rise > least
    crowd = _mean(spots.astype(np.float32), AROUND)
    found = spots & (rise > 5 * uneven) & (values - mean > 5 * uneven) & (crowd < CROWD)
    return np.asarray(found, np.bool_)


def _filled(lightness: Array, mask: Mask) -> Array:
    """Returns the photo with what is in the mask continued from around it (Telea 2004)."""
    radius = max(3.0, 3 * max(lightness.shape) / LOOK)
    return np.asarray(
        cv2.inpaint(lightness, mask.astype(np.uint8), radius, cv2.INPAINT_TELEA), np.float32
    )
