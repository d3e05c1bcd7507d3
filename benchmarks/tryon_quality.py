"""Does the frame sit right? Every `faker-*` portrait and 100 `omi-*` faces, all frames in turn.

    python benchmarks/tryon_quality.py --out /tmp/tryon

Prints the share of pictures with a frame on the face, with both pupils inside their lenses, and
with the frame level to the eyes within 2°; writes contact sheets to look at. The pupils come from
the mesh network, so this measures the fit and the drawing, not the network.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from genapp import images
from genapp.errors import NoFace
from genapp.registry.engines import Engines
from genapp.tryon import TryOn, frame_names, try_on

FACES = Path(__file__).resolve().parents[2] / "shared" / "data" / "faces"
TILE = 384
COLUMNS = 6
ROWS = 5


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--faces", type=Path, default=FACES)
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()
    paths = sorted(options.faces.glob("faker-*.jpg"))
    paths += sorted(options.faces.glob("omi-*.jpg"))[:100]
    if not paths:
        raise SystemExit(f"no faces in {options.faces}")
    options.out.mkdir(parents=True, exist_ok=True)
    names = frame_names()
    tiles, rows = [], []
    with Engines() as engines:
        for number, path in enumerate(paths):
            try:
                worn = try_on(path, names[number % len(names)], engines=engines)
            except NoFace:
                print(f"{path.name}: no face")
                rows.append((False, False, np.inf, 0.0, 0.0))
                continue
            face = worn.faces[0]
            rows.append(
                (True, pupils_inside(worn), tilt(worn), face["pose"]["yaw"], face["pose"]["pitch"])
            )
            if not rows[-1][1] or rows[-1][2] > 2:
                print(f"{path.name}: pupils inside {rows[-1][1]}, tilt {rows[-1][2]:.1f}°")
            tiles.append(_tile(worn))
    for page, first in enumerate(range(0, len(tiles), COLUMNS * ROWS)):
        _sheet(tiles[first : first + COLUMNS * ROWS], options.out / f"sheet-{page}.jpg")
    found, inside, tilts, yaws, pitches = (np.array(column) for column in zip(*rows, strict=True))
    print(f"pictures                       {len(rows)}")
    print(f"frame on a face                {found.mean():.1%}")
    print(f"both pupils inside their lens  {inside.mean():.1%}")
    print(f"tilt within 2° of the eyes     {(tilts <= 2).mean():.1%} (worst {tilts.max():.2f}°)")
    print(f"yaw {yaws.min():.0f}…{yaws.max():.0f}°, pitch {pitches.min():.0f}…{pitches.max():.0f}°")


def pupils_inside(worn: TryOn) -> bool:
    """Whether each pupil lies inside the outline of the lens before it."""
    face = worn.faces[0]
    return all(
        cv2.pointPolygonTest(
            np.array(face["lenses"][side], np.float32), face["landmarks"][f"{side}_pupil"], False
        )
        > 0
        for side in ("left", "right")
    )


def tilt(worn: TryOn) -> float:
    """Angle in the picture between the eyes and the middles of the lenses, degrees."""
    face = worn.faces[0]
    eyes = np.subtract(face["landmarks"]["right_pupil"], face["landmarks"]["left_pupil"])
    lenses = np.mean(face["lenses"]["right"], 0) - np.mean(face["lenses"]["left"], 0)
    angles = [np.degrees(np.arctan2(line[1], line[0])) for line in (eyes, lenses)]
    return float(abs((angles[1] - angles[0] + 180) % 360 - 180))


def _tile(worn: TryOn) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    x, y, width, height = worn.faces[0]["box"]
    half = max(width, height) * 0.8
    zoom = TILE / 2 / half
    middle = (x + width / 2, y + height / 2)
    matrix = np.array(
        [[zoom, 0, TILE / 2 - middle[0] * zoom], [0, zoom, TILE / 2 - middle[1] * zoom]]
    )
    pixels = np.asarray(worn.photo.pixels, np.uint8)
    return np.asarray(cv2.warpAffine(pixels, matrix, (TILE, TILE), flags=cv2.INTER_CUBIC), np.uint8)


def _sheet(tiles: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], path: Path) -> None:
    blank = np.zeros((TILE, TILE, 3), np.uint8)
    padded = [*tiles, *[blank] * (-len(tiles) % COLUMNS)]
    rows = [np.hstack(padded[i : i + COLUMNS]) for i in range(0, len(padded), COLUMNS)]
    images.write(images.Photo(np.vstack(rows)), path)


if __name__ == "__main__":
    main()
