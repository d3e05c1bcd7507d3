"""Fixtures that several test modules share."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from tests.hub import Hub, running


@pytest.fixture
def gradient() -> npt.NDArray[np.uint8]:
    """A smooth 24×32×3 picture whose corners all differ, so that a wrong turn shows."""
    y, x = np.mgrid[0:24, 0:32]
    return np.stack([x * 8, y * 10, (x + y) * 4], axis=-1).astype(np.uint8)


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A stand-in for the Hub."""
    with running() as hub:
        yield hub
