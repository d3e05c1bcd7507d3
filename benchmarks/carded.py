"""A photo with a bank card drawn into it at a known pose and size."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from turned import rotation

from genapp.tryon.card import HEIGHT, WIDTH
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS
from genapp.tryon.pose import Head

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]
FINE = 12
"""Pixels per mm of the drawn card."""
RADIUS = 3.18
"""Of its corners, mm."""


@dataclass(frozen=True, eq=False)
class Held:
    """A photo with a card in it."""

    pixels: Pixels
    corners: Floats
    """4×2 px, where its sharp corners would be."""
    pixels_per_mm: float
    """True scale at the eyes."""


def held(
    pixels: Pixels,
    head: Head,
    seed: int,
    *,
    at_forehead: bool,
    size: float = 1.0,
    gap: float = 0.0,
    fingers: bool = True,
) -> Held:
    """The photo with a card held against the forehead, or under the chin.

    Args:
        pixels, head: a photo and its face.
        seed: of the card's print, its colours and its pose (up to 12° each way).
        at_forehead: or under the chin.
        size: the card is drawn so many times as large as the scale found in the photo says: then
            that scale is wrong by so much, and the card has to put it right.
        gap: how far before the skin the card is held, mm.
        fingers: a thumb lies over one edge.
    """
    random = np.random.default_rng(seed)
    camera = head.to_camera(head.face)
    spot = camera[151].copy() if at_forehead else camera[152] + np.array([0, 34, 0], np.float32)
    skin = camera[[10, 151, 9, 108, 337], 2].min() if at_forehead else camera[152, 2]
    spot[2] = skin - gap
    spot[0] += random.uniform(-6, 6)
    if at_forehead:
        spot[1] -= 14
    tilt = rotation(*random.uniform(-12, 12, 2))
    lean = np.radians(random.uniform(-12, 12))
    roll = np.array([[np.cos(lean), -np.sin(lean), 0], [np.sin(lean), np.cos(lean), 0], [0, 0, 1]])
    half = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * (WIDTH / 2, HEIGHT / 2, 0)
    # The same angles in a photo of a face `size` times as large as it is thought to be.
    real = replace(head.view, scale=head.view.scale * size, distance=head.view.distance / size)
    corners = real.project((half @ (tilt @ roll).T + spot / size).astype(np.float32))
    face, cover = _print(random)
    height, width = pixels.shape[:2]
    sheet = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    sheet *= np.array(face.shape[1::-1], np.float32)
    warp = np.asarray(
        cv2.getPerspectiveTransform(sheet, corners.astype(np.float32) - 0.5), np.float64
    )
    layer, alpha = _small(face, cover, warp, (width, height))
    light = pixels[pixels.max(2) > 0].mean() / 255
    layer *= np.clip(0.45 + light, 0.5, 1.2) * np.linspace(1.06, 0.94, width)[None, :, None]
    mixed = pixels * (1 - alpha) + layer * alpha
    if fingers:
        _thumb(mixed, pixels, head, corners, random)
    mixed += random.normal(0, 2, mixed.shape)
    eyes = float(camera[[RIGHT_IRIS.start, LEFT_IRIS.start], 2].mean())
    at_eyes = real.scale * real.distance / (real.distance + eyes / size)
    return Held(np.clip(mixed, 0, 255).astype(np.uint8), corners, at_eyes)


def _print(random: np.random.Generator) -> tuple[Floats, Floats]:
    """A card with a chip, a stripe of colour and lines of print; and what of it is not cut off."""
    height, width = round(HEIGHT * FINE), round(WIDTH * FINE)
    one, other = random.uniform(20, 235, (2, 3))
    shade = np.linspace(0, 1, width)[None, :, None] * np.ones((height, 1, 1))
    face = (one + (other - one) * shade * random.uniform(0, 0.6)).astype(np.uint8)
    ink = (255 - one if abs(one.mean() - 128) > 40 else np.full(3, 250.0)).tolist()
    cv2.rectangle(face, _mm(10, 19), _mm(23, 29), (190, 170, 110), -1)
    cv2.rectangle(face, _mm(0, 44), _mm(86, 47), random.uniform(0, 255, 3).tolist(), -1)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(face, "5412 7512 3412 3456", _mm(9, 40), font, 0.19 * FINE, ink, FINE // 3)
    cv2.putText(face, "GENERIC BANK", _mm(45, 11), font, 0.14 * FINE, ink, FINE // 4)
    cover = np.zeros((height, width), np.float64)
    r = round(RADIUS * FINE)
    cv2.rectangle(cover, (r, 0), (width - r, height), 1, -1)
    cv2.rectangle(cover, (0, r), (width, height - r), 1, -1)
    for x in (r, width - r):
        for y in (r, height - r):
            cv2.circle(cover, (x, y), r, 1, -1)
    return face.astype(np.float64), cover


def _mm(x: float, y: float) -> tuple[int, int]:
    return round(x * FINE), round(y * FINE)


def _small(
    face: Floats, cover: Floats, warp: Floats, size: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Card and cover in the photo, averaged over each pixel, with the blur of a lens."""
    fine = 4
    zoom = np.diag([fine, fine, 1.0])
    zoom[:2, 2] = fine / 2 - 0.5
    large = (size[0] * fine, size[1] * fine)
    layers = []
    for image in (face * cover[..., None], np.repeat(cover[..., None], 3, 2)):
        drawn = cv2.warpPerspective(image.astype(np.float32), zoom @ warp, large)
        drawn = cv2.GaussianBlur(drawn, (0, 0), 0.6 * fine)
        layers.append(np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)))
    alpha = np.clip(layers[1], 0, 1)
    return np.asarray(layers[0] / np.maximum(alpha, 1e-3), np.float64), np.asarray(
        alpha, np.float64
    )


def _thumb(
    mixed: Floats, pixels: Pixels, head: Head, corners: Floats, random: np.random.Generator
) -> None:
    """A thumb over the lower part of a short side, in the colour of the cheek."""
    x, y = head.view.project(head.to_camera(head.face[[50]]))[0].astype(int)
    skin = pixels[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].reshape(-1, 3).mean(0)
    side = int(random.integers(2))
    top, bottom = (corners[1], corners[2]) if side else (corners[0], corners[3])
    tip = top + 0.6 * (bottom - top) + (corners[0] - corners[1]) * (0.12 if side else -0.12)
    root = tip + (corners[1] - corners[0]) * (0.35 if side else -0.35) + (bottom - top) * 0.25
    mask = np.zeros(mixed.shape[:2], np.uint8)
    width = max(1, round(17 * head.view.scale))
    cv2.line(mask, tuple(tip.astype(int).tolist()), tuple(root.astype(int).tolist()), 255, width)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None] / 255
    mixed += (skin * random.uniform(0.85, 1.05) - mixed) * soft
