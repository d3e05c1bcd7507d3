"""sRGB and linear light (IEC 61966-2-1)."""

from functools import cache
from typing import Any

import cv2
import numpy as np

from genapp.errors import BadValue
from genapp.images import Pixels, from_float
from genapp.tryon.arrays import Array


def srgb_to_linear(srgb: Array) -> Array:
    """sRGB values 0..1 of any shape as linear light 0..1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def linear_to_srgb(linear: Array) -> Array:
    """Linear light 0..1 of any shape as sRGB values 0..1; what lies outside is clipped."""
    light = np.clip(linear, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(
        np.float32
    )


def pixels_to_linear(pixels: Pixels) -> Array:
    """uint8 or uint16 sRGB pixels, H×W×3, as linear light 0..1."""
    return np.asarray(cv2.LUT(pixels, _to_linear(pixels.dtype)), np.float32)


def linear_to_pixels(linear: Array, dtype: np.dtype[Any]) -> Pixels:
    """Linear light, H×W×3, as sRGB pixels, uint8 or uint16; what lies outside 0..1 is clipped."""
    if dtype == np.uint16:
        return from_float(linear_to_srgb(linear), dtype)
    # A table is ten times faster than the formula, and 16 bits in are enough for 8 bits out.
    # The stubs do not know that OpenCV multiplies by a number, rounding and clipping.
    fine = cv2.multiply(np.asarray(linear, np.float32), 65535, dtype=cv2.CV_16U)  # type: ignore[call-overload]
    return np.asarray(cv2.LUT(fine, _to_8_bit()), np.uint8)


@cache
def _to_linear(dtype: np.dtype[Any]) -> Array:
    top = np.iinfo(dtype).max
    return srgb_to_linear(np.arange(top + 1, dtype=np.float32) / top)


@cache
def _to_8_bit() -> Pixels:
    linear = np.arange(65536, dtype=np.float32) / 65535
    return from_float(linear_to_srgb(linear), np.dtype(np.uint8))


def parse_color(text: str) -> Array:
    """'#rrggbb' as three linear-light values 0..1. Raises `BadValue` for anything else."""
    digits = text[1:] if isinstance(text, str) and text.startswith("#") else ""
    try:
        # `fromhex` skips spaces.
        if len(digits) != 6 or len(bytes.fromhex(digits)) != 3:
            raise ValueError(digits)
        srgb = np.array(list(bytes.fromhex(digits)), np.float32) / 255
    except ValueError:
        raise BadValue(
            f"{text!r} is not a colour.", "Write it as '#rrggbb', for example '#203040'."
        ) from None
    return srgb_to_linear(srgb)


def format_color(linear: Array) -> str:
    """Three linear-light values 0..1 as '#rrggbb', the inverse of `parse_color`."""
    red, green, blue = np.rint(linear_to_srgb(np.asarray(linear)) * 255).astype(int).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"
