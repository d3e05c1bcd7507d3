"""Painting a photo of the Style tab at full size, which a visitor can cancel."""

import gradio as gr

from genapp.errors import Cancelled, UserError
from genapp.registry.engines import Engines
from genapp.ui import painting
from genapp.ui.colorize_tab import FORMATS
from genapp.ui.jobs import Jobs
from genapp.ui.painting import Canvas

KEPT = "Your photo and settings are still here."
"""After a click on Cancel."""


class Saver:
    """Paints at full size, which a click on Cancel ends."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self.jobs = Jobs(KEPT)

    def download(
        self,
        form: str,
        now: Canvas | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> str:
        """A file in the format with this name in `FORMATS`."""
        if now is None or now.wishes is None:
            raise gr.Error(
                "There is no result any more. Upload the photo again.", print_exception=False
            )
        try:
            with self.jobs.running(request, progress) as told:
                return str(painting.save_full_size(now, *FORMATS[form], self._engines, told))
        except Cancelled as error:
            # Nothing is to follow: no download, no other tab.
            raise gr.Error(str(error), title="Cancelled", print_exception=False) from error
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def to_send(
        self,
        now: Canvas | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> str:
        """The same as PNG, for another tab."""
        return self.download("PNG", now, request, progress)
