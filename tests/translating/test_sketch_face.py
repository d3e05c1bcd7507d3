"""From a drawing to a face: what is read from paper, and what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from genapp import images
from genapp.errors import BadValue, ModelMissing
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.translating import sketch_to_face
from genapp.translating.sketch_face import line_width, look_code, on_white, prepared

Bytes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(device="cpu")


def head(side: int = 200, width: int = 4) -> Bytes:
    """Head, eyes and mouth, as dark lines on white."""
    paper = np.full((side, side, 3), 255, np.uint8)
    unit, ink = side / 100, (20, 20, 20)
    for x, y, across, down in ((50, 52, 28, 38), (39, 50, 6, 3), (61, 50, 6, 3), (50, 76, 10, 3)):
        place, axes = (round(x * unit), round(y * unit)), (round(across * unit), round(down * unit))
        cv2.ellipse(paper, place, axes, 0, 0, 360, ink, width, cv2.LINE_AA)
    return paper


def test_a_face_appears_between_the_lines(engines: Engines) -> None:
    made = sketch_to_face(head(), size=128, engines=engines)
    pixels = made.photo.pixels.astype(float)
    assert pixels.shape == (128, 128, 3)
    # Skin is warm: more red than blue on the cheeks, and lighter than the pupils.
    cheek, eye = pixels[76:84, 42:52].mean((0, 1)), pixels[61:67, 47:53].mean((0, 1))
    assert cheek[0] > cheek[2] + 15
    assert cheek.mean() > eye.mean() + 10
    assert made.recipe == {
        "model": "translate/sketch-face.v1",
        "look": 0,
        "variety": 1.0,
        "size": 128,
    }


def test_same_settings_same_pixels_and_another_look(engines: Engines) -> None:
    first, again, other = (
        sketch_to_face(head(), look=look, size=128, engines=engines).photo.pixels.astype(float)
        for look in (4, 4, 5)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 1


def test_it_says_that_a_network_made_it(engines: Engines, tmp_path: Path) -> None:
    made = sketch_to_face(head(), size=128, engines=engines)
    images.write(made.photo, tmp_path / "face.png")
    assert images.read(tmp_path / "face.png").origin == "trainedAlgorithmicMedia"


def test_paper_is_read_in_any_form() -> None:
    """Transparent, on a blackboard, faint, or on grey paper: the network sees the same lines."""
    grey = head()[..., 0]
    expected = prepared(on_white(Photo(head())), 64)
    clear = Photo(np.zeros_like(head()), 255 - grey)
    board = Photo(255 - head())
    faint = Photo((200 - 70 * (1 - head() / 255.0)).astype(np.uint8))
    for photo in (clear, board, faint):
        assert np.abs(prepared(on_white(photo), 64) - expected).mean() < 3


def test_what_is_not_square_is_centred_on_white() -> None:
    wide = np.full((100, 300, 3), 255, np.uint8)
    wide[:, 100:200] = head(100, 2)
    seen = prepared(on_white(Photo(wide)), 96)
    assert seen.shape == (96, 96)
    assert seen[:30].min() == 100
    assert seen[-30:].min() == 100
    assert seen[35:60].min() < 50


def test_thin_lines_of_a_large_drawing_stay_lines() -> None:
    thin = prepared(on_white(Photo(head(1600, 2))), 64)
    assert (thin < 50).mean() > 0.02


@pytest.mark.parametrize("width", [2, 5, 12])
def test_line_width(width: int) -> None:
    assert line_width(on_white(Photo(head(400, width)))) == pytest.approx(width, abs=2)


def test_look_code() -> None:
    assert not look_code(0, 8).any()
    np.testing.assert_array_equal(look_code(3, 8, 0.5), look_code(3, 8) / 2)


def test_an_empty_sheet_is_refused(engines: Engines) -> None:
    with pytest.raises(BadValue, match="no lines"):
        sketch_to_face(np.full((90, 90, 3), 250, np.uint8), engines=engines)


@pytest.mark.parametrize(
    "settings", [{"look": -1}, {"look": 1.5}, {"variety": 3}, {"size": 20}, {"size": 4096}]
)
def test_mistakes(settings: dict[str, float], engines: Engines) -> None:
    with pytest.raises(BadValue):
        sketch_to_face(head(), engines=engines, **settings)  # type: ignore[arg-type]


def test_commercial_use_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAPP_COMMERCIAL_ONLY", "1")
    with pytest.raises(ModelMissing, match="commercially"):
        sketch_to_face(head(), size=128)
