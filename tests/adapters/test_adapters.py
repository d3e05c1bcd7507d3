"""Every architecture with an adapter: its published weights load, torch and ONNX agree, and its
task uses it. `benchmarks/adapters.py` prints the same as a table."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
for package in ("diffusers", "spandrel", "safetensors"):
    pytest.importorskip(package)

from genapp.registry.catalog import CatalogError, load  # noqa: E402
from genapp.registry.engines import TorchEngine  # noqa: E402
from genapp.upscaling.tiles import enlarge_strips  # noqa: E402
from tests.adapters.cases import (  # noqa: E402
    CASES,
    Backend,
    Case,
    Exported,
    Files,
    difference,
    example,
    model_of,
    saved,
)
from tests.adapters.photos import portrait  # noqa: E402
from tests.adapters.published import PUBLISHED, Published, learnt  # noqa: E402

BUILT = [case for case in CASES if case.build is not None]
BY_NAME = {case.name: case for case in CASES}
TILED = ("SRVGGNetCompact", "RRDBNet ×4", "RRDBNet ×2")
STYLES = ("Informative drawings", "Fast neural style")
"""AnimeGANv2 is none: it enlarges with aligned corners, by up to half a pixel differently in
pictures of another size."""


def name_of(case: Case) -> str:
    return case.name


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    return {}


@pytest.fixture
def files(
    made: dict[str, Files], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Files:
    """The networks of `case`, written once."""
    case = request.getfixturevalue("case")
    case = BY_NAME[case] if isinstance(case, str) else case
    if case.name not in made:
        made[case.name] = saved(case, tmp_path_factory.mktemp("networks"))
    return made[case.name]


@pytest.mark.parametrize("case", BUILT, ids=name_of)
def test_torch_and_onnx_agree(case: Case, files: Files) -> None:
    assert difference(files) < case.tolerance


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_its_task_uses_it(case: Case, files: Files, backend: Backend, tmp_path: Path) -> None:
    if backend == "torch" and case.build is None:
        pytest.skip("never published in torch")
    with files.pool(backend, tmp_path) as engines:
        case.use(engines)


@pytest.mark.parametrize("case", BUILT, ids=name_of)
def test_a_missing_weight_is_told(case: Case, files: Files, tmp_path: Path) -> None:
    """And no other architecture takes the rest for its own."""
    assert files.weights is not None
    state = torch.load(files.weights, weights_only=True)
    nested = next(
        (key for key in ("params_ema", "params", "state_dict", "model") if key in state), ""
    )
    weights = state[nested] if nested else state
    # The last that is used: a published file has more than the network.
    last = [name for name in weights if name.endswith("bias") and "fc.bias" not in name][-1]
    del weights[last]
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    with pytest.raises(CatalogError, match="is not a network"):
        TorchEngine(model_of(case, case.exports[0], "torch", path), path, "cpu")


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.name)
def test_published_size(published: Published) -> None:
    with torch.device("meta"):
        network = published.build()
    assert learnt(network) == pytest.approx(published.count, rel=published.within)


@pytest.mark.parametrize("case", TILED)
@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_tiles_fit(case: str, files: Files, backend: Backend) -> None:
    """A picture that is enlarged in tiles is as if it had been enlarged at once."""
    model, engine = files.models(backend)[0], files.engine(backend)
    # Multiples of 4: RRDBNet ×2 pads others by mirroring, where a tile has its neighbours.
    source = portrait(160)[:100, :92]

    def enlarged(tile: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        strips = enlarge_strips(source, model, engine, tile, lambda pixels: None)
        return np.concatenate([rows for _, rows in strips])

    whole, tiled = enlarged(128), enlarged(64)
    assert whole.shape == (100 * (model.scale or 1), 92 * (model.scale or 1), 3)
    assert np.abs(whole - tiled).max() < 1e-3


@pytest.mark.parametrize("case", STYLES)
@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_tiles_of_a_painting_share_statistics(case: str, files: Files, backend: Backend) -> None:
    """The middle of a part is as in the whole, once it is given the whole's statistics."""
    engine = files.engine(backend)
    (exported,) = BY_NAME[case].exports
    inputs = example(BY_NAME[case], exported)
    low, high = load().get(exported.entry).inputs[0].range or (0, 1)
    photo = portrait(256)[:224, :224].transpose(2, 0, 1)[None].astype(np.float32)
    inputs["image"] = np.ascontiguousarray(photo / 255 * (high - low) + low)
    whole = engine.run(inputs)
    part = {**inputs, "image": np.ascontiguousarray(inputs["image"][..., :160, :160])}
    alone = engine.run(part)["painting"]
    given = engine.run({**part, "statistics": whole["used"], "shared": np.ones(1, np.float32)})
    middle = (..., slice(0, 80), slice(0, 80))
    spread = np.ptp(whole["painting"])
    apart = np.abs(given["painting"][middle] - whole["painting"][middle]).max() / spread
    assert apart < 1e-3
    assert np.abs(alone[middle] - whole["painting"][middle]).max() / spread > 10 * apart


def test_frozen_size_is_kept_to(tmp_path: Path) -> None:
    """An export that froze its size says so when it is opened, in words."""
    case = BY_NAME["SRVGGNetCompact"]
    frozen = Case(
        case.name, case.build, (Exported(case.exports[0].entry, fixed=(32, 32)),), case.use
    )
    engine = saved(frozen, tmp_path).engine("onnx")
    with pytest.raises(ValueError, match="takes \\[1, 3, 32, 32\\]"):
        engine.run({"image": np.zeros((1, 3, 40, 40), np.float32)})
