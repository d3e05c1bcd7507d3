"""Fixtures of tests of made faces."""

from pathlib import Path

import numpy as np
import pytest

from genapp.facemaking.projection import cut_out
from genapp.images import Photo, read
from genapp.registry.engines import Engines

EXAMPLE = Path(__file__).parents[2] / "genapp" / "ui" / "examples" / "young-woman.jpg"


@pytest.fixture(scope="session")
def engines() -> Engines:
    return Engines(device="cpu")


@pytest.fixture(scope="session")
def portrait() -> Photo:
    """A portrait that comes with the demo."""
    return read(EXAMPLE)


@pytest.fixture(scope="session")
def face(portrait: Photo, engines: Engines) -> np.ndarray:
    """Its face, aligned, 64×64×3."""
    return (cut_out(portrait, 64, engines) * 255).round().astype(np.uint8)
