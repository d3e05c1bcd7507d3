"""Writes entries into weights/catalog.toml and sections into weights/NOTICE.md."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit


def with_entries(catalog: str, entries: Iterable[Mapping[str, Any]]) -> str:
    """Returns the text of a catalogue in which ``entries`` replace those of the same name.

    New entries go to the end; all others stay as they are. A model keeps its role.
    """
    document = tomlkit.parse(catalog)
    models = document.setdefault("model", tomlkit.aot())
    for entry in entries:
        names = [model["name"] for model in models]
        known = entry["name"] in names
        old = models[names.index(entry["name"])] if known else {}
        role = {"role": old["role"]} if "role" in old else {}
        # Before the tables, which are lists.
        plain = {key: value for key, value in entry.items() if not isinstance(value, list)}
        table = tomlkit.item({**plain, **role, **entry})
        if known:
            models[names.index(entry["name"])] = table
        else:
            models.append(table)
    text = re.sub(r"\n+(?=\[)", "\n\n", tomlkit.dumps(document))
    return text.strip() + "\n"


def with_measures(catalog: str, measures: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Returns the text of a catalogue in which models have new measures.

    Args:
        catalog: the text.
        measures: by the model's name; they replace those of the same command.

    Raises:
        KeyError: there is no such model.
    """
    entries = {model["name"]: model for model in tomlkit.parse(catalog).unwrap()["model"]}
    for name, new in measures.items():
        commands = {measure["command"] for measure in new}
        old = entries[name].get("measure", [])
        kept = [measure for measure in old if measure["command"] not in commands]
        entries[name]["measure"] = [*kept, *map(dict, new)]
    return with_entries(catalog, (entries[name] for name in measures))


def update_measures(path: Path, measures: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Writes new measures into a catalogue; see `with_measures`."""
    write(path, with_measures(path.read_text(encoding="utf-8"), measures).encode())


def with_section(notice: str, heading: str, body: str) -> str:
    """Returns the Markdown text ``notice`` with the section ``## heading`` replaced or added."""
    section = f"## {heading}\n\n{body.strip()}\n\n"
    pattern = re.compile(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if pattern.search(notice):
        return pattern.sub(lambda _: section, notice).strip() + "\n"
    return f"{notice.strip()}\n\n{section}".strip() + "\n"


def file_entry(path: str, data: bytes) -> dict[str, Any]:
    """Returns a file's path, hash and size."""
    return {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
