"""How near made faces are to those that the generator learnt from, and to each other.

A face is described by features of a network that saw ImageNet, mean of the face and its mirror
image, brought to the directions in which faces differ. The index (`training/face_index.py`) holds
these numbers of all faces that were learnt from, no pictures, and how near faces that were held
out lie to them: what is nearer than those is suspected of being a copy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp import features
from genapp.facemaking.arrays import Values
from genapp.registry.engines import Engines

INDEX = "faces/training-index.v1"
SUSPECT = 0.01
"""Share of unseen real faces: what is nearer to a training face than all but these is a suspect."""


@dataclass(frozen=True)
class Likeness:
    """How near a face is to those that were learnt from."""

    distance: float
    """To the nearest one; 0 for the same picture. Has no unit: compare it with `share`."""
    share: float
    """Of unseen real faces at least as near to a training face, 1/(n+1) … 1 for n of them."""
    nearest: str
    """Name of that training face."""

    @property
    def suspected(self) -> bool:
        """Nearer to a training face than 99 % of unseen real faces are."""
        return self.share <= SUSPECT


@dataclass(frozen=True, eq=False)
class Index:
    """Descriptions of the training faces, and what is usual."""

    names: NDArray[np.str_]
    """N, of the training faces."""
    points: Values
    """N×d."""
    mean: Values
    """1280, of features."""
    basis: Values
    """1280×d: directions in which faces differ, each scaled to deviation 1."""
    held_out: Values
    """Distances of unseen real faces to the nearest training face, sorted."""
    size: int
    """Side at which faces were described, px: larger ones are shrunk to it."""

    def describe(
        self, faces: Iterable[NDArray[np.uint8]], engines: Engines, batch: int = 8
    ) -> Values:
        """N×d of N pictures, S×S×3."""
        views = (view for face in faces for view in both_views(face, self.size))
        found = features.describe(views, engines=engines, batch=2 * batch)
        merged = (found[::2] + found[1::2]) / 2
        return np.asarray((merged - self.mean) @ self.basis, np.float32)

    def likeness(self, point: Values) -> Likeness:
        """Of a description, d."""
        squares = self._squares - 2 * (self.points @ point) + point @ point
        number = int(np.argmin(squares))
        distance = float(np.linalg.norm(self.points[number] - point))
        nearer = int(np.searchsorted(self.held_out, distance, side="right"))
        share = (nearer + 1) / (len(self.held_out) + 1)
        return Likeness(distance, share, str(self.names[number]))

    @property
    def near(self) -> float:
        """The distance below which faces are suspected of being the same."""
        count = int(SUSPECT * (len(self.held_out) + 1))
        return float(self.held_out[count]) if count < len(self.held_out) else 0.0

    @cached_property
    def _squares(self) -> Values:
        return np.asarray(np.square(self.points).sum(1), np.float32)


def open_index(engines: Engines) -> Index | None:
    """The index of the training faces; None if the catalogue has none."""
    if INDEX not in engines.catalog.names:
        return None
    with np.load(engines.data(INDEX)) as stored:
        arrays = {key: stored[key] for key in ("points", "mean", "basis", "held_out")}
        numbers = {key: value.astype(np.float32) for key, value in arrays.items()}
        return Index(names=stored["names"], size=int(stored["size"]), **numbers)


def both_views(face: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A face at size×size, and its mirror image: the generator learnt both."""
    if face.shape[0] != size:
        small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
        face = np.asarray(small, np.uint8)
    return face, np.ascontiguousarray(face[:, ::-1])
