"""Faces to learn from: found, aligned, split, packed into one small file.

    python training/face_data.py --out runs/faces/faces128.npz [--sheet FILE.png]

The sources `omi` and `fakefaces` are aligned already and only shrunk. The portraits `faker` are
aligned by our own mesh in the way of FFHQ (Karras et al. 2018, https://arxiv.org/abs/1812.04948,
appendix A), so that eyes and mouth come to lie where the others have them. The pictures are packed
as JPEG files in one .npz of about 12 MB. ``--sheet`` measures where the eyes lie and draws it.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from genapp.facemaking.align import align, shrunk
from genapp.registry.engines import Engines
from genapp.tryon.detect import detect
from genapp.tryon.mesh import find_mesh

Array = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
ALIGNED, PORTRAITS = ("fakefaces", "omi"), ("faker",)
KINDS = (*ALIGNED, *PORTRAITS)
VALIDATION_EVERY = 20
SIDE = 128
QUALITY = 92  # of the JPEG files

# Points of the mesh around the openings of the eyes, and the corners of the mouth.
RIGHT_LIDS = (33, 160, 158, 133, 153, 144)
LEFT_LIDS = (362, 385, 387, 263, 373, 380)
MOUTH = (61, 291)


@dataclass(frozen=True, eq=False)
class Faces:
    """Aligned faces, decoded."""

    names: list[str]
    images: Bytes
    """N×S×S×3 RGB."""
    held_out: npt.NDArray[np.bool_]
    """N, those that are never learnt from."""

    def part(self, *, held_out: bool) -> Bytes:
        """Returns the faces to learn from or those that are held out, n×S×S×3."""
        return np.asarray(self.images[self.held_out == held_out], np.uint8)


def main() -> None:
    """Reads the command line, aligns, packs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of faces/")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "faces" / "faces128.npz")
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--sheet", type=Path, help="measure the places of the eyes and draw them")
    options = parser.parse_args()
    with Engines(device="cpu") as engines:
        names, images, held_out = [], [], []
        for file, held in split(options.data, tuple(options.kinds)):
            face = aligned(file, options.side, engines)
            if face is None:
                print(f"no face in {file.name}")
                continue
            names.append(file.stem)
            images.append(face)
            held_out.append(held)
        faces = Faces(names, np.stack(images), np.array(held_out))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        pack(options.out, faces)
        print(f"{len(names)} faces, {sum(held_out)} held out, {options.out.stat().st_size} bytes")
        if options.sheet:
            options.sheet.parent.mkdir(parents=True, exist_ok=True)
            draw_sheet(options.sheet, faces, engines)


def split(data: Path, kinds: tuple[str, ...] = KINDS) -> Iterator[tuple[Path, bool]]:
    """Yields the files of faces in sorted order, and whether each is held out.

    Every 20th file of each kind is, beginning with the first, as in color_data.py.

    Raises:
        FileNotFoundError: there are none of a kind.
    """
    for kind in kinds:
        files = sorted((data / "faces").glob(f"{kind}-*.jpg"))
        if not files:
            raise FileNotFoundError(f"no {kind}-*.jpg in {data / 'faces'}")
        for number, file in enumerate(files):
            yield file, number % VALIDATION_EVERY == 0


def aligned(file: Path, side: int, engines: Engines) -> Bytes | None:
    """Returns the face in the file as side×side×3 RGB, or None if none is found."""
    image = read(file)
    if not file.name.startswith(PORTRAITS):
        return shrunk(image, side)
    points = find_points(image, engines)
    return None if points is None else align(image, *anchors(points), side)


def read(file: Path) -> Bytes:
    """Returns a picture as H×W×3 RGB."""
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise OSError(f"{file} can't be read as a picture.")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def find_points(image: Bytes, engines: Engines) -> Array | None:
    """Returns the mesh of the largest face, 478×2 pixels, or None if there is none."""
    faces = detect(image, engines)
    mesh = find_mesh(image, faces[0], engines) if faces else None
    return None if mesh is None else mesh.points[:, :2].astype(np.float64)


def anchors(points: Array) -> tuple[Array, Array, Array]:
    """Returns the middles of the eye on the viewer's left, of the other one, and of the mouth."""
    right, left, mouth = (points[list(ring)].mean(0) for ring in (RIGHT_LIDS, LEFT_LIDS, MOUTH))
    return right, left, mouth


def pack(path: Path, faces: Faces) -> None:
    """Writes faces as JPEG files into one .npz."""
    how = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    files = [cv2.imencode(".jpg", face[..., ::-1], how)[1].ravel() for face in faces.images]
    np.savez(
        path,
        names=np.array(faces.names),
        held_out=faces.held_out,
        ends=np.cumsum([len(file) for file in files]),
        jpeg=np.concatenate(files),
    )


def unpack(path: Path) -> Faces:
    """Reads the faces that ``pack`` wrote."""
    with np.load(path) as stored:
        parts = np.split(stored["jpeg"], stored["ends"][:-1])
        names, held_out = [str(name) for name in stored["names"]], stored["held_out"]
    decoded = [cv2.imdecode(part, cv2.IMREAD_COLOR) for part in parts]
    images = np.stack([np.asarray(image, np.uint8)[..., ::-1] for image in decoded])
    return Faces(names, images, held_out)


def draw_sheet(path: Path, faces: Faces, engines: Engines, shown: int = 12) -> None:
    """Draws faces of each kind with marks, their mean, and prints where eyes and mouths lie."""
    side = faces.images.shape[1]
    rows = []
    for kind in KINDS:
        chosen = [n for n, name in enumerate(faces.names) if name.startswith(kind)]
        if not chosen:
            continue
        cells, places = [], []
        for number in chosen[:: max(1, len(chosen) // 60)]:
            image = np.ascontiguousarray(
                cv2.resize(faces.images[number], (256, 256), interpolation=cv2.INTER_CUBIC)
            )
            points = find_points(np.asarray(image, np.uint8), engines)
            if points is None:
                print(f"no face found in {faces.names[number]}")
                continue
            places.append(np.concatenate(anchors(points)) / 256)
            for x, y in places[-1].reshape(3, 2) * 256:
                cv2.circle(image, (round(x), round(y)), 3, (0, 255, 0), -1)
            cells.append(cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA))
        mean = faces.images[chosen].mean(0).astype(np.uint8)
        cells = [cv2.resize(mean, (128, 128)), *cells[: shown - 1]]
        rows.append(np.hstack(cells))
        middle, spread = np.mean(places, 0) * side, np.std(places, 0) * side
        print(f"{kind:10s} right eye x y, left eye x y, mouth x y, px of {side}, {len(places)}:")
        print("   mean  ", middle.round(1), "\n   spread", spread.round(1))
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()
