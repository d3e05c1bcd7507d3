"""Named sliders: directions in the latent space, measured by training/face_directions.py."""

from collections.abc import Mapping

import numpy as np

from genapp.errors import UnknownName, check_number
from genapp.facemaking.arrays import Values
from genapp.registry.engines import Engines

SLIDERS = "faces/gated-gan-sliders.v1"
"""The data file: `names` (k), `directions` (k×256), `low` and `high` (k)."""

FARTHEST = 100.0
"""Values beyond are taken for a mistake."""


def slider_names(engines: Engines) -> tuple[str, ...]:
    """Which sliders there are; none if the catalogue has no data file of them."""
    return tuple(slider_ranges(engines))


def slider_ranges(engines: Engines) -> dict[str, tuple[float, float]]:
    """The sliders and how far each was tested: there faces are still found, and it still acts.

    Raises:
        ModelMissing, HashMismatch: the data file is not to be had, or wrong.
    """
    if SLIDERS not in engines.catalog.names:
        return {}
    with np.load(engines.data(SLIDERS)) as stored:
        parts = zip(stored["names"], stored["low"], stored["high"], strict=True)
        return {str(name): (float(low), float(high)) for name, low, high in parts}


def apply(
    w: Values, values: Mapping[str, float], engines: Engines
) -> tuple[Values, tuple[str, ...]]:
    """Moves a face along sliders.

    Args:
        w: L×256.
        values: by slider's name, in standard deviations of what it changes among made faces.
        engines: that the data file comes from.

    Returns:
        w, L×256, and a note for each slider that was held at the end of its tested range.

    Raises:
        UnknownName: there is no such slider.
        BadValue: a value is no number.
    """
    ranges = slider_ranges(engines)
    for name, value in values.items():
        if name not in ranges:
            raise UnknownName("slider", name, tuple(ranges))
        check_number(f"slider {name!r}", value, -FARTHEST, FARTHEST)
    if not values:
        return w, ()
    with np.load(engines.data(SLIDERS)) as stored:
        directions = dict(zip(ranges, stored["directions"].astype(np.float64), strict=True))
    moved, notes = w.astype(np.float64), []
    for name, value in values.items():
        low, high = ranges[name]
        held = min(max(value, low), high)
        moved += held * directions[name]
        if held != value:
            notes.append(f"{name} was held at {held:g}: beyond, it is not tested.")
    return moved.astype(np.float32), tuple(notes)
