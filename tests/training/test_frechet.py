"""Fréchet distance between features."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

import frechet
import torch


def sample(seed: int, count: int = 60, size: int = 5) -> frechet.Array:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(count, size)) @ rng.normal(size=(size, size)))


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_symmetric_and_never_negative(one: int, other: int) -> None:
    there = frechet.distance(sample(one), sample(other))
    back = frechet.distance(sample(other), sample(one))
    assert there > -1e-6
    np.testing.assert_allclose(there, back, rtol=1e-6, atol=1e-6)


def test_nothing_to_itself() -> None:
    assert abs(frechet.distance(sample(1), sample(1))) < 1e-6


def test_a_shift_counts_squared() -> None:
    moved = sample(1) + np.array([3.0, 0, 4, 0, 0])
    np.testing.assert_allclose(frechet.distance(sample(1), moved), 25, rtol=1e-6)


def test_widths_of_independent_features() -> None:
    """For diagonal covariances it is the sum of squared differences of the deviations."""
    rng = np.random.default_rng(0)
    given_, _ = np.linalg.qr(rng.normal(size=(100, 4)) - 0)
    given_ -= given_.mean(0)
    basis, _ = np.linalg.qr(given_)
    unit = basis * np.sqrt(99)
    found = frechet.distance(unit * [1, 2, 3, 4], unit * [2, 2, 5, 4.5])
    np.testing.assert_allclose(found, 1 + 0 + 4 + 0.25, rtol=1e-6)


class Means(torch.nn.Module):
    """Colours as features, at two scales."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        return [picture * 0, picture, picture * 2]


def test_bytes_and_floats_give_the_same_features() -> None:
    pictures = torch.randint(0, 256, (7, 3, 8, 8), dtype=torch.uint8)
    one = frechet.features(Means(), pictures, 4, batch=3)
    other = frechet.features(Means(), pictures.float() / 127.5 - 1, 4)
    assert one.shape == (7, 6)  # the last two scales
    np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_allclose(one[:, 3:], 2 * one[:, :3], atol=1e-6)
