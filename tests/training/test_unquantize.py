"""Networks of 8-bit numbers without the rounding."""

import numpy as np
import pytest

for package in ("onnx", "onnxruntime"):
    pytest.importorskip(package)

import onnxruntime  # noqa: E402
import unquantize  # noqa: E402
from onnx import ModelProto, TensorProto, helper, numpy_helper  # noqa: E402


def network() -> ModelProto:
    """y = quantised(relu(quantised(x) · w)), w of 40×40 bytes with a scale for each column."""
    random = np.random.default_rng(0)
    values = {
        "w8": random.integers(-127, 128, (40, 40)).astype(np.int8),
        "w_scale": np.linspace(0.001, 0.01, 40, dtype=np.float32),
        "w_zero": np.zeros(40, np.int8),
        "scale": np.float32(0.1),
        "zero": np.int8(3),
    }
    q, d = "QuantizeLinear", "DequantizeLinear"
    nodes = [
        helper.make_node(q, ["x", "scale", "zero"], ["x8"]),
        helper.make_node(d, ["x8", "scale", "zero"], ["xf"]),
        helper.make_node(d, ["w8", "w_scale", "w_zero"], ["w"], axis=1),
        helper.make_node("MatMul", ["xf", "w"], ["m"]),
        helper.make_node("Relu", ["m"], ["r"]),
        helper.make_node(q, ["r", "scale", "zero"], ["r8"]),
        helper.make_node(d, ["r8", "scale", "zero"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 40])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 40])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("keep_bytes", [False, True])
def test_only_the_rounding_of_values_goes(keep_bytes: bool) -> None:
    model = network()
    before = model.SerializeToString()
    plain = unquantize.floats(model, keep_bytes=keep_bytes)
    assert model.SerializeToString() == before
    numbers = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    x = np.random.default_rng(1).normal(0, 3, (1, 40)).astype(np.float32)
    weight = numbers["w8"].astype(np.float32) * numbers["w_scale"]
    session = onnxruntime.InferenceSession(plain.SerializeToString())
    np.testing.assert_allclose(
        session.run(None, {"x": x})[0], np.maximum(x @ weight, 0), rtol=1e-5, atol=1e-5
    )
    kinds = {node.op_type for node in plain.graph.node}
    assert not kinds & {"QuantizeLinear", "DequantizeLinear"}
    stored = {tensor.data_type for tensor in plain.graph.initializer}
    assert (TensorProto.INT8 in stored) is keep_bytes
