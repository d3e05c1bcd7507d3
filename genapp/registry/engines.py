"""Run networks: an engine takes and gives named arrays, `Engines` shares them among all who ask."""

import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, OutOfMemory
from genapp.registry import memory, onnx_weights
from genapp.registry.catalog import (
    Catalog,
    CatalogError,
    Model,
    Port,
    commercial_only,
    load,
    not_commercial,
)
from genapp.registry.cores import usable_cores
from genapp.registry.devices import (
    Device,
    Hardware,
    Place,
    Ran,
    check_device,
    find_hardware,
    no_cuda,
    places,
)
from genapp.registry.graphs import share_statistics
from genapp.registry.pool import Pool
from genapp.registry.shared import (
    Borrow,
    BorrowedEngine,
    Choice,
    Engine,
    PlacedEngine,
    SharedEngine,
)
from genapp.registry.store import Store

__all__ = ["Engine", "Engines", "OnnxEngine", "TorchEngine", "shipped_in_torch"]

# More would take the cores from whoever else runs a network at the time.
MOST_THREADS = 4
ONNX_GROWTH = 4
"""Memory of an ONNX engine by the size of its file: halves become singles, and the runtime packs a
copy. The 22 that come with genapp took 3.5 times theirs together."""

logger = logging.getLogger(__name__)


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
            raise no_cuda()
        on_cuda = session.get_providers()[0].startswith("CUDA")
        self.device: Device = "cuda" if on_cuda else "cpu"
        self.precision = "float32"
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        self.bytes = ONNX_GROWTH * max(size, model.bytes or 0)
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

    Weights are read as safetensors, with `weights_only=True`, or from an ONNX file that comes with
    genapp: no code in the file is run. On CUDA it runs in channels last, and in float16 or bfloat16
    where the architecture bears it.

    Args:
        model: the catalogue's entry. The names of its inputs are those of the network's arguments,
            its outputs are in the order of the network's results.
        path: the .safetensors, .pth or .onnx file.
        device: "cpu", "cuda", or "auto": CUDA where it is there.

    Raises:
        CatalogError: the file is no network that spandrel or this package knows.
        BadValue: an unknown device, CUDA where there is none, or torch is not installed.
    """

    def __init__(self, model: Model, path: Path, device: str = "auto") -> None:
        check_device(device)
        # Imported here because ONNX alone does not need it.
        try:
            import torch  # noqa: PLC0415
        except ImportError as error:
            raise _not_installed(model, error) from error
        if device == "cuda" and not torch.cuda.is_available():
            raise no_cuda()
        on_cuda = device != "cpu" and torch.cuda.is_available()
        self.device: Device = "cuda" if on_cuda else "cpu"
        try:
            network = _network(_weights(path))
        except ImportError as error:
            raise _not_installed(model, error) from error
        except Exception as error:
            raise CatalogError(
                f"{model.name}: {path.name} is not a network that spandrel knows: {error}"
            ) from error
        self.precision = _precision(network) if on_cuda else "float32"
        self._dtype = getattr(torch, self.precision)
        self._model = model
        self._network = self._moved(network).eval()
        module = self.module
        numbers = [*module.parameters(), *module.buffers()]
        self.bytes = sum(each.numel() * each.element_size() for each in numbers)

    @property
    def module(self) -> Any:  # noqa: ANN401 (torch's)
        """The network itself."""
        return getattr(self._network, "model", self._network)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See `Engine.run`. Sides that the architecture cannot take are padded by spandrel."""
        import torch  # noqa: PLC0415  (see __init__)

        _check_inputs(self._model, inputs)
        for array in inputs.values():
            if array.dtype != np.float32:
                raise ValueError(f"{self._model.name} takes float32, not {array.dtype}")
        try:
            with torch.inference_mode():
                given = {name: self._tensor(array) for name, array in inputs.items()}
                result = self._network(**given)
                results = result if isinstance(result, tuple) else (result,)
                arrays = [each.float().cpu().contiguous().numpy() for each in results]
        except (RuntimeError, MemoryError) as error:
            translated = _translated(error, self._model)
            if translated is None:
                raise
            raise translated from error
        names = [port.name for port in self._model.outputs]
        return dict(zip(names, arrays, strict=True))

    @property
    def clamps(self) -> bool:
        """Whether what the network gives is clipped to 0..1, as spandrel does."""
        return self._network is not self.module

    def _moved(self, network: Any) -> Any:  # noqa: ANN401 (torch's, or spandrel's)
        import torch  # noqa: PLC0415  (see __init__)

        try:
            moved = network.to(torch.device(self.device), self._dtype)
            if self.device == "cuda":
                getattr(moved, "model", moved).to(memory_format=torch.channels_last)
        except (RuntimeError, MemoryError) as error:
            raise _translated(error, self._model) or error from error
        return moved

    def _tensor(self, array: NDArray[Any]) -> Any:  # noqa: ANN401 (torch's)
        import torch  # noqa: PLC0415  (see __init__)

        tensor = torch.from_numpy(np.ascontiguousarray(array)).to(self.device, self._dtype)
        if self.device == "cuda" and tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        return tensor


def _precision(network: Any) -> str:  # noqa: ANN401 (torch's, or spandrel's)
    """The numbers that a network bears on CUDA."""
    import torch  # noqa: PLC0415  (see TorchEngine)

    if getattr(network, "supports_half", False):
        return "float16"
    if getattr(network, "supports_bfloat16", False) and torch.cuda.is_bf16_supported():
        return "bfloat16"
    return "float32"


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
    from genapp.nets import embedded as shipped  # noqa: PLC0415

    drawing = (animeganv2, fast_neural_style, informative_drawings)
    for own in (bisenet, ddcolor, ddpm, deoldify, mobilestylegan, yunet, *drawing):
        if own.MARK in weights:
            return own.from_weights(weights)
    network = shipped.from_weights(weights)
    if network is not None:
        return network
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
    if path.suffix == ".onnx":
        return _onnx_weights(path)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file  # noqa: PLC0415  (see TorchEngine)

        return dict(load_file(path))
    import torch  # noqa: PLC0415

    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("params_ema", "params", "state_dict", "model"):
        if key in state:
            return dict(state[key])
    return dict(state)


def _onnx_weights(path: Path) -> dict[str, Any]:
    import torch  # noqa: PLC0415  (see TorchEngine)

    return {name: torch.from_numpy(array) for name, array in onnx_weights.read(path).items()}


class Engines:
    """A pool of engines, each built when it is first asked for, once. Safe to share among threads.

    It keeps as many as the memory allows (`GENAPP_MEMORY`, see `registry/memory.py`); the least
    recently used are let go, and built anew when they are asked for again.

    Args:
        catalog: the models; by default the catalogue in the weights folder.
        store: where their bytes are; by default a `Store` with its defaults.
        device: "auto", "cpu" or "cuda", for all engines.
        hardware: what there is besides the CPU; by default it is looked for when it matters.

    Raises:
        BadValue: an unknown device, or `GENAPP_MEMORY` is no amount of memory.
    """

    def __init__(
        self,
        catalog: Catalog | None = None,
        store: Store | None = None,
        *,
        device: str = "auto",
        hardware: Hardware | None = None,
    ) -> None:
        check_device(device)
        self.catalog = (catalog or load()).allowed()
        self.store = store or Store()
        self.device = device
        self._hardware = hardware
        self._memory = memory.budget()
        self._pool: Pool[PlacedEngine] = Pool(self._budget)
        self._shared: dict[tuple[str, bool], SharedEngine] = {}
        self._ran: dict[str, Ran] = {}
        self._borrow: Borrow | None = None
        self._lock = threading.Lock()

    @property
    def hardware(self) -> Hardware:
        """What there is besides the CPU."""
        if self.device == "cpu":
            return Hardware()
        return self._hardware or find_hardware()

    def get(self, name: str, *, divisible: bool = False) -> Engine:
        """The engine of a model.

        Where the GPU has too little memory for a run, it is done on the CPU and `ran` says so.

        Args:
            name: of the model.
            divisible: whoever asks can do with smaller inputs: too little memory on the GPU is
                raised.

        Raises:
            UnknownName: there is no such model.
            ModelMissing, HashMismatch: its bytes are not to be had, or wrong, or it may not be used
                commercially and `GENAPP_COMMERCIAL_ONLY=1` is set.
            BadValue: "cuda" was asked for and nothing here can use it.
            ValueError: the model is no network.
        """
        if self._borrow is not None and self.preloaded(name):
            return BorrowedEngine(name, self._borrow, self._saw)
        return self._get(name, divisible=divisible)

    def _get(self, name: str, *, divisible: bool = False) -> SharedEngine:
        model = self.catalog.get(name)
        if model.engine == "data":
            raise ValueError(f"{model.name} is data, no network")
        with self._lock:
            shared = self._shared.get((name, divisible))
        if shared is None:
            shared = SharedEngine(
                model.name,
                self._choices(model),
                self._pool,
                self._build,
                self._saw,
                divisible=divisible,
                hardware=self.hardware,
            )
            shared.prepare()
            with self._lock:
                shared = self._shared.setdefault((name, divisible), shared)
        return shared

    def ran(self, name: str) -> Ran:
        """Where a model ran the last time, or where it will.

        Raises as `get` does.
        """
        with self._lock:
            ran = self._ran.get(name)
        return ran or self._get(name).planned()

    def preload(self, borrow: Borrow) -> tuple[str, ...]:
        """Open all torch models that are here on a GPU that this process will not have when they
        run, as ZeroGPU wants it. Returns their names. Those that come with genapp are quick on the
        CPU.

        Args:
            borrow: does their runs from now on.

        Raises:
            HashMismatch: a file is wrong.
        """
        place = Place("torch", "cuda")
        self._borrow = borrow
        names = []
        for model in self.catalog.models:
            if model.engine == "torch" and self._usable(model) and self._here(model):
                with self._pool.lend(model.name, place, partial(self._build, model, place)):
                    names.append(model.name)
        return tuple(names)

    def preloaded(self, name: str) -> bool:
        """Whether a model, or its twin, was opened by `preload`."""
        model = self.catalog.get(name)
        place = Place("torch", "cuda")
        return any(
            each is not None and self._pool.holds(each.name, place)
            for each in (model, self.catalog.twin(model))
        )

    def after_fork(self, hardware: Hardware) -> None:
        """In a forked process that has a GPU, which its parent had not: use it from now on. A
        process that is used again has done so already."""
        if self._borrow is None:
            return
        self._lock = threading.Lock()
        self._pool.after_fork()
        self._shared, self._ran = {}, {}
        self._borrow = None
        self._hardware, self.device = hardware, "auto"

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
        return OnnxEngine(model, source, "auto" if self.hardware.onnx_cuda else "cpu")

    def data(self, name: str) -> Path:
        """The checked file of an entry with the engine "data"; raises as `get` does."""
        model = self.catalog.get(name)
        if model.engine != "data":
            raise ValueError(f"{name} is a network, not data")
        return self._first_file(model)

    def close(self) -> None:
        """Let go of all engines. The pool can still be used, and builds them anew."""
        with self._lock:
            self._shared.clear()
            self._ran.clear()
        self._pool.clear()

    def __enter__(self) -> "Engines":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _saw(self, name: str, ran: Ran) -> None:
        with self._lock:
            self._ran[name] = ran

    def _choices(self, model: Model) -> tuple[Choice, ...]:
        """Where it can run, best first: the files that are here before those to be fetched."""
        twin = self.catalog.twin(model)
        entries = {model.engine: model}
        if twin is not None and self._usable(twin):
            entries[twin.engine] = twin
        # One file for both, where `genapp/nets` has the network.
        one_file = self.hardware.torch_cuda and model.engine == "onnx" and model.embedded
        if one_file and shipped_in_torch(self.weights(model.name)):
            entries["torch"] = model
        found = places(self.device, self.hardware, entries.keys())
        choices = [Choice(place, entries[place.runtime]) for place in found]
        wanted = [each for each in choices if each.place.device == "cuda"]
        if self.device == "cuda" and wanted:
            # Rather a download than the CPU.
            rest = [each for each in choices if each not in wanted]
            return (*self._here_first(wanted), *self._here_first(rest))
        return tuple(self._here_first(choices))

    def _here_first(self, choices: list[Choice]) -> list[Choice]:
        return sorted(choices, key=lambda each: not self._here(each.entry))

    def _here(self, model: Model) -> bool:
        return all(self.store.find(file) is not None for file in model.files)

    def _usable(self, twin: Model) -> bool:
        if twin.engine == "torch" and importlib.util.find_spec("torch") is None:
            return False
        allowed = twin.commercial or not commercial_only()
        return allowed and all(self.store.takes(file) for file in twin.files)

    def _build(self, entry: Model, place: Place) -> PlacedEngine:
        path = self._first_file(entry)
        logger.info("opening %s on %s", entry.name, place.device)
        if place.runtime == "torch":
            return TorchEngine(entry, path, place.device)
        return OnnxEngine(entry, path, place.device)

    def _budget(self, device: Device) -> int:
        if device == "cpu" or "torch" not in sys.modules:
            return self._memory
        return memory.budget(_gpu_memory() or memory.UNKNOWN)

    def _first_file(self, model: Model) -> Path:
        """All files are made sure of; ONNX finds the others beside the first."""
        if commercial_only() and not model.commercial:
            raise not_commercial(model.name)
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


def _providers(device: str, available: list[str]) -> list[str]:
    check_device(device)
    has_cuda = "CUDAExecutionProvider" in available
    if device == "cuda" and not has_cuda:
        raise no_cuda()
    if device == "cpu" or not has_cuda:
        return ["CPUExecutionProvider"]
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def shipped_in_torch(weights: onnx_weights.Weights) -> bool:
    """Whether `genapp/nets` has the network of an ONNX file that comes with genapp."""
    from genapp.nets import embedded as shipped  # noqa: PLC0415  (torch: see TorchEngine)

    return shipped.knows(weights)


def _gpu_memory() -> int | None:
    """Bytes of the CUDA device, None where torch sees none."""
    import torch  # noqa: PLC0415  (see TorchEngine)

    return int(torch.cuda.mem_get_info()[1]) if torch.cuda.is_available() else None


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
