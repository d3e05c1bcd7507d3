"""Data sets: classes, boxes, masks, and what is wrong with them."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genapp.augmenting import Box, open_source
from genapp.augmenting.sources import Unusable
from genapp.errors import BadValue, UnreadablePicture
from tests.augmenting.pictures import thing, write_set


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder that a test may change."""
    return write_set(tmp_path / "own")


def test_classes_are_subfolders(folder: Path) -> None:
    found = open_source(folder)
    assert found.counts == {"disc": 4, "square": 4}
    np.testing.assert_array_equal(found.pixels(found.items[0]), thing("disc", 0))


def test_classes_of_a_zip_with_a_folder_around_all(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, Path("things") / file.relative_to(folder))
    assert open_source(path).counts == {"disc": 4, "square": 4}


def test_a_list_has_no_classes() -> None:
    found = open_source([thing("disc", number) for number in range(5)])
    assert found.counts == {"": 5}


def test_files_of_one_name_are_told_apart(folder: Path) -> None:
    found = open_source(sorted(folder.rglob("*.png")))
    assert len({item.name for item in found.items}) == 8
    # Each is itself, though they have the same name in their folders.
    assert not np.array_equal(found.pixels(found.items[0]), found.pixels(found.items[4]))


def test_a_table_beside_the_pictures(own: Path) -> None:
    rows = ["file;label", *(f"disc/{number}.png;round" for number in range(4))]
    (own / "labels.csv").write_text("\n".join([*rows, "1.png;nowhere", "square\\0.png;angular"]))
    found = open_source(own)
    assert found.counts == {"angular": 1, "round": 4}
    # "1.png" could be either of two.
    assert found.notes == (
        "1 pictures that 'labels.csv' names are not there.",
        "3 pictures that 'labels.csv' doesn't name are left out.",
    )


def test_boxes_of_a_table(own: Path, tmp_path: Path) -> None:
    rows = ["file,label,x,y,width,height", "disc/0.png,disc,5,6,10,20", "disc/0.png,dot,1,1,2,2"]
    rows += [f"disc/{number}.png,disc,,,," for number in (1, 2, 3)] + ["square/0.png,square,,,,"]
    table = tmp_path / "any-name.csv"
    table.write_text("\n".join(rows))
    found = open_source(own, classes=table)
    assert found.has_boxes
    assert found.items[0].boxes == (Box("disc", 5, 6, 15, 26), Box("dot", 1, 1, 3, 3))
    assert found.items[1].boxes == ()


def test_boxes_of_coco_keep_the_folders_classes(own: Path) -> None:
    coco = {
        "images": [{"id": 7, "file_name": "square/2.png"}],
        "annotations": [{"image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": 1, "name": "edge"}],
    }
    (own / "annotations.json").write_text(json.dumps(coco))
    found = open_source(own)
    assert found.counts == {"disc": 4, "square": 4}
    boxed = [item for item in found.items if item.boxes]
    assert [(item.name, item.boxes) for item in boxed] == [
        ("square/2.png", (Box("edge", 1, 2, 4, 6),))
    ]


def test_masks_are_no_pictures(own: Path) -> None:
    Image.new("L", (64, 48), 7).save(own / "disc" / "0.mask.png")
    Image.new("L", (9, 9), 7).save(own / "disc" / "1.mask.png")
    found = open_source(own)
    assert len(found.items) == 8
    mask = found.mask(found.items[0])
    assert mask is not None
    assert (mask == 7).all()
    with pytest.raises(Unusable, match="9×9"):
        found.mask(found.items[1])
    assert found.mask(found.items[2]) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,kind\na,b", "no columns 'file' and 'label'"),
        ("file,label\nnothing.png,disc", "names none of the pictures"),
        ("file,label,x,y,width,height\ndisc/0.png,disc,a,b,c,d", "line 2"),
        ("file,label,x,y,width,height\ndisc/0.png,disc,1,1,0,5", "is empty"),
    ],
)
def test_tables_that_make_no_sense(text: str, said: str, own: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text)
    with pytest.raises(BadValue, match=said):
        open_source(own, classes=table)


def test_coco_that_makes_no_sense(own: Path, tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    path.write_text('{"images": [{}], "annotations": []}')
    with pytest.raises(BadValue, match="no COCO file"):
        open_source(own, boxes=path)


def test_too_few_and_none(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="There are 4 pictures"):
        open_source([thing("disc", number) for number in range(4)])
    with pytest.raises(UnreadablePicture):
        open_source(tmp_path / "missing")


def test_a_part_of_it(folder: Path) -> None:
    part = open_source(folder).subset([0, 5])
    assert [item.name for item in part.items] == ["disc/0.png", "square/1.png"]
