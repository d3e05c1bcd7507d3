"""Fits the detector of what is no face and enters it into the catalogue.

    python training/fit_outliers.py [--pixels-only]

The distance of features is fitted on the faces to learn from (face_data.py) and its p-values are
ranks among the same faces, each held out in turn. The scores of pixels come from models that have
learnt from all of these, so that their p-values are ranks among the held-out faces. The file goes
to weights/outliers/, its entry to weights/catalog.toml, a section to weights/NOTICE.md. It holds
means, covariances and coordinates in a space of features; no pictures and no names of any.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import catalog_entries
import numpy as np
from face_data import DATA, Bytes, aligned, split

from genapp.registry.engines import Engines
from genapp.screening import BUILT_IN, SCORES, Detector, fit_detector, load, to_bytes
from genapp.screening.likelihood import pixel_scores, small

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "weights"
NAME = "faces"
SIDE = 256
COMMAND = "python training/fit_outliers.py"

NOTICE = """\
The file `outliers/faces.reference.npz` was made by this project (`training/fit_outliers.py`) and is
under CC BY-NC-SA 4.0 (https://creativecommons.org/licenses/by-nc-sa/4.0/): no commercial use. It
holds statistics of the same synthetic faces as the generator of faces: One Million Impressions
("omi", CC BY-NC-SA 4.0, whose terms this follows), BaseMax/FakeFaces (a GPL-3.0 repository) and
faker-js assets-person-portrait (CC0-1.0). Detectors that you fit on your own pictures are yours.
"""


def main() -> None:
    """Reads the command line, fits, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of faces/")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write")
    parser.add_argument(
        "--pixels-only", action="store_true", help="keep the features, renew the other scores"
    )
    options = parser.parse_args()
    path = options.weights / f"{BUILT_IN}.npz"
    with Engines(device="cpu") as engines:
        if options.pixels_only:
            detector = load(path)
        else:
            pictures = list(faces(options.data, engines, held_out=False))
            print(f"{len(pictures)} faces to fit on", flush=True)
            detector, _ = fit_detector(pictures, name=NAME, engines=engines)
            detector = replace(detector, names=("",) * len(detector.names))
        detector = with_pixel_scores(detector, options.data, engines)
    data = to_bytes(detector)
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    entries = [entry(data)]
    files = {
        path: data,
        catalog: catalog_entries.with_entries(catalog.read_text("utf-8"), entries).encode(),
        notice: catalog_entries.with_section(
            notice.read_text("utf-8"), "Reference for outliers", NOTICE
        ).encode(),
    }
    for place, content in files.items():
        catalog_entries.write(place, content)
        print(f"wrote {place.name}, {len(content)} bytes")


def faces(data: Path, engines: Engines, *, held_out: bool) -> Iterator[Bytes]:
    """Yields faces to learn from or those that are held out, 256×256×3."""
    for file, held in split(data):
        if held == held_out:
            face = aligned(file, SIDE, engines)
            if face is not None:
                yield face


def with_pixel_scores(detector: Detector, data: Path, engines: Engines) -> Detector:
    """Returns the detector with what held-out faces score by their pixels."""
    shrunk = np.stack([small(face) for face in faces(data, engines, held_out=True)])
    names = [name for name, score in SCORES.items() if score.of_faces]
    values = pixel_scores(shrunk, names, engines)
    for name, scores in values.items():
        print(f"{name}: {scores.mean():.3f} ± {scores.std():.3f} bits a byte, {len(scores)} faces")
    return replace(detector, held_out={"features": detector.held_out["features"], **values})


def entry(data: bytes) -> dict[str, object]:
    """Returns the detector's entry in the catalogue."""
    return {
        "name": BUILT_IN,
        "summary": "Finds what is no upright face: a fitted detector of outliers.",
        "engine": "data",
        "license": "CC-BY-NC-SA-4.0",
        "commercial": False,
        "source": f"Made by this project: {COMMAND}",
        "training_data": "1,998 synthetic faces (omi, fakefaces, faker); thresholds of the scores "
        "of pixels: 107 others. See NOTICE.md.",
        "file": [catalog_entries.file_entry(f"{BUILT_IN}.npz", data)],
    }


if __name__ == "__main__":
    main()
