"""The models, opened once, and faces for them."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from genapp.families import PixelCNN, Vae, open_pixelcnn, open_vae
from genapp.families.family import Pictures
from genapp.registry.engines import Engines


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with Engines(device="cpu") as pool:
        yield pool


@pytest.fixture(scope="module")
def pixelcnn(engines: Engines) -> PixelCNN:
    return open_pixelcnn(engines)


@pytest.fixture(scope="module")
def vae(engines: Engines) -> Vae:
    return open_vae(engines)


@pytest.fixture(scope="session")
def smooth() -> Pictures:
    """Two soft pictures without strong colours: 2×32×32×3, 0..1 in steps of bytes."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0.3, 0.6, (2, 4, 4, 1)) + rng.uniform(-0.05, 0.05, (2, 4, 4, 3))
    coarse = coarse.astype(np.float32)
    large = [cv2.resize(one, (32, 32), interpolation=cv2.INTER_CUBIC) for one in coarse]
    return np.asarray(np.rint(np.clip(large, 0, 1) * 255) / 255, np.float32)


@pytest.fixture(scope="session")
def noisy() -> Pictures:
    """Two pictures of noise."""
    rng = np.random.default_rng(1)
    return (rng.integers(0, 256, (2, 32, 32, 3)) / 255).astype(np.float32)
