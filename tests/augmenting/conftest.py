"""A data set in a folder, and engines for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genapp.augmenting import Source, open_source
from genapp.registry.engines import Engines
from tests.augmenting.pictures import write_set


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    with Engines(device="cpu") as pool:
        yield pool


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("set") / "things")


@pytest.fixture(scope="session")
def source(folder: Path) -> Source:
    return open_source(folder)
