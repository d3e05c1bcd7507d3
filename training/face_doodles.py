"""Faces as people doodle them: few strokes for eyes, brows, nose, mouth, jaw and hair.

What ``lines.py`` makes of a picture follows every edge. People who draw a face leave most of them
out, and what they draw is smooth and a little off. Here strokes are laid through the points of the
face mesh and along the outline of the person, as found by our own networks.

    python training/face_doodles.py --data runs/faces/faces128.npz --out runs/sketchface/shapes.npz
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import face_data
import lines
import numpy as np
import numpy.typing as npt

from genapp.registry.engines import Engines
from genapp.translating.regions import person_mask

Array = npt.NDArray[np.float32]
Points = npt.NDArray[np.floating]
Rng = np.random.Generator

SIDE = 256
"""At which shapes are found and doodles are drawn, px."""
PERSON_SIDE = 64
"""Of the masks that are kept, px."""

# Points of the mesh, in the order in which a pencil goes through them.
JAW: tuple[int, ...] = (21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152)
JAW += (377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356, 389, 251)
FOREHEAD = (21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251)
UPPER_LIDS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (362, 398, 384, 385, 386, 387, 388, 466, 263),
)
LOWER_LIDS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (362, 382, 381, 380, 374, 373, 390, 249, 263),
)
IRISES = (468, 469, 470, 471, 472), (473, 474, 475, 476, 477)
BROWS = (70, 63, 105, 66, 107), (336, 296, 334, 293, 300)
LOWER_BROWS = (46, 53, 52, 65, 55), (285, 295, 282, 283, 276)
BRIDGES = (
    (168, 6, 197, 195, 5, 4),
    (193, 122, 196, 236, 198, 131, 49),
    (417, 351, 419, 456, 420, 360, 279),
)
NOSTRILS = (129, 64, 98, 97, 2, 326, 327, 294, 358)
UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_LIP = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
BETWEEN_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
OPEN_MOUTH = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)


@dataclass(frozen=True, eq=False)
class Shapes:
    """Of each face, what its doodles are drawn from."""

    points: npt.NDArray[np.float16]
    """N×478×2, shares of the side; NaN where no face was found."""
    person: npt.NDArray[np.uint8]
    """N×64×64, 255 on the person."""


def main() -> None:
    """Finds the shapes of all faces and writes them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="faces, of face_data.py")
    parser.add_argument("--out", type=Path, required=True, help=".npz to write")
    options = parser.parse_args()
    faces = face_data.unpack(options.data)
    points = np.full((len(faces.images), 478, 2), np.nan, np.float16)
    person = np.zeros((len(faces.images), PERSON_SIDE, PERSON_SIDE), np.uint8)
    with Engines(device="cpu") as engines:
        for number, face in enumerate(faces.images):
            large = enlarged(face)
            found = face_data.find_points(large, engines)
            if found is not None:
                points[number] = found / SIDE
            mask = person_mask(large, engines)
            size = (PERSON_SIDE, PERSON_SIDE)
            person[number] = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out, points=points, person=person)
    print(f"{len(points)} faces, {int(np.isnan(points[:, 0, 0]).sum())} of them not found")


def read(path: Path) -> Shapes:
    """Reads what ``main`` wrote."""
    with np.load(path) as stored:
        return Shapes(stored["points"], stored["person"])


def enlarged(face: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Returns a face, S×S×3, at 256×256."""
    large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def doodle(image: Array, points: Points, person: npt.NDArray[np.uint8], rng: Rng) -> Array:
    """Returns a doodle of a face, 256×256, 0 black to 1 white, before ``lines.finished``.

    Args:
        image: 256×256×3 RGB 0..1.
        points: 478×2, shares of the side.
        person: 64×64, 255 on the person.
        rng: chooses what is drawn and how well.
    """
    pen = Pen(points * SIDE, rng)
    simple = rng.random() < 0.4
    hair = _hair(image, pen, person, rng)
    pen.stroke(JAW)
    if rng.random() < 0.25:
        pen.stroke(FOREHEAD)
    _eyes(pen, simple, rng)
    _nose(pen, simple, rng)
    _mouth(pen, simple, rng)
    return np.minimum(pen.paper, hair)


class Pen:
    """Draws smooth strokes that miss their points a little."""

    def __init__(self, points: Points, rng: Rng) -> None:
        """Starts with white paper; ``points`` are those of the mesh, px."""
        self.paper = np.ones((SIDE, SIDE), np.float32)
        self.points, self.rng = points + rng.normal(0, 0.6, 2), rng
        self.width = int(rng.integers(1, 5))
        self.error = float(rng.uniform(0, 2.0))
        """How far a stroke may lie beside the face, px."""

    def stroke(self, numbers: tuple[int, ...], *, closed: bool = False) -> None:
        """Draws a line through points of the mesh."""
        moved = self.points[list(numbers)] + self.rng.normal(0, self.error, 2)
        kept = moved[::2] if len(moved) > 8 and self.rng.random() < 0.6 else moved
        if kept is not moved and not closed:
            kept = np.concatenate([kept[:-1], moved[-1:]])
        self.line(kept + self.rng.normal(0, 0.3 * self.error, kept.shape), closed=closed)

    def line(self, points: Points, *, closed: bool = False, fill: bool = False) -> None:
        """Draws a smooth line through points, px."""
        shape = np.round(smooth(points, closed=closed) * 16).astype(np.int32)
        if fill:
            cv2.fillPoly(self.paper, [shape], 0.0, cv2.LINE_AA, 4)
        cv2.polylines(self.paper, [shape], closed, 0.0, self.width, cv2.LINE_AA, 4)


def smooth(points: Points, *, closed: bool, steps: int = 8) -> Array:
    """Returns a Catmull-Rom curve through n×2 points, m×2."""
    first, last = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    padded = np.concatenate([first, points, last])
    a, b, c, d = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = b + t * (c - a) / 2 + t**2 * (a - 2.5 * b + 2 * c - d / 2)
    curve = curve + t**3 * (1.5 * (b - c) + (d - a) / 2)
    return np.concatenate([curve.reshape(-1, 2), points[:1] if closed else points[-1:]])


def _eyes(pen: Pen, simple: bool, rng: Rng) -> None:
    dark, lower, brows = rng.random() < 0.6, rng.random() < 0.85, rng.random() < 0.9
    thick = rng.random() < 0.4
    for upper, under, iris, brow, low in zip(
        UPPER_LIDS, LOWER_LIDS, IRISES, BROWS, LOWER_BROWS, strict=True
    ):
        pen.stroke(upper)
        if lower:
            pen.stroke(under)
        middle = pen.points[iris[0]]
        radius = np.linalg.norm(pen.points[list(iris[1:])] - middle, axis=1).mean()
        radius *= rng.uniform(0.4, 0.7) if dark else 0.9
        turn = np.linspace(0, 2 * np.pi, 9, endpoint=False)
        ring = middle + radius * np.stack([np.cos(turn), np.sin(turn)], 1)
        pen.line(ring, closed=True, fill=dark)
        if brows:
            pen.stroke(brow)
            if thick and not simple:
                pen.stroke(low)


def _nose(pen: Pen, simple: bool, rng: Rng) -> None:
    kind = rng.random()
    if kind < 0.75:
        pen.stroke(NOSTRILS if not simple else NOSTRILS[1:-1])
    if kind > 0.55:
        pen.stroke(BRIDGES[0] if rng.random() < 0.4 else BRIDGES[int(rng.integers(1, 3))])


def _mouth(pen: Pen, simple: bool, rng: Rng) -> None:
    pen.stroke(BETWEEN_LIPS)
    gap = np.linalg.norm(pen.points[13] - pen.points[14])
    if gap > 4:
        pen.stroke(OPEN_MOUTH)
    if not simple or rng.random() < 0.5:
        pen.stroke(UPPER_LIP)
        pen.stroke(LOWER_LIP)


def _hair(image: Array, pen: Pen, person: npt.NDArray[np.uint8], rng: Rng) -> Array:
    """Returns the outline of the person, and the long edges outside the face, 256×256."""
    large = cv2.resize(person, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    blurred = cv2.GaussianBlur(large, (0, 0), float(rng.uniform(2, 6)))
    outline = Pen(pen.points, rng)
    outline.width = pen.width
    found, _ = cv2.findContours(
        (blurred > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    for contour in found:
        border = contour[:, 0].astype(np.float32)
        inside = ((border > 2) & (border < SIDE - 3)).all(1)
        if inside.sum() < 40:
            continue
        # The part along the edge of the picture isn't drawn: begin after it.
        start = int(np.argmin(inside))
        border, inside = np.roll(border, -start, 0), np.roll(inside, -start)
        for part in np.split(np.arange(len(border)), np.flatnonzero(np.diff(inside)) + 1):
            if inside[part[0]] and len(part) > 24:
                step = int(rng.integers(6, 14))
                chosen = border[part[::step]]
                if len(chosen) > 3:
                    outline.line(chosen + rng.normal(0, 0.2 * pen.error, chosen.shape))
    if rng.random() < 0.85:
        edges = lines.sparse(image, rng)
        face = np.zeros((SIDE, SIDE), np.uint8)
        ring = pen.points[[*JAW[:-1], *FOREHEAD[::-1]]]
        middle = ring.mean(0)
        shape = (middle + (ring - middle) * 0.9).astype(np.int32)
        cv2.fillPoly(face, [shape], 255)
        behind = large < 100
        return np.minimum(outline.paper, np.where((face > 0) | behind, 1, edges))
    return outline.paper


if __name__ == "__main__":
    main()
