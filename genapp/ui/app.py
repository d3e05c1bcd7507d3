"""The page, and the server that shows it."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import gradio as gr
import gradio.mcp

from genapp.errors import BadValue
from genapp.facemaking import GENERATOR
from genapp.registry.engines import Engines
from genapp.ui import (
    augment_tab,
    colorize_tab,
    faces_tab,
    files,
    health,
    mirror_tab,
    models_tab,
    outliers_tab,
    translate_tab,
    tryon_tab,
    upscale_tab,
)
from genapp.ui.sending import send_to
from genapp.ui.zero_gpu import open_engines

# System fonts: the page fetches nothing from anybody else.
FONT = ("system-ui", "sans-serif")
CSS = Path(__file__).with_name("style.css")
HEAD = (
    '<meta name="referrer" content="no-referrer">'
    # Gradio's "hidden" would keep the chosen face from staying in sight on a phone; it puts its own
    # name before each rule of the style sheet, so that this one cannot stand there.
    "<style>.gradio-container { overflow: clip !important; }</style>"
)
TRYON, UPSCALE, OUTLIERS = "try-on", "upscale", "outliers"
"""The tabs that other tabs send their results to."""
MAX_UPLOAD = "64mb"
MAX_WAITING = 100
"""Requests in the queue; more are turned away."""
KEPT_SECONDS = 600
"""Uploads and results are deleted when they are older than this."""


def build(engines: Engines) -> gr.Blocks:
    """The whole page. `engines` is the pool of networks that all visitors share."""
    with gr.Blocks(
        title="genapp: generative models for pictures",
        analytics_enabled=False,
        delete_cache=(60, KEPT_SECONDS),
        fill_width=False,
    ) as page:
        has_faces = not engines.catalog.hides(GENERATOR)
        gr.Markdown(
            "# genapp\nTry on glasses in a photo of yourself. Colour, paint and enlarge photos. "
            f"{'Make faces of people who do not exist. ' if has_faces else ''}"
            "Find the pictures that do not belong, and grow small data sets.",
            elem_id="masthead",
        )
        with gr.Tabs(overflow_behavior="wrap") as tabs:
            with gr.Tab("Try-on", id=TRYON):
                worn = tryon_tab.build(engines)
            with gr.Tab("Live mirror") as mirror:
                mirror_tab.build(engines, mirror)
            with gr.Tab("Colour"):
                colored = colorize_tab.build(engines)
            with gr.Tab("Style"):
                painted = translate_tab.build(engines)
            with gr.Tab("Upscale", id=UPSCALE):
                small = upscale_tab.build(engines)
            with gr.Tab("Faces", visible=has_faces) as faces:
                made = faces_tab.build(engines, faces)
            with gr.Tab("Outliers", id=OUTLIERS):
                outliers_tab.build(engines)
            with gr.Tab("Augment"):
                augment_tab.build(engines)
            with gr.Tab("Models") as models:
                models_tab.build(engines, models, tabs, OUTLIERS)
        send_to(colored, small, tabs, UPSCALE)
        send_to(painted, small, tabs, UPSCALE)
        if made:
            send_to(made.tryon, worn, tabs, TRYON)
            send_to(made.upscale, small, tabs, UPSCALE)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=2)
    return page


def serve(host: str | None = None, port: int | None = None) -> None:
    """Show the page until the process is stopped.

    Args:
        host: address to listen on; None: GRADIO_SERVER_NAME or this machine alone.
        port: None: GRADIO_SERVER_PORT or the first free one from 7860.

    Raises:
        BadValue: the port is taken, or nobody can listen at the address.
    """
    # What stops a container; without this no photo would be cleared away.
    signal.signal(signal.SIGTERM, _stop)
    with files.temporary_folder() as folder, open_engines() as engines:
        os.environ["GRADIO_TEMP_DIR"] = str(folder)
        # Read when it was imported; pictures that come over MCP would stay there.
        gradio.mcp.DEFAULT_TEMP_DIR = str(folder)
        launch(build(engines), engines, host, port)


def launch(page: gr.Blocks, engines: Engines, host: str | None, port: int | None) -> None:
    """Serve the page with its settings; arguments and errors as of `serve`."""
    try:
        page.launch(
            server_name=host,
            server_port=port,
            theme=gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=FONT),
            css_paths=CSS,
            head=HEAD,
            run_history=False,
            enable_monitoring=False,
            max_file_size=MAX_UPLOAD,
            footer_links=["api", "gradio", "settings"],
            share=False,
            ssr_mode=False,
            mcp_server=True,
            pwa=False,
            app_kwargs={"routes": [health.route(engines)]},
        )
    except OSError as error:
        # Gradio's answer to any port or address that it does not get.
        if "empty port" not in str(error):
            raise
        raise BadValue(
            f"Nobody can listen at {host or 'this machine'}, port {port or 'any'}: it is taken, "
            "or it is no address of this machine.",
            "Choose another --port (GRADIO_SERVER_PORT) or --host (GRADIO_SERVER_NAME).",
        ) from error


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit()
