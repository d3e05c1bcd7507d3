"""A stand-in for the Hub on the loopback interface, with as much of it as the client asks for.

Large files are kept elsewhere: the Hub tells of them (X-Repo-Commit, X-Linked-Etag, X-Linked-Size)
and sends the client on to another origin, here a second port. Everything that can go wrong on the
way is a field of `Hub`; tests set them as they go. The fixture `hub` is in `conftest.py`.
"""

import hashlib
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "0123456789" * 4
RESOLVE = re.compile(r"/([\w.-]+/[\w.-]+)/resolve/([\w.-]+)/(.+)")


@dataclass(frozen=True)
class Request:
    """What was asked: of the Hub (`at` is "hub"), or of where it keeps large files ("store")."""

    method: str
    at: str
    path: str
    range: str | None
    authorization: str | None


@dataclass
class Hub:
    """What the stand-in has and does, and what it was asked.

    Attributes:
        files: their bytes, by "owner/name/path".
        status: of all answers of the Hub itself.
        store_status: of all answers of the other origin.
        error_code: tells why, in X-Error-Code.
        retry_after: seconds, in Retry-After.
        recovers_after: so many bad answers, and all is well; None: it stays bad.
        corrupted: so many transfers bring wrong bytes, in the right number.
        other_bytes: what is sent instead of any file, and told of it.
        cut_off_after: connections are closed after so many bytes of a body.
        silent_after: nothing comes after so many bytes, until the Hub is closed; 0: no answer.
        held_until: no bytes come before so many HEAD requests did.
        knows_ranges: whether the rest of a file can be asked for.
        is_large: files are kept at the other origin.
        names_commit: false if something else answers, such as a proxy.
        etag: what is told instead of a large file's hash.
        requests: so far.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    store_status: int = 200
    error_code: str = ""
    retry_after: int | None = None
    recovers_after: int | None = None
    corrupted: int = 0
    other_bytes: bytes | None = None
    cut_off_after: int | None = None
    silent_after: int | None = None
    held_until: int = 0
    knows_ranges: bool = True
    is_large: bool = True
    names_commit: bool = True
    etag: str | None = None
    requests: list[Request] = field(default_factory=list)
    endpoint: str = ""
    store: str = ""
    closed: threading.Event = field(default_factory=threading.Event)
    started_silence: threading.Event = field(default_factory=threading.Event)

    @property
    def transfers(self) -> list[Request]:
        """Requests for the bytes of a file."""
        at = "store" if self.is_large else "hub"
        return [asked for asked in self.requests if asked.method == "GET" and asked.at == at]

    @property
    def heads(self) -> int:
        return sum(asked.method == "HEAD" for asked in self.requests)

    def environment(self, home: Path) -> dict[str, str]:
        """Of a process that knows this Hub alone, and whose caches are all under `home`.

        The Hub's client reads it when it is imported.
        """
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT") if key in os.environ}
        return kept | {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home / "hub"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "XDG_CACHE_HOME": str(home / "cache"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def use(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        """The same for this process."""
        from huggingface_hub import constants

        template = f"{self.endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        for name, value in {
            "ENDPOINT": self.endpoint,
            "HUGGINGFACE_CO_URL_TEMPLATE": template,
            "HF_HOME": str(home / "hub"),
            "HF_HUB_CACHE": str(home / "hub" / "hub"),
            "HF_HUB_DISABLE_TELEMETRY": True,
            "HF_HUB_OFFLINE": False,
        }.items():
            monkeypatch.setattr(constants, name, value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))

    def told(self, body: bytes) -> bytes:
        """What the Hub believes to have."""
        return body if self.other_bytes is None else self.other_bytes

    def status_at(self, at: str) -> int:
        """The next answer's; counts down the bad ones."""
        status = self.status if at == "hub" else self.store_status
        if status == 200 or self.recovers_after is None:
            return status
        self.recovers_after -= 1
        return status if self.recovers_after >= 0 else 200


@contextmanager
def running() -> Iterator[Hub]:
    """A Hub, and the origin where it keeps large files, for the time of the block."""
    hub = Hub()
    with ExitStack() as stack:
        hub.endpoint = stack.enter_context(_served(hub, "hub"))
        hub.store = stack.enter_context(_served(hub, "store"))
        stack.callback(hub.closed.set)
        yield hub


@contextmanager
def _served(hub: Hub, at: str) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub, at))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(hub: Hub, at: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            asked = self.headers.get("Range"), self.headers.get("Authorization")
            hub.requests.append(Request(self.command, at, self.path, *asked))
            if hub.silent_after == 0:
                self.fall_silent()
                return
            status = hub.status_at(at)
            if status != 200:
                self.refuse(status, hub.error_code)
            elif at == "store":
                self.send_file(hub.files[self.path.removeprefix("/")])
            else:
                self.resolve()

        def resolve(self) -> None:
            parts = RESOLVE.fullmatch(self.path)
            if parts is None:
                self.refuse(404)
                return
            repo, revision, file = parts.groups()
            body = hub.files.get(f"{repo}/{file}")
            if body is None:
                known = any(name.startswith(f"{repo}/") for name in hub.files)
                self.refuse(404 if known else 401, "EntryNotFound" if known else "RepoNotFound")
            elif revision not in {COMMIT, "main"}:
                self.refuse(404, "RevisionNotFound")
            elif hub.is_large:
                self.send_on(f"{repo}/{file}", body)
            else:
                self.send_file(body)

        def send_on(self, name: str, body: bytes) -> None:
            self.send_response(302)
            if hub.names_commit:
                self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Location", f"{hub.store}/{name}")
            etag = hub.etag or hashlib.sha256(hub.told(body)).hexdigest()
            self.send_header("X-Linked-Etag", f'"{etag}"')
            self.send_header("X-Linked-Size", str(len(hub.told(body))))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_file(self, body: bytes) -> None:
            body = hub.told(body)
            blob = b"blob %d\0" % len(body) + body
            etag = hashlib.sha256(body) if at == "store" else hashlib.sha1(blob)
            if hub.corrupted and self.command == "GET":
                hub.corrupted -= 1
                body = bytes(255 - value for value in body)
            first = int((self.headers.get("Range") or "bytes=0-")[len("bytes=") : -1])
            if not hub.knows_ranges:
                first = 0
            if first and first >= len(body):
                self.refuse(416)
                return
            self.send_response(206 if first else 200)
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
            if hub.names_commit and at == "hub":
                self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{etag.hexdigest()}"')
            self.send_header("Content-Length", str(len(body) - first))
            self.end_headers()
            if self.command == "GET":
                self.send_body(body[first:])

        def send_body(self, body: bytes) -> None:
            while hub.heads < hub.held_until and not hub.closed.wait(0.05):
                pass
            self.wfile.write(body[: hub.cut_off_after or hub.silent_after])
            if hub.cut_off_after is not None:
                self.close_connection = True
            if hub.silent_after is not None:
                self.fall_silent()

        def fall_silent(self) -> None:
            self.wfile.flush()
            hub.started_silence.set()
            hub.closed.wait(60)
            self.close_connection = True

        def refuse(self, status: int, code: str = "") -> None:
            self.send_response(status)
            if hub.names_commit:
                self.send_header("X-Repo-Commit", COMMIT)
            if code:
                self.send_header("X-Error-Code", code)
            if hub.retry_after is not None:
                self.send_header("Retry-After", str(hub.retry_after))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    return Handler
