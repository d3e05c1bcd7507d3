"""The U-Net of diffusion models: its weights by their published names, on a small scale."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("spandrel")

from genapp.nets.ddpm import DDPM, from_weights, settings_of  # noqa: E402
from genapp.registry.catalog import CatalogError, File, Model, Port  # noqa: E402
from genapp.registry.engines import TorchEngine  # noqa: E402

SMALL = {
    "block_out_channels": (32, 64),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}
PUBLISHED = {
    "block_out_channels": (128, 128, 256, 256, 512, 512),
    "layers_per_block": 2,
    "down_block_types": (*["DownBlock2D"] * 4, "AttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "AttnUpBlock2D", *["UpBlock2D"] * 4),
}
"""google/ddpm-ema-celebahq-256, as its config.json says."""
OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


@pytest.fixture
def network() -> DDPM:
    torch.manual_seed(0)
    return DDPM(SMALL).eval()


def published(network: DDPM) -> dict[str, Any]:
    """Its weights by the names of 2022, as on the Hub."""

    def before(name: str) -> str:
        for now, then in OLD.items():
            name = name.replace(f".{now}.", f".{then}.")
        return name

    return {before(name): value for name, value in network.unet.state_dict().items()}


def entry() -> Model:
    pictures = ("n", 3, 16, 16)
    return Model(
        name="faces/ddpm.tiny",
        summary="Tells noise.",
        engine="torch",
        license="Apache-2.0",
        commercial=True,
        source="this test",
        training_data="none",
        paper=None,
        size_multiple=1,
        files=(File("faces/ddpm.tiny", None, None, path="x.bin"),),
        inputs=(Port("noisy", pictures), Port("time", ("n",))),
        outputs=(Port("noise", pictures),),
        measures=(),
    )


def test_size_is_that_of_the_published_one() -> None:
    """113.7 million weights: the 455 MB on the Hub."""
    with torch.device("meta"):
        unet = DDPM(PUBLISHED).unet
        assert sum(value.numel() for value in unet.parameters()) == 113_673_219
        assert settings_of(unet.state_dict()) == PUBLISHED


def test_published_weights_run(network: DDPM) -> None:
    noisy, time = torch.rand(2, 3, 16, 16), torch.tensor([999.0, 3.0])
    assert any(".query." in name for name in published(network))
    with torch.no_grad():
        result = from_weights(published(network))(noisy, time)
        torch.testing.assert_close(result, network(noisy, time))
        assert not torch.allclose(result, network(noisy, time + 1))  # it looks at the time


def test_missing_weights(network: DDPM) -> None:
    weights = published(network)
    del weights["mid_block.attentions.0.key.weight"]
    with pytest.raises(ValueError, match="not the weights of a DDPM"):
        from_weights(weights)


def test_engine(network: DDPM, tmp_path: Path) -> None:
    """Two inputs by the names of the catalogue."""
    path = tmp_path / "x.bin"
    torch.save(published(network), path)
    noisy = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    time = np.array([500], np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(noisy), torch.from_numpy(time)).numpy()
    result = TorchEngine(entry(), path, "cpu").run({"time": time, "noisy": noisy})
    assert result["noise"] == pytest.approx(expected, abs=1e-5)


def test_engine_tells_of_damage(network: DDPM, tmp_path: Path) -> None:
    weights = published(network)
    del weights["conv_out.bias"]
    torch.save(weights, tmp_path / "x.bin")
    with pytest.raises(CatalogError, match="not the weights of a DDPM"):
        TorchEngine(entry(), tmp_path / "x.bin", "cpu")
