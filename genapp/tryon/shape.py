"""The shape of a face, and the frames that suit it.

The six shapes and the advice for each are opticians' conventions, not science: contrast the lines
of the face, and balance its proportions. They are those of the guides of All About Vision ("How to
determine your face shape"), Vision Center ("How to Determine Your Face Shape") and The Vision
Council ("Frames for your face shape"). The mesh ends at the hairline at the latest and knows no
hair, so a shape is told by how a face differs from the average one, not by absolute proportions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np

from genapp.tryon.arrays import Array
from genapp.tryon.fit import verdict
from genapp.tryon.frames import Frame, frame_names, load_frame
from genapp.tryon.geometry import lens_outline
from genapp.tryon.pose import Head
from genapp.tryon.scale import CHEEKS, CHIN, across

Name = Literal["oval", "round", "square", "heart", "oblong", "diamond"]

FOREHEAD_TOP = 10
FOREHEAD = (54, 284)
JAW = (172, 397)
JAW_CORNERS = ((132, 172, 149), (361, 397, 378))
"""Points before, at and after the corner of the jaw, wearer's right and left."""

AVERAGE = np.array([1.137, 0.827, 0.783, 152.3])
SPREAD = np.array([0.051, 0.019, 0.021, 2.7])
"""Means and standard deviations of `proportions` of 200 synthetic portraits."""

# How each shape differs from the average face, in standard deviations of: length, forehead,
# jaw (each over the width of the cheekbones), roundness of the jaw's corner.
_PROTOTYPES: MappingProxyType[Name, tuple[float, float, float, float]] = MappingProxyType(
    {
        "oval": (0.4, 0.0, -0.3, 0.3),
        "round": (-1.2, 0.0, 0.4, 1.0),
        "square": (-0.6, 0.2, 1.1, -1.1),
        "heart": (0.0, 1.1, -1.2, 0.2),
        "oblong": (1.7, 0.0, 0.2, 0.0),
        "diamond": (0.2, -1.2, -0.9, -0.2),
    }
)
SOFTNESS = 0.9
"""How far (standard deviations) faces of one shape scatter around it."""


@dataclass(frozen=True)
class Style:
    """What an optician sees in a frame, each about -1..1 among usual frames."""

    angular: float
    """From its outline: round … angular."""
    deep: float
    """Low … as high as wide."""
    lift: float
    """How much the outer corners rise over the inner ones."""
    heavy_top: float
    """How much heavier the rim is at the brow than at the bottom."""
    light: float
    """1 without rims, 0.5 with thin ones or half ones, 0 else."""


# How much each shape asks for each attribute of `Style`.
_WISHES: MappingProxyType[Name, Style] = MappingProxyType(
    {
        "oval": Style(0.3, 0.0, 0.1, 0.0, 0.0),
        "round": Style(1.0, -0.3, 0.2, 0.2, -0.1),
        "square": Style(-1.0, 0.1, 0.0, -0.2, 0.3),
        "heart": Style(-0.4, 0.2, -0.5, -0.7, 0.5),
        "oblong": Style(-0.1, 1.0, 0.0, 0.2, -0.4),
        "diamond": Style(-0.5, 0.0, 0.8, 0.5, 0.2),
    }
)
_SEEN: MappingProxyType[Name, str] = MappingProxyType(
    {
        "oval": "is a little longer than wide and narrows softly to the chin",
        "round": "is about as wide as long, with soft lines",
        "square": "has a broad jaw with clear corners",
        "heart": "is broad at the forehead and narrows to the chin",
        "oblong": "is long for its width",
        "diamond": "is widest at the cheekbones, with a narrow forehead and jaw",
    }
)
_ADVICE: MappingProxyType[Name, tuple[str, str]] = MappingProxyType(
    {
        "oval": ("most frames suit it, and those with clear lines such as", "keep its balance"),
        "round": ("angular frames such as", "give it edges"),
        "square": ("curved frames such as", "soften its corners"),
        "heart": ("light frames without weight at the brow such as", "balance its forehead"),
        "oblong": ("deep frames such as", "make it look shorter"),
        "diamond": ("frames that stress the brow or rise outwards such as", "widen its forehead"),
    }
)
BAD_SIZE = 1.5
"""What a frame of the wrong width loses, in units of a wish."""
SUITING = 5
"""How many frames are named."""


@dataclass(frozen=True)
class Shape:
    """The shape of a face."""

    name: Name
    confidence: float
    """Probability of this shape among the six, 0..1."""


def find_shape(head: Head) -> Shape:
    """The shape that a face is nearest to. Faces lie between the shapes: half of them are about as
    near to a second one, and the confidence says so."""
    differences = (proportions(head.face) - AVERAGE) / SPREAD
    names = list(_PROTOTYPES)
    apart = ((differences - np.array(list(_PROTOTYPES.values()))) ** 2).sum(1)
    chances = np.exp(-(apart - apart.min()) / (2 * SOFTNESS**2))
    best = int(chances.argmax())
    return Shape(names[best], float(chances[best] / chances.sum()))


def proportions(face: Array) -> Array:
    """Length, width of forehead and jaw over that of the cheekbones; angle at the jaw's corners in
    degrees: 4. `face`: 478×3 mm in head space."""
    width = across(face, CHEEKS)
    length = float(face[CHIN, 1] - face[FOREHEAD_TOP, 1])
    angles = [_angle(*face[list(points), :2]) for points in JAW_CORNERS]
    parts = [length / width, across(face, FOREHEAD) / width, across(face, JAW) / width]
    return np.array([*parts, np.mean(angles)])


def find_style(frame: Frame) -> Style:
    """The look of a frame, from its outline and rims."""
    outline = lens_outline(frame)
    half = frame.lens / 2
    inner, outer = outline[outline[:, 0] < -0.4 * half], outline[outline[:, 0] > 0.4 * half]
    lift = float(inner[:, 1].min() - outer[:, 1].min()) / frame.height
    thin = frame.rims == "half" or max(frame.rim) < 2
    return Style(
        angular=(_turning(outline) - 0.48) / 0.15,
        deep=(frame.height / frame.lens - 0.79) / 0.15,
        lift=lift / 0.1,
        heavy_top=(frame.rim[0] - frame.rim[2]) / 3 if frame.rims != "none" else 0.0,
        light=1.0 if frame.rims == "none" else 0.5 * thin,
    )


def suiting(shape: Shape, face_width: float) -> list[Frame]:
    """The frames of the catalogue that suit a face, best first: by its shape, those of its width
    (mm) before others."""
    wish = np.array(_values(_WISHES[shape.name]))
    ranks = []
    for frame, style in _catalogue():
        score = float(wish @ np.clip(_values(style), -1.5, 1.5))
        wrong_size = verdict(frame.width, face_width) != "good"
        ranks.append((BAD_SIZE * wrong_size - score, frame.name, frame))
    return [frame for _, _, frame in sorted(ranks, key=lambda rank: rank[:2])]


def reason(shape: Shape, frames: Sequence[Frame]) -> str:
    """Why the first two of these frames suit the face: one sentence."""
    kind, effect = _ADVICE[shape.name]
    named = " and ".join(frame.title for frame in frames[:2])
    return f"Your face {_SEEN[shape.name]}; {kind} {named} {effect}."


@cache
def _catalogue() -> tuple[tuple[Frame, Style], ...]:
    """Every frame with its style: reading them all takes longer than drawing one."""
    frames = [load_frame(name) for name in frame_names()]
    return tuple((frame, find_style(frame)) for frame in frames)


def _values(style: Style) -> list[float]:
    return [style.angular, style.deep, style.lift, style.heavy_top, style.light]


def _turning(outline: Array) -> float:
    """The share of its turning that a closed curve does in the sharpest fifth of its length: 0.2
    of a circle, nearly 1 of a polygon."""
    closed = np.concatenate([outline, outline[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    even = np.linspace(0, length[-1], 241)[:-1]
    x, y = (np.interp(even, length, closed[:, axis]) for axis in (0, 1))
    step = 3
    heading = np.arctan2(np.roll(y, -step) - y, np.roll(x, -step) - x)
    turn = np.abs((np.roll(heading, -step) - heading + np.pi) % (2 * np.pi) - np.pi)
    return float(np.sort(turn)[-len(turn) // 5 :].sum() / turn.sum())


def _angle(before: Array, corner: Array, after: Array) -> float:
    one, other = before - corner, after - corner
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
