"""`python -m genapp models audit`, with a stand-in for the Hub."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.command import fails, run
from tests.hub import COMMIT, Hub

BODY = b"a model"
ENTRY = """
[[model]]
name = "test/{name}.v1"
summary = "Some data."
engine = "data"
license = "MIT"
commercial = true
source = "this test"
training_data = "none"
[[model.file]]
{where}
"""


@pytest.fixture(autouse=True)
def catalogue(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedded model, a pinned one and one that is not."""
    hub.files = {"owner/name/x.npz": BODY, "owner/name/y.npz": BODY}
    pin = f'commit = "{COMMIT}"\nsha256 = "{sha256(BODY).hexdigest()}"\nbytes = {len(BODY)}'
    files = {
        "here": f'path = "x.npz"\nsha256 = "{sha256(BODY).hexdigest()}"\nbytes = {len(BODY)}',
        "sure": f'repo = "owner/name"\nfile = "x.npz"\nconfidence = "A"\n{pin}',
        "loose": 'repo = "owner/name"\nfile = "y.npz"\nconfidence = "C"',
    }
    text = "".join(ENTRY.format(name=name, where=where) for name, where in files.items())
    (tmp_path / "catalog.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("GENAPP_WEIGHTS", str(tmp_path))
    hub.use(monkeypatch, tmp_path)


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "audit") == 0
    captured = capsys.readouterr()
    head, *rows = captured.out.splitlines()
    assert head.split() == ["NAME", "CONFIDENCE", "COMMIT", "SIZE", "SHA-256", "VERDICT"]
    assert rows[0].split() == ["test/sure.v1", "A", "same", "same", "same", "same"]
    assert rows[1].split() == ["test/loose.v1", "C", "?", "?", "?", "unpinned"]
    hash_ = sha256(BODY).hexdigest()
    assert f"the Hub has commit {COMMIT}, 7 bytes, SHA-256 {hash_}." in rows[2]
    assert rows[3] == "2 files asked about: 1 as the catalogue says, 1 not pinned, 0 otherwise."
    assert captured.err.count("asking about") == 2


def test_difference(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.files["owner/name/x.npz"] = b"another"
    assert run("models", "audit", "test/sure.v1") == 1
    _, row, problem, _ = capsys.readouterr().out.splitlines()
    assert row.split() == ["test/sure.v1", "A", "same", "same", "DIFFERS", "differs"]
    assert f"Its SHA-256 is {sha256(b'another').hexdigest()} instead of" in problem


def test_json(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    del hub.files["owner/name/x.npz"]
    assert run("models", "audit", "--json") == 1
    gone, loose = json.loads(capsys.readouterr().out)["files"]
    assert (gone["name"], gone["repo"], gone["file"]) == ("test/sure.v1", "owner/name", "x.npz")
    assert (gone["status"], gone["expected"]["bytes"]) == ("gone", len(BODY))
    assert gone["found"] == {"commit": None, "bytes": None, "sha256": None}
    assert gone["problems"] == ["It is no longer on the Hub."]
    assert (loose["status"], loose["found"]["commit"]) == ("unpinned", COMMIT)


def test_offline(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE=1" in fails(capsys, "models", "audit")
    assert hub.requests == []


def test_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean test/sure.v1" in fails(capsys, "models", "audit", "test/sur.v1")
