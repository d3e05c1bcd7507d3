import inspect
import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import genapp
from genapp import cli, images
from genapp.errors import NoFace
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.tryon import Nudge, frame_names

REPOSITORY = Path(__file__).resolve().parent.parent

# Real options of the command; the rest of a report is the task's affair.
FACE = {
    "pose": {"yaw": 1.5, "pitch": -2.0, "roll": 0.0},
    "pd_mm": {"value": 62.5, "error": 2.5},
    "face_width_mm": {"value": 140.0, "error": 6.0},
    "frame": {"name": "round", "width_mm": 138.0},
    "fit": "good",
    "scale": {"ruler": "iris", "error_percent": 4.5, "note": "By the irises."},
    "recommended": {"text": "52–55 □ 17–19, temples 140"},
    "shape": {"reason": "Your face is round."},
}


@dataclass
class FakeResult:
    photo: Photo

    def report(self) -> dict[str, Any]:
        return {"faces": [FACE], "timings_ms": {"read": 1.0}, "recipe": {"frame": "round"}}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A try-on that turns the picture into its negative, and what it was asked.

    It finds no face in a picture whose name starts with "landscape", and breaks on "bug".
    """
    asked: list[dict[str, Any]] = []

    def fake(photo: Path, frame: str, **options: object) -> FakeResult:
        asked.append({"photo": photo, "frame": frame, **options})
        if photo.name.startswith("landscape"):
            raise NoFace("No face was found in the picture.", "Use a photo with a face.")
        if photo.name.startswith("bug"):
            raise ZeroDivisionError("a bug")
        read = images.read(photo)
        return FakeResult(replace(read, pixels=255 - read.pixels))

    monkeypatch.setattr("genapp.tryon.try_on", fake)
    return asked


@pytest.fixture
def face(tmp_path: Path, gradient: NDArray[np.uint8]) -> Path:
    path = tmp_path / "face.png"
    Image.fromarray(gradient).save(path)
    return path


def run(*arguments: object) -> int:
    """The exit code, whichever way the command ends."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line on stderr of a command that must fail as a user's mistake."""
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


# try-on --------------------------------------------------------------------------------------


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
    looks += ["--dioptres", "-2.5"]
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
    }


def test_try_on_defaults_are_the_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = vars(cli._parser().parse_args(["try-on", "a.jpg", "-o", "b.jpg"]))
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


def test_frames_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("frames", "list", "--json") == 0
    frames = json.loads(capsys.readouterr().out)["frames"]
    assert [frame["name"] for frame in frames] == frame_names()
    assert run("frames", "list") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(frames) + 1


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


def test_notes_go_to_stderr(
    face: Path, calls: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    Image.open(face).convert("RGBA").save(face)
    assert run("try-on", face, "-o", face.with_name("out.jpg"), "--json") == 0
    captured = capsys.readouterr()
    assert "face.png: JPEG has no transparency" in captured.err
    json.loads(captured.out)


def test_mistakes_are_one_line_with_a_remedy(
    face: Path,
    tmp_path: Path,
    calls: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    landscape = tmp_path / "landscape.png"
    landscape.write_bytes(face.read_bytes())
    out = tmp_path / "out.png"
    cases: list[tuple[str, tuple[object, ...]]] = [
        ("required: -o/--output", ("try-on", face)),
        ("No face was found in the picture. Use a photo", ("try-on", landscape, "-o", out)),
        ("There is no file", ("try-on", tmp_path / "missing.jpg", "-o", out)),
        ("The output is the input", ("try-on", face, "-o", face)),
        ("is not a format that can be written", ("try-on", face, "-o", tmp_path / "a.docx")),
        ("The file has no extension", ("try-on", face, "-o", tmp_path / "a")),
        ("does not exist. Create it", ("try-on", face, "-o", tmp_path / "no" / "a.png")),
        ("invalid choice: 'tpu'", ("try-on", face, "-o", out, "--device", "tpu")),
        ("not allowed with argument --pd", ("try-on", face, "-o", out, "--pd", "63", "--card")),
        ("invalid float value: 'half'", ("try-on", face, "-o", out, "--opacity", "half")),
        ("is a folder, but", ("try-on", tmp_path, "-o", face)),
        ("The output folder is the input folder", ("try-on", tmp_path, "-o", tmp_path)),
        ("invalid choice: 'paint'", ("paint",)),
        ("required: COMMAND", ()),
    ]
    for message, arguments in cases:
        assert message in fails(capsys, *arguments)
        assert not out.exists()


def test_output_is_checked_before_the_work(face: Path, calls: list[dict[str, Any]]) -> None:
    assert run("try-on", face, "-o", face.with_name("no") / "a.png") == 2
    assert run("try-on", face, "-o", face.with_name("a.docx")) == 2
    assert calls == []


def test_bug_is_logged_whole(
    face: Path, calls: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    bug = face.rename(face.with_name("bug.png"))
    assert run("try-on", bug, "-o", face.with_name("out.png")) == 1
    assert "ZeroDivisionError: a bug" in caplog.text


def test_stopped_by_the_user(
    face: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("genapp.tryon.try_on", stop)
    assert run("try-on", face, "-o", face.with_name("out.png")) == 130
    assert capsys.readouterr().err == "Stopped.\n"


# A folder ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, gradient: NDArray[np.uint8]) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    image = Image.fromarray(gradient)
    for name in ("a.JPG", "b.png", "b.bmp", "landscape.png"):
        image.save(path / name)
    whole = (path / "a.JPG").read_bytes()
    (path / "broken.jpg").write_bytes(whole[: len(whole) - 100])
    (path / "notes.txt").write_text("no picture")
    (path / "subfolder.png").mkdir()
    return path


def test_folder(
    folder: Path, calls: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.with_name("new") / "out"
    assert run("try-on", folder, "-o", out) == 2
    assert sorted(path.name for path in out.iterdir()) == ["a.JPG", "b.png", "b.png.png"]
    captured = capsys.readouterr()
    assert captured.out.count("pupils") == 3
    assert "5/5" in captured.err
    summary = captured.err[captured.err.index("2 failed:") :].splitlines()
    assert len(summary) == 3
    assert "broken.jpg: 'broken.jpg' is damaged" in summary[1]
    assert "landscape.png: No face was found" in summary[2]
    assert len({id(call["engines"]) for call in calls}) == 1


def test_folder_json(
    folder: Path, calls: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.with_name("out")
    assert run("try-on", folder, "-o", out, "--json") == 2
    report = json.loads(capsys.readouterr().out)
    assert [Path(row["file"]).name for row in report["results"]] == ["a.JPG", "b.bmp", "b.png"]
    assert all(Path(row["output"]).is_file() for row in report["results"])
    assert report["results"][0]["faces"] == [FACE]
    assert [Path(row["file"]).name for row in report["failures"]] == ["broken.jpg", "landscape.png"]
    assert report["failures"][1]["reason"].startswith("No face was found")


def test_folder_without_failures(face: Path, calls: list[dict[str, Any]]) -> None:
    assert run("try-on", face.parent, "-o", face.parent / "out") == 0
    assert (face.parent / "out" / "face.png").is_file()


def test_empty_folder(
    tmp_path: Path, calls: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    message = fails(capsys, "try-on", tmp_path / "in", "-o", tmp_path / "out")
    assert "There are no pictures in" in message
    assert not (tmp_path / "out").exists()


# colorize ------------------------------------------------------------------------------------


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


# upscale -------------------------------------------------------------------------------------


@dataclass
class FakeUpscaled:
    photo: Photo

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


# translate -----------------------------------------------------------------------------------


@dataclass
class FakeTranslated:
    photo: Photo

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
    size = ("--detail", 700, "--no-refine")
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


# models --------------------------------------------------------------------------------------


def catalogue_entry(name: str, data: bytes, license: str, where: str) -> str:
    return f"""
    [[model]]
    name = "{name}"
    summary = "Some data."
    engine = "data"
    license = "{license}"
    commercial = {str(license != "CC-BY-NC-4.0").lower()}
    source = "this test"
    training_data = "none"
    [[model.file]]
    {where}
    sha256 = "{sha256(data).hexdigest()}"
    bytes = {len(data)}
    [[model.measure]]
    what = "Length"
    value = {len(data)}
    unit = "bytes"
    command = "wc -c"
    """


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two embedded models, and one on a Hub that must not be asked."""
    folder = tmp_path / "weights"
    folder.mkdir()
    on_hub = f'repo = "owner/name"\ncommit = "{"0123456789" * 4}"\nfile = "x.npz"'
    (folder / "one.npz").write_bytes(b"one")
    (folder / "two.npz").write_bytes(b"two")
    (folder / "catalog.toml").write_text(
        catalogue_entry("test/one.v1", b"one", "MIT", 'path = "one.npz"')
        + catalogue_entry("test/two.v1", b"two", "CC-BY-NC-4.0", 'path = "two.npz"')
        + catalogue_entry("test/hub.v1", b"x" * 12_345_678, "MIT", on_hub),
        encoding="utf-8",
    )
    monkeypatch.setenv("GENAPP_WEIGHTS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


def test_models_list(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "list", "--json") == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert models[1] == {
        "name": "test/two.v1",
        "license": "CC-BY-NC-4.0",
        "commercial": False,
        "engine": "data",
        "bytes": 3,
        "embedded": True,
        "pinned": True,
        "present": True,
    }
    assert (models[2]["embedded"], models[2]["present"]) == (False, False)
    (weights / "two.npz").unlink()
    assert run("models", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "NAME",
        "test/one.v1",
        "test/two.v1",
        "test/hub.v1",
    ]
    assert [line.split()[-1] for line in lines] == ["HERE", "yes", "no", "no"]
    assert "12.3 MB" in lines[3]


def test_models_show(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "show", "test/two.v1") == 0
    text = capsys.readouterr().out
    for part in ("CC-BY-NC-4.0, commercial use no", sha256(b"two").hexdigest(), "Length: 3 bytes"):
        assert part in text
    assert run("models", "show", "test/hub.v1", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["files"][0]["repo"] == "owner/name"
    assert shown["present"] is False
    assert "Did you mean test/two.v1" in fails(capsys, "models", "show", "test/to.v1")


def test_models_pull(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "pull", "test/one.v1", "test/two.v1") == 0
    assert capsys.readouterr().out == "test/one.v1: here\ntest/two.v1: here\n"
    assert run("models", "pull", "--all", "--json") == 2
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert [row["name"] for row in report["models"]] == ["test/one.v1", "test/two.v1"]
    assert report["models"][0]["files"] == [str(weights / "one.npz")]
    assert [row["name"] for row in report["failures"]] == ["test/hub.v1"]
    assert "fetching is switched off" in captured.err
    assert "Which models?" in fails(capsys, "models", "pull")
    assert "Which models?" in fails(capsys, "models", "pull", "test/one.v1", "--all")


def test_models_verify(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "verify") == 0  # The one on the Hub is not here, and need not be.
    assert capsys.readouterr().out.count("as it should be") == 2
    assert run("models", "verify", "test/hub.v1") == 2
    assert "not on this machine" in capsys.readouterr().err
    (weights / "one.npz").write_bytes(b"eno")
    (weights / "two.npz").unlink()
    assert run("models", "verify", "--json") == 2
    failures = json.loads(capsys.readouterr().out)["failures"]
    assert [row["name"] for row in failures] == ["test/one.v1", "test/two.v1"]
    assert "SHA-256" in failures[0]["reason"]
    assert "git checkout" in failures[1]["reason"]


def test_models_licenses(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "licenses", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "licenses": [
            {"license": "MIT", "commercial": True, "models": ["test/one.v1", "test/hub.v1"]},
            {"license": "CC-BY-NC-4.0", "commercial": False, "models": ["test/two.v1"]},
        ]
    }
    assert run("models", "licenses") == 0
    assert "CC-BY-NC-4.0 (commercial use: no)\n  test/two.v1\n" in capsys.readouterr().out


def test_wrong_weights_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GENAPP_WEIGHTS", str(tmp_path / "missing"))
    assert "GENAPP_WEIGHTS" in fails(capsys, "models", "list")


# The program ---------------------------------------------------------------------------------


def test_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "genapp"]
    settings: dict[str, Any] = {"capture_output": True, "text": True, "cwd": REPOSITORY}
    done = subprocess.run([*command, "--help"], check=True, **settings)
    for name in ("try-on", "models", "serve"):
        assert name in done.stdout
    missing = [str(tmp_path / "missing.jpg"), "-o", str(tmp_path / "out.jpg")]
    done = subprocess.run([*command, "try-on", *missing], check=False, **settings)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "There is no file" in done.stderr


def test_version_is_the_packages() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert genapp.__version__ == project["version"]


def test_public_names() -> None:
    assert set(genapp.__all__) <= set(dir(genapp))
    for name in genapp.__all__:
        assert getattr(genapp, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        genapp.paint  # noqa: B018
