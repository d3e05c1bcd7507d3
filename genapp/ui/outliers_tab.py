"""The Outliers tab: pictures in, those that don't belong out, with reasons."""

from typing import Any

import cv2
import gradio as gr

from genapp.errors import BadValue, Cancelled, UserError
from genapp.registry.engines import Engines
from genapp.screening import (
    BACKGROUND,
    DEFAULT,
    LEAST,
    LEAST_TO_TUNE,
    SCORES,
    UNTUNED,
    demonstrate,
    histogram,
)
from genapp.screening import BUILT_IN as DETECTOR
from genapp.ui import outliers_api, screening
from genapp.ui.files import save_result
from genapp.ui.jobs import Jobs
from genapp.ui.photo_input import sent_files
from genapp.ui.screening import Found, Reference

KEPT_SECONDS = 600
BUILT_IN, OWN = "faces (comes with genapp)", "what I send"
WELCOME = "Send pictures, and see which of them don't belong."
ABOUT_REFERENCE = (
    f"At least {LEAST} pictures of what belongs, as pictures or a ZIP, or a detector (.npz) that "
    "you have downloaded here before."
)
ABOUT_FACES = (
    "Faces, upright and filling a square picture from chin to hair. Anything else is an outlier."
)
ABOUT_TUNING = (
    "A VAE learns your reference, {least} pictures or more, and gives five scores by likelihood. "
    "About {time} here; Cancel stops it."
)
ABOUT_DEMONSTRATION = (
    "A generative model tells how likely a picture is. It seems natural to call unlikely pictures "
    "outliers, and it fails. Compute it here: empty pictures, scored by models of faces."
)
SCROLL = """() => {
    if (innerWidth < 700)
        document.querySelector("#outliers-facts").scrollIntoView({behavior: "smooth"});
}"""


class _Job:
    """What happens on a click.

    Args:
        engines: the pool of networks that all visitors share.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self.jobs = Jobs("Your pictures are still here.")

    # The results are those of the events in `build`.
    def work(
        self,
        pictures: list[dict[str, Any]] | None,
        kind: str,
        reference: list[dict[str, Any]] | None,
        tune: bool,
        every_score: bool,
        false_alarm: float,
        last: Reference | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for found, reference, score and what `_shown` fills)
        try:
            uploads = sent_files(pictures)
            if not uploads:
                raise BadValue("There are no pictures.", "Send some first.")
            scores = (DEFAULT, *(UNTUNED if every_score else ()))
            known: Reference | None = None
            of_reference = sent_files(reference)
            if kind == OWN and not of_reference:
                raise BadValue("There is no reference.", ABOUT_REFERENCE)
            with self.jobs.running(request, progress) as told:
                if kind == OWN:
                    known = screening.find_reference(
                        of_reference, scores, tune, last, self._engines, told
                    )
                found = screening.find_outliers(
                    uploads, known, scores, false_alarm, self._engines, told
                )
        except Cancelled as error:
            gr.Info(str(error))
            return gr.skip()
        except UserError as error:
            gr.Warning(str(error))
            told_why = f"**{error.message}** {error.remedy}"
            return *_skips(3), told_why, *_skips(2 + _DETAILS + _FILES)
        names = list(found.result.images[0].scores) if found.result.images else [DEFAULT]
        choices = gr.Dropdown(
            [(SCORES[name].title, name) for name in names],
            value=DEFAULT,
            visible=len(names) > 1,
        )
        return found, known or last, choices, *_shown(found), *_nothing(), *_no_files(found)

    def demonstrate(self) -> Any:  # noqa: ANN401 (for gallery, table and verdict)
        try:
            shown = demonstrate(self._engines)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        pictures = []
        for name, pixels in shown.pictures.items():
            _, data = cv2.imencode(".png", pixels[..., ::-1])
            pictures.append((str(save_result(data.tobytes(), f"{name}.png")), name))
        return (
            gr.Gallery(pictures, visible=True),
            screening.verdict_of(shown),
            screening.table_of(shown),
        )


def build(engines: Engines) -> None:
    """Lay out the tab inside the current `gr.Blocks`."""
    does = _Job(engines)
    # Both may be hidden: see `Catalog.allowed`.
    knows_faces, has_likelihoods = (
        name in engines.catalog.names for name in (DETECTOR, BACKGROUND)
    )
    found = gr.State(None, time_to_live=KEPT_SECONDS)
    known = gr.State(None, time_to_live=KEPT_SECONDS)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            pictures = gr.File(
                label="Your pictures: several, or a ZIP",
                file_count="multiple",
                file_types=["image", ".zip"],
                height=180,
                elem_id="outliers-pictures",
            )
            kind = gr.Radio(
                [BUILT_IN, OWN] if knows_faces else [OWN],
                value=BUILT_IN if knows_faces else OWN,
                label="What belongs",
                info=ABOUT_FACES if knows_faces else ABOUT_REFERENCE,
                elem_id="outliers-kind",
            )
            reference = gr.File(
                label="What belongs: 30 pictures or more, a ZIP, or a detector",
                file_count="multiple",
                file_types=["image", ".zip", ".npz"],
                height=150,
                visible=not knows_faces,
                elem_id="outliers-reference",
            )
            tune = gr.Checkbox(
                False,
                label="Tune a model on it",
                info=ABOUT_TUNING.format(least=LEAST_TO_TUNE, time=screening.tuning_time()),
                visible=False,
                elem_id="outliers-tune",
            )
            every_score = gr.Checkbox(
                False,
                label="All scores side by side",
                info="Also those by likelihood, of models of faces at 32×32 pixels; slower.",
                visible=has_likelihoods,
                elem_id="outliers-every",
            )
            run = gr.Button("Find outliers", variant="primary", elem_id="outliers-run")
            cancel = gr.Button("Cancel", visible=False, elem_id="outliers-cancel")
            false_alarm = gr.Slider(
                0,
                0.3,
                0.05,
                step=0.001,
                label="False-alarm rate",
                info="Share of pictures that belong which may be called outliers.",
                elem_id="outliers-rate",
            )
            score = gr.Dropdown(
                [(SCORES[DEFAULT].title, DEFAULT)],
                value=DEFAULT,
                label="Score that decides",
                visible=False,
                elem_id="outliers-score",
            )
            with gr.Row():
                prepare = gr.Button("Make files", interactive=False, elem_id="outliers-files")
                table = gr.DownloadButton("Table (CSV)", visible=False, elem_id="outliers-csv")
                packed = gr.DownloadButton("All (ZIP)", visible=False, elem_id="outliers-zip")
                fitted = gr.DownloadButton(
                    "Detector (.npz)", visible=False, elem_id="outliers-detector"
                )
        with gr.Column(scale=3, min_width=320):
            facts = gr.Markdown(WELCOME, elem_id="outliers-facts", elem_classes="facts")
            bars = gr.HTML("", elem_id="outliers-histogram")
            gallery = gr.Gallery(
                label="The strangest first; click one to see where and why",
                columns=5,
                height="auto",
                object_fit="contain",
                allow_preview=False,
                interactive=False,
                visible=False,
                buttons=[],
                elem_id="outliers-gallery",
            )
            with gr.Row():
                where = gr.Image(
                    label="Where: red is unlike the reference",
                    type="filepath",
                    format="png",
                    interactive=False,
                    visible=False,
                    height=320,
                    elem_id="outliers-where",
                )
                about = gr.Markdown("", elem_id="outliers-about", elem_classes="facts")
            near = gr.Gallery(
                label="Nearest pictures of the reference",
                columns=6,
                height="auto",
                object_fit="contain",
                allow_preview=False,
                interactive=False,
                visible=False,
                buttons=[],
                elem_id="outliers-near",
            )
    with gr.Accordion(
        "What a raw likelihood gets wrong", open=False, visible=knows_faces and has_likelihoods
    ):
        gr.Markdown(ABOUT_DEMONSTRATION)
        compute = gr.Button("Compute it", elem_id="outliers-demonstrate")
        plain = gr.Gallery(
            columns=5,
            height="auto",
            show_label=False,
            interactive=False,
            allow_preview=False,
            visible=False,
            buttons=[],
            elem_id="outliers-plain",
        )
        verdict = gr.Markdown("", elem_id="outliers-verdict")
        numbers = gr.Markdown("", elem_id="outliers-numbers")

    private: dict[str, Any] = {"api_visibility": "private"}
    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", **private}
    shown = [facts, bars, gallery]
    details = [where, about, near]
    downloads = [prepare, table, packed, fitted]
    kind.change(
        lambda chosen: (
            gr.File(visible=chosen == OWN),
            gr.Checkbox(visible=chosen == OWN and has_likelihoods),
            gr.Radio(info=ABOUT_REFERENCE if chosen == OWN else ABOUT_FACES),
        ),
        kind,
        [reference, tune, kind],
        **quiet,
    )
    run.click(None, None, None, js=SCROLL, **private)
    does.jobs.offer(cancel, run)
    worked = run.click(
        does.work,
        [pictures, kind, reference, tune, every_score, false_alarm, known],
        [found, known, score, *shown, *details, *downloads],
        preprocess=False,
        show_progress_on=[facts],
        concurrency_id="outliers",
        concurrency_limit=1,
        trigger_mode="once",
        **private,
    )
    does.jobs.withdraw(cancel, worked)
    gr.on(
        [false_alarm.change, score.input],
        _move,
        [found, false_alarm, score],
        [found, *shown, *downloads],
        trigger_mode="always_last",
        **quiet,
    )
    gallery.select(_look, found, details, show_progress_on=[where], **private)
    prepare.click(
        _files,
        found,
        downloads,
        show_progress_on=[prepare],
        concurrency_id="outliers-files",
        **private,
    )
    compute.click(
        does.demonstrate,
        None,
        [plain, verdict, numbers],
        show_progress_on=[verdict],
        concurrency_id="outliers",
        **private,
    )
    outliers_api.build(engines)


_DETAILS, _FILES = 3, 4


def _shown(found: Found) -> tuple[str, str, gr.Gallery]:
    """Facts, histogram and gallery."""
    bars = histogram(found.result) if found.result.images else ""
    return screening.facts(found.result), bars, gr.Gallery(screening.gallery(found), visible=True)


def _nothing() -> tuple[gr.Image, str, gr.Gallery]:
    """No picture is chosen."""
    return gr.Image(None, visible=False), "", gr.Gallery([], visible=False)


def _no_files(found: Found | None) -> Any:  # noqa: ANN401 (four buttons)
    hidden = [gr.DownloadButton(visible=False) for _ in range(_FILES - 1)]
    return gr.Button(visible=True, interactive=found is not None), *hidden


def _move(found: Found | None, false_alarm: float, score: str) -> Any:  # noqa: ANN401
    """The line is drawn elsewhere; nothing is computed again. For found, what `_shown` fills, and
    the files, which are then those of another line."""
    if found is None:
        return gr.skip()
    moved = Found(
        found.result.at(false_alarm=false_alarm, score=score),
        found.thumbnails,
        found.of_reference,
    )
    return moved, *_shown(moved), *_no_files(moved)


def _look(found: Found | None, event: gr.SelectData) -> Any:  # noqa: ANN401
    """Where and why, for a click on a picture."""
    if found is None:
        return gr.skip()
    number = screening.places(found)[int(event.index)]
    try:
        drawn = screening.heat(found, number)
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from error
    near = screening.neighbours(found, number)
    return (
        gr.Image(str(drawn), visible=True),
        screening.about(found, number),
        gr.Gallery(near, visible=bool(near)),
    )


def _files(found: Found | None) -> Any:  # noqa: ANN401 (four buttons)
    if found is None:
        raise gr.Error("There is no result any more. Send the pictures again.")
    paths = screening.files(found)
    return gr.Button(visible=False), *(
        gr.DownloadButton(value=str(path), visible=True) for path in paths
    )


def _skips(count: int) -> list[Any]:
    return [gr.skip()] * count
