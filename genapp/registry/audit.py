"""Whether the Hub still has what the catalogue names: asked about each file, without fetching it.

One HEAD request a file tells its commit, its size and, of large files, its SHA-256.
"""

# The Hub's client takes a while to import, and nothing but an audit needs it here.
# ruff: noqa: PLC0415

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from genapp.errors import BadValue, ModelMissing
from genapp.registry.catalog import SHA256, File, Model

Status = Literal["same", "unpinned", "differs", "gone", "refused", "unreachable"]
"""All that the catalogue knows is so; so is what it knows, but that makes no pin; something is
otherwise; the file, its commit or its repository is no longer there; the Hub does not tell; it did
not answer."""
FINE = ("same", "unpinned")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pin:
    """What tells a file from any others. None: not known, or not told."""

    commit: str | None = None
    bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Finding:
    """What the Hub says of a file.

    Attributes:
        file: the catalogue's.
        status: the verdict.
        found: what the Hub tells of it.
        problems: a sentence for each difference, or one on why there is no answer.
    """

    file: File
    status: Status
    found: Pin
    problems: tuple[str, ...] = ()

    @property
    def expected(self) -> Pin:
        """What the catalogue tells of it."""
        return Pin(self.file.commit, self.file.bytes, self.file.sha256)


def audit(
    models: Iterable[Model],
    *,
    endpoint: str | None = None,
    progress: Callable[[File], None] | None = None,
) -> tuple[Finding, ...]:
    """Ask the Hub about each file of the models that is there.

    Args:
        models: embedded ones have nothing to ask about.
        endpoint: address of the Hub; None: the client's own (`HF_ENDPOINT`).
        progress: told each file before it is asked about.

    Raises:
        BadValue: the client is not to use the network.
        ModelMissing: nobody answers at the first file, so that the others need not be waited for.
    """
    from huggingface_hub import constants

    if constants.is_offline_mode():
        raise BadValue(
            "The Hub cannot be asked: HF_HUB_OFFLINE=1 forbids it.", "Unset it, with a network."
        )
    found: list[Finding] = []
    for file in (file for model in models for file in model.files if file.path is None):
        if progress is not None:
            progress(file)
        found.append(_finding(file, endpoint))
        if len(found) == 1 and found[0].status == "unreachable":
            raise ModelMissing(
                f"The Hub does not answer at {endpoint or constants.ENDPOINT}.",
                "Check the network, and HF_ENDPOINT if it is set.",
            )
    return tuple(found)


def _finding(file: File, endpoint: str | None) -> Finding:
    import huggingface_hub as client
    from huggingface_hub import constants, errors

    gone = (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
    )
    url = client.hf_hub_url(str(file.repo), str(file.file), revision=file.commit, endpoint=endpoint)
    try:
        told = client.get_hf_file_metadata(
            url, timeout=constants.HF_HUB_ETAG_TIMEOUT, endpoint=endpoint
        )
    except errors.GatedRepoError:
        return Finding(file, "refused", Pin(), ("Its owner asks to accept their terms first.",))
    except gone:
        return Finding(file, "gone", Pin(), ("It is no longer on the Hub.",))
    except errors.HfHubHTTPError as error:
        code = error.response.status_code
        return Finding(file, "refused", Pin(), (f"The Hub answers with error {code}.",))
    # The errors of the client's HTTP library, whose types change from release to release.
    except Exception:
        logger.debug("asking about %s failed", file.label, exc_info=True)
        return Finding(file, "unreachable", Pin(), ("The Hub did not answer.",))
    # Of a small file the Hub tells only Git's hash of it, which is shorter.
    etag = told.etag if told.etag and SHA256.fullmatch(told.etag) else None
    found = Pin(told.commit_hash, told.size, etag)
    problems = tuple(_differences(Pin(file.commit, file.bytes, file.sha256), found))
    if problems:
        return Finding(file, "differs", found, problems)
    return Finding(file, "same" if file.pinned else "unpinned", found)


def _differences(expected: Pin, found: Pin) -> Iterable[str]:
    if found.commit is None:
        yield "The answer names no commit: it does not come from a Hub."
    elif expected.commit not in (None, found.commit):
        yield f"Its commit is {found.commit} instead of {expected.commit}."
    if None not in (expected.bytes, found.bytes) and expected.bytes != found.bytes:
        yield f"It has {found.bytes:,} bytes instead of {expected.bytes:,}."
    if None not in (expected.sha256, found.sha256) and expected.sha256 != found.sha256:
        yield f"Its SHA-256 is {found.sha256} instead of {expected.sha256}."
