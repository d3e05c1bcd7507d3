"""The Try-on tab: a photo in, the same photo with glasses out."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import gradio as gr
from PIL import Image, ImageColor

from genapp.errors import BadValue, UserError
from genapp.registry.engines import Engines
from genapp.tryon import (
    DIOPTRES,
    FRAME_FILES,
    Choice,
    Frame,
    Nudge,
    TryOn,
    choose,
    draw_thumbnail,
    frame_names,
    load_frame,
    open_frame,
)
from genapp.ui import comparison, fitting, tryon_api
from genapp.ui.fitting import EVERYONE, Fitting
from genapp.ui.photo_input import Payload, sent_file

EXAMPLES = Path(__file__).with_name("examples")
FIRST = "aviator"
COMPARED = ("aviator", "wayfarer", "round", "cat-eye", "rectangle", "hexagon")
"""What is compared before the visitor says."""
KEPT_SECONDS = 600
DIVIDER = 15
"""Where the divider stands at first, in percent: both eyes lie beside it."""
WELCOME = "Upload a photo, take one with the webcam, or click an example."
FIT = MappingProxyType({"narrow": "narrow", "good": "a good fit", "wide": "wide"})
"""What is said for a `Verdict`."""
NUDGES = (
    ("right", "Left ↔ right, mm", -8, 8, 0.5),
    ("down", "Up ↔ down, mm", -12, 12, 0.5),
    ("forward", "Closer ↔ farther from the eyes, mm", -6, 12, 0.5),
    ("tilt", "Tilt, degrees", -10, 10, 0.5),
    ("size", "Size, times its true one", 0.8, 1.2, 0.01),
)
"""Field of `Nudge`, label, least, most, step."""


class _Controls(NamedTuple):
    """What together makes a `Choice`."""

    frame: gr.State
    tint: gr.ColorPicker
    opacity: gr.Slider
    gradient: gr.Slider
    dioptres: gr.Slider
    right: gr.Slider
    down: gr.Slider
    forward: gr.Slider
    tilt: gr.Slider
    size: gr.Slider


class _Page(NamedTuple):
    """What is on the tab, and what it remembers of a visitor."""

    photo: gr.Image
    faces: gr.Gallery
    gallery: gr.Gallery
    controls: _Controls
    reset: gr.Button
    bare: gr.Button
    own_file: gr.File
    own_width: gr.Number
    own_wear: gr.Button
    pd: gr.Number
    card: gr.Checkbox
    result: gr.ImageSlider
    facts: gr.Markdown
    download: gr.Button
    file: gr.DownloadButton
    wanted: gr.Dropdown
    comparing: gr.Button
    compared: gr.Gallery
    sheet: gr.DownloadButton
    seen: gr.State
    """A `Fitting`, or None."""
    who: gr.State
    """Number of the face that the controls are for, or `EVERYONE`."""
    names_compared: gr.State


def build(engines: Engines) -> gr.Image:
    """Lay out the tab inside the current `gr.Blocks`. The photo's component is returned, so that
    other tabs can send their pictures to it."""
    page = _lay_out()
    _connect(page, engines)
    tryon_api.build(engines)
    return page.photo


def _lay_out() -> _Page:
    frames = [load_frame(name) for name in frame_names()]
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            photo = _photo_input()
            faces = gr.Gallery(
                label="Who wears it?",
                columns=6,
                height="auto",
                allow_preview=False,
                buttons=[],
                interactive=False,
                visible=False,
                elem_id="faces",
            )
            gr.Markdown("**Frames** (lens-bridge-temple in mm)")
            gallery = _frame_gallery(frames)
            with gr.Accordion("Lenses", open=False, elem_id="lenses"):
                lens = lens_controls(load_frame(FIRST))
                dioptres = gr.Slider(
                    *DIOPTRES,
                    0,
                    step=0.25,
                    label="Prescription, dioptres",
                    info="Minus for short sight, plus for long sight: what others see through it.",
                )
            with gr.Accordion("Move the frame", open=False, elem_id="nudge"):
                nudge = _nudge_controls()
                reset = gr.Button("Back to where it sits by itself", size="sm", elem_id="reset")
            with gr.Accordion("Your own frame", open=False, elem_id="own"):
                own_file = gr.File(
                    label="A 3-D model (.glb, .gltf), or a picture of the front (.png)",
                    file_types=list(FRAME_FILES),
                    height=120,
                )
                own_width = gr.Number(
                    None,
                    label="Width of the front, mm",
                    info="A picture needs it. A model has its own, and takes yours instead.",
                    minimum=0,
                )
                own_wear = gr.Button("Wear it", size="sm", elem_id="own-wear")
            with gr.Accordion("True size", open=False, elem_id="true-size"):
                pd = gr.Number(
                    None,
                    label="Pupillary distance (PD), mm",
                    info="As on your prescription, 40 to 80. Without it your irises give the size.",
                )
                card = gr.Checkbox(
                    label="I hold a bank card flat on my forehead",
                    info="Its size is known: 85.6 × 54 mm. All four corners must be free.",
                )
            bare = gr.Button("Glasses off / on", size="sm", elem_id="bare")
        with gr.Column(scale=3, min_width=320):
            result = comparison.picture("result", at=DIVIDER)
            comparison.divider(result, "divider")
            facts = gr.Markdown(WELCOME, elem_id="facts")
            download = gr.Button(
                "Download the PNG at full size", interactive=False, elem_id="download"
            )
            file = gr.DownloadButton(visible="hidden", elem_id="download-file")
            with gr.Accordion("Compare frames", open=False, elem_id="compare"):
                wanted = gr.Dropdown(
                    [(caption(frame), frame.name) for frame in frames],
                    value=list(COMPARED),
                    multiselect=True,
                    max_choices=16,
                    label="On the same face, side by side",
                )
                comparing = gr.Button("Compare", interactive=False, elem_id="comparing")
                compared = gr.Gallery(
                    label="Click the one to wear",
                    columns=3,
                    height="auto",
                    allow_preview=False,
                    buttons=[],
                    interactive=False,
                    visible=False,
                    elem_id="compared",
                )
                sheet = gr.DownloadButton("Download as one picture", visible=False)
    gr.Markdown(
        "Your photo stays on this server, is not kept, and nobody else sees it: "
        "uploads and results are deleted after ten minutes.",
        elem_id="privacy",
    )
    return _Page(
        photo=photo,
        faces=faces,
        gallery=gallery,
        controls=_Controls(gr.State(load_frame(FIRST)), *lens, dioptres, *nudge),
        reset=reset,
        bare=bare,
        own_file=own_file,
        own_width=own_width,
        own_wear=own_wear,
        pd=pd,
        card=card,
        result=result,
        facts=facts,
        download=download,
        file=file,
        wanted=wanted,
        comparing=comparing,
        compared=compared,
        sheet=sheet,
        seen=gr.State(None, time_to_live=KEPT_SECONDS),
        who=gr.State(EVERYONE),
        names_compared=gr.State([]),
    )


def _connect(page: _Page, engines: Engines) -> None:
    """Tell the components what to do."""
    lens = [page.controls.tint, page.controls.opacity, page.controls.gradient]
    nudge = list(page.controls[5:])
    shown = [
        page.result,
        page.facts,
        page.download,
        page.comparing,
        page.faces,
        page.who,
        page.seen,
    ]
    private: dict[str, Any] = {"api_visibility": "private"}
    quick: dict[str, Any] = {**private, "queue": False, "show_progress": "hidden"}
    heavy: dict[str, Any] = {**private, "concurrency_id": "try-on"}
    show: dict[str, Any] = {
        **heavy,
        "fn": partial(_show, engines),
        "inputs": [page.photo, page.pd, page.card, page.who, page.seen, *page.controls],
        "outputs": shown,
        "preprocess": False,
        "show_progress_on": [page.result],
        "trigger_mode": "always_last",
    }
    # Not `release`, which the keyboard does not cause.
    sliders = (*lens[1:], page.controls.dioptres, *nudge)
    measures = (page.pd.submit, page.pd.blur, page.card.input)
    gr.on([page.photo.change, *(slider.input for slider in sliders), *measures], **show)
    # The picker's own `input` comes before its new value. Its `change` comes with a new frame too,
    # before the sliders have that frame's values; a round trip later they have.
    page.controls.tint.change(_pass, **quick).then(**show)
    worn = [page.controls.frame, *lens]
    page.gallery.select(_choose_frame, None, worn, **quick).then(**show)
    page.compared.select(
        _choose_compared, page.names_compared, [*worn, page.gallery], **quick
    ).then(**show)
    gr.on(
        # Not `blur`: it comes, too, when another frame is clicked.
        [page.own_file.upload, page.own_width.submit, page.own_wear.click],
        _open_own,
        [page.own_file, page.own_width],
        [*worn, page.gallery],
        preprocess=False,
        **heavy,
    ).then(**show)
    page.reset.click(_as_it_sits, None, nudge, **quick).then(**show)
    page.faces.select(_choose_face, page.seen, [page.who, *page.controls, page.gallery], **quick)
    page.bare.click(
        _off_or_on,
        [page.who, page.seen, *page.controls],
        shown,
        show_progress_on=[page.result],
        **heavy,
    )
    page.comparing.click(
        _compare,
        [page.wanted, page.who, page.seen],
        [page.compared, page.names_compared, page.sheet],
        **heavy,
    )
    page.download.click(
        _save_full_size, page.seen, page.file, show_progress_on=[page.download], **heavy
    ).success(None, js="() => document.querySelector('#download-file').click()", **private)


def _show(
    engines: Engines,
    payload: Payload | None,
    pd_mm: float | None,
    card: bool,
    person: int,
    last: Fitting | None,
    frame: Frame,
    *settings: Any,  # noqa: ANN401 (the values of the other controls)
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
) -> Any:  # noqa: ANN401 (for result, facts, download, comparing, faces, who and seen)
    source = None
    try:
        source = sent_file(payload)
        if source is None:
            return _nothing(WELCOME)
        choice = _choice(frame, *settings)
        measured_by = (pd_mm or None, bool(card))
        if last is None or last.source != source:
            now = fitting.see(source, *measured_by, engines, progress).choose(choice, EVERYONE)
            person = EVERYONE
        elif last.measured_by != measured_by:
            seen = fitting.see(source, *measured_by, engines, progress)
            now = replace(seen, choices=last.choices, after=last.after).choose(choice, person)
        else:
            now = last.choose(choice, person)
            if now.choices == last.choices:
                return gr.skip()
        progress(0.7, desc="Drawing the glasses")
        now, worn = fitting.draw(now)
    except UserError as error:
        gr.Warning(str(error))
        # A bad setting takes nothing away; a bad photo has no result.
        bad_photo = last is None or last.source != source
        return _nothing(f"**{error.message}** {error.remedy}") if bad_photo else gr.skip()
    return _shown(now, worn, person, new=last is None or last.source != source)


def _off_or_on(person: int, last: Fitting | None, frame: Frame, *settings: Any) -> Any:  # noqa: ANN401
    """For the same as `_show`."""
    if last is None:
        return gr.skip()
    wears = last.worn_by(person) is not None
    now, worn = fitting.draw(last.choose(None if wears else _choice(frame, *settings), person))
    return _shown(now, worn, person, new=False)


def _save_full_size(last: Fitting | None, progress: gr.Progress = gr.Progress()) -> str | None:  # noqa: B008
    if last is None:
        return None
    progress(0.3, desc="Drawing at full size")
    return str(fitting.draw_full_size(last))


def _compare(
    names: list[str],
    person: int,
    last: Fitting | None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
) -> Any:  # noqa: ANN401 (for compared, its names and sheet)
    if last is None:
        return gr.skip()
    progress(0.2, desc="Drawing the frames")
    try:
        drawn, path = fitting.draw_comparison(last, [choose(name) for name in names], person)
    except UserError as error:
        gr.Warning(str(error))
        return gr.skip()
    pictures = [
        (Image.fromarray(cell), f"{load_frame(name).title}: {FIT[face['fit']]}")
        for name, cell, face in zip(names, drawn.cells, drawn.faces, strict=True)
    ]
    gallery_now = gr.Gallery(pictures, visible=True, selected_index=None)
    return gallery_now, names, gr.DownloadButton(value=str(path), visible=True)


def _choose_frame(event: gr.SelectData) -> Any:  # noqa: ANN401 (for frame and lenses)
    frame = load_frame(frame_names()[event.index])
    return frame, frame.tint, frame.opacity, frame.gradient


def _open_own(file: Payload | None, width_mm: float | None) -> Any:  # noqa: ANN401 (as above)
    try:
        path = sent_file(file)
        if path is None:
            return gr.skip()
        frame = open_frame(Path(path) if isinstance(path, str) else path, width_mm or None)
    except UserError as error:
        gr.Warning(str(error))
        return gr.skip()
    return frame, frame.tint, frame.opacity, frame.gradient, gr.Gallery(selected_index=None)


def _choose_compared(names: list[str], event: gr.SelectData) -> Any:  # noqa: ANN401
    frame = load_frame(names[event.index])
    selected = gr.Gallery(selected_index=_index(frame.name))
    return frame, frame.tint, frame.opacity, frame.gradient, selected


def _choose_face(last: Fitting | None, event: gr.SelectData) -> Any:  # noqa: ANN401
    """For who and the controls: they show what that face wears."""
    person = int(event.index)
    choice = last.worn_by(person) if last else None
    if choice is None:
        return person, *[gr.skip()] * (len(_Controls._fields) + 1)
    look, move = choice.look, choice.nudge
    values = (choice.frame, look.tint, look.opacity, look.gradient, look.dioptres)
    moves = tuple(getattr(move, name) for name, *_ in NUDGES)
    return person, *values, *moves, gr.Gallery(selected_index=_index(choice.frame.name))


def _as_it_sits() -> list[float]:
    """For the sliders that move the frame."""
    return [getattr(Nudge(), name) for name, *_ in NUDGES]


def _pass() -> None:
    """Do nothing."""


def _photo_input() -> gr.Image:
    photo = gr.Image(
        label="Your photo",
        sources=["upload", "clipboard", "webcam"],
        type="filepath",
        format="png",
        height=300,
        webcam_options=gr.WebcamOptions(mirror=False),
        elem_id="photo",
    )
    examples = sorted(str(path) for path in EXAMPLES.glob("*.jpg"))
    gr.Examples(examples, photo, label="Examples", cache_examples=False, elem_id="examples")
    return photo


def _frame_gallery(frames: list[Frame]) -> gr.Gallery:
    return gr.Gallery(
        list(zip(thumbnails(frames), map(caption, frames), strict=True)),
        label="Frames",
        show_label=False,
        columns=3,
        height="auto",
        allow_preview=False,
        selected_index=_index(FIRST),
        buttons=[],
        interactive=False,
        object_fit="contain",
        elem_id="frames",
    )


def lens_controls(frame: Frame) -> tuple[gr.ColorPicker, gr.Slider, gr.Slider]:
    return (
        gr.ColorPicker(frame.tint, label="Tint"),
        gr.Slider(0, 1, frame.opacity, step=0.01, label="Opacity", info="0 clear, 1 full tint"),
        gr.Slider(
            0, 1, frame.gradient, step=0.01, label="Gradient", info="0 even, 1 clear at the bottom"
        ),
    )


def _nudge_controls() -> list[gr.Slider]:
    return [
        gr.Slider(low, high, getattr(Nudge(), name), step=step, label=label)
        for name, label, low, high, step in NUDGES
    ]


def _choice(
    frame: Frame, tint: str, opacity: float, gradient: float, dioptres: float, *moves: float
) -> Choice:
    """From the values of the controls."""
    right, down, forward, tilt, size = moves
    nudge = Nudge(right, down, forward, tilt, size)
    return choose(frame, hex_color(tint), opacity, gradient, nudge, dioptres)


def _nothing(text: str) -> Any:  # noqa: ANN401 (for what `show` fills)
    off = gr.Button(interactive=False)
    return None, text, off, off, gr.Gallery(visible=False), EVERYONE, None


def _shown(now: Fitting, worn: TryOn, person: int, *, new: bool) -> Any:  # noqa: ANN401 (as above)
    on = gr.Button(interactive=True)
    several = len(now.analysis.faces) > 1
    faces = (
        gr.Gallery(
            fitting.face_pictures(now) if several else None, visible=several, selected_index=0
        )
        if new
        else gr.skip()
    )
    return (str(now.before), str(now.after)), _facts(now, worn, person), on, on, faces, person, now


def _facts(now: Fitting, worn: TryOn, person: int) -> str:
    """A few lines about the result, for people."""
    count = len(worn.faces)
    lines = [*(f"*{note}*" for note in worn.photo.notes)]
    face, choice = worn.faces[max(person - 1, 0)], now.worn_by(person)
    whose = "" if count == 1 else f" (face {max(person, 1)} of {count})"
    pupils, width = face["pd_mm"], face["face_width_mm"]
    if choice is None:
        lines.append(f"No glasses{whose}.")
    else:
        lines.append(
            f"**{choice.frame.title} {choice.frame.size}**, {face['frame']['width_mm']:.0f} mm "
            f"wide: {FIT[face['fit']]} on this face{whose}."
        )
    nose, best, shape = face["bridge_width_mm"], face["recommended"], face["shape"]
    lines.append(
        f"Pupillary distance {pupils['value']:.0f} ± {pupils['error']:.0f} mm, "
        f"face {width['value']:.0f} ± {width['error']:.0f} mm wide, "
        f"bridge of the nose {nose['value']:.0f} ± {nose['error']:.0f} mm. "
        f"{face['scale']['note']}"
    )
    lines.append(f"**Your size**: {best['text']}")
    lines.append(f"**Your shape**: {shape['reason']}")
    drawn = worn.timings_ms["render"]
    networks = worn.timings_ms["detect"] + worn.timings_ms["mesh"] + worn.timings_ms["pose"]
    where = f" on {worn.ran.text}" if worn.ran else ""
    lines.append(f"Face analysis {networks:.0f} ms{where}, drawing {drawn:.0f} ms.")
    return "  \n".join(lines)


def _index(name: str) -> int | None:
    """Place of a frame in the gallery; None for one that is not there."""
    names = frame_names()
    return names.index(name) if name in names else None


def hex_color(color: str) -> str:
    """The colour picker answers in any CSS notation, with fractions in rgb()."""
    try:
        if color.startswith("rgb"):
            numbers = color[color.index("(") + 1 : color.rindex(")")].split(",")[:3]
            return "#" + "".join(f"{min(max(round(float(n)), 0), 255):02x}" for n in numbers)
        return "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(color)[:3])
    except ValueError as error:
        raise BadValue(f"The tint {color!r} is not a colour.", "Pick another one.") from error


def thumbnails(frames: list[Frame], width: int = 256) -> list[Image.Image]:
    """Pictures of the frames for a gallery, drawn on all cores; `width` in px."""

    def draw(frame: Frame) -> Image.Image:
        return Image.fromarray(draw_thumbnail(frame, width, width * 9 // 16), "RGBA")

    with ThreadPoolExecutor() as threads:
        return list(threads.map(draw, frames))


def caption(frame: Frame) -> str:
    """Its hyphens do not end a line."""
    return f"{frame.title} {frame.size}".replace("-", "\N{NON-BREAKING HYPHEN}")
