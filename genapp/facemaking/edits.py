"""Named sliders: directions in the latent space."""

from collections.abc import Mapping

import numpy as np

from genapp.errors import UnknownName
from genapp.facemaking.arrays import Values
from genapp.registry.engines import Engines

DIRECTIONS = "faces/gated-gan-sliders.v1"
"""The data file: names (n), directions (n×256), low and high (n)."""


def slider_names(engines: Engines) -> tuple[str, ...]:
    """Which sliders there are; none if the file isn't there."""
    if DIRECTIONS not in engines.catalog.names:
        return ()
    with np.load(engines.data(DIRECTIONS)) as stored:
        return tuple(str(name) for name in stored["names"])


def apply(
    w: Values, values: Mapping[str, float], engines: Engines
) -> tuple[Values, tuple[str, ...]]:
    """Moves a face along sliders.

    Args:
        w: L×256.
        values: by slider's name, in standard deviations of what it changes.
        engines: that the data file comes from.

    Returns:
        w, L×256, and a note for each slider that was held at the end of its tested range.

    Raises:
        UnknownName: there is no such slider.
    """
    known = slider_names(engines)
    moved, notes = w.astype(np.float64), []
    for name, value in values.items():
        if name not in known:
            raise UnknownName("slider", name, known)
        with np.load(engines.data(DIRECTIONS)) as stored:
            number = known.index(name)
            low, high = float(stored["low"][number]), float(stored["high"][number])
            held = min(max(value, low), high)
            moved += held * stored["directions"][number]
        if held != value:
            notes.append(f"{name} was held at {held:g}: beyond, it is not tested.")
    return moved.astype(np.float32), tuple(notes)
