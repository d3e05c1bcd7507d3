"""What a visitor puts on a photo that is being coloured: points of colour, and parts to stay grey.

Everything is in pixels of the whole photo, upright, x right and y down. Nothing is changed in
place, so undo is a step back in a list.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.colorizing import Hint

Color = tuple[float, float, float]
"""sRGB, 0..1."""
Corner = tuple[float, float]
Part = tuple[Corner, ...]
"""Corners of a part that stays grey; fewer than three enclose nothing yet."""

LONGEST_PAST = 200
"""Steps that can be undone."""
DOT = 1 / 55
"""Radius of a drawn dot, as a share of the picture's longer side."""
WHITE, BLACK = (255, 255, 255), (20, 20, 20)


@dataclass(frozen=True)
class Marks:
    """All that is on the photo at one time."""

    hints: tuple[Hint, ...] = ()
    parts: tuple[Part, ...] = ()
    """A new corner belongs to the last of them."""

    @property
    def enclosed(self) -> tuple[Part, ...]:
        """The parts that enclose something."""
        return tuple(part for part in self.parts if len(part) > 2)


@dataclass(frozen=True)
class History:
    """The marks, those before and after them, and the hint that is chosen."""

    now: Marks = Marks()
    past: tuple[Marks, ...] = ()
    future: tuple[Marks, ...] = ()
    chosen: int | None = None
    """Its place in `now.hints`."""
    step: str = ""
    """What was done last; steps of the same name, if it has one, are undone together."""
    photo: str = ""
    """Which photo the marks are for."""

    def add(self, hint: Hint) -> "History":
        """One more hint."""
        return self._do(replace(self.now, hints=(*self.now.hints, hint)))

    def choose(self, number: int | None) -> "History":
        """Choose a hint by its place; none, or the same once more, chooses none."""
        wrong = number is None or not 0 <= number < len(self.now.hints)
        return replace(self, chosen=None if wrong or number == self.chosen else number, step="")

    def move(self, x: float, y: float) -> "History":
        """Put the chosen hint elsewhere; then none is chosen."""
        if self.chosen is None:
            return self
        return self._with(replace(self.now.hints[self.chosen], x=x, y=y))

    def recolor(self, rgb: Color) -> "History":
        """Give the chosen hint another colour; it stays chosen."""
        if self.chosen is None or self.now.hints[self.chosen].rgb == rgb:
            return self
        changed = self._with(
            replace(self.now.hints[self.chosen], rgb=rgb), f"recolor {self.chosen}"
        )
        return replace(changed, chosen=self.chosen)

    def delete(self) -> "History":
        """Take the chosen hint away."""
        if self.chosen is None:
            return self
        kept = (hint for number, hint in enumerate(self.now.hints) if number != self.chosen)
        return self._do(replace(self.now, hints=tuple(kept)))

    def corner(self, x: float, y: float) -> "History":
        """One more corner of the last part that stays grey."""
        *before, last = self.now.parts or ((),)
        return self._do(replace(self.now, parts=(*before, (*last, (x, y)))))

    def next_part(self) -> "History":
        """The next corner begins another part. What encloses nothing is left out."""
        if not self.now.parts or not self.now.parts[-1]:
            return self
        return self._do(replace(self.now, parts=(*self.now.enclosed, ())))

    def clear(self) -> "History":
        """Nothing is marked."""
        return self._do(Marks()) if self.now != Marks() else self

    def undo(self) -> "History":
        """The step before."""
        if not self.past:
            return self
        return History(self.past[-1], self.past[:-1], (self.now, *self.future), photo=self.photo)

    def redo(self) -> "History":
        """The step that was undone last."""
        if not self.future:
            return self
        return History(self.future[0], (*self.past, self.now), self.future[1:], photo=self.photo)

    def click(self, x: float, y: float, rgb: Color, reach: float) -> "History":
        """What a click on the photo means: it chooses a hint, moves the one that is chosen, or
        adds one.

        Args:
            x, y: where.
            rgb: of a new hint, 0..1.
            reach: how far from a hint a click still means it.
        """
        hit = hint_at(self.now.hints, x, y, reach)
        if hit is not None:
            return self.choose(hit)
        if self.chosen is not None:
            return self.move(x, y)
        return self.add(Hint(x, y, rgb))

    def _with(self, hint: Hint, step: str = "") -> "History":
        hints = list(self.now.hints)
        hints[self.chosen or 0] = hint
        return self._do(replace(self.now, hints=tuple(hints)), step)

    def _do(self, marks: Marks, step: str = "") -> "History":
        same = step and step == self.step
        past = self.past if same else (*self.past, self.now)[-LONGEST_PAST:]
        return History(marks, past, (), None, step, self.photo)


def hint_at(hints: Sequence[Hint], x: float, y: float, reach: float) -> int | None:
    """Place of the nearest hint that is no farther than `reach`."""
    far = [math.hypot(hint.x - x, hint.y - y) for hint in hints]
    if not far or min(far) > reach:
        return None
    return far.index(min(far))


def grey_mask(marks: Marks, size: tuple[int, int], scale: float = 1.0) -> NDArray[np.uint8] | None:
    """White where the photo is to stay grey, H×W; None if that is nowhere.

    Args:
        marks: in pixels of the whole photo.
        size: width and height of the mask.
        scale: pixels of the mask for one of the whole photo.
    """
    if not marks.enclosed:
        return None
    mask = np.zeros((size[1], size[0]), np.uint8)
    for part in marks.enclosed:
        cv2.fillPoly(mask, [np.rint(np.array(part) * scale).astype(np.int32)], 255)
    return mask


def is_for(history: History, photo: str) -> History:
    """The history, or an empty one if it is for another photo."""
    return history if history.photo == photo else History(photo=photo)


def draw(
    picture: NDArray[np.uint8], marks: Marks, scale: float, chosen: int | None = None
) -> NDArray[np.uint8]:
    """A picture with numbered dots and outlined parts on it.

    Args:
        picture: H×W×3.
        marks: in pixels of the whole photo.
        scale: pixels of the picture for one of the whole photo.
        chosen: place of the hint that gets a second ring.
    """
    drawn = picture.copy()
    radius = dot_radius(drawn)
    line = max(1, radius // 6)
    for part in marks.parts:
        corners = np.rint(np.array(part).reshape(-1, 2) * scale).astype(np.int32)
        for color, width in ((WHITE, 3 * line), (BLACK, line)):
            if len(corners) > 1:
                cv2.polylines(drawn, [corners], len(corners) > 2, color, width, cv2.LINE_AA)
        for corner in corners:
            _disc(drawn, corner, radius // 2, BLACK, line)
    for number, hint in enumerate(marks.hints):
        place = np.rint([hint.x * scale, hint.y * scale]).astype(np.int32)
        red, green, blue = (round(255 * value) for value in hint.rgb)
        color = (red, green, blue)
        if number == chosen:
            _disc(drawn, place, radius + 4 * line, BLACK, line)
        _disc(drawn, place, radius, color, line)
        _number(drawn, place, str(number + 1), radius, color)
    return drawn


def dot_radius(picture: NDArray[np.uint8]) -> int:
    """Of the dots that `draw` draws, px."""
    return max(6, int(max(picture.shape[:2]) * DOT + 0.5))


def _disc(
    drawn: NDArray[np.uint8],
    place: NDArray[np.int32],
    radius: int,
    color: tuple[int, int, int],
    line: int,
) -> None:
    """Ringed in white and black, so that it shows on everything."""
    center = (int(place[0]), int(place[1]))
    for more, ring in ((2 * line, BLACK), (line, WHITE), (0, color)):
        cv2.circle(drawn, center, radius + more, ring, cv2.FILLED, cv2.LINE_AA)


def _number(
    drawn: NDArray[np.uint8],
    place: NDArray[np.int32],
    text: str,
    radius: int,
    under: tuple[int, int, int],
) -> None:
    light = 0.299 * under[0] + 0.587 * under[1] + 0.114 * under[2] > 140
    size = radius / 14 / max(1, len(text) - 0.4)
    thick = max(1, round(radius / 8))
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    corner = (int(place[0]) - width // 2, int(place[1]) + height // 2)
    color = BLACK if light else WHITE
    cv2.putText(drawn, text, corner, cv2.FONT_HERSHEY_SIMPLEX, size, color, thick, cv2.LINE_AA)
