"""Recipes: all that decides which new pictures come of a data set, as YAML.

The same recipe on the same pictures makes the same bytes on one machine, however they are asked
for. Each new picture has its own random numbers, of the recipe's seed and its number, so that
picture 7 is the same whether ten or a thousand are made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from genapp.errors import BadValue, UserError, check_number

MOST = 100_000
"""New pictures."""
SMALLEST, LARGEST = 16, 1024
"""Sides of new pictures, px."""
FORMATS = ("png", "jpg", "webp")
SPACES = ("auto", "photos", "faces", "gan")
DEFAULT_STYLES = ("amber-and-sky", "ink-wash", "lilac-mist", "dark-velvet", "aqua-crackle")
VERSION = 1

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Classic:
    """Changes of geometry and light that leave the class as it is.

    Amounts are the most that is drawn; the draws are even from nothing up to that, both ways.
    """

    probability: float = 1.0
    """Of these being done at all."""
    flip: float = 0.5
    """Probability of a mirror image."""
    flip_vertical: float = 0.0
    """Probability of upside down."""
    rotate: float = 10.0
    """Degrees, 0..180."""
    crop: float = 0.3
    """Share of the picture that may be cut away, 0..0.9."""
    stretch: float = 0.1
    """How much wider or narrower things may become, 0..0.5."""
    shear: float = 4.0
    """Degrees, 0..45."""
    perspective: float = 0.05
    """How far the corners may move, of the sides, 0..0.5."""
    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    hue: float = 0.015
    """Part of the circle of colours, 0..0.5."""
    grey: float = 0.0
    """Probability of no colours at all."""
    blur: float = 0.1
    """Probability."""
    noise: float = 0.1
    """Probability of a camera's grain."""
    jpeg: float = 0.0
    """Probability of the flaws of a heavily packed file."""
    erase: float = 0.0
    """Probability that a rectangle is filled with noise (random erasing)."""


@dataclass(frozen=True)
class Mixing:
    """Two pictures in one; the label becomes shares of both."""

    mixup: float = 0.0
    """Probability of laying one over the other (https://arxiv.org/abs/1710.09412)."""
    cutmix: float = 0.0
    """Probability of a rectangle of another in it (https://arxiv.org/abs/1905.04899)."""
    alpha: float = 1.0
    """Of the Beta distribution of the shares: 0.1 mostly all of one … 1 anything."""


@dataclass(frozen=True)
class Styling:
    """Other materials and light: the picture partly painted in a style."""

    probability: float = 0.0
    strength: float = 0.5
    """The most; at least half of it is drawn."""
    keep_colors: bool = False
    """The painting's light in the picture's colours."""
    styles: tuple[str, ...] = DEFAULT_STYLES
    """Names of built-in styles, one of which is drawn."""


@dataclass(frozen=True)
class Generative:
    """Pictures that a network draws, around and between those of a class."""

    probability: float = 0.0
    """Share of the new pictures that are made in this way, and in no other."""
    between: float = 0.5
    """Share of these that lie between two pictures of the class; others lie around one."""
    spread: float = 0.35
    """How far from the pictures, 0 (drawn again) .. 1 (nothing of them is left)."""
    space: str = "auto"
    """Of codes: photos (a VAE of anything, 32×32), faces (a VAE of faces, 32×32), auto (one of
    these, by what the pictures show), or gan (the generator of faces, 64×64; seconds a face)."""
    tune: bool = False
    """Fine-tune the VAE on the pictures first."""
    tune_steps: int = 200


@dataclass(frozen=True)
class Recipe:
    """All settings. `parse_recipe` reads what `to_yaml` writes."""

    count: int | None = None
    """New pictures in all; None: `per_class` or, without that, as many as the source has."""
    per_class: int | None = None
    """New pictures of each class, instead of `count`."""
    seed: int = 0
    size: int | None = None
    """New pictures are squares of this side, px; None: as large as what they are made of."""
    format: str = "jpg"
    """Of the files: png, jpg or webp."""
    quality: int = 92
    """Of jpg and webp."""
    classic: Classic = field(default_factory=Classic)
    mixing: Mixing = field(default_factory=Mixing)
    style: Styling = field(default_factory=Styling)
    generative: Generative = field(default_factory=Generative)

    def __post_init__(self) -> None:
        _check(self)

    def total(self, source_size: int, classes: int) -> int:
        """How many new pictures it asks for.

        Raises:
            BadValue: more than `MOST`.
        """
        count = self.count if self.per_class is None else self.per_class * classes
        count = source_size if count is None else count
        if count > MOST:
            raise BadValue(f"{count} new pictures were asked for.", f"Ask for at most {MOST}.")
        return count

    def to_yaml(self) -> str:
        """The recipe as a file that people can read and change."""
        settings = {"version": VERSION, **self.settings()}
        return str(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))

    def settings(self) -> dict[str, Any]:
        """All settings as nested dictionaries of plain values, numbers as the recipe means them."""
        return _plain(self)

    def changed(self, settings: Mapping[str, Any]) -> "Recipe":
        """The recipe with other settings, by name: `{"count": 50, "classic.rotate": 20}`.

        Raises:
            BadValue: there is no such setting, or it makes no sense.
        """
        whole = self.settings()
        for name, value in settings.items():
            group, _, inner = name.rpartition(".")
            place = whole.get(group) if group else whole
            if not isinstance(place, dict) or inner not in place or isinstance(place[inner], dict):
                raise _unknown(name, _names(self))
            place[inner] = value
        return _built(whole)


def parse_recipe(text: str) -> Recipe:
    """The recipe of a YAML text. What it leaves out has its default.

    Raises:
        BadValue: it is no YAML, or has a setting that is unknown or makes no sense.
    """
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f" (line {line + 1})"
        raise BadValue(
            f"The recipe is no YAML that can be read{where}.", "Start from one that was written."
        ) from error
    if found is None:
        return Recipe()
    if not isinstance(found, dict):
        raise BadValue("The recipe is no list of settings.", "Write lines such as 'count: 100'.")
    version = found.pop("version", VERSION)
    if version != VERSION:
        raise BadValue(
            f"The recipe's version is {version!r}.", f"This release reads version {VERSION}."
        )
    return _built(found)


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    Raises:
        BadValue: it cannot be read; and what `parse_recipe` raises.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadValue(f"The recipe {str(path)!r} cannot be read.", "Check the path.") from error
    return parse_recipe(text)


def parse_setting(text: str) -> tuple[str, Any]:
    """Name and value of `classic.rotate=20`.

    Raises:
        BadValue: it is no such text.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise BadValue(f"{text!r} is no setting.", "Write NAME=VALUE, as in classic.rotate=20.")
    try:
        return name.strip(), yaml.safe_load(value)
    except (yaml.YAMLError, ValueError) as error:
        raise BadValue(f"{value!r} is no value.", "Write a number, a word or [a, list].") from error


# Building and checking ---------------------------------------------------------------------------

Group = Classic | Mixing | Styling | Generative
GROUPS: Mapping[str, type[Group]] = {
    "classic": Classic,
    "mixing": Mixing,
    "style": Styling,
    "generative": Generative,
}
HIGHEST: Mapping[str, float] = {
    "rotate": 180,
    "crop": 0.9,
    "stretch": 0.5,
    "shear": 45,
    "perspective": 0.5,
    "hue": 0.5,
}
"""Of numbers that do not end at 1."""


def _built(settings: Mapping[str, Any]) -> Recipe:
    """The recipe of nested dictionaries."""
    given = dict(settings)
    for name, kind in GROUPS.items():
        part = given.get(name)
        if name not in given:
            continue
        if part is not None and not isinstance(part, Mapping):
            raise BadValue(
                f"The part {name!r} of the recipe is {part!r}.", "Write settings below it."
            )
        given[name] = _of_type(kind, dict(part or {}), f"{name}.")
    return _of_type(Recipe, given, "")


def _of_type(kind: type[Kind], settings: dict[str, Any], prefix: str) -> Kind:
    known = list(get_type_hints(kind))
    for name in settings:
        if name not in known:
            raise _unknown(f"{prefix}{name}", [f"{prefix}{one}" for one in known])
    if isinstance(settings.get("styles"), str):
        settings["styles"] = [settings["styles"]]
    if isinstance(settings.get("styles"), list):
        settings["styles"] = tuple(settings["styles"])
    return kind(**settings)


def _unknown(name: object, known: list[str]) -> UserError:
    close = get_close_matches(str(name), known, n=1)
    remedy = f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(known)}."
    return BadValue(f"A recipe has no setting {name!r}.", remedy)


def _names(recipe: Recipe) -> list[str]:
    """All settings, those of a group as group.name."""
    names: list[str] = []
    for name, value in recipe.settings().items():
        names += [f"{name}.{inner}" for inner in value] if isinstance(value, dict) else [name]
    return names


def _check(recipe: Recipe) -> None:
    """Raises `BadValue` for what makes no sense."""
    for name, low, high in (
        ("count", 1, MOST),
        ("per_class", 1, MOST),
        ("seed", 0, 2**63 - 1),
        ("size", SMALLEST, LARGEST),
        ("quality", 1, 100),
    ):
        value = getattr(recipe, name)
        if value is not None or name in {"seed", "quality"}:
            _check_whole(name, value, low, high)
    if recipe.count is not None and recipe.per_class is not None:
        raise BadValue("The recipe has both count and per_class.", "Leave one of them out.")
    if recipe.format not in FORMATS:
        raise BadValue(f"There is no format {recipe.format!r} here.", f"Use {', '.join(FORMATS)}.")
    for name in GROUPS:
        _check_group(name, getattr(recipe, name))
    mixing, generative = recipe.mixing, recipe.generative
    if mixing.mixup + mixing.cutmix > 1:
        raise BadValue(
            "mixing.mixup and mixing.cutmix add up to more than 1.", "Make one of them smaller."
        )
    check_number("mixing.alpha", mixing.alpha, 0.01, 100)
    if generative.space not in SPACES:
        raise BadValue(
            f"There is no generative.space {generative.space!r}.", f"Use {', '.join(SPACES)}."
        )
    _check_whole("generative.tune_steps", generative.tune_steps, 1, 100_000)
    if not recipe.style.styles:
        raise BadValue("style.styles is empty.", "Name at least one style.")


def _check_group(group: str, settings: Group) -> None:
    """Numbers are from 0 to 1, but for those that say otherwise; flags are true or false."""
    hints: Mapping[str, Any] = get_type_hints(type(settings))
    for each in fields(settings):
        name, value, hint = f"{group}.{each.name}", getattr(settings, each.name), hints[each.name]
        if hint is float and each.name != "alpha":
            check_number(name, value, 0, HIGHEST.get(each.name, 1))
        elif hint is bool and not isinstance(value, bool):
            raise BadValue(f"{name} is {value!r}.", "Write true or false.")
        elif each.name == "styles" and not (
            isinstance(value, tuple) and all(isinstance(one, str) for one in value)
        ):
            raise BadValue(f"{name} is {value!r}.", "Write names, as in [ink-wash, embers].")


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadValue(f"The {name} is {value!r}.", f"Choose a whole number from {low} to {high}.")


def _plain(settings: "Recipe | Group") -> dict[str, Any]:
    """Dictionaries, lists and numbers alone; 20 and 20.0 are the same."""
    hints: Mapping[str, Any] = get_type_hints(type(settings))
    plain: dict[str, Any] = {}
    for each in fields(settings):
        value = getattr(settings, each.name)
        if each.name in GROUPS:
            value = _plain(value)
        elif isinstance(value, tuple):
            value = list(value)
        elif hints[each.name] is float:
            value = float(value)
        plain[each.name] = value
    return plain
