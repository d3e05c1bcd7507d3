"""The networks that come with genapp, in torch, against their own files in ONNX Runtime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from genapp.nets import embedded  # noqa: E402
from genapp.registry import onnx_weights  # noqa: E402
from genapp.registry.catalog import load, weights_folder  # noqa: E402
from genapp.registry.engines import Engines, TorchEngine  # noqa: E402

GENERATOR = "faces/gated-gan.v1"
HALF_TOLERANCE = 0.02
"""Of the range of an output, in float16."""


def soft(*shape: int) -> NDArray[np.float32]:
    """A soft picture 0..1: on pure noise the networks that enlarge compute with huge numbers."""
    count, channels, height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = [np.sin(x / (5 + c)) * np.cos(y / (7 + c)) / 2 + 0.5 for c in range(count * channels)]
    return np.stack(planes).reshape(shape).astype(np.float32)


def hints(height: int, width: int) -> NDArray[np.float32]:
    planes = np.zeros((1, 3, height, width), np.float32)
    planes[0, :, 10:13, 20:23] = np.array([40, -20, 1], np.float32)[:, None, None]
    return planes


RNG = np.random.default_rng(0)
INPUTS: dict[str, dict[str, NDArray[np.float32]]] = {
    "upscale/span-x2.ch48": {"image": soft(1, 3, 24, 40)},
    "upscale/span-x4.ch48": {"image": soft(1, 3, 24, 40)},
    "upscale/span-x4.real": {"image": soft(1, 3, 24, 40)},
    "colorize/mobilenet-unet.v2": {"lightness": 100 * soft(1, 1, 64, 96), "hints": hints(64, 96)},
    "colorize/mobilenet-unet-fine.v2": {
        "lightness": 100 * soft(1, 1, 64, 96),
        "hints": hints(64, 96),
        "ab": 40 * soft(1, 2, 16, 24) - 20,
        "context": soft(1, 16, 16, 24),
    },
    "faces/gated-gan-mapping.v1": {"z": RNG.standard_normal((2, 64)).astype(np.float32)},
    GENERATOR: {
        "w": RNG.standard_normal((2, 5, 256)).astype(np.float32)[
            :, : load().get(GENERATOR).inputs[0].shape[1]
        ]
    },
}


@pytest.mark.parametrize("name", INPUTS)
def test_same_file_same_answer(name: str) -> None:
    model = load().get(name)
    path = weights_folder() / str(model.files[0].path)
    found = TorchEngine(model, path, "cpu").run(INPUTS[name])
    with Engines(device="cpu") as engines:
        wanted = engines.get(name).run(INPUTS[name])
    assert list(found) == list(wanted)
    for port, array in wanted.items():
        spread = float(np.ptp(array)) or 1.0
        np.testing.assert_allclose(found[port], array, atol=2e-5 * max(spread, 1), err_msg=port)


@pytest.mark.parametrize("name", [name for name in INPUTS if "mapping" not in name])
def test_half_precision_is_near(name: str) -> None:
    """What CUDA computes with, on the CPU."""
    model = load().get(name)
    net = network(model.files[0].path)
    assert net.supports_half
    outputs = [run(net.to(kind), INPUTS[name], kind) for kind in (torch.float32, torch.float16)]
    for exact, half in zip(*outputs, strict=True):
        spread = float(exact.max() - exact.min())
        assert float((exact - half).abs().max()) <= HALF_TOLERANCE * spread


def network(path: str | None) -> Any:  # noqa: ANN401
    return embedded.from_weights(tensors(weights_folder() / str(path)))


def tensors(path: Path) -> dict[str, Any]:
    return {name: torch.from_numpy(each) for name, each in onnx_weights.read(path).items()}


def run(net: Any, inputs: Mapping[str, NDArray[Any]], kind: Any) -> list[Any]:  # noqa: ANN401
    with torch.inference_mode():
        result = net(**{name: torch.from_numpy(each).to(kind) for name, each in inputs.items()})
    return [each.float() for each in (result if isinstance(result, tuple) else (result,))]


def test_all_others_are_left_to_onnx() -> None:
    assert embedded.from_weights({}) is None
    for model in load().models:
        path = model.files[0].path
        if model.engine == "onnx" and path is not None:
            known = embedded.knows(onnx_weights.read(weights_folder() / path))
            assert known == (model.name in INPUTS), model.name


def test_faces_with_a_finisher(tmp_path: Path) -> None:
    """A file as `training/export_faces.py` writes it, before its weights are rounded."""
    export_colorize = pytest.importorskip("export_colorize")
    export_faces = pytest.importorskip("export_faces")
    from genapp.nets.face_finisher import FaceFinisher
    from genapp.nets.face_generator import FaceGenerator

    torch.manual_seed(0)
    net = FaceGenerator(64, 0.1)
    net.finisher = FaceFinisher(0.25)
    for value in net.parameters():
        torch.nn.init.normal_(value, std=0.1)
    path = tmp_path / "x.onnx"
    path.write_bytes(export_faces.export(net, 128)[GENERATOR])
    found = embedded.from_weights(tensors(path))
    assert found is not None
    assert found.supports_half
    w = torch.from_numpy(INPUTS[GENERATOR]["w"][:, : net.levels])
    session = export_colorize.open_session(path.read_bytes(), 1)
    (expected,) = session.run(["image"], {"w": w.numpy()})
    assert expected.shape == (2, 3, 128, 128)
    with torch.inference_mode():
        np.testing.assert_allclose(found(w).numpy(), expected, atol=1e-5)


def test_missing_weights() -> None:
    with pytest.raises(ValueError, match="not the weights"):
        embedded.from_weights({"block_1.c1.weight": torch.zeros(1)})
