"""torch models as ONNX files: random weights under the published keys."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genapp import images
from genapp.errors import BadValue, UserError
from genapp.registry import export as module
from genapp.registry.catalog import File, Model, Port
from genapp.registry.engines import OnnxEngine, TorchEngine
from genapp.registry.export import Parity, export
from genapp.registry.store import Store

torch = pytest.importorskip("torch")
pytest.importorskip("spandrel")
pytest.importorskip("onnxscript")

PHOTO = Path(__file__).parents[2] / "genapp" / "ui" / "examples" / "young-man.jpg"


def compact() -> Any:  # noqa: ANN401
    from spandrel.architectures.Compact import Compact

    return Compact(num_feat=8, num_conv=1, upscale=4)


def rrdbnet_x2() -> Any:  # noqa: ANN401
    """It halves the picture first: sides are even."""
    from spandrel.architectures.ESRGAN import ESRGAN

    return ESRGAN(in_nc=12, num_filters=8, num_blocks=1, scale=4, shuffle_factor=2)


def saved(make: Callable[[], Any], folder: Path, scale: int, multiple: int) -> tuple[Model, Store]:
    torch.manual_seed(0)
    torch.save({"params_ema": make().state_dict()}, folder / "x.pth")
    name = "upscale/tiny.v1"
    port = Port("image", ("n", 3, "h", "w"), "NCHW", "RGB", (0.0, 1.0))
    model = Model(
        name=name,
        summary="Enlarges.",
        engine="torch",
        license="BSD-3-Clause",
        commercial=True,
        source="this test",
        training_data="none",
        paper=None,
        size_multiple=multiple,
        files=(File(name, "0" * 64, 1, path="x.pth"),),
        inputs=(port,),
        outputs=(Port("enlarged", ("n", 3, "h4", "w4"), "NCHW", "RGB", (0.0, 1.0)),),
        measures=(),
        scale=scale,
    )
    import hashlib

    data = (folder / "x.pth").read_bytes()
    sha = hashlib.sha256(data).hexdigest()
    model = replace(model, files=(File(name, sha, len(data), path="x.pth"),))
    return model, Store(folder, stamps=folder / "checked.json")


@pytest.mark.parametrize(("make", "scale", "multiple"), [(compact, 4, 1), (rrdbnet_x2, 2, 2)])
def test_export(make: Callable[[], Any], scale: int, multiple: int, tmp_path: Path) -> None:
    model, store = saved(make, tmp_path, scale, multiple)
    target = tmp_path / "x.onnx"
    done = export(model, store, target, [images.to_float(images.read(PHOTO).pixels)])
    assert done.bytes == target.stat().st_size
    assert done.shape == ("n", 3, "h", "w")
    assert [each.inputs for each in done.parity] == ["random", "photographs"]
    assert all(each.agrees and each.difference <= 1e-5 for each in done.parity)
    # Sizes that it was not traced with.
    image = np.random.default_rng(0).random((1, 3, 12, 28), np.float32)
    onnx = OnnxEngine(replace(model, engine="onnx"), target, "cpu").run({"image": image})
    expected = TorchEngine(model, tmp_path / "x.pth", "cpu").run({"image": image})
    np.testing.assert_allclose(onnx["enlarged"], expected["enlarged"], atol=1e-5)


def test_a_file_that_disagrees_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, store = saved(compact, tmp_path, 4, 1)
    real = TorchEngine.run

    def wrong(self: TorchEngine, inputs: Any) -> Any:  # noqa: ANN401
        return {name: array + 0.01 for name, array in real(self, inputs).items()}

    monkeypatch.setattr(TorchEngine, "run", wrong)
    target = tmp_path / "x.onnx"
    with pytest.raises(UserError, match=r"does not compute what torch does: max abs diff.* 0\.01"):
        export(model, store, target)
    assert not target.exists()


def test_a_network_that_cannot_be_traced_with_free_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, store = saved(compact, tmp_path, 4, 1)
    real = module._trace

    def picky(model: Model, engine: TorchEngine) -> bytes:
        if "h" in model.inputs[0].shape:
            raise RuntimeError("the height is not free")
        return real(model, engine)

    monkeypatch.setattr(module, "_trace", picky)
    monkeypatch.setattr(module, "FIXED_SIDE", 32)
    assert export(model, store, tmp_path / "x.onnx").shape == (1, 3, 32, 32)


def test_numbers_that_are_none_do_not_agree() -> None:
    assert not Parity("random", 1, float("nan"), 1.0).agrees
    assert Parity("random", 1, 0.0009, 1.0).agrees
    assert not Parity("random", 1, 0.0009, 0.5).agrees


def test_bad_requests(tmp_path: Path) -> None:
    model, store = saved(compact, tmp_path, 4, 1)
    with pytest.raises(BadValue, match="ONNX file already"):
        export(replace(model, engine="onnx"), store, tmp_path / "x.onnx")
    with pytest.raises(BadValue, match="no name for an ONNX file"):
        export(model, store, tmp_path / "x.pth")
    with pytest.raises(BadValue, match="cannot be written"):
        export(model, store, tmp_path / "no" / "folder" / "x.onnx")
