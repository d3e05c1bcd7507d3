"""Networks and photographs that several tests share."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.registry.engines import Engines

PORTRAIT = Path(__file__).parents[2] / "genapp" / "ui" / "examples" / "young-woman.jpg"


@pytest.fixture(scope="session")
def real() -> Engines:
    """The networks that come with genapp."""
    return Engines(device="cpu")


@pytest.fixture(scope="session")
def face() -> NDArray[np.uint8]:
    """A grey portrait, H×W."""
    return np.asarray(cv2.imread(str(PORTRAIT), cv2.IMREAD_GRAYSCALE), np.uint8)
