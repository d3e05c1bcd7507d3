"""The Faces tab's data sets: many faces as one ZIP, with a list of what they are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import gradio as gr

from genapp.errors import BadValue, Cancelled, UserError
from genapp.facemaking import Dataset
from genapp.registry.engines import Engines
from genapp.ui import face_making
from genapp.ui.face_events import KEPT
from genapp.ui.face_trail import Trail
from genapp.ui.jobs import Jobs

ABOUT = (
    "Faces of consecutive seeds as a ZIP. A table in it tells for each face its seed and settings, "
    "what was measured in it, and how near the most similar face is that the network learnt from."
)
LARGEST = {None: 5000, 256: 2000, 512: 500}
"""Faces on this page by their side: what is made lies in the server's memory. The command line has
no such limit."""
SIDES = {"small, as the network draws them": None, "256 pixels": 256, "512 pixels, slower": 512}
FORMATS = {"PNG": "png", "JPEG": "jpg"}


class _Parts(NamedTuple):
    """The components."""

    count: gr.Number
    seed: gr.Number
    variety: gr.Slider
    with_sliders: gr.Checkbox
    side: gr.Radio
    form: gr.Radio
    make: gr.Button
    cancel: gr.Button
    facts: gr.Markdown
    download: gr.DownloadButton


def build(engines: Engines, trail: gr.State) -> None:
    """Lay out the panel inside the current `gr.Blocks`. `trail` holds a `Trail`, whose sliders can
    be used for all faces."""
    parts = _lay_out()
    jobs = Jobs(KEPT)
    private: dict[str, Any] = {"api_visibility": "private"}
    jobs.offer(parts.cancel, parts.make)
    made = parts.make.click(
        _Job(engines, jobs).make,
        [
            *(parts.count, parts.seed, parts.variety, parts.with_sliders, parts.side, parts.form),
            trail,
        ],
        [parts.facts, parts.download],
        show_progress_on=[parts.facts],
        concurrency_id="face-film",
        concurrency_limit=1,
        trigger_mode="once",
        **private,
    )
    jobs.withdraw(parts.cancel, made)


def _lay_out() -> _Parts:
    gr.Markdown(ABOUT)
    with gr.Row():
        with gr.Column(min_width=320):
            with gr.Row():
                count = gr.Number(
                    100,
                    precision=0,
                    minimum=1,
                    label="How many",
                    min_width=120,
                    elem_id="face-count",
                )
                seed = gr.Number(0, precision=0, minimum=0, label="First seed", min_width=120)
            variety = gr.Slider(
                0,
                1,
                0.7,
                step=0.05,
                label="Variety",
                info="0 everybody looks average; 1 most different, with more mistakes.",
            )
            with_sliders = gr.Checkbox(
                False,
                label="With the sliders of the chosen face",
                info="All of them older, for example.",
            )
        with gr.Column(min_width=320):
            side = gr.Radio(list(SIDES), value=next(iter(SIDES)), label="Size")
            form = gr.Radio(list(FORMATS), value="PNG", label="Format")
            make = gr.Button("Make the data set", variant="primary", elem_id="face-dataset")
            cancel = gr.Button("Cancel", visible=False, elem_id="face-dataset-cancel")
            facts = gr.Markdown(
                "Nothing is made yet.", elem_id="face-dataset-facts", elem_classes="facts"
            )
            download = gr.DownloadButton(
                "Download the ZIP", interactive=False, elem_id="face-dataset-download"
            )
    return _Parts(count, seed, variety, with_sliders, side, form, make, cancel, facts, download)


class _Job:
    """What happens on a click on "Make the data set".

    Args:
        engines: the pool of networks that all visitors share.
        jobs: who can cancel.
    """

    def __init__(self, engines: Engines, jobs: Jobs) -> None:
        self._engines = engines
        self._jobs = jobs

    def make(
        self,
        count: float | None,
        seed: float | None,
        variety: float,
        with_sliders: bool,
        side: str,
        form: str,
        trail: Trail,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for the facts and the file)
        try:
            number, size = int(count or 0), SIDES[side]
            if not 1 <= number <= LARGEST[size]:
                raise BadValue(
                    f"{number} faces of this size cannot be made here.",
                    f"Choose 1 to {LARGEST[size]}; `python -m genapp faces` makes any number.",
                )
            edits = face_making.settings(trail.now)[1] if with_sliders and trail.now else {}
            with self._jobs.running(request, progress) as told:
                made = face_making.dataset(
                    *(number, int(seed or 0), variety, edits, size, FORMATS[form]),
                    self._engines,
                    told,
                )
        except Cancelled as error:
            gr.Info(str(error))
            return "It was cancelled; nothing was kept.", gr.skip()
        except UserError as error:
            gr.Warning(str(error))
            return f"**{error.message}** {error.remedy}", gr.skip()
        name = f"Download {made.path.name}"
        file = gr.DownloadButton(name, value=str(made.path), interactive=True)
        return _facts(made), file


def _facts(made: Dataset) -> str:
    """A few lines about a data set, for people."""
    seconds = made.timings_ms["make"] / 1000
    size = made.path.stat().st_size / 1e6
    lines = [f"**{len(made.rows)} faces** in {seconds:.0f} s, {size:.1f} MB."]
    if made.compared:
        lines += [
            _listed(
                "nearer to a face that the network learnt from than 99 % of unseen real faces are",
                made.suspected,
            ),
            _listed("nearly the same as an earlier one", [file for file, _ in made.duplicates]),
        ]
    lines += [f"*{note}*" for note in made.notes]
    return "  \n".join(lines)


def _listed(what: str, files: Sequence[str]) -> str:
    if not files:
        return f"None is {what}."
    names = ", ".join(files[:5]) + (", …" if len(files) > 5 else "")
    return f"**{len(files)}** {'is' if len(files) == 1 else 'are'} {what}: {names}"
