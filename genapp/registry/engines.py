"""Run networks: an engine takes and gives named arrays, a pool builds each engine once."""

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, ModelMissing, OutOfMemory
from genapp.registry import onnx_weights
from genapp.registry.catalog import Catalog, CatalogError, Model, Port, commercial_only, load
from genapp.registry.graphs import share_statistics
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
        source: the .onnx file, or its bytes.
        device: "cpu", "cuda", or "auto": CUDA where it is there.

    Raises:
        CatalogError: the file is not the network that the catalogue describes.
        BadValue: an unknown device, or CUDA where there is none.
    """

    def __init__(self, model: Model, source: Path | bytes, device: str = "auto") -> None:
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
        # Errors only; and none where it is tried out which sizes a network takes.
        options.log_severity_level = 4 if model.shared_norms else 3
        try:
            given = source if isinstance(source, bytes) else str(source)
            if isinstance(source, Path) and model.shared_norms:
                given = _shared_norms(model, source)
            session = onnxruntime.InferenceSession(given, options, providers=providers)
        except Exception as error:
            name = "it" if isinstance(source, bytes) else source.name
            raise _translated(error, model) or CatalogError(
                f"{model.name}: {name} is not a network that ONNX Runtime can load: {error}"
            ) from error
        if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
            raise _no_cuda()
        self.device = "cuda" if session.get_providers()[0].startswith("CUDA") else "cpu"
        self._model = model
        self._session = session
        self._dtypes = {node.name: _dtype(node.type) for node in session.get_inputs()}
        self._inputs = _matched(model, "input", model.inputs, session.get_inputs())
        self._outputs = _matched(model, "output", model.outputs, session.get_outputs())

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See `Engine.run`."""
        self._check(inputs)
        named = {self._inputs[name]: array for name, array in inputs.items()}
        try:
            outputs = self._session.run(list(self._outputs.values()), named)
        except Exception as error:
            translated = _translated(error, self._model)
            if translated is None:
                raise
            raise translated from error
        return dict(zip(self._outputs, outputs, strict=True))

    def _check(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        _check_inputs(self._model, inputs)
        for name, array in inputs.items():
            dtype = self._dtypes[self._inputs[name]]
            if array.dtype != dtype:
                where = f"{self._model.name}, input {name!r}"
                raise ValueError(f"{where} takes {dtype}, not {array.dtype}")


class TorchEngine:
    """A network in torch: its architecture is told from the names and shapes of its weights, by
    spandrel but for those in `genapp/nets`. `run` may be called from several threads at once.

    Weights are read as safetensors, or with `weights_only=True`: no code in the file is run. On
    CUDA it runs in float16 where the architecture bears it.

    Args:
        model: the catalogue's entry. The names of its inputs are those of the network's arguments,
            its outputs are in the order of the network's results.
        path: the .safetensors or .pth file.
        device: "cpu", "cuda", or "auto": CUDA where it is there.

    Raises:
        CatalogError: the file is no network that spandrel or this package knows.
        BadValue: an unknown device, CUDA where there is none, or torch is not installed.
    """

    def __init__(self, model: Model, path: Path, device: str = "auto") -> None:
        _check_device(device)
        # Imported here because ONNX alone does not need it.
        try:
            import torch  # noqa: PLC0415
        except ImportError as error:
            raise _not_installed(model, error) from error
        if device == "cuda" and not torch.cuda.is_available():
            raise _no_cuda()
        self.device = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
        try:
            network = _network(_weights(path))
        except ImportError as error:
            raise _not_installed(model, error) from error
        except Exception as error:
            raise CatalogError(
                f"{model.name}: {path.name} is not a network that spandrel knows: {error}"
            ) from error
        is_half = self.device == "cuda" and getattr(network, "supports_half", False)
        self._dtype = torch.float16 if is_half else torch.float32
        self._model = model
        self._network = network.to(torch.device(self.device), self._dtype).eval()

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See `Engine.run`. Sides that the architecture cannot take are padded by spandrel."""
        import torch  # noqa: PLC0415  (see __init__)

        _check_inputs(self._model, inputs)
        for array in inputs.values():
            if array.dtype != np.float32:
                raise ValueError(f"{self._model.name} takes float32, not {array.dtype}")
        try:
            with torch.inference_mode():
                given = {
                    name: torch.from_numpy(np.ascontiguousarray(array)).to(self.device, self._dtype)
                    for name, array in inputs.items()
                }
                result = self._network(**given)
                results = result if isinstance(result, tuple) else (result,)
                arrays = [each.float().cpu().numpy() for each in results]
        except (RuntimeError, MemoryError) as error:
            translated = _translated(error, self._model)
            if translated is None:
                raise
            raise translated from error
        names = [port.name for port in self._model.outputs]
        return dict(zip(names, arrays, strict=True))


def _network(weights: dict[str, Any]) -> Any:  # noqa: ANN401 (torch's, or spandrel's)
    """The network that the weights belong to.

    Raises:
        ValueError and others: nobody knows it.
        ImportError: what it needs is not installed.
    """
    from genapp.nets import (  # noqa: PLC0415  (see TorchEngine)
        animeganv2,
        bisenet,
        ddcolor,
        ddpm,
        deoldify,
        fast_neural_style,
        informative_drawings,
        mobilestylegan,
        yunet,
    )

    drawing = (animeganv2, fast_neural_style, informative_drawings)
    for own in (bisenet, ddcolor, ddpm, deoldify, mobilestylegan, yunet, *drawing):
        if own.MARK in weights:
            return own.from_weights(weights)
    # Imported here because our own need not wait for it. It leaves DDColor to an add-on whose
    # licence forbids commercial use, and knows no networks that make pictures of noise.
    import spandrel  # noqa: PLC0415

    from genapp.nets import restoreformer, swin2sr  # noqa: PLC0415  (made of spandrel's)

    for extended in (restoreformer, swin2sr):
        if extended.MARK in weights:
            return extended.from_weights(weights)
    network = spandrel.ModelLoader().load_from_state_dict(weights)
    if not isinstance(network, spandrel.ImageModelDescriptor):
        raise ValueError("it does not make a picture of a picture")
    return network


def _not_installed(model: Model, error: ImportError) -> BadValue:
    return BadValue(
        f"{model.name} needs {error.name}, which is not installed.",
        "Run `pip install torch torchvision spandrel diffusers`, or choose an ONNX model.",
    )


def _weights(path: Path) -> dict[str, Any]:
    """The state dict of a file; nested under 'params_ema', 'params', 'state_dict' or 'model' in
    some."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file  # noqa: PLC0415  (see TorchEngine)

        return dict(load_file(path))
    import torch  # noqa: PLC0415

    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("params_ema", "params", "state_dict", "model"):
        if key in state:
            return dict(state[key])
    return dict(state)


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
        _check_device(device)
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
            ModelMissing, HashMismatch: its bytes are not to be had, or wrong, or it may not be used
                commercially and `GENAPP_COMMERCIAL_ONLY=1` is set.
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

    def weights(self, name: str) -> onnx_weights.Weights:
        """The numbers of an ONNX network, by name.

        Raises:
            BadValue: the package onnx is not installed.
            Others as `get`.
        """
        return onnx_weights.read(self._first_file(self.catalog.get(name)))

    def with_weights(self, name: str, weights: Mapping[str, NDArray[np.floating]]) -> Engine:
        """An ONNX network with other numbers, which the pool doesn't keep.

        Args:
            name: of the model.
            weights: by the names that `weights` gives.

        Raises:
            BadValue: the package onnx is not installed.
            ValueError: the numbers don't belong to this network.
            Others as `get`.
        """
        model = self.catalog.get(name)
        source = onnx_weights.replaced(self._first_file(model), weights)
        return OnnxEngine(model, source, self.device)

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
        if model.engine == "data":
            raise ValueError(f"{model.name} is data, no network")
        engine = TorchEngine if model.engine == "torch" else OnnxEngine
        return engine(model, self._first_file(model), self.device)

    def _first_file(self, model: Model) -> Path:
        """All files are made sure of; ONNX finds the others beside the first."""
        if commercial_only() and not model.commercial:
            raise ModelMissing(
                f"{model.name} may not be used commercially, and GENAPP_COMMERCIAL_ONLY=1 is set.",
                "Choose another model, or unset it.",
            )
        paths = [self.store.path(file) for file in model.files]
        return paths[0]


def _check_inputs(model: Model, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Raises `ValueError` for missing and unknown inputs, and wrong shapes."""
    ports = {port.name: port for port in model.inputs}
    if inputs.keys() != ports.keys():
        raise ValueError(f"{model.name} takes {sorted(ports)}, not {sorted(inputs)}")
    for name, array in inputs.items():
        if not _fits(array.shape, ports[name].shape):
            where = f"{model.name}, input {name!r}"
            raise ValueError(f"{where} takes {list(ports[name].shape)}, not {array.shape}")


def usable_cores() -> int:
    """Cores that this process may use: fewer than the machine has in a container or batch job."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _providers(device: str, available: list[str]) -> list[str]:
    _check_device(device)
    has_cuda = "CUDAExecutionProvider" in available
    if device == "cuda" and not has_cuda:
        raise _no_cuda()
    if device == "cpu" or not has_cuda:
        return ["CPUExecutionProvider"]
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _check_device(device: str) -> None:
    if device not in DEVICES:
        raise BadValue(f"There is no device {device!r}.", f"Use {', '.join(DEVICES)}.")


def _no_cuda() -> BadValue:
    return BadValue(
        "There is no CUDA device here that this model's engine can use.",
        "Use --device cpu, or install onnxruntime-gpu (for ONNX) or torch with CUDA.",
    )


def _translated(error: Exception, model: Model) -> OutOfMemory | None:
    """ONNX Runtime and torch have one exception type; only its text tells memory from the rest."""
    text = str(error).lower()
    signs = ("failed to allocate", "out of memory", "can't allocate memory")
    if isinstance(error, MemoryError) or any(sign in text for sign in signs):
        return OutOfMemory(
            f"There is too little memory to run {model.name}.",
            "Use a smaller picture, or close other programs.",
        )
    return None


def _shared_norms(model: Model, path: Path) -> bytes:
    """The file with the ports of the catalogue, whatever its exporter called them."""
    return share_statistics(path, image=model.inputs[0].name, painting=model.outputs[0].name)


def _matched(model: Model, kind: str, ports: tuple[Port, ...], nodes: list[Any]) -> dict[str, str]:
    """The catalogue's names of ports to the file's, once both agree on the shapes.

    They are the same but for the only port of a file from the Hub, whose exporter chose a name
    that may never have been seen.
    """
    names, found = [port.name for port in ports], [node.name for node in nodes]
    alone = len(names) == len(found) == 1 and not model.embedded
    if sorted(names) != sorted(found) and not alone:
        raise CatalogError(
            f"{model.name}: {kind}s are {found} in the file, {names} in the catalogue"
        )
    matched = dict(zip(names, found if alone else names, strict=True))
    shapes = {node.name: node.shape for node in nodes}
    for port in ports:
        # A free dimension has a name or None in the file. A fixed one must be the catalogue's;
        # the catalogue may fix what the file leaves free. How many norms there are is seen only
        # when the file is opened.
        shape = shapes[matched[port.name]]
        agree = len(shape) == len(port.shape) and all(
            not isinstance(size, int)
            or size == listed
            or (model.shared_norms and isinstance(listed, str))
            for size, listed in zip(shape, port.shape, strict=True)
        )
        if not agree:
            raise CatalogError(
                f"{model.name}: {kind} {port.name!r} has the shape {shape} in the file, "
                f"{list(port.shape)} in the catalogue"
            )
    return matched


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
