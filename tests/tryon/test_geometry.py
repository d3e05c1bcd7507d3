"""A frame has the sizes that it says, is whole, and is the same left and right."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genapp.tryon.arrays import Array
from genapp.tryon.frames import Finish, Frame, load_frame
from genapp.tryon.geometry import build, front_depth, hinge_point, lens_outline
from genapp.tryon.solid import Part, Solid

sizes = st.fixed_dictionaries(
    {
        "lens": st.floats(20, 80),
        "bridge": st.floats(5, 35),
        "temple": st.floats(80, 180),
        "height": st.floats(15, 75),
        "rim": st.tuples(*[st.floats(0.2, 15)] * 3),
        "depth": st.floats(0.5, 10),
        "bridge_rise": st.floats(-30, 40),
        "hinge_rise": st.floats(-30, 40),
        "base_curve": st.floats(0, 10),
        "wrap": st.floats(-5, 25),
        "tilt": st.floats(-5, 20),
        "material": st.sampled_from(["acetate", "metal", "transparent"]),
        "fleck": st.sampled_from([None, "#301008"]),
        "rims": st.sampled_from(["full", "half", "none"]),
        "lower": st.sampled_from([None, Finish("metal", "#c0a060")]),
        "pins": st.booleans(),
        "brow_bar": st.booleans(),
    }
)
any_frame = st.builds(
    lambda name, change: replace(load_frame(name), **change),
    st.sampled_from(["aviator", "round", "wayfarer"]),
    sizes,
)


def areas(solid: Solid) -> Array:
    a, b, c = (solid.vertices[solid.triangles[:, corner]] for corner in range(3))
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)


def check_whole(solid: Solid) -> None:
    count = len(solid.vertices)
    assert solid.vertices.shape == solid.normals.shape == (count, 3)
    assert solid.part.shape == solid.along.shape == (count,)
    assert solid.triangles.dtype == np.int32
    assert np.array_equal(np.unique(solid.triangles), np.arange(count))
    assert np.isfinite(solid.vertices).all()
    assert np.abs(solid.vertices).max() < 400
    assert np.linalg.norm(solid.normals, axis=1) == pytest.approx(1, abs=1e-4)
    assert solid.metal.shape == solid.clear.shape == (count,)
    assert solid.color.shape == (count, 3)
    for value in (solid.along, solid.color, solid.metal, solid.clear):
        assert 0 <= value.min() <= value.max() <= 1


@settings(max_examples=40, deadline=None)
@given(any_frame)
def test_any_size_gives_a_whole_frame(frame: Frame) -> None:
    opaque, lenses = build(frame)
    check_whole(opaque)
    check_whole(lenses)
    assert areas(lenses).min() > 1e-3
    assert set(lenses.part) == {Part.LENS}
    has_pads = frame.rims != "full" or frame.lower_finish.material == "metal"
    pads = {Part.PAD} if has_pads else set()
    assert set(opaque.part) == {Part.RIM, Part.TEMPLE} | pads


@settings(max_examples=40, deadline=None)
@given(any_frame)
def test_lens_is_boxed_exactly(frame: Frame) -> None:
    outline = lens_outline(frame)
    assert outline.shape == (120, 2)
    assert outline.max(0) == pytest.approx([frame.lens / 2, frame.height / 2], rel=1e-5)
    assert outline.min(0) == pytest.approx([-frame.lens / 2, -frame.height / 2], rel=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_outline_runs_clockwise_however_it_is_written(frame: Frame, reverse: bool) -> None:
    points = frame.outline[::-1] if reverse else frame.outline
    x, y = lens_outline(replace(frame, outline=points)).T
    # With y down a positive area is clockwise.
    assert (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0


def test_round_outline_is_a_circle(frame: Frame) -> None:
    angles = np.radians(np.arange(0, 360, 30))
    circle = tuple((float(np.sin(a)), float(np.cos(a))) for a in angles)
    outline = lens_outline(replace(frame, outline=circle, lens=50.0, height=50.0))
    assert np.linalg.norm(outline, axis=1) == pytest.approx(25, abs=0.15)


def test_shipped_frame_is_whole_and_as_wide_as_it_says(shipped: Frame) -> None:
    opaque, lenses = build(shipped)
    check_whole(opaque)
    check_whole(lenses)
    front = opaque.vertices[opaque.part == Part.RIM, 0]
    assert np.ptp(front) == pytest.approx(shipped.width, abs=1)


def test_rim_holds_the_lens_in_a_groove_half_a_millimetre_deep(frame: Frame) -> None:
    opaque, _ = build(replace(frame, brow_bar=False, bridge_rise=0.0, hinge_rise=0.0))
    y = opaque.vertices[opaque.part == Part.RIM, 1]
    top, _, bottom = frame.rim
    assert y.min() == pytest.approx(-(frame.height / 2 + top - 0.5), abs=0.05)
    assert y.max() == pytest.approx(frame.height / 2 + bottom - 0.5, abs=0.05)


def test_bridge_is_the_gap_between_the_lenses(frame: Frame) -> None:
    _, lenses = build(frame)
    x = lenses.vertices[:, 0]
    assert x[x > 0].min() - x[x < 0].max() == pytest.approx(frame.bridge, abs=1e-3)


def test_left_and_right_mirror_each_other(frame: Frame) -> None:
    for solid in build(frame):
        for part in np.unique(solid.part):
            points = solid.vertices[solid.part == part]
            left, right = points[points[:, 0] < -0.01], points[points[:, 0] > 0.01]
            assert len(left) == len(right)
            mirrored = left[::11] * (-1, 1, 1)
            nearest = np.linalg.norm(mirrored[:, None] - right[None], axis=2).min(1)
            assert nearest.max() < 1e-3


def test_normals_stand_on_the_surface(frame: Frame) -> None:
    for solid in build(frame):
        a, b, c = (solid.vertices[solid.triangles[:, corner]] for corner in range(3))
        flat = np.cross(b - a, c - a)
        smooth = solid.normals[solid.triangles].mean(1)
        cosine = np.abs((flat * smooth).sum(1)) / np.maximum(
            np.linalg.norm(flat, axis=1) * np.linalg.norm(smooth, axis=1), 1e-9
        )
        assert np.average(cosine, weights=areas(solid)) > 0.95


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["aviator", "round", "wayfarer"]),
    st.tuples(st.floats(-90, -60), st.floats(-20, 15), st.floats(70, 120)),
    st.tuples(st.floats(60, 90), st.floats(-20, 15), st.floats(70, 120)),
)
def test_temples_rest_on_the_ears(
    name: str, left: tuple[float, float, float], right: tuple[float, float, float]
) -> None:
    opaque, _ = build(load_frame(name), (left, right))
    temples = opaque.vertices[opaque.part == Part.TEMPLE]
    for ear in (left, right):
        nearest = np.linalg.norm(temples - np.array(ear), axis=1).min()
        assert nearest < 4.5  # Half the height of the temple there.


def test_temples_begin_at_the_hinges_and_end_behind_and_below_the_ears(frame: Frame) -> None:
    ear = (74.0, -4.0, 98.0)
    opaque, _ = build(frame, ((-ear[0], ear[1], ear[2]), ear))
    temple = (opaque.part == Part.TEMPLE) & (opaque.vertices[:, 0] > 0)
    hinge = opaque.vertices[temple & (opaque.along == 0)].mean(0)
    tip = opaque.vertices[temple & (opaque.along == 1)].mean(0)
    assert hinge == pytest.approx(hinge_point(frame), abs=0.1)
    assert tip[1] > ear[1] + 10
    assert tip[2] > ear[2] + 10


def test_temple_is_as_long_as_it_says(frame: Frame) -> None:
    opaque, _ = build(frame)
    temple = (opaque.part == Part.TEMPLE) & (opaque.vertices[:, 0] > 0)
    stations = np.unique(opaque.along[temple])
    path = [opaque.vertices[temple & (opaque.along == along)].mean(0) for along in stations]
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    assert length == pytest.approx(frame.temple, rel=0.02)


def test_lens_height_runs_from_top_to_bottom(frame: Frame) -> None:
    _, lenses = build(frame)
    assert lenses.along[lenses.vertices[:, 1].argmin()] == 0
    assert lenses.along[lenses.vertices[:, 1].argmax()] == 1


def test_depth_of_the_front_follows_curve_wrap_and_tilt(frame: Frame) -> None:
    flat = replace(frame, base_curve=0.0, wrap=0.0, tilt=0.0)
    centre = np.array([(frame.lens + frame.bridge) / 2], np.float32)
    zero = np.zeros(1, np.float32)
    assert front_depth(flat, centre + 20, zero + 10) == pytest.approx(0)
    # A sphere of radius 530 / base curve, 20 mm beside its middle.
    radius = 530 / 6
    curved = front_depth(replace(flat, base_curve=6.0), centre + 20, zero)
    assert curved == pytest.approx(radius - np.sqrt(radius**2 - 20**2), abs=0.05)
    wrapped = front_depth(replace(flat, wrap=45.0), centre + 20, zero)
    assert wrapped == pytest.approx(20)
    tilted = front_depth(replace(flat, tilt=45.0), centre, zero + 10)
    assert tilted == pytest.approx(10)


def pieces(solid: Solid) -> list[NDArray[np.intp]]:
    """Vertices of each connected piece of a solid."""
    parent = np.arange(len(solid.vertices))
    while True:
        lowest = parent[solid.triangles].min(1)
        before = parent.copy()
        for corner in range(3):
            np.minimum.at(parent, solid.triangles[:, corner], lowest)
        parent = parent[parent]
        if np.array_equal(parent, before):
            return [np.flatnonzero(parent == root) for root in np.unique(parent)]


def test_parts_touch(frame: Frame) -> None:
    """No bridge, hinge, pad or temple hangs in the air: each meets another part or the lens."""
    opaque, lenses = build(frame)
    for piece in pieces(opaque):
        others = np.delete(opaque.vertices, piece, axis=0)
        around = np.concatenate([others, lenses.vertices])[:, None]
        gap = np.linalg.norm(around - opaque.vertices[piece], axis=2).min()
        assert gap < 1.2, f"{Part(opaque.part[piece[0]]).name}: {gap:.1f} mm"


def test_each_part_has_its_finish() -> None:
    gold = Finish("metal", "#ffcc00")
    frame = replace(
        load_frame("wayfarer"),
        color="#ff0000",
        lower=gold,
        temples=Finish("transparent", "#0000ff"),
    )
    opaque, _ = build(frame)
    rim, temple = opaque.part == Part.RIM, opaque.part == Part.TEMPLE
    brow = rim & (opaque.color[:, 1] == 0)
    below = rim & (opaque.vertices[:, 1] > 8)
    assert opaque.color[brow] == pytest.approx(np.tile([1, 0, 0], (brow.sum(), 1)))
    assert opaque.vertices[brow, 1].max() < 3
    assert opaque.metal[brow].max() == 0
    assert below.sum() > 500
    assert opaque.metal[below].min() == 1
    assert opaque.color[temple].mean(0) == pytest.approx([0, 0, 1])
    assert opaque.clear[temple].min() > 0.5
    assert opaque.clear[rim].max() == 0


def test_flecks_mix_both_colours() -> None:
    frame = replace(load_frame("wayfarer"), color="#ffffff", fleck="#000000")
    brightness = build(frame)[0].color.mean(1)
    assert 0.1 < (brightness > 0.9).mean() < 0.7
    assert 0.1 < (brightness < 0.1).mean() < 0.7


def test_half_a_rim_goes_over_the_upper_half_of_the_lens() -> None:
    frame = replace(load_frame("wayfarer"), rims="half")
    opaque, _ = build(frame)
    rim = opaque.vertices[(opaque.part == Part.RIM) & (opaque.clear == 0)]
    assert rim[:, 1].max() < frame.height / 4
    edge = opaque.vertices[opaque.clear > 0]
    assert edge[:, 1].max() == pytest.approx(frame.height / 2, abs=0.6)


def test_mirror_coating_lies_on_the_lenses_only() -> None:
    frame = replace(load_frame("wayfarer"), mirror=0.6, mirror_color="#ff0000")
    opaque, lenses = build(frame)
    assert opaque.metal.max() == 0
    assert lenses.metal == pytest.approx(0.6)
    assert lenses.color.mean(0) == pytest.approx([1, 0, 0])
