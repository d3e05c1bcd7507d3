"""Writes torch networks as ONNX files with free sizes and weights of half precision."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

OPSET = 18
HALF_FROM = 1024  # values; smaller tensors save nothing, and may be constants such as a mean


def export(
    net: nn.Module,
    example: Tensor,
    input_shape: tuple[str | int, ...],
    output_shape: tuple[str | int, ...],
    *,
    input_name: str = "image",
    output_name: str = "result",
) -> bytes:
    """Returns a network of one input and one output as an ONNX file.

    Args:
        net: the network; it is left in evaluation mode.
        example: an input it takes.
        input_shape, output_shape: a number for a fixed dimension, a name for a free one.
        input_name, output_name: what the file calls its ports.
    """
    free = {
        place: torch.export.Dim(name, min=1)
        for place, name in enumerate(input_shape)
        if isinstance(name, str)
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net.eval(),
            (example,),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=[input_name],
            output_names=[output_name],
            dynamic_shapes=(free,),
        )
    assert program is not None
    model = program.model_proto
    name_dimensions(model.graph.output[0], output_shape)
    strip(model)
    store_half(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def strip(model: onnx.ModelProto) -> None:
    """Drops the names of source files and the shapes of every tensor in between."""
    del model.graph.value_info[:], model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]


def store_half(model: onnx.ModelProto) -> None:
    """Stores weights of `HALF_FROM` and more values as float16, with a Cast back to float32.

    ONNX Runtime does the casts once when it loads the file, so it computes as before: the file is
    half as large and the speed is the same.
    """
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT and np.prod(weight.dims) >= HALF_FROM:
            name = weight.name
            half = numpy_helper.to_array(weight).astype(np.float16)
            weight.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
            casts.append(
                helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
            )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def load_weights(net: nn.Module, path: Path) -> None:
    """Takes a network's weights from a file that `export` wrote. Constants in it are left."""
    numbers = {
        tensor.name.removesuffix(".half"): numpy_helper.to_array(tensor).astype(np.float32)
        for tensor in onnx.load(path).graph.initializer
    }
    net.load_state_dict({name: torch.from_numpy(numbers[name]) for name in net.state_dict()})


def name_dimensions(port: onnx.ValueInfoProto, shape: tuple[str | int, ...]) -> None:
    """Gives a port its shape: a number for a fixed dimension, a name for a free one."""
    for dimension, size in zip(port.type.tensor_type.shape.dim, shape, strict=True):
        if isinstance(size, str):
            dimension.dim_param = size
        else:
            dimension.dim_value = size
