"""What is drawn lies where geometry says, whatever the box, the strips and the supersampling."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.tryon import render as module
from genapp.tryon.arrays import Array
from genapp.tryon.camera import View
from genapp.tryon.fit import wear
from genapp.tryon.frames import Frame, load_frame
from genapp.tryon.geometry import build
from genapp.tryon.head import head_surface
from genapp.tryon.light import STUDIO
from genapp.tryon.pose import Canonical, find_head
from genapp.tryon.render import Box, Layer, Look, Relief, Surface, frame_box, render
from genapp.tryon.solid import Part, Solid
from tests.tryon.faces import SIZE, photograph

RADIUS = 30.0
BLACK = Look("#000000", 1.0, 0.0)
FRAME = load_frame("wayfarer")


def paint(count: int) -> tuple[Array, Array, Array]:
    """Grey acetate; on a lens no coating."""
    color = np.full((count, 3), 0.2, np.float32)
    return color, np.zeros(count, np.float32), np.zeros(count, np.float32)


def ball(centre: tuple[float, float, float], radius: float = RADIUS) -> Solid:
    """A fine sphere that counts as a rim, mm in camera space."""
    u, v = np.meshgrid(np.linspace(0, np.pi, 65), np.linspace(0, 2 * np.pi, 129), indexing="ij")
    unit = np.stack([np.sin(u) * np.cos(v), np.cos(u), np.sin(u) * np.sin(v)], -1).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(64), np.arange(128), indexing="ij")
    a = (row * 129 + column).reshape(-1)
    triangles = np.concatenate(
        [np.stack([a, a + 1, a + 129], 1), np.stack([a + 1, a + 130, a + 129], 1)]
    )
    return Solid(
        (unit * radius + centre).astype(np.float32),
        unit.astype(np.float32),
        triangles.astype(np.int32),
        np.full(len(unit), Part.RIM, np.uint8),
        np.zeros(len(unit), np.float32),
        *paint(len(unit)),
    )


def disc(z: float, radius: float = RADIUS) -> Solid:
    """A flat lens that faces the camera, mm in camera space."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    rim = np.stack([np.cos(angle) * radius, np.sin(angle) * radius, np.full(240, z)], 1)
    here = np.arange(240)
    triangles = np.stack([np.zeros(240), 1 + here, 1 + (here + 1) % 240], 1)
    return Solid(
        np.concatenate([[[0, 0, z]], rim]).astype(np.float32),
        np.tile([0, 0, -1], (241, 1)).astype(np.float32),
        triangles.astype(np.int32),
        np.full(241, Part.LENS, np.uint8),
        np.full(241, 0.5, np.float32),
        *paint(241),
    )


def wall(z: float, left: float = -500, right: float = 500) -> Surface:
    """An upright rectangle that hides, mm in camera space."""
    corners = [[left, -500, z], [right, -500, z], [right, 500, z], [left, 500, z]]
    return Surface(np.array(corners, np.float32), np.array([[0, 1, 2], [0, 2, 3]], np.int32))


EMPTY = Solid(
    np.zeros((3, 3), np.float32),
    np.tile(np.array([0, 0, -1], np.float32), (3, 1)),
    np.array([[0, 1, 2]], np.int32),
    np.full(3, Part.LENS, np.uint8),
    np.zeros(3, np.float32),
    *paint(3),
)
"""Nothing to be seen."""


def draw(
    opaque: Solid,
    lenses: Solid,
    view: View,
    box: Box,
    head: Surface | None = None,
    look: Look = BLACK,
) -> Layer:
    return render(opaque, lenses, head, view, box, STUDIO, look)


def ball_coverage(centre: tuple[float, float, float], view: View, box: Box) -> Array:
    """How much of each pixel a sphere covers: a ray meets it when the angle between the ray and
    the way to the centre is small enough."""
    fine = 4
    x0, y0, x1, y1 = box
    x = (np.arange((x1 - x0) * fine) + 0.5) / fine + x0 - view.origin[0]
    y = (np.arange((y1 - y0) * fine) + 0.5) / fine + y0 - view.origin[1]
    rays = np.stack([*np.meshgrid(x, y), np.full((len(y), len(x)), view.scale * view.distance)], -1)
    way = np.array([*centre[:2], centre[2] + view.distance])
    cosine = rays @ way / np.linalg.norm(rays, axis=2) / np.linalg.norm(way)
    hit = cosine > np.sqrt(1 - (RADIUS / np.linalg.norm(way)) ** 2)
    return np.asarray(hit.reshape(y1 - y0, fine, x1 - x0, fine).mean((1, 3)))


def overlap(found: Array, expected: Array) -> float:
    """Intersection over union of soft masks."""
    return float(np.minimum(found, expected).sum() / np.maximum(found, expected).sum())


@pytest.mark.parametrize("distance", [250.0, 3000.0])
@pytest.mark.parametrize("scale", [0.5, 1.7, 3.5])
@pytest.mark.parametrize("centre", [(0.0, 0.0, 0.0), (60.0, -40.0, -50.0)])
def test_silhouette_is_the_analytic_one(
    centre: tuple[float, float, float], scale: float, distance: float
) -> None:
    view = View((90 * scale, 110 * scale), scale, distance)
    middle = view.project(np.array([centre], np.float32))[0]
    room = RADIUS * scale * 1.6 + 3
    # Off the middle, so that the box's own middle is no special place.
    x0, y0 = (int(value) for value in middle - room - 5 * scale)
    x1, y1 = (int(value) for value in middle + room)
    box = (x0, y0, x1, y1)
    layer = draw(ball(centre), EMPTY, view, box)
    found = 1 - layer.through.mean(2)
    assert overlap(found, ball_coverage(centre, view, box)) >= 0.98


@pytest.mark.parametrize("scale", [0.7, 4.0])
def test_lens_is_seen_where_it_is(scale: float) -> None:
    view = View((50 * scale, 50 * scale), scale, 700)
    side = round(100 * scale)
    layer = draw(EMPTY, disc(-40), view, (0, 0, side, side))
    y, x = np.mgrid[0:side, 0:side] + 0.5 - 50 * scale
    reach = RADIUS * 700 / (700 - 40) * scale
    expected = np.clip(reach - np.hypot(x, y) + 0.5, 0, 1)
    assert overlap(1 - layer.through.mean(2), expected) >= 0.98


def test_nothing_drawn_leaves_the_photo_alone() -> None:
    layer = draw(EMPTY, EMPTY, View((20, 20), 1.0, 700), (0, 0, 30, 30), wall(0))
    assert (layer.through == 1).all()
    assert (layer.add == 0).all()
    assert (layer.cover == 0).all()
    assert not layer.touched.any()


def test_head_in_front_hides_and_head_behind_does_not() -> None:
    view, box = View((50, 50), 1.0, 700), (0, 0, 100, 100)
    solid, lens = ball((0, 0, 0)), disc(-35)
    hidden = draw(solid, lens, view, box, wall(-60))
    assert not hidden.touched.any()
    free = draw(solid, lens, view, box)
    before = draw(solid, lens, view, box, wall(60))
    assert np.array_equal(free.through, before.through)
    assert np.array_equal(free.add, before.add)


def test_head_hides_only_what_is_behind_it() -> None:
    view, box = View((50, 50), 1.0, 700), (0, 0, 100, 100)
    free = draw(ball((0, 0, 0)), EMPTY, view, box)
    half = draw(ball((0, 0, 0)), EMPTY, view, box, wall(-60, right=0))
    assert not half.touched[:, :49].any()
    assert np.array_equal(half.through[:, 51:], free.through[:, 51:])


def test_lens_hides_no_rim_and_is_hidden_by_a_rim_in_front() -> None:
    view, box = View((50, 50), 2.0, 700), (0, 0, 100, 100)
    clear = Look("#ffffff", 0.0, 0.0)
    rim = ball((0, 0, 0), 10)
    alone = draw(rim, EMPTY, view, box, look=clear)
    behind_lens = draw(rim, disc(-40), view, box, look=clear)
    middle = (slice(45, 55), slice(45, 55))
    assert behind_lens.through[middle] == pytest.approx(0, abs=1e-5)
    assert (behind_lens.add[middle] >= alone.add[middle] - 1e-4).all()
    before_lens = draw(rim, disc(40), view, box)
    assert before_lens.add[middle] == pytest.approx(alone.add[middle], abs=1e-4)


def test_full_tint_is_the_colour_of_the_light_that_passes() -> None:
    view, box = View((50, 50), 2.0, 700), (40, 40, 60, 60)
    layer = draw(EMPTY, disc(0), view, box, look=Look("#ff8000", 1.0, 0.0))
    # #80 is 0.2159 in linear light.
    assert layer.through[10, 10] == pytest.approx([1, 0.2159, 0], abs=2e-3)


def test_transparent_material_passes_light_of_its_colour() -> None:
    view, box = View((50, 50), 1.0, 700), (0, 0, 100, 100)
    glass = ball((0, 0, 0))
    count = len(glass.vertices)
    red = np.tile(np.array([1.0, 0.2, 0.2], np.float32), (count, 1))
    glass = replace(glass, color=red, clear=np.full(count, 0.9, np.float32))
    layer = draw(glass, EMPTY, view, box)
    # Beer and Lambert at right angles; farther out the way is longer.
    assert layer.through[50, 50] == pytest.approx([0.9, 0.18, 0.18], abs=0.01)
    assert layer.through[50, 75, 1] < 0.15
    assert draw(ball((0, 0, 0)), EMPTY, view, box).through[50, 50] == pytest.approx(0, abs=1e-6)


def test_metal_reflects_in_its_colour() -> None:
    view, box = View((50, 50), 1.0, 700), (40, 40, 60, 60)
    solid = ball((0, 0, 0))
    count = len(solid.vertices)
    gold = np.tile(np.array([1.0, 0.5, 0.0], np.float32), (count, 1))
    layer = draw(replace(solid, color=gold, metal=np.ones(count, np.float32)), EMPTY, view, box)
    red, green, blue = layer.add[10, 10]
    assert green == pytest.approx(red / 2, rel=0.02)
    assert blue < 0.02 * red


def test_mirror_coating_reflects_its_colour_and_keeps_that_light() -> None:
    view, box = View((50, 50), 2.0, 700), (40, 40, 60, 60)
    clear = Look("#ffffff", 0.0, 0.0)
    lens = disc(0)
    red = np.tile(np.array([1.0, 0.0, 0.0], np.float32), (241, 1))
    coated = replace(lens, color=red, metal=np.full(241, 0.6, np.float32))
    plain, mirror = (draw(EMPTY, one, view, box, look=clear) for one in (lens, coated))
    assert mirror.through[10, 10] == pytest.approx([0.4, 1, 1], abs=1e-4)
    assert plain.through[10, 10] == pytest.approx(1, abs=1e-4)
    assert mirror.add[10, 10, 0] > 2 * plain.add[10, 10, 0]
    assert mirror.add[10, 10, 1] < plain.add[10, 10, 1]


@given(st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=20, deadline=None)
def test_more_opacity_lets_less_through(one: float, other: float) -> None:
    view, box = View((50, 50), 1.0, 700), (45, 45, 55, 55)
    low, high = sorted((one, other))
    clear, dark = (
        draw(EMPTY, disc(0), view, box, look=Look("#203040", opacity, 0.0)).through
        for opacity in (low, high)
    )
    assert (dark <= clear + 1e-5).all()


def test_gradient_is_clearer_at_the_bottom() -> None:
    view, box = View((50, 50), 1.0, 700), (0, 0, 100, 100)
    lens = disc(0)
    lens = replace(lens, along=((lens.vertices[:, 1] + RADIUS) / (2 * RADIUS)).clip(0, 1))
    even = draw(EMPTY, lens, view, box, look=Look("#000000", 0.9, 0.0)).through[:, 50, 0]
    faded = draw(EMPTY, lens, view, box, look=Look("#000000", 0.9, 1.0)).through[:, 50, 0]
    assert even[30:70] == pytest.approx(0.1, abs=0.01)
    assert faded[75] > faded[50] > faded[25]
    assert faded[76] > 0.9


@pytest.fixture(scope="module")
def worn(canonical: Canonical, face: Array) -> tuple[Solid, Solid, Surface, View]:
    head = find_head(photograph(face, 20, 5, 10), canonical, SIZE, None)
    return (*wear(FRAME, head), head_surface(head), head.view)


def draw_worn(worn: tuple[Solid, Solid, Surface, View], box: Box) -> Layer:
    opaque, lenses, head, view = worn
    return draw(opaque, lenses, view, box, head, Look("#304050", 0.8, 0.5))


def assert_same(one: Layer, other: Layer) -> None:
    """But for the odd sample that rounding puts on the other side of an edge."""
    for a, b in ((one.through, other.through), (one.add, other.add)):
        off = np.abs(a - b).max(2)
        assert (off > 1e-5).sum() <= 20
        assert off.max() < 0.1


def cut(layer: Layer, box: Box) -> Layer:
    """The part of a layer inside a smaller box."""
    x0, y0, x1, y1 = (value - layer.box[axis % 2] for axis, value in enumerate(box))
    area = (slice(y0, y1), slice(x0, x1))
    relief = layer.relief
    part = Relief(relief.frame[area], relief.lens[area], relief.head[area], relief.glass[area])
    return Layer(box, layer.through[area], layer.add[area], part)


@pytest.mark.parametrize("pixels", [1, 20_000, 200_000])
def test_strips_leave_no_trace(
    worn: tuple[Solid, Solid, Surface, View], pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = (200, 150, 600, 350)
    monkeypatch.setattr(module, "STRIP_PIXELS", 10**9)
    whole = draw_worn(worn, box)
    monkeypatch.setattr(module, "STRIP_PIXELS", pixels)
    assert_same(whole, draw_worn(worn, box))


@pytest.mark.parametrize("box", [(300, 200, 500, 300), (231, 187, 552, 288), (200, 240, 433, 241)])
def test_moving_the_box_does_not_move_the_picture(
    worn: tuple[Solid, Solid, Surface, View], box: Box
) -> None:
    whole = draw_worn(worn, (200, 150, 600, 350))
    assert_same(cut(whole, box), draw_worn(worn, box))


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["aviator", "round", "wayfarer"]),
    st.floats(-50, 50),
    st.floats(-30, 30),
    st.floats(-180, 180),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_layer_stays_within_its_ranges(
    canonical: Canonical,
    face: Array,
    name: str,
    yaw: float,
    pitch: float,
    roll: float,
    opacity: float,
    gradient: float,
) -> None:
    frame = load_frame(name)
    head = find_head(photograph(face, yaw, pitch, roll, scale=1.0), canonical, SIZE, None)
    opaque, lenses = wear(frame, head)
    box = frame_box(opaque, lenses, head.view, SIZE)
    assert box is not None
    look = Look("#102040", opacity, gradient)
    layer = render(opaque, lenses, head_surface(head), head.view, box, STUDIO, look)
    shape = (box[3] - box[1], box[2] - box[0])
    assert layer.through.shape == layer.add.shape == (*shape, 3)
    assert layer.cover.shape == shape
    assert -1e-5 <= layer.through.min() <= layer.through.max() <= 1 + 1e-5
    assert layer.add.min() >= -1e-5
    assert np.isfinite(layer.add).all()
    assert 0 <= layer.cover.min() <= layer.cover.max() <= 1
    assert layer.touched.any()


def test_box_holds_all_that_is_drawn(frame: Frame) -> None:
    opaque, lenses = build(frame)
    view = View((300, 200), 2.0, 700)
    box = frame_box(opaque, lenses, view, (600, 400))
    assert box is not None
    x0, y0, x1, y1 = box
    layer = draw(opaque, lenses, view, (0, 0, 600, 400))
    y, x = np.nonzero(layer.touched)
    assert x0 <= x.min()
    assert x.max() < x1
    assert y0 <= y.min()
    assert y.max() < y1
    assert (x1 - x0) < 2 * (np.ptp(x) + 1)


@pytest.mark.parametrize("origin", [(-900.0, 200.0), (300.0, 5000.0)])
def test_frame_outside_the_photo_has_no_box(frame: Frame, origin: tuple[float, float]) -> None:
    opaque, lenses = build(frame)
    assert frame_box(opaque, lenses, View(origin, 2.0, 700), (600, 400)) is None


def test_box_ends_where_the_photo_ends(frame: Frame) -> None:
    opaque, lenses = build(frame)
    assert frame_box(opaque, lenses, View((0, 0), 2.0, 700), (60, 20)) == (0, 0, 60, 20)


def test_temples_fade_before_the_ears(frame: Frame) -> None:
    """Seen from above nothing of a temple's end is left."""
    opaque, _ = build(frame)
    above = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float32)
    turned = replace(opaque, vertices=opaque.vertices @ above.T, normals=opaque.normals @ above.T)
    layer = draw(turned, EMPTY, View((100, 200), 1.0, 5000), (0, 0, 200, 220))
    tip = opaque.vertices[opaque.along > 0.9, 2].min()
    depth_of_row = 200 - np.arange(220)
    assert layer.touched[depth_of_row < 30].any()
    assert not layer.touched[depth_of_row > tip + 5].any()
