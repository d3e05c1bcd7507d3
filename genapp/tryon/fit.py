"""Where a frame sits on a face."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from genapp.errors import check_number
from genapp.tryon.arrays import Array
from genapp.tryon.frames import Frame
from genapp.tryon.geometry import build, front_depth
from genapp.tryon.hair import Hair
from genapp.tryon.head import SIDES, ears
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS
from genapp.tryon.pose import Head
from genapp.tryon.solid import EAR_ALONG, Part, Solid

Verdict = Literal["narrow", "good", "wide"]

RIDGE = (168, 6, 197, 195, 5)
"""Down the ridge of the nose from between the eyes."""
EYELIDS = (159, 145, 386, 374)
VERTEX_DISTANCE = 12.0
"""From the eyelid to the lens, mm: what opticians aim at."""
FARTHEST = 20.0
"""The lens is never farther from the eyelid than this, mm, whatever brows and cheeks ask for."""
BOW = 8.0
"""Temples bend outwards around the head by this much at most, mm."""
STIFF = 0.4
"""Near hinge and ear, where a bow moves them by less than this share of it, they give no way."""
STEPS = 40
"""Rings into which a temple is cut to see where hair begins."""
LASHES = 2.0
"""Room between the lens and brows or cheeks, mm."""
NARROW, WIDE = -16.0, 0.0
"""A frame is too narrow or too wide when its width differs from the face's by less or more, mm.
The face is measured in front of the ears, where it is widest; a frame sits farther forward."""


@dataclass(frozen=True)
class Nudge:
    """How a user moves a frame from where it would sit. Left and right are the viewer's."""

    right: float = 0.0
    """mm."""
    down: float = 0.0
    """mm."""
    forward: float = 0.0
    """Away from the face, mm."""
    tilt: float = 0.0
    """Degrees, clockwise as the viewer sees it."""
    size: float = 1.0
    """Times its true size."""


AS_IT_SITS = Nudge()

NUDGE_LIMITS = MappingProxyType(
    {
        "right": (-15.0, 15.0),
        "down": (-25.0, 25.0),
        "forward": (-8.0, 25.0),
        "tilt": (-20.0, 20.0),
        "size": (0.7, 1.4),
    }
)
"""Least and most of each field of a `Nudge`."""


def check_nudge(nudge: Nudge) -> None:
    """Raises `BadValue` for a field that is no number or out of its limits."""
    for name, (low, high) in NUDGE_LIMITS.items():
        check_number(f"nudge '{name}'", getattr(nudge, name), low, high)


@dataclass(frozen=True, eq=False)
class Placement:
    """Frame space to head space: head = size · rotation · frame + shift."""

    rotation: Array
    """3×3."""
    shift: Array
    """3, mm."""
    size: float = 1.0

    def to_head(self, points: Array) -> Array:
        """N×3 frame space → head space."""
        return np.asarray(self.size * points @ self.rotation.T + self.shift, np.float32)

    def to_frame(self, points: Array) -> Array:
        """N×3 head space → frame space."""
        return np.asarray((points - self.shift) @ self.rotation / self.size, np.float32)


def place(frame: Frame, head: Head, nudge: Nudge = AS_IT_SITS) -> Placement:
    """Rest a frame on the nose: level with the eyes, the bridge on the ridge of the nose, the
    lenses clear of brows and cheeks; then move it by what the user asks for."""
    resting = _rest(frame, head)
    shift = resting.rotation @ np.array([nudge.right, nudge.down, -nudge.forward], np.float32)
    turned = resting.rotation @ _turn(float(np.radians(nudge.tilt)))
    return Placement(turned, resting.shift + shift, nudge.size)


def _rest(frame: Frame, head: Head) -> Placement:
    face = head.face
    right, left = face[RIGHT_IRIS.start], face[LEFT_IRIS.start]
    across = left - right
    rotation = _turn(float(np.arctan2(across[1], across[0])))
    pupils = (left + right) / 2
    nose = face[list(RIDGE[:2])].mean(0)
    middle = np.array([(pupils[0] + nose[0]) / 2, pupils[1], 0], np.float32)
    # Points of the face as the frame would see them if it stood at depth 0.
    seen = (face - middle) @ rotation
    seen[:, 1] -= frame.drop
    depth = _depth(frame, seen)
    shift = middle + rotation @ np.array([0, frame.drop, depth], np.float32)
    return Placement(rotation, shift.astype(np.float32))


def _depth(frame: Frame, face: Array) -> float:
    """How far back the frame can go. `face`: 478×3 in frame space, but for the depth."""
    pupils = face[[RIGHT_IRIS.start, LEFT_IRIS.start]]
    eyes = float(face[list(EYELIDS), 2].mean())
    at_pupils = float(front_depth(frame, pupils[:, 0], pupils[:, 1]).mean())
    wanted = eyes - VERTEX_DISTANCE - at_pupils
    nearest = eyes - FARTHEST - at_pupils
    return max(min(wanted, _bridge_rest(frame, face), _clearance(frame, face)), nearest)


def _bridge_rest(frame: Frame, face: Array) -> float:
    ridge = face[list(RIDGE)]
    order = np.argsort(ridge[:, 1])
    skin = float(np.interp(-frame.bridge_rise, ridge[order, 1], ridge[order, 2]))
    edge = np.array([frame.bridge / 2], np.float32)
    bridge = float(front_depth(frame, edge, np.array([-frame.bridge_rise], np.float32))[0])
    return skin - bridge - frame.depth / 2 - 0.5


def _clearance(frame: Frame, face: Array) -> float:
    """Keep brows, eyes and cheeks off the lenses; the nose goes between them."""
    x, y = np.abs(face[:468, 0]), face[:468, 1]
    behind_lens = (
        (x > frame.bridge / 2 + 4)
        & (x < frame.bridge / 2 + frame.lens)
        & (np.abs(y) < frame.height / 2)
    )
    points = face[:468][behind_lens]
    if len(points) == 0:
        return np.inf
    return float((points[:, 2] - front_depth(frame, points[:, 0], points[:, 1])).min()) - LASHES


def wear(
    frame: Frame, head: Head, hair: Hair | None = None, nudge: Nudge = AS_IT_SITS
) -> tuple[Solid, Solid]:
    """The opaque parts and the lenses of a frame on a face, in camera space. Where hair covers an
    ear, it covers the temple too."""
    placement = place(frame, head, nudge)
    left, right = placement.to_frame(np.array(ears(head), np.float32)).tolist()
    opaque, lenses = build(frame, (tuple(left), tuple(right)))
    opaque = _bowed(opaque, placement, head)
    turn = head.rotation @ placement.rotation
    worn = _moved(opaque, head, placement, turn)
    if hair is not None:
        worn = replace(worn, hidden=_under_hair(opaque, worn, head, hair))
    return worn, _moved(lenses, head, placement, turn)


def _under_hair(frame_space: Solid, worn: Solid, head: Head, hair: Hair) -> Array:
    covers = np.where(frame_space.vertices[:, 0] < 0, *hair.covers_ear)
    hidden = np.zeros(len(covers), np.float32)
    for side in (-1, 1):
        temple = (worn.part == Part.TEMPLE) & covers & (frame_space.vertices[:, 0] * side > 0)
        if not temple.any():
            continue
        looks = hair.at(head.view.project(worn.vertices[temple]))
        ring = np.minimum(worn.along[temple] * STEPS, STEPS - 1).astype(int)
        count = np.bincount(ring, minlength=STEPS)
        share = np.bincount(ring, looks, STEPS) / np.maximum(count, 1)
        # What has gone under hair does not come out before it is behind the ear.
        under = np.maximum.accumulate(share)
        hidden[temple] = under[ring]
    return hidden


def _bowed(solid: Solid, placement: Placement, head: Head) -> Solid:
    """Frame space: temples as far out as the sides of the head push them between hinge and ear."""
    vertices = solid.vertices.copy()
    for side, points in zip((-1, 1), SIDES, strict=True):
        skin = placement.to_frame(head.face[list(points)])
        skin = skin[np.argsort(skin[:, 2])]
        temple = (solid.part == Part.TEMPLE) & (vertices[:, 0] * side > 0)
        swing = np.sin(np.pi * np.clip(solid.along[temple] / EAR_ALONG, 0, 1))
        x, z = vertices[temple, 0] * side, vertices[temple, 2]
        beside = (swing > STIFF) & (z > skin[0, 2]) & (z < skin[-1, 2])
        if beside.any():
            lack = np.interp(z, skin[:, 2], skin[:, 0] * side) - x
            bow = np.clip((lack[beside] / swing[beside]).max(), 0, BOW)
            vertices[temple, 0] += side * bow * swing
    return replace(solid, vertices=vertices)


def verdict(frame_width: float, face_width: float) -> Verdict:
    """Whether a frame's width (mm) suits a face's (mm)."""
    difference = frame_width - face_width
    if difference < NARROW:
        return "narrow"
    return "wide" if difference > WIDE else "good"


def _moved(solid: Solid, head: Head, placement: Placement, turn: Array) -> Solid:
    return replace(
        solid,
        vertices=head.to_camera(placement.to_head(solid.vertices)),
        normals=np.asarray(solid.normals @ turn.T, np.float32),
    )


def _turn(angle: float) -> Array:
    """Rotation by `angle` (radians) that turns x towards y."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float32)
