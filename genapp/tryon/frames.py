"""Frames as data: a pair of glasses is one short TOML file in `frames/`.

Sizes are the ones printed inside a temple: lens, bridge, temple, in millimetres (the boxing
system of ISO 8624). CONTRIBUTING.md says how to add one.
"""

import tomllib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from genapp.errors import BadValue, UnknownName
from genapp.tryon.color import parse_color

Material = Literal["acetate", "metal"]
FOLDER = Path(__file__).with_name("frames")


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
    """Acetate is thick and half matt, metal a thin polished wire with nose pads."""
    color: str
    """Colour of the rims, bridge and temples."""
    tint: str
    """Colour of the lens: what remains of white light at opacity 1."""
    opacity: float
    """How much of the tint is in the lens: 0 clear, 1 full."""
    gradient: float
    """How much the tint fades from top to bottom: 0 even, 1 clear at the bottom."""
    rim: tuple[float, float, float]
    """Width of the rim seen from the front at the top, at the sides, at the bottom."""
    depth: float
    """Thickness of the rim from front to back."""
    bridge_rise: float
    """Height of the bridge over the middle of the lenses."""
    hinge_rise: float
    """Height of the hinges over the middle of the lenses."""
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

_REQUIRED = {f.name for f in fields(Frame)} - {"name"}
_OPTIONAL = {"brow_bar", "drop", "base_curve", "wrap", "tilt"}
_LIMITS = MappingProxyType(
    {
        "lens": (20, 80),
        "bridge": (5, 35),
        "temple": (80, 180),
        "height": (15, 75),
        "opacity": (0, 1),
        "gradient": (0, 1),
        "depth": (0.5, 10),
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
    unknown = sorted(data.keys() - _REQUIRED)
    missing = sorted(_REQUIRED - _OPTIONAL - data.keys())
    if unknown:
        raise _bad(name, f"has an unknown key '{unknown[0]}'")
    if missing:
        raise _bad(name, f"lacks the key '{missing[0]}'")
    for key, (low, high) in _LIMITS.items():
        if key in data:
            data[key] = _number(name, key, data[key], low, high)
    for key in ("color", "tint"):
        try:
            parse_color(data[key])
        except BadValue as error:
            raise _bad(name, f"has {key} = {data[key]!r}, which is not '#rrggbb'") from error
    if not isinstance(data["title"], str) or not data["title"]:
        raise _bad(name, f"has title = {data['title']!r}, which is not a text")
    if not isinstance(data.get("brow_bar", False), bool):
        raise _bad(name, f"has brow_bar = {data['brow_bar']!r}, which is not true or false")
    if data["material"] not in get_args(Material):
        raise _bad(name, f"has material '{data['material']}', not one of {get_args(Material)}")
    rim = data["rim"]
    if not isinstance(rim, list) or len(rim) != 3:
        raise _bad(name, "needs three rim widths: top, side, bottom")
    data["rim"] = tuple(_number(name, "rim", width, 0.2, 15) for width in rim)
    data["outline"] = _outline(name, data["outline"])
    return Frame(name=name, **data)


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
