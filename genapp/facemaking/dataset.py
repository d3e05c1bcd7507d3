"""A data set of made faces: a ZIP of any length, with a manifest.

The ZIP is written face by face, so that memory does not grow with it, to a temporary file that
takes the name asked for at the end: a stop or a fault leaves nothing behind.
"""

import json
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genapp import images
from genapp.archives import add, check_room, check_zip, csv_bytes, writing_zip
from genapp.errors import BadValue
from genapp.facemaking.inspection import Inspector, Row
from genapp.facemaking.latent import TRUNCATION, check_seed
from genapp.facemaking.makers import open_maker
from genapp.facemaking.marks import SENTENCES
from genapp.facemaking.pipeline import Face, consecutive, make_faces
from genapp.facemaking.recipe import Recipe
from genapp.facemaking.seeds import MOST
from genapp.registry.engines import Engines
from genapp.upscaling import Clock, Progress

FORMATS = ("png", "jpg", "webp")


@dataclass(frozen=True, eq=False)
class Dataset:
    """What `write_dataset` returns."""

    path: Path
    model: str
    rows: tuple[Row, ...]
    compared: bool
    """Whether there was an index to compare with."""
    notes: tuple[str, ...]
    timings_ms: Mapping[str, float]

    @property
    def suspected(self) -> tuple[str, ...]:
        """Files that are nearer to a training face than 99 % of unseen real faces are."""
        return tuple(row.file for row in self.rows if row.suspected_copy)

    @property
    def duplicates(self) -> tuple[tuple[str, str], ...]:
        """Files that show nearly the same face as an earlier one, which stands beside it."""
        return tuple((row.file, row.duplicate_of) for row in self.rows if row.duplicate_of)

    def report(self) -> dict[str, Any]:
        """What `--json` prints beside the outputs; the manifest has the rest."""
        return {
            "model": self.model,
            "count": len(self.rows),
            "compared": self.compared,
            "suspected_copies": list(self.suspected),
            "duplicates": [list(pair) for pair in self.duplicates],
            "notes": list(self.notes),
            "timings_ms": dict(self.timings_ms),
        }


def write_dataset(
    target: str | Path,
    count: int = 100,
    *,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    truncation: float = TRUNCATION,
    edits: Mapping[str, float] | None = None,
    mix: tuple[int, int] | None = None,
    model: str | None = None,
    size: int | None = None,
    format: str = "png",
    mark: bool = True,
    compare: bool = True,
    measure: bool = True,
    progress: Progress | None = None,
    device: str = "auto",
    engines: Engines | None = None,
) -> Dataset:
    """Write faces into a ZIP with `manifest.csv` and `manifest.json`.

    Args:
        target: the .zip file; it is there when it is whole, or as it was before.
        count: 1 … 100,000.
        format: of the pictures: png, jpg or webp.
        compare: look for copies of training faces and for duplicates.
        measure: how each face looks and is held, as columns of the manifest.
        progress: told after each face; may raise `Cancelled`.

    The other arguments, and what is raised, are those of `faces`; also:

    Raises:
        BadValue: a place that can't be written to, or too little room on the disk.
    """
    started = time.perf_counter()
    target = Path(target)
    chosen = consecutive(seed, count) if seeds is None else [check_seed(one) for one in seeds]
    _check(target, chosen, format)
    base = Recipe(truncation=truncation, edits=edits or {}, mix=mix, size=size)
    pool = engines or Engines(device=device)
    try:
        maker = open_maker(pool, model)
        recipes = (replace(base, seed=one, model=maker.model) for one in chosen)
        made = make_faces(recipes, maker, pool, mark=mark)
        inspector = Inspector(pool, len(chosen), compare=compare, measure=measure)
        clock = Clock(len(chosen), progress)
        with writing_zip(target) as archive:
            rows, notes = _write_faces(archive, made, format, inspector, clock, target)
            facts = {
                "what": SENTENCES,
                "model": maker.model,
                "weights": maker.fingerprint,
                "license": pool.catalog.get(maker.model).license,
                "commercial_use": pool.catalog.get(maker.model).commercial,
                "marked_as_ai_generated": mark,
                "settings": {
                    "truncation": truncation,
                    "edits": dict(edits or {}),
                    "mix": list(mix) if mix else None,
                    "size": size or maker.size,
                },
                "comparison": inspector.facts(),
                "measured": inspector.meanings(),
                "notes": notes,
                "faces": [row.table() for row in rows],
            }
            add(archive, "manifest.csv", csv_bytes([row.table() for row in rows]))
            add(archive, "manifest.json", json.dumps(facts, indent=1).encode())
    finally:
        if engines is None:
            pool.close()
    return Dataset(
        target,
        maker.model,
        tuple(rows),
        inspector.index is not None,
        tuple(notes),
        {"make": round((time.perf_counter() - started) * 1000, 1)},
    )


def _check(target: Path, seeds: Sequence[int], format: str) -> None:
    """Raises `BadValue` for what would fail later."""
    check_zip(target)
    if format not in FORMATS:
        raise BadValue(f"There is no format {format!r} here.", f"Use {', '.join(FORMATS)}.")
    if not 1 <= len(seeds) <= MOST:
        raise BadValue(f"{len(seeds)} faces were asked for.", f"Choose 1 to {MOST}.")
    if len(set(seeds)) < len(seeds):
        raise BadValue("A seed is in the list twice.", "Name each seed once.")


def _write_faces(
    archive: zipfile.ZipFile,
    faces: Iterator[Face],
    format: str,
    inspector: Inspector,
    clock: Clock,
    target: Path,
) -> tuple[list[Row], list[str]]:
    """Adds the faces; returns the lines of the manifest and what should be known."""
    rows: list[Row] = []
    notes: dict[str, None] = {}
    for face in faces:
        name = f"{face.photo.name}.{format}"
        data = images.encode(face.photo, format)
        if not rows:
            check_room(target, len(data) * inspector.count)
        add(archive, name, data)
        rows.append(inspector.row(name, face))
        notes |= dict.fromkeys(face.notes)
        clock.advance(1, "Making faces")
    return rows, list(notes)
