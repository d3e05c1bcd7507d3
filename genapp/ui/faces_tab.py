"""The Faces tab: people who do not exist, and tools to look for the one that is wanted."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import gradio as gr
from gradio.events import Dependency

from genapp.errors import UserError
from genapp.facemaking import GENERATOR, MOST_TRUNCATION
from genapp.registry.engines import Engines
from genapp.ui import (
    face_dataset,
    face_film,
    face_grid,
    face_making,
    face_mixing,
    face_photo,
    faces_api,
)
from genapp.ui.face_events import Follow
from genapp.ui.face_making import Handle, Shown
from genapp.ui.face_trail import Trail
from genapp.ui.sending import Sender

ABOUT = (
    "**These people do not exist.** A network that learnt from generated faces draws them. The "
    "pictures are under CC-BY-NC-SA-4.0: name the source, share alike, **not for commercial "
    "use**. Each file says inside that it was made by AI: leave that in."
)
WELCOME = "Click a face to look at it closely and to change it."
REMEMBERED = 1000
"""Visitors whose faces wait to be enlarged."""
SLIDER = "slider"
"""Start of the name of a step that a slider made."""
Form: TypeAlias = tuple[str, int, int | None]
"""Ending of a file, quality, side in pixels or None for the network's own."""
FORMATS: dict[str, Form] = {
    "PNG, 512 pixels": ("png", 95, face_making.LARGE),
    "JPEG, 512 pixels": ("jpg", 95, face_making.LARGE),
    "WebP, 512 pixels, lossless": ("webp", 100, face_making.LARGE),
    "PNG, small, as the network draws it": ("png", 95, None),
}
SEEN = next(iter(FORMATS.values()))
SCROLL = """() => {
    if (innerWidth < 700)
        document.querySelector("#face-picture").scrollIntoView({behavior: "smooth"});
}"""
"""On a phone the chosen face lies below the grid."""


class _Controls(NamedTuple):
    """What the chosen face is changed with."""

    unusual: gr.Slider
    handles: tuple[gr.Slider, ...]
    """In the order of `face_making.handles`."""
    reset: gr.Button


class _Chosen(NamedTuple):
    """The large face, and what belongs to it."""

    picture: gr.Image
    undo: gr.Button
    redo: gr.Button
    facts: gr.Markdown
    recipe: gr.Textbox
    form: gr.Dropdown
    download: gr.Button
    file: gr.DownloadButton
    to_tryon: gr.Button
    to_upscale: gr.Button


class Senders(NamedTuple):
    """By where they send."""

    tryon: Sender
    upscale: Sender


def build(engines: Engines, tab: gr.Tab) -> Senders | None:
    """Lay out the tab inside itself; None if no faces can be made here."""
    faces_api.build(engines)
    if engines.catalog.hides(GENERATOR):
        return None
    problem = face_making.problem(engines)
    if problem:
        gr.Markdown(f"**No faces can be made here.** {problem}", elem_id="face-about")
        return None
    handles = face_making.handles(engines)
    trail = gr.State(Trail())
    gr.Markdown(ABOUT, elem_id="face-about")
    with gr.Row(elem_id="face-row"):
        with gr.Column(scale=4, min_width=320, elem_id="face-choice"):
            grid = face_grid.lay_out()
        with gr.Column(scale=4, min_width=320, elem_id="face-chosen"):
            chosen = _chosen_face()
        with gr.Column(scale=3, min_width=280, elem_id="face-controls"):
            controls = _change_controls(handles, face_making.leakage(engines))
    follow = _follower(_Showing(engines, handles), chosen, controls, grid.around, trail)
    _connect(chosen, controls, handles, trail, follow, engines)
    face_grid.connect(grid, trail, follow, tab, engines)
    grid.gallery.select(None, js=SCROLL, api_visibility="private")
    with gr.Tabs(overflow_behavior="wrap"):
        with gr.Tab("Mix two faces", render_children=True):
            face_mixing.build(engines, trail, follow)
        with gr.Tab("Film", render_children=True):
            face_film.build(engines, trail, grid.shown)
        with gr.Tab("Data set of faces", render_children=True):
            face_dataset.build(engines, trail)
        with gr.Tab("A face like mine", render_children=True):
            face_photo.build(engines, trail, follow)
    save = {
        "fn": partial(_save, engines, SEEN),
        "inputs": trail,
        "concurrency_id": "faces",
    }
    buttons = (chosen.to_tryon, chosen.to_upscale)
    return Senders(*(Sender(button, button.click, save) for button in buttons))


def _follower(
    showing: "_Showing",
    chosen: _Chosen,
    controls: _Controls,
    around: gr.Button,
    trail: gr.State,
) -> Follow:
    """What shows the chosen face after an event: small at once, enlarged when it is done."""

    def follow(event: Dependency) -> None:
        event.success(
            showing.draw,
            trail,
            [
                *(chosen.picture, chosen.facts, chosen.recipe, chosen.undo, chosen.redo),
                *(chosen.download, chosen.to_tryon, chosen.to_upscale, around),
                *(controls.reset, controls.unusual, *controls.handles),
            ],
            show_progress="hidden",
            concurrency_id="faces",
            trigger_mode="always_last",
            api_visibility="private",
        ).then(
            showing.enlarge,
            trail,
            [chosen.picture, chosen.facts],
            show_progress="minimal",
            show_progress_on=[chosen.facts],
            concurrency_id="face-large",
            trigger_mode="always_last",
            api_visibility="private",
        )

    return follow


def _chosen_face() -> _Chosen:
    picture = gr.Image(
        label="The chosen face",
        type="filepath",
        format="png",
        interactive=False,
        buttons=["fullscreen"],
        elem_id="face-picture",
    )
    with gr.Row():
        undo, redo = (
            gr.Button(label, size="sm", min_width=80, interactive=False, elem_id=f"face-{name}")
            for name, label in (("undo", "Undo"), ("redo", "Redo"))
        )
    facts = gr.Markdown(WELCOME, elem_id="face-facts", elem_classes="facts")
    recipe = gr.Textbox(
        "",
        label="Its recipe",
        info="The same line gives the same face anywhere. Paste one and press Enter.",
        placeholder="faces/1 seed=5 trunc=0.7",
        lines=1,
        max_lines=3,
        buttons=["copy"],
        elem_id="face-recipe",
    )
    form = gr.Dropdown(list(FORMATS), value=next(iter(FORMATS)), label="Format of the download")
    with gr.Row():
        download, to_tryon, to_upscale = (
            gr.Button(
                label,
                variant=variant,
                size="sm",
                min_width=100,
                interactive=False,
                elem_id=f"face-{name}",
            )
            for label, name, variant in (
                ("Download", "download", "primary"),
                ("Send to Try-on", "to-tryon", "secondary"),
                ("Send to Upscale", "to-upscale", "secondary"),
            )
        )
    file = gr.DownloadButton(visible="hidden", elem_id="face-file")
    return _Chosen(
        picture=picture,
        undo=undo,
        redo=redo,
        facts=facts,
        recipe=recipe,
        form=form,
        download=download,
        file=file,
        to_tryon=to_tryon,
        to_upscale=to_upscale,
    )


def _change_controls(handles: Sequence[Handle], leakage: str) -> _Controls:
    gr.Markdown("### Change it")
    unusual = gr.Slider(
        0,
        MOST_TRUNCATION,
        face_grid.VARIETY,
        step=0.05,
        label="How unusual",
        info="0 the average face of all, 1 as the network meant it.",
        interactive=False,
        elem_id="face-unusual",
    )
    sliders = tuple(
        gr.Slider(
            handle.low,
            handle.high,
            0,
            step=0.1,
            label=handle.label,
            info=handle.ends,
            interactive=False,
            elem_id=f"face-slider-{handle.name}",
        )
        for handle in handles
    )
    reset = gr.Button("All sliders back to 0", size="sm", interactive=False, elem_id="face-reset")
    if leakage:
        with gr.Accordion("What else a slider changes", open=False, elem_id="face-leakage"):
            gr.Markdown(leakage)
    return _Controls(unusual, sliders, reset)


def _connect(
    chosen: _Chosen,
    controls: _Controls,
    handles: Sequence[Handle],
    trail: gr.State,
    follow: Follow,
    engines: Engines,
) -> None:
    names = tuple(handle.name for handle in handles)
    private: dict[str, Any] = {"api_visibility": "private"}
    quick: dict[str, Any] = {**private, "queue": False, "show_progress": "hidden"}
    moved = [controls.unusual, *controls.handles]
    follow(
        gr.on(
            [slider.input for slider in moved],
            partial(_move, names),
            [trail, *moved],
            trail,
            trigger_mode="always_last",
            **quick,
        )
    )
    follow(controls.reset.click(_reset, trail, trail, **quick))
    follow(chosen.undo.click(Trail.undo, trail, trail, **quick))
    follow(chosen.redo.click(Trail.redo, trail, trail, **quick))
    follow(
        chosen.recipe.submit(
            partial(_pasted, engines),
            [chosen.recipe, trail],
            trail,
            show_progress="hidden",
            concurrency_id="faces",
            **private,
        )
    )
    chosen.download.click(
        partial(_download, engines),
        [chosen.form, trail],
        chosen.file,
        show_progress_on=[chosen.download],
        concurrency_id="faces",
        **private,
    ).success(None, js="() => document.querySelector('#face-file').click()", **private)


class _Showing:
    """What shows the chosen face.

    Args:
        engines: the pool of networks that all visitors share.
        handles: the sliders.
    """

    def __init__(self, engines: Engines, handles: Sequence[Handle]) -> None:
        self._engines = engines
        self._handles = handles
        self._newest: dict[str, str] = {}
        """By visitor: the face that is to be enlarged."""

    def draw(self, trail: Trail, request: gr.Request) -> Any:  # noqa: ANN401 (see `_follower`)
        """As the network draws it. What cannot be made takes nothing away."""
        if trail.now is None:
            return gr.skip()
        try:
            shown = face_making.preview(trail.now, self._engines)
        except UserError as error:
            gr.Warning(str(error))
            rest = 9 + len(self._handles)
            return gr.skip(), f"**{error.message}** {error.remedy}", *[gr.skip()] * rest
        if len(self._newest) >= REMEMBERED:
            self._newest.clear()  # Of visitors who left before their face was enlarged.
        self._newest[request.session_hash or ""] = trail.now
        on = gr.Button(interactive=True)
        _, edits = face_making.settings(trail.now)
        return (
            str(shown.file),
            _facts(shown, "It is being enlarged…"),
            str(face_making.at_size(trail.now, face_making.LARGE)),
            gr.Button(interactive=bool(trail.past)),
            gr.Button(interactive=bool(trail.future)),
            *(on, on, on, on),
            gr.Button(interactive=bool(edits)),
            *self._sliders(trail.now, dragged=trail.step.startswith(SLIDER)),
        )

    def enlarge(self, trail: Trail, request: gr.Request) -> Any:  # noqa: ANN401 (for picture, facts)
        visitor = request.session_hash or ""
        wanted = self._newest.get(visitor)
        if wanted is None or wanted != trail.now:
            return gr.skip()
        try:
            shown = face_making.large(wanted, *SEEN, self._engines)
        except UserError as error:
            gr.Warning(str(error))
            return gr.skip()
        # Meanwhile another face may have been chosen.
        if self._newest.get(visitor) != wanted:
            return gr.skip()
        del self._newest[visitor]
        return str(shown.file), _facts(shown, f"{face_making.LARGE}×{face_making.LARGE} pixels.")

    def _sliders(self, recipe: str, *, dragged: bool) -> list[gr.Slider]:
        """As the recipe says. One that is being dragged would jump back."""
        truncation, edits = face_making.settings(recipe)
        rows = [
            (truncation, 0.0, MOST_TRUNCATION, face_making.has_seed(recipe)),
            *((edits.get(each.name, 0), each.low, each.high, True) for each in self._handles),
        ]
        if dragged:
            return [gr.Slider(interactive=free) for *_, free in rows]
        return [
            gr.Slider(value=min(max(value, low), high), interactive=free)
            for value, low, high, free in rows
        ]


def _facts(shown: Shown, then: str) -> str:
    """A few lines about the face, for people."""
    notes = [f"**{note}**" for note in shown.notes]
    name = face_making.caption(shown.recipe)
    return "  \n".join(
        [*notes, f"**{name[0].upper()}{name[1:]}.** {then}", f"Made on {shown.ran}."]
    )


def _move(names: Sequence[str], trail: Trail, unusual: float, *values: float) -> Trail:
    """A slider was moved."""
    if trail.now is None:
        return trail
    truncation, edits = face_making.settings(trail.now)
    wanted = dict(zip(names, values, strict=True))
    moved = [name for name in names if wanted[name] != edits.get(name, 0)]
    step = f"{SLIDER} {'unusual' if truncation != unusual else next(iter(moved), '')}"
    return trail.go(face_making.changed(trail.now, unusual, wanted), step)


def _reset(trail: Trail) -> Trail:
    """No slider but the truncation is used."""
    if trail.now is None:
        return trail
    truncation, _ = face_making.settings(trail.now)
    return trail.go(face_making.changed(trail.now, truncation, {}))


def _pasted(engines: Engines, text: str, trail: Trail) -> Trail:
    try:
        return trail.go(face_making.read_recipe(text, engines))
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _download(engines: Engines, form: str, trail: Trail) -> str:
    return _save(engines, FORMATS[form], trail)


def _save(engines: Engines, form: Form, trail: Trail) -> str:
    """The chosen face as a file. Raises `gr.Error` if there is none."""
    if trail.now is None:
        raise gr.Error("No face is chosen yet. Click one in the grid.", print_exception=False)
    try:
        return str(face_making.large(trail.now, *form, engines).file)
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from error
