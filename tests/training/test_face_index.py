"""The index of training faces: what it keeps, what it finds."""

import io

import face_index
import numpy as np

from genapp.facemaking.likeness import Index


def index() -> tuple[Index, face_index.Bytes]:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (100, 8, 8, 3), np.uint8)
    faces = coarse.repeat(8, 1).repeat(8, 2)
    names = np.array([f"face-{number}" for number in range(80)])
    return face_index.build(faces[:80], faces[80:], names)[0], faces


def test_training_faces_are_found_and_others_are_not() -> None:
    made, faces = index()
    for number in (0, 41):
        found = made.likeness(made.describe(faces[number]))
        assert found.nearest == f"face-{number}"
        assert found.distance < 0.1 * made.held_out[0]
    assert made.likeness(made.describe(faces[90])).distance >= made.held_out[0]


def test_changed_copies_are_found() -> None:
    made, faces = index()
    shares = {row["what"]: row["value"] for row in face_index.found_copies(made, faces[:20])}
    assert len(shares) == len(face_index.CHANGES)
    for how in ("mirrored", "blurred", "brighter", "redder"):
        (share,) = [value for what, value in shares.items() if how in what]
        assert share == 1


def test_packed_has_all_that_is_read() -> None:
    made, _ = index()
    with np.load(io.BytesIO(face_index.packed(made))) as stored:
        assert set(stored) == {"names", "points", "mean", "basis", "held_out"}
        np.testing.assert_allclose(stored["points"], made.points, atol=1e-6)
        np.testing.assert_array_equal(stored["held_out"], made.held_out)
