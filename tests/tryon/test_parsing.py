"""Which parser is taken, and what it is shown. What it is used for: test_occlusion, and
tests/adapters."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.cli.program import parser as command_line
from genapp.errors import ModelMissing, UnknownName
from genapp.registry.catalog import File
from genapp.registry.engines import Engine, Engines
from genapp.registry.store import Store
from genapp.tryon import PARSER_NAMES, FaceShape, face_parts, open_parser, person_parts, try_on
from genapp.tryon.detectors import DETECTORS
from genapp.tryon.parsing import MEAN, PARSERS, SPREAD, Parser

Array = NDArray[np.float32]


class Network:
    """Says of each pixel what `classes` makes of the picture 0..1."""

    def __init__(self, parser: str, classes: Callable[[Array], Array]) -> None:
        self.kind = PARSERS[parser]
        self.classes = classes
        self.seen: list[Array] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        side = self.kind.side
        if self.kind.background is None:
            assert inputs["input"].shape == (1, 3, side, side)
            picture = inputs["input"][0].transpose(1, 2, 0) * SPREAD + MEAN
            numbers, name = 19, "output"
        else:
            assert inputs["image"].shape == (1, side, side, 3)
            picture, numbers, name = inputs["image"][0], 6, "classes"
        self.seen.append(picture)
        scores = np.eye(numbers, dtype=np.float32)[self.classes(picture)] * 9
        return {name: (scores.transpose(2, 0, 1) if name == "output" else scores)[None]}


def parser_of(name: str, classes: Callable[[Array], Array]) -> tuple[Parser, Network]:
    network = Network(name, classes)
    return Parser(name, PARSERS[name], network), network


class Here:
    """Engines in which some parsers are on this machine."""

    def __init__(self, real: Engines, *names: str) -> None:
        self.catalog, self.store = real.catalog, self
        self._here = {PARSERS[name].model for name in names}

    def find(self, file: File) -> Path | None:
        return Path("x.onnx") if file.model in self._here else None

    def get(self, name: str) -> Engine:
        assert name in self._here
        return Network("bisenet-r18", lambda picture: np.zeros(picture.shape[:2], int))


def opened(engines: Here, name: str = "auto") -> str | None:
    parser = open_parser(name, engines)  # type: ignore[arg-type]
    return None if parser is None else parser.name


def test_the_finest_that_is_here(engines: Engines) -> None:
    assert opened(Here(engines)) is None
    assert opened(Here(engines, "selfie-multiclass")) == "selfie-multiclass"
    assert opened(Here(engines, "selfie-multiclass", "bisenet-r18")) == "bisenet-r18"
    assert opened(Here(engines, *PARSERS)) == "bisenet-r34"
    assert opened(Here(engines, *PARSERS), "bisenet-r18") == "bisenet-r18"
    assert opened(Here(engines, *PARSERS), "none") is None


def test_only_what_may_be_used(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAPP_COMMERCIAL_ONLY", "1")
    assert opened(Here(engines, *PARSERS)) == "selfie-multiclass"
    with pytest.raises(ModelMissing, match="commercially"):
        open_parser("bisenet-r18", engines)


def test_named_and_not_to_be_had(tmp_path: Path) -> None:
    store = Store(cache_dir=tmp_path, offline=True, stamps=tmp_path / "stamps.json")
    pool = Engines(store=store)
    assert open_parser("auto", pool) is None
    with pytest.raises(ModelMissing, match="bisenet_resnet_18"):
        open_parser("bisenet-r18", pool)


def test_unknown_name(engines: Engines) -> None:
    with pytest.raises(UnknownName, match=r"parser named 'bisenet'.*bisenet-r18"):
        try_on(np.zeros((64, 64, 3), np.uint8), parser="bisenet", engines=engines)


def test_the_command_line_has_the_same_names() -> None:
    line = command_line().parse_args
    for name in PARSER_NAMES:
        assert line(["try-on", "x.jpg", "-o", "y.png", "--parser", name]).parser == name
        assert line(["translate", "x.jpg", "-o", "y.png", "--parser", name]).parser == name
    for name in DETECTORS:
        assert line(["try-on", "x.jpg", "-o", "y.png", "--detector", name]).detector == name


def shape_at(x: float, y: float, radius: float, roll: float = 0.0) -> FaceShape:
    turns = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    outline = np.stack([np.sin(turns), -np.cos(turns)], 1) * radius + (x, y)
    across = np.array([np.cos(np.radians(roll)), np.sin(np.radians(roll))]) * radius / 3
    middle = np.array([x, y])
    eyes = np.stack([middle - across, middle + across])
    points = np.concatenate([eyes, np.full((3, 2), (x, y))])
    box = (x - radius, y - radius, 2 * radius, 2 * radius)
    return FaceShape(box, outline.astype(np.float32), points.astype(np.float32))


@pytest.mark.parametrize("name", ["bisenet-r18", "selfie-multiclass"])
@pytest.mark.parametrize("roll", [0, 30, 180])
def test_face_is_where_the_photo_has_it(name: str, roll: float) -> None:
    """A red spot is skin, wherever it is in the crop and however the crop is turned."""
    photo = np.full((300, 400, 3), 60, np.uint8)
    photo[120:150, 180:230] = (250, 40, 40)
    skin = PARSERS[name].face[0]
    parser, network = parser_of(
        name, lambda picture: (picture[..., 0] > picture[..., 1] + 0.3).astype(int) * skin
    )
    mask = face_parts(photo, [shape_at(200, 140, 50, roll)], parser)
    assert mask.shape == (300, 400)
    assert mask[125:145, 186:224].min() > 200
    outside = mask.copy()
    outside[112:158, 172:238] = 0
    assert outside.max() == 0
    # The crop is as much wider than the face as its network learnt.
    reds = (network.seen[0][..., 0] > network.seen[0][..., 1] + 0.3).mean()
    assert reds == pytest.approx(30 * 50 / (100 * PARSERS[name].zoom) ** 2, rel=0.1)


def test_every_face_counts() -> None:
    parser, _ = parser_of("bisenet-r18", lambda picture: np.ones(picture.shape[:2], int))
    photo = np.zeros((200, 400, 3), np.uint8)
    mask = face_parts(photo, [shape_at(80, 100, 20), shape_at(300, 100, 20)], parser)
    assert mask[100, 80] == mask[100, 300] == 255
    assert mask[100, 190] == 0


def test_people_are_what_is_no_background() -> None:
    parser, _ = parser_of("selfie-multiclass", lambda picture: (picture[..., 0] > 0.5).astype(int))
    photo = np.zeros((100, 200, 3), np.uint8)
    photo[:, 100:] = 255
    people = person_parts(photo, parser)
    assert people is not None
    assert people[:, :120].max() < 0.01
    assert people[:, 136:].min() > 0.99


def test_face_parsers_know_no_people() -> None:
    parser, network = parser_of("bisenet-r18", lambda picture: np.ones(picture.shape[:2], int))
    assert person_parts(np.zeros((50, 50, 3), np.uint8), parser) is None
    assert network.seen == []
