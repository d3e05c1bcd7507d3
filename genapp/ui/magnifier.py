"""A magnifier over a result: the same spot before and after, pixel by pixel."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
from numpy.typing import NDArray

from genapp import images
from genapp.images import Photo
from genapp.ui.files import save_result
from genapp.upscaling import interpolated

WINDOW = (480, 360)
"""Width and height of a magnified piece, px."""
OVERVIEW = 480
"""Longest side of the picture to click on."""
CHECKS = 16
"""Side of the squares that show through what is transparent, px."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A picture before and after."""

    before: Photo
    after: Photo
    shown: tuple[str, str]
    """Files of both in one size, for the screen."""
    overview: NDArray[np.uint8]


@dataclass(frozen=True)
class Magnifier:
    """The components, and what makes them follow."""

    follow: Callable[[Any], None]
    """Show the piece anew when this event comes."""


def make_pair(before: Photo, after: Photo, longest: int) -> Pair:
    """Both pictures for the screen, of the same size and no longer than `longest`; what was not
    there before is interpolated."""
    large = for_screen(after, longest)
    height, width = large.shape[:2]
    whole = (0, 0, before.pixels.shape[1], before.pixels.shape[0])
    small = _piece(before, whole, (width, height))
    # A name of its own for each, as browsers remember pictures by their address.
    files = [
        save_result(images.encode(Photo(pixels, icc=after.icc), "png"), f"{name}.png")
        for name, pixels in (("before", small), ("after", large))
    ]
    return Pair(before, after, (str(files[0]), str(files[1])), for_screen(after, OVERVIEW))


def build(state: gr.State, pair_of: Callable[[Any], Pair | None]) -> Magnifier:
    """Lay out the magnifier. `state` holds the result, of which `pair_of` makes a pair."""
    with gr.Accordion("Magnifier", open=True, elem_id="magnifier"):
        with gr.Row():
            before, after = (
                gr.Image(
                    label=label,
                    interactive=False,
                    format="png",
                    buttons=[],
                    min_width=100,
                    elem_id=f"magnifier-{label.lower()}",
                )
                for label in ("Before", "After")
            )
        with gr.Row():
            overview = gr.Image(
                label="Click where to look",
                interactive=False,
                format="png",
                buttons=[],
                height=200,
                min_width=150,
                elem_id="magnifier-overview",
            )
            with gr.Column(min_width=150):
                zoom = gr.Slider(
                    100, 400, 200, step=50, label="Magnification, %", elem_id="magnifier-zoom"
                )
                x = gr.Slider(0, 100, 50, step=0.5, label="Left ↔ right, %")
                y = gr.Slider(0, 100, 50, step=0.5, label="Top ↔ bottom, %")

    def look(result: object, zoom: float, x: float, y: float) -> Any:  # noqa: ANN401
        pair = pair_of(result)
        if pair is None:
            return None, None, None
        return _look(pair, zoom, x, y)

    def point(result: object, event: gr.SelectData) -> Any:  # noqa: ANN401 (for x and y)
        pair = pair_of(result)
        if pair is None:
            return gr.skip()
        height, width = pair.overview.shape[:2]
        return [
            round(200 * float(value) / length) / 2
            for value, length in zip(event.index, (width, height), strict=True)
        ]

    shown = {
        "fn": look,
        "inputs": [state, zoom, x, y],
        "outputs": [before, after, overview],
        "queue": False,
        "show_progress": "hidden",
        "trigger_mode": "always_last",
        "api_visibility": "private",
    }
    gr.on([zoom.change, x.change, y.change], **shown)
    overview.select(
        point, state, [x, y], queue=False, show_progress="hidden", api_visibility="private"
    )
    return Magnifier(lambda event: event(**shown))


def for_screen(photo: Photo, longest: int) -> NDArray[np.uint8]:
    """The picture in 8 bits, no longer than `longest`, with squares behind what is transparent:
    H×W×3."""
    height, width = photo.pixels.shape[:2]
    shrink = min(1.0, longest / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    return _piece(photo, (0, 0, width, height), size)


def save_for_screen(photo: Photo, longest: int, name: str) -> Path:
    """A file of the picture `for_screen`, with its colour profile."""
    shown = Photo(for_screen(photo, longest), icc=photo.icc)
    return save_result(images.encode(shown, "png"), f"{name}.png")


def _look(
    pair: Pair, zoom: float, x: float, y: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """The piece around x, y (percent of the picture), before and after, and where it lies."""
    height, width = pair.after.pixels.shape[:2]
    piece = [
        max(1, min(length, round(window * 100 / zoom)))
        for window, length in zip(WINDOW, (width, height), strict=True)
    ]
    left, top = (
        round(min(max(part / 100 * length - side / 2, 0), length - side))
        for part, length, side in zip((x, y), (width, height), piece, strict=True)
    )
    size = (round(piece[0] * zoom / 100), round(piece[1] * zoom / 100))
    box = (left, top, left + piece[0], top + piece[1])
    back = pair.before.pixels.shape[1] / width, pair.before.pixels.shape[0] / height
    old = (box[0] * back[0], box[1] * back[1], box[2] * back[0], box[3] * back[1])
    marked = pair.overview.copy()
    part = marked.shape[1] / width
    corners = [round(value * part) for value in box]
    for colour, thickness in (((255, 255, 255), 3), ((13, 148, 136), 1)):
        cv2.rectangle(marked, corners[:2], corners[2:], colour, thickness)
    return _piece(pair.before, old, size), _piece(pair.after, box, size, pixels=True), marked


def _piece(
    photo: Photo,
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    *,
    pixels: bool = False,
) -> NDArray[np.uint8]:
    """left, top, right, bottom of a picture as `size`; each pixel a square if `pixels`."""
    colours = interpolated(photo.pixels, box, size, nearest=pixels)
    if photo.alpha is not None:
        opacity = interpolated(photo.alpha[..., np.newaxis], box, size, nearest=pixels)
        rows, columns = np.mgrid[0 : size[1], 0 : size[0]] // CHECKS
        squares = np.where((rows + columns) % 2, 0.75, 0.9).astype(np.float32)[..., np.newaxis]
        colours = squares + (colours - squares) * opacity
    return np.asarray(images.from_float(colours, np.uint8), np.uint8)
