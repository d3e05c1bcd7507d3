"""What one visitor of the Style tab sees: a photo, every style on it in small, and the painting."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp import images
from genapp.errors import UnreadablePicture
from genapp.images import Photo, Pixels, resized
from genapp.registry.engines import Engines
from genapp.translating import (
    LARGEST_DETAIL,
    SMALLEST_DETAIL,
    SMALLEST_SIDE,
    Finish,
    Painted,
    Translated,
    default_face_strength,
    finish,
    make_plan,
    paint,
    read_styles,
    region_mask,
    translate,
)
from genapp.tryon import FaceShape, find_faces, open_parser
from genapp.ui import magnifier
from genapp.ui.files import save_result
from genapp.upscaling import Progress, face_mask

LONGEST = 1280
"""Of a picture on the screen, px."""
SAMPLE = 288
"""Longer side of the photo in which each style is shown, px."""
STROKES = {"Broad": 0.6, "As in a painting": 1.0, "Fine": 1.6}
"""By what factor the painting is larger than the usual one: the strokes are finer then."""


@dataclass(frozen=True)
class Wishes:
    """How the photo is painted."""

    style: str | None = None
    """A built-in style; None: that of the visitor's picture."""
    picture: str | bytes | None = None
    """To take a style from."""
    second: str | None = None
    """A built-in style that is blended in."""
    share: float = 0.5
    """Of the second."""
    strokes: str = "As in a painting"
    strength: float = 1.0
    spare_faces: bool = True
    """Paint faces only as strongly as lets them still be told."""
    keep_colors: bool = False
    region: str = "all"

    def styles(self) -> dict[Any, float]:
        """Weights by name or picture, for `translate`."""
        first: Any = self.style
        if first is None:
            if self.picture is None:
                return {}
            first = _kept(self.picture)
        if self.second is None or self.second == self.style:
            return {first: 1.0}
        return {first: 1 - self.share, self.second: self.share}

    @property
    def painted_by(self) -> tuple[object, ...]:
        """What the networks have to run anew for."""
        return self.style, self.picture, self.second, self.share, self.strokes


@dataclass(frozen=True, eq=False)
class Canvas:
    """A visitor's photo, and the last painting of it."""

    source: str | bytes
    photo: Photo
    small: Photo
    """For the screen."""
    key: str
    """The same for the same file."""
    faces: tuple[FaceShape, ...]
    """In the small photo."""
    wishes: Wishes | None = None
    painted: Painted | None = None
    result: Translated | None = None
    """In the size for the screen."""
    before: Path | None = None
    after: Path | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo, px."""
        return _size(self.photo.pixels)


def open_photo(source: str | bytes, engines: Engines) -> Canvas:
    """Read what was uploaded and look for faces. Raises the `UserError`s of `images.read`."""
    data = source if isinstance(source, bytes) else _kept(source).read_bytes()
    photo = images.read(source)
    make_plan(_size(photo.pixels))  # refuses what is too small or too large before any work
    small = shrunk(photo, LONGEST)
    faces = tuple(find_faces(small.pixels, engines))
    return Canvas(source, photo, small, hashlib.sha256(data).hexdigest(), faces)


def samples(canvas: Canvas, names: Iterable[str], engines: Engines) -> Iterator[NDArray[np.uint8]]:
    """The photo in small in each of these styles."""
    tiny = shrunk(canvas.small, SAMPLE)
    detail = max(SMALLEST_DETAIL, *_size(tiny.pixels))
    plan = make_plan(_size(tiny.pixels), detail=detail, refine=False)
    for name in names:
        painted = finish(paint(tiny, read_styles(name), plan, engines), Finish())
        yield magnifier.for_screen(painted.photo, SAMPLE)


def show(canvas: Canvas, wishes: Wishes, engines: Engines, progress: Progress | None) -> Canvas:
    """Paint the photo for the screen. Only the newest result of a visitor is kept.

    Raises the `UserError`s of `translate`.
    """
    if canvas.wishes == wishes:
        return canvas
    styles = read_styles(wishes.styles())
    painted, last = canvas.painted, canvas.wishes
    if painted is None or last is None or last.painted_by != wishes.painted_by:
        size = _size(canvas.small.pixels)
        plan = make_plan(size, detail=_detail(canvas, wishes.strokes))
        painted = paint(canvas.small, styles, plan, engines, progress)
    face_strength = default_face_strength(styles) if wishes.spare_faces else 1.0
    parser = open_parser("auto", engines) if wishes.region != "all" else None
    mask = region_mask(canvas.small.pixels, wishes.region, canvas.faces, engines, parser)
    faces = None
    if canvas.faces and face_strength < 1:
        faces = face_mask(canvas.faces, _size(canvas.small.pixels))
    settings = Finish(wishes.strength, wishes.keep_colors, face_strength)
    result = finish(painted, settings, mask=mask, faces=faces, region=wishes.region)
    after = magnifier.save_for_screen(result.photo, LONGEST, "after")
    before = canvas.before
    if before is None or not before.exists():
        before = magnifier.save_for_screen(canvas.small, LONGEST, "before")
    if canvas.after:
        canvas.after.unlink(missing_ok=True)
    return replace(
        canvas, wishes=wishes, painted=painted, result=result, before=before, after=after
    )


def paint_full_size(canvas: Canvas, engines: Engines, progress: Progress | None) -> Translated:
    """The last painting in the size of the photo."""
    wishes = canvas.wishes
    if wishes is None:
        raise ValueError("nothing was painted yet")
    return translate(
        canvas.photo,
        wishes.styles(),
        strength=wishes.strength,
        face_strength=None if wishes.spare_faces else 1.0,
        keep_colors=wishes.keep_colors,
        region=wishes.region,
        detail=_detail(canvas, wishes.strokes),
        progress=progress,
        engines=engines,
    )


def save_full_size(
    canvas: Canvas, ending: str, quality: int, engines: Engines, progress: Progress | None
) -> Path:
    """The same as a file that Gradio serves. Raises the `UserError`s of `translate`."""
    photo = paint_full_size(canvas, engines, progress).photo
    return save_result(images.encode(photo, ending, quality=quality), f"{photo.name}.{ending}")


def shrunk(photo: Photo, longest: int) -> Photo:
    """A photo whose longer side is no longer than that, unless the other were too short then."""
    width, height = _size(photo.pixels)
    scale = max(longest / max(width, height), SMALLEST_SIDE / min(width, height))
    if scale >= 1:
        return photo
    size = max(1, round(width * scale)), max(1, round(height * scale))
    alpha = None if photo.alpha is None else _fitted(photo.alpha, size)
    return resized(photo, _fitted(photo.pixels, size), alpha, photo.name)


def weights_in_words(weights: Mapping[str, float]) -> str:
    """Such as 'embers 60 %, ink-wash 40 %'."""
    if len(weights) == 1:
        return next(iter(weights))
    return ", ".join(f"{name} {weight:.0%}".replace("%", " %") for name, weight in weights.items())


def _detail(canvas: Canvas, strokes: str) -> int:
    face = max((shape.box[2] for shape in canvas.faces), default=None)
    usual = make_plan(_size(canvas.small.pixels), face=face).detail
    return min(max(round(usual * STROKES[strokes]), SMALLEST_DETAIL), LARGEST_DETAIL)


def _kept(source: str | bytes) -> Any:  # noqa: ANN401 (a path or bytes)
    """Raises `UnreadablePicture` for an upload that is no longer there."""
    if isinstance(source, bytes):
        return source
    if not Path(source).exists():
        raise UnreadablePicture(
            "A picture of yours was deleted after ten minutes.", "Upload it again."
        )
    return Path(source)


def _fitted(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), pixels.dtype)


def _size(pixels: Pixels) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]
