"""Looks: the same photo in another light or season. No network: colours are moved by rule.

The numbers were chosen by eye, on landscapes, houses and portraits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, from_float, to_float

Values = NDArray[np.float32]
Trio = tuple[float, float, float]

ROWS = 256
"""Rows that are made at a time."""
SMALL = 256
"""Longer side of the picture in which light that spreads is reckoned."""
FOLIAGE, FOLIAGE_WIDTH = 122.0, 48.0
"""Hue of leaves and grass in CIELAB, and where it ends to each side, in degrees."""
SKY, SKY_WIDTH = 262.0, 60.0
COLOURLESS, COLOURED = 6.0, 22.0
"""Chroma up to which a hue is noise, and from which on it counts in full."""
SHOULDER = 0.75
"""Light above which highlights are rolled off, of 0..1."""


@dataclass(frozen=True)
class Look:
    """What is done to a photo. What is left out changes nothing."""

    name: str
    description: str
    saturation: float = 1.0
    contrast: float = 1.0
    """Of the lightness, about its middle."""
    lift: float = 0.0
    """What black becomes, of 0..1."""
    foliage: tuple[float, float, float] | None = None
    """Hue in degrees that leaves and grass turn to, how far (0..1), and factor of their chroma."""
    foliage_light: float = 0.0
    """Lightness that they gain, 0..100."""
    sky: tuple[float, float] = (1.0, 0.0)
    """Factor of the chroma of what is blue, and lightness that it gains."""
    shadows: tuple[float, float] = (0.0, 0.0)
    """Added to a and b of what is dark."""
    highlights: tuple[float, float] = (0.0, 0.0)
    """Added to a and b of what is light."""
    gains: Trio = (1.0, 1.0, 1.0)
    """Factors of red, green and blue light."""
    evening: float = 0.0
    """How far large bright and dark parts are brought to the same light, 0..1."""
    glow: float = 0.0
    """Share of the brightest light that spreads."""
    sun: Trio = (0.0, 0.0, 0.0)
    """Light added where the photo is brightest, fading to all sides."""
    vignette: float = 0.0
    """Share of the light that is lost in the corners."""


LOOKS = (
    Look(
        "golden-hour",
        "Low, warm sun shortly before it sets.",
        saturation=1.08,
        contrast=1.1,
        foliage=(98.0, 0.5, 1.1),
        sky=(0.75, 2.0),
        shadows=(5.0, -4.0),
        highlights=(5.0, 14.0),
        gains=(1.14, 0.92, 0.72),
        glow=0.2,
        sun=(0.3, 0.15, 0.04),
        vignette=0.15,
    ),
    Look(
        "summer",
        "Bright sun, deep sky, fresh green.",
        saturation=1.1,
        contrast=1.08,
        foliage=(116.0, 0.5, 1.12),
        foliage_light=5.0,
        sky=(1.18, -2.0),
        highlights=(0.0, 4.0),
        gains=(1.12, 1.1, 1.02),
    ),
    Look(
        "autumn",
        "Leaves in gold and rust, soft light.",
        saturation=1.05,
        foliage=(68.0, 0.8, 1.12),
        sky=(0.75, 2.0),
        highlights=(2.0, 7.0),
        gains=(1.06, 0.98, 0.9),
        glow=0.1,
    ),
    Look(
        "winter",
        "Frost on leaves and grass, cold, pale light.",
        saturation=0.82,
        contrast=0.95,
        lift=0.02,
        foliage=(220.0, 0.6, 0.16),
        foliage_light=20.0,
        sky=(0.6, 8.0),
        shadows=(0.0, -5.0),
        highlights=(-1.0, -3.0),
        gains=(1.02, 1.08, 1.16),
        glow=0.1,
    ),
    Look(
        "overcast",
        "A grey day: flat light, quiet colours.",
        saturation=0.62,
        contrast=0.86,
        lift=0.02,
        sky=(0.3, 4.0),
        shadows=(-1.0, -3.0),
        gains=(0.92, 0.97, 1.02),
        evening=0.25,
    ),
    Look(
        "night",
        "By the light of a full moon.",
        saturation=0.42,
        contrast=1.05,
        sky=(1.3, -6.0),
        shadows=(2.0, -10.0),
        highlights=(-2.0, -6.0),
        gains=(0.19, 0.24, 0.36),
        evening=0.4,
        vignette=0.35,
    ),
)


def look_names() -> tuple[str, ...]:
    """Names of the looks."""
    return tuple(look.name for look in LOOKS)


class _Spread(NamedTuple):
    """What a place takes from its surroundings, h×w×3 in small."""

    factor: Values
    added: Values


def apply_look(
    pixels: Pixels, look: Look, done: Callable[[int], None] = lambda pixels: None
) -> NDArray[np.uint16]:
    """The photo in another look, H×W×3.

    Args:
        pixels: H×W×3, uint8 or uint16.
        look: which.
        done: told the number of pixels made, part by part.
    """
    height, width = pixels.shape[:2]
    spread = _spread(pixels, look)
    result = np.empty(pixels.shape, np.uint16)
    for top in range(0, height, ROWS):
        bottom = min(top + ROWS, height)
        graded = _graded(to_float(pixels[top:bottom]), look)
        factor, added = (_rows(each, (width, height), top, bottom) for each in spread)
        light = _rolled_off(graded * factor + added)
        result[top:bottom] = from_float(_encoded(light), np.uint16)
        done((bottom - top) * width)
    return result


def _graded(rgb: Values, look: Look) -> Values:
    """What depends on a pixel alone: h×w×3, encoded, to light."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)
    lightness, a, b = (lab[..., each] for each in range(3))
    hue = np.degrees(np.arctan2(b, a)) % 360
    chroma = np.hypot(a, b)
    coloured = _smooth_step((chroma - COLOURLESS) / (COLOURED - COLOURLESS))
    blue = _near(hue, SKY, SKY_WIDTH) * coloured
    factor = look.saturation * (1 + blue * (look.sky[0] - 1))
    lighter = blue * look.sky[1]
    if look.foliage is not None:
        target, share, chroma_factor = look.foliage
        green = _near(hue, FOLIAGE, FOLIAGE_WIDTH) * coloured
        hue = hue + green * share * (target - hue)
        factor = factor * (1 + green * (chroma_factor - 1))
        lighter = lighter + green * look.foliage_light * np.sqrt(lightness / 100)
    chroma = chroma * factor
    middle = 50.0
    lightness = np.clip((lightness + lighter - middle) * look.contrast + middle, 0, 100)
    lightness = 100 * look.lift + lightness * (1 - look.lift)
    bright = _smooth_step(lightness / 100)
    turn = np.radians(hue)
    lab[..., 0] = lightness
    for channel, part in ((1, np.cos(turn)), (2, np.sin(turn))):
        dark_tint, bright_tint = look.shadows[channel - 1], look.highlights[channel - 1]
        # Black and white stay so.
        room = np.minimum(lightness, 100 - 0.6 * lightness) / 40
        tint = (dark_tint * (1 - bright) + bright_tint * bright) * np.clip(room, 0, 1)
        lab[..., channel] = chroma * part + tint
    moved = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)
    return _light(np.asarray(moved, np.float32)) * np.array(look.gains, np.float32)


def _spread(pixels: Pixels, look: Look) -> _Spread:
    """Vignette, evened light, glow and sun, from the photo in small."""
    height, width = pixels.shape[:2]
    scale = min(1.0, SMALL / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    graded = _graded(to_float(np.asarray(small, pixels.dtype)), look)
    luma = graded @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    wide = max(size) / 8
    near = np.asarray(cv2.GaussianBlur(luma, (0, 0), wide), np.float32)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    out = np.hypot(x / size[0] - 0.5, y / size[1] - 0.5) / np.hypot(0.5, 0.5)
    factor = 1 - look.vignette * out**2
    factor = factor * (max(float(near.mean()), 1e-3) / np.maximum(near, 1e-3)) ** look.evening
    beyond = np.maximum(graded - 0.5, 0)
    added = look.glow * np.asarray(cv2.GaussianBlur(beyond, (0, 0), max(size) / 24), np.float32)
    if any(look.sun):
        farther = np.asarray(cv2.GaussianBlur(luma, (0, 0), max(size) / 6), np.float32)
        row, column = np.unravel_index(int(farther.argmax()), farther.shape)
        distance = np.hypot(x - column, y - row) / max(size)
        added = added + np.exp(-3.5 * distance)[..., np.newaxis] * np.array(look.sun, np.float32)
    three = np.repeat(factor[..., np.newaxis], 3, axis=2)
    return _Spread(np.asarray(three, np.float32), np.asarray(added, np.float32))


def _rows(small: Values, size: tuple[int, int], top: int, bottom: int) -> Values:
    """Rows of a small picture enlarged smoothly to that width and height."""
    height, width = small.shape[:2]
    y = (np.arange(top, bottom, dtype=np.float32) + 0.5) * height / size[1] - 0.5
    x = (np.arange(size[0], dtype=np.float32) + 0.5) * width / size[0] - 0.5
    across, down = np.meshgrid(x, y)
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(small, across, down, cv2.INTER_LINEAR, borderMode=border))


def _near(hue: Values, middle: float, width: float) -> Values:
    """1 at a hue, 0 from `width` degrees away on."""
    away = np.abs((hue - middle + 180) % 360 - 180) / width
    return _smooth_step(1.6 * (1 - away))


def _smooth_step(values: NDArray[Any]) -> Values:
    clipped = np.clip(values, 0, 1)
    return np.asarray(clipped * clipped * (3 - 2 * clipped), np.float32)


def _rolled_off(light: Values) -> Values:
    room = 1 - SHOULDER
    over = np.maximum(light - SHOULDER, 0)
    return np.asarray(np.minimum(light, SHOULDER) + room * np.tanh(over / room), np.float32)


def _light(encoded: Values) -> Values:
    """sRGB's transfer function, backwards: IEC 61966-2-1."""
    light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.asarray(light, np.float32)


def _encoded(light: Values) -> Values:
    root = np.maximum(light, 1e-6) ** (1 / 2.4)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * root - 0.055)
    return np.asarray(np.clip(encoded, 0, 1), np.float32)
