"""Writing a file so that it is whole or not there."""

import os
from pathlib import Path
from uuid import uuid4


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to a temporary neighbour of `path`, then put it in place of `path`.

    A reader sees the old file or the new one, never a part of it.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
