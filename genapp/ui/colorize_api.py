"""`/colorize` for programs: the same function as the library's and the command line's."""

from typing import Any

import gradio as gr

from genapp import images
from genapp.colorizing import colorize
from genapp.errors import BadValue, UserError
from genapp.registry.engines import Engines
from genapp.ui.files import save_result
from genapp.ui.photo_input import Payload, hidden_photo, number_or, sent_file, whole_or


def build(engines: Engines) -> None:
    """Add `/colorize` to the current `gr.Blocks`; nothing of it is seen."""

    def endpoint(
        photo: Payload | None,
        hints: str = "",
        saturation: float = 1.0,
        warmth: float = 0.0,
        strength: float = 1.0,
        candidate: int = 0,
        keep_grey: Payload | None = None,
        reference: Payload | None = None,
        reference_strength: float = 0.7,
        denoise: float = 0.0,
        scratches: float = 0.0,
        contrast: float = 0.0,
        sketch: bool = False,
        palette: str = "natural",
        model: str = "",
        format: str = "png",
        quality: int = 95,
    ) -> tuple[str, dict[str, Any]]:
        """Colour a grey or sepia photo. Light and dark, size, bit depth, transparency, colour
        profile and EXIF stay.

        Args:
            photo: the picture.
            hints: known colours as 'X,Y,#rrggbb' (pixels of the upright photo), with semicolons
                between.
            saturation: 0 grey, 1 as the network has it, to 2.
            warmth: -1 cold to 1 warm.
            strength: 0 the photo as it is to 1 the colours.
            candidate: which of several plausible colourings; 0 is the network's own.
            keep_grey: a picture of any size, white where the photo is to stay grey.
            reference: a picture in colour, whose mood of colours is taken.
            reference_strength: how far, 0 to 1.
            denoise: how much of the grain is smoothed before, 0 to 1.
            scratches: how many scratches and specks are filled before, 0 to 1.
            contrast: how much faded blacks and whites are stretched before, 0 to 1.
            sketch: whether it is a line drawing: a wash of colour is laid under its lines.
            palette: of that wash: natural, pastel, vivid, vintage or comic.
            model: name of the network; empty for the best that is on this machine.
            format: png, tiff, webp, jpg or avif.
            quality: 1 to 100 for webp, jpg and avif; 100 makes webp lossless.

        Returns:
            The picture, and a report: model, size in pixels, notes, timings, recipe.
        """
        try:
            source = sent_file(photo)
            if source is None:
                raise BadValue("There is no photo.", "Send one as 'photo'.")
            done = colorize(
                source,
                model=str(model) if model else None,
                hints=_parts(hints),
                saturation=number_or("saturation", saturation, 1.0),
                warmth=number_or("warmth", warmth, 0.0),
                strength=number_or("strength", strength, 1.0),
                candidate=whole_or("candidate", candidate, 0),
                keep_grey=sent_file(keep_grey),
                reference=sent_file(reference),
                reference_strength=number_or("reference strength", reference_strength, 0.7),
                denoise=number_or("denoise", denoise, 0.0),
                scratches=number_or("scratches", scratches, 0.0),
                contrast=number_or("contrast", contrast, 0.0),
                sketch=sketch is True,
                palette=str(palette or "natural"),
                format=str(format),
                engines=engines,
            )
            data = images.encode(done.photo, str(format), quality=whole_or("quality", quality, 95))
            return str(save_result(data, f"{done.photo.name}.{format}")), done.report()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    inputs: list[Any] = [
        hidden_photo("photo"),
        gr.Textbox("", label="hints", visible=False),
        gr.Number(1.0, label="saturation", visible=False),
        gr.Number(0.0, label="warmth", visible=False),
        gr.Number(1.0, label="strength", visible=False),
        gr.Number(0, label="candidate", precision=0, visible=False),
        hidden_photo("keep_grey"),
        hidden_photo("reference"),
        gr.Number(0.7, label="reference_strength", visible=False),
        gr.Number(0.0, label="denoise", visible=False),
        gr.Number(0.0, label="scratches", visible=False),
        gr.Number(0.0, label="contrast", visible=False),
        gr.Checkbox(False, label="sketch", visible=False),
        gr.Textbox("natural", label="palette", visible=False),
        gr.Textbox("", label="model", visible=False),
        gr.Textbox("png", label="format", visible=False),
        gr.Number(95, label="quality", precision=0, visible=False),
    ]
    picture = gr.File(label="picture", visible=False)
    report = gr.JSON(label="report", visible=False)
    # What the tool is called over MCP.
    endpoint.__name__ = "colorize"
    gr.Button(visible=False).click(
        endpoint,
        inputs,
        [picture, report],
        preprocess=False,
        api_name="colorize",
        concurrency_id="colorize",
    )


def _parts(hints: object) -> list[str]:
    """Of a text with semicolons or line ends between; a list comes through as it is."""
    if isinstance(hints, list):
        return [str(hint) for hint in hints]
    texts = str(hints or "").replace("\n", ";").split(";")
    return [text.strip() for text in texts if text.strip()]
