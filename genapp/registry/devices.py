"""Which engine runs a model on which device: chosen from data, before anything is built.

On CUDA torch comes first: it runs in half precision and channels last. On the CPU it is ONNX
Runtime, which starts sooner and needs no torch.
"""

import ctypes
import functools
import importlib.util
import os
import sys
from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from genapp.errors import BadValue

Runtime = Literal["onnx", "torch"]
Device = Literal["cpu", "cuda"]

DEVICES = ("auto", "cpu", "cuda")
"""What a user can ask for."""
DRIVERS = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")
NAMES = {"onnx": "ONNX Runtime", "torch": "torch", "cpu": "CPU", "cuda": "CUDA"}


@dataclass(frozen=True)
class Hardware:
    """Which runtimes can use a CUDA device here."""

    torch_cuda: bool = False
    onnx_cuda: bool = False

    @property
    def cuda(self) -> bool:
        """Whether any can."""
        return self.torch_cuda or self.onnx_cuda


@dataclass(frozen=True)
class Place:
    """What runs a network, and where."""

    runtime: Runtime
    device: Device


@dataclass(frozen=True)
class Ran:
    """Where a model ran the last time.

    Attributes:
        model: name of the catalogue's entry whose file it was: the one that was asked for, or its
            twin.
        place: what ran it, and where.
        precision: of its numbers: float32, float16 or bfloat16.
        note: why it was not the GPU although one was wanted, a sentence; None if nothing is to be
            said.
    """

    model: str
    place: Place
    precision: str = "float32"
    note: str | None = None

    @property
    def text(self) -> str:
        """Such as 'CPU, ONNX Runtime' or 'CUDA, torch float16'."""
        device, runtime = NAMES[self.place.device], NAMES[self.place.runtime]
        return f"{device}, {runtime}" + self._precision()

    def report(self) -> dict[str, str | None]:
        """As JSON."""
        return {
            "device": self.place.device,
            "engine": self.place.runtime,
            "precision": self.precision,
            "note": self.note,
        }

    def _precision(self) -> str:
        return "" if self.precision == "float32" else f" {self.precision}"


def ran_report(ran: Ran | None) -> dict[str, str | None] | None:
    """The same; None of what ran no network."""
    return None if ran is None else ran.report()


def ran_notes(ran: Ran | None) -> tuple[str, ...]:
    """The note, if there is one."""
    return () if ran is None or ran.note is None else (ran.note,)


def check_device(device: str) -> None:
    """Raises `BadValue` for what is none of `DEVICES`."""
    if device not in DEVICES:
        raise BadValue(f"There is no device {device!r}.", f"Use {', '.join(DEVICES)}.")


def no_cuda() -> BadValue:
    """What to say when CUDA was asked for and nothing can use it."""
    return BadValue(
        "There is no CUDA device here that this model's engine can use.",
        "Use --device cpu, or install onnxruntime-gpu (for ONNX) or torch with CUDA.",
    )


def places(device: str, hardware: Hardware, runtimes: Container[str]) -> tuple[Place, ...]:
    """Where a model can run, best first.

    Args:
        device: "auto", "cpu" or "cuda". "cuda" has the CPU last: a model that the GPU's runtime
            cannot take still runs.
        hardware: of this machine.
        runtimes: that have a file of the model.

    Raises:
        BadValue: an unknown device, or "cuda" where nothing can use it.
    """
    check_device(device)
    if device == "cuda" and not hardware.cuda:
        raise no_cuda()
    on_cuda = {"torch": hardware.torch_cuda, "onnx": hardware.onnx_cuda}
    order: tuple[Place, ...] = (Place("onnx", "cpu"), Place("torch", "cpu"))
    if device != "cpu":
        order = (Place("torch", "cuda"), Place("onnx", "cuda"), *order)
    return tuple(
        place
        for place in order
        if place.runtime in runtimes and (place.device == "cpu" or on_cuda[place.runtime])
    )


@functools.cache
def find_hardware() -> Hardware:
    """What is here. torch takes a second to import: only a machine with NVIDIA's driver does it."""
    if not _has_driver():
        return Hardware()
    return Hardware(torch_cuda=_torch_has_cuda(), onnx_cuda=_onnx_has_cuda())


def _has_driver() -> bool:
    for name in DRIVERS:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    # On ZeroGPU there is a GPU only within the calls that ask for one.
    return zero_gpu()


def zero_gpu() -> bool:
    """Whether this is a Space on ZeroGPU (https://huggingface.co/docs/hub/spaces-zerogpu)."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}


def _torch_has_cuda() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    # Imported here because the CPU alone does not need it.
    import torch  # noqa: PLC0415

    return bool(torch.cuda.is_available())


def _onnx_has_cuda() -> bool:
    # Imported here because it takes 0.2 s that `models list` should not wait for.
    import onnxruntime  # noqa: PLC0415

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()
