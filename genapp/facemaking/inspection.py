"""What a data set's manifest says of each face."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from genapp.facemaking import attributes
from genapp.facemaking.arrays import Values
from genapp.facemaking.likeness import INDEX, SUSPECT, distances, open_index
from genapp.facemaking.pipeline import Face
from genapp.registry.engines import Engines


@dataclass(frozen=True)
class Row:
    """A line of the manifest."""

    file: str
    seed: int
    recipe: str
    nearest_training_face: str = ""
    nearest_training_distance: float | None = None
    share_of_unseen_faces_as_near: float | None = None
    suspected_copy: bool | None = None
    duplicate_of: str = ""
    """An earlier file of the set that shows nearly the same face."""
    attributes: Mapping[str, float | bool | None] = field(default_factory=dict)
    """How the face looks, by name: columns of their own."""

    def table(self) -> dict[str, Any]:
        """All columns by name."""
        columns = asdict(self)
        return {**columns, **columns.pop("attributes")}


class Inspector:
    """Measures each face, compares it with the training faces and with those of the set so far.

    Args:
        engines: that its networks and the index come from; what the catalogue lacks is left out.
        count: of the set.
        compare: look for copies and duplicates.
        measure: read attributes off the pictures.
    """

    def __init__(self, engines: Engines, count: int, *, compare: bool, measure: bool) -> None:
        self.count = count
        self.index = index = open_index(engines) if compare else None
        self._engines = engines
        self._measures = measure and attributes.RATINGS in engines.catalog.names
        self._names: list[str] = []
        # 256 bytes a face: all that a long set keeps in memory beside its manifest.
        width = index.points.shape[1] if index else 0
        self._points = np.empty((count, width), np.float32)

    def row(self, file: str, face: Face) -> Row:
        """The face's line of the manifest."""
        row = Row(file, face.recipe.seed, str(face.recipe))
        if self._measures:
            row = replace(row, attributes=attributes.measured(face.native, self._engines))
        if self.index is None:
            return row
        described = self.index.describe(face.native)
        likeness = self.index.likeness(described)
        twin = self._twin(described)
        self._points[len(self._names)] = described[0]
        self._names.append(file)
        return replace(
            row,
            nearest_training_face=likeness.nearest,
            nearest_training_distance=round(likeness.distance, 4),
            share_of_unseen_faces_as_near=round(likeness.share, 4),
            suspected_copy=likeness.suspected,
            duplicate_of=twin,
        )

    def facts(self) -> dict[str, Any]:
        """What the numbers mean, for the manifest."""
        if self.index is None:
            return {"index": None}
        return {
            "index": INDEX,
            "training_faces": len(self.index.names),
            "unseen_faces": len(self.index.held_out),
            "near": round(self.index.near, 4),
            "meaning": "Distances between small blurred pictures. Of real faces that the model "
            "never saw, share_of_unseen_faces_as_near lies as near to a face that it learnt from; "
            f"at {SUSPECT:g} or below, a face is suspected of being a copy. Two faces of the set "
            "nearer to each other than 'near' count as duplicates. A copy before another "
            "background is not found, and a bland face may be suspected wrongly.",
        }

    def meanings(self) -> dict[str, str]:
        """What the columns of attributes say, for the manifest."""
        return dict(attributes.MEANINGS) if self._measures else {}

    def _twin(self, described: Values) -> str:
        """The file of the nearest earlier face, if it is as near as a copy would be."""
        assert self.index is not None
        if not self._names:
            return ""
        apart = distances(described, self._points[: len(self._names)])
        nearest = int(np.argmin(apart))
        return self._names[nearest] if apart[nearest] <= self.index.near else ""
