"""Fetching, through the Hub's real client, from a stand-in for the Hub: all that can go wrong."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from genapp.errors import Cancelled, HashMismatch, ModelMissing, UserError
from genapp.registry.catalog import File, load
from genapp.registry.hub import Progress
from genapp.registry.store import Store
from tests.hub import COMMIT, Hub

NAME = "owner/name/sub/x.onnx"
# Some times what a socket holds, so that a transfer takes several looks.
BODY = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(60_000))
FILE = File(
    model="upscale/tiny.v1",
    sha256=hashlib.sha256(BODY).hexdigest(),
    bytes=len(BODY),
    repo="owner/name",
    commit=COMMIT,
    file="sub/x.onnx",
)
PULL = "Run `python -m genapp models pull upscale/tiny.v1` with a network."


@pytest.fixture
def store(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    hub.files[NAME] = BODY
    hub.use(monkeypatch, tmp_path)
    return Store(tmp_path)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it would have waited before each other try."""
    waits: list[float] = []
    monkeypatch.setattr("genapp.registry.hub.time", SimpleNamespace(sleep=waits.append))
    return waits


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub that is silent for long is given up soon."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_ETAG_TIMEOUT", 0.3)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.3)


def kept(home: Path) -> list[str]:
    """Names of the models' bytes in the Hub's cache: links, blobs and unfinished parts."""
    found = [path for path in home.rglob("*") if path.is_symlink() or path.is_file()]
    return sorted(path.name for path in found if {"blobs", "snapshots"} & set(path.parts))


def part(home: Path) -> Path:
    """Where the bytes come in."""
    folder = home / "hub" / "hub" / "models--owner--name" / "blobs"
    return folder / f"{FILE.sha256}.incomplete"


def length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def error_of(store: Store, file: File = FILE) -> UserError:
    with pytest.raises((ModelMissing, HashMismatch)) as caught:
        store.path(file)
    return caught.value


# As it should be -----------------------------------------------------------------------------


def test_fetched_once_then_never_asked_for_again(
    store: Store, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.find(FILE) is None
    assert hub.requests == []
    path = store.path(FILE)
    assert path.read_bytes() == BODY
    assert path.match(f"models--owner--name/snapshots/{COMMIT}/sub/x.onnx")
    assert len(hub.transfers) == 1
    assert kept(tmp_path) == [str(FILE.sha256), "x.onnx"]
    hub.requests.clear()
    assert (store.path(FILE), store.verify(FILE), store.find(FILE)) == (path, path, path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert Store(tmp_path).path(FILE) == path
    assert hub.requests == []


def test_progress_of_a_whole_model(store: Store, hub: Hub) -> None:
    second = b"more" * 50_000
    hub.files["owner/name/y.bin"] = second
    more = replace(FILE, file="y.bin", bytes=len(second), sha256=hashlib.sha256(second).hexdigest())
    model = replace(load().models[0], files=(FILE, more))
    told: list[tuple[int, int | None]] = []
    paths = store.fetch(model, lambda here, whole: told.append((here, whole)))
    assert [path.read_bytes() for path in paths] == [BODY, second]
    assert {whole for _, whole in told} == {len(BODY) + len(second)}
    here = [here for here, _ in told]
    assert here == sorted(here)
    assert (here[0], here[-1]) == (0, len(BODY) + len(second))
    assert len(set(here)) > 4
    told.clear()
    assert store.fetch(model, lambda here, whole: told.append((here, whole))) == paths
    assert told == []


def test_a_store_shows_what_nobody_else_does(store: Store, hub: Hub, tmp_path: Path) -> None:
    """While something is fetched, and only then."""
    opened: list[str] = []
    told: list[int] = []

    @contextmanager
    def transfers(name: str) -> Iterator[Progress]:
        opened.append(name)
        yield lambda here, _: told.append(here)

    showing = Store(tmp_path, transfers=transfers)
    showing.path(FILE)
    showing.path(FILE)
    assert opened == ["upscale/tiny.v1"]
    assert told[-1] == len(BODY)


def test_a_token_is_for_the_hub_alone(
    store: Store, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    store.path(FILE)
    by_place = {asked.at: asked.authorization for asked in hub.requests}
    assert by_place == {"hub": "Bearer hf_secret", "store": None}


def test_a_small_file_is_kept_at_the_hub_itself(store: Store, hub: Hub) -> None:
    hub.is_large = False
    assert store.path(FILE).read_bytes() == BODY
    assert {asked.at for asked in hub.requests} == {"hub"}


def test_the_newest_commit_of_what_is_not_pinned(store: Store, hub: Hub, tmp_path: Path) -> None:
    loose = replace(FILE, commit=None, sha256=None, bytes=None)
    assert "GENAPP_ALLOW_UNPINNED" in error_of(store, loose).remedy
    assert hub.requests == []
    trusting = Store(tmp_path, allow_unpinned=True)
    assert trusting.path(loose).read_bytes() == BODY
    assert trusting.find(loose) is not None


def test_verify_never_fetches(store: Store, hub: Hub) -> None:
    with pytest.raises(ModelMissing) as caught:
        store.verify(FILE)
    assert caught.value.remedy == PULL
    assert hub.requests == []


def test_offline(store: Store, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for asked in (store, Store(tmp_path, offline=True)):
        error = error_of(asked)
        assert "fetching is switched off" in error.message
        assert error.remedy == PULL
    assert hub.requests == []


# Wrong bytes ---------------------------------------------------------------------------------


def test_wrong_bytes_are_deleted_and_fetched_again(store: Store, hub: Hub, tmp_path: Path) -> None:
    hub.corrupted = 1
    assert store.path(FILE).read_bytes() == BODY
    assert len(hub.transfers) == 2
    assert kept(tmp_path) == [str(FILE.sha256), "x.onnx"]


def test_wrong_bytes_again(store: Store, hub: Hub, tmp_path: Path) -> None:
    hub.corrupted = 9
    error = error_of(store)
    assert isinstance(error, HashMismatch)
    assert "owner/name/sub/x.onnx came 2 times" in error.message
    assert "SHA-256" in error.message
    assert PULL in error.remedy
    assert len(hub.transfers) == 2
    assert kept(tmp_path) == []
    hub.corrupted = 0  # All is well again: the next try is a fresh one.
    assert store.path(FILE).read_bytes() == BODY


@pytest.mark.parametrize(
    ("body", "words"), [(BODY[:-1], "bytes instead of 1,920,000"), (BODY[::-1], "SHA-256")]
)
def test_what_the_hub_has_is_something_else(
    store: Store, hub: Hub, tmp_path: Path, body: bytes, words: str
) -> None:
    hub.other_bytes = body
    error = error_of(store)
    assert isinstance(error, HashMismatch)
    assert words in error.message
    assert "models list" in error.remedy
    assert hub.transfers == []
    assert kept(tmp_path) == []


def test_bytes_that_were_changed_in_the_cache(store: Store, hub: Hub, tmp_path: Path) -> None:
    blob = store.path(FILE).resolve()
    blob.write_bytes(BODY[::-1])
    os.utime(blob, ns=(1, 1))
    hub.requests.clear()
    assert isinstance(error_of(store), HashMismatch)
    assert kept(tmp_path) == []
    assert hub.requests == []
    assert store.path(FILE).read_bytes() == BODY


# Transfers that end too soon -----------------------------------------------------------------


def test_cut_off_and_gone_on_with(store: Store, hub: Hub, waits: list[float]) -> None:
    hub.cut_off_after = 800_000
    assert store.path(FILE).read_bytes() == BODY
    assert [asked.range for asked in hub.transfers] == [
        None,
        "bytes=800000-",
        "bytes=1600000-",
    ]
    assert waits == [1, 1]


def test_cut_off_by_a_server_that_knows_no_ranges(
    store: Store, hub: Hub, waits: list[float], tmp_path: Path
) -> None:
    hub.cut_off_after, hub.knows_ranges = 800_000, False
    error = error_of(store)
    assert "broke off" in error.message
    assert "goes on from there" in error.remedy
    assert waits == [1, 2, 4]
    assert len(hub.transfers) == 4
    assert kept(tmp_path) == [part(tmp_path).name]
    hub.cut_off_after = None
    assert store.path(FILE).read_bytes() == BODY


def test_stopped_by_the_user(store: Store, hub: Hub, tmp_path: Path) -> None:
    def stop(here: int, _: int | None) -> None:
        if here > 500_000:
            raise Cancelled("Stopped.", "Start again.")

    with pytest.raises(Cancelled):
        store.path(FILE, stop)
    begun = part(tmp_path).stat().st_size
    assert 500_000 < begun < len(BODY)
    assert store.path(FILE).read_bytes() == BODY
    assert hub.transfers[-1].range == f"bytes={begun}-"


LOOK_UP = """
import json, sys
from pathlib import Path
from genapp.errors import UserError
from genapp.registry.catalog import File
from genapp.registry.store import Store
print("ready", flush=True)
try:
    print(Store(Path.cwd()).path(File(**json.loads(sys.argv[1]))))
except UserError as error:
    print(error)
"""


def look_up(hub: Hub, home: Path) -> subprocess.Popen[str]:
    """Somebody else who wants the file."""
    return subprocess.Popen(
        [sys.executable, "-c", LOOK_UP, json.dumps(asdict(FILE))],
        env=hub.environment(home),
        cwd=home,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_process_that_was_killed_is_gone_on_with(store: Store, hub: Hub, tmp_path: Path) -> None:
    hub.silent_after = 900_000
    with look_up(hub, tmp_path) as process:
        assert hub.started_silence.wait(120)
        deadline = time.monotonic() + 60
        while length(part(tmp_path)) < 800_000 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    begun = part(tmp_path).stat().st_size
    assert 800_000 <= begun <= 900_000
    hub.silent_after = None
    assert store.path(FILE).read_bytes() == BODY
    assert hub.transfers[-1].range == f"bytes={begun}-"
    assert kept(tmp_path) == [str(FILE.sha256), "x.onnx"]


def test_two_processes_at_once(hub: Hub, tmp_path: Path) -> None:
    hub.files[NAME] = BODY
    hub.held_until = 2
    processes = [look_up(hub, tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=240)[0].splitlines()[-1] for process in processes]
    assert said[0] == said[1]
    assert Path(said[0]).read_bytes() == BODY
    assert len(hub.transfers) == 1


def test_several_threads_at_once(store: Store, hub: Hub) -> None:
    hub.held_until = 3
    with ThreadPoolExecutor(3) as pool:
        paths = set(pool.map(store.path, [FILE] * 3))
    assert len(paths) == 1
    assert len(hub.transfers) == 1


# Refusals ------------------------------------------------------------------------------------

GONE = "no longer on the Hub at commit 0123456"
TERMS = "accept their terms"
REFUSED = "does not give you"
FAILED = "could not be fetched"
REMEDIES = {
    GONE: "models list",
    TERMS: "hf auth login",
    REFUSED: "hf auth login",
    FAILED: "Check the network",
}


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "EntryNotFound", GONE),
        (404, "RevisionNotFound", GONE),
        (404, "", FAILED),
        (401, "RepoNotFound", GONE),
        (401, "GatedRepo", TERMS),
        (403, "GatedRepo", TERMS),
        (403, "", REFUSED),
    ],
)
def test_refused_by_the_hub(
    store: Store, hub: Hub, tmp_path: Path, status: int, code: str, message: str
) -> None:
    hub.status, hub.error_code = status, code
    error = error_of(store)
    assert message in error.message
    assert REMEDIES[message] in error.remedy
    assert len(hub.requests) == 1
    assert kept(tmp_path) == []


def test_not_there(store: Store, hub: Hub) -> None:
    """As the stand-in finds out by itself."""
    for other in (
        replace(FILE, file="z.onnx"),
        replace(FILE, repo="nobody/name"),
        replace(FILE, commit="f" * 40),
    ):
        assert "no longer on the Hub" in error_of(store, other).message


@pytest.mark.parametrize("at", ["status", "store_status"])
@pytest.mark.parametrize(("status", "words"), [(429, "too often"), (503, "a fault of its own")])
def test_asked_again_when_it_may_pass(
    store: Store, hub: Hub, waits: list[float], at: str, status: int, words: str
) -> None:
    setattr(hub, at, status)
    error = error_of(store)
    assert words in error.message
    assert f"error {status}" in error.message
    assert "ait some minutes" in error.remedy or "again later" in error.remedy
    assert waits == [1, 2, 4]
    hub.recovers_after = 2
    assert store.path(FILE).read_bytes() == BODY


def test_waits_as_long_as_it_is_asked_to(store: Store, hub: Hub, waits: list[float]) -> None:
    hub.status, hub.retry_after, hub.recovers_after = 429, 7, 1
    assert store.path(FILE).read_bytes() == BODY
    assert waits == [7]


def test_does_not_wait_for_an_hour(store: Store, hub: Hub, waits: list[float]) -> None:
    hub.status, hub.retry_after = 429, 3600
    assert "too often" in error_of(store).message
    assert waits == []


@pytest.mark.usefixtures("impatient")
def test_no_answer(store: Store, hub: Hub) -> None:
    hub.silent_after = 0
    error = error_of(store)
    assert "sent nothing" in error.message
    assert "HF_HUB_DOWNLOAD_TIMEOUT" in error.remedy


@pytest.mark.usefixtures("impatient")
def test_falls_silent(store: Store, hub: Hub, waits: list[float]) -> None:
    hub.silent_after, hub.knows_ranges = 700_000, False
    assert "sent nothing" in error_of(store).message
    hub.knows_ranges = True
    assert store.path(FILE).read_bytes() == BODY


def test_nobody_answers(store: Store, hub: Hub, tmp_path: Path, waits: list[float]) -> None:
    error = error_of(Store(tmp_path, endpoint="http://127.0.0.1:9"))
    assert FAILED in error.message
    assert PULL in error.remedy
    assert waits == []


@pytest.mark.parametrize(("names_commit", "etag"), [(False, None), (True, "../../name")])
def test_what_answers_is_not_the_hub(
    store: Store, hub: Hub, tmp_path: Path, names_commit: bool, etag: str | None
) -> None:
    hub.names_commit, hub.etag = names_commit, etag
    error = error_of(store)
    assert kept(tmp_path) == []
    assert "is not the Hub" in error.message
    assert "HF_ENDPOINT" in error.remedy
    assert hub.transfers == []


# The disk ------------------------------------------------------------------------------------


def test_too_little_room(
    store: Store, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**9, 10**9, len(BODY) - 1))
    error = error_of(store)
    assert error.message == "There is no room for owner/name/sub/x.onnx (1,920,000 bytes)."
    assert "HF_HOME" in error.remedy
    assert hub.transfers == []
    assert kept(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_full_in_the_middle(store: Store, tmp_path: Path) -> None:
    part(tmp_path).parent.mkdir(parents=True)
    part(tmp_path).symlink_to("/dev/full")
    assert "There is no room" in error_of(store).message


def test_a_file_where_the_cache_should_be(store: Store, tmp_path: Path) -> None:
    (tmp_path / "hub").write_text("a file")
    error = error_of(store)
    assert "cannot be saved" in error.message
    assert "HF_HOME" in error.remedy


def test_a_cache_that_cannot_be_written(
    store: Store, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated, for permissions do not hold root back. What is in it can be used."""

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", read_only)
        error = error_of(store)
    assert "the cache folder cannot be written to" in error.message
    assert "HF_HOME" in error.remedy
    path = store.path(FILE)
    (tmp_path / "cache" / "genapp" / "checked.json").unlink()
    hub.requests.clear()
    for name in ("genapp.registry.store.write_atomic", "pathlib.Path.mkdir", "os.makedirs"):
        monkeypatch.setattr(name, read_only)
    assert Store(tmp_path).path(FILE) == path
    assert hub.requests == []
