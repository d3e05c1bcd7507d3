"""Discs belong, stripes don't."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from genapp.registry.engines import Engines
from genapp.screening import Detector, fit_detector
from tests.screening.pictures import disc, stripes

DISCS = 32
"""Pictures in the reference."""


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    with Engines(device="cpu") as pool:
        yield pool


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference: discs."""
    path = tmp_path_factory.mktemp("discs")
    for number in range(DISCS):
        Image.fromarray(disc(number)).save(path / f"disc-{number:02d}.png")
    return path


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New discs, and stripes."""
    path = tmp_path_factory.mktemp("mixed")
    for number in range(4):
        Image.fromarray(disc(100 + number)).save(path / f"new-{number}.png")
    for number in range(2):
        Image.fromarray(stripes(number)).save(path / f"stripes-{number}.png")
    return path


@pytest.fixture(scope="session")
def detector(folder: Path, engines: Engines) -> Detector:
    found, notes = fit_detector(folder, engines=engines)
    assert notes == ()
    return found
