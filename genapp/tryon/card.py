"""A bank card in the photo as a ruler: ISO/IEC 7810 ID-1, 85.60 × 53.98 mm.

Outlines with four corners are collected around the face, laid on the edges of the photo, and judged
by how well a card of that size under the photo's camera explains them. The card is held against the
forehead, the mouth or the chin: how far that is from the eyes is known from the mesh.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue
from genapp.images import Pixels, to_8_bit
from genapp.tryon.arrays import Array
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS
from genapp.tryon.pose import Head
from genapp.tryon.scale import Scale

WIDTH, HEIGHT = 85.60, 53.98
REACH = (150.0, 160.0, 210.0)
"""How far from the middle of the head a card is looked for, mm: to the sides, up, down."""
FINENESS = 1.6
"""Pixels per mm of the copy of the photo in which outlines are looked for."""
MOST_SIDES = 7
"""Of an outline that is looked at."""
STRAIGHT = (0.12, 0.88)
"""The part of a side that is looked at: corners are round and held by fingers."""
PROBES = 48
"""Places along a side where its edge is looked for."""
SUPPORT = 0.6
"""Least share of these places where there is an edge."""
MISFIT, LIKELY_MISFIT = 1.2, 0.4
"""How far (mm) the corners may lie, and usually lie, from those of the card that explains them."""
OFF, LIKELY_OFF = 0.25, 0.07
"""How much a card may differ, and usually differs, from what the eyes say, as a logarithm."""
ROUGHLY_MISFIT, ROUGHLY_OFF = 6.0, 0.45
"""The most of both for an outline that has not been laid on the edges yet."""
TILT, LIKELY_TILT = 45.0, 15.0
"""How far a card may lean, and usually leans, degrees: farther, any outline could be a card's."""
CONTRAST = 8.0
"""Least change across an edge, in 8-bit levels per pixel."""
EDGE_ERROR = 0.4
"""How well the edges of a card are found, mm, besides what the pixels blur."""
HELD = (12.0, 25.0)
"""How well the depth of the card is known, mm: when it is held against the face, and beside it."""
FAR_FROM_FACE = 65.0
"""How far the middle of the card may be from the face, mm."""
UNKNOWN_DISTANCE = 0.35
"""Relative error of the distance of a camera of which nothing is known."""


@dataclass(frozen=True, eq=False)
class Card:
    """A card in a photo."""

    corners: Array
    """4×2 px of the photo: around the card, from a long side to the next short one."""
    pixels_per_mm: float
    """At the middle of the card."""
    misfit: float
    """Mean distance of the corners from those of a real card, mm."""
    tilt: float
    """How far the card leans out of the plane of the photo, degrees."""
    support: float
    """Share of the outline where the photo has an edge, 0..1."""


def find_card(pixels: Pixels, head: Head) -> Card | None:
    """The card near a face, or None. `pixels`: H×W×3 sRGB, the photo."""
    cards = []
    scale = head.view.scale
    for outline in _outlines(pixels, head):
        if not _possible(_explain(outline, head, 1.0), head, ROUGHLY_MISFIT, ROUGHLY_OFF):
            continue
        near, _ = _on_edges(pixels, outline, 4.0 * scale)
        corners, support = _on_edges(pixels, near, 1.5 * scale)
        card = _explain(corners, head, support)
        if _possible(card, head, MISFIT, OFF):
            cards.append(card)
    return max(cards, key=lambda card: _merit(card, head), default=None)


def given_card(corners: Sequence[Sequence[float]], head: Head) -> Card:
    """The card whose corners are given, 4×2 px of the photo, in order around it. Raises `BadValue`
    if they are not those of a card."""
    remedy = "Give the four corners of a bank card, [[x, y], …] in pixels, in order around it."
    try:
        outline = np.array(corners, np.float32)
    except (TypeError, ValueError) as error:
        raise BadValue("The corners of the card are no numbers.", remedy) from error
    if outline.shape != (4, 2) or not np.isfinite(outline).all():
        raise BadValue("The card does not have four corners.", remedy)
    if not cv2.isContourConvex(outline):
        raise BadValue("The corners of the card are not in order around it.", remedy)
    card = _explain(outline, head, 1.0)
    if card is None or card.misfit > 2 * MISFIT or card.tilt > TILT:
        raise BadValue("These corners are not those of a card of 85.60 × 53.98 mm.", remedy)
    return card


def scale_by_card(card: Card, head: Head, *, focal_known: bool) -> Scale:
    """The scale at the eyes.

    Args:
        card: in the photo.
        head: the face, measured without the card.
        focal_known: the photo says with which focal length it was taken.
    """
    behind, touches = _behind_eyes(card, head)
    focal = head.view.scale * head.view.distance
    # Without a focal length the distance is a guess, and the scale makes no better one.
    distance = focal / card.pixels_per_mm - behind if focal_known else _eye_distance(head)
    nearness = (distance + behind) / distance
    depth_error = HELD[0] if touches else HELD[1]
    errors = [
        EDGE_ERROR / HEIGHT,
        0.3 / (HEIGHT * card.pixels_per_mm),
        depth_error / distance,
        0.0 if focal_known else UNKNOWN_DISTANCE * behind / distance,
    ]
    where = "on" if touches else "near"
    note = (
        f"By the card {where} the face, 85.60 mm wide; its distance from the eyes adds "
        f"{100 * float(np.hypot(errors[2], errors[3])):.1f} %."
    )
    return Scale("card", card.pixels_per_mm * nearness, float(np.linalg.norm(errors)), note)


def _possible(card: Card | None, head: Head, misfit: float, off: float) -> TypeGuard[Card]:
    return (
        card is not None
        and card.support >= SUPPORT
        and card.misfit <= misfit
        and card.tilt <= TILT
        and abs(_off(card, head)) <= off
        and _beside_face(card, head) <= FAR_FROM_FACE
    )


def _merit(card: Card, head: Head) -> float:
    """How likely a card it is, as a logarithm."""
    doubt = (card.misfit / LIKELY_MISFIT) ** 2 + (_off(card, head) / LIKELY_OFF) ** 2
    # A card often has a frame printed along its edge: of two outlines the larger is the card's.
    doubt += (card.tilt / LIKELY_TILT) ** 2
    return 8 * card.support - doubt / 2 + 3 * float(np.log(card.pixels_per_mm))


def _beside_face(card: Card, head: Head) -> float:
    """How far the middle of the card is from the nearest point of the face, mm."""
    spots = head.view.project(head.to_camera(head.face))
    return float(np.linalg.norm(spots - card.corners.mean(0), axis=1).min()) / head.view.scale


def _off(card: Card, head: Head) -> float:
    """How much larger than the eyes say the photo would be by the card, as a logarithm."""
    return float(np.log(card.pixels_per_mm / head.millimetres.pixels_per_mm))


def _outlines(pixels: Pixels, head: Head) -> Iterator[Array]:
    """Outlines with four corners that could be a card's, 4×2 px of the photo."""
    part, shift = _surroundings(pixels, head)
    zoom = min(1.0, FINENESS / head.view.scale)
    small = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    smooth = cv2.bilateralFilter(np.asarray(small, np.uint8), 7, 30, 5)
    area = WIDTH * HEIGHT * (head.view.scale * zoom) ** 2
    seen: list[Array] = []
    for mask in _masks(np.asarray(smooth, np.uint8)):
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            hull = cv2.convexHull(contour)
            if not 0.4 * area < cv2.contourArea(hull) < 2 * area:
                continue
            for outline in _four_sides(np.asarray(hull, np.float32)):
                for whole in _completed(outline):
                    if any(np.abs(whole - other).max() < 3 for other in seen):
                        continue
                    seen.append(whole)
                    yield np.asarray((whole + 0.5) / zoom + shift, np.float32)


def _surroundings(pixels: Pixels, head: Head) -> tuple[NDArray[np.uint8], Array]:
    """The part of the photo where a card is looked for, 8 bits, and its corner in the photo."""
    sideways, up, down = np.array(REACH) * head.view.scale
    x, y = head.view.origin
    x0, y0 = max(int(x - sideways), 0), max(int(y - up), 0)
    part = pixels[y0 : max(int(y + down), y0 + 1), x0 : max(int(x + sideways), x0 + 1)]
    return np.ascontiguousarray(to_8_bit(part)), np.array([x0, y0], np.float32)


def _masks(image: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Edges and plateaus of lightness and colours: 0 or 255."""
    kernel = np.ones((3, 3), np.uint8)
    for channel in cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2LAB)):
        plain = np.asarray(channel, np.uint8)
        for low in (12, 30, 60):
            edges = cv2.Canny(plain, low, low * 2.5)
            yield np.asarray(cv2.morphologyEx(edges, cv2.MORPH_CLOSE, kernel), np.uint8)
        for level in np.unique(np.percentile(plain, np.arange(8, 100, 7))):
            yield np.asarray((plain > level) * 255, np.uint8)


def _four_sides(hull: Array) -> Iterator[Array]:
    """A convex outline with four of its sides prolonged until they meet: 4×2 each. Fingers that
    hold a card add sides to it."""
    around = cv2.arcLength(hull, True)
    corners = cv2.approxPolyDP(hull, 0.02 * around, True)[:, 0].astype(np.float32)
    if not 4 <= len(corners) <= MOST_SIDES:
        return
    directions = np.roll(corners, -1, 0) - corners
    lines = np.concatenate([directions, corners], 1)
    for sides in combinations(range(len(corners)), 4):
        crossings = [
            _crossing(lines[sides[number - 1]], lines[sides[number]]) for number in range(4)
        ]
        outline = np.array(crossings, np.float32)
        a, b, c, d = np.linalg.norm(np.roll(outline, -1, 0) - outline, axis=1)
        if max(a, c) < 1.3 * min(a, c) and max(b, d) < 1.3 * min(b, d):
            yield outline


def _completed(outline: Array) -> Iterator[Array]:
    """An outline with each of its sides in turn moved until the proportions are a card's."""
    for number in range(4):
        a, b, c, d = np.roll(outline, -number, 0)
        across = (np.linalg.norm(b - a) + np.linalg.norm(c - d)) / 2
        along = max(float(np.linalg.norm(c - b) + np.linalg.norm(d - a)) / 2, 1.0)
        for ratio in (WIDTH / HEIGHT, HEIGHT / WIDTH):
            stretch = across * ratio / along
            if 0.6 < stretch < 1.7:
                yield np.stack([a, b, b + (c - b) * stretch, a + (d - a) * stretch])


def _on_edges(pixels: Pixels, outline: Array, width: float) -> tuple[Array, float]:
    """Move the sides of an outline onto the strongest edges within `width` px of them.

    Returns the corners, and the share of the places looked at that have an edge on that side.
    """
    lines, found = [], []
    for number in range(4):
        start, end = outline[number], outline[(number + 1) % 4]
        points, strength = _edge_points(pixels, start, end, width)
        direction = _line(points)
        normal = np.array([-direction[1], direction[0]])
        off = np.abs((points - direction[2:]) @ normal)
        good = (off < max(0.25 * width, 1.0)) & (strength > CONTRAST)
        if good.sum() >= 4:
            direction = _line(points[good])
        lines.append(direction)
        found.append(float(good.mean()))
    corners = [_crossing(lines[number - 1], lines[number]) for number in range(4)]
    # Three sides must be sure: a hand may cover one.
    support = float(np.mean(sorted(found)[1:]) * 0.8 + 0.2 * min(found))
    return np.array(corners, np.float32), support


def _edge_points(
    pixels: Pixels, start: Array, end: Array, width: float
) -> tuple[Array, NDArray[np.floating]]:
    """Where the photo changes most across a line: N×2 px; and how much there, in 8-bit levels."""
    along = np.linspace(*STRAIGHT, PROBES, dtype=np.float32)
    middle = start + along[:, None] * (end - start)
    across = np.array([-(end - start)[1], (end - start)[0]], np.float32)
    across /= max(float(np.linalg.norm(across)), 1e-6)
    step = max(width / 24, 0.25)
    reach = np.arange(-width, width + step, step, dtype=np.float32)
    spots = middle[:, None] + reach[None, :, None] * across
    # Pixel centres lie at half a pixel.
    x, y = (np.ascontiguousarray(spots[..., axis] - 0.5) for axis in (0, 1))
    profile = cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    values = profile.astype(np.float32) / (257 if pixels.dtype == np.uint16 else 1)
    blurred = cv2.GaussianBlur(values, (0, 0), sigmaX=max(0.7 / step, 0.5), sigmaY=1.0)
    slope = np.linalg.norm(blurred[:, 2:] - blurred[:, :-2], axis=2) / 2 / step
    best = slope.argmax(1)
    rows = np.arange(PROBES)
    left, top, right = (slope[rows, np.clip(best + k, 0, slope.shape[1] - 1)] for k in (-1, 0, 1))
    curve = left - 2 * top + right
    fine = np.where(curve < -1e-6, (left - right) / (2 * np.minimum(curve, -1e-6)), 0)
    offset = reach[1:-1][best] + np.clip(fine, -0.5, 0.5) * step
    return (middle + offset[:, None] * across).astype(np.float32), top


def _line(points: Array) -> Array:
    """Direction (2) and a point (2) of the line through N×2 points, some of them far off."""
    return np.asarray(cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel(), np.float32)


def _crossing(one: Array, other: Array) -> Array:
    """Where two lines (direction, point) cross."""
    sides = np.stack([one[:2], -other[:2]], 1)
    if abs(np.linalg.det(sides)) < 1e-3:
        return np.asarray((one[2:] + other[2:]) / 2, np.float32)
    steps = np.linalg.solve(sides, other[2:] - one[2:])
    return np.asarray(one[2:] + steps[0] * one[:2], np.float32)


def _explain(outline: Array, head: Head, support: float) -> Card | None:
    """The card that explains four corners best, lying or standing."""
    focal = head.view.scale * head.view.distance
    camera = np.array([[focal, 0, head.view.origin[0]], [0, focal, head.view.origin[1]], [0, 0, 1]])
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (WIDTH / 2, HEIGHT / 2)
    model = np.concatenate([half, np.zeros((4, 1))], 1)
    best: Card | None = None
    for first in (0, 1):
        corners = np.roll(outline, -first, 0).astype(np.float64)
        ok, turn, shift = cv2.solvePnP(model, corners, camera, None, flags=cv2.SOLVEPNP_ITERATIVE)
        if not ok or shift[2, 0] <= 0:
            continue
        seen, _ = cv2.projectPoints(model, turn, shift, camera, None)
        scale = focal / float(shift[2, 0])
        misfit = float(np.linalg.norm(seen[:, 0] - corners, axis=1).mean()) / scale
        facing = abs(float(cv2.Rodrigues(turn)[0][2, 2]))
        tilt = float(np.degrees(np.arccos(min(facing, 1.0))))
        # Lying and upright both explain most outlines, but one of them only by leaning far.
        if best is None or misfit + tilt / 10 < best.misfit + best.tilt / 10:
            best = Card(corners.astype(np.float32), scale, misfit, tilt, support)
    return best


def _eye_distance(head: Head) -> float:
    eyes = head.to_camera(head.face[[RIGHT_IRIS.start, LEFT_IRIS.start]])
    return head.view.distance + float(eyes[:, 2].mean())


def _behind_eyes(card: Card, head: Head) -> tuple[float, bool]:
    """How much farther away than the eyes the card is, mm, if it is held against the face; and
    whether it lies over the face at all."""
    camera = head.to_camera(head.face)
    spots = head.view.project(camera)
    eyes = float(camera[[RIGHT_IRIS.start, LEFT_IRIS.start], 2].mean())
    middle = card.corners.mean(0)
    shrunk = middle + 0.9 * (card.corners - middle)
    under = np.array([cv2.pointPolygonTest(shrunk, tuple(map(float, p)), False) > 0 for p in spots])
    if under.sum() >= 3:
        return float(camera[under, 2].min()) - eyes, True
    nearest = np.linalg.norm(spots - middle, axis=1).argmin()
    return float(camera[nearest, 2]) - eyes, False
