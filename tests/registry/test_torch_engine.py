"""The torch engine on small networks of the architectures that the catalogue names: random weights
under the published keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genapp.errors import BadValue
from genapp.registry.catalog import CatalogError, File, Model, Port
from genapp.registry.engines import TorchEngine

torch = pytest.importorskip("torch")
pytest.importorskip("spandrel")


def compact() -> Any:  # noqa: ANN401
    """Real-ESRGAN general x4v3 is one, with 32 convolutions."""
    from spandrel.architectures.Compact import Compact

    return Compact(num_feat=16, num_conv=2, upscale=4)


def rrdbnet() -> Any:  # noqa: ANN401
    """Real-ESRGAN x4plus is one, with 23 blocks."""
    from spandrel.architectures.ESRGAN import ESRGAN

    return ESRGAN(num_filters=16, num_blocks=1, scale=4)


def rrdbnet_x2() -> Any:  # noqa: ANN401
    """Real-ESRGAN x2plus: it halves the picture first."""
    from spandrel.architectures.ESRGAN import ESRGAN

    return ESRGAN(in_nc=12, num_filters=16, num_blocks=1, scale=4, shuffle_factor=2)


def hat() -> Any:  # noqa: ANN401
    from spandrel.architectures.HAT import HAT

    return HAT(embed_dim=60, depths=(1, 1), num_heads=(6, 6), window_size=8, upscale=4, mlp_ratio=2)


NETWORKS = [(compact, 4), (rrdbnet, 4), (rrdbnet_x2, 2), (hat, 4)]


def entry(path: Path) -> Model:
    shape: tuple[int | str, ...] = ("n", 3, "h", "w")
    return Model(
        name="upscale/tiny.v1",
        summary="Enlarges.",
        engine="torch",
        license="BSD-3-Clause",
        commercial=True,
        source="this test",
        training_data="none",
        paper=None,
        size_multiple=1,
        files=(File("upscale/tiny.v1", None, None, path=path.name),),
        inputs=(Port("image", shape),),
        outputs=(Port("enlarged", ("n", 3, "h4", "w4")),),
        measures=(),
    )


def saved(network: Any, path: Path) -> Path:  # noqa: ANN401
    """Nested as Real-ESRGAN's files are, or flat as safetensors are."""
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(network.state_dict(), path)
    else:
        torch.save({"params_ema": network.state_dict()}, path)
    return path


@pytest.mark.parametrize(("make", "scale"), NETWORKS)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_known_architectures_run(
    make: Callable[[], Any], scale: int, suffix: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = make().eval()
    path = saved(network, tmp_path / f"x{suffix}")
    image = np.random.default_rng(0).random((2, 3, 32, 48), np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(image)).numpy()
    result = TorchEngine(entry(path), path, "cpu").run({"image": image})["enlarged"]
    assert result.shape == (2, 3, 32 * scale, 48 * scale)
    assert result.dtype == np.float32
    # spandrel clips to 0..1, as every use of these networks does.
    assert result == pytest.approx(expected.clip(0, 1), abs=1e-5)


@pytest.mark.parametrize(("make", "scale"), NETWORKS)
def test_any_size(make: Callable[[], Any], scale: int, tmp_path: Path) -> None:
    path = saved(make(), tmp_path / "x.pth")
    image = np.zeros((1, 3, 19, 33), np.float32)
    result = TorchEngine(entry(path), path, "cpu").run({"image": image})["enlarged"]
    assert result.shape == (1, 3, 19 * scale, 33 * scale)


class Bomb:
    """What a pickle can do, if it is allowed to."""

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(Path(__file__).with_name("exploded")), "w")


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save({"params": Bomb()}, path)
    with pytest.raises(CatalogError, match="is not a network that spandrel knows"):
        TorchEngine(entry(path), path, "cpu")
    assert not Path(__file__).with_name("exploded").exists()


@pytest.mark.parametrize("content", [b"", b"no network at all"])
def test_broken_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=r"x\.pth is not a network"):
        TorchEngine(entry(path), path, "cpu")


def test_wrong_inputs(tmp_path: Path) -> None:
    path = saved(compact(), tmp_path / "x.pth")
    engine = TorchEngine(entry(path), path, "cpu")
    image = np.zeros((1, 3, 8, 8), np.float32)
    with pytest.raises(ValueError, match="takes \\['image'\\]"):
        engine.run({"picture": image})
    with pytest.raises(ValueError, match="takes float32"):
        engine.run({"image": image.astype(np.float64)})
    with pytest.raises(ValueError, match="input 'image' takes"):
        engine.run({"image": image[0]})


def test_no_cuda(tmp_path: Path) -> None:
    path = saved(compact(), tmp_path / "x.pth")
    with pytest.raises(BadValue, match="no device 'tpu'"):
        TorchEngine(entry(path), path, "tpu")
    if not torch.cuda.is_available():
        assert TorchEngine(entry(path), path, "auto").device == "cpu"
        with pytest.raises(BadValue, match="no CUDA device"):
            TorchEngine(entry(path), path, "cuda")
