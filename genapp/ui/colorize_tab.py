"""The Colour tab: a grey photo in, the same photo in colour out, and the visitor has the say."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from genapp.colorizing import (
    PALETTES,
    PREFIX,
    Clean,
    choose_model,
    color_at,
    color_name,
    colorizers,
    parse_color,
    sketchers,
)
from genapp.errors import UserError
from genapp.registry.catalog import Model
from genapp.registry.engines import Engines
from genapp.ui import coloring, colorize_api, comparison, swatches
from genapp.ui.coloring import Coloring, Question, Reference, Wishes
from genapp.ui.marks import DOT, History, is_for
from genapp.ui.model_files import how_to_fetch
from genapp.ui.photo_input import Payload, sent_file
from genapp.ui.sending import Sender
from genapp.ui.tryon_tab import hex_color

EXAMPLES = Path(__file__).with_name("examples") / "old"
EXAMPLE_NAMES = (
    *("grey-young-man", "sepia-older-man", "worn-turned-woman"),
    "drawing-young-woman",
)
KEPT_SECONDS = 600
WELCOME = "Upload a black-and-white photo or a sketch, or click an example."
AUTOMATIC = ""
FIRST_COLOR = "#c08a62"
FORMATS = {
    "PNG": ("png", 95),
    "TIFF": ("tiff", 95),
    "WebP, lossless": ("webp", 100),
    "JPEG": ("jpg", 95),
    "AVIF": ("avif", 90),
}
"""How each is called: its ending, and the quality."""
ADDS, TAKES, OUTLINES = "adds the colour", "picks one up", "outlines what stays grey"
LOOKS = (
    ("Saturation", 0, 2, 1, "0 grey, 1 as the network has it"),
    ("Warmth", -1, 1, 0, "-1 cold, 1 warm"),
    ("Strength", 0, 1, 1, "0 your photo as it is, 1 the colours"),
)
"""Label, least, most, at first, what it means."""
CLEANING = (
    ("Less grain", "smooths noise; edges stay"),
    ("Fewer scratches", "fills thin lines and specks"),
    ("More contrast", "for faded blacks and whites"),
)
"""Label, what it does; in the order of the fields of `Clean`."""
ABOUT_REFERENCE = "Its mood of colours is taken. Click on it to pick up one of its colours."
GUESS = "Colours are a guess: nobody can tell the true ones from a grey photo."


class _Controls(NamedTuple):
    """What is asked for, besides the marks: the inputs of `_show`."""

    photo: gr.Image
    model: gr.Dropdown
    sketch: gr.Checkbox
    wash: gr.Dropdown
    denoise: gr.Slider
    scratches: gr.Slider
    contrast: gr.Slider
    saturation: gr.Slider
    warmth: gr.Slider
    strength: gr.Slider
    reference: gr.Image
    reference_strength: gr.Slider
    candidate: gr.State
    unsure: gr.Checkbox


class _Marking(NamedTuple):
    """The picture to click on, and what belongs to it."""

    about: gr.Markdown
    mode: gr.Radio
    picture: gr.Image
    color: gr.ColorPicker
    swatches: gr.HTML
    hints: gr.HTML
    undo: gr.Button
    redo: gr.Button
    delete: gr.Button
    clear: gr.Button
    next_part: gr.Button
    x: gr.Slider
    y: gr.Slider
    add: gr.Button


class _Page(NamedTuple):
    """What is on the tab, and what it remembers of a visitor."""

    controls: _Controls
    reset: gr.Button
    marking: _Marking
    result: gr.ImageSlider
    facts: gr.Markdown
    more: gr.Button
    sheet: gr.Gallery
    form: gr.Radio
    download: gr.Button
    file: gr.DownloadButton
    send: gr.Button
    about_reference: gr.Markdown
    seen: gr.State
    """A `Coloring`, or None."""
    other: gr.State
    """A `Reference`, or None."""
    history: gr.State
    size: gr.State
    """Width and height of the photo, px; None without one."""
    drawn: gr.State
    """What the picture to click on shows: the same again needs no drawing."""


def build(engines: Engines) -> Sender:
    """Lay out the tab inside the current `gr.Blocks`."""
    page = _lay_out(engines)
    show = _connect(page, engines)
    colorize_api.build(engines)
    save = {"fn": _save_for_sending, "inputs": page.seen, "concurrency_id": "colorize-save"}
    return Sender(page.send, page.send.click(**show).then, save)


def _lay_out(engines: Engines) -> _Page:
    with gr.Row(elem_id="colour"):
        with gr.Column(scale=2, min_width=320, elem_id="colour-asked"):
            with gr.Column(elem_id="colour-given"):
                photo = _photo_input()
            with gr.Column(elem_id="colour-controls"):
                model = gr.Dropdown(
                    _choices(engines),
                    value=AUTOMATIC,
                    label="Model",
                    elem_id="colour-model",
                )
                about_model = gr.Markdown(
                    _about_model(engines, AUTOMATIC),
                    elem_id="colour-about-model",
                    elem_classes="facts",
                )
                model.input(
                    partial(_about_model, engines),
                    model,
                    about_model,
                    queue=False,
                    show_progress="hidden",
                    api_visibility="private",
                )
                sketch = gr.Checkbox(
                    False,
                    label="It is a sketch",
                    info="A line drawing: a wash of colour is laid under its lines.",
                    interactive=bool(sketchers(engines.catalog)),
                    elem_id="colour-sketch",
                )
                wash = gr.Dropdown(
                    list(PALETTES),
                    value="natural",
                    label="Palette of the wash",
                    visible=False,
                    elem_id="colour-wash",
                )
                sketch.input(
                    lambda drawn: gr.Dropdown(visible=drawn),
                    sketch,
                    wash,
                    queue=False,
                    show_progress="hidden",
                    api_visibility="private",
                )
                saturation, warmth, strength = (
                    gr.Slider(low, high, first, step=0.05, label=label, info=info)
                    for label, low, high, first, info in LOOKS
                )
                reset = gr.Button("Back to the first colours", size="sm", elem_id="colour-reset")
                cleaning = _clean_controls()
                reference, reference_strength, about_reference = _reference_controls()
        with gr.Column(scale=3, min_width=320, elem_id="colour-shown"):
            with gr.Tabs(overflow_behavior="wrap"):
                with gr.Tab("Before and after", render_children=True):
                    result = comparison.picture("colour-result")
                    comparison.divider(result, "colour-divider")
                with gr.Tab("Add colours", render_children=True):
                    marking, unsure = _marking()
            facts = gr.Markdown(WELCOME, elem_id="colour-facts", elem_classes="facts")
            more = gr.Button("Show me others", interactive=False, elem_id="colour-more")
            sheet = gr.Gallery(
                label="Click the one to take",
                columns=3,
                height="auto",
                allow_preview=False,
                buttons=[],
                interactive=False,
                visible=False,
                elem_id="colour-sheet",
            )
            form = gr.Radio(list(FORMATS), value="PNG", label="Format of the download")
            with gr.Row():
                download = gr.Button(
                    "Download at full size",
                    variant="primary",
                    interactive=False,
                    min_width=150,
                    elem_id="colour-download",
                )
                send = gr.Button(
                    "Send to Upscale", interactive=False, min_width=150, elem_id="colour-send"
                )
            file = gr.DownloadButton(visible="hidden", elem_id="colour-file")
    controls = _Controls(
        photo,
        *(model, sketch, wash),
        *cleaning,
        *(saturation, warmth, strength, reference, reference_strength, gr.State(0), unsure),
    )
    return _Page(
        controls=controls,
        reset=reset,
        marking=marking,
        result=result,
        facts=facts,
        more=more,
        sheet=sheet,
        form=form,
        download=download,
        file=file,
        send=send,
        about_reference=about_reference,
        other=gr.State(None, time_to_live=KEPT_SECONDS),
        seen=gr.State(None, time_to_live=KEPT_SECONDS),
        history=gr.State(History()),
        size=gr.State(None),
        drawn=gr.State(None),
    )


def _photo_input() -> gr.Image:
    photo = gr.Image(
        label="Your photo",
        sources=["upload", "clipboard"],
        type="filepath",
        format="png",
        height=260,
        elem_id="colour-photo",
        elem_classes="photo",
    )
    examples = [str(EXAMPLES / f"{name}.jpg") for name in EXAMPLE_NAMES]
    gr.Examples(examples, photo, label="Examples", cache_examples=False, elem_id="colour-examples")
    return photo


def _clean_controls() -> tuple[gr.Slider, gr.Slider, gr.Slider]:
    with gr.Accordion("Clean up an old photo", open=False, elem_id="colour-clean"):
        denoise, scratches, contrast = (
            gr.Slider(0, 1, 0, step=0.05, label=label, info=info) for label, info in CLEANING
        )
    return denoise, scratches, contrast


def _reference_controls() -> tuple[gr.Image, gr.Slider, gr.Markdown]:
    with gr.Accordion("Colours from another picture", open=False, elem_id="colour-reference"):
        reference = gr.Image(
            label="A picture in colour",
            sources=["upload", "clipboard"],
            type="filepath",
            format="png",
            height=220,
            elem_id="colour-from",
            elem_classes="photo",
        )
        about = gr.Markdown(ABOUT_REFERENCE, elem_id="colour-about-reference")
        strength = gr.Slider(
            0,
            1,
            0.7,
            step=0.05,
            label="Take its colours",
            info="0 not at all, 1 as far as it goes",
        )
    return reference, strength, about


def _marking() -> tuple[_Marking, gr.Checkbox]:
    with gr.Row():
        color = gr.ColorPicker(
            FIRST_COLOR, label="Colour", min_width=90, scale=0, elem_id="colour-picker"
        )
        mode = gr.Radio(
            [ADDS, TAKES, OUTLINES],
            value=ADDS,
            label="A click on the picture",
            min_width=200,
            elem_id="colour-mode",
        )
    palette = gr.HTML(
        swatches.swatch_buttons(),
        js_on_load=swatches.ON_CLICK,
        apply_default_css=False,
        elem_id="colour-swatches",
    )
    about = gr.Markdown(_about(History(), ADDS), elem_id="colour-about")
    picture = gr.Image(
        label="Click here",
        show_label=False,
        interactive=False,
        type="filepath",
        format="png",
        buttons=["fullscreen"],
        elem_id="colour-marked",
    )
    hints = gr.HTML(
        swatches.hint_buttons(History()),
        js_on_load=swatches.ON_CLICK,
        apply_default_css=False,
        elem_id="colour-hints",
    )
    with gr.Row():
        undo, redo, delete, clear, next_part = (
            gr.Button(label, size="sm", min_width=80, interactive=False, visible=shown)
            for label, shown in (
                ("Undo", True),
                ("Redo", True),
                ("Delete", True),
                ("Clear all", True),
                ("Another part", False),
            )
        )
    unsure = gr.Checkbox(
        False,
        label="Show where the colours are unsure",
        info="Red: the network could as well have chosen another colour. A hint helps most there.",
        elem_id="colour-unsure",
    )
    with gr.Accordion("Without a mouse", open=False, elem_id="colour-keys"):
        x = gr.Slider(0, 100, 50, step=0.5, label="Left ↔ right, %")
        y = gr.Slider(0, 100, 50, step=0.5, label="Top ↔ bottom, %")
        add = gr.Button("Click there", size="sm")
    made = _Marking(
        about,
        mode,
        picture,
        color,
        palette,
        hints,
        *(undo, redo, delete, clear, next_part),
        *(x, y, add),
    )
    return made, unsure


def _connect(page: _Page, engines: Engines) -> dict[str, Any]:
    """Tell the components what to do. Returns what makes the result anew where it must be."""
    controls, marking = page.controls, page.marking
    private: dict[str, Any] = {"api_visibility": "private"}
    quick: dict[str, Any] = {**private, "queue": False, "show_progress": "hidden"}
    show: dict[str, Any] = {
        **private,
        "fn": partial(_show, engines),
        "inputs": [*controls, page.history, marking.mode, page.other, page.drawn, page.seen],
        "outputs": [
            *(page.result, page.facts, marking.picture, marking.hints, *_buttons(page)),
            *(page.more, page.download, page.send, page.sheet),
            *(page.about_reference, page.other),
            *(controls.candidate, page.history, page.drawn, page.size, page.seen),
        ],
        "preprocess": False,
        "show_progress": "minimal",
        "show_progress_on": [page.result, marking.picture],
        "concurrency_id": "colorize",
        "concurrency_limit": 1,
        "trigger_mode": "always_last",
    }
    looks = (controls.saturation, controls.warmth, controls.strength)
    cleaning = (controls.denoise, controls.scratches, controls.contrast)
    gr.on(
        [
            *(picture.change for picture in (controls.photo, controls.reference)),
            *(each.input for each in (*looks, *cleaning, controls.reference_strength)),
            *(
                each.input
                for each in (controls.model, controls.sketch, controls.wash, controls.unsure)
            ),
        ],
        **show,
    )
    controls.reference.select(_color_of_reference, page.other, marking.color, **quick)
    page.reset.click(_first_look, None, [*looks, controls.candidate], **quick).then(**show)
    # What was forgotten after a while is found anew before it is used.
    page.more.click(**show).then(
        _others,
        page.seen,
        page.sheet,
        show_progress_on=[page.sheet, page.more],
        concurrency_id="colorize",
        **private,
    )
    page.sheet.select(_choose_other, None, controls.candidate, **quick).then(**show)
    _connect_marks(page, show)
    page.download.click(**show).then(
        _save_download,
        [page.form, page.seen],
        page.file,
        show_progress_on=[page.download],
        concurrency_id="colorize-save",
        concurrency_limit=1,
        **private,
    ).success(None, js="() => document.querySelector('#colour-file').click()", **private)
    return show


def _connect_marks(page: _Page, show: dict[str, Any]) -> None:
    """Each click changes the history, which is shown at once; then the network is asked."""
    controls, marking = page.controls, page.marking
    # Of all visitors one after another: two clicks of one must not be mixed up.
    serial: dict[str, Any] = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_id": "colorize-marks",
        "concurrency_limit": 1,
        # No click is left out while the one before is still being worked on.
        "trigger_mode": "multiple",
    }
    known = [page.history, marking.mode, controls.unsure, page.seen]
    marked = [page.history, page.drawn, marking.picture, marking.hints, *_buttons(page)]
    place = [marking.color, page.size, *known]
    marking.picture.select(_click, place, [marking.color, *marked], **serial).then(**show)
    marking.add.click(
        _click_at, [marking.x, marking.y, *place], [marking.color, *marked], **serial
    ).then(**show)
    marking.hints.click(_choose, known, [marking.color, *marked], **serial).then(**show)
    # The picker's own `input` comes before its new value.
    marking.color.change(
        _recolor, [marking.color, *known], marked, **{**serial, "trigger_mode": "always_last"}
    ).then(**show)
    marking.swatches.click(_picked, None, marking.color, **serial)
    steps: list[tuple[gr.Button, Callable[[History], History]]] = [
        (marking.undo, History.undo),
        (marking.redo, History.redo),
        (marking.delete, History.delete),
        (marking.clear, History.clear),
        (marking.next_part, History.next_part),
    ]
    for button, step in steps:
        button.click(partial(_step, step), known, marked, **serial).then(**show)
    marking.mode.change(
        _describe,
        [page.history, marking.mode],
        _buttons(page),
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


def _buttons(page: _Page) -> list[Any]:
    """What tells of the marks in words, and what changes them: filled by `_describe`."""
    marking = page.marking
    return [
        marking.about,
        marking.undo,
        marking.redo,
        marking.delete,
        marking.clear,
        marking.next_part,
    ]


def _show(
    engines: Engines,
    payload: Payload | None,
    model: str,
    sketch: bool,
    wash: str,
    denoise: float,
    scratches: float,
    contrast: float,
    saturation: float,
    warmth: float,
    strength: float,
    reference: Payload | None,
    reference_strength: float,
    candidate: int,
    unsure: bool,
    history: History,
    mode: str,
    other: Reference | None,
    drawn: object,
    last: Coloring | None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
) -> Any:  # noqa: ANN401 (for the outputs in `_connect`)
    source = None
    try:
        source = sent_file(payload)
        if source is None:
            return _nothing(WELCOME)
        now = last
        if now is None or now.source != source:
            progress(0.1, desc="Reading the photo")
            now = coloring.open_photo(source)
        kept = is_for(history, now.key)
        if last is None or last.key != now.key:
            candidate = candidate if kept is history else 0
        taken = coloring.open_reference(sent_file(reference), other)
        if taken and taken.problem and taken is not other:
            gr.Warning(taken.problem)
        progress(0.3, desc="Finding colours")
        clean = Clean(denoise, scratches, contrast)
        now = coloring.ask(
            now,
            Question(
                # A drawing has a network of its own.
                None if sketch else model or None,
                kept.now.hints,
                clean,
                sketch,
            ),
            engines,
        )
        progress(0.8, desc="Painting")
        palette = taken.palette if taken else None
        parts = kept.now.enclosed
        wishes = Wishes(
            *(saturation, warmth, strength, candidate, parts, palette, reference_strength, wash)
        )
        now = coloring.show(now, wishes)
    except UserError as error:
        gr.Warning(str(error))
        text = f"**{error.message}** {error.remedy}"
        # A bad setting takes nothing away; a bad photo has no result.
        return _nothing(text) if last is None or last.source != source else _only_facts(text)
    drawing = coloring.drawn(now, kept.now, kept.chosen, unsure=unsure)
    if now is last and drawing == drawn and taken is other:
        return gr.skip()
    new = last is None or last.question != now.question or last.key != now.key
    picture: Any = gr.skip()
    if drawing != drawn:
        picture = _path(coloring.to_click_on(now, kept.now, kept.chosen, unsure=unsure))
    on = gr.Button(interactive=True)
    return (
        gr.skip() if now is last else (str(now.before), str(now.after)),
        _facts(now),
        picture,
        # Else there may be newer marks by now.
        *(_in_words(kept, mode) if last is None or kept is not history else _skips(7)),
        *(on, on, on),
        gr.Gallery(visible=False) if new else gr.skip(),
        f"**{taken.problem}**" if taken and taken.problem else ABOUT_REFERENCE,
        taken,
        candidate,
        gr.skip() if kept is history else kept,
        drawing,
        now.size,
        now,
    )


def _nothing(text: str) -> Any:  # noqa: ANN401 (for what `_show` fills)
    """The marks stay in the history: they are there again when their photo is."""
    off = gr.Button(interactive=False)
    empty = History()
    return (
        *(None, text, None, *_in_words(empty, ADDS)),
        *(off, off, off, gr.Gallery(visible=False), *_skips(4), None, None, None),
    )


def _only_facts(text: str) -> Any:  # noqa: ANN401 (for what `_show` fills)
    return gr.skip(), text, *_skips(len(_nothing(text)) - 2)


def _first_look() -> list[float]:
    return [*(first for _, _, _, first, _ in LOOKS), 0]


def _others(now: Coloring | None) -> Any:  # noqa: ANN401 (for the gallery)
    if now is None or now.wishes is None:
        return gr.skip()
    pictures = coloring.others(now)
    named = [
        (picture, "The first" if number == 0 else str(number + 1))
        for number, picture in enumerate(pictures)
    ]
    return gr.Gallery(named, visible=True, selected_index=now.wishes.candidate)


def _color_of_reference(other: Reference | None, event: gr.SelectData) -> Any:  # noqa: ANN401
    """For the picker."""
    if other is None or other.photo is None:
        return gr.skip()
    x, y = (float(value) for value in event.index)
    try:
        return color_name(color_at(other.photo, x, y))
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _choose_other(event: gr.SelectData) -> int:
    return int(event.index)


def _save_download(form: str, now: Coloring | None) -> Any:  # noqa: ANN401 (for the file)
    if now is None or now.wishes is None:
        raise gr.Error(
            "There is no result any more. Upload the photo again.", print_exception=False
        )
    try:
        return str(coloring.save_full_size(now, *FORMATS[form]))
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _save_for_sending(now: Coloring | None) -> Any:  # noqa: ANN401 (for a picture)
    return _save_download("PNG", now)


# Marks ---------------------------------------------------------------------------------------


def _click(
    color: str,
    size: tuple[int, int] | None,
    history: History,
    mode: str,
    unsure: bool,
    now: Coloring | None,
    event: gr.SelectData,
) -> Any:  # noqa: ANN401 (for the colour, and what `_marked` fills)
    if size is None:
        return gr.skip()
    x, y = coloring.place_of(size, *(float(value) for value in event.index))
    return _clicked((x, y), color, size, history, mode, unsure, now)


def _click_at(
    x: float,
    y: float,
    color: str,
    size: tuple[int, int] | None,
    history: History,
    mode: str,
    unsure: bool,
    now: Coloring | None,
) -> Any:  # noqa: ANN401 (as above)
    """`x` and `y` in percent."""
    if size is None:
        return gr.skip()
    place = (x / 100 * size[0], y / 100 * size[1])
    return _clicked(place, color, size, history, mode, unsure, now)


def _clicked(
    place: tuple[float, float],
    color: str,
    size: tuple[int, int],
    history: History,
    mode: str,
    unsure: bool,
    now: Coloring | None,
) -> Any:  # noqa: ANN401 (as above)
    """A click at a place of the photo, in pixels. `now` is None if it was long ago: then the photo
    is opened anew, with the new mark on it."""
    if mode == TAKES:
        taken = coloring.color_under(now, *place) if now else None
        return taken or gr.skip(), *_skips(10)
    if mode == OUTLINES:
        return gr.skip(), *_marked(history.corner(*place), mode, unsure, now)
    after = history.click(*place, _rgb(color), max(size) * DOT)
    return _color_of(after), *_marked(after, mode, unsure, now)


def _choose(
    history: History, mode: str, unsure: bool, now: Coloring | None, event: gr.EventData
) -> Any:  # noqa: ANN401 (as above)
    after = history.choose(int(event.pick))
    return _color_of(after), *_marked(after, mode, unsure, now)


def _color_of(history: History) -> Any:  # noqa: ANN401 (for the colour)
    """The picker has the colour of the hint that is chosen."""
    if history.chosen is None:
        return gr.skip()
    return color_name(history.now.hints[history.chosen].rgb)


def _recolor(color: str, history: History, mode: str, unsure: bool, now: Coloring | None) -> Any:  # noqa: ANN401 (for what `_marked` fills)
    after = history.recolor(_rgb(color))
    return gr.skip() if after is history else _marked(after, mode, unsure, now)


def _rgb(color: str) -> tuple[float, float, float]:
    """What the picker holds, 0..1. Raises `gr.Error` for what is no colour."""
    try:
        return parse_color(hex_color(color))
    except UserError as error:
        raise gr.Error(f"{color!r} is not a colour. Pick one.", print_exception=False) from error


def _picked(event: gr.EventData) -> str:
    return str(event.pick)


def _step(
    step: Callable[[History], History],
    history: History,
    mode: str,
    unsure: bool,
    now: Coloring | None,
) -> Any:  # noqa: ANN401 (for what `_marked` fills)
    return _marked(step(history), mode, unsure, now)


def _marked(history: History, mode: str, unsure: bool, now: Coloring | None) -> Any:  # noqa: ANN401
    """For history, drawn, picture, hints and what `_describe` fills."""
    picture = coloring.to_click_on(now, history.now, history.chosen, unsure=unsure) if now else None
    drawing = now and coloring.drawn(now, history.now, history.chosen, unsure=unsure)
    return (
        history,
        *(_skips(2) if picture is None else (drawing, str(picture))),
        *_in_words(history, mode),
    )


def _in_words(history: History, mode: str) -> Any:  # noqa: ANN401 (for hints and `_buttons`)
    return swatches.hint_buttons(history), *_describe(history, mode)


def _skips(count: int) -> list[Any]:
    return [gr.skip()] * count


def _describe(history: History, mode: str) -> Any:  # noqa: ANN401 (for what `_buttons` lists)
    any_marks = bool(history.now.hints or history.now.parts)
    return (
        _about(history, mode),
        gr.Button(interactive=bool(history.past)),
        gr.Button(interactive=bool(history.future)),
        gr.Button(interactive=history.chosen is not None),
        gr.Button(interactive=any_marks),
        gr.Button(visible=mode == OUTLINES, interactive=bool(history.now.enclosed)),
    )


def _about(history: History, mode: str) -> str:
    """What the next click does."""
    if mode == TAKES:
        return "Click on a colour in the picture to pick it up."
    if mode == OUTLINES:
        corners = len(history.now.parts[-1]) if history.now.parts else 0
        if corners > 2:
            return "Inside the outline the photo stays grey. Click more corners, or begin another."
        left = f"{3 - corners} more corner{'s' * (corners < 2)}"
        return f"Click around the part that is to stay grey: {left} to enclose it."
    if history.chosen is not None:
        return (
            f"**Colour {history.chosen + 1} is chosen.** Click where it belongs, give it another "
            "colour, or delete it."
        )
    return (
        "Click where the colour belongs: the network spreads it. "
        "In a photo, light and dark stay as they are. Click a dot to change it."
    )


# Words ---------------------------------------------------------------------------------------


def _facts(now: Coloring) -> str:
    """A few lines about the result, for people."""
    result, photo = now.result, now.photo
    if result is None:
        return WELCOME
    width, height = now.size
    kept = [f"{photo.pixels.itemsize * 8} bits", *["transparency"] * (photo.alpha is not None)]
    kept += ["colour profile"] * (photo.icc is not None) + ["EXIF"] * (photo.exif is not None)
    times = result.timings_ms
    where = f" on {result.ran.text}" if result.ran else ""
    lines = [
        *(f"**{note}**" for note in result.notes),
        f"**{width}×{height}** with {result.model}{where}: {_seconds(times['analyse'])} to find "
        f"colours, "
        f"{_seconds(times['paint'])} to paint them. Kept: {', '.join(kept)}.",
        f"*{GUESS}*",
    ]
    return "  \n".join(lines)


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2g} s"


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _choices(engines: Engines) -> list[tuple[str, str]]:
    """Each model with what the catalogue tells; those on this machine first."""
    first = choose_model(engines).name.removeprefix(PREFIX)
    here, absent = [(f"Automatic: {first}", AUTOMATIC)], []
    for model in colorizers(engines.catalog):
        name = f"{model.name.removeprefix(PREFIX)} · {_licence(model)}"
        if how_to_fetch(model, engines.store) is None:
            here.append((name, model.name))
        else:
            size = "" if model.bytes is None else f", {model.bytes / 1e6:.0f} MB"
            absent.append((f"{name} · fetch first{size}", model.name))
    return here + absent


def _about_model(engines: Engines, name: str) -> str:
    """What it is good for, its licence, and whether it has to be fetched."""
    model = choose_model(engines, name or None)
    about = f"*{model.summary}* {_licence(model)}."
    missing = how_to_fetch(model, engines.store)
    return about if missing is None else f"{about}  \n**Not on this machine.** {missing}"


def _licence(model: Model) -> str:
    return model.license + ("" if model.commercial else ", not for commercial use")
