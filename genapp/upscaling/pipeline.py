"""Enlarge a picture: plan → enlarge (the networks) → finish (what they made, laid on the photo)."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genapp.errors import OutOfMemory, check_number
from genapp.images import Photo, Pixels, check_sides, from_float, read, resized, to_float
from genapp.registry.catalog import Model
from genapp.registry.devices import Ran, ran_report
from genapp.registry.engines import Engines
from genapp.tryon import FaceShape, find_faces
from genapp.upscaling import faces as face_steps
from genapp.upscaling.alpha import Bounds, bleed
from genapp.upscaling.arrays import Detail, Values
from genapp.upscaling.colors import LowFrequencies
from genapp.upscaling.faces import Patch, chosen_faces, face_mask
from genapp.upscaling.grain import Grain, missing_grain
from genapp.upscaling.memory import SMALLEST_TILE, free_memory, tile_side
from genapp.upscaling.plan import MAX_MEGAPIXELS, Plan, Size, Stage, make_plan
from genapp.upscaling.progress import Clock, Progress
from genapp.upscaling.resample import BICUBIC, BILINEAR, resample_strips, rows_of
from genapp.upscaling.tiles import enlarge_strips, work

Picture = str | Path | bytes | Image.Image | NDArray[Any] | Photo

ROWS = 256
"""Rows of the result that are finished at a time."""
EDGE = 2.0
"""Standard deviation of a protecting mask's soft edge, in pixels of the photo."""


@dataclass(frozen=True)
class Finish:
    """What becomes of the network's picture. Costs little: no network runs."""

    strength: float = 1.0
    """0 bicubic interpolation … 1 the network's picture."""
    grain: float = 0.0
    """How much of the photo's grain that the network removed comes back, 0..1."""
    keep_colors: bool = True
    """Everything larger than a few pixels of the photo keeps its colour."""
    seed: int = 0
    """Of the grain's pattern."""

    def __post_init__(self) -> None:
        for name in ("strength", "grain"):
            check_part(name, getattr(self, name))


@dataclass(frozen=True, eq=False)
class Run:
    """How long a network took."""

    model: str
    megapixels: float
    """Of its input."""
    seconds: float


@dataclass(frozen=True, eq=False)
class Enlarged:
    """What the networks made: done once, then finished in any way."""

    photo: Photo
    plan: Plan
    source: Pixels
    """H×W×C: the photo's colours continued under what is transparent; C is 1 for a grey photo."""
    detail: Detail
    """The networks' picture in the size of the result, same channels."""
    opacity: Detail | None
    """H×W×1 in the size of the result, None where the photo has no alpha or an even one."""
    runs: tuple[Run, ...]
    ran: Ran | None = None
    """What ran the first network, and where."""


@dataclass(frozen=True, eq=False)
class Upscaled:
    """A finished enlargement."""

    photo: Photo
    """The picture: depth, alpha, greyness and metadata of the input; its name ends in -x4 or so."""
    plan: Plan
    faces: tuple[Mapping[str, Any], ...]
    """Of each face that was looked for: box in pixels of the photo, whether it was enlarged."""
    timings_ms: Mapping[str, float]
    recipe: Mapping[str, Any]
    """The settings that give this result again."""
    ran: Ran | None = None
    """What ran the first network, and where."""

    def report(self) -> dict[str, Any]:
        """What `--json` prints beside the outputs: sizes in pixels, times in ms."""
        return {
            "model": self.plan.models[0],
            "size": list(self.plan.size_out),
            "faces": [dict(face) for face in self.faces],
            "ran_on": ran_report(self.ran),
            "timings_ms": dict(self.timings_ms),
            "recipe": dict(self.recipe),
        }


def upscale(
    photo: Picture,
    scale: float | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    model: str | None = None,
    strength: float = 1.0,
    grain: float = 0.0,
    keep_colors: bool = True,
    protect: Picture | None = None,
    faces: bool | Iterable[int] = True,
    restore_faces: bool = False,
    fidelity: float = 0.5,
    seed: int = 0,
    max_megapixels: float = MAX_MEGAPIXELS,
    format: str = "png",
    progress: Progress | None = None,
    device: str = "auto",
    engines: Engines | None = None,
) -> Upscaled:
    """Enlarge a picture.

    Args:
        photo: path, bytes of a file, PIL image, array (see `genapp.images.read`) or `Photo`.
        scale: 1.1..8 times as wide and high; 2 if no size is given either.
        width, height: the size to reach, px; one alone keeps the proportions.
        model: name from the catalogue, `upscale/…`; None: its first that reaches the size.
        strength: 0 bicubic interpolation … 1 the network's picture.
        grain: how much of the grain that the network removed comes back, 0..1.
        keep_colors: what is larger than a few pixels of the photo keeps its colour.
        protect: a picture of any size, white where the photo is to stay as it is.
        faces: True: faces are enlarged like the rest; False: they stay as they are; or the
            numbers, from 0 for the largest, of those to enlarge.
        restore_faces: run a network that knows faces over those that are enlarged.
        fidelity: 0 that network's face … 1 the photo's.
        seed: of the grain's pattern.
        max_megapixels: the most pixels of the result, in millions.
        format: what it will be written as: sides too long for that are refused before the work.
        progress: told how far the work is; may raise `Cancelled`.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        engines: a pool to take networks from, so that many calls load them once.

    Raises:
        UnreadablePicture, TooLarge: the photo cannot be read, or the result has too many pixels.
        UnknownName, BadValue: no such model, or a setting out of range.
        ModelMissing: the model's bytes are not to be had.
        OutOfMemory: even a small tile is too large.
    """
    started = time.perf_counter()
    finishing = Finish(strength, grain, keep_colors, seed)
    check_part("fidelity", fidelity)
    loaded = read(photo)
    mask = None if protect is None else read_mask(protect, size_of(loaded))
    timings = {"read": _since(started)}
    pool = engines or Engines(device=device)
    try:
        plan = make_plan(
            size_of(loaded),
            pool.catalog,
            scale=scale,
            width=width,
            height=height,
            model=model,
            max_megapixels=max_megapixels,
        )
        check_sides(*plan.size_out, format)
        if restore_faces:
            face_steps.check_restorer(pool)
        started = time.perf_counter()
        wanted = faces if isinstance(faces, bool) else tuple(faces)
        shapes: tuple[FaceShape, ...] = ()
        if restore_faces or wanted is not True:
            shapes = find_faces(loaded.pixels, pool)
        chosen = chosen_faces(wanted, len(shapes))
        patches: tuple[Patch, ...] = ()
        if restore_faces:
            picked = [shapes[number] for number in chosen]
            patches = face_steps.restore(loaded.pixels, picked, plan.size_out, fidelity, pool)
        timings["faces"] = _since(started)
        left = [shape for number, shape in enumerate(shapes) if number not in chosen]
        enlarged = enlarge(loaded, plan, pool, progress)
    finally:
        if engines is None:
            pool.close()
    keep = joined_masks(mask, face_mask(left, plan.size_in) if left else None)
    result = finish(enlarged, finishing, keep=keep, patches=patches, progress=progress)
    reports = tuple(
        {"box": [round(value, 1) for value in shape.box], "enlarged": number in chosen}
        for number, shape in enumerate(shapes)
    )
    recipe = {
        **result.recipe,
        "protect": protect is not None,
        "faces": wanted if isinstance(wanted, bool) else list(wanted),
        "restore_faces": restore_faces,
        "fidelity": fidelity,
    }
    return replace(
        result, faces=reports, timings_ms={**timings, **result.timings_ms}, recipe=recipe
    )


def enlarge(
    photo: Photo, plan: Plan, engines: Engines, progress: Progress | None = None
) -> Enlarged:
    """Run the networks of a plan over a photo. Raises as `upscale` does."""
    source, opacity = _layers(photo)
    layers = [source] if opacity is None else [source, opacity]
    free = free_memory()
    tiles = [tile_side(stage.model, free) for stage in plan.stages]
    total = sum(
        work(stage.size_in, stage.model, tile)
        for stage, tile in zip(plan.stages, tiles, strict=True)
    )
    clock = Clock(total * len(layers), progress)
    runs: list[Run] = []
    results: list[Pixels] = []
    for layer in layers:
        made = layer
        for stage, tile in zip(plan.stages, tiles, strict=True):
            started = time.perf_counter()
            made = _run_stage(made, stage, tile, engines, clock)
            seconds = time.perf_counter() - started
            runs.append(Run(stage.model.name, stage.megapixels, seconds))
        results.append(made)
    details = [np.asarray(result, np.uint16) for result in results]
    opacity_detail = details[1] if len(details) > 1 else None
    ran = engines.ran(plan.models[0])
    return Enlarged(photo, plan, source, details[0], opacity_detail, tuple(runs), ran)


def seconds_a_megapixel(model: Model, engines: Engines) -> float:
    """A short timing of a network here, on one small tile; the first run, which builds it, apart.

    Raises:
        ModelMissing, HashMismatch: its bytes are not to be had, or wrong.
    """
    side = SMALLEST_TILE
    source = np.full((side, side, 3), 128, np.uint8)
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        list(enlarge_strips(source, model, engines.get(model.name), side, lambda pixels: None))
        seconds.append(time.perf_counter() - started)
    return seconds[-1] / (side * side / 1e6)


def finish(
    enlarged: Enlarged,
    settings: Finish,
    *,
    keep: NDArray[np.uint8] | None = None,
    patches: Sequence[Patch] = (),
    progress: Progress | None = None,
) -> Upscaled:
    """Lay what the networks made on the photo.

    Args:
        enlarged: from `enlarge`.
        settings: how.
        keep: H×W in the size of the photo: 255 where it stays as it is, only interpolated.
        patches: restored faces.
        progress: told how far the work is; may raise `Cancelled`.
    """
    started = time.perf_counter()
    plan, photo = enlarged.plan, enlarged.photo
    height, width = enlarged.detail.shape[:2]
    clock = Clock(height, progress)
    colours = _finished(enlarged.source, enlarged.detail, settings, plan, keep, patches, clock)
    if colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    alpha = _finished_alpha(enlarged, settings, keep)
    scale = f"{plan.scale:.2f}".rstrip("0").rstrip(".")
    networks = sum(run.seconds for run in enlarged.runs) * 1000
    return Upscaled(
        resized(photo, colours, alpha, f"{photo.name or 'photo'}-x{scale}"),
        plan,
        (),
        {"networks": round(networks, 1), "finish": _since(started)},
        {
            "width": width,
            "height": height,
            "models": list(plan.models),
            "strength": settings.strength,
            "grain": settings.grain,
            "keep_colors": settings.keep_colors,
            "seed": settings.seed,
        },
        enlarged.ran,
    )


def read_mask(picture: Picture, size: Size) -> NDArray[np.uint8]:
    """A protecting mask in the photo's size, H×W: 255 on what was white, with a soft edge around.

    Args:
        picture: of any size; what is transparent counts as black.
        size: width and height of the photo.
    """
    photo = read(picture)
    values = to_float(photo.pixels).mean(axis=2)
    if photo.alpha is not None:
        values = values * to_float(photo.alpha)
    way = cv2.INTER_AREA if values.shape[1] > size[0] else cv2.INTER_LINEAR
    mask = np.asarray(cv2.resize(values, size, interpolation=way) * 255, np.uint8)
    # The edge lies outside: what was painted stays whole.
    reach = 2 * round(2 * EDGE) + 1
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.maximum(mask, np.asarray(cv2.GaussianBlur(wide, (0, 0), EDGE), np.uint8))


def joined_masks(*masks: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """The larger value everywhere; None if no mask keeps anything."""
    given = [mask for mask in masks if mask is not None and mask.any()]
    return np.maximum.reduce(given) if given else None


def size_of(photo: Photo) -> Size:
    """Width and height."""
    return photo.pixels.shape[1], photo.pixels.shape[0]


def check_part(name: str, value: object) -> None:
    """Raises `BadValue` for what is no number from 0 to 1."""
    check_number(name, value, 0, 1)


def _layers(photo: Photo) -> tuple[Pixels, Pixels | None]:
    """What the networks are to see: colours (H×W×3, or ×1 of a grey photo), and opacity if it is
    not the same everywhere (H×W×1)."""
    pixels = photo.pixels
    if photo.grey and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]
    if photo.alpha is None:
        return pixels, None
    even = photo.alpha.min() == photo.alpha.max()
    return bleed(pixels, photo.alpha), None if even else photo.alpha[..., np.newaxis]


def _run_stage(source: Pixels, stage: Stage, tile: int, engines: Engines, clock: Clock) -> Detail:
    """Again with smaller tiles as long as there is too little memory."""
    before = clock.done
    while True:
        try:
            return _stage(source, stage, tile, engines, clock)
        except (OutOfMemory, MemoryError) as error:
            if tile <= SMALLEST_TILE:
                raise OutOfMemory(
                    f"There is too little memory to run {stage.model.name}.",
                    "Use a smaller picture, or close other programs.",
                ) from error
            tile = max(tile // 2, SMALLEST_TILE)
            clock.rewind(before)


def _stage(source: Pixels, stage: Stage, tile: int, engines: Engines, clock: Clock) -> Detail:
    model = stage.model
    # Smaller tiles first, then the CPU.
    engine = engines.get(model.name, divisible=tile > SMALLEST_TILE)
    scale = model.scale or 1
    width, height = stage.size_out
    result = np.empty((height, width, source.shape[2]), np.uint16)
    what = f"Enlarging with {model.name}"
    strips = enlarge_strips(source, model, engine, tile, lambda pixels: clock.advance(pixels, what))
    size = (stage.size_in[0] * scale, stage.size_in[1] * scale)
    for top, rows in resample_strips(strips, size, stage.size_out):
        result[top : top + rows.shape[0]] = from_float(rows, np.uint16)
    return result


def _finished(
    source: Pixels,
    detail: Detail,
    settings: Finish,
    plan: Plan,
    keep: NDArray[np.uint8] | None,
    patches: Sequence[Patch],
    clock: Clock,
) -> Pixels:
    size = plan.size_out
    low = LowFrequencies(source, detail) if settings.keep_colors else None
    grain = None
    if settings.grain > 0:
        level = settings.grain * missing_grain(source, detail)
        grain = Grain(level, plan.scale, settings.seed) if level > 0 else None
    result = np.empty(detail.shape, source.dtype)
    for top in range(0, size[1], ROWS):
        bottom = min(top + ROWS, size[1])
        base = rows_of(source, size, top, bottom, BICUBIC)
        rows = to_float(detail[top:bottom])
        if low is not None:
            rows += low.rows(size, top, bottom)
        for patch in patches:
            _lay(patch, rows, top)
        rows = base + (rows - base) * np.float32(settings.strength)
        if grain is not None:
            rows = grain.add(rows, top)
        if keep is not None:
            rows += (base - rows) * rows_of(keep[..., np.newaxis], size, top, bottom, BILINEAR)
        result[top:bottom] = from_float(rows, source.dtype)
        clock.advance(bottom - top, "Finishing the picture")
    return result


def _finished_alpha(
    enlarged: Enlarged, settings: Finish, keep: NDArray[np.uint8] | None
) -> Pixels | None:
    alpha = enlarged.photo.alpha
    if alpha is None:
        return None
    width, height = enlarged.plan.size_out
    if enlarged.opacity is None:
        return np.full((height, width), alpha[0, 0], alpha.dtype)
    plain = replace(settings, grain=0.0)
    source = alpha[..., np.newaxis]
    rows = _finished(source, enlarged.opacity, plain, enlarged.plan, keep, (), Clock(height))
    bounds = Bounds(alpha)
    for top in range(0, height, ROWS):
        part = rows[top : top + ROWS]
        clipped = bounds.clip(to_float(part), (width, height), top)
        rows[top : top + ROWS] = from_float(clipped, alpha.dtype)
    return rows[..., 0]


def _lay(patch: Patch, rows: Values, top: int) -> None:
    """Draw the part of a patch that lies in these rows of the result."""
    first = max(patch.top, top)
    last = min(patch.top + patch.weight.shape[0], top + rows.shape[0])
    if first >= last:
        return
    lines = slice(first - patch.top, last - patch.top)
    colours = patch.pixels[lines].astype(np.float32)
    if rows.shape[2] == 1:
        colours = colours.mean(axis=2, keepdims=True)
    columns = slice(patch.left, patch.left + patch.weight.shape[1])
    under = rows[first - top : last - top, columns]
    under += (colours - under) * patch.weight[lines].astype(np.float32)[..., np.newaxis]


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
