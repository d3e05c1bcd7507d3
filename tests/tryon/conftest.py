"""Fixtures that several test modules share. What is slow is made once."""

from pathlib import Path

import numpy as np
import pytest

from genapp.images import Photo, read
from genapp.registry.engines import Engines
from genapp.tryon import Analysis, Frame, analyse, frame_names, load_frame
from genapp.tryon.arrays import Array
from genapp.tryon.light import Light
from genapp.tryon.pose import MODEL, Canonical, load_canonical
from tests.tryon.faces import known_face

EXAMPLES = sorted(
    (Path(__file__).parents[2] / "genapp" / "ui" / "examples").glob("*.jpg"),
)


@pytest.fixture(scope="session")
def engines() -> Engines:
    return Engines(device="cpu")


@pytest.fixture(scope="session")
def canonical(engines: Engines) -> Canonical:
    return load_canonical(engines.data(MODEL))


@pytest.fixture(scope="session")
def face(canonical: Canonical) -> Array:
    """478×3 mm: a face whose pupils are 63.4 mm apart, with irises of 11.7 mm."""
    return known_face(canonical)


@pytest.fixture(scope="session")
def examples() -> dict[str, Photo]:
    """The portraits that come with the demo, by name."""
    return {path.stem: read(path) for path in EXAMPLES}


@pytest.fixture(scope="session")
def analyses(examples: dict[str, Photo], engines: Engines) -> dict[str, Analysis]:
    return {name: analyse(photo, engines) for name, photo in examples.items()}


@pytest.fixture(params=[path.stem for path in EXAMPLES])
def analysis(request: pytest.FixtureRequest, analyses: dict[str, Analysis]) -> Analysis:
    """Each portrait in turn."""
    return analyses[request.param]


@pytest.fixture(scope="session", params=["aviator", "round", "wayfarer"])
def frame(request: pytest.FixtureRequest) -> Frame:
    """Three frames with full rims that differ much in shape and material."""
    return load_frame(request.param)


@pytest.fixture(scope="session", params=frame_names())
def shipped(request: pytest.FixtureRequest) -> Frame:
    """Each shipped frame in turn."""
    return load_frame(request.param)


@pytest.fixture
def light() -> Light:
    return Light(np.ones(3, np.float32), np.array([0.0, -0.8, -0.6], np.float32), 0.5)
