"""Styles of the Hub on stand-ins of their networks: any size, no seams, fetched when asked for."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp import images
from genapp.errors import ModelMissing
from genapp.registry.catalog import load
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from genapp.translating import HUB_STYLES, HubStyle, known_names, list_styles, translate
from genapp.translating.hub_styles import HubBrush
from genapp.translating.tiles import paint_tiles, run, statistics
from tests.facemaking.tiny import small_catalog, small_engines
from tests.hub import Hub
from tests.translating.tiny_hub import STAND_INS

HERE = [style for style in HUB_STYLES if style.model in STAND_INS]
WIDE, HIGH = 600, 530


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("hub")
    paths = {name: folder / f"{name.partition('.')[2]}.onnx" for name in STAND_INS}
    for name, path in paths.items():
        STAND_INS[name](path)
    return paths


@pytest.fixture(scope="module")
def engines(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Engines:
    return small_engines(files, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    y, x = np.mgrid[0:HIGH, 0:WIDE]
    rings = 127 + 100 * np.sin(np.hypot(x - 220, y - 190) / 6)
    picture = np.stack([rings, 255 - x * 0.4, (x // 43 + y // 43) % 2 * 180 + 30], axis=-1)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def test_every_style_is_in_the_catalogue_pinned_and_with_the_ports_of_the_adapter() -> None:
    for style in HUB_STYLES:
        model = load().get(style.model)
        assert model.shared_norms
        assert model.pinned
        assert [port.name for port in model.inputs] == ["image", "statistics", "shared"]
        assert [port.name for port in model.outputs] == ["painting", "used"]
        assert model.inputs[0].range == model.outputs[0].range
        assert model.commercial == (style.name != "anime-face")


@pytest.mark.parametrize("style", HERE, ids=lambda style: style.name)
def test_range_and_size_of_a_painting(engines: Engines, style: HubStyle) -> None:
    photo = np.full((90, 70, 3), 120, np.uint8)
    photo[:, :30] = (200, 40, 40)
    result = translate(photo, style.name, detail=90, face_strength=1, engines=engines).photo
    assert result.pixels.shape == photo.shape
    assert 5 < result.pixels.mean() < 250
    if style.name == "line-art":
        assert (result.pixels == result.pixels[..., :1]).all()


@pytest.mark.parametrize("style", HERE, ids=lambda style: style.name)
def test_tiles_are_parts_of_the_whole(
    engines: Engines, picture: NDArray[np.uint8], style: HubStyle
) -> None:
    """Where the size is free, the same as the whole. Else, no step where tiles meet is larger than
    elsewhere in the painting."""
    brush = HubBrush(style, engines)
    assert (brush.side is None) == (style.name != "anime-face")
    painted = np.full((HIGH, WIDE, 3), np.nan, np.float32)
    tops = set()
    for left, top, piece in paint_tiles(picture, brush, whole=60_000, tile=192):
        painted[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
        tops.add(top)
    assert np.isfinite(painted).all()
    assert len(tops) > 1
    if brush.side is None:
        expected, _ = run(picture, brush, statistics(picture, brush, 60_000))
        assert np.abs(painted - expected).max() <= 1 / 255
        return
    steps = np.abs(np.diff(painted.astype(float), axis=0)).mean(axis=(1, 2))
    beside = np.sort(steps)[-HIGH // 10]
    assert max(steps[top - 1] for top in tops if top) <= beside


def test_a_blend_with_a_built_in_style(engines: Engines) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    one, two, both = (
        translate(photo, style, detail=64, face_strength=1, engines=engines).photo.pixels
        for style in ("embers", "mosaic", {"embers": 1, "mosaic": 1})
    )
    mean = (one.astype(float) + two) / 2
    assert np.abs(both - mean).max() <= 2
    assert np.abs(one.astype(float) - two).mean() > 5


def test_list(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {style.name: style for style in list_styles(engines.catalog, engines.store)}
    assert tuple(listed) == known_names()
    absent = [name for name, style in listed.items() if not style.present]
    assert absent == ["candy", "udnie", "pointilism", "rain-princess"]
    assert listed["line-art"].license == "MIT"
    assert listed["night"].license is None
    assert not listed["anime-face"].commercial
    monkeypatch.setenv("GENAPP_COMMERCIAL_ONLY", "1")
    allowed = list_styles(engines.catalog.allowed(), engines.store)
    listed = {style.name: style for style in allowed}
    assert "anime-face" not in listed
    assert listed["line-art"].present


def test_what_is_not_here_says_how_to_get_it(tmp_path: Path) -> None:
    engines = Engines(store=Store(cache_dir=tmp_path, offline=True, stamps=None), device="cpu")
    with pytest.raises(ModelMissing, match=r"models pull translate/fast-neural-style\.candy"):
        translate(np.zeros((64, 64, 3), np.uint8), "candy", detail=64, engines=engines)


def test_fetched_from_the_hub_by_the_command(
    hub: Hub,
    files: dict[str, Path],
    tmp_path: Path,
) -> None:
    path = files["translate/fast-neural-style.mosaic"]
    weights = tmp_path / "weights"
    weights.mkdir()
    entry = small_catalog({"translate/fast-neural-style.mosaic": path})
    (weights / "catalog.toml").write_text(entry, encoding="utf-8")
    hub.files[f"owner/name/sub/{path.name}"] = path.read_bytes()
    images.write(images.read(np.full((64, 80, 3), 90, np.uint8)), tmp_path / "wall.png")
    environment = hub.environment(tmp_path) | {"GENAPP_WEIGHTS": str(weights)}

    def paint(output: str, **more: str) -> bytes:
        line = f"-m genapp translate wall.png -o {output} --style mosaic --face-strength 1"
        done = subprocess.run(
            [sys.executable, *line.split(), "--detail", "80"],
            env=environment | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return (tmp_path / output).read_bytes()

    first = paint("one.png")
    assert len(hub.transfers) == 1
    hub.requests.clear()
    assert paint("two.png", HF_HUB_OFFLINE="1") == first
    assert hub.requests == []
