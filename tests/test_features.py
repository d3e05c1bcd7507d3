"""The network that describes pictures."""

from collections.abc import Iterator

import numpy as np
import pytest

from genapp.features import LENGTH, describe, describe_batches, prepare
from genapp.registry.engines import Engines


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with Engines(device="cpu") as pool:
        yield pool


def pictures(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    sizes = random.integers(40, 300, (count, 2))
    return [random.integers(0, 256, (h, w, 3), np.uint8) for h, w in sizes]


def test_shapes(engines: Engines) -> None:
    (found,) = describe_batches(pictures(2), engines=engines)
    assert found.features.shape == (2, LENGTH)
    assert found.features.dtype == np.float32
    assert found.map8.shape == (2, 32, 28, 28)
    assert found.map16.shape == (2, 96, 14, 14)


def test_no_pictures(engines: Engines) -> None:
    assert describe([], engines=engines).shape == (0, LENGTH)


def test_the_batch_does_not_matter(engines: Engines) -> None:
    images = pictures(5)
    whole = describe(images, engines=engines, batch=16)
    np.testing.assert_allclose(whole, describe(images, engines=engines, batch=2), atol=1e-4)


def test_batches_are_taken_one_at_a_time(engines: Engines) -> None:
    taken = 0

    def counted() -> Iterator[np.ndarray]:
        nonlocal taken
        for image in pictures(6):
            taken += 1
            yield image

    next(describe_batches(counted(), engines=engines, batch=2))
    assert taken == 2


@pytest.mark.parametrize("side", [32, 500])
def test_depths_agree(side: int) -> None:
    image = np.random.default_rng(1).integers(0, 256, (side, side // 2, 3), np.uint8)
    eight = prepare(image)
    assert eight.shape == (3, 224, 224)
    assert eight.min() >= 0
    assert eight.max() <= 1
    np.testing.assert_allclose(prepare(image.astype(np.uint16) * 257), eight, atol=6e-3)
    np.testing.assert_allclose(prepare(image / np.float32(255)), eight, atol=6e-3)


def test_likeness_is_of_what_is_seen(engines: Engines) -> None:
    """A mirrored picture stays near, noise is far away."""
    y, x = np.mgrid[0:96, 0:96] / 96
    disc = np.stack([x, y, (x - 0.4) ** 2 + (y - 0.5) ** 2 < 0.06], 2).astype(np.float32)
    noise = np.random.default_rng(2).random((96, 96, 3), np.float32)
    first, mirrored, other = describe([disc, disc[:, ::-1], noise], engines=engines)
    assert np.linalg.norm(first - mirrored) < np.linalg.norm(first - other)
