"""Where a model's bytes are: in the weights folder, in the Hub's cache, or still on the Hub.

Nothing is used before its size and SHA-256 have been checked against the catalogue. The check is
made once: a stamp (size and time of change) in the user's cache folder then vouches for the file,
so that start-up does not hash hundreds of megabytes each time. A file that is on the machine is
never asked for again, so everything that was fetched once works without a network.
"""

import contextlib
import errno
import hashlib
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

from genapp.errors import HashMismatch, ModelMissing
from genapp.files import write_atomic
from genapp.registry.catalog import File, weights_folder

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
    ) -> None:
        self._weights = weights or weights_folder()
        self._cache_dir = cache_dir
        self._endpoint = endpoint
        self._offline = offline
        if allow_unpinned is None:
            allow_unpinned = os.environ.get("GENAPP_ALLOW_UNPINNED") == "1"
        self._allow_unpinned = allow_unpinned
        self._stamps = stamps or _default_stamps()
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

    def path(self, file: File) -> Path:
        """Where the file is, checked; fetched first if need be.

        Raises:
            ModelMissing: it is not here and cannot be fetched, or is not pinned.
            HashMismatch: its bytes are wrong. Wrong bytes from the Hub are deleted.
        """
        if not self.takes(file):
            raise ModelMissing(
                f"{file.label} is not pinned: {file.doubt}.",
                "Set GENAPP_ALLOW_UNPINNED=1 if you trust its owner.",
            )
        path = self.find(file)
        if path is None:
            path = self._fetch(file)
        stamp = _stamp(path, file)
        if self._read_stamps().get(str(path.resolve())) == stamp:
            return path
        self._check(file, path)
        self._write_stamp(path, stamp)
        return path

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
                _embedded_remedy() if file.path else _pull_remedy(file),
            )
        stamp = _stamp(path, file)
        self._check(file, path)
        self._write_stamp(path, stamp)
        return path

    def _check(self, file: File, path: Path) -> None:
        problem = _difference(file, path)
        if problem is None:
            return
        message = f"{file.label} is not the file that the catalogue names: {problem}."
        if file.path is not None:
            raise HashMismatch(message, _embedded_remedy())
        # The Hub's client checks only the size, and would hand out the same bytes again.
        blob = path.resolve()
        path.unlink(missing_ok=True)
        blob.unlink(missing_ok=True)
        raise HashMismatch(f"{message[:-1]}; it was deleted.", _pull_remedy(file))

    def _fetch(self, file: File) -> Path:
        if file.path is not None:
            raise ModelMissing(
                f"{file.label} is missing from {str(self._weights)!r}.", _embedded_remedy()
            )
        # See `find` for why these are imported here.
        import huggingface_hub as client  # noqa: PLC0415
        from huggingface_hub import constants, errors  # noqa: PLC0415

        if self._offline or constants.is_offline_mode():
            raise ModelMissing(
                f"{file.label} is not on this machine, and fetching is switched off.",
                _pull_remedy(file),
            )
        repo, name = str(file.repo), str(file.file)
        logger.info("fetching %s (%s bytes)", file.label, file.bytes or "unknown")
        try:
            # One question first: hf_hub_download would knock for 24 s at a Hub that is not there.
            # An answer with an error is left to it, for it retries those that may pass.
            with contextlib.suppress(errors.HfHubHTTPError):
                client.get_hf_file_metadata(
                    client.hf_hub_url(repo, name, revision=file.commit, endpoint=self._endpoint),
                    timeout=constants.HF_HUB_ETAG_TIMEOUT,
                    endpoint=self._endpoint,
                )
            return Path(
                client.hf_hub_download(
                    repo,
                    name,
                    revision=file.commit,
                    cache_dir=self._cache_dir,
                    endpoint=self._endpoint,
                )
            )
        # The client lets errors of its HTTP library and of its transfer worker through, whose
        # types change from release to release. Whatever happened, the file is not here.
        except Exception as error:
            logger.debug("fetching %s failed", file.label, exc_info=True)
            raise _missing(file, error) from error

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


def _missing(file: File, error: Exception) -> ModelMissing:
    """The client's error as a sentence and a remedy."""
    from huggingface_hub import errors  # noqa: PLC0415  (see `Store.find`)

    gone = (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
    )
    code = error.errno if isinstance(error, OSError) else None
    if isinstance(error, errors.GatedRepoError):
        return ModelMissing(
            f"The owner of {file.repo} asks you to accept their terms first.",
            f"Accept them at https://huggingface.co/{file.repo} and run `hf auth login`.",
        )
    if isinstance(error, gone):
        return ModelMissing(
            f"{file.label} is no longer on the Hub at {_revision(file)}.",
            "Choose another model: `python -m genapp models list` names them.",
        )
    if code in {errno.ENOSPC, errno.EDQUOT}:
        return ModelMissing(
            f"There is no room for {file.label} ({_bytes(file)}).",
            "Free some disk space, or move the cache with HF_HOME.",
        )
    if code in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
        return ModelMissing(
            f"{file.label} cannot be saved: the cache folder cannot be written to.",
            "Name another folder with HF_HOME.",
        )
    return ModelMissing(
        f"{file.label} is not on this machine and could not be fetched from the Hub.",
        f"Check the network. {_pull_remedy(file)}",
    )


def _difference(file: File, path: Path) -> str | None:
    """How the bytes differ from what the catalogue knows of them; None: they do not."""
    size = path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        return f"it has {size:,} bytes instead of {file.bytes:,}"
    if file.sha256 is None:
        return None
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != file.sha256:
        return f"its SHA-256 is {digest[:12]}… instead of {file.sha256[:12]}…"
    return None


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


def _bytes(file: File) -> str:
    return "size unknown" if file.bytes is None else f"{file.bytes:,} bytes"


def _revision(file: File) -> str:
    return f"commit {file.commit[:7]}" if file.commit else "its newest commit"


def _embedded_remedy() -> str:
    return "Install genapp again, or restore the folder with `git checkout -- weights`."


def _pull_remedy(file: File) -> str:
    return f"Run `python -m genapp models pull {file.model}` with a network."
