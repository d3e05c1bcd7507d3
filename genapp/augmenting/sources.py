"""What a data set holds: pictures with their classes, boxes and masks.

Classes come from subfolders, or from a table (CSV with the columns file and label); boxes from the
same table (columns x, y, width, height, or xmin, ymin, xmax, ymax, in pixels) or from a COCO file
(https://cocodataset.org/#format-data); the mask of NAME.jpg is NAME.mask.png. Tables are also found
by themselves, at the top of the folder or ZIP.
"""

import csv
import io
import json
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from genapp.errors import BadValue, UnreadablePicture, UserError
from genapp.sources import Given, Pictures, Pixels, find_pictures, find_tables

LEAST, MOST = 5, 5000
MASK = ".mask.png"
CACHE = 128_000_000
"""Bytes of decoded pictures that are kept."""
CORNERS = ("xmin", "ymin", "xmax", "ymax")
SIDES = ("x", "y", "width", "height")


class Unusable(UserError):  # noqa: N818  (as the others in genapp.errors)
    """A picture of the source that could not be used; another one can be."""

    def __init__(self, name: str, error: UserError) -> None:
        super().__init__(error.message, error.remedy)
        self.name = name


@dataclass(frozen=True)
class Box:
    """A thing in a picture; edges in pixels from the top left."""

    label: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, eq=False)
class Item:
    """A picture of the source, not opened yet."""

    name: str
    """Of the file, within its folder or ZIP."""
    label: str
    """Its class; "" if there are none."""
    load: Callable[[], Pixels]
    """H×W×3 RGB, uint8. Raises `UserError`."""
    boxes: tuple[Box, ...] = ()
    load_mask: Callable[[], Pixels] | None = None
    """H×W×3, uint8, as `load`."""


class Cache:
    """Decoded pictures by name; the oldest go when they are more than `CACHE` bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Pixels] = OrderedDict()
        self._bytes = 0

    def get(self, name: str, load: Callable[[], Pixels]) -> Pixels:
        """What is kept under a name, or what `load` gives."""
        kept = self._kept.pop(name, None)
        if kept is None:
            kept = load()
            self._bytes += kept.nbytes
        self._kept[name] = kept
        while self._bytes > CACHE and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return kept


@dataclass(frozen=True, eq=False)
class Source:
    """A data set. Open it with `open_source`."""

    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()
    """What the user should know, one sentence each."""
    has_boxes: bool = False
    has_masks: bool = False
    _cache: Cache = field(default_factory=Cache)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, sorted."""
        return tuple(sorted({item.label for item in self.items}))

    @property
    def counts(self) -> Mapping[str, int]:
        """Pictures of each class."""
        found = Counter(item.label for item in self.items)
        return {label: found[label] for label in self.labels}

    def subset(self, numbers: Sequence[int]) -> "Source":
        """Some of its pictures, such as those of the training folds."""
        return replace(self, items=tuple(self.items[number] for number in numbers))

    def pixels(self, item: Item) -> Pixels:
        """H×W×3 RGB of a picture; those opened lately are kept. Raises `Unusable`."""
        try:
            return self._cache.get(item.name, item.load)
        except UserError as error:
            raise Unusable(item.name, error) from error

    def mask(self, item: Item) -> Pixels | None:
        """H×W×3 of its mask, if there is one. Raises `Unusable`."""
        if item.load_mask is None:
            return None
        shape = self.pixels(item).shape
        try:
            mask = self._cache.get(f"{item.name}{MASK}", item.load_mask)
        except UserError as error:
            raise Unusable(item.name, error) from error
        if mask.shape != shape:
            wrong = UnreadablePicture(
                f"The mask of {item.name!r} has {mask.shape[1]}×{mask.shape[0]} pixels, the "
                f"picture {shape[1]}×{shape[0]}.",
                "Make them the same size.",
            )
            raise Unusable(item.name, wrong)
        return mask


def open_source(
    source: "Pictures | Source", *, classes: Path | None = None, boxes: Path | None = None
) -> Source:
    """Reads what a data set holds; the pictures themselves are opened when they are needed.

    Args:
        source: a folder, a ZIP, or a list of 5 to 5000 pictures.
        classes: a CSV with the columns file and label, and boxes if there are any. Pictures that
            it doesn't name are left out. None: a CSV at the top of folder or ZIP, or subfolders.
        boxes: a COCO JSON. None: one at the top of folder or ZIP.

    Raises:
        BadValue: too few or too many pictures, or a table that makes no sense.
        UnreadablePicture: there is no such folder or file.
    """
    if isinstance(source, Source):
        return source
    pictures = _told_apart(find_pictures(source, deep=True))
    masks = {given.name: given for given in pictures if given.name.endswith(MASK)}
    pictures = [given for given in pictures if given.name not in masks]
    tables = find_tables(source)
    names = _Names([given.name for given in pictures])
    notes: list[str] = []
    found: dict[str, list[Box]] = {}
    coco = _table(boxes, tables, (".json",), _is_coco)
    if coco is not None:
        found = _read_coco(*coco)
    table = _table(classes, tables, (".csv",), _is_classes)
    if table is None:
        named = _by_folder(pictures)
    else:
        labels, of_table = _read_classes(*table)
        found |= of_table
        named = _by_table(names, labels, table[0], notes)
    boxes_of = {names.find(name): some for name, some in found.items()}
    items = tuple(
        Item(
            given.name,
            named[given.name],
            given.load,
            tuple(boxes_of.get(given.name, ())),
            _mask_of(given, masks),
        )
        for given in pictures
        if given.name in named
    )
    _check_count(len(items))
    return Source(
        items,
        tuple(notes),
        has_boxes=any(item.boxes for item in items),
        has_masks=any(item.load_mask for item in items),
    )


def _check_count(count: int) -> None:
    if not LEAST <= count <= MOST:
        raise BadValue(
            f"There are {count} pictures.", f"Give {LEAST} to {MOST}, with classes as subfolders."
        )


def _mask_of(given: Given, masks: Mapping[str, Given]) -> Callable[[], Pixels] | None:
    stem = given.name.rpartition(".")[0] or given.name
    mask = masks.get(f"{stem}{MASK}")
    return None if mask is None else mask.load


def _by_folder(pictures: Sequence[Given]) -> dict[str, str]:
    """The classes are the folders below the one that all pictures share."""
    folders = {given.name: PurePosixPath(given.name).parent.parts for given in pictures}
    shared = 0
    every = list(folders.values())
    while all(len(parts) > shared and parts[shared] == every[0][shared] for parts in every):
        shared += 1
    return {name: "/".join(parts[shared:]) for name, parts in folders.items()}


def _told_apart(pictures: Sequence[Given]) -> list[Given]:
    """No two of one name, as lists of files from several folders can have them."""
    seen: Counter[str] = Counter()
    named: list[Given] = []
    for given in pictures:
        seen[given.name] += 1
        again = seen[given.name]
        named.append(given if again == 1 else replace(given, name=f"{again}-{given.name}"))
    return named


def _by_table(
    names: "_Names", labels: Mapping[str, str], table: str, notes: list[str]
) -> dict[str, str]:
    """Labels of the pictures that a table names."""
    named: dict[str, str] = {}
    missing = 0
    for file, label in labels.items():
        name = names.find(file)
        if name is None:
            missing += 1
        else:
            named[name] = label
    if not named:
        raise BadValue(
            f"{table!r} names none of the pictures.", "Check the names in its column 'file'."
        )
    if missing:
        notes.append(f"{missing} pictures that {table!r} names are not there.")
    if left_out := len(names) - len(named):
        notes.append(f"{left_out} pictures that {table!r} doesn't name are left out.")
    return named


class _Names:
    """Pictures by the names that tables call them: the whole path, or the end of it."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = set(names)
        self._ends: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            self._ends[PurePosixPath(name).name].append(name)

    def __len__(self) -> int:
        return len(self._names)

    def find(self, called: str) -> str | None:
        """The picture's name; None if there is none, or more than one."""
        called = called.replace("\\", "/").removeprefix("./")
        if called in self._names:
            return called
        ends = [
            name
            for name in self._ends[PurePosixPath(called).name]
            if f"/{name}".endswith(f"/{called}") or f"/{called}".endswith(f"/{name}")
        ]
        return ends[0] if len(ends) == 1 else None


# Tables ------------------------------------------------------------------------------------------


def _table(
    path: Path | None,
    beside: Mapping[str, bytes],
    endings: tuple[str, ...],
    fits: Callable[[bytes], bool],
) -> tuple[str, bytes] | None:
    """Name and contents of the table that was given, or that lies beside the pictures."""
    if path is not None:
        try:
            return path.name, path.read_bytes()
        except OSError as error:
            raise UnreadablePicture(
                f"There is no file {str(path)!r}.", "Check the path."
            ) from error
    for name, data in beside.items():
        if name.lower().endswith(endings) and fits(data):
            return name, data
    return None


def _is_classes(data: bytes) -> bool:
    try:
        return {"file", "label"} <= set(_rows(data).fieldnames or ())
    except (UnicodeDecodeError, csv.Error):
        return False


def _is_coco(data: bytes) -> bool:
    try:
        found = json.loads(data)
    except ValueError:
        return False
    return isinstance(found, dict) and {"images", "annotations"} <= found.keys()


def _rows(data: bytes) -> "csv.DictReader[str]":
    text = data.decode("utf-8-sig")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    return reader


def _read_classes(name: str, data: bytes) -> tuple[dict[str, str], dict[str, list[Box]]]:
    """Label and boxes of each file; a file with several boxes has several rows."""
    try:
        reader = _rows(data)
        columns = set(reader.fieldnames or ())
        if not {"file", "label"} <= columns:
            raise BadValue(
                f"{name!r} has no columns 'file' and 'label'.",
                "Begin it with the line: file,label",
            )
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadValue(
            f"{name!r} is no table that can be read: {error}.", "Save it as CSV in UTF-8."
        ) from error
    labels: dict[str, str] = {}
    boxes: dict[str, list[Box]] = defaultdict(list)
    keys = next((keys for keys in (CORNERS, SIDES) if columns.issuperset(keys)), None)
    for number, row in enumerate(rows, 2):
        file, label = (row["file"] or "").strip(), (row["label"] or "").strip()
        if not file:
            continue
        # A picture with boxes of several kinds is of the kind that comes first.
        labels.setdefault(file, label)
        if keys and all((row[key] or "").strip() for key in keys):
            boxes[file].append(_box(row, keys, label, f"line {number} of {name!r}"))
    return labels, dict(boxes)


def _box(row: Mapping[str, Any], keys: Sequence[str], label: str, where: str) -> Box:
    try:
        left, top, right, bottom = (float(row[key]) for key in keys)
    except ValueError:
        raise BadValue(f"The box in {where} has no four numbers.", "Give them in pixels.") from None
    if keys == SIDES:
        right, bottom = left + right, top + bottom
    if not (right > left and bottom > top):
        raise BadValue(f"The box in {where} is empty.", f"Give {', '.join(keys)} in pixels.")
    return Box(label, left, top, right, bottom)


def _read_coco(name: str, data: bytes) -> dict[str, list[Box]]:
    """Boxes of each file."""
    try:
        found = json.loads(data)
        files = {image["id"]: str(image["file_name"]) for image in found["images"]}
        kinds = {kind["id"]: str(kind["name"]) for kind in found.get("categories", ())}
        boxes: dict[str, list[Box]] = defaultdict(list)
        for number, each in enumerate(found["annotations"]):
            row = dict(zip(SIDES, each["bbox"], strict=True))
            kind = kinds.get(each.get("category_id"), "")
            where = f"annotation {number} of {name!r}"
            boxes[files[each["image_id"]]].append(_box(row, SIDES, kind, where))
    except (KeyError, TypeError, ValueError) as error:
        raise BadValue(
            f"{name!r} is no COCO file that can be read: {error!r}.",
            "It needs images, annotations with bbox, and categories.",
        ) from error
    return dict(boxes)
