"""Line drawings in the pipeline, with a stand-in of their network."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.colorizing import Analysis, Look, analyse, candidates, colorize, paint
from genapp.errors import BadValue, UnknownName
from genapp.images import Pixels, to_float
from genapp.registry.engines import Engines

Bytes = NDArray[np.uint8]


def lab_of(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(to_float(pixels), cv2.COLOR_RGB2Lab), np.float32)


@pytest.fixture(scope="module")
def house() -> Bytes:
    """Dark lines on white paper, 300×240."""
    paper = np.full((300, 240), 255, np.uint8)
    cv2.rectangle(paper, (40, 120), (200, 270), 20, 2)
    cv2.line(paper, (30, 125), (120, 30), 20, 2)
    cv2.line(paper, (120, 30), (210, 125), 20, 2)
    return paper


@pytest.fixture(scope="module")
def analysis(sketcher: Engines, house: Bytes) -> Analysis:
    return analyse(house, sketch=True, engines=sketcher)


def test_colours_lie_under_the_lines(analysis: Analysis, house: Bytes) -> None:
    result = paint(analysis)
    lab = lab_of(result.photo.pixels)
    assert lab[60, 20, 1] > 20
    assert lab[240, 20, 2] < -20
    assert lab[house < 40][:, 0].max() < 25
    assert result.recipe["sketch"] is True
    assert result.notes == ()


def test_a_hint_colours_its_room_alone(sketcher: Engines, house: Bytes) -> None:
    plain = colorize(house, sketch=True, engines=sketcher).photo.pixels
    hinted = colorize(house, sketch=True, hints=["120,200,#ffe040"], engines=sketcher).photo.pixels
    difference = np.linalg.norm(lab_of(hinted) - lab_of(plain), axis=2)
    assert lab_of(hinted)[200, 120, 2] > 40
    assert difference[180:240, 60:180].min() > 40
    assert difference[:, :25].max() < 20


def test_palettes_differ(analysis: Analysis) -> None:
    pastel, vivid = (
        lab_of(paint(analysis, Look(palette=name)).photo.pixels) for name in ("pastel", "vivid")
    )
    strength = [np.linalg.norm(lab[..., 1:], axis=2).mean() for lab in (pastel, vivid)]
    assert strength[1] > 1.5 * strength[0]


def test_looks_act_on_the_wash(analysis: Analysis, house: Bytes) -> None:
    untouched = paint(analysis, Look(strength=0)).photo.pixels
    np.testing.assert_array_equal(untouched, np.dstack([house] * 3))
    grey = lab_of(paint(analysis, Look(saturation=0)).photo.pixels)
    assert np.linalg.norm(grey[..., 1:], axis=2).max() < 1
    mask = np.full(house.shape, 255, np.uint8)
    kept = lab_of(paint(analysis, Look(keep_grey=mask)).photo.pixels)
    assert np.linalg.norm(kept[..., 1:], axis=2).max() < 1


def test_candidates_of_a_drawing(analysis: Analysis) -> None:
    made = [each.photo.pixels for each in candidates(analysis, 3)]
    np.testing.assert_array_equal(made[0], paint(analysis).photo.pixels)
    np.testing.assert_array_equal(made[2], paint(analysis, Look(candidate=2)).photo.pixels)


def test_a_large_drawing_keeps_crisp_lines(sketcher: Engines, house: Bytes) -> None:
    large = np.asarray(cv2.resize(house, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST))
    result = colorize(large.astype(np.uint16) * 257, sketch=True, engines=sketcher).photo.pixels
    assert result.dtype == np.uint16
    lab = lab_of(result)
    assert lab[large < 40][:, 0].max() < 25
    # One pixel beside a line its darkness is over.
    assert lab[6 * 200, 6 * 41 + 12, 0] > 40


def test_transparent_paper_is_paper(sketcher: Engines, house: Bytes) -> None:
    """Lines in the alpha channel alone."""
    black = np.zeros((*house.shape, 4), np.uint8)
    black[..., 3] = 255 - house
    result = colorize(black, sketch=True, engines=sketcher).photo
    np.testing.assert_array_equal(result.alpha, 255 - house)


def test_a_drawing_that_is_not_said_to_be_one(real: Engines, house: Bytes) -> None:
    notes = colorize(house, engines=real).notes
    assert any("colour it as a sketch" in note for note in notes)


def test_mistakes(sketcher: Engines, house: Bytes) -> None:
    with pytest.raises(UnknownName, match="palette named 'neon'"):
        colorize(house, sketch=True, palette="neon", engines=sketcher)
    with pytest.raises(BadValue, match="no model that colours photos"):
        colorize(house, engines=sketcher)
