"""The Style tab's panel "Draw a face": lines on a sheet, and a photo of them at every stroke."""

from functools import partial
from typing import Any, NamedTuple

import cv2
import gradio as gr
import numpy as np
from numpy.typing import NDArray

from genapp import images
from genapp.errors import BadValue, UserError
from genapp.facemaking import cut_out
from genapp.registry.engines import Engines
from genapp.translating import SKETCH_FACE, sketch_to_face, translate
from genapp.ui import sketch_face_api
from genapp.ui.files import save_result
from genapp.ui.photo_input import Payload, sent_file
from genapp.ui.tryon_tab import EXAMPLES

SHEET = 512
"""Side of the sheet, px."""
SHOWN = 256
"""Of the face beside it: small, because it is made anew at every stroke."""
INK = (24, 24, 28)
ABOUT = (
    "Draw with the brush, rub out with the eraser: the face follows every stroke. The head should "
    "fill the sheet. Or let a photo be drawn, and change its lines. The person does not exist, and "
    "the network is a small one: bold, simple lines work best. Not for commercial use (CC BY-NC-SA "
    "4.0)."
)
HINT = "Draw a stroke, and the face appears here."

Bytes = NDArray[np.uint8]
Sheet = dict[str, Any]
"""What Gradio's editor gives and takes: background, layers and composite."""


class _Parts(NamedTuple):
    """The components."""

    sheet: gr.ImageEditor
    look: gr.Slider
    variety: gr.Slider
    photo: gr.Image
    face: gr.Image
    facts: gr.Markdown


def build(engines: Engines) -> None:
    """Lay out the panel and the endpoint inside the current `gr.Blocks`; the endpoint alone where
    the network is hidden (see `Catalog.allowed`)."""
    sketch_face_api.build(engines)
    if SKETCH_FACE not in engines.catalog.names:
        return
    with gr.Accordion("Draw a face", open=False, elem_id="style-sketch") as panel:
        parts = _lay_out()
    make: dict[str, Any] = {
        "fn": partial(_make, engines),
        "inputs": [parts.sheet, parts.look, parts.variety],
        "outputs": [parts.face, parts.facts],
        "show_progress": "hidden",
        "concurrency_id": "sketch-face",
        "trigger_mode": "always_last",
        "api_visibility": "private",
    }
    gr.on([panel.expand, parts.sheet.change, parts.look.input, parts.variety.input], **make)
    parts.photo.change(
        partial(_lines_of, engines),
        parts.photo,
        [parts.sheet, parts.facts],
        preprocess=False,
        show_progress_on=[parts.sheet],
        concurrency_id="translate",
        api_visibility="private",
    )


def _lay_out() -> _Parts:
    gr.Markdown(ABOUT)
    with gr.Row(elem_id="sketch"):
        with gr.Column(min_width=320):
            sheet = gr.ImageEditor(
                sheet_of(first_drawing()),
                label="Your drawing",
                type="numpy",
                image_mode="RGBA",
                sources=(),
                transforms=(),
                layers=False,
                brush=gr.Brush(default_size=5, colors=["#18181c"], color_mode="fixed"),
                eraser=gr.Eraser(default_size=24),
                canvas_size=(SHEET, SHEET),
                fixed_canvas=True,
                buttons=[],
                height=600,
                elem_id="sketch-sheet",
            )
        with gr.Column(min_width=320):
            face = gr.Image(
                label="The face",
                type="filepath",
                format="png",
                height=420,
                interactive=False,
                buttons=["download", "fullscreen"],
                elem_id="sketch-face",
            )
            facts = gr.Markdown(HINT, elem_id="sketch-facts", elem_classes="facts")
            look = gr.Slider(
                0,
                30,
                0,
                step=1,
                label="Look",
                info="Skin, hair and light, which lines leave open.",
                elem_id="sketch-look",
            )
            variety = gr.Slider(0, 2, 1, step=0.1, label="How different looks are")
            photo = gr.Image(
                label="Draw this photo for me",
                sources=["upload", "clipboard"],
                type="filepath",
                format="png",
                height=180,
                elem_id="sketch-photo",
                elem_classes="photo",
            )
            gr.Examples(
                sorted(str(path) for path in EXAMPLES.glob("*.jpg")),
                photo,
                label="Examples",
                cache_examples=False,
                elem_id="sketch-examples",
            )
    return _Parts(sheet, look, variety, photo, face, facts)


def _make(engines: Engines, sheet: Sheet | None, look: float, variety: float) -> Any:  # noqa: ANN401
    """For the face and the facts."""
    try:
        drawing = None if sheet is None else sheet["composite"]
        if drawing is None:
            raise BadValue("The sheet is empty.", HINT)
        made = sketch_to_face(
            drawing, look=int(look), variety=float(variety), size=SHOWN, engines=engines
        )
    except UserError as error:
        return None, f"**{error.message}** {error.remedy}"
    seconds = sum(made.timings_ms.values()) / 1000
    path = save_result(images.encode(made.photo, "png"), "face.png")
    where = f" on {made.ran.text}" if made.ran else ""
    return str(path), f"Made in {seconds:.1f} s{where}. **This person does not exist.**"


def _lines_of(engines: Engines, payload: Payload | None) -> Any:  # noqa: ANN401
    """For the sheet and the facts: the face of a photo as a line drawing."""
    try:
        source = sent_file(payload)
        if source is None:
            return gr.skip(), gr.skip()
        face = cut_out(images.read(source), SHEET, engines)
        pixels = images.from_float(face, np.uint8)
        drawn = translate(pixels, "line-drawing", detail=SHEET, engines=engines)
    except UserError as error:
        return gr.skip(), f"**{error.message}** {error.remedy}"
    return sheet_of(np.asarray(drawn.photo.pixels[..., 0], np.uint8)), gr.skip()


def sheet_of(drawing: Bytes) -> Sheet:
    """A drawing, S×S lightness, on the sheet, in a layer that the eraser reaches."""
    ink = np.empty((*drawing.shape, 4), np.uint8)
    ink[..., :3] = INK
    ink[..., 3] = 255 - drawing
    paper = np.full((*drawing.shape, 4), 255, np.uint8)
    alpha = ink[..., 3:].astype(np.float32) / 255
    composite = paper.copy()
    composite[..., :3] = np.array(INK, np.float32) * alpha + 255 * (1 - alpha)
    return {"background": paper, "layers": [ink], "composite": composite}


def first_drawing() -> Bytes:
    """A simple face to begin with, 512×512 lightness."""
    paper = np.full((SHEET, SHEET), 255, np.uint8)
    for middle, axes, first, last in (
        ((256, 285), (140, 190), -20, 200),  # jaw
        ((256, 235), (190, 205), 150, 390),  # hair, around
        ((250, 170), (135, 55), 170, 370),  # hair, over the forehead
        ((256, 392), (52, 16), 15, 165),  # lower lip
        ((256, 372), (62, 22), 20, 160),  # between the lips
        ((256, 322), (26, 14), 20, 160),  # nose
    ):
        cv2.ellipse(paper, middle, axes, 0, first, last, 0, 4, cv2.LINE_AA)
    for x in (194, 318):
        cv2.ellipse(paper, (x, 258), (34, 15), 0, 0, 360, 0, 3, cv2.LINE_AA)
        cv2.circle(paper, (x, 257), 11, 0, -1, cv2.LINE_AA)
        cv2.ellipse(paper, (x, 236), (42, 18), 0, 200, 340, 0, 5, cv2.LINE_AA)
    return paper
