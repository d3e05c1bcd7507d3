"""The three families of generative model side by side, on faces at 32².

    python benchmarks/families.py --data runs/bundle/faces128.npz --features runs/bundle/features.pt

For each family: bits per byte of held-out faces, the time of a sample, the Fréchet distance to real
faces, precision and recall, how many samples lie suspiciously near a face that was learnt from, and
the size. Distances are taken in features of VGG16, which no family was trained or chosen with. Real
faces stand in the first row: no model can be expected to do better. The autoregressive model's
memory is timed against looking at the whole picture again for each pixel. ``--sheet`` draws samples
and completed faces; ``--enter`` writes the figures into weights/catalog.toml.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import catalog_entries
import cv2
import face_data
import frechet
import image_features
import numpy as np
import numpy.typing as npt
import torch

from genapp.families import Family, PixelCNN, Vae, open_gan, open_pixelcnn, open_vae, to_size
from genapp.registry.engines import Engines

Array = npt.NDArray[np.float64]
Pictures = npt.NDArray[np.float32]

CATALOG = Path(__file__).resolve().parent.parent / "weights" / "catalog.toml"
COMMAND = (
    "python benchmarks/families.py --data runs/bundle/faces128.npz "
    "--features runs/bundle/features.pt --enter"
)
ENTRIES = {
    "autoregressive": ("families/pixelcnn-pixels.faces32", "families/pixelcnn-rows.faces32"),
    "vae": ("families/vae.faces32",),
    "gan": ("faces/gated-gan.v1", "faces/gated-gan-mapping.v1"),
}
VIEW = 32  # side at which VGG16 sees the pictures
REFERENCE = 1000  # real faces that samples are compared with
NEIGHBOURS = 3  # of precision and recall
CALM = 0.4  # detail of the VAE's calmer samples, whose pixels are means
SUSPECT = 0.05  # share of held-out faces that are as near to a learnt one as a suspect is


@dataclass(frozen=True)
class Row:
    """The figures of a family."""

    name: str
    distance: float
    precision: float
    recall: float
    suspects: float | None
    bits: float | None = None
    seconds: float | None = None
    """For a sample made alone."""
    megabytes: float | None = None


@dataclass(frozen=True, eq=False)
class Real:
    """Features of real faces."""

    reference: Array
    """Some that were learnt from."""
    others: Array
    """Others that were learnt from."""
    learnt: Array
    """All of both."""
    nearness: float
    """Only ``SUSPECT`` of the held-out faces are nearer to a learnt one."""


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="faces, of face_data.py")
    parser.add_argument("--features", type=Path, required=True, help="of face_bundle.py")
    parser.add_argument("--count", type=int, default=200, help="samples of each family")
    parser.add_argument("--codes", type=int, default=8, help="of the VAE, for each picture")
    parser.add_argument("--naive", type=int, default=32, help="pixels painted without memory")
    parser.add_argument("--sheet", type=Path, help="PNG to draw")
    parser.add_argument("--enter", action="store_true", help="write figures into the catalogue")
    options = parser.parse_args()
    torch.set_num_threads(2)
    faces = face_data.unpack(options.data)
    learnt, held_out = (
        np.stack([to_size(image) for image in faces.part(held_out=held)]) for held in (False, True)
    )
    judge = image_features.load(image_features.VGG, options.features)

    def describe(pictures: Pictures) -> Array:
        return described(judge, pictures)

    with Engines(device="cpu") as engines:
        pixelcnn, vae, gan = open_pixelcnn(engines), open_vae(engines), open_gan(engines)
        real = real_faces(learnt, held_out, options.count, describe)
        bits = measured_bits(pixelcnn, vae, learnt[: len(held_out)], held_out, options.codes)
        rows = [row_of_real(real)]
        families: tuple[Family, ...] = (pixelcnn, vae, gan)
        made = {family.name: family.sample(range(options.count)) for family in families}
        for family in families:
            row = row_of(family.title, made[family.name], real, describe)
            rows.append(
                replace(
                    row,
                    bits=bits.get(family.name),
                    seconds=median_time(family),
                    megabytes=megabytes(engines, family.name),
                )
            )
        calm = vae.sample(range(options.count), detail=CALM, grain=False)
        rows.append(row_of(f"{vae.title}, calm", calm, real, describe))
        print(table(rows))
        naive_time(pixelcnn, options.naive)
        if options.sheet:
            draw(options.sheet, made, pixelcnn, vae, held_out)
    if options.enter:
        enter(rows, options.count)


def real_faces(
    learnt: Pictures, held_out: Pictures, count: int, describe: Callable[[Pictures], Array]
) -> Real:
    """Returns the features of real faces."""
    order = np.random.default_rng(0).permutation(len(learnt))
    features = describe(learnt[order])
    nearness = np.quantile(nearness_of(held_out, features, describe), SUSPECT)
    others = features[REFERENCE : REFERENCE + count]
    return Real(features[:REFERENCE], others, features, float(nearness))


def row_of(name: str, pictures: Pictures, real: Real, describe: Callable[[Pictures], Array]) -> Row:
    """Returns the figures of samples alone."""
    features = describe(pictures)
    suspects = float(np.mean(nearness_of(pictures, real.learnt, describe) < real.nearness))
    return Row(
        name,
        distance=frechet.distance(real.reference, features),
        precision=inside(features, real.reference),
        recall=inside(real.reference, features),
        suspects=suspects,
    )


def row_of_real(real: Real) -> Row:
    """Returns the figures of other real faces."""
    return Row(
        "other real faces",
        distance=frechet.distance(real.reference, real.others),
        precision=inside(real.others, real.reference),
        recall=inside(real.reference, real.others),
        suspects=None,  # they were learnt from, all of them
    )


def nearness_of(pictures: Pictures, learnt: Array, describe: Callable[[Pictures], Array]) -> Array:
    """Returns the distance of each picture, mirrored or not, to the nearest learnt face."""
    both = [nearest(describe(view), learnt) for view in (pictures, pictures[:, :, ::-1])]
    return np.asarray(np.minimum(*both))


def described(judge: torch.nn.Module, pictures: Pictures) -> Array:
    """Returns the features of n×32×32×3 pictures, 0..1."""
    tensor = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2) * 2 - 1))
    return frechet.features(judge, tensor, VIEW)


def inside(points: Array, others: Array) -> float:
    """Returns the share of points that lie in the neighbourhood of any of the others.

    "Improved Precision and Recall Metric" (https://arxiv.org/abs/1904.06991): a neighbourhood
    reaches to the third nearest of its own kind.
    """
    own = np.sort(squares(others, others), 1)[:, NEIGHBOURS]  # the first is the point itself
    return float((squares(points, others) <= own).any(1).mean())


def nearest(points: Array, others: Array) -> Array:
    """Returns the distance of each point to the nearest of the others."""
    return np.asarray(np.sqrt(np.maximum(squares(points, others).min(1), 0)))


def squares(points: Array, others: Array) -> Array:
    """Returns squared distances, n×m."""
    lengths = (points**2).sum(1)[:, None] + (others**2).sum(1)
    return np.asarray(lengths - 2 * points @ others.T)


def measured_bits(
    pixelcnn: PixelCNN, vae: Vae, learnt: Pictures, held_out: Pictures, codes: int
) -> dict[str, float]:
    """Prints bits per byte; returns those of held-out faces, the tightest of each family."""
    found = {}
    scale = -1 / (held_out[0].size * np.log(2))
    for name, pictures in (("learnt from", learnt), ("held out", held_out)):
        exact = pixelcnn.bits_per_dim(pictures)
        bound = vae.bound(pictures, codes)
        elbo, iwae = bound.elbo.mean() * scale, bound.iwae.mean() * scale
        print(
            f"{len(pictures)} faces {name}, bits/dim: autoregressive {exact.mean():.3f} "
            f"(± {exact.std() / len(exact) ** 0.5:.3f}), VAE elbo {elbo:.3f}, "
            f"iwae of {codes} codes {iwae:.3f}"
        )
        found = {pixelcnn.name: float(exact.mean()), vae.name: float(iwae)}
    shares = bound.divergence.mean(0) * -scale
    print("VAE, bits/dim in each part of the code:", *(f"{share:.4f}" for share in shares))
    return found


def median_time(family: Family, repeats: int = 5) -> float:
    """Returns the seconds of a sample made alone."""
    times = []
    for seed in range(repeats):
        begun = time.perf_counter()
        family.sample([seed])
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


def naive_time(pixelcnn: PixelCNN, pixels: int) -> None:
    """Prints what the memory saves; a naive picture would take 1024 times its time of a pixel."""
    data = np.zeros((1, 3, 32, 32), np.float32)
    begun = time.perf_counter()
    for _ in range(pixels):
        pixelcnn.parameters(data)
    naive = (time.perf_counter() - begun) / pixels * 1024
    ours = median_time(pixelcnn)
    batch = time.perf_counter()
    pixelcnn.sample(range(16))
    each = (time.perf_counter() - batch) / 16
    print(
        f"autoregressive: a picture takes {ours:.2f} s with memory ({each:.2f} s each of 16 at "
        f"once), {naive:.1f} s if the whole picture were looked at for each pixel (by the time of "
        f"{pixels} pixels): {naive / ours:.0f} times as long"
    )


def megabytes(engines: Engines, name: str) -> float:
    """Returns the size of a family's files."""
    return sum(engines.catalog.get(entry).bytes or 0 for entry in ENTRIES[name]) / 1e6


def table(rows: Sequence[Row]) -> str:
    """Returns the figures in Markdown."""
    head = (
        "| | bits/dim, held out | s a picture | Fréchet distance | precision | recall | "
        "suspiciously near | MB |\n|---|---|---|---|---|---|---|---|"
    )
    lines = [
        f"| {row.name} | {_or_dash(row.bits, '.3f')} | {_or_dash(row.seconds, '.3f')} | "
        f"{row.distance:.0f} | {row.precision:.2f} | {row.recall:.2f} | "
        f"{_or_dash(row.suspects, '.0%')} | {_or_dash(row.megabytes, '.1f')} |"
        for row in rows
    ]
    return "\n".join([head, *lines])


def _or_dash(value: float | None, format: str) -> str:
    return "–" if value is None else f"{value:{format}}"


def draw(
    path: Path, made: dict[str, Pictures], pixelcnn: PixelCNN, vae: Vae, held_out: Pictures
) -> None:
    """Draws two rows of each family, held-out faces, half of them painted anew, and by the VAE."""
    begun = held_out[:16]
    (completed,) = pixelcnn.paint(range(16), begun=begun, rows=16, every=1024)
    rows = [picture[start : start + 16] for picture in made.values() for start in (0, 16)]
    rows += [vae.sample(range(16), detail=CALM, grain=False), begun, completed]
    rows += [vae.reconstruct(begun, parts) for parts in (2, 4, 6)]
    sheet = np.vstack([np.hstack(list(row)) for row in rows])
    data = np.rint(sheet * 255).astype(np.uint8)[..., ::-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.resize(data, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST))


def enter(rows: Sequence[Row], count: int) -> None:
    """Writes the figures of both trained families into the catalogue."""
    measures: dict[str, list[dict[str, Any]]] = {}
    for name, row in zip(("autoregressive", "vae"), rows[1:3], strict=True):
        assert row.bits is not None
        figures = (
            ("held-out faces, bits per byte" + ("" if name == "autoregressive" else ", at most"),
             row.bits, "bits/dim"),
            (f"Fréchet distance of {count} samples to {REFERENCE} real faces, VGG16; "
             f"other real faces: {rows[0].distance:.0f}", row.distance, "squared feature units"),
        )  # fmt: skip
        measures[ENTRIES[name][0]] = [
            {"what": what, "value": float(f"{value:.4g}"), "unit": unit, "command": COMMAND}
            for what, value, unit in figures
        ]
    catalog_entries.update_measures(CATALOG, measures)


if __name__ == "__main__":
    main()
