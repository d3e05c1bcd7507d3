"""Pictures partly painted in a style, by `genapp.translate`: other materials and light."""

from dataclasses import replace

import numpy as np

from genapp.augmenting.draws import Draws
from genapp.augmenting.recipe import Styling
from genapp.augmenting.sample import Sample, Step
from genapp.errors import UnknownName
from genapp.registry.engines import Engines
from genapp.translating import style_names, translate

DETAIL = 384
"""Longer side of the picture in which strokes are made, px: coarse ones, a second's work."""


def check_styles(settings: Styling) -> None:
    """Raises `UnknownName` for a style that there is not."""
    for name in settings.styles:
        if name not in style_names():
            raise UnknownName("style", name, style_names())


def apply(sample: Sample, settings: Styling, draws: Draws, engines: Engines) -> Sample:
    """The picture, perhaps painted. Raises as `translate` does."""
    if not draws.chance("style", settings.probability):
        return sample
    style = settings.styles[draws.choice("style name", len(settings.styles))]
    strength = round(settings.strength * (0.5 + 0.5 * draws.uniform("style strength")), 3)
    painted = translate(
        sample.pixels,
        style,
        strength=strength,
        keep_colors=settings.keep_colors,
        detail=DETAIL,
        engines=engines,
    )
    pixels = np.asarray(painted.photo.pixels, np.uint8)
    return replace(sample, pixels=pixels, steps=(*sample.steps, Step("style", (style, strength))))
