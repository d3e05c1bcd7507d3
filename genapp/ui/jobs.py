"""Work that takes a while, on the page: how far it is, and a way to stop it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.events import Dependency

from genapp.errors import Cancelled
from genapp.upscaling import Progress

QUICK: dict[str, Any] = {
    "api_visibility": "private",
    "queue": False,
    "show_progress": "hidden",
}


class Jobs:
    """Who is waiting for what: one piece of work for each visitor, which a click on Cancel ends.

    Args:
        kept: a sentence on what a visitor still has after a click on Cancel.
    """

    def __init__(self, kept: str) -> None:
        self._kept = kept
        self._stops: dict[str, threading.Event] = {}
        """By visitor: set when they click on Cancel."""

    def expect(self, request: gr.Request) -> gr.Button:
        """A visitor clicked on what starts the work. Shows the button Cancel, which counts from now
        on, while the work waits for its turn."""
        visitor = request.session_hash or ""
        known = self._stops.get(visitor)
        if known is None or known.is_set():
            self._stops[visitor] = threading.Event()
        return gr.Button(visible=True)

    def offer(self, cancel: gr.Button, start: gr.Button) -> None:
        """Shows Cancel at a click on ``start``, whose own work is connected after this, and lets
        it stop that work."""
        start.click(self.expect, None, cancel, **QUICK)
        cancel.click(self.stop, None, None, **QUICK)

    def withdraw(self, cancel: gr.Button, work: Dependency) -> None:
        """Hides Cancel when the work is over."""
        # After a failure, which cancelled work can be, `then` alone does nothing.
        for over in (work.success, work.failure):
            over(lambda: gr.Button(visible=False), None, cancel, **QUICK)

    @contextmanager
    def running(self, request: gr.Request, progress: gr.Progress) -> Iterator[Progress]:
        """What tells the page's progress bar, and raises `Cancelled` after a click on Cancel."""
        visitor = request.session_hash or ""
        stop = self._stops.setdefault(visitor, threading.Event())
        tell = telling(progress)

        def tell_or_stop(done: float, what: str, seconds_left: float | None) -> None:
            if stop.is_set():
                raise Cancelled("It was cancelled.", self._kept)
            tell(done, what, seconds_left)

        try:
            yield tell_or_stop
        finally:
            if self._stops.get(visitor) is stop:
                del self._stops[visitor]

    def stop(self, request: gr.Request) -> None:
        """The visitor clicked on Cancel."""
        event = self._stops.get(request.session_hash or "")
        if event is not None:
            event.set()


def telling(progress: gr.Progress) -> Progress:
    """What tells the page's progress bar."""

    def tell(done: float, what: str, seconds_left: float | None) -> None:
        left = "" if seconds_left is None else f", {duration(seconds_left)} left"
        progress(min(done, 0.97), desc=f"{what}{left}")

    return tell


def duration(seconds: float) -> str:
    """Such as '3.2 s' or '4 min'."""
    if seconds < 90:
        return f"{max(seconds, 0.1):.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
