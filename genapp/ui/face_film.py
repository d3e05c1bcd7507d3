"""The Faces tab's films: one face turns into the next."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import gradio as gr

from genapp.errors import BadValue, Cancelled, UserError
from genapp.registry.engines import Engines
from genapp.ui import face_making
from genapp.ui.face_events import KEPT
from genapp.ui.face_grid import Grid
from genapp.ui.face_trail import Trail
from genapp.ui.jobs import Jobs

Stops: TypeAlias = tuple[str, ...]
"""Recipes of the faces, in their order."""

ABOUT = "Add faces in the order in which they are to come; the film runs through them."
MOST = 24
"""Faces in a film."""
FORMATS = {"MP4": "mp4", "WebP": "webp"}
SIDES = {"small, as the network draws": None, "256": 256, "512, slower": 512}


class _Parts(NamedTuple):
    """The components."""

    add: gr.Button
    add_all: gr.Button
    drop: gr.Button
    clear: gr.Button
    stops: gr.Gallery
    seconds: gr.Slider
    loop: gr.Checkbox
    side: gr.Radio
    form: gr.Radio
    make: gr.Button
    cancel: gr.Button
    video: gr.Video
    picture: gr.Image
    facts: gr.Markdown
    download: gr.DownloadButton
    chosen: gr.State
    """Recipes of the faces, in their order."""


def build(engines: Engines, trail: gr.State, grid: gr.State) -> None:
    """Lay out the panel inside the current `gr.Blocks`.

    Args:
        engines: the pool of networks that all visitors share.
        trail: holds a `Trail`, whose face can be added.
        grid: holds a `Grid`, whose faces can be added.
    """
    _connect(_lay_out(), engines, trail, grid)


def _lay_out() -> _Parts:
    gr.Markdown(ABOUT)
    with gr.Row():
        with gr.Column(min_width=320):
            stops = gr.Gallery(
                label="Faces of the film",
                columns=6,
                height="auto",
                format="png",
                allow_preview=False,
                buttons=[],
                interactive=False,
                elem_id="face-stops",
            )
            with gr.Row():
                add = gr.Button("Add the chosen face", size="sm", min_width=140)
                add_all = gr.Button("Add the faces of the grid", size="sm", min_width=140)
                drop = gr.Button("Take the last away", size="sm", min_width=140)
                clear = gr.Button("Empty", size="sm", min_width=80)
            with gr.Row():
                seconds = gr.Slider(
                    0.5, 5, 1.5, step=0.25, label="Seconds from face to face", min_width=160
                )
                loop = gr.Checkbox(
                    True, label="Back to the first", info="It then runs on for ever.", min_width=160
                )
            with gr.Row():
                side = gr.Radio(list(SIDES), value=next(iter(SIDES)), label="Side, pixels")
                form = gr.Radio(list(FORMATS), value="MP4", label="Format", min_width=120)
            make = gr.Button("Make the film", variant="primary", elem_id="face-film")
        with gr.Column(min_width=320):
            video = gr.Video(
                label="Film",
                interactive=False,
                autoplay=True,
                loop=True,
                buttons=[],
                height=360,
                elem_id="face-video",
            )
            picture = gr.Image(
                label="Film",
                type="filepath",
                interactive=False,
                visible=False,
                buttons=[],
                height=360,
                elem_id="face-moving",
            )
            cancel = gr.Button("Cancel", visible=False, elem_id="face-film-cancel")
            facts = gr.Markdown("", elem_id="face-film-facts", elem_classes="facts")
            download = gr.DownloadButton(
                "Download the film", interactive=False, elem_id="face-film-download"
            )
    return _Parts(
        add=add,
        add_all=add_all,
        drop=drop,
        clear=clear,
        stops=stops,
        seconds=seconds,
        loop=loop,
        side=side,
        form=form,
        make=make,
        cancel=cancel,
        video=video,
        picture=picture,
        facts=facts,
        download=download,
        chosen=gr.State(()),
    )


def _connect(parts: _Parts, engines: Engines, trail: gr.State, grid: gr.State) -> None:
    jobs = Jobs(KEPT)
    private: dict[str, Any] = {"api_visibility": "private"}
    listed: dict[str, Any] = {
        **private,
        "inputs": [parts.chosen, trail, grid],
        "outputs": [parts.chosen, parts.stops],
        "show_progress": "minimal",
        "show_progress_on": [parts.stops],
        "concurrency_id": "faces",
        # Each click counts.
        "trigger_mode": "multiple",
    }
    steps: list[tuple[gr.Button, Callable[[Stops, Trail, Grid], Stops]]] = [
        (parts.add, with_chosen),
        (parts.add_all, with_grid),
        (parts.drop, lambda stops, trail, grid: stops[:-1]),
        (parts.clear, lambda stops, trail, grid: ()),
    ]
    for button, step in steps:
        button.click(partial(_list, engines, step), **listed)
    jobs.offer(parts.cancel, parts.make)
    made = parts.make.click(
        _Job(engines, jobs).make,
        [parts.chosen, parts.seconds, parts.loop, parts.side, parts.form],
        [parts.video, parts.picture, parts.facts, parts.download],
        show_progress_on=[parts.video, parts.picture],
        concurrency_id="face-film",
        concurrency_limit=1,
        trigger_mode="once",
        **private,
    )
    jobs.withdraw(parts.cancel, made)


def with_chosen(stops: Stops, trail: Trail, grid: Grid) -> Stops:
    """The chosen face comes last."""
    if trail.now is None:
        raise BadValue("No face is chosen yet.", "Click one in the grid first.")
    return (*stops, trail.now)


def with_grid(stops: Stops, trail: Trail, grid: Grid) -> Stops:
    """All faces of the grid come last."""
    return (*stops, *grid.recipes)


def _list(
    engines: Engines,
    step: Callable[[Stops, Trail, Grid], Stops],
    stops: Stops,
    trail: Trail,
    grid: Grid,
) -> Any:  # noqa: ANN401 (for `chosen` and the gallery)
    try:
        after = step(tuple(stops), trail, grid)
        if len(after) > MOST:
            raise BadValue(f"{len(after)} faces are too many.", f"Take {MOST} at most.")
        pictures = face_making.small(after, engines)
    except UserError as error:
        gr.Warning(str(error))
        return gr.skip()
    captions = [face_making.caption(recipe) for recipe in after]
    return after, list(zip(pictures, captions, strict=True))


class _Job:
    """What happens on a click on "Make the film".

    Args:
        engines: the pool of networks that all visitors share.
        jobs: who can cancel.
    """

    def __init__(self, engines: Engines, jobs: Jobs) -> None:
        self._engines = engines
        self._jobs = jobs

    def make(
        self,
        stops: Stops,
        seconds: float,
        loop: bool,
        side: str,
        form: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for video, picture, facts and download)
        try:
            if len(stops) < 2:
                raise BadValue("A film needs two faces or more.", "Add more faces.")
            with self._jobs.running(request, progress) as told:
                file = face_making.film(
                    stops, seconds, loop, SIDES[side], FORMATS[form], self._engines, told
                )
        except Cancelled as error:
            gr.Info(str(error))
            return gr.skip()
        except UserError as error:
            gr.Warning(str(error))
            return gr.skip(), gr.skip(), f"**{error.message}** {error.remedy}", gr.skip()
        is_video = file.suffix == ".mp4"
        size = file.stat().st_size / 1e6
        return (
            gr.Video(str(file) if is_video else None, visible=is_video),
            gr.Image(None if is_video else str(file), visible=not is_video),
            f"{len(stops)} faces, {size:.2g} MB.",
            gr.DownloadButton(f"Download {file.name}", value=str(file), interactive=True),
        )
