"""Faces to learn from: the split, the alignment, the packed file."""

from pathlib import Path

import face_data
import numpy as np
import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def test_the_split_takes_every_20th_of_each_kind(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    for name in [f"omi-{n:03}" for n in range(21)] + [f"faker-{n:03}" for n in range(3)]:
        (tmp_path / "faces" / f"{name}.jpg").touch()
    held = [file.stem for file, held in face_data.split(tmp_path, ("omi", "faker")) if held]
    assert held == ["omi-000", "omi-020", "faker-000"]
    assert len(list(face_data.split(tmp_path, ("omi", "faker")))) == 24
    with pytest.raises(FileNotFoundError, match="fakefaces"):
        list(face_data.split(tmp_path))


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_sizes_of_the_split() -> None:
    held = [held for _, held in face_data.split(DATA)]
    assert (len(held), sum(held)) == (2105, 107)


def test_packed_faces_come_back(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 32, dtype=np.uint8)
    images = np.stack(
        [
            np.dstack(np.broadcast_arrays(ramp[:, None], ramp, level))
            for level in (np.uint8(30), np.uint8(200), np.uint8(90))
        ]
    )
    faces = face_data.Faces(["a", "b", "c"], images, np.array([True, False, False]))
    face_data.pack(tmp_path / "faces.npz", faces)
    back = face_data.unpack(tmp_path / "faces.npz")
    assert back.names == faces.names
    assert np.abs(back.images.astype(int) - images).mean() < 3
    assert back.part(held_out=True).shape == (1, 32, 32, 3)
    assert back.part(held_out=False).shape == (2, 32, 32, 3)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "omi-1.jpg").write_text("no picture")
    with pytest.raises(OSError, match=r"omi-1\.jpg"):
        face_data.read(tmp_path / "omi-1.jpg")
