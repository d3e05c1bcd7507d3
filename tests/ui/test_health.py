"""`/health`, and the address that the app is served at."""

import json
import shutil
import socket
import urllib.request
from pathlib import Path

import gradio as gr
import pytest

import genapp
from genapp.errors import BadValue
from genapp.registry.catalog import load, weights_folder
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from genapp.ui.app import launch
from genapp.ui.health import report


def test_the_app_is_well(app_url: str) -> None:
    with urllib.request.urlopen(f"{app_url}health") as answer:
        assert answer.headers.get_content_type() == "application/json"
        said = json.load(answer)
    assert (said["status"], said["version"], said["missing"]) == ("ok", genapp.__version__, [])
    assert "face/facemesh.attention" in said["models"]


def test_missing_weights_are_told(tmp_path: Path) -> None:
    """Those of the Hub need not be here."""
    shutil.copytree(weights_folder() / "face", tmp_path / "face")
    engines = Engines(store=Store(tmp_path, cache_dir=tmp_path / "hub", offline=True))
    said = report(engines)
    assert said["status"] == "incomplete"
    embedded = {model.name for model in load().models if model.embedded}
    assert {*said["models"], *said["missing"]} == embedded
    assert all(not name.startswith("face/") for name in said["missing"])


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with gr.Blocks() as page, pytest.raises(BadValue) as caught:
            launch(page, Engines(), "127.0.0.1", port)
    assert f"Nobody can listen at 127.0.0.1, port {port}" in caught.value.message
    assert "--port" in caught.value.remedy
