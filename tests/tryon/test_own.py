"""One door for frames: names, files and bytes."""

from pathlib import Path

import pytest

from genapp.errors import BadValue, UnknownName, UnreadableFrame
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.tryon import compare_frames, load_frame, open_frame, open_frames, try_on
from tests.tryon.models import glb


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "mine.glb"
    path.write_bytes(glb())
    return path


def test_names_files_bytes_and_frames(model: Path) -> None:
    assert open_frame("aviator").title == "Aviator"
    assert open_frame(model).name == open_frame(str(model)).name == "mine"
    assert open_frame(model.read_bytes()).name == "own"
    frame = load_frame("round")
    assert open_frame(frame) is frame


def test_unknown_name_and_missing_file() -> None:
    with pytest.raises(UnknownName):
        open_frame("aviater")
    with pytest.raises(UnreadableFrame, match="cannot be read"):
        open_frame("nowhere/mine.glb")
    with pytest.raises(UnreadableFrame, match="neither a glTF model nor a picture"):
        open_frame(b"hello")
    with pytest.raises(UnreadableFrame, match="neither a glTF model nor a picture"):
        open_frame(b"")


def test_several(model: Path) -> None:
    frames = open_frames(["aviator", None, model], 130)
    assert [frame and frame.name for frame in frames] == ["aviator", None, "mine"]
    assert frames[2] is not None
    assert frames[2].width == pytest.approx(130, abs=0.1)
    with pytest.raises(BadValue, match="catalogue"):
        open_frames(["aviator"], 130)


def test_try_on_takes_a_file(model: Path, examples: dict[str, Photo], engines: Engines) -> None:
    photo = examples["young-man"]
    result = try_on(photo, model, width_mm=141, engines=engines)
    (face,) = result.faces
    assert face["frame"]["name"] == "mine"
    assert face["frame"]["width_mm"] == pytest.approx(141, abs=0.1)
    assert result.recipe["frame"] == "mine"
    compared = compare_frames(photo, ["aviator", model], engines=engines)
    assert [one["frame"]["name"] for one in compared.faces] == ["aviator", "mine"]
