"""Building the page: light, repeatable, and private by its settings."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from genapp.registry.engines import Engines
from genapp.ui import build, tryon_tab

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_page_needs_no_torch(tmp_path: Path) -> None:
    script = """
import json, sys
from genapp.registry.engines import Engines
from genapp.ui import build, tryon_tab
build(Engines())
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "GRADIO_TEMP_DIR": str(tmp_path / "temp"),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"genapp", "gradio"} <= loaded
    assert loaded & {"torch", "torchvision"} == set()


def test_the_page_builds_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(tryon_tab, "frame_names", lambda: ["aviator"])  # Fewer thumbnails.
    engines = Engines()
    first, second = build(engines), build(engines)
    assert len(first.fns) == len(second.fns) > 0
    for page in (first, second):
        assert list(page.get_api_info()["named_endpoints"]) == [
            "/try_on",
            "/colorize",
            "/translate",
            "/sketch_to_face",
            "/upscale",
            "/faces",
            "/outliers",
            "/augment",
            "/models",
        ]


def test_the_served_settings_are_private(app_url: str) -> None:
    with urllib.request.urlopen(f"{app_url}config") as answer:
        config = json.load(answer)
    assert config["run_history"] is False
    assert config["analytics_enabled"] is False
    assert config["pwa"] is False
    assert "deeplinkbutton" not in {component["type"] for component in config["components"]}
    assert config["max_file_size"] == 64 * 2**20
