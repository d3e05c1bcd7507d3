"""What the Hub says of the catalogue's files, by a stand-in for it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from genapp.errors import BadValue, ModelMissing
from genapp.registry.audit import FINE, Finding, Pin, audit
from genapp.registry.catalog import File, Model
from tests.hub import COMMIT, Hub

BODY = bytes(range(256)) * 4
SHA256 = hashlib.sha256(BODY).hexdigest()
FILE = File(
    *("upscale/tiny.v1", SHA256, len(BODY)),
    repo="owner/name",
    commit=COMMIT,
    file="sub/x.onnx",
    confidence="A",
)
EMBEDDED = File("upscale/tiny.v1", SHA256, len(BODY), path="x.onnx")


def model(*files: File) -> Model:
    return Model(
        *("upscale/tiny.v1", "Tiny.", "onnx", "MIT", True, "here", "none", None, 1),
        files=files,
        inputs=(),
        outputs=(),
        measures=(),
    )


@pytest.fixture(autouse=True)
def asked(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hub.files["owner/name/sub/x.onnx"] = BODY
    hub.use(monkeypatch, tmp_path)


def finding(file: File) -> Finding:
    (found,) = audit([model(file)])
    return found


def test_all_as_the_catalogue_says_and_nothing_fetched(hub: Hub) -> None:
    told: list[File] = []
    findings = audit([model(EMBEDDED, FILE), model(FILE)], progress=told.append)
    assert findings == (Finding(FILE, "same", Pin(COMMIT, len(BODY), SHA256)),) * 2
    assert told == [FILE, FILE]
    assert {request.method for request in hub.requests} == {"HEAD"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sha256": "0" * 64}, f"Its SHA-256 is {SHA256} instead of {'0' * 64}."),
        ({"bytes": 5}, "It has 1,024 bytes instead of 5."),
    ],
)
def test_other_bytes(changes: dict[str, object], problem: str) -> None:
    found = finding(replace(FILE, **changes))  # type: ignore[arg-type]
    assert (found.status, found.problems) == ("differs", (problem,))
    assert found.status not in FINE


@pytest.mark.parametrize(
    "changes", [{"commit": None}, {"sha256": None}, {"confidence": "C"}, {"confidence": "D"}]
)
def test_what_is_not_pinned_gets_told_what_would_pin_it(changes: dict[str, object]) -> None:
    found = finding(replace(FILE, **changes))  # type: ignore[arg-type]
    assert found.status == "unpinned"
    assert found.found == Pin(COMMIT, len(BODY), SHA256)


def test_of_a_small_file_no_hash_is_told(hub: Hub) -> None:
    hub.is_large = False
    found = finding(FILE)
    assert (found.status, found.found) == ("same", Pin(COMMIT, len(BODY), None))


def test_something_else_answers(hub: Hub) -> None:
    hub.names_commit = False
    assert finding(FILE).status != "same"


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (404, "EntryNotFound", "gone"),
        (404, "RevisionNotFound", "gone"),
        (401, "RepoNotFound", "gone"),
        (401, "GatedRepo", "refused"),
        (403, "", "refused"),
        (429, "", "refused"),
        (503, "", "refused"),
    ],
)
def test_refused(hub: Hub, status: int, code: str, verdict: str) -> None:
    hub.status, hub.error_code = status, code
    found = finding(FILE)
    assert found.status == verdict
    (problem,) = found.problems
    assert problem.endswith(".")


def test_one_file_is_gone_and_the_others_are_asked_about_all_the_same() -> None:
    findings = audit([model(replace(FILE, file="gone.onnx"), FILE)])
    assert [found.status for found in findings] == ["gone", "same"]


def test_nobody_answers() -> None:
    with pytest.raises(ModelMissing, match=r"does not answer at http://127\.0\.0\.1:9") as caught:
        audit([model(FILE)], endpoint="http://127.0.0.1:9")
    assert "HF_ENDPOINT" in caught.value.remedy


def test_switched_off(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(BadValue, match="HF_HUB_OFFLINE=1"):
        audit([model(FILE)])
    assert hub.requests == []
