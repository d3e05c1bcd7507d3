"""How good photos of drawn faces are, against the learnt face whose lines are nearest.

    python benchmarks/sketch_face.py --data faces128.npz --shapes shapes.npz \\
        --features features.pt [--sheet FILE.png]

Two drawings of each held-out face: lines of the picture, and a doodle. Three answers: ours, the
face among those learnt from whose lines lie nearest to the drawing (both ways, mean distance), and
one of them at random. Measured are the Fréchet distance to real faces that were learnt from, in
features of EfficientNet-lite0, which training did not look through, and how far the drawn lines are
from the edges of the answer, px of 128. The held-out photos themselves give what can be reached.
The files are those of training/train_sketch_face.md; figures go into weights/catalog.toml.
"""

import argparse
from pathlib import Path
from typing import Any

import catalog_entries
import cv2
import face_data
import face_doodles
import frechet
import image_features
import lines
import numpy as np
import numpy.typing as npt
import torch
import train_faces

from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.translating import sketch_to_face
from genapp.translating.sketch_face import MODEL, prepared

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python benchmarks/sketch_face.py"
SIDE = 128
SMALL = 64
"""At which drawings are compared, px."""
FAR = 12.0
"""No line counts as farther from an edge than this, px of 128."""
KINDS = ("lines", "doodles")
SHOWN = 14


def main() -> None:
    """Measures, prints, writes the figures into the catalogue."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="faces, of face_data.py")
    parser.add_argument("--shapes", type=Path, required=True, help="of face_doodles.py")
    parser.add_argument("--features", type=Path, required=True, help="of face_bundle.py")
    parser.add_argument("--count", type=int, default=105, help="held-out faces")
    parser.add_argument("--sheet", type=Path, help="PNG to write")
    parser.add_argument("--write", action="store_true", help="put the figures into the catalogue")
    options = parser.parse_args()
    faces, shapes = face_data.unpack(options.data), face_doodles.read(options.shapes)
    held = np.flatnonzero(faces.held_out)[: options.count]
    learnt = np.flatnonzero(~faces.held_out)
    images = {"photos": faces.images[held]}
    judge = image_features.load(image_features.EFFICIENTNET, options.features)
    reference = frechet.features(judge, tensor(faces.images[learnt]), SIDE)
    rows: list[dict[str, Any]] = []
    shown = []
    for kind in KINDS:
        drawings = [draw(faces.images[n], shapes, int(n), kind) for n in held]
        library = [draw(faces.images[n], shapes, int(n), kind) for n in learnt]
        nearest = learnt[nearest_of(np.stack(drawings), np.stack(library))]
        random = np.random.default_rng(0).choice(learnt, len(held))
        with Engines(device="cpu") as engines:
            images["ours"] = np.stack([made(drawing, engines) for drawing in drawings])
        images |= {"nearest lines": faces.images[nearest], "at random": faces.images[random]}
        for name, answers in images.items():
            distance = frechet.distance(reference, frechet.features(judge, tensor(answers), SIDE))
            beside = float(np.mean([missed(*pair) for pair in zip(drawings, answers, strict=True)]))
            print(f"{kind:8s} {name:14s} Fréchet {distance:8.1f}  lines off by {beside:5.2f} px")
            of = f"{len(held)} held-out faces, {kind}: {name}"
            rows += [
                row(f"Fréchet distance, {of}", distance, "of EfficientNet-lite0"),
                row(f"lines off by, {of}", beside, "px"),
            ]
        shown.append(sheet(drawings, images))
    if options.sheet:
        cv2.imwrite(str(options.sheet), np.vstack(shown)[..., ::-1])
    if options.write:
        catalog_entries.update_measures(ROOT / "weights" / "catalog.toml", {MODEL: rows})


def draw(image: Bytes, shapes: face_doodles.Shapes, number: int, kind: str) -> Array:
    """Returns a drawing of a face, 128×128, 0..100: lines of it, or a doodle."""
    rng = np.random.default_rng((7, number))
    large = np.asarray(face_doodles.enlarged(image) / 255, np.float32)
    if kind == "lines":
        paper = lines.ink(large, rng)
    else:
        points = shapes.points[number].astype(np.float32)
        paper = face_doodles.doodle(large, points, shapes.person[number], rng)
    small = cv2.resize(paper, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return prepared(np.asarray(100 * small, np.float32), SIDE)


def made(drawing: Array, engines: Engines) -> Bytes:
    """Returns our answer, 128×128×3."""
    grey = np.repeat((drawing * 2.55).round().astype(np.uint8)[..., None], 3, 2)
    pixels = sketch_to_face(Photo(grey), size=SIDE, engines=engines).photo.pixels
    return np.asarray(pixels, np.uint8)


def nearest_of(drawings: Array, library: Array) -> npt.NDArray[np.intp]:
    """Returns for each of n×S×S drawings the place of the nearest of m×S×S others.

    The mean distance of the ink of one from the ink of the other, both ways.
    """
    (ink, far), (others, others_far) = inked(drawings), inked(library)
    there = ink @ others_far.T / ink.sum(1, keepdims=True)
    back = (others @ far.T / others.sum(1, keepdims=True)).T
    return np.asarray((there + back).argmin(1), np.intp)


def inked(drawings: Array) -> tuple[Array, Array]:
    """Returns the ink of drawings, and how far each place is from it, N×64² each."""
    ink, far = [], []
    for drawing in drawings:
        small = cv2.resize(drawing, (SMALL, SMALL), interpolation=cv2.INTER_AREA)
        dark = small < 70
        ink.append(dark.astype(np.float32).ravel())
        away = cv2.distanceTransform((~dark).astype(np.uint8), cv2.DIST_L2, 3)
        far.append(np.minimum(away, FAR / 2).astype(np.float32).ravel())
    return np.stack(ink) + np.float32(1e-6), np.stack(far)


def missed(drawing: Array, answer: Bytes) -> float:
    """Returns how far drawn lines are from the edges of an answer, px, mean over the lines."""
    smooth = cv2.GaussianBlur(answer, (0, 0), 0.8)
    edges = cv2.Canny(smooth, 30, 70) > 0
    away = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, 3)
    return float(np.minimum(away, FAR)[drawing < 50].mean())


def tensor(images: Bytes) -> torch.Tensor:
    """Returns N×3×S×S of N×S×S×3."""
    return train_faces.to_tensor(images)


def sheet(drawings: list[Array], images: dict[str, Bytes]) -> Bytes:
    """Returns drawings above the answers to them."""
    step = max(1, len(drawings) // SHOWN)
    drawn = [np.repeat((d * 2.55).astype(np.uint8)[..., None], 3, 2) for d in drawings]
    rows = [drawn, *(list(each) for each in images.values())]
    return np.vstack([np.hstack(each[::step][:SHOWN]) for each in rows])


def row(what: str, value: float, unit: str) -> dict[str, Any]:
    """Returns an entry of the catalogue."""
    return {"what": what, "value": round(value, 2), "unit": unit, "command": COMMAND}


if __name__ == "__main__":
    main()
