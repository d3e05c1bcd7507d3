"""The reader of ncnn's files, on small ones made here."""

import struct

import numpy as np
import pytest
from ncnn_file import FLOAT16, FLOAT32, read

PARAM = """7767517
5 5
Input            input    0 1 data
MemoryData       mean     0 1 mean 0=1 1=1 2=3
BinaryOp         sub      2 1 data mean centred 0=1
Convolution      first    1 1 centred mid 0=3 1=1 5=1 6=9
PReLU            act      1 1 mid out 0=3
"""
WEIGHT = np.arange(9, dtype=np.float32).reshape(3, 3, 1, 1)
MEAN = np.array([0.25, 0.5, 0.75], np.float32)
BIAS = np.array([1, 2, 3], np.float32)
SLOPE = np.array([0.1, 0.2, 0.3], np.float32)


def numbers(tag: int) -> bytes:
    stored = WEIGHT.tobytes()
    if tag == FLOAT16:
        stored = WEIGHT.astype("<f2").tobytes() + b"\0\0"  # 18 bytes, padded to 20
    return MEAN.tobytes() + struct.pack("<I", tag) + stored + BIAS.tobytes() + SLOPE.tobytes()


@pytest.mark.parametrize("tag", [FLOAT16, FLOAT32])
def test_layers_with_numbers_in_order(tag: int) -> None:
    mean, first, act = read(PARAM, numbers(tag))
    assert [layer.name for layer in (mean, first, act)] == ["mean", "first", "act"]
    np.testing.assert_array_equal(mean.weight, MEAN)
    np.testing.assert_array_equal(first.weight, WEIGHT)
    assert first.bias is not None
    np.testing.assert_array_equal(first.bias, BIAS)
    np.testing.assert_array_equal(act.weight, SLOPE)


def test_a_convolution_without_bias_takes_none() -> None:
    param = "\n".join(["7767517", "1 1", "Convolution c 1 1 a b 0=3 1=1 5=0 6=9"])
    (layer,) = read(param, struct.pack("<I", FLOAT32) + WEIGHT.tobytes())
    assert layer.bias is None


@pytest.mark.parametrize(
    ("param", "data", "message"),
    [
        ("hello\n", b"", "starts with 7767517"),
        (PARAM, numbers(FLOAT32) + b"\0\0\0\0", "4 bytes are left"),
        (PARAM, numbers(FLOAT32)[:-4], "4 bytes early"),
        (PARAM, numbers(0xD4B3), "0x0000d4b3"),
    ],
)
def test_files_that_do_not_fit(param: str, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(param, data)
