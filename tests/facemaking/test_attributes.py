"""What is read off pictures of faces."""

from typing import Any

import numpy as np
import pytest

from genapp.facemaking import attributes
from genapp.facemaking.attributes import CELLS, MEANINGS, SIDE, look, measure, measured
from genapp.registry.engines import Engines

READERS = {
    "names": np.array(["age", "smile"]),
    "weights": np.zeros((2, (32 + 96) * CELLS**2), np.float32),
    "bias": np.array([30, 50], np.float32),
}


@pytest.fixture
def readers(
    tmp_path_factory: pytest.TempPathFactory, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers that say the same of every face, but for one that weighs a single number."""
    weights = READERS["weights"].copy()
    weights[1, 0] = 1
    file = tmp_path_factory.mktemp("readers") / "ratings.npz"
    changed: dict[str, Any] = READERS | {"weights": weights}
    np.savez(file, **changed)
    own = engines.data
    monkeypatch.setattr(
        engines, "data", lambda name: file if name == attributes.RATINGS else own(name)
    )


@pytest.mark.usefixtures("readers")
def test_ratings_are_linear_in_what_the_network_sees(engines: Engines, face: np.ndarray) -> None:
    (one,) = measure([face], engines)
    (cells,) = look([face], engines)
    assert one.ratings == pytest.approx({"age": 30, "smile": 50 + cells[0, 0]}, abs=1e-3)


@pytest.mark.usefixtures("readers")
def test_bytes_and_floats_are_read_alike(engines: Engines, face: np.ndarray) -> None:
    row = measured(face, engines)
    assert measured(face.astype(np.float32) / np.float32(255), engines) == row
    assert row["face-found"] is True
    assert set(row) == {"face-found", "age", "smile", "yaw", "pitch", "mouth-open", "glasses"}
    assert set(row) - {"face-found"} <= set(MEANINGS)


@pytest.mark.usefixtures("readers")
def test_without_a_face_the_pose_is_unknown(engines: Engines) -> None:
    row = measured(np.zeros((64, 64, 3), np.uint8), engines)
    assert row["face-found"] is False
    assert row["yaw"] is row["glasses"] is None
    assert row["age"] == 30


def test_what_the_network_sees_does_not_depend_on_the_batch(
    engines: Engines, face: np.ndarray
) -> None:
    pictures = [face, face[:, ::-1], np.zeros_like(face)]
    together = np.concatenate(list(look(pictures, engines)))
    apart = np.concatenate(list(look(pictures, engines, batch=1)))
    assert together.shape == (3, (32 + 96) * CELLS**2)
    np.testing.assert_allclose(together, apart, atol=1e-3)


def test_cells_are_means_of_places() -> None:
    grid = np.arange(SIDE // 8, dtype=np.float32)
    found = np.broadcast_to(grid, (1, 1, len(grid), len(grid)))
    cells = attributes._cells(found).reshape(CELLS, CELLS)
    step = len(grid) // CELLS
    np.testing.assert_allclose(cells[0], grid.reshape(CELLS, step).mean(1))
    np.testing.assert_allclose(cells[:, 0], cells[0, 0])
