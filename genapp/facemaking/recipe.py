"""A face as one line of text, which makes the same picture again.

    faces/1 model=faces/gated-gan.v1@1a2b3c4d seed=5 trunc=0.7 around=812@0.3 mix=9@3 edits=age:1.5

`@1a2b3c4d` are the first digits of the hash of the model's weights. The order of the words after
the first does not matter, and those that change nothing are left out.
"""

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from genapp.errors import BadValue, check_number
from genapp.facemaking.arrays import Values
from genapp.facemaking.generator import GENERATOR
from genapp.facemaking.latent import MOST_TRUNCATION, TRUNCATION, check_seed, neighbour_seeds

VERSION = "faces/1"
COARSE = 3
"""Levels that hold pose and shape: 4×4, 8×8 and 16×16."""
LONGEST = 20_000
"""Characters; a recipe with w of its own has some thousands."""


@dataclass(frozen=True)
class Recipe:
    """All that makes a face.

    Applied in this order: the seed's w at the truncation (or `w`), steps towards others, mixing,
    sliders.
    """

    seed: int = 0
    truncation: float = TRUNCATION
    model: str = GENERATOR
    fingerprint: str = ""
    """First digits of the hash of the weights it was made with; "" for any."""
    around: tuple[tuple[int, float], ...] = ()
    """Steps to neighbours: the seed of the face that a step goes towards, and how far, 0..1."""
    mix: tuple[int, int] | None = None
    """Seed of the face that the finer levels come from, and how many levels stay the own ones."""
    edits: Mapping[str, float] = field(default_factory=dict)
    """Sliders, in standard deviations of what they change."""
    w: str = ""
    """A w that no seed makes, of a photo: see `packed`."""
    size: int | None = None
    """Side of the picture; None for the model's own."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_number("truncation", self.truncation, 0, MOST_TRUNCATION)
        for seed, distance in self.around:
            check_seed(seed)
            check_number("distance", distance, 0, 1)
        if self.mix is not None:
            check_seed(self.mix[0])
            check_number("number of levels", self.mix[1], 0, 20)
        for name, value in self.edits.items():
            check_number(f"slider {name!r}", value, -10, 10)
        object.__setattr__(self, "edits", MappingProxyType(dict(self.edits)))

    def __str__(self) -> str:
        model = f"{self.model}@{self.fingerprint}" if self.fingerprint else self.model
        words = [VERSION, f"model={model}"]
        words.append(f"w={self.w}" if self.w else f"seed={self.seed}")
        if not self.w or self.around or self.mix:
            words.append(f"trunc={_short(self.truncation)}")
        if self.around:
            steps = (f"{seed}@{_short(distance)}" for seed, distance in self.around)
            words.append(f"around={','.join(steps)}")
        if self.mix is not None:
            words.append(f"mix={self.mix[0]}@{self.mix[1]}")
        edits = [f"{name}:{_short(value)}" for name, value in self.edits.items() if value]
        if edits:
            words.append(f"edits={','.join(edits)}")
        if self.size is not None:
            words.append(f"size={self.size}")
        return " ".join(words)

    @property
    def name(self) -> str:
        """Of its file, without the extension: face-5, face-5-around-812-edited."""
        parts = ["face-photo" if self.w else f"face-{self.seed}"]
        parts += [f"around-{other}" for other, _ in self.around]
        if self.mix is not None:
            parts.append(f"mixed-{self.mix[0]}")
        if any(self.edits.values()):
            parts.append("edited")
        return "-".join(parts)


def parse_recipe(text: str) -> Recipe:
    """Reads what `str(recipe)` wrote.

    Raises:
        BadValue: it is no recipe; the message names the word that is wrong.
    """
    if len(text) > LONGEST:
        raise BadValue("The recipe is too long.", "Give one line that starts with faces/1.")
    words = text.split()
    if not words or words[0] != VERSION:
        start = repr(words[0][:40]) if words else "empty"
        raise BadValue(
            f"This is no recipe of a face: it starts with {start}.",
            f"Give one line such as '{VERSION} seed=5 trunc=0.7'.",
        )
    found: dict[str, Any] = {}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if not equals or key not in READERS:
            raise BadValue(
                f"{word[:60]!r} in the recipe means nothing here.",
                f"Known words are {', '.join(f'{name}=…' for name in READERS)}.",
            )
        try:
            read = READERS[key](value)
        except ValueError as error:
            raise BadValue(
                f"{word[:60]!r} in the recipe cannot be read.", "Copy the whole line again."
            ) from error
        if read.keys() & found.keys():
            raise BadValue(f"{key!r} is in the recipe twice.", "Leave one of them out.")
        found |= read
    return Recipe(**found)


def neighbour_recipes(
    recipe: Recipe, count: int, distance: float = 0.3, seed: int | None = None
) -> list[Recipe]:
    """Recipes of faces around a face: each a step towards another one.

    Args:
        recipe: of the face in the middle.
        count: how many, 1 … 1000.
        distance: 0 the face itself … 1 another face.
        seed: which neighbours; None: those that belong to the face's own seed.
    """
    others = neighbour_seeds(count, recipe.seed if seed is None else seed)
    return [replace(recipe, around=(*recipe.around, (other, distance))) for other in others]


def parse_edits(text: str) -> dict[str, float]:
    """Sliders as people write them: "age=+1.5,smile=-0.5". Raises `BadValue`."""
    edits: dict[str, float] = {}
    for part in text.split(",") if text.strip() else ():
        name, equals, value = part.partition("=")
        try:
            number = _number(value)
        except ValueError:
            equals = ""
        if not equals or name.strip() in edits:
            raise BadValue(
                f"{part.strip()!r} does not set a slider.", "Write them as in age=+1.5,smile=-0.5."
            )
        edits[name.strip()] = number
    return edits


def parse_mix(text: str) -> tuple[int, int]:
    """The other face of a mix: "9", or "9@3" if 3 levels stay. Raises `BadValue`."""
    seed, at, levels = text.strip().partition("@")
    if not seed.isdecimal() or (at and not levels.isdecimal()):
        raise BadValue(f"{text!r} is no face to mix with.", "Write its seed, as in 9 or 9@3.")
    return int(seed), int(levels) if at else COARSE


def packed(w: Values) -> str:
    """A w, L×256, as text: half precision in base64. One row if all are the same."""
    rows = w[:1] if (w == w[0]).all() else w
    return base64.urlsafe_b64encode(rows.astype("<f2").tobytes()).decode().rstrip("=")


def unpacked(text: str, levels: int, width: int) -> Values:
    """The w, levels×width, of `packed`.

    Raises:
        BadValue: it is not that of this model.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadValue("The w of the recipe is damaged.", "Copy the whole line again.") from error
    if len(data) not in {2 * width, 2 * levels * width}:
        raise BadValue(
            "The w of the recipe is damaged, or was made with another model.",
            "Copy the whole line again.",
        )
    rows = np.frombuffer(data, "<f2").astype(np.float32).reshape(-1, width)
    if not np.isfinite(rows).all():
        raise BadValue("The w of the recipe is damaged.", "Copy the whole line again.")
    return np.repeat(rows, levels, 0) if len(rows) == 1 else rows


def _short(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))


def _model(text: str) -> dict[str, Any]:
    name, _, fingerprint = text.partition("@")
    return {"model": name, "fingerprint": fingerprint}


def _pairs(text: str, mark: str) -> list[tuple[str, str]]:
    parts = [part.partition(mark) for part in text.split(",")]
    if not all(middle for _, middle, _ in parts):
        raise ValueError(f"{mark} is missing")
    return [(left, right) for left, _, right in parts]


def _around(text: str) -> dict[str, Any]:
    return {"around": tuple((int(seed), _number(part)) for seed, part in _pairs(text, "@"))}


def _mix(text: str) -> dict[str, Any]:
    ((seed, levels),) = _pairs(text, "@")
    return {"mix": (int(seed), int(levels))}


def _edits(text: str) -> dict[str, Any]:
    pairs = _pairs(text, ":")
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a slider is there twice")
    return {"edits": {name: _number(value) for name, value in pairs}}


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not a number")
    return value


READERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "model": _model,
    "seed": lambda text: {"seed": int(text)},
    "trunc": lambda text: {"truncation": _number(text)},
    "around": _around,
    "mix": _mix,
    "edits": _edits,
    "w": lambda text: {"w": text},
    "size": lambda text: {"size": int(text)},
}
