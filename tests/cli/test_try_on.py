"""`python -m genapp try-on`."""

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genapp
from genapp import images
from genapp.cli.program import parser
from genapp.registry.engines import Engines
from genapp.tryon import Nudge
from tests.cli.command import FACE, run


def test_try_on(
    face: Path, calls: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = face.with_name("out.png")
    assert run("try-on", face, "-o", out, "--frame", "round") == 0
    np.testing.assert_array_equal(images.read(out).pixels, 255 - images.read(face).pixels)
    captured = capsys.readouterr()
    assert captured.out.startswith(str(out))
    assert "pupils 62.5 ± 2.5 mm apart" in captured.out
    assert "By the irises. Recommended: 52–55 □ 17–19, temples 140." in captured.out
    assert "Your face is round." in captured.out
    assert captured.err == ""


def test_try_on_passes_every_option_on(face: Path, calls: list[dict[str, Any]]) -> None:
    looks = ["--tint", "#112233", "--opacity", "0.5", "--gradient", "0.25", "--nudge", "down=2"]
    looks += ["--dioptres", "-2.5", "--detector", "yunet", "--parser", "selfie-multiclass"]
    names = ("--pd", "63.5", "--frame", "round", "--model", "face/other.v1", "--device", "cpu")
    assert run("try-on", face, "-o", face.with_name("out.png"), *looks, *names) == 0
    (call,) = calls
    engines = call.pop("engines")
    assert isinstance(engines, Engines)
    assert engines.device == "cpu"
    assert [frame.name for frame in call.pop("frame")] == ["round"]
    assert call == {
        "photo": face,
        "nudge": Nudge(down=2),
        "tint": "#112233",
        "opacity": 0.5,
        "gradient": 0.25,
        "pd_mm": 63.5,
        "card": False,
        "dioptres": -2.5,
        "model": "face/other.v1",
        "device": "cpu",
        "detector": "yunet",
        "parser": "selfie-multiclass",
    }


def test_try_on_defaults_are_the_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = vars(parser().parse_args(["try-on", "a.jpg", "-o", "b.jpg"]))
    parameters = inspect.signature(genapp.try_on).parameters
    for name in ("frame", "tint", "opacity", "gradient", "dioptres", "model", "device"):
        assert parsed[name] == parameters[name].default, name


def test_a_frame_for_each_face(face: Path, calls: list[dict[str, Any]]) -> None:
    assert run("try-on", face, "-o", face.with_name("out.png"), "--frame", "round,none") == 0
    worn, bare = calls[0]["frame"]
    assert worn.name == "round"
    assert bare is None


def test_a_frame_out_of_a_file(
    face: Path, calls: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = face.with_name("mine.glb"), face.with_name("out.png")
    assert run("frames", "export", "round", "-o", model) == 0
    assert capsys.readouterr().out == f"{model}\n"
    assert run("try-on", face, "-o", out, "--frame", model, "--width-mm", 131) == 0
    (frame,) = calls[0]["frame"]
    assert frame.name == "mine"
    assert frame.width == pytest.approx(131, abs=0.1)
    capsys.readouterr()
    assert run("try-on", face, "-o", out, "--frame", "round", "--width-mm", 131) == 2
    assert "Give a width only with a file." in capsys.readouterr().err
    assert run("frames", "export", "round", "-o", face.with_name("mine.png")) == 2
    assert "End it in .glb." in capsys.readouterr().err


def test_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = Path(genapp.__file__).parent / "ui" / "examples" / "young-woman.jpg"
    out = tmp_path / "out.png"
    assert run("try-on", photo, "-o", out, "--compare", "round,aviator", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert [face["frame"]["name"] for face in report["compared"]] == ["round", "aviator"]
    sheet = images.read(out).pixels
    assert sheet.shape[1] > sheet.shape[0]
    assert run("try-on", photo.parent, "-o", tmp_path / "sheets", "--compare", "round") == 2
    assert capsys.readouterr().err == "--compare was given a folder. Give it one photo.\n"


def test_try_on_json(
    face: Path, calls: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("try-on", face, "-o", face.with_name("out.png"), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report == {"faces": [FACE], "timings_ms": {"read": 1.0}, "recipe": {"frame": "round"}}
