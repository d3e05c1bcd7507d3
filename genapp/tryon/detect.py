"""Find faces from 24 px, upright or turned: BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047).

The short-range network sees faces that fill much of the picture, the full-range one faces down to
about a sixteenth of its window. Smaller faces are looked for in a pyramid of overlapping windows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, to_8_bit
from genapp.registry.engines import Engine, Engines
from genapp.tryon.arrays import Array

SHORT_RANGE = "face/blazeface.short-range"
FULL_RANGE = "face/blazeface.full-range"

SMALLEST_FACE = 24
"""Width in px below which nothing is looked for."""
SMALLEST_UPRIGHT, SMALLEST_TURNED = 1 / 80, 1 / 30
"""Nor for faces narrower than this part of the picture's longer side: bounds the time."""
SMALLEST_IN_WINDOW = 0.065
"""Smallest face that the full-range network finds, as a part of its window."""
LARGE_IN_WINDOW = 0.14
"""When every face found is at least this part of the window, smaller ones are not looked for."""
MIN_SCORE = 0.5
SURELY_UPRIGHT = 0.9
"""Score of an upright face from which on the picture is not turned to look again."""
STEEP = 55.0
"""A face that leans more than this, degrees, stands better in the picture turned by a quarter."""
SAME_FACE = 0.3
"""Boxes that overlap more than this (intersection over union) show one face."""
WINDOWS_AT_ONCE = 8
LONGEST_SIDE = 4096
"""Larger pictures are searched at this size: bounds time and memory."""


@dataclass(frozen=True, eq=False)
class Detection:
    """A face that was found. Pixels of the photo."""

    center: Array
    """2, middle of the face."""
    side: float
    """Side of the square around the face, from the brows to the chin."""
    roll: float
    """Degrees by which the eye line is turned clockwise in the picture, -180..180."""
    score: float
    """0..1."""


Pyramid: TypeAlias = list[NDArray[np.uint8]]
"""A picture, then the same at half the size, and so on."""
COARSEST_SIDE = 256
"""The last level of a pyramid is up to twice as long as this."""
LOOK_AROUND_SIDE = 1024
"""Turned faces are looked for on the first level that is no longer than this."""


@dataclass(frozen=True)
class _Network:
    engine: Engine
    size: int
    anchors: Array


def detect(pixels: Pixels, engines: Engines) -> list[Detection]:
    """Find the faces in a picture, largest first.

    Args:
        pixels: H×W×3 RGB, uint8 or uint16.
        engines: where the two detectors come from.

    Returns:
        Possibly none. Faces may be turned by any angle; small ones are found only upright.
    """
    picture = _reduced(pixels)
    shrink = picture.shape[1] / pixels.shape[1]
    networks = _networks(engines)
    pyramid = _pyramid(picture)
    longest = float(max(picture.shape[:2]))
    smallest = max(SMALLEST_FACE * shrink, SMALLEST_UPRIGHT * longest)
    found = _whole(pyramid, networks)
    if any(_surely_upright(face, longest) for face in found):
        found = _finer(pyramid, networks, found, longest, smallest)
    else:
        found = _search_all_ways(pyramid, networks, smallest)
    return [
        Detection(face.center / shrink, face.side / shrink, face.roll, face.score)
        for face in sorted(found, key=lambda face: -face.side)
    ]


def detect_upright(pixels: Pixels, engines: Engines) -> list[Detection]:
    """Find the faces in front of a camera, largest first: upright (±45°), and no narrower than
    about a fifteenth of the picture. Runs each network once.

    Args:
        pixels: H×W×3 RGB, uint8 or uint16.
        engines: where the two detectors come from.
    """
    found = _whole(_pyramid(to_8_bit(pixels)), _networks(engines))
    return sorted(found, key=lambda face: -face.side)


def _reduced(pixels: Pixels) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    shrink = min(1.0, LONGEST_SIDE / max(height, width))
    if shrink < 1:
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), pixels.dtype)
    return to_8_bit(pixels)


def _pyramid(picture: NDArray[np.uint8]) -> Pyramid:
    levels = [picture]
    while max(levels[-1].shape[:2]) > 2 * COARSEST_SIDE:
        height, width = levels[-1].shape[:2]
        half = (max(1, width // 2), max(1, height // 2))
        levels.append(
            np.asarray(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA), np.uint8)
        )
    return levels


def turned(picture: NDArray[np.uint8], quarter_turns: int) -> NDArray[np.uint8]:
    """The picture after clockwise quarter turns."""
    return np.ascontiguousarray(np.rot90(picture, -quarter_turns))


def _networks(engines: Engines) -> tuple[_Network, _Network]:
    coarse = np.concatenate([_grid(16, 2), _grid(8, 6)])
    return (
        _Network(engines.get(SHORT_RANGE), 128, coarse),
        _Network(engines.get(FULL_RANGE), 192, _grid(48, 1)),
    )


def _grid(cells: int, each: int) -> Array:
    """Anchor centres 0..1 of a cells×cells map, row by row, `each` to a cell: N×2."""
    middle = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(middle, middle)
    return np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, 0).astype(np.float32)


def _surely_upright(face: Detection, longest: float) -> bool:
    """What is small in the network's window is too often no face to tell which way is up."""
    return face.side >= LARGE_IN_WINDOW * longest and _uprightness(face) >= SURELY_UPRIGHT


def _search_all_ways(
    pyramid: Pyramid, networks: tuple[_Network, _Network], smallest: float
) -> list[Detection]:
    """Faces in that orientation in which they are surest. A lying or hanging face is often mistaken
    for an upright one, only with less confidence; so every way up gets a look at a small copy."""
    coarse = next(level for level in pyramid if max(level.shape[:2]) <= LOOK_AROUND_SIDE)
    zoom = pyramid[0].shape[1] / coarse.shape[1]
    longest = float(max(coarse.shape[:2]))
    seen: dict[int, list[Detection]] = {}
    for turns in (0, 1, 3, 2):
        copy = _pyramid(turned(coarse, turns))
        seen[turns] = _search(copy, networks, max(SMALLEST_FACE, SMALLEST_TURNED * longest))
    # Cubes, because one sure face tells more than a few doubtful ones. Without any face, upright
    # comes first.
    likeliest = max(seen, key=lambda turns: sum(_uprightness(face) ** 3 for face in seen[turns]))
    best: list[Detection] = []
    surest = 0.0
    for turns in dict.fromkeys((likeliest, 0)):
        fine = pyramid if turns == 0 else _pyramid(turned(pyramid[0], turns))
        coarse_faces = [_zoomed(face, zoom) for face in seen[turns]]
        faces = _finer(fine, networks, coarse_faces, longest * zoom / 2, smallest)
        score = max((_uprightness(face) for face in faces), default=0.0)
        if score > surest:
            best = [turn_back(face, turns, pyramid[0].shape[:2]) for face in faces]
            surest = score
        if surest >= SURELY_UPRIGHT:
            break
    return best


def _zoomed(face: Detection, zoom: float) -> Detection:
    return Detection(face.center * zoom, face.side * zoom, face.roll, face.score)


def _uprightness(face: Detection) -> float:
    return face.score * (1.0 if abs(face.roll) <= STEEP else 0.5)


def _whole(pyramid: Pyramid, networks: tuple[_Network, _Network]) -> list[Detection]:
    height, width = pyramid[0].shape[:2]
    side = float(max(height, width))
    corner = [(width / 2 - side / 2, height / 2 - side / 2)]
    return merge([face for network in networks for face in _run(pyramid, corner, side, network)])


def _search(
    pyramid: Pyramid, networks: tuple[_Network, _Network], smallest: float
) -> list[Detection]:
    """Faces that stand roughly upright (±45°), by windows from the whole picture downwards."""
    height, width = pyramid[0].shape[:2]
    side = float(max(height, width))
    found = _whole(pyramid, networks)
    if not found:
        # A face that fills or leaves the picture is found with a margin around it.
        margin = [(width / 2 - side * 0.8, height / 2 - side * 0.8)]
        found = _run(pyramid, margin, side * 1.6, networks[0])
    return _finer(pyramid, networks, found, side, smallest)


def _finer(
    pyramid: Pyramid,
    networks: tuple[_Network, _Network],
    found: list[Detection],
    side: float,
    smallest: float,
) -> list[Detection]:
    """What was found in windows of `side`, and what is found in ever smaller ones."""
    height, width = pyramid[0].shape[:2]
    while side * SMALLEST_IN_WINDOW > smallest and not _all_large(found, side):
        side /= 2
        corners = list(_corners(width, height, side))
        found = merge(found + _run(pyramid, corners, side, networks[1]))
    return found


def _all_large(found: list[Detection], side: float) -> bool:
    return bool(found) and min(face.side for face in found) >= LARGE_IN_WINDOW * side


def _corners(width: int, height: int, side: float) -> Iterator[tuple[float, float]]:
    """Top left corners of windows that cover the picture and overlap by a quarter or more."""
    for y in _starts(height, side):
        for x in _starts(width, side):
            yield x, y


def _starts(length: int, side: float) -> list[float]:
    if length <= side:
        return [(length - side) / 2]
    count = int(np.ceil((length - side) / (side * 0.75))) + 1
    return [float(start) for start in np.linspace(0, length - side, count)]


def _run(
    pyramid: Pyramid, corners: list[tuple[float, float]], side: float, network: _Network
) -> list[Detection]:
    """Faces in square windows of the picture; what lies outside the picture is grey."""
    found: list[Detection] = []
    for first in range(0, len(corners), WINDOWS_AT_ONCE):
        batch = corners[first : first + WINDOWS_AT_ONCE]
        images = np.stack([_window(pyramid, corner, side, network.size) for corner in batch])
        outputs = network.engine.run({"image": images})
        for corner, boxes, logits in zip(batch, outputs["boxes"], outputs["scores"], strict=True):
            found += _decode(boxes, logits, corner, side, network)
    return merge(found)


def _window(pyramid: Pyramid, corner: tuple[float, float], side: float, size: int) -> Array:
    """A square window as 3×size×size, -1..1, out of the smallest level that is fine enough."""
    level = min(max(int(np.log2(max(side / size, 1))), 0), len(pyramid) - 1)
    picture = pyramid[level]
    height, width = picture.shape[:2]
    side /= 2**level
    x0, y0 = (round(value / 2**level) for value in corner)
    x1, y1 = x0 + round(side), y0 + round(side)
    inside = picture[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
    zoom = size / side
    shape = (max(1, round(inside.shape[1] * zoom)), max(1, round(inside.shape[0] * zoom)))
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(inside, shape, interpolation=way)
    canvas = np.full((size, size, 3), 127, np.uint8)
    left, top = round(max(-x0, 0) * zoom), round(max(-y0, 0) * zoom)
    scaled = scaled[: size - top, : size - left]
    canvas[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return canvas.transpose(2, 0, 1).astype(np.float32) / np.float32(127.5) - 1


def _decode(
    boxes: Array, logits: Array, corner: tuple[float, float], side: float, network: _Network
) -> list[Detection]:
    """Anchors that say face, as pixels of the picture. Boxes are centre, size and six key points
    relative to the anchor, in pixels of the network's input; the first two key points are the
    eyes, the wearer's right one first."""
    score = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
    sure = score >= MIN_SCORE
    relative, anchors = boxes[sure] / network.size, network.anchors[sure]
    centers = (relative[:, :2] + anchors) * side + corner
    eyes = relative[:, 4:8].reshape(-1, 2, 2) + anchors[:, None]
    across = eyes[:, 1] - eyes[:, 0]
    roll = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    sides = relative[:, 2:4].max(1) * side
    return [
        Detection(center, float(length), float(angle), float(value))
        for center, length, angle, value in zip(centers, sides, roll, score[sure], strict=True)
    ]


def merge(found: list[Detection]) -> list[Detection]:
    """One detection a face: those that overlap are averaged, weighted by their scores."""
    left = sorted(found, key=lambda face: -face.score)
    merged = []
    while left:
        same = [face for face in left if _overlap(left[0], face) > SAME_FACE]
        left = [face for face in left if face not in same]
        weights = np.array([face.score for face in same])
        weights /= weights.sum()
        turn = sum(
            weight * np.exp(1j * np.radians(face.roll))
            for weight, face in zip(weights, same, strict=True)
        )
        merged.append(
            Detection(
                np.average([face.center for face in same], 0, weights).astype(np.float32),
                float(np.average([face.side for face in same], weights=weights)),
                float(np.degrees(np.angle(turn))),
                same[0].score,
            )
        )
    return merged


def _overlap(a: Detection, b: Detection) -> float:
    """Intersection over union, or 1 where one face's middle lies inside a much larger face."""
    low = np.maximum(a.center - a.side / 2, b.center - b.side / 2)
    high = np.minimum(a.center + a.side / 2, b.center + b.side / 2)
    shared = float(np.prod(np.maximum(high - low, 0)))
    smaller = min(a.side, b.side) ** 2
    if shared > 0.7 * smaller:
        return 1.0
    return shared / (a.side**2 + b.side**2 - shared)


def turn_back(face: Detection, quarter_turns: int, shape: tuple[int, int]) -> Detection:
    """Undo the clockwise quarter turns that the picture was given."""
    height, width = shape
    x, y = face.center
    center = {
        0: (x, y),
        1: (y, height - x),
        2: (width - x, height - y),
        3: (width - y, x),
    }[quarter_turns]
    roll = (face.roll - 90 * quarter_turns + 180) % 360 - 180
    return Detection(np.array(center, np.float32), face.side, roll, face.score)
