"""What is before the glasses: hands, fingers, things, and hair that falls over the face.

A small network sees what is no part of a face; hair that hangs down from the top of the head is
followed over the forehead. A face-parsing network does both better and is used when it is on this
machine. The edges are then taken from the photo by a guided filter.

A wrong hole in the frame is worse than a missing one: only what is surely there counts.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from genapp.images import Pixels, to_float
from genapp.registry.engines import Engines
from genapp.tryon.arrays import Array
from genapp.tryon.camera import crop, inverse
from genapp.tryon.hair import Hair
from genapp.tryon.head import OVAL
from genapp.tryon.matting import guided_filter
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS
from genapp.tryon.parsing import AUTO, Parser, open_parser, to_square
from genapp.tryon.pose import Head
from genapp.tryon.render import Layer

MODEL = "face/occlusion.unet64"
CROP = 64
CROP_MM = 2.6
"""Side of the network's picture, and millimetres a pixel of it."""
BELOW_EYES = 8.0
"""How far under the eyes its middle is, mm: nose and cheeks tell more than the forehead."""
# fmt: off
FOREHEAD = (
    103, 67, 109, 10, 338, 297, 332, 300, 276, 353, 265, 346, 347, 330, 6, 101, 118, 117, 35, 124,
    46, 70,
)
# fmt: on
"""Outline of forehead and eyes, brow end to brow end: farther out, sideburns lie under temples."""
LIKELY, SURE = 0.6, 0.99
"""A region of the network's answer counts down to the first probability if it somewhere reaches
the second. On bare faces 0.98 hides 3.6 times as many pixels as 0.99, under drawn hands an eighth
more."""
SMALLEST = 60.0
"""Smaller regions do not count, mm²: a finger tip before a face has more."""
FINE = 5
"""The matte has at most this many pixels for one of the network's: 0.52 mm each."""
CHEEKS = (50, 101, 117, 118, 205, 187, 280, 330, 346, 347, 425, 411)
"""Points of the mesh that hair from above leaves bare."""
FALLING = 0.6
"""What hangs down is hair at least this surely, all the way from the top."""
CLEAR_SKIN = 0.15
"""Where the cheeks look more like hair than this, the two cannot be told apart."""
LOWEST = 20.0
"""Hair is followed down to this far under the eyes, mm: below there are beards."""
EYE = 18.0
"""Nothing nearer to a pupil than this counts as hair, mm: lashes and lids are as dark."""
EDGE = 4.0
"""What the parser sees within this distance of the edge of the face may lie beside it, mm."""
REACH = 5.0
"""How far off the guided filter looks for an edge, mm."""


@dataclass(frozen=True, eq=False)
class Occlusion:
    """What hides the front of the glasses, of one face."""

    matte: Array
    """H×W, 0..1."""
    to_matte: Array
    """2×3, pixels of the photo to pixels of the matte."""

    def zoomed(self, corner: tuple[float, float], zoom: float) -> "Occlusion":
        """The same for the part of the photo from `corner` (px) on, at `zoom` times its size."""
        shift = self.to_matte[:, :2] @ np.array(corner) + self.to_matte[:, 2]
        return replace(self, to_matte=np.column_stack([self.to_matte[:, :2] / zoom, shift]))

    def before(self, layer: Layer) -> Layer:
        """A rendered frame without what is hidden."""
        x0, y0, x1, y1 = layer.box
        matrix = self.to_matte.astype(np.float64)
        # Pixel centres lie at half a pixel in photo coordinates, at whole numbers in warpAffine.
        matrix[:, 2] += matrix[:, :2] @ [x0 + 0.5, y0 + 0.5] - 0.5
        hidden = cv2.warpAffine(
            self.matte, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        seen = np.asarray(1 - hidden, np.float32)
        return replace(
            layer,
            through=1 - (1 - layer.through) * seen[..., None],
            add=layer.add * seen[..., None],
            relief=replace(layer.relief, glass=layer.relief.glass * seen),
        )


def find_occlusion(
    pixels: Pixels, head: Head, hair: Hair, engines: Engines, parser: str = AUTO
) -> Occlusion | None:
    """What lies before the front of the glasses; None if nothing does.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16.
        head: the face.
        hair: its hair.
        engines: where the networks come from.
        parser: what tells the parts of the face apart, see `open_parser`.
    """
    to_small = crop_matrix(head, (CROP, CROP), CROP_MM)
    opened = open_parser(parser, engines)
    coarse = None if opened is None else _parsed(pixels, head, to_small, opened)
    if coarse is None:
        square = to_float(crop(pixels, inverse(to_small), (CROP, CROP), repeat=True))
        answer = engines.get(MODEL).run({"image": square.transpose(2, 0, 1)[None]})["mask"][0, 0]
        coarse = np.maximum(_sure(answer), falling_hair(head, hair, to_small))
    if not coarse.any():
        return None
    times = int(np.clip(round(CROP_MM * head.view.scale), 1, FINE))
    to_matte = to_small * times
    side = CROP * times
    guide = to_float(crop(pixels, inverse(to_matte), (side, side), repeat=True))
    rough = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
    radius = max(1, round(REACH / CROP_MM * times))
    matte = guided_filter(guide, np.asarray(rough, np.float32), radius)
    return Occlusion(np.clip((matte - 0.2) / 0.6, 0, 1).astype(np.float32), to_matte)


def crop_matrix(head: Head, size: tuple[int, int], mm: float) -> Array:
    """Pixels of the photo to the pixels of an upright crop around the eyes, 2×3.

    Args:
        head: the face.
        size: width and height of the crop, px.
        mm: millimetres a pixel of it.
    """
    right, left = head.view.project(
        head.to_camera(head.face[[RIGHT_IRIS.start, LEFT_IRIS.start]])
    ).astype(np.float64)
    across = (left - right) / max(float(np.linalg.norm(left - right)), 1e-6)
    turn = np.array([[across[0], across[1]], [-across[1], across[0]]])
    linear = turn / (head.view.scale * mm)
    middle = (left + right) / 2
    shift = np.array([size[0] / 2, size[1] / 2 - BELOW_EYES / mm]) - linear @ middle
    return np.concatenate([linear, shift[:, None]], 1)


def falling_hair(head: Head, hair: Hair, to_small: Array) -> Array:
    """Hair that hangs over the face from above: CROP×CROP, 0 or what `hair` says.

    From the top of the picture down, a pixel counts if it looks like hair and one of the three
    above it counts: brows, lashes and beards have skin above them.
    """
    face = head.view.project(head.to_camera(head.face[:468]))
    if float(hair.anywhere(face[list(CHEEKS)]).mean()) > CLEAR_SKIN:
        return np.zeros((CROP, CROP), np.float32)
    rows, columns = np.mgrid[0:CROP, 0:CROP] + 0.5
    back = inverse(to_small)
    spots = np.stack([columns.ravel(), rows.ravel()], 1) @ back[:, :2].T + back[:, 2]
    looks = hair.anywhere(spots).reshape(CROP, CROP)
    pupils = head.view.project(head.to_camera(head.face[[RIGHT_IRIS.start, LEFT_IRIS.start]]))
    for pupil in pupils:
        near = np.linalg.norm(spots - pupil, axis=1) < EYE * head.view.scale
        looks[near.reshape(CROP, CROP)] = 0
    counts = np.where(looks > FALLING, looks, 0)
    for row in range(1, CROP):
        above = np.pad(counts[row - 1], 1)
        counts[row] *= np.maximum(np.maximum(above[:-2], above[1:-1]), above[2:]) > 0
    counts[int(CROP / 2 - (BELOW_EYES - LOWEST) / CROP_MM) :] = 0
    return np.asarray(counts * _filled(face[list(FOREHEAD)], to_small), np.float32)


def _filled(outline: Array, to_small: Array) -> Array:
    """CROP×CROP, 1 inside an outline in the photo."""
    spots = outline @ to_small[:, :2].T + to_small[:, 2]
    mask = np.zeros((CROP, CROP), np.uint8)
    cv2.fillPoly(mask, [np.rint(spots).astype(np.int32)], 1)
    return mask.astype(np.float32)


def _inside(face: Array, to_small: Array) -> Array:
    """CROP×CROP, 1 on the face but for its edge."""
    size = 2 * round(EDGE / CROP_MM) + 1
    mask = _filled(face[list(OVAL)], to_small)
    return np.asarray(cv2.erode(mask, np.ones((size, size), np.uint8)), np.float32)


def _sure(answer: Array) -> Array:
    """The network's answer without small and doubtful regions."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((answer > LIKELY).astype(np.uint8))
    kept = np.zeros_like(answer)
    for region in range(1, count):
        where = labels == region
        large = stats[region, cv2.CC_STAT_AREA] * CROP_MM**2 >= SMALLEST
        if large and answer[where].max() >= SURE:
            # Its soft edge belongs to it.
            near = cv2.dilate(where.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            kept[near] = answer[near]
    return kept


def _parsed(pixels: Pixels, head: Head, to_small: Array, parser: Parser) -> Array:
    """What the parser sees before the face, CROP×CROP."""
    face = head.view.project(head.to_camera(head.face[:468]))
    low, high = face.min(0).astype(np.float64), face.max(0).astype(np.float64)
    to_parser = to_square(low, high, to_small[0, :2], parser.kind)
    size = (parser.kind.side, parser.kind.side)
    square = to_float(crop(pixels, inverse(to_parser), size, repeat=True))
    before = np.isin(parser.classes(square), parser.kind.before).astype(np.float32)
    # From the parser's crop to the small one, by way of the photo.
    back = inverse(to_parser)
    matrix = to_small[:, :2] @ back
    matrix[:, 2] += to_small[:, 2]
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    shrink = CROP_MM * head.view.scale * float(np.hypot(*to_parser[:, 0]))
    soft = cv2.GaussianBlur(before, (0, 0), max(0.3, 0.4 * shrink))
    small = cv2.warpAffine(soft, matrix, (CROP, CROP))
    return np.asarray(small * _inside(face, to_small), np.float32)
