"""The probe: it tells what was gained, and what near-copies would spoil."""

from functools import partial

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.augmenting import Interval, Item, Probe, Recipe, Source, probe
from genapp.augmenting.probe import paired, wilson
from genapp.errors import BadValue, Cancelled, UnknownName
from genapp.registry.engines import Engines


def arrow(seed: int, right: bool) -> np.ndarray:
    """An arrow to the right or left, somewhere on a grey ground."""
    random = np.random.default_rng(seed)
    picture = np.full((96, 96, 3), int(random.integers(150, 230)), np.uint8)
    x, y = (int(value) for value in random.integers(-8, 9, 2))
    tail, tip = (18 + x, 48 + y), (78 + x, 48 + y)
    if not right:
        tail, tip = tip, tail
    colour = [int(value) for value in random.integers(0, 90, 3)]
    cv2.arrowedLine(picture, tail, tip, colour, 7, cv2.LINE_AA, tipLength=0.5)
    return picture


def itself(pixels: np.ndarray) -> np.ndarray:
    return pixels


def source_of(kinds: dict[str, list[np.ndarray]]) -> Source:
    return Source(
        tuple(
            Item(f"{label}/{number}.png", label, partial(itself, pixels))
            for label, pictures in kinds.items()
            for number, pixels in enumerate(pictures)
        )
    )


def arrows(count: int) -> Source:
    return source_of(
        {
            "left": [arrow(number, right=False) for number in range(count)],
            "right": [arrow(100 + number, right=True) for number in range(count)],
        }
    )


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(device="cpu")


@pytest.fixture(scope="module")
def probed(engines: Engines) -> Probe:
    return probe(arrows(8), Recipe(count=8), folds=2, classifiers=("features",), engines=engines)


def test_the_report_says_what_was_done(probed: Probe) -> None:
    report = probed.report()
    assert (report["pictures"], report["folds"], report["new_in_each_fold"]) == (16, 2, 8)
    assert report["classes"].keys() == {"left", "right"}
    assert report["verdict"] == probed.verdict
    assert "On frozen ImageNet features" in probed.verdict
    assert any("Mirror images may not be" in warning for warning in probed.warnings)


def test_near_copies_are_told_and_unreadable_files_left_out(engines: Engines) -> None:
    def unreadable() -> np.ndarray:
        raise BadValue("It is damaged.", "Send another.")

    same = arrow(0, right=True)
    source = source_of(
        {
            "here": [same, *(arrow(n, right=False) for n in (1, 2))],
            "there": [same, *(arrow(n, right=True) for n in (3, 4))],
        }
    )
    source = Source((*source.items, Item("there/bad.png", "there", unreadable)))
    found = probe(source, Recipe(count=2), folds=2, classifiers=("features",), engines=engines)
    assert any("one label may be wrong" in warning for warning in found.warnings)
    assert any("kept in one fold" in warning for warning in found.warnings)
    assert [failure.name for failure in found.failures] == ["there/bad.png"]
    assert found.pictures == 6


@pytest.mark.parametrize(
    ("settings", "problem", "sentence"),
    [
        ({"folds": 1}, BadValue, "number of folds"),
        ({"seeds": ()}, BadValue, "number of seeds"),
        ({"classifiers": ()}, BadValue, "no classifier"),
        ({"classifiers": ("forest",)}, UnknownName, "no classifier named 'forest'"),
    ],
)
def test_a_mistake_is_a_sentence(
    settings: dict[str, object], problem: type[Exception], sentence: str
) -> None:
    with pytest.raises(problem, match=sentence):
        probe(arrows(3), **settings)  # type: ignore[arg-type]


def test_two_classes_are_needed(engines: Engines) -> None:
    one = source_of({"here": [arrow(n, right=False) for n in range(5)]})
    with pytest.raises(BadValue, match="no two classes"):
        probe(one, engines=engines)


def test_it_can_be_cancelled(engines: Engines) -> None:
    def stop(done: float, what: str, seconds_left: float | None) -> None:
        assert 0 <= done <= 1
        if "Making" in what:
            raise Cancelled("It was cancelled.", "Nothing is lost.")

    with pytest.raises(Cancelled):
        probe(arrows(3), folds=2, classifiers=("features",), progress=stop, engines=engines)


@given(count=st.integers(1, 400), share=st.floats(0, 1))
def test_wilson_holds_the_share(count: int, share: float) -> None:
    found = wilson(share * count, count)
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert found.high > found.low


def test_intervals_are_those_of_the_formulas() -> None:
    """Newcombe 1998 gives Wilson's interval for 81 of 263; 23 that gain and 7 that lose of 162."""
    assert wilson(81, 263) == pytest.approx(Interval(0.3080, 0.2553, 0.3662), abs=2e-4)
    gains = np.repeat([1.0, -1.0, 0.0], [23, 7, 132])
    middle = 16 / 164
    half = 1.96 * ((23.5 + 7.5) / 164 - middle**2) ** 0.5 / 164**0.5
    assert paired(gains) == pytest.approx(Interval(16 / 162, middle - half, middle + half))


def test_no_change_is_no_certainty() -> None:
    few, many = paired(np.zeros(6)), paired(np.zeros(600))
    assert few.value == 0
    assert few.high == -few.low > many.high > 0
