"""Does augmentation help? 17 kinds of flower, few pictures of each, with and without new ones.

    python benchmarks/augment.py [--data ../shared/data] [--cache runs/augment]

For 5, 10 and 20 pictures a class and five draws of them: accuracy on 20 other pictures a class, of
a logistic regression on frozen ImageNet features and of a tiny network that starts from nothing;
with no new pictures, classic ones, generated ones, and half of each, always `NEW` of each class.
Near-copies of test pictures (the set has some photographs twice) are never learnt from. Intervals:
95 % by Student's t over the draws; gains are paired, draw by draw. What is done already is kept
in the cache, so that the command goes on where it was stopped. Results: results/augment.md.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from genapp.augmenting import Augmenter, Classic, Generative, Item, Recipe, Source
from genapp.augmenting.classifiers import Seen, by_cnn, by_features, look, scale_of
from genapp.augmenting.folds import copies_of
from genapp.registry.engines import Engines

ROOT = Path(__file__).parents[1]
CLASSES, EACH, TEST = 17, 80, 20
SIZES = (5, 10, 20)
DRAWS = 5
NEW = 10
"""New pictures of each class."""
SIDE = 224
"""Of classic new pictures, px; generated ones stay at the 32 that the network draws."""
ARMS = ("none", "classic", "generative", "both")
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""97.5 % of Student's t, by the number of draws."""

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.intp]


def main() -> None:
    """Reads the command line, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / "runs" / "augment")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    files = sorted((options.data / "photos").glob("flowers-*.jpg"))
    assert len(files) == CLASSES * EACH, f"{len(files)} flowers"
    with Engines(device="cpu") as engines:
        real = looked_at(files, options.cache / "real.npz", engines)
        for draw in range(DRAWS):
            for size in SIZES:
                path = options.cache / f"{size}-{draw}.json"
                if not path.exists():
                    found = measured(files, real, size, draw, engines)
                    path.write_text(json.dumps(found), encoding="utf-8")
                    print(path.stem, found, flush=True)
    lines = report(options.cache)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "augment.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def looked_at(files: Sequence[Path], path: Path, engines: Engines) -> Seen:
    """Returns what classifiers see of all flowers, from the cache where it is there."""
    if not path.exists():
        seen = look((read(file) for file in files), engines)
        np.savez(path, features=seen.features, small=seen.small)
    with np.load(path) as stored:
        return Seen(stored["features"], stored["small"])


def measured(
    files: Sequence[Path], real: Seen, size: int, draw: int, engines: Engines
) -> dict[str, dict[str, float]]:
    """Returns the accuracy of each classifier, by arm, with one draw of training pictures."""
    labels = np.arange(len(files)) // EACH
    tested = np.flatnonzero(np.arange(len(files)) % EACH >= EACH - TEST)
    train = training_part(real, labels, tested, size, draw)
    items = tuple(
        Item(files[number].name, f"{labels[number]:02d}", partial(read, files[number]))
        for number in train
    )
    source = Source(items)
    new = {
        kind: grown(source, recipe, engines)
        for kind, recipe in (
            ("classic", Recipe(per_class=NEW, seed=draw, size=SIDE)),
            ("generative", generative(draw)),
        )
    }
    half = np.flatnonzero(np.arange(CLASSES * NEW) < CLASSES * NEW // 2)
    (classic_seen, classic_of), (made_seen, made_of) = new["classic"], new["generative"]
    new["both"] = (
        classic_seen.take(half).joined(made_seen.take(half)),
        np.concatenate([classic_of[half], made_of[half]]),
    )
    known, shares = real.take(train), one_hot(labels[train])
    mean, spread = scale_of(known)
    found: dict[str, dict[str, float]] = {"features": {}, "cnn": {}}
    for arm in ARMS:
        pictures, goals = known, shares
        if arm != "none":
            pictures, goals = known.joined(new[arm][0]), np.concatenate([shares, new[arm][1]])
        test = real.take(tested)
        for name, said in (
            ("features", by_features(pictures, goals, test, mean, spread)),
            ("cnn", by_cnn(pictures, goals, test, draw)),
        ):
            found[name][arm] = float((said.argmax(1) == labels[tested]).mean())
    return found


def training_part(real: Seen, labels: Whole, tested: Whole, size: int, draw: int) -> Whole:
    """Returns so many pictures of each class, none like one that is tested."""
    rest = np.setdiff1d(np.arange(len(labels)), tested)
    copies = copies_of(real.features[rest], real.features[tested])
    rest = np.delete(rest, copies)
    random = np.random.default_rng(draw)
    chosen = [
        random.permutation(rest[labels[rest] == label])[:size] for label in range(CLASSES)
    ]  # the pictures of a smaller draw are the first of a larger one
    return np.concatenate(chosen)


def generative(seed: int) -> Recipe:
    """Returns the recipe that has nothing but generated pictures."""
    return replace(
        Recipe(per_class=NEW, seed=seed),
        classic=Classic(probability=0),
        generative=Generative(probability=1, space="photos", tune=False),
    )


def grown(source: Source, recipe: Recipe, engines: Engines) -> tuple[Seen, npt.NDArray[np.float32]]:
    """Returns what classifiers see of the new pictures, and their labels."""
    augmenter = Augmenter(source, recipe, engines)
    labels: list[int] = []

    def made(number: int) -> npt.NDArray[np.uint8]:
        new = augmenter.picture(number)
        labels.append(int(new.label))
        return new.pixels

    seen = look((made(number) for number in range(CLASSES * NEW)), engines)
    return seen, one_hot(np.array(labels))


def one_hot(labels: Whole) -> npt.NDArray[np.float32]:
    """Returns n×classes."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


def read(file: Path) -> npt.NDArray[np.uint8]:
    """Returns H×W×3 RGB."""
    picture = cv2.imread(str(file))
    assert picture is not None, file
    return np.ascontiguousarray(picture[..., ::-1], np.uint8)


# Words -----------------------------------------------------------------------------------------


def report(cache: Path) -> list[str]:
    """Returns tables of accuracies and of gains, as Markdown."""
    lines = [
        "# Augmentation: does it help?",
        "",
        f"`python benchmarks/augment.py`: 17 kinds of flower, {TEST} test pictures of each, {NEW} "
        f"new pictures a class, {DRAWS} draws of training pictures. Accuracy, %, ± half of the 95 "
        "% interval over the draws; in brackets the gain over none, in points, paired. Bold: the "
        "interval of the gain leaves 0 out.",
    ]
    titles = {
        "features": "Logistic regression on frozen ImageNet features",
        "cnn": "Tiny network from nothing, 32×32",
    }
    for classifier, title in titles.items():
        lines += ["", f"## {title}", "", "| pictures a class | " + " | ".join(ARMS) + " |"]
        lines.append("|---" * (len(ARMS) + 1) + "|")
        for size in SIZES:
            texts = [
                path.read_text(encoding="utf-8") for path in sorted(cache.glob(f"{size}-*.json"))
            ]
            rows = [json.loads(text)[classifier] for text in texts]
            cells = [cell(rows, arm) for arm in ARMS]
            lines.append(f"| {size} | " + " | ".join(cells) + " |")
    return lines


def cell(rows: list[dict[str, float]], arm: str) -> str:
    """Returns such as "63.1 ± 1.2 (+0.8 ± 0.5)"."""
    value = np.array([row[arm] for row in rows]) * 100
    text = f"{value.mean():.1f} ± {half_width(value):.1f}"
    if arm == "none":
        return text
    gain = value - np.array([row["none"] for row in rows]) * 100
    told = f"{gain.mean():+.1f} ± {half_width(gain):.1f}"
    return f"{text} ({f'**{told}**' if abs(gain.mean()) > half_width(gain) else told})"


def half_width(values: Numbers) -> float:
    """Returns half of the 95 % interval of the mean."""
    return float(STUDENT[len(values)] * values.std(ddof=1) / len(values) ** 0.5)


if __name__ == "__main__":
    main()
