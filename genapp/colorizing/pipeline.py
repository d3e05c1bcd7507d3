"""Colour a photograph: analyse (the network) → paint (what the user wants of its colours)."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genapp.colorizing import chroma, readout
from genapp.colorizing import clean as cleaning_steps
from genapp.colorizing.candidates import variant
from genapp.colorizing.clean import Clean
from genapp.colorizing.colorizer import Coarse
from genapp.colorizing.drawing import Drawing, find_wash, painted
from genapp.colorizing.hints import Hint, checked_hints
from genapp.colorizing.look import Look, adjusted
from genapp.colorizing.models import choose_model, open_colorizer, own_model
from genapp.colorizing.obey import Influence
from genapp.colorizing.reference import palette_of
from genapp.colorizing.sketch import looks_drawn
from genapp.colorizing.source import Source, look_at
from genapp.errors import check_number
from genapp.images import Photo, Pixels, check_sides, from_float, read, resized, to_float
from genapp.registry.catalog import Model
from genapp.registry.devices import Ran, ran_notes, ran_report
from genapp.registry.engines import Engines

Picture = str | Path | bytes | Image.Image | NDArray[Any] | Photo
Array = NDArray[np.float32]

WORK_PIXELS = 1_000_000
"""Colours are made for at most so many pixels; larger photos take them over along their edges."""
ROWS = 256
"""Rows of the photo that are painted at a time."""
SURE, UNSURE = 12.0, 38.0
"""Standard deviations of a colour between which the map of uncertainty is drawn, CIELAB units."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the network found in a photo: done once, then painted in any way."""

    photo: Photo
    model: str
    hints: tuple[Hint, ...]
    """In pixels of the photo that was analysed."""
    influence: Influence | None
    """Where the hints count; None without hints."""
    source: Source
    """Whether the photo is grey, toned or in colour."""
    cleaning: Clean
    """How the photo was mended before."""
    mended: NDArray[np.uint16] | None
    """H×W lightness of the mended photo, 65535 for white; None if nothing was to be mended."""
    lightness: Array
    """h×w, 0..100, in the working size: at most a megapixel."""
    coarse: Coarse
    own: Coarse
    """The colours of genapp's own network, which also tells how likely others are: the same as
    `coarse` unless another model was chosen."""
    colors: Array
    """h×w×2: ab of candidate 0, hints obeyed, in the working size."""
    drawing: Drawing | None
    """What the network for line drawings found; None of a photo."""
    notes: tuple[str, ...]
    """What the user should know, a sentence each."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    ran: Ran | None = None
    """What ran the network, and where."""

    def preview(self) -> "Analysis":
        """The same, of the photo in the working size: paints in a moment."""
        height, width = self.lightness.shape
        if self.photo.pixels.shape[:2] == (height, width):
            return self
        size = (width, height)
        alpha = self.photo.alpha
        small = None if alpha is None else _shrunk(alpha, size)
        photo = resized(self.photo, _shrunk(self.photo.pixels, size), small, self.photo.name)
        mended = None if self.mended is None else np.asarray(_shrunk(self.mended, size), np.uint16)
        return replace(self, photo=photo, mended=mended)


@dataclass(frozen=True, eq=False)
class Colorized:
    """A finished colouring."""

    photo: Photo
    """The picture: depth, alpha and metadata of the input; its name ends in -colour."""
    model: str
    notes: tuple[str, ...]
    """What the user should know, a sentence each."""
    timings_ms: Mapping[str, float]
    recipe: Mapping[str, Any]
    """The settings that give this result again: `colorize(photo, **recipe)`. Of a mask and of a
    reference it says only True: give the same ones."""
    ran: Ran | None = None
    """What ran the network, and where."""

    def report(self) -> dict[str, Any]:
        """What `--json` prints beside the outputs: sizes in pixels, times in ms."""
        height, width = self.photo.pixels.shape[:2]
        return {
            "model": self.model,
            "size": [width, height],
            "notes": list(self.notes),
            "ran_on": ran_report(self.ran),
            "timings_ms": dict(self.timings_ms),
            "recipe": dict(self.recipe),
        }


def colorize(
    photo: Picture,
    *,
    model: str | None = None,
    hints: Iterable[Hint | str] = (),
    sketch: bool = False,
    palette: str = "natural",
    saturation: float = 1.0,
    warmth: float = 0.0,
    strength: float = 1.0,
    candidate: int = 0,
    keep_grey: Picture | None = None,
    reference: Picture | None = None,
    reference_strength: float = 0.7,
    denoise: float = 0.0,
    scratches: float = 0.0,
    contrast: float = 0.0,
    format: str = "png",
    device: str = "auto",
    engines: Engines | None = None,
) -> Colorized:
    """Colour a photograph: grey, toned, or with colours that are to be replaced.

    Args:
        photo: path, bytes of a file, PIL image, array (see `genapp.images.read`) or `Photo`.
        model: name from the catalogue, `colorize/…`; None: the best that is here.
        hints: points of known colour, or texts such as `120,80,#3a6ea5`.
        sketch: it is a line drawing: a wash of colour is laid under its lines.
        palette: of the wash: natural, pastel, vivid, vintage or comic.
        saturation: 0 grey … 1 as the network has it … 2.
        warmth: -1 cold … 1 warm.
        strength: 0 the photo as it is … 1 the colours.
        candidate: which of several plausible colourings; 0 is the network's own.
        keep_grey: a picture of any size, white where the photo is to stay grey.
        reference: a picture whose colours are to be taken over in general.
        reference_strength: how far, 0..1.
        denoise: how much grain is taken away before, 0..1.
        scratches: how many scratches and how much dust, 0..1.
        contrast: how far contrast is raised where blacks and whites have faded, 0..1.
        format: what it will be written as: sides too long for that are refused before the work.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        engines: a pool to take networks from, so that many calls load them once.

    Raises:
        UnreadablePicture, TooLarge: the photo cannot be read, or has too many pixels.
        UnknownName, BadValue: no such model, or a setting out of range.
        ModelMissing: the model's bytes are not to be had.
        OutOfMemory: the device has too little memory.
    """
    cleaning = Clean(denoise, scratches, contrast)
    look = Look(
        saturation,
        warmth,
        strength,
        candidate,
        None if keep_grey is None else read_mask(keep_grey),
        None if reference is None else palette_of(read(reference)),
        reference_strength,
        palette,
    )
    loaded = read(photo)
    check_sides(loaded.pixels.shape[1], loaded.pixels.shape[0], format)
    analysis = analyse(
        loaded,
        model=model,
        hints=hints,
        clean=cleaning,
        sketch=sketch,
        device=device,
        engines=engines,
    )
    return paint(analysis, look)


def analyse(
    photo: Picture,
    *,
    model: str | None = None,
    hints: Iterable[Hint | str] = (),
    clean: Clean | None = None,
    sketch: bool = False,
    device: str = "auto",
    engines: Engines | None = None,
) -> Analysis:
    """Run the network over a photo. Arguments and errors as in `colorize`."""
    started = time.perf_counter()
    cleaning = clean or Clean()
    loaded = read(photo)
    height, width = loaded.pixels.shape[:2]
    checked = checked_hints(hints, width, height)
    size = working_size(width, height)
    small = _shrunk(loaded.pixels, size)
    source = look_at(small)
    mended = _mended(loaded.pixels, cleaning) if cleaning.any else None
    lightness = chroma.lightness_of(small) if mended is None else _level(_shrunk(mended, size))
    placed = tuple(hint.moved(size[0] / width, size[1] / height) for hint in checked)
    timings = {"prepare": _since(started)}
    pool = engines or Engines(device=device)
    try:
        chosen = choose_model(pool, model, sketch=sketch)
        seen = _seen(lightness, loaded.alpha, size, paper=sketch)
        before = time.perf_counter()
        drawing = None
        if sketch:
            drawing = find_wash(seen, placed, pool.get(chosen.name))
            coarse = own = hinted = drawing.coarse
        else:
            coarse, own, hinted = _run(chosen, pool, seen, placed)
        ran = pool.ran(chosen.name)
        timings["network"] = _since(before)
    finally:
        if engines is None:
            pool.close()
    influence = None
    if placed and not sketch:
        influence = Influence(lightness, own, hinted, placed)
    timings["analyse"] = _since(started)
    colors = _hinted(chroma.enlarge(coarse.ab, lightness), influence)
    return Analysis(
        photo=loaded,
        model=chosen.name,
        hints=checked,
        influence=influence,
        source=source,
        cleaning=cleaning,
        mended=mended,
        lightness=lightness,
        coarse=coarse,
        own=own,
        colors=colors,
        drawing=drawing,
        notes=(*_notes(source, small, sketch), *ran_notes(ran)),
        timings_ms=timings,
        ran=ran,
    )


def paint(analysis: Analysis, look: Look | None = None) -> Colorized:
    """Lay the colours on the photo."""
    look = look or Look()
    started = time.perf_counter()
    photo = analysis.photo
    if look.strength == 0 and analysis.mended is None:
        pixels = photo.pixels
    elif analysis.drawing is not None:
        pixels = _painted_drawing(analysis, analysis.drawing, look)
    else:
        pixels = _painted(analysis, _colors(analysis, look), look.strength)
    return Colorized(
        replace(photo, pixels=pixels, grey=False, name=f"{photo.name or 'photo'}-colour"),
        analysis.model,
        (*photo.notes, *analysis.notes),
        {**analysis.timings_ms, "paint": _since(started)},
        _recipe(analysis, look),
        analysis.ran,
    )


def candidates(analysis: Analysis, count: int = 6, look: Look | None = None) -> list[Colorized]:
    """Several plausible colourings, in the same order every time; number 0 is the default.

    `Look(candidate=k)` gives number k alone.
    """
    check_number("count", count, 1, 24)
    look = look or Look()
    small = analysis.preview()
    return [paint(small, replace(look, candidate=number)) for number in range(count)]


def uncertainty(analysis: Analysis) -> Array | None:
    """How unsure the network is of the colour of each pixel; it is sure of what a hint tells.

    Returns:
        h×w in the working size: standard deviation of the colour, CIELAB units; None where no
        network tells.
    """
    own = analysis.own
    if own.logits is None or own.bins is None:
        return None
    spread = readout.spread(own.logits, own.bins)
    unsure = chroma.enlarge(spread[..., None], analysis.lightness)[..., 0]
    return unsure if analysis.influence is None else unsure * (1 - analysis.influence.known())


def heat_map(analysis: Analysis) -> NDArray[np.uint8] | None:
    """The uncertainty drawn over the grey photo, h×w×3 RGB in the working size: nothing where the
    network is sure, then yellow, then red; None where no network tells."""
    unsure = uncertainty(analysis)
    if unsure is None:
        return None
    share = np.clip((unsure - SURE) / (UNSURE - SURE), 0, 1)[..., None]
    yellow, red = np.array([0.98, 0.85, 0.1], np.float32), np.array([0.85, 0.05, 0.1], np.float32)
    grey = chroma.to_rgb(analysis.lightness, np.zeros((*analysis.lightness.shape, 2), np.float32))
    drawn = grey + (yellow + (red - yellow) * share - grey) * 0.7 * np.minimum(2 * share, 1)
    return from_float(drawn, np.uint8).astype(np.uint8, copy=False)


def read_mask(picture: Picture) -> NDArray[np.uint8]:
    """H×W of a picture: 255 where it is white; what is transparent counts as black."""
    photo = read(picture)
    values = to_float(photo.pixels).mean(axis=2)
    if photo.alpha is not None:
        values = values * to_float(photo.alpha)
    return np.asarray(np.rint(values * 255), np.uint8)


def working_size(width: int, height: int) -> tuple[int, int]:
    """Width and height in which colours are made."""
    factor = min(1.0, (WORK_PIXELS / (width * height)) ** 0.5)
    return max(1, round(width * factor)), max(1, round(height * factor))


def _colors(analysis: Analysis, look: Look) -> Array:
    """h×w×2 in the working size."""
    lightness = analysis.lightness
    if look.candidate == 0:
        ab = analysis.colors
    else:
        ab = chroma.enlarge(_variant(analysis, look.candidate), lightness)
        ab = _hinted(ab, analysis.influence)
    return adjusted(ab, lightness, look)


def _variant(analysis: Analysis, number: int) -> Array:
    """Coarse colours; of another model's, what genapp's own network would change."""
    coarse, own = analysis.coarse, analysis.own
    other = variant(own, analysis.lightness, number)
    if own is coarse:
        return other
    height, width = coarse.ab.shape[:2]
    change = cv2.resize(other - own.ab, (width, height), interpolation=cv2.INTER_LINEAR)
    return coarse.ab + np.asarray(change, np.float32)


def _hinted(ab: Array, influence: Influence | None) -> Array:
    return ab if influence is None else influence.apply(ab)


def _painted(analysis: Analysis, ab: Array, strength: float) -> Pixels:
    """The photo's pixels with the colours of the working size, some rows at a time."""
    pixels, mended = analysis.photo.pixels, analysis.mended
    height = pixels.shape[0]
    same = pixels.shape[:2] == ab.shape[:2]
    guide = None if same else chroma.Guide(ab, analysis.lightness)
    result = np.empty_like(pixels)
    for top in range(0, height, ROWS):
        rows = slice(top, min(top + ROWS, height))
        part = pixels[rows]
        level = chroma.lightness_of(part) if mended is None else _level(mended[rows])
        new = ab[rows] if guide is None else guide.rows(level, top, height)
        if strength < 1:
            old = np.asarray(cv2.cvtColor(to_float(part), cv2.COLOR_RGB2Lab)[..., 1:], np.float32)
            new = np.asarray(old + (new - old) * np.float32(strength))
        result[rows] = from_float(chroma.to_rgb(level, new), pixels.dtype)
    return result


def _painted_drawing(analysis: Analysis, drawing: Drawing, look: Look) -> Pixels:
    photo, mended = analysis.photo.pixels, analysis.mended
    rgb = painted(drawing, chroma.lightness_of(photo) if mended is None else _level(mended), look)
    for top in range(0, len(photo), ROWS):
        rows = slice(top, top + ROWS)
        rgb[rows] += (to_float(photo[rows]) - rgb[rows]) * np.float32(1 - look.strength)
    return from_float(rgb, photo.dtype)


def _notes(source: Source, pixels: Pixels, sketch: bool) -> tuple[str, ...]:
    notes = [source.sentence] if source.sentence else []
    if not sketch and looks_drawn(to_float(pixels)):
        notes.append("This looks like a line drawing: colour it as a sketch.")
    return tuple(notes)


def _recipe(analysis: Analysis, look: Look) -> dict[str, Any]:
    """Arguments of `colorize`; of pictures only that there was one."""
    recipe = {
        "model": analysis.model,
        "hints": [str(hint) for hint in analysis.hints],
        "saturation": look.saturation,
        "warmth": look.warmth,
        "strength": look.strength,
        "candidate": look.candidate,
        **asdict(analysis.cleaning),
    }
    if analysis.drawing is not None:
        recipe["sketch"] = True
        recipe["palette"] = look.palette
    if look.keep_grey is not None:
        recipe["keep_grey"] = True
    if look.reference is not None:
        recipe["reference"] = True
        recipe["reference_strength"] = look.reference_strength
    return recipe


def _run(
    model: Model, engines: Engines, lightness: Array, hints: tuple[Hint, ...]
) -> tuple[Coarse, Coarse, Coarse]:
    """The model's colours, those of genapp's own network, and its colours with the hints."""
    coarse = open_colorizer(model, engines).colors(lightness, ())
    own = model if coarse.logits is not None else own_model(engines.catalog)
    if own is None:
        return coarse, coarse, coarse
    colorizer = open_colorizer(own, engines)
    plain = coarse if own is model else colorizer.colors(lightness, ())
    return coarse, plain, colorizer.colors(lightness, hints) if hints else plain


def _mended(pixels: Pixels, settings: Clean) -> NDArray[np.uint16]:
    lightness = np.empty(pixels.shape[:2], np.float32)
    for top in range(0, len(pixels), ROWS):
        lightness[top : top + ROWS] = chroma.lightness_of(pixels[top : top + ROWS])
    return from_float(cleaning_steps.clean(lightness, settings) / 100, np.uint16).astype(
        np.uint16, copy=False
    )


def _level(mended: Pixels) -> Array:
    """Lightness 0..100 as `mended` holds it."""
    return mended.astype(np.float32) * np.float32(100 / 65535)


def _shrunk(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    shrunk: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return shrunk


def _seen(
    lightness: Array, alpha: Pixels | None, size: tuple[int, int], *, paper: bool = False
) -> Array:
    """The lightness for the network: what is transparent is as light as the rest is on average,
    or as paper."""
    if alpha is None:
        return lightness
    opacity = to_float(_shrunk(alpha, size))
    mean = (lightness * opacity).sum() / max(opacity.sum(), 1e-6)
    ground = np.float32(100 if paper else mean)
    return np.asarray(ground + (lightness - ground) * opacity, np.float32)


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
