"""`python -m genapp colorize`."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genapp import images
from tests.cli.command import REPOSITORY, fails, run


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    """A small grey photo with something in it."""
    source = REPOSITORY / "genapp" / "ui" / "examples" / "young-woman.jpg"
    path = tmp_path / "portrait.png"
    Image.open(source).convert("L").resize((96, 120)).save(path)
    return path


def test_colorize(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = portrait.with_name("out.tiff")
    assert run("colorize", portrait, "-o", out) == 0
    coloured = images.read(out)
    assert coloured.pixels.shape == (120, 96, 3)
    assert np.ptp(coloured.pixels.astype(int), axis=2).mean() > 8
    captured = capsys.readouterr()
    assert captured.out.startswith(f"{out}\n  96×120 with colorize/mobilenet-unet.v2 in ")


def test_colorize_passes_every_option_on(
    portrait: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = REPOSITORY / "genapp" / "ui" / "examples" / "older-man.jpg"
    looks = ("--saturation", 1.5, "--warmth", -0.5, "--strength", 0.5, "--candidate", 2)
    pictures = ("--reference", reference, "--reference-strength", 0.25, "--keep-grey", portrait)
    clean = ("--denoise", 0.5, "--scratches", 0.25, "--contrast", 1)
    hints = ("--hint", "5,6,#336699", "--hint", "90,7,#ffcc00", "--device", "cpu", "--json")
    out = portrait.with_name("o.webp")
    assert run("colorize", portrait, "-o", out, *looks, *pictures, *clean, *hints) == 0
    report = json.loads(capsys.readouterr().out)
    assert report.keys() >= {"outputs", "model", "timings_ms", "recipe", "notes"}
    assert report["outputs"] == [str(out)]
    assert report["recipe"] == {
        "model": "colorize/mobilenet-unet.v2",
        "hints": ["5,6,#336699", "90,7,#ffcc00"],
        "saturation": 1.5,
        "warmth": -0.5,
        "strength": 0.5,
        "candidate": 2,
        "denoise": 0.5,
        "scratches": 0.25,
        "contrast": 1.0,
        "keep_grey": True,
        "reference": True,
        "reference_strength": 0.25,
    }


def test_colorize_sheet_and_uncertainty(portrait: Path) -> None:
    out, unsure = portrait.with_name("sheet.png"), portrait.with_name("unsure.png")
    assert run("colorize", portrait, "-o", out, "--candidates", 4, "--uncertainty", unsure) == 0
    height, width = images.read(out).pixels.shape[:2]
    assert width > 2 * 96
    assert height > 2 * 120
    assert images.read(unsure).pixels.shape == (120, 96, 3)


def test_colorize_sketch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paper = np.full((120, 96), 255, np.uint8)
    paper[20:100:8, 10:86] = 0
    drawing, out = tmp_path / "drawing.png", tmp_path / "out.png"
    Image.fromarray(paper).save(drawing)
    assert run("colorize", drawing, "-o", out, "--sketch", "--palette", "vivid", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["model"].startswith("colorize/sketch-unet.")
    assert report["recipe"]["palette"] == "vivid"
    assert np.ptp(images.read(out).pixels.astype(int), axis=2).max() > 10


def test_colorize_folder(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (portrait.parent / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    out = portrait.parent / "out"
    assert run("colorize", portrait.parent, "-o", out, "--format", "jpg", "--json") == 2
    assert [path.name for path in out.iterdir()] == ["portrait.jpg"]
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert [Path(path).name for path in report["outputs"]] == ["portrait.jpg"]
    assert Path(report["failures"][0]["file"]).name == "broken.jpg"
    assert "1 failed:" in captured.err


def test_colorize_says_what_it_found(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coloured = REPOSITORY / "genapp" / "ui" / "examples" / "young-woman.jpg"
    small = portrait.with_name("coloured.png")
    Image.open(coloured).resize((96, 120)).save(small)
    assert run("colorize", small, "-o", portrait.with_name("o.png")) == 0
    assert "coloured.png: The photo is in colour already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--hint", "5,6"), "'5,6' is no hint"),
        (("--hint", "500,6,#fff"), "outside the photo of 96×120"),
        (("--saturation", 3), "The saturation is 3"),
        (("--candidates", 0), "The count is 0"),
        (("--model", "colorize/none"), "There is no model named"),
        (("--keep-grey", "nothing.png"), "There is no file 'nothing.png'"),
        (("--palette", "neon"), "There is no palette named 'neon'"),
        (("--format", "webp"), "--format is for folders"),
        (("--uncertainty", "u.xyz"), "not a format"),
    ],
)
def test_colorize_mistakes(
    portrait: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[object, ...],
    words: str,
) -> None:
    out = portrait.with_name("out.png")
    assert words in fails(capsys, "colorize", portrait, "-o", out, *options)
    assert not out.exists()


def test_colorize_hints_are_for_one_photo(
    portrait: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = portrait.parent / "out"
    message = fails(capsys, "colorize", portrait.parent, "-o", out, "--hint", "1,1,#fff")
    assert "--hint is for one photo" in message
    assert not out.exists()
