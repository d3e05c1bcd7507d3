"""Does the person already wear glasses?

Rims, bridge and lens edges draw lines that a bare face has not: a linear classifier on histograms
of oriented gradients (Dalal & Triggs 2005) of the upright strip around the eyes.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, to_8_bit
from genapp.tryon.arrays import Array
from genapp.tryon.camera import crop, inverse
from genapp.tryon.color import pixels_to_linear
from genapp.tryon.occlusion import crop_matrix
from genapp.tryon.pose import Head

MODEL = "face/glasses-worn.hog"
WIDTH, HEIGHT = 112, 56
"""Of the strip, px."""
MM = 1.35
"""Millimetres a pixel: the strip is as wide as a face."""
CELL = 8
BINS = 9
LEAST = 0.02
"""Added to the length of a block, so that flat skin does not count as much as an edge; in parts of
the strip's brightness."""
UNDER_EYES = (22, 23, 24, 110, 230, 229, 252, 253, 254, 339, 450, 449)
"""Points of the mesh that lie behind the lenses of most glasses."""
CHEEKS = (50, 101, 205, 187, 280, 330, 425, 411)
"""Points below them."""
DARK = 0.22
"""Under sunglasses skin has less than this share of the cheeks' light. Of 44 pairs of glasses in
photos (every fourth labelled one of omi-0*) 3 were sunglasses, 0.12 and less; the others let 0.37
and more pass."""
NOTE = "You seem to be wearing glasses; take them off for a true picture."
SURE = 0.5
"""Score from which on glasses are reported; see training/glasses_worn.md for what it costs."""


@dataclass(frozen=True)
class Worn:
    """Whether someone already wears glasses."""

    value: bool
    score: float
    """0..1."""
    dark: bool = False
    """Whether they hide the eyes, as sunglasses do; only told of glasses that are seen."""


def find_worn(pixels: Pixels, head: Head, weights: Path) -> Worn:
    """Look for glasses on a face.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16.
        head: the face.
        weights: the classifier's .npz file: `weights` and `bias`.
    """
    slopes, bias = _load(weights)
    logit = float(features(strip(pixels, head)) @ slopes + bias)
    score = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
    value = bool(score >= SURE)
    return Worn(value, round(float(score), 3), value and _passing(pixels, head) < DARK)


def _passing(pixels: Pixels, head: Head) -> float:
    """Light of the skin under the eyes over that of the cheeks."""
    spots = head.view.project(head.to_camera(head.face[:468]))
    columns, rows = np.clip(spots.astype(int), 0, np.array(pixels.shape[1::-1]) - 1).T

    def light(points: tuple[int, ...]) -> float:
        skin = pixels[rows[list(points)], columns[list(points)]]
        return float(np.median(pixels_to_linear(skin[None]).mean(2)))

    return light(UNDER_EYES) / max(light(CHEEKS), 1e-4)


@lru_cache(1)
def _load(weights: Path) -> tuple[Array, float]:
    with np.load(weights, allow_pickle=False) as data:
        return data["weights"], float(data["bias"])


def strip(pixels: Pixels, head: Head) -> NDArray[np.uint8]:
    """The upright surroundings of the eyes, HEIGHT×WIDTH, grey."""
    to_strip = crop_matrix(head, (WIDTH, HEIGHT), MM)
    colors = to_8_bit(crop(pixels, inverse(to_strip), (WIDTH, HEIGHT), repeat=True))
    return np.asarray(cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY), np.uint8)


def features(grey: NDArray[np.uint8]) -> Array:
    """Histograms of oriented gradients of a strip, with its darkness around the eyes at the end."""
    image = grey.astype(np.float32)
    image /= max(float(image.mean()), 1.0)
    dx = cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=1)
    dy = cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=1)
    strength = np.hypot(dx, dy)
    place = np.mod(np.arctan2(dy, dx), np.pi) / np.pi * BINS
    low = np.floor(place).astype(int) % BINS
    share = place - np.floor(place)
    votes = np.zeros((BINS, HEIGHT, WIDTH), np.float32)
    np.put_along_axis(votes, low[None], (strength * (1 - share))[None], 0)
    votes_high = np.zeros_like(votes)
    np.put_along_axis(votes_high, ((low + 1) % BINS)[None], (strength * share)[None], 0)
    shape = (BINS, HEIGHT // CELL, CELL, WIDTH // CELL, CELL)
    cells = (votes + votes_high).reshape(shape).mean((2, 4))
    blocks = np.concatenate(
        [cells[:, :-1, :-1], cells[:, 1:, :-1], cells[:, :-1, 1:], cells[:, 1:, 1:]]
    )
    blocks /= np.sqrt((blocks**2).sum(0) + LEAST**2)
    shades = cv2.resize(image, (WIDTH // CELL, HEIGHT // CELL), interpolation=cv2.INTER_AREA)
    return np.concatenate([blocks.ravel(), shades.ravel()]).astype(np.float32)
