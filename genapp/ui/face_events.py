"""What the panels of the Faces tab share: what follows an event, and long work that a visitor can
cancel."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import gradio as gr
from gradio.events import Dependency

from genapp.errors import Cancelled
from genapp.upscaling import Progress

Follow: TypeAlias = Callable[[Dependency], None]
"""Shows the chosen face after an event."""
KEPT = "Your faces and settings are still here."


class Jobs:
    """Who is waiting for what, one piece of work a visitor."""

    def __init__(self) -> None:
        self._cancelled: dict[str, threading.Event] = {}

    @contextmanager
    def running(self, request: gr.Request, progress: gr.Progress) -> Iterator[Progress]:
        """What tells the page's progress bar, and raises `Cancelled` after a click on Cancel."""
        visitor = request.session_hash or ""
        stop = self._cancelled[visitor] = threading.Event()

        def tell(done: float, what: str, seconds_left: float | None) -> None:
            if stop.is_set():
                raise Cancelled("It was cancelled.", KEPT)
            left = "" if seconds_left is None else f", {_duration(seconds_left)} left"
            progress(min(done, 0.97), desc=f"{what}{left}")

        try:
            yield tell
        finally:
            if self._cancelled.get(visitor) is stop:
                del self._cancelled[visitor]

    def stop(self, request: gr.Request) -> None:
        """The visitor clicked on Cancel."""
        event = self._cancelled.get(request.session_hash or "")
        if event is not None:
            event.set()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
