"""Is what hides the frame really before it, and are worn glasses seen?

    python benchmarks/layers.py --out DIR [--worn]

Wrong holes: faces with nothing before their eyes (every twelfth omi-*, less those in COVERED,
which were found by eye), all frames in turn: the share of the pixels of the frame's front that
are hidden. Hands: a drawn hand is laid over the same faces, and the share of the pixels that the
front has under it which are hidden is measured. Worn glasses
(--worn, takes minutes): recall and precision on omi-* with the labels of training/glasses_worn.txt,
on which the classifier was not trained. Writes sheets of the faces with the largest holes and of
the hands.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from genapp import images
from genapp.errors import NoFace
from genapp.registry.engines import Engines
from genapp.tryon import Analysis, Face, analyse, dress, frame_names, load_frame
from genapp.tryon.fit import wear
from genapp.tryon.light import STUDIO
from genapp.tryon.mesh import SKIN
from genapp.tryon.occlusion import crop_matrix, find_occlusion
from genapp.tryon.render import Look, frame_box, render
from genapp.tryon.solid import Part

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "training"))
from occlusion_sprites import MM, SIDE, hand  # noqa: E402

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

FACES = ROOT.parent / "shared" / "data" / "faces"
LABELS = ROOT / "training" / "glasses_worn.txt"
COVERED = frozenset({"omi-0481.jpg", "omi-0601.jpg", "omi-0961.jpg", "omi-0985.jpg"})
"""Faces among every twelfth whose hair, or cap, does hang before the frame: of the nine that lose
more than 1 % of it. The others were not looked for."""
TILE = 320


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--faces", type=Path, default=FACES)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--every", type=int, default=12, help="take every N-th face")
    arguments.add_argument("--worn", action="store_true")
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    paths = sorted(options.faces.glob("omi-*.jpg"))
    if not paths:
        raise SystemExit(f"no faces in {options.faces}")
    with Engines() as engines:
        holes_and_hands(paths[:: options.every], engines, options.out)
        if options.worn:
            worn_glasses(paths, engines)


def holes_and_hands(paths: list[Path], engines: Engines, out: Path) -> None:
    """Prints both shares and writes the two sheets."""
    names = frame_names()
    rng = np.random.default_rng(0)
    shares: list[tuple[float, str, Bytes]] = []
    found: list[float] = []
    beside: list[float] = []
    hands: list[Bytes] = []
    for number, path in enumerate(paths):
        try:
            analysis = analyse(images.read(path), engines)
        except NoFace:
            continue
        name = names[number % len(names)]
        front = front_cover(analysis, name)
        bare = hidden(analysis.faces[0], front.shape)
        share = float((bare * front).sum() / max(float(front.sum()), 1e-6))
        shares.append((share, path.name, look(analysis, name)))
        pixels, alpha = with_hand(analysis, rng)
        covered = analyse_again(analysis, pixels, engines)
        matte = hidden(covered.faces[0], front.shape)
        under = front * (alpha > 0.5)
        if front.sum() > 0 and under.sum() > 0.03 * front.sum():
            found.append(float((matte * under).sum() / under.sum()))
            free = front * (alpha < 0.05)
            beside.append(float((matte * free).sum() / free.sum()))
            hands.append(look(covered, name))
    clear = [share for share, name, _ in shares if name not in COVERED]
    print(f"faces with nothing before them   {len(clear)}")
    print(f"front hidden by mistake          {np.mean(clear):.3%} of its pixels")
    print(f"faces with more than 1 % hidden  {np.mean(np.array(clear) > 0.01):.1%}")
    print(f"drawn hands over the front       {len(found)}")
    print(f"front hidden under them          {np.mean(found):.1%} of its pixels")
    print(f"hands of which half is seen      {np.mean(np.array(found) > 0.5):.1%}")
    print(f"front hidden beside them         {np.mean(beside):.2%} of its pixels")
    shares.sort(key=lambda row: -row[0])
    for share, name, _ in shares[:12]:
        print(f"  {name}: {share:.2%}")
    sheet([picture for _, _, picture in shares[:24]], out / "holes.png")
    sheet(hands[:24], out / "hands.png")


def front_cover(analysis: Analysis, name: str) -> Array:
    """How much of each pixel of the photo the frame's front covers, its lenses apart."""
    face, frame = analysis.faces[0], load_frame(name)
    opaque, lenses = wear(frame, face.head)
    hidden_temples = (opaque.part == Part.TEMPLE).astype(np.float32)
    opaque = type(opaque)(**{**vars(opaque), "hidden": hidden_temples})
    height, width = analysis.photo.pixels.shape[:2]
    box = frame_box(opaque, lenses, face.head.view, (width, height))
    cover = np.zeros((height, width), np.float32)
    if box is not None:
        clear = Look("#ffffff", 0.0, 0.0)
        layer = render(opaque, lenses, None, face.head.view, box, STUDIO, clear)
        cover[box[1] : box[3], box[0] : box[2]] = np.where(layer.cover > 0.2, layer.cover, 0)
    return cover


def hidden(face: Face, shape: tuple[int, ...]) -> Array:
    """How much of each pixel of the photo is hidden."""
    if face.occlusion is None:
        return np.zeros(shape, np.float32)
    matrix = face.occlusion.to_matte.astype(np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    return np.asarray(cv2.warpAffine(face.occlusion.matte, matrix, size, flags=flags), np.float32)


def with_hand(analysis: Analysis, rng: np.random.Generator) -> tuple[Bytes, Array]:
    """The photo with a drawn hand in the colour of the face before it, and the hand's alpha."""
    face = analysis.faces[0]
    pixels = np.asarray(analysis.photo.pixels, np.uint8)
    height, width = pixels.shape[:2]
    sprite = hand(rng)
    spot = (SIDE / 2 + float(rng.normal(0, 20)), SIDE / 2 + float(rng.normal(-2, 10)))
    turn = np.asarray(cv2.getRotationMatrix2D(sprite.tip, float(rng.uniform(-110, 110)), 1))
    turn[:, 2] += np.subtract(spot, sprite.tip)
    to_crop = crop_matrix(face.head, (SIDE, SIDE), MM)
    # From the sprite to the crop around the eyes, from there to the photo.
    back = cv2.invertAffineTransform(to_crop)
    matrix = back[:, :2] @ turn
    matrix[:, 2] += back[:, 2]
    size = (width, height)
    alpha = cv2.warpAffine(sprite.alpha, matrix, size)
    shading = cv2.warpAffine(sprite.shading, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    spots = face.head.view.project(face.head.to_camera(face.head.face[list(SKIN)]))
    columns, rows = np.clip(spots.astype(int), 0, np.array(size) - 1).T
    skin = np.median(pixels[rows, columns], 0) * rng.uniform(0.85, 1.15)
    shade = 1 - 0.3 * cv2.GaussianBlur(alpha, (0, 0), 2.5 * face.head.view.scale)[..., None]
    drawn = pixels * shade * (1 - alpha[..., None]) + skin * (shading * alpha)[..., None]
    return np.clip(drawn, 0, 255).astype(np.uint8), np.asarray(alpha, np.float32)


def analyse_again(analysis: Analysis, pixels: Bytes, engines: Engines) -> Analysis:
    """The same face with something before it; its place is known, so that this measures the
    matte and not how well the mesh stands a hand."""
    face = analysis.faces[0]
    occlusion = find_occlusion(pixels, face.head, face.hair, engines)
    changed = type(face)(**{**vars(face), "occlusion": occlusion})
    return Analysis(images.Photo(pixels), (changed,), {})


def worn_glasses(paths: list[Path], engines: Engines) -> None:
    """Prints recall and precision."""
    wearers = set(LABELS.read_text().splitlines())
    counts = {(said, true): 0 for said in (True, False) for true in (True, False)}
    for path in paths:
        try:
            said = analyse(images.read(path), engines).faces[0].worn.value
        except NoFace:
            continue
        counts[said, path.name in wearers] += 1
    hits, alarms, missed = counts[True, True], counts[True, False], counts[False, True]
    print(
        f"worn glasses: recall {hits / (hits + missed):.1%}, precision {hits / (hits + alarms):.1%}"
    )
    print(f"  of {sum(counts.values())} faces, {hits + missed} with glasses")


def look(analysis: Analysis, name: str) -> Bytes:
    """The face with the frame, TILE×TILE."""
    x, y, width, height = analysis.faces[0].mesh.box
    pixels = np.asarray(dress(analysis, load_frame(name)).photo.pixels, np.uint8)
    zoom = TILE / (1.3 * max(width, height))
    shift = np.array([TILE / 2, TILE / 2]) - zoom * np.array([x + width / 2, y + height / 2])
    matrix = np.column_stack([np.eye(2) * zoom, shift])
    return np.asarray(cv2.warpAffine(pixels, matrix, (TILE, TILE), flags=cv2.INTER_CUBIC), np.uint8)


def sheet(tiles: list[Bytes], path: Path) -> None:
    """Six in a row."""
    padded = [*tiles, *[np.zeros((TILE, TILE, 3), np.uint8)] * (-len(tiles) % 6)]
    rows = [np.hstack(padded[i : i + 6]) for i in range(0, len(padded), 6)]
    images.write(images.Photo(np.vstack(rows)), path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
