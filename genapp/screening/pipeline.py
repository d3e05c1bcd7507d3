"""Find the pictures that don't belong: describe → score → rank against the reference."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, check_number
from genapp.families import SIZE, STEPS, Tuned, Vae, open_tuned
from genapp.families import tune as tune_vae
from genapp.features import describe_batches
from genapp.registry.catalog import not_commercial
from genapp.registry.engines import Engines
from genapp.screening import calibration, cells, density
from genapp.screening.detector import LEAST, MOST, Detector, fit, load
from genapp.screening.likelihood import (
    BACKGROUND,
    DEFAULT,
    SCORES,
    TUNED,
    check_scores,
    pixel_scores,
    small,
)
from genapp.sources import (
    Failure,
    Given,
    Pictures,
    Pixels,
    find_pictures,
    opened,
)
from genapp.upscaling import Clock, Progress

BUILT_IN = "outliers/faces.reference"
"""The catalogue's name of the detector that comes with genapp."""
BATCH = 16
MOST_NEIGHBOURS = 20
LEAST_TO_TUNE = 60
"""Pictures of a reference on which a VAE can be tuned: some are learnt, `LEAST` or more are not, so
that p-values can be ranks among these."""
ASIDE = 0.3
"""Share of the reference that is not learnt, but ranked among."""
MOST_ASIDE = 200
STEP_WORK, SCORE_WORK = 10, 8
"""What a step of tuning takes, and what the tuned scores of a picture take, in the time that the
features of a picture take."""

Reference = Pictures | Detector
Shown = Callable[[str, Pixels], None]
"""Name and H×W×3 RGB, uint8."""


@dataclass(frozen=True, eq=False)
class Screened:
    """What was found about one picture."""

    name: str
    scores: Mapping[str, float]
    """By the name of the score; higher is stranger."""
    p_values: Mapping[str, float]
    neighbours: tuple[tuple[str, float], ...]
    """The nearest pictures of the reference and how far they are; names may be ""."""
    heat: NDArray[np.float16]
    """14×14, 0..1: which parts are unlike the reference."""


@dataclass(frozen=True, eq=False)
class Outliers:
    """Pictures with their scores, and where the line is drawn."""

    images: tuple[Screened, ...]
    """In the order in which they were given."""
    failures: tuple[Failure, ...]
    detector: Detector
    score: str
    """The score that decides."""
    false_alarm: float
    """Share of pictures that belong which may be called outliers."""
    notes: tuple[str, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def held_out(self) -> int:
        """How many pictures the p-values are ranks among."""
        return len(self.detector.calibration(self.score))

    @property
    def resolution(self) -> float:
        """The smallest p-value that there can be: 1 / (held_out + 1)."""
        return calibration.resolution(self.held_out)

    @property
    def threshold(self) -> float:
        """Scores above it are outliers; infinite if the rate is below the resolution."""
        return calibration.threshold(self.detector.calibration(self.score), self.false_alarm)

    @property
    def found(self) -> tuple[Screened, ...]:
        """The outliers, the strangest first."""
        return tuple(image for image in self.ranked if self.is_outlier(image))

    @property
    def ranked(self) -> tuple[Screened, ...]:
        """All pictures, the strangest first."""
        return tuple(sorted(self.images, key=lambda image: -image.scores[self.score]))

    def is_outlier(self, image: Screened) -> bool:
        """Whether the picture's score is above the threshold."""
        return image.scores[self.score] > self.threshold

    def at(self, *, false_alarm: float | None = None, score: str | None = None) -> "Outliers":
        """The same with the line drawn elsewhere; nothing is computed again.

        Raises:
            BadValue: the rate is not from 0 to 1, or this score was not asked for.
        """
        chosen = self.score if score is None else score
        if self.images and chosen not in self.images[0].scores:
            raise BadValue(f"The score {chosen!r} was not computed.", "Ask for it.")
        rate = self.false_alarm if false_alarm is None else false_alarm
        calibration.threshold(self.detector.calibration(chosen), rate)
        return replace(self, false_alarm=rate, score=chosen)

    def report(self) -> dict[str, Any]:
        """What `--json` prints. A threshold that no score can pass is null."""
        threshold = self.threshold
        return {
            "images": [
                {
                    "file": image.name,
                    "score": round(image.scores[self.score], 6),
                    "p_value": round(image.p_values[self.score], 6),
                    "outlier": self.is_outlier(image),
                    "neighbours": [
                        {"file": name, "distance": round(distance, 4)}
                        for name, distance in image.neighbours
                    ],
                    "scores": {
                        name: {"score": round(value, 6), "p_value": round(image.p_values[name], 6)}
                        for name, value in image.scores.items()
                    },
                }
                for image in self.images
            ],
            "failures": [
                {"file": failure.name, "reason": failure.reason} for failure in self.failures
            ],
            "score": self.score,
            "false_alarm": self.false_alarm,
            "threshold": threshold if math.isfinite(threshold) else None,
            "reference": {
                "name": self.detector.name,
                "pictures": len(self.detector.names),
                "held_out": self.held_out,
                "resolution": round(self.resolution, 6),
            },
            "notes": list(self.notes),
            "timings_ms": dict(self.timings_ms),
        }


def outliers(
    pictures: Pictures,
    *,
    reference: Reference | None = None,
    score: str = DEFAULT,
    also: Iterable[str] = (),
    false_alarm: float = 0.05,
    neighbours: int = 3,
    device: str = "auto",
    tune: bool = False,
    engines: Engines | None = None,
    progress: Progress | None = None,
    shown: Shown | None = None,
) -> Outliers:
    """Find the pictures that don't belong to a reference.

    Args:
        pictures: path of a folder, of a ZIP or of one picture, or a list of pictures (paths, bytes,
            PIL images, arrays, `Photo`s).
        reference: what belongs: at least 30 pictures in the same ways, a `Detector` from
            `fit_detector`, or the path of one (`.npz`). None: faces, upright and filling the
            picture, as in FFHQ.
        score: which of `SCORES` decides.
        also: scores to be computed beside it.
        false_alarm: share of pictures that belong which may be called outliers, 0..1.
        neighbours: how many of the nearest pictures of the reference are named, 0..20.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        tune: train a VAE further on the reference, of at least 60 pictures, and tell its scores
            too ('tuned-elbo' …); on two cores that takes about a minute.
        engines: a pool to take networks from, so that many calls load them once.
        progress: told how far the work is; may raise `Cancelled`.
        shown: is given each of `pictures` that can be read, in order, as it is opened.

    Raises:
        UnreadablePicture: there is no such file. Single pictures that can't be read are listed in
            the result instead.
        BadValue, UnknownName: no pictures, too few in the reference, a setting out of range, or a
            detector without this score.
        ModelMissing, HashMismatch: a network is missing or damaged.
    """
    names = check_scores((score, *also, *(TUNED if tune else ())))
    if tune and not _can_be_fitted(reference):
        raise BadValue(
            "There is nothing to tune on.", "Give a reference of pictures, not a detector."
        )
    calibration.threshold(np.zeros(1), false_alarm)
    if not isinstance(neighbours, int) or not 0 <= neighbours <= MOST_NEIGHBOURS:
        raise BadValue(
            f"{neighbours!r} neighbours were asked for.", f"Choose 0 to {MOST_NEIGHBOURS}."
        )
    given = find_pictures(pictures)
    if engines is None:
        with Engines(device=device) as own:
            return _screen(
                given, reference, names, false_alarm, neighbours, tune, own, progress, shown
            )
    return _screen(given, reference, names, false_alarm, neighbours, tune, engines, progress, shown)


def fit_detector(
    reference: Pictures,
    *,
    name: str | None = None,
    scores: Iterable[str] = (DEFAULT,),
    tune: bool = False,
    steps: int = STEPS,
    seed: int = 0,
    engines: Engines | None = None,
    progress: Progress | None = None,
    shown: Shown | None = None,
) -> tuple[Detector, tuple[str, ...]]:
    """A detector of what is unlike the pictures of a reference, and notes on the fitting.

    Args:
        reference: at least 30 pictures, as `outliers` takes them.
        name: for people; None: that of the folder or ZIP.
        scores: those for which a threshold is wanted.
        tune: train a VAE further on the reference, of at least 60 pictures, for the scores
            'tuned-elbo' … At most seven in ten of the pictures are learnt; p-values of these
            scores are ranks among the others.
        steps: of tuning, at most; each takes about a quarter of a second on two cores.
        seed: of tuning.
        engines: a pool to take networks from.
        progress: told how far the work is; may raise `Cancelled`.
        shown: is given each picture that can be read, in order, as it is opened.

    Raises:
        BadValue: fewer than 30 pictures that can be read, or 60 to tune on; or torch or onnx are
            not installed and it is to be tuned.
    """
    if engines is None:
        with Engines() as own:
            return fit_detector(
                reference,
                name=name,
                scores=scores,
                tune=tune,
                steps=steps,
                seed=seed,
                engines=own,
                progress=progress,
                shown=shown,
            )
    names = check_scores(scores)
    steps = int(check_number("number of steps", steps, 1, 10_000))
    given = find_pictures(reference)
    notes = []
    if len(given) > MOST:
        drawn = np.random.default_rng(0).permutation(len(given))[:MOST]
        notes.append(f"Of the reference's {len(given)} pictures {MOST} were drawn.")
        given = [given[number] for number in sorted(drawn)]
    failures: list[Failure] = []
    if tune:
        _check_enough(len(given))
    aside = _aside(len(given))
    more = STEP_WORK * steps + SCORE_WORK * aside if tune else 0
    clock = Clock(len(given) + more, progress)
    looked = _look(given, names, engines, failures, clock, "fitting", shown, small_too=tune)
    if failures:
        notes.append(
            f"{len(failures)} pictures of the reference can't be read, the first: "
            f"{failures[0].name}: {failures[0].reason}"
        )
    if name is None:
        name = Path(reference).stem if isinstance(reference, str | Path) else "your pictures"
    held_out = {score: values for score, values in looked.scores.items() if score in names}
    tuned = None
    if tune:
        tuned, of_tuned = _tune(looked.small, steps, seed, engines, clock)
        held_out |= of_tuned
        notes.append(_about(tuned, len(of_tuned[TUNED[0]])))
    fitted = fit(name, looked.names, looked.vectors, looked.cells, held_out, tuned)
    return fitted, tuple(notes)


def _tune(
    pictures: NDArray[np.float32], steps: int, seed: int, engines: Engines, clock: Clock
) -> tuple[Tuned, dict[str, NDArray[np.float64]]]:
    """A VAE tuned on some of N×32×32×3 pictures, and what the others score."""
    _check_enough(len(pictures))
    order = np.random.default_rng(seed).permutation(len(pictures))
    aside = _aside(len(pictures))
    before = clock.done

    def told(done: float, what: str, seconds_left: float | None) -> None:
        clock.advance(before + done * STEP_WORK * steps - clock.done, what)

    vae = tune_vae(
        pictures[order[aside:]],
        base=BACKGROUND,
        steps=steps,
        seed=seed,
        engines=engines,
        progress=told,
    )
    told(1.0, "tuning", None)  # it may have ended sooner
    parts = []
    for part in np.array_split(pictures[order[:aside]], -(-aside // BATCH)):
        parts.append(pixel_scores(part, TUNED, engines, vae))
        clock.advance(SCORE_WORK * len(part), "setting thresholds")
    return vae.tuned, {name: np.concatenate([part[name] for part in parts]) for name in TUNED}


def _aside(count: int) -> int:
    """How many pictures of a reference are not learnt, but ranked among."""
    return min(MOST_ASIDE, max(LEAST, round(ASIDE * count)))


def _check_enough(count: int) -> None:
    if count < LEAST_TO_TUNE:
        raise BadValue(
            f"The reference has {count} pictures, too few to tune on.",
            f"Give at least {LEAST_TO_TUNE}, or don't tune.",
        )


def _about(tuned: Tuned, aside: int) -> str:
    """How tuning went, for people."""
    went = tuned.tuning
    text = f"Tuned on {went.pictures} pictures of the reference, ranked among {aside} others: "
    if not went.steps:
        return text + "it did not help, and the VAE of photographs was kept as it was."
    return text + (
        f"{went.held_out} held-out ones need {went.after:.2f} bits a byte instead of "
        f"{went.before:.2f}."
    )


def open_detector(reference: Path | None, engines: Engines) -> Detector:
    """A fitted detector: from a file, or the one that comes with genapp.

    Raises:
        BadValue, UnreadablePicture: the file is no detector, or isn't there.
        ModelMissing: the one that comes with genapp may not be used commercially.
    """
    if reference is None and engines.catalog.hides(BUILT_IN):
        raise not_commercial(BUILT_IN, "Give a reference of your own")
    return load(engines.data(BUILT_IN) if reference is None else reference)


@dataclass(frozen=True, eq=False)
class _Looked:
    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    cells: NDArray[np.float16]
    scores: dict[str, NDArray[np.float64]]
    """Of pixels."""
    small: NDArray[np.float32]
    """N×32×32×3, if they were asked for."""


def _look(
    given: Sequence[Given],
    scores: tuple[str, ...],
    engines: Engines,
    failures: list[Failure],
    clock: Clock,
    what: str,
    shown: Shown | None,
    *,
    tuned: Vae | None = None,
    small_too: bool = False,
) -> _Looked:
    """Describe the pictures that can be read, a batch at a time."""
    names: list[str] = []
    vectors = [np.zeros((0, density.LENGTH), np.float32)]
    places = [np.zeros((0, cells.CHANNELS, cells.SIDE, cells.SIDE), np.float16)]
    of_pixels: dict[str, list[NDArray[np.float64]]] = {score: [] for score in scores}
    kept = [np.zeros((0, SIZE, SIZE, 3), np.float32)]
    rest = opened(given, failures)
    while some := list(islice(rest, BATCH)):
        pictures: list[Pixels] = [pixels for _, pixels in some]
        if shown is not None:
            for name, pixels in some:
                shown(name, pixels)
        (described,) = describe_batches(pictures, engines=engines, batch=BATCH)
        names += [name for name, _ in some]
        vectors.append(density.vectors(described))
        places.append(cells.cells(described))
        if small_too or set(scores) - {DEFAULT}:
            shrunk = np.stack([small(picture) for picture in pictures])
            for score, values in pixel_scores(shrunk, scores, engines, tuned).items():
                of_pixels[score].append(values)
            if small_too:
                kept.append(shrunk)
        clock.advance(len(some), what)
    return _Looked(
        tuple(names),
        np.concatenate(vectors),
        np.concatenate(places),
        {score: np.concatenate(parts) for score, parts in of_pixels.items() if parts},
        np.concatenate(kept),
    )


def _screen(
    given: Sequence[Given],
    reference: Reference | None,
    names: tuple[str, ...],
    false_alarm: float,
    neighbours: int,
    tune: bool,
    engines: Engines,
    progress: Progress | None,
    shown: Shown | None,
) -> Outliers:
    started = time.perf_counter()
    detector, notes = _detector(reference, names, tune, engines, progress)
    for name in names:
        detector.calibration(name)
    fitted = time.perf_counter()
    failures: list[Failure] = []
    clock = Clock(len(given), progress)
    tuned = None
    if detector.tuned is not None and set(TUNED) & set(names):
        tuned = open_tuned(detector.tuned, engines)
    looked = _look(given, names, engines, failures, clock, "looking", shown, tuned=tuned)
    scores = {DEFAULT: detector.density.distances(looked.vectors), **looked.scores}
    p_values = {name: detector.p_values(name, scores[name]) for name in names}
    near = detector.neighbours(looked.vectors, neighbours)
    heat = detector.cells.heat(looked.cells)
    images = tuple(
        Screened(
            name,
            {score: float(scores[score][number]) for score in names},
            {score: float(p_values[score][number]) for score in names},
            tuple(near[number]),
            heat[number],
        )
        for number, name in enumerate(looked.names)
    )
    ended = time.perf_counter()
    timings = {"reference": 1000 * (fitted - started), "pictures": 1000 * (ended - fitted)}
    timings = {key: round(value, 1) for key, value in timings.items()}
    result = Outliers(images, tuple(failures), detector, names[0], false_alarm, (), timings)
    return replace(result, notes=(*notes, *_notes(result, reference)))


def _detector(
    reference: Reference | None,
    names: tuple[str, ...],
    tune: bool,
    engines: Engines,
    progress: Progress | None,
) -> tuple[Detector, tuple[str, ...]]:
    if isinstance(reference, Detector):
        return reference, ()
    if reference is None:
        return open_detector(None, engines), ()
    if isinstance(reference, str | Path) and not _can_be_fitted(reference):
        return load(Path(reference)), ()
    return fit_detector(reference, scores=names, tune=tune, engines=engines, progress=progress)


def _can_be_fitted(reference: Reference | None) -> bool:
    """Whether it is pictures."""
    if isinstance(reference, str | Path):
        return Path(reference).suffix.lower() != ".npz"
    return reference is not None and not isinstance(reference, Detector)


def _notes(result: Outliers, reference: Reference | None) -> list[str]:
    """What the user should know about the line that was drawn."""
    notes = []
    if math.isinf(result.threshold) and result.threshold > 0:
        notes.append(
            f"No p-value can be smaller than {result.resolution:.2g} with {result.held_out} "
            f"held-out pictures, so that none is an outlier at {result.false_alarm:g}. "
            "Give a larger reference, or allow more false alarms."
        )
    if reference is not None and SCORES[result.score].of_faces:
        notes.append(
            f"The model behind {result.score!r} knows faces: your reference only sets its "
            "threshold."
        )
    return notes
