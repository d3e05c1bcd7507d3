"""What the Augment tab makes and shows: a visitor's pictures, contact sheets, words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
from gradio.utils import get_upload_folder
from numpy.typing import NDArray

from genapp.augmenting import (
    CLASSIFIERS,
    Augmented,
    Item,
    New,
    Probe,
    Recipe,
    Source,
    open_source,
    preview,
)
from genapp.errors import BadValue
from genapp.registry.engines import Engines
from genapp.upscaling import Progress

Pixels = NDArray[np.uint8]

SHOWN = 12
"""New pictures on a contact sheet."""
LONGEST = 384
"""Longer side of the pictures that a contact sheet is made of, px: it follows the sliders."""
THUMBNAIL = 256
"""Longer side on the sheet, px."""
MOST_NEW = 2000
"""New pictures on the page; the command line has no such limit."""
MOST_LISTED = 12
"""Classes that are named."""
TABLES = (".csv", ".json")
"""Files with classes, and with boxes."""


@dataclass(frozen=True, eq=False)
class Given:
    """A visitor's pictures."""

    uploads: tuple[str, ...]
    counts: Mapping[str, int]
    """Pictures of each class."""
    small: Source
    """The same with small pictures, for contact sheets."""
    notes: tuple[str, ...]

    def total(self, recipe: Recipe) -> int:
        """New pictures that a recipe makes of these."""
        return recipe.total(sum(self.counts.values()), len(self.counts))


def receive(uploads: Sequence[str]) -> Given:
    """Looks at what was sent. Raises as `open_source` does."""
    source = open_uploads(uploads)
    items = tuple(Item(item.name, item.label, partial(_small, item)) for item in source.items)
    return Given(tuple(uploads), source.counts, Source(items), source.notes)


def open_uploads(uploads: Sequence[str]) -> Source:
    """The data set in uploads: a ZIP, or pictures with a table (CSV) or boxes (JSON) among them.

    Raises:
        BadValue, UnreadablePicture: as `open_source` does.
    """
    tables = {kind: [one for one in uploads if one.lower().endswith(kind)] for kind in TABLES}
    pictures = [one for one in uploads if not one.lower().endswith(TABLES)]
    for kind, found in tables.items():
        if len(found) > 1:
            raise BadValue(f"There are {len(found)} {kind[1:]} files.", "Send one of them.")
    if not pictures:
        raise BadValue("There are no pictures.", "Send a ZIP with a folder for each class.")
    classes, boxes = (Path(found[0]) if found else None for found in tables.values())
    alone = len(pictures) == 1 and pictures[0].lower().endswith(".zip")
    return open_source(pictures[0] if alone else pictures, classes=classes, boxes=boxes)


def check_total(total: int) -> None:
    """Raises `BadValue` for more new pictures than the page makes."""
    if total > MOST_NEW:
        raise BadValue(
            f"That would be {total} new pictures.",
            f"The page makes up to {MOST_NEW}; `python -m genapp augment` makes any number.",
        )


def contact_sheet(
    given: Given, recipe: Recipe, engines: Engines, progress: Progress | None = None
) -> tuple[list[tuple[str, str]], Augmented]:
    """The first new pictures as files with captions. Raises as `preview` does."""
    result = preview(given.small, recipe, SHOWN, progress=progress, engines=engines)
    folder = Path(get_upload_folder()) / uuid4().hex
    folder.mkdir(parents=True)
    shown = []
    for new in result.pictures:
        path = folder / f"{new.number:02d}.jpg"
        cv2.imwrite(str(path), _fitted(new.pixels, THUMBNAIL)[..., ::-1])
        shown.append((str(path), caption(new)))
    return shown, result


# Words -----------------------------------------------------------------------------------------


def caption(new: New) -> str:
    """Class and kind of a new picture."""
    label = " + ".join(f"{name} {share:.0%}" for name, share in new.shares.items() if name)
    if len(new.shares) == 1:
        label = new.label
    return f"{label}: {new.kind}" if label else new.kind


def about(given: Given) -> str:
    """What was sent, for people."""
    counts = given.counts
    total = sum(counts.values())
    lines = [f"**{total} pictures**, without classes."]
    if set(counts) != {""}:
        named = [f"{label or '(none)'} {count}" for label, count in counts.items()]
        rest = f" and {len(named) - MOST_LISTED} more" if len(named) > MOST_LISTED else ""
        kinds = "1 class" if len(named) == 1 else f"{len(named)} classes"
        lines = [f"**{total} pictures, {kinds}**: {', '.join(named[:MOST_LISTED])}{rest}."]
    return "  \n".join([*lines, *given.notes])


def about_sheet(given: Given, recipe: Recipe, result: Augmented) -> str:
    """What the contact sheet shows, and what may be wrong with it."""
    total = given.total(recipe)
    shown = len(result.pictures)
    lines = [f"The first {shown} of **{total} new pictures**, from small copies of yours."]
    lines += [note for note in result.notes if note not in given.notes]
    lines += [f"⚠ {warning}" for warning in result.warnings]
    lines += [f"{failure.name} is left out: {failure.reason}" for failure in result.failures[:3]]
    return "  \n".join(lines)


def about_zip(result: Augmented, size: int) -> str:
    """What is in the ZIP, for people."""
    report = result.report()
    kinds = ", ".join(f"{count} {kind}" for kind, count in report["kinds"].items())
    lines = [f"**{report['count']} new pictures** ({kinds}), {size / 1e6:.1f} MB, with manifest."]
    lines += [f"⚠ {warning}" for warning in result.warnings]
    lines += result.notes
    if result.failures:
        names = ", ".join(failure.name for failure in result.failures[:5])
        lines.append(f"Could not be read: {names}{', …' * (len(result.failures) > 5)}.")
    return "  \n".join(lines)


def about_probe(result: Probe) -> str:
    """The verdict, with a table."""
    head, _, rest = result.verdict.partition(". ")
    lines = [
        f"**{head}.** {rest}",
        "",
        "| Told right | without | with | gain, points |",
        "|---|---|---|---|",
    ]
    for each in result.comparisons:
        gain = " … ".join(_points(value) for value in each.gain[1:])
        lines.append(
            f"| {CLASSIFIERS[each.classifier]} | {each.without.value:.1%} | "
            f"{each.with_new.value:.1%} | {_points(each.gain.value)} ({gain}) |"
        )
    rounds = f"{result.folds} folds"
    if len(result.seeds) > 1:
        rounds += f", {len(result.seeds)} deals"
    lines += [
        "",
        f"{result.pictures} pictures in {rounds}; {result.new} new ones in each, made of the "
        "training part alone. In brackets: 95 % interval.",
    ]
    changed = [one for one in result.classes if round(one.without, 3) != round(one.with_new, 3)]
    if changed:
        changed.sort(key=lambda one: one.without - one.with_new)
        most = [
            f"{one.label} {one.without:.0%} → {one.with_new:.0%}"
            for one in [*changed[:4], *changed[max(4, len(changed) - 3) :]]
        ]
        lines += ["", f"Classes that changed most: {', '.join(most)}."]
    lines += [line for warning in result.warnings for line in ("", f"⚠ {warning}")]
    lines += [line for note in result.notes for line in ("", note)]
    return "\n".join(lines)


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


# Pixels ----------------------------------------------------------------------------------------


def _small(item: Item) -> Pixels:
    return _fitted(item.load(), LONGEST)


def _fitted(pixels: Pixels, side: int) -> Pixels:
    """Shrunk so that the longer side is at most `side`."""
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = tuple(max(1, round(length * scale)) for length in pixels.shape[1::-1])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
