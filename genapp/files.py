"""Writing a file so that it is whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary neighbour of `path` to write to, which takes its place at the end.

    Whatever is raised before, a stop by the user too, leaves `path` as it was and nothing beside
    it. The neighbour has the same extension.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full.
    """
    part = path.with_name(f".{path.stem}.{uuid4().hex}.part{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to a temporary neighbour of `path`, then put it in place of `path`.

    A reader sees the old file or the new one, never a part of it.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full.
    """
    with replacing(path) as part, part.open("xb") as file:
        file.write(data)
