"""A wash under a line drawing: between the lines, in a palette, obeying hints."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.colorizing import sketch
from genapp.errors import UnknownName
from genapp.registry.engines import Engines

Array = sketch.Array
BINS = np.array([[60, 40], [-40, -20], [0, 0]], np.float32)
RED, BLUE = (50.0, 60.0, 40.0), (30.0, 20.0, -60.0)


def page(size: int = 96) -> Array:
    return np.full((size, size), 100, np.float32)


def divided(size: int = 96) -> Array:
    """White paper with a vertical line in the middle."""
    drawing = page(size)
    drawing[:, size // 2 - 1 : size // 2 + 2] = 0
    return drawing


def two_colors(cells: int = 16) -> tuple[Array, Array]:
    """Logits of a network: the first colour on the left, the second on the right; lightness 70."""
    logits = np.full((3, cells, cells), -9, np.float32)
    logits[0, :, : cells // 2] = logits[1, :, cells // 2 :] = 9
    light = np.full((11, cells, cells), -9, np.float32)
    light[7] = 9
    return logits, light


def test_paper_becomes_white_and_lines_dark() -> None:
    drawing = page() * 0.8
    drawing[40:44] = 30
    ready = sketch.prepare(drawing)
    assert ready.dtype == np.float32
    assert np.median(ready) == pytest.approx(100)
    assert ready[41].max() < 5
    np.testing.assert_allclose(sketch.prepare(ready), ready, atol=1e-3)


def test_light_lines_on_dark_paper_are_inverted() -> None:
    np.testing.assert_allclose(sketch.prepare(100 - divided()), divided(), atol=1e-3)


def test_pale_lines_are_not_made_black() -> None:
    drawing = page()
    drawing[40:44] = 95
    assert sketch.prepare(drawing).min() > 80


def test_colours_stay_on_their_side_of_a_line() -> None:
    logits, light = two_colors()
    lab = sketch.wash(divided(), logits, light, BINS)
    assert lab.shape == (96, 96, 3)
    np.testing.assert_allclose(lab[:, 5:40, 1:], BINS[0] + np.zeros((96, 35, 1)), atol=2)
    np.testing.assert_allclose(lab[:, 56:90, 1:], BINS[1] + np.zeros((96, 34, 1)), atol=2)
    np.testing.assert_allclose(lab[..., 0], 70, atol=0.5)


def test_without_a_line_colours_flow_together() -> None:
    lab = sketch.wash(page(), *two_colors(), BINS)
    assert np.abs(lab[:, 44, 1] - lab[:, 40, 1]).max() > 2


def test_a_mixed_border_of_cells_moves_to_the_line() -> None:
    """The cells' border lies half a cell beside the line; the wash's border lies on the line."""
    logits, light = two_colors(12)
    drawing = page()
    drawing[:, 44:47] = 0
    lab = sketch.wash(drawing, logits, light, BINS)
    assert np.linalg.norm(lab[:, 48, 1:] - BINS[1], axis=1).max() < 25


def test_lines_stay_black_and_paper_takes_the_colour() -> None:
    lab = np.zeros((96, 96, 3), np.float32) + np.array([70, 30, 10], np.float32)
    painted = sketch.under_lines(lab, divided())
    assert painted.shape == (96, 96, 3)
    assert painted[:, 48].max() < 0.05
    found = cv2.cvtColor(painted[:, :30], cv2.COLOR_RGB2Lab)
    np.testing.assert_allclose(found, lab[:, :30], atol=0.6)


def test_grey_tones_darken_the_wash_as_much_as_asked() -> None:
    drawing = page()
    drawing[:, :48] = 60
    lab = np.zeros((96, 96, 3), np.float32) + np.array([80, 0, 0], np.float32)
    means = [sketch.under_lines(lab, drawing, share)[:, :30].mean() for share in (0.0, 0.5, 1.0)]
    assert means[0] > means[1] + 0.05 > means[2] + 0.1
    full = sketch.under_lines(lab, drawing, 0.0)
    assert full[:, 60:].mean() == pytest.approx(full[:, :30].mean(), abs=0.01)


@settings(deadline=None, max_examples=25)
@given(
    st.floats(0, 100), st.floats(-90, 90), st.floats(-90, 90), st.sampled_from([*sketch.PALETTES])
)
def test_palettes_keep_to_their_bounds(level: float, a: float, b: float, name: str) -> None:
    palette = sketch.PALETTES[name]
    lab = sketch.in_palette(np.full((2, 2, 3), [level, a, b], np.float32), palette)
    assert palette.dark - 1e-3 <= lab[..., 0].min() <= lab[..., 0].max() <= palette.bright + 1e-3
    most = palette.limit + np.hypot(*palette.tint)
    assert np.linalg.norm(lab[..., 1:], axis=2).max() <= most + 1e-3


def test_an_unknown_palette_is_named() -> None:
    with pytest.raises(UnknownName, match="pastell"):
        sketch.Settings(palette="pastell")


def test_pastel_is_paler_and_vivid_stronger_than_natural() -> None:
    lab = np.full((1, 1, 3), [40, 40, 20], np.float32)
    chromas = {
        name: np.linalg.norm(sketch.in_palette(lab, palette)[0, 0, 1:])
        for name, palette in sketch.PALETTES.items()
    }
    assert chromas["pastel"] < chromas["natural"] < chromas["vivid"]


def test_comic_has_few_levels_of_lightness() -> None:
    ramp = np.zeros((1, 1000, 3), np.float32)
    ramp[0, :, 0] = np.linspace(0, 100, 1000)
    light = sketch.in_palette(ramp, sketch.PALETTES["comic"])[0, :, 0]
    flat = np.abs(np.diff(light)) < 1e-3
    assert flat.mean() > 0.5
    assert len(np.unique(light[:-1][flat].round(1))) == sketch.PALETTES["comic"].levels


def test_a_hint_is_obeyed_on_its_side_of_a_line_only() -> None:
    plain = np.zeros((96, 96, 3), np.float32) + np.array([80, 0, 0], np.float32)
    lab = sketch.obey(plain, divided(), [sketch.Known(20, 50, RED)])
    np.testing.assert_allclose(lab[50, 20], RED, atol=0.5)
    np.testing.assert_allclose(lab[40, 30], RED, atol=5)
    np.testing.assert_allclose(lab[:, 56:], plain[:, 56:], atol=3)


def test_two_hints_share_an_area() -> None:
    plain = np.zeros((96, 96, 3), np.float32) + np.array([80, 0, 0], np.float32)
    lab = sketch.obey(plain, page(), [sketch.Known(10, 48, RED), sketch.Known(86, 48, BLUE)])
    np.testing.assert_allclose(lab[48, 10], RED, atol=2)
    np.testing.assert_allclose(lab[48, 86], BLUE, atol=2)


def test_hints_of_a_large_drawing_reach_the_network_in_place() -> None:
    hints = [sketch.Known(500, 100, RED), sketch.Known(999.5, 799.5, BLUE)]
    planes = sketch.hint_planes(hints, (800, 1000), (64, 96))
    assert planes.shape == (4, 64, 96)
    np.testing.assert_allclose(planes[:, 8, 48], [*RED, 1])
    np.testing.assert_allclose(planes[:, 63, 95], [*BLUE, 1])
    assert planes[3].sum() == 9 + 4
    assert (planes[:, planes[3] == 0] == 0).all()


def test_all_of_it_keeps_the_size_of_the_drawing() -> None:
    drawing = np.full((130, 1500), 100, np.float32)
    drawing[60:64] = 0
    painted = sketch.paint_sketch(drawing, *two_colors(), BINS)
    assert painted.shape == (130, 1500, 3)
    assert 0 <= painted.min() < painted.max() <= 1


def test_the_network_colours_a_drawing_and_heeds_hints(real: Engines) -> None:
    drawing = page(256)
    cv2.ellipse(drawing, (128, 130), (70, 95), 0, 0, 360, 0, 3)
    for x in (100, 156):
        cv2.ellipse(drawing, (x, 110), (16, 8), 0, 0, 360, 0, 2)
    cv2.ellipse(drawing, (128, 180), (25, 8), 0, 0, 360, 0, 2)
    engine = real.get("colorize/sketch-unet.v1")
    blue = sketch.Known(30, 40, BLUE)
    washes = []
    for hints in ([], [blue]):
        planes = sketch.hint_planes(hints, drawing.shape, (128, 128))
        seen = cv2.resize(drawing, (128, 128), interpolation=cv2.INTER_AREA)
        out = engine.run({"lightness": seen[None, None], "hints": planes[None]})
        washes.append(sketch.wash(drawing, out["logits"][0], out["light"][0], out["bins"]))
    plain, hinted = washes
    assert plain.shape == (256, 256, 3)
    skin = plain[145, 128]
    assert skin[1] > 5  # reddish and yellowish: a face has been seen
    assert skin[2] > 5
    change = np.linalg.norm(hinted - plain, axis=2)
    assert hinted[40, 30, 2] < plain[40, 30, 2] - 15
    assert change[30:50, 20:40].mean() > 2 * change[120:160, 110:146].mean()


def test_drawings_are_told_from_photographs() -> None:
    drawing = np.repeat(divided(256)[..., None] / 100, 3, 2)
    cv2.circle(drawing, (80, 100), 50, (0, 0, 0), 3)
    assert sketch.looks_drawn(drawing)
    tinted = drawing * np.array([1, 0.95, 0.85], np.float32)
    assert sketch.looks_drawn(tinted)
    ramp = np.linspace(0, 1, 256, dtype=np.float32)
    assert not sketch.looks_drawn(np.repeat((ramp[:, None] * ramp)[..., None], 3, 2))
    assert not sketch.looks_drawn(np.ones((64, 64, 3), np.float32))
    assert not sketch.looks_drawn(drawing * np.stack([ramp, 1 - ramp, ramp], 1))
