"""Results for people: a table, a histogram, heat maps, and all of it in one ZIP."""

import csv
import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, UserError
from genapp.files import write_atomic
from genapp.screening.likelihood import SCORES
from genapp.screening.pipeline import Outliers, Screened
from genapp.sources import Pictures, find_pictures

Pixels = NDArray[np.uint8]

BINS = 40
WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 12, 12, 26, 40
REFERENCE_COLOR, PICTURES_COLOR, LINE_COLOR = "#0f766e", "#ea580c", "#b91c1c"
MOST_HEAT = 0.75
"""Opacity of the heat where a cell is as unlike the reference as can be."""
SHEET_SIDE = 512
"""Longer side of the heat maps in the ZIP, px."""


def csv_text(result: Outliers) -> str:
    """A table with a row for each picture, the strangest first (RFC 4180)."""
    names = list(result.images[0].scores) if result.images else [result.score]
    out = io.StringIO()
    writer = csv.writer(out)
    header = ["file", "outlier", "score", "p_value"]
    header += [f"{kind}_{name}" for name in names[1:] for kind in ("score", "p_value")]
    writer.writerow([*header, "nearest", "nearest_distance"])
    for image in result.ranked:
        row = [_harmless(image.name), "yes" if result.is_outlier(image) else "no"]
        for name in (result.score, *(name for name in names if name != result.score)):
            row += [f"{image.scores[name]:.6g}", f"{image.p_values[name]:.6g}"]
        nearest = image.neighbours[0] if image.neighbours else ("", math.nan)
        row += [_harmless(nearest[0]), f"{nearest[1]:.4g}" if image.neighbours else ""]
        writer.writerow(row)
    return out.getvalue()


def _harmless(name: str) -> str:
    """Spreadsheets run what begins like a formula; a quote mark makes it a text (OWASP)."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name


def heat_picture(image: Pixels, heat: NDArray[np.float16]) -> Pixels:
    """The picture with what is unlike the reference in red.

    Args:
        image: H×W×3 RGB.
        heat: 14×14, 0..1, of `Screened`.

    Returns:
        H×W×3 RGB.
    """
    height, width = image.shape[:2]
    opacity = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    opacity = np.clip(opacity, 0, 1)[..., None]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    # Grey below, so that red means the same on every picture.
    pale = 0.35 * image + 0.65 * grey
    red = np.array([230, 30, 20], np.float32)
    mixed = pale + (red - pale) * (MOST_HEAT * opacity)
    return np.asarray(np.rint(np.clip(mixed, 0, 255)), np.uint8)


def histogram(result: Outliers) -> str:
    """Where the scores of reference and pictures lie, and the threshold, as an SVG.

    The reference's bars are of pictures held out; both kinds are shares of their number.
    """
    held_out = result.detector.calibration(result.score)
    values = np.array([image.scores[result.score] for image in result.images], np.float64)
    every = np.concatenate([held_out, values])
    low, high = float(every.min()), float(every.max())
    threshold = result.threshold
    if math.isfinite(threshold):
        low, high = min(low, threshold), max(high, threshold)
    margin = 0.03 * max(high - low, 1e-9)
    low, high = low - margin, high + margin
    bins = np.linspace(low, high, BINS + 1)
    floor, step = HEIGHT - BOTTOM, (WIDTH - LEFT - RIGHT) / BINS
    shares = [np.histogram(part, bins)[0] / max(len(part), 1) for part in (held_out, values)]
    scale = (floor - TOP) / max(float(np.max(shares)), 1e-9)

    def x_of(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12" fill="currentColor">',
        f"<title>{escape(_in_words(result))}</title>",
    ]
    for share, color in zip(shares, (REFERENCE_COLOR, PICTURES_COLOR), strict=True):
        for number, part in enumerate(share):
            if part:
                tall = max(part * scale, 1)
                parts.append(
                    f'<rect x="{LEFT + number * step:.1f}" y="{floor - tall:.1f}" '
                    f'width="{step - 1:.1f}" height="{tall:.1f}" fill="{color}" '
                    'fill-opacity="0.6"/>'
                )
    parts.append(
        f'<path d="M{LEFT} {floor}H{WIDTH - RIGHT}" stroke="currentColor" stroke-opacity="0.5"/>'
    )
    if math.isfinite(threshold):
        x = x_of(threshold)
        anchor = "end" if x > WIDTH * 0.6 else "start"
        shift = -5 if anchor == "end" else 5
        parts.append(
            f'<path d="M{x:.1f} {TOP - 8}V{floor}" stroke="{LINE_COLOR}" stroke-width="2" '
            f'stroke-dasharray="5 3"/><text x="{x + shift:.1f}" y="{TOP - 8}" '
            f'text-anchor="{anchor}" fill="{LINE_COLOR}">threshold {threshold:.3g}</text>'
        )
    unit = "distance" if result.score == "features" else "bits a byte"
    for value in np.linspace(low + margin, high - margin, 5):
        parts.append(
            f'<text x="{x_of(float(value)):.1f}" y="{floor + 14}" text-anchor="middle">'
            f"{value:.3g}</text>"
        )
    legend = (
        (REFERENCE_COLOR, f"{len(held_out)} held-out pictures of the reference"),
        (PICTURES_COLOR, f"{len(values)} pictures of yours"),
    )
    x = LEFT
    for color, text in legend:
        parts.append(
            f'<rect x="{x}" y="{HEIGHT - 15}" width="10" height="10" fill="{color}" '
            f'fill-opacity="0.7"/><text x="{x + 15}" y="{HEIGHT - 6}">{escape(text)}</text>'
        )
        x += 270
    parts.append(
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{unit} →</text></svg>'
    )
    return "".join(parts)


def _in_words(result: Outliers) -> str:
    return (
        f"{SCORES[result.score].title}: {len(result.found)} of {len(result.images)} pictures are "
        f"beyond the threshold at a false-alarm rate of {result.false_alarm:g}"
    )


def zip_report(result: Outliers, pixels_of: Callable[[Screened], Pixels | None]) -> bytes:
    """A ZIP with table, report, histogram, the heat map of each outlier and the detector's name.

    Args:
        result: what was found.
        pixels_of: gives a picture as H×W×3 RGB, or None if it is gone.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("outliers.csv", csv_text(result))
        archive.writestr("outliers.json", json.dumps(result.report(), ensure_ascii=False, indent=1))
        if result.images:
            archive.writestr("histogram.svg", histogram(result))
        for number, image in enumerate(result.found, 1):
            pixels = pixels_of(image)
            if pixels is not None:
                drawn = heat_picture(_shrunk(pixels), image.heat)
                _, data = cv2.imencode(".jpg", drawn[..., ::-1])
                stem = Path(image.name.replace("/", "-")).stem
                archive.writestr(f"heat/{number:04d}-{stem}.jpg", data.tobytes())
    return out.getvalue()


def write_report(result: Outliers, pictures: Pictures, path: Path) -> None:
    """Write a `.csv`, `.json`, `.svg` (the histogram) or `.zip` (all of them and heat maps).

    Args:
        result: what was found.
        pictures: what was screened, to draw heat maps on.
        path: where to; its ending says what.

    Raises:
        BadValue: another ending, or a place that cannot be written to.
    """
    check_report(path)
    ending = path.suffix.lower()
    if ending == ".zip":
        loaders = {given.name: given.load for given in find_pictures(pictures)}

        def pixels_of(image: Screened) -> Pixels | None:
            try:
                return loaders[image.name]()
            except UserError:
                return None

        data = zip_report(result, pixels_of)
    elif ending == ".csv":
        data = csv_text(result).encode()
    elif ending == ".svg":
        data = histogram(result).encode()
    else:
        data = json.dumps(result.report(), ensure_ascii=False, indent=1).encode()
    try:
        write_atomic(path, data)
    except OSError as error:
        raise BadValue(
            f"{str(path)!r} cannot be written: {error.strerror}.", "Choose another place."
        ) from error


def check_report(path: Path) -> None:
    """Whether `write_report` has a chance. Raises `BadValue`."""
    if path.suffix.lower() not in {".csv", ".json", ".svg", ".zip"}:
        raise BadValue(
            f"{path.name!r} has no ending that says what to write.",
            "End it in .csv, .json, .svg or .zip.",
        )
    if not path.parent.is_dir():
        raise BadValue(f"The folder {str(path.parent)!r} does not exist.", "Create it first.")


def _shrunk(image: Pixels) -> Pixels:
    scale = SHEET_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
