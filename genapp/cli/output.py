"""Facts to stdout; progress, notes and failures to stderr."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from genapp.registry.hub import Progress as Transfer
    from genapp.upscaling import Progress

# tqdm's: what is done, how far it is, and how long it will still take.
BAR = "{desc} {percentage:3.0f} % |{bar}| {remaining} left"


def print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def print_notes(source: Path, notes: Iterable[str]) -> None:
    for note in notes:
        print(f"{source.name}: {note}", file=sys.stderr)


def report_failures(failures: Sequence[dict[str, str]]) -> int:
    """Lists what failed (`file`) and why (`reason`); returns the exit code."""
    if not failures:
        return 0
    print(f"{len(failures)} failed:", file=sys.stderr)
    for failure in failures:
        print(f"  {failure['file']}: {failure['reason']}", file=sys.stderr)
    return 2


@contextmanager
def progress_bar() -> "Iterator[Progress]":
    """A bar on stderr, as what a task tells its progress to."""
    from tqdm import tqdm

    with tqdm(total=100, unit="%", leave=False, bar_format=BAR) as bar:

        def progress(done: float, what: str, seconds_left: float | None) -> None:
            bar.set_description_str(what, refresh=False)
            bar.update(round(100 * done) - bar.n)

        yield progress


@contextmanager
def transfer_bar(name: str) -> "Iterator[Transfer]":
    """A bar of bytes on stderr, which shows itself when the first ones come."""
    from tqdm import tqdm

    bar: tqdm[NoReturn] | None = None

    def progress(here: int, whole: int | None) -> None:
        nonlocal bar
        if bar is None:
            # Bytes that were here before took no time.
            bar = tqdm(desc=name, total=whole, initial=here, unit="B", unit_scale=True)
        bar.update(here - bar.n)

    try:
        yield progress
    finally:
        if bar is not None:
            bar.close()


def yes_or_no(flag: bool) -> str:
    return "yes" if flag else "no"


def size_text(count: int | None) -> str:
    """Bytes in decimal units, as file managers and the Hub show them."""
    if count is None:
        return "unknown"
    for unit, divisor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= divisor:
            return f"{count / divisor:.1f} {unit}"
    return f"{count} B"
