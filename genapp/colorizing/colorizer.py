"""What a colouriser takes and gives, whatever its network; and the one that comes with genapp."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.colorizing import readout
from genapp.colorizing.hints import Hint
from genapp.registry.engines import Engine

Array = NDArray[np.float32]

HINT_HALF = 1
"""A hint covers this many pixels of the network to each side of its place."""


@dataclass(frozen=True, eq=False)
class Coarse:
    """Colours on a coarse grid over the whole photograph."""

    ab: Array
    """h×w×2, CIELAB units."""
    logits: Array | None = None
    """k×h×w: how likely each of the `bins` is; None from a network that gives one colour only."""
    bins: Array | None = None
    """k×2 colours, CIELAB units."""
    finer: Callable[[Array], Array] | None = None
    """From h×w×2 colours, read out of the logits anew, to such as `ab` has: in more detail."""


class Colorizer(Protocol):
    """A network that colours, behind its own way in and out."""

    def colors(self, lightness: Array, hints: Sequence[Hint]) -> Coarse:
        """The colours of a photograph.

        A network that takes no hints leaves them out: the pipeline sees to it that their colours
        come out all the same.

        Args:
            lightness: H×W, CIELAB 0..100, any size up to about a megapixel.
            hints: their x and y in pixels of `lightness`.

        Raises:
            OutOfMemory: the device has too little memory.
        """
        ...


class MobilenetUnet:
    """`colorize/mobilenet-unet.…`: a distribution over ab colours, with hints.

    Args:
        engine: the network, as `training/export_colorize.py` writes it.
        fine: its second stage, which gives the colours more detail.
        settings: how the colours are read out.
    """

    def __init__(
        self, engine: Engine, fine: Engine, settings: readout.Settings = readout.DEFAULT
    ) -> None:
        self._engine = engine
        self._fine = fine
        self._settings = settings

    def colors(self, lightness: Array, hints: Sequence[Hint]) -> Coarse:
        """See `Colorizer.colors`."""
        height, width = readout.input_size(lightness.shape, self._settings.side)
        seen = np.asarray(cv2.resize(lightness, (width, height), interpolation=cv2.INTER_AREA))
        factors = width / lightness.shape[1], height / lightness.shape[0]
        moved = [hint.moved(*factors) for hint in hints]
        inputs = {"lightness": seen[None, None], "hints": hint_planes(moved, height, width)[None]}
        outputs = self._engine.run(inputs)
        inputs["context"] = outputs["context"]

        def finer(ab: Array) -> Array:
            planes = np.ascontiguousarray(ab.transpose(2, 0, 1))[None]
            result = self._fine.run({**inputs, "ab": planes})["fine"][0]
            return np.ascontiguousarray(result.transpose(1, 2, 0) * saturation)

        saturation = np.float32(self._settings.saturation)
        logits = readout.calmed(outputs["logits"][0], self._settings.calm)
        bins = outputs["bins"]
        ab = readout.annealed_mean(logits, bins, self._settings.temperature)
        return Coarse(finer(ab), logits, bins, finer)


def hint_planes(hints: Sequence[Hint], height: int, width: int) -> Array:
    """3×H×W: a, b and 1 on a small square at each hint, else 0; the last hint lies on top."""
    planes = np.zeros((3, height, width), np.float32)
    for hint in hints:
        x, y = min(int(hint.x), width - 1), min(int(hint.y), height - 1)
        rows = slice(max(y - HINT_HALF, 0), y + HINT_HALF + 1)
        columns = slice(max(x - HINT_HALF, 0), x + HINT_HALF + 1)
        planes[:, rows, columns] = np.array([*hint.lab[1:], 1])[:, None, None]
    return planes
