"""The Faces tab's search for the face that is most like one on a photo."""

from typing import Any, NamedTuple

import gradio as gr

from genapp.errors import BadValue, Cancelled, UserError
from genapp.registry.engines import Engines
from genapp.ui import face_making
from genapp.ui.face_events import KEPT, Follow
from genapp.ui.face_trail import Trail
from genapp.ui.jobs import Jobs
from genapp.ui.photo_input import Payload, sent_file

ABOUT = (
    "The network looks for the face it can draw that is most like yours; it becomes the chosen "
    "face, and the sliders work on it. It is a likeness, not you. Your photo is not kept."
)


class _Parts(NamedTuple):
    """The components."""

    photo: gr.Image
    look: gr.Button
    cancel: gr.Button
    pair: gr.ImageSlider
    facts: gr.Markdown


def build(engines: Engines, trail: gr.State, follow: Follow) -> None:
    """Lay out the panel inside the current `gr.Blocks`; arguments as those of
    `face_grid.connect`."""
    parts = _lay_out()
    jobs = Jobs(KEPT)
    private: dict[str, Any] = {"api_visibility": "private"}
    jobs.offer(parts.cancel, parts.look)
    looked = parts.look.click(
        _Job(engines, jobs).look,
        [parts.photo, trail],
        [parts.pair, parts.facts, trail],
        preprocess=False,
        show_progress_on=[parts.pair],
        concurrency_id="face-film",
        concurrency_limit=1,
        trigger_mode="once",
        **private,
    )
    jobs.withdraw(parts.cancel, looked)
    follow(looked)


def _lay_out() -> _Parts:
    gr.Markdown(ABOUT)
    with gr.Row():
        with gr.Column(min_width=320):
            photo = gr.Image(
                label="Your photo",
                sources=["upload", "webcam", "clipboard"],
                type="filepath",
                format="png",
                height=260,
                elem_id="face-photo",
                elem_classes="photo",
            )
            look = gr.Button("Look for it", variant="primary", elem_id="face-look")
        with gr.Column(min_width=320):
            pair = gr.ImageSlider(
                label="Your face and the one found",
                type="filepath",
                format="png",
                buttons=["fullscreen"],
                interactive=False,
                max_height=320,
                elem_id="face-pair",
            )
            cancel = gr.Button("Cancel", visible=False, elem_id="face-look-cancel")
            facts = gr.Markdown(
                "Upload a photo of one face.", elem_id="face-photo-facts", elem_classes="facts"
            )
    return _Parts(photo, look, cancel, pair, facts)


class _Job:
    """What happens on a click on "Look for it".

    Args:
        engines: the pool of networks that all visitors share.
        jobs: who can cancel.
    """

    def __init__(self, engines: Engines, jobs: Jobs) -> None:
        self._engines = engines
        self._jobs = jobs

    def look(
        self,
        payload: Payload | None,
        trail: Trail,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for the pair, the facts and the trail)
        try:
            source = sent_file(payload)
            if source is None:
                raise BadValue("There is no photo.", "Upload one of a single face.")
            with self._jobs.running(request, progress) as told:
                found = face_making.likeness(source, self._engines, told)
        except Cancelled as error:
            gr.Info(str(error))
            return gr.skip()
        except UserError as error:
            gr.Warning(str(error))
            return gr.skip(), f"**{error.message}** {error.remedy}", gr.skip()
        words = (
            f"**Colours differ by {found.error:.0f} of 255**; those of the average face by "
            f"{found.error_of_average:.0f}. The face found is the chosen face now."
        )
        return (str(found.before), str(found.after)), words, trail.go(found.recipe)
