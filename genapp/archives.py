"""ZIPs that are written file by file: any number of pictures, and a table of them."""

import csv
import io
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from genapp.errors import BadValue
from genapp.files import replacing

DATE = (1980, 1, 1, 0, 0, 0)
"""Of every file in a ZIP: the same settings give the same bytes."""
TEXTS = frozenset({".csv", ".json", ".txt", ".yaml"})


def check_zip(target: Path) -> None:
    """Whether a ZIP can be written there. Raises `BadValue`."""
    if target.suffix.lower() != ".zip":
        raise BadValue(f"{str(target)!r} is no name for a data set.", "End it in .zip.")
    if not target.parent.is_dir():
        raise BadValue(f"The folder {str(target.parent)!r} does not exist.", "Create it first.")


@contextmanager
def writing_zip(target: Path) -> Iterator[zipfile.ZipFile]:
    """A ZIP that takes its place when all is written.

    Raises:
        BadValue: a place that can't be written to, or a full disk.
    """
    try:
        with replacing(target) as part, zipfile.ZipFile(part, "w") as archive:
            yield archive
    except OSError as error:
        raise BadValue(
            f"{str(target)!r} cannot be written: {error.strerror or error}.",
            "Choose another place.",
        ) from error


def check_room(target: Path, expected: int) -> None:
    """Raises `BadValue` if the disk has less than the bytes that are expected."""
    free = shutil.disk_usage(target.parent).free
    if free < expected:
        raise BadValue(
            f"The data set needs about {expected / 1e6:.0f} MB and {free / 1e6:.0f} MB are free.",
            "Ask for fewer pictures, for JPEG, or choose another place.",
        )


def add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Adds a file. Pictures are packed already; text is not."""
    is_text = Path(name).suffix in TEXTS
    kind = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
    archive.writestr(zipfile.ZipInfo(name, DATE), data, kind)


def csv_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A table with a header (RFC 4180); the columns are those of the first row."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
