"""`GENAPP_COMMERCIAL_ONLY=1` hides every model that may not be used commercially, everywhere."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from genapp import cli
from genapp.errors import ModelMissing
from genapp.registry.catalog import Catalog, Model, load, parse, weights_folder
from genapp.registry.engines import Engines
from genapp.registry.store import Store

if TYPE_CHECKING:
    import gradio as gr

WHOLE = parse((weights_folder() / "catalog.toml").read_text(encoding="utf-8"))
HIDDEN = tuple(model for model in WHOLE.models if not model.commercial)
LEFT = tuple(model for model in WHOLE.models if model.commercial)

FACE = Path(__file__).parents[1] / "genapp" / "ui" / "examples" / "young-woman.jpg"


@pytest.fixture(autouse=True)
def commercial_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GENAPP_COMMERCIAL_ONLY", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def engines() -> Engines:
    return Engines(store=Store(offline=True, stamps=None), device="cpu")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Dark lines on white paper."""
    path = tmp_path / "picture.png"
    paper = np.full((96, 96), 255, np.uint8)
    paper[30:34] = paper[:, 40:44] = 0
    Image.fromarray(paper).save(path)
    return path


def named_in(text: str) -> list[str]:
    """Hidden models that a text names, whole or without the task."""
    names = {model.name for model in HIDDEN}
    names |= {name.partition("/")[2] for name in names}
    return sorted(name for name in names if name in text)


def test_there_is_something_to_hide() -> None:
    assert len(HIDDEN) > 10
    assert len(LEFT) > 20


def test_catalogue() -> None:
    assert load() == Catalog(LEFT, HIDDEN)
    assert load().allowed() == load()
    assert WHOLE.allowed() == load()


def test_catalogue_without_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENAPP_COMMERCIAL_ONLY")
    assert load() == WHOLE
    assert WHOLE.allowed() == WHOLE


@pytest.mark.parametrize("model", HIDDEN, ids=lambda model: model.name)
def test_engines(model: Model, engines: Engines) -> None:
    for use in (engines.get, engines.data, engines.weights):
        with pytest.raises(ModelMissing, match="may not be used commercially") as caught:
            use(model.name)
        assert "Choose another model" in caught.value.remedy


def test_setting_that_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENAPP_COMMERCIAL_ONLY")
    engines = Engines(device="cpu")
    monkeypatch.setenv("GENAPP_COMMERCIAL_ONLY", "1")
    with pytest.raises(ModelMissing, match="may not be used commercially"):
        engines.get("faces/gated-gan-mapping.v1")


@pytest.mark.parametrize("action", ["list", "licenses", "verify"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_models_commands(
    action: str,
    form: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cli.main(["models", action, *form]) == 0
    told = capsys.readouterr().out
    assert named_in(told) == []
    assert LEFT[0].name in told
    monkeypatch.delenv("GENAPP_COMMERCIAL_ONLY")
    if action != "verify":
        cli.main(["models", action, *form])
        assert len(named_in(capsys.readouterr().out)) >= len(HIDDEN)


@pytest.mark.parametrize("action", ["show", "pull", "verify"])
def test_models_commands_on_a_hidden_one(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", action, HIDDEN[0].name]) == 2
    assert "may not be used commercially" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["upscale", "IN", "-o", "OUT.png", "--model", "face/restoreformer.plus-plus"],
        ["upscale", "IN", "-o", "OUT.png", "--restore-faces"],
        ["colorize", "IN", "-o", "OUT.png", "--model", "families/vae.faces32"],
        ["translate", "IN", "-o", "OUT.png", "--style", "anime-face"],
        ["sketch-to-face", "IN", "-o", "OUT.png"],
        ["faces", "-o", "OUT"],
        ["faces", "-o", "OUT", "--model", "faces/ddpm.celebahq-256"],
        ["try-on", "FACE", "-o", "OUT.png", "--parser", "bisenet-r18"],
        ["outliers", "IN"],
    ],
    ids=" ".join,
)
def test_commands(
    command: list[str], picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = picture.parent if command[0] == "outliers" else picture
    out = {"OUT": str(tmp_path / "out"), "OUT.png": str(tmp_path / "o.png")}
    places = {"IN": str(given), "FACE": str(FACE), **out}
    assert cli.main([places.get(word, word) for word in command]) == 2
    error = capsys.readouterr().err
    assert "may not be used commercially, and GENAPP_COMMERCIAL_ONLY=1 is set." in error
    assert not (tmp_path / "o.png").exists()


@pytest.fixture(scope="module")
def page() -> "gr.Blocks":
    from genapp.ui.app import build

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GENAPP_COMMERCIAL_ONLY", "1")
        return build(Engines(store=Store(offline=True, stamps=None), device="cpu"))


def test_page(page: "gr.Blocks") -> None:
    """Components with their choices and texts."""
    config = json.dumps(page.get_config_file(), default=str, ensure_ascii=False)
    assert named_in(config) == []
    assert "anime-face" not in config
    assert "Make faces" not in config


def test_api(page: "gr.Blocks", picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gradio as gr

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(picture.parent))

    info = json.dumps(page.get_api_info(), default=str, ensure_ascii=False)
    assert named_in(info) == []
    sent = {"path": str(picture), "meta": {"_type": "gradio.FileData"}}
    asked = {"faces": (), "sketch_to_face": (sent,), "outliers": ([sent],)}
    endpoints = {each.api_name: each.fn for each in page.fns.values()}
    for name, arguments in asked.items():
        call = endpoints[name]
        assert call is not None
        with pytest.raises(gr.Error, match="may not be used commercially"):
            call(*arguments)
    listed = endpoints["models"]
    assert listed is not None
    assert [row["name"] for row in listed()["models"]] == [model.name for model in LEFT]
