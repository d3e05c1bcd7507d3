"""The browser demo: the only part of genapp that imports gradio."""

from genapp.ui.app import build, serve

__all__ = ["build", "serve"]
