"""Writes entries into weights/catalog.toml and sections into weights/NOTICE.md."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomlkit


def with_entries(catalog: str, entries: Iterable[Mapping[str, Any]]) -> str:
    """Returns the text of a catalogue in which ``entries`` replace those of the same name.

    New entries go to the end; all others stay as they are.
    """
    document = tomlkit.parse(catalog)
    models = document.setdefault("model", tomlkit.aot())
    for entry in entries:
        table = tomlkit.item(dict(entry))
        names = [model["name"] for model in models]
        if entry["name"] in names:
            models[names.index(entry["name"])] = table
        else:
            models.append(table)
    text = re.sub(r"\n+(?=\[)", "\n\n", tomlkit.dumps(document))
    return text.strip() + "\n"


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
