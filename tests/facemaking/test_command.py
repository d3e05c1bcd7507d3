"""`python -m genapp faces`, on stand-in networks."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from genapp import images
from genapp.cli import main
from genapp.facemaking import recipe_line


@pytest.fixture(autouse=True)
def in_folder(faces_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAPP_WEIGHTS", str(faces_folder))
    monkeypatch.chdir(tmp_path)


def run(line: str) -> int:
    return main(["faces", *line.split()])


def test_a_folder_and_a_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-o made --seeds 1,5,9-10 --grid sheet.png") == 0
    assert sorted(os.listdir("made")) == ["face-1.png", "face-10.png", "face-5.png", "face-9.png"]
    assert images.read("sheet.png").pixels.shape == (36, 36, 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].strip() == recipe_line(images.read("made/face-10.png"))


def test_a_picture_from_the_recipe_in_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-o first.png --seed 3 --mix 9@2 --truncation 0.9 --json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["outputs"] == ["first.png"]
    assert facts["size"] == [16, 16]
    assert facts["recipe"] == [recipe_line(images.read("first.png"))]
    assert run("-o second.png --recipe first.png") == 0
    assert Path("first.png").read_bytes() == Path("second.png").read_bytes()


def test_neighbours() -> None:
    assert run("-o made --seed 3 --around 4 --distance 0.2 --format jpg") == 0
    files = os.listdir("made")
    assert len(files) == 4
    assert all(name.startswith("face-3-around-") and name.endswith(".jpg") for name in files)


def test_a_data_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-o set.zip --count 3 --no-mark --json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["count"] == 3
    assert facts["suspected_copies"] == []
    with zipfile.ZipFile("set.zip") as archive:
        assert images.read(archive.read("face-2.png")).origin is None


def test_a_film() -> None:
    assert run("--animate film.webp --seeds 1,2 --seconds 0.1 --size 16") == 0
    assert Path("film.webp").is_file()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "Where to?"),
        ("-o one.png --count 3", "3 faces do not fit into one file"),
        ("-o none/one.png", "does not exist"),
        ("-o one.png --recipe hello", "This is no recipe"),
        ("-o one.png --recipe missing.png", "There is no file"),
        ("-o one.png --recipe faces/1 --mix 3", "--mix does not go with --recipe"),
        ("-o made --seeds 3-1", "Write 1-3"),
        ("-o made --seeds 1 --count 2", "--count does not go with --seeds"),
        ("-o set.zip --around 3", "--around does not go with a .zip"),
        ("-o one.png --truncation 2", "The truncation is 2"),
        ("-o one.png --edit nose=1", "There is no slider named 'nose'"),
        ("-o one.png --model faces/none", "There is no model named"),
        ("-o one.png --size 9", "Choose 16 to 128"),
        ("--grid sheet.gif", "is not a format that can be written"),
        ("--animate film.gif --seeds 1,2", "End it in .mp4 or .webp"),
    ],
)
def test_mistakes_end_with_one_sentence(
    capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    assert run(line) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert [path for path in Path().rglob("*") if path.is_file()] == []
