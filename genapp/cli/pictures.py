"""A picture in, a picture out; a folder in, a folder out.

What a command does to one picture it says in a `Work`; `run_work` does it to a file, or to each
picture of a folder.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genapp.cli.output import print_json, report_failures
from genapp.errors import BadValue, UserError

if TYPE_CHECKING:
    from genapp.registry.engines import Engines

# What counts as a picture in a folder. HEIC cannot be read, and is listed so that it is said.
PICTURES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"}
    | {".tga", ".tif", ".tiff", ".webp"}
)


@dataclass(frozen=True)
class Work:
    """What a command does to a picture.

    Attributes:
        make: reads the first file, writes the second, and returns the report.
        show: prints the report of the result that was written there.
        unit: what the pictures are called.
        format: of a folder's results, such as "png"; None: each picture's own.
        also: a second result, of a single picture only.
        lists_outputs: whether the JSON object names the results under `outputs`.
    """

    make: "Callable[[Path, Path, Engines], dict[str, Any]]"
    show: Callable[[Path | str, dict[str, Any]], None]
    unit: str = "photo"
    format: str | None = None
    also: Path | None = None
    lists_outputs: bool = True


def run_work(source: Path, options: argparse.Namespace, work: Work) -> int:
    """Do the work on a file or a folder.

    Args:
        source: the picture or the folder.
        options: of the command: where to (`output`), `device`, and whether to print `json`.
        work: what to do.
    """
    return (_run_folder if source.is_dir() else _run_file)(source, options, work)


def check_output(source: Path, target: Path) -> None:
    """Raises BadValue unless a picture can be written there, and it isn't the input."""
    from genapp import images

    if target.exists() and source.exists() and target.samefile(source):
        raise BadValue("The output is the input.", "Choose another name for it.")
    images.check_output(target)


def create_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadValue(
            f"The folder {str(path)!r} cannot be created: {error.strerror}.",
            "Choose another place.",
        ) from error


def _run_file(source: Path, options: argparse.Namespace, work: Work) -> int:
    from genapp.cli.networks import open_engines

    if work.format is not None:
        raise BadValue(
            "--format is for folders.", f"Name the output with the ending .{work.format}."
        )
    outputs = [path for path in (options.output, work.also) if path is not None]
    for path in outputs:
        check_output(source, path)
    with open_engines(options.device) as engines:
        report = work.make(source, options.output, engines)
    if options.json:
        named = {"outputs": [str(path) for path in outputs]} if work.lists_outputs else {}
        print_json(named | report)
    else:
        work.show(options.output, report)
    return 0


def _run_folder(source: Path, options: argparse.Namespace, work: Work) -> int:
    pairs = _folder_pairs(source, options.output, work.format)
    results, failures = _each_picture(pairs, options.device, work)
    if options.json:
        outputs = [report["output"] for report in results]
        named = {"outputs": outputs} if work.lists_outputs else {}
        print_json({**named, "results": results, "failures": failures})
    else:
        for report in results:
            work.show(report["output"], report)
    return report_failures(failures)


def _folder_pairs(source: Path, target: Path, format: str | None) -> list[tuple[Path, Path]]:
    """Each picture of a folder with its place in the other, which is created.

    Args:
        source, target: the folders.
        format: of the results; None: each picture's own.
    """
    if target.exists() and not target.is_dir():
        raise BadValue(
            f"{str(source)!r} is a folder, but {str(target)!r} is a file.",
            "Name a folder for the results.",
        )
    if target.exists() and target.samefile(source):
        raise BadValue("The output folder is the input folder.", "Choose another one.")
    pictures = sorted(
        path for path in source.iterdir() if path.is_file() and path.suffix.lower() in PICTURES
    )
    if not pictures:
        raise BadValue(f"There are no pictures in {str(source)!r}.", "Name another folder.")
    create_folder(target)
    return list(_paired(pictures, target, format))


def _paired(pictures: list[Path], target: Path, format: str | None) -> Iterator[tuple[Path, Path]]:
    """The same names; PNG, or the format asked for, instead of what cannot be written or is not
    asked for; no two pictures in one place."""
    from genapp.images import WRITABLE

    taken: set[str] = set()
    for picture in pictures:
        ending = picture.suffix.lower().removeprefix(".")
        same = ending in WRITABLE and (format is None or WRITABLE[ending] == WRITABLE[format])
        name = picture.name if same else f"{picture.stem}.{format or 'png'}"
        if name.lower() in taken:
            name = f"{picture.name}.{format or 'png'}"
        taken.add(name.lower())
        yield picture, target / name


def _each_picture(
    pairs: Sequence[tuple[Path, Path]], device: str, work: Work
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The reports of what was written, and what failed with the reason: the rest is done."""
    from tqdm import tqdm

    from genapp.cli.networks import open_engines

    results: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    with open_engines(device) as engines:
        for source, target in tqdm(pairs, unit=work.unit):
            try:
                check_output(source, target)
                report = work.make(source, target, engines)
            except UserError as error:
                failures.append({"file": str(source), "reason": str(error)})
            else:
                results.append({"file": str(source), "output": str(target), **report})
    return results, failures
