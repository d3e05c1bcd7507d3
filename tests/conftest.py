"""Fixtures that several test modules share."""

import numpy as np
import numpy.typing as npt
import pytest


@pytest.fixture
def gradient() -> npt.NDArray[np.uint8]:
    """A smooth 24×32×3 picture whose corners all differ, so that a wrong turn shows."""
    y, x = np.mgrid[0:24, 0:32]
    return np.stack([x * 8, y * 10, (x + y) * 4], axis=-1).astype(np.uint8)
