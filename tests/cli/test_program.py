"""All commands: what goes where, mistakes, bugs, and the program as a process."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import genapp
from tests.cli.command import REPOSITORY, fails, run


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
