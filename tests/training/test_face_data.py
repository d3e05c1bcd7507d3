"""Faces to learn from: the split, the alignment, the packed file."""

from pathlib import Path

import cv2
import face_data
import numpy as np
import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def points(angle: float, scale: float) -> face_data.Array:
    """Eyes and mouth of a face in the middle of 400×400, turned by degrees."""
    upright = np.array([[-20, -10], [20, -10], [0, 32]]) * scale
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.asarray(upright @ np.array([[cos, sin], [-sin, cos]]) + 200)


@pytest.mark.parametrize("angle", [0, 25, -40])
@pytest.mark.parametrize("scale", [0.7, 1.5])
def test_eyes_and_mouth_come_to_lie_in_the_same_places(angle: float, scale: float) -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    places = points(angle, scale)
    for channel, place in enumerate(places):
        # Pixel (x, y) has its middle at (x, y) + 0.5.
        shift = tuple(round(float(value - 0.5) * 16) for value in place)
        cv2.circle(
            image,
            shift,
            round(16 * 2.5 * scale),
            [255 * (channel == n) for n in range(3)],
            -1,
            cv2.LINE_AA,
            4,
        )
    face = face_data.align(image, places[0], places[1], places[2], 128)
    assert face.shape == (128, 128, 3)
    grid = np.arange(128) + 0.5
    for channel, expected in enumerate(([48, 60.4], [80, 60.4], [64, 94.0])):
        weights = face[..., channel].astype(float)
        x, y = (weights.sum(axis) @ grid / weights.sum() for axis in (0, 1))
        np.testing.assert_allclose([x, y], expected, atol=0.8)


def test_beyond_the_edge_the_picture_goes_on() -> None:
    image = np.full((200, 200, 3), 90, np.uint8)
    face = face_data.align(
        image, np.array([80.0, 40]), np.array([120.0, 40]), np.array([100.0, 80]), 64
    )
    assert (face == 90).all()


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
