"""Glasses that are already worn."""

from dataclasses import replace

import numpy as np
import pytest

from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.tryon import Analysis, analyse, dress, load_frame
from genapp.tryon.render import Look
from genapp.tryon.worn import HEIGHT, MODEL, WIDTH, features, find_worn, strip


def test_bare_faces_wear_none(analysis: Analysis) -> None:
    assert not analysis.faces[0].worn.value
    assert analysis.faces[0].worn.score < 0.2


@pytest.mark.parametrize("name", ["wayfarer", "rectangle"])
def test_drawn_glasses_are_seen(analysis: Analysis, engines: Engines, name: str) -> None:
    dressed = dress(analysis, load_frame(name))
    worn = find_worn(dressed.photo.pixels, analysis.faces[0].head, engines.data(MODEL))
    assert worn.value
    assert worn.score > analysis.faces[0].worn.score + 0.3


def test_report_says_so(analyses: dict[str, Analysis], engines: Engines) -> None:
    bare = analyses["older-man"]
    glasses = dress(bare, load_frame("wayfarer"))
    assert bare.faces[0].worn.value is False
    again = dress(analyse(Photo(glasses.photo.pixels), engines), load_frame("aviator"))
    assert again.report()["faces"][0]["glasses_worn"]["value"] is True
    assert 0.5 <= again.report()["faces"][0]["glasses_worn"]["score"] <= 1


def test_16_bits_give_the_same_score(analyses: dict[str, Analysis], engines: Engines) -> None:
    analysis = analyses["young-woman"]
    deep = analysis.photo.pixels.astype(np.uint16) * 257
    worn = find_worn(deep, analysis.faces[0].head, engines.data(MODEL))
    assert worn.score == pytest.approx(analysis.faces[0].worn.score, abs=0.01)


def test_strip_is_upright_and_grey(analyses: dict[str, Analysis]) -> None:
    analysis = analyses["young-man"]
    picture = strip(analysis.photo.pixels, analysis.faces[0].head)
    assert picture.shape == (HEIGHT, WIDTH)
    assert picture.dtype == np.uint8


def test_features_ignore_how_bright_the_picture_is() -> None:
    picture = np.random.default_rng(0).integers(40, 120, (HEIGHT, WIDTH)).astype(np.uint8)
    assert features(picture * 2) == pytest.approx(features(picture), abs=1e-4)


def test_a_face_at_the_edge_is_no_trouble(analyses: dict[str, Analysis], engines: Engines) -> None:
    face = analyses["young-man"].faces[0]
    x, y = face.head.view.origin
    outside = replace(face.head, view=replace(face.head.view, origin=(x - 5000, y)))
    worn = find_worn(analyses["young-man"].photo.pixels, outside, engines.data(MODEL))
    assert 0 <= worn.score <= 1


@pytest.mark.parametrize(("opacity", "ruler"), [(1.0, "average"), (0.2, "iris")])
def test_behind_sunglasses_irises_tell_no_size(
    analyses: dict[str, Analysis], engines: Engines, opacity: float, ruler: str
) -> None:
    frame = load_frame("wayfarer")
    glasses = dress(analyses["older-man"], frame, Look("#050505", opacity, 0.0))
    again = analyse(Photo(glasses.photo.pixels), engines)
    scale = again.faces[0].head.millimetres
    assert again.faces[0].worn.value
    assert scale.ruler == ruler
    assert ("sunglasses hide the eyes" in scale.note) == (ruler == "average")
