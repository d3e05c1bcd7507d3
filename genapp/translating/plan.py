"""At which sizes a photo is painted: nothing runs here."""

import math
from dataclasses import dataclass

from genapp.errors import BadValue, TooLarge
from genapp.translating.styles import FACE

Size = tuple[int, int]
"""Width and height in pixels."""

DEFAULT_DETAIL = 1024
"""Longer side of the painting: strokes are then as large as in a picture one hangs up."""
MOST_BY_ITSELF = 2048
"""Longer side up to which a painting becomes larger because faces are small."""
SMALLEST_DETAIL, LARGEST_DETAIL = 64, 12000
MAX_MEGAPIXELS = 50.0
SMALLEST_SIDE = 32
"""Of a photo, px."""
CLOSE = 1.25
"""A painting that has to become no more times larger is only resampled."""
STEP = 3.0
"""No more times larger is a painting made at once by painting over it."""


@dataclass(frozen=True)
class Plan:
    """Sizes of a translation."""

    size: Size
    """Of the photo, and of the result."""
    paintings: tuple[Size, ...]
    """The first has the strokes that are asked for. Each next one is painted over the one before,
    and puts finer strokes inside."""

    @property
    def detail(self) -> int:
        """Longer side of the first painting, px."""
        return max(self.paintings[0])

    @property
    def pixels(self) -> int:
        """Of all paintings together."""
        return sum(width * height for width, height in self.paintings)


def make_plan(
    size: Size,
    *,
    detail: int | None = None,
    face: float | None = None,
    refine: bool = True,
    max_megapixels: float = MAX_MEGAPIXELS,
) -> Plan:
    """The sizes to paint at.

    Args:
        size: width and height of the photo, px.
        detail: longer side of the painting, px: the larger, the finer the strokes. None: 1024, or
            as much more as makes the largest face `FACE` wide, up to 2048.
        refine: paint over a painting that is smaller than the photo, up to the photo's size.
        face: width of the largest face, px of the photo; None where there is none.
        max_megapixels: the most pixels of photo and painting, in millions.

    Raises:
        BadValue: the photo or the detail is too small or too large.
        TooLarge: too many pixels.
    """
    if min(size) < SMALLEST_SIDE:
        raise BadValue(
            f"The picture is {size[0]}×{size[1]}.",
            f"Choose one with at least {SMALLEST_SIDE} pixels a side.",
        )
    if detail is None:
        detail = _default_detail(size, face)
    elif isinstance(detail, bool) or not isinstance(detail, int):
        raise BadValue(f"The detail is {detail!r}.", "Choose a whole number of pixels.")
    if not SMALLEST_DETAIL <= detail <= LARGEST_DETAIL:
        raise BadValue(
            f"The detail is {detail}.", f"Choose {SMALLEST_DETAIL} to {LARGEST_DETAIL} pixels."
        )
    zoom = detail / max(size)
    painting = _zoomed(size, zoom)
    for what, (width, height) in (("picture", size), ("painting", painting)):
        if width * height > max_megapixels * 1e6:
            raise TooLarge(
                f"The {what} has {width}×{height} pixels, more than {max_megapixels:g} million.",
                "Make the picture smaller." if what == "picture" else "Choose less detail.",
            )
    later = _refinements(size, zoom) if refine else ()
    return Plan(size, (painting, *later))


def _refinements(size: Size, zoom: float) -> tuple[Size, ...]:
    """Sizes in even steps from a painting of `zoom` times the photo's to the photo's."""
    if zoom * CLOSE >= 1:
        return ()
    steps = math.ceil(-math.log(zoom) / math.log(STEP))
    return (*(_zoomed(size, zoom ** (1 - i / steps)) for i in range(1, steps)), size)


def _zoomed(size: Size, zoom: float) -> Size:
    return max(SMALLEST_SIDE, round(size[0] * zoom)), max(SMALLEST_SIDE, round(size[1] * zoom))


def _default_detail(size: Size, face: float | None) -> int:
    if not face:
        return DEFAULT_DETAIL
    wanted = round(FACE / face * max(size))
    return min(max(DEFAULT_DETAIL, wanted), MOST_BY_ITSELF)
