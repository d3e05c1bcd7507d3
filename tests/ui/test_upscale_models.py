"""What the Upscale tab says about each model."""

from pathlib import Path

import pytest

from genapp.registry.catalog import Catalog, load, parse
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from genapp.ui import upscale_tab
from genapp.ui.model_files import how_to_fetch
from genapp.upscaling import listed_cost, upscalers

STAND_IN = """
[[model]]
name = "upscale/{name}"
summary = "A stand-in."
engine = "onnx"
license = "CC-BY-NC-4.0"
commercial = false
source = "this test"
training_data = "none"
scale = 4
[[model.file]]
{file}
[[model.input]]
name = "image"
shape = ["n", 3, "h", "w"]
[[model.output]]
name = "enlarged"
shape = ["n", 3, "h4", "w4"]
[[model.measure]]
what = "PSNR-Y on 3 pictures, Set5"
value = 31.25
unit = "dB"
command = "none"
[[model.measure]]
what = "time"
value = 12
unit = "s/MP"
command = "none"
"""
HERE = f'path = "here.onnx"\nsha256 = "{64 * "0"}"\nbytes = 3'
ON_THE_HUB = 'repo = "some/body"\nfile = "net.onnx"'
PINNED = f'{ON_THE_HUB}\ncommit = "{40 * "a"}"\nsha256 = "{64 * "0"}"\nbytes = 5000000'


@pytest.fixture
def catalog() -> Catalog:
    files = {"far-x4.v1": PINNED, "here-x4.v1": HERE, "loose-x4.v1": ON_THE_HUB}
    return parse("".join(STAND_IN.format(name=name, file=file) for name, file in files.items()))


def engines(catalog: Catalog, folder: Path, *, allow: bool = False) -> Engines:
    (folder / "here.onnx").write_bytes(b"abc")
    store = Store(folder, cache_dir=folder / "hub", offline=True, allow_unpinned=allow)
    return Engines(catalog, store, device="cpu")


def test_choices_tell_quality_cost_licence_and_what_is_absent(
    catalog: Catalog, tmp_path: Path
) -> None:
    choices = upscale_tab._choices(upscalers(catalog), engines(catalog, tmp_path))
    facts = "×4 · 31.2 dB (Set5) · 12 s/MP · CC-BY-NC-4.0, not for commercial use"
    assert choices == [
        ("Automatic: SPAN, for clean pictures", ""),
        (f"here-x4.v1 · {facts}", "upscale/here-x4.v1"),
        (f"far-x4.v1 · {facts} · fetch first, 5 MB", "upscale/far-x4.v1"),
        (f"loose-x4.v1 · {facts} · fetch first", "upscale/loose-x4.v1"),
    ]


def test_how_to_fetch(catalog: Catalog, tmp_path: Path) -> None:
    store = engines(catalog, tmp_path).store
    here, far, loose = (catalog.get(f"upscale/{n}-x4.v1") for n in ("here", "far", "loose"))
    assert how_to_fetch(here, store) is None
    assert how_to_fetch(far, store) == (
        "Fetch it first: `python -m genapp models pull upscale/far-x4.v1`."
    )
    setting = "GENAPP_ALLOW_UNPINNED=1"
    assert setting in (how_to_fetch(loose, store) or "")
    allowing = engines(catalog, tmp_path, allow=True).store
    assert setting not in (how_to_fetch(loose, allowing) or setting)


def test_every_model_of_the_catalogue_is_offered(tmp_path: Path) -> None:
    pool = Engines(load(), Store(cache_dir=tmp_path, offline=True), device="cpu")
    offered = [name for _, name in upscale_tab._choices(upscalers(pool.catalog), pool)]
    assert sorted(offered[1:]) == sorted(m.name for m in upscalers(pool.catalog))
    assert upscale_tab.CLEANER in offered


def test_the_cost_of_what_is_built_in_is_known() -> None:
    built_in = [model for model in upscalers(load()) if model.embedded]
    assert built_in
    assert all(listed_cost(model) for model in built_in)
