"""Reads the weights in a pair of ncnn files, `.param` (the graph) and `.bin` (the numbers).

Format: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

MAGIC = "7767517"
FLOAT32, FLOAT16 = 0, 0x01306B47  # tags before a convolution's weights


@dataclass(frozen=True)
class Layer:
    """A layer with numbers.

    Attributes:
        kind: ncnn's name of it, such as "Convolution".
        name: as in the .param file.
        weight: of a convolution as out×in×height×width, otherwise as stored.
        bias: per channel; None if it has none.
    """

    kind: str
    name: str
    weight: Array
    bias: Array | None = None


def read(param: str, data: bytes) -> list[Layer]:
    """Returns the layers that have numbers, in the order of the file.

    Knows Convolution, PReLU and MemoryData; all others are taken to have none, which the end of
    the numbers proves.

    Raises:
        ValueError: the text is no .param file, or the numbers don't end with the last layer.
    """
    lines = param.split("\n")
    if lines[0].strip() != MAGIC:
        raise ValueError(f"a .param file starts with {MAGIC}, not {lines[0][:20]!r}")
    reader = _Reader(data)
    layers = []
    for line in lines[2:]:
        words = line.split()
        if not words:
            continue
        kind, name = words[0], words[1]
        # Behind the numbers of inputs and outputs come their names, then the options.
        options = dict(word.split("=") for word in words[4 + int(words[2]) + int(words[3]) :])
        if kind == "Convolution":
            layers.append(_convolution(name, options, reader))
        elif kind == "PReLU":
            layers.append(Layer(kind, name, reader.floats(int(options["0"]))))
        elif kind == "MemoryData":
            sizes = [int(options.get(key, 0)) for key in ("0", "1", "2")]
            layers.append(Layer(kind, name, reader.floats(int(np.prod([s or 1 for s in sizes])))))
    if reader.left:
        raise ValueError(f"{reader.left} bytes are left after the last layer")
    return layers


def _convolution(name: str, options: dict[str, str], reader: "_Reader") -> Layer:
    channels, width = int(options["0"]), int(options["1"])
    height = int(options.get("11", width))
    weight = reader.tagged(int(options["6"])).reshape(channels, -1, height, width)
    has_bias = int(options.get("5", 0))
    return Layer("Convolution", name, weight, reader.floats(channels) if has_bias else None)


class _Reader:
    """Takes numbers from the front of a .bin file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._place

    def tagged(self, count: int) -> Array:
        """Numbers in the type that a tag before them names."""
        (tag,) = struct.unpack("<I", self._take(4))
        if tag == FLOAT32:
            return self.floats(count)
        if tag == FLOAT16:
            padding = -2 * count % 4
            numbers = np.frombuffer(self._take(2 * count + padding), "<f2")[:count]
            return numbers.astype(np.float32)
        raise ValueError(f"weights with the tag {tag:#010x}, which is neither float16 nor float32")

    def floats(self, count: int) -> Array:
        return np.frombuffer(self._take(4 * count), "<f4").astype(np.float32)

    def _take(self, size: int) -> bytes:
        if size > self.left:
            raise ValueError(f"the numbers end {size - self.left} bytes early")
        taken = self._data[self._place : self._place + size]
        self._place += size
        return taken
