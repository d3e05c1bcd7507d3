"""Named sliders."""

from pathlib import Path

import numpy as np
import pytest

from genapp.errors import BadValue, UnknownName
from genapp.facemaking.edits import SLIDERS, apply, slider_names, slider_ranges
from genapp.registry.catalog import parse
from genapp.registry.engines import Engines

LEVELS, LENGTH = 5, 256


class Data(Engines):
    """A catalogue whose only entry is a file of sliders."""

    def __init__(self, folder: Path) -> None:
        super().__init__(parse(ENTRY), device="cpu")
        self.file = folder / "sliders.npz"
        directions = np.zeros((2, LENGTH), np.float32)
        directions[0, 0], directions[1, 1] = 1, -0.5
        np.savez(
            self.file,
            names=np.array(["age", "smile"]),
            directions=directions,
            low=np.array([-3, -1], np.float32),
            high=np.array([2, 3], np.float32),
        )

    def data(self, name: str) -> Path:
        assert name == SLIDERS
        return self.file


ENTRY = f"""
[[model]]
name = "{SLIDERS}"
summary = "Sliders."
engine = "data"
license = "CC0-1.0"
commercial = true
source = "this test"
training_data = "none"

[[model.file]]
path = "faces/sliders.npz"
sha256 = "{"0" * 64}"
bytes = 1
"""


@pytest.fixture
def engines(tmp_path: Path) -> Engines:
    return Data(tmp_path)


@pytest.fixture
def w() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(LEVELS, LENGTH)).astype(np.float32)


def test_names_and_ranges(engines: Engines) -> None:
    assert slider_names(engines) == ("age", "smile")
    assert slider_ranges(engines) == {"age": (-3, 2), "smile": (-1, 3)}


def test_no_data_file_no_sliders() -> None:
    engines = Engines(parse(ENTRY.replace(SLIDERS, "faces/another.v1")), device="cpu")
    assert slider_names(engines) == ()


def test_all_levels_move_along_the_direction(engines: Engines, w: np.ndarray) -> None:
    moved, notes = apply(w, {"age": 1.5, "smile": -1}, engines)
    assert notes == ()
    assert moved.dtype == np.float32
    change = np.zeros((LEVELS, LENGTH))
    change[:, 0], change[:, 1] = 1.5, 0.5
    np.testing.assert_allclose(moved - w, change, atol=1e-6)


def test_order_does_not_matter(engines: Engines, w: np.ndarray) -> None:
    one, _ = apply(w, {"age": 1, "smile": 2}, engines)
    other, _ = apply(w, {"smile": 2, "age": 1}, engines)
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("value", "held"), [(9.0, 2), (-50, -3)])
def test_held_at_the_end_of_the_tested_range(
    engines: Engines, w: np.ndarray, value: float, held: float
) -> None:
    moved, notes = apply(w, {"age": value}, engines)
    np.testing.assert_array_equal(moved, apply(w, {"age": held}, engines)[0])
    assert notes == (f"age was held at {held:g}: beyond, it is not tested.",)


def test_nothing_moves_nothing(engines: Engines, w: np.ndarray) -> None:
    moved, notes = apply(w, {}, engines)
    np.testing.assert_array_equal(moved, w)
    assert notes == ()


def test_unknown_slider(engines: Engines, w: np.ndarray) -> None:
    with pytest.raises(UnknownName, match=r"slider named 'agee'. Did you mean age"):
        apply(w, {"agee": 1}, engines)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1"])
def test_no_number(engines: Engines, w: np.ndarray, value: float) -> None:
    with pytest.raises(BadValue, match="slider 'age'"):
        apply(w, {"age": value}, engines)
