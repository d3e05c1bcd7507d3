import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from genapp.errors import BadValue, UnknownName
from genapp.registry import catalog
from genapp.registry.catalog import CatalogError, File, Measure, Port

HEX = "0123456789abcdef"
SHA256 = HEX * 4
COMMIT = "fedcba9876" * 4

ENTRY = f"""
[[model]]
name = "face/blazeface.short-range"
summary = "Finds faces."
engine = "onnx"
license = "Apache-2.0"
commercial = true
source = "MediaPipe"
paper = "https://arxiv.org/abs/1907.05047"
training_data = "Not published"
size_multiple = 32
scale = 4
[[model.file]]
path = "face/a.onnx"
sha256 = "{SHA256}"
bytes = 123
[[model.input]]
name = "image"
shape = ["n", 3, 128, 128]
layout = "NCHW"
colors = "RGB"
range = [-1, 1.0]
meaning = "A square around the face."
[[model.output]]
name = "boxes"
shape = ["n", 896, 16]
[[model.measure]]
what = "Distance from the original"
value = 0.0002
unit = "px"
command = "python training/litert.py"
"""

ON_HUB = ENTRY.replace(
    'path = "face/a.onnx"',
    f'repo = "owner/name"\ncommit = "{COMMIT}"\nfile = "sub/x.onnx"\nconfidence = "A"',
)


def test_entry() -> None:
    model = catalog.parse(ENTRY).get("face/blazeface.short-range")
    assert model.engine == "onnx"
    assert model.commercial
    assert model.size_multiple == 32
    assert model.scale == 4
    assert model.bytes == 123
    assert model.embedded
    assert model.files == (File(model.name, SHA256, 123, path="face/a.onnx"),)
    assert model.files[0].label == "face/a.onnx"
    assert model.inputs == (
        Port(
            "image",
            ("n", 3, 128, 128),
            "NCHW",
            "RGB",
            (-1.0, 1.0),
            "A square around the face.",
        ),
    )
    assert model.outputs == (Port("boxes", ("n", 896, 16)),)
    assert model.measures == (
        Measure("Distance from the original", 0.0002, "px", "python training/litert.py"),
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.commercial = False  # type: ignore[misc]


def test_entry_on_the_hub() -> None:
    model = catalog.parse(ON_HUB).models[0]
    expected = File(
        *(model.name, SHA256, 123),
        repo="owner/name",
        commit=COMMIT,
        file="sub/x.onnx",
        confidence="A",
    )
    assert model.files == (expected,)
    assert not model.embedded
    assert expected.label == "owner/name/sub/x.onnx"


def test_smallest_entry() -> None:
    text = f"""
    [[model]]
    name = "face/canonical.v1"
    summary = "A head."
    engine = "data"
    license = "Apache-2.0 AND CC-BY-4.0"
    commercial = false
    source = "MediaPipe"
    training_data = "None"
    [[model.file]]
    path = "face/canonical.npz"
    sha256 = "{SHA256}"
    bytes = 1
    """
    model = catalog.parse(text).models[0]
    assert (model.paper, model.size_multiple, model.inputs, model.measures) == (None, 1, (), ())


def test_empty_catalogue() -> None:
    assert catalog.parse("").models == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('license = "Apache-2.0"\n', "", "license: is missing"),
        ('license = "Apache-2.0"', 'license = ""', "license: is empty"),
        ('license = "Apache-2.0"', 'license = "free, I think"', "license: .* SPDX"),
        ("commercial = true\n", "", "commercial: is missing"),
        ("commercial = true", "commercial = 1", "commercial: 1 is not true or false"),
        ('source = "MediaPipe"\n', "", "source: is missing"),
        ('source = "MediaPipe"', 'sauce = "MediaPipe"\nsource = "x"', "sauce: is not a known key"),
        ('engine = "onnx"', 'engine = "tensorrt"', "engine: 'tensorrt' is not one of onnx, torch"),
        ("size_multiple = 32", "size_multiple = 0", "size_multiple: 0 is not 1 or more"),
        ("size_multiple = 32", "size_multiple = true", "size_multiple: True is not a whole"),
        (SHA256, SHA256[:-1], "file 1: sha256: .* is not 64"),
        (SHA256, SHA256[:-1] + "g", "file 1: sha256: .* is not 64"),
        (SHA256, SHA256.upper(), "file 1: sha256: .* is not 64"),
        ("bytes = 123", "bytes = 0", "file 1: bytes: 0 is not 1 or more"),
        ("bytes = 123", 'bytes = "123"', "file 1: bytes: '123' is not a whole number"),
        ("bytes = 123", "bytes = 123\nmd5 = 'x'", "file 1: md5: is not a known key"),
        ('path = "face/a.onnx"\n', "", "file 1: path: is missing"),
        ("face/a.onnx", "../a.onnx", "file 1: path: .* is not a path inside"),
        ("face/a.onnx", "face/../../a.onnx", "file 1: path: .* is not a path inside"),
        ("face/a.onnx", "/etc/a.onnx", "file 1: path: .* is not a path inside"),
        ("face/a.onnx", r"..\\a.onnx", "file 1: path: .* is not a path inside"),
        ("face/a.onnx", "C:/a.onnx", "file 1: path: .* is not a path inside"),
        ("face/a.onnx", "face//a.onnx", "file 1: path: .* is not a plain path"),
        ("face/a.onnx", "face/a.pkl", "file 1: path: .pkl files run code"),
        ("face/a.onnx", "face/a.PTH", "file 1: path: .pth files are for the torch engine"),
        ('path = "face/a.onnx"', 'path = "a.onnx"\nrepo = "o/n"', "file 1: repo: does not go with"),
        ("bytes = 123", 'bytes = 123\nconfidence = "A"', "file 1: confidence: does not go with"),
        ('engine = "onnx"', 'engine = "onnx"\nrole = "quick"', "role: 'quick' is not one of"),
        (f'sha256 = "{SHA256}"\n', "", "file 1: sha256: is missing"),
        ('path = "face/a.onnx"', 'repo = "o/n"', "file 1: file: is missing"),
        ("[-1, 1.0]", "[1, -1]", "input 'image': range: .* is not .lowest, highest"),
        ("[-1, 1.0]", "[0, 1, 2]", "input 'image': range: .* is not .lowest, highest"),
        ('layout = "NCHW"', 'layout = "NC"', "input 'image': layout: 'NC' does not give 4"),
        ('colors = "RGB"', 'colors = "GBR"', "input 'image': colors: 'GBR' is not one of"),
        ('["n", 896, 16]', '["n", -1, 16]', "output 'boxes': shape: -1 is neither"),
        ('["n", 896, 16]', '["n", 1.5]', "output 'boxes': shape: 1.5 is neither"),
        ('["n", 896, 16]', '"n"', "output 'boxes': shape: 'n' is not a list"),
        ('name = "boxes"', 'name = "boxes"\nkind = 1', "output 'boxes': kind: is not a known key"),
        ('unit = "px"\n', "", "measure 1: unit: is missing"),
        ("value = 0.0002", 'value = "small"', "measure 1: value: 'small' is not a number"),
        ('engine = "onnx"', 'engine = "data"', "input: data has no ports"),
    ],
)
def test_mistake_names_entry_and_key(old: str, new: str, problem: str) -> None:
    assert old in ENTRY
    with pytest.raises(CatalogError, match=f"model 'face/blazeface.short-range'.*{problem}"):
        catalog.parse(ENTRY.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (COMMIT, "main", "commit: 'main' is not 40"),
        (COMMIT, COMMIT[:7], "commit: .* is not 40"),
        ("owner/name", "name", "repo: 'name' is not owner/name"),
        ("owner/name", "../name", "repo: .* is not owner/name"),
        ("sub/x.onnx", "../x.onnx", "file: .* is not a path inside"),
        ('file = "sub/x.onnx"\n', "", "file: is missing"),
        ('confidence = "A"', 'confidence = "E"', "confidence: 'E' is not one of A, B, C, D"),
    ],
)
def test_mistake_in_a_hub_file(old: str, new: str, problem: str) -> None:
    assert old in ON_HUB
    with pytest.raises(CatalogError, match=problem):
        catalog.parse(ON_HUB.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "doubt"),
    [
        (f'commit = "{COMMIT}"\n', "", "no commit of it is known"),
        (f'sha256 = "{SHA256}"\n', "", "no SHA-256 of it is known"),
        ('confidence = "A"', 'confidence = "C"', "the confidence .* is only C"),
        ('confidence = "A"', 'confidence = "D"', "the confidence .* is only D"),
    ],
)
def test_hub_file_that_is_not_pinned(old: str, new: str, doubt: str) -> None:
    assert old in ON_HUB
    model = catalog.parse(ON_HUB.replace(old, new)).models[0]
    assert not model.pinned
    assert re.fullmatch(doubt, str(model.files[0].doubt))


@pytest.mark.parametrize("confidence", ["A", "B"])
def test_hub_file_that_is_pinned(confidence: str) -> None:
    model = catalog.parse(ON_HUB.replace('"A"', f'"{confidence}"')).models[0]
    assert model.pinned
    assert model.files[0].confidence == confidence
    assert model.files[0].doubt is None


@pytest.mark.parametrize("role", ["default", "best"])
def test_role(role: str) -> None:
    assert catalog.parse(ENTRY).models[0].role is None
    text = ENTRY.replace("scale = 4", f'scale = 4\nrole = "{role}"')
    assert catalog.parse(text).models[0].role == role


def test_size_of_a_hub_file_may_be_unknown() -> None:
    (size,) = [line for line in ON_HUB.splitlines() if line.strip().startswith("bytes")]
    model = catalog.parse(ON_HUB.replace(size, "")).models[0]
    assert model.bytes is None
    assert model.pinned


@pytest.mark.parametrize(
    "name", ["blazeface", "face/blazeface", "Face/Blaze.x", "face/a b.c", "a/b/c.d", "/b.c", "a/.c"]
)
def test_bad_name(name: str) -> None:
    with pytest.raises(CatalogError, match=r"name: .* is not task/architecture\.tag"):
        catalog.parse(ENTRY.replace("face/blazeface.short-range", name))


def test_missing_parts() -> None:
    start, ports = ENTRY.split("[[model.file]]")
    with pytest.raises(CatalogError, match="file: is missing"):
        catalog.parse(start + ports[ports.index("[[model.input]]") :])
    with pytest.raises(CatalogError, match="output: is missing"):
        catalog.parse(ENTRY[: ENTRY.index("[[model.output]]")])


def test_duplicates() -> None:
    with pytest.raises(CatalogError, match=r"short-range': name: is there twice"):
        catalog.parse(ENTRY + ENTRY)
    port = '[[model.output]]\nname = "boxes"\nshape = [1]\n'
    with pytest.raises(CatalogError, match="output: a name is there twice"):
        catalog.parse(ENTRY + port)


@pytest.mark.parametrize("text", ["models = 1", "model = 1", "model = [1]", "[model]\nname = 'x'"])
def test_not_a_list_of_models(text: str) -> None:
    with pytest.raises(CatalogError, match=r"catalogue: models?: "):
        catalog.parse(text)


def test_load_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    with pytest.raises(CatalogError, match=r"catalog\.toml: cannot be read"):
        catalog.load(path)
    path.write_text("this is no TOML")
    with pytest.raises(CatalogError, match=r"catalog\.toml: "):
        catalog.load(path)
    path.write_text(ENTRY, encoding="utf-8")
    assert catalog.load(path).names == ("face/blazeface.short-range",)


def test_unknown_name_lists_close_matches() -> None:
    models = catalog.parse(ENTRY + ON_HUB.replace("short-range", "full-range"))
    with pytest.raises(UnknownName, match=r"'face/blazeface\.shortrange'") as caught:
        models.get("face/blazeface.shortrange")
    assert "face/blazeface.short-range" in caught.value.remedy


def test_weights_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GENAPP_WEIGHTS", str(tmp_path))
    assert catalog.weights_folder() == tmp_path
    monkeypatch.setenv("GENAPP_WEIGHTS", str(tmp_path / "missing"))
    with pytest.raises(BadValue, match="GENAPP_WEIGHTS"):
        catalog.weights_folder()
    monkeypatch.delenv("GENAPP_WEIGHTS")
    assert catalog.weights_folder().name == "weights"


def test_dataclasses_hold_no_mutable_values() -> None:
    def check(value: Any) -> None:  # noqa: ANN401
        assert not isinstance(value, list | dict | set)
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                check(getattr(value, field.name))
        elif isinstance(value, tuple):
            for part in value:
                check(part)

    check(catalog.parse(ENTRY + ON_HUB.replace("short-range", "full-range")))
