"""Runs ncnn networks, to compare with."""

import tempfile
from pathlib import Path

import ncnn
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class Network:
    """A network in full float32 precision.

    Args:
        param, numbers: contents of the .param and .bin files.
        input_name, output_name: names of its only input and output.
        threads: how many cores it uses; None for all.
    """

    def __init__(
        self,
        param: str,
        numbers: bytes,
        input_name: str,
        output_name: str,
        threads: int | None = None,
    ) -> None:
        self._input, self._output = input_name, output_name
        self._net = ncnn.Net()
        options = self._net.opt
        options.use_fp16_packed = options.use_fp16_storage = False
        options.use_fp16_arithmetic = options.use_bf16_storage = False
        if threads is not None:
            options.num_threads = threads
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder, "net.param"), Path(folder, "net.bin")
            files[0].write_text(param, encoding="utf-8")
            files[1].write_bytes(numbers)
            if self._net.load_param(str(files[0])) or self._net.load_model(str(files[1])):
                raise ValueError("ncnn cannot load this network")

    def run(self, image: Array) -> Array:
        """Returns the output for a channels×height×width input."""
        extractor = self._net.create_extractor()
        # A Mat made from an array borrows its memory; the clone owns its own.
        extractor.input(self._input, ncnn.Mat(np.ascontiguousarray(image)).clone())
        _, output = extractor.extract(self._output)
        return np.array(output)
