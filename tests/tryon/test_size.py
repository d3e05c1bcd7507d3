"""Sizes recommended for faces of known size."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genapp.tryon import frame_names, load_frame
from genapp.tryon.arrays import Array
from genapp.tryon.fit import verdict
from genapp.tryon.pose import Canonical, Head, find_head
from genapp.tryon.size import Recommended, bridge_verdict, recommend, suited_size
from tests.tryon.faces import SIZE, known_face, photograph


def head_of(canonical: Canonical, size: float = 1.0) -> Head:
    """A head of that many times the usual size, measured by its typed pupillary distance."""
    mesh = photograph(known_face(canonical))
    return find_head(mesh, canonical, SIZE, None, pd_mm=63.4 * size)


def test_average_adult_gets_an_average_size(canonical: Canonical) -> None:
    found = recommend(head_of(canonical))
    assert 48 <= found.lens[0] <= found.lens[1] <= 60
    assert 15 <= found.bridge[0] <= found.bridge[1] <= 22
    assert 130 <= found.temple[0] <= found.temple[1] <= 150


def test_a_childs_glasses_are_smaller(canonical: Canonical) -> None:
    child, adult = (recommend(head_of(canonical, size)) for size in (0.8, 1.0))
    for name in ("width", "lens", "bridge", "temple"):
        assert getattr(child, name)[1] < getattr(adult, name)[1]


@settings(max_examples=30, deadline=None)
@given(st.floats(0.75, 1.2))
def test_recommended_widths_are_good(canonical: Canonical, size: float) -> None:
    head = head_of(canonical, size)
    for width in recommend(head).width:
        assert verdict(width, head.millimetres.face_width.value) == "good"


@pytest.mark.parametrize("name", frame_names())
def test_suited_size_fits(canonical: Canonical, name: str, face: Array) -> None:
    """The lens, bridge and rims of that size are as wide as recommended, to a rounding."""
    frame, found = load_frame(name), recommend(head_of(canonical))
    lens, bridge, temple = (float(part) for part in suited_size(frame, found).split("-"))
    width = replace(frame, lens=lens, bridge=bridge).width
    assert found.width[0] - 1.5 <= width <= found.width[1] + 1.5
    assert found.bridge[0] <= bridge <= found.bridge[1]
    assert found.temple[0] <= temple <= found.temple[1]


def test_a_frame_that_fits_keeps_its_size() -> None:
    frame = load_frame("wayfarer")
    roomy = Recommended((120, 150), (45, 60), (15, 21), (130, 150))
    assert suited_size(frame, roomy) == frame.size


def test_bridge_verdict() -> None:
    plastic, metal = load_frame("wayfarer"), load_frame("aviator")
    assert bridge_verdict(plastic, plastic.bridge) == "good"
    assert bridge_verdict(plastic, plastic.bridge + 4) == "narrow"
    assert bridge_verdict(plastic, plastic.bridge - 4) == "wide"
    # Pads give way.
    assert bridge_verdict(metal, metal.bridge + 4) == "good"


def test_text_is_as_an_optician_writes_it() -> None:
    found = Recommended((128, 138), (52, 55), (17, 19), (140, 140))
    assert found.text == "52–55 □ 17–19, temples 140"
