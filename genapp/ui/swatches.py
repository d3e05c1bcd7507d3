"""Colours to click on: swatches, and the list of hints. Plain HTML with buttons."""

from html import escape

from genapp.colorizing import color_name
from genapp.ui.marks import History

SWATCHES: dict[str, dict[str, str]] = {
    "Skin": {
        "very fair": "#f0cdb4",
        "fair": "#e0ac8b",
        "tan": "#c08a62",
        "brown": "#8d5b3c",
        "dark": "#5c3a28",
        "lips": "#b4585a",
    },
    "Hair": {
        "black": "#2c211c",
        "brown": "#5e3d25",
        "red": "#a4552a",
        "blond": "#d3ad6b",
        "grey": "#a3a09c",
    },
    "Sky, sea": {
        "sky": "#8fbfe8",
        "deep sky": "#4f8fd0",
        "sunset": "#ef9f70",
        "sea": "#2b7f96",
    },
    "Plants": {
        "grass": "#6f9c3c",
        "leaves": "#3f6f2d",
        "dry grass": "#b5a354",
    },
    "Wood, stone": {
        "light wood": "#bf915c",
        "wood": "#8a5a32",
        "dark wood": "#553521",
        "brick": "#9e4a36",
        "sandstone": "#c3ad86",
    },
    "Cloth": {
        "red": "#a61f28",
        "pink": "#d98aa2",
        "mustard": "#c99b24",
        "green": "#33705a",
        "blue": "#2f56a3",
        "navy": "#1f2f5c",
        "violet": "#71478c",
        "cream": "#ecdfc4",
    },
}
"""By what it is for, and by name."""

ON_CLICK = """
let last = null;
element.addEventListener("click", event => {
    const button = event.target.closest("button[data-pick]");
    if (!button) return;
    last = button.dataset.pick;
    trigger("click", {pick: last});
});
// New buttons come in place of the old ones: the keyboard stays where it was.
watch("value", () => {
    const button = last === null ? null : element.querySelector(`[data-pick="${last}"]`);
    last = null;
    if (button) button.focus();
});
"""
"""What a `gr.HTML` with such buttons needs as `js_on_load`: its click then carries `pick`."""


def swatch_buttons() -> str:
    """All swatches; `pick` is the colour."""
    groups = []
    for name, colors in SWATCHES.items():
        buttons = "".join(
            _button(color, f"{name}: {shade}", "swatch", color=color)
            for shade, color in colors.items()
        )
        groups.append(
            f'<div class="swatches" role="group" aria-label="{escape(name)}">'
            f"<span>{escape(name)}</span>{buttons}</div>"
        )
    return f'<div class="swatch-groups">{"".join(groups)}</div>'


def hint_buttons(history: History) -> str:
    """The hints with colour and place; `pick` is the place in the list, from 0."""
    if not history.now.hints:
        return '<p class="no-hints">No colours added yet.</p>'
    buttons = []
    for number, hint in enumerate(history.now.hints):
        color = color_name(hint.rgb)
        words = f"{number + 1} · {color} at {hint.x:.0f}, {hint.y:.0f}"
        chosen = number == history.chosen
        buttons.append(
            _button(str(number), f"Colour {words}", "hint", color=color, text=words, on=chosen)
        )
    return f'<div class="hints" role="group" aria-label="Added colours">{"".join(buttons)}</div>'


def _button(
    pick: str, label: str, kind: str, *, color: str, text: str = "", on: bool | None = None
) -> str:
    pressed = "" if on is None else f' aria-pressed="{str(on).lower()}"'
    chip = f'<i style="background: {color}"></i>'
    return (
        f'<button type="button" class="{kind}" data-pick="{pick}" title="{escape(label)}" '
        f'aria-label="{escape(label)}"{pressed}>{chip}{escape(text)}</button>'
    )
