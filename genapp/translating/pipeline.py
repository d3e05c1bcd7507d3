"""Translate a photo: styles → plan → paint (the networks) → finish (strength, colours, region)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import OutOfMemory, check_number
from genapp.images import Photo, Pixels, check_sides, from_float, read, resized, to_8_bit, to_float
from genapp.registry.devices import Ran, ran_report
from genapp.registry.engines import Engines
from genapp.translating.colors import matched_light, recolored
from genapp.translating.drawing import find_lines, inked, strokes, washed
from genapp.translating.looks import Look, apply_look
from genapp.translating.painters import only_looks, parts_of
from genapp.translating.plan import MAX_MEGAPIXELS, Plan, Size, make_plan
from genapp.translating.regions import FEWEST, Mask, check_region, person_mask, region_mask
from genapp.translating.styles import (
    Picture,
    Style,
    default_face_strength,
    read_styles,
)
from genapp.translating.tiles import TILE, WHOLE, Painter, paint_tiles, resampled
from genapp.tryon import check_parser, find_faces, open_parser
from genapp.upscaling import BICUBIC, Clock, Progress, bleed, face_mask, rows_of, size_of

Painting = NDArray[np.uint16]
"""h×w×3, the whole range."""

ROWS = 256
"""Rows of the result that are finished at a time."""
SMALLEST_TILE = 128
PHOTO_PART = 0.4
"""Of what is seen when a painting is painted over; the rest is the painting."""


@dataclass(frozen=True)
class Finish:
    """What becomes of the painting. Costs little: no network runs."""

    strength: float = 1.0
    """0 the photo … 1 the painting."""
    keep_colors: bool = False
    """The painting's light in the photo's colours."""
    face_strength: float = 1.0
    """How much of the strength there is on faces."""

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0, 1)
        check_number("face_strength", self.face_strength, 0, 1)


@dataclass(frozen=True, eq=False)
class Painted:
    """What the networks made: done once, then finished in any way."""

    photo: Photo
    plan: Plan
    styles: tuple[Style, ...]
    source: Pixels
    """H×W×3: the photo's colours, continued under what is transparent."""
    painting: Painting
    """h×w×3 in the size of the plan's last one."""
    models: tuple[str, ...]
    seconds: float
    """That the networks took."""
    ran: Ran | None = None
    """What ran the first network, and where; None of a style that needs none."""


@dataclass(frozen=True, eq=False)
class Translated:
    """A finished translation."""

    photo: Photo
    """The picture: size, depth, alpha and metadata of the input; its name ends in the style's."""
    plan: Plan
    timings_ms: Mapping[str, float]
    recipe: Mapping[str, Any]
    """The settings that give this result again."""
    ran: Ran | None = None
    """See `Painted.ran`."""

    def report(self) -> dict[str, Any]:
        """What `--json` prints beside the outputs: sizes in pixels, times in ms."""
        return {
            "model": self.recipe["models"][0],
            "size": list(self.plan.size),
            "ran_on": ran_report(self.ran),
            "timings_ms": dict(self.timings_ms),
            "recipe": dict(self.recipe),
        }


def translate(
    photo: Picture,
    style: Picture | Mapping[Any, float],
    *,
    strength: float = 1.0,
    face_strength: float | None = None,
    keep_colors: bool = False,
    region: str = "all",
    parser: str = "auto",
    detail: int | None = None,
    refine: bool = True,
    max_megapixels: float = MAX_MEGAPIXELS,
    format: str = "png",
    progress: Progress | None = None,
    device: str = "auto",
    engines: Engines | None = None,
) -> Translated:
    """Paint a photo in a style.

    Args:
        photo: path, bytes of a file, PIL image, array (see `genapp.images.read`) or `Photo`.
        style: name of a style (see `known_names`), of which some are fetched from the Hub first; a
            picture to take the style from; or weights by names, paths, files' bytes or `Photo`s,
            for a blend.
        strength: 0 the photo … 1 the painting.
        face_strength: how much of that there is on faces, 0..1. None: as much as lets them still
            be told in this style.
        keep_colors: take the light from the painting, the colours from the photo.
        region: "all"; "face": paint faces only; "background": leave people as they are.
        parser: what finds the edges of such a region: "bisenet-r34", "bisenet-r18" or
            "selfie-multiclass", all from the Hub; "auto": the first of them that is here; "none":
            what comes with genapp.
        detail: longer side in px of the picture in which the strokes are made, 64..12000: the
            larger, the finer they are in the result. None: what suits style and faces.
        refine: where the photo is larger than that, paint over the painting with finer strokes
            until it is as large; False: resample it, which is quicker and softer.
        max_megapixels: the most pixels of photo and painting, in millions.
        format: what it will be written as: sides too long for that are refused before the work.
        progress: told how far the work is; may raise `Cancelled`.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        engines: a pool to take networks from, so that many calls load them once.

    Raises:
        UnreadablePicture, TooLarge: photo or style cannot be read, or has too many pixels.
        UnknownName, BadValue: no such style, or a setting out of range.
        NoFace: the region is "face" or "background", and there is nobody.
        ModelMissing: a model's bytes are not to be had.
        OutOfMemory: even a small tile is too large.
    """
    started = time.perf_counter()
    styles = read_styles(style)
    if face_strength is None:
        face_strength = default_face_strength(styles)
    finishing = Finish(strength, keep_colors, face_strength)
    check_region(region)
    check_parser(parser)
    loaded = read(photo, max_megapixels=max_megapixels)
    size = size_of(loaded)
    # What needs no faces is checked before they are looked for.
    plan = make_plan(size, detail=detail, refine=refine, max_megapixels=max_megapixels)
    check_sides(*size, format)
    timings = {"read": _since(started)}
    pool = engines or Engines(device=device)
    try:
        started = time.perf_counter()
        sized = detail is None and not only_looks(styles)
        needed = sized or face_strength < 1 or region == "face"
        shapes = find_faces(loaded.pixels, pool) if needed else ()
        if sized and shapes:
            face = shapes[0].box[2]
            plan = make_plan(size, face=face, refine=refine, max_megapixels=max_megapixels)
        opened = None if region == "all" else open_parser(parser, pool)
        mask = region_mask(loaded.pixels, region, shapes, pool, opened)
        timings["region"] = _since(started)
        painted = paint(loaded, styles, plan, pool, progress)
    finally:
        if engines is None:
            pool.close()
    faces = face_mask(shapes, size) if shapes and face_strength < 1 else None
    result = finish(painted, finishing, mask=mask, faces=faces, region=region)
    recipe = {**result.recipe, "parser": "none" if opened is None else opened.name}
    return replace(result, recipe=recipe, timings_ms={**timings, **result.timings_ms})


def paint(
    photo: Photo,
    styles: tuple[Style, ...],
    plan: Plan,
    engines: Engines,
    progress: Progress | None = None,
) -> Painted:
    """Run the networks over a photo. Raises as `translate` does."""
    started = time.perf_counter()
    source = photo.pixels if photo.alpha is None else bleed(photo.pixels, photo.alpha)
    if only_looks(styles):
        plan = replace(plan, paintings=(plan.size,))
    parts = list(parts_of(styles, engines))
    clock = Clock(plan.pixels * len(parts), progress)
    mixed: Painting | None = None
    total = 0.0
    for part in parts:
        total += part.weight
        if part.by is None:
            painting = _draw(source, plan, engines, clock)
        elif isinstance(part.by, Look):
            painting = _look(source, plan, part.by, clock)
        else:
            painting = _paint_all(source, plan, part.by, clock)
        if mixed is None:
            mixed = painting
        else:
            share = part.weight / total
            cv2.addWeighted(mixed, 1 - share, painting, share, 0, dst=mixed)
    assert mixed is not None
    models = tuple(part.model for part in parts)
    seconds = time.perf_counter() - started
    networks = [model for model in models if model in engines.catalog.names]
    ran = engines.ran(networks[0]) if networks else None
    return Painted(photo, plan, styles, source, mixed, models, seconds, ran)


def finish(
    painted: Painted,
    settings: Finish,
    *,
    mask: Mask | None = None,
    faces: Mask | None = None,
    region: str = "all",
) -> Translated:
    """Lay a painting on the photo.

    Args:
        painted: from `paint`.
        settings: how.
        mask: H×W in the size of the photo: 255 where the painting lies; None: everywhere.
        faces: H×W: 255 on faces; None: there is none.
        region: what the mask shows, for the recipe.
    """
    started = time.perf_counter()
    source, painting, size = painted.source, painted.painting, painted.plan.size
    light = matched_light(source, painting) if settings.keep_colors else None
    result = np.empty_like(source)
    for top in range(0, size[1], ROWS):
        bottom = min(top + ROWS, size[1])
        base = to_float(source[top:bottom])
        rows = np.clip(_painting_rows(painting, size, top, bottom), 0, 1)
        if light is not None:
            rows = recolored(base, rows, light)
        weight: NDArray[np.float32] | np.float32 = np.float32(settings.strength)
        if mask is not None:
            weight = weight * to_float(mask[top:bottom])[..., np.newaxis]
        if faces is not None:
            less = np.float32(1 - settings.face_strength)
            weight = weight * (1 - less * to_float(faces[top:bottom])[..., np.newaxis])
        result[top:bottom] = from_float(base + (rows - base) * weight, source.dtype)
    names = "-".join(style.label for style in painted.styles)
    photo = painted.photo
    recipe = {
        "style": {style.label: round(style.weight, 4) for style in painted.styles},
        "style_sha256": {style.label: style.sha256 for style in painted.styles if style.sha256},
        "strength": settings.strength,
        "face_strength": settings.face_strength,
        "keep_colors": settings.keep_colors,
        "region": region,
        "detail": painted.plan.detail,
        "refine": len(painted.plan.paintings) > 1,
        "models": list(painted.models),
    }
    timings = {"networks": round(painted.seconds * 1000, 1), "finish": _since(started)}
    name = f"{photo.name or 'photo'}-{names}"
    whole = resized(photo, result, photo.alpha, name)
    return Translated(whole, painted.plan, timings, recipe, painted.ran)


def _draw(source: Pixels, plan: Plan, engines: Engines, clock: Clock) -> Painting:
    """The line drawing: lines found at the first size of the plan, drawn sharp at the last one."""
    before = clock.done
    people = person_mask(source, engines)
    seen = resampled(source, plan.paintings[0])
    outlined: Mask | None = None
    if people.mean() >= 255 * FEWEST:
        outlined = np.asarray(resampled(people, plan.paintings[0]), np.uint8)
    try:
        lines = strokes(find_lines(seen, outlined, lambda pixels: clock.advance(pixels, "Drawing")))
        width, height = plan.paintings[-1]
        drawn = np.empty((height, width, 3), np.uint16)
        for top, rows in inked(lines, washed(seen), (width, height)):
            drawn[top : top + len(rows)] = from_float(rows, np.uint16)[..., np.newaxis]
    except MemoryError as error:
        raise OutOfMemory(
            "There is too little memory to draw.", "Use a smaller picture, or close other programs."
        ) from error
    clock.advance(before + plan.pixels - clock.done, "Drawing")
    return drawn


def _look(source: Pixels, plan: Plan, look: Look, clock: Clock) -> Painting:
    """The photo in another light, in the size of the paintings that it is blended with."""
    share = plan.pixels / (plan.size[0] * plan.size[1])
    made = apply_look(source, look, lambda pixels: clock.advance(pixels * share, "Light"))
    return np.asarray(resampled(made, plan.paintings[-1]), np.uint16)


def _paint_all(source: Pixels, plan: Plan, brush: Painter, clock: Clock) -> Painting:
    """One network's painting, painted over as often as the plan says."""
    painting: Painting | None = None
    for size in plan.paintings[:1] if brush.lines else plan.paintings:
        seen = resampled(source, size)
        if painting is not None:
            # Of the photo enough that fine strokes follow it, of the painting enough that they
            # stay within the coarse ones. Before, the old arrays are let go.
            under = np.asarray(resampled(painting, size))
            painting = None
            if seen.dtype == np.uint8:
                under = to_8_bit(under)
            seen = np.asarray(
                cv2.addWeighted(seen, PHOTO_PART, under, 1 - PHOTO_PART, 0), seen.dtype
            )
            del under
        painting = _paint(seen, brush, clock)
    assert painting is not None
    return np.asarray(resampled(painting, plan.paintings[-1]), np.uint16)


def _paint(source: Pixels, brush: Painter, clock: Clock) -> Painting:
    """Again with smaller tiles where memory is short."""
    painting = np.empty(source.shape, np.uint16)
    whole, tile, before = WHOLE, TILE, clock.done
    while True:
        try:
            pieces = paint_tiles(
                source,
                brush,
                whole=whole,
                tile=tile,
                done=lambda pixels: clock.advance(pixels, "Painting"),
            )
            for left, top, piece in pieces:
                rows, columns = slice(top, top + piece.shape[0]), slice(left, left + piece.shape[1])
                painting[rows, columns] = from_float(piece, np.uint16)
            return painting
        except (OutOfMemory, MemoryError) as error:
            if tile <= SMALLEST_TILE:
                raise OutOfMemory(
                    "There is too little memory to paint.",
                    "Use a smaller picture, or close other programs.",
                ) from error
            tile, whole = tile // 2 // 4 * 4, whole // 4
            clock.rewind(before)


def _painting_rows(painting: Painting, size: Size, top: int, bottom: int) -> NDArray[np.float32]:
    if (painting.shape[1], painting.shape[0]) == size:
        return to_float(painting[top:bottom])
    return rows_of(painting, size, top, bottom, BICUBIC)


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
