"""Hair over the temples of the glasses."""

from dataclasses import replace

import numpy as np
import pytest

from genapp.registry.engines import Engines
from genapp.tryon import Analysis, load_frame
from genapp.tryon.fit import wear
from genapp.tryon.hair import Hair, find_hair
from genapp.tryon.head import LEFT_TEMPLE, RIGHT_TEMPLE
from genapp.tryon.mesh import SKIN
from genapp.tryon.solid import Part


@pytest.mark.parametrize(
    ("name", "covered"),
    [("older-man", (False, False)), ("young-man", (False, False)), ("young-woman", (True, True))],
)
def test_long_hair_covers_ears_and_short_hair_does_not(
    analyses: dict[str, Analysis], name: str, covered: tuple[bool, bool]
) -> None:
    assert analyses[name].faces[0].hair.covers_ear == covered


def test_matte_is_hair_above_the_forehead_and_not_on_skin_or_wall(analysis: Analysis) -> None:
    face = analysis.faces[0]
    spots = face.head.view.project(face.head.to_camera(face.head.face))
    assert face.hair.at(spots[list(SKIN)]).max() < 0.05
    above = np.array([spots[10] + (0, -35 * face.head.view.scale)])
    assert face.hair.at(above)[0] > 0.8
    assert face.hair.at(np.array([[2.0, 2.0]]))[0] < 0.1


def test_a_head_without_hair_has_an_empty_matte(analysis: Analysis, engines: Engines) -> None:
    face = analysis.faces[0]
    bald = np.empty_like(analysis.photo.pixels)
    bald[:] = (190, 150, 130)
    hair = find_hair(bald, face.head, engines)
    assert hair.matte.max() == 0
    assert hair.covers_ear == (False, False)


def test_16_bits_give_the_same_matte(analyses: dict[str, Analysis], engines: Engines) -> None:
    analysis = analyses["young-woman"]
    deep = analysis.photo.pixels.astype(np.uint16) * 257
    hair = find_hair(deep, analysis.faces[0].head, engines)
    assert np.abs(hair.matte - analysis.faces[0].hair.matte).mean() < 0.01


def test_only_temples_under_hair_are_hidden(analyses: dict[str, Analysis]) -> None:
    face = analyses["young-woman"].faces[0]
    opaque, _ = wear(load_frame("aviator"), face.head, face.hair)
    assert opaque.hidden is not None
    temple = opaque.part == Part.TEMPLE
    assert opaque.hidden[~temple].max() == 0
    assert opaque.hidden[temple].max() > 0.9


def test_temples_lie_over_the_hair_of_a_free_ear(analyses: dict[str, Analysis]) -> None:
    face = analyses["young-woman"].faces[0]
    free: Hair = replace(face.hair, covers_ear=(False, False))
    opaque, _ = wear(load_frame("aviator"), face.head, free)
    assert opaque.hidden is not None
    assert opaque.hidden.max() == 0


def test_a_temple_does_not_come_out_of_the_hair_before_the_ear(
    analyses: dict[str, Analysis],
) -> None:
    face = analyses["young-woman"].faces[0]
    opaque, _ = wear(load_frame("wayfarer"), face.head, face.hair)
    assert opaque.hidden is not None
    for side in (-1, 1):
        in_head = (opaque.vertices @ face.head.rotation)[:, 0] * side > 0
        temple = (opaque.part == Part.TEMPLE) & in_head
        order = np.argsort(opaque.along[temple])
        assert (np.diff(opaque.hidden[temple][order]) >= 0).all()


def test_only_the_middle_of_the_face_is_never_hair(analysis: Analysis) -> None:
    """A fringe or a scarf may lie on its edge, where the temples of glasses are."""
    face = analysis.faces[0]
    spots = face.head.view.project(face.head.to_camera(face.head.face[:468]))
    edge, brows = spots[[LEFT_TEMPLE, RIGHT_TEMPLE]], spots[[105, 334]]
    assert face.hair.at(edge) == pytest.approx(face.hair.anywhere(edge), abs=0.05)
    assert face.hair.at(brows) == pytest.approx(0, abs=0.1)
