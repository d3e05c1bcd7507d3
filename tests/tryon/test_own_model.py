"""Models become frames of the right size, the right way round, with lenses and temples."""

from typing import Any

import numpy as np
import pytest

from genapp.errors import BadValue, UnreadableFrame
from genapp.tryon import Analysis, Frame, dress, load_frame, open_frame, write_glb
from genapp.tryon.arrays import Array
from genapp.tryon.geometry import build
from genapp.tryon.solid import Part
from tests.tryon.models import (
    BRIDGE,
    HEIGHT,
    LENS,
    WIDTH,
    frame_parts,
    glb,
    quarter,
    rims,
)
from tests.tryon.test_geometry import check_whole

GLASS = {
    "name": "Material.002",
    "extensions": {"KHR_materials_transmission": {"transmissionFactor": 0.9}},
    "pbrMetallicRoughness": {"baseColorFactor": [0.8, 0.3, 0.1, 1], "metallicFactor": 0},
}


def check_box_frame(frame: Frame) -> None:
    """The glasses of `models`, however they were exported."""
    assert frame.width == pytest.approx(WIDTH, abs=0.5)
    assert frame.lens == pytest.approx(LENS, abs=0.6)
    assert frame.bridge == pytest.approx(BRIDGE, abs=0.8)
    assert frame.height == pytest.approx(HEIGHT, abs=0.6)
    # The bridge is 7.5 mm over the middle, the hinges 15.
    assert frame.bridge_rise == pytest.approx(7.5, abs=0.3)
    assert frame.hinge_rise == pytest.approx(15, abs=1)
    assert abs(frame.base_curve) < 0.1
    assert abs(frame.wrap) < 0.2
    assert abs(frame.tilt) < 0.2
    opaque, lenses = build(frame)
    check_whole(opaque)
    check_whole(lenses)
    front = opaque.vertices[opaque.part == Part.RIM]
    assert front[:, 2].max() < 20
    assert opaque.vertices[opaque.part == Part.TEMPLE, 2].max() > 130
    assert opaque.vertices[:, 0].max() == pytest.approx(-opaque.vertices[:, 0].min(), abs=0.1)


@pytest.mark.parametrize(
    ("scale", "unit"), [(0.001, None), (1.0, "millimetres"), (0.1, "centimetres"), (1 / 25.4, "in")]
)
def test_any_unit_is_taken_for_what_it_is(scale: float, unit: str | None) -> None:
    frame = open_frame(glb(scale=scale))
    check_box_frame(frame)
    assert bool(frame.notes) == (unit is not None)
    if unit:
        assert unit in frame.notes[0]


@pytest.mark.parametrize(
    "turn",
    [quarter(1), quarter(1, 2), quarter(1, 3), quarter(0), quarter(0) @ quarter(1, 2)],
    ids=["left", "back", "right", "z up", "z up and back"],
)
def test_any_axes_are_turned(turn: Array) -> None:
    frame = open_frame(glb(turn=turn))
    check_box_frame(frame)
    assert "turned" in frame.notes[0]


def test_width_in_millimetres_overrules_the_models() -> None:
    frame = open_frame(glb(scale=3.7), width_mm=130)
    assert frame.width == pytest.approx(130, abs=0.1)
    with pytest.raises(UnreadableFrame, match="in no unit"):
        open_frame(glb(scale=3.7))


@pytest.mark.parametrize("width", [0, -140, 30, 500, float("nan"), True, "140"])
def test_absurd_width_is_refused(width: Any) -> None:  # noqa: ANN401
    with pytest.raises(BadValue, match="width"):
        open_frame(glb(), width_mm=width)


def test_blended_lens_gives_tint_and_opacity() -> None:
    frame = open_frame(glb())
    assert frame.opacity == pytest.approx(0.6)
    assert frame.tint == "#197c3f"
    assert frame.mirror == 0
    assert frame.solids is not None
    assert frame.solids.lenses is not None


def test_transmission_makes_a_lens_whatever_its_name() -> None:
    frame = open_frame(glb(materials={"glazing": GLASS}))
    assert frame.opacity == 1
    assert frame.tint == "#dd8e55"
    check_box_frame(frame)


def test_metallic_lens_is_a_mirror() -> None:
    frame = open_frame(write_glb(load_frame("mirror-pilot")))
    assert frame.mirror == pytest.approx(load_frame("mirror-pilot").mirror, abs=0.01)
    _, lenses = build(frame)
    assert lenses.metal.min() == pytest.approx(frame.mirror, abs=1e-3)


def test_transparent_rims_are_no_lenses() -> None:
    frame = open_frame(write_glb(load_frame("crystal")))
    opaque, _ = build(frame)
    assert opaque.clear[opaque.part == Part.RIM].mean() > 0.8
    assert frame.lens == pytest.approx(load_frame("crystal").lens, abs=0.5)
    clear = {"name": "front", "alphaMode": "BLEND"}
    clear["pbrMetallicRoughness"] = {"baseColorFactor": [1, 1, 1, 0.3]}  # type: ignore[assignment]
    named_by_nothing = GLASS | {"name": "m"}
    check_box_frame(open_frame(glb(materials={"front": clear, "glazing": named_by_nothing})))


def test_openings_without_lenses_get_clear_ones() -> None:
    frame = open_frame(glb(frame_parts(lenses=False)))
    assert frame.opacity < 0.1
    assert any("no lenses" in note for note in frame.notes)
    _, lenses = build(frame)
    assert lenses.vertices[:, 0].max() == pytest.approx(60, abs=1)


def test_front_alone_gets_temples() -> None:
    frame = open_frame(glb({"front": rims()}))
    assert any("no temples" in note for note in frame.notes)
    ears = ((-72.0, 5.0, 95.0), (76.0, 5.0, 95.0))
    opaque, _ = build(frame, ears)
    temples = opaque.vertices[opaque.part == Part.TEMPLE]
    for ear in ears:
        assert np.linalg.norm(temples - ear, axis=1).min() < 5
    assert opaque.color[opaque.part == Part.TEMPLE][0] == pytest.approx([0.02, 0.05, 0.4], abs=0.01)


def test_nothing_but_boxes_is_refused() -> None:
    tall, slab = frame_parts(), rims().bounding_box.to_mesh()
    tall["front"].apply_scale([1, 8, 1])
    with pytest.raises(UnreadableFrame, match="proportions"):
        open_frame(glb(tall))
    with pytest.raises(UnreadableFrame, match="neither lenses nor openings"):
        open_frame(glb({"front": slab}))


def test_temples_reach_the_ears_and_the_front_stays() -> None:
    frame = open_frame(write_glb(load_frame("wayfarer")))
    plain, _ = build(frame)
    ears = ((-68.0, 10.0, 90.0), (80.0, -12.0, 104.0))
    bent, _ = build(frame, ears)
    front = plain.part != Part.TEMPLE
    assert np.array_equal(plain.vertices[front], bent.vertices[front])
    temples = bent.vertices[~front]
    for ear in ears:
        assert np.linalg.norm(temples - ear, axis=1).min() < 5
    check_whole(bent)


def test_drop_can_be_written_into_the_file() -> None:
    assert open_frame(write_glb(load_frame("aviator"))).drop == load_frame("aviator").drop
    assert open_frame(glb()).drop == pytest.approx(2)


# There and back -------------------------------------------------------------------------------


def test_measures_survive_the_export(shipped: Frame) -> None:
    back = open_frame(write_glb(shipped))
    for name, tolerance in {
        "lens": 0.5,
        "bridge": 0.5,
        "height": 0.5,
        "bridge_rise": 0.3,
        "hinge_rise": 1.5,
        "base_curve": 0.3,
        "wrap": 0.2,
        "tilt": 0.2,
        "drop": 0,
    }.items():
        assert getattr(back, name) == pytest.approx(getattr(shipped, name), abs=tolerance), name
    assert back.width == pytest.approx(shipped.width, rel=0.03)
    assert back.temple == pytest.approx(shipped.temple, rel=0.03)


@pytest.mark.parametrize("name", ["aviator", "wayfarer"])
def test_exported_frame_looks_the_same_on_a_face(analysis: Analysis, name: str) -> None:
    frame = load_frame(name)
    photo = analysis.photo.pixels.astype(int)
    here, back = (
        dress(analysis, one).photo.pixels.astype(int)
        for one in (frame, open_frame(write_glb(frame)))
    )
    changed, changed_back = (np.abs(one - photo).max(2) > 24 for one in (here, back))
    overlap = (changed & changed_back).sum() / (changed | changed_back).sum()
    assert overlap > 0.95
    assert np.abs(here - back)[changed | changed_back].mean() < 4


def test_an_open_sheet_shows_from_both_sides() -> None:
    def two_sided(parts: dict[str, Any]) -> float:
        """Share of the triangles of the front that have a twin looking the other way."""
        front = build(open_frame(glb(parts)))[0]
        middles = front.vertices[front.triangles].mean(1)[front.part[front.triangles[:, 0]] == 1]
        _, count = np.unique(middles.round(2), axis=0, return_counts=True)
        return float((count == 2).mean())

    parts = frame_parts()
    assert two_sided(parts) < 0.01
    parts["front"].update_faces(np.arange(len(parts["front"].faces)) % 6 > 0)
    assert two_sided(parts) > 0.99
