"""Colours under a line drawing: a wash that stays between the lines, in a palette of choice.

The network says, for cells of a few pixels, how likely each colour and each lightness is. Here
they become a wash, spread evenly between the lines and held back by them, and the lines are laid
over it as they were drawn.

``prepare`` → network → ``wash`` → ``in_palette`` → ``obey`` → ``under_lines``; ``paint_sketch``
is all that follows the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from genapp.colorizing import chroma, readout
from genapp.errors import UnknownName

Array = npt.NDArray[np.float32]

LONGEST = 720  # long side of the wash, pixels
ROWS = 256  # of the drawing that are painted at a time
STEPS = 3  # of the spreading, each with half the reach of the one before
STOP = 6.0  # reaches by which a full line lengthens the way across it
FAINT, FULL = 0.15, 0.5  # opacity, of that of the strongest lines, at which a line holds back
PALE = 0.25  # opacity below which the strongest marks of a drawing are not lines
STROKE = 1 / 45  # width up to which a dark mark is a line, of the short side
MOST_CONTRAST = 3.0


HINT_HALF = 1  # a hint covers so many pixels of the network to each side of its place
HINT_SIDE = 400  # long side at which it is found where a hint counts
HINT_REACH = 0.2  # how far a hint reaches where no line is, of the long side
HINT_WHOLE = 64.0  # to what fraction of it the flow from a hint may fall before its colour fades


class Known(NamedTuple):
    """A colour that the user gave to a place of the drawing."""

    x: float
    """Pixels of the drawing from the left."""
    y: float
    """Pixels from the top."""
    lab: tuple[float, float, float]
    """CIELAB."""


@dataclass(frozen=True)
class Palette:
    """How a wash is changed before it is laid under the lines; all in CIELAB.

    Attributes:
        dark, bright: lightness that black and white of the wash become.
        gamma: bend of the lightness between them; below 1 is brighter.
        chroma: factor of weak chroma.
        limit: chroma that strong colours don't go beyond.
        tint: a and b towards which all colours go.
        tinting: how far, 0..1.
        levels: lightness in so many flat steps; 0 leaves it smooth.
    """

    dark: float = 26.0
    bright: float = 98.0
    gamma: float = 0.75
    chroma: float = 1.15
    limit: float = 85.0
    tint: tuple[float, float] = (0.0, 0.0)
    tinting: float = 0.0
    levels: int = 0


PALETTES = {
    "natural": Palette(),
    "pastel": Palette(dark=66, bright=99, chroma=1.4, limit=36),
    "vivid": Palette(dark=28, gamma=0.65, chroma=2.3, limit=95),
    "vintage": Palette(
        dark=32, bright=93, gamma=0.8, chroma=1.3, limit=48, tint=(3, 22), tinting=0.4
    ),
    "comic": Palette(dark=24, bright=100, gamma=0.6, chroma=2.2, limit=85, levels=4),
}


@dataclass(frozen=True)
class Settings:
    """How a drawing is coloured.

    Attributes:
        side: short side of what the network sees, in pixels.
        temperature: of the annealed mean of the colours, above 0.
        light_temperature: of that of the lightness.
        calm: sigma of the mean over places, in cells of 4 pixels of the network.
        reach: how far colours spread where no line is, in cells.
        shading: how much the grey tones of the drawing darken the wash, 0..1.
        palette: one of ``PALETTES``.

    Raises:
        UnknownName: there is no such palette.
    """

    side: int = 128
    temperature: float = 0.45
    light_temperature: float = 0.4
    calm: float = 0.5
    reach: float = 2.0
    shading: float = 0.4
    palette: str = "natural"

    def __post_init__(self) -> None:
        """Checks the palette."""
        if self.palette not in PALETTES:
            raise UnknownName("palette", self.palette, PALETTES)


DEFAULT = Settings()


def prepare(lightness: Array) -> Array:
    """Returns the drawing with white paper and dark lines; what the network should see.

    Light lines on dark paper are inverted.

    Args:
        lightness: H×W of the drawing, 0..100.
    """
    if np.mean(lightness < 40) > 0.75:
        lightness = 100 - lightness
    thinned = lightness[:: max(lightness.shape[0] // 512, 1), :: max(lightness.shape[1] // 512, 1)]
    black, white = np.percentile(thinned, [0.5, 85])
    contrast = 100 / max(white - black, 100 / MOST_CONTRAST)
    return np.asarray(np.clip(100 + (lightness - white) * contrast, 0, 100), np.float32)


def hint_planes(hints: Sequence[Known], shape: tuple[int, ...], size: tuple[int, int]) -> Array:
    """Returns 4×h×w hints for the network: L, a, b and 1 around each place, else 0.

    Args:
        hints: in pixels of the drawing; the last lies on top.
        shape: height and width of the drawing.
        size: h and w of what the network sees of it.
    """
    planes = np.zeros((4, *size), np.float32)
    for x, y, lab in hints:
        row, column = _cell((x, y), shape, size)
        rows = slice(max(row - HINT_HALF, 0), row + HINT_HALF + 1)
        columns = slice(max(column - HINT_HALF, 0), column + HINT_HALF + 1)
        planes[:, rows, columns] = np.array([*lab, 1])[:, None, None]
    return planes


def paint_sketch(
    lines: Array,
    logits: Array,
    light: Array,
    bins: Array,
    settings: Settings = DEFAULT,
    hints: Sequence[Known] = (),
) -> Array:
    """Returns the coloured drawing, H×W×3 sRGB 0..1.

    Args:
        lines: H×W of the drawing, 0..100, as ``prepare`` returns it.
        logits: k×h×w, from the network.
        light: m×h×w logits of m levels of lightness, equally far apart from 0 to 100.
        bins: k×2 colours that the logits speak of, CIELAB.
        settings: how to colour.
        hints: the same that the network got.
    """
    lab = in_palette(wash(lines, logits, light, bins, settings), PALETTES[settings.palette])
    return under_lines(obey(lab, lines, hints), lines, settings.shading)


def wash(
    lines: Array, logits: Array, light: Array, bins: Array, settings: Settings = DEFAULT
) -> Array:
    """Returns the wash, CIELAB, before any palette; arguments as in ``paint_sketch``.

    It has the sides of the drawing, if need be made smaller to a long side of ``LONGEST``.
    """
    return spread(read_out(logits, light, bins, settings), lines, settings.reach)


def read_out(logits: Array, light: Array, bins: Array, settings: Settings = DEFAULT) -> Array:
    """Returns the likely colours, h×w×3 CIELAB; arguments as in ``paint_sketch``."""
    ab = readout.annealed_mean(readout.calmed(logits, settings.calm), bins, settings.temperature)
    levels = np.linspace(0, 100, len(light), dtype=np.float32)[:, None]
    level = readout.annealed_mean(
        readout.calmed(light, settings.calm), levels, settings.light_temperature
    )
    return np.dstack([level, ab])


def under_lines(wash: Array, lines: Array, shading: float = DEFAULT.shading) -> Array:
    """Returns the drawing over a wash, H×W×3 sRGB 0..1.

    Args:
        wash: h×w×3 CIELAB, of any size.
        lines: H×W, 0..100, as ``prepare`` returns it.
        shading: how much grey tones of the drawing darken the wash, 0..1.
    """
    tone = tones(lines)
    lab = np.asarray(cv2.resize(wash, lines.shape[::-1], interpolation=cv2.INTER_LINEAR))
    for top in range(0, len(lines), ROWS):
        rows = slice(top, top + ROWS)
        # What the lines leave of the wash, and what the grey tones do.
        kept = lines[rows] / np.maximum(tone[rows], 1) * (tone[rows] / 100) ** np.float32(shading)
        part = np.asarray(lab[rows] * kept[..., None], np.float32)
        lab[rows] = chroma.to_rgb(np.ascontiguousarray(part[..., 0]), part[..., 1:])
    return np.asarray(lab, np.float32)


def obey(wash: Array, lines: Array, hints: Sequence[Known]) -> Array:
    """Returns the h×w×3 CIELAB wash with the colours of hints where they count.

    A hint has its colour at its place and wherever there is an open way from it between the lines,
    fading with the distance.
    """
    if not hints:
        return wash
    shrink = max(max(lines.shape) / HINT_SIDE, 1)
    size = max(round(lines.shape[0] / shrink), 1), max(round(lines.shape[1] / shrink), 1)
    small = cv2.resize(barrier(lines), size[::-1], interpolation=cv2.INTER_AREA)
    stop = np.asarray(small, np.float32)
    total = np.zeros((*size, 4), np.float32)
    strongest = np.zeros(size, np.float32)
    for x, y, lab in hints:
        row, column = _cell((x, y), lines.shape, size)
        drop = np.zeros((*size, 1), np.float32)
        drop[row, column] = 1
        flown = _flow(drop, stop, HINT_REACH * max(size))[..., 0]
        share = np.sqrt(np.clip(HINT_WHOLE * flown / flown[row, column], 0, 1))
        # Where several count, the nearest one counts most.
        nearness = (flown / flown[row, column])[..., None] ** 2
        total += nearness * np.array([*lab, 1], np.float32)
        strongest = np.maximum(strongest, share)
    # Under the lines too, whose soft edges let the wash through.
    beside = np.ones((5, 5), np.uint8)
    under = stop > 0.05
    strongest[under] = np.asarray(cv2.dilate(strongest, beside))[under]
    total[under] = np.asarray(cv2.blur(total, (5, 5)))[under]
    color = total[..., :3] / np.maximum(total[..., 3:], 1e-9)
    share, color = (
        np.asarray(cv2.resize(plane, wash.shape[1::-1], interpolation=cv2.INTER_LINEAR))
        for plane in (strongest, color)
    )
    return np.asarray(wash + share[..., None] * (color - wash), np.float32)


def _cell(
    place: tuple[float, float], shape: tuple[int, ...], size: tuple[int, ...]
) -> tuple[int, int]:
    """Returns row and column, on a grid of ``size``, of x and y in a drawing of ``shape``."""
    row, column = int(place[1] * size[0] / shape[0]), int(place[0] * size[1] / shape[1])
    return min(max(row, 0), size[0] - 1), min(max(column, 0), size[1] - 1)


def in_palette(lab: Array, palette: Palette) -> Array:
    """Returns the H×W×3 CIELAB wash in the colours of a palette."""
    level = np.asarray(np.clip(lab[..., 0] / 100, 0, 1), np.float32)
    if palette.levels:
        level = _steps(level, palette.levels)
    light = palette.dark + (palette.bright - palette.dark) * level ** np.float32(palette.gamma)
    ab = lab[..., 1:]
    strength = np.linalg.norm(ab, axis=2, keepdims=True)
    # Weak chroma grows by the factor, strong chroma bends towards the limit.
    ab = ab * (palette.chroma / (1 + (palette.chroma * strength / palette.limit) ** 3) ** (1 / 3))
    ab = ab + np.float32(palette.tinting) * (np.array(palette.tint, np.float32) - ab)
    return np.dstack([light, ab]).astype(np.float32)


def tones(lines: Array) -> Array:
    """Returns the drawing without its lines, H×W 0..100: paper, grey tones, large black areas."""
    short = min(lines.shape)
    width = max(int(short * STROKE), 2)
    shrink = max(short / 500, 1)
    size = [max(int(side / shrink), 1) for side in lines.shape[::-1]]
    small = np.asarray(cv2.resize(lines, size, interpolation=cv2.INTER_AREA), np.float32)
    side = 2 * max(int(width / shrink / 2), 1) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel)
    smooth = cv2.GaussianBlur(closed, (0, 0), side / 4)
    large = cv2.resize(smooth, lines.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.maximum(np.asarray(large, np.float32), lines)


def spread(coarse: Array, lines: Array, reach: float) -> Array:
    """Returns colours (…×…×c, a wash) of h×w×c coarse ones, spread between the lines.

    A domain transform, recursive (Gastal and Oliveira, "Domain Transform for Edge-Aware Image and
    Video Processing", 2011), in which the way across a line is long. Cells that a line crosses
    have mixed colours: places count the more, the farther from lines they are.

    Args:
        coarse: h×w×c.
        lines: H×W, 0..100, as ``prepare`` returns it.
        reach: how far colours spread where no line is, in cells.
    """
    stop = barrier(lines)
    size = stop.shape[::-1]
    cell = stop.shape[0] / coarse.shape[0]
    values = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), np.float32)
    far = cv2.distanceTransform((stop < 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    weight = np.clip(np.asarray(far, np.float32) / np.float32(cell), 0.02, 1)[..., None] ** 2
    planes = np.concatenate([values * weight, weight], axis=2)
    planes = _flow(planes, stop, reach * cell)
    return np.asarray(planes[..., :-1] / planes[..., -1:], np.float32)


def barrier(lines: Array) -> Array:
    """Returns how much each place holds colours back, 0..1, in the size of the wash."""
    shrink = max(max(lines.shape) / LONGEST, 1.0)
    if shrink > 1:  # thin lines stay lines
        side = int(np.ceil(shrink))
        dark = cv2.erode(lines, np.ones((side, side), np.uint8))
        size = [max(round(n / shrink), 1) for n in lines.shape[::-1]]
        lines = np.asarray(cv2.resize(dark, size, interpolation=cv2.INTER_AREA), np.float32)
    opacity = 1 - lines / np.maximum(tones(lines), 1)
    strongest = max(float(np.percentile(opacity, 98)), PALE)
    return np.clip((opacity / strongest - FAINT) / (FULL - FAINT), 0, 1).astype(np.float32)


def _flow(planes: Array, stop: Array, reach: float) -> Array:
    """Returns h×w×c planes that flowed along rows and columns, ``reach`` pixels far."""
    planes = np.ascontiguousarray(planes)
    for step in range(STEPS):
        sigma = reach * np.sqrt(3) * 2 ** (STEPS - 1 - step) / np.sqrt(4**STEPS - 1)
        kept = np.exp(-np.sqrt(2) / max(sigma, 1e-3))
        for _ in range(2):  # down and up the columns, then the same on the transposed picture
            way = 1 + STOP * reach * (stop[1:] + stop[:-1]) / 2
            _sweep(planes, (kept**way).astype(np.float32)[..., None])
            planes = np.ascontiguousarray(planes.transpose(1, 0, 2))
            stop = stop.T
    return planes


def _sweep(planes: Array, keep: Array) -> None:
    """Mixes each row with the one before it, down and then up, in place."""
    rows = len(planes)
    for row in range(1, rows):
        planes[row] += keep[row - 1] * (planes[row - 1] - planes[row])
    for row in range(rows - 2, -1, -1):
        planes[row] += keep[row] * (planes[row + 1] - planes[row])


def _steps(level: Array, count: int) -> Array:
    """Returns 0..1 in ``count`` flat steps with short slopes between them."""
    place = level * (count - 1)
    low = np.floor(place)
    slope = np.clip((place - low - 0.5) * 2.5 + 0.5, 0, 1)
    return np.asarray((low + slope) / (count - 1), np.float32)


def looks_drawn(rgb: Array) -> bool:
    """Returns whether a picture (H×W×3 sRGB 0..1) looks like a line drawing on paper."""
    shrink = max(min(rgb.shape[:2]) / 256, 1)
    size = [max(int(side / shrink), 1) for side in rgb.shape[1::-1]]
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2Lab), np.float32)
    ab = lab[..., 1:] - np.median(lab[..., 1:], axis=(0, 1))
    if np.linalg.norm(ab, axis=2).mean() > 5:
        return False
    lines = prepare(lab[..., 0])
    tone = tones(lines)
    paper = float(np.mean(tone > 85))
    drawn = float((tone - lines).mean() / max((100 - lines).mean(), 1e-3))
    return paper > 0.6 and drawn > 0.25 and float(np.mean(lines < 60)) > 0.002
