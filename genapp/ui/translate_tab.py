"""The Style tab: a photo in, the same photo painted, in styles that are seen before."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import gradio as gr
from gradio.events import Dependency

from genapp.errors import UserError
from genapp.registry.devices import ran_notes
from genapp.registry.engines import Engines
from genapp.translating import REGIONS, only_looks
from genapp.ui import comparison, painting, sketch_face, style_gallery, translate_api
from genapp.ui.colorize_tab import FORMATS
from genapp.ui.jobs import Jobs, telling
from genapp.ui.painting import STROKES, Canvas, Wishes
from genapp.ui.photo_input import Payload, sent_file
from genapp.ui.sending import Sender
from genapp.ui.style_saving import Saver
from genapp.ui.tryon_tab import EXAMPLES

KEPT_SECONDS = 600
WELCOME = "Upload a photo, or click an example."
FIRST = "teal-etching"
"""The style before the visitor has chosen one."""
NO_SECOND = ""
SCROLL = (
    "() => innerWidth < 700 && document.querySelector('#style-result')"
    ".scrollIntoView({behavior: 'smooth', block: 'center'})"
)
"""On a phone the result is far above the styles."""
WHERE = dict(zip(("Everywhere", "Faces only", "Background only"), REGIONS, strict=True))


class _Controls(NamedTuple):
    """The inputs of `_show`, besides what it remembers."""

    photo: gr.Image
    style: gr.State
    """Name of the style, or None for that of `picture`."""
    picture: gr.Image
    second: gr.Dropdown
    share: gr.Slider
    strokes: gr.Radio
    strength: gr.Slider
    spare_faces: gr.Checkbox
    keep_colors: gr.Checkbox
    where: gr.Radio


class _Page(NamedTuple):
    """What is on the tab, and what it remembers of a visitor."""

    controls: _Controls
    result: gr.ImageSlider
    facts: gr.Markdown
    chosen: gr.Markdown
    samples: gr.Gallery
    form: gr.Radio
    download: gr.Button
    file: gr.DownloadButton
    send: gr.Button
    cancel: gr.Button
    seen: gr.State
    """A `Canvas`, or None."""
    sampled: gr.State
    """Key of the photo that the samples show."""


def build(engines: Engines) -> Sender:
    """Lay out the tab inside the current `gr.Blocks`."""
    page, saver = _lay_out(engines), Saver(engines)
    show = _connect(page, saver, engines)
    translate_api.build(engines)
    sketch_face.build(engines)
    save = {"fn": saver.to_send, "inputs": page.seen, "concurrency_id": "translate"}
    return Sender(page.send, _shown_first(page.send, page.cancel, saver.jobs, show), save)


def _lay_out(engines: Engines) -> _Page:
    with gr.Row(elem_id="style"):
        with gr.Column(scale=2, min_width=320):
            photo = gr.Image(
                label="Your photo",
                sources=["upload", "clipboard"],
                type="filepath",
                format="png",
                height=260,
                elem_id="style-photo",
                elem_classes="photo",
            )
            examples = sorted(str(path) for path in EXAMPLES.glob("*.jpg"))
            gr.Examples(
                examples, photo, label="Examples", cache_examples=False, elem_id="style-examples"
            )
            strength = gr.Slider(
                0, 1, 1, step=0.05, label="Strength", info="0 your photo as it is, 1 the painting"
            )
            strokes = gr.Radio(list(STROKES), value="As in a painting", label="Strokes")
            where = gr.Radio(list(WHERE), value="Everywhere", label="Paint")
            keep_colors = gr.Checkbox(False, label="Keep my photo's colours")
            spare_faces = gr.Checkbox(
                True,
                label="Keep faces recognisable",
                info="Paints faces more lightly where strokes would cover them.",
            )
            with gr.Accordion("Your own style, or two blended", open=False, elem_id="style-own"):
                picture = gr.Image(
                    label="Take the style from this picture",
                    sources=["upload", "clipboard"],
                    type="filepath",
                    format="png",
                    height=200,
                    elem_id="style-picture",
                    elem_classes="photo",
                )
                second = gr.Dropdown(
                    [
                        ("None", NO_SECOND),
                        *((each.name, each.name) for each in style_gallery.at_hand(engines)),
                    ],
                    value=NO_SECOND,
                    label="Blend with",
                    elem_id="style-second",
                )
                share = gr.Slider(
                    0, 1, 0.5, step=0.05, label="Share of the second", elem_id="style-share"
                )
        with gr.Column(scale=3, min_width=320):
            result = comparison.picture("style-result")
            comparison.divider(result, "style-divider")
            facts = gr.Markdown(WELCOME, elem_id="style-facts", elem_classes="facts")
            form = gr.Radio(list(FORMATS), value="PNG", label="Format of the download")
            with gr.Row():
                download = gr.Button(
                    "Download at full size",
                    variant="primary",
                    interactive=False,
                    min_width=150,
                    elem_id="style-download",
                )
                send = gr.Button(
                    "Send to Upscale", interactive=False, min_width=150, elem_id="style-send"
                )
                cancel = gr.Button("Cancel", visible=False, min_width=100, elem_id="style-cancel")
            file = gr.DownloadButton(visible="hidden", elem_id="style-file")
    chosen = gr.Markdown(style_gallery.about(FIRST, engines), elem_id="style-chosen")
    samples = gr.Gallery(
        label=style_gallery.label(engines),
        columns=6,
        height="auto",
        allow_preview=False,
        buttons=[],
        interactive=False,
        visible=False,
        elem_id="style-samples",
    )
    others = style_gallery.others(engines)
    with gr.Accordion("More styles, from the Hub", open=False, visible=bool(others)):
        gr.Markdown(others, elem_id="style-others")
    controls = _Controls(
        photo,
        gr.State(FIRST),
        *(picture, second, share, strokes, strength, spare_faces, keep_colors, where),
    )
    return _Page(
        controls=controls,
        result=result,
        facts=facts,
        chosen=chosen,
        samples=samples,
        form=form,
        download=download,
        file=file,
        send=send,
        cancel=cancel,
        seen=gr.State(None, time_to_live=KEPT_SECONDS),
        sampled=gr.State(None),
    )


def _connect(page: _Page, saver: Saver, engines: Engines) -> dict[str, Any]:
    """Tell the components what to do. Returns what makes the result anew where it must be."""
    controls = page.controls
    private: dict[str, Any] = {"api_visibility": "private"}
    quick: dict[str, Any] = {**private, "queue": False, "show_progress": "hidden"}
    show: dict[str, Any] = {
        **private,
        "fn": partial(_show, engines),
        "inputs": [*controls, page.seen],
        "outputs": [page.result, page.facts, page.download, page.send, page.seen],
        "preprocess": False,
        "show_progress": "minimal",
        "show_progress_on": [page.result],
        "concurrency_id": "translate",
        "concurrency_limit": 1,
        "trigger_mode": "always_last",
    }
    gr.on(
        [
            *(each.input for each in (controls.second, controls.share, controls.strokes)),
            *(each.input for each in (controls.strength, controls.spare_faces)),
            *(each.input for each in (controls.keep_colors, controls.where)),
        ],
        **show,
    )
    controls.photo.change(**show).then(
        partial(_samples, engines),
        [page.seen, page.sampled],
        [page.samples, page.sampled],
        concurrency_id="translate",
        show_progress_on=[page.samples],
        **private,
    )
    page.samples.select(None, None, None, js=SCROLL, **private)
    page.samples.select(_choose, None, controls.style, **quick).then(
        partial(style_gallery.about, engines=engines), controls.style, page.chosen, **quick
    ).then(**show)
    controls.picture.change(
        partial(_take_own, engines),
        [controls.picture, controls.style],
        [controls.style, page.chosen],
        **quick,
    ).then(**show)
    _shown_first(page.download, page.cancel, saver.jobs, show)(
        saver.download,
        [page.form, page.seen],
        page.file,
        show_progress_on=[page.download],
        concurrency_id="translate",
        **private,
    ).success(None, js="() => document.querySelector('#style-file').click()", **private)
    return show


def _shown_first(
    button: gr.Button, cancel: gr.Button, jobs: Jobs, show: dict[str, Any]
) -> Callable[..., Dependency]:
    """At a click on the button what is shown is made anew, then what the returned function adds, at
    full size and with Cancel."""
    jobs.offer(cancel, button)
    shown = button.click(**show)

    def follow(*arguments: Any, **options: Any) -> Dependency:  # noqa: ANN401 (as Gradio's)
        saved = shown.then(*arguments, **options)
        jobs.withdraw(cancel, saved)
        return saved

    return follow


def _show(
    engines: Engines,
    payload: Payload | None,
    style: str | None,
    picture: Payload | None,
    second: str,
    share: float,
    strokes: str,
    strength: float,
    spare_faces: bool,
    keep_colors: bool,
    where: str,
    last: Canvas | None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
) -> Any:  # noqa: ANN401 (for the outputs in `_connect`)
    source = None
    try:
        source = sent_file(payload)
        if source is None:
            return _nothing(WELCOME)
        now = last
        if now is None or now.source != source:
            progress(0.05, desc="Reading the photo")
            now = painting.open_photo(source, engines)
        wishes = Wishes(
            style=style,
            picture=sent_file(picture) if style is None else None,
            second=second or None,
            share=share,
            strokes=strokes,
            strength=strength,
            spare_faces=spare_faces,
            keep_colors=keep_colors,
            region=WHERE[where],
        )
        now = painting.show(now, wishes, engines, telling(progress))
    except UserError as error:
        gr.Warning(str(error))
        text = f"**{error.message}** {error.remedy}"
        # A bad setting takes nothing away; a bad photo has no result.
        if last is None or last.source != source:
            return _nothing(text)
        return gr.skip(), text, gr.skip(), gr.skip(), gr.skip()
    on = gr.Button(interactive=True)
    shown = gr.skip() if now is last else (str(now.before), str(now.after))
    return shown, _facts(now), on, on, now


def _nothing(text: str) -> Any:  # noqa: ANN401 (for what `_show` fills)
    off = gr.Button(interactive=False)
    return None, text, off, off, None


def _samples(engines: Engines, now: Canvas | None, sampled: str | None) -> Any:  # noqa: ANN401
    """The gallery, unless it shows this photo already."""
    if now is None:
        return gr.Gallery(visible=False), None
    if now.key == sampled:
        return gr.Gallery(visible=True), sampled
    styles = style_gallery.at_hand(engines)
    pictures = painting.samples(now, (style.name for style in styles), engines)
    shown = [
        (picture, style_gallery.caption(style))
        for picture, style in zip(pictures, styles, strict=True)
    ]
    return gr.Gallery(shown, visible=True), now.key


def _choose(event: gr.SelectData) -> str:
    return style_gallery.name_in(event.value["caption"])


def _take_own(engines: Engines, picture: str | None, style: str | None) -> tuple[str | None, str]:
    """A picture that comes is the style; when it goes, the first style is."""
    chosen = None if picture else style or FIRST
    return chosen, style_gallery.about(chosen, engines)


# Words ---------------------------------------------------------------------------------------


def _facts(now: Canvas) -> str:
    """A few lines about the result, for people."""
    result, wishes = now.result, now.wishes
    if result is None or wishes is None:
        return WELCOME
    width, height = now.size
    photo = now.photo
    kept = [f"{photo.pixels.itemsize * 8} bits", *["transparency"] * (photo.alpha is not None)]
    kept += ["colour profile"] * (photo.icc is not None) + ["EXIF"] * (photo.exif is not None)
    styles = painting.weights_in_words(result.recipe["style"])
    where = f" on {result.ran.text}" if result.ran else ""
    lines = [
        f"**{width}×{height}** in {styles}, painted for the screen in "
        f"{result.timings_ms['networks'] / 1000:.2g} s{where}. Kept: {', '.join(kept)}.",
        *(f"*{note}*" for note in ran_notes(result.ran)),
    ]
    lightly = result.recipe["face_strength"]
    if now.faces and lightly < 1 and wishes.region != "background":
        lines.append(f"Faces are painted at {lightly:.0%} of the strength, to be told still.")
    if max(now.size) > painting.LONGEST and now.painted and not only_looks(now.painted.styles):
        lines.append("At full size finer strokes are added: that takes longer.")
    return "  \n".join(lines)
