"""The Faces tab's grid: many small faces to choose from, by their seeds or around one of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from genapp.errors import UserError
from genapp.registry.engines import Engines
from genapp.ui import face_making
from genapp.ui.face_events import Follow
from genapp.ui.face_trail import Trail

AT_ONCE = 12
"""Faces in the grid."""
MOST = 60
"""Seeds in a list."""
LONGEST_PAST = 20
"""Grids that are remembered."""
FIRST_SEEDS = "0"
VARIETY = 0.7
DISTANCE = 0.4
VARYING, LEAVING = "variety", "distance"
"""Sliders that are dragged."""


@dataclass(frozen=True)
class Grid:
    """What the grid shows, and what it showed before."""

    recipes: tuple[str, ...] = ()
    seeds: str = FIRST_SEEDS
    """As they were typed."""
    variety: float = VARIETY
    middle: str = ""
    """Recipe of the face that the others are around; empty if they come from the seeds."""
    distance: float = DISTANCE
    draw: int = 0
    """Which of the many faces around it, from 0."""
    past: "tuple[Grid, ...]" = ()

    def then(self, following: "Grid") -> "Grid":
        """Another grid, which remembers this one."""
        past = (*self.past, replace(self, past=()))[-LONGEST_PAST:] if self.recipes else ()
        return replace(following, past=past)

    def instead(self, following: "Grid") -> "Grid":
        """The same grid with another setting: no step of its own."""
        return replace(following, past=self.past)

    def back(self) -> "Grid":
        """The grid before."""
        return replace(self.past[-1], past=self.past[:-1]) if self.past else self


class Parts(NamedTuple):
    """The components."""

    title: gr.Markdown
    gallery: gr.Gallery
    new: gr.Button
    around: gr.Button
    back: gr.Button
    seeds: gr.Textbox
    variety: gr.Slider
    distance: gr.Slider
    shown: gr.State
    """A `Grid`."""


def lay_out() -> Parts:
    """The grid inside the current `gr.Blocks`."""
    title = gr.Markdown("### Choose a face", elem_id="face-title")
    gallery = gr.Gallery(
        label="Faces",
        show_label=False,
        columns=4,
        height="auto",
        format="png",
        allow_preview=False,
        buttons=[],
        interactive=False,
        elem_id="face-grid",
    )
    with gr.Row():
        new, around, back = (
            gr.Button(
                label,
                variant=variant,
                size="sm",
                min_width=width,
                interactive=variant == "primary",
                elem_id=f"face-{name}",
            )
            for label, name, variant, width in (
                ("New faces", "new", "primary", 100),
                ("Around this one", "around", "secondary", 130),
                ("Back", "back", "secondary", 60),
            )
        )
    distance = gr.Slider(
        0.1,
        1,
        DISTANCE,
        step=0.05,
        label="How far from the chosen",
        info="Small: brothers and sisters. Large: hardly alike.",
        visible=False,
        elem_id="face-distance",
    )
    variety = gr.Slider(
        0,
        1,
        VARIETY,
        step=0.05,
        label="Variety",
        info="0 everybody looks average; 0.7 usual; 1 most different, with more mistakes.",
        elem_id="face-variety",
    )
    seeds = gr.Textbox(
        FIRST_SEEDS,
        label="Seeds",
        info="A seed always gives the same face. The first of them, or a list: 3, 8, 20-25. "
        "Press Enter.",
        max_lines=1,
        elem_id="face-seeds",
    )
    return Parts(title, gallery, new, around, back, seeds, variety, distance, gr.State(Grid()))


def connect(parts: Parts, trail: gr.State, follow: Follow, tab: gr.Tab, engines: Engines) -> None:
    """Tell the components what to do.

    Args:
        parts: of `lay_out`.
        trail: holds a `Trail`.
        follow: shows its face.
        tab: the first grid comes when it is opened.
        engines: the pool of networks that all visitors share.
    """
    ask: dict[str, Any] = {
        "outputs": [
            *(parts.gallery, parts.title, parts.seeds, parts.variety, parts.distance),
            *(parts.around, parts.back, parts.shown),
        ],
        "show_progress": "minimal",
        "show_progress_on": [parts.gallery],
        "concurrency_id": "faces",
        "trigger_mode": "always_last",
        "api_visibility": "private",
    }
    typed = [parts.seeds, parts.variety, parts.shown]
    tab.select(partial(_open, engines), typed, **ask)
    parts.seeds.submit(partial(_typed, engines), typed, **ask)
    parts.variety.input(partial(_varied, engines), [parts.variety, parts.shown], **ask)
    parts.new.click(partial(_new, engines), typed, **ask)
    parts.around.click(partial(_around, engines), [trail, parts.distance, parts.shown], **ask)
    parts.distance.input(partial(_farther, engines), [parts.distance, parts.shown], **ask)
    parts.back.click(partial(_back, engines), parts.shown, **ask)
    follow(
        parts.gallery.select(
            _choose,
            [parts.shown, trail],
            trail,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    )


def from_seeds(seeds: str, variety: float, engines: Engines) -> Grid:
    """The faces of the seeds that were typed: a list of them, or as many as fit after one.

    Raises:
        UserError: these are no seeds, or too many.
    """
    wanted = face_making.seeds(seeds, AT_ONCE, MOST)
    recipes = tuple(face_making.recipe(seed, variety, engines) for seed in wanted)
    return Grid(recipes, seeds, variety)


def after(grid: Grid, engines: Engines) -> Grid:
    """The faces of the seeds after those of the grid. Raises as `from_seeds`."""
    shown = face_making.seeds(grid.seeds, AT_ONCE, MOST)
    return from_seeds(str(max(shown) + 1), grid.variety, engines)


def around(grid: Grid, middle: str, distance: float, engines: Engines) -> Grid:
    """Faces around one; others than before if it is in the middle already."""
    draw = grid.draw + 1 if grid.middle == middle else 0
    return farther(replace(grid, middle=middle, draw=draw), distance, engines)


def farther(grid: Grid, distance: float, engines: Engines) -> Grid:
    """The same faces nearer to the middle, or farther from it."""
    others = face_making.around(grid.middle, AT_ONCE - 1, distance, grid.draw, engines)
    return replace(grid, recipes=(grid.middle, *others), distance=distance)


# The answers of the events: what `connect` lists as outputs.


def _open(engines: Engines, seeds: str, variety: float, now: Grid) -> Any:  # noqa: ANN401
    """The first faces, when the tab is opened for the first time."""
    return gr.skip() if now.recipes else _typed(engines, seeds, variety, now)


def _typed(engines: Engines, seeds: str, variety: float, now: Grid) -> Any:  # noqa: ANN401
    return _answer(engines, lambda: now.then(from_seeds(str(seeds), variety, engines)))


def _varied(engines: Engines, variety: float, now: Grid) -> Any:  # noqa: ANN401
    return _answer(engines, lambda: now.instead(from_seeds(now.seeds, variety, engines)), VARYING)


def _new(engines: Engines, seeds: str, variety: float, now: Grid) -> Any:  # noqa: ANN401
    """Seeds that were typed since come first."""
    if str(seeds) != now.seeds:
        return _typed(engines, seeds, variety, now)
    return _answer(engines, lambda: now.then(after(now, engines)))


def _around(engines: Engines, trail: Trail, distance: float, now: Grid) -> Any:  # noqa: ANN401
    middle = trail.now
    if middle is None:
        return gr.skip()
    return _answer(engines, lambda: now.then(around(now, middle, distance, engines)))


def _farther(engines: Engines, distance: float, now: Grid) -> Any:  # noqa: ANN401
    if not now.middle:
        return gr.skip()
    return _answer(engines, lambda: now.instead(farther(now, distance, engines)), LEAVING)


def _back(engines: Engines, now: Grid) -> Any:  # noqa: ANN401
    return _answer(engines, now.back)


def _answer(engines: Engines, following: Callable[[], Grid], dragged: str = "") -> Any:  # noqa: ANN401
    """The next grid; a mistake leaves the last one as it is. A slider that is being dragged is not
    set, it would jump back."""
    try:
        grid = following()
        pictures = face_making.small(grid.recipes, engines)
    except UserError as error:
        gr.Warning(str(error))
        return gr.skip()
    near = bool(grid.middle)
    captions = [face_making.caption(recipe) for recipe in grid.recipes]
    if near:
        captions = ["the chosen", *[""] * (len(captions) - 1)]
    return (
        gr.Gallery(list(zip(pictures, captions, strict=True)), selected_index=None),
        "### Around the chosen face" if near else "### Choose a face",
        gr.Textbox(grid.seeds, visible=not near),
        gr.skip() if dragged == VARYING else gr.Slider(value=grid.variety, visible=not near),
        gr.skip() if dragged == LEAVING else gr.Slider(value=grid.distance, visible=near),
        gr.Button("Others around it" if near else "Around this one"),
        gr.Button(interactive=bool(grid.past)),
        grid,
    )


def _choose(now: Grid, trail: Trail, event: gr.SelectData) -> Trail:
    return trail.go(now.recipes[int(event.index)])
