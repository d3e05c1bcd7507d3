"""Thumbnails of the shipped frames look as they did when they were last looked at.

A wanted change of the look: `python tests/tryon/golden/renew.py`, then look at the pictures.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from genapp.tryon import Frame, draw_thumbnail, frame_names, load_frame

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 2.0
"""Mean absolute difference where there is a frame, on white and on black, of 255."""


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    covered = (one[..., 3] > 0) | (other[..., 3] > 0)
    return float(np.abs(_on_white_and_black(one) - _on_white_and_black(other))[covered].mean())


def _on_white_and_black(rgba: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What can be seen of a picture with transparency: H×W×6, 0..255."""
    alpha = rgba[..., 3:] / 255
    black = rgba[..., :3] * alpha
    return np.concatenate([black + 255 * (1 - alpha), black], 2)


def golden(name: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(GOLDEN / f"{name}.png"))


def test_look_is_the_golden_one(shipped: Frame) -> None:
    expected = golden(shipped.name)
    height, width = expected.shape[:2]
    assert difference(draw_thumbnail(shipped, width, height), expected) < TOLERANCE


def test_there_is_one_golden_picture_a_frame() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.png")) == frame_names()


@pytest.mark.parametrize(
    "change", [{"lens": 66.0}, {"color": "#d03020"}, {"opacity": 0.3}, {"bridge": 26.0}]
)
def test_tolerance_tells_a_changed_frame(frame: Frame, change: dict[str, Any]) -> None:
    changed = draw_thumbnail(replace(frame, **change), 64, 36)
    assert difference(changed, golden(frame.name)) > 2 * TOLERANCE


def test_picture_is_transparent_around_the_frame(frame: Frame) -> None:
    rgba = draw_thumbnail(frame, 160, 90)
    assert rgba.shape == (90, 160, 4)
    assert rgba.dtype == np.uint8
    assert not rgba[[0, -1], :, 3].any()
    assert not rgba[:, 0, 3].any()
    assert rgba[..., 3].max() > 230
    assert 0.1 < (rgba[..., 3] > 128).mean() < 0.6


def test_thumbnail_scales(frame: Frame) -> None:
    small, large = draw_thumbnail(frame, 64, 36), draw_thumbnail(frame, 256, 144)
    reduced = np.asarray(Image.fromarray(large).resize((64, 36), Image.Resampling.BOX))
    assert difference(small, reduced) < 2 * TOLERANCE


def test_same_frame_gives_the_same_picture() -> None:
    frame = load_frame(frame_names()[0])
    assert np.array_equal(draw_thumbnail(frame), draw_thumbnail(frame))
