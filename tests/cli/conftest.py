"""A photo, and a try-on that needs no network."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from genapp import images
from genapp.errors import NoFace
from genapp.images import Photo
from tests.cli.command import FACE


@dataclass
class FakeResult:
    photo: Photo

    def report(self) -> dict[str, Any]:
        return {"faces": [FACE], "timings_ms": {"read": 1.0}, "recipe": {"frame": "round"}}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A try-on that turns the picture into its negative, and what it was asked.

    It finds no face in a picture whose name starts with "landscape", and breaks on "bug".
    """
    asked: list[dict[str, Any]] = []

    def fake(photo: Path, frame: str, **options: object) -> FakeResult:
        asked.append({"photo": photo, "frame": frame, **options})
        if photo.name.startswith("landscape"):
            raise NoFace("No face was found in the picture.", "Use a photo with a face.")
        if photo.name.startswith("bug"):
            raise ZeroDivisionError("a bug")
        read = images.read(photo)
        return FakeResult(replace(read, pixels=255 - read.pixels))

    monkeypatch.setattr("genapp.tryon.try_on", fake)
    return asked


@pytest.fixture
def face(tmp_path: Path, gradient: NDArray[np.uint8]) -> Path:
    path = tmp_path / "face.png"
    Image.fromarray(gradient).save(path)
    return path
