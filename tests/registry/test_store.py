"""The store against a stand-in for the Hub on the loopback interface.

The Hub's client reads its settings when it is imported, so each look-up that may reach the
stand-in runs in a process of its own.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from genapp.errors import HashMismatch, ModelMissing
from genapp.registry.catalog import File
from genapp.registry.store import Store

BODY = bytes(range(256)) * 40
COMMIT = "0123456789" * 4
ON_HUB = File(
    model="upscale/tiny.v1",
    sha256=hashlib.sha256(BODY).hexdigest(),
    bytes=len(BODY),
    repo="owner/name",
    commit=COMMIT,
    file="sub/x.onnx",
)
EMBEDDED = replace(ON_HUB, repo=None, commit=None, file=None, path="upscale/x.onnx")


@dataclass
class Hub:
    """What the stand-in does, and what it was asked."""

    body: bytes = BODY
    path: str = f"/owner/name/resolve/{COMMIT}/sub/x.onnx"
    status: int = 200
    error_code: str = ""
    cut_off_after: int | None = None
    requests: list[str] = field(default_factory=list)
    endpoint: str = ""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self.answer(with_body=False)

            def do_GET(self) -> None:
                self.answer(with_body=True)

            def answer(self, *, with_body: bool) -> None:
                hub.requests.append(f"{self.command} {self.path}")
                status = hub.status if self.path == hub.path else 404
                body = hub.body if status == 200 else b""
                self.send_response(status)
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("ETag", f'"{ON_HUB.sha256}"')
                self.send_header("Content-Length", str(len(body)))
                if hub.error_code:
                    self.send_header("X-Error-Code", hub.error_code)
                self.end_headers()
                if with_body:
                    self.wfile.write(body[: hub.cut_off_after])
                    if hub.cut_off_after is not None:
                        self.close_connection = True

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet."""

        return Handler


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), state.handler())
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


LOOK_UP = """
import json, sys
from pathlib import Path
from genapp.errors import UserError
from genapp.registry.catalog import File
from genapp.registry.store import Store
request = json.loads(sys.argv[1])
store = Store(Path(request["weights"]))
try:
    path = getattr(store, request["method"])(File(**request["file"]))
    print(json.dumps({"path": str(path)}))
except UserError as error:
    kind = type(error).__name__
    print(json.dumps({"error": kind, "message": error.message, "remedy": error.remedy}))
"""


def look_up(
    hub: Hub, home: Path, file: File = ON_HUB, method: str = "path", **environment: str
) -> dict[str, Any]:
    """Call a method of a `Store` in a fresh process whose caches are all under `home`."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT") if key in os.environ}
    settings = {
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(home / "hub"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    request = {"weights": str(home), "method": method, "file": asdict(file)}
    done = subprocess.run(
        [sys.executable, "-c", LOOK_UP, json.dumps(request)],
        env=kept | settings | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def files_under(folder: Path) -> list[str]:
    """Names of the models' bytes in the Hub's cache: links, blobs and unfinished parts."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    kept = [path for path in found if {"blobs", "snapshots"} & set(path.parts)]
    return sorted(path.name for path in kept)


# From the Hub --------------------------------------------------------------------------------


def test_fetched_once_then_never_asked_for_again(hub: Hub, tmp_path: Path) -> None:
    first = look_up(hub, tmp_path)
    assert Path(first["path"]).read_bytes() == BODY
    assert f"GET /owner/name/resolve/{COMMIT}/sub/x.onnx" in hub.requests
    hub.requests.clear()
    assert look_up(hub, tmp_path) == first
    assert look_up(hub, tmp_path, HF_HUB_OFFLINE="1") == first
    assert look_up(hub, tmp_path, method="verify") == first
    assert hub.requests == []


def test_same_size_corruption_is_deleted(hub: Hub, tmp_path: Path) -> None:
    hub.body = BODY[:-1] + b"!"
    answer = look_up(hub, tmp_path)
    assert answer["error"] == "HashMismatch"
    assert "owner/name/sub/x.onnx" in answer["message"]
    assert "SHA-256" in answer["message"]
    assert "models pull upscale/tiny.v1" in answer["remedy"]
    assert files_under(tmp_path / "hub") == []
    hub.body = BODY  # The Hub is well again: the next try is a fresh one.
    assert Path(look_up(hub, tmp_path)["path"]).read_bytes() == BODY


def test_other_size_than_the_catalogue(hub: Hub, tmp_path: Path) -> None:
    hub.body = BODY[:-1]
    answer = look_up(hub, tmp_path)
    assert answer["error"] == "HashMismatch"
    assert "10,239 bytes instead of 10,240" in answer["message"]
    assert files_under(tmp_path / "hub") == []


def test_cached_file_changed_afterwards(hub: Hub, tmp_path: Path) -> None:
    path = Path(look_up(hub, tmp_path)["path"])
    blob = path.resolve()
    blob.write_bytes(BODY[::-1])
    os.utime(blob, ns=(1, 1))
    hub.requests.clear()
    assert look_up(hub, tmp_path)["error"] == "HashMismatch"
    assert files_under(tmp_path / "hub") == []
    assert hub.requests == []


def test_cut_off_transfer(hub: Hub, tmp_path: Path) -> None:
    hub.cut_off_after = 1000
    answer = look_up(hub, tmp_path)
    assert answer["error"] == "ModelMissing"
    assert "could not be fetched" in answer["message"]
    assert files_under(tmp_path / "hub") == []


GONE = "no longer on the Hub at commit 0123456"
TERMS = "accept their terms"
FAILED = "could not be fetched"
REMEDIES = {GONE: "models list", TERMS: "hf auth login", FAILED: "Check the network"}


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "EntryNotFound", GONE),
        (404, "RevisionNotFound", GONE),
        (404, "", FAILED),
        (401, "RepoNotFound", GONE),
        (401, "GatedRepo", TERMS),
        (403, "GatedRepo", TERMS),
        (403, "", FAILED),
    ],
)
def test_refused_by_the_hub(hub: Hub, tmp_path: Path, status: int, code: str, message: str) -> None:
    hub.status, hub.error_code = status, code
    answer = look_up(hub, tmp_path)
    assert answer["error"] == "ModelMissing"
    assert message in answer["message"]
    assert REMEDIES[message] in answer["remedy"]


def test_nobody_answers(hub: Hub, tmp_path: Path) -> None:
    answer = look_up(hub, tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert answer["error"] == "ModelMissing"
    assert "could not be fetched" in answer["message"]
    assert "models pull upscale/tiny.v1" in answer["remedy"]


def test_offline(hub: Hub, tmp_path: Path) -> None:
    answer = look_up(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert answer["error"] == "ModelMissing"
    assert "fetching is switched off" in answer["message"]
    assert "Run `python -m genapp models pull upscale/tiny.v1` with a network." in answer["remedy"]
    assert hub.requests == []


def test_cache_that_cannot_be_written(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hub").write_text("a file where the cache should be")
    answer = look_up(hub, tmp_path)
    assert answer["error"] == "ModelMissing"
    assert "cannot be saved" in answer["message"]
    assert "HF_HOME" in answer["remedy"]


def test_verify_never_fetches(hub: Hub, tmp_path: Path) -> None:
    answer = look_up(hub, tmp_path, method="verify")
    assert answer["error"] == "ModelMissing"
    assert "models pull" in answer["remedy"]
    assert hub.requests == []


def test_find_never_fetches(hub: Hub, tmp_path: Path) -> None:
    assert look_up(hub, tmp_path, method="find") == {"path": "None"}
    assert hub.requests == []


# In the weights folder -----------------------------------------------------------------------


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights" / "upscale" / "x.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY)
    return tmp_path / "weights"


def test_embedded(weights: Path, tmp_path: Path) -> None:
    store = Store(weights, stamps=tmp_path / "deep" / "checked.json")
    assert store.find(EMBEDDED) == weights / "upscale" / "x.onnx"
    assert store.path(EMBEDDED) == weights / "upscale" / "x.onnx"
    assert store.verify(EMBEDDED) == weights / "upscale" / "x.onnx"


def test_embedded_missing(tmp_path: Path) -> None:
    store = Store(tmp_path, stamps=tmp_path / "checked.json")
    assert store.find(EMBEDDED) is None
    for look in (store.path, store.verify):
        with pytest.raises(ModelMissing, match=r"upscale/x\.onnx") as caught:
            look(EMBEDDED)
        assert "git checkout -- weights" in caught.value.remedy


def test_embedded_corruption_is_reported_and_kept(weights: Path, tmp_path: Path) -> None:
    path = weights / "upscale" / "x.onnx"
    store = Store(weights, stamps=tmp_path / "checked.json")
    for wrong in (BODY[::-1], BODY[:-1]):
        path.write_bytes(wrong)
        with pytest.raises(HashMismatch, match=r"upscale/x\.onnx"):
            store.path(EMBEDDED)
        assert path.read_bytes() == wrong


def hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by one each time that a file is hashed."""
    calls: list[int] = []
    real = hashlib.file_digest

    def counted(stream: Any, name: str) -> Any:  # noqa: ANN401
        calls.append(1)
        return real(stream, name)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    return calls


def test_hashed_once_then_trusted(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = hashes(monkeypatch)
    stamps = tmp_path / "checked.json"
    for _ in range(3):
        Store(weights, stamps=stamps).path(EMBEDDED)
    assert len(calls) == 1
    Store(weights, stamps=stamps).verify(EMBEDDED)
    assert len(calls) == 2


def test_stamp_does_not_vouch_for_other_bytes(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = hashes(monkeypatch)
    store = Store(weights, stamps=tmp_path / "checked.json")
    path = store.path(EMBEDDED)
    # A new time of change, and a catalogue that names other bytes: each is looked at again.
    os.utime(path, ns=(1, 1))
    store.path(EMBEDDED)
    assert len(calls) == 2
    with pytest.raises(HashMismatch):
        store.path(replace(EMBEDDED, sha256="0" * 64))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": 1}', "\x00\xff"])
def test_damaged_stamps_are_ignored(weights: Path, tmp_path: Path, text: str) -> None:
    stamps = tmp_path / "checked.json"
    stamps.write_bytes(text.encode("latin-1"))
    store = Store(weights, stamps=stamps)
    assert store.path(EMBEDDED).is_file()
    assert str(store.path(EMBEDDED)) in json.loads(stamps.read_bytes())


def test_stamps_that_cannot_be_kept(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = hashes(monkeypatch)
    (tmp_path / "file").touch()
    store = Store(weights, stamps=tmp_path / "file" / "checked.json")
    assert store.path(EMBEDDED).is_file()
    assert store.path(EMBEDDED).is_file()
    assert len(calls) == 2


def test_no_home_folder(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert Store(weights).path(EMBEDDED).is_file()


def test_many_threads_share_one_store(weights: Path, tmp_path: Path) -> None:
    files = []
    for number in range(8):
        (weights / f"{number}.onnx").write_bytes(BODY)
        files.append(replace(EMBEDDED, path=f"{number}.onnx"))
    stamps = tmp_path / "checked.json"
    store = Store(weights, stamps=stamps)
    threads = [threading.Thread(target=store.path, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads(stamps.read_bytes())) == 8
