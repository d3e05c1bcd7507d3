"""Trains the classifier that tells whether someone already wears glasses.

    python training/glasses_worn.py --faces ../shared/data/faces [--weights weights]

Logistic regression on the features of genapp/tryon/worn.py. The labels are glasses_worn.txt. It
learns from fakefaces-* and faker-*, less every 20th in sorted order; omi-* and those 20ths test it.
Needs torch, which has the optimiser (L-BFGS). Figures: glasses_worn.md.
"""

import argparse
import hashlib
import io
import sys
from pathlib import Path

import catalog_entries
import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from genapp import images
from genapp.errors import NoFace
from genapp.registry.engines import Engines
from genapp.tryon import analyse
from genapp.tryon.worn import MODEL, SURE, features, strip

Array = npt.NDArray[np.float32]

LABELS = Path(__file__).with_suffix(".txt")
WEIGHTS = Path(__file__).parents[1] / "weights"
LEARNT_FROM = ("fakefaces-*.jpg", "faker-*.jpg")
TESTED_ON = "omi-*.jpg"
DECAY = 3e-4
"""Weight of the squared length of the weights: the best of 0.003, 0.001, 0.0003, 0.0001."""


def main() -> int:
    """Runs the training; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write")
    options = parser.parse_args()
    wearers = {line for line in LABELS.read_text().splitlines() if not line.startswith("#")}
    train: list[tuple[npt.NDArray[np.uint8], bool]] = []
    held: list[tuple[npt.NDArray[np.uint8], bool]] = []
    for pattern in LEARNT_FROM:
        paths = sorted(options.faces.glob(pattern))
        held += strips(paths[::20], wearers)
        train += strips([path for i, path in enumerate(paths) if i % 20], wearers)
    test = strips(sorted(options.faces.glob(TESTED_ON)), wearers)

    mirrored = [(np.asarray(cv2.flip(picture, 1), np.uint8), label) for picture, label in train]
    weights, bias = fitted(*columns(train + mirrored))
    for name, rows in (("learnt from", train), ("held out", held), ("tested on", test)):
        x, y = columns(rows)
        said, true = x @ weights + bias >= np.log(SURE / (1 - SURE)), y > 0.5
        print(
            f"{name}: {len(y)} faces, {true.sum()} with glasses, "
            f"{(said & true).sum()} of them found, {(said & ~true).sum()} false alarms"
        )
    file = io.BytesIO()
    np.savez(file, weights=weights, bias=np.float32(bias))
    (options.weights / "face" / "glasses-worn.npz").write_bytes(file.getvalue())
    x, y = columns(test)
    said, true = x @ weights + bias >= np.log(SURE / (1 - SURE)), y > 0.5
    measures = [
        ("recall on 1,004 faces of another source", (said & true).sum() / true.sum()),
        ("precision there", (said & true).sum() / said.sum()),
    ]
    catalog = options.weights / "catalog.toml"
    entries = [entry(file.getvalue(), measures)]
    catalog.write_text(catalog_entries.with_entries(catalog.read_text(), entries))
    return 0


def strips(paths: list[Path], wearers: set[str]) -> list[tuple[npt.NDArray[np.uint8], bool]]:
    """The largest face of each picture, and whether it wears glasses."""
    found = []
    with Engines() as engines:
        for path in paths:
            photo = images.read(path)
            try:
                head = analyse(photo, engines).faces[0].head
            except NoFace:
                continue
            found.append((strip(photo.pixels, head), path.name in wearers))
    return found


def columns(rows: list[tuple[npt.NDArray[np.uint8], bool]]) -> tuple[Array, Array]:
    """N×F features and N labels."""
    x = np.stack([features(picture) for picture, _ in rows])
    return x, np.array([label for _, label in rows], np.float32)


def fitted(x: Array, y: Array) -> tuple[Array, float]:
    """F weights and the bias."""
    inputs, target = torch.from_numpy(x), torch.from_numpy(y)
    weights = torch.zeros(x.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        entropy = functional.binary_cross_entropy_with_logits(inputs @ weights + bias, target)
        value = entropy + DECAY / 2 * (weights**2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value.item()

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach().numpy(), float(bias.detach())


def entry(data: bytes, measures: list[tuple[str, float]]) -> dict[str, object]:
    """Returns the catalogue entry."""
    return {
        "name": MODEL,
        "summary": "Tells whether a face already wears glasses: weights of a linear classifier.",
        "engine": "data",
        "license": "Apache-2.0",
        "commercial": True,
        "source": "training/glasses_worn.py",
        "paper": "https://doi.org/10.1109/CVPR.2005.177",
        "training_data": "1,045 synthetic faces (fakefaces, faker), labelled by eye.",
        "file": [
            {
                "path": "face/glasses-worn.npz",
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
            }
        ],
        "measure": [
            {
                "what": what,
                "value": round(float(value), 3),
                "unit": "share",
                "command": "python training/glasses_worn.py --faces ../shared/data/faces",
            }
            for what, value in measures
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
