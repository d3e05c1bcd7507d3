"""What lies over the temples of the glasses: hair, or a scarf.

No network for hair with a permissive licence can be had offline. But a face shows its own skin,
the ring around it shows what frames it, and the selfie mask shows where the person ends: two
colour models from this very photo tell the rest.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from genapp.images import Pixels, to_float
from genapp.registry.engines import Engines
from genapp.tryon.arrays import Array
from genapp.tryon.camera import crop, inverse
from genapp.tryon.head import CORE, ears
from genapp.tryon.mesh import SKIN
from genapp.tryon.pose import Head
from genapp.tryon.render import sum_channels

MODEL = "face/selfie.square"
SIZE = 256
MARGIN = 2.2
"""Side of the region that is looked at, over the side of the face."""
BROW_LINE = (127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356)
"""Edge of the face from ear to ear over the forehead."""
RING = (14.0, 21.0, 28.0, 35.0)
"""Distances from that edge at which hair is expected, mm."""
FEWEST = 8
"""Points of hair without which the head counts as bald."""
SKIN_FLOOR = np.array([14.0, 6.0, 6.0], np.float32)
HAIR_FLOOR = np.array([8.0, 4.0, 4.0], np.float32)
"""Least standard deviations of the colours in CIELAB: ears are redder and darker than cheeks."""
EAR_HIDDEN = 0.6
"""Part of the ear's region that is hair from which on the ear counts as covered; a free ear
carries the temple over the hair."""


@dataclass(frozen=True, eq=False)
class Hair:
    """Where hair lies, beside one face."""

    matte: Array
    """256×256, 0..1; 0 on the middle of the face."""
    on_face: Array
    """256×256, 0..1: the same on the face too, where brows, lashes and beard look like hair."""
    to_matte: Array
    """2×3, pixels of the photo to pixels of the matte."""
    covers_ear: tuple[bool, bool]
    """Viewer's left, viewer's right."""

    def zoomed(self, corner: tuple[float, float], zoom: float) -> "Hair":
        """The same for the part of the photo from `corner` (px) on, at `zoom` times its size."""
        shift = self.to_matte[:, :2] @ np.array(corner) + self.to_matte[:, 2]
        to_matte = np.column_stack([self.to_matte[:, :2] / zoom, shift])
        return replace(self, to_matte=to_matte.astype(np.float32))

    def at(self, spots: Array) -> Array:
        """How much hair there is at N×2 pixels of the photo, but for the middle of the face: N."""
        return _sample(self.matte, spots @ self.to_matte[:, :2].T + self.to_matte[:, 2])

    def anywhere(self, spots: Array) -> Array:
        """How much looks like hair at N×2 pixels of the photo: N, 0..1."""
        return _sample(self.on_face, spots @ self.to_matte[:, :2].T + self.to_matte[:, 2])


def find_hair(pixels: Pixels, head: Head, engines: Engines) -> Hair:
    """Tell hair (or cloth) from skin and background around a face.

    Args:
        pixels: H×W×3 sRGB, uint8 or uint16.
        head: the face.
        engines: where the selfie mask comes from.
    """
    to_matte = _region(head)
    square = to_float(crop(pixels, inverse(to_matte), (SIZE, SIZE), repeat=True))
    person = engines.get(MODEL).run({"image": square.transpose(2, 0, 1)[None]})["mask"][0, 0]
    blur = max(0.8, 1.2 * head.view.scale * float(to_matte[0, 0]))
    smooth = cv2.GaussianBlur(square, (0, 0), blur)
    colors = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.float32)

    def look(points: Array, image: Array) -> Array:
        spots = head.view.project(head.to_camera(points))
        return _sample(image, spots @ to_matte[:, :2].T + to_matte[:, 2])

    skin = _Colors.of(look(head.face[list(SKIN)], colors), SKIN_FLOOR)
    ring = _ring(head)
    around = look(ring, colors)
    is_hair = (look(ring, person) > 0.7) & (skin.distance(around) > 2**2)
    if is_hair.sum() < FEWEST:
        none = np.zeros((SIZE, SIZE), np.float32)
        return Hair(none, none, to_matte, (False, False))
    hair = _Colors.of(around[is_hair], HAIR_FLOOR)
    odds = (skin.distance(colors) - hair.distance(colors)) / 4
    beside_skin = np.asarray(person / (1 + np.exp(-np.clip(odds, -30, 30))), np.float32)
    covers = [float(look(points, beside_skin).mean()) > EAR_HIDDEN for points in _ears(head)]
    matte = beside_skin * (1 - _face(head, to_matte))
    return Hair(matte, beside_skin, to_matte, (covers[0], covers[1]))


@dataclass(frozen=True, eq=False)
class _Colors:
    """A cloud of colours in CIELAB, each axis for itself."""

    middle: Array
    spread: Array

    @staticmethod
    def of(colors: Array, floor: Array) -> "_Colors":
        """The model of N×3 colours, by median and median deviation: strays do not count."""
        middle = np.median(colors, 0)
        spread = 1.48 * np.median(np.abs(colors - middle), 0)
        return _Colors(middle, np.maximum(spread, floor))

    def distance(self, colors: Array) -> Array:
        """Squared distance in standard deviations, ...×3 → ..."""
        # As a picture: numpy takes ten times as long along so short an axis.
        scale = 1 / self.spread
        standard = np.column_stack([np.diag(scale), -self.middle * scale])
        off = np.asarray(cv2.transform(colors.reshape(-1, 1, 3), standard), np.float32)
        return sum_channels(off * off).reshape(colors.shape[:-1])


def _region(head: Head) -> Array:
    """Photo pixels to the pixels of a square around the face, 2×3."""
    spots = head.view.project(head.to_camera(head.face[:468]))
    middle = spots.mean(0)
    zoom = SIZE / (float((spots.max(0) - spots.min(0)).max()) * MARGIN)
    return np.array(
        [[zoom, 0, SIZE / 2 - middle[0] * zoom], [0, zoom, SIZE / 2 - middle[1] * zoom]], np.float32
    )


def _ring(head: Head) -> Array:
    """Points around the forehead where a head that is not bald has hair: N×3, head space."""
    edge = head.face[list(BROW_LINE)]
    outwards = edge - head.face[[1, 168]].mean(0)
    outwards[:, 2] = 0
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    return np.concatenate([edge + outwards * away + np.array([0, 0, 6.0]) for away in RING])


def _ears(head: Head) -> list[Array]:
    """Points over each ear, viewer's left and right: N×3, head space."""
    down, back = np.meshgrid(np.linspace(4, 34, 7), np.linspace(-6, 8, 4))
    grid = np.stack([np.zeros(down.size), down.ravel(), back.ravel()], 1)
    return [np.array(ear) + grid for ear in ears(head)]


def _face(head: Head, to_matte: Array) -> Array:
    """256×256, 1 on the middle of the face, where brows and beard are no hair over the temples.
    A fringe or a scarf lies on its edge."""
    outline = head.view.project(head.to_camera(head.face[list(CORE)]))
    spots = outline @ to_matte[:, :2].T + to_matte[:, 2]
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillPoly(mask, [np.rint(spots * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 2), np.float32)


def _sample(image: Array, spots: Array) -> Array:
    """Values of an image at N×2 pixels, the nearest ones; outside it those of its edge."""
    columns, rows = np.clip(spots.astype(int), 0, SIZE - 1).T
    return np.asarray(image[rows, columns], np.float32)
