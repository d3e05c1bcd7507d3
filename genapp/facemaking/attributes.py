"""What a face looks like, read off its picture: what people would say, and how it is held.

Age, smile and the like are linear in features of a frozen network, fitted to what people said about
1,004 synthetic faces (training/face_directions.py has the figures). They say how a face looks to
raters, not what anybody is. Angles, mouth and glasses come from our detector and mesh.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp import features
from genapp.facemaking.arrays import Values
from genapp.images import Pixels, from_float
from genapp.registry.engines import Engines
from genapp.tryon import FacePose, find_poses

RATINGS = "faces/ratings.omi"
"""The data file: `names` (k), `weights` (k×f), `bias` (k)."""
SIDE = 96
"""At which the network looks, px: five times as quick as at 224, and at faces of 64 px as right."""
CELLS = 6
"""Features are averaged over so many cells each way: an aligned face has its parts in them."""
MEANINGS = {
    "age": "as people guess it, years",
    "masculine": "how masculine people find the face, 0…100",
    "smile": "how happy it looks to people, 0…100",
    "hair-length": "how long-haired, 0…100",
    "dark-hair": "how dark the hair is, 0…100",
    "outdoors": "how much the background looks like outdoors, 0…100",
    "yaw": "degrees, positive to the viewer's right",
    "pitch": "degrees, positive when looking up",
    "mouth-open": "gap between the lips, of the distance of the eyes' outer corners",
    "glasses": "how sure it is that glasses are worn, 0…1",
}
"""What is measured, by name; the last four by the mesh."""


@dataclass(frozen=True)
class Attributes:
    """Of one face."""

    ratings: dict[str, float]
    """What people would say, by name: see `MEANINGS`."""
    pose: FacePose | None
    """How the largest face is held; None: our detector finds no face."""

    def row(self) -> dict[str, float | bool | None]:
        """Everything by name, `face-found` first: for a table. What can't be told is None."""
        pose = self.pose
        return {
            "face-found": pose is not None,
            **{name: round(value, 1) for name, value in self.ratings.items()},
            "yaw": None if pose is None else round(pose.yaw, 1),
            "pitch": None if pose is None else round(pose.pitch, 1),
            "mouth-open": None if pose is None else round(pose.mouth_open, 3),
            "glasses": None if pose is None else round(pose.glasses, 3),
        }


def measure(pictures: Sequence[NDArray[Any]], engines: Engines) -> list[Attributes]:
    """Reads the attributes off pictures of aligned faces.

    Args:
        pictures: H×W×3 RGB each, uint8 or float 0..1, aligned as our generator makes them.
        engines: where the networks come from.

    Raises:
        ModelMissing, HashMismatch: a file is missing or damaged.
    """
    names = rating_names(engines)
    measured = []
    for picture, values in zip(pictures, read_ratings(pictures, engines), strict=True):
        poses = find_poses(_bytes(picture), engines)
        ratings = {name: float(value) for name, value in zip(names, values, strict=True)}
        measured.append(Attributes(ratings, poses[0] if poses else None))
    return measured


def measured(picture: NDArray[Any], engines: Engines) -> dict[str, float | bool | None]:
    """The attributes of one face as a row of a table; arguments as in `measure`."""
    return measure([picture], engines)[0].row()


def rating_names(engines: Engines) -> tuple[str, ...]:
    """What `read_ratings` reads, in its order."""
    with np.load(engines.data(RATINGS)) as stored:
        return tuple(str(name) for name in stored["names"])


def read_ratings(pictures: Iterable[NDArray[Any]], engines: Engines) -> Values:
    """What people would say about faces, n×k; arguments as in `measure`."""
    with np.load(engines.data(RATINGS)) as stored:
        weights, bias = stored["weights"].astype(np.float32), stored["bias"]
    rows = [cells @ weights.T + bias for cells in look(pictures, engines)]
    return np.concatenate(rows) if rows else np.zeros((0, len(bias)), np.float32)


def look(pictures: Iterable[NDArray[Any]], engines: Engines, batch: int = 16) -> Iterator[Values]:
    """Features of faces cell by cell, n×f a batch; they say where something is, too."""
    network = engines.get(features.MODEL)
    rest = iter(pictures)
    while some := [_prepare(picture) for picture in islice(rest, batch)]:
        found = network.run({"image": np.stack(some)})
        yield np.concatenate([_cells(found[name]) for name in ("map8", "map16")], 1)


def _bytes(picture: NDArray[Any]) -> Pixels:
    return picture if picture.dtype == np.uint8 else from_float(picture, np.uint8)


def _prepare(picture: NDArray[Any]) -> Values:
    how = cv2.INTER_AREA if picture.shape[0] > SIDE else cv2.INTER_LINEAR
    small = cv2.resize(_bytes(picture), (SIDE, SIDE), interpolation=how)
    return np.ascontiguousarray(small.transpose(2, 0, 1), np.float32) / np.float32(255)


def _cells(found: Values) -> Values:
    """n×(c·CELLS²) means over cells of n×c×h×h."""
    n, channels, height, _ = found.shape
    step = height // CELLS
    means = found.reshape(n, channels, CELLS, step, CELLS, step).mean((3, 5))
    return np.asarray(means.reshape(n, -1), np.float32)
