"""Made faces beside real ones: distance, precision and recall, detector, memory, time.

    python benchmarks/faces_quality.py --faces faces128.npz --features features.pt \\
        [--dcgan weights.tar] [--side 64] [--sheet FILE.png] [--readme benchmarks/README.md]

Every kind of pictures is shrunk to the same side and taken in the same numbers; beside each figure
stands that of real faces, the best that can be had at this count.

- Fréchet distance (https://arxiv.org/abs/1706.08500) on features of networks that the generator
  was not trained with: from `--count` faces to as many real ones. Real ones: another such heap.
- Precision and recall (https://arxiv.org/abs/1904.06991), k = 3 nearest neighbours, against the
  faces held out; so many made faces are drawn as are held out, ten times, and the mean taken.
- Our detector finds a face, and its mesh is plausible: no farther from the average face than 99 %
  of the real faces held out.
- Learning by heart: share of made faces that are nearer to one learnt from than 99 % of those held
  out are; and distances from made faces to the nearest face learnt from and to the nearest
  held out, each among as many. Their ratio is 1 if nothing is remembered, and 0 for copies.
- Faces per second of the synthesis, a batch of 1 and of 16.

`--faces` and `--features` are made by training/face_data.py and face_bundle.py. `--dcgan` is
gan_face_generate/weights.tar of the PyPI package gan-face-generate 1.1.1 (MIT; trained on
DigiFace-1M, which is cut otherwise): only measured, never shipped.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from genapp.facemaking import w_of
from genapp.facemaking.align import shrunk as shrunk_picture
from genapp.facemaking.generator import GENERATOR, Generator, open_generator
from genapp.images import from_float
from genapp.registry.engines import Engines
from genapp.tryon import find_poses

TRAINING = Path(__file__).resolve().parents[1] / "training"
sys.path.insert(0, str(TRAINING))  # scripts lie in folders, not in packages

import catalog_entries  # noqa: E402
import face_data  # noqa: E402
import frechet  # noqa: E402
import image_features  # noqa: E402
import neighbours  # noqa: E402
import train_faces  # noqa: E402

Array = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

COMMAND = "python benchmarks/faces_quality.py --faces faces128.npz --features features.pt"
JUDGES = ("efficientnet_lite0", "vgg16")
PLAUSIBLE = 99  # percentile of the misfit of real faces
TRUNCATIONS = (1.0, 0.7)
BATCHES = (1, 16)
REAL = "real faces"


@dataclass(frozen=True)
class Row:
    """The figures of one heap of pictures."""

    distances: tuple[float, ...]
    """By judge."""
    precision: float
    recall: float
    found: float
    plausible: float
    """Shares of all."""
    remembered: float
    """Median distance to the nearest face learnt from over that to the nearest one held out."""
    copied: float
    """Share nearer to a face learnt from than 99 % of those held out are."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--faces", type=Path, required=True, help="of face_data.py")
    parser.add_argument("--features", type=Path, required=True, help="of face_bundle.py")
    parser.add_argument("--dcgan", type=Path, help="weights.tar of gan-face-generate")
    parser.add_argument("--side", type=int, default=64, help="at which everything is compared, px")
    parser.add_argument("--count", type=int, default=500, help="for the distances, at most 999")
    parser.add_argument("--looked-at", type=int, default=100, help="that the detector sees")
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--sheet", type=Path, help="PNG of 100 faces at truncation 0.7, not chosen")
    parser.add_argument("--readme", type=Path, help="file to write the table into")
    options = parser.parse_args()
    torch.set_num_threads(2)
    faces = face_data.unpack(options.faces)
    learnt, held = (shrunk(faces.part(held_out=out), options.side) for out in (False, True))
    order = np.random.default_rng(0).permutation(len(learnt))
    reference, others = learnt[order[: options.count]], learnt[order[options.count :]]
    with Engines(device="cpu") as engines:
        generator = open_generator(engines)
        heaps = {REAL: others[: options.count]}
        for truncation in TRUNCATIONS:
            made = faces_of(
                generator, range(options.seed, options.seed + options.count), truncation
            )
            heaps[f"ours, truncation {truncation:g}"] = shrunk(made, options.side)
        if options.dcgan:
            heaps["DCGAN"] = shrunk(dcgan(options.dcgan, options.count), options.side)
        judged = {name: Judged(name, options.features, reference, held) for name in JUDGES}
        limit = misfit_limit(held, engines)
        seen = judged[JUDGES[0]].see(learnt)
        rows = {}
        for name, heap in heaps.items():
            rows[name] = measure(heap, judged, seen, limit, options.looked_at, engines)
            print(name, rows[name], flush=True)
        speeds = {batch: speed(engines, generator, batch) for batch in BATCHES}
        if options.sheet:
            sheet(options.sheet, faces_of(generator, range(options.seed, options.seed + 100), 0.7))
    text = as_table(rows, speeds, options, len(held), generator.size)
    print(text)
    if options.readme:
        old = options.readme.read_text(encoding="utf-8")
        new = catalog_entries.with_section(old, "Faces of people who don't exist", text)
        catalog_entries.write(options.readme, new.encode())


class Judged:
    """Real faces as a network that was not trained with sees them."""

    def __init__(self, name: str, weights: Path, reference: Bytes, held: Bytes) -> None:
        self.network: nn.Module = image_features.load(name, weights)
        self.reference, self.held = self.see(reference), self.see(held)

    def see(self, pictures: Bytes) -> Array:
        """N×k features of N×S×S×3."""
        tensor = train_faces.to_tensor(pictures)
        return frechet.features(self.network, tensor, pictures.shape[1])


def measure(
    heap: Bytes,
    judged: Mapping[str, Judged],
    learnt: Array,
    limit: float,
    looked_at: int,
    engines: Engines,
) -> Row:
    """Everything about a heap of pictures, N×S×S×3; `learnt` as the first judge sees them."""
    seen = {name: judge.see(heap) for name, judge in judged.items()}
    distances = tuple(frechet.distance(judged[name].reference, seen[name]) for name in JUDGES)
    first = judged[JUDGES[0]]
    precision, recall = neighbours.precision_recall(seen[JUDGES[0]], first.held)
    misfits = [misfit(picture, engines) for picture in heap[:looked_at]]
    found = [value for value in misfits if value is not None]
    return Row(
        distances,
        precision,
        recall,
        len(found) / len(misfits),
        sum(value <= limit for value in found) / len(misfits),
        neighbours.remembered(seen[JUDGES[0]], learnt, first.held),
        neighbours.copied(seen[JUDGES[0]], learnt, first.held),
    )


def misfit(picture: Bytes, engines: Engines) -> float | None:
    """How far the mesh of a face is from the average one; None: our detector finds no face."""
    poses = find_poses(picture, engines)
    return poses[0].misfit if poses else None


def misfit_limit(held: Bytes, engines: Engines) -> float:
    """The misfit that real faces seldom pass."""
    found = [misfit(picture, engines) for picture in held]
    return float(np.percentile([value for value in found if value is not None], PLAUSIBLE))


def faces_of(generator: Generator, seeds: range, truncation: float) -> Bytes:
    """N×S×S×3 faces of seeds."""
    w = np.stack([w_of(generator, seed, truncation) for seed in seeds])
    made = [from_float(picture, np.uint8) for picture in generator.pictures(w)]
    return np.asarray(np.stack(made), np.uint8)


def dcgan(path: Path, count: int) -> Bytes:
    """N×64×64×3 faces of the DCGAN of PyTorch's tutorial (100 numbers of noise, 64 channels)."""
    layers: list[nn.Module] = []
    channels = (100, 512, 256, 128, 64, 3)
    for number, (before, after) in enumerate(pairwise(channels)):
        step, padding = (1, 0) if number == 0 else (2, 1)
        layers.append(nn.ConvTranspose2d(before, after, 4, step, padding, bias=False))
        if after != channels[-1]:
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Tanh())
    stored = torch.load(path, map_location="cpu", weights_only=True)["netG_state_dict"]
    net.load_state_dict({key.removeprefix("main."): value for key, value in stored.items()})
    net.eval().requires_grad_(False)
    z = torch.randn(count, 100, 1, 1, generator=torch.Generator().manual_seed(0))
    made = torch.cat([net(part) for part in torch.split(z, 50)])
    return np.asarray(train_faces.to_bytes(made).permute(0, 2, 3, 1).numpy(), np.uint8)


def shrunk(pictures: Bytes, side: int) -> Bytes:
    """N×side×side×3."""
    return np.stack([shrunk_picture(picture, side) for picture in pictures])


def speed(engines: Engines, generator: Generator, batch: int, seconds: float = 3.0) -> float:
    """Faces a second of the synthesis."""
    engine = engines.get(GENERATOR)
    w = np.stack([w_of(generator, seed) for seed in range(batch)])
    engine.run({"w": w})
    started, runs = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        engine.run({"w": w})
        runs += 1
    return runs * batch / (time.perf_counter() - started)


def sheet(path: Path, faces: Bytes, cell: int = 96) -> None:
    """Draws faces, ten in a row."""
    cells = [cv2.resize(face, (cell, cell), interpolation=cv2.INTER_CUBIC) for face in faces]
    rows = [np.hstack(cells[start : start + 10]) for start in range(0, len(cells), 10)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


def as_table(
    rows: Mapping[str, Row],
    speeds: Mapping[int, float],
    options: argparse.Namespace,
    held: int,
    size: int,
) -> str:
    """The figures as Markdown."""
    side, count = options.side, options.count
    real = rows[REAL].distances
    heads = [
        *(f"distance, {name}" for name in JUDGES),
        "precision",
        "recall",
        "face found",
        "mesh plausible",
        "nearest: learnt / held out",
        "nearer than 99 % of unseen",
    ]
    lines = [
        f"`{COMMAND}`:",
        f"the generator of {size}² in the catalogue, all shrunk to {side}². Fréchet distance of",
        f"{count} faces to {count} real ones that it learnt from, in brackets over that of {count}",
        "other real ones; networks that it was not trained with. Precision, recall",
        f"({neighbours.COUNT} nearest neighbours) and what is nearest: by {JUDGES[0]}, against",
        f"the {held} real faces held out, {held} against {held}, mean of {neighbours.DRAWS} draws.",
        f"Detector and mesh: {options.looked_at} faces each.",
        "",
        f"| | {' | '.join(heads)} |",
        f"|---|{'---|' * len(heads)}",
    ]
    for name, row in rows.items():
        cells = [f"{d:.0f} ({d / r:.2f}×)" for d, r in zip(row.distances, real, strict=True)]
        cells += [f"{row.precision:.2f}", f"{row.recall:.2f}"]
        cells += [f"{row.found:.0%}", f"{row.plausible:.0%}"]
        cells += ["–", "–"] if name == REAL else [f"{row.remembered:.2f}", f"{row.copied:.1%}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    rates = ", ".join(f"{rate:.0f} in batches of {batch}" for batch, rate in speeds.items())
    lines += [
        "",
        "Mesh plausible: no farther from the average face than 99 % of the real faces held out.",
        "Nearest: median distance to the nearest face learnt from over that to the nearest one",
        "held out, each of as many; 1 if nothing is learnt by heart, 0 for copies. Last column:",
        "made faces nearer to one learnt from than 99 of 100 held out are.",
        f"Faces a second on this machine's CPU: {rates}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
