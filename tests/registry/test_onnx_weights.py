"""Numbers of an ONNX file, read and replaced."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from genapp.registry.catalog import Port
from genapp.registry.engines import OnnxEngine
from genapp.registry.onnx_weights import read, replaced
from tests.registry.test_engines import entry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """y = x · scale + shift, of which scale is stored in half precision."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    nodes = [
        helper.make_node("Cast", ["scale.half"], ["scale"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["y"]),
    ]
    numbers = [
        numpy_helper.from_array(np.array([2, 3], np.float16), "scale.half"),
        numpy_helper.from_array(np.array([1, 1], np.float32), "shift"),
        numpy_helper.from_array(np.array([7], np.int64), "a shape"),
    ]
    graph = helper.make_graph(nodes, "graph", [x], [y], numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    return tmp_path / "model.onnx"


def test_read(path: Path) -> None:
    found = read(path)
    assert {name: list(numbers) for name, numbers in found.items()} == {
        "scale": [2, 3],
        "shift": [1, 1],
    }
    assert {numbers.dtype for numbers in found.values()} == {np.dtype(np.float32)}


def test_replaced_numbers_are_computed_with(path: Path) -> None:
    other = replaced(path, {"scale": np.array([10, 20], np.float32)})
    model = entry(inputs=(Port("x", (2,)),), outputs=(Port("y", (2,)),))
    x = np.array([1, 2], np.float32)
    assert list(OnnxEngine(model, path, "cpu").run({"x": x})["y"]) == [3, 7]
    assert list(OnnxEngine(model, other, "cpu").run({"x": x})["y"]) == [11, 41]


@pytest.mark.parametrize(
    ("name", "numbers", "problem"),
    [
        ("scale", [1.0], "shape"),
        ("scale", [1.0, np.inf], "finite"),
        ("scale", [1.0, 1e9], "finite"),
        ("nothing", [1.0], "has no nothing"),
        ("a shape", [1.0], "shape"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_numbers_that_do_not_belong(
    path: Path, name: str, numbers: list[float], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        replaced(path, {name: np.array(numbers, np.float32)})
