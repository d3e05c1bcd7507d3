"""What paints each part of a blend: our own networks, those of the Hub, and looks."""

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
    by: Painter | Look
    model: str | None
    """The network; None for a look."""


def parts_of(styles: tuple[Style, ...], engines: Engines) -> Iterator[Part]:
    """One part for each network and look. Raises as `Engines.get` does."""
    for model, (weight, numbers) in blended_numbers(styles, engines).items():
        yield Part(weight, Brush(engines.get(model), numbers), model)
    for style in styles:
        if style.hub is not None:
            yield Part(style.weight, HubBrush(style.hub, engines), style.model)
        elif style.look is not None:
            yield Part(style.weight, style.look, None)


def only_looks(styles: tuple[Style, ...]) -> bool:
    """There are no strokes, so that their size does not matter."""
    return all(style.look is not None for style in styles)
