"""`/try_on` for programs: the same function as the library's and the command line's."""

from pathlib import Path
from typing import Any

import gradio as gr

from genapp.errors import BadValue, UserError
from genapp.registry.engines import Engines
from genapp.tryon import (
    DETECTORS,
    PARSER_NAMES,
    Frame,
    compare_frames,
    frame_names,
    load_frame,
    open_frame,
    parse_frames,
    parse_nudge,
    try_on,
)
from genapp.ui.fitting import save
from genapp.ui.photo_input import Payload, hidden_photo, sent_file, sent_number

FIRST = "aviator"


def build(engines: Engines) -> None:
    """Add `/try_on` to the current `gr.Blocks`; nothing of it is seen."""

    def endpoint(
        photo: Payload | None,
        frame: str = FIRST,
        tint: str = "",
        opacity: float | None = None,
        gradient: float | None = None,
        nudge: str = "",
        compare: str = "",
        dioptres: float | None = None,
        pd_mm: float | None = None,
        card: bool = False,
        frame_file: Payload | None = None,
        width_mm: float | None = None,
        detector: str = "blazeface",
        parser: str = "auto",
    ) -> tuple[str, dict[str, Any]]:
        """Put a pair of glasses on every face of a photo.

        Args:
            photo: the picture.
            frame: name of the glasses; or one for each face, the largest first, with commas
                between and 'none' for no glasses.
            tint: colour of the lenses as '#rrggbb'; empty for the frame's own.
            opacity: 0 clear to 1 full tint; empty for the frame's own.
            gradient: 0 even to 1 clear at the bottom; empty for the frame's own.
            nudge: how to move the frame, as 'right=2,down=-1,forward=0,tilt=3,size=1.05' (mm,
                degrees, times).
            compare: names with commas between: the answer is then one picture of the largest face
                in each of these frames, and the report lists them.
            dioptres: power of prescription lenses, -10 to 8; empty for none.
            pd_mm: pupillary distance of the largest face, 40 to 80; empty to measure it.
            card: whether a bank card in the photo gives the size.
            frame_file: a frame of your own instead of `frame`: a .glb or .gltf model, or a
                picture of the front.
            width_mm: width of that frame; a picture needs it.
            detector: what finds the faces: 'blazeface' or 'yunet'.
            parser: what tells hands, hair and clothes from the face: 'bisenet-r34', 'bisenet-r18',
                'selfie-multiclass', 'auto' for the first that is here, or 'none'.

        Returns:
            The picture as PNG, and a report: faces with pose, measures in mm and fit; timings.
        """
        try:
            source = sent_file(photo)
            if source is None:
                raise BadValue("There is no photo.", "Send one as 'photo'.")
            settings: dict[str, Any] = {
                "tint": str(tint) if tint else None,
                "opacity": sent_number("opacity", opacity, "Choose a number from 0 to 1."),
                "gradient": sent_number("gradient", gradient, "Choose a number from 0 to 1."),
                "dioptres": sent_number("dioptres", dioptres) or 0.0,
                "pd_mm": sent_number("pd_mm", pd_mm),
                "card": card is True,
                "nudge": parse_nudge(str(nudge or "")),
                "detector": str(detector or "blazeface"),
                "parser": str(parser or "auto"),
                "engines": engines,
            }
            if compare:
                names = [load_frame(name) for name in parse_frames(str(compare)) if name]
                compared = compare_frames(source, names, **settings)
                return str(save(compared.sheet)), compared.report()
            own = sent_file(frame_file)
            if own is not None:
                file = Path(own) if isinstance(own, str) else own
                frames: list[Frame | None] = [open_frame(file, sent_number("width_mm", width_mm))]
            else:
                # Names only: whoever calls must not open the server's files.
                frames = [
                    None if name is None else load_frame(name)
                    for name in parse_frames(str(frame or FIRST))
                ]
            worn = try_on(source, frames, **settings)
            return str(save(worn.photo)), worn.report()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    photo = hidden_photo("photo")
    frame = gr.Textbox(FIRST, label="frame", info=", ".join(frame_names()), visible=False)
    tint = gr.Textbox("", label="tint", visible=False)
    opacity = gr.Number(None, label="opacity", visible=False)
    gradient = gr.Number(None, label="gradient", visible=False)
    nudge = gr.Textbox("", label="nudge", visible=False)
    compare = gr.Textbox("", label="compare", visible=False)
    dioptres = gr.Number(None, label="dioptres", visible=False)
    pd_mm = gr.Number(None, label="pd_mm", visible=False)
    card = gr.Checkbox(label="card", visible=False)
    frame_file = gr.File(label="frame_file", visible=False)
    width_mm = gr.Number(None, label="width_mm", visible=False)
    detector = gr.Textbox("blazeface", label="detector", info=", ".join(DETECTORS), visible=False)
    parser = gr.Textbox("auto", label="parser", info=", ".join(PARSER_NAMES), visible=False)
    picture = gr.File(label="picture", visible=False)
    report = gr.JSON(label="report", visible=False)
    # What the tool is called over MCP.
    endpoint.__name__ = "try_on"
    gr.Button(visible=False).click(
        endpoint,
        [
            *(photo, frame, tint, opacity, gradient, nudge, compare),
            *(dioptres, pd_mm, card, frame_file, width_mm, detector, parser),
        ],
        [picture, report],
        preprocess=False,
        api_name="try_on",
        concurrency_id="try-on",
    )
