"""Make faces: recipe → w → picture → enlarged → marked."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue
from genapp.facemaking import edits as sliders
from genapp.facemaking.arrays import Values
from genapp.facemaking.generator import GENERATOR, Generator
from genapp.facemaking.latent import TRUNCATION, check_seed, mix, towards, w_of
from genapp.facemaking.makers import Maker, open_maker
from genapp.facemaking.marks import marked
from genapp.facemaking.recipe import Recipe, parse_recipe, unpacked
from genapp.images import Photo, from_float
from genapp.registry.devices import Ran, ran_notes, ran_report
from genapp.registry.engines import Engines
from genapp.upscaling import Clock, Progress, upscale

MOST = 1000
"""Faces in one call; a data set (`write_dataset`) can have more."""
ENLARGED = 512
ENLARGER = "upscale/span-x4.real"
"""Sharpens fewer flaws of small faces into lines than SPAN for clean pictures, or ×2 thrice."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face of somebody who does not exist."""

    photo: Photo
    """The picture, marked as made by a network; its name is `face-<seed>`."""
    native: NDArray[np.uint8]
    """S×S×3, as it came from the model."""
    w: Values | None
    """L×256, after mixing and sliders; None if the model has no such thing."""
    recipe: Recipe
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Faces:
    """What `faces` returns."""

    faces: tuple[Face, ...]
    model: str
    notes: tuple[str, ...]
    """What the user should know, one sentence each."""
    timings_ms: Mapping[str, float]
    ran: Ran | None = None
    """What ran the model, and where."""

    @property
    def pictures(self) -> tuple[Photo, ...]:
        return tuple(face.photo for face in self.faces)

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(face.recipe.seed for face in self.faces)

    @property
    def recipes(self) -> tuple[str, ...]:
        """A line for each face, which makes it again: see `from_recipe`."""
        return tuple(str(face.recipe) for face in self.faces)

    def report(self) -> dict[str, Any]:
        """What `--json` prints beside the outputs: sizes in pixels, times in ms."""
        side = self.faces[0].photo.pixels.shape[0]
        return {
            "model": self.model,
            "size": [side, side],
            "seeds": list(self.seeds),
            "notes": list(self.notes),
            "ran_on": ran_report(self.ran),
            "timings_ms": dict(self.timings_ms),
            "recipe": list(self.recipes),
        }


def faces(
    count: int = 1,
    *,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    truncation: float = TRUNCATION,
    edits: Mapping[str, float] | None = None,
    mix: tuple[int, int] | None = None,
    model: str | None = None,
    size: int | None = None,
    mark: bool = True,
    progress: Progress | None = None,
    device: str = "auto",
    engines: Engines | None = None,
) -> Faces:
    """Make faces of people who do not exist.

    Args:
        count: how many, of consecutive seeds.
        seed: the first one.
        seeds: exactly these, instead of `count` and `seed`.
        truncation: 0 the mean face … 1 as different as the model makes them; up to 1.5.
        edits: sliders by name, in standard deviations (see `slider_names`).
        mix: another seed, and how many coarse levels stay a face's own: pose and shape of each
            face, skin and colours of the other.
        model: name from the catalogue, `faces/…`; None: our own.
        size: side of the pictures: None, as they come from the model, or 512: enlarged.
        mark: say in the files' metadata that a network made them.
        progress: told how far the work is; may raise `Cancelled`.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        engines: a pool to take networks from, so that many calls load them once.

    Raises:
        UnknownName, BadValue: no such model or slider, or a setting out of range.
        ModelMissing: the model's bytes are not to be had.
    """
    chosen = consecutive(seed, count) if seeds is None else [check_seed(one) for one in seeds]
    if not 1 <= len(chosen) <= MOST:
        raise BadValue(
            f"{len(chosen)} faces were asked for.",
            f"Choose 1 to {MOST}; a ZIP (`-o faces.zip`) can have more.",
        )
    base = Recipe(truncation=truncation, edits=edits or {}, mix=mix, size=size)
    pool = engines or Engines(device=device)
    try:
        maker = open_maker(pool, model)
        recipes = [replace(base, seed=one, model=maker.model) for one in chosen]
        return _collected(recipes, maker, pool, mark=mark, progress=progress)
    finally:
        if engines is None:
            pool.close()


def from_recipe(
    recipe: str | Recipe,
    *,
    mark: bool = True,
    progress: Progress | None = None,
    device: str = "auto",
    engines: Engines | None = None,
) -> Faces:
    """Make the face of a recipe. Arguments and errors are those of `faces`."""
    wanted = parse_recipe(recipe) if isinstance(recipe, str) else recipe
    pool = engines or Engines(device=device)
    try:
        maker = open_maker(pool, wanted.model)
        return _collected([wanted], maker, pool, mark=mark, progress=progress)
    finally:
        if engines is None:
            pool.close()


def consecutive(first: int, count: int) -> list[int]:
    """`count` seeds from `first` on."""
    check_seed(first)
    if count < 1:
        raise BadValue(f"{count} faces were asked for.", "Choose one or more.")
    check_seed(first + count - 1)
    return list(range(first, first + count))


def make_faces(
    recipes: Iterable[Recipe],
    maker: Maker,
    engines: Engines,
    *,
    mark: bool = True,
    progress: Progress | None = None,
) -> Iterator[Face]:
    """Faces of recipes one by one, so that any number fits into memory.

    Args:
        recipes: of one model.
        maker: that model.
        engines: for sliders and enlarging.
        mark: say in the files' metadata that a network made them.
        progress: told of the steps of a slow model, for each face anew.
    """
    for recipe in recipes:
        yield make_face(recipe, maker, engines, mark=mark, progress=progress)


def make_face(
    recipe: Recipe,
    maker: Maker,
    engines: Engines,
    *,
    mark: bool = True,
    progress: Progress | None = None,
) -> Face:
    """The face of a recipe; see `make_faces`."""
    w: Values | None = None
    notes: tuple[str, ...] = ()
    if isinstance(maker, Generator):
        w, notes = recipe_w(recipe, maker, engines)
        made = maker.synthesis(w[np.newaxis])[0]
    else:
        _refuse_styles(recipe, maker)
        made = maker.make(recipe.seed, recipe.truncation, progress)
    return dress(made, recipe, maker, engines, w=w, notes=notes, mark=mark)


def dress(
    made: Values,
    recipe: Recipe,
    maker: Maker,
    engines: Engines,
    *,
    w: Values | None = None,
    notes: tuple[str, ...] = (),
    mark: bool = True,
) -> Face:
    """A picture from the model, S×S×3 0..1, as a face: enlarged, named and marked."""
    if recipe.fingerprint and maker.fingerprint != recipe.fingerprint:
        notes += (
            f"The recipe was made with other weights ({recipe.fingerprint}) than those here "
            f"({maker.fingerprint}): the face will be another one.",
        )
    recipe = replace(recipe, model=maker.model, fingerprint=maker.fingerprint)
    native = np.asarray(from_float(made, np.uint8), np.uint8)
    photo = Photo(enlarged(native, recipe.size, engines), name=recipe.name)
    if mark:
        photo = marked(photo, recipe)
    return Face(photo, native, w, recipe, notes)


def recipe_w(
    recipe: Recipe, generator: Generator, engines: Engines
) -> tuple[Values, tuple[str, ...]]:
    """The w, L×256, that a recipe leads to, and notes on its sliders."""
    if recipe.w:
        w = unpacked(recipe.w, generator.levels, len(generator.w_mean))
    else:
        w = w_of(generator, recipe.seed, recipe.truncation)
    for other, distance in recipe.around:
        goal = w_of(generator, other, recipe.truncation)
        w = towards(w, goal, distance, generator.w_mean)
    if recipe.mix is not None:
        other, levels = recipe.mix
        w = mix(w, w_of(generator, other, recipe.truncation), levels)
    if not recipe.edits:
        return w, ()
    if generator.model != GENERATOR:
        raise BadValue(
            f"The sliders are not those of {generator.model}.",
            "Choose the built-in model for these.",
        )
    return sliders.apply(w, recipe.edits, engines)


def enlarged(native: NDArray[np.uint8], size: int | None, engines: Engines) -> NDArray[np.uint8]:
    """A square picture at the side asked for, by our super-resolution; None leaves it."""
    side = native.shape[0]
    if size is None or size == side:
        return native
    if not side < size <= 8 * side:
        raise BadValue(
            f"The size is {size}, and the model makes {side}×{side}.",
            f"Choose {side} to {8 * side}, such as {ENLARGED}.",
        )
    result = upscale(native, width=size, model=ENLARGER, engines=engines)
    return np.asarray(result.photo.pixels, np.uint8)


def unwritable(target: Path, error: OSError) -> BadValue:
    """What the system says about a place that can't be written to, or a full disk."""
    return BadValue(
        f"{str(target)!r} cannot be written: {error.strerror or error}.", "Choose another place."
    )


def _collected(
    recipes: list[Recipe],
    maker: Maker,
    engines: Engines,
    *,
    mark: bool,
    progress: Progress | None,
) -> Faces:
    started = time.perf_counter()
    clock = Clock(len(recipes), progress)
    made: list[Face] = []

    def step(done: float, what: str, seconds_left: float | None) -> None:
        """The steps of a slow model, as parts of one face of all of them."""
        clock.advance(len(made) + done - clock.done, what)

    for face in make_faces(recipes, maker, engines, mark=mark, progress=step):
        made.append(face)
        clock.advance(len(made) - clock.done, "Making faces")
    elapsed = round((time.perf_counter() - started) * 1000, 1)
    # The same note of many faces is said once.
    notes = tuple(dict.fromkeys(note for face in made for note in face.notes))
    ran = engines.ran(maker.model)
    return Faces(tuple(made), maker.model, (*notes, *ran_notes(ran)), {"make": elapsed}, ran)


def _refuse_styles(recipe: Recipe, maker: Maker) -> None:
    """Raises `BadValue` for what needs a latent space of styles."""
    if recipe.around or recipe.mix or recipe.w or any(recipe.edits.values()):
        raise BadValue(
            f"{maker.model} has no styles: no neighbours, no mixing, no sliders.",
            "Choose the built-in model for these.",
        )
