"""Rewrites an ONNX file from elsewhere so that it takes pictures of any size, in tiles that fit.

A network with instance norms measures each picture by itself: tiles painted one by one differ in
colour. Here the statistics become an input and an output, as they are in our own networks, so that
all tiles take those of the whole picture.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, ValueInfoProto

STATISTICS, SHARED, USED = "statistics", "shared", "used"
"""Names of the ports that are added."""
DEFAULT_EPSILON = 1e-5
"""Of an instance norm that names none, as ONNX has it."""


def share_statistics(path: Path, image: str, painting: str) -> bytes:
    """A network from one picture to another, with three ports more.

    The picture's height and width become free. The inputs `statistics` (2×c: means, then standard
    deviations, of the c channels of all instance norms in their order; what is more is not looked
    at) and `shared` (1: 1 takes them, 0 measures the picture's own) and the output `used` (2×c)
    are added.

    Args:
        path: the ONNX file, of one input and one output, 1×channels×height×width each.
        image: what the input is to be called.
        painting: what the output is to be called.

    Raises:
        ValueError: the file has other ports, or no instance norm.
    """
    # Imported here: networks that come with genapp need no rewriting.
    import onnx  # noqa: PLC0415
    from onnx import TensorProto, helper  # noqa: PLC0415

    model = onnx.load(str(path))
    graph = model.graph
    # Old files list their weights among the inputs, too.
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [port for port in graph.input if port.name not in weights]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ValueError(f"it has {len(inputs)} inputs and {len(graph.output)} outputs, not one")
    _rename(graph, inputs[0].name, image)
    _rename(graph, graph.output[0].name, painting)
    for port in (inputs[0], graph.output[0]):
        _free_sides(port)
    # Told for the size that is no longer fixed.
    del graph.value_info[:]

    nodes: list[NodeProto] = []
    used: list[tuple[str, str]] = []
    channels = 0
    for node in graph.node:
        if node.op_type != "InstanceNormalization":
            nodes.append(node)
            continue
        count = _length(graph, node.input[1])
        prefix = f"shared_norm.{len(used)}"
        nodes += _shared_norm(node, prefix, channels, count)
        used.append((f"{prefix}.mean", f"{prefix}.deviation"))
        channels += count
    if not used:
        raise ValueError("it has no instance norm")
    nodes += _collected(used)
    del graph.node[:]
    graph.node.extend(nodes)
    shape = [2, "channels"]
    graph.input.append(helper.make_tensor_value_info(STATISTICS, TensorProto.FLOAT, shape))
    graph.input.append(helper.make_tensor_value_info(SHARED, TensorProto.FLOAT, [1]))
    graph.output.append(helper.make_tensor_value_info(USED, TensorProto.FLOAT, shape))
    return bytes(model.SerializeToString())


def _shared_norm(node: "NodeProto", prefix: str, first: int, count: int) -> "Iterator[NodeProto]":
    """What takes the place of an instance norm. Operators that mean the same in every version of
    ONNX from 7 on, for a batch of one."""
    from onnx import helper  # noqa: PLC0415  (see `share_statistics`)

    source, scale, bias = node.input
    epsilon = next(
        (float(each.f) for each in node.attribute if each.name == "epsilon"), DEFAULT_EPSILON
    )

    def made(kind: str, inputs: list[str], output: str, **options: Any) -> "NodeProto":  # noqa: ANN401
        return helper.make_node(kind, inputs, [output], name=output, **options)

    def name(part: str) -> str:
        return f"{prefix}.{part}"

    yield _constant(name("epsilon"), np.array([epsilon], np.float32))
    yield _constant(name("places"), np.arange(first, first + count, dtype=np.int64))
    # The picture's own.
    yield made("GlobalAveragePool", [source], name("own_mean"))
    yield made("Sub", [source, name("own_mean")], name("centred"))
    yield made("Mul", [name("centred"), name("centred")], name("squares"))
    yield made("GlobalAveragePool", [name("squares")], name("variance"))
    yield made("Add", [name("variance"), name("epsilon")], name("safe_variance"))
    yield made("Sqrt", [name("safe_variance")], name("own_deviation"))
    yield made("Shape", [name("own_mean")], name("shape"))
    # Those that are given, as far as they are shared.
    yield made("Gather", [STATISTICS, name("places")], name("given"), axis=1)
    for row, part in enumerate(("mean", "deviation")):
        own, given = name(f"own_{part}"), name(f"given_{part}")
        yield _constant(name(f"row_{part}"), np.array([row], np.int64))
        yield made("Gather", [name("given"), name(f"row_{part}")], f"{given}_row", axis=0)
        yield made("Reshape", [f"{given}_row", name("shape")], given)
        yield made("Sub", [given, own], name(f"away_{part}"))
        yield made("Mul", [name(f"away_{part}"), SHARED], name(f"moved_{part}"))
        yield made("Add", [own, name(f"moved_{part}")], name(part))
    yield made("Reshape", [scale, name("shape")], name("scale"))
    yield made("Reshape", [bias, name("shape")], name("bias"))
    yield made("Div", [name("scale"), name("deviation")], name("slope"))
    yield made("Mul", [name("mean"), name("slope")], name("middle"))
    yield made("Sub", [name("bias"), name("middle")], name("offset"))
    yield made("Mul", [source, name("slope")], name("scaled"))
    yield made("Add", [name("scaled"), name("offset")], node.output[0])


def _collected(used: list[tuple[str, str]]) -> "Iterator[NodeProto]":
    """The means and deviations of all norms as one table, `used`."""
    from onnx import helper  # noqa: PLC0415  (see `share_statistics`)

    yield _constant(f"{USED}.row", np.array([1, -1], np.int64))
    rows = []
    for part, names in zip(("means", "deviations"), zip(*used, strict=True), strict=True):
        flat = [f"{name}.flat" for name in names]
        for name, flattened in zip(names, flat, strict=True):
            yield helper.make_node("Reshape", [name, f"{USED}.row"], [flattened])
        rows.append(f"{USED}.{part}")
        yield helper.make_node("Concat", flat, [rows[-1]], axis=1)
    yield helper.make_node("Concat", rows, [USED], axis=0)


def _constant(name: str, values: np.ndarray[Any, Any]) -> "NodeProto":
    from onnx import helper, numpy_helper  # noqa: PLC0415  (see `share_statistics`)

    return helper.make_node(
        "Constant", [], [name], name=name, value=numpy_helper.from_array(values, name)
    )


def _length(graph: "GraphProto", name: str) -> int:
    """Of a list of weights, which may have been handed on under another name."""
    for tensor in graph.initializer:
        if tensor.name == name:
            return int(np.prod(tensor.dims))
    for node in graph.node:
        if name in node.output:
            if node.op_type == "Identity":
                return _length(graph, node.input[0])
            for each in node.attribute:
                if node.op_type == "Constant" and each.name == "value":
                    return int(np.prod(each.t.dims))
    raise ValueError(f"{name!r}, the scale of an instance norm, is no weight")


def _rename(graph: "GraphProto", old: str, new: str) -> None:
    for port in (*graph.input, *graph.output):
        port.name = new if port.name == old else port.name
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]


def _free_sides(port: "ValueInfoProto") -> None:
    dimensions = port.type.tensor_type.shape.dim
    if len(dimensions) != 4:
        raise ValueError(f"{port.name!r} has {len(dimensions)} dimensions, not 4")
    dimensions[0].dim_value = 1
    for dimension, name in zip(dimensions[2:], ("height", "width"), strict=True):
        dimension.dim_param = f"{port.name}_{name}"
