"""`/try_on` for programs: the same function as the library's and the command line's."""

from typing import Any

import gradio as gr

from genapp.errors import BadValue, UserError
from genapp.registry.engines import Engines
from genapp.tryon import (
    compare_frames,
    frame_names,
    load_frame,
    parse_frames,
    parse_nudge,
    try_on,
)
from genapp.ui.fitting import save
from genapp.ui.photo_input import Payload, PhotoData, sent_file

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

        Returns:
            The picture as PNG, and a report: faces with pose, measures in mm and fit; timings.
        """
        try:
            source = sent_file(photo)
            if source is None:
                raise BadValue("There is no photo.", "Send one as 'photo'.")
            lens: dict[str, Any] = {
                "tint": str(tint) if tint else None,
                "opacity": _number("opacity", opacity),
                "gradient": _number("gradient", gradient),
            }
            move = parse_nudge(str(nudge or ""))
            if compare:
                names = [load_frame(name) for name in parse_frames(str(compare)) if name]
                compared = compare_frames(source, names, **lens, nudge=move, engines=engines)
                return str(save(compared.sheet)), compared.report()
            # Names only: whoever calls must not open the server's files.
            frames = [
                None if name is None else load_frame(name)
                for name in parse_frames(str(frame or FIRST))
            ]
            worn = try_on(source, frames, **lens, nudge=move, engines=engines)
            return str(save(worn.photo)), worn.report()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    photo = gr.Image(label="photo", type="filepath", visible=False)
    photo.data_model = PhotoData
    frame = gr.Textbox(FIRST, label="frame", info=", ".join(frame_names()), visible=False)
    tint = gr.Textbox("", label="tint", visible=False)
    opacity = gr.Number(None, label="opacity", visible=False)
    gradient = gr.Number(None, label="gradient", visible=False)
    nudge = gr.Textbox("", label="nudge", visible=False)
    compare = gr.Textbox("", label="compare", visible=False)
    picture = gr.File(label="picture", visible=False)
    report = gr.JSON(label="report", visible=False)
    gr.Button(visible=False).click(
        endpoint,
        [photo, frame, tint, opacity, gradient, nudge, compare],
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
