"""Where uploads and results lie while a visitor looks at them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from gradio.utils import get_upload_folder

MEMORY = Path("/dev/shm")
"""A folder that Linux keeps in memory."""
ENOUGH = 1 << 30
"""Bytes that must be free there; a small container has only 64 MB."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A private folder for uploads and results, in memory where the system has room for it, and
    gone afterwards."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH
    with tempfile.TemporaryDirectory(
        prefix="genapp-", dir=MEMORY if in_memory else None, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def save_result(data: bytes, name: str) -> Path:
    """Put a result where Gradio serves it as it is and deletes it when its time has come."""
    path = place_for_result(name)
    path.write_bytes(data)
    return path


def place_for_result(name: str) -> Path:
    """Such a place for a file of that name, which is still to be written."""
    folder = Path(get_upload_folder()) / uuid4().hex
    folder.mkdir(parents=True)
    return folder / name
