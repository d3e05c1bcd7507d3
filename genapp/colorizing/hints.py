"""Hints: points of a photograph whose colour the user knows."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from genapp.errors import BadValue

RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Hint:
    """What is at a place of the photograph has this colour.

    The photograph keeps its own lightness: of the colour, only hue and chroma are used.

    Attributes:
        x, y: pixels of the upright photograph, from its top left corner.
        rgb: sRGB, 0..1 each.

    Raises:
        BadValue: a place that is no number, or a colour outside 0..1.
    """

    x: float
    y: float
    rgb: RGB

    def __post_init__(self) -> None:
        if not (math.isfinite(self.x) and math.isfinite(self.y)):
            raise BadValue(f"The hint's place is {self.x}, {self.y}.", "Give two numbers.")
        if len(self.rgb) != 3 or not all(0 <= value <= 1 for value in self.rgb):
            raise BadValue(
                f"The hint's colour is {self.rgb}.", "Give red, green and blue from 0 to 1."
            )

    @property
    def lab(self) -> tuple[float, float, float]:
        """The colour in CIELAB (D65)."""
        color = np.array(self.rgb, np.float32).reshape(1, 1, 3)
        lightness, a, b = cv2.cvtColor(color, cv2.COLOR_RGB2Lab)[0, 0]
        return float(lightness), float(a), float(b)

    def moved(self, factor_x: float, factor_y: float) -> "Hint":
        """The same hint on a photograph of another size."""
        return replace(self, x=self.x * factor_x, y=self.y * factor_y)

    def __str__(self) -> str:
        """As `parse_hint` reads it; the colour with 8 bits."""
        return f"{self.x:g},{self.y:g},{color_name(self.rgb)}"


def parse_hint(text: str) -> Hint:
    """A hint written as X,Y,#rrggbb: `120,80,#3a6ea5`.

    Raises:
        BadValue: it is written in another way.
    """
    parts = [part.strip() for part in text.split(",")]
    try:
        x, y = (float(part) for part in parts[:2])
        (color,) = parts[2:]
    except ValueError as error:
        raise BadValue(
            f"{text!r} is no hint.", "Write X,Y,#rrggbb: a place in pixels and its colour."
        ) from error
    return Hint(x, y, parse_color(color))


def parse_color(text: str) -> RGB:
    """A colour written as #rrggbb or #rgb, the # may be missing. Raises `BadValue`."""
    digits = text.strip().removeprefix("#")
    if re.fullmatch(r"[0-9a-fA-F]{3}", digits):
        digits = "".join(2 * digit for digit in digits)
    if not re.fullmatch(r"[0-9a-fA-F]{6}", digits):
        raise BadValue(f"{text!r} is no colour.", "Write it as #rrggbb, for instance #3a6ea5.")
    red, green, blue = (int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4))
    return red, green, blue


def color_name(rgb: RGB) -> str:
    """#rrggbb of sRGB 0..1."""
    return "#" + "".join(f"{round(255 * value):02x}" for value in rgb)


def checked_hints(hints: Iterable[Hint | str], width: int, height: int) -> tuple[Hint, ...]:
    """The hints, once all of them lie on the photograph.

    Args:
        hints: or texts for `parse_hint`.
        width, height: of the photograph, in pixels.

    Raises:
        BadValue: one lies outside, or is written in another way.
    """
    found = tuple(parse_hint(hint) if isinstance(hint, str) else hint for hint in hints)
    for hint in found:
        if not (0 <= hint.x <= width and 0 <= hint.y <= height):
            raise BadValue(
                f"The hint at {hint.x:g}, {hint.y:g} lies outside the photo of {width}×{height}.",
                "Place it inside.",
            )
    return found
