"""Sheets to look at: many faces, extreme poses, and what is hard for a try-on.

    python benchmarks/contact_sheets.py --out DIR [--only faces|poses|turned|hard]

faces-N.png   12 faces × 16 frames, four faces a sheet
poses.png     the most turned faces there are: yaw −45…47°, pitch −28…26°
turned.png    yaw −60…60°, pitch ±30° of one face by rendering its mesh anew with the photo as
              texture (marked "re-rendered": ears and hair are smeared, that is not the try-on),
              and roll ±45° by turning the photo
hard-X.png    dark skin, children, beards, fringes, headscarves, glasses worn, hands

The faces were chosen by eye from ../shared/data/faces; all are synthetic. Nothing is measured:
what is wrong must be seen.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from genapp import images
from genapp.errors import NoFace
from genapp.registry.engines import Engines
from genapp.tryon import Analysis, analyse, dress, frame_names, load_frame
from genapp.tryon.head import head_surface

Bytes = npt.NDArray[np.uint8]

FACES = Path(__file__).resolve().parents[2] / "shared" / "data" / "faces"
TILE = 300
TWELVE = [
    "faker-female-000",
    "faker-female-004",
    "faker-female-009",
    "faker-female-016",
    "faker-female-048",
    "faker-female-052",
    "faker-male-007",
    "faker-male-010",
    "faker-male-032",
    "faker-male-047",
    "omi-0336",
    "fakefaces-0005",
]
SIXTEEN = [
    "aviator",
    "browline",
    "butterfly",
    "cat-eye",
    "clubmaster",
    "crystal",
    "half-rim",
    "hexagon",
    "mirror-pilot",
    "oversized",
    "panto",
    "rectangle",
    "rimless",
    "round",
    "sport-wrap",
    "wayfarer",
]
TURNED = [
    "omi-0803",
    "fakefaces-0763",
    "fakefaces-0774",
    "omi-0559",
    "omi-0535",
    "omi-0281",
    "fakefaces-0651",
    "omi-0178",
    "omi-1003",
    "omi-0571",
    "fakefaces-0415",
    "fakefaces-0183",
    "faker-female-066",
    "fakefaces-0169",
    "omi-0619",
    "omi-0393",
    "fakefaces-0501",
    "fakefaces-0333",
    "omi-0909",
    "fakefaces-0457",
    "omi-0312",
    "faker-female-040",
    "faker-female-031",
    "faker-female-059",
]
HARD = {
    "dark-skin": "faker-female-000 faker-female-010 faker-female-013 faker-female-035 "
    "faker-female-042 faker-female-061 faker-male-000 faker-male-007 faker-male-018 faker-male-049 "
    "faker-male-061 faker-male-098",
    "children": "omi-0336 omi-0453 omi-0194 omi-0164 omi-0353 omi-0576 omi-0761 omi-0994 omi-0845",
    "beards": "faker-male-002 faker-male-014 faker-male-016 faker-male-020 faker-male-026 "
    "faker-male-029 faker-male-040 faker-male-049 faker-male-060 faker-male-062 faker-male-068 "
    "faker-male-092",
    "fringe": "fakefaces-0149 omi-0176 omi-0918 fakefaces-0607 faker-female-037 omi-0395 "
    "fakefaces-0555 faker-male-071 omi-0136 omi-0951 fakefaces-0221 omi-0039 omi-0696 omi-0794 "
    "faker-male-063 faker-female-076",
    "scarf": "faker-female-009 faker-female-014 faker-female-016 faker-female-017 faker-female-021 "
    "faker-female-030 faker-female-039 faker-female-041 faker-female-043 faker-female-073 "
    "faker-female-079 faker-female-082 faker-female-094 faker-male-011 faker-male-023 "
    "faker-male-015",
    "worn": "faker-female-069 faker-male-095 omi-0655 fakefaces-0148 fakefaces-0423 omi-0031 "
    "omi-0234 fakefaces-0348 fakefaces-0193 fakefaces-0520 omi-0084 fakefaces-0241",
    "hands": "faker-female-031 faker-female-042 faker-female-054 faker-female-056 faker-female-064 "
    "faker-female-007",
}
POSES = [(yaw, 0) for yaw in (-60, -45, -30, -15, 15, 30, 45, 60)] + [
    (yaw, pitch) for pitch in (-30, -15, 15, 30) for yaw in (-25, 25)
]
MODELS = ("faker-male-037", "faker-female-044", "faker-female-048")
"""Faces that look at the camera, to be rendered from other sides."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--faces", type=Path, default=FACES)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--only", choices=("faces", "poses", "turned", "hard"))
    options = arguments.parse_args()
    if not options.faces.is_dir():
        raise SystemExit(f"no faces in {options.faces}")
    options.out.mkdir(parents=True, exist_ok=True)
    with Engines() as engines:
        desk = _Desk(options.faces, engines)
        if options.only in (None, "faces"):
            for first in range(0, len(TWELVE), 4):
                rows = [
                    tile for name in TWELVE[first : first + 4] for tile in desk.worn(name, SIXTEEN)
                ]
                sheet(rows, 8, options.out / f"faces-{first // 4}.png")
        if options.only in (None, "poses"):
            tiles = [desk.in_turn(number, name) for number, name in enumerate(TURNED)]
            sheet(tiles, 6, options.out / "poses.png")
        if options.only in (None, "turned"):
            sheet(
                [tile for name in MODELS for tile in desk.turned(name)],
                8,
                options.out / "turned.png",
            )
        if options.only in (None, "hard"):
            for group, names in HARD.items():
                tiles = [
                    desk.in_turn(number * 2 + k, name)
                    for number, name in enumerate(names.split())
                    for k in range(2)
                ]
                sheet(tiles, 6, options.out / f"hard-{group}.png")


class _Desk:
    """Dresses faces by name."""

    def __init__(self, faces: Path, engines: Engines) -> None:
        self._faces, self._engines = faces, engines

    def worn(self, name: str, frames: list[str]) -> list[Bytes]:
        """A tile for each frame."""
        analysis = self._analysis(name)
        return [tile(analysis, frame, f"{name} {frame}") for frame in frames]

    def in_turn(self, number: int, name: str) -> Bytes:
        """The face with one of the frames."""
        frames = frame_names()
        frame = frames[number * 5 % len(frames)]
        return tile(self._analysis(name), frame, f"{name} {frame}")

    def turned(self, name: str) -> list[Bytes]:
        """The face from other sides, and leaning."""
        analysis = self._analysis(name)
        frames = frame_names()
        tiles = []
        for number, (yaw, pitch) in enumerate(POSES):
            picture = rerender(analysis, yaw, pitch)
            frame = frames[number * 4 % len(frames)]
            tiles.append(self._tile(picture, frame, f"re-rendered {yaw} {pitch}"))
        for roll in (-45, -30, -15, 15, 30, 45):
            picture = leaning(np.asarray(analysis.photo.pixels, np.uint8), roll)
            tiles.append(self._tile(picture, frames[abs(roll) % len(frames)], f"roll {roll}"))
        return tiles + [np.zeros((TILE, TILE, 3), np.uint8)] * (-len(tiles) % 8)

    def _tile(self, picture: Bytes, frame: str, label: str) -> Bytes:
        try:
            analysis = analyse(images.Photo(picture), self._engines)
        except NoFace:
            return _labelled(cv2.resize(picture, (TILE, TILE)), f"{label}: no face")
        yaw, pitch, roll = analysis.faces[0].head.angles
        return tile(analysis, frame, f"{label}, seen {yaw:.0f} {pitch:.0f} {roll:.0f}, {frame}")

    def _analysis(self, name: str) -> Analysis:
        return analyse(images.read(self._faces / f"{name}.jpg"), self._engines)


def tile(analysis: Analysis, frame: str, label: str) -> Bytes:
    """The largest face with a frame, TILE×TILE."""
    x, y, width, height = analysis.faces[0].mesh.box
    if analysis.faces[0].worn.value:
        label += " WORN"
    side = 1.5 * max(width, height)
    zoom = TILE / side
    # Shrunk first and enlarged first: the frame is drawn at the size at which it is looked at.
    pixels = cv2.resize(
        analysis.photo.pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC
    )
    view_of = analysis.zoomed((0, 0, *analysis.photo.pixels.shape[1::-1]), 1.0)
    faces = tuple(face.zoomed((0, 0), zoom) for face in view_of.faces)
    large = replace(view_of, photo=images.Photo(np.asarray(pixels, np.uint8)), faces=faces)
    worn = dress(large, load_frame(frame)).photo.pixels
    left = round((x + width / 2 - side / 2) * zoom)
    top = round((y + height / 2 - side * 0.55) * zoom)
    shift = np.array([[1.0, 0, -left], [0, 1, -top]])
    return _labelled(cv2.warpAffine(worn, shift, (TILE, TILE)), label)


def rerender(analysis: Analysis, yaw: float, pitch: float) -> Bytes:
    """The photo with its head turned (degrees, more than it was): mesh and skull with the photo as
    texture before the blurred photo."""
    face = analysis.faces[0]
    pixels = np.asarray(analysis.photo.pixels, np.uint8)
    height, width = pixels.shape[:2]
    surface = head_surface(face.head)
    cos_y, sin_y = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    cos_p, sin_p = np.cos(np.radians(pitch)), np.sin(np.radians(pitch))
    across = np.array([[cos_y, 0, -sin_y], [0, 1, 0], [sin_y, 0, cos_y]])
    up = np.array([[1, 0, 0], [0, cos_p, sin_p], [0, -sin_p, cos_p]])
    middle = np.array([0, 0, 40.0])
    moved = ((surface.vertices - middle) @ (across @ up).T + middle).astype(np.float32)
    spots = face.head.view.project(moved)
    texture = face.head.view.project(surface.vertices)
    view = face.head.view
    # Where in the photo each pixel's colour comes from, rasterised as if it were a colour.
    values = np.column_stack([texture / (width, height), np.ones(len(texture))])
    focal = view.scale * view.distance
    z = moved[:, 2:] + view.distance
    centred = (spots - (width / 2, height / 2)) * z / focal
    points = np.concatenate([centred * (1, -1), -z], 1).astype(np.float32)
    image = np.zeros((height, width, 3), np.float32)
    depth = np.full((height, width), view.distance * 3, np.float32)
    settings = cv2.TriangleRasterizeSettings()
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    cv2.triangleRasterize(
        points,
        surface.triangles,
        np.ascontiguousarray(np.clip(values, 0, 1), np.float32),
        image,
        depth,
        np.eye(4, dtype=np.float32),
        2 * float(np.arctan2(height / 2, focal)),
        view.distance * 0.05,
        view.distance * 3,
        settings,
    )
    places = image[..., :2] * (width, height)
    textured = cv2.remap(
        pixels,
        places[..., 0].astype(np.float32),
        places[..., 1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    behind = cv2.GaussianBlur(pixels, (0, 0), 0.06 * width)
    solid = (image[..., 2:] > 0.99).astype(np.float32)
    soft = cv2.GaussianBlur(solid, (0, 0), 1.0)[..., None] * solid
    return np.asarray(np.rint(textured * soft + behind * (1 - soft)), np.uint8)


def leaning(pixels: Bytes, roll: float) -> Bytes:
    """The photo turned clockwise by `roll` degrees, on a canvas that holds it all."""
    height, width = pixels.shape[:2]
    side = int(np.hypot(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -roll, 1)
    matrix[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
    return np.asarray(
        cv2.warpAffine(pixels, matrix, (side, side), borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def sheet(tiles: list[Bytes], columns: int, path: Path) -> None:
    """Writes tiles row by row."""
    blank = np.zeros((TILE, TILE, 3), np.uint8)
    padded = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.hstack(padded[i : i + columns]) for i in range(0, len(padded), columns)]
    images.write(images.Photo(np.vstack(rows)), path)
    print(f"wrote {path}")


def _labelled(picture: npt.NDArray[np.generic], label: str) -> Bytes:
    shown = np.ascontiguousarray(picture, np.uint8)
    place = (4, 12)
    cv2.putText(shown, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(shown, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 0), 1, cv2.LINE_AA)
    return shown


if __name__ == "__main__":
    main()
