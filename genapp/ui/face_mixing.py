"""The Faces tab's mixing: the shape of one face, the skin and colours of another."""

from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from genapp.errors import UserError
from genapp.registry.engines import Engines
from genapp.ui import face_making
from genapp.ui.face_events import Follow
from genapp.ui.face_trail import Trail

ABOUT = (
    "Choose a face in the grid and take it as A, choose another one and take it as B. "
    "The mix becomes the chosen face."
)
STEP = "mix"


class _Parts(NamedTuple):
    """The components."""

    takes: tuple[gr.Button, gr.Button]
    pictures: tuple[gr.Image, gr.Image]
    share: gr.Slider
    swap: gr.Button
    taken: gr.State
    """Recipes of A and B; empty while there is none."""


def build(engines: Engines, trail: gr.State, follow: Follow) -> None:
    """Lay out the panel inside the current `gr.Blocks`; arguments as those of
    `face_grid.connect`."""
    _connect(_lay_out(face_making.levels(engines)), trail, follow, engines)


def _lay_out(levels: int) -> _Parts:
    gr.Markdown(ABOUT)
    takes, pictures = [], []
    with gr.Row(elem_id="face-mixing"):
        for name in "AB":
            with gr.Column(min_width=130, scale=1):
                pictures.append(
                    gr.Image(
                        label=name,
                        format="png",
                        interactive=False,
                        buttons=[],
                        height=150,
                        elem_id=f"face-{name.lower()}",
                    )
                )
                takes.append(gr.Button(f"Take the chosen face as {name}", size="sm"))
        with gr.Column(min_width=280, scale=2):
            share = gr.Slider(
                0,
                levels,
                levels // 2,
                step=1,
                label="How much of the shape from A",
                info=f"0 all of B; low: A gives pose and outline, B the rest; {levels} all of A.",
                elem_id="face-share",
            )
            swap = gr.Button("Swap A and B", size="sm")
    first, second = takes
    left, right = pictures
    return _Parts((first, second), (left, right), share, swap, gr.State(("", "")))


def _connect(parts: _Parts, trail: gr.State, follow: Follow, engines: Engines) -> None:
    outputs = [*parts.pictures, parts.taken, trail]
    inputs = [trail, parts.share, parts.taken]
    does: dict[str, Any] = {
        "show_progress": "minimal",
        "show_progress_on": list(parts.pictures),
        "concurrency_id": "faces",
        "api_visibility": "private",
    }
    for number, button in enumerate(parts.takes):
        follow(button.click(partial(_take, engines, number), inputs, outputs, **does))
    follow(parts.swap.click(partial(_swap, engines), inputs, outputs, **does))
    follow(
        parts.share.input(
            partial(_mix, engines),
            inputs,
            trail,
            show_progress="hidden",
            concurrency_id="faces",
            trigger_mode="always_last",
            api_visibility="private",
        )
    )


def _take(engines: Engines, number: int, trail: Trail, share: float, taken: tuple[str, str]) -> Any:  # noqa: ANN401 (for the pictures, `taken` and the trail)
    if trail.now is None:
        gr.Warning("No face is chosen yet. Click one in the grid first.")
        return gr.skip()
    other = taken[1 - number]
    return _taken(engines, (trail.now, other) if number == 0 else (other, trail.now), share, trail)


def _swap(engines: Engines, trail: Trail, share: float, taken: tuple[str, str]) -> Any:  # noqa: ANN401 (as above)
    return _taken(engines, taken[::-1], share, trail)


def _taken(engines: Engines, taken: tuple[str, str], share: float, trail: Trail) -> Any:  # noqa: ANN401 (as above)
    try:
        pictures = [face_making.small([face], engines)[0] if face else None for face in taken]
    except UserError as error:
        gr.Warning(str(error))
        return gr.skip()
    return *pictures, taken, _mix(engines, trail, share, taken).settle()


def _mix(engines: Engines, trail: Trail, share: float, taken: tuple[str, str]) -> Trail:
    """The mix is chosen once there are two faces."""
    if not all(taken):
        return trail
    try:
        return trail.go(face_making.mixed(*taken, int(share), engines), STEP)
    except UserError as error:
        gr.Warning(str(error))
        return trail
