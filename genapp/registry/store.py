"""Where a model's bytes are: in the weights folder, in the Hub's cache, or still on the Hub.

Nothing is used before its size and SHA-256 have been checked against the catalogue. The check is
made once: a stamp (size and time of change) in the user's cache folder then vouches for the file,
so that start-up does not hash hundreds of megabytes each time. A file that is on the machine is
never asked for again, so everything that was fetched once works without a network.
"""

import json
import logging
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from genapp.errors import HashMismatch, ModelMissing
from genapp.files import write_atomic
from genapp.registry.catalog import File, Model, weights_folder
from genapp.registry.hub import Progress, fetch, pull_remedy

logger = logging.getLogger(__name__)


class Store:
    """Finds, fetches and checks the files that the catalogue names. Safe to share among threads.

    Args:
        weights: the folder of embedded files; by default `weights_folder()`.
        cache_dir: the Hub client's cache; by default its own (`HF_HOME`, `HF_HUB_CACHE`).
        endpoint: address of the Hub; by default the Hub client's own (`HF_ENDPOINT`).
        offline: never fetch. `HF_HUB_OFFLINE=1` has the same effect.
        allow_unpinned: take files from the Hub of which the catalogue knows no commit or no hash,
            or is not sure of them, too: whoever owns the repository decides what they are. By
            default no, unless `GENAPP_ALLOW_UNPINNED=1`.
        stamps: the file of stamps; by default `genapp/checked.json` in the user's cache folder.
        transfers: opens what shows how a model is fetched, by its name, where `path` is not given
            a progress of its own.
    """

    def __init__(
        self,
        weights: Path | None = None,
        *,
        cache_dir: Path | None = None,
        endpoint: str | None = None,
        offline: bool = False,
        allow_unpinned: bool | None = None,
        stamps: Path | None = None,
        transfers: Callable[[str], AbstractContextManager[Progress]] | None = None,
    ) -> None:
        self._weights = weights or weights_folder()
        self._cache_dir = cache_dir
        self._endpoint = endpoint
        self._offline = offline
        if allow_unpinned is None:
            allow_unpinned = os.environ.get("GENAPP_ALLOW_UNPINNED") == "1"
        self._allow_unpinned = allow_unpinned
        self._stamps = stamps or _default_stamps()
        self._transfers = transfers
        self._lock = threading.Lock()

    def find(self, file: File) -> Path | None:
        """Where the file is on this machine, unchecked; None if it is not. Needs no network."""
        if file.path is not None:
            path = self._weights / file.path
            return path if path.is_file() else None
        # Imported here because it takes a while, and embedded models never need it.
        from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

        found = try_to_load_from_cache(
            str(file.repo), str(file.file), cache_dir=self._cache_dir, revision=file.commit
        )
        return Path(found) if isinstance(found, str) else None

    def takes(self, file: File) -> bool:
        """Whether the file is pinned, or files that are not are allowed."""
        return file.pinned or self._allow_unpinned

    def path(self, file: File, progress: Progress | None = None) -> Path:
        """Where the file is, checked; fetched first if need be.

        Args:
            file: what is wanted.
            progress: told how the fetching goes, and free to stop it.

        Raises:
            ModelMissing: it is not here and cannot be fetched, or is not pinned.
            HashMismatch: its bytes are wrong. Wrong bytes from the Hub are deleted.
            Whatever `progress` raises.
        """
        if not self.takes(file):
            raise ModelMissing(
                f"{file.label} is not pinned: {file.doubt}.",
                "Set GENAPP_ALLOW_UNPINNED=1 if you trust its owner.",
            )
        path = self.find(file)
        if path is None:
            path = self._fetch(file, progress)
        stamp = _stamp(path, file)
        if self._read_stamps().get(str(path.resolve())) == stamp:
            return path
        self._check(file, path)
        self._write_stamp(path, stamp)
        return path

    def fetch(self, model: Model, progress: Progress | None = None) -> list[Path]:
        """Where a model's files are; raises as `path` does, of whatever file.

        Args:
            model: what is wanted.
            progress: told how many bytes of the whole model are here. It is called only while
                something is fetched.
        """
        paths: list[Path] = []
        before = 0
        for file in model.files:

            def of_model(here: int, _: int | None, before: int = before) -> None:
                if progress is not None:
                    progress(before + here, model.bytes)

            paths.append(self.path(file, of_model))
            before += paths[-1].stat().st_size
        return paths

    def verify(self, file: File) -> Path:
        """Hash the file again whatever its stamp says; never fetches.

        Raises:
            ModelMissing: it is not on this machine.
            HashMismatch: its bytes are wrong. Wrong bytes from the Hub are deleted.
        """
        path = self.find(file)
        if path is None:
            raise ModelMissing(
                f"{file.label} is not on this machine.",
                _embedded_remedy() if file.path else pull_remedy(file),
            )
        stamp = _stamp(path, file)
        self._check(file, path)
        self._write_stamp(path, stamp)
        return path

    def _check(self, file: File, path: Path) -> None:
        problem = file.difference(path)
        if problem is None:
            return
        message = f"{file.label} is not the file that the catalogue names: {problem}."
        if file.path is not None:
            raise HashMismatch(message, _embedded_remedy())
        # The Hub's client checks only the size, and would hand out the same bytes again.
        blob = path.resolve()
        path.unlink(missing_ok=True)
        blob.unlink(missing_ok=True)
        raise HashMismatch(f"{message[:-1]}; it was deleted.", pull_remedy(file))

    def _fetch(self, file: File, progress: Progress | None) -> Path:
        if file.path is not None:
            raise ModelMissing(
                f"{file.label} is missing from {str(self._weights)!r}.", _embedded_remedy()
            )
        # See `find` for why this is imported here.
        from huggingface_hub import constants  # noqa: PLC0415

        if self._offline or constants.is_offline_mode():
            raise ModelMissing(
                f"{file.label} is not on this machine, and fetching is switched off.",
                pull_remedy(file),
            )
        shown: AbstractContextManager[Progress] = nullcontext(progress or _ignore)
        if progress is None and self._transfers is not None:
            shown = self._transfers(file.model)
        with shown as told:
            return fetch(file, cache_dir=self._cache_dir, endpoint=self._endpoint, progress=told)

    def _read_stamps(self) -> dict[str, Any]:
        if self._stamps is None:
            return {}
        try:
            stamps = json.loads(self._stamps.read_bytes())
        except (OSError, ValueError):
            return {}  # Missing or damaged: everything is checked again.
        return stamps if isinstance(stamps, dict) else {}

    def _write_stamp(self, path: Path, stamp: dict[str, Any]) -> None:
        if self._stamps is None:
            return
        with self._lock:
            stamps = self._read_stamps() | {str(path.resolve()): stamp}
            try:
                self._stamps.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(self._stamps, json.dumps(stamps, indent=1).encode())
            except OSError:
                logger.debug("the stamp of %s cannot be kept", path, exc_info=True)


def _ignore(_here: int, _all: int | None) -> None:
    """Progress that nobody asked for."""


def _stamp(path: Path, file: File) -> dict[str, Any]:
    """Taken before hashing: a change during the hash then shows at the next look."""
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": file.sha256}


def _default_stamps() -> Path | None:
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # A user without a home folder.
        return None
    return cache / "genapp" / "checked.json"


def _embedded_remedy() -> str:
    return "Install genapp again, or restore the folder with `git checkout -- weights`."
