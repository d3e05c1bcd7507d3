"""Run networks: an engine takes and gives named arrays, a pool builds each engine once."""

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, OutOfMemory
from genapp.registry.catalog import Catalog, CatalogError, Model, Port, load
from genapp.registry.store import Store

DEVICES = ("auto", "cpu", "cuda")
# More would take the cores from whoever else runs a network at the time.
MOST_THREADS = 4

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """A network that is ready to run."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Arrays by the name of the input port to arrays by the name of the output port.

        Raises:
            ValueError: an input is missing, unknown, or of the wrong type or shape.
            OutOfMemory: the device has too little memory.
        """
        ...


class OnnxEngine:
    """ONNX Runtime on one model file. `run` may be called from several threads at once.

    Args:
        model: the catalogue's entry, whose ports must be the file's.
        path: the .onnx file.
        device: "cpu", "cuda", or "auto": CUDA where it is there.

    Raises:
        CatalogError: the file is not the network that the catalogue describes.
        BadValue: an unknown device, or CUDA where there is none.
    """

    def __init__(self, model: Model, path: Path, device: str = "auto") -> None:
        # ONNX Runtime collects telemetry from its import on unless this is set before.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        # Imported here because it takes 0.2 s that `models list` should not wait for.
        import onnxruntime  # noqa: PLC0415

        providers = _providers(device, onnxruntime.get_available_providers())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(MOST_THREADS, usable_cores())
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # Idle threads sleep. Spinning can save a lone user a third of the time, but with pauses
        # between runs, as on a server, it took twice the processor time (BlazeFace on 2 cores).
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # Errors only.
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:
            raise _translated(error, model) or CatalogError(
                f"{model.name}: {path.name} is not a network that ONNX Runtime can load: {error}"
            ) from error
        if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
            raise _no_cuda()
        self.device = "cuda" if session.get_providers()[0].startswith("CUDA") else "cpu"
        self._model = model
        self._session = session
        self._dtypes = {node.name: _dtype(node.type) for node in session.get_inputs()}
        _check_ports(model, "input", model.inputs, session.get_inputs())
        _check_ports(model, "output", model.outputs, session.get_outputs())

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See `Engine.run`."""
        self._check(inputs)
        names = [port.name for port in self._model.outputs]
        try:
            outputs = self._session.run(names, dict(inputs))
        except Exception as error:
            translated = _translated(error, self._model)
            if translated is None:
                raise
            raise translated from error
        return dict(zip(names, outputs, strict=True))

    def _check(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        ports = {port.name: port for port in self._model.inputs}
        if inputs.keys() != ports.keys():
            raise ValueError(f"{self._model.name} takes {sorted(ports)}, not {sorted(inputs)}")
        for name, array in inputs.items():
            where = f"{self._model.name}, input {name!r}"
            if array.dtype != self._dtypes[name]:
                raise ValueError(f"{where} takes {self._dtypes[name]}, not {array.dtype}")
            if not _fits(array.shape, ports[name].shape):
                raise ValueError(f"{where} takes {list(ports[name].shape)}, not {array.shape}")


class Engines:
    """A pool of engines, each built when it is first asked for, once. Safe to share among threads.

    Args:
        catalog: the models; by default the catalogue in the weights folder.
        store: where their bytes are; by default a `Store` with its defaults.
        device: "auto", "cpu" or "cuda", for all engines.

    Raises:
        BadValue: an unknown device.
    """

    def __init__(
        self,
        catalog: Catalog | None = None,
        store: Store | None = None,
        *,
        device: str = "auto",
    ) -> None:
        if device not in DEVICES:
            raise BadValue(f"There is no device {device!r}.", f"Use {', '.join(DEVICES)}.")
        self.catalog = catalog or load()
        self.store = store or Store()
        self.device = device
        self._engines: dict[str, Engine] = {}
        self._building: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Engine:
        """The engine of a model.

        Raises:
            UnknownName: there is no such model.
            ModelMissing, HashMismatch: its bytes are not to be had, or wrong.
            ValueError: the model is no network.
        """
        model = self.catalog.get(name)
        # One lock a model: a big one that is being built holds up no other.
        with self._lock:
            building = self._building.setdefault(name, threading.Lock())
        with building:
            engine = self._engines.get(name)
            if engine is None:
                engine = self._build(model)
                self._engines[name] = engine
            return engine

    def data(self, name: str) -> Path:
        """The checked file of an entry with the engine "data"; raises as `get` does."""
        model = self.catalog.get(name)
        if model.engine != "data":
            raise ValueError(f"{name} is a network, not data")
        return self._first_file(model)

    def close(self) -> None:
        """Let go of all engines. The pool can still be used, and builds them anew."""
        with self._lock:
            self._engines.clear()

    def __enter__(self) -> "Engines":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _build(self, model: Model) -> Engine:
        if model.engine != "onnx":
            raise ValueError(f"{model.name} has the engine {model.engine!r}, which runs nothing")
        return OnnxEngine(model, self._first_file(model), self.device)

    def _first_file(self, model: Model) -> Path:
        """All files are made sure of; ONNX finds the others beside the first."""
        paths = [self.store.path(file) for file in model.files]
        return paths[0]


def usable_cores() -> int:
    """Cores that this process may use: fewer than the machine has in a container or batch job."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _providers(device: str, available: list[str]) -> list[str]:
    if device not in DEVICES:
        raise BadValue(f"There is no device {device!r}.", f"Use {', '.join(DEVICES)}.")
    has_cuda = "CUDAExecutionProvider" in available
    if device == "cuda" and not has_cuda:
        raise _no_cuda()
    if device == "cpu" or not has_cuda:
        return ["CPUExecutionProvider"]
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _no_cuda() -> BadValue:
    return BadValue(
        "ONNX Runtime finds no CUDA device here.",
        "Use --device cpu, or install onnxruntime-gpu and the CUDA libraries it names.",
    )


def _translated(error: Exception, model: Model) -> OutOfMemory | None:
    """ONNX Runtime has one exception type; only its text tells memory from the rest."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or "failed to allocate" in text or "out of memory" in text:
        return OutOfMemory(
            f"There is too little memory to run {model.name}.",
            "Use a smaller picture, or close other programs.",
        )
    return None


def _check_ports(model: Model, kind: str, ports: tuple[Port, ...], nodes: list[Any]) -> None:
    """Compare the catalogue's ports with those of the file."""
    names, found = [port.name for port in ports], [node.name for node in nodes]
    if sorted(names) != sorted(found):
        raise CatalogError(
            f"{model.name}: {kind}s are {found} in the file, {names} in the catalogue"
        )
    shapes = {node.name: node.shape for node in nodes}
    for port in ports:
        # A free dimension has a name or None in the file. A fixed one must be the catalogue's;
        # the catalogue may fix what the file leaves free.
        shape = shapes[port.name]
        agree = len(shape) == len(port.shape) and all(
            not isinstance(size, int) or size == listed
            for size, listed in zip(shape, port.shape, strict=True)
        )
        if not agree:
            raise CatalogError(
                f"{model.name}: {kind} {port.name!r} has the shape {shape} in the file, "
                f"{list(port.shape)} in the catalogue"
            )


def _fits(shape: tuple[int, ...], expected: tuple[int | str, ...]) -> bool:
    """Fixed dimensions agree, and free ones of the same name are equal and not empty."""
    if len(shape) != len(expected):
        return False
    free: dict[str, int] = {}
    for size, listed in zip(shape, expected, strict=True):
        if size != (listed if isinstance(listed, int) else free.setdefault(listed, size)):
            return False
    return 0 not in shape


def _dtype(onnx_type: str) -> np.dtype[Any]:
    """'tensor(float)' → float32, and so on for the types that networks take."""
    names = {"float": "float32", "double": "float64"}
    name = onnx_type.removeprefix("tensor(").removesuffix(")")
    return np.dtype(names.get(name, name))
