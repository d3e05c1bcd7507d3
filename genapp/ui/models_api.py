"""`/models` for programs: the same rows as the command `models list --json`."""

from typing import Any

import gradio as gr

from genapp.registry.engines import Engines
from genapp.registry.listing import listed


def build(engines: Engines) -> None:
    """Add `/models` to the current `gr.Blocks`; nothing of it is seen."""

    def endpoint() -> dict[str, Any]:
        """List the models: name, licence, whether commercial use is allowed, engine, size in bytes,
        how sure its pin is, and whether it is on this machine.

        Returns:
            One entry a model, under 'models'.
        """
        return {"models": listed(engines.catalog, engines.store)}

    # What the tool is called over MCP.
    endpoint.__name__ = "models"
    report = gr.JSON(label="models", visible=False)
    gr.Button(visible=False).click(
        endpoint, None, report, api_name="models", queue=False, show_progress="hidden"
    )
