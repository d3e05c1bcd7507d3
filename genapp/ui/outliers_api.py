"""`/outliers` for programs: the same function as the library's and the command line's."""

from pathlib import Path
from typing import Any

import gradio as gr

from genapp.errors import BadValue, UserError
from genapp.registry.engines import Engines
from genapp.screening import DEFAULT, Detector, csv_text, load, outliers
from genapp.ui import screening
from genapp.ui.files import save_result
from genapp.ui.photo_input import Payload, sent_files, sent_number


def build(engines: Engines) -> None:
    """Add `/outliers` to the current `gr.Blocks`; nothing of it is seen."""

    def endpoint(
        pictures: list[Payload] | None,
        reference: list[Payload] | None = None,
        score: str = DEFAULT,
        false_alarm: float = 0.05,
        also: str = "",
        neighbours: int = 3,
        tune: bool = False,
    ) -> tuple[str, dict[str, Any]]:
        """Find the pictures that don't belong, with a p-value for each.

        Args:
            pictures: files of pictures, or ZIPs of them.
            reference: what belongs: at least 30 pictures or ZIPs of them, or one detector (.npz);
                nothing for upright faces that fill the picture.
            score: features, pixelcnn, elbo, iwae, complexity, regret or ratio; with tune, all but
                the first two as tuned-elbo and so on, too.
            false_alarm: share of pictures that belong which may be called outliers, 0 to 1.
            also: further scores to be told, with commas between.
            neighbours: how many of the nearest pictures of the reference are named.
            tune: train a VAE further on the reference, of at least 60 pictures, and tell its scores
                too; takes about a minute more.

        Returns:
            A table (CSV), and a report: score, p-value, outlier or not of each picture, the
            threshold, and what the p-values are ranks among.
        """
        try:
            uploads = sent_files(pictures)
            if not uploads:
                raise BadValue("There are no pictures.", "Send some as 'pictures'.")
            rate = sent_number("false-alarm rate", false_alarm)
            count = sent_number("number of neighbours", neighbours)
            result = outliers(
                uploads,
                reference=_reference(sent_files(reference)),
                score=str(score or DEFAULT),
                also=[name.strip() for name in str(also or "").split(",") if name.strip()],
                false_alarm=0.05 if rate is None else rate,
                neighbours=3 if count is None else int(count),
                tune=bool(tune),
                engines=engines,
            )
            table = save_result(csv_text(result).encode(), "outliers.csv")
            return str(table), screening.report(result)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    inputs: list[Any] = [
        gr.File(label="pictures", file_count="multiple", visible=False),
        gr.File(label="reference", file_count="multiple", visible=False),
        gr.Textbox(DEFAULT, label="score", visible=False),
        gr.Number(0.05, label="false_alarm", visible=False),
        gr.Textbox("", label="also", visible=False),
        gr.Number(3, label="neighbours", precision=0, visible=False),
        gr.Checkbox(False, label="tune", visible=False),
    ]
    table = gr.File(label="table", visible=False)
    report = gr.JSON(label="report", visible=False)
    # What the tool is called over MCP.
    endpoint.__name__ = "outliers"
    gr.Button(visible=False).click(
        endpoint,
        inputs,
        [table, report],
        preprocess=False,
        api_name="outliers",
        concurrency_id="outliers",
    )


def _reference(uploads: list[str]) -> list[str] | Detector | None:
    if len(uploads) == 1 and uploads[0].lower().endswith(".npz"):
        return load(Path(uploads[0]))
    return uploads or None
