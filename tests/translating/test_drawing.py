"""A line drawing: where lines go, and that size and tiles don't show."""

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.registry.engines import Engines
from genapp.translating import drawing, translate
from genapp.translating.drawing import MARGIN, WASH, find_lines, inked, strokes, washed

Bytes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(device="cpu")


def disc(side: int = 160, inside: int = 90, outside: int = 200) -> Bytes:
    """A grey disc on lighter grey; its edge is where lines belong."""
    y, x = np.mgrid[:side, :side] - side / 2
    grey = np.where(np.hypot(x, y) < side / 3, inside, outside)
    return np.repeat(grey[..., None], 3, 2).astype(np.uint8)


def drawn(source: Bytes, people: Bytes | None = None) -> NDArray[np.float32]:
    lines = strokes(find_lines(source, people))
    white = np.ones_like(lines)
    return np.vstack([rows for _, rows in inked(lines, white, source.shape[1::-1])])


def test_an_edge_becomes_a_dark_line_on_white_paper() -> None:
    light = drawn(disc())
    y, x = np.mgrid[:160, :160] - 80
    away = np.abs(np.hypot(x, y) - 160 / 3)
    assert light[away > 10].min() > 0.99
    ring = [light[(away < 3) & (np.abs(np.arctan2(y, x) - turn) < 0.1)] for turn in range(-3, 4)]
    assert all(part.min() < 0.1 for part in ring)


def test_noise_makes_no_line() -> None:
    noisy = 128 + np.random.default_rng(0).normal(0, 4, (120, 120, 3))
    assert drawn(noisy.clip(0, 255).astype(np.uint8)).min() > 0.9


def test_a_thin_wash_lies_over_what_is_dark() -> None:
    paper = washed(disc(inside=0, outside=255))
    np.testing.assert_allclose(paper[80, 80], 1 - WASH, atol=1e-3)
    np.testing.assert_allclose(paper[5, 5], 1, atol=1e-3)
    lines = np.full_like(paper, drawing.PAPER)
    rows = np.vstack([rows for _, rows in inked(lines, paper, (320, 320))])
    np.testing.assert_allclose(rows[160, 160], 1 - WASH, atol=1e-3)


def test_a_short_mark_is_left_out() -> None:
    marked = np.full((120, 120, 3), 220, np.uint8)
    marked[58:63, 58:63] = 20
    assert drawn(marked).min() > 0.9
    marked[58:63, 20:100] = 20
    assert drawn(marked).min() < 0.1


def test_people_get_an_outline_where_they_do_not_stand_out() -> None:
    flat = np.full((160, 160, 3), 128, np.uint8)
    people = np.where(disc()[..., 0] == 90, 255, 0).astype(np.uint8)
    assert drawn(flat).min() == 1
    assert drawn(flat, people)[80, 20:35].min() < 0.2


def test_tiles_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    small = rng.integers(0, 255, (10, 14, 3), np.uint8)
    source = np.kron(small, np.ones((20, 20, 1), np.uint8))
    whole = find_lines(source, None)
    told: list[int] = []
    monkeypatch.setattr(drawing, "TILE", 64)
    tiled = find_lines(source, None, told.append)
    assert sum(told) == whole.size
    assert MARGIN < 64
    # What is followed along an edge may end in another tile's margin: hardly any ink.
    assert (
        np.abs(np.tanh(110 * np.minimum(tiled, 0)) - np.tanh(110 * np.minimum(whole, 0))).mean()
        < 0.01
    )


def test_lines_are_sharp_at_any_size() -> None:
    lines = strokes(find_lines(disc(), None))
    large = np.vstack([rows for _, rows in inked(lines, np.ones_like(lines), (640, 640))])
    assert large.shape == (640, 640)
    # Between paper and ink there are few pixels, although there are sixteen times as many.
    assert ((large > 0.2) & (large < 0.8)).mean() < 0.5 * (large <= 0.2).mean()


def test_as_a_style(engines: Engines) -> None:
    result = translate(disc(), "line-drawing", detail=160, engines=engines)
    assert result.recipe["models"] == ["line-drawing"]
    pixels = result.photo.pixels
    assert pixels.shape == (160, 160, 3)
    assert pixels.min() < 40
    assert 240 < np.median(pixels) < 255  # a thin wash
    colored = translate(disc(), "line-drawing", detail=160, keep_colors=True, engines=engines)
    assert abs(float(np.median(colored.photo.pixels)) - 200) < 40


def test_blends_with_a_painting(engines: Engines) -> None:
    photo = disc(64)
    blend = translate(photo, {"line-drawing": 0.5, "embers": 0.5}, detail=64, engines=engines)
    assert blend.recipe["models"] == ["line-drawing", "translate/stylizer.multi26"]
    parts = [
        translate(photo, name, detail=64, engines=engines).photo.pixels.astype(float)
        for name in ("line-drawing", "embers")
    ]
    assert np.abs(blend.photo.pixels - (parts[0] + parts[1]) / 2).max() < 3
