"""What the Style tab says of each style: its name, look and licence, and how to get it."""

from genapp.registry.engines import Engines
from genapp.translating import ListedStyle, list_styles
from genapp.ui.model_files import how_to_fetch

USUAL = "Apache-2.0"
"""The licence that goes without saying in the captions."""
SEPARATOR = " · "
MINE = "Your own picture's style"


def at_hand(engines: Engines) -> tuple[ListedStyle, ...]:
    """Styles and looks that can be used without fetching anything."""
    return tuple(each for each in list_styles(engines.catalog, engines.store) if each.present)


def label(engines: Engines) -> str:
    """Above the gallery."""
    count = len(at_hand(engines))
    return f"{count} styles and looks on your photo: click one ({USUAL} unless another is named)"


def caption(style: ListedStyle) -> str:
    """Below a picture of the gallery: the name, then the licence if it is another than usual."""
    parts = [style.name]
    if style.license not in {None, USUAL}:
        parts.append(str(style.license))
    if not style.commercial:
        parts.append("not for commercial use")
    return SEPARATOR.join(parts)


def name_in(caption: str) -> str:
    """The style's name, from a caption."""
    return caption.partition(SEPARATOR)[0]


def about(style: str | None, engines: Engines) -> str:
    """What is chosen, with its licence; None: the style of the visitor's picture."""
    if style is None:
        return f"**{MINE}** is chosen. Click a style below to leave it."
    listed = {each.name: each for each in list_styles(engines.catalog, engines.store)}
    chosen = listed[style]
    text = f"**{style}**: {chosen.description}"
    if chosen.license is None:
        return text
    allowed = "" if chosen.commercial else ", not for commercial use"
    return f"{text} Licence of the network: {chosen.license}{allowed}."


def others(engines: Engines) -> str:
    """The styles that are not here, as a Markdown list; empty if there are none."""
    lines = []
    for each in list_styles(engines.catalog, engines.store):
        if each.present:
            continue
        model = engines.catalog.get(str(each.model))
        how = how_to_fetch(model, engines.store) or ""
        allowed = "" if each.commercial else ", not for commercial use"
        lines.append(f"- **{each.name}** ({each.license}{allowed}): {each.description} {how}")
    return "\n".join(lines)
