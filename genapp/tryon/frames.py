"""Frames as data: a pair of glasses is one short TOML file in `frames/`.

Sizes are the ones printed inside a temple: lens, bridge, temple, in millimetres (the boxing
system of ISO 8624). CONTRIBUTING.md says how to add one.
"""

import tomllib
from dataclasses import MISSING, dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from genapp.errors import BadValue, UnknownName
from genapp.tryon.color import parse_color
from genapp.tryon.solid import Solids

Material = Literal["acetate", "metal", "transparent"]
Rims = Literal["full", "half", "none"]
FOLDER = Path(__file__).with_name("frames")


@dataclass(frozen=True)
class Finish:
    """What a part is made of."""

    material: Material
    """Acetate is thick and half matt, metal thin and polished; transparent is clear acetate, which
    lets through the light of its colour."""
    color: str
    """'#rrggbb' sRGB."""
    fleck: str | None = None
    """Second colour, in spots, as of tortoiseshell."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One pair of glasses. Lengths in mm, angles in degrees, colours as '#rrggbb' sRGB."""

    name: str
    """What the CLI and API call it: the file's stem."""
    title: str
    """What the gallery calls it."""
    lens: float
    """Width of one lens (boxing A)."""
    bridge: float
    """Gap between the lenses (boxing DBL)."""
    temple: float
    """Length of a temple, hinge to tip."""
    height: float
    """Height of one lens (boxing B)."""
    outline: tuple[tuple[float, float], ...]
    """Lens edge, as the viewer sees the lens on the right: points around it, x from -1 (nose) to
    1 (temple), y from -1 (top) to 1 (bottom). A closed smooth curve is drawn through them."""
    material: Material
    """Of rims, bridge and temples, see `Finish`. Thin metal has nose pads."""
    color: str
    """Colour of that material."""
    tint: str
    """Colour of the lens: what remains of white light at opacity 1."""
    opacity: float
    """How much of the tint is in the lens: 0 clear, 1 full."""
    gradient: float
    """How much the tint fades from top to bottom: 0 even, 1 clear at the bottom."""
    rim: tuple[float, float, float]
    """Width of the rim seen from the front at the top, at the sides, at the bottom. Without rims
    it may be left out."""
    depth: float
    """Thickness of the rim from front to back."""
    bridge_rise: float
    """Height of the bridge over the middle of the lenses."""
    hinge_rise: float
    """Height of the hinges over the middle of the lenses."""
    fleck: str | None = None
    """Second colour of the material, in spots, as of tortoiseshell."""
    rims: Rims = "full"
    """Half: only around the upper half of the lens. None: the lenses carry bridge and temples."""
    lower: Finish | None = None
    """What bridge and lower half of the rims are made of where that differs: the upper half is
    then a brow over a thin rim, whose width is that at the bottom."""
    temples: Finish | None = None
    """What the temples are made of where that differs from the rest."""
    temple_height: float | None = None
    """Of a temple at the hinge, seen from the side; it tapers from there. None: as is usual for
    its material."""
    pins: bool = False
    """Two rivets on the front before each hinge."""
    mirror: float = 0.0
    """How much of the light in `mirror_color` a coating of the lens reflects, 0..1."""
    mirror_color: str = "#ffffff"
    """Colour of that coating."""
    brow_bar: bool = False
    """A second bridge along the tops of the lenses."""
    drop: float = 3.0
    """How far the middle of the lenses lies below the pupils."""
    base_curve: float = 6.0
    """Curvature of the lens in dioptres (radius = 530 / base curve, in mm)."""
    wrap: float = 5.0
    """Face form angle: how far each lens turns around the face."""
    tilt: float = 8.0
    """Pantoscopic tilt: how far the bottoms of the lenses lean towards the cheeks."""
    solids: Solids | None = None
    """The triangles, where a file gave them; the measures are then read off them."""
    notes: tuple[str, ...] = ()
    """What was assumed or left out on the way in, one sentence each."""

    @property
    def finish(self) -> Finish:
        """What the rims, or the brow, are made of."""
        return Finish(self.material, self.color, self.fleck)

    @property
    def lower_finish(self) -> Finish:
        """What bridge and lower rims are made of."""
        return self.lower or self.finish

    @property
    def temple_finish(self) -> Finish:
        """What the temples are made of."""
        return self.temples or self.finish

    @cached_property
    def width(self) -> float:
        """Total width from end piece to end piece in mm."""
        return 2 * self.lens + self.bridge + 2 * (self.rim[1] + END_PIECE)

    @property
    def size(self) -> str:
        """Lens-bridge-temple, as printed inside a temple: '58-14-140'."""
        return f"{self.lens:.0f}-{self.bridge:.0f}-{self.temple:.0f}"


END_PIECE = 1.5
"""How far the end piece stands out beyond the rim, mm."""

BEVEL = (0.5, 0.5, 0.5)
"""What shows of the edge of a lens that has no rim, mm."""

_KEYS = {f.name for f in fields(Frame)} - {"name", "solids", "notes"}
_OPTIONAL = {f.name for f in fields(Frame) if f.default is not MISSING}
_FINISH_KEYS = {f.name for f in fields(Finish)}
_LIMITS = MappingProxyType(
    {
        "lens": (20, 80),
        "bridge": (5, 35),
        "temple": (80, 180),
        "height": (15, 75),
        "opacity": (0, 1),
        "gradient": (0, 1),
        "depth": (0.5, 10),
        "temple_height": (1, 30),
        "mirror": (0, 1),
        "bridge_rise": (-30, 40),
        "hinge_rise": (-30, 40),
        "drop": (-15, 20),
        "base_curve": (0, 10),
        "wrap": (-5, 25),
        "tilt": (-5, 20),
    }
)


def frame_names() -> list[str]:
    """Names of the frames that come with genapp, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def load_frame(name: str) -> Frame:
    """The frame of that name. Raises `UnknownName` (with the close matches) if there is none."""
    names = frame_names()
    if name not in names:
        raise UnknownName("frame", name, names)
    return parse_frame(name, (FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def parse_frame(name: str, text: str) -> Frame:
    """Read a frame's TOML. Raises `BadValue` that names the frame and the key."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad(name, f"is not valid TOML ({error})") from error
    if data.get("rims") == "none":
        data.setdefault("rim", list(BEVEL))
    unknown = sorted(data.keys() - _KEYS)
    missing = sorted(_KEYS - _OPTIONAL - data.keys())
    if unknown:
        raise _bad(name, f"has an unknown key '{unknown[0]}'")
    if missing:
        raise _bad(name, f"lacks the key '{missing[0]}'")
    _check_words(name, data)
    for key, (low, high) in _LIMITS.items():
        if key in data:
            data[key] = _number(name, key, data[key], low, high)
    for key in ("lower", "temples"):
        if key in data:
            data[key] = _finish(name, key, data[key])
    rim = data["rim"]
    if not isinstance(rim, list) or len(rim) != 3:
        raise _bad(name, "needs three rim widths: top, side, bottom")
    data["rim"] = tuple(_number(name, "rim", width, 0.2, 15) for width in rim)
    data["outline"] = _outline(name, data["outline"])
    return Frame(name=name, **data)


def _check_words(name: str, data: dict[str, Any]) -> None:
    """Colours, texts, choices and switches."""
    for key in ("color", "fleck", "tint", "mirror_color"):
        if key in data:
            _check_color(name, key, data[key])
    if not isinstance(data["title"], str) or not data["title"]:
        raise _bad(name, f"has title = {data['title']!r}, which is not a text")
    for key in ("brow_bar", "pins"):
        if not isinstance(data.get(key, False), bool):
            raise _bad(name, f"has {key} = {data[key]!r}, which is not true or false")
    _check_choice(name, "material", data["material"], get_args(Material))
    _check_choice(name, "rims", data.get("rims", "full"), get_args(Rims))


def _finish(name: str, key: str, value: object) -> Finish:
    if not isinstance(value, dict) or not {"material", "color"} <= value.keys() <= _FINISH_KEYS:
        raise _bad(name, f"has {key} = {value}, which is not {{ material = …, color = … }}")
    _check_choice(name, f"{key}.material", value["material"], get_args(Material))
    for part in value.keys() - {"material"}:
        _check_color(name, f"{key}.{part}", value[part])
    return Finish(**value)


def _check_choice(name: str, key: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise _bad(name, f"has {key} = {value!r}, not one of {', '.join(choices)}")


def _check_color(name: str, key: str, value: Any) -> None:  # noqa: ANN401 (from a file)
    try:
        parse_color(value)
    except BadValue as error:
        raise _bad(name, f"has {key} = {value!r}, which is not '#rrggbb'") from error


def _outline(name: str, value: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list) or len(value) < 6:
        raise _bad(name, "needs an outline of at least six points [x, y]")
    points = []
    for point in value:
        if not isinstance(point, list) or len(point) != 2:
            raise _bad(name, f"has an outline point {point} that is not [x, y]")
        points.append(tuple(_number(name, "outline", number, -1.5, 1.5) for number in point))
    if any(max(axis) - min(axis) < 0.5 for axis in zip(*points, strict=True)):
        raise _bad(name, "has an outline that encloses nothing; it goes from -1 to 1 both ways")
    return tuple((x, y) for x, y in points)


def _number(name: str, key: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _bad(name, f"has {key} = {value}, which is not a number from {low} to {high}")
    return float(value)


def _bad(name: str, what: str) -> BadValue:
    return BadValue(f"The frame '{name}' {what}.", "Correct its TOML file; see CONTRIBUTING.md.")
