"""The Live mirror tab: the picture of the visitor's camera, with glasses on."""

import base64
import time
from dataclasses import dataclass
from typing import Any

import cv2
import gradio as gr
import numpy as np

from genapp import images
from genapp.errors import UserError
from genapp.images import Pixels
from genapp.registry.engines import Engines
from genapp.tryon import Mirror, Shown, choose, frame_names, load_frame, try_on
from genapp.ui.files import save_result
from genapp.ui.photo_input import Payload, sent_file
from genapp.ui.tryon_tab import FIRST, FIT, caption, hex_color, lens_controls, thumbnails

CAMERA = {"width": {"ideal": 640}, "height": {"ideal": 480}, "facingMode": "user"}
LONGEST = 960
"""A camera that gives larger pictures has them shrunk to this, px."""
FASTEST = 0.04
"""Seconds between two pictures of the camera. Gradio keeps only the newest that waits."""
MIRRORS = 2
"""Visitors who look into a mirror at the same time; the next one waits in the queue."""
TURN_SECONDS = 180
"""A mirror stops after this, so that others get their turn; the visitor may start it again."""
KEPT_SECONDS = 120
"""What a mirror remembers is dropped when its camera has been still for this long."""
JPEG_QUALITY = 85
FACTS_EVERY = 0.5
"""Seconds between two updates of the lines under the picture: people read them."""
WELCOME = (
    "Click the camera to allow it, then **Record**. The mirror stops by itself after "
    f"{TURN_SECONDS // 60} minutes. No picture? Allow the camera beside the page's address, and "
    "close other programs that use it."
)
LOOK_FOR_CAMERA = f"""async () => {{
    if (!navigator.mediaDevices)
        return "**The browser keeps its camera from this page.** Open it as https:// or on " +
            "localhost, or use a photo in the Try-on tab.";
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.some(device => device.kind === "videoinput") ? {WELCOME!r} :
        "**No camera was found.** Connect one and reload the page, or use a photo in the " +
        "Try-on tab.";
}}"""
NOBODY = "Nobody is seen: come closer and look into the camera, in good light."
NOT_STARTED = "Start the mirror first."


@dataclass(eq=False)
class _Session:
    """What is remembered of one visitor, and changes with every picture."""

    mirror: Mirror
    newest: bytes = b""
    """The camera's newest picture, as it was sent."""
    told_s: float = 0.0
    """When the lines under the picture were last updated."""


def build(engines: Engines, tab: gr.Tab) -> None:
    """Lay out the tab inside itself."""
    frames = [load_frame(name) for name in frame_names()]
    session = gr.State(None, time_to_live=KEPT_SECONDS)
    chosen = gr.State(FIRST)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            camera = gr.Image(
                label="Your camera",
                sources=["webcam"],
                streaming=True,
                height=300,
                webcam_options=gr.WebcamOptions(mirror=False, constraints={"video": CAMERA}),
                elem_id="camera",
            )
            gallery = gr.Gallery(
                list(zip(thumbnails(frames, 128), map(caption, frames), strict=True)),
                label="Frames",
                show_label=False,
                columns=3,
                height="auto",
                allow_preview=False,
                selected_index=frame_names().index(FIRST),
                buttons=[],
                interactive=False,
                object_fit="contain",
                elem_id="mirror-frames",
            )
            with gr.Accordion("Lenses", open=False, elem_id="mirror-lenses"):
                lens = lens_controls(load_frame(FIRST))
        with gr.Column(scale=3, min_width=320):
            picture = gr.Image(
                label="Mirror",
                buttons=["fullscreen"],
                interactive=False,
                height=480,
                elem_id="mirror",
            )
            facts = gr.Markdown(WELCOME, elem_id="mirror-facts")
            shoot = gr.Button("Take a still shot", elem_id="shoot")
            shot = gr.Image(
                label="Still shot, as others see you",
                type="filepath",
                format="png",
                buttons=["fullscreen"],
                interactive=False,
                visible=False,
                elem_id="shot",
            )
            download = gr.DownloadButton("Download the PNG", visible=False, elem_id="shot-download")
    gr.Markdown(
        "Your camera's pictures are analysed on this server one by one, are not kept, and nobody "
        "else sees them. A still shot is deleted after ten minutes.",
        elem_id="mirror-privacy",
    )

    def reflect(
        payload: Payload | None,
        frame: str,
        tint: str,
        opacity: float,
        gradient: float,
        known: _Session | None,
    ) -> Any:  # noqa: ANN401 (for picture, facts and session)
        sent = sent_file(payload)
        if not isinstance(sent, bytes):
            return gr.skip()
        now = known or _Session(Mirror(engines))
        try:
            choice = choose(frame, hex_color(tint), opacity, gradient)
            shown = now.mirror.show(_decode(sent), time.monotonic(), choice)
        except UserError as error:
            return gr.skip(), f"**{error.message}** {error.remedy}", now
        now.newest = sent
        lines: Any = gr.skip()
        if time.monotonic() - now.told_s >= FACTS_EVERY:
            now.told_s = time.monotonic()
            lines = _facts(shown)
        return _encode(shown.pixels), lines, now

    def take(frame: str, tint: str, opacity: float, gradient: float, known: _Session | None) -> Any:  # noqa: ANN401 (for shot and download)
        if known is None or not known.newest:
            gr.Warning(NOT_STARTED)
            return gr.skip()
        try:
            worn = try_on(
                known.newest,
                frame,
                tint=hex_color(tint),
                opacity=opacity,
                gradient=gradient,
                engines=engines,
            )
        except UserError as error:
            gr.Warning(str(error))
            return gr.skip()
        path = str(save_result(images.encode(worn.photo, "png"), f"still-{frame}.png"))
        return gr.Image(path, visible=True), gr.DownloadButton(value=path, visible=True)

    def pick(event: gr.SelectData) -> tuple[str, str, float, float]:
        frame = frames[event.index]
        return frame.name, frame.tint, frame.opacity, frame.gradient

    camera.stream(
        reflect,
        [camera, chosen, *lens, session],
        [picture, facts, session],
        preprocess=False,
        postprocess=False,
        stream_every=FASTEST,
        time_limit=TURN_SECONDS,
        concurrency_id="mirror",
        concurrency_limit=MIRRORS,
        show_progress="hidden",
        api_visibility="private",
    )
    gallery.select(
        pick, None, [chosen, *lens], queue=False, show_progress="hidden", api_visibility="private"
    )
    shoot.click(
        take,
        [chosen, *lens, session],
        [shot, download],
        concurrency_id="try-on",
        show_progress_on=[shoot],
        api_visibility="private",
    )
    tab.select(None, None, facts, js=LOOK_FOR_CAMERA, api_visibility="private")


def _decode(sent: bytes) -> Pixels:
    """A picture of the camera, H×W×3 uint8. Raises what `images.read` does."""
    pixels = images.to_8_bit(images.read(sent, max_megapixels=9).pixels)
    shrink = LONGEST / max(pixels.shape[:2])
    if shrink >= 1:
        return pixels
    return np.asarray(
        cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8
    )


def _encode(pixels: Pixels) -> dict[str, str]:
    """What the page shows, within the answer itself: nothing is written to disk. JPEG takes
    1 ms and 44 kB at 640×480, PNG 15 ms and 570 kB, WebP 37 ms and 29 kB."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return {"url": f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"}


def _facts(shown: Shown) -> str:
    """A few lines about the picture, for people."""
    taken = sum(shown.timings_ms.values())
    rate = f"**{shown.frames_per_second:.0f} frames per second** ({taken:.0f} ms each)"
    if not shown.faces:
        return f"{rate}  \n{NOBODY}"
    face = shown.reports()[0]
    pupils, width = face["pd_mm"], face["face_width_mm"]
    return (
        f"{rate}  \n"
        f"This frame is {FIT[face['fit']]} on this face. "
        f"Pupillary distance {pupils['value']:.0f} ± {pupils['error']:.1f} mm, face width "
        f"{width['value']:.0f} ± {width['error']:.1f} mm, by all pictures so far."
    )
