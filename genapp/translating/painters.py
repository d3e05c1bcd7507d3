"""What paints each part of a blend: our own networks, those of the Hub, and what needs none."""

from collections.abc import Iterator
from dataclasses import dataclass

from genapp.registry.engines import Engines
from genapp.translating.hub_styles import HubBrush
from genapp.translating.looks import Look
from genapp.translating.styles import Style, blended_numbers
from genapp.translating.tiles import Brush, Painter


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a blend, ready to be made."""

    weight: float
    """The weights of all parts sum up to 1."""
    by: Painter | Look | None
    """None: the line drawing."""
    model: str
    """As `Style.model`."""


def parts_of(styles: tuple[Style, ...], engines: Engines) -> Iterator[Part]:
    """One part for each network, and for each thing that needs none. Raises as `Engines.get`."""
    blends = blended_numbers(styles, engines)
    for model in dict.fromkeys(style.model for style in styles):
        alike = [style for style in styles if style.model == model]
        by: Painter | Look | None = alike[0].look
        if model in blends:
            by = Brush(engines.get(model), blends[model][1])
        elif alike[0].hub is not None:
            by = HubBrush(alike[0].hub, engines)
        yield Part(sum(style.weight for style in alike), by, model)


def only_looks(styles: tuple[Style, ...]) -> bool:
    """There are no strokes, so that their size does not matter."""
    return all(style.look is not None for style in styles)
