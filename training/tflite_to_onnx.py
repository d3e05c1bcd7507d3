"""Converts the float TFLite networks of MediaPipe to ONNX.

TFLite keeps pictures as NHWC; the ONNX graph keeps them as NCHW, so weights are transposed here
once and activations never, except before a reshape that needs the channel last. Weights stored
as float16 stay float16 (an initialiser and a Cast, which ONNX Runtime folds when it loads the
file). The batch size becomes the symbolic dimension ``n``.

On a CPU, ONNX Runtime is fast while activations stay in its blocked layout, which it leaves for
PRelu, for a Pad of the channels and for every Add after one. Both are written as convolutions
here: the attention mesh takes 2.6 ms instead of 7.4.

Supported is what the face and selfie networks use, MediaPipe's four custom operators included;
anything else raises NotImplementedError. The TFLite schema is
https://github.com/tensorflow/tensorflow/blob/v2.18.0/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers  # type: ignore[import-untyped]
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
Attribute = int | float | str | Sequence[int]

OPSET = 17
IR_VERSION = 8  # the ONNX file format that belongs to opset 17

_DTYPES: dict[int, type[np.generic]] = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
}
_OPERATOR_NAMES: dict[int, str] = {
    number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)
}


def operator_name(model: schema.ModelT, operator: schema.OperatorT) -> str:
    """Returns the schema's name of a built-in operator or the custom operator's own name."""
    code = model.operatorCodes[operator.opcodeIndex]
    # Old files keep the code in a byte-sized field, new ones in the wide field.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    if number == schema.BuiltinOperator.CUSTOM:
        return str(code.customCode.decode())
    return _OPERATOR_NAMES[number]


def custom_options(operator: schema.OperatorT) -> dict[str, Any]:
    """Returns the options of a custom operator that keeps them as a FlexBuffer."""
    options: dict[str, Any] = flexbuffers.Loads(bytes(operator.customOptions))
    return options


def densify(values: Array, shape: Sequence[int], sparsity: schema.SparsityParametersT) -> Array:
    """Returns the dense array of ``shape`` whose stored entries are ``values``.

    The TFLite schema stores a sparse tensor level by level, one level a dimension; a level is
    dense (every index) or sparse in CSR form (segments and indices).
    """
    if list(sparsity.traversalOrder) != list(range(len(shape))) or sparsity.blockMap is not None:
        raise NotImplementedError("sparse tensor stored in blocks or in another order")
    places = np.zeros((1, 0), np.int64)  # the indices of each stored node, down to this level
    for level in sparsity.dimMetadata:
        if level.format == schema.DimensionType.DENSE:
            parents = np.repeat(np.arange(len(places)), level.denseSize)
            indices = np.tile(np.arange(level.denseSize), len(places))
        else:
            segments = np.asarray(level.arraySegments.values, np.int64)
            parents = np.repeat(np.arange(len(places)), np.diff(segments))
            indices = np.asarray(level.arrayIndices.values, np.int64)
        places = np.concatenate([places[parents], indices[:, None]], axis=1)
    dense = np.zeros(tuple(shape), values.dtype)
    dense[tuple(places.T)] = values[: len(places)]  # the buffer may be padded
    return dense


class OnnxGraph:
    """An ONNX graph under construction: nodes in running order, and initialisers."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._count = 0

    def add(
        self, op: str, inputs: Sequence[str], attributes: dict[str, Attribute] | None = None
    ) -> str:
        """Appends a node with one output and returns the name of that output."""
        name = self._new_name(op.lower())
        node = helper.make_node(op, list(inputs), [name], name)
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in (attributes or {}).items()
        )
        self.nodes.append(node)
        return name

    def constant(self, array: Array | np.generic) -> str:
        """Adds an initialiser and returns its name; float16 is cast to float32 for its users."""
        name = self._new_name("constant")
        self.initializers.append(numpy_helper.from_array(np.array(array, order="C"), name))
        if array.dtype == np.float16:
            return self.add("Cast", [name], {"to": TensorProto.FLOAT})
        return name

    def indices(self, *values: int) -> str:
        """Adds a vector of integers: indices, a shape, or the bounds of a slice."""
        return self.constant(np.array(values, np.int64))

    def model(
        self,
        name: str,
        inputs: Mapping[str, Sequence[int]],
        outputs: Mapping[str, tuple[str, Sequence[int]]],
    ) -> onnx.ModelProto:
        """Returns the checked model.

        ``inputs`` gives the shape of each input and ``outputs`` the value and the shape of each
        output, without the leading batch dimension ``n``.
        """
        nodes = list(self.nodes)
        for port, (value, _) in outputs.items():
            nodes.append(helper.make_node("Identity", [value], [port], port))

        def port_info(port: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(port, TensorProto.FLOAT, ["n", *shape])

        graph = helper.make_graph(
            nodes,
            name,
            [port_info(port, shape) for port, shape in inputs.items()],
            [port_info(port, shape) for port, (_, shape) in outputs.items()],
            self.initializers,
        )
        model = helper.make_model(
            graph,
            producer_name="genapp",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        onnx.checker.check_model(model)
        # Strict inference raises when an output cannot have the shape declared above.
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        return model

    def _new_name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"


class TfliteToOnnx:
    """Turns the operators of a TFLite model with one input into nodes of an OnnxGraph.

    Afterwards ``graph`` holds the nodes and ``value`` names the activations in it.
    """

    def __init__(self, data: bytes, input_name: str = "image") -> None:
        self.graph = OnnxGraph()
        self._model = schema.ModelT.InitFromPackedBuf(data, 0)
        (self._subgraph,) = self._model.subgraphs
        (source,) = self._subgraph.inputs
        self._values: dict[int, str] = {int(source): input_name}
        self._pads: dict[int, tuple[int, int, int, int]] = {}  # zeros that a convolution adds
        self._constant_names: dict[int, str] = {}
        self._constants = self._read_constants()
        for operator in self._subgraph.operators:
            name = operator_name(self._model, operator)
            if name not in _CONVERTERS:
                raise NotImplementedError(f"TFLite operator {name}")
            _CONVERTERS[name](self, operator)

    def value(self, tensor_name: str) -> str:
        """Returns the graph's name of the TFLite activation called ``tensor_name``.

        Its layout is NCHW when the TFLite tensor has rank 4, and unchanged otherwise.
        """
        return self._values[self._activation(tensor_name)]

    def value_as(self, tensor_name: str, shape: Sequence[int]) -> str:
        """Returns the activation's name, reshaped to n×``shape`` where it has another shape."""
        found = self._shape(self._activation(tensor_name))[1:]
        if len(found) == 3:
            found = (found[2], found[0], found[1])
        if found == tuple(shape):
            return self.value(tensor_name)
        return self.graph.add("Reshape", [self.value(tensor_name), self.graph.indices(0, *shape)])

    def _activation(self, tensor_name: str) -> int:
        for i in self._values:
            if self._subgraph.tensors[i].name.decode() == tensor_name:
                return i
        raise KeyError(tensor_name)

    def _read_constants(self) -> dict[int, Array]:
        constants = {}
        for i, tensor in enumerate(self._subgraph.tensors):
            data = self._model.buffers[tensor.buffer].data
            if data is None:
                continue
            values = np.frombuffer(data.tobytes(), _DTYPES[tensor.type])
            if tensor.sparsity is not None:
                values = densify(values, tensor.shape, tensor.sparsity)
            constants[i] = values.reshape(tensor.shape)
        return constants

    def _shape(self, i: int) -> tuple[int, ...]:
        return tuple(int(size) for size in self._subgraph.tensors[i].shape)

    def _source(self, operator: schema.OperatorT, k: int = 0) -> str:
        return self._values[operator.inputs[k]]

    def _constant(self, i: int, array: Array) -> str:
        """Returns the name of TFLite constant ``i``, put into the graph as ``array`` once."""
        if i not in self._constant_names:
            self._constant_names[i] = self.graph.constant(array)
        return self._constant_names[i]

    def _finish(self, operator: schema.OperatorT, value: str, activation: int = 0) -> None:
        """Records ``value``, put through a fused activation, as the operator's output."""
        kinds = schema.ActivationFunctionType
        if activation == kinds.RELU:
            value = self.graph.add("Relu", [value])
        elif activation == kinds.RELU6:
            bounds = [self.graph.constant(np.float32(bound)) for bound in (0, 6)]
            value = self.graph.add("Clip", [value, *bounds])
        elif activation != kinds.NONE:
            raise NotImplementedError(f"TFLite activation {activation}")
        self._values[operator.outputs[0]] = value

    # Operators of TFLite

    def _pass_constant(self, operator: schema.OperatorT) -> None:
        """DEQUANTIZE of float16 and DENSIFY: constants are decoded when they are read."""
        self._constants[operator.outputs[0]] = self._constants[operator.inputs[0]]

    def _convolution(self, operator: schema.OperatorT) -> None:
        kernel = self._constants[operator.inputs[1]].transpose(0, 3, 1, 2)  # OHWI -> OIHW
        self._add_convolution(operator, kernel, groups=1)

    def _depthwise_convolution(self, operator: schema.OperatorT) -> None:
        kernel = self._constants[operator.inputs[1]].transpose(3, 0, 1, 2)  # 1HWO -> O1HW
        self._add_convolution(operator, kernel, groups=self._shape(operator.inputs[0])[3])

    def _add_convolution(self, operator: schema.OperatorT, kernel: Array, groups: int) -> None:
        options = operator.builtinOptions
        if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
            raise NotImplementedError("dilated convolution")
        source, kernel_index, bias_index = operator.inputs
        size = kernel.shape[2:]
        value = self.graph.add(
            "Conv",
            [
                self._values[source],
                self._constant(kernel_index, kernel),
                self._constant(bias_index, self._constants[bias_index]),
            ],
            {
                "kernel_shape": size,
                "strides": (options.strideH, options.strideW),
                "pads": self._window_pads(source, size, options),
                "group": groups,
            },
        )
        self._finish(operator, value, options.fusedActivationFunction)

    def _window_pads(
        self, source: int, window: Sequence[int], options: schema.Conv2DOptionsT
    ) -> tuple[int, int, int, int]:
        """Returns (top, left, bottom, right) of a sliding window, as TFLite pads it."""
        if options.padding == schema.Padding.VALID:
            return self._pads.get(source, (0, 0, 0, 0))
        height, width = self._shape(source)[1:3]
        top, bottom = _same_padding(height, window[0], options.strideH)
        left, right = _same_padding(width, window[1], options.strideW)
        return (top, left, bottom, right)

    def _max_pool(self, operator: schema.OperatorT) -> None:
        options = operator.builtinOptions
        size = (options.filterHeight, options.filterWidth)
        attributes: dict[str, Attribute] = {
            "kernel_shape": size,
            "strides": (options.strideH, options.strideW),
            "pads": self._window_pads(operator.inputs[0], size, options),
        }
        value = self.graph.add("MaxPool", [self._source(operator)], attributes)
        self._finish(operator, value, options.fusedActivationFunction)

    def _average_pool(self, operator: schema.OperatorT) -> None:
        options = operator.builtinOptions
        if (options.filterHeight, options.filterWidth) != self._shape(operator.inputs[0])[1:3]:
            raise NotImplementedError("average pooling over less than the whole picture")
        value = self.graph.add("GlobalAveragePool", [self._source(operator)])
        self._finish(operator, value, options.fusedActivationFunction)

    def _pad(self, operator: schema.OperatorT) -> None:
        output = operator.outputs[0]
        (n0, n1), (top, bottom), (left, right), (c0, c1) = (
            (int(before), int(after)) for before, after in self._constants[operator.inputs[1]]
        )
        if self._feeds_only_valid_convolutions(output) and not any((n0, n1, c0, c1)):
            self._pads[output] = (top, left, bottom, right)
            self._finish(operator, self._source(operator))
            return
        if any((n0, n1, top, bottom, left, right, c0)):
            raise NotImplementedError("PAD of more than the last channels or a convolution's input")
        # New channels of zeros; see the module's docstring for why this is a convolution.
        channels = self._shape(operator.inputs[0])[3]
        kernel = np.eye(channels + c1, channels, dtype=np.float16)[:, :, None, None]
        inputs = [self._source(operator), self.graph.constant(kernel)]
        self._finish(operator, self.graph.add("Conv", inputs, {"kernel_shape": (1, 1)}))

    def _feeds_only_valid_convolutions(self, tensor: int) -> bool:
        users = [operator for operator in self._subgraph.operators if tensor in operator.inputs]
        return all(
            operator_name(self._model, user) in ("CONV_2D", "DEPTHWISE_CONV_2D")
            and user.builtinOptions.padding == schema.Padding.VALID
            for user in users
        )

    def _prelu(self, operator: schema.OperatorT) -> None:
        """PRELU as x + (1 - slope)·relu(-x), products being 1×1 depthwise convolutions."""
        source = self._source(operator)
        slope = self._constants[operator.inputs[1]].reshape(-1, 1, 1, 1)
        g = self.graph
        attributes: dict[str, Attribute] = {"kernel_shape": (1, 1), "group": len(slope)}
        negative = g.add("Conv", [source, g.constant(-np.ones_like(slope))], attributes)
        # The subtraction is folded on loading, so that the file can keep float16.
        rest = g.add("Sub", [g.constant(np.float32(1)), g.constant(slope)])
        correction = g.add("Conv", [g.add("Relu", [negative]), rest], attributes)
        self._finish(operator, g.add("Add", [correction, source]))

    def _sum(self, operator: schema.OperatorT) -> None:
        value = self.graph.add("Add", [self._source(operator, 0), self._source(operator, 1)])
        self._finish(operator, value, operator.builtinOptions.fusedActivationFunction)

    def _product(self, operator: schema.OperatorT) -> None:
        index = operator.inputs[1]
        if index not in self._constants:
            factor = self._values[index]
        elif self._shape(index) == (1, 4, 4):  # scales a matrix of _matrix_of_landmarks
            factor = self._constant(
                index, self._constants[index][:, :2, (0, 1, 3)].transpose(0, 2, 1)
            )
        else:
            factor = self._constant(index, self._constants[index])
        value = self.graph.add("Mul", [self._source(operator), factor])
        self._finish(operator, value, operator.builtinOptions.fusedActivationFunction)

    def _relu(self, operator: schema.OperatorT) -> None:
        self._finish(operator, self.graph.add("Relu", [self._source(operator)]))

    def _sigmoid(self, operator: schema.OperatorT) -> None:
        self._finish(operator, self.graph.add("Sigmoid", [self._source(operator)]))

    def _hard_swish(self, operator: schema.OperatorT) -> None:
        self._finish(operator, self.graph.add("HardSwish", [self._source(operator)]))

    def _resize_bilinear(self, operator: schema.OperatorT) -> None:
        if operator.builtinOptions.alignCorners:
            raise NotImplementedError("RESIZE_BILINEAR with align_corners")
        half_pixel = operator.builtinOptions.halfPixelCenters
        before = self._shape(operator.inputs[0])[1:3]
        after = self._shape(operator.outputs[0])[1:3]
        scales = np.array([1, 1, after[0] / before[0], after[1] / before[1]], np.float32)
        value = self.graph.add(
            "Resize",
            [self._source(operator), "", self.graph.constant(scales)],
            {
                "mode": "linear",
                "coordinate_transformation_mode": "half_pixel" if half_pixel else "asymmetric",
            },
        )
        self._finish(operator, value)

    def _depth_to_space(self, operator: schema.OperatorT) -> None:
        attributes: dict[str, Attribute] = {
            "blocksize": operator.builtinOptions.blockSize,
            "mode": "DCR",
        }
        value = self.graph.add("DepthToSpace", [self._source(operator)], attributes)
        self._finish(operator, value)

    def _reshape(self, operator: schema.OperatorT) -> None:
        before = self._shape(operator.inputs[0])
        after = self._shape(operator.outputs[0])
        value = self._source(operator)
        if len(before) == 4 and before[1:3] != (1, 1) and before[3] != 1:
            value = self.graph.add("Transpose", [value], {"perm": (0, 2, 3, 1)})
        if len(after) == 4:
            if after[1:3] != (1, 1):
                raise NotImplementedError(f"RESHAPE to the picture shape {after}")
            after = (after[0], after[3], 1, 1)
        shape = self.graph.indices(0, *after[1:])  # 0 keeps the batch size
        self._finish(operator, self.graph.add("Reshape", [value, shape]))

    def _concatenate(self, operator: schema.OperatorT) -> None:
        if len(self._shape(operator.outputs[0])) == 4:
            raise NotImplementedError("CONCATENATION of pictures")
        sources = [self._values[i] for i in operator.inputs]
        options = operator.builtinOptions
        value = self.graph.add("Concat", sources, {"axis": options.axis})
        self._finish(operator, value, options.fusedActivationFunction)

    def _whole_slice(self, operator: schema.OperatorT) -> None:
        """STRIDED_SLICE that takes everything: how a tensor gets a second name."""
        if self._shape(operator.inputs[0]) != self._shape(operator.outputs[0]):
            raise NotImplementedError("STRIDED_SLICE that leaves something out")
        self._finish(operator, self._source(operator))

    # Custom operators of MediaPipe; their kernels are in mediapipe/util/tflite/operations

    def _transposed_convolution(self, operator: schema.OperatorT) -> None:
        """Convolution2DTransposeBias: a transposed convolution and a bias."""
        options = np.array(operator.customOptions, np.uint8).view(np.int32)
        _padding, stride_w, stride_h = (int(option) for option in options)
        _, kernel_index, bias_index = operator.inputs
        kernel = self._constants[kernel_index].transpose(3, 0, 1, 2)  # OHWI -> IOHW
        if kernel.shape[2:] != (stride_h, stride_w):  # otherwise the padding would matter
            raise NotImplementedError("transposed convolution with overlapping windows")
        value = self.graph.add(
            "ConvTranspose",
            [
                self._source(operator),
                self._constant(kernel_index, kernel),
                self._constant(bias_index, self._constants[bias_index]),
            ],
            {"kernel_shape": (stride_h, stride_w), "strides": (stride_h, stride_w)},
        )
        self._finish(operator, value)

    def _matrix_of_landmarks(self, operator: schema.OperatorT) -> None:
        """Landmarks2TransformMatrix, version 2: finds a turned box around some landmarks.

        The box has its x axis along the line between two landmarks, just holds the landmarks of
        a subset, and is then enlarged. TFLite's output is the 4×4 matrix that takes the
        coordinates of a crop of that box to the coordinates of the landmarks. Here it is the
        3×2 matrix M with ``[x, y, 1] @ M`` = (x, y) of the landmarks.
        """
        options = custom_options(operator)
        if options["target_rotation_radians"] != 0:
            raise NotImplementedError("target rotation other than 0")
        g = self.graph
        xy = g.add("Slice", [self._source(operator), g.indices(0), g.indices(2), g.indices(2)])
        left, right = (
            g.add("Gather", [xy, g.indices(options[key])], {"axis": 1})
            for key in ("left_rotation_idx", "right_rotation_idx")
        )
        line = g.add("Sub", [right, left])
        across = g.add("Div", [line, g.add("ReduceL2", [line], {"axes": (2,)})])
        swapped = g.add("Gather", [across, g.indices(1, 0)], {"axis": 2})
        down = g.add("Mul", [swapped, g.constant(np.array([-1, 1], np.float32))])
        axes = g.add("Concat", [across, down], {"axis": 1})  # n×2×2, a unit vector a row

        subset = sorted(set(np.ravel(options["subset_idxs"]).tolist()))
        points = g.add("Gather", [xy, g.indices(*subset)], {"axis": 1})
        turned = g.add("MatMul", [points, g.add("Transpose", [axes], {"perm": (0, 2, 1)})])
        low = g.add("ReduceMin", [turned], {"axes": (1,)})
        high = g.add("ReduceMax", [turned], {"axes": (1,)})
        middle = g.add("Mul", [g.add("Add", [low, high]), g.constant(np.float32(0.5))])
        center = g.add("MatMul", [middle, axes])  # n×1×2

        crop = np.array([options["output_width"], options["output_height"]], np.float32)
        scale = np.array([options["scale_x"], options["scale_y"]], np.float32) / crop
        pixel = g.add("Mul", [g.add("Sub", [high, low]), g.constant(scale)])  # size of a crop pixel
        steps = g.add("Mul", [g.add("Transpose", [pixel], {"perm": (0, 2, 1)}), axes])
        half = g.add("MatMul", [g.constant(crop.reshape(1, 1, 2) / 2), steps])
        origin = g.add("Sub", [center, half])
        self._finish(operator, g.add("Concat", [steps, origin], {"axis": 1}))

    def _sample_crop(self, operator: schema.OperatorT) -> None:
        """TransformTensorBilinear, version 2: samples a picture at a crop's pixel centres.

        A position outside the centres of the picture's border pixels gives 0.
        """
        _, source_height, source_width, _ = self._shape(operator.inputs[0])
        _, height, width, _ = self._shape(operator.outputs[0])
        g = self.graph
        y, x = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)
        centers = np.stack([x.ravel(), y.ravel(), np.ones(height * width, np.float32)], 1)
        places = g.add("MatMul", [g.constant(centers[None]), self._source(operator, 1)])
        # With align_corners -1 and 1 are the centres (at 0.5 here) of the border pixels.
        last = np.array([source_width - 1, source_height - 1], np.float32)
        places = g.add("Mul", [places, g.constant(2 / last)])
        places = g.add("Sub", [places, g.constant(1 / last + 1)])
        farthest = g.add("ReduceMax", [g.add("Abs", [places])], {"axes": (2,)})
        inside = g.add("LessOrEqual", [farthest, g.constant(np.float32(1))])
        # 3 is out of reach of every pixel, so there GridSample's zero padding gives exactly 0.
        places = g.add("Where", [inside, places, g.constant(np.float32(3))])
        grid = g.add("Reshape", [places, g.indices(0, height, width, 2)])
        value = g.add(
            "GridSample",
            [self._source(operator), grid],
            {"mode": "bilinear", "padding_mode": "zeros", "align_corners": 1},
        )
        self._finish(operator, value)

    def _transform_landmarks(self, operator: schema.OperatorT) -> None:
        """TransformLandmarks, version 2: takes n×k×2 crop coordinates back with M."""
        points, matrix = self._source(operator, 0), self._source(operator, 1)
        g = self.graph
        steps = g.add("Slice", [matrix, g.indices(0), g.indices(2), g.indices(1)])
        origin = g.add("Slice", [matrix, g.indices(2), g.indices(3), g.indices(1)])
        self._finish(operator, g.add("Add", [g.add("MatMul", [points, steps]), origin]))


def _same_padding(length: int, window: int, stride: int) -> tuple[int, int]:
    steps = -(-length // stride)
    total = max((steps - 1) * stride + window - length, 0)
    return total // 2, total - total // 2


_CONVERTERS: dict[str, Callable[[TfliteToOnnx, schema.OperatorT], None]] = {
    "ADD": TfliteToOnnx._sum,
    "AVERAGE_POOL_2D": TfliteToOnnx._average_pool,
    "CONCATENATION": TfliteToOnnx._concatenate,
    "CONV_2D": TfliteToOnnx._convolution,
    "Convolution2DTransposeBias": TfliteToOnnx._transposed_convolution,
    "DENSIFY": TfliteToOnnx._pass_constant,
    "DEPTHWISE_CONV_2D": TfliteToOnnx._depthwise_convolution,
    "DEPTH_TO_SPACE": TfliteToOnnx._depth_to_space,
    "DEQUANTIZE": TfliteToOnnx._pass_constant,
    "HARD_SWISH": TfliteToOnnx._hard_swish,
    "LOGISTIC": TfliteToOnnx._sigmoid,
    "Landmarks2TransformMatrix": TfliteToOnnx._matrix_of_landmarks,
    "MAX_POOL_2D": TfliteToOnnx._max_pool,
    "MUL": TfliteToOnnx._product,
    "PAD": TfliteToOnnx._pad,
    "PRELU": TfliteToOnnx._prelu,
    "RELU": TfliteToOnnx._relu,
    "RESHAPE": TfliteToOnnx._reshape,
    "RESIZE_BILINEAR": TfliteToOnnx._resize_bilinear,
    "STRIDED_SLICE": TfliteToOnnx._whole_slice,
    "TransformLandmarks": TfliteToOnnx._transform_landmarks,
    "TransformTensorBilinear": TfliteToOnnx._sample_crop,
}
