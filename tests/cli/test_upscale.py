"""`python -m genapp upscale`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genapp import images
from genapp.images import Photo
from tests.cli.command import fails, run


@dataclass
class FakeUpscaled:
    photo: Photo
    ran: None = None

    def report(self) -> dict[str, Any]:
        return {
            "model": "upscale/near.v1",
            "size": [64, 48],
            "faces": [],
            "timings_ms": {"networks": 1500.0},
            "recipe": {"models": ["upscale/near.v1"]},
        }


@pytest.fixture
def upscaled(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """An upscale that repeats each pixel, and what it was asked."""
    asked: list[dict[str, Any]] = []

    def fake(photo: Photo, scale: float | None, **options: Any) -> FakeUpscaled:  # noqa: ANN401
        asked.append({"scale": scale, **options})
        options["progress"](0.5, "Enlarging", 1.0)
        large = photo.pixels.repeat(2, axis=0).repeat(2, axis=1)
        return FakeUpscaled(images.resized(photo, large, None, "x"))

    monkeypatch.setattr("genapp.upscaling.upscale", fake)
    return asked


def test_upscale(
    face: Path, upscaled: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = face.with_name("out.tiff")
    assert run("upscale", face, "-o", out) == 0
    assert images.read(out).pixels.shape == (48, 64, 3)
    captured = capsys.readouterr()
    assert captured.out == f"{out}\n  64×48 with upscale/near.v1 in 1.5 s\n"
    assert "% |" in captured.err


def test_upscale_passes_every_option_on(face: Path, upscaled: list[dict[str, Any]]) -> None:
    sizes = ("--width", 90, "--height", 70, "--model", "upscale/near.v1")
    looks = ("--strength", 0.5, "--grain", 0.25, "--shift-colors", "--protect", face)
    faces = ("--no-faces", "--restore-faces", "--fidelity", 0.1, "--device", "cpu")
    assert run("upscale", face, "-o", face.with_name("o.webp"), *sizes, *looks, *faces) == 0
    (call,) = upscaled
    assert call.pop("engines").device == "cpu"
    assert callable(call.pop("progress"))
    assert call == {
        "scale": None,
        "width": 90,
        "height": 70,
        "model": "upscale/near.v1",
        "strength": 0.5,
        "grain": 0.25,
        "keep_colors": False,
        "protect": face,
        "faces": False,
        "restore_faces": True,
        "fidelity": 0.1,
        "format": ".webp",
    }


def test_upscale_json(
    face: Path, upscaled: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = face.with_name("out.png")
    assert run("upscale", face, "-o", out, "--json", "--scale", 2) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["outputs"] == [str(out)]
    assert report.keys() >= {"outputs", "model", "timings_ms", "recipe"}


def test_upscale_folder(
    face: Path, upscaled: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    (face.parent / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    grey = np.arange(24 * 32, dtype=np.uint8).reshape(24, 32)
    Image.fromarray(grey).save(face.parent / "grey.jpg")
    out = face.parent / "out"
    assert run("upscale", face.parent, "-o", out, "--format", "png", "--json") == 2
    assert sorted(path.name for path in out.iterdir()) == ["face.png", "grey.png"]
    assert Image.open(out / "grey.png").mode == "L"
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert [Path(path).name for path in report["outputs"]] == ["face.png", "grey.png"]
    assert Path(report["failures"][0]["file"]).name == "broken.jpg"
    assert "1 failed:" in captured.err


def test_upscale_mistakes(face: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = face.with_name("out.png")
    assert "The scale is 9" in fails(capsys, "upscale", face, "-o", out, "--scale", 9)
    assert "--format is for folders" in fails(
        capsys, "upscale", face, "-o", out, "--format", "webp"
    )
    assert not out.exists()
