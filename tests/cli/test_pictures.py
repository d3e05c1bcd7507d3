"""A picture in, a picture out; a folder in, a folder out. On try-on, for all that do it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.cli.command import FACE, fails, run


def test_output_is_checked_before_the_work(face: Path, calls: list[dict[str, Any]]) -> None:
    assert run("try-on", face, "-o", face.with_name("no") / "a.png") == 2
    assert run("try-on", face, "-o", face.with_name("a.docx")) == 2
    assert calls == []


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
