"""What the photo is before it is coloured: grey, of one tone, faded colours, or in colour."""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from genapp.images import Pixels

Array = npt.NDArray[np.float32]
Kind = Literal["grey", "tinted", "faded", "coloured"]

KINDS: tuple[Kind, ...] = ("grey", "tinted", "faded", "coloured")
SIDE = 128
"""Longest side that is looked at: JPEG's and the scanner's coloured noise averages out."""
BANDS = 8
"""Of lightness: in each of them a tone has one colour."""
OWN = 5.5
"""Distance from the tone of its lightness from which on a colour is one of its own, CIELAB."""
ACROSS = 3.5
"""The same across the tone's hue: stains and fading only change how strong a tone is."""
SHARE = 0.08
"""Part of the photo with colours of its own from which on it is a photo in colour."""
SPOT = 0.002
"""Part from which on such colours are worth a word: a stamp, a date in orange."""
TINT = 2.0
"""Mean chroma from which on a tone is seen."""
BLACK = 24.0
"""Lightness of the darkest hundredth above which the dyes of a colour photo have faded,"""
STRONG = 25.0
"""unless the tenth of the photo that is furthest from its tone is this far from it, CIELAB."""


@dataclass(frozen=True)
class Source:
    """What was seen.

    Attributes:
        kind: "grey"; "tinted", grey with one tone, such as sepia, cyanotype or yellowed paper;
            "faded", weak colours without black; or "coloured".
        tint: a and b of the tone, CIELAB units; of a photo in colour its mean colour.
        own_colors: part of the photo, 0..1, whose colour no tone explains.
        sentence: what that means for the user; "" for a plain grey photo.
    """

    kind: Kind
    tint: tuple[float, float]
    own_colors: float
    sentence: str

    @property
    def has_colors(self) -> bool:
        """Whether there are colours that colouring replaces."""
        return self.kind in ("faded", "coloured")


def look_at(rgb: Array | Pixels) -> Source:
    """Tells grey, toned, faded and coloured photos apart.

    In a toned photo the colour depends on the lightness alone, up to noise and stains.

    Args:
        rgb: H×W×3, sRGB, float 0..1, uint8 or uint16.
    """
    lab = np.asarray(cv2.cvtColor(_small(rgb), cv2.COLOR_RGB2Lab), np.float32).reshape(-1, 3)
    lightness, ab = lab[:, 0], lab[:, 1:]
    levels, tones = _tones(lightness, ab)
    fitted = np.stack([np.interp(lightness, levels, tones[:, i]) for i in range(2)], axis=1)
    a, b = tones.mean(0)
    strength = float(np.linalg.norm(tones, axis=1).mean())
    across = (ab - fitted) @ np.array([-b, a]) / max(math.hypot(a, b), 1e-6)
    distance = np.linalg.norm(ab - fitted, axis=1)
    if strength < TINT:
        own = distance > OWN
    else:
        # A tone that bends is none: leaves in the shade and flowers in the light.
        bend = np.abs(fitted @ np.array([-b, a])) / max(math.hypot(a, b), 1e-6)
        own = (np.abs(across) > ACROSS + 0.03 * strength) | (bend > 0.25 * strength + ACROSS)
        own |= distance > OWN + 0.4 * strength
    share = float(own.mean())
    weak = np.quantile(lightness, 0.01) > BLACK and np.quantile(distance, 0.9) < STRONG
    kind = _kind(share, strength, bool(weak))
    return Source(kind, (float(a), float(b)), share, _sentence(kind, float(a), float(b), share))


def _small(rgb: Array | Pixels) -> Array:
    height, width = rgb.shape[:2]
    factor = min(SIDE / max(height, width), 1.0)
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    white = {"uint8": 255, "uint16": 65535}.get(rgb.dtype.name, 1)
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    return small.reshape(size[1], size[0], 3) / np.float32(white)


def _tones(lightness: Array, ab: Array) -> tuple[Array, Array]:
    """Returns the lightness, rising, and the median colour of each band of it that is there."""
    parts = np.array_split(np.argsort(lightness, kind="stable"), BANDS)
    parts = [part for part in parts if len(part)]
    levels = np.array([np.median(lightness[part]) for part in parts], np.float32)
    tones = np.array([np.median(ab[part], axis=0) for part in parts], np.float32)
    return levels, tones


def _kind(share: float, strength: float, weak: bool) -> Kind:
    if share >= SHARE:
        return "faded" if weak else "coloured"
    return "tinted" if strength >= TINT else "grey"


def _sentence(kind: Kind, a: float, b: float, share: float) -> str:
    if kind == "coloured":
        return "The photo is in colour already: its colours are replaced."
    if kind == "faded":
        return "The photo is in colour already, and faded: its colours are replaced."
    spot = ""
    if share >= SPOT:
        spot = f" {100 * share:.1g} % of it has a colour of its own, which is replaced."
    if kind == "tinted":
        return f"The photo is toned {_hue_name(a, b)}: the tone is left out.{spot}"
    return spot.strip()


def _hue_name(a: float, b: float) -> str:
    """Returns the tone's name by its hue in CIELAB."""
    hue = math.degrees(math.atan2(b, a)) % 360
    names = ((25, "red"), (75, "brown"), (115, "yellow"), (200, "green"), (300, "blue"))
    return next((name for end, name in names if hue < end), "purple")
