"""`python -m genapp models`."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from genapp.cli.networks import open_engines
from tests.cli.command import fails, run
from tests.hub import COMMIT, Hub


def catalogue_entry(name: str, data: bytes, license: str, where: str) -> str:
    return f"""
    [[model]]
    name = "{name}"
    summary = "Some data."
    engine = "data"
    license = "{license}"
    commercial = {str(license != "CC-BY-NC-4.0").lower()}
    source = "this test"
    training_data = "none"
    [[model.file]]
    {where}
    sha256 = "{sha256(data).hexdigest()}"
    bytes = {len(data)}
    [[model.measure]]
    what = "Length"
    value = {len(data)}
    unit = "bytes"
    command = "wc -c"
    """


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two embedded models, and one on a Hub that must not be asked."""
    folder = tmp_path / "weights"
    folder.mkdir()
    on_hub = f'repo = "owner/name"\ncommit = "{COMMIT}"\nfile = "x.npz"'
    (folder / "one.npz").write_bytes(b"one")
    (folder / "two.npz").write_bytes(b"two")
    (folder / "catalog.toml").write_text(
        catalogue_entry("test/one.v1", b"one", "MIT", 'path = "one.npz"')
        + catalogue_entry("test/two.v1", b"two", "CC-BY-NC-4.0", 'path = "two.npz"')
        + catalogue_entry("test/hub.v1", b"x" * 12_345_678, "MIT", on_hub),
        encoding="utf-8",
    )
    monkeypatch.setenv("GENAPP_WEIGHTS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


def test_models_list(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "list", "--json") == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert models[1] == {
        "name": "test/two.v1",
        "license": "CC-BY-NC-4.0",
        "commercial": False,
        "engine": "data",
        "bytes": 3,
        "embedded": True,
        "pinned": True,
        "confidence": None,
        "role": None,
        "present": True,
    }
    assert (models[2]["embedded"], models[2]["present"]) == (False, False)
    (weights / "two.npz").unlink()
    assert run("models", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "NAME",
        "test/one.v1",
        "test/two.v1",
        "test/hub.v1",
    ]
    assert [line.split()[-1] for line in lines] == ["HERE", "yes", "no", "no"]
    assert "12.3 MB" in lines[3]


def test_models_show(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "show", "test/two.v1") == 0
    text = capsys.readouterr().out
    for part in ("CC-BY-NC-4.0, commercial use no", sha256(b"two").hexdigest(), "Length: 3 bytes"):
        assert part in text
    assert run("models", "show", "test/hub.v1", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["files"][0]["repo"] == "owner/name"
    assert shown["present"] is False
    assert "Did you mean test/two.v1" in fails(capsys, "models", "show", "test/to.v1")


def test_models_pull(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "pull", "test/one.v1", "test/two.v1") == 0
    assert capsys.readouterr().out == "test/one.v1: here\ntest/two.v1: here\n"
    assert run("models", "pull", "--all", "--json") == 2
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert [row["name"] for row in report["models"]] == ["test/one.v1", "test/two.v1"]
    assert report["models"][0]["files"] == [str(weights / "one.npz")]
    assert [row["name"] for row in report["failures"]] == ["test/hub.v1"]
    assert "fetching is switched off" in captured.err
    assert "Which models?" in fails(capsys, "models", "pull")
    assert "Which models?" in fails(capsys, "models", "pull", "test/one.v1", "--all")


def test_models_pull_all_of_a_task(
    weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be refused is left out, and said."""
    loose = catalogue_entry("other/loose.v1", b"x", "MIT", 'repo = "owner/name"\nfile = "x.npz"')
    with (weights / "catalog.toml").open("a", encoding="utf-8") as catalog:
        catalog.write(loose)
    assert run("models", "pull", "--all", "--task", "other") == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "other/loose.v1: left out, for it is not pinned\n")
    monkeypatch.setenv("GENAPP_COMMERCIAL_ONLY", "1")
    assert run("models", "pull", "--all", "--task", "test") == 2  # The one on the Hub is not here.
    captured = capsys.readouterr()
    assert captured.out == "test/one.v1: here\n"
    assert "test/two.v1" not in captured.err
    assert "Did you mean test?" in fails(capsys, "models", "pull", "--all", "--task", "tset")
    assert "Use it with --all" in fails(capsys, "models", "pull", "test/one.v1", "--task", "test")


def test_models_pull_shows_progress(
    weights: Path,
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.use(monkeypatch, tmp_path)
    hub.files["owner/name/x.npz"] = b"x" * 12_345_678
    assert run("models", "pull", "test/hub.v1") == 0
    captured = capsys.readouterr()
    assert captured.out == "test/hub.v1: here\n"
    assert "test/hub.v1" in captured.err
    assert "100%" in captured.err
    assert "12.3M/12.3M" in captured.err
    hub.requests.clear()
    assert run("models", "pull", "test/hub.v1", "--json") == 0  # No bar: it is here.
    captured = capsys.readouterr()
    assert json.loads(captured.out)["failures"] == []
    assert captured.err == ""
    assert hub.requests == []


def test_a_command_shows_what_it_fetches(
    weights: Path,
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.use(monkeypatch, tmp_path)
    hub.files["owner/name/x.npz"] = b"x" * 12_345_678
    with open_engines("cpu") as engines:
        assert engines.data("test/hub.v1").stat().st_size == 12_345_678
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "test/hub.v1: 100%" in captured.err


def test_models_verify(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "verify") == 0  # The one on the Hub is not here, and need not be.
    assert capsys.readouterr().out.count("as it should be") == 2
    assert run("models", "verify", "test/hub.v1") == 2
    assert "not on this machine" in capsys.readouterr().err
    (weights / "one.npz").write_bytes(b"eno")
    (weights / "two.npz").unlink()
    assert run("models", "verify", "--json") == 2
    failures = json.loads(capsys.readouterr().out)["failures"]
    assert [row["name"] for row in failures] == ["test/one.v1", "test/two.v1"]
    assert "SHA-256" in failures[0]["reason"]
    assert "git checkout" in failures[1]["reason"]


def test_models_licenses(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "licenses", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "licenses": [
            {"license": "MIT", "commercial": True, "models": ["test/one.v1", "test/hub.v1"]},
            {"license": "CC-BY-NC-4.0", "commercial": False, "models": ["test/two.v1"]},
        ]
    }
    assert run("models", "licenses") == 0
    assert "CC-BY-NC-4.0 (commercial use: no)\n  test/two.v1\n" in capsys.readouterr().out


def test_models_licenses_tell_what_forbids_commercial_use(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("models", "licenses") == 0
    text = capsys.readouterr().out
    assert "MIT (commercial use: no)\n  face/parsing.bisenet-r18 (training data: CelebA" in text
    assert "MIT (commercial use: yes)\n  face/yunet.2023mar\n" in text


def test_wrong_weights_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GENAPP_WEIGHTS", str(tmp_path / "missing"))
    assert "GENAPP_WEIGHTS" in fails(capsys, "models", "list")
