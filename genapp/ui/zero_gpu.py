"""A Space on ZeroGPU: heavy models borrow a GPU for the length of a call.

There (https://huggingface.co/docs/hub/spaces-zerogpu) a function with the decorator `spaces.GPU`
runs in a process that is forked off, and has a GPU as long as it said it would need it; each
visitor has some minutes a day. So models that come with genapp stay on the CPU, which is quick
enough for them; torch models from the Hub that are here at the start are opened then, and their
calls ask for as little time as they will take. torch runs eagerly: ZeroGPU compiles nothing.
"""

import importlib
import logging
import math
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from genapp.errors import BadValue, UserError
from genapp.registry.catalog import Model
from genapp.registry.devices import Hardware, Ran, zero_gpu
from genapp.registry.engines import Engines
from genapp.registry.shared import Arrays
from genapp.upscaling import Progress

Result = TypeVar("Result")

START_SECONDS = 4.0
"""Before a call computes: the process, and weights on their way to the GPU."""
LEAST_SECONDS, MOST_SECONDS = 5, 120
OPERATIONS_A_SECOND = 5e12
"""That are counted on in float16. The hardware's own figure is a hundred times as large; networks
of many small layers reach a few per cent of it. Not measured."""
UPPER_LAYERS = 2
"""Layers behind the last enlargement work on many more pixels than those before."""
BYTES_A_WEIGHT = 4

logger = logging.getLogger(__name__)


def open_engines() -> Engines:
    """The pool of networks of this server; on ZeroGPU with its models on the GPU already."""
    spaces = _spaces()
    if spaces is None:
        return Engines()
    engines = Engines(device="cpu")
    work = spaces.GPU(duration=_seconds)(partial(_in_fork, engines, _run))

    def borrow(name: str, pixels: int, inputs: Arrays) -> tuple[dict[str, NDArray[Any]], Ran]:
        seconds = seconds_for(engines.catalog.get(name), pixels)
        answer: tuple[dict[str, NDArray[Any]], Ran] = _answer(work(seconds, name, dict(inputs)))
        return answer

    names = engines.preload(borrow)
    logger.info("on the GPU: %s", ", ".join(names) or "nothing")
    return engines


def _run(
    name: str, inputs: Arrays, engines: Engines, _progress: None
) -> tuple[dict[str, NDArray[Any]], Ran]:
    return engines.get(name).run(inputs), engines.ran(name)


def seconds_for(model: Model, pixels: int) -> int:
    """How long a network will need the GPU, a guess that is rather too long.

    Args:
        model: of its weights each works on each pixel once.
        pixels: of its inputs.
    """
    weights = (model.bytes or 0) / BYTES_A_WEIGHT
    computing = 2 * UPPER_LAYERS * weights * pixels / OPERATIONS_A_SECOND
    return min(max(math.ceil(START_SECONDS + computing), LEAST_SECONDS), MOST_SECONDS)


class GpuWork(Generic[Result]):
    """Work of many runs that borrows ZeroGPU's GPU once, where its model is there; else it is done
    right here.

    To be made before the page is launched: that is when `spaces` wants to know of it.

    Args:
        engines: the pool of networks; `work` gets it.
        work: from any picklable arguments, the pool and what is told the progress.
    """

    def __init__(self, engines: Engines, work: Callable[..., Result]) -> None:
        self._engines = engines
        self._work = work
        spaces = _spaces()
        self._borrow = None
        if spaces is not None:
            self._borrow = spaces.GPU(duration=_seconds)(partial(_in_fork, engines, work))

    def __call__(
        self, model: Model, pixels: int, *arguments: object, progress: Progress | None
    ) -> Result:
        """The result of the work.

        Args:
            model: the network that does most of it.
            pixels: that it will see.
            arguments: of the work.
            progress: told how far it is; not while another process does it.

        Raises:
            UserError: as `work` does.
        """
        if self._borrow is None or not self._engines.preloaded(model.name):
            return self._work(*arguments, self._engines, progress)
        result: Result = _answer(self._borrow(seconds_for(model, pixels), *arguments))
        return result


def _seconds(seconds: int, *_arguments: object) -> int:
    """What `spaces.GPU` asks before it runs a call with the same arguments."""
    return seconds


def _in_fork(
    engines: Engines, work: Callable[..., Any], _seconds: int, *arguments: object
) -> tuple[Any, UserError | None]:
    """`spaces` would show a visitor no more of an error than its type."""
    engines.after_fork(Hardware(torch_cuda=True))
    try:
        return work(*arguments, engines, None), None
    except UserError as error:
        return None, error


def _answer(answer: tuple[Any, UserError | None]) -> Any:  # noqa: ANN401 (whatever was worked out)
    result, error = answer
    if error is not None:
        raise error
    return result


def _spaces() -> ModuleType | None:
    """The package, where this is ZeroGPU. It has to be imported before torch."""
    if not zero_gpu():
        return None
    try:
        return importlib.import_module("spaces")
    except ImportError as error:
        raise BadValue(
            "This Space runs on ZeroGPU, and the package spaces is not installed.",
            "Add `spaces` to requirements.txt.",
        ) from error
