"""`python -m genapp translate`."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from genapp import images
from genapp.images import Photo
from tests.cli.command import fails, run


@dataclass
class FakeTranslated:
    photo: Photo
    ran: None = None

    def report(self) -> dict[str, Any]:
        return {
            "model": "translate/fake.v1",
            "size": [32, 24],
            "timings_ms": {"networks": 1500.0},
            "recipe": {"style": {"embers": 1.0}, "detail": 1024, "models": ["translate/fake.v1"]},
        }


@pytest.fixture
def translated(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A translation to the negative, and what it was asked."""
    asked: list[dict[str, Any]] = []

    def fake(photo: Path, style: dict[str, float], **options: Any) -> FakeTranslated:  # noqa: ANN401
        asked.append({"photo": photo, "style": style, **options})
        options["progress"](0.5, "Painting", 1.0)
        read = images.read(photo)
        return FakeTranslated(replace(read, pixels=255 - read.pixels))

    monkeypatch.setattr("genapp.translating.translate", fake)
    return asked


def test_translate(
    face: Path, translated: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = face.with_name("out.png")
    assert run("translate", face, "-o", out, "--style", "embers") == 0
    assert images.read(out).pixels.shape == (24, 32, 3)
    assert capsys.readouterr().out == (
        f"{out}\n  embers 100%; strokes of a picture of 1024 px, in 1.5 s\n"
    )


def test_translate_passes_every_option_on(face: Path, translated: list[dict[str, Any]]) -> None:
    looks = ("--strength", 0.5, "--face-strength", 0.9, "--keep-colors", "--region", "face")
    size = ("--detail", 700, "--no-refine", "--parser", "selfie-multiclass")
    blend = ("--style", "embers=2,ink-wash=1")
    out = face.with_name("o.webp")
    assert run("translate", face, "-o", out, *blend, *looks, *size, "--device", "cpu") == 0
    (call,) = translated
    assert call.pop("engines").device == "cpu"
    assert callable(call.pop("progress"))
    assert call == {
        "photo": face,
        "style": {"embers": 2.0, "ink-wash": 1.0},
        "strength": 0.5,
        "face_strength": 0.9,
        "keep_colors": True,
        "region": "face",
        "detail": 700,
        "refine": False,
        "parser": "selfie-multiclass",
        "format": ".webp",
    }


def test_translate_folder(
    face: Path, translated: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    (face.parent / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    out = face.parent / "out"
    assert run("translate", face.parent, "-o", out, "--style", "embers", "--json") == 2
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert [Path(path).stem for path in report["outputs"]] == ["face"]
    assert Path(report["failures"][0]["file"]).name == "broken.jpg"
    assert "1 failed:" in captured.err


def test_translate_lists_the_styles(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("translate", "--styles") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 27 + 6 + 7
    assert sum("MIT" in line for line in lines) == 1
    assert run("translate", "--styles", "--json") == 0
    styles = json.loads(capsys.readouterr().out)["styles"]
    keys = {"name", "description", "model", "license", "commercial", "present"}
    assert styles[0].keys() == keys
    assert styles[0]["present"]


def test_translate_mistakes(face: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = face.with_name("out.png")
    assert "The photo is missing" in fails(capsys, "translate", "-o", out, "--style", "embers")
    assert "The output (-o) is missing" in fails(capsys, "translate", face, "--style", "embers")
    assert "The style (--style) is missing" in fails(capsys, "translate", face, "-o", out)
    assert "no style named 'oil'" in fails(capsys, "translate", face, "-o", out, "--style", "oil")
    assert not out.exists()
