"""`/sketch_to_face` for programs: the same function as the library's and the command line's."""

from typing import Any

import gradio as gr

from genapp import images
from genapp.errors import BadValue, UserError
from genapp.registry.engines import Engines
from genapp.translating import sketch_to_face
from genapp.ui.files import save_result
from genapp.ui.photo_input import Payload, hidden_photo, number_or, sent_file, whole_or


def build(engines: Engines) -> None:
    """Add `/sketch_to_face` to the current `gr.Blocks`; nothing of it is seen."""

    def endpoint(
        drawing: Payload | None,
        look: int = 0,
        variety: float = 1.0,
        size: int = 512,
        format: str = "png",
    ) -> tuple[str, dict[str, Any]]:
        """Make a photo of a drawn face. The person does not exist. Not for commercial use.

        Args:
            drawing: dark lines on light paper; the head should fill it, as in a passport photo.
            look: what lines leave open, such as skin, hair and light: 0 the usual one, every
                other whole number another one.
            variety: how far other looks are from the usual one, 0 to 2.
            size: side of the result in pixels, up to 1024.
            format: png, tiff, webp, jpg or avif.

        Returns:
            The face, and a report: model, size in pixels, timings, recipe.
        """
        try:
            source = sent_file(drawing)
            if source is None:
                raise BadValue("There is no drawing.", "Send one as 'drawing'.")
            made = sketch_to_face(
                source,
                look=whole_or("look", look, 0),
                variety=number_or("variety", variety, 1.0),
                size=whole_or("size", size, 512),
                format=str(format),
                engines=engines,
            )
            data = images.encode(made.photo, str(format))
            return str(save_result(data, f"{made.photo.name}.{format}")), made.report()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    inputs: list[Any] = [
        hidden_photo("drawing"),
        gr.Number(0, label="look", precision=0, visible=False),
        gr.Number(1.0, label="variety", visible=False),
        gr.Number(512, label="size", precision=0, visible=False),
        gr.Textbox("png", label="format", visible=False),
    ]
    picture = gr.File(label="picture", visible=False)
    report = gr.JSON(label="report", visible=False)
    # What the tool is called over MCP.
    endpoint.__name__ = "sketch_to_face"
    gr.Button(visible=False).click(
        endpoint,
        inputs,
        [picture, report],
        preprocess=False,
        api_name="sketch_to_face",
        concurrency_id="sketch-face",
    )
