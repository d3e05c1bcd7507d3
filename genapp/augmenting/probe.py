"""Does it help? Small classifiers learn with and without the new pictures.

The pictures are dealt out to folds. Each fold is tested once, by classifiers that learnt from the
other folds: from their pictures alone, and from these with new pictures that were made of them
alone. Near-copies lie in one fold, so that none is learnt and tested.

Intervals: Wilson's for an accuracy; for a gain that of Agresti and Min for matched pairs ("Simple
improved confidence intervals for comparing matched proportions", Statistics in Medicine 2005), with
what a picture gains as the mean over the seeds. Their units are the pictures: they tell what other
pictures of the same kind would have given, and are never of width zero.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genapp.augmenting.classifiers import Seen, by_cnn, by_features, look, scale_of
from genapp.augmenting.folds import ALIKE, copies_of, groups_of, split
from genapp.augmenting.pipeline import Augmenter, filled
from genapp.augmenting.recipe import Recipe
from genapp.augmenting.sources import Source, open_source
from genapp.augmenting.warnings import flip_warnings, similar_pairs, unit
from genapp.errors import BadValue, UnknownName, UserError, check_number
from genapp.registry.engines import Engines
from genapp.sources import Failure, Pictures
from genapp.upscaling import Clock, Progress

Array = NDArray[np.float32]
Numbers = NDArray[np.float64]
Whole = NDArray[np.intp]
Pixels = NDArray[np.uint8]

FOLDS = 5
MOST_FOLDS, MOST_SEEDS = 10, 20
MOST = 400
"""Pictures of the source that are used, evenly chosen of each class."""
MOST_NEW = 200
"""New pictures in each fold."""
STANDARD = 1.96
"""97.5 % of the normal distribution."""
CLASSIFIERS = {
    "features": "on frozen ImageNet features",
    "cnn": "by a tiny network that starts from nothing",
}
TRAINING = {"features": 5.0, "cnn": 60.0}
"""Work of one training, in pictures that are looked at."""


class Interval(NamedTuple):
    """A share with its 95 % interval; a gain may be negative."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """A classifier without and with the new pictures."""

    classifier: str
    """Of `CLASSIFIERS`."""
    without: Interval
    with_new: Interval
    gain: Interval

    @property
    def outcome(self) -> str:
        """helps, harms, or open."""
        if self.gain.low > 0:
            return "helps"
        return "harms" if self.gain.high < 0 else "open"


@dataclass(frozen=True)
class ClassGain:
    """What became of one class, by the first classifier."""

    label: str
    pictures: int
    without: float
    """Share that was told right, 0..1."""
    with_new: float


@dataclass(frozen=True, eq=False)
class Probe:
    """What `probe` returns."""

    comparisons: tuple[Comparison, ...]
    classes: tuple[ClassGain, ...]
    pictures: int
    new: int
    """New pictures in each fold."""
    folds: int
    seeds: tuple[int, ...]
    recipe: Recipe
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    failures: tuple[Failure, ...]
    timings_ms: Mapping[str, float]

    @property
    def verdict(self) -> str:
        """Does it help? In a few sentences."""
        outcomes = {each.outcome for each in self.comparisons}
        if {"helps", "harms"} <= outcomes:
            said = "It depends on the classifier."
        elif "helps" in outcomes:
            said = "The new pictures help."
        elif "harms" in outcomes:
            said = "The new pictures harm."
        else:
            said = f"No difference can be told with {self.pictures} pictures."
        return " ".join([said, *map(_in_words, self.comparisons)])

    def report(self) -> dict[str, Any]:
        """What `--json` prints of it; accuracies 0..1 with their 95 % intervals."""
        return {
            "verdict": self.verdict,
            "classifiers": {
                each.classifier: {
                    "outcome": each.outcome,
                    "without": each.without._asdict(),
                    "with": each.with_new._asdict(),
                    "gain": each.gain._asdict(),
                }
                for each in self.comparisons
            },
            "classes": {
                each.label: {
                    "pictures": each.pictures,
                    "without": round(each.without, 4),
                    "with": round(each.with_new, 4),
                }
                for each in self.classes
            },
            "pictures": self.pictures,
            "new_in_each_fold": self.new,
            "folds": self.folds,
            "seeds": list(self.seeds),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "timings_ms": dict(self.timings_ms),
        }


def probe(
    source: Pictures | Source,
    recipe: Recipe | str | Path | None = None,
    *,
    folds: int = FOLDS,
    seeds: Sequence[int] = (0,),
    classifiers: Sequence[str] = tuple(CLASSIFIERS),
    classes: Path | None = None,
    progress: Progress | None = None,
    engines: Engines | None = None,
) -> Probe:
    """Whether new pictures help small classifiers to tell the classes apart.

    Args:
        source: as in `augment`, with two classes or more. Of more than `MOST` pictures some are
            taken, evenly of each class.
        recipe: as in `augment`. Of its new pictures the first `MOST_NEW` are made in each fold.
        folds: 2 … 10; fewer are made where a class has fewer pictures.
        seeds: of the deals: with more seeds chance has less of a say, and all takes longer.
        classifiers: names of `CLASSIFIERS`; "cnn" needs torch.
        classes: a CSV with the columns file and label, as in `augment`.
        progress: told how far the work is; may raise `Cancelled`.
        engines: a pool to take networks from.

    Raises:
        BadValue: fewer than two classes with two pictures each, or a setting that makes no sense;
            torch is missing where it is needed.
        UnreadablePicture, ModelMissing: as in `augment`.
    """
    _check(folds, seeds, classifiers)
    if engines is None:
        with Engines(device="cpu") as own:
            return probe(
                source,
                recipe,
                folds=folds,
                seeds=seeds,
                classifiers=classifiers,
                classes=classes,
                progress=progress,
                engines=own,
            )
    opened = open_source(source, classes=classes)
    return _Run(opened, recipe, folds, seeds, classifiers, progress, engines).result()


def wilson(right: float, count: int) -> Interval:
    """A share of so many with its 95 % interval (Wilson 1927). `right` may be a fraction."""
    share, square = right / count, STANDARD**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = (
        STANDARD
        / (1 + square / count)
        * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    )
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def paired(gains: Numbers) -> Interval:
    """The mean of what each picture gains, -1..1, with its 95 % interval (Agresti and Min 2005:
    one picture more that gains, and one that loses, a half each)."""
    count = len(gains) + 2
    variance = ((gains**2).sum() + 1) / count - (gains.sum() / count) ** 2
    middle, half = gains.sum() / count, STANDARD * math.sqrt(variance / count)
    return Interval(float(gains.mean()), float(middle - half), float(middle + half))


class _Run:
    """One call."""

    def __init__(
        self,
        source: Source,
        recipe: Recipe | str | Path | None,
        folds: int,
        seeds: Sequence[int],
        classifiers: Sequence[str],
        progress: Progress | None,
        engines: Engines,
    ) -> None:
        self._started = time.perf_counter()
        self._notes: dict[str, None] = dict.fromkeys(source.notes)
        self._warnings: list[str] = []
        self._failures: dict[str, Failure] = {}
        self._engines = engines
        self._seeds, self._classifiers = tuple(seeds), tuple(classifiers)
        self._source = source.subset(self._usable(source))
        self._recipe = filled(source, recipe)
        self._new = min(self._recipe.total(len(source.items), len(source.labels)), MOST_NEW)
        per_fold = self._new + 2 * sum(TRAINING[name] for name in classifiers)
        looks = len(self._source.items)
        self._clock = Clock(looks + per_fold * folds * len(seeds), progress)
        self._seen = self._look()
        self._folds = min(folds, *self._source.counts.values())
        self._labels = list(self._source.labels)
        self._truth = np.array([self._labels.index(item.label) for item in self._source.items])

    def result(self) -> Probe:
        """All folds, tested."""
        pairs = similar_pairs(unit(self._seen.features), ALIKE)
        self._warn_of_copies(pairs)
        groups = groups_of(len(self._truth), pairs)
        size = len(self._truth)
        right = {
            (name, arm): np.zeros((len(self._seeds), size))
            for name in self._classifiers
            for arm in ("without", "with")
        }
        leaks = made = 0
        for place, seed in enumerate(self._seeds):
            fold_of = split(self._truth, groups, self._folds, seed)
            for fold in range(self._folds):
                train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
                new, shares = self._grown(train, seed)
                leaks += len(copies_of(new.features, self._seen.features[test]))
                made += len(shares)
                for name, arm, said in self._said(train, test, new, shares, seed):
                    hit = said.argmax(1) == self._truth[test]
                    right[name, arm][place, test] = hit
        self._warn_of_leaks(leaks, made)
        self._warnings += flip_warnings(self._labels, self._recipe)
        return self._probe(right)

    def _probe(self, right: Mapping[tuple[str, str], Numbers]) -> Probe:
        comparisons = []
        for name in self._classifiers:
            without, with_new = right[name, "without"].mean(0), right[name, "with"].mean(0)
            comparisons.append(
                Comparison(
                    name,
                    wilson(without.sum(), len(without)),
                    wilson(with_new.sum(), len(without)),
                    paired(with_new - without),
                )
            )
        first = self._classifiers[0]
        classes = [
            ClassGain(
                label,
                int((self._truth == number).sum()),
                float(right[first, "without"][:, self._truth == number].mean()),
                float(right[first, "with"][:, self._truth == number].mean()),
            )
            for number, label in enumerate(self._labels)
        ]
        return Probe(
            tuple(comparisons),
            tuple(classes),
            len(self._truth),
            self._new,
            self._folds,
            self._seeds,
            self._recipe,
            tuple(self._warnings),
            tuple(self._notes),
            tuple(self._failures.values()),
            {"probe": round((time.perf_counter() - self._started) * 1000, 1)},
        )

    # Pictures ----------------------------------------------------------------------------------

    def _look(self) -> Seen:
        """What the classifiers see of the pictures. What cannot be read is left out of the source,
        and so is a class that then has one picture."""
        readable: list[int] = []

        def opened() -> Iterator[Pixels]:
            for number, item in enumerate(self._source.items):
                try:
                    pixels = self._source.pixels(item)
                except UserError as error:
                    self._failures[item.name] = Failure(item.name, str(error))
                else:
                    readable.append(number)
                    yield pixels
                self._clock.advance(1, "Looking at the pictures")

        seen = look(opened(), self._engines)
        self._source = self._source.subset(readable)
        usable = self._usable(self._source)
        self._source = self._source.subset(usable)
        return seen.take(np.array(usable, np.intp))

    def _usable(self, source: Source) -> list[int]:
        """Numbers of the pictures in classes of two or more, and not too many of them."""
        chosen: list[int] = []
        alone: list[str] = []
        share = MOST / max(len(source.items), MOST)
        for label, count in source.counts.items():
            if count < 2:
                alone.append(repr(label))
                continue
            of_class = [n for n, item in enumerate(source.items) if item.label == label]
            places = np.linspace(0, count - 1, max(2, round(count * share))).round()
            chosen += [of_class[int(place)] for place in places]
        if len(source.counts) - len(alone) < 2:
            raise BadValue(
                "There are no two classes with two pictures each.",
                "Put the pictures of each class into a folder of its own, or give a table.",
            )
        if alone:
            self._note(f"Left out, for they have one picture: {', '.join(alone)}.")
        if len(chosen) + len(alone) < len(source.items):
            self._note(f"{len(chosen)} of {len(source.items)} pictures are used, evenly chosen.")
        return sorted(chosen)

    def _grown(self, train: Whole, seed: int) -> tuple[Seen, Array]:
        """What the classifiers see of new pictures made of the training part alone, and their
        labels, n×classes."""
        wanted = replace(self._recipe, seed=(self._recipe.seed + seed) % 2**63)
        augmenter = Augmenter(self._source.subset(train.tolist()), wanted, self._engines)
        augmenter.prepare(lambda _done, what, _left: self._clock.advance(0, what))
        shares = np.zeros((self._new, len(self._labels)), np.float32)

        def made() -> Iterator[Pixels]:
            for number in range(self._new):
                new = augmenter.picture(number)
                for label, share in new.shares.items():
                    shares[number, self._labels.index(label)] = share
                yield new.pixels
                self._clock.advance(1, "Making new pictures")

        seen = look(made(), self._engines)
        for note in augmenter.notes:
            self._note(note)
        return seen, shares

    def _said(
        self, train: Whole, test: Whole, new: Seen, shares: Array, seed: int
    ) -> Iterator[tuple[str, str, Array]]:
        """Classifier, arm and logits of a fold's test pictures."""
        known, tested = self._seen.take(train), self._seen.take(test)
        goals = np.eye(len(self._labels), dtype=np.float32)[self._truth[train]]
        larger, all_goals = known.joined(new), np.concatenate([goals, shares])
        for name in self._classifiers:
            for arm, pictures, labels in (("without", known, goals), ("with", larger, all_goals)):
                if name == "features":
                    yield name, arm, by_features(pictures, labels, tested, *scale_of(known))
                else:
                    yield name, arm, by_cnn(pictures, labels, tested, seed)
            self._clock.advance(2 * TRAINING[name], "Training classifiers")

    # Words -------------------------------------------------------------------------------------

    def _note(self, sentence: str) -> None:
        self._notes[sentence] = None

    def _warn_of_copies(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Near-copies are no danger here, but they are where somebody else tests."""
        if not pairs:
            return
        items = self._source.items
        first, second = (items[number].name for number in pairs[0])
        count = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
        self._warnings.append(
            f"Nearly the same picture: {count}, such as {first!r} and {second!r}. Here each pair "
            "is kept in one fold; where one of a pair is learnt and the other tested, accuracy "
            "comes out too good."
        )
        if any(items[one].label != items[other].label for one, other in pairs):
            one, other = next(
                pair for pair in pairs if items[pair[0]].label != items[pair[1]].label
            )
            self._warnings.append(
                f"{items[one].name!r} is {items[one].label!r} and {items[other].name!r}, which is "
                f"nearly the same, is {items[other].label!r}: one label may be wrong."
            )

    def _warn_of_leaks(self, leaks: int, made: int) -> None:
        """New pictures come from the training part, yet one may equal a test picture."""
        if leaks:
            self._warnings.append(
                f"{leaks} of {made} new pictures are near-copies of a test picture: the gain may "
                "come out too good."
            )


def _in_words(each: Comparison) -> str:
    """Accuracy without and with new pictures, and the gain with its interval."""
    how = CLASSIFIERS[each.classifier]
    points = [f"{100 * value:+.1f}".replace("-", "−") for value in each.gain]
    return (
        f"{how[0].upper()}{how[1:]}, {100 * each.without.value:.1f} % are told right without and "
        f"{100 * each.with_new.value:.1f} % with them: {points[0]} points "
        f"(95 %: {points[1]} … {points[2]})."
    )


def _check(folds: int, seeds: Sequence[int], classifiers: Sequence[str]) -> None:
    check_number("number of folds", folds, 2, MOST_FOLDS)
    check_number("number of seeds", len(seeds), 1, MOST_SEEDS)
    for seed in seeds:
        check_number("seed", seed, 0, 2**63 - 1)
    if not classifiers:
        raise BadValue("There is no classifier.", f"Name one of {', '.join(CLASSIFIERS)}.")
    for name in classifiers:
        if name not in CLASSIFIERS:
            raise UnknownName("classifier", name, CLASSIFIERS)
