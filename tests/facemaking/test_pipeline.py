"""Faces from seeds and recipes, enlarged and marked."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genapp import faces, images
from genapp.errors import BadValue, Cancelled, ModelMissing, UnknownName
from genapp.facemaking import (
    Recipe,
    from_recipe,
    maker_names,
    open_generator,
    packed,
    recipe_line,
    sheet,
    w_of,
)
from genapp.facemaking.generator import GENERATOR
from genapp.registry.catalog import Catalog
from genapp.registry.engines import Engines
from genapp.registry.store import Store

REPOSITORY = Path(__file__).resolve().parents[2]


def test_faces_of_consecutive_seeds(stand_ins: Engines) -> None:
    made = faces(3, seed=5, engines=stand_ins)
    assert made.seeds == (5, 6, 7)
    assert [photo.name for photo in made.pictures] == ["face-5", "face-6", "face-7"]
    assert all(photo.pixels.shape == (16, 16, 3) for photo in made.pictures)
    assert len({photo.pixels.tobytes() for photo in made.pictures}) == 3
    report = made.report()
    assert report["model"] == GENERATOR
    assert report["seeds"] == [5, 6, 7]
    assert report["recipe"] == list(made.recipes)


def test_a_face_does_not_depend_on_the_others(stand_ins: Engines) -> None:
    many, alone = faces(6, engines=stand_ins), faces(seeds=[4], engines=stand_ins)
    np.testing.assert_array_equal(many.pictures[4].pixels, alone.pictures[0].pixels)
    turned = faces(seeds=[5, 4], engines=stand_ins)
    np.testing.assert_array_equal(turned.pictures[1].pixels, alone.pictures[0].pixels)


@pytest.mark.parametrize(
    "settings",
    [{}, {"truncation": 1.0}, {"mix": (9, 2)}, {"size": 64}, {"truncation": 0.25, "mix": (1, 0)}],
)
def test_a_recipe_makes_the_same_pixels(stand_ins: Engines, settings: dict[str, object]) -> None:
    made = faces(seed=3, engines=stand_ins, **settings)  # type: ignore[arg-type]
    again = from_recipe(made.recipes[0], engines=stand_ins)
    np.testing.assert_array_equal(again.pictures[0].pixels, made.pictures[0].pixels)
    assert again.recipes == made.recipes
    assert again.notes == ()


def test_a_recipe_makes_the_same_bytes_in_a_new_process(
    stand_ins: Engines, faces_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAPP_WEIGHTS", str(faces_folder))
    recipe = Recipe(seed=12, around=((812, 0.3),), mix=(9, 3), size=64)
    first = tmp_path / "first.png"
    images.write(from_recipe(recipe, engines=stand_ins).pictures[0], first)
    line = recipe_line(images.read(first))
    assert line is not None
    command = [sys.executable, "-m", "genapp", "faces", "--recipe", line, "-o", "second.png"]
    environment = {"PYTHONPATH": str(REPOSITORY), "GENAPP_WEIGHTS": str(faces_folder)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "second.png").read_bytes() == first.read_bytes()


def test_w_of_a_photo_in_a_recipe(stand_ins: Engines) -> None:
    w = w_of(open_generator(stand_ins), 7, 1.0)
    made = from_recipe(Recipe(w=packed(w)), engines=stand_ins)
    assert made.pictures[0].name == "face-photo"
    near = faces(seed=7, truncation=1.0, engines=stand_ins).pictures[0].pixels
    assert np.abs(made.pictures[0].pixels.astype(int) - near).max() <= 2
    again = from_recipe(made.recipes[0], engines=stand_ins)
    np.testing.assert_array_equal(again.pictures[0].pixels, made.pictures[0].pixels)


def test_other_weights_are_said(stand_ins: Engines) -> None:
    recipe = replace(Recipe(seed=1), fingerprint="00000000")
    (note,) = from_recipe(recipe, engines=stand_ins).notes
    assert "other weights (00000000)" in note


def test_enlarged(stand_ins: Engines) -> None:
    made = faces(seed=1, size=64, engines=stand_ins).faces[0]
    assert made.photo.pixels.shape == (64, 64, 3)
    assert made.native.shape == (16, 16, 3)
    with pytest.raises(BadValue, match="Choose 16 to 128"):
        faces(size=8, engines=stand_ins)


def test_marks_survive_every_format(stand_ins: Engines) -> None:
    photo = faces(seed=3, engines=stand_ins).pictures[0]
    for format in ("png", "jpg", "webp", "tiff", "avif"):
        data = images.encode(photo, format)
        found = images.read(data)
        assert found.origin == "trainedAlgorithmicMedia"
        assert recipe_line(found) == faces(seed=3, engines=stand_ins).recipes[0]
        # What catalogues of pictures look for.
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in data


def test_marks_can_be_left_out(stand_ins: Engines) -> None:
    data = images.encode(faces(mark=False, engines=stand_ins).pictures[0])
    assert b"trainedAlgorithmicMedia" not in data
    assert images.read(data).exif is None


def test_sheet(stand_ins: Engines) -> None:
    made = faces(5, engines=stand_ins)
    photo = sheet(made.faces)
    assert photo.pixels.shape == (36, 56, 3)
    assert photo.origin == "trainedAlgorithmicMedia"
    np.testing.assert_array_equal(photo.pixels[20:, :16], made.pictures[3].pixels)
    assert (photo.pixels[20:, 40:] == 255).all()
    with pytest.raises(BadValue, match="no faces"):
        sheet([])


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_wrong_counts(stand_ins: Engines, count: int) -> None:
    with pytest.raises(BadValue, match="faces were asked for"):
        faces(count, engines=stand_ins)


def test_unknown_names(stand_ins: Engines) -> None:
    with pytest.raises(UnknownName, match="model"):
        faces(model="faces/none.v1", engines=stand_ins)
    with pytest.raises(UnknownName, match="slider"):
        faces(edits={"nose": 1.0}, engines=stand_ins)


def test_progress_stops_it(stand_ins: Engines) -> None:
    seen = []

    def progress(done: float, what: str, seconds_left: float | None) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise Cancelled("Stopped.", "Start again.")

    with pytest.raises(Cancelled):
        faces(5, progress=progress, engines=stand_ins)
    assert seen == [0.2, 0.4]


def test_what_may_not_be_used_commercially_can_be_switched_off(
    faces_folder: Path, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAPP_COMMERCIAL_ONLY", "1")
    store = Store(faces_folder, stamps=tmp_path / "stamps.json", offline=True)
    with pytest.raises(ModelMissing, match="may not be used commercially"):
        faces(engines=Engines(catalog, store, device="cpu"))
    assert maker_names(catalog.allowed()) == ()
    monkeypatch.delenv("GENAPP_COMMERCIAL_ONLY")
    assert maker_names(catalog.allowed()) == (GENERATOR,)
