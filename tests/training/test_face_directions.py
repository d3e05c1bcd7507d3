"""Directions of sliders, on a world in which attributes are linear in w."""

from pathlib import Path
from types import SimpleNamespace

import face_directions
import numpy as np
import pytest
from face_directions import POSITIONS, Proof, Sliders, learn, prove, ridge, without_leaks

from genapp.facemaking.edits import SLIDERS, apply, slider_ranges
from genapp.registry.catalog import load
from genapp.registry.engines import Engines
from genapp.registry.store import Store

LENGTH = 12
NAMES = ["age", "smile", "glasses"]
SLOPES = np.zeros((3, LENGTH))
SLOPES[0, :2], SLOPES[1, 1:3], SLOPES[2, 5] = (3, 1), (2, 1), 1


class World:
    """A generator whose w is twice the noise, and whose faces show what w says."""

    w_mean = np.zeros(LENGTH, np.float32)
    z_size = LENGTH

    def mapping(self, z: face_directions.Array) -> face_directions.Array:
        return 2 * z


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    def read(
        generator: World, w: face_directions.Array, engines: object
    ) -> tuple[list[str], face_directions.Array]:
        return NAMES, w @ SLOPES.T

    monkeypatch.setattr(face_directions, "read", read)
    return World()


def test_ridge_finds_slopes_and_says_how_well() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4))
    y = x @ [[1.0], [0], [-2], [0]]
    slopes, told = ridge(np.hstack([x, rng.normal(size=(200, 30))]), np.hstack([y, y * 0]))
    np.testing.assert_allclose(slopes[0, :4], [1, 0, -2, 0], atol=0.05)
    assert told[0] > 0.95


def test_ridge_of_chance_tells_nothing() -> None:
    rng = np.random.default_rng(0)
    _, told = ridge(rng.normal(size=(200, 4)), rng.normal(size=(200, 1)))
    assert told[0] < 0.1


def test_ridge_does_with_more_inputs_than_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 300)) * ([10] * 3 + [1] * 297)
    slopes, told = ridge(x, x[:, :1])
    assert told[0] > 0.7
    assert np.argmax(np.abs(slopes[0])) == 0


def test_each_direction_moves_its_own_attribute_alone(world: World) -> None:
    sliders, told = learn(world, 400, None)  # type: ignore[arg-type]
    assert sliders.names == tuple(NAMES)
    assert min(told.values()) > 0.95
    effects = sliders.directions @ SLOPES.T / sliders.spread
    np.testing.assert_allclose(effects, np.eye(3), atol=0.05)


def test_what_leaks_is_taken_out(world: World) -> None:
    sliders, _ = learn(world, 400, None)  # type: ignore[arg-type]
    leaky = Sliders(
        sliders.names, sliders.directions + sliders.directions[::-1] / 4, sliders.spread
    )
    mended = without_leaks(leaky, world, 4, None)  # type: ignore[arg-type]
    effects = mended.directions @ SLOPES.T / sliders.spread
    np.testing.assert_allclose(effects, np.eye(3), atol=1e-6)


def test_proof_tells_effects_and_ranges(world: World) -> None:
    sliders, _ = learn(world, 400, None)  # type: ignore[arg-type]
    z = face_directions.noise(5, world.z_size, seed=1)
    proof = prove(sliders, world, POSITIONS, z, None)  # type: ignore[arg-type]
    np.testing.assert_allclose(proof.effects[0, :, 0], POSITIONS, atol=0.2)
    assert proof.reach(0) == (-3, 3)
    np.testing.assert_allclose(proof.slopes([0, 1, 2]), np.eye(3), atol=0.1)


@pytest.mark.parametrize(
    ("own", "found", "reach"),
    [
        ([-3, -2, -1, 0, 1, 2, 3], [1, 1, 1, 1, 1, 1, 1], (-3, 3)),
        ([-3, -2, -1, 0, 1, 2, 2.05], [1, 1, 1, 1, 1, 1, 1], (-3, 2)),
        ([0, -2, -1, 0, 1, 0.5, 3], [1, 1, 1, 1, 1, 1, 1], (-2, 1)),
        ([-3, -2, -1, 0, 1, 2, 3], [0.5, 1, 1, 1, 1, 0.8, 1], (-2, 1)),
        ([0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1], (0, 0)),
    ],
)
def test_a_range_ends_where_it_stops_rising_or_faces_are_lost(
    own: list[float], found: list[float], reach: tuple[int, int]
) -> None:
    proof = Proof(np.array(own, float)[None, :, None], np.array([found], float))
    assert proof.reach(0) == reach


def test_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces that aren't found are NaN, and glasses become log-odds."""
    rows = [
        {"face-found": True, "age": 30.0, "yaw": 2.0, "glasses": 0.5},
        {"face-found": False, "age": 40.0, "yaw": None, "glasses": None},
        {"face-found": True, "age": 50.0, "yaw": -2.0, "glasses": 1.0},
    ]
    faces = [SimpleNamespace(row=lambda row=row: row) for row in rows]
    monkeypatch.setattr(face_directions, "measure", lambda pictures, engines: faces)
    generator = SimpleNamespace(levels=5, synthesis=lambda w: w)
    names, table = face_directions.read(generator, np.zeros((3, 256)), None)  # type: ignore[arg-type]
    assert names == ["age", "yaw", "glasses"]
    np.testing.assert_allclose(table[:, 0], [30, 40, 50])
    np.testing.assert_allclose(table[:, 1], [2, np.nan, -2])
    np.testing.assert_allclose(table[:, 2], [0, np.nan, np.log(99)])


def test_what_is_written_moves_faces(world: World, tmp_path: Path) -> None:
    sliders, _ = learn(world, 400, None)  # type: ignore[arg-type]
    z = face_directions.noise(5, world.z_size, seed=1)
    proof = prove(sliders, world, POSITIONS, z, None)  # type: ignore[arg-type]
    (tmp_path / "catalog.toml").write_text("", encoding="utf-8")
    kept = sliders.part([0, 1])
    face_directions.write(tmp_path, kept, [(-3, 2), (-1, 3)], proof.slopes([0, 1]))
    store = Store(tmp_path, stamps=tmp_path / "stamps.json")
    engines = Engines(load(tmp_path / "catalog.toml"), store, device="cpu")
    assert slider_ranges(engines) == {"age": (-3, 2), "smile": (-1, 3)}
    w = np.zeros((5, LENGTH), np.float32)
    moved, _ = apply(w, {"age": 2}, engines)
    np.testing.assert_allclose(moved[0], 2 * sliders.directions[0], atol=1e-5)
    entry = engines.catalog.get(SLIDERS)
    assert not entry.commercial
    assert {"age: change of it for a step of 1, of 1"} <= {each.what for each in entry.measures}


def test_the_table_tells_what_is_kept_and_what_is_left_out(world: World) -> None:
    sliders, told = learn(world, 400, None)  # type: ignore[arg-type]
    z = face_directions.noise(5, world.z_size, seed=1)
    proof = prove(sliders, world, POSITIONS, z, None)  # type: ignore[arg-type]
    table = face_directions.as_table(sliders, proof, [0, 1], ({"alert": 0.4}, told), 5)
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")]
    assert [row[0].strip("| ") for row in rows] == ["slider", "age", "smile"]
    assert rows[1][1].startswith("**")
    assert "-3…3" in rows[1]
    assert "Left out: glasses" in table
    assert "alert 0.40" in table
