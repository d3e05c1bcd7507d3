"""Line drawings in the pipeline: what their network found, and how that is painted."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.colorizing import readout, sketch
from genapp.colorizing.candidates import variant
from genapp.colorizing.colorizer import Coarse
from genapp.colorizing.hints import Hint
from genapp.colorizing.look import Look, adjusted
from genapp.registry.engines import Engine

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Drawing:
    """What the network found in a line drawing."""

    lines: Array
    """h×w in the working size, 0..100: dark lines on white paper."""
    coarse: Coarse
    """The colours of the wash."""
    level: Array
    """Its lightness on the same grid, 0..100."""
    wash: Array
    """The wash of candidate 0, spread between the lines: …×…×3 CIELAB."""
    hints: tuple[sketch.Known, ...]
    """In pixels of `lines`."""


def find_wash(lightness: Array, hints: Sequence[Hint], engine: Engine) -> Drawing:
    """Runs the network over a drawing.

    Args:
        lightness: h×w, 0..100.
        hints: with x and y in pixels of `lightness`.
        engine: the network, as `training/export_sketch.py` writes it.
    """
    settings = sketch.DEFAULT
    lines = sketch.prepare(lightness)
    known = tuple(sketch.Known(hint.x, hint.y, hint.lab) for hint in hints)
    size = readout.input_size(lines.shape, settings.side)
    seen = np.asarray(cv2.resize(lines, size[::-1], interpolation=cv2.INTER_AREA), np.float32)
    planes = sketch.hint_planes(known, lines.shape, size)
    outputs = engine.run({"lightness": seen[None, None], "hints": planes[None]})
    logits, bins = outputs["logits"][0], outputs["bins"]
    likely = sketch.read_out(logits, outputs["light"][0], bins, settings)
    ab, level = np.ascontiguousarray(likely[..., 1:]), np.ascontiguousarray(likely[..., 0])
    return Drawing(
        lines,
        Coarse(ab, readout.calmed(logits, settings.calm), bins),
        level,
        sketch.spread(likely, lines, settings.reach),
        known,
    )


def painted(drawing: Drawing, lightness: Array, look: Look) -> Array:
    """The coloured drawing, H×W×3 sRGB 0..1; the look's strength is left out.

    Args:
        drawing: what the network found.
        lightness: H×W of the drawing in the size that is asked for, 0..100.
        look: what the user wants of it.
    """
    wash = drawing.wash
    if look.candidate:
        ab = variant(drawing.coarse, drawing.lines, look.candidate)
        likely = np.dstack([drawing.level, ab]).astype(np.float32)
        wash = sketch.spread(likely, drawing.lines, sketch.DEFAULT.reach)
    wash = sketch.in_palette(wash, sketch.PALETTES[look.palette])
    wash = sketch.obey(wash, drawing.lines, drawing.hints)
    level = np.ascontiguousarray(wash[..., 0])
    wash = np.dstack([level, adjusted(wash[..., 1:], level, look)])
    same = lightness.shape == drawing.lines.shape
    return sketch.under_lines(wash, drawing.lines if same else sketch.prepare(lightness))
