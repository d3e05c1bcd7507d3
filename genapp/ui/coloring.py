"""What one visitor of the Colour tab sees: a photo, what the network found, and the colours."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp import images
from genapp.colorizing import (
    Analysis,
    Clean,
    Colorized,
    Hint,
    Look,
    Palette,
    analyse,
    candidates,
    choose_model,
    color_at,
    color_name,
    heat_map,
    paint,
    palette_of,
)
from genapp.errors import ModelMissing, UnreadablePicture, UserError
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.ui import magnifier, marks
from genapp.ui.files import save_result
from genapp.ui.marks import Marks, Part
from genapp.ui.model_files import how_to_fetch

LONGEST = 1280
"""Of a picture on the screen, px."""
SHORTEST = 720
"""Of the picture to click on: a smaller one is enlarged until its longer side has this, px."""
CLICK_QUALITY = 92
"""Of that picture as a JPEG: a new one comes with each click."""
CANDIDATES = 6


@dataclass(frozen=True)
class Question:
    """What the network is asked."""

    model: str | None = None
    hints: tuple[Hint, ...] = ()
    clean: Clean = field(default_factory=Clean)
    sketch: bool = False
    """It is a line drawing."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A picture whose colours are taken."""

    source: str | bytes
    photo: Photo | None = None
    palette: Palette | None = None
    problem: str = ""
    """Why it has no colours to take, for people."""


@dataclass(frozen=True)
class Wishes:
    """What is done with its answer."""

    saturation: float = 1.0
    warmth: float = 0.0
    strength: float = 1.0
    candidate: int = 0
    parts: tuple[Part, ...] = ()
    """Stay grey."""
    palette: Palette | None = None
    """Of the reference."""
    reference_strength: float = 0.0
    wash: str = "natural"
    """Name of the palette for a line drawing."""


@dataclass(frozen=True, eq=False)
class Coloring:
    """A visitor's photo, and the last colours for it."""

    source: str | bytes
    photo: Photo
    key: str
    """The same for the same file."""
    question: Question | None = None
    analysis: Analysis | None = None
    small: Analysis | None = None
    """The same for the screen."""
    wishes: Wishes | None = None
    result: Colorized | None = None
    """In the size for the screen."""
    before: Path | None = None
    after: Path | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo, px."""
        return self.photo.pixels.shape[1], self.photo.pixels.shape[0]


def open_photo(source: str | bytes) -> Coloring:
    """Read what was uploaded. Raises the `UserError`s of `images.read`."""
    if isinstance(source, bytes):
        data = source
    elif Path(source).exists():
        data = Path(source).read_bytes()
    else:
        raise UnreadablePicture("Your photo was deleted after ten minutes.", "Upload it again.")
    return Coloring(source, images.read(source), hashlib.sha256(data).hexdigest())


def open_reference(source: str | bytes | None, last: Reference | None) -> Reference | None:
    """A picture to take colours from; the last one if it is the same."""
    if source is None:
        return None
    if last and last.source == source:
        return last
    try:
        if isinstance(source, str) and not Path(source).exists():
            raise UnreadablePicture(
                "The picture to take colours from was deleted after ten minutes.",
                "Upload it again.",
            )
        photo = images.read(source)
        return Reference(source, photo, palette_of(photo))
    except UserError as error:
        return Reference(source, problem=str(error))


def ask(coloring: Coloring, question: Question, engines: Engines) -> Coloring:
    """Let the network answer. Raises the `UserError`s of `analyse`."""
    if coloring.question == question:
        return coloring
    model = choose_model(engines, question.model, sketch=question.sketch)
    missing = how_to_fetch(model, engines.store)
    if missing:
        raise ModelMissing(f"{model.name} is not on this machine.", missing)
    analysis = analyse(
        coloring.photo,
        model=question.model,
        hints=question.hints,
        clean=question.clean,
        sketch=question.sketch,
        engines=engines,
    )
    return replace(
        coloring, question=question, analysis=analysis, small=analysis.preview(), wishes=None
    )


def show(coloring: Coloring, wishes: Wishes) -> Coloring:
    """Paint the answer for the screen. Only the newest result of a visitor is kept."""
    if coloring.wishes == wishes or coloring.small is None:
        return coloring
    result = paint(coloring.small, _look(coloring, wishes))
    after = magnifier.save_for_screen(result.photo, LONGEST, "after")
    before = coloring.before
    if before is None or not before.exists():
        before = magnifier.save_for_screen(coloring.small.photo, LONGEST, "before")
    if coloring.after:
        coloring.after.unlink(missing_ok=True)
    return replace(coloring, wishes=wishes, result=result, before=before, after=after)


def paint_full_size(coloring: Coloring) -> Colorized:
    """The last colours on the whole photo."""
    if coloring.analysis is None or coloring.wishes is None:
        raise ValueError("nothing was painted yet")
    return paint(coloring.analysis, _look(coloring, coloring.wishes))


def save_full_size(coloring: Coloring, ending: str, quality: int) -> Path:
    """The same as a file that Gradio serves. Raises the `UserError`s of `encode`."""
    photo = paint_full_size(coloring).photo
    return save_result(images.encode(photo, ending, quality=quality), f"{photo.name}.{ending}")


def others(coloring: Coloring, count: int = CANDIDATES) -> list[NDArray[np.uint8]]:
    """Several colourings for the screen; the place of each is its number."""
    if coloring.small is None or coloring.wishes is None:
        return []
    painted = candidates(coloring.small, count, _look(coloring, coloring.wishes))
    return [magnifier.for_screen(one.photo, 480) for one in painted]


def to_click_on(
    coloring: Coloring, now: Marks, chosen: int | None, *, unsure: bool = False
) -> Path | None:
    """The last colours, or where they are a guess, with the marks on them."""
    if coloring.result is None or coloring.small is None:
        return None
    heat = heat_map(coloring.small) if unsure else None
    picture = magnifier.for_screen(coloring.result.photo, LONGEST) if heat is None else heat
    width, height = click_size(coloring.size)
    larger = width > picture.shape[1]
    way = cv2.INTER_CUBIC if larger else cv2.INTER_AREA
    fitted = np.asarray(cv2.resize(picture, (width, height), interpolation=way), np.uint8)
    marked = marks.draw(fitted, now, width / coloring.size[0], chosen)
    data = images.encode(Photo(marked, icc=coloring.photo.icc), "jpg", quality=CLICK_QUALITY)
    return save_result(data, "colours.jpg")


def drawn(coloring: Coloring, now: Marks, chosen: int | None, *, unsure: bool) -> object:
    """What `to_click_on` draws: equal for equal pictures."""
    return coloring.question, coloring.wishes, now, chosen, unsure


def click_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the picture to click on, of those of the photo."""
    scale = min(max(*size, SHORTEST), LONGEST) / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def place_of(size: tuple[int, int], x: float, y: float) -> tuple[float, float]:
    """Where in a photo of that size a click on that picture is."""
    wide, high = click_size(size)
    return (x + 0.5) * size[0] / wide, (y + 0.5) * size[1] / high


def color_under(coloring: Coloring, x: float, y: float) -> str | None:
    """'#rrggbb' of the last result at a place of the photo."""
    if coloring.result is None:
        return None
    height, width = coloring.result.photo.pixels.shape[:2]
    column, row = x * width / coloring.size[0], y * height / coloring.size[1]
    return color_name(color_at(coloring.result.photo, column, row))


def _look(coloring: Coloring, wishes: Wishes) -> Look:
    return Look(
        saturation=wishes.saturation,
        warmth=wishes.warmth,
        strength=wishes.strength,
        candidate=wishes.candidate,
        keep_grey=_grey_mask(coloring, wishes.parts),
        reference=wishes.palette,
        reference_strength=wishes.reference_strength,
        palette=wishes.wash,
    )


def _grey_mask(coloring: Coloring, parts: tuple[Part, ...]) -> NDArray[np.uint8] | None:
    width, height = coloring.size
    scale = min(1.0, LONGEST / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return marks.grey_mask(Marks(parts=parts), size, scale)
