"""Runs TFLite networks, or parts of them, with LiteRT: what the converted networks must match."""

from collections.abc import Mapping, Sequence

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

Array = npt.NDArray[np.float32]


def run(data: bytes, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Returns every output of the network ``data`` by name; pictures are 1×H×W×C."""
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    for port in interpreter.get_input_details():
        interpreter.set_tensor(port["index"], np.ascontiguousarray(inputs[port["name"]]))
    interpreter.invoke()
    return {
        port["name"]: interpreter.get_tensor(port["index"])
        for port in interpreter.get_output_details()
    }


def input_name(data: bytes) -> str:
    """Returns the name of the only input."""
    (subgraph,) = schema.ModelT.InitFromPackedBuf(data, 0).subgraphs
    (index,) = subgraph.inputs
    return str(subgraph.tensors[index].name.decode())


def part(data: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """Returns the network that computes the tensors ``outputs`` from the tensors ``inputs``."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    (subgraph,) = model.subgraphs
    index = {tensor.name.decode(): i for i, tensor in enumerate(subgraph.tensors)}
    subgraph.inputs = [index[name] for name in inputs]
    subgraph.outputs = [index[name] for name in outputs]
    needed = set(subgraph.outputs)
    operators = []
    for operator in reversed(subgraph.operators):
        if needed.intersection(operator.outputs) - set(subgraph.inputs):
            operators.append(operator)
            needed.update(operator.inputs)
    subgraph.operators = operators[::-1]
    model.signatureDefs = None
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
