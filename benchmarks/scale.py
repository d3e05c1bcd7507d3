"""How steady and how true are the millimetres?

    python benchmarks/scale.py --out /tmp/scale

Steadiness: 30 faces, each turned in the plane, turned in space (its own mesh, re-rendered: see
turned.py), shrunk and enlarged, with noise, as JPEG; coefficients of variation of what is measured.
Frames: the width at which a frame is drawn against the pinhole projection of its millimetres.
Cards: drawn into photos at a known size (see carded.py), looked for, and measured by.
Children: pupillary distances of faces by the age they are rated at, against the norms of that age.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from carded import held
from numpy.typing import NDArray
from turned import turned

from genapp import images
from genapp.errors import NoFace
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.tryon import Analysis, analyse, frame_names, load_frame
from genapp.tryon.card import find_card, scale_by_card
from genapp.tryon.fit import place, wear
from genapp.tryon.pose import Head
from genapp.tryon.scale import IRIS, PUPILS, growth, iris_diameter
from genapp.tryon.shape import find_shape
from genapp.tryon.solid import Part

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
EXAMPLES = Path(__file__).resolve().parents[1] / "genapp" / "ui" / "examples"
Pixels = NDArray[np.uint8]
MOST_YAW = 15.0
"""Faces that are turned farther already are not turned by 25° more."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, default=DATA / "faces")
    parser.add_argument("--attributes", type=Path, default=DATA / "omi-attributes.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", choices=("steady", "frames", "cards", "children"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with Engines() as engines:
        if options.only in (None, "steady"):
            steady(_portraits(options.faces), engines)
        if options.only in (None, "frames"):
            frames(_portraits(options.faces), engines)
        if options.only in (None, "cards"):
            cards(_portraits(options.faces), engines, options.out)
        if options.only in (None, "children"):
            children(options.faces, options.attributes, engines)


def _portraits(folder: Path) -> list[Path]:
    """30 pictures: the demo's, half-body portraits, aligned faces."""
    paths = sorted(EXAMPLES.glob("*.jpg"))
    paths += sorted(folder.glob("faker-*.jpg"))[::13][:15] + sorted(folder.glob("omi-*"))[::91][:11]
    return paths


def _analysed(pixels: Pixels, engines: Engines) -> Analysis | None:
    try:
        return analyse(Photo(pixels), engines)
    except NoFace:
        return None


# Steadiness ------------------------------------------------------------------------------------


def steady(paths: list[Path], engines: Engines) -> None:
    """Print the coefficients of variation, in percent, of 30 faces."""
    spreads: dict[str, list[NDArray[np.floating]]] = {}
    agreement, lost, pictures = [], 0, 0
    for path in paths:
        pixels = np.asarray(images.read(path).pixels, np.uint8)
        first = _analysed(pixels, engines)
        if first is None:
            raise SystemExit(f"no face in {path}")
        everything = [_measures(first)]
        families: dict[str, list[NDArray[np.floating]]] = {}
        for family, changed in _changes(pixels, first.faces[0].head):
            pictures += 1
            found = _analysed(changed, engines)
            if found is None:
                lost += 1
                continue
            families.setdefault(family, [everything[0]]).append(_measures(found))
            everything.append(families[family][-1])
            agreement.append(_shape(found) == _shape(first))
        for family, rows in [*families.items(), ("all", everything)]:
            values = np.array(rows)
            spreads.setdefault(family, []).append(100 * values.std(0) / values.mean(0))
    print("coefficient of variation of one face, %: median (worst) of the faces")
    print(f"{'':8s}{'PD':>14s}{'iris alone':>14s}{'face width':>14s}{'bridge':>14s}")
    for family, rows in spreads.items():
        table = np.array(rows)
        cells = [f"{np.median(c):.2f} ({c.max():.2f})" for c in table.T]
        print(f"{family:8s}" + "".join(f"{cell:>14s}" for cell in cells))
    print(f"faces {len(paths)}, pictures {pictures}, face lost in {lost}")
    print(f"same shape of face as in the untouched photo {np.mean(agreement):.1%}")


def _measures(analysis: Analysis) -> NDArray[np.floating]:
    """PD, PD by the irises alone, face width, bridge width in mm."""
    face = analysis.faces[0]
    measures = face.head.millimetres
    pupils = measures.pupils.value
    by_iris = pupils * measures.pixels_per_mm / iris_diameter(face.mesh) * IRIS
    return np.array([pupils, by_iris, measures.face_width.value, measures.bridge.value])


def _shape(analysis: Analysis) -> str:
    return find_shape(analysis.faces[0].head).name


def _changes(pixels: Pixels, head: Head) -> Iterator[tuple[str, Pixels]]:
    height, width = pixels.shape[:2]
    for angle in (-25, -12, 12, 25):
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
        rolled = cv2.warpAffine(
            pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        yield "roll", np.asarray(rolled, np.uint8)
    for angle in (-25, -12, 12, 25):
        if abs(head.angles[0]) <= MOST_YAW:
            yield "yaw", turned(pixels, head, angle, 0)
    for angle in (-15, 15):
        yield "pitch", turned(pixels, head, 0, angle)
    for zoom in (0.5, 0.71, 1.41, 2):
        method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        zoomed = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=method)
        yield "scale", np.asarray(zoomed, np.uint8)
    random = np.random.default_rng(0)
    for level in (5, 10, 20):
        noisy = pixels + random.normal(0, level, pixels.shape)
        yield "noise", np.clip(noisy, 0, 255).astype(np.uint8)
    for quality in (80, 50, 30):
        packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        yield "jpeg", np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


# Frames ----------------------------------------------------------------------------------------


def frames(paths: list[Path], engines: Engines) -> None:
    """Print how wide frames are drawn, over what their millimetres say."""
    ratios, names = [], frame_names()
    for number, path in enumerate(paths):
        head = analyse(images.read(path), engines).faces[0].head
        for step in range(4):
            frame = load_frame(names[(4 * number + step) % len(names)])
            worn, _ = wear(frame, head)
            front = worn.vertices[worn.part == Part.RIM]
            drawn = head.view.project(front)
            placement = place(frame, head)
            # The axis of the frame in the photo, and the depth of its ends.
            ends = np.array([[-frame.width / 2, 0, 0], [frame.width / 2, 0, 0]], np.float32)
            widest = placement.to_frame((front @ head.rotation).astype(np.float32))
            for end, index in ((0, widest[:, 0].argmin()), (1, widest[:, 0].argmax())):
                ends[end, 1:] = widest[index, 1:]
            camera = head.to_camera(placement.to_head(ends))
            # Pinhole by hand: focal length in px over depth in mm.
            focal = head.view.scale * head.view.distance
            by_hand = camera[:, :2] * focal / (head.view.distance + camera[:, 2:])
            axis = by_hand[1] - by_hand[0]
            expected = float(np.linalg.norm(axis))
            ratios.append(float(np.ptp(drawn @ (axis / expected))) / expected)
    off = 100 * np.abs(np.array(ratios) - 1)
    print(f"drawn width of {len(ratios)} frames against their millimetres:")
    print(f"  off by {np.median(off):.2f} % (median), {off.max():.2f} % (worst)")


# Cards -----------------------------------------------------------------------------------------


def cards(paths: list[Path], engines: Engines, out: Path) -> None:
    """Print how true the scale is that cards give, and write pictures of what was found."""
    errors, stated, eyes, tiles = [], [], [], []
    missed = lost = wrong = 0
    for number, path in enumerate(path for path in paths if not path.name.startswith("omi")):
        pixels = np.asarray(images.read(path).pixels, np.uint8)
        head = analyse(Photo(pixels), engines).faces[0].head
        for at_forehead in (True, False):
            seed = 2 * number + at_forehead
            random = np.random.default_rng(seed)
            size, gap = random.uniform(0.9, 1.1), random.normal(0, 8)
            photo = held(pixels, head, seed, at_forehead=at_forehead, size=size, gap=gap)
            found = _analysed(photo.pixels, engines)
            if found is None:
                lost += 1
                continue
            seen = found.faces[0].head
            eyes.append(seen.millimetres.pixels_per_mm / photo.pixels_per_mm - 1)
            card = find_card(photo.pixels, seen)
            tiles.append(_tile(photo.pixels, None if card is None else card.corners))
            if card is None:
                missed += 1
                continue
            scale = scale_by_card(card, seen, focal_known=False)
            errors.append(scale.pixels_per_mm / photo.pixels_per_mm - 1)
            stated.append(scale.relative_error)
            wrong += abs(errors[-1]) > 0.06
    off, by_eyes = 100 * np.abs(errors), 100 * np.abs(eyes)
    print(f"cards: found {len(errors)}, missed {missed}, no face {lost}, wrong (> 6 %) {wrong}")
    print(
        f"  scale off by {np.median(off):.2f} % (median), {np.percentile(off, 90):.2f} % "
        f"(90th percentile), {off.max():.2f} % (worst); stated {100 * np.median(stated):.1f} %"
    )
    print(f"  by the eyes it would be off by {np.median(by_eyes):.2f} % (median)")
    print(f"  within two stated errors {np.mean(np.abs(errors) < 2 * np.array(stated)):.0%}")
    for page in range(0, len(tiles), 12):
        rows = [*tiles[page : page + 12], *[np.zeros_like(tiles[0])] * 12][:12]
        sheet = np.vstack([np.hstack(rows[row : row + 4]) for row in (0, 4, 8)])
        images.write(Photo(sheet), out / f"cards-{page // 12}.png")


def _tile(pixels: Pixels, corners: NDArray[np.floating] | None) -> Pixels:
    view = pixels.copy()
    if corners is not None:
        outline = np.round(corners * 16).astype(np.int32)
        cv2.polylines(view, [outline], True, (255, 0, 0), 1, cv2.LINE_AA, 4)
    side = min(view.shape[:2])
    return np.asarray(cv2.resize(view[:side, :side], (448, 448)), np.uint8)


# Children --------------------------------------------------------------------------------------


def children(folder: Path, attributes: Path, engines: Engines) -> None:
    """Print pupillary distances by the age that faces look."""
    with attributes.open() as file:
        ages = {int(row["stimulus"]): float(row["age"]) for row in csv.DictReader(file)}
    rows: list[tuple[Any, ...]] = []
    for path in sorted(folder.glob("omi-*.jpg")):
        age = ages[int(path.stem[4:])]
        if age >= 18 and len(rows) % 4:
            rows.append((age, np.nan, np.nan, np.nan))
            continue
        found = _analysed(np.asarray(images.read(path).pixels, np.uint8), engines)
        if found is not None:
            face = found.faces[0]
            pupils, by_iris = _measures(found)[:2]
            adult = PUPILS**0.56 * by_iris**0.44
            rows.append((age, pupils, adult, growth(face.mesh, face.head.rotation)))
    table = np.array([row for row in rows if np.isfinite(row[1])])
    print("rated age   faces   norm     PD   by the adult prior alone   growth")
    for low, high in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 18), (18, 100)):
        some = table[(table[:, 0] >= low) & (table[:, 0] < high)]
        years = np.minimum(some[:, 0], 18)
        # MacLachlan & Howland 2002, mean of girls and boys.
        norm = (42.56 + 1.777 * years - 0.043 * years**2).mean()
        pupils, adult, grown = some[:, 1:].mean(0)
        print(
            f"{low:4d} … {high:3d}  {len(some):5d}  {norm:5.1f}  {pupils:5.1f}  {adult:10.1f}"
            f"  {grown:20.3f} ± {some[:, 3].std():.3f}"
        )


if __name__ == "__main__":
    main()
