"""DeOldify behind the protocol, with a stand-in of its ports."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from genapp.colorizing.deoldify import SIDE, DeOldify
from genapp.registry.catalog import File, Model, Port, load
from genapp.registry.engines import OnnxEngine

Array = NDArray[np.float32]


def tiny_network(path: Path) -> None:
    """1×3×256×256 → the same, half as light, with 60 of 255 more red: no lightness to trust."""
    values = {
        "half": np.array(0.5, np.float32),
        "tint": np.array([60, 0, 0], np.float32).reshape(1, 3, 1, 1),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["input", "half"], ["darker"]),
            helper.make_node("Add", ["darker", "tint"], ["out"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, (1, 3, SIDE, SIDE))],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, (1, 3, SIDE, SIDE))],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


@pytest.fixture
def deoldify(tmp_path: Path) -> DeOldify:
    path = tmp_path / "x.onnx"
    tiny_network(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    shape = (1, 3, SIDE, SIDE)
    file = File("colorize/deoldify.tiny", digest, None, repo="owner/name", file="x.onnx")
    model = Model(
        name="colorize/deoldify.tiny",
        summary="Colours.",
        engine="onnx",
        license="MIT",
        commercial=True,
        source="this test",
        training_data="none",
        paper=None,
        size_multiple=1,
        files=(file,),
        inputs=(Port("image", shape),),
        outputs=(Port("colored", shape),),
        measures=(),
    )
    return DeOldify(OnnxEngine(model, path, "cpu"))


@pytest.mark.parametrize("shape", [(300, 900), (900, 300), (256, 256), (31, 60), (1, 1)])
def test_aspect_ratio_is_kept(deoldify: DeOldify, shape: tuple[int, int]) -> None:
    ab = deoldify.colors(np.full(shape, 50, np.float32), ()).ab
    height, width = ab.shape[:2]
    assert max(height, width) <= min(SIDE, max(shape))
    assert abs(height / max(height, width) - shape[0] / max(shape)) <= 1 / max(height, width)


def test_range_is_0_to_255(deoldify: DeOldify) -> None:
    """Grey of L 50 is 118.9: half of it and 60 more red."""
    ab = deoldify.colors(np.full((100, 150), 50, np.float32), ()).ab
    red = np.array([[[119.45, 59.45, 59.45]]], np.float32) / 255
    expected = np.asarray(cv2.cvtColor(red, cv2.COLOR_RGB2Lab))[0, 0, 1:]
    assert ab.mean((0, 1)) == pytest.approx(expected, abs=0.2)
    assert ab.std((0, 1)).max() < 0.1


def test_entry_of_the_catalogue_is_as_the_adapter_needs_it() -> None:
    model = load().get("colorize/deoldify.artistic")
    assert [(port.name, port.shape) for port in model.inputs] == [("image", (1, 3, SIDE, SIDE))]
    assert [(port.name, port.shape) for port in model.outputs] == [("colored", (1, 3, SIDE, SIDE))]
    assert model.pinned
