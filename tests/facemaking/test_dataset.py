"""Data sets: what is in the ZIP, copies, duplicates, faults."""

import csv
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from genapp import images
from genapp.errors import BadValue, Cancelled
from genapp.facemaking import faces, open_index, write_dataset
from genapp.facemaking.inspection import Row
from genapp.registry.engines import Engines

from .conftest import training_faces


def test_what_is_in_it(stand_ins: Engines, tmp_path: Path) -> None:
    made = write_dataset(tmp_path / "set.zip", 4, seed=2, engines=stand_ins)
    with zipfile.ZipFile(made.path) as archive:
        assert archive.testzip() is None
        files = [f"face-{seed}.png" for seed in (2, 3, 4, 5)]
        assert archive.namelist() == [*files, "manifest.csv", "manifest.json"]
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        facts = json.loads(archive.read("manifest.json"))
        photo = images.read(archive.read("face-4.png"))
    assert [row["file"] for row in rows] == files
    assert [row["file"] for row in facts["faces"]] == files
    assert facts["license"] == "CC-BY-NC-SA-4.0"
    assert facts["commercial_use"] is False
    assert photo.origin == "trainedAlgorithmicMedia"
    expected = faces(seed=4, engines=stand_ins).pictures[0]
    np.testing.assert_array_equal(photo.pixels, expected.pixels)
    assert rows[2]["recipe"] == faces(seed=4, engines=stand_ins).recipes[0]
    assert made.report()["count"] == 4


def test_the_same_settings_give_the_same_bytes(stand_ins: Engines, tmp_path: Path) -> None:
    paths = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for path in paths:
        write_dataset(path, 3, format="jpg", engines=stand_ins)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_copies_and_duplicates_are_found(
    stand_ins: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A generator that learnt by heart: the same training face, then its mirror image."""
    index = open_index(stand_ins)
    assert index is not None
    face = training_faces()[7]
    found = index.likeness(index.describe(np.ascontiguousarray(face[:, ::-1])))
    assert found.nearest == "face 7"
    assert found.distance < 1e-3
    assert found.suspected
    assert found.share == pytest.approx(1 / 101)

    def learnt(self: object, w: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.asarray(face[np.newaxis] / 255, np.float32)

    monkeypatch.setattr("genapp.facemaking.generator.Generator.synthesis", learnt)
    made = write_dataset(tmp_path / "set.zip", 3, engines=stand_ins)
    assert made.suspected == ("face-0.png", "face-1.png", "face-2.png")
    assert made.duplicates == (("face-1.png", "face-0.png"), ("face-2.png", "face-0.png"))


def test_attributes_are_columns_of_their_own() -> None:
    row = Row("face-1.png", 1, "faces/1 seed=1", attributes={"age": 33.9, "glasses": None})
    table = row.table()
    assert table["age"] == 33.9
    assert table["glasses"] is None
    assert "attributes" not in table


def test_without_comparing(stand_ins: Engines, tmp_path: Path) -> None:
    made = write_dataset(tmp_path / "set.zip", 2, compare=False, engines=stand_ins)
    assert not made.compared
    assert made.rows[0].nearest_training_distance is None


def test_a_stop_leaves_nothing(stand_ins: Engines, tmp_path: Path) -> None:
    target = tmp_path / "set.zip"
    target.write_bytes(b"old")

    def progress(done: float, what: str, seconds_left: float | None) -> None:
        assert len(os.listdir(tmp_path)) == 2  # It is being written beside the old one.
        if done > 0.5:
            raise Cancelled("Stopped.", "Start again.")

    with pytest.raises(Cancelled):
        write_dataset(target, 5, progress=progress, engines=stand_ins)
    assert os.listdir(tmp_path) == ["set.zip"]
    assert target.read_bytes() == b"old"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_full_disk(stand_ins: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        Path("/dev/full").write_bytes(b"x")

    monkeypatch.setattr("genapp.facemaking.dataset.add", full)
    with pytest.raises(BadValue, match="No space left on device"):
        write_dataset(tmp_path / "set.zip", 2, engines=stand_ins)
    assert os.listdir(tmp_path) == []


def test_too_little_room_is_said_at_once(
    stand_ins: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("U", (), {"free": 1000})())
    with pytest.raises(BadValue, match="needs about"):
        write_dataset(tmp_path / "set.zip", 1000, engines=stand_ins)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("set.tar", {}, "End it in .zip"),
        ("none/set.zip", {}, "does not exist"),
        ("set.zip", {"format": "gif"}, "no format 'gif'"),
        ("set.zip", {"count": 0}, "0 faces"),
        ("set.zip", {"count": 100_001}, "100001 faces"),
        ("set.zip", {"seeds": [1, 1]}, "twice"),
    ],
)
def test_refused(
    stand_ins: Engines, tmp_path: Path, name: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(BadValue, match=message):
        write_dataset(tmp_path / name, engines=stand_ins, **settings)  # type: ignore[arg-type]
