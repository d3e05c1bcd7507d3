"""Work that takes a while, on the page: how far it is, and a way to stop it."""

import threading

import gradio as gr

from genapp.errors import Cancelled
from genapp.upscaling import Progress


def telling(progress: gr.Progress, stop: threading.Event | None = None) -> Progress:
    """The page's progress bar, which also hears of a click on Cancel.

    Args:
        progress: of the event.
        stop: set when the work is to end; None where it cannot be stopped.
    """

    def tell(done: float, what: str, seconds_left: float | None) -> None:
        if stop is not None and stop.is_set():
            raise Cancelled("It was cancelled.", "Your picture and settings are still here.")
        left = "" if seconds_left is None else f", {duration(seconds_left)} left"
        progress(min(done, 0.97), desc=f"{what}{left}")

    return tell


def duration(seconds: float) -> str:
    """Such as '3.2 s' or '4 min'."""
    if seconds < 90:
        return f"{max(seconds, 0.1):.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
