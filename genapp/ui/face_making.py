"""What the Faces tab asks of the library: recipes in, pictures and files out.

A face is the text of its recipe everywhere in the tab: it makes the same face again, so that
nothing has to be kept on the server.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp import images
from genapp.errors import BadValue, UnreadablePicture
from genapp.facemaking import (
    ENLARGED,
    GENERATOR,
    SLIDERS,
    Dataset,
    Face,
    Recipe,
    consecutive,
    make_faces,
    mix,
    neighbour_recipes,
    open_generator,
    packed,
    parse_recipe,
    parse_seeds,
    project,
    recipe_w,
    slider_ranges,
    write_animation,
    write_dataset,
)
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.ui.files import place_for_result, save_result
from genapp.ui.model_files import why_not
from genapp.upscaling import Progress

LARGE = ENLARGED
"""Side of the chosen face, px."""
WORDS = {
    "age": ("Age", "younger ↔ older"),
    "smile": ("Smile", "serious ↔ smiling"),
    "masculine": ("Gender presentation", "feminine ↔ masculine"),
    "hair-length": ("Hair length", "shorter ↔ longer"),
    "dark-hair": ("Hair colour", "lighter ↔ darker"),
    "glasses": ("Glasses", "without ↔ with"),
    "mouth-open": ("Mouth", "closed ↔ open"),
    "yaw": ("Turn", "to your left ↔ to your right"),
    "pitch": ("Nod", "down ↔ up"),
    "outdoors": ("Background", "indoors ↔ outdoors"),
}
"""What sliders are called, and what their ends mean; in the order in which they are shown."""
LEAST = 0.1
"""Changes that are smaller are not told."""
LEAKAGE = (
    "Measured on made faces, for one step of a slider to the right, in standard deviations of what "
    "is changed."
)


@dataclass(frozen=True)
class Handle:
    """A slider that changes a face."""

    name: str
    label: str
    ends: str
    """What its left and right end mean."""
    low: float
    high: float


@dataclass(frozen=True)
class Shown:
    """A face as a file, and what is said of it."""

    file: Path
    recipe: str
    notes: tuple[str, ...]
    ran: str
    """What made it, and where."""


@dataclass(frozen=True)
class Likeness:
    """A face on a photo, and the one of ours that is most like it."""

    before: Path
    """What was cut out of the photo."""
    after: Path
    recipe: str
    error: float
    """Mean difference of colours, of 255."""
    error_of_average: float
    """The same for the average face."""


def seeds(text: str, at_once: int, most: int) -> list[int]:
    """The seeds that somebody typed.

    Args:
        text: one number, for the first of `at_once`; or a list such as 3, 8, 20-25.
        at_once: how many follow a single number.
        most: in a list.

    Raises:
        BadValue: these are no seeds, or too many.
    """
    if not text.strip():
        raise BadValue("There is no seed.", "Type a whole number from 0 on.")
    found = parse_seeds(text)
    if text.strip().isdigit():
        return consecutive(found[0], at_once)
    if len(found) > most:
        raise BadValue(f"These are {len(found)} seeds.", f"Type {most} at most.")
    return found


def recipe(seed: int, truncation: float, engines: Engines) -> str:
    """The face of a seed."""
    return str(_ours(Recipe(seed=seed, truncation=truncation), engines))


def read_recipe(text: str, engines: Engines) -> str:
    """What was pasted, as the tab's own faces are.

    Raises:
        BadValue: it is no recipe, or one of a model that has no sliders.
    """
    wanted = parse_recipe(text.strip())
    generator = open_generator(engines)
    if wanted.model != generator.model:
        raise BadValue(
            f"The recipe is for the model {wanted.model!r}.",
            f"This tab makes faces with {generator.model}.",
        )
    # Refuses what does not fit the model.
    recipe_w(wanted, generator, engines)
    return str(replace(wanted, size=None))


def around(middle: str, count: int, distance: float, draw: int, engines: Engines) -> list[str]:
    """Faces that lie near to one, each towards another. Number `draw` of many such sets."""
    face = parse_recipe(middle)
    return [str(near) for near in neighbour_recipes(face, count, distance, face.seed + draw)]


def mixed(coarse: str, fine: str, levels: int, engines: Engines) -> str:
    """Pose and shape of one face, the rest of another."""
    first, second = parse_recipe(coarse), parse_recipe(fine)
    plain = Recipe(second.seed, first.truncation, second.model, second.fingerprint)
    if second == plain and first.mix is None:
        return str(replace(first, mix=(second.seed, levels)))
    # No seeds tell such a face: it is written out.
    generator = open_generator(engines)
    a, b = (recipe_w(face, generator, engines)[0] for face in (first, second))
    written = Recipe(truncation=first.truncation, w=packed(mix(a, b, levels)))
    return str(_ours(written, engines))


def changed(before: str, truncation: float, values: Mapping[str, float]) -> str:
    """The same face with other sliders."""
    face = parse_recipe(before)
    edits = {name: value for name, value in values.items() if value}
    return str(replace(face, truncation=truncation, edits=edits))


def settings(text: str) -> tuple[float, Mapping[str, float]]:
    """Truncation and sliders of a face."""
    face = parse_recipe(text)
    return face.truncation, face.edits


def has_seed(text: str) -> bool:
    """Its truncation counts: a face that is written out has none."""
    return not parse_recipe(text).w


def caption(text: str) -> str:
    """What is written under a face."""
    face = parse_recipe(text)
    start = "no seed" if face.w else f"seed {face.seed}"
    return f"{start}, changed" if face.around or face.mix or any(face.edits.values()) else start


def levels(engines: Engines) -> int:
    """How finely two faces can be mixed."""
    rows = engines.catalog.get(GENERATOR).inputs[0].shape[1]
    assert isinstance(rows, int)
    return rows


def problem(engines: Engines) -> str | None:
    """Why no faces can be made here, for people; None if they can."""
    return why_not(GENERATOR, engines)


def handles(engines: Engines) -> tuple[Handle, ...]:
    """The sliders that there are."""
    ranges = slider_ranges(engines)
    # Those that have words in their order, then the others.
    names = [*filter(ranges.__contains__, WORDS), *(name for name in ranges if name not in WORDS)]
    return tuple(
        Handle(name, _label(name), WORDS.get(name, ("", ""))[1], *ranges[name]) for name in names
    )


def leakage(engines: Engines) -> str:
    """What else each slider changes, in Markdown; empty without sliders."""
    known = [handle.name for handle in handles(engines)]
    if not known:
        return ""
    with np.load(engines.data(SLIDERS)) as stored:
        effects = {
            str(name): dict(zip(stored["names"].tolist(), row.tolist(), strict=True))
            for name, row in zip(stored["names"], stored["effects"], strict=True)
        }
    rows = [
        f"- **{_label(name)}** {effects[name][name]:+.1f}; {_leaks(name, effects[name])}"
        for name in known
    ]
    return "\n".join([LEAKAGE, "", *rows])


def _leaks(name: str, row: Mapping[str, float]) -> str:
    """The other attributes that a slider changes, the most changed first."""
    told = [
        (abs(value), f"{_label(other).lower()} {value:+.1f}")
        for other, value in row.items()
        if other != name and abs(value) >= LEAST
    ]
    return f"also {', '.join(text for _, text in sorted(told)[::-1])}" if told else "nothing else"


def _label(name: str) -> str:
    return WORDS[name][0] if name in WORDS else name.capitalize()


def small(recipes: Sequence[str], engines: Engines) -> list[NDArray[np.uint8]]:
    """The faces as the network draws them, S×S×3."""
    return [face.native for face in _made(recipes, None, engines)]


def preview(text: str, engines: Engines) -> Shown:
    """A face as a file, at once: as the network draws it, only interpolated."""
    (face,) = _made([text], None, engines)
    size = (LARGE, LARGE)
    pixels = np.asarray(
        cv2.resize(face.photo.pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8
    )
    photo = replace(face.photo, pixels=pixels)
    file = save_result(images.encode(photo, "webp", quality=90), f"{photo.name}.webp")
    return Shown(file, str(face.recipe), face.notes, engines.ran(GENERATOR).text)


def large(text: str, ending: str, quality: int, size: int | None, engines: Engines) -> Shown:
    """A face as a file.

    Args:
        text: its recipe.
        ending: of the file: png, jpg or webp.
        quality: 1 to 100 for jpg and webp.
        size: side in px; None as the network draws it.
        engines: the pool of networks.
    """
    (face,) = _made([text], size, engines)
    data = images.encode(face.photo, ending, quality=quality)
    file = save_result(data, f"{face.photo.name}.{ending}")
    return Shown(file, str(face.recipe), face.notes, engines.ran(GENERATOR).text)


def _made(recipes: Sequence[str], size: int | None, engines: Engines) -> list[Face]:
    wanted = [replace(parse_recipe(text), size=size) for text in recipes]
    return list(make_faces(wanted, open_generator(engines), engines))


def _ours(face: Recipe, engines: Engines) -> Recipe:
    """With the model that it is made by."""
    generator = open_generator(engines)
    return replace(face, model=generator.model, fingerprint=generator.fingerprint)


def film(
    recipes: Sequence[str],
    seconds: float,
    loop: bool,
    size: int | None,
    ending: str,
    engines: Engines,
    progress: Progress,
) -> Path:
    """A file that shows how each face turns into the next. Raises as `write_animation`."""
    generator = open_generator(engines)
    keys = [recipe_w(parse_recipe(text), generator, engines)[0] for text in recipes]
    target = place_for_result(f"faces.{ending}")
    write_animation(
        target,
        keys,
        generator,
        engines,
        seconds=seconds,
        loop=loop,
        size=size or generator.size,
        progress=progress,
    )
    return target


def dataset(
    count: int,
    seed: int,
    truncation: float,
    edits: Mapping[str, float],
    size: int | None,
    ending: str,
    engines: Engines,
    progress: Progress,
) -> Dataset:
    """Many faces as a ZIP. Raises as `write_dataset`."""
    return write_dataset(
        place_for_result(f"faces-{seed}-{seed + count - 1}.zip"),
        count,
        seed=seed,
        truncation=truncation,
        edits=edits,
        size=size,
        format=ending,
        engines=engines,
        progress=progress,
    )


def at_size(text: str, size: int | None) -> Recipe:
    """The recipe at another size; None for the size it names. Raises `BadValue` for no recipe."""
    face = parse_recipe(text)
    return face if size is None else replace(face, size=size)


def likeness(source: str | bytes, engines: Engines, progress: Progress) -> Likeness:
    """The face of ours that is most like the one on a photo. Raises as `project`."""
    if isinstance(source, str) and not Path(source).exists():
        raise UnreadablePicture("Your photo was deleted after ten minutes.", "Upload it again.")
    generator = open_generator(engines)
    found = project(images.read(source), generator, engines, progress=progress)
    written = str(_ours(Recipe(w=packed(found.w)), engines))
    theirs = Photo(_at_screen_size(images.from_float(found.photo, np.uint8)))
    file = save_result(images.encode(theirs, "png"), "photo.png")
    return Likeness(file, preview(written, engines).file, written, found.error, found.error_before)


def _at_screen_size(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    enlarged = cv2.resize(pixels, (LARGE, LARGE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged, np.uint8)
