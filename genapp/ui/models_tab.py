"""The Models tab: what is here, what can be fetched, and the three families compared."""

import os
from typing import Any

import gradio as gr

from genapp.errors import Cancelled, UserError
from genapp.registry.engines import Engines
from genapp.ui import lab_tab, model_cards, models_api
from genapp.ui.jobs import QUICK, Jobs
from genapp.ui.model_cards import ALL, FILTERS, size_text

KEPT = "What has come is kept, and the next time goes on from there."
AFTERWARDS = "Tabs that were set up without it show it when the app is started again."
AS_IT_CAME = "It is not pinned: its bytes are those that its owner has there now."
_SKIP = (gr.skip(), gr.skip())
CLICKED = """element.addEventListener("click", event => {
    const button = event.target.closest("[data-model]");
    if (button) trigger("click", {model: button.dataset.model});
});"""
PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def may_fetch() -> bool:
    """Whether visitors may fetch models: `GENAPP_FETCH`, 1 or 0; by default yes, but on a Space,
    where anybody could fill the disk."""
    return os.environ.get("GENAPP_FETCH", "0" if "SPACE_ID" in os.environ else "1") == "1"


def build(engines: Engines, tab: gr.Tab, tabs: gr.Tabs, outliers: str | None = None) -> None:
    """Lay out the tab inside itself; the arguments are those of `lab_tab.build`."""
    models_api.build(engines)
    if not lab_tab.has_families(engines.catalog):
        _shelf(engines, tab)
        return
    with gr.Tabs(overflow_behavior="wrap", elem_id="models-parts"):
        with gr.Tab("What there is"):
            _shelf(engines, tab)
        with gr.Tab("Three families compared") as families:
            lab_tab.build(engines, families, tabs, outliers)


def _shelf(engines: Engines, tab: gr.Tab) -> None:
    """The catalogue as cards, and what fetches a model."""
    does = _Fetching(engines)
    # Filled when the tab is opened: the page would be larger for all who never look.
    about = gr.Markdown("", elem_id="models-about")
    shown = gr.Radio(
        list(FILTERS), value=ALL, show_label=False, container=False, elem_id="models-shown"
    )
    # Stays in sight, wherever on the page the clicked button is.
    with gr.Column(elem_id="models-doing"):
        status = gr.Markdown("", elem_id="models-status", elem_classes="facts")
        cancel = gr.Button("Cancel", visible=False, elem_id="models-cancel")
    cards = gr.HTML("", js_on_load=CLICKED, elem_id="models-cards")
    gr.on([tab.select, shown.input], does.show, shown, [about, cards], **QUICK)
    cards.click(does.expect, None, [status, cancel], **QUICK)
    work = cards.click(
        does.fetch,
        shown,
        [status, about, cards],
        show_progress_on=[status],
        concurrency_id="fetch",
        concurrency_limit=1,
        trigger_mode="once",
        **PRIVATE,
    )
    does.jobs.withdraw(cancel, work)
    cancel.click(does.jobs.stop, None, None, **QUICK)


class _Fetching:
    """What happens on a click.

    Args:
        engines: the pool of networks that all visitors share.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self.jobs = Jobs(KEPT)

    def show(self, shown: str) -> tuple[str, str]:
        """The sentence and the cards, as things are now."""
        cards = model_cards.cards(self._engines, shown, can_fetch=may_fetch())
        return model_cards.summary(self._engines), cards

    def expect(self, request: gr.Request) -> tuple[str, gr.Button]:
        """A button was clicked: room for the progress, and the button Cancel."""
        return "&nbsp;", self.jobs.expect(request)

    def fetch(
        self,
        shown: str,
        event: gr.EventData,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for status, sentence and cards)
        """Fetch the model whose button was clicked."""
        try:
            if not may_fetch():
                return "**Fetching is switched off on this page** (`GENAPP_FETCH=0`).", *_SKIP
            model = self._engines.catalog.get(_clicked(event))
            with self.jobs.running(request, progress) as tell:

                def told(here: int, whole: int | None) -> None:
                    share = here / whole if whole else 0.0
                    of_all = f" of {size_text(whole)}" if whole else ""
                    tell(share, f"{model.name}: {size_text(here)}{of_all}", None)

                self._engines.store.fetch(model, told)
        except Cancelled as error:
            return f"**{error.message}** {error.remedy}", *_SKIP
        except UserError as error:
            gr.Warning(str(error))
            return f"**{error.message}** {error.remedy}", *_SKIP
        cards = model_cards.cards(self._engines, shown, can_fetch=may_fetch(), unfold=model)
        checked = "Its SHA-256 is right." if model.pinned else AS_IT_CAME
        text = f"**{model.name} is here.** {checked} {AFTERWARDS}"
        return text, model_cards.summary(self._engines), cards


def _clicked(event: gr.EventData) -> str:
    """Name of the model whose button it was, as the browser tells it."""
    try:
        return str(event.model)
    except (AttributeError, TypeError):  # Another program than our page may send anything.
        return ""
