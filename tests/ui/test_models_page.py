"""The Models tab in a browser, with a stand-in for the Hub."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from genapp.registry.catalog import weights_folder
from tests.hub import COMMIT, Hub, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
WAIT = 120_000
BODY = bytes(range(256)) * 40_000
NAME = "outliers/tiny.v1"
ENTRY = f"""
[[model]]
name = "{NAME}"
summary = "Something to fetch."
engine = "data"
license = "MIT"
commercial = true
source = "this test"
training_data = "none"
[[model.file]]
repo = "owner/name"
commit = "{COMMIT}"
file = "x.npz"
sha256 = "{hashlib.sha256(BODY).hexdigest()}"
bytes = {len(BODY)}
confidence = "A"
"""


@pytest.fixture(scope="module")
def fetching(
    start_app: Callable[[Path], AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Hub]]:
    """The app with one more model, which the stand-in has."""
    folder = tmp_path_factory.mktemp("fetching")
    weights = folder / "weights"
    weights.mkdir()
    for each in weights_folder().iterdir():
        if each.is_dir():
            (weights / each.name).symlink_to(each)
    text = (weights_folder() / "catalog.toml").read_text(encoding="utf-8")
    (weights / "catalog.toml").write_text(text + ENTRY, encoding="utf-8")
    (folder / "app").mkdir()
    with running() as hub, pytest.MonkeyPatch.context() as environment:
        hub.files["owner/name/x.npz"] = BODY
        for name, value in hub.environment(folder).items():
            environment.setenv(name, value)
        environment.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "2")
        environment.setenv("GENAPP_WEIGHTS", str(weights))
        environment.delenv("SPACE_ID", raising=False)
        with start_app(folder / "app") as (url, _):
            yield url, hub


@pytest.fixture
def models(browser: "Browser", fetching: tuple[str, Hub]) -> "Iterator[Page]":
    """The tab on a phone, in dark mode."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"{fetching[0]}?__theme=dark")
    page.wait_for_selector("#result")
    page.get_by_role("tab", name="Models", exact=True).click()
    page.wait_for_selector(".model-job")
    yield page
    context.close()


def status(page: "Page", words: str) -> str:
    page.wait_for_function(
        "words => document.querySelector('#models-status').innerText.includes(words)", arg=words
    )
    return str(page.locator("#models-status").inner_text())


def test_shelf(models: "Page") -> None:
    assert models.locator("article.model").count() > 50
    assert models.evaluate("document.documentElement.scrollWidth") <= 390
    models.get_by_role("radio", name="To fetch").check()
    models.wait_for_function("document.querySelectorAll('article.here').length === 0")
    models.locator(".model-job > summary").nth(1).click()
    button = models.locator("[data-model='upscale/compact-x4.general']")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 36  # A finger's.
    assert models.evaluate("document.documentElement.scrollWidth") <= 390


def test_fetch_with_progress_cancelled_and_gone_on_with(
    models: "Page", fetching: tuple[str, Hub]
) -> None:
    hub = fetching[1]
    hub.silent_after = 4_000_000
    models.locator(".model-job > summary").last.click()
    button = models.locator(f"[data-model='{NAME}']")
    button.scroll_into_view_if_needed()
    button.click()
    told = status(models, "4.0 MB of 10.2 MB")
    assert NAME in told
    # In sight, though the button is far down the page.
    cancel = models.locator("#models-cancel")
    box = cancel.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 844
    cancel.click()
    assert "goes on from there" in status(models, "It was cancelled.")
    hub.silent_after = None
    models.locator(f"[data-model='{NAME}']").click()
    assert "Its SHA-256 is right." in status(models, f"{NAME} is here.")
    assert [asked.range for asked in hub.transfers] == [None, "bytes=4000000-"]
    models.wait_for_function("name => !document.querySelector(`[data-model='${name}']`)", arg=NAME)
    assert cancel.is_hidden()
