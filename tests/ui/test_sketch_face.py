"""The panel "Draw a face": the sheet, and what its strokes make."""

from pathlib import Path

import numpy as np
import pytest

from genapp import images
from genapp.registry.engines import Engines
from genapp.ui import sketch_face


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))


def test_the_sheet_has_its_lines_in_a_layer_that_can_be_rubbed_out() -> None:
    drawing = sketch_face.first_drawing()
    sheet = sketch_face.sheet_of(drawing)
    (layer,) = sheet["layers"]
    assert sheet["background"].min() == 255
    np.testing.assert_array_equal(layer[..., 3], 255 - drawing)
    dark = sheet["composite"][..., :3].max(2) < 128
    assert (dark == (drawing < 116)).mean() > 0.99


def test_strokes_become_a_face() -> None:
    sheet = sketch_face.sheet_of(sketch_face.first_drawing())
    path, facts = sketch_face._make(Engines(device="cpu"), sheet, 2, 1.0)
    face = images.read(path)
    assert face.pixels.shape == (sketch_face.SHOWN, sketch_face.SHOWN, 3)
    assert face.origin == "trainedAlgorithmicMedia"
    assert "does not exist" in facts


def test_an_empty_sheet_is_a_sentence() -> None:
    empty = sketch_face.sheet_of(np.full((64, 64), 255, np.uint8))
    for sheet in (None, empty):
        shown, facts = sketch_face._make(Engines(device="cpu"), sheet, 0, 1.0)
        assert shown is None
        assert "stroke" in facts or "lines" in facts
