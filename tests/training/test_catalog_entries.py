"""Entries and sections are replaced by name and leave the others alone."""

import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("tomlkit")
sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # scripts, not a package

from catalog_entries import with_entries, with_measures, with_section

CATALOG = """\
# What exists.

[[model]]
name = "a"
bytes = 1

[[model]]
name = "b"  # kept
range = [0.0, 1.0]
"""


def test_entry_is_replaced_in_place_and_new_ones_are_added() -> None:
    port = [{"name": "x", "shape": ["n", 3]}]
    text = with_entries(CATALOG, [{"name": "a", "input": port}, {"name": "c", "bytes": 3}])
    assert tomllib.loads(text)["model"] == [
        {"name": "a", "input": port},
        {"name": "b", "range": [0.0, 1.0]},
        {"name": "c", "bytes": 3},
    ]
    assert text.startswith("# What exists.\n")
    assert 'name = "b"  # kept\n' in text


def test_second_time_changes_nothing() -> None:
    entries = [{"name": "a", "input": [{"name": "x", "shape": ["n", 3]}], "measure": []}]
    once = with_entries("", entries)
    assert with_entries(once, entries) == once
    assert "\n\n\n" not in once


def test_measures_replace_those_of_the_same_command() -> None:
    def measure(command: str, value: float) -> dict[str, object]:
        return {"what": "w", "value": value, "unit": "u", "command": command}

    once = with_measures(CATALOG, {"b": [measure("x", 1.0), measure("x", 2.0)]})
    once = with_measures(once, {"b": [measure("y", 3.0)]})
    text = with_measures(once, {"b": [measure("x", 4.0)]})
    a, b = tomllib.loads(text)["model"]
    assert a == {"name": "a", "bytes": 1}
    assert b["range"] == [0.0, 1.0]
    assert [entry["value"] for entry in b["measure"]] == [3.0, 4.0]
    with pytest.raises(KeyError):
        with_measures(CATALOG, {"c": [measure("x", 1.0)]})


def test_section_is_replaced_up_to_the_next() -> None:
    notice = "# Notice\n\n## A\n\nold\nlines\n\n## B\n\nkept\n"
    assert with_section(notice, "A", "new") == "# Notice\n\n## A\n\nnew\n\n## B\n\nkept\n"


def test_section_is_added_at_the_end() -> None:
    assert with_section("# Notice\n", "A", "text\n") == "# Notice\n\n## A\n\ntext\n"


def test_a_model_keeps_its_role() -> None:
    text = with_entries('[[model]]\nname = "a"\nrole = "best"\n', [{"name": "a", "bytes": 3}])
    assert tomllib.loads(text)["model"] == [{"name": "a", "bytes": 3, "role": "best"}]
