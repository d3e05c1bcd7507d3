"""Draws what may be before a face: hands of capsules, locks of hair, smooth objects.

A sprite is grey shading and an alpha, `SIDE`×`SIDE`, `MM` a pixel; colour comes with composition.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SIDE = 144
MM = 1.5
"""Millimetres a pixel."""


@dataclass(frozen=True, eq=False)
class Sprite:
    """Something to lay over a face."""

    kind: str
    """"hand", "hair" or "object"."""
    shading: Array
    """SIDE×SIDE, 1 = as bright as its colour."""
    alpha: Array
    """SIDE×SIDE, 0..1."""
    nails: Array
    """SIDE×SIDE, 0..1: where a finger nail is."""
    tip: tuple[float, float]
    """The pixel that is laid on a spot of the face."""


def hand(rng: np.random.Generator) -> Sprite:
    """A hand that comes from below, with one to five fingers, lit from anywhere."""
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).astype(np.float32)
    height = np.zeros((SIDE, SIDE), np.float32)
    nails = np.zeros((SIDE, SIDE), np.float32)
    knuckle_line = SIDE - rng.uniform(30, 62)
    across = rng.uniform(9, 13)
    count = int(rng.choice([1, 2, 3, 4, 5], p=[0.2, 0.2, 0.15, 0.25, 0.2]))
    thick = rng.uniform(4.6, 6.4)
    show_nails = rng.random() < 0.6
    spread = rng.uniform(0, 0.12)
    tips = []
    for k in range(min(count, 4)):
        x = SIDE / 2 + (k - 1.5) * across
        joint = np.array([x, knuckle_line + 3 * abs(k - 1.5)])
        _capsule(grid, height, np.array([SIDE / 2 + (k - 1.5) * 8, SIDE + 10]), joint, thick * 1.5)
        angle = (k - 1.5) * spread + rng.normal(0, 0.06)
        bend = rng.normal(0, 0.12)
        radius = thick * (0.88 if k == 3 else 1)
        for length in np.array([26, 17, 13]) * rng.uniform(0.85, 1.1) * (0.8 if k == 3 else 1):
            angle += bend
            after = joint + length * np.array([np.sin(angle), -np.cos(angle)])
            _capsule(grid, height, joint, after, radius)
            joint, radius = after, radius * 0.9
        tips.append(joint)
        if show_nails:
            _nail(nails, joint, angle, radius)
    if count == 5 or rng.random() < 0.3:
        joint = np.array([SIDE / 2 - 24, knuckle_line + 34])
        _capsule(grid, height, np.array([SIDE / 2 - 10, SIDE]), joint, thick * 1.6)
        angle = -rng.uniform(0.1, 0.9)
        for length in (22, 17):
            after = joint + length * np.array([np.sin(angle), -np.cos(angle)])
            _capsule(grid, height, joint, after, thick * 1.1)
            joint = after
            angle += rng.uniform(0, 0.3)
        tips.append(joint)
    alpha = np.clip(height / 1.5, 0, 1)
    shading = _lit(height, rng)
    tip = tips[int(rng.integers(len(tips)))]
    if rng.random() < 0.35:  # the palm or the back of the hand lies on the face
        tip = np.array([SIDE / 2, rng.uniform(tip[1], knuckle_line + 20)])
    return Sprite("hand", shading, alpha, nails * alpha, (float(tip[0]), float(tip[1])))


def lock(rng: np.random.Generator) -> Sprite:
    """Strands of hair that fall from above in one sweep, from a single wisp to a fringe."""
    alpha = np.zeros((SIDE, SIDE), np.float32)
    tone = np.zeros((SIDE, SIDE), np.float32)
    wide = rng.uniform(2, 26)
    t = np.linspace(0, 1, 14)
    sweep, curl, length = rng.normal(0, 30), rng.normal(0, 12), rng.uniform(60, 130)
    phase = rng.uniform(0, 6)
    for _ in range(int(wide * rng.uniform(2, 5)) + 3):
        start = rng.normal(0, wide / 2)
        x = SIDE / 2 + start * (1 - rng.uniform(0, 0.7) * t) + sweep * t**2
        x = x + curl * np.sin(phase + 4 * t) * t + rng.normal(0, 1.2) * t
        y = length * rng.uniform(0.75, 1.0) * t
        line = np.rint(np.stack([x, y], 1) * 16).astype(np.int32)
        thick = int(rng.integers(1, 3))
        cv2.polylines(alpha, [line], False, float(rng.uniform(0.4, 1.0)), thick, cv2.LINE_AA, 4)
        cv2.polylines(tone, [line], False, float(rng.uniform(0.4, 1.5)), thick, cv2.LINE_AA, 4)
    alpha = np.clip(cv2.GaussianBlur(alpha, (0, 0), 0.5) * 1.3, 0, 1)
    shine = 1 + 0.3 * np.sin(np.linspace(0, rng.uniform(3, 9), SIDE) + rng.uniform(0, 6))[:, None]
    shading = np.where(tone > 0, tone, 1) * shine
    tip = (SIDE / 2 + sweep * 0.4, length * rng.uniform(0.5, 0.9))
    return Sprite("hair", shading.astype(np.float32), alpha, np.zeros_like(alpha), tip)


def thing(rng: np.random.Generator) -> Sprite:
    """A smooth object: rod, ball, box or blob."""
    mask: Array = np.zeros((SIDE, SIDE), np.float32)
    middle = (SIDE // 2, SIDE // 2)
    shape = rng.integers(4)
    if shape == 0:  # a phone, a cup, a book: a rectangle with round corners
        half = rng.uniform(12, 42, 2)
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + middle
        cv2.fillPoly(mask, [corners.astype(np.int32)], 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 4))
        mask = np.clip((mask - 0.4) * 5, 0, 1)
    elif shape == 1:  # a pen, a straw, a stick
        x = np.array([SIDE / 2, rng.uniform(20, 60)])
        cv2.line(
            mask,
            tuple(int(v) for v in x),
            (SIDE // 2, SIDE),
            1.0,
            int(rng.integers(3, 14)),
            cv2.LINE_AA,
        )
    elif shape == 2:  # a microphone, a ball, a flower
        axes = rng.uniform(8, 36, 2).astype(int)
        cv2.ellipse(mask, middle, (int(axes[0]), int(axes[1])), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        if rng.random() < 0.6:
            cv2.line(mask, middle, (SIDE // 2, SIDE), 1.0, int(rng.integers(4, 24)), cv2.LINE_AA)
    else:  # a leaf, a cloth
        noise = rng.normal(0, 1, (6, 6)).astype(np.float32)
        blob = cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        mask = np.clip((blob - rng.uniform(0.3, 0.9)) * 12, 0, 1).astype(np.float32)
    distance = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    rounding = rng.uniform(2, 30)
    shading = _lit(np.sqrt(np.minimum(distance, rounding) * rounding).astype(np.float32), rng)
    return Sprite("object", shading, mask.astype(np.float32), np.zeros_like(mask), middle)


def _capsule(grid: Array, height: Array, a: Array, b: Array, radius: float) -> None:
    """Raises ``height`` to a round bar between two points, seen from its side."""
    along = b - a
    share = np.clip(((grid - a) @ along) / max(float(along @ along), 1e-6), 0, 1)
    distance = ((grid - a - share[..., None] * along) ** 2).sum(-1)
    np.maximum(height, np.sqrt(np.maximum(radius**2 - distance, 0)), out=height)


def _nail(nails: Array, tip: Array, angle: float, radius: float) -> None:
    middle = tip + 0.2 * radius * np.array([np.sin(angle), -np.cos(angle)])
    cv2.ellipse(
        nails,
        (int(middle[0]), int(middle[1])),
        (max(1, int(radius * 0.6)), max(2, int(radius * 0.9))),
        float(np.degrees(angle)),
        0,
        360,
        1.0,
        -1,
        cv2.LINE_AA,
    )


def _lit(height: Array, rng: np.random.Generator) -> Array:
    """Lambert's shading of a height field with ambient light, folds included."""
    smooth = cv2.GaussianBlur(height, (0, 0), rng.uniform(0.8, 1.8))
    dx, dy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 8
    normal = np.stack([-dx, -dy, np.ones_like(dx)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = np.array([rng.normal(0, 0.5), rng.normal(-0.4, 0.5), 1.0])
    light /= np.linalg.norm(light)
    ambient = rng.uniform(0.35, 0.75)
    lit = ambient + (1 - ambient) * np.clip(normal @ light, 0, 1) / max(float(light[2]), 0.5)
    coarse = cv2.resize(rng.normal(0, 1, (9, 9)).astype(np.float32), (SIDE, SIDE))
    return np.asarray(lit * (1 + 0.06 * coarse), np.float32)
