"""`/augment` for programs: the same function as the library's and the command line's."""

from typing import Any

import gradio as gr

from genapp.augmenting import filled, probe, write_zip
from genapp.errors import UserError
from genapp.registry.engines import Engines
from genapp.ui import growing
from genapp.ui.files import place_for_result
from genapp.ui.photo_input import Payload, sent_files, sent_whole


def build(engines: Engines) -> None:
    """Add `/augment` to the current `gr.Blocks`; nothing of it is seen."""

    def endpoint(
        pictures: list[Payload] | None,
        recipe: str = "",
        count: int | None = None,
        per_class: int | None = None,
        seed: int | None = None,
        size: int | None = None,
        does_it_help: bool = False,
    ) -> tuple[str, dict[str, Any]]:
        """Grow a small data set: new pictures with their labels, as a ZIP.

        Args:
            pictures: a ZIP with a folder for each class, or 5 and more pictures; a table (CSV with
                the columns file and label) and boxes (COCO JSON) may be among them.
            recipe: what to do, as YAML, such as 'classic: {rotate: 20, flip: 0}'; what it leaves
                out has its default.
            count: new pictures in all, up to 2000; null: the recipe's, or as many as were sent.
            per_class: new pictures of each class, instead.
            seed: of all random numbers; null: the recipe's.
            size: side of the new pictures, which are squares, 16 to 1024 pixels; null: the
                recipe's, or as large as what they are made of.
            does_it_help: train small classifiers with and without the new pictures, and tell their
                accuracies. Takes some minutes, and needs two classes.

        Returns:
            A ZIP with the pictures, manifest.csv, manifest.json and recipe.yaml, and a report:
            pictures of each class, warnings, the recipe with all settings, timings.
        """
        try:
            uploads = sent_files(pictures)
            source = growing.open_uploads(uploads)
            wanted = filled(
                source,
                str(recipe or ""),
                count=sent_whole("count", count),
                per_class=sent_whole("count of each class", per_class),
                seed=sent_whole("seed", seed),
                size=sent_whole("size", size),
            )
            growing.check_total(wanted.total(len(source.items), len(source.labels)))
            target = place_for_result("augmented.zip")
            result = write_zip(target, source, recipe=wanted, engines=engines)
            report = result.report()
            if does_it_help is True:
                report["probe"] = probe(source, wanted, engines=engines).report()
            return str(target), report
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    inputs: list[Any] = [
        gr.File(label="pictures", file_count="multiple", visible=False),
        gr.Textbox("", label="recipe", visible=False),
        *(
            gr.Number(None, label=label, precision=0, visible=False)
            for label in ("count", "per_class", "seed", "size")
        ),
        gr.Checkbox(False, label="does_it_help", visible=False),
    ]
    packed = gr.File(label="pictures", visible=False)
    report = gr.JSON(label="report", visible=False)
    # What the tool is called over MCP.
    endpoint.__name__ = "augment"
    gr.Button(visible=False).click(
        endpoint,
        inputs,
        [packed, report],
        preprocess=False,
        api_name="augment",
        concurrency_id="augment",
    )
