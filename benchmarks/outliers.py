"""How well outliers are found: every score, on pairs of what belongs and what doesn't.

    python benchmarks/outliers.py [--data ../shared/data] [--most 107] [--tune flowers one-flower]

For each pair AUROC, AUPR and FPR95 (false alarms where 95 % of the outliers are found), with 95 %
intervals by the bootstrap; beside them, on the same features, what scikit-learn has: PCA with the
error of reconstruction, a Gaussian mixture, an isolation forest, k nearest neighbours. Then the
calibration of the built-in detector on faces that it has never seen (Kolmogorov-Smirnov, plot), and
the time a picture takes. The pixel models know faces and photographs: what they say of flowers is
left out, but for --tune: there the VAE of photographs learns flowers, and is compared with itself
before. That takes minutes. Results: results/outliers.md and .svg beside it. It needs scikit-learn.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from face_data import aligned, read, split
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from genapp.families import STEPS, open_tuned, open_vae
from genapp.features import describe_batches
from genapp.registry.engines import Engines
from genapp.screening import SCORES, TUNED, density, fit_detector, open_detector
from genapp.screening.calibration import p_values
from genapp.screening.likelihood import BACKGROUND, pixel_scores, small

Numbers = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]
Random = np.random.Generator

ROOT = Path(__file__).parents[1]
DRAWS = 500
FIT = 400
"""Pictures of a reference."""
PIXEL_SCORES = tuple(name for name, score in SCORES.items() if score.of_faces)
DAMAGES = ("blurred", "occluded", "recoloured")
EMPTY = ("constant", "noise")
BACK = (*DAMAGES, *EMPTY)
"""Measured in the other direction, too: they belong, and whole faces don't."""
TUNED_TO = ("flowers", "one-flower")
TUNED_FIT, TUNED_TEST = 100, 24
"""Pictures to tune on, and of each set that the tuned VAE is tested on."""
OWN = [name for name in TUNED if name != "tuned-ratio"]
KIND, OF_A_KIND = 3, 80
"""A kind of flower, and how many photographs there are of each; their files are in order."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A set of pictures: vectors, and the scores of pixels by name."""

    vectors: npt.NDArray[np.float32]
    pixels: dict[str, Numbers]


def main() -> None:
    """Reads the command line, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--most", type=int, default=107, help="pictures of each test set")
    parser.add_argument(
        "--most-pixels", type=int, default=107, help="of them for the scores of pixels, but faces"
    )
    parser.add_argument("--tune", nargs="*", default=[], help="measure tuning, too: TUNED_TO")
    parser.add_argument("--steps", type=int, default=STEPS, help="of tuning, at most")
    parser.add_argument("--cache", type=Path, default=ROOT / "runs" / "outliers")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    tuned = f" --tune {' '.join(options.tune)} --steps {options.steps}" if options.tune else ""
    lines = [
        "# Outliers",
        "",
        f"`python benchmarks/outliers.py --most {options.most} --most-pixels "
        f"{options.most_pixels}{tuned}`: so many pictures of each set, and of "
        " those outside so many for the scores of pixels. "
        "Higher is better but for FPR95. In brackets: 95 % of bootstrap draws.",
        "",
    ]
    with Engines(device="cpu") as engines:
        detector = open_detector(None, engines)
        seen = {}
        for name, pictures in test_sets(options.data, options.most, engines).items():
            vectors = look_at_features(name, pictures, options.cache, engines)
            if name == "faces":  # they are those that the built-in detector is calibrated on
                pixels = {key: detector.held_out[key] for key in PIXEL_SCORES}
            else:
                some = spread(pictures, options.most_pixels)
                pixels = look_at_pixels(name, some, options.cache, engines)
            seen[name] = Seen(vectors, both_ways(pixels))
        fitted = {
            name: look_at_features(f"fit-{name}", pictures, options.cache, engines)
            for name, pictures in reference_sets(options.data, engines).items()
        }
        lines += calibration(seen["faces"], detector.density.distances(seen["faces"].vectors),
                             detector.held_out, options.out)  # fmt: skip
    for inside, outsides in pairs().items():
        rows = scored(inside, outsides, seen, fitted[inside])
        lines += ["", f"## What belongs: {inside}", "", *tables(rows)]
        print(f"{inside}: measured", flush=True)
    lines += ["", "## What belongs: faces that something was done to; outliers: whole faces", ""]
    lines += tables(beside({name: scored(name, ("faces",), seen, fitted[name]) for name in BACK}))
    with Engines(device="cpu") as engines:
        for name in options.tune:
            lines += tuning(name, options.steps, options.data, options.cache, engines)
        lines += times(options.data, engines)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "outliers.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


# Pictures --------------------------------------------------------------------------------------


def pairs() -> dict[str, tuple[str, ...]]:
    """Returns what is tested against what."""
    return {
        "faces": ("flowers", "photos", *DAMAGES, *EMPTY),
        "flowers": ("faces", "photos", *EMPTY),
        "photos": ("faces", "flowers", *EMPTY),
    }


Loaders = list[Callable[[], Pixels]]


def test_sets(data: Path, most: int, engines: Engines) -> dict[str, Loaders]:
    """Returns pictures that nothing was fitted on: held-out faces, the same damaged, others."""
    whole = spread(faces(data, engines, held_out=True), most)
    found = {
        "faces": whole,
        "flowers": spread(test_part(data, "flowers"), most),
        "photos": spread(test_part(data, "imagenet") + test_part(data, "bsds"), most),
    }
    for name in (*DAMAGES, *EMPTY):
        found[name] = [damaged(name, face, number) for number, face in enumerate(whole)]
    return found


def reference_sets(data: Path, engines: Engines) -> dict[str, Loaders]:
    """Returns pictures to fit on."""
    whole = spread(faces(data, engines, held_out=False), FIT)
    # Other seeds than those of the test sets.
    return {
        name: [damaged(name, face, 1000 + number) for number, face in enumerate(whole[::2])]
        for name in BACK
    } | {
        "faces": whole,
        "flowers": spread(fit_part(data, "flowers"), FIT),
        "photos": spread(fit_part(data, "imagenet") + fit_part(data, "bsds"), FIT),
    }


def faces(data: Path, engines: Engines, *, held_out: bool) -> Loaders:
    """Returns the faces that the models have learnt from, or the others, aligned."""

    def load(file: Path) -> Pixels:
        face = aligned(file, 256, engines)
        assert face is not None, f"no face in {file.name}"
        return face

    return [partial(load, file) for file, held in split(data) if held == held_out]


def test_part(data: Path, kind: str) -> Loaders:
    """Returns every fifth photograph."""
    return _photos(data, kind)[::5]


def fit_part(data: Path, kind: str) -> Loaders:
    """Returns the others."""
    return [load for number, load in enumerate(_photos(data, kind)) if number % 5]


def _photos(data: Path, kind: str) -> Loaders:
    files = sorted((data / "photos").glob(f"{kind}-*.jpg"))
    return [partial(read, file) for file in files]


def spread(loaders: Loaders, most: int) -> Loaders:
    """Returns at most so many, evenly chosen."""
    chosen = np.unique(np.linspace(0, len(loaders) - 1, min(most, len(loaders))).round())
    return [loaders[int(number)] for number in chosen]


def damaged(name: str, face: Callable[[], Pixels], seed: int) -> Callable[[], Pixels]:
    """Returns a face that something was done to."""
    return lambda: DAMAGE[name](face(), np.random.default_rng(seed))


def blurred(face: Pixels, random: Random) -> Pixels:
    """Out of focus: 3 to 6 px of 256."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), 256 * random.uniform(0.012, 0.025)))


def occluded(face: Pixels, random: Random) -> Pixels:
    """A plain rectangle or ellipse over a part of it, 6 to 16 % of the area."""
    side = random.uniform(0.25, 0.4, 2) * 256
    corner = random.uniform(0.15, 0.5, 2) * 256
    color = [int(value) for value in random.integers(0, 256, 3)]
    first = tuple(int(value) for value in corner)
    second = tuple(int(value) for value in corner + side)
    out = np.ascontiguousarray(face)
    if random.random() < 0.5:
        cv2.rectangle(out, first, second, color, -1)
    else:
        middle = tuple(int(value) for value in corner + side / 2)
        axes = tuple(int(value) for value in side / 2)
        cv2.ellipse(out, middle, axes, 0, 0, 360, color, -1, cv2.LINE_AA)
    return out


def recoloured(face: Pixels, random: Random) -> Pixels:
    """All hues turned by a quarter to three quarters of the circle."""
    hsv = cv2.cvtColor(face, cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] += np.uint8(random.integers(64, 193))
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL), np.uint8)


def constant(face: Pixels, random: Random) -> Pixels:
    """One grey, or one colour of a face."""
    color = np.full(3, random.integers(0, 256))
    if random.random() < 0.5:
        color = face[tuple(random.integers(0, 256, 2))]
    return np.broadcast_to(color, face.shape).astype(np.uint8)


def noise(face: Pixels, random: Random) -> Pixels:
    """Uniform."""
    return random.integers(0, 256, face.shape).astype(np.uint8)


DAMAGE: dict[str, Callable[[Pixels, Random], Pixels]] = {
    "blurred": blurred,
    "occluded": occluded,
    "recoloured": recoloured,
    "constant": constant,
    "noise": noise,
}


# Looking ---------------------------------------------------------------------------------------


def look_at_features(
    name: str, pictures: Loaders, cache: Path, engines: Engines
) -> npt.NDArray[np.float32]:
    """Returns vectors, from the cache where they are there."""
    path = cache / f"{name}-{len(pictures)}.features.npy"
    if not path.exists():
        opened = (load() for load in pictures)
        parts = [density.vectors(part) for part in describe_batches(opened, engines=engines)]
        np.save(path, np.concatenate(parts))
        print(f"{name}: {len(pictures)} described", flush=True)
    return np.asarray(np.load(path), np.float32)


def look_at_pixels(
    name: str, pictures: Loaders, cache: Path, engines: Engines
) -> dict[str, Numbers]:
    """Returns the scores of pixels, from the cache where they are there."""
    path = cache / f"{name}-{len(pictures)}.pixels.npz"
    if not path.exists():
        shrunk = np.stack([small(load()) for load in pictures])
        scores: dict[str, Any] = pixel_scores(shrunk, PIXEL_SCORES, engines)
        np.savez(path, **scores)
        print(f"{name}: pixels of {len(pictures)} scored", flush=True)
    with np.load(path) as stored:
        return {key: stored[key].astype(np.float64) for key in stored}


def both_ways(scores: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Returns the scores with those of the opposite direction: what photographs' model says."""
    other = scores["elbo"] - scores["ratio"]
    return {**scores, "elbo of photos": other, "ratio of photos": -scores["ratio"]}


# Scores ----------------------------------------------------------------------------------------


Pairs = dict[str, dict[str, tuple[Numbers, Numbers]]]
"""By the score's and the outliers' name: scores of what belongs, and of the outliers."""


def scored(
    inside: str,
    outsides: tuple[str, ...],
    seen: dict[str, Seen],
    reference: npt.NDArray[np.float32],
) -> Pairs:
    """Returns what all scores say where ``inside`` belongs."""
    names = [inside, *outsides]
    rows: dict[str, list[Numbers]] = {}
    ours = density.fit(reference)
    rows["**features (ours)**"] = [ours.distances(seen[name].vectors) for name in names]
    for title, score in rivals(reference):
        rows[title] = [score(seen[name].vectors) for name in names]
    for key in pixel_names(inside):
        rows[key] = [seen[name].pixels[key] for name in names]
    return {
        key: {name: (belongs, other) for name, other in zip(outsides, others, strict=True)}
        for key, (belongs, *others) in rows.items()
    }


def beside(parts: dict[str, Pairs]) -> Pairs:
    """Returns pairs of several kinds that belong, each with one kind of outliers, side by side."""
    first = next(iter(parts.values()))
    return {
        key: {name: next(iter(pairs[key].values())) for name, pairs in parts.items()}
        for key in first
    }


def tables(rows: Pairs) -> list[str]:
    """Returns the figures as Markdown."""
    columns = list(next(iter(rows.values())))
    lines = []
    for title, measure in (("AUROC", auroc), ("AUPR", aupr), ("FPR95", fpr95)):
        lines += ["", f"| {title} | " + " | ".join(columns) + " |"]
        lines.append("|---" * (len(columns) + 1) + "|")
        for key, row in rows.items():
            cells = [interval(measure, *row[name]) for name in columns]
            lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return lines


def pixel_names(inside: str) -> list[str]:
    """Returns the scores of pixels whose models know what belongs."""
    if inside == "faces":
        return list(PIXEL_SCORES)
    return ["elbo of photos", "ratio of photos"] if inside == "photos" else []


def rivals(
    reference: npt.NDArray[np.float32],
) -> Iterator[tuple[str, Callable[[npt.NDArray[np.float32]], Numbers]]]:
    """Yields scikit-learn's ways on the same vectors."""
    scaler = StandardScaler().fit(reference)
    scaled = scaler.transform(reference)
    pca = PCA(64, random_state=0).fit(scaled)
    mixture = GaussianMixture(5, covariance_type="diag", random_state=0, reg_covar=1e-2)
    mixture.fit(pca.transform(scaled))
    forest = IsolationForest(n_estimators=200, random_state=0).fit(scaled)
    near = NearestNeighbors(n_neighbors=5).fit(scaled)

    def error(vectors: npt.NDArray[np.float32]) -> Numbers:
        known = scaler.transform(vectors)
        back = pca.inverse_transform(pca.transform(known))
        return np.asarray(((known - back) ** 2).mean(1), np.float64)

    yield "PCA, error of reconstruction", error
    yield (
        "PCA, Gaussian mixture of 5",
        lambda vectors: -mixture.score_samples(pca.transform(scaler.transform(vectors))),
    )
    yield "isolation forest", lambda vectors: -forest.score_samples(scaler.transform(vectors))
    yield (
        "5 nearest neighbours",
        lambda vectors: near.kneighbors(scaler.transform(vectors))[0][:, -1],
    )


def auroc(inside: Numbers, outside: Numbers) -> float:
    """Returns how often an outlier scores higher than what belongs; ties count half."""
    ranked = np.sort(inside)
    below = np.searchsorted(ranked, outside) + np.searchsorted(ranked, outside, side="right")
    return float(below.mean() / 2 / len(inside))


def aupr(inside: Numbers, outside: Numbers) -> float:
    """Returns the average precision, outliers being what is looked for."""
    true = len(outside) - np.searchsorted(np.sort(outside), outside)
    false = len(inside) - np.searchsorted(np.sort(inside), outside)
    return float((true / (true + false)).mean())


def fpr95(inside: Numbers, outside: Numbers) -> float:
    """Returns the false alarms at the threshold that finds 95 % of the outliers."""
    found = np.sort(outside)[::-1][int(np.ceil(0.95 * len(outside))) - 1]
    return float((inside >= found).mean())


def interval(
    measure: Callable[[Numbers, Numbers], float], inside: Numbers, outside: Numbers
) -> str:
    """Returns a figure and where 95 % of bootstrap draws have it."""
    random = np.random.default_rng(0)
    drawn = [
        measure(random.choice(inside, len(inside)), random.choice(outside, len(outside)))
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{measure(inside, outside):.3f} ({low:.2f}–{high:.2f})"


# Tuning ----------------------------------------------------------------------------------------


def tuning(name: str, steps: int, data: Path, cache: Path, engines: Engines) -> list[str]:
    """Returns what the VAE tells of ``TUNED_TO`` before and after it has learnt some."""
    flowers = _photos(data, "flowers")
    outside = {
        "faces": faces(data, engines, held_out=True),
        "photos": test_part(data, "imagenet") + test_part(data, "bsds"),
    }
    if name == "flowers":
        learnt, inside = fit_part(data, "flowers"), test_part(data, "flowers")
    else:
        first, after = KIND * OF_A_KIND, (KIND + 1) * OF_A_KIND
        kind = flowers[first:after]
        learnt, inside = [load for number, load in enumerate(kind) if number % 4], kind[::4]
        outside = {"other flowers": flowers[:first] + flowers[after:], **outside}
    for harm in ("blurred", "constant"):
        outside[harm] = [damaged(harm, load, number) for number, load in enumerate(inside)]
    return tuned_to(name, steps, learnt, inside, outside, cache, engines)


def tuned_to(
    name: str, steps: int, learnt: Loaders, inside: Loaders, outside: dict[str, Loaders],
    cache: Path, engines: Engines,
) -> list[str]:  # fmt: skip
    """Returns the figures of one reference."""
    learnt = spread(learnt, TUNED_FIT)
    path = cache / f"{name}-{len(learnt)}-{steps}.tuned.npz"
    if not path.exists():
        started = time.perf_counter()
        pictures = [load() for load in learnt]
        detector, notes = fit_detector(pictures, tune=True, steps=steps, engines=engines)
        seconds = time.perf_counter() - started
        print(f"{name}: {notes}, {seconds:.0f} s", flush=True)
        assert detector.tuned is not None
        after, before = open_tuned(detector.tuned, engines), open_vae(engines, BACKGROUND)
        scores: dict[str, Numbers] = {}
        for set_name, loaders in {name: inside, **outside}.items():
            pictures = [load() for load in spread(loaders, TUNED_TEST)]
            shrunk = np.stack([small(picture) for picture in pictures])
            (described,) = describe_batches(pictures, engines=engines, batch=len(pictures))
            found = {"features": detector.density.distances(density.vectors(described))}
            for when, vae in (("before", before), ("after", after)):
                for key, values in pixel_scores(shrunk, OWN, engines, vae).items():
                    found[f"{key.removeprefix('tuned-')}, {when}"] = values
            # The ratio's other model is the one before.
            found["ratio, after"] = found["elbo, after"] - found["elbo, before"]
            scores |= {f"{set_name}: {key}": values for key, values in found.items()}
            print(f"{name}: {set_name} scored", flush=True)
        about = f"{notes[0]} The whole fitting took {seconds:.0f} s on a busy machine."
        np.savez(path, about=np.array(about), **scores)  # type: ignore[arg-type]
    with np.load(path) as stored:
        about = str(stored["about"])
        told = {key: stored[key].astype(np.float64) for key in stored if key != "about"}
    keys = [key.removeprefix(f"{name}: ") for key in told if key.startswith(f"{name}: ")]
    keys.sort(key=_before_after)
    rows: Pairs = {
        key: {other: (told[f"{name}: {key}"], told[f"{other}: {key}"]) for other in outside}
        for key in keys
    }
    count = len(told[f"{name}: features"])
    about = f"{about} Tested on {count} others, and {TUNED_TEST} of each other set at most."
    return ["", f"## Tuned: what belongs: {name}", "", about, *tables(rows)]


def _before_after(key: str) -> tuple[bool, str, bool]:
    """Features first; each score before tuning, then after."""
    score, _, when = key.partition(", ")
    return score != "features", score, when == "after"


# Calibration and time --------------------------------------------------------------------------


def calibration(
    faces: Seen, distances: Numbers, held_out: Mapping[str, Numbers], out: Path
) -> list[str]:
    """Returns how uniform p-values of faces are, and draws them.

    Those of features are ranks among faces that the detector was fitted on in turns, so that all
    held-out faces are new to it. Those of pixels are ranks among the held-out faces; they are
    halved at random, and one half is ranked among the other, 200 times.
    """
    values = {"features": p_values(distances, held_out["features"])}
    lines = ["## Calibration: p-values of faces that belong", ""]
    lines += [
        "| score | ranks among | KS | KS above which 5 % of uniform samples lie | "
        "p ≤ 0.05 | p ≤ 0.10 | p ≤ 0.20 |",
        "|---|---|---|---|---|---|---|",
    ]
    count = len(distances)
    rows = [("features", len(held_out["features"]), values["features"])]
    random = np.random.default_rng(0)
    for name in PIXEL_SCORES:
        scores = faces.pixels[name]
        half = len(scores) // 2
        drawn = []
        for _ in range(200):
            order = random.permutation(scores)
            drawn.append(p_values(order[half:], order[:half]))
        rows.append((name, half, np.stack(drawn)))
    for name, among, found in rows:
        several = np.atleast_2d(found)
        ks = np.mean([kolmogorov(part) for part in several])
        limit = uniform_limit(several.shape[1], among)
        shares = " | ".join(f"{(several <= level).mean():.3f}" for level in (0.05, 0.1, 0.2))
        lines.append(f"| {name} | {among} | {ks:.3f} | {limit:.3f} | {shares} |")
    lines += ["", f"{count} faces. Plot: [outliers-calibration.svg](outliers-calibration.svg)"]
    out.mkdir(parents=True, exist_ok=True)
    drawing = plot({name: np.ravel(found) for name, _, found in rows})
    (out / "outliers-calibration.svg").write_text(drawing, encoding="utf-8")
    return lines


def kolmogorov(values: Numbers) -> float:
    """Returns the largest distance of the empirical distribution from the uniform one."""
    ranked, count = np.sort(values), len(values)
    steps = np.arange(count + 1) / count
    return float(max(np.abs(steps[1:] - ranked).max(), np.abs(ranked - steps[:-1]).max()))


def uniform_limit(count: int, among: int) -> float:
    """Returns the 95 % quantile of that distance, of ranks of scores that do belong."""
    random = np.random.default_rng(0)
    drawn = [
        kolmogorov(p_values(random.normal(size=count), random.normal(size=among)))
        for _ in range(500)
    ]
    return float(np.quantile(drawn, 0.95))


def plot(values: dict[str, Numbers]) -> str:
    """Returns an SVG: share of faces against the p-value; the diagonal is perfect."""
    side, edge = 320, 40
    colors = ("#0f766e", "#ea580c", "#b91c1c", "#6d28d9", "#1d4ed8", "#4d7c0f", "#be185d")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side + 220} {side + 2 * edge}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{side + 220}" height="{side + 2 * edge}" fill="white"/>',
        f'<path d="M{edge} {edge}V{edge + side}H{edge + side}" fill="none" stroke="#333"/>',
        f'<path d="M{edge} {edge + side}L{edge + side} {edge}" stroke="#999" '
        'stroke-dasharray="4 3"/>',
        f'<text x="{edge}" y="{side + edge + 24}">p-value 0 … 1 →</text>',
        f'<text x="{edge}" y="{edge - 12}">share of faces at or below it, 0 … 1 ↑</text>',
    ]
    grid = np.linspace(0, 1, 101)
    for number, ((name, found), color) in enumerate(zip(values.items(), colors, strict=False)):
        shares = np.searchsorted(np.sort(found), grid, side="right") / len(found)
        points = " ".join(
            f"{edge + x * side:.1f},{edge + side - y * side:.1f}"
            for x, y in zip(grid, shares, strict=True)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6"/>'
        )
        y = edge + 20 * number + 10
        parts.append(
            f'<path d="M{edge + side + 15} {y - 4}h20" stroke="{color}" stroke-width="3"/>'
            f'<text x="{edge + side + 40}" y="{y}">{name}</text>'
        )
    return "".join([*parts, "</svg>"])


def times(data: Path, engines: Engines) -> list[str]:
    """Returns the time a picture takes, the shorter of two goes over 8 faces."""
    pictures = [load() for load in faces(data, engines, held_out=True)[:8]]
    shrunk = np.stack([small(picture) for picture in pictures])
    rows: dict[str, Callable[[], object]] = {
        "features, with maps": lambda: list(describe_batches(pictures, engines=engines))
    }
    for name in PIXEL_SCORES:
        rows[name] = partial(pixel_scores, shrunk, [name], engines)
    lines = ["", "## Time of one picture, in batches of 8, two cores", "", "| score | ms |"]
    lines.append("|---|---|")
    for name, work in rows.items():
        best = min(_seconds(work) for _ in range(2))
        lines.append(f"| {name} | {1000 * best / len(pictures):.0f} |")
    return lines


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
