"""Describes the training faces, so that copies among made faces can be found.

    python training/face_index.py runs/bundle/faces128.npz

Writes weights/faces/training-index.v1.npz: 64 numbers for each face that was learnt from, which
give no more than a blur of it back, and the distances of the held-out ones to the nearest of them.
Says how many copies it finds that were changed in some way. See genapp/facemaking/likeness.py.
"""

import argparse
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import catalog_entries
import cv2
import export_faces
import face_data
import numpy as np
import numpy.typing as npt

from genapp.facemaking.generator import GENERATOR
from genapp.facemaking.likeness import INDEX, Index, view

Bytes = npt.NDArray[np.uint8]

COMMAND = "python training/face_index.py runs/bundle/faces128.npz"
WIDTH = 64  # directions that are kept
COPIES = 20  # every so many training faces are changed, to see whether they are found


def main() -> None:
    """Describes, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="faces, of face_data.py")
    parser.add_argument("--weights", type=Path, default=export_faces.ROOT / "weights")
    options = parser.parse_args()
    faces = face_data.unpack(options.data)
    learnt, unseen = faces.part(held_out=False), faces.part(held_out=True)
    index, kept = build(learnt, unseen, np.array(faces.names)[~faces.held_out])
    data = packed(index)
    rows = [*measures(index, kept), *found_copies(index, learnt[::COPIES])]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']}")
    catalog = options.weights / "catalog.toml"
    text = catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), [entry(data, rows)])
    catalog_entries.write(options.weights / f"{INDEX}.npz", data)
    catalog_entries.write(catalog, text.encode())
    print(f"wrote {INDEX}.npz, {len(data)} bytes")


def build(learnt: Bytes, unseen: Bytes, names: npt.NDArray[np.str_]) -> tuple[Index, float]:
    """Returns the index of faces, and the share of their variance that it keeps.

    Args:
        learnt: N×S×S×3, the training faces.
        unseen: M×S×S×3, the held-out ones.
        names: N, of the training faces.
    """
    views = np.stack([view(face) for face in learnt])
    mean = views.mean(0)
    _, spread, directions = np.linalg.svd(views - mean, full_matrices=False)
    basis = directions[:WIDTH].T.astype(np.float16).astype(np.float32)
    points = ((views - mean) @ basis).astype(np.float16).astype(np.float32)
    kept = float(np.square(spread[:WIDTH]).sum() / np.square(spread).sum())
    index = Index(names, points, mean.astype(np.float32), basis, np.empty(0, np.float32))
    nearest = [index.likeness(index.describe(face)).distance for face in unseen]
    return replace(index, held_out=np.sort(np.array(nearest, np.float32))), kept


def found_copies(index: Index, faces: Bytes) -> list[dict[str, Any]]:
    """Returns, for each way to change a training face, the share that is still suspected."""
    rows = []
    for how, change in CHANGES.items():
        found = [index.likeness(index.describe(change(face))).suspected for face in faces]
        rows.append((f"training faces that are found when {how}, of {len(faces)}", np.mean(found)))
    return [
        {"what": what, "value": round(float(value), 2), "unit": "share", "command": COMMAND}
        for what, value in rows
    ]


def in_colors(face: Bytes, *factors: float) -> Bytes:
    """Returns a picture whose red, green and blue are multiplied."""
    return np.asarray(np.clip(face * np.array(factors), 0, 255), np.uint8)


def turned(face: Bytes) -> Bytes:
    """Returns a picture turned by 4 degrees and enlarged by 5 %."""
    side = face.shape[0]
    how = cv2.getRotationMatrix2D((side / 2, side / 2), 4, 1.05)
    border = cv2.BORDER_REFLECT
    return np.asarray(cv2.warpAffine(face, how, (side, side), borderMode=border), np.uint8)


def before_green(face: Bytes) -> Bytes:
    """Returns a picture whose background, outside an ellipse, is green."""
    side = face.shape[0]
    mask = np.zeros((side, side), np.uint8)
    axes = (round(side * 0.34), round(side * 0.47))
    cv2.ellipse(mask, (side // 2, round(side * 0.53)), axes, 0, 0, 360, 255, -1)
    return np.where(mask[..., None] > 0, face, np.array([40, 120, 60], np.uint8))


CHANGES: dict[str, Callable[[Bytes], Bytes]] = {
    "mirrored": lambda face: np.ascontiguousarray(face[:, ::-1]),
    "blurred by 3 px of 128": lambda face: np.asarray(cv2.GaussianBlur(face, (0, 0), 3), np.uint8),
    "30 % brighter": lambda face: in_colors(face, 1.3, 1.3, 1.3),
    "15 % redder and less blue": lambda face: in_colors(face, 1.15, 1.0, 0.85),
    "shifted by 4 px of 128": lambda face: np.roll(face, 4, 1),
    "turned by 4° and enlarged by 5 %": turned,
    "put before a green background": before_green,
}


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
    )
    return file.getvalue()


def measures(index: Index, kept: float) -> list[dict[str, Any]]:
    """Returns what the catalogue tells of the index."""
    low, middle = np.percentile(index.held_out, [1, 50])
    unseen = f"distance of {len(index.held_out)} unseen real faces to the nearest training face"
    facts = [
        (f"share of the variance that {WIDTH} directions keep", kept, "share"),
        (f"{unseen}, median", float(middle), "of a view"),
        (f"{unseen}, lowest hundredth", float(low), "of a view"),
    ]
    return [
        {"what": what, "value": float(f"{value:.3g}"), "unit": unit, "command": COMMAND}
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
        "training_data": f"Blurs of the training faces of {GENERATOR} in {WIDTH} numbers each.",
        "file": [catalog_entries.file_entry(f"{INDEX}.npz", data)],
        "measure": rows,
    }


if __name__ == "__main__":
    main()
