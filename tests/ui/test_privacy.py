"""No photo outlives its visit."""

import base64
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest
from gradio.route_utils import delete_files_created_by_app
from gradio_client import Client, handle_file
from PIL import Image

from genapp.registry.engines import Engines
from genapp.ui import build, tryon_tab
from genapp.ui.files import save_result, temporary_folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

App = Callable[[Path], AbstractContextManager[tuple[str, Any]]]


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_temporary_folder_is_private_and_goes() -> None:
    with temporary_folder() as folder:
        (folder / "photo.jpg").write_bytes(b"me")
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_a_result_lies_in_the_folder_that_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    first, second = (save_result(b"png", "me.png") for _ in range(2))
    assert first != second
    assert first.is_relative_to(tmp_path)
    assert first.read_bytes() == b"png"


def test_nothing_is_left_when_the_app_is_stopped(
    start_app: App, tmp_path: Path, portrait: Path
) -> None:
    home = tmp_path / "home"  # also the working directory
    home.mkdir()
    with start_app(home) as (url, process):
        result = Path(try_on_over_http(url, portrait))
        folder = result.parent.parent
        assert result in files_in(folder)
        process.terminate()  # SIGTERM, as Docker and systemd send it.
        assert process.wait(timeout=60) == 0
    assert not folder.exists()
    # The list of checked weights, and no more: ONNX Runtime would leave an id to report under.
    assert {path.name for path in files_in(home)} <= {"checked.json"}


def try_on_over_http(url: str, photo: Path) -> str:
    """Where the result lies on the server."""
    address = f"{url}gradio_api/call/try_on"
    image = {"url": f"data:image/jpeg;base64,{base64.b64encode(photo.read_bytes()).decode()}"}
    settings = ["aviator", "", None, None, "", "", None, None, False, None, None, "", ""]
    body = json.dumps({"data": [image, *settings]}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}", timeout=60) as answer:
        lines = answer.read().decode().strip().splitlines()
    picture, _ = json.loads(lines[-1].removeprefix("data: "))
    return str(picture["path"])


@pytest.fixture
def short_lived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[gr.Blocks, str, Path]]:
    """The page in this process, its URL and its folder; analyses are forgotten after a second."""
    folder = tmp_path / "temporary"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    monkeypatch.setattr(tryon_tab, "KEPT_SECONDS", 1)
    with Engines() as engines:
        page = build(engines)
        _, url, _ = page.launch(
            prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=None
        )
        yield page, url, folder
        page.close(verbose=False)


def test_uploads_and_results_are_deleted_when_their_time_has_come(
    short_lived: tuple[gr.Blocks, str, Path], portrait: Path, tmp_path: Path
) -> None:
    page, url, folder = short_lived
    photo = tmp_path / "me.jpg"  # not an example, which stays too
    Image.open(portrait).save(photo)
    page_files = files_in(folder)  # thumbnails and examples, which stay
    client = Client(
        url, verbose=False, analytics_enabled=False, download_files=tmp_path / "answers"
    )
    client.predict(photo=handle_file(photo), frame="round", api_name="/try_on")
    client.close()
    visitor_files = set(files_in(folder)) - set(page_files)
    assert {path.name for path in visitor_files} == {"me.jpg", "me-round.png"}

    delete_files_created_by_app(page, age=600)
    assert visitor_files <= set(files_in(folder))
    time.sleep(1.1)
    delete_files_created_by_app(page, age=1)
    assert files_in(folder) == page_files


@pytest.mark.browser
def test_a_visitor_who_stays_longer(
    short_lived: tuple[gr.Blocks, str, Path], browser: "Browser", portrait: Path
) -> None:
    """The analysis is made anew, and a photo that is gone is asked for again."""
    _, url, folder = short_lived
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#photo input[type=file]", state="attached")
    page.set_input_files("#photo input[type=file]", portrait)
    page.locator("#facts", has_text="Aviator").wait_for(timeout=60_000)

    page.wait_for_timeout(2500)  # Gradio looks for what is too old every second.
    page.locator("#frames button", has_text="Round").click()
    page.locator("#facts", has_text="Round").wait_for(timeout=60_000)

    for path in files_in(folder):
        if path.name in {"young-woman.jpg", "before.png"}:
            path.unlink()
    page.wait_for_timeout(2500)
    page.locator("#frames button", has_text="Wayfarer").click()
    page.locator("#facts", has_text="Your photo was deleted after ten minutes.").wait_for(
        timeout=60_000
    )
    context.close()
