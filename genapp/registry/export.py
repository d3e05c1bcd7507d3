"""A torch model as an ONNX file that computes the same, or no file at all.

What is written is checked against torch first, on random inputs and, where the model takes
pictures, on photographs.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, UserError
from genapp.files import write_atomic
from genapp.registry.catalog import Model, Port
from genapp.registry.engines import OnnxEngine, TorchEngine
from genapp.registry.store import Store

OPSET = 18
TOLERANCE = 1e-3
"""Most that a value may differ, of what the output spans."""
SIDES = (64, 48)
"""Height and width of the example that the network is traced with, where they are free."""
CHECKED = ((64, 48), (64, 64), (32, 80))
"""Heights and widths that are compared."""
FIXED_SIDE = 256
"""Of a network that cannot be traced with free sizes."""
LARGEST = 8192
"""Of a free dimension."""

Inputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Parity:
    """How far ONNX Runtime is from torch.

    Attributes:
        inputs: what was compared: "random" or "photographs".
        count: of inputs.
        difference: the largest of an output's value.
        spread: lowest to highest value of that output, in torch.
    """

    inputs: str
    count: int
    difference: float
    spread: float

    @property
    def agrees(self) -> bool:
        """Within `TOLERANCE`. A difference that is no number does not agree."""
        return self.difference <= TOLERANCE * max(self.spread, 1e-6)

    @property
    def text(self) -> str:
        """A line on it."""
        return (
            f"max abs difference to torch {self.difference:.2g} on {self.count} inputs "
            f"({self.inputs}); outputs span {self.spread:.3g}"
        )


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: of it.
        bytes: its size.
        shape: of the first input: names are free.
        parity: what was compared, and how it came out.
    """

    path: Path
    bytes: int
    shape: tuple[int | str, ...]
    parity: tuple[Parity, ...]


def export(
    model: Model, store: Store, target: Path, pictures: Sequence[NDArray[np.float32]] = ()
) -> Exported:
    """Write a torch model of the catalogue as an ONNX file in single precision.

    Args:
        model: its ports become those of the file.
        store: where its weights come from; they are fetched if need be.
        target: an .onnx file; one that is there is replaced.
        pictures: H×W×3 RGB 0..1, to compare on beside random inputs.

    Raises:
        BadValue: it is no torch model, the target is no name for an ONNX file or cannot be written,
            or a package is missing.
        UserError: the network cannot be traced, or the file disagrees with torch. Nothing is
            written then.
        ModelMissing, HashMismatch: its weights are not to be had, or wrong.
    """
    if model.engine != "torch":
        what = "an ONNX file already" if model.engine == "onnx" else "no network"
        raise BadValue(f"{model.name} is {what}.", "Name a model with the engine torch.")
    if target.suffix.lower() != ".onnx":
        raise BadValue(f"{str(target)!r} is no name for an ONNX file.", "End it in .onnx.")
    paths = [store.path(file) for file in model.files]
    engine = TorchEngine(model, paths[0], "cpu")
    data, shaped = _traced(model, engine)
    exported = OnnxEngine(replace(shaped, engine="onnx"), data, "cpu")
    parity = [_compared(shaped, engine, exported, "random", _random(shaped))]
    if pictures and _picture_port(shaped):
        inputs = _photographs(shaped, pictures)
        parity.append(_compared(shaped, engine, exported, "photographs", inputs))
    for each in parity:
        if not each.agrees:
            raise UserError(
                f"The ONNX file of {model.name} does not compute what torch does: {each.text}.",
                "Nothing was written; run it in torch.",
            )
    try:
        write_atomic(target, data)
    except OSError as error:
        raise BadValue(
            f"{str(target)!r} cannot be written: {error.strerror}.", "Choose another place."
        ) from error
    return Exported(target, len(data), shaped.inputs[0].shape, tuple(parity))


def _traced(model: Model, engine: TorchEngine) -> tuple[bytes, Model]:
    """The file, and the model with the ports that it has: with free sizes if that works."""
    try:
        return _trace(model, engine), model
    except ImportError as error:
        raise BadValue(
            f"Writing ONNX files needs {error.name}, which is not installed.",
            "Run `pip install onnx onnxscript`.",
        ) from error
    except Exception:
        logging.getLogger(__name__).info("%s: not with free sizes", model.name, exc_info=True)
    fixed = _fixed(model)
    try:
        return _trace(fixed, engine), fixed
    except Exception as error:
        raise UserError(
            f"The network of {model.name} cannot be written as ONNX: {_first_line(error)}.",
            "Run it in torch.",
        ) from error


def _trace(model: Model, engine: TorchEngine) -> bytes:
    # Imported here because ONNX alone does not need it.
    import torch  # noqa: PLC0415

    names = [port.name for port in model.inputs]
    clamped = engine.clamps
    network = engine.module

    class Ports(torch.nn.Module):
        """The inputs in the catalogue's order."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *arrays: Any) -> Any:  # noqa: ANN401 (tensors)
            if len(arrays) == 1:
                result = self.network(arrays[0])
            else:
                result = self.network(**dict(zip(names, arrays, strict=True)))
            return result.clamp(0, 1) if clamped else result

    example = next(_random(model))
    dimensions: dict[str, Any] = {}
    free = tuple(
        {
            axis: dimensions.setdefault(size, _dimension(size, model.size_multiple))
            for axis, size in enumerate(port.shape)
            if isinstance(size, str)
        }
        for port in model.inputs
    )
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Ports().eval(),
            tuple(torch.from_numpy(example[name]) for name in names),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=names,
            output_names=[port.name for port in model.outputs],
            dynamic_shapes=(free,),
        )
    if program is None:
        raise ValueError("the exporter gave nothing")
    graph = program.model_proto.graph
    for node, port in zip(graph.output, model.outputs, strict=True):
        for dimension, size in zip(node.type.tensor_type.shape.dim, port.shape, strict=True):
            if isinstance(size, str):
                dimension.dim_param = size
    return bytes(program.model_proto.SerializeToString(deterministic=True))


def _dimension(name: str, multiple: int) -> Any:  # noqa: ANN401 (torch's)
    import torch  # noqa: PLC0415  (see `_trace`)

    if multiple == 1 or name == "n":
        return torch.export.Dim(name, min=1, max=LARGEST)
    return multiple * torch.export.Dim(f"{name}_{multiple}", min=1, max=LARGEST // multiple)


def _fixed(model: Model) -> Model:
    """With one picture of one size."""
    scale = model.scale or 1

    def shape(port: Port, side: int) -> tuple[int | str, ...]:
        axes = enumerate(port.shape)
        return tuple(
            size if isinstance(size, int) else 1 if axis == 0 else side for axis, size in axes
        )

    return replace(
        model,
        inputs=tuple(replace(port, shape=shape(port, FIXED_SIDE)) for port in model.inputs),
        outputs=tuple(
            replace(port, shape=shape(port, FIXED_SIDE * scale)) for port in model.outputs
        ),
    )


def _random(model: Model) -> Iterator[Inputs]:
    """Noise within the range of each port; of pictures it is soft, for the networks that enlarge
    compute with huge numbers on noise."""
    generator = np.random.default_rng(0)
    for height, width in CHECKED:
        sizes = {"n": 1}
        inputs: Inputs = {}
        for port in model.inputs:
            shape = _sized(port, sizes, height, width)
            noise = generator.standard_normal(shape).astype(np.float32)
            if port.range is not None:
                if len(shape) == 4:
                    noise = _blurred(noise)
                low, high = port.range
                noise = np.asarray(low + (high - low) / (1 + np.exp(-noise)), np.float32)
            inputs[port.name] = np.ascontiguousarray(noise)
        yield inputs


def _sized(port: Port, sizes: dict[str, int], height: int, width: int) -> tuple[int, ...]:
    """Free sizes of one name are equal."""
    last = len(port.shape) - 1
    return tuple(
        size if isinstance(size, int) else sizes.setdefault(size, width if axis == last else height)
        for axis, size in enumerate(port.shape)
    )


def _blurred(noise: NDArray[np.float32]) -> NDArray[np.float32]:
    planes = noise.reshape(-1, *noise.shape[2:])
    soft = [cv2.GaussianBlur(plane, (0, 0), 2) * 7 for plane in planes]
    return np.asarray(np.stack(soft).reshape(noise.shape), np.float32)


def _picture_port(model: Model) -> Port | None:
    """The only input, if it takes pictures."""
    port = model.inputs[0]
    is_one = len(model.inputs) == 1 and port.layout == "NCHW" and port.range is not None
    return port if is_one and port.colors in {"RGB", "BGR"} else None


def _photographs(model: Model, pictures: Sequence[NDArray[np.float32]]) -> Iterator[Inputs]:
    """The middle of each, in the size that the network takes."""
    port = model.inputs[0]
    assert port.range is not None
    for pixels in pictures:
        _, _, height, width = _sized(port, {"n": 1}, 96, 96)
        zoom = max(height / pixels.shape[0], width / pixels.shape[1])
        size = (
            max(width, round(pixels.shape[1] * zoom)),
            max(height, round(pixels.shape[0] * zoom)),
        )
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
        top, left = (small.shape[0] - height) // 2, (small.shape[1] - width) // 2
        part = small[top : top + height, left : left + width]
        part = part[..., ::-1] if port.colors == "BGR" else part
        low, high = port.range
        values = low + part.transpose(2, 0, 1)[None] * np.float32(high - low)
        yield {port.name: np.ascontiguousarray(values, np.float32)}


def _compared(
    model: Model, torch: TorchEngine, onnx: OnnxEngine, what: str, inputs: Iterator[Inputs]
) -> Parity:
    """The output that differs most, of what it spans."""
    worst, count = Parity(what, 0, 0.0, 1.0), 0
    for each in inputs:
        count += 1
        expected, found = torch.run(each), onnx.run(each)
        for port in model.outputs:
            difference = float(np.abs(found[port.name] - expected[port.name]).max())
            now = Parity(what, count, difference, float(np.ptp(expected[port.name])))
            # Also where one is no number.
            if not (now.difference / max(now.spread, 1e-6) <= worst.difference / worst.spread):
                worst = replace(now, spread=max(now.spread, 1e-6))
    return replace(worst, count=count)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
