"""Learns what the sliders of faces do: directions in w, and the readers that measure them.

    python training/face_directions.py --faces faces128.npz --ratings omi-attributes.csv \\
        [--sheet FILE.png] [--readme benchmarks/README.md]

Repeat it whenever the generator in the catalogue changes. In four steps:

1. Readers. What people said about the real faces `omi`, shrunk to the generator's size, is fitted
   by ridge regression on features of a frozen network (genapp/facemaking/attributes.py), with the
   coefficient of determination R² by five-fold cross-validation. Below `LEAST_RATED` a rating is
   left out.
2. Made faces of random noise are read: ratings by the readers; angles, mouth and glasses by our
   detector and mesh. Ridge regression of each attribute on w gives read-outs.
3. Directions: moving along one changes its own read-out by one standard deviation and no other
   (the most likely such move, given how w is spread). What still leaks is measured on made faces
   and taken out once more, by the inverse of the table of effects.
4. Proof on fresh faces: each slider goes over `POSITIONS`; its range ends where fewer faces are
   found or its attribute stops rising. A slider that doesn't reach from -1 to 1 is left out.
   The directions for which this was measured take the others into account, left out or not.

Writes weights/faces/ratings.omi.npz, weights/faces/gated-gan-sliders.v1.npz, their entries of the
catalogue and, with ``--readme``, the table of effects.
"""

import argparse
import csv
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalog_entries
import cv2
import face_data
import numpy as np
import numpy.typing as npt

from genapp.facemaking.align import shrunk
from genapp.facemaking.attributes import RATINGS, look, measure
from genapp.facemaking.edits import SLIDERS
from genapp.facemaking.generator import GENERATOR, Generator, open_generator
from genapp.registry.catalog import load
from genapp.registry.engines import Engines
from genapp.registry.store import Store

Array = npt.NDArray[np.float64]

WEIGHTS = Path(__file__).parents[1] / "weights"
NAMES = {
    "age": "age",
    "gender": "masculine",
    "happy": "smile",
    "long-haired": "hair-length",
    "hair-color": "dark-hair",
    "well-groomed": "groomed",
    "alert": "alert",
    "outdoors": "outdoors",
}
"""Columns of the ratings, and what we call them."""
COMMAND = "python training/face_directions.py --faces faces128.npz --ratings omi-attributes.csv"
UNITS = {
    "age": "years",
    "yaw": "degrees",
    "pitch": "degrees",
    "mouth-open": "distances of the eyes' corners",
    "glasses": "log-odds",
}
LEAST_RATED = 0.7
"""R² that a reader of ratings needs."""
LEAST_TOLD = 0.2
"""R² with which w must tell an attribute."""
LEAST_WIDE = 0.02
"""Ways of w in which it is spread less, of the widest, are left alone."""
LEAST_SHARE = 0.01
"""Of how sure it is that glasses are worn: less counts as this, before the log-odds."""
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Of ridge regression, over the mean square length of the inputs."""
FOLDS = 5
POSITIONS = (-3, -2, -1, 0, 1, 2, 3)
TRUNCATION = 0.7
"""Of the faces that effects are measured on."""
LEAST_STEP = 0.15
"""Standard deviations by which an attribute must rise from one position to the next."""
LEAST_FOUND = 0.9
"""Share of the found faces that must still be found at the end of a range."""


@dataclass(frozen=True, eq=False)
class Sliders:
    """Directions for all attributes that w tells."""

    names: tuple[str, ...]
    directions: Array
    """k×256: a step of one standard deviation."""
    spread: Array
    """k, the standard deviations, in units of the attributes."""

    def part(self, numbers: Sequence[int]) -> "Sliders":
        """Some of them."""
        names = tuple(self.names[number] for number in numbers)
        return Sliders(names, self.directions[numbers], self.spread[numbers])


@dataclass(frozen=True, eq=False)
class Proof:
    """What sliders do on fresh faces."""

    effects: Array
    """k×p×k: by slider and position, the mean change of each attribute, standard deviations."""
    found: Array
    """k×p: share of faces that our detector finds."""

    def reach(self, number: int) -> tuple[int, int]:
        """The range of a slider in which faces are found and its attribute rises."""
        own, found = self.effects[number, :, number], self.found[number]
        middle = POSITIONS.index(0)

        def holds(low: int, high: int, end: int) -> bool:
            rises = own[high] - own[low] >= LEAST_STEP
            return bool(rises and found[end] >= LEAST_FOUND * found[middle])

        low = high = middle
        while high + 1 < len(POSITIONS) and holds(high, high + 1, high + 1):
            high += 1
        while low > 0 and holds(low - 1, low, low - 1):
            low -= 1
        return POSITIONS[low], POSITIONS[high]

    def slopes(self, numbers: Sequence[int]) -> Array:
        """k×k: by slider, the mean change of each attribute for a step within the range."""
        rows = []
        for number in numbers:
            low, high = self.reach(number)
            ends = self.effects[number, [POSITIONS.index(low), POSITIONS.index(high)]]
            rows.append((ends[1] - ends[0])[list(numbers)] / (high - low))
        return np.array(rows)


def main() -> None:
    """Reads the command line, learns, proves, writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--faces", type=Path, required=True, help="of face_data.py")
    parser.add_argument("--ratings", type=Path, required=True, help="omi-attributes.csv")
    parser.add_argument("--count", type=int, default=1000, help="made faces to learn from")
    parser.add_argument("--proofs", type=int, default=16, help="faces to prove each slider on")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write")
    parser.add_argument("--readme", type=Path, help="file to write the table of effects into")
    parser.add_argument("--sheet", type=Path, help="PNG of every slider on a face")
    options = parser.parse_args()
    started = time.perf_counter()
    with open_engines(options.weights) as engines:
        rated = fit_readers(options, open_generator(engines).size, engines)
    print("ratings, R² cross-validated:", listed(rated), flush=True)
    # Anew, because now the catalogue has the readers.
    with open_engines(options.weights) as engines:
        generator = open_generator(engines)
        sliders, told = learn(generator, options.count, engines)
        print("told by w, R² cross-validated:", listed(told), flush=True)
        if not sliders.names:
            raise SystemExit("w tells no attribute well enough: no sliders were written.")
        sliders = without_leaks(sliders, generator, 2 * options.proofs, engines)
        proof = prove(
            sliders, generator, POSITIONS, noise(options.proofs, generator.z_size, seed=2), engines
        )
        reaches = [proof.reach(number) for number in range(len(sliders.names))]
        kept = [number for number, (low, high) in enumerate(reaches) if low <= -1 and high >= 1]
        slopes = proof.slopes(kept)
        write(options.weights, sliders.part(kept), [reaches[number] for number in kept], slopes)
        table = as_table(sliders, proof, kept, (rated, told), options.proofs)
        print(f"{table}\n{time.perf_counter() - started:.0f} s")
        if options.sheet:
            draw(options.sheet, sliders.part(kept), generator)
    if options.readme:
        text = options.readme.read_text(encoding="utf-8")
        new = catalog_entries.with_section(text, "Sliders of faces", table)
        catalog_entries.write(options.readme, new.encode())


def open_engines(weights: Path) -> Engines:
    """Returns the networks and data of a folder of weights."""
    return Engines(load(weights / "catalog.toml"), Store(weights), device="cpu")


def fit_readers(options: argparse.Namespace, size: int, engines: Engines) -> dict[str, float]:
    """Fits and writes the readers; returns the R² of every rating, those left out too."""
    faces = face_data.unpack(options.faces)
    with options.ratings.open(encoding="utf-8", newline="") as file:
        said = {int(row["stimulus"]): row for row in csv.DictReader(file)}
    chosen = [place for place, name in enumerate(faces.names) if name.startswith("omi-")]
    rows = [said[int(faces.names[place].partition("-")[2])] for place in chosen]
    y = np.array([[float(row[column]) for column in NAMES] for row in rows])
    pictures = (shrunk(faces.images[place], size) for place in chosen)
    x = np.concatenate(list(look(pictures, engines))).astype(np.float64)
    middle, scale = x.mean(0), x.std(0) + 1e-3 * x.std()
    slopes, told = ridge((x - middle) / scale, y)
    names = list(NAMES.values())
    kept = [number for number, value in enumerate(told) if value >= LEAST_RATED]
    weights = (slopes / scale)[kept]
    bias = y.mean(0)[kept] - weights @ middle
    rated = dict(zip(names, map(float, told), strict=True))
    arrays = {
        "names": np.array([names[number] for number in kept]),
        "weights": weights.astype(np.float32),
        "bias": bias.astype(np.float32),
    }
    measures = [
        (f"{names[number]}: R² on 1,004 real faces, five-fold cross-validated", told[number], "R²")
        for number in kept
    ]
    summary = "Reads off a picture of a face what people would say: age, smile and so on."
    store(options.weights, RATINGS, arrays, summary, measures)
    return rated


def ridge(x: Array, y: Array) -> tuple[Array, Array]:
    """Ridge regression of each column, with the penalty that predicts best.

    Args:
        x: N×f inputs, centred.
        y: N×k outputs.

    Returns:
        k×f slopes, and k coefficients of determination by cross-validation.
    """
    products = x @ x.T / x.shape[1]  # as many unknowns as pictures: often fewer than inputs
    fold = np.arange(len(y)) % FOLDS
    guesses = np.empty((len(PENALTIES), *y.shape))
    for number in range(FOLDS):
        here, others = fold == number, fold != number
        middle = y[others].mean(0)
        shares = _shares(products[np.ix_(others, others)], y[others] - middle)
        guesses[:, here] = products[np.ix_(here, others)] @ shares + middle
    scatter = np.maximum(np.square(y - y.mean(0)).sum(0), 1e-12)
    told = 1 - np.square(guesses - y).sum(1) / scatter
    best = told.argmax(0)
    each = np.arange(y.shape[1])
    slopes = _shares(products, y - y.mean(0))[best, :, each] @ x / x.shape[1]
    return slopes, told[best, each]


def _shares(products: Array, y: Array) -> Array:
    """Solutions for all penalties, p×n×k."""
    values, vectors = np.linalg.eigh(products)
    turned = vectors.T @ y
    return np.stack([vectors @ (turned / (values + each)[:, None]) for each in PENALTIES])


def learn(generator: Generator, count: int, engines: Engines) -> tuple[Sliders, dict[str, float]]:
    """Returns a direction for each attribute that w tells, and how well it tells each (R²)."""
    w = generator.mapping(noise(count, generator.z_size, seed=0)).astype(np.float64)
    names, seen = read(generator, w, engines)
    found = np.isfinite(seen).all(1)
    w, seen = w[found], seen[found]
    middle = w.mean(0)
    _, lengths, ways = np.linalg.svd(w - middle, full_matrices=False)
    deviations = lengths / np.sqrt(len(w))
    wide = deviations > LEAST_WIDE * deviations[0]
    ways, deviations = ways[wide], deviations[wide]
    # The wider w is spread along a way, the more it is likely to tell: with all ways alike, 200
    # real faces (their principal components) told ratings with an R² of 0.1, so with 0.3 to 0.6.
    weight = np.sqrt(deviations / deviations[0])
    x = (w - middle) @ ways.T / deviations * weight
    spread = seen.std(0)
    slopes, told = ridge(x, seen / spread)
    slopes = slopes * weight  # for a deviation along each way
    kept = [number for number, value in enumerate(told) if value >= LEAST_TOLD]
    slopes = slopes[kept]
    apart = np.linalg.solve(slopes @ slopes.T, slopes)
    directions = np.asarray(apart * deviations @ ways, np.float64)
    sliders = Sliders(tuple(names[number] for number in kept), directions, spread[kept])
    return sliders, dict(zip(names, map(float, told), strict=True))


def without_leaks(sliders: Sliders, generator: Generator, count: int, engines: Engines) -> Sliders:
    """Mixes the directions so that what each did to other attributes cancels out."""
    proof = prove(sliders, generator, (-1, 1), noise(count, generator.z_size, seed=1), engines)
    slopes = (proof.effects[:, 1] - proof.effects[:, 0]) / 2
    mixed = np.asarray(np.linalg.solve(slopes, sliders.directions), np.float64)
    return Sliders(sliders.names, mixed, sliders.spread)


def prove(
    sliders: Sliders,
    generator: Generator,
    positions: Sequence[float],
    z: npt.NDArray[np.float32],
    engines: Engines,
) -> Proof:
    """Moves each slider over the positions on faces of the noise ``z`` and reads what changed."""
    w = generator.w_mean + TRUNCATION * (generator.mapping(z) - generator.w_mean)
    names, before = read(generator, w, engines)
    own = [names.index(name) for name in sliders.names]
    effects, found = [], []
    for direction in sliders.directions:
        for position in positions:
            after = (
                before if position == 0 else read(generator, w + position * direction, engines)[1]
            )
            change = np.nanmean((after - before)[:, own], axis=0)
            effects.append(change / sliders.spread)
            found.append(np.isfinite(after).all(1).mean())
    shape = len(sliders.names), len(positions)
    return Proof(np.reshape(effects, (*shape, -1)), np.reshape(found, shape))


def read(generator: Generator, w: Array, engines: Engines) -> tuple[list[str], Array]:
    """Returns names and N×k values of the attributes of faces of N×256; NaN where none is found."""
    pictures = generator.synthesis(at_all_levels(w, generator))
    rows = [measured.row() for measured in measure(list(pictures), engines)]
    names = [name for name in rows[0] if name != "face-found"]
    table = np.array([[row[name] for name in names] for row in rows], np.float64)  # None is NaN
    glasses = names.index("glasses")
    share = table[:, glasses].clip(*np.array([LEAST_SHARE, 1 - LEAST_SHARE]))
    table[:, glasses] = np.log(share / (1 - share))
    return names, table


def at_all_levels(w: Array, generator: Generator) -> npt.NDArray[np.float32]:
    """Returns n×levels×256 of n×256."""
    return np.repeat(w[:, None].astype(np.float32), generator.levels, 1)


def noise(count: int, size: int, seed: int) -> npt.NDArray[np.float32]:
    """Returns count×size standard normal noise."""
    return np.random.default_rng(seed).standard_normal((count, size), np.float32)


def write(
    weights: Path,
    sliders: Sliders,
    reaches: Sequence[tuple[int, int]],
    slopes: Array,
) -> None:
    """Writes the sliders and their entry."""
    arrays = {
        "names": np.array(sliders.names),
        "directions": sliders.directions.astype(np.float32),
        "low": np.array([low for low, _ in reaches], np.float32),
        "high": np.array([high for _, high in reaches], np.float32),
        "spread": sliders.spread.astype(np.float32),
        "effects": slopes.astype(np.float32),
    }
    measures = [
        (f"{name}: change of it for a step of 1, of 1", slopes[number, number], "deviations")
        for number, name in enumerate(sliders.names)
    ]
    leaks = np.abs(slopes[~np.eye(len(slopes), dtype=bool)])
    measures.append(
        ("mean change of another attribute for a step of 1", leaks.mean(), "deviations")
    )
    measures.append(("largest change of another attribute", leaks.max(), "deviations"))
    summary = f"Directions of the sliders of {GENERATOR}: {', '.join(sliders.names)}."
    store(weights, SLIDERS, arrays, summary, measures)


def store(
    weights: Path,
    name: str,
    arrays: Mapping[str, npt.NDArray[Any]],
    summary: str,
    measures: Sequence[tuple[str, float, str]],
) -> None:
    """Writes a data file and its entry of the catalogue."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    data, path = file.getvalue(), f"{name}.npz"
    entry = {
        "name": name,
        "summary": summary,
        "engine": "data",
        "license": "CC-BY-NC-SA-4.0",
        "commercial": False,
        "source": "training/face_directions.py",
        "training_data": "One Million Impressions: 1,004 synthetic faces, and what people said.",
        "file": [catalog_entries.file_entry(path, data)],
        "measure": [
            {"what": what, "value": round(float(value), 3), "unit": unit, "command": COMMAND}
            for what, value, unit in measures
        ],
    }
    catalog = weights / "catalog.toml"
    text = catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), [entry])
    catalog_entries.write(weights / path, data)
    catalog_entries.write(catalog, text.encode())


def as_table(
    sliders: Sliders,
    proof: Proof,
    kept: Sequence[int],
    figures: tuple[Mapping[str, float], Mapping[str, float]],
    proofs: int,
) -> str:
    """Returns ranges, effects and what was left out, as Markdown."""
    rated, told = figures
    names = [sliders.names[number] for number in kept]
    lines = [
        f"`{COMMAND}`:",
        f"each slider on {proofs} fresh faces at truncation {TRUNCATION:g}, read off the pictures.",
        "A row: what a step of 1 changes, in standard deviations of the attribute among made faces",
        "(1 in its own column and 0 elsewhere would be perfect); the tested range, and what its",
        "two ends do to its own attribute.",
        "",
        f"| slider | {' | '.join(names)} | range | at its ends |",
        f"|---|{'---|' * (len(names) + 2)}",
    ]
    for number, row in zip(kept, proof.slopes(kept), strict=True):
        low, high = proof.reach(number)
        ends = [
            f"{proof.effects[number, POSITIONS.index(end), number] * sliders.spread[number]:+.3g}"
            for end in (low, high)
        ]
        cells = [f"{value:.2f}" for value in row]
        cells[names.index(sliders.names[number])] = (
            f"**{cells[names.index(sliders.names[number])]}**"
        )
        lines.append(
            f"| {sliders.names[number]} | {' | '.join(cells)} | {low}…{high} | {' '.join(ends)} |"
        )
    found = f"{proof.found[:, POSITIONS.index(0)].mean():.0%}"
    units = (f"{name} {UNITS.get(name, 'points of 100')}" for name in names)
    lines += [
        "",
        f"Units at the ends: {'; '.join(units)}. Our detector finds",
        f"{found} of these faces unmoved and at least {LEAST_FOUND:.0%} of that within the ranges.",
        "",
        "How well a picture tells what people said (R², cross-validated on 1,004 real faces,",
        f"{LEAST_RATED:g} is asked for): {listed(rated)}.",
        f"How well w tells what the picture shows ({LEAST_TOLD:g} is asked for): {listed(told)}.",
    ]
    for number in set(range(len(sliders.names))) - set(kept):
        own = " ".join(f"{value:+.2f}" for value in proof.effects[number, :, number])
        shares = " ".join(f"{value:.0%}" for value in proof.found[number])
        lines.append(
            f"Left out: {sliders.names[number]}. It moves by {own} at "
            f"{POSITIONS[0]}…{POSITIONS[-1]}; faces found: {shares}."
        )
    return "\n".join(lines)


def listed(figures: Mapping[str, float]) -> str:
    """Returns names and figures in a line."""
    return ", ".join(f"{name} {value:.2f}" for name, value in figures.items())


def draw(path: Path, sliders: Sliders, generator: Generator, cell: int = 96) -> None:
    """Draws a row for each slider: two faces from one end to the other."""
    z = noise(2, generator.z_size, seed=3)
    faces = generator.w_mean + TRUNCATION * (generator.mapping(z) - generator.w_mean)
    rows = []
    for direction in sliders.directions:
        moved = np.concatenate([w + np.outer(POSITIONS, direction) for w in faces])
        made = generator.synthesis(at_all_levels(moved, generator))
        cells = [cv2.resize(each, (cell, cell), interpolation=cv2.INTER_CUBIC) for each in made]
        rows.append(np.hstack(cells))
    sheet = np.clip(np.vstack(rows)[..., ::-1] * 255, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet)


if __name__ == "__main__":
    main()
