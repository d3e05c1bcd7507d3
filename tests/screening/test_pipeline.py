"""The whole way: pictures in, the ones that don't belong out."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from genapp.errors import BadValue, Cancelled, UnknownName, UnreadablePicture
from genapp.registry.engines import Engines
from genapp.screening import UNTUNED, Detector, Outliers, fit_detector, outliers
from tests.screening.conftest import DISCS
from tests.screening.pictures import disc, stripes


@pytest.fixture(scope="module")
def result(mixed: Path, detector: Detector, engines: Engines) -> Outliers:
    return outliers(mixed, reference=detector, engines=engines)


def test_finds_what_does_not_belong(result: Outliers) -> None:
    assert {image.name for image in result.found} == {"stripes-0.png", "stripes-1.png"}
    assert [image.name for image in result.ranked[:2]] == [i.name for i in result.found]
    assert result.held_out == DISCS
    assert result.resolution == 1 / (DISCS + 1)


def test_p_values_are_ranks(result: Outliers) -> None:
    steps = [image.p_values["features"] * (DISCS + 1) for image in result.images]
    np.testing.assert_allclose(steps, np.rint(steps))
    assert min(steps) == pytest.approx(1)


def test_the_order_is_that_of_the_input(result: Outliers) -> None:
    assert [image.name for image in result.images] == sorted(i.name for i in result.images)


def test_neighbours_are_of_the_reference(result: Outliers) -> None:
    for image in result.images:
        distances = [distance for _, distance in image.neighbours]
        assert len(distances) == 3
        assert distances == sorted(distances)
        assert all(name.startswith("disc-") for name, _ in image.neighbours)


def test_a_picture_of_the_reference_is_its_own_neighbour(
    folder: Path, detector: Detector, engines: Engines
) -> None:
    one = outliers(folder / "disc-07.png", reference=detector, engines=engines)
    name, distance = one.images[0].neighbours[0]
    assert name == "disc-07.png"
    assert distance < 0.05


def test_heat_is_where_the_change_is(detector: Detector, engines: Engines) -> None:
    changed = disc(200)
    changed[:20, :24] = stripes(3)[:20, :24]
    found = outliers([disc(200), changed], reference=detector, engines=engines)
    before, after = (image.heat.astype(float) for image in found.images)
    risen = after - before
    assert risen[:4, :4].mean() > risen[8:, 8:].mean() + 0.1


def test_another_rate_needs_no_network(result: Outliers) -> None:
    assert len(result.at(false_alarm=1.0).found) == len(result.images)
    none = result.at(false_alarm=0.01)
    assert none.found == ()
    assert none.report()["threshold"] is None
    with pytest.raises(BadValue, match="false-alarm"):
        result.at(false_alarm=2)
    with pytest.raises(BadValue, match="was not computed"):
        result.at(score="elbo")


def test_says_that_the_rate_is_below_the_resolution(detector: Detector, engines: Engines) -> None:
    found = outliers([disc(1)], reference=detector, false_alarm=0.01, engines=engines)
    assert "32 held-out" in found.notes[0]


def test_repeatable(mixed: Path, folder: Path, result: Outliers, engines: Engines) -> None:
    again = outliers(mixed, reference=folder, engines=engines)
    for one, other in zip(result.images, again.images, strict=True):
        assert one.p_values == other.p_values


def test_a_picture_that_cannot_be_read_is_listed(
    mixed: Path, detector: Detector, engines: Engines, tmp_path: Path
) -> None:
    shutil.copytree(mixed, tmp_path / "all")
    (tmp_path / "all" / "broken.png").write_bytes(b"no picture")
    found = outliers(tmp_path / "all", reference=detector, engines=engines)
    assert len(found.images) == 6
    assert [failure.name for failure in found.failures] == ["broken.png"]
    assert found.report()["failures"][0]["file"] == "broken.png"


def test_a_zip_is_a_folder(
    mixed: Path, detector: Detector, result: Outliers, engines: Engines, tmp_path: Path
) -> None:
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", mixed)
    found = outliers(packed, reference=detector, engines=engines)
    assert [image.p_values for image in found.images] == [i.p_values for i in result.images]


def test_too_small_a_reference(engines: Engines) -> None:
    with pytest.raises(BadValue, match="at least 30") as caught:
        fit_detector([disc(n) for n in range(29)], engines=engines)
    assert "29 pictures" in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"score": "nonsense"}, UnknownName),
        ({"false_alarm": -1}, BadValue),
        ({"neighbours": 21}, BadValue),
        ({"neighbours": 1.5}, BadValue),
        ({"reference": "nowhere.npz"}, UnreadablePicture),
        ({"reference": "nowhere"}, UnreadablePicture),
    ],
)
def test_mistakes(setting: dict[str, object], error: type[Exception], engines: Engines) -> None:
    with pytest.raises(error):
        outliers([disc(0)], **setting, engines=engines)  # type: ignore[arg-type]


def test_a_score_that_the_detector_was_fitted_without(detector: Detector, engines: Engines) -> None:
    with pytest.raises(BadValue, match="fitted without the score 'elbo'"):
        outliers([disc(0)], reference=detector, score="elbo", engines=engines)


def test_progress_can_cancel(mixed: Path, detector: Detector, engines: Engines) -> None:
    def stop(done: float, what: str, seconds_left: float | None) -> None:
        raise Cancelled("It was cancelled.", "Start again.")

    with pytest.raises(Cancelled):
        outliers(mixed, reference=detector, engines=engines, progress=stop)


def test_scores_of_pixels_side_by_side(mixed: Path, folder: Path, engines: Engines) -> None:
    small = sorted(folder.iterdir())[:30]
    found = outliers(
        sorted(mixed.iterdir()), reference=small, score="elbo", also=UNTUNED, engines=engines
    )
    for image in found.images:
        assert set(image.scores) == set(UNTUNED)
        # The tighter bound needs fewer bits, and a file's bits are taken off.
        assert image.scores["iwae"] <= image.scores["elbo"] + 1e-9
        assert image.scores["complexity"] < image.scores["pixelcnn"]
        assert all(0 < value <= 1 for value in image.p_values.values())
    assert "knows faces" in " ".join(found.notes)
    assert found.at(score="features").score == "features"


def test_the_built_in_reference_takes_discs_for_outliers(engines: Engines) -> None:
    found = outliers([disc(0), stripes(0)], engines=engines)
    assert len(found.found) == 2
    assert found.report()["reference"]["name"] == "faces"
    assert found.images[0].neighbours[0][0] == ""


def test_results_are_frozen(result: Outliers) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.score = "elbo"  # type: ignore[misc]
