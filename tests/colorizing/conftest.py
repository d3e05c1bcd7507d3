"""Networks and photographs that several tests share."""

from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from genapp.registry.catalog import parse
from genapp.registry.engines import Engines
from genapp.registry.store import Store

PORTRAIT = Path(__file__).parents[2] / "genapp" / "ui" / "examples" / "young-woman.jpg"


@pytest.fixture(scope="session")
def real() -> Engines:
    """The networks that come with genapp."""
    return Engines(device="cpu")


@pytest.fixture(scope="session")
def face() -> NDArray[np.uint8]:
    """A grey portrait, H×W."""
    return np.asarray(cv2.imread(str(PORTRAIT), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.fixture(scope="session")
def sketcher(tmp_path_factory: pytest.TempPathFactory) -> Engines:
    """A stand-in for the network of line drawings: red in the upper half, blue in the lower,
    and middle grey."""
    folder = tmp_path_factory.mktemp("weights")
    path = folder / "colorize" / "sketch-unet.v1.onnx"
    path.parent.mkdir()
    _save_sketcher(path)
    data = path.read_bytes()
    ports = [
        ("input", "lightness", '["n", 1, "height", "width"]'),
        ("input", "hints", '["n", 4, "height", "width"]'),
        ("output", "logits", '["n", 3, "height_4", "width_4"]'),
        ("output", "light", '["n", 11, "height_4", "width_4"]'),
        ("output", "bins", "[3, 2]"),
    ]
    entry = f"""
    [[model]]
    name = "colorize/sketch-unet.v1"
    summary = "A stand-in."
    engine = "onnx"
    license = "MIT"
    commercial = true
    source = "this test"
    training_data = "none"
    [[model.file]]
    path = "colorize/sketch-unet.v1.onnx"
    sha256 = "{sha256(data).hexdigest()}"
    bytes = {len(data)}
    """ + "".join(
        f'[[model.{kind}]]\nname = "{name}"\nshape = {shape}\n' for kind, name, shape in ports
    )
    store = Store(folder, stamps=folder / "stamps.json", offline=True)
    return Engines(parse(entry), store, device="cpu")


def _save_sketcher(path: Path) -> None:
    """The rows' number, counted by a running sum of ones, tells upper from lower half."""
    bins = np.array([[60, 40], [20, -60], [0, 0]], np.float32)
    values = {
        "bins_value": bins,
        "to_hints": np.array([0.0], np.float32),
        "one": np.array(1.0, np.float32),
        "half": np.array(0.5, np.float32),
        "rows_axis": np.array(2, np.int64),
        "rows_axes": np.array([2], np.int64),
        "logit_scale": np.array([-40, 40, 0], np.float32).reshape(1, 3, 1, 1),
        "levels": np.linspace(0, 100, 11, dtype=np.float32).reshape(1, 11, 1, 1),
        "sixty": np.array(60.0, np.float32),
        "hundred": np.array(100.0, np.float32),
    }
    nodes = [
        helper.make_node(
            "AveragePool", ["lightness"], ["small"], kernel_shape=[4, 4], strides=[4, 4]
        ),
        helper.make_node("AveragePool", ["hints"], ["h"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("ReduceSum", ["h"], ["h_all"], keepdims=1),
        helper.make_node("Mul", ["h_all", "to_hints"], ["nothing"]),
        helper.make_node("Sub", ["small", "small"], ["zeros"]),
        helper.make_node("Add", ["zeros", "one"], ["ones"]),
        helper.make_node("CumSum", ["ones", "rows_axis"], ["row"]),
        helper.make_node("ReduceMax", ["row", "rows_axes"], ["rows"], keepdims=1),
        helper.make_node("Div", ["row", "rows"], ["share"]),
        helper.make_node("Sub", ["share", "half"], ["side"]),
        helper.make_node("Mul", ["side", "logit_scale"], ["sided"]),
        helper.make_node("Add", ["sided", "nothing"], ["logits"]),
        helper.make_node("Mul", ["ones", "sixty"], ["level"]),
        helper.make_node("Sub", ["levels", "level"], ["away"]),
        helper.make_node("Mul", ["away", "away"], ["square"]),
        helper.make_node("Div", ["square", "hundred"], ["far"]),
        helper.make_node("Neg", ["far"], ["light"]),
        helper.make_node("Identity", ["bins_value"], ["bins"]),
    ]

    def port(name: str, shape: tuple[str | int, ...]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes,
        "sketcher",
        [port("lightness", ("n", 1, "h", "w")), port("hints", ("n", 4, "h", "w"))],
        [
            port("logits", ("n", 3, "h4", "w4")),
            port("light", ("n", 11, "h4", "w4")),
            port("bins", (3, 2)),
        ],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
