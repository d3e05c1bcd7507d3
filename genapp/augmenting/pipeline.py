"""Grow a data set: source → parent → classic → style → mix, or parents → generated."""

import json
import re
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from genapp import images
from genapp.archives import add, check_room, check_zip, csv_bytes, writing_zip
from genapp.augmenting import classic, generative, mixing, styling
from genapp.augmenting.draws import Draws, shuffled
from genapp.augmenting.generative import Maker
from genapp.augmenting.recipe import Recipe, parse_recipe, read_recipe
from genapp.augmenting.sample import Pixels, Sample, Step
from genapp.augmenting.sources import Box, Item, Source, Unusable, open_source
from genapp.augmenting.warnings import Copies, warnings_of
from genapp.errors import BadValue, UnreadablePicture
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.sources import Failure, Pictures
from genapp.upscaling import Clock, Progress

MOST_AT_ONCE = 1000
"""New pictures of `augment`; a ZIP (`write_zip`) can have more."""
ATTEMPTS = 20
"""Parents that are tried before a source counts as unreadable."""


@dataclass(frozen=True, eq=False)
class New:
    """A new picture."""

    number: int
    """From 0; with the recipe's seed it is all that the picture depends on."""
    name: str
    """Folder of its class, and a name without ending."""
    label: str
    """Its class; of a mix the one with the largest share."""
    shares: Mapping[str, float]
    """Of each class; they sum up to 1."""
    kind: str
    """classic, style, mixup, cutmix, generated, or copy if nothing was done to it."""
    parents: tuple[str, ...]
    """Names of the source's pictures that it is made of."""
    pixels: Pixels
    """H×W×3 RGB."""
    boxes: tuple[Box, ...]
    mask: Pixels | None
    """H×W×3, if its parent has one."""
    steps: tuple[Step, ...]
    """What was done, in order."""
    nearest: str = ""
    """The most similar picture of the source, if that was looked for."""
    similarity: float | None = None
    """To it: 1 the same … 0 nothing in common."""

    @property
    def transforms(self) -> str:
        """What was done, in words."""
        return "; ".join(map(str, self.steps))

    def photo(self) -> Photo:
        """The picture for a file; a generated one says in its metadata that it is."""
        photo = Photo(self.pixels, name=self.name)
        return generative.marked(photo) if self.kind == "generated" else photo


@dataclass(frozen=True, eq=False)
class Augmented:
    """What `augment`, `preview` and `write_zip` return."""

    source: Source
    recipe: Recipe
    """As it was used, counts and seed filled in."""
    pictures: tuple[New, ...]
    """None of a ZIP: they are in it."""
    rows: tuple[Mapping[str, Any], ...]
    """The manifest: a line for each picture."""
    failures: tuple[Failure, ...]
    """Pictures of the source that could not be read."""
    warnings: tuple[str, ...]
    """What may make the new pictures harmful, one sentence each."""
    notes: tuple[str, ...]
    timings_ms: Mapping[str, float]

    @property
    def counts(self) -> Mapping[str, int]:
        """New pictures of each class."""
        return dict(sorted(Counter(str(row["label"]) for row in self.rows).items()))

    def report(self) -> dict[str, Any]:
        """What `--json` prints beside the outputs; times in ms."""
        return {
            "model": None,
            "count": len(self.rows),
            "classes": {
                label: {"source": count, "new": self.counts.get(label, 0)}
                for label, count in self.source.counts.items()
            },
            "kinds": dict(sorted(Counter(str(row["kind"]) for row in self.rows).items())),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "failures": [
                {"file": failure.name, "reason": failure.reason} for failure in self.failures
            ],
            "timings_ms": dict(self.timings_ms),
            "recipe": self.recipe.settings(),
        }


def augment(
    source: Pictures | Source,
    *,
    recipe: Recipe | str | Path | None = None,
    count: int | None = None,
    per_class: int | None = None,
    seed: int | None = None,
    size: int | None = None,
    classes: Path | None = None,
    boxes: Path | None = None,
    compare: bool = True,
    progress: Progress | None = None,
    device: str = "auto",
    engines: Engines | None = None,
) -> Augmented:
    """Make new pictures of a small data set.

    Args:
        source: a folder or ZIP with classes as subfolders, or a list of pictures: 5 to 5000.
        recipe: what to do (see `Recipe`), as such, as YAML, or as the path of a YAML file.
        count: new pictures in all, instead of the recipe's.
        per_class: new pictures of each class, instead of the recipe's.
        seed: instead of the recipe's.
        size: side of the new pictures, px, instead of the recipe's.
        classes: a CSV with the columns file and label (see `open_source`).
        boxes: a COCO JSON.
        compare: look for near-copies, and for classes that mirror images would confuse.
        progress: told how far the work is; may raise `Cancelled`.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        engines: a pool to take networks from, so that many calls load them once.

    Raises:
        BadValue, UnknownName: a setting or a table that makes no sense, too many pictures for
            memory, or torch is missing where it is needed.
        UnreadablePicture: there is no such folder or file, or nothing in it can be read.
        ModelMissing: a model's bytes are not to be had.
    """
    opened = open_source(source, classes=classes, boxes=boxes)
    wanted = filled(opened, recipe, count=count, per_class=per_class, seed=seed, size=size)
    total = wanted.total(len(opened.items), len(opened.labels))
    if total > MOST_AT_ONCE:
        raise BadValue(
            f"{total} new pictures were asked for.",
            f"Ask for at most {MOST_AT_ONCE} at once; a ZIP can have more.",
        )
    pool = engines or Engines(device=device)
    try:
        run = _Run(opened, wanted, total, pool, compare=compare, progress=progress)
        pictures = tuple(run.pictures())
        return run.result(pictures, [row_of(new, wanted) for new in pictures])
    finally:
        if engines is None:
            pool.close()


def preview(
    source: Source,
    recipe: Recipe,
    count: int = 12,
    *,
    progress: Progress | None = None,
    engines: Engines,
) -> Augmented:
    """The first new pictures, quickly: without looking for near-copies. Raises as `augment`."""
    total = min(count, recipe.total(len(source.items), len(source.labels)))
    run = _Run(source, recipe, total, engines, compare=False, progress=progress)
    pictures = tuple(run.pictures())
    return run.result(pictures, [row_of(new, recipe) for new in pictures])


def write_zip(
    target: str | Path,
    source: Pictures | Source,
    *,
    recipe: Recipe | str | Path | None = None,
    count: int | None = None,
    per_class: int | None = None,
    seed: int | None = None,
    size: int | None = None,
    classes: Path | None = None,
    boxes: Path | None = None,
    compare: bool = True,
    progress: Progress | None = None,
    device: str = "auto",
    engines: Engines | None = None,
) -> Augmented:
    """Write new pictures into a ZIP, picture by picture, with `manifest.csv`, `manifest.json`,
    `recipe.yaml` and, where there are boxes, `annotations.json` (COCO).

    Args:
        target: the .zip file; it is there when it is whole, or as it was before.

    The other arguments, and what is raised, are those of `augment`; also:

    Raises:
        BadValue: a place that can't be written to, or too little room on the disk.
    """
    target = Path(target)
    check_zip(target)
    opened = open_source(source, classes=classes, boxes=boxes)
    wanted = filled(opened, recipe, count=count, per_class=per_class, seed=seed, size=size)
    total = wanted.total(len(opened.items), len(opened.labels))
    pool = engines or Engines(device=device)
    try:
        run = _Run(opened, wanted, total, pool, compare=compare, progress=progress)
        rows: list[dict[str, Any]] = []
        coco = Coco()
        with writing_zip(target) as archive:
            for new in run.pictures():
                row = row_of(new, wanted)
                rows.append(row)
                written = _add_picture(archive, new, str(row["file"]), wanted)
                if new.number == 0:
                    check_room(target, written * total)
                coco.add(str(row["file"]), new)
            result = run.result((), rows)
            add(archive, "manifest.csv", csv_bytes([_flat(row) for row in rows]))
            add(archive, "manifest.json", _json(_manifest(result)))
            add(archive, "recipe.yaml", wanted.to_yaml().encode())
            if opened.has_boxes:
                add(archive, "annotations.json", _json(coco.table()))
        return result
    finally:
        if engines is None:
            pool.close()


def filled(
    source: Source,
    recipe: Recipe | str | Path | None,
    *,
    count: int | None = None,
    per_class: int | None = None,
    seed: int | None = None,
    size: int | None = None,
) -> Recipe:
    """The recipe with what was given beside it. Raises `BadValue`."""
    if isinstance(recipe, Path):
        recipe = read_recipe(recipe)
    elif isinstance(recipe, str):
        recipe = parse_recipe(recipe)
    wanted = recipe or Recipe()
    changes: dict[str, Any] = {}
    if count is not None or per_class is not None:
        changes = {"count": count, "per_class": per_class}
    if seed is not None:
        changes["seed"] = seed
    if size is not None:
        changes["size"] = size
    wanted = replace(wanted, **changes)
    if wanted.count is None and wanted.per_class is None:
        wanted = replace(wanted, count=len(source.items))
    return wanted


# One picture -------------------------------------------------------------------------------------


class Augmenter:
    """Makes the new pictures of a recipe, any of them, in any order.

    Args:
        source: the data set.
        recipe: what to do.
        engines: that networks come from.

    Raises:
        UnknownName: the recipe names a style that there is not.
    """

    def __init__(self, source: Source, recipe: Recipe, engines: Engines) -> None:
        if recipe.style.probability:
            styling.check_styles(recipe.style)
        self.source = source
        self.recipe = recipe
        self.failures: dict[str, Failure] = {}
        self._engines = engines
        self._groups = _groups(source) if recipe.per_class else {"": source.items}
        self._of_label = _groups(source)
        self._orders: dict[tuple[str, int], list[int]] = {}
        self._folders = folder_names(source.labels)
        self._maker: Maker | None = None

    def prepare(self, progress: Progress | None = None) -> None:
        """What has to be done once, such as fine-tuning. Raises as `augment` does."""
        if self._maker is None and self.recipe.generative.probability:
            self._maker = Maker(self.source, self.recipe, self._engines, progress)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, one sentence each."""
        made = () if self._maker is None else self._maker.notes
        return (*self.source.notes, *made)

    def picture(self, number: int) -> New:
        """The new picture of a number, from 0. Raises as `augment` does."""
        self.prepare()
        settings = self.recipe
        for attempt in range(ATTEMPTS):
            # All is drawn anew: the partner in a mix may be what cannot be read.
            draws = Draws(settings.seed, number, f"attempt {attempt}/" if attempt else "")
            parent = self._parent(number, attempt, draws)
            try:
                if draws.chance("generated", settings.generative.probability):
                    return self._generated(number, parent, draws)
                return self._changed(number, parent, draws)
            except Unusable as error:
                self.failures[error.name] = Failure(error.name, str(error))
        last = list(self.failures.values())[-1]
        raise UnreadablePicture(
            f"The pictures cannot be used; the last one is {last.name!r}: {last.reason}",
            "Give other ones.",
        )

    def _changed(self, number: int, parent: Item, draws: Draws) -> New:
        settings = self.recipe
        size = None if settings.size is None else (settings.size, settings.size)
        sample = self._dressed(parent, draws, size)
        parents = [parent.name]
        kind = mixing.kind_of(settings.mixing, draws)
        if kind is not None:
            items = [item for item in self.source.items if item is not parent]
            partner = items[draws.choice("partner", len(items))]
            height, width = sample.pixels.shape[:2]
            other = self._dressed(partner, draws.of("partner"), (width, height))
            sample = mixing.mix(kind, sample, other, settings.mixing, draws)
            parents.append(partner.name)
        return self._new(number, sample, parents)

    def _dressed(self, item: Item, draws: Draws, size: tuple[int, int] | None) -> Sample:
        """After classic transforms and style."""
        sample = self._opened(item)
        sample = classic.apply(sample, self.recipe.classic, draws, size)
        return styling.apply(sample, self.recipe.style, draws, self._engines)

    def _generated(self, number: int, parent: Item, draws: Draws) -> New:
        assert self._maker is not None
        sample, parents = self._maker.make(parent, self._of_label[parent.label], draws)
        return self._new(number, sample, parents)

    def _new(self, number: int, sample: Sample, parents: Sequence[str]) -> New:
        label = next(iter(sample.shares))
        names = [step.name for step in sample.steps]
        kind = next(
            (kind for kind in ("generated", "mixup", "cutmix", "style") if kind in names),
            "classic" if names else "copy",
        )
        folder = self._folders[label]
        name = f"{folder}/new-{number:06d}" if folder else f"new-{number:06d}"
        return New(
            number,
            name,
            label,
            sample.shares,
            kind,
            tuple(parents),
            sample.pixels,
            sample.boxes,
            sample.mask,
            sample.steps,
        )

    def _opened(self, item: Item) -> Sample:
        pixels, mask = self.source.pixels(item), self.source.mask(item)
        return Sample(pixels, {item.label: 1.0}, item.boxes, mask)

    def _parent(self, number: int, attempt: int, draws: Draws) -> Item:
        """Each picture of the source in turn, in an order that changes from turn to turn; of each
        class in turn, where each gets its own number."""
        groups = list(self._groups)
        name = groups[number % len(groups)]
        items = self._groups[name]
        if attempt:
            return items[draws.choice("parent", len(items))]
        turn, place = divmod(number // len(groups), len(items))
        key = (name, turn)
        if key not in self._orders:
            self._orders[key] = shuffled(self.recipe.seed, f"{name}/{turn}", len(items))
        return items[self._orders[key][place]]


def _groups(source: Source) -> dict[str, tuple[Item, ...]]:
    """Items by class."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in source.items:
        groups[item.label].append(item)
    return {label: tuple(groups[label]) for label in source.labels}


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """A folder for each class: no signs that a system refuses, none that lead elsewhere."""
    folders: dict[str, str] = {}
    taken: set[str] = set()
    for label in labels:
        parts = [re.sub(r"[^\w +-]|^ +| +$", "_", part) for part in label.split("/")]
        plain = "/".join(part for part in parts if part)
        name, again = plain, 1
        while name.lower() in taken:
            again += 1
            name = f"{plain}-{again}"
        taken.add(name.lower())
        folders[label] = name
    return folders


# Many pictures -----------------------------------------------------------------------------------


class _Run:
    """One call: its pictures, one after the other, and what is to be said of them."""

    def __init__(
        self,
        source: Source,
        recipe: Recipe,
        total: int,
        engines: Engines,
        *,
        compare: bool,
        progress: Progress | None,
    ) -> None:
        self._augmenter = Augmenter(source, recipe, engines)
        self._total = total
        self._engines = engines
        self._compare = compare
        self._progress = progress
        self._copies: Copies | None = None
        self._started = time.perf_counter()
        self._timings: dict[str, float] = {}

    def pictures(self) -> Iterator[New]:
        """All of them; each is let go when the next one is asked for."""
        self._augmenter.prepare(self._progress)
        self._lap("prepare")
        if self._compare:
            augmenter = self._augmenter
            settings = augmenter.recipe.classic
            self._copies = Copies(
                augmenter.source,
                self._engines,
                augmenter.failures,
                self._progress,
                mirrored=settings.probability > 0 and settings.flip > 0,
            )
            self._lap("compare")
        clock = Clock(self._total, self._progress)
        for number in range(self._total):
            new = self._augmenter.picture(number)
            if self._copies is not None:
                nearest, similarity = self._copies.nearest(new.pixels)
                new = replace(new, nearest=nearest, similarity=similarity)
            clock.advance(1, "Making pictures")
            yield new
        self._lap("make")

    def result(self, pictures: tuple[New, ...], rows: Sequence[Mapping[str, Any]]) -> Augmented:
        augmenter = self._augmenter
        warnings = warnings_of(augmenter.source, augmenter.recipe, self._copies, rows)
        return Augmented(
            augmenter.source,
            augmenter.recipe,
            pictures,
            tuple(rows),
            tuple(augmenter.failures.values()),
            warnings,
            augmenter.notes,
            self._timings,
        )

    def _lap(self, name: str) -> None:
        now = time.perf_counter()
        self._timings[name] = round((now - self._started) * 1000, 1)
        self._started = now


def row_of(new: New, recipe: Recipe) -> dict[str, Any]:
    """A picture's line in the manifest."""
    height, width = new.pixels.shape[:2]
    return {
        "file": f"{new.name}.{recipe.format}",
        "label": new.label,
        "shares": dict(new.shares),
        "kind": new.kind,
        "parents": list(new.parents),
        "transforms": new.transforms,
        "seed": recipe.seed,
        "number": new.number,
        "width": width,
        "height": height,
        "generated": new.kind == "generated",
        "nearest": new.nearest,
        "similarity": new.similarity,
    }


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """For a CSV."""
    shares = "; ".join(f"{label} {share:g}" for label, share in row["shares"].items())
    return {**row, "shares": shares, "parents": "; ".join(row["parents"])}


def _add_picture(archive: zipfile.ZipFile, new: New, file: str, recipe: Recipe) -> int:
    """Returns how many bytes it takes."""
    data = images.encode(new.photo(), recipe.format, quality=recipe.quality)
    add(archive, file, data)
    if new.mask is None:
        return len(data)
    # Lossless: its colours are names of classes.
    mask = images.encode(Photo(new.mask, grey=True), "png", keep_grey=True)
    add(archive, f"{new.name}.mask.png", mask)
    return len(data) + len(mask)


def _manifest(result: Augmented) -> dict[str, Any]:
    """All that is known, without times: the same settings give the same bytes."""
    report = result.report()
    kept = ("count", "classes", "kinds", "warnings", "notes", "failures", "recipe")
    facts = {name: report[name] for name in kept}
    return {**facts, "pictures": list(result.rows)}


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()


class Coco:
    """Boxes as a COCO file has them."""

    def __init__(self) -> None:
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        self._kinds: dict[str, int] = {}

    def add(self, file: str, new: New) -> None:
        """Adds the boxes of a picture."""
        height, width = new.pixels.shape[:2]
        self._images.append({"id": new.number, "file_name": file, "width": width, "height": height})
        for box in new.boxes:
            kind = self._kinds.setdefault(box.label, len(self._kinds) + 1)
            sides = [box.right - box.left, box.bottom - box.top]
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": new.number,
                    "category_id": kind,
                    "bbox": [round(value, 2) for value in (box.left, box.top, *sides)],
                    "area": round(sides[0] * sides[1], 2),
                    "iscrowd": 0,
                }
            )

    def table(self) -> dict[str, Any]:
        kinds = [{"id": number, "name": name} for name, number in self._kinds.items()]
        return {"images": self._images, "annotations": self._annotations, "categories": kinds}


def contact_sheet(pictures: Sequence[New], side: int = 160, columns: int = 6) -> Photo:
    """New pictures side by side, row by row, on white.

    Args:
        pictures: one or more.
        side: each fits into a square of this side, px.
        columns: how many in a row.
    """
    gap = 4
    across = min(columns, len(pictures))
    down = -(-len(pictures) // across)
    step = side + gap
    canvas = np.full((down * step - gap, across * step - gap, 3), 255, np.uint8)
    for number, new in enumerate(pictures):
        height, width = new.pixels.shape[:2]
        scale = side / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        small = cv2.resize(new.pixels, size, interpolation=way)
        top = number // across * step + (side - size[1]) // 2
        left = number % across * step + (side - size[0]) // 2
        canvas[top : top + size[1], left : left + size[0]] = small
    photo = Photo(canvas, name="contact-sheet")
    has_generated = any(new.kind == "generated" for new in pictures)
    return generative.marked(photo) if has_generated else photo
