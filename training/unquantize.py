"""Makes networks of floats from ONNX files whose weights and values are 8-bit (QDQ form)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

BYTES_FROM = 1024  # values; smaller tensors save nothing


def floats(model: onnx.ModelProto, *, keep_bytes: bool = False) -> onnx.ModelProto:
    """Returns the network without the rounding of values between its layers.

    Args:
        model: with QuantizeLinear and DequantizeLinear around its layers; it is left as it is.
        keep_bytes: large weights stay 8-bit numbers in the file, which a Cast and a Mul turn into
            floats. ONNX Runtime does that once when it loads the file.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    same: dict[str, str] = {}  # outputs that are now the same as another
    kept: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type not in {"QuantizeLinear", "DequantizeLinear"}:
            kept.append(node)
        elif node.input[0] not in values:
            same[node.output[0]] = same.get(node.input[0], node.input[0])
        elif node.output[0] not in values:
            large = keep_bytes and values[node.input[0]].size >= BYTES_FROM
            kept += _weight(node, values, large=large)
    for node in kept:
        node.input[:] = [same.get(name, name) for name in node.input]
    outputs = {port.name for port in graph.output}
    ends = [helper.make_node("Identity", [same[name]], [name]) for name in outputs & same.keys()]
    nodes = _sorted([*kept, *ends])
    used = {name for node in nodes for name in node.input}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name)
        for name, value in values.items()
        if name in used
    )
    return result


def _weight(
    node: onnx.NodeProto, values: dict[str, npt.NDArray[Any]], *, large: bool
) -> list[onnx.NodeProto]:
    """Adds the floats of a DequantizeLinear's weight to ``values``; returns nodes to keep."""
    number, scale = values[node.input[0]], values[node.input[1]]
    zero = values[node.input[2]].astype(np.float32) if len(node.input) > 2 else np.float32(0)
    if scale.ndim:  # one for each slice along the axis
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        shape = [-1 if place == axis else 1 for place in range(number.ndim)]
        scale, zero = scale.reshape(shape), np.broadcast_to(zero, scale.shape).reshape(shape)
    out = node.output[0]
    if not large or zero.any():
        values[out] = ((number.astype(np.float32) - zero) * scale).astype(np.float32)
        return []
    values[f"{out}.scale"] = scale.astype(np.float32)
    return [
        helper.make_node("Cast", [node.input[0]], [f"{out}.cast"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}.cast", f"{out}.scale"], [out]),
    ]


def _sorted(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """ONNX wants every node after those that it takes from."""
    makers = {name: node for node in nodes for name in node.output}
    done: dict[int, onnx.NodeProto] = {}

    def add(node: onnx.NodeProto) -> None:
        if id(node) in done:
            return
        for name in node.input:
            if name in makers:
                add(makers[name])
        done[id(node)] = node

    for node in nodes:
        add(node)
    return list(done.values())
