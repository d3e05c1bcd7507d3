"""What one tab sends to another."""

from collections.abc import Callable
from typing import Any, NamedTuple

import gradio as gr
from gradio.events import Dependency


class Sender(NamedTuple):
    """What sends a result elsewhere: connect it with `send_to`."""

    button: gr.Button
    follow: Callable[..., Dependency]
    """Adds an event after the click, when the result is there, as new as it can be."""
    save: dict[str, Any]
    """Gives the file: the arguments of that event, but its outputs."""


def send_to(sender: Sender, photo: gr.Image, tabs: gr.Tabs, tab: str) -> None:
    """A click on the sender's button puts the whole result into `photo` and opens that tab."""
    private: dict[str, Any] = {"api_visibility": "private"}
    sender.follow(
        outputs=photo, show_progress_on=[sender.button], **sender.save, **private
    ).success(
        lambda: gr.Tabs(selected=tab), None, tabs, queue=False, show_progress="hidden", **private
    ).success(None, js="() => scrollTo({top: 0, behavior: 'smooth'})", **private)
