"""New pictures: the same for the same recipe, told apart, whole or not there."""

import csv
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genapp import augmenting, images
from genapp.augmenting import (
    Augmenter,
    Generative,
    Mixing,
    Recipe,
    Source,
    augment,
    contact_sheet,
    open_source,
    parse_recipe,
    write_zip,
)
from genapp.augmenting.pipeline import folder_names
from genapp.errors import BadValue, Cancelled, UnknownName, UnreadablePicture
from genapp.registry.engines import Engines
from tests.augmenting.pictures import thing, write_set

RECIPE = Recipe(seed=3, size=32, mixing=Mixing(mixup=0.3, cutmix=0.3))


def test_a_picture_depends_on_seed_and_number_alone(source: Source, engines: Engines) -> None:
    few = augment(source, recipe=RECIPE, count=3, compare=False, engines=engines)
    many = augment(source, recipe=RECIPE, count=9, compare=False, engines=engines)
    for one, other in zip(few.pictures, many.pictures, strict=False):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert (one.parents, one.transforms) == (other.parents, other.transforms)
    alone = Augmenter(source, RECIPE, engines).picture(8)
    np.testing.assert_array_equal(alone.pixels, many.pictures[8].pixels)
    other = Augmenter(source, replace(RECIPE, seed=4), engines).picture(8)
    assert not np.array_equal(alone.pixels, other.pixels)


def test_every_picture_is_used_before_one_is_used_again(source: Source, engines: Engines) -> None:
    recipe = Recipe(size=32)
    made = augment(source, recipe=recipe, count=16, compare=False, engines=engines)
    parents = [new.parents[0] for new in made.pictures]
    assert len(set(parents[:8])) == len(set(parents[8:])) == 8
    assert made.counts == {"disc": 8, "square": 8}
    assert made.recipe.count == 16


def test_so_many_of_each_class(source: Source, engines: Engines) -> None:
    uneven = source.subset([0, 1, 2, 3, 4])
    made = augment(uneven, per_class=3, size=32, compare=False, engines=engines)
    assert made.counts == {"disc": 3, "square": 3}


def test_what_was_done_is_told(source: Source, engines: Engines) -> None:
    made = augment(source, recipe=RECIPE, count=24, compare=False, engines=engines)
    kinds = {new.kind for new in made.pictures}
    assert kinds == {"classic", "mixup", "cutmix"}
    for new in made.pictures:
        assert new.pixels.shape == (32, 32, 3)
        assert len(new.parents) == (1 if new.kind == "classic" else 2)
        assert sum(new.shares.values()) == pytest.approx(1, abs=1e-3)
        assert new.label == next(iter(new.shares))
        assert new.kind == "classic" or new.kind in new.transforms


def test_the_same_bytes_in_a_zip(source: Source, engines: Engines, tmp_path: Path) -> None:
    first = write_zip(tmp_path / "a.zip", source, recipe=RECIPE, count=5, engines=engines)
    again = RECIPE.changed({"count": 5}).to_yaml()
    write_zip(tmp_path / "b.zip", source, recipe=again, engines=engines)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert parse_recipe(archive.read("recipe.yaml").decode()) == first.recipe
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        manifest = json.loads(archive.read("manifest.json"))
        pictures = {row["file"] for row in rows}
        assert pictures | {"manifest.csv", "manifest.json", "recipe.yaml"} == set(
            archive.namelist()
        )
    assert len(rows) == len(manifest["pictures"]) == 5
    assert all(row["parents"] and row["transforms"] and row["seed"] == "3" for row in rows)
    assert all(0 < float(row["similarity"]) <= 1 and row["nearest"] for row in rows)
    # What was written is a data set itself.
    assert open_source(tmp_path / "a.zip").counts == first.counts


def test_boxes_and_masks_are_in_the_zip(engines: Engines, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    Image.new("L", (64, 48), 7).save(folder / "disc" / "0.mask.png")
    rows = [f"disc/{number}.png,disc,8,8,30,30" for number in range(4)]
    rows += [f"square/{number}.png,square,,,," for number in range(4)]
    (folder / "labels.csv").write_text("\n".join(["file,label,x,y,width,height", *rows]))
    write_zip(tmp_path / "out.zip", folder, count=8, compare=False, engines=engines)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        coco = json.loads(archive.read("annotations.json"))
        (mask,) = [name for name in archive.namelist() if name.endswith(".mask.png")]
        opened = Image.open(io.BytesIO(archive.read(mask)))
        assert opened.mode == "L"
        assert opened.getextrema() == (7, 7)
    assert len(coco["images"]) == 8
    assert [kind["name"] for kind in coco["categories"]] == ["disc"]
    found = open_source(tmp_path / "out.zip")
    assert found.has_boxes
    assert found.has_masks


def test_a_stop_leaves_nothing_behind(source: Source, engines: Engines, tmp_path: Path) -> None:
    target = tmp_path / "set.zip"
    target.write_bytes(b"old")

    def progress(done: float, what: str, seconds_left: float | None) -> None:
        if done > 0.5:
            raise Cancelled("Stopped.", "Start again.")

    with pytest.raises(Cancelled):
        write_zip(target, source, recipe=RECIPE, compare=False, progress=progress, engines=engines)
    assert os.listdir(tmp_path) == ["set.zip"]
    assert target.read_bytes() == b"old"


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(engines: Engines, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    (folder / "disc" / "1.png").write_bytes(b"no picture")
    recipe = Recipe(size=32, mixing=Mixing(mixup=1))
    made = augment(folder, recipe=recipe, compare=False, engines=engines)
    assert len(made.pictures) == 8
    assert all(len(set(new.parents)) == 2 for new in made.pictures)
    assert [failure.name for failure in made.failures] == ["disc/1.png"]
    assert "disc/1.png" not in {name for new in made.pictures for name in new.parents}


def test_nothing_can_be_read(engines: Engines, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    for file in folder.rglob("*.png"):
        file.write_bytes(b"no picture")
    with pytest.raises(UnreadablePicture, match="cannot be used"):
        augment(folder, compare=False, engines=engines)


def test_styles(source: Source, engines: Engines) -> None:
    recipe = Recipe(size=32).changed({"style.probability": 1, "style.styles": ["embers"]})
    plain = augment(source, recipe=Recipe(size=32), count=1, compare=False, engines=engines)
    made = augment(source, recipe=recipe, count=1, compare=False, engines=engines)
    assert made.pictures[0].kind == "style"
    assert "style embers" in made.pictures[0].transforms
    assert not np.array_equal(plain.pictures[0].pixels, made.pictures[0].pixels)
    with pytest.raises(UnknownName, match="embres"):
        augment(source, recipe=recipe.changed({"style.styles": ["embres"]}), engines=engines)


@pytest.mark.parametrize("between", [0, 1])
def test_generated_pictures(between: int, source: Source, engines: Engines) -> None:
    settings = Generative(probability=1, between=between, spread=0.1, space="photos")
    recipe = Recipe(generative=settings).changed({"classic.probability": 0})
    made = augment(source, recipe=recipe, count=2, compare=False, engines=engines)
    for new in made.pictures:
        assert new.kind == "generated"
        assert new.pixels.shape == (32, 32, 3)
        assert len(new.parents) == 1 + between
        assert len({name.split("/")[0] for name in new.parents}) == 1  # Of one class.
        file = images.encode(new.photo(), "jpg")
        assert b"trainedAlgorithmicMedia" in file
    assert "vae.photos32" in made.notes[0]
    assert contact_sheet(made.pictures).origin == "trainedAlgorithmicMedia"
    large = augment(source, recipe=recipe, count=1, size=96, compare=False, engines=engines)
    assert large.pictures[0].pixels.shape == (96, 96, 3)


def test_without_a_spread_the_picture_itself_is_drawn(source: Source, engines: Engines) -> None:
    settings = Generative(probability=1, between=0, spread=0, space="photos")
    recipe = Recipe(generative=settings).changed({"classic.probability": 0})
    made = augment(source, recipe=recipe, count=1, compare=False, engines=engines)
    name = made.pictures[0].parents[0]
    parent = next(item for item in source.items if item.name == name)
    pixels = source.pixels(parent)[:, 8:56]
    small = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BOX))
    assert np.abs(small.astype(int) - made.pictures[0].pixels).mean() < 12


def test_fine_tuning_is_asked_for_once(
    source: Source, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genapp.families import open_vae

    asked: list[dict[str, object]] = []

    def tune(pictures: list[np.ndarray], **settings: object) -> object:
        asked.append({"count": len(pictures), **settings})
        return open_vae(engines, str(settings["base"]))

    monkeypatch.setattr(augmenting.generative, "tune", tune)
    settings = Generative(probability=1, space="photos", tune=True, tune_steps=7)
    augment(source, recipe=Recipe(generative=settings), count=2, compare=False, engines=engines)
    (one,) = asked
    assert (one["count"], one["steps"], one["mirror"]) == (8, 7, True)


def test_too_many_at_once(source: Source, engines: Engines, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="a ZIP can have more"):
        augment(source, count=1001, engines=engines)
    with pytest.raises(BadValue, match=r"End it in \.zip"):
        write_zip(tmp_path / "out.rar", source, engines=engines)


def test_folders_of_classes_lead_nowhere_else() -> None:
    labels = ["", "../../etc", "/root", "a/b", "a:b", "A_B", "CON?"]
    names = folder_names(labels)
    assert len({name.lower() for name in names.values()}) == len(labels)
    assert not any(name.startswith("/") or ".." in name for name in names.values())
    assert names["a/b"] == "a/b"
    assert names[""] == ""


def test_a_sheet_of_all_shapes(engines: Engines) -> None:
    tall = [np.ascontiguousarray(thing("disc", number).transpose(1, 0, 2)) for number in range(5)]
    made = augment([*tall, thing("disc", 9)], compare=False, engines=engines)
    sheet = contact_sheet(made.pictures, side=40, columns=4)
    assert sheet.pixels.shape == (84, 172, 3)
    assert sheet.origin is None
