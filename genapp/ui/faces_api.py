"""`/faces` for programs: the same function as the library's and the command line's."""

from typing import Any

import gradio as gr

from genapp import images
from genapp.errors import BadValue, UserError
from genapp.facemaking import Faces, consecutive, faces, from_recipe, parse_edits, parse_mix
from genapp.registry.engines import Engines
from genapp.ui import face_making
from genapp.ui.files import save_result
from genapp.ui.photo_input import number_or, sent_whole

MOST = 64
"""Faces in one answer."""


def build(engines: Engines) -> None:
    """Add `/faces` to the current `gr.Blocks`; nothing of it is seen."""

    def endpoint(
        count: int = 1,
        seed: int = 0,
        seeds: str = "",
        truncation: float = 0.7,
        edits: str = "",
        mix: str = "",
        recipe: str = "",
        size: int | None = None,
        model: str = "",
        format: str = "png",
        quality: int = 95,
    ) -> tuple[list[str], dict[str, Any]]:
        """Make faces of people who do not exist. The pictures are under CC-BY-NC-SA-4.0 and say
        inside that a network made them.

        Args:
            count: how many, of consecutive seeds; 64 at most.
            seed: the first one. A seed always gives the same face.
            seeds: exactly these instead, as '3, 8, 20-25'.
            truncation: 0 the average face to 1 as different as the network makes them; up to 1.5.
            edits: sliders, as 'age=1.5,smile=-1'; in standard deviations.
            mix: seed of a second face, as '9': skin and colours come from it; or '9@2', where 2 is
                how many coarse levels, pose and shape, stay a face's own.
            recipe: a line from an earlier report, which makes that face again; the settings above
                are then not used.
            size: side in pixels; empty for the network's own, 512 for enlarged.
            model: name of the network; empty for the one that comes with genapp.
            format: png, jpg, webp, tiff or avif.
            quality: 1 to 100 for jpg, webp and avif; 100 makes webp lossless.

        Returns:
            The pictures, and a report: model, size in pixels, seeds, notes, timings, recipes.
        """
        try:
            side = sent_whole("size", size)
            if recipe:
                made = _again(str(recipe), side, engines)
            else:
                made = faces(
                    seeds=_seeds(count, seed, seeds),
                    truncation=number_or("truncation", truncation, 0.7),
                    edits=parse_edits(str(edits or "")),
                    mix=parse_mix(str(mix)) if mix else None,
                    model=str(model) if model else None,
                    size=side,
                    engines=engines,
                )
            whole = sent_whole("quality", quality)
            written = [
                save_result(
                    images.encode(photo, str(format), quality=95 if whole is None else whole),
                    f"{photo.name}.{format}",
                )
                for photo in made.pictures
            ]
            return [str(path) for path in written], made.report()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    inputs: list[Any] = [
        gr.Number(1, label="count", precision=0, visible=False),
        gr.Number(0, label="seed", precision=0, visible=False),
        gr.Textbox("", label="seeds", visible=False),
        gr.Number(0.7, label="truncation", visible=False),
        gr.Textbox("", label="edits", visible=False),
        gr.Textbox("", label="mix", visible=False),
        gr.Textbox("", label="recipe", visible=False),
        gr.Number(None, label="size", precision=0, visible=False),
        gr.Textbox("", label="model", visible=False),
        gr.Textbox("png", label="format", visible=False),
        gr.Number(95, label="quality", precision=0, visible=False),
    ]
    pictures = gr.File(label="pictures", file_count="multiple", visible=False)
    report = gr.JSON(label="report", visible=False)
    # What the tool is called over MCP.
    endpoint.__name__ = "faces"
    gr.Button(visible=False).click(
        endpoint,
        inputs,
        [pictures, report],
        preprocess=False,
        api_name="faces",
        concurrency_id="faces",
    )


def _seeds(count: object, seed: object, seeds: object) -> list[int]:
    wanted, first = sent_whole("count", count), sent_whole("seed", seed)
    if str(seeds or "").strip():
        return face_making.seeds(str(seeds), 1, MOST)
    if wanted is not None and not 1 <= wanted <= MOST:
        raise BadValue(f"The count is {wanted}.", f"Choose 1 to {MOST}.")
    return consecutive(first or 0, 1 if wanted is None else wanted)


def _again(recipe: str, size: int | None, engines: Engines) -> Faces:
    return from_recipe(face_making.at_size(recipe, size), engines=engines)
