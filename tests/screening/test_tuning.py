"""A detector with a VAE that was tuned on its reference."""

from pathlib import Path

import numpy as np
import pytest

from genapp import cli
from genapp.errors import BadValue, Cancelled
from genapp.registry.engines import Engines
from genapp.screening import (
    LEAST,
    LEAST_TO_TUNE,
    TUNED,
    UNTUNED,
    Detector,
    fit_detector,
    load,
    outliers,
    save,
)
from genapp.sources import Pixels
from tests.screening.pictures import disc, stripes


@pytest.fixture(scope="module")
def discs() -> list[Pixels]:
    return [disc(number) for number in range(LEAST_TO_TUNE)]


@pytest.fixture(scope="module")
def fitted(discs: list[Pixels], engines: Engines) -> tuple[Detector, str]:
    told: list[float] = []
    detector, notes = fit_detector(
        discs, tune=True, steps=6, engines=engines, progress=lambda done, *_: told.append(done)
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    return detector, " ".join(notes)


@pytest.fixture(scope="module")
def tuned(fitted: tuple[Detector, str]) -> Detector:
    return fitted[0]


def test_thresholds_are_of_pictures_that_were_not_learnt(fitted: tuple[Detector, str]) -> None:
    detector, notes = fitted
    assert detector.tuned is not None
    assert detector.tuned.tuning.pictures == LEAST_TO_TUNE - LEAST
    assert {len(detector.calibration(name)) for name in TUNED} == {LEAST}
    assert len(detector.calibration("features")) == LEAST_TO_TUNE
    assert f"ranked among {LEAST} others" in notes
    assert f"{detector.tuned.tuning.after:.2f}" in notes


def test_scores_of_the_tuned_vae(tuned: Detector, engines: Engines) -> None:
    found = outliers(
        [disc(100), stripes(0)], reference=tuned, score="tuned-elbo", also=TUNED, engines=engines
    )
    one, other = found.images
    assert set(one.scores) == set(TUNED)
    assert one.scores["tuned-iwae"] <= one.scores["tuned-elbo"] + 1e-9
    # A disc gains more from tuning than stripes.
    assert one.scores["tuned-ratio"] < other.scores["tuned-ratio"]
    assert other.p_values["tuned-ratio"] == pytest.approx(1 / (LEAST + 1))
    assert "knows faces" not in " ".join(found.notes)


def test_comes_back_as_it_was(tuned: Detector, engines: Engines, tmp_path: Path) -> None:
    path = tmp_path / "discs.npz"
    save(tuned, path)
    with np.load(path, allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored)
    back = load(path)
    assert back.tuned is not None
    assert tuned.tuned is not None
    assert back.tuned.tuning == tuned.tuned.tuning
    one, other = (
        outliers([disc(100)], reference=which, score="tuned-elbo", engines=engines)
        for which in (tuned, path)
    )
    assert one.images[0].scores == other.images[0].scores


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tuned", '{"base": "families/vae.photos32", "tuning": {}}'),
        ("tuned", "nothing"),
        ("tuned.net.stem.weight", np.zeros((2, 2), np.float16)),
        ("tuned.net.stem.bias", np.full(32, np.nan, np.float16)),
        ("tuned.something", np.zeros(2, np.float16)),
    ],
)
def test_files_that_are_damaged(
    key: str, value: str | np.ndarray, tuned: Detector, engines: Engines, tmp_path: Path
) -> None:
    path = tmp_path / "discs.npz"
    save(tuned, path)
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, **{**arrays, key: np.array(value)})
    with pytest.raises(BadValue, match=r"no detector|damaged"):
        outliers([disc(0)], reference=path, score="tuned-elbo", engines=engines)


def test_can_be_cancelled_while_it_tunes(discs: list[Pixels], engines: Engines) -> None:
    def stop(done: float, what: str, seconds_left: float | None) -> None:
        if what == "tuning":
            raise Cancelled("It was cancelled.", "Start again.")

    with pytest.raises(Cancelled):
        fit_detector(discs, tune=True, engines=engines, progress=stop)


def test_too_few_pictures(discs: list[Pixels], engines: Engines) -> None:
    with pytest.raises(BadValue, match="59 pictures, too few to tune on"):
        fit_detector(discs[1:], tune=True, engines=engines)
    broken: list[bytes | Pixels] = [b"no picture", *discs[1:]]
    with pytest.raises(BadValue, match="59 pictures, too few to tune on"):
        fit_detector(broken, tune=True, engines=engines)


def test_there_must_be_pictures_to_tune_on(tuned: Detector, engines: Engines) -> None:
    for reference in (None, tuned, "discs.npz"):
        with pytest.raises(BadValue, match="nothing to tune on"):
            outliers([disc(0)], reference=reference, tune=True, engines=engines)


def test_a_detector_that_was_not_tuned(detector: Detector, engines: Engines) -> None:
    with pytest.raises(BadValue, match="fit it again on its reference and tune"):
        outliers([disc(0)], reference=detector, score="tuned-ratio", engines=engines)


def test_names() -> None:
    assert TUNED == ("tuned-elbo", "tuned-iwae", "tuned-complexity", "tuned-regret", "tuned-ratio")
    assert set(UNTUNED) & set(TUNED) == set()


def test_on_the_command_line(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["outliers", str(mixed), "--tune"]) == 2
    assert "--tune was given without --reference" in capsys.readouterr().err
    assert cli.main(["outliers", str(mixed), "--tune", "--reference", str(mixed)]) == 2
    assert "6 pictures, too few to tune on" in capsys.readouterr().err
