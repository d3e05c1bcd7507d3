"""Styles: built-in ones, looks, networks of the Hub, pictures of one's own, and blends of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genapp.errors import BadValue, UnknownName
from genapp.images import Photo, Pixels, read, to_float
from genapp.registry.engines import Engines
from genapp.translating.hub_styles import HUB_STYLES, HubStyle, hub_style_names
from genapp.translating.looks import LOOKS, Look, look_names
from genapp.upscaling import bleed

MULTI, ANY = "translate/stylizer.multi26", "translate/stylizer.any"
LINES = "line-drawing"
"""Stands for `genapp.translating.drawing` where networks are named: it needs none."""
TABLE, PREDICTOR = "translate/styles.multi26", "translate/style-predictor.any"
PREDICTED_FROM = 256
"""Side of the square that a style is taken from, px."""
MOST = 8
"""Styles in one blend."""

Picture = str | Path | bytes | Image.Image | NDArray[Any] | Photo
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class BuiltIn:
    """A style that comes along."""

    name: str
    description: str
    face_strength: float = 1.0
    """How strong it may be on a face of `FACE` px for people, and our detector, to still tell it;
    chosen in steps on twelve faces, checked by benchmarks/style_quality.py."""
    model: str = MULTI
    """What paints in it."""


# First the 26 of `MULTI`, in its order.
STYLES = (
    BuiltIn("amber-and-sky", "Warm yellow and light blue in soft, flat strokes."),
    BuiltIn("yellow-ink", "Bold black brush lines and patches of yellow on white.", 0.5),
    BuiltIn("ink-wash", "Black and pale tones, a touch of peach, brushed softly."),
    BuiltIn("neon-dashes", "Dashes of bright blue, red and orange on black.", 0.3),
    BuiltIn("crimson-crayon", "Crimson, ochre and pale blue with the grain of crayon."),
    BuiltIn("orange-patches", "Small patches of orange, red and blue, loosely dabbed.", 0.75),
    BuiltIn("indigo-dots", "Dark indigo, strewn with rings and dots.", 0.8),
    BuiltIn("bold-primaries", "Pure yellow, red and blue glowing out of black.", 0.8),
    BuiltIn("bright-pencils", "Pencil lines on white with magenta, turquoise and yellow.", 0.8),
    BuiltIn("fleck-print", "Flecks of slate and red printed on grey.", 0.45),
    BuiltIn("terracotta", "Brown and burnt orange in fine, dark-edged strokes."),
    BuiltIn("gold-engraving", "Fine golden lines on cream.", 0.85),
    BuiltIn("lilac-mist", "Lilac and yellow, blurred as in fog."),
    BuiltIn("lime-and-brick", "Lime green, brick red and teal between dark contours.", 0.7),
    BuiltIn("aqua-crackle", "Pale aqua with the fine cracks of old glaze."),
    BuiltIn("pastel-shards", "Thin coloured lines that cut pastel tones into shards.", 0.5),
    BuiltIn("violet-hatching", "Blue, violet and olive in slanting hatches.", 0.6),
    BuiltIn("woven-red", "Red, orange and blue bars, woven like a rug.", 0.15),
    BuiltIn("wood-carving", "Tan wood with carved, wavy grooves.", 0.7),
    BuiltIn("blue-strokes", "Deep blue and yellow in short, curling strokes.", 0.7),
    BuiltIn("embers", "Glowing dark red with a little blue."),
    BuiltIn("pop-cutouts", "Black, white, pink and yellow cut-out shapes.", 0.42),
    BuiltIn("slate-and-scarlet", "Grey-blue and cream with black contours, patches of red.", 0.7),
    BuiltIn("dark-velvet", "Soft blacks and greens, pale lights, few lines."),
    BuiltIn("teal-etching", "Teal etched on cream in fine hatches.", 0.75),
    BuiltIn("rust-impasto", "Rust, cream and blue in thick, rough dabs.", 0.6),
    BuiltIn("line-drawing", "Few dark, sure lines with ink, and a thin wash.", model=LINES),
)
FACE = 240
"""A face should be at least this wide in a painting, px: of smaller ones, strokes leave little."""


@dataclass(frozen=True, eq=False)
class Style:
    """A part of a blend."""

    label: str
    """A style's name, or a file's; "picture" where there is none."""
    weight: float
    """The weights of a blend sum up to 1."""
    face_strength: float
    """As in `BuiltIn`."""
    number: int | None = None
    """Place in `STYLES`; None for a picture."""
    square: NDArray[np.float32] | None = None
    """3×256×256, 0..1: what the style of a picture is taken from."""
    sha256: str | None = None
    """Of the picture's pixels."""
    look: Look | None = None
    """What is done instead of painting."""
    hub: HubStyle | None = None
    """A style with a network of its own."""

    @property
    def model(self) -> str:
        """The network that paints in it; where there is none, `LINES` or the look's name."""
        if self.look is not None:
            return self.look.name
        if self.hub is not None:
            return self.hub.model
        return ANY if self.number is None else STYLES[self.number].model


def style_names() -> tuple[str, ...]:
    """Names of the built-in styles that are painted."""
    return tuple(style.name for style in STYLES)


def known_names() -> tuple[str, ...]:
    """Names of everything that can be asked for: built-in styles, looks, styles of the Hub."""
    return (*style_names(), *look_names(), *hub_style_names())


def parse_styles(text: str) -> dict[str, float]:
    """Weights by name or file from `blue-strokes`, `painting.jpg` or `embers=2,painting.jpg=1`.

    Raises:
        BadValue: a weight is no number.
    """
    if Path(text).is_file():
        return {text: 1.0}
    weights: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, weight = part.rpartition("=")
        try:
            value = float(weight) if equals else 1.0
        except ValueError:
            raise BadValue(f"The weight {weight!r} is no number.", "Write NAME=0.5.") from None
        key = name if equals else part
        weights[key] = weights.get(key, 0.0) + value
    return weights


def read_styles(style: Picture | Mapping[Any, float]) -> tuple[Style, ...]:
    """The parts of a blend.

    Args:
        style: a name of `known_names`, a picture, or weights (0 and above, of any sum) by
            names, paths, files' bytes or `Photo`s.

    Raises:
        UnknownName: neither a style nor a file.
        UnreadablePicture, TooLarge: the picture cannot be read.
        BadValue: no style, too many, or a weight that makes no sense.
    """
    parts = style if isinstance(style, Mapping) else {0: 1.0}
    sources = list(style) if isinstance(style, Mapping) else [style]
    weights = [_weight(value) for value in parts.values()]
    total = sum(weights)
    count = sum(weight > 0 for weight in weights)
    if not 0 < count <= MOST or not math.isfinite(total):
        raise BadValue(f"There are {count} styles.", f"Name 1 to {MOST} with a weight above 0.")
    return tuple(
        _style(source, weight / total)
        for source, weight in zip(sources, weights, strict=True)
        if weight > 0
    )


def _weight(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise BadValue(f"The weight of a style is {value!r}.", "Choose a number above 0.")
    return float(value)


def _style(source: Picture, weight: float) -> Style:
    if isinstance(source, str):
        if source in known_names():
            return _named(source, weight)
        if not Path(source).suffix and not Path(source).exists():
            raise UnknownName("style", source, known_names())
    photo = read(source)
    pixels = photo.pixels if photo.alpha is None else bleed(photo.pixels, photo.alpha)
    digest = sha256(np.ascontiguousarray(pixels)).hexdigest()
    return Style(photo.name or "picture", weight, 1.0, None, middle_square(pixels), digest)


def _named(name: str, weight: float) -> Style:
    if name in look_names():
        return Style(name, weight, 1.0, look=LOOKS[look_names().index(name)])
    if name in hub_style_names():
        hub = HUB_STYLES[hub_style_names().index(name)]
        return Style(name, weight, hub.face_strength, hub=hub)
    number = style_names().index(name)
    return Style(name, weight, STYLES[number].face_strength, number)


def middle_square(pixels: Pixels) -> NDArray[np.float32]:
    """The largest square in the middle of a picture, H×W×3, as 3×256×256, 0..1."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side]
    way = cv2.INTER_AREA if side > PREDICTED_FROM else cv2.INTER_CUBIC
    small = cv2.resize(square, (PREDICTED_FROM, PREDICTED_FROM), interpolation=way)
    values = to_float(np.asarray(small, pixels.dtype))
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def default_face_strength(styles: Sequence[Style]) -> float:
    """How strong a blend may be on faces."""
    return round(sum(style.weight * style.face_strength for style in styles), 2)


def blended_numbers(
    styles: tuple[Style, ...], engines: Engines
) -> dict[str, tuple[float, Numbers]]:
    """Of each of our own networks that is needed: its part in the painting, and the blend's 2×c
    numbers."""
    blends: dict[str, tuple[float, Numbers]] = {}
    for model in (MULTI, ANY):
        parts = [style for style in styles if style.model == model]
        if not parts:
            continue
        part = sum(style.weight for style in parts)
        blend = sum(style.weight / part * _numbers(style, engines) for style in parts)
        blends[model] = part, np.asarray(blend, np.float32)
    return blends


def _numbers(style: Style, engines: Engines) -> Numbers:
    if style.square is not None:
        predictor = engines.get(PREDICTOR)
        return np.asarray(predictor.run({"image": style.square[None]})["style"], np.float32)
    with np.load(engines.data(TABLE)) as table:
        return np.asarray(table["styles"][style.number], np.float32)
