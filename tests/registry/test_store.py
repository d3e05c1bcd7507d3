"""The store: embedded files, the stamps that spare a hash, and files that were fetched before.

How files are fetched is in `test_hub.py`.
"""

import hashlib
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genapp.errors import HashMismatch, ModelMissing
from genapp.registry.catalog import File
from genapp.registry.store import Store

BODY = bytes(range(256)) * 40
EMBEDDED = File(
    model="upscale/tiny.v1",
    sha256=hashlib.sha256(BODY).hexdigest(),
    bytes=len(BODY),
    path="upscale/x.onnx",
)


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
