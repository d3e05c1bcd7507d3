"""torch on a GPU beside ONNX Runtime on the CPU: the same answers, how fast, how much memory.

    python benchmarks/gpu.py [--count 16] [--runs 20] [--out benchmarks/results/gpu.md]
    python benchmarks/gpu.py --device cpu --count 1 --runs 1     (a dry run without a GPU)

For enlarging, colouring and making faces with the models that come with genapp. The ways:

  ONNX Runtime, CPU      what everybody without a GPU has
  eager float32          the plain loop of torch
  eager float16          channels last: what `--device cuda` does
  compiled float16       torch.compile on top of it
  CUDA graph float16     the eager kernels, recorded once and replayed

Inputs and outputs are arrays in the machine's memory: the way to the GPU and back counts. Latency
is the median of the runs with one picture, throughput that of batches of `--count`. Memory is the
most that torch had on the GPU during a batch. Agreement is with ONNX Runtime on the CPU: the
greatest difference, of what the output spans. Ways take turns, so that other load disturbs all
alike.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from genapp import images
from genapp.facemaking import noise
from genapp.facemaking.generator import GENERATOR, MAPPING
from genapp.nets import embedded
from genapp.registry.engines import Engines

Arrays = dict[str, NDArray[np.float32]]
Run = Callable[[Arrays], NDArray[np.float32]]

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "genapp/ui/examples").glob("*.jpg"))
SIDES = {"cuda": 256, "cpu": 64}
"""Of the pictures that are enlarged and coloured, px."""
WARM_UP = 3
"""Runs that do not count: kernels are chosen and compiled in them."""


@dataclass(frozen=True)
class Task:
    """What is measured: a model, `count` inputs of it, and the output that is compared."""

    title: str
    model: str
    inputs: Arrays
    output: str


@dataclass(frozen=True)
class Row:
    """The figures of one way to run a task."""

    way: str
    latency_ms: float
    per_second: float
    memory_mb: float | None
    difference: float
    spread: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--count", type=int, default=16, help="pictures in a batch")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--out", type=Path, help="a Markdown file for the tables, too")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print(
            "There is no CUDA device here, so nothing was measured. "
            "`--device cpu --count 1 --runs 1` is a dry run.",
            file=sys.stderr,
        )
        return 2
    if options.device == "cpu":
        # Threads that wait for each other take minutes on a busy machine.
        torch.set_num_threads(1)
    lines = [heading(options.device, options.count, options.runs)]
    with Engines(device="cpu") as engines:
        for task in tasks(engines, options.count, SIDES[options.device]):
            rows = measure(task, engines, options.device, options.runs)
            lines.append(table(task, rows))
            print("\n".join(lines[-2:] if len(lines) == 2 else lines[-1:]), flush=True)
    if options.out is not None:
        options.out.write_text("\n".join(lines), encoding="utf-8")
    return 0


def heading(device: str, count: int, runs: int) -> str:
    """What it ran on."""
    if device == "cpu":
        where = (
            "**Dry run on the CPU: these figures say nothing about a GPU.** Nothing is compiled to "
            "machine code in it, and there is no CUDA graph."
        )
    else:
        where = f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}."
    command = f"python benchmarks/gpu.py --device {device} --count {count} --runs {runs}"
    return f"`{command}`: torch {torch.__version__}, {platform.processor() or 'CPU'}. {where}\n"


def tasks(engines: Engines, count: int, side: int) -> list[Task]:
    """With real pictures, and faces of seeds."""
    photos = np.stack([photo(number, side) for number in range(count)])
    lab = np.stack([cv2.cvtColor(each, cv2.COLOR_RGB2Lab)[..., :1] for each in photos])
    lightness = np.ascontiguousarray(lab.transpose(0, 3, 1, 2), np.float32)
    z = np.stack([noise(seed, 64) for seed in range(count)]).astype(np.float32)
    w = engines.get(MAPPING).run({"z": z})["w"]
    levels = int(engines.catalog.get(GENERATOR).inputs[0].shape[1])
    hints = np.zeros((count, 3, side, side), np.float32)
    pictures = np.ascontiguousarray(photos.transpose(0, 3, 1, 2))
    size = f"{side}×{side}"
    return [
        Task(
            f"Enlarging {size} four times", "upscale/span-x4.ch48", {"image": pictures}, "enlarged"
        ),
        Task(
            f"Colouring {size}",
            "colorize/mobilenet-unet.v2",
            {"lightness": lightness, "hints": hints},
            "logits",
        ),
        Task(
            "Making faces",
            GENERATOR,
            {"w": np.repeat(w[:, np.newaxis], levels, axis=1)},
            "image",
        ),
    ]


def photo(number: int, side: int) -> NDArray[np.float32]:
    """A square of an example, 0..1; another one for each number."""
    pixels = images.to_float(images.read(EXAMPLES[number % len(EXAMPLES)]).pixels)
    whole = min(pixels.shape[:2])
    shift = 7 * (number // len(EXAMPLES)) % max(1, whole // 8)
    part = pixels[shift:whole, shift:whole]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.float32)


def measure(task: Task, engines: Engines, device: str, runs: int) -> list[Row]:
    """A row for each way; all see the same inputs."""
    one = {name: array[:1] for name, array in task.inputs.items()}
    count = len(next(iter(task.inputs.values())))
    ways: dict[str, Run] = {"ONNX Runtime, CPU": partial(on_onnx, engines, task)}
    ways |= torch_ways(task, engines, device)
    expected = ways["ONNX Runtime, CPU"](task.inputs)
    found = {name: run(task.inputs) for name, run in ways.items()}
    for run in ways.values():
        for _ in range(WARM_UP if runs > 1 else 0):
            run(one)
            run(task.inputs)
    latencies = in_turns(ways, one, runs)
    batches = in_turns(ways, task.inputs, runs)
    return [
        Row(
            way,
            1000 * latencies[way],
            count / batches[way],
            None if way.startswith("ONNX") else gpu_memory(run, task.inputs),
            float(np.abs(found[way] - expected).max()),
            float(np.ptp(expected)),
        )
        for way, run in ways.items()
    ]


def in_turns(ways: dict[str, Run], inputs: Arrays, runs: int) -> dict[str, float]:
    """Seconds of a run, the median."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(runs):
        for way, run in ways.items():
            started = time.perf_counter()
            run(inputs)
            seconds[way].append(time.perf_counter() - started)
    return {way: statistics.median(each) for way, each in seconds.items()}


def on_onnx(engines: Engines, task: Task, inputs: Arrays) -> NDArray[np.float32]:
    result: NDArray[np.float32] = engines.get(task.model).run(inputs)[task.output]
    return result


def torch_ways(task: Task, engines: Engines, device: str) -> dict[str, Run]:
    """All with the numbers of the ONNX file."""
    numbers = engines.weights(task.model)
    place = [port.name for port in engines.catalog.get(task.model).outputs].index(task.output)

    def network(kind: torch.dtype) -> torch.nn.Module:
        weights = {name: torch.from_numpy(each.copy()) for name, each in numbers.items()}
        net = embedded.from_weights(weights)
        assert net is not None
        net = net.to(device, kind)
        return net if kind == torch.float32 else net.to(memory_format=torch.channels_last)

    half = network(torch.float16)
    # The dry run checks that the graph can be taken; compiling it for a CPU would take minutes.
    backend = "inductor" if device == "cuda" else "aot_eager"
    compiled = torch.compile(half, backend=backend, dynamic=False)
    ways: dict[str, Run] = {
        "eager float32": partial(on_torch, network(torch.float32), torch.float32, device, place),
        "eager float16": partial(on_torch, half, torch.float16, device, place),
        "compiled float16": partial(on_torch, compiled, torch.float16, device, place),
    }
    if device == "cuda":
        ways["CUDA graph float16"] = Graphs(half, place)
    return ways


def on_torch(
    net: Callable[..., Any], kind: torch.dtype, device: str, place: int, inputs: Arrays
) -> NDArray[np.float32]:
    with torch.inference_mode():
        return to_array(net(**to_tensors(inputs, kind, device)), place)


def to_tensors(inputs: Arrays, kind: torch.dtype, device: str) -> dict[str, torch.Tensor]:
    tensors = {}
    for name, array in inputs.items():
        tensor = torch.from_numpy(array).to(device, kind)
        if tensor.ndim == 4 and kind != torch.float32:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        tensors[name] = tensor
    return tensors


def to_array(result: Any, place: int) -> NDArray[np.float32]:  # noqa: ANN401 (one tensor, or more)
    tensor = result[place] if isinstance(result, tuple) else result
    array: NDArray[np.float32] = tensor.float().cpu().contiguous().numpy()
    return array


class Graphs:
    """A CUDA graph for each size of a batch (https://pytorch.org/blog/accelerating-pytorch-with-
    cuda-graphs/): the kernels of one run, started by one call."""

    def __init__(self, net: torch.nn.Module, place: int) -> None:
        self._net = net
        self._place = place
        self._recorded: dict[int, tuple[Any, dict[str, torch.Tensor], Any]] = {}

    def __call__(self, inputs: Arrays) -> NDArray[np.float32]:
        tensors = to_tensors(inputs, torch.float16, "cuda")
        count = len(next(iter(tensors.values())))
        with torch.inference_mode():
            if count not in self._recorded:
                self._recorded[count] = self._record(tensors)
            graph, given, result = self._recorded[count]
            for name, tensor in tensors.items():
                given[name].copy_(tensor)
            graph.replay()
            return to_array(result, self._place)

    def _record(self, tensors: dict[str, torch.Tensor]) -> tuple[Any, dict[str, torch.Tensor], Any]:
        given = {name: tensor.clone() for name, tensor in tensors.items()}
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._net(**given)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = self._net(**given)
        return graph, given, result


def gpu_memory(run: Run, inputs: Arrays) -> float | None:
    """The most that torch had on the GPU, MB, all networks of the task included."""
    if not torch.cuda.is_available():
        return None
    torch.cuda.reset_peak_memory_stats()
    run(inputs)
    return float(torch.cuda.max_memory_allocated()) / 1e6


def table(task: Task, rows: Sequence[Row]) -> str:
    onnx, eager = rows[0], rows[1]
    count = len(next(iter(task.inputs.values())))
    lines = [
        f"### {task.title}: `{task.model}`\n",
        f"| | ms for one | pictures/s in batches of {count} | × ONNX on the CPU | × eager float32 "
        "| MB on the GPU | greatest difference |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        memory = "" if row.memory_mb is None else f"{row.memory_mb:.0f}"
        lines.append(
            f"| {row.way} | {row.latency_ms:.1f} | {row.per_second:.3g} "
            f"| {row.per_second / onnx.per_second:.2f} | {row.per_second / eager.per_second:.2f} "
            f"| {memory} | {row.difference:.2g} of {row.spread:.3g} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
