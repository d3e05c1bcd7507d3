"""An engine as those who use it see it: shared by all, wherever it runs, and let go in between."""

import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from numpy.typing import NDArray

from genapp.errors import OutOfMemory
from genapp.registry.catalog import Model
from genapp.registry.devices import Device, Hardware, Place, Ran
from genapp.registry.pool import Pool

Arrays = Mapping[str, NDArray[Any]]

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """A network that is ready to run."""

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """Arrays by the name of the input port to arrays by the name of the output port.

        Raises:
            ValueError: an input is missing, unknown, or of the wrong type or shape.
            OutOfMemory: the device has too little memory.
        """
        ...


class PlacedEngine(Engine, Protocol):
    """An engine that tells where it runs."""

    device: Device
    precision: str
    """Of its numbers: float32, float16 or bfloat16."""
    bytes: int
    """Of memory that it keeps between runs, about."""


@dataclass(frozen=True)
class Choice:
    """An entry of the catalogue at a place."""

    place: Place
    entry: Model


class SharedEngine:
    """A model's engine. `run` may be called from several threads at once.

    Args:
        name: of the model that was asked for.
        choices: where it can run, best first.
        pool: that its engines are lent from.
        build: an engine for an entry at a place.
        saw: told of every run.
        divisible: too little memory on the GPU is raised, rather than the CPU tried: whoever asks
            can do with smaller inputs.
        hardware: what there is besides the CPU.
    """

    def __init__(
        self,
        name: str,
        choices: tuple[Choice, ...],
        pool: Pool[PlacedEngine],
        build: Callable[[Model, Place], PlacedEngine],
        saw: Callable[[str, Ran], None],
        *,
        divisible: bool,
        hardware: Hardware,
    ) -> None:
        self._name = name
        self._choices = choices
        self._pool = pool
        self._build = build
        self._saw = saw
        self._divisible = divisible
        self._hardware = hardware

    def prepare(self) -> None:
        """Build it. Raises as `Engines.get` does."""
        choice = self._choices[0]
        try:
            with self._lent(choice):
                pass
        except OutOfMemory:
            # On the GPU the first run finds another way.
            if choice.place.device == "cpu":
                raise

    def planned(self) -> Ran:
        """Where it will run. Raises as `run` does."""
        choice = self._choices[0]
        with self._lent(choice) as engine:
            return self._seen(choice, engine, self._why_no_gpu(choice))

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """See `Engine.run`."""
        choice = self._choices[0]
        if choice.place.device == "cpu":
            return self._run(choice, inputs, self._why_no_gpu(choice))
        try:
            return self._run(choice, inputs, None)
        except OutOfMemory:
            logger.info("%s: too little memory on the GPU", self._name)
        # What the other models hold may be enough.
        self._pool.drop_idle("cuda", but=choice.entry.name)
        _empty_cuda_cache()
        try:
            return self._run(choice, inputs, None)
        except OutOfMemory:
            spare = next((each for each in self._choices if each.place.device == "cpu"), None)
            if self._divisible or spare is None:
                raise
        note = f"{self._name} ran on the CPU: the GPU has too little memory for it."
        return self._run(spare, inputs, note)

    def _run(self, choice: Choice, inputs: Arrays, note: str | None) -> dict[str, NDArray[Any]]:
        with self._lent(choice) as engine:
            outputs = engine.run(inputs)
            self._saw(self._name, self._seen(choice, engine, note))
        return outputs

    def _lent(self, choice: Choice) -> AbstractContextManager[PlacedEngine]:
        build = partial(self._build, choice.entry, choice.place)
        return self._pool.lend(choice.entry.name, choice.place, build)

    def _seen(self, choice: Choice, engine: PlacedEngine, note: str | None) -> Ran:
        # ONNX Runtime goes to the CPU by itself where its CUDA libraries are missing.
        place = Place(choice.place.runtime, engine.device)
        if place != choice.place and note is None:
            note = f"{self._name} ran on the CPU: ONNX Runtime could not open CUDA."
        return Ran(choice.entry.name, place, engine.precision, note)

    def _why_no_gpu(self, choice: Choice) -> str | None:
        """A sentence if there is a GPU that was not to be kept out, and the choice is the CPU."""
        if not self._hardware.cuda or choice.place.device == "cuda":
            return None
        on_cuda = [each.entry.name for each in self._choices if each.place.device == "cuda"]
        if on_cuda:
            return (
                f"{self._name} ran on the CPU: its file for the GPU is not here. "
                f"Run `python -m genapp models pull {on_cuda[0]}`."
            )
        what = "onnxruntime-gpu" if self._hardware.torch_cuda else "torch with CUDA"
        return f"{self._name} ran on the CPU: the GPU needs {what} for it."


Borrow = Callable[[str, int, Arrays], tuple[dict[str, NDArray[Any]], Ran]]
"""Runs a model where there is a GPU, given its name and how many pixels it will see."""


class BorrowedEngine:
    """A model whose runs are done in another process, which has a GPU for that long.

    Args:
        name: of the model.
        borrow: what does a run.
        saw: told of every run.
    """

    def __init__(self, name: str, borrow: Borrow, saw: Callable[[str, Ran], None]) -> None:
        self._name = name
        self._borrow = borrow
        self._saw = saw

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """See `Engine.run`."""
        pixels = max(int(array.size) for array in inputs.values()) // 3
        outputs, ran = self._borrow(self._name, pixels, inputs)
        self._saw(self._name, ran)
        return outputs


def _empty_cuda_cache() -> None:
    """torch keeps freed memory for itself, which ONNX Runtime then lacks."""
    if "torch" in sys.modules:
        # Imported here because ONNX alone does not need it.
        import torch  # noqa: PLC0415

        torch.cuda.empty_cache()
