"""Several frames on the same face, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from genapp.errors import BadValue
from genapp.images import Photo, read, to_8_bit
from genapp.registry.engines import Engines
from genapp.tryon.detectors import BLAZEFACE
from genapp.tryon.fit import AS_IT_SITS, Nudge
from genapp.tryon.mesh import MODEL
from genapp.tryon.own import Source
from genapp.tryon.parsing import AUTO
from genapp.tryon.pipeline import (
    Analysis,
    Choice,
    Corners,
    Face,
    Picture,
    analyse,
    choose,
    dress_each,
)

CELL = 420
"""Longest side of one picture, px: four fill a screen."""
MOST = 36
"""Frames in one comparison."""
AROUND = (0.45, 0.55, 0.35)
"""What is seen beyond the face, as parts of its size: at each side, above, below."""
GAP = 12
CAPTION = 46
"""Between pictures, and under each, px."""
PAPER, INK, FAINT = (255, 255, 255), (24, 32, 40), (96, 106, 116)


@dataclass(frozen=True, eq=False)
class Comparison:
    """One face in several frames."""

    cells: tuple[NDArray[np.uint8], ...]
    """h×w×3 each, the same part of the photo, without captions."""
    captions: tuple[str, ...]
    """Frame and size, on a second line its width and fit."""
    sheet: Photo
    """All of them in one picture, captions below."""
    faces: tuple[Mapping[str, Any], ...]
    """The report of the face for each frame; positions in pixels of its cell."""

    def report(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {"compared": [dict(face) for face in self.faces]}


def compare_frames(
    photo: Picture,
    frames: Sequence[Source],
    *,
    tint: str | None = None,
    opacity: float | None = None,
    gradient: float | None = None,
    dioptres: float = 0.0,
    nudge: Nudge = AS_IT_SITS,
    pd_mm: float | None = None,
    card: bool | Corners = False,
    columns: int | None = None,
    model: str = MODEL,
    detector: str = BLAZEFACE,
    parser: str = AUTO,
    device: str = "auto",
    engines: Engines | None = None,
) -> Comparison:
    """Put each of several frames on the largest face of a photo; settings and errors as those of
    `try_on`, `columns` as that of `compare`."""
    choices = [choose(frame, tint, opacity, gradient, nudge, dioptres) for frame in frames]
    pool = engines or Engines(device=device)
    try:
        analysis = analyse(
            read(photo),
            pool,
            pd_mm=pd_mm,
            card=card,
            model=model,
            detector=detector,
            parser=parser,
        )
        return compare(analysis, choices, columns=columns)
    finally:
        if engines is None:
            pool.close()


def compare(
    analysis: Analysis, choices: Sequence[Choice], *, face: int = 0, columns: int | None = None
) -> Comparison:
    """Put each of several frames on the same face. No network runs.

    Args:
        analysis: the photo and its faces.
        choices: what to compare, at most `MOST`.
        face: which of the faces.
        columns: pictures in a row of the sheet; None: about as many as there are rows.

    Raises:
        BadValue: no frames, too many, or no such face.
    """
    if not 1 <= len(choices) <= MOST:
        raise BadValue(f"{len(choices)} frames were chosen.", f"Choose from 1 to {MOST}.")
    if not 0 <= face < len(analysis.faces):
        raise BadValue(
            f"There is no face number {face + 1}.", f"The photo shows {len(analysis.faces)}."
        )
    portrait = _portrait(analysis, face)
    cells, captions, faces = [], [], []
    notes: dict[str, None] = {}
    for choice in choices:
        worn = dress_each(portrait, [choice])
        cells.append(to_8_bit(worn.photo.pixels))
        faces.append(worn.faces[0])
        notes |= dict.fromkeys(worn.photo.notes)
        captions.append(f"{choice.frame.title} {choice.frame.size}\n{_fit(worn.faces[0])}")
    sheet = Photo(
        pixels=_sheet(cells, captions, columns or ceil(len(cells) ** 0.5)),
        name=f"{analysis.photo.name or 'photo'}-compared",
        notes=tuple(notes),
    )
    return Comparison(tuple(cells), tuple(captions), sheet, tuple(faces))


def _portrait(analysis: Analysis, face: int) -> Analysis:
    """That face alone, with what is around it."""
    box = _around(analysis.faces[face], analysis.photo.pixels.shape)
    zoom = min(1.0, CELL / max(box[2] - box[0], box[3] - box[1]))
    seen = analysis.zoomed(box, zoom)
    return replace(seen, faces=(seen.faces[face],))


def _around(face: Face, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    x, y, width, height = face.mesh.box
    side, above, below = AROUND
    return (
        max(0, round(x - side * width)),
        max(0, round(y - above * height)),
        min(shape[1], round(x + (1 + side) * width)),
        min(shape[0], round(y + (1 + below) * height)),
    )


def _fit(report: Mapping[str, Any]) -> str:
    return f"{report['frame']['width_mm']:.0f} mm wide: {report['fit']}"


def _sheet(
    cells: Sequence[NDArray[np.uint8]], captions: Sequence[str], columns: int
) -> NDArray[np.uint8]:
    columns = max(1, min(columns, len(cells)))
    height, width = cells[0].shape[:2]
    # A caption is as wide as this at least.
    step = max(width, 200) + GAP
    rows = ceil(len(cells) / columns)
    size = (columns * step + GAP, rows * (height + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(16), ImageFont.load_default(13)
    for number, (cell, caption) in enumerate(zip(cells, captions, strict=True)):
        left = GAP + number % columns * step
        top = GAP + number // columns * (height + CAPTION + GAP)
        sheet.paste(Image.fromarray(cell), (left, top))
        title, fit = caption.split("\n")
        draw.text((left, top + height + 6), title, INK, large)
        draw.text((left, top + height + 26), fit, FAINT, small)
    return np.asarray(sheet)
