"""`/translate` for programs: the same function as the library's and the command line's."""

from typing import Any

import gradio as gr

from genapp import images
from genapp.errors import BadValue, UnknownName, UserError
from genapp.registry.engines import Engines
from genapp.translating import known_names, parse_styles, translate
from genapp.tryon import PARSER_NAMES
from genapp.ui.files import save_result
from genapp.ui.photo_input import (
    Payload,
    hidden_photo,
    number_or,
    sent_file,
    sent_number,
    sent_whole,
)


def build(engines: Engines) -> None:
    """Add `/translate` to the current `gr.Blocks`; nothing of it is seen."""

    def endpoint(
        photo: Payload | None,
        style: str = "",
        style_picture: Payload | None = None,
        strength: float = 1.0,
        face_strength: float | None = None,
        keep_colors: bool = False,
        region: str = "all",
        detail: int | None = None,
        refine: bool = True,
        format: str = "png",
        quality: int = 95,
        parser: str = "auto",
    ) -> tuple[str, dict[str, Any]]:
        """Paint a photo in a style. Size, bit depth, transparency, colour profile and EXIF stay.

        Args:
            photo: the picture.
            style: a style or look, such as embers or golden-hour, or a blend, such as
                embers=2,ink-wash=1. A wrong name is answered with all names.
            style_picture: a picture whose style is taken; together with 'style' both are blended
                in equal parts.
            strength: 0 the photo to 1 the painting.
            face_strength: how much of that there is on faces, 0 to 1; null: as much as lets them
                still be told.
            keep_colors: the painting's light in the photo's colours.
            region: all, face (faces only) or background (people stay as they are).
            detail: longer side in pixels of the picture in which the strokes are made, 64 to
                12000: the larger, the finer; null: what suits the style and faces.
            refine: whether large photos get finer strokes too.
            format: png, tiff, webp, jpg or avif.
            quality: 1 to 100 for webp, jpg and avif; 100 makes webp lossless.
            parser: what finds the edges of a region: bisenet-r34, bisenet-r18, selfie-multiclass,
                auto for the first that is here, or none.

        Returns:
            The picture, and a report: model, size in pixels, timings, recipe.
        """
        try:
            source = sent_file(photo)
            if source is None:
                raise BadValue("There is no photo.", "Send one as 'photo'.")
            done = translate(
                source,
                _weights(style, sent_file(style_picture)),
                strength=number_or("strength", strength, 1.0),
                face_strength=sent_number("face strength", face_strength),
                keep_colors=keep_colors is True,
                region=str(region or "all"),
                detail=sent_whole("detail", detail),
                refine=refine is not False,
                format=str(format),
                parser=str(parser or "auto"),
                engines=engines,
            )
            data = images.encode(
                done.photo, str(format), quality=sent_whole("quality", quality) or 95
            )
            return str(save_result(data, f"{done.photo.name}.{format}")), done.report()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    inputs: list[Any] = [
        hidden_photo("photo"),
        gr.Textbox("", label="style", visible=False),
        hidden_photo("style_picture"),
        gr.Number(1.0, label="strength", visible=False),
        gr.Number(None, label="face_strength", visible=False),
        gr.Checkbox(False, label="keep_colors", visible=False),
        gr.Textbox("all", label="region", visible=False),
        gr.Number(None, label="detail", precision=0, visible=False),
        gr.Checkbox(True, label="refine", visible=False),
        gr.Textbox("png", label="format", visible=False),
        gr.Number(95, label="quality", precision=0, visible=False),
        gr.Textbox("auto", label="parser", info=", ".join(PARSER_NAMES), visible=False),
    ]
    picture = gr.File(label="picture", visible=False)
    report = gr.JSON(label="report", visible=False)
    # What the tool is called over MCP.
    endpoint.__name__ = "translate"
    gr.Button(visible=False).click(
        endpoint,
        inputs,
        [picture, report],
        preprocess=False,
        api_name="translate",
        concurrency_id="translate",
    )


def _weights(style: object, picture: str | bytes | None) -> dict[Any, float]:
    """What was asked for, of names and a picture. Raises `UnknownName` for what is no style: a
    path would open the server's own files to anybody."""
    text = str(style or "").strip()
    named = {part.rpartition("=")[0] or part for part in map(str.strip, text.split(",")) if part}
    for name in sorted(named - set(known_names())):
        raise UnknownName("style", name, known_names())
    weights: dict[Any, float] = dict(parse_styles(text)) if text else {}
    if picture is not None:
        total = sum(weights.values())
        weights[picture] = total if total > 0 else 1.0
    if not weights:
        raise BadValue("There is no style.", "Send 'style' or 'style_picture'.")
    return weights
