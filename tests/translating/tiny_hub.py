"""Small stand-ins of the networks behind `HUB_STYLES`: random weights, ports and quirks as
published."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

CHANNELS = 6


def save_fast_style(path: Path) -> None:
    """As in the Model Zoo: 224×224 declared, 0..255, opset 9 with the weights among the inputs."""
    nodes = [
        helper.make_node("Pad", ["input1"], ["padded"], mode="reflect", pads=[0, 0, 4, 4] * 2),
        conv("padded", "c1", "x1"),
        norm("x1", "n1", "y1"),
        helper.make_node("Relu", ["y1"], ["r1"]),
        helper.make_node("Pad", ["r1"], ["p2"], mode="reflect", pads=[0, 0, 1, 1] * 2),
        conv("p2", "c2", "x2", strides=[2, 2]),
        norm("x2", "n2", "y2"),
        helper.make_node("Upsample", ["y2", "scales"], ["large"], mode="nearest"),
        helper.make_node("Pad", ["large"], ["p3"], mode="reflect", pads=[0, 0, 1, 1] * 2),
        conv("p3", "c3", "small"),
        helper.make_node("Mul", ["small", "hundred"], ["wide"]),
        helper.make_node("Add", ["wide", "hundred"], ["output1"]),
    ]
    values = {
        **conv_weights("c1", 3, CHANNELS, 9),
        **norm_weights("n1"),
        **conv_weights("c2", CHANNELS, CHANNELS, 3),
        **norm_weights("n2"),
        **conv_weights("c3", CHANNELS, 3, 3, scale=0.1),
        "scales": np.array([1, 1, 2, 2], np.float32),
        "hundred": np.array(100, np.float32),
    }
    square = (1, 3, 224, 224)
    save(path, nodes, values, ("input1", square), ("output1", square), opset=9, listed=True)


def save_line_art(path: Path) -> None:
    """Any size, 0..1 to one channel of 0..1."""
    nodes = [
        conv("input", "c1", "x1", pads=[1, 1, 1, 1]),
        norm("x1", "n1", "y1"),
        helper.make_node("Relu", ["y1"], ["r1"]),
        conv("r1", "c2", "x2", pads=[1, 1, 1, 1]),
        helper.make_node("Sigmoid", ["x2"], ["output"]),
    ]
    values = {
        **conv_weights("c1", 3, CHANNELS, 3),
        **norm_weights("n1"),
        **conv_weights("c2", CHANNELS, 1, 3),
    }
    ports = ((1, channels, "h", "w") for channels in (3, 1))
    save(path, nodes, values, ("input", next(ports)), ("output", next(ports)))


def save_anime(path: Path, side: int = 512) -> None:
    """-1..1, a group norm as it is exported, whose sizes are frozen inside the network."""
    nodes = [
        conv("input_image", "c1", "x1", pads=[1, 1, 1, 1]),
        helper.make_node("Reshape", ["x1", "groups"], ["g1"]),
        norm("g1", "n1", "h1"),
        helper.make_node("Reshape", ["h1", "frozen"], ["y1"]),
        conv("y1", "c2", "x2", pads=[1, 1, 1, 1]),
        helper.make_node("Tanh", ["x2"], ["output_image"]),
    ]
    values: dict[str, NDArray[Any]] = {
        **conv_weights("c1", 3, CHANNELS, 3),
        "groups": np.array([1, 1, -1], np.int64),
        "frozen": np.array([1, CHANNELS, side, side], np.int64),
        "n1.scale": np.ones(1, np.float32),
        "n1.bias": np.zeros(1, np.float32),
        **conv_weights("c2", CHANNELS, 3, 3, scale=0.3),
    }
    square = (1, 3, side, side)
    save(path, nodes, values, ("input_image", square), ("output_image", square))


STAND_INS = {
    "translate/fast-neural-style.mosaic": save_fast_style,
    "translate/informative-drawings.line-art": save_line_art,
    "translate/animeganv2.face-paint": save_anime,
}


def conv(source: str, name: str, output: str, **options: list[int]) -> NodeProto:
    return helper.make_node("Conv", [source, f"{name}.weight", f"{name}.bias"], [output], **options)


def norm(source: str, name: str, output: str) -> NodeProto:
    inputs = [source, f"{name}.scale", f"{name}.bias"]
    return helper.make_node("InstanceNormalization", inputs, [output], epsilon=1e-5)


def conv_weights(
    name: str, channels_in: int, channels_out: int, size: int, scale: float = 1.0
) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(len(name) + channels_in + size)
    shape = (channels_out, channels_in, size, size)
    weight = rng.normal(0, scale / (channels_in**0.5 * size), shape).astype(np.float32)
    bias = rng.normal(0, 0.1, channels_out).astype(np.float32)
    return {f"{name}.weight": weight, f"{name}.bias": bias}


def norm_weights(name: str) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(int(name[1:]))
    return {
        f"{name}.scale": rng.uniform(0.5, 1.5, CHANNELS).astype(np.float32),
        f"{name}.bias": rng.normal(0, 0.3, CHANNELS).astype(np.float32),
    }


def save(
    path: Path,
    nodes: list[NodeProto],
    values: Mapping[str, NDArray[Any]],
    given: tuple[str, tuple[str | int, ...]],
    returned: tuple[str, tuple[str | int, ...]],
    *,
    opset: int = 12,
    listed: bool = False,
) -> None:
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (given, returned)
    ]
    arrays = [numpy_helper.from_array(array, name) for name, array in values.items()]
    weights = [
        helper.make_tensor_value_info(array.name, array.data_type, array.dims) for array in arrays
    ]
    graph = helper.make_graph(
        nodes, "tiny", [ports[0], *(weights if listed else [])], [ports[1]], arrays
    )
    version = [helper.make_opsetid("", opset)]
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=version, ir_version=3 if listed else 7), path)
