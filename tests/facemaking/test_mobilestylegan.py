"""MobileStyleGAN behind the protocol of our own generator, on random weights; and how it and the
DDPM come from the Hub."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("spandrel")

from genapp import faces
from genapp.errors import BadValue, ModelMissing, UnknownName, UserError
from genapp.facemaking import from_recipe, open_maker
from genapp.facemaking.ddpm import DDPM
from genapp.facemaking.generator import (
    MOBILESTYLEGAN,
    Generator,
    mapping_of,
    open_generator,
)
from genapp.facemaking.latent import neighbours, path, w_of
from genapp.registry.catalog import load
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from tests.facemaking.tiny import (
    DDPM_SIDE,
    STYLEGAN_SIDE,
    save_ddpm,
    save_mobilestylegan,
    small_catalog,
    small_engines,
)
from tests.hub import Hub

BOTH = (MOBILESTYLEGAN, mapping_of(MOBILESTYLEGAN))


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Engines:
    home = tmp_path_factory.mktemp("hub")
    path = home / "x.pth"
    save_mobilestylegan(path)
    return small_engines(dict.fromkeys(BOTH, path), home / "cache")


@pytest.fixture(scope="module")
def generator(engines: Engines) -> Generator:
    return open_generator(engines, MOBILESTYLEGAN)


def test_a_seed_is_a_face(engines: Engines) -> None:
    both = faces(seeds=[4, 9], model=MOBILESTYLEGAN, engines=engines)
    alone = faces(seed=9, model=MOBILESTYLEGAN, engines=engines)
    assert both.faces[0].native.shape == (STYLEGAN_SIDE, STYLEGAN_SIDE, 3)
    assert (both.faces[1].native == alone.faces[0].native).all()
    assert (both.faces[0].native != both.faces[1].native).mean() > 0.1


def test_recipe_makes_it_again(engines: Engines) -> None:
    made = faces(seed=9, truncation=0.9, mix=(5, 3), model=MOBILESTYLEGAN, engines=engines)
    again = from_recipe(made.recipes[0], engines=engines)
    assert (again.faces[0].native == made.faces[0].native).all()


def test_sizes_are_those_of_the_catalogue(generator: Generator) -> None:
    assert (generator.size, generator.levels, generator.z_size) == (STYLEGAN_SIDE, 8, 24)
    assert generator.w_mean.shape == (24,)
    assert generator.w_mean.any()


def test_truncation_leads_to_the_mean_face(generator: Generator) -> None:
    assert w_of(generator, 3, 0) == pytest.approx(np.tile(generator.w_mean, (8, 1)))
    assert generator.make(3, 0) == pytest.approx(generator.make(8, 0))
    assert np.abs(generator.make(3, 1) - generator.make(8, 1)).max() > 0.01


def test_its_latent_space_serves_all_tools(generator: Generator) -> None:
    w = w_of(generator, 3)
    around = neighbours(generator, w, 2)
    frames = path([w, *around], 6)
    assert generator.synthesis(np.stack(frames)).shape == (6, STYLEGAN_SIDE, STYLEGAN_SIDE, 3)


def test_sliders_are_not_its_own(engines: Engines) -> None:
    with pytest.raises(BadValue, match="sliders are not those"):
        faces(edits={"age": 1.0}, model=MOBILESTYLEGAN, engines=engines)


class Broken:
    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {"image": np.full((1, 3, 32, 32), np.nan, np.float32)}


def test_no_numbers_are_no_face(generator: Generator) -> None:
    broken = replace(generator, _synthesis=Broken())
    with pytest.raises(UserError, match="no numbers"):
        broken.make(0, 0.7)


def test_unknown_model(engines: Engines) -> None:
    with pytest.raises(UnknownName, match="mobilestylegan"):
        open_maker(engines, "faces/mobilestylegan.ffhq")


def test_the_real_one_needs_trust(tmp_path: Path) -> None:
    """Nobody has told the hash of its file."""
    store = Store(cache_dir=tmp_path, offline=True, allow_unpinned=False, stamps=None)
    with pytest.raises(ModelMissing, match="is not pinned"):
        open_generator(Engines(store=store, device="cpu"), MOBILESTYLEGAN)


def test_entries_of_the_catalogue() -> None:
    """None may be used commercially; the DDPM is pinned; both parts are one file."""
    catalog = load()
    made = [catalog.get(name) for name in (*BOTH, DDPM)]
    assert not any(model.commercial or model.embedded for model in made)
    assert catalog.get(DDPM).pinned
    assert replace(made[0].files[0], model="") == replace(made[1].files[0], model="")


PROGRAM = """
import json, sys
import genapp
from genapp.registry.engines import Engines
pool = Engines(device="cpu")
made = [genapp.faces(seed=3, model=sys.argv[1], engines=pool) for _ in range(2)]
pictures = [result.faces[0].native for result in made]
same = bool((pictures[0] == pictures[1]).all())
print(json.dumps({"model": made[0].model, "shape": pictures[0].shape, "same": same}))
"""


@pytest.mark.parametrize(
    ("name", "side"), [(MOBILESTYLEGAN, STYLEGAN_SIDE), (DDPM, DDPM_SIDE)], ids=["gan", "ddpm"]
)
def test_fetched_from_the_hub(hub: Hub, tmp_path: Path, name: str, side: int) -> None:
    """Once, checked, and run; in a process of its own, as the Hub's client reads its settings at
    import."""
    file = tmp_path / "weights.pth"
    (save_ddpm if name == DDPM else save_mobilestylegan)(file)
    weights = tmp_path / "catalog"
    weights.mkdir()
    models = {DDPM: file} if name == DDPM else dict.fromkeys(BOTH, file)
    (weights / "catalog.toml").write_text(small_catalog(models), encoding="utf-8")
    hub.files["owner/name/sub/weights.pth"] = file.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        env=hub.environment(tmp_path) | {"GENAPP_WEIGHTS": str(weights)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"model": name, "shape": [side, side, 3], "same": True}
    assert len(hub.transfers) == 1
