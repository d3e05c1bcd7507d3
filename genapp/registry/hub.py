"""Fetching a file from the Hub, whole and right, into the Hub client's cache.

The client checks no hash, and begins anew after a stop. Here a transfer that was stopped goes on
where it ended, by whatever process, and only bytes that the catalogue names get into the cache.
What is asked, of whom and with which token stays the client's affair, and so does the layout of
its cache (https://huggingface.co/docs/huggingface_hub/guides/manage-cache).
"""

# The Hub's client takes a while to import, and embedded models never need it.
# ruff: noqa: PLC0415

import errno
import logging
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from genapp.errors import HashMismatch, ModelMissing, UserError
from genapp.registry.catalog import File

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata
    from huggingface_hub.errors import HfHubHTTPError

Progress = Callable[[int, int | None], None]
"""Told the bytes that are here, and how many there are in all (None: nobody knows). Whatever it
raises stops the transfer; what has come stays for the next one."""

# Seconds before another try of what may pass. One that brought bytes starts the count again.
WAITS = (1, 2, 4)
LONGEST_WAIT = 30
"""Seconds that the Hub may ask to be left alone for; if it wants more, the user is told."""
ETAG = re.compile(r"[\w-]+")
MAY_PASS = frozenset({408, 429, 500, 502, 503, 504})
TRIES = 2
"""Times that a file is fetched if it comes with wrong bytes."""

logger = logging.getLogger(__name__)


class _CutOff(Exception):  # noqa: N818 (what happened, as in `errors`)
    """Fewer bytes came than there are."""


def fetch(file: File, *, cache_dir: Path | None, endpoint: str | None, progress: Progress) -> Path:
    """Fetch a file; returns where it is in the cache. Safe among threads and processes.

    Args:
        file: on the Hub.
        cache_dir: the client's cache; None: its own.
        endpoint: address of the Hub; None: the client's own.
        progress: see there.

    Raises:
        ModelMissing: it could not be fetched.
        HashMismatch: the Hub has other bytes than the catalogue names.
        Whatever `progress` raises.
    """
    try:
        return _fetch(file, cache_dir, endpoint, progress)
    except UserError:
        raise
    # The client lets errors of its HTTP library through, whose types change from release to
    # release. Whatever happened, the file is not here.
    except Exception as error:
        logger.debug("fetching %s failed", file.label, exc_info=True)
        raise _missing(file, error) from error


def pull_remedy(file: File) -> str:
    return f"Run `python -m genapp models pull {file.model}` with a network."


def _fetch(file: File, cache_dir: Path | None, endpoint: str | None, progress: Progress) -> Path:
    import huggingface_hub as client
    from huggingface_hub import constants
    from huggingface_hub.utils import WeakFileLock

    repo, name = str(file.repo), str(file.file)
    logger.info("fetching %s (%s bytes)", file.label, file.bytes or "unknown")
    url = client.hf_hub_url(repo, name, revision=file.commit, endpoint=endpoint)
    about = _described(url, endpoint)
    _refuse_others(file, about)
    cache, folder = Path(cache_dir or constants.HF_HUB_CACHE), f"models--{repo.replace('/', '--')}"
    blob = cache / folder / "blobs" / str(about.etag)
    lock = cache / ".locks" / folder / f"{about.etag}.lock"
    for place in (blob, lock):
        place.parent.mkdir(parents=True, exist_ok=True)
    # The client's own lock: of several processes one fetches, and the others find the file.
    with WeakFileLock(lock):
        if not blob.exists():
            _download(file, url, about.size, blob, progress)
    # Finds the bytes in its cache, and names them as the file of this commit.
    found = client.hf_hub_download(
        repo, name, revision=file.commit, cache_dir=cache_dir, endpoint=endpoint
    )
    return Path(found)


def _described(url: str, endpoint: str | None) -> "HfFileMetadata":
    """What the Hub says of the file.

    A Hub that cannot be reached is not asked again, so that the user soon knows.
    """
    import huggingface_hub as client
    from huggingface_hub import constants, errors

    failures = 0
    while True:
        try:
            return client.get_hf_file_metadata(
                url, timeout=constants.HF_HUB_ETAG_TIMEOUT, endpoint=endpoint
            )
        except errors.HfHubHTTPError as error:
            failures += 1
            wait = _wait(error, failures)
            if wait is None:
                raise
            time.sleep(wait)


def _refuse_others(file: File, about: "HfFileMetadata") -> None:
    """Spares a transfer whose bytes could not be right. Raises as `fetch` does."""
    # The ETag names a file in the cache.
    if about.commit_hash is None or about.etag is None or not ETAG.fullmatch(about.etag):
        raise ModelMissing(
            f"What answered for {file.label} is not the Hub: it names no commit, or no hash.",
            "Check HF_ENDPOINT, and whether a proxy stands between.",
        )
    problem = None
    if None not in {file.bytes, about.size} and file.bytes != about.size:
        problem = f"it has {about.size:,} bytes instead of {file.bytes:,}"
    # Of a large file the Hub tells the SHA-256, of a small one only Git's hash, which is shorter.
    elif file.sha256 is not None and len(about.etag) == 64 and about.etag != file.sha256:
        problem = f"its SHA-256 is {about.etag[:12]}… instead of {file.sha256[:12]}…"
    if problem is not None:
        raise HashMismatch(
            f"{file.label} on the Hub is not the file that the catalogue names: {problem}.",
            "Choose another model: `python -m genapp models list` names them.",
        )


def _download(file: File, url: str, size: int | None, blob: Path, progress: Progress) -> None:
    """The bytes into `blob`, once they are right."""
    part = blob.with_name(f"{blob.name}.incomplete")
    problem: str | None = ""
    for _ in range(TRIES):
        _transfer(url, part, size, progress)
        problem = file.difference(part)
        if problem is None:
            os.replace(part, blob)
            return
        logger.warning("%s came with wrong bytes: %s", file.label, problem)
        part.unlink()
    raise HashMismatch(
        f"{file.label} came {TRIES} times from the Hub, and was not the file that the catalogue "
        f"names: {problem}; it was deleted.",
        "Try again through another network: something on the way may change files. "
        f"{pull_remedy(file)}",
    )


def _transfer(url: str, part: Path, size: int | None, progress: Progress) -> None:
    """The bytes into `part`, with patience; what is in it is not fetched again."""
    if size is None or _length(part) > size:
        part.unlink(missing_ok=True)
    failures, most = 0, _length(part)
    while True:
        try:
            _stream(url, part, size, progress)
        except Exception as error:
            have = _length(part)
            failures = 1 if have > most else failures + 1
            most = max(most, have)
            wait = _wait(error, failures)
            if wait is None:
                raise
            progress(have, size)
            time.sleep(wait)
        else:
            return


def _stream(url: str, part: Path, size: int | None, progress: Progress) -> None:
    """What is missing at the end of `part`, in one request."""
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    have = _length(part)
    if have == size:
        return
    if size is not None and shutil.disk_usage(part.parent).free < size - have:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", url, headers=headers, timeout=timeout) as response:
        hf_raise_for_status(response)
        # Not every server knows ranges: 200 is the whole file.
        with part.open("ab" if response.status_code == 206 else "wb") as out:
            have = out.tell()
            progress(have, size)
            for chunk in response.iter_bytes():
                out.write(chunk)
                have += len(chunk)
                progress(have, size)
    if size is not None and have != size:
        raise _CutOff(f"{have} of {size} bytes")


def _wait(error: Exception, failures: int) -> float | None:
    """Seconds until another try; None if it would be useless, or if there were enough."""
    import httpx2  # The client's HTTP library.
    from huggingface_hub import errors

    if failures > len(WAITS):
        return None
    if isinstance(error, httpx2.TransportError | _CutOff):
        return WAITS[failures - 1]
    if isinstance(error, errors.HfHubHTTPError) and error.response.status_code in MAY_PASS:
        asked = error.response.headers.get("Retry-After", "")
        wait = max(WAITS[failures - 1], int(asked) if asked.isdecimal() else 0)
        return wait if wait <= LONGEST_WAIT else None
    return None


def _missing(file: File, error: Exception) -> ModelMissing:
    """The error as a sentence and a remedy."""
    import httpx2
    from huggingface_hub import errors

    if isinstance(error, errors.HfHubHTTPError):
        return _refused(file, error)
    if isinstance(error, _CutOff | httpx2.RemoteProtocolError | httpx2.ReadError):
        return ModelMissing(
            f"The transfer of {file.label} broke off.",
            f"{pull_remedy(file)} It goes on from there.",
        )
    if isinstance(error, httpx2.ReadTimeout):
        return ModelMissing(
            f"The Hub sent nothing of {file.label} for too long.",
            "Try again later, or allow it more seconds with HF_HUB_ETAG_TIMEOUT and "
            "HF_HUB_DOWNLOAD_TIMEOUT.",
        )
    if isinstance(error, OSError):
        return _unwritable(file, error)
    return _failed(file)


def _refused(file: File, error: "HfHubHTTPError") -> ModelMissing:
    from huggingface_hub import errors

    status = error.response.status_code
    gone = (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
    )
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
    if status in {401, 403}:
        return ModelMissing(
            f"The Hub does not give you {file.label} (error {status}).",
            f"Run `hf auth login` as somebody who may read {file.repo}.",
        )
    if status == 429:
        return ModelMissing(
            f"The Hub is asked too often from here (error {status}).",
            "Wait some minutes; those who are logged in (`hf auth login`) may ask more often.",
        )
    if status >= 500:
        return ModelMissing(
            f"The Hub has a fault of its own (error {status}).",
            f"Try again later. {pull_remedy(file)}",
        )
    return _failed(file)


def _unwritable(file: File, error: OSError) -> ModelMissing:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        size = "size unknown" if file.bytes is None else f"{file.bytes:,} bytes"
        return ModelMissing(
            f"There is no room for {file.label} ({size}).",
            "Free some disk space, or move the cache with HF_HOME.",
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
        return ModelMissing(
            f"{file.label} cannot be saved: the cache folder cannot be written to.",
            "Name another folder with HF_HOME.",
        )
    return _failed(file)


def _failed(file: File) -> ModelMissing:
    return ModelMissing(
        f"{file.label} is not on this machine and could not be fetched from the Hub.",
        f"Check the network. {pull_remedy(file)}",
    )


def _revision(file: File) -> str:
    return f"commit {file.commit[:7]}" if file.commit else "its newest commit"


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
