"""The converter against LiteRT, and MediaPipe's custom operators against NumPy."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("ai_edge_litert", reason="the converter needs ai-edge-litert and onnx")
pytest.importorskip("onnx")
sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # scripts, not a package

import facemesh_attention
import flatbuffers  # type: ignore[import-untyped]
import litert
import onnxruntime
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers
from tflite_to_onnx import TfliteToOnnx, densify

Array = npt.NDArray[Any]
Op, Options = schema.BuiltinOperator, schema.BuiltinOptions
TYPES = {np.float32: schema.TensorType.FLOAT32, np.float16: schema.TensorType.FLOAT16}
RNG = np.random.default_rng(0)
few = settings(max_examples=20, deadline=None)


class TinyNetwork:
    """A TFLite network under construction, with one input called ``image``."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]
        self.graph.inputs = [self.tensor("image", shape)]

    def tensor(self, name: str, shape: tuple[int, ...], data: Array | None = None) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape = name, list(shape)
        tensor.type, tensor.buffer = schema.TensorType.FLOAT32, 0
        if data is not None:
            tensor.type = TYPES.get(data.dtype.type, schema.TensorType.INT32)
            tensor.buffer = len(self.model.buffers)
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def constant(self, data: Array) -> int:
        return self.tensor(f"constant{len(self.graph.tensors)}", data.shape, data)

    def add(
        self,
        code: int | str,
        inputs: list[int],
        shape: tuple[int, ...],
        options: tuple[int, dict[str, Any]] | None = None,
        name: str = "result",
    ) -> int:
        operator = schema.OperatorT()
        operator_code = schema.OperatorCodeT()
        if isinstance(code, str):
            operator_code.builtinCode, operator_code.customCode = Op.CUSTOM, code
            if options is not None:
                operator.customOptions = list(flexbuffers.Dumps(options[1]))
        else:
            operator_code.builtinCode = code
            if options is not None:
                kind, values = options
                operator.builtinOptionsType = kind
                kind_name = next(k for k, v in vars(Options).items() if v == kind)
                operator.builtinOptions = getattr(schema, f"{kind_name}T")()
                vars(operator.builtinOptions).update(values)
        operator_code.deprecatedBuiltinCode = operator_code.builtinCode
        operator_code.version = 1
        operator.opcodeIndex = len(self.model.operatorCodes)
        self.model.operatorCodes.append(operator_code)
        output = self.tensor(name, shape)
        operator.inputs, operator.outputs = inputs, [output]
        self.graph.operators.append(operator)
        self.graph.outputs = [output]
        return output

    def data(self) -> bytes:
        builder = flatbuffers.Builder()
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def run_onnx(data: bytes, image: Array, shape: tuple[int, ...]) -> Array:
    """Runs the converted network; ``shape`` is the output's, without the batch."""
    converted = TfliteToOnnx(data)
    outputs = {"result": (converted.value("result"), shape)}
    model = converted.graph.model("test", {"image": image.shape[1:]}, outputs)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {"image": image})[0])


def assert_same_as_litert(network: TinyNetwork, tolerance: float = 1e-5) -> None:
    """Runs both on two pictures; pictures may be NHWC in TFLite and NCHW in ONNX."""
    _, *size, channels = network.graph.tensors[0].shape
    images = RNG.normal(size=(2, *size, channels)).astype(np.float32)
    data = network.data()
    expected = np.concatenate([litert.run(data, {"image": x[None]})["result"] for x in images])
    if expected.ndim == 4:
        expected = expected.transpose(0, 3, 1, 2)
    found = run_onnx(data, images.transpose(0, 3, 1, 2), expected.shape[1:])
    np.testing.assert_allclose(found, expected, atol=tolerance)


def numbers(*shape: int, dtype: type[np.floating[Any]] = np.float32) -> Array:
    return RNG.normal(size=shape).astype(dtype)


def convolution_options(
    padding: int, stride: int = 1, activation: int = schema.ActivationFunctionType.NONE
) -> dict[str, Any]:
    return {
        "padding": padding,
        "strideH": stride,
        "strideW": stride,
        "dilationHFactor": 1,
        "dilationWFactor": 1,
        "fusedActivationFunction": activation,
    }


@few
@given(
    side=st.integers(5, 12),
    window=st.integers(1, 5),
    stride=st.integers(1, 3),
    same=st.booleans(),
    relu6=st.booleans(),
)
def test_convolution_pads_and_strides_as_litert(
    side: int, window: int, stride: int, same: bool, relu6: bool
) -> None:
    network = TinyNetwork((1, side, side + 1, 3))
    kernel = network.constant(numbers(4, window, window, 3))
    bias = network.constant(numbers(4))
    height, width = (
        -(-length // stride) if same else (length - window) // stride + 1
        for length in (side, side + 1)
    )
    padding = schema.Padding.SAME if same else schema.Padding.VALID
    activation = schema.ActivationFunctionType.RELU6 if relu6 else 0
    options = convolution_options(padding, stride, activation)
    network.add(
        Op.CONV_2D, [0, kernel, bias], (1, height, width, 4), (Options.Conv2DOptions, options)
    )
    assert_same_as_litert(network)


def test_zero_padding_is_left_to_the_convolution() -> None:
    network = TinyNetwork((1, 6, 6, 2))
    pads = network.constant(np.array([[0, 0], [1, 0], [2, 1], [0, 0]], np.int32))
    padded = network.add(Op.PAD, [0, pads], (1, 7, 9, 2), (Options.PadOptions, {}), "padded")
    kernel, bias = network.constant(numbers(1, 3, 3, 2)), network.constant(numbers(2))
    options = convolution_options(schema.Padding.VALID) | {"depthMultiplier": 1}
    network.add(
        Op.DEPTHWISE_CONV_2D,
        [padded, kernel, bias],
        (1, 5, 7, 2),
        (Options.DepthwiseConv2DOptions, options),
    )
    assert_same_as_litert(network)
    assert "Pad" not in {node.op_type for node in TfliteToOnnx(network.data()).graph.nodes}


def test_new_channels_are_zero() -> None:
    network = TinyNetwork((1, 3, 4, 2))
    pads = network.constant(np.array([[0, 0], [0, 0], [0, 0], [0, 3]], np.int32))
    network.add(Op.PAD, [0, pads], (1, 3, 4, 5), (Options.PadOptions, {}))
    assert_same_as_litert(network)


def test_prelu_with_float16_slopes() -> None:
    network = TinyNetwork((1, 3, 4, 5))
    half = network.constant(numbers(1, 1, 5, dtype=np.float16))
    slope = network.add(Op.DEQUANTIZE, [half], (1, 1, 5), name="slope")
    network.add(Op.PRELU, [0, slope], (1, 3, 4, 5))
    assert_same_as_litert(network)


def test_max_pool_of_an_odd_picture() -> None:
    network = TinyNetwork((1, 5, 7, 2))
    options = convolution_options(schema.Padding.SAME, stride=2)
    options |= {"filterHeight": 2, "filterWidth": 2}
    network.add(Op.MAX_POOL_2D, [0], (1, 3, 4, 2), (Options.Pool2DOptions, options))
    assert_same_as_litert(network)


@pytest.mark.parametrize("half_pixel", [False, True])
def test_bilinear_resize(half_pixel: bool) -> None:
    network = TinyNetwork((1, 3, 4, 2))
    size = network.constant(np.array([6, 8], np.int32))
    options = {"alignCorners": False, "halfPixelCenters": half_pixel}
    network.add(
        Op.RESIZE_BILINEAR, [0, size], (1, 6, 8, 2), (Options.ResizeBilinearOptions, options)
    )
    assert_same_as_litert(network)


def test_reshape_to_anchors_keeps_the_order_of_tflite() -> None:
    network = TinyNetwork((1, 2, 3, 12))
    block = (Options.DepthToSpaceOptions, {"blockSize": 2})
    spread = network.add(Op.DEPTH_TO_SPACE, [0], (1, 4, 6, 3), block, "spread")
    shape = network.constant(np.array([1, 24, 3], np.int32))
    options = (Options.ReshapeOptions, {"newShape": [1, 24, 3]})
    network.add(Op.RESHAPE, [spread, shape], (1, 24, 3), options)
    assert_same_as_litert(network, tolerance=0)


def test_unknown_operator_is_refused_by_name() -> None:
    network = TinyNetwork((1, 2, 2, 1))
    network.add(Op.TANH, [0], (1, 2, 2, 1))
    with pytest.raises(NotImplementedError, match="TANH"):
        TfliteToOnnx(network.data())


@few
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6)),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_densify_undoes_csr(shape: tuple[int, int, int], share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    dense = np.where(random.random(shape) < share, random.normal(size=shape), 0)
    rows = dense.reshape(-1, shape[-1])
    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.blockMap = [0, 1, 2], None
    sparsity.dimMetadata = [schema.DimensionMetadataT() for _ in shape]
    for level, size in zip(sparsity.dimMetadata, shape, strict=True):
        level.format, level.denseSize = schema.DimensionType.DENSE, size
    last = sparsity.dimMetadata[-1]
    last.format = schema.DimensionType.SPARSE_CSR
    last.arraySegments, last.arrayIndices = schema.Int32VectorT(), schema.Int32VectorT()
    last.arraySegments.values = np.concatenate([[0], np.cumsum((rows != 0).sum(1))])
    last.arrayIndices.values = np.nonzero(rows)[1]
    np.testing.assert_array_equal(densify(rows[rows != 0], shape, sparsity), dense)


def test_densify_refuses_blocks() -> None:
    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.blockMap = [0, 1, 2], [1]
    with pytest.raises(NotImplementedError, match="blocks"):
        densify(np.ones(4, np.float32), (2, 2), sparsity)


BOX = {
    "left_rotation_idx": 0,
    "right_rotation_idx": 1,
    "subset_idxs": [[0, 1], [2, 3]],
    "output_width": 6,
    "output_height": 4,
    "scale_x": 1.5,
    "scale_y": 1.25,
    "target_rotation_radians": 0.0,
}


@few
@given(angle=st.floats(-np.pi, np.pi), seed=st.integers(0, 1000))
def test_box_around_landmarks(angle: float, seed: int) -> None:
    """The 3×2 matrix of the graph is part of MediaPipe's 4×4 matrix."""
    points = np.random.default_rng(seed).uniform(0, 9, (1, 5, 3)).astype(np.float32)
    points[0, 1, :2] = points[0, 0, :2] + 5 * np.array([np.cos(angle), np.sin(angle)])
    network = TinyNetwork((1, 5, 3))
    network.add("Landmarks2TransformMatrix", [0], (1, 4, 4), (0, BOX))
    found = run_onnx(network.data(), points, (3, 2))[0]
    expected = facemesh_attention.box_matrix(points[0], BOX)
    np.testing.assert_allclose(found, expected[:2][:, [0, 1, 3]].T, atol=1e-4)


@few
@given(shift=st.floats(-8, 8), angle=st.floats(-np.pi, np.pi), seed=st.integers(0, 1000))
def test_crop_of_features_is_zero_outside(shift: float, angle: float, seed: int) -> None:
    """Samples a box around points, of which some may lie outside the 8×10 features."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [0, 0]]) * [2.5, 1.5]
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = np.zeros((5, 3), np.float32)
    points[:, :2] = corners @ turn + [5 + shift, 4]
    features = np.random.default_rng(seed).normal(size=(1, 8, 10, 3)).astype(np.float32)
    features[0, 0, :5] = points  # the network has one input: its first pixels are the points
    matrix = facemesh_attention.box_matrix(points, BOX)
    expected = facemesh_attention.sample_crop(features[0], matrix, (4, 6))

    network = TinyNetwork((1, 8, 10, 3))
    shape = network.constant(np.array([1, 80, 3], np.int32))
    landmarks = network.add(
        Op.RESHAPE, [0, shape], (1, 80, 3), (Options.ReshapeOptions, {}), "landmarks"
    )
    box = network.add("Landmarks2TransformMatrix", [landmarks], (1, 4, 4), (0, BOX), "box")
    network.add("TransformTensorBilinear", [0, box], (1, 4, 6, 3), (0, {}))
    found = run_onnx(network.data(), features.transpose(0, 3, 1, 2), (3, 4, 6))[0]
    y, x = np.mgrid[:4, :6] + 0.5
    place = np.stack([x, y, np.ones_like(x)], -1) @ matrix[:2][:, [0, 1, 3]].T - 0.5
    clear = (np.abs(place) > 1e-4) & (np.abs(place - [9, 7]) > 1e-4)  # not on the very border
    difference = (found - expected.transpose(2, 0, 1)) * clear.all(-1)
    np.testing.assert_allclose(difference, 0, atol=1e-3)


def test_landmarks_come_back_from_the_crop() -> None:
    points = RNG.uniform(0, 9, (1, 6, 3)).astype(np.float32)
    network = TinyNetwork((1, 6, 3))
    box = network.add("Landmarks2TransformMatrix", [0], (1, 4, 4), (0, BOX), "box")
    shape = network.constant(np.array([1, 9, 2], np.int32))
    in_crop = network.add(
        Op.RESHAPE, [0, shape], (1, 9, 2), (Options.ReshapeOptions, {}), "in_crop"
    )
    network.add("TransformLandmarks", [in_crop, box], (1, 9, 2))
    found = run_onnx(network.data(), points, (9, 2))[0]
    matrix = facemesh_attention.box_matrix(points[0], BOX)
    expected = points.reshape(9, 2) @ matrix[:2, :2].T + matrix[:2, 3]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_refinements_cover_each_point_once() -> None:
    for refinement in facemesh_attention.REFINEMENTS:
        assert len(set(refinement.indices)) == len(refinement.indices)
        assert max(refinement.indices) < facemesh_attention.POINTS
    irises = facemesh_attention.LEFT_IRIS + facemesh_attention.RIGHT_IRIS
    assert set(range(facemesh_attention.MESH_POINTS, facemesh_attention.POINTS)) == set(irises)
