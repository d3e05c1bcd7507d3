"""Which size of glasses suits a face: lens, bridge and temple, as printed inside a temple.

The rules are those of dispensing: a front about as wide as the face, a bridge as wide as the nose
where it rests, pupils near the middles of the lenses, temples that reach behind the ears.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from genapp.tryon.fit import NARROW, VERTEX_DISTANCE, WIDE
from genapp.tryon.frames import END_PIECE, Frame
from genapp.tryon.head import ears
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS
from genapp.tryon.pose import Head

Verdict = Literal["narrow", "good", "wide"]
Range = tuple[float, float]

MARGIN = 3.0
"""A recommended width keeps this far inside what counts as good, mm."""
RIM = 3.0
"""Width of the side of a usual rim, mm."""
CENTRES = (-4.0, 10.0)
"""The middles of the lenses may be so much farther apart than the pupils, mm: beyond that the
lenses of a prescription become thick on one side."""
BRIDGE_NARROW, BRIDGE_WIDE = -2.5, 3.0
"""A bridge pinches or slips when it differs from the nose by less or more, mm."""
PADS = 2.0
"""Nose pads are bent to fit so much more each way, mm."""
BEHIND_EAR = 50.0
"""What of a temple lies behind where it meets the ear, bend and tip, mm."""
STEP = 5
"""Temples are made in steps of 5 mm."""
TEMPLES = (100, 155)
"""The shortest and the longest that are made, mm."""


@dataclass(frozen=True)
class Recommended:
    """Ranges in mm, lowest and highest."""

    width: Range
    """From end piece to end piece."""
    lens: Range
    bridge: Range
    temple: Range

    @property
    def text(self) -> str:
        """As an optician writes it: '52–55 □ 17–19, temples 140'."""
        return f"{_text(self.lens)} □ {_text(self.bridge)}, temples {_text(self.temple)}"


def recommend(head: Head) -> Recommended:
    """The sizes that suit a face."""
    face_width = head.millimetres.face_width.value
    pupils = head.millimetres.pupils.value
    nose = round(head.millimetres.bridge.value)
    width = (face_width + NARROW + MARGIN, face_width + WIDE - MARGIN)
    bridge = (nose - 1.0, nose + 1.0)
    lenses = [(value - nose) / 2 - RIM - END_PIECE for value in width]
    # The middles of the lenses are lens + bridge apart.
    centred = [pupils + apart - nose for apart in CENTRES]
    low, high = max(lenses[0], centred[0]), min(lenses[1], centred[1])
    if low > high:
        low = high = (low + high) / 2
    return Recommended(
        (round(width[0]), round(width[1])), (round(low), round(high)), bridge, _temples(head)
    )


def bridge_verdict(frame: Frame, nose: float) -> Verdict:
    """Whether a frame's bridge suits a nose of that width, mm. Thin metal has pads to bend."""
    give = PADS if frame.lower_finish.material == "metal" else 0.0
    difference = frame.bridge - nose
    if difference < BRIDGE_NARROW - give:
        return "narrow"
    return "wide" if difference > BRIDGE_WIDE + give else "good"


def suited_size(frame: Frame, recommended: Recommended) -> str:
    """The size in which a style would suit, lens-bridge-temple: its own if that fits."""
    low, high = recommended.width
    wanted = float(np.clip(frame.width, low, high))
    bridge = float(np.clip(frame.bridge, *recommended.bridge))
    frame_side = frame.width - 2 * frame.lens - frame.bridge
    lens = (wanted - bridge - frame_side) / 2
    temple = float(np.clip(frame.temple, *recommended.temple))
    return f"{lens:.0f}-{bridge:.0f}-{temple:.0f}"


def _text(limits: Range) -> str:
    low, high = limits
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"


def _temples(head: Head) -> Range:
    """From the front of the glasses to the ear, and behind it."""
    eyes = float(head.face[[RIGHT_IRIS.start, LEFT_IRIS.start], 2].mean())
    front = eyes - VERTEX_DISTANCE
    reach = float(np.mean([ear[2] for ear in ears(head)])) - front
    length = reach + BEHIND_EAR
    steps = [int(np.floor(length / STEP)) * STEP, int(np.ceil(length / STEP)) * STEP]
    low, high = np.clip(steps, *TEMPLES)
    return float(low), float(high)
