"""How near made faces are to those that the generator learnt from, and to each other.

Faces are compared as small blurred pictures without their mean colour and contrast, mirrored and
not: all of them are aligned, so that this finds a copy that is blurred, brighter, in other colours,
turned a little or partly covered. It does not find a face that was put before another background,
and a bland face, which is near to many, may be suspected wrongly.
The index (`training/face_index.py`) holds the faces that were learnt from, in 64 numbers each, and
how near faces that were held out lie to them: what is nearer than those is suspected of being a
copy.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.facemaking.arrays import Values
from genapp.registry.engines import Engines

INDEX = "faces/training-index.v1"
SUSPECT = 0.01
"""Share of unseen real faces: what is nearer to a training face than all but these is a suspect."""
SIDE = 64
"""Faces are brought to this side before they are blurred, px."""
BLUR = 2.5
"""Standard deviation, px."""
TINY = 16
"""Side of what is compared, px."""


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
    """M, of `view`s."""
    basis: Values
    """M×d: the directions in which faces differ most."""
    held_out: Values
    """Distances of unseen real faces to the nearest training face, sorted."""

    def describe(self, face: NDArray[np.uint8]) -> Values:
        """2×d of a picture, S×S×3: the face and its mirror image, for both were learnt."""
        views = np.stack([view(face), view(face[:, ::-1])])
        return np.asarray((views - self.mean) @ self.basis, np.float32)

    def likeness(self, described: Values) -> Likeness:
        """Of a face that `describe` described."""
        apart = distances(described, self.points)
        number = int(np.argmin(apart))
        distance = float(apart[number])
        nearer = int(np.searchsorted(self.held_out, distance, side="right"))
        share = (nearer + 1) / (len(self.held_out) + 1)
        return Likeness(distance, share, str(self.names[number]))

    @property
    def near(self) -> float:
        """The distance below which faces are suspected of being the same."""
        count = int(SUSPECT * (len(self.held_out) + 1))
        return float(self.held_out[count]) if count < len(self.held_out) else 0.0


def open_index(engines: Engines) -> Index | None:
    """The index of the training faces; None if the catalogue has none."""
    if INDEX not in engines.catalog.names:
        return None
    with np.load(engines.data(INDEX)) as stored:
        arrays = {key: stored[key] for key in ("points", "mean", "basis", "held_out")}
        numbers = {key: value.astype(np.float32) for key, value in arrays.items()}
        return Index(names=stored["names"], **numbers)


def view(face: NDArray[np.uint8]) -> Values:
    """What of a face is compared: 768 numbers of a picture, S×S×3."""
    small = cv2.resize(np.ascontiguousarray(face), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), BLUR)
    tiny = cv2.resize(soft, (TINY, TINY), interpolation=cv2.INTER_AREA) / 255
    # The mean of each colour goes, and the contrast; the addend leaves flat pictures flat.
    values = (tiny - tiny.mean((0, 1))) / (tiny.std() + 0.05)
    return np.asarray(values.ravel(), np.float32)


def distances(described: Values, points: Values) -> Values:
    """N distances of N×d points to a face, the nearer of its two views (2×d)."""
    apart = np.linalg.norm(points[:, np.newaxis] - described, axis=2)
    return np.asarray(apart.min(1), np.float32)
