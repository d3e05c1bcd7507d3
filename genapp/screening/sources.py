"""Pictures of a folder, a ZIP or a list, opened one at a time."""

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
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
MOST_PICTURES = 20_000
MOST_BYTES = 200_000_000
"""Of one picture in a ZIP, unpacked."""


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


def find_pictures(source: Pictures) -> list[Given]:
    """The pictures in a folder (not in folders inside it), a ZIP (anywhere in it) or a list.

    Args:
        source: path of a folder, a ZIP or one picture, or a list of pictures as `images.read`
            takes them, and of ZIPs.

    Raises:
        BadValue: there are none, or too many.
        UnreadablePicture: there is no such file, or the ZIP is damaged.
    """
    if isinstance(source, str | Path):
        found = _found_at(Path(source))
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


def _found_at(path: Path) -> list[Given]:
    if path.is_dir():
        files = sorted(
            file for file in path.iterdir() if file.is_file() and file.suffix.lower() in ENDINGS
        )
        return [Given(file.name, _loader(file)) for file in files]
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


def _zipped(path: Path) -> list[Given]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except FileNotFoundError as error:
        raise UnreadablePicture(f"There is no file {str(path)!r}.", "Check the path.") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadablePicture(
            f"{path.name!r} is no ZIP that can be read, or it is damaged.", "Pack it again."
        ) from error
    return [
        Given(member.filename, _zip_loader(path, member))
        for member in sorted(members, key=lambda member: member.filename)
        if _is_picture(member)
    ]


def _is_picture(member: zipfile.ZipInfo) -> bool:
    """macOS puts a hidden twin beside each file."""
    name = PurePosixPath(member.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return not member.is_dir() and not hidden and name.suffix.lower() in ENDINGS


def _zip_loader(path: Path, member: zipfile.ZipInfo) -> Callable[[], Pixels]:
    def load() -> Pixels:
        if member.file_size > MOST_BYTES:
            raise TooLarge(
                f"{member.filename!r} has {member.file_size / 1e6:.0f} MB.",
                f"Give pictures of at most {MOST_BYTES / 1e6:.0f} MB.",
            )
        try:
            with zipfile.ZipFile(path) as archive, archive.open(member) as file:
                # One byte more than was announced tells a lie in the announcement.
                data = file.read(member.file_size + 1)
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
        return _plain(read(data))

    return load


def _plain(photo: Photo) -> Pixels:
    """8 bits, laid on white where it is transparent."""
    return np.asarray(for_format(photo, "jpg").pixels, np.uint8)
