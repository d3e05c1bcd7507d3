"""Pictures of folders, ZIPs and lists."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genapp.errors import BadValue, UnreadablePicture
from genapp.sources import Failure, find_pictures, opened
from tests.screening.pictures import disc


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "pictures.zip"
    data = png(Image.fromarray(disc(0)))
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("b/two.png", "a/one.PNG", "__MACOSX/b/._two.png", ".hidden.png", "readme.txt"):
            archive.writestr(name, data)
    return path


def test_a_zip_without_what_the_system_put_in_it(packed: Path) -> None:
    found = find_pictures(packed)
    assert [given.name for given in found] == ["a/one.PNG", "b/two.png"]
    np.testing.assert_array_equal(found[0].load(), disc(0))


def test_a_damaged_member_is_one_failure(packed: Path) -> None:
    data = bytearray(packed.read_bytes())
    start = data.index(b"a/one.PNG") + len("a/one.PNG") + 60
    data[start : start + 8] = b"\0" * 8
    packed.write_bytes(data)
    failures: list[Failure] = []
    names = [name for name, _ in opened(find_pictures(packed), failures)]
    assert len(names) == len(failures) == 1
    assert names[0] != failures[0].name


def test_no_zip(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK")
    with pytest.raises(UnreadablePicture, match="no ZIP"):
        find_pictures(tmp_path / "x.zip")


@pytest.mark.parametrize("source", ["missing", "missing.zip", "missing.png"])
def test_nothing_there(source: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture):
        find_pictures(tmp_path / source)


def test_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("x")
    with pytest.raises(BadValue, match="no pictures"):
        find_pictures(tmp_path)
    with pytest.raises(BadValue, match="no pictures"):
        find_pictures([])


def test_transparent_is_laid_on_white() -> None:
    clear = Image.fromarray(np.zeros((8, 8, 4), np.uint8))
    (given,) = find_pictures([clear])
    assert given.load().min() == 255
    assert given.name == "1"


def test_sixteen_bits_become_eight() -> None:
    (given,) = find_pictures([np.full((8, 8, 3), 65535, np.uint16)])
    assert given.load().dtype == np.uint8
