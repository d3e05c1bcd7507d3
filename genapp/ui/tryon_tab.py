"""The Try-on tab: a photo in, the same photo with glasses out."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from genapp import images
from genapp.errors import BadValue, UnreadablePicture, UserError
from genapp.registry.engines import Engines
from genapp.tryon import (
    Analysis,
    Frame,
    Look,
    TryOn,
    analyse,
    draw_thumbnail,
    dress,
    frame_names,
    load_frame,
    try_on,
)
from genapp.ui.files import save_result
from genapp.ui.photo_input import Payload, PhotoData, sent_file

EXAMPLES = Path(__file__).with_name("examples")
FIRST = "aviator"
KEPT_SECONDS = 600
DIVIDER = 15
"""Where the divider stands at first, in percent: both eyes lie beside it."""
WELCOME = "Upload a photo, take one with the webcam, or click an example."


@dataclass(frozen=True)
class Seen:
    """The photo that a visitor looks at, with what the networks found in it."""

    source: str | bytes
    analysis: Analysis
    before: Path
    """The photo as every browser shows it."""
    worn: tuple[str, Look] | None = None
    """Frame and lenses of the last result."""
    after: Path | None = None
    """The last result."""


def build(engines: Engines) -> None:
    """Lay out the tab inside the current `gr.Blocks`."""
    frames = [load_frame(name) for name in frame_names()]
    seen = gr.State(None, time_to_live=KEPT_SECONDS)
    chosen = gr.State(FIRST)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
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
            gr.Markdown("**Frames** (lens-bridge-temple in mm)")
            gallery = gr.Gallery(
                list(zip(_thumbnails(frames), map(_caption, frames), strict=True)),
                label="Frames",
                show_label=False,
                columns=3,
                height="auto",
                allow_preview=False,
                selected_index=frame_names().index(FIRST),
                buttons=[],
                interactive=False,
                object_fit="contain",
                elem_id="frames",
            )
            with gr.Accordion("Lenses", open=False, elem_id="lenses"):
                tint, opacity, gradient = _lens_controls(load_frame(FIRST))
        with gr.Column(scale=3, min_width=320):
            result = gr.ImageSlider(
                label="Before and after",
                type="filepath",
                format="png",
                buttons=["fullscreen"],
                interactive=False,
                max_height=520,
                slider_position=DIVIDER,
                elem_id="result",
            )
            divider = gr.Slider(
                0,
                100,
                DIVIDER,
                step=1,
                label="Before ↔ after",
                info="Moves the divider; works with the arrow keys too.",
                elem_id="divider",
            )
            facts = gr.Markdown(WELCOME, elem_id="facts")
            download = gr.DownloadButton(
                "Download the PNG at full size", interactive=False, elem_id="download"
            )
    gr.Markdown(
        "Your photo stays on this server, is not kept, and nobody else sees it: "
        "uploads and results are deleted after ten minutes.",
        elem_id="privacy",
    )

    def show(
        payload: Payload | None,
        frame_name: str,
        lens_tint: str,
        lens_opacity: float,
        lens_gradient: float,
        last: Seen | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for result, facts, download and seen)
        try:
            source = sent_file(payload)
            if source is None:
                return None, WELCOME, _no_download(), None
            look = Look(_hex(lens_tint), lens_opacity, lens_gradient)
            if last and (last.source, last.worn) == (source, (frame_name, look)):
                return gr.skip()
            now = last if last and last.source == source else _see(source, engines, progress)
            # Deleted when its time has come, however long the visitor goes on.
            if not now.before.exists():
                now = replace(now, before=_save_before(now.analysis))
            progress(0.7, desc="Drawing the glasses")
            worn = dress(now.analysis, load_frame(frame_name), look)
            progress(0.9, desc="Saving the picture")
            after = _save(worn)
            # Only the newest result of a visitor takes up room.
            if last and last.after:
                last.after.unlink(missing_ok=True)
        except UserError as error:
            gr.Warning(str(error))
            return None, f"**{error.message}** {error.remedy}", _no_download(), None
        return (
            (str(now.before), str(after)),
            _facts(worn, load_frame(frame_name)),
            gr.DownloadButton(value=str(after), interactive=True),
            replace(now, worn=(frame_name, look), after=after),
        )

    def choose(event: gr.SelectData) -> tuple[str, str, float, float]:
        frame = frames[event.index]
        return frame.name, frame.tint, frame.opacity, frame.gradient

    lens = [tint, opacity, gradient]
    job = {
        "fn": show,
        "inputs": [photo, chosen, *lens, seen],
        "outputs": [result, facts, download, seen],
        "preprocess": False,
        "show_progress_on": [result],
        "trigger_mode": "always_last",
        "concurrency_id": "try-on",
        "api_visibility": "private",
    }
    # Not `release`, which the keyboard does not cause.
    gr.on([photo.change, opacity.input, gradient.input], **job)
    # The picker's own `input` comes before its new value. Its `change` comes with a new frame too,
    # before the sliders have that frame's values; a round trip later they have.
    tint.change(_pass, queue=False, show_progress="hidden", api_visibility="private").then(**job)
    gallery.select(
        choose, None, [chosen, *lens], queue=False, show_progress="hidden", api_visibility="private"
    ).then(**job)
    divider.input(
        None,
        divider,
        result,
        js="position => ({__type__: 'update', slider_position: position})",
        api_visibility="private",
    )
    _endpoint(engines)


def _pass() -> None:
    """Do nothing."""


def _lens_controls(frame: Frame) -> tuple[gr.ColorPicker, gr.Slider, gr.Slider]:
    return (
        gr.ColorPicker(frame.tint, label="Tint"),
        gr.Slider(0, 1, frame.opacity, step=0.01, label="Opacity", info="0 clear, 1 full tint"),
        gr.Slider(
            0, 1, frame.gradient, step=0.01, label="Gradient", info="0 even, 1 clear at the bottom"
        ),
    )


def _endpoint(engines: Engines) -> None:
    """`/try_on` for programs: the same function as the library's and the command line's."""

    def endpoint(
        photo: Payload | None,
        frame: str = FIRST,
        tint: str = "",
        opacity: float | None = None,
        gradient: float | None = None,
    ) -> tuple[str, dict[str, Any]]:
        """Put a pair of glasses on every face of a photo.

        Args:
            photo: the picture.
            frame: name of the glasses.
            tint: colour of the lenses as '#rrggbb'; empty for the frame's own.
            opacity: 0 clear to 1 full tint; empty for the frame's own.
            gradient: 0 even to 1 clear at the bottom; empty for the frame's own.

        Returns:
            The picture as PNG, and a report: faces with pose, measures in mm and fit; timings.
        """
        try:
            source = sent_file(photo)
            if source is None:
                raise BadValue("There is no photo.", "Send one as 'photo'.")
            worn = try_on(
                source,
                str(frame or FIRST),
                tint=str(tint) if tint else None,
                opacity=_number("opacity", opacity),
                gradient=_number("gradient", gradient),
                engines=engines,
            )
            return str(_save(worn)), worn.report()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    photo = gr.Image(label="photo", type="filepath", visible=False)
    photo.data_model = PhotoData
    frame = gr.Textbox(FIRST, label="frame", info=", ".join(frame_names()), visible=False)
    tint = gr.Textbox("", label="tint", visible=False)
    opacity = gr.Number(None, label="opacity", visible=False)
    gradient = gr.Number(None, label="gradient", visible=False)
    picture = gr.File(label="picture", visible=False)
    report = gr.JSON(label="report", visible=False)
    gr.Button(visible=False).click(
        endpoint,
        [photo, frame, tint, opacity, gradient],
        [picture, report],
        preprocess=False,
        api_name="try_on",
        concurrency_id="try-on",
    )


def _number(name: str, value: object) -> float | None:
    """What a program sent, which may be anything."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise BadValue(f"The {name} is {value!r}.", "Choose a number from 0 to 1.")


def _see(source: str | bytes, engines: Engines, progress: gr.Progress) -> Seen:
    progress(0.1, desc="Reading the photo")
    if isinstance(source, str) and not Path(source).exists():
        raise UnreadablePicture("Your photo was deleted after ten minutes.", "Upload it again.")
    photo = images.read(source)
    progress(0.3, desc="Looking for faces")
    analysis = analyse(photo, engines)
    return Seen(source, analysis, _save_before(analysis))


def _save_before(analysis: Analysis) -> Path:
    # Anew, because browsers show no TIFF, and turn inks into other colours than ours.
    return save_result(images.encode(analysis.photo, "png"), "before.png")


def _save(worn: TryOn) -> Path:
    return save_result(images.encode(worn.photo, "png"), f"{worn.photo.name}.png")


def _no_download() -> gr.DownloadButton:
    return gr.DownloadButton(value=None, interactive=False)


def _facts(worn: TryOn, frame: Frame) -> str:
    """A few lines about the result, for people."""
    count = len(worn.faces)
    lines = [*(f"*{note}*" for note in worn.photo.notes)]
    face = worn.faces[0]
    who = "" if count == 1 else f" (the largest of {count} faces)"
    pupils, width = face["pd_mm"], face["face_width_mm"]
    verdicts = {
        "narrow": "narrow for this face",
        "good": "a good fit",
        "wide": "wide for this face",
    }
    lines.append(
        f"**{frame.title} {frame.size}**, {frame.width:.0f} mm wide: {verdicts[face['fit']]}{who}."
    )
    lines.append(
        f"Pupillary distance {pupils['value']:.0f} ± {pupils['error']:.0f} mm, "
        f"face width {width['value']:.0f} ± {width['error']:.0f} mm."
    )
    drawn = worn.timings_ms["render"]
    networks = worn.timings_ms["detect"] + worn.timings_ms["mesh"] + worn.timings_ms["pose"]
    lines.append(f"Face analysis {networks:.0f} ms, drawing {drawn:.0f} ms.")
    return "  \n".join(lines)


def _hex(color: str) -> str:
    """The colour picker answers in any CSS notation, with fractions in rgb()."""
    try:
        if color.startswith("rgb"):
            numbers = color[color.index("(") + 1 : color.rindex(")")].split(",")[:3]
            return "#" + "".join(f"{min(max(round(float(n)), 0), 255):02x}" for n in numbers)
        return "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(color)[:3])
    except ValueError as error:
        raise BadValue(f"The tint {color!r} is not a colour.", "Pick another one.") from error


def _thumbnails(frames: list[Frame]) -> list[Image.Image]:
    """Pictures of the frames for the gallery, drawn on all cores."""
    with ThreadPoolExecutor() as threads:
        return [Image.fromarray(drawn, "RGBA") for drawn in threads.map(_draw, frames)]


def _draw(frame: Frame) -> NDArray[np.uint8]:
    return draw_thumbnail(frame, 256, 144)


def _caption(frame: Frame) -> str:
    """Its hyphens do not end a line."""
    return f"{frame.title} {frame.size}".replace("-", "\N{NON-BREAKING HYPHEN}")
