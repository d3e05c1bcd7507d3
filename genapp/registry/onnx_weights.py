"""Numbers of an ONNX file: read, and replaced by others of the same shapes.

The files in weights/ hold large tensors in half precision, named `NAME.half`; here they are NAME,
in single precision, as torch calls them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue

Weights = dict[str, NDArray[np.float32]]

HALF = ".half"


def read(path: Path) -> Weights:
    """All floating-point tensors that the file stores, by name; float32.

    Raises:
        BadValue: the package onnx is not installed.
    """
    onnx = _onnx()
    return {
        tensor.name.removesuffix(HALF): onnx.numpy_helper.to_array(tensor).astype(np.float32)
        for tensor in onnx.load(path).graph.initializer
        if tensor.data_type in _floats(onnx)
    }


def replaced(path: Path, weights: Mapping[str, NDArray[np.floating]]) -> bytes:
    """The file with other numbers in the tensors that are named, each stored as before.

    Raises:
        BadValue: the package onnx is not installed.
        ValueError: a tensor isn't there, or has another shape, or a number isn't finite.
    """
    onnx = _onnx()
    model = onnx.load(path)
    left = dict(weights)
    for tensor in model.graph.initializer:
        numbers = left.pop(tensor.name.removesuffix(HALF), None)
        if numbers is None:
            continue
        if tensor.data_type not in _floats(onnx) or numbers.shape != tuple(tensor.dims):
            raise ValueError(f"{tensor.name} has the shape {list(tensor.dims)}")
        is_half = tensor.data_type == onnx.TensorProto.FLOAT16
        stored = numbers.astype(np.float16 if is_half else np.float32)
        if not np.isfinite(stored).all():
            raise ValueError(f"{tensor.name} has numbers that are not finite")
        tensor.CopyFrom(onnx.numpy_helper.from_array(stored, tensor.name))
    if left:
        raise ValueError(f"{path.name} has no {', '.join(left)}")
    return bytes(model.SerializeToString())


def _floats(onnx: Any) -> tuple[int, int]:  # noqa: ANN401 (a module)
    return onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16


def _onnx() -> Any:  # noqa: ANN401 (a module)
    # Imported here because only tuned networks need it.
    try:
        import onnx  # noqa: PLC0415
        import onnx.numpy_helper  # noqa: PLC0415
    except ImportError as error:
        raise BadValue(
            "Tuned networks need the package onnx, which is not installed.",
            "Run `pip install onnx`.",
        ) from error
    return onnx
