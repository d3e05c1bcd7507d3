"""Describes the training faces, so that copies among made faces can be found.

    python training/face_index.py runs/bundle/faces128.npz

Writes weights/faces/training-index.v1.npz for the size of the generator in the catalogue: a point
for each face that was learnt from, and the distances of the held-out ones to the nearest of them.
No picture can be made of it. See genapp/facemaking/likeness.py.
"""

import argparse
import io
from pathlib import Path
from typing import Any

import catalog_entries
import export_faces
import face_data
import numpy as np
import numpy.typing as npt

from genapp import features
from genapp.facemaking.generator import GENERATOR
from genapp.facemaking.likeness import INDEX, Index, both_views
from genapp.registry.engines import Engines

Array = npt.NDArray[np.float32]

COMMAND = "python training/face_index.py runs/bundle/faces128.npz"
WIDTH = 64  # directions that are kept


def main() -> None:
    """Describes, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="faces, of face_data.py")
    parser.add_argument("--weights", type=Path, default=export_faces.ROOT / "weights")
    options = parser.parse_args()
    faces = face_data.unpack(options.data)
    with Engines(device="cpu") as engines:
        size = int(engines.catalog.get(GENERATOR).outputs[0].shape[-1])
        views = [view for face in faces.images for view in both_views(face, size)]
        found = features.describe(views, engines=engines)
    described = np.asarray((found[::2] + found[1::2]) / 2, np.float32)
    names = np.array(faces.names)[~faces.held_out]
    index, kept = build(described[~faces.held_out], described[faces.held_out], names, size)
    data = packed(index)
    rows = measures(index, kept)
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']}")
    catalog = options.weights / "catalog.toml"
    text = catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), [entry(data, rows)])
    catalog_entries.write(options.weights / f"{INDEX}.npz", data)
    catalog_entries.write(catalog, text.encode())
    print(f"wrote {INDEX}.npz, {len(data)} bytes")


def build(
    learnt: Array, unseen: Array, names: npt.NDArray[np.str_], size: int
) -> tuple[Index, float]:
    """Returns the index of descriptions, and the share of their variance that it keeps.

    Args:
        learnt: N×1280, of the training faces.
        unseen: M×1280, of the held-out ones.
        names: N, of the training faces.
        size: at which they were described.
    """
    mean = learnt.mean(0)
    _, spread, directions = np.linalg.svd(learnt - mean, full_matrices=False)
    scale = np.sqrt(len(learnt)) / spread[:WIDTH]
    basis = (directions[:WIDTH].T * scale).astype(np.float16).astype(np.float32)
    points = ((learnt - mean) @ basis).astype(np.float16).astype(np.float32)
    others = (unseen - mean) @ basis
    distances = np.linalg.norm(others[:, None] - points, axis=2).min(1)
    kept = float(np.square(spread[:WIDTH]).sum() / np.square(spread).sum())
    held_out = np.sort(distances).astype(np.float32)
    return Index(names, points, mean.astype(np.float32), basis, held_out, size), kept


def packed(index: Index) -> bytes:
    """Returns the index as a compressed .npz."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        names=index.names,
        points=index.points.astype(np.float16),
        mean=index.mean,
        basis=index.basis.astype(np.float16),
        held_out=index.held_out,
        size=np.int64(index.size),
    )
    return file.getvalue()


def measures(index: Index, kept: float) -> list[dict[str, Any]]:
    """Returns what the catalogue tells of the index."""
    low, middle = np.percentile(index.held_out, [1, 50])
    unseen = f"distance of {len(index.held_out)} unseen real faces to the nearest training face"
    facts = [
        (f"share of the features' variance that {WIDTH} directions keep", kept, ""),
        (f"{unseen}, median", float(middle), "deviations"),
        (f"{unseen}, lowest hundredth", float(low), "deviations"),
    ]
    return [
        {"what": what, "value": float(f"{value:.3g}"), "unit": unit or "share", "command": COMMAND}
        for what, value, unit in facts
    ]


def entry(data: bytes, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the entry of the catalogue."""
    return {
        "name": INDEX,
        "summary": "Tells how near a made face is to those that the generator learnt from.",
        "engine": "data",
        "license": "CC-BY-NC-SA-4.0",
        "commercial": False,
        "source": "Made by this project: training/face_index.py",
        "training_data": f"Numbers that describe the training faces of {GENERATOR}; no pictures.",
        "file": [catalog_entries.file_entry(f"{INDEX}.npz", data)],
        "measure": rows,
    }


if __name__ == "__main__":
    main()
