"""One picture of a front becomes glasses with depth, lenses and temples."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from genapp.errors import BadValue, UnreadableFrame
from genapp.tryon import Analysis, Frame, dress, open_frame
from genapp.tryon.geometry import build
from genapp.tryon.own_picture import _fill
from genapp.tryon.solid import Part
from tests.tryon.test_geometry import check_whole

RED, CLEAR = (200, 20, 30, 255), (0, 0, 0, 0)


def drawing(
    lens: tuple[int, int, int, int] = CLEAR, around: tuple[int, int, int, int] = CLEAR
) -> Image.Image:
    """Glasses 1400 px wide: lenses of 500 × 400, a bridge of 200, rims of 50."""
    picture = Image.new("RGBA", (1500, 600), around)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((600, 200, 900, 249), RED)
    for left in (100, 800):
        draw.rectangle((left, 100, left + 599, 599 - 1), RED)
        draw.rectangle((left + 50, 150, left + 549, 549), lens)
    draw.rectangle((50, 120, 120, 219), RED)
    draw.rectangle((1380, 120, 1449, 219), RED)
    return picture


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def check_drawn_frame(frame: Frame) -> None:
    """The glasses of `drawing`, 140 mm wide."""
    assert frame.width == pytest.approx(140, abs=0.1)
    assert frame.lens == pytest.approx(50, abs=1.2)
    assert frame.bridge == pytest.approx(20, abs=1.2)
    assert frame.height == pytest.approx(40, abs=1.2)
    assert frame.bridge_rise == pytest.approx(12.5, abs=1)
    assert frame.hinge_rise == pytest.approx(18, abs=1.5)
    opaque, lenses = build(frame)
    check_whole(opaque)
    check_whole(lenses)
    front = opaque.vertices[opaque.part == Part.RIM]
    assert np.ptp(front[:, 0]) == pytest.approx(140, abs=1)
    assert opaque.vertices[opaque.part == Part.TEMPLE, 2].max() > 100


def test_holes_become_clear_lenses() -> None:
    frame = open_frame(png(drawing()), 140)
    check_drawn_frame(frame)
    assert frame.opacity < 0.1
    opaque, _ = build(frame)
    red = opaque.color[opaque.part == Part.RIM]
    assert np.median(red, 0) == pytest.approx([0.578, 0.007, 0.013], abs=0.01)
    # Nothing of what is behind the glasses got into their edges.
    assert red[:, 0].min() > 0.5


def test_half_transparent_areas_become_tinted_lenses() -> None:
    frame = open_frame(png(drawing(lens=(30, 60, 200, 150))), 140)
    check_drawn_frame(frame)
    assert frame.opacity == pytest.approx(150 / 255, abs=0.02)
    red, green, blue = bytes.fromhex(frame.tint[1:])
    assert (red, green, blue) == pytest.approx((30, 60, 200), abs=3)
    assert frame.gradient == 0


def test_tint_that_fades_becomes_a_gradient() -> None:
    pixels = np.array(drawing(lens=(20, 20, 20, 200)))
    glass = pixels[..., 3] == 200
    fade = np.linspace(1, 0.3, len(pixels))[:, None]
    pixels[..., 3] = np.where(glass, pixels[..., 3] * fade, pixels[..., 3])
    frame = open_frame(png(Image.fromarray(pixels)), 140)
    check_drawn_frame(frame)
    assert 0.3 < frame.gradient < 0.7


def test_even_opaque_areas_become_dark_lenses() -> None:
    frame = open_frame(png(drawing(lens=(40, 50, 60, 255))), 140)
    check_drawn_frame(frame)
    assert frame.opacity > 0.8
    assert bytes.fromhex(frame.tint[1:])[2] == pytest.approx(60, abs=3)


def test_lenses_like_the_rims_stay_opaque() -> None:
    frame = open_frame(png(drawing(lens=RED)), 140)
    assert any("opaque" in note for note in frame.notes)
    assert frame.width == pytest.approx(140, abs=0.1)
    opaque, lenses = build(frame)
    # The slab hides the lenses that every frame has.
    inside = np.abs(lenses.vertices[:, 0]) > 15
    assert np.abs(lenses.vertices[inside, 2]).max() < opaque.vertices[:, 2].max()


def test_plain_background_is_taken_away() -> None:
    white = (255, 255, 255, 255)
    picture = drawing(lens=white, around=white).convert("RGB")
    frame = open_frame(png(picture), 140)
    check_drawn_frame(frame)
    assert "background" in frame.notes[0]


def test_front_is_curved_and_thick() -> None:
    opaque, _ = build(open_frame(png(drawing()), 140))
    rim = opaque.vertices[opaque.part == Part.RIM]
    middle = rim[(np.abs(rim[:, 0]) < 5) & (np.abs(rim[:, 1] + 12) < 1)]
    assert 3 < np.ptp(middle[:, 2]) < 5
    side = rim[(np.abs(rim[:, 0]) > 62) & (np.abs(rim[:, 1] + 12) < 1)]
    assert side[:, 2].mean() > middle[:, 2].mean() + 3


def noise() -> Image.Image:
    random = np.random.default_rng(0)
    return Image.fromarray(random.integers(0, 255, (300, 700, 3), np.uint8))


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (Image.new("RGBA", (600, 200), CLEAR), "transparent all over"),
        (Image.new("RGB", (600, 200), "white"), "nothing in the picture"),
        (noise(), "not plain"),
        (drawing().resize((120, 48)), "pixels wide"),
        (drawing().rotate(90, expand=True), "unlike glasses"),
    ],
)
def test_what_is_wrong_is_said(picture: Image.Image, message: str) -> None:
    with pytest.raises(UnreadableFrame, match=message):
        open_frame(png(picture), 140)


def test_width_is_needed() -> None:
    with pytest.raises(BadValue, match="how large"):
        open_frame(png(drawing()))
    with pytest.raises(BadValue, match="width"):
        open_frame(png(drawing()), 20)


def test_it_is_worn(analysis: Analysis) -> None:
    frame = open_frame(png(drawing()), 140)
    result = dress(analysis, frame)
    (face,) = result.faces
    assert face["frame"]["width_mm"] == 140
    assert set(frame.notes) <= set(result.photo.notes)
    # Where the report says a lens ends, there is rim: red, but in the shade.
    edge = np.array(face["lenses"]["left"])
    outwards = edge + (edge - edge.mean(0)) * 0.06
    column, row = np.rint(outwards).astype(int).T
    red, green, _ = np.moveaxis(result.photo.pixels[row, column].astype(int), -1, 0)
    assert (red > 1.8 * green).mean() > 0.8


def disc(size: int) -> NDArray[np.float64]:
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    return np.asarray(np.clip(size / 3 - np.hypot(x, y) + 0.5, 0, 1))


def test_triangles_fill_the_contour_and_turn_one_way() -> None:
    points, triangles = _fill(disc(60))
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    areas = (ux * vy - uy * vx) / 2
    assert areas.min() >= 0
    assert areas.sum() == pytest.approx(np.pi * 20**2, rel=0.01)
