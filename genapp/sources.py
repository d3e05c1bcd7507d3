"""Pictures of a folder, a ZIP or a list, opened one at a time."""

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genapp.errors import BadValue, TooLarge, UnreadablePicture, UserError
from genapp.images import Photo, for_format, read

Pixels = NDArray[np.uint8]
Picture = str | Path | bytes | Image.Image | NDArray[Any] | Photo
Pictures = str | Path | Sequence[Picture]

ENDINGS = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"}
    | {".tga", ".tif", ".tiff", ".webp"}
)
"""What counts as a picture. HEIC cannot be read, and is listed so that it is said."""
TABLES = frozenset({".csv", ".json"})
MOST_PICTURES = 20_000
MOST_BYTES = 200_000_000
"""Of one picture in a ZIP, unpacked."""
MOST_TABLE = 50_000_000
"""Bytes."""


@dataclass(frozen=True)
class Given:
    """One picture, not opened yet."""

    name: str
    """Of the file, within its folder or ZIP; of a picture without a file its number."""
    load: Callable[[], Pixels]
    """H×W×3 RGB, uint8. Raises `UserError`."""


@dataclass(frozen=True)
class Failure:
    """A picture that could not be read."""

    name: str
    reason: str


def find_pictures(source: Pictures, *, deep: bool = False) -> list[Given]:
    """The pictures in a folder, a ZIP (anywhere in it) or a list.

    Args:
        source: path of a folder, a ZIP or one picture, or a list of pictures as `images.read`
            takes them, and of ZIPs.
        deep: those in folders inside a folder, too.

    Raises:
        BadValue: there are none, or too many.
        UnreadablePicture: there is no such file, or the ZIP is damaged.
    """
    if isinstance(source, str | Path):
        found = _found_at(Path(source), deep=deep)
        what = repr(str(source))
    else:
        found = _listed(source)
        what = "the list"
    if not found:
        raise BadValue(f"There are no pictures in {what}.", "Name another folder or ZIP.")
    if len(found) > MOST_PICTURES:
        raise BadValue(
            f"There are {len(found)} pictures in {what}.",
            f"Give at most {MOST_PICTURES} at a time.",
        )
    return found


def opened(given: Iterable[Given], failures: list[Failure]) -> Iterator[tuple[str, Pixels]]:
    """Each picture's name and pixels; what cannot be read goes to `failures` with the reason."""
    for each in given:
        try:
            yield each.name, each.load()
        except UserError as error:
            failures.append(Failure(each.name, str(error)))


def find_tables(source: Pictures) -> dict[str, bytes]:
    """The CSV and JSON files that lie beside pictures, by name, at the top of a folder or ZIP.

    Raises:
        UnreadablePicture: a ZIP is damaged.
        TooLarge: a table has more than `MOST_TABLE` bytes.
    """
    if not isinstance(source, str | Path):
        return {}
    path = Path(source)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in TABLES)
        return {file.name: _read_table(file) for file in files if file.is_file()}
    if path.suffix.lower() != ".zip":
        return {}
    return {
        member.filename: _unzipped(path, member, MOST_TABLE)
        for member in _members(path)
        if PurePosixPath(member.filename).suffix.lower() in TABLES and "/" not in member.filename
    }


def _read_table(file: Path) -> bytes:
    if file.stat().st_size > MOST_TABLE:
        raise TooLarge(
            f"{file.name!r} has {file.stat().st_size / 1e6:.0f} MB.",
            f"Give a table of at most {MOST_TABLE / 1e6:.0f} MB.",
        )
    return file.read_bytes()


def _found_at(path: Path, *, deep: bool) -> list[Given]:
    if path.is_dir():
        files = sorted(file for file in _walked(path, deep=deep) if file.is_file())
        return [Given(file.relative_to(path).as_posix(), _loader(file)) for file in files]
    if path.suffix.lower() == ".zip":
        return _zipped(path)
    if not path.is_file():
        raise UnreadablePicture(f"There is no folder or file {str(path)!r}.", "Check the path.")
    return [Given(path.name, _loader(path))]


def _listed(source: Sequence[Picture]) -> list[Given]:
    found: list[Given] = []
    for number, picture in enumerate(source):
        if isinstance(picture, str | Path):
            name = Path(picture).name
            if name.lower().endswith(".zip"):
                found += _zipped(Path(picture))
                continue
        elif isinstance(picture, Photo) and picture.name:
            name = picture.name
        else:
            name = f"{number + 1}"
        found.append(Given(name, _loader(picture)))
    return found


def _loader(picture: Picture) -> Callable[[], Pixels]:
    return lambda: _plain(read(picture))


def _walked(path: Path, *, deep: bool) -> Iterator[Path]:
    """What has the name of a picture and is not hidden."""
    for file in path.rglob("*") if deep else path.iterdir():
        inner = file.relative_to(path)
        if file.suffix.lower() in ENDINGS and not (deep and _hidden(inner)):
            yield file


def _hidden(name: PurePath) -> bool:
    """macOS puts a hidden twin beside each file of a ZIP."""
    return any(part.startswith((".", "__MACOSX")) for part in name.parts)


def _zipped(path: Path) -> list[Given]:
    return [
        Given(member.filename, _zip_loader(path, member))
        for member in _members(path)
        if _is_picture(member)
    ]


def _members(path: Path) -> list[zipfile.ZipInfo]:
    """By name."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except FileNotFoundError as error:
        raise UnreadablePicture(f"There is no file {str(path)!r}.", "Check the path.") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadablePicture(
            f"{path.name!r} is no ZIP that can be read, or it is damaged.", "Pack it again."
        ) from error
    return sorted(members, key=lambda member: member.filename)


def _is_picture(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename)
    return not member.is_dir() and not _hidden(name) and name.suffix.lower() in ENDINGS


def _zip_loader(path: Path, member: zipfile.ZipInfo) -> Callable[[], Pixels]:
    return lambda: _plain(read(_unzipped(path, member, MOST_BYTES)))


def _unzipped(path: Path, member: zipfile.ZipInfo, most: int) -> bytes:
    if member.file_size > most:
        raise TooLarge(
            f"{member.filename!r} has {member.file_size / 1e6:.0f} MB.",
            f"Give files of at most {most / 1e6:.0f} MB.",
        )
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            # One byte more than was announced tells a lie in the announcement.
            return file.read(member.file_size + 1)
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise UnreadablePicture(
            f"{member.filename!r} cannot be unpacked: {error}.", "Pack it again, unencrypted."
        ) from error


def _plain(photo: Photo) -> Pixels:
    """8 bits, laid on white where it is transparent."""
    return np.asarray(for_format(photo, "jpg").pixels, np.uint8)
