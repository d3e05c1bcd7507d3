"""DDColor in torch: its weights by their published names, on a small scale."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("spandrel")

from genapp.nets.ddcolor import (  # noqa: E402
    DDColor,
    Shape,
    from_weights,
    positions,
    shape_of,
    without_spectral_norm,
)
from genapp.registry.catalog import CatalogError, Model, Port, load  # noqa: E402
from genapp.registry.engines import TorchEngine  # noqa: E402

SMALL = Shape((1, 1, 2, 1), (8, 16, 24, 32), width=64, queries=5, layers=4, hidden=48)
NORMED = ("shuf.conv.0.weight", "layers.0.conv.0.weight", "last_shuf.conv.0.weight")


@pytest.fixture
def network() -> DDColor:
    torch.manual_seed(0)
    return DDColor(SMALL).eval()


def published(network: DDColor) -> dict[str, Any]:
    """Its weights as its authors' training saves them: spectral norms and all."""
    state = dict(network.state_dict())
    for name in [name for name in state if name.endswith(NORMED) or name.startswith("refine_net")]:
        if not name.endswith("weight"):
            continue
        weight = 3 * state.pop(name)
        left, values, right = torch.linalg.svd(weight.flatten(1), full_matrices=False)
        # Folding divides by the largest singular value: 3 times that of the folded weight.
        state[f"{name}_orig"] = weight * (values[0] / 3)
        state[f"{name}_u"], state[f"{name}_v"] = left[:, 0], right[0]
    state["mean"], state["std"] = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    return state


@pytest.mark.parametrize("size", [(32, 32), (32, 64)])
def test_shape(network: DDColor, size: tuple[int, int]) -> None:
    with torch.no_grad():
        result = network(torch.rand(2, 3, *size))
    assert result.shape == (2, 2, *size)


def test_size_is_that_of_the_paper() -> None:
    """55.0 million weights of the smaller one, as its authors' code has."""
    with torch.device("meta"):
        count = sum(value.numel() for value in DDColor().parameters())
    assert count == pytest.approx(55.0e6, rel=0.002)


def test_shape_is_told_by_the_weights(network: DDColor) -> None:
    assert shape_of(network.state_dict()) == SMALL
    wide = replace(SMALL, queries=7, layers=2)
    assert shape_of(DDColor(wide).state_dict()) == wide


def test_spectral_norm_is_torchs() -> None:
    torch.manual_seed(0)
    layer = torch.nn.utils.spectral_norm(torch.nn.Conv2d(6, 4, 3))
    for _ in range(3):
        layer(torch.rand(1, 6, 5, 5))
    layer.eval()
    folded = without_spectral_norm(layer.state_dict())
    assert sorted(folded) == ["bias", "weight"]
    image = torch.rand(1, 6, 5, 5)
    plain = torch.nn.functional.conv2d(image, folded["weight"], folded["bias"])
    torch.testing.assert_close(plain, layer(image))


def test_published_weights_run(network: DDColor) -> None:
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        scale = without_spectral_norm(published(network))["refine_net.0.0.weight"]
        result = from_weights(published(network))(image)
        expected = from_weights(without_spectral_norm(published(network)))(image)
    assert float(torch.linalg.matrix_norm(scale.flatten(1), 2)) == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(result, expected)


def test_missing_weights(network: DDColor) -> None:
    weights = published(network)
    del weights["decoder.layers.1.bn.running_mean"]
    with pytest.raises(ValueError, match="missing: decoder"):
        from_weights(weights)
    del weights["encoder.arch.norm2.weight"]
    with pytest.raises(ValueError, match="not the weights"):
        from_weights(weights)


def test_positions() -> None:
    """Rows in the first half, columns in the second, each place unlike all others."""
    places = positions(5, 7, 32)
    assert places.shape == (32, 5, 7)
    assert (places[:16, :, :1] == places[:16]).all()
    assert (places[16:, :1] == places[16:]).all()
    flat = places.flatten(1).T
    assert (torch.cdist(flat, flat) + torch.eye(35)).min() > 0.1


def entry() -> Model:
    """The catalogue's, for pictures of a size that tests can afford."""
    return replace(
        load().get("colorize/ddcolor.large"),
        inputs=(Port("image", (1, 3, 64, 64)),),
        outputs=(Port("ab", (1, 2, 64, 64)),),
    )


@pytest.mark.parametrize("nested", [True, False])
def test_engine(network: DDColor, nested: bool, tmp_path: Path) -> None:
    """Nested as in the authors' .pth, flat as in their file on the Hub."""
    state = published(network)
    path = tmp_path / "pytorch_model.bin"
    torch.save({"params": state} if nested else state, path)
    image = np.random.default_rng(0).random((1, 3, 64, 64), np.float32)
    with torch.no_grad():
        expected = from_weights(state)(torch.from_numpy(image)).numpy()
    result = TorchEngine(entry(), path, "cpu").run({"image": image})["ab"]
    assert result == pytest.approx(expected, abs=1e-4)
    assert result.min() < 0  # colours, not clipped as pictures are


def test_engine_tells_of_damage(network: DDColor, tmp_path: Path) -> None:
    state = published(network)
    del state["decoder.layers.1.bn.running_mean"]
    torch.save(state, tmp_path / "x.bin")
    with pytest.raises(CatalogError, match="Weights of DDColor are missing"):
        TorchEngine(entry(), tmp_path / "x.bin", "cpu")
