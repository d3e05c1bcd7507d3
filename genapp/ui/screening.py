"""What the Outliers tab shows of a result: thumbnails, captions, words, files."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
from gradio.utils import get_upload_folder
from numpy.typing import NDArray

from genapp.errors import BadValue
from genapp.registry.cores import usable_cores
from genapp.registry.engines import Engines
from genapp.screening import (
    SCORES,
    SHOWN,
    TUNED,
    Demonstration,
    Detector,
    Outliers,
    Screened,
    csv_text,
    fit_detector,
    heat_picture,
    load,
    outliers,
    to_bytes,
    zip_report,
)
from genapp.ui.files import save_result
from genapp.ui.jobs import duration
from genapp.upscaling import Progress

Pixels = NDArray[np.uint8]

SIDE = 320
"""Longer side of the thumbnails, px."""
IN_GALLERY = 200
"""Pictures that are shown; the table has all."""
MOST = 3000
"""Pictures at a time."""
NEIGHBOURS = 6
TUNING_SECONDS = 90
"""Of one core, for tuning to its end and 30 pictures to rank among."""
MOST_CORES = 4
"""More don't help such small networks."""


@dataclass(frozen=True, eq=False)
class Thumbnails:
    """Small pictures in a folder that Gradio serves, and deletes in time."""

    paths: list[Path]
    """In the order in which they were opened."""

    @staticmethod
    def empty() -> "Thumbnails":
        """None yet."""
        return Thumbnails([])

    def add(self, _name: str, pixels: Pixels) -> None:
        """Keep a picture."""
        if len(self.paths) >= MOST:
            raise BadValue(
                f"There are more than {MOST} pictures.",
                "Send fewer at a time, or use the command line.",
            )
        folder = self.paths[0].parent if self.paths else Path(get_upload_folder()) / uuid4().hex
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{len(self.paths)}.jpg"
        cv2.imwrite(str(path), shrunk(pixels)[..., ::-1])
        self.paths.append(path)


@dataclass(frozen=True, eq=False)
class Reference:
    """What belongs, fitted once for a visitor's files."""

    asked: tuple[str, ...]
    """Paths of the uploads, the scores, and whether it was tuned."""
    detector: Detector
    thumbnails: dict[str, Path]
    """By name; empty for a detector from a file."""
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Found:
    """A result, with the pictures to show it on."""

    result: Outliers
    thumbnails: dict[int, Path]
    """By the picture's place in `result.images`."""
    of_reference: dict[str, Path]


def find_reference(
    uploads: Sequence[str],
    scores: tuple[str, ...],
    tune: bool,
    last: Reference | None,
    engines: Engines,
    progress: Progress | None,
) -> Reference:
    """A detector of what is unlike these pictures, or the one that was uploaded.

    Raises:
        UserError: as `fit_detector` and `load` do.
    """
    asked = (*uploads, *scores, *(TUNED if tune else ()))
    if last is not None and last.asked == asked:
        return last
    if len(uploads) == 1 and uploads[0].lower().endswith(".npz"):
        stored = load(Path(uploads[0]))
        if tune and stored.tuned is None:
            raise BadValue(
                "A detector has no pictures to tune on.", "Send pictures, or don't tune."
            )
        return Reference(asked, stored, {}, ())
    kept, names = Thumbnails.empty(), []

    def shown(name: str, pixels: Pixels) -> None:
        names.append(name)
        kept.add(name, pixels)

    detector, notes = fit_detector(
        list(uploads),
        name="your reference",
        scores=scores,
        tune=tune,
        engines=engines,
        progress=progress,
        shown=shown,
    )
    return Reference(asked, detector, dict(zip(names, kept.paths, strict=True)), notes)


def find_outliers(
    uploads: Sequence[str],
    reference: Reference | None,
    scores: tuple[str, ...],
    false_alarm: float,
    engines: Engines,
    progress: Progress | None,
) -> Found:
    """Screen uploads; by the tuned scores, too, if the reference was tuned on. Raises as `outliers`
    does."""
    kept = Thumbnails.empty()
    if reference is not None and reference.detector.tuned is not None:
        scores = (*scores, *TUNED)
    result = outliers(
        list(uploads),
        reference=reference.detector if reference else None,
        score=scores[0],
        also=scores[1:],
        false_alarm=false_alarm,
        neighbours=NEIGHBOURS,
        engines=engines,
        progress=progress,
        shown=kept.add,
    )
    if reference:
        result = replace(result, notes=(*reference.notes, *result.notes))
    return Found(result, dict(enumerate(kept.paths)), reference.thumbnails if reference else {})


def tuning_time() -> str:
    """How long tuning is likely to take here, such as '40 s'."""
    return duration(TUNING_SECONDS / min(usable_cores(), MOST_CORES))


def places(found: Found) -> list[int]:
    """The pictures in the gallery, the strangest first, by their place in `images`."""
    images, score = found.result.images, found.result.score
    order = sorted(range(len(images)), key=lambda number: -images[number].scores[score])
    return order[:IN_GALLERY]


def gallery(found: Found) -> list[tuple[str, str]]:
    """Thumbnails and captions, the strangest first."""
    images = found.result.images
    return [
        (str(found.thumbnails[number]), caption(found.result, images[number]))
        for number in places(found)
    ]


def caption(result: Outliers, image: Screened) -> str:
    """`OUTLIER · p 0.001 · name`, the first only where it is one."""
    flag = "OUTLIER · " if result.is_outlier(image) else ""
    return f"{flag}p {image.p_values[result.score]:.2g} · {Path(image.name).name}"


def facts(result: Outliers) -> str:
    """What was found, for people."""
    threshold, count = result.threshold, len(result.images)
    line = (
        f"**{len(result.found)} of {count} pictures are outliers** at a false-alarm rate of "
        f"{result.false_alarm:.1%}"
    )
    line += f": their score is above {threshold:.3g}." if math.isfinite(threshold) else "."
    lines = [
        line,
        f"p-value: the share of {result.held_out} held-out pictures of “{result.detector.name}” "
        f"that are at least as strange, the picture counted. It can't be below "
        f"1/({result.held_out} + 1) = {result.resolution:.2g}.",
        f"*{SCORES[result.score].title}*: {SCORES[result.score].about}",
        *(f"**{note}**" for note in result.notes),
    ]
    if count > IN_GALLERY:
        lines.append(f"The {IN_GALLERY} strangest are shown; the table has all.")
    if result.failures:
        listed = ", ".join(f"{one.name} ({one.reason})" for one in result.failures[:5])
        lines.append(f"{len(result.failures)} could not be read: {listed}")
    seconds = result.timings_ms["pictures"] / 1000
    lines.append(
        f"{seconds:.1f} s for {count} pictures, {1000 * seconds / max(count, 1):.0f} ms each."
    )
    return "  \n".join(lines)


def heat(found: Found, number: int) -> Path:
    """The picture with what is unlike the reference in red, as a file."""
    image = cv2.imread(str(found.thumbnails[number]), cv2.IMREAD_COLOR)
    if image is None:
        raise BadValue("The picture is gone.", "Send it again.")
    drawn = heat_picture(np.asarray(image[..., ::-1], np.uint8), found.result.images[number].heat)
    _, data = cv2.imencode(".png", drawn[..., ::-1])
    return save_result(data.tobytes(), "heat.png")


def neighbours(found: Found, number: int) -> list[tuple[str, str]]:
    """Thumbnails of the nearest pictures of the reference, where it was uploaded."""
    image = found.result.images[number]
    return [
        (str(found.of_reference[name]), f"{distance:.2f} · {Path(name).name}")
        for name, distance in image.neighbours
        if name in found.of_reference
    ]


def about(found: Found, number: int) -> str:
    """One picture in words: a table of its scores, and its neighbours."""
    result, image = found.result, found.result.images[number]
    rows = [
        f"| {SCORES[name].title} | {value:.3f} | {image.p_values[name]:.3g} |"
        for name, value in image.scores.items()
    ]
    lines = [f"**{image.name}**", "", "| score | value | p |", "|---|---|---|", *rows, ""]
    if not found.of_reference and image.neighbours:
        named = [f"{name or 'a face'} at {distance:.2f}" for name, distance in image.neighbours[:3]]
        lines.append(f"Nearest of “{result.detector.name}”: {', '.join(named)}.")
        if not image.neighbours[0][0]:
            lines.append("The faces behind the built-in reference are not part of genapp.")
    return "\n".join(lines)


def files(found: Found) -> tuple[Path, Path, Path]:
    """Table, ZIP and detector, for the downloads."""
    result = found.result
    at = {image.name: number for number, image in enumerate(result.images)}

    def pixels_of(image: Screened) -> Pixels | None:
        read = cv2.imread(str(found.thumbnails[at[image.name]]), cv2.IMREAD_COLOR)
        return None if read is None else np.asarray(read[..., ::-1], np.uint8)

    return (
        save_result(csv_text(result).encode(), "outliers.csv"),
        save_result(zip_report(result, pixels_of), "outliers.zip"),
        save_result(to_bytes(result.detector), "detector.npz"),
    )


def table_of(shown: Demonstration) -> str:
    """Each plain picture and each score: whether it is taken for a face, as a Markdown table."""
    names = [name for name in SHOWN if name in shown.result.images[0].scores]
    head = "| | " + " | ".join(SCORES[name].title for name in names) + " |"
    lines = [head, "|---" * (len(names) + 1) + "|"]
    lines.append(
        "| *a face (median)* | " + " | ".join(f"{shown.typical[name]:.2f}" for name in names) + " |"
    )
    for title, image in zip(shown.pictures, shown.result.images, strict=True):
        cells = []
        for name in names:
            verdict = (
                "outlier" if image.p_values[name] <= shown.result.false_alarm else "**normal**"
            )
            cells.append(f"{image.scores[name]:.2f}, p {image.p_values[name]:.2g}: {verdict}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict_of(shown: Demonstration) -> str:
    """What the table says, from its numbers."""
    plain = {
        title: image
        for title, image in zip(shown.pictures, shown.result.images, strict=True)
        if title != "noise"
    }
    fooled = {
        name: [title for title, image in plain.items() if image.scores[name] < shown.typical[name]]
        for name in SHOWN
    }
    raw = fooled["pixelcnn"]
    text = (
        f"**The raw likelihood calls {len(raw)} of {len(plain)} empty pictures likelier than a "
        f"typical face** ({', '.join(raw) or 'none'}): it counts bits, and an empty picture has "
        "few. "
    )
    mended = [
        f"{SCORES[name].title.lower()} {len(fooled[name])}"
        for name in SHOWN
        if name not in {"pixelcnn", "elbo"}
    ]
    return text + f"Of the same {len(plain)} are taken for more normal by: {', '.join(mended)}."


def report(result: Outliers) -> dict[str, object]:
    """What programs get: the same as `--json` prints."""
    answer: dict[str, object] = json.loads(json.dumps(result.report()))
    return answer


def shrunk(pixels: Pixels) -> Pixels:
    """At most `SIDE` px a side, H×W×3."""
    scale = SIDE / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
