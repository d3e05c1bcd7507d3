"""What the families share: sizes, bytes, numbers of a seed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.errors import BadValue
from genapp.families.family import (
    DIMENSIONS,
    from_network,
    normals,
    to_bits_per_dim,
    to_network,
    to_size,
    uniforms,
)


def test_a_picture_becomes_its_middle_square(gradient: NDArray[np.uint8]) -> None:
    found = to_size(gradient)
    assert found.shape == (32, 32, 3)
    assert found.dtype == np.float32
    middle = gradient[:, 4:28] / 255
    np.testing.assert_allclose(found.mean((0, 1)), middle.mean((0, 1)), atol=0.01)


def test_shrinking_takes_the_mean_of_areas() -> None:
    large = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    expected = large.reshape(32, 4, 32, 4, 3).mean((1, 3)) / 255
    np.testing.assert_allclose(to_size(large), expected, atol=1e-5)


def test_there_and_back() -> None:
    bytes_ = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3))
    pictures = (bytes_ / 255).astype(np.float32)
    np.testing.assert_allclose(from_network(to_network(pictures)), pictures, atol=1e-6)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(BadValue, match="shape"):
        to_network(np.zeros((2, 64, 64, 3), np.float32))


def test_bits_of_bytes_that_are_all_alike() -> None:
    assert to_bits_per_dim(np.array([-DIMENSIONS * np.log(256)]))[0] == pytest.approx(8)


def test_numbers_of_a_seed() -> None:
    np.testing.assert_array_equal(uniforms(7, (2, 3)), uniforms(7, (2, 3)))
    assert (uniforms(7, (2, 3)) != uniforms(8, (2, 3))).all()
    many = normals(3, 20_001)
    assert len(many) == 20_001
    assert abs(many.mean()) < 0.03
    assert many.std() == pytest.approx(1, abs=0.03)
    # PCG64's bits are fixed by numpy's promise; these came from numpy 2.4.
    assert uniforms(0, (1,))[0] == pytest.approx(0.6369616873214543, abs=1e-12)


@pytest.mark.parametrize("seed", [-1, 0.5, True, 2**63])
def test_seeds_that_are_none(seed: int) -> None:
    with pytest.raises(BadValue, match="seed"):
        uniforms(seed, (1,))
