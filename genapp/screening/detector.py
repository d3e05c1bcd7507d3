"""A detector of outliers: fitted on a reference set, saved to a small file and loaded again."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, UnreadablePicture
from genapp.families import Tuned, Tuning
from genapp.files import write_atomic
from genapp.screening import calibration, cells, density
from genapp.screening.cells import Cells, Half
from genapp.screening.density import Density

Array = NDArray[np.float32]
Numbers = NDArray[np.float64]

LEAST = 30
"""Pictures of a reference."""
MOST = 2000
"""Pictures of a reference that are used; of more, as many are drawn."""
FORMAT = 2
"""Of the file; files of another are refused."""
MOST_BYTES = 100_000_000
"""Of a detector's file, unpacked."""
TUNED = "tuned."
"""What the names of the tuned VAE's weights begin with in the file."""


@dataclass(frozen=True, eq=False)
class Detector:
    """What belongs, in numbers. There are no pictures in it, only their names."""

    name: str
    """Of the reference, for people."""
    names: tuple[str, ...]
    """n, of the reference's pictures; "" where they have none."""
    density: Density
    cells: Cells
    places: Half
    """n×k, where the reference's pictures lie in the density."""
    held_out: Mapping[str, Numbers] = field(default_factory=dict)
    """By the name of a score: what pictures scored that belong and that it was not fitted on."""
    tuned: Tuned | None = None
    """A VAE that was tuned on pictures of the reference, if so it was asked."""

    def p_values(self, score: str, values: Numbers) -> Numbers:
        """p-values of scores, by rank among the held-out ones. Raises `BadValue` if there are
        none of this score."""
        return calibration.p_values(values, self.calibration(score))

    def calibration(self, score: str) -> Numbers:
        """The held-out values of a score.

        Raises:
            BadValue: the detector was fitted without it.
        """
        if score not in self.held_out:
            raise BadValue(
                f"The detector was fitted without the score {score!r}.",
                f"Choose {', '.join(self.held_out)}, or fit it again on its reference"
                f"{' and tune' if score.startswith('tuned-') else ''}.",
            )
        return self.held_out[score]

    def neighbours(self, vectors: Array, count: int) -> list[list[tuple[str, float]]]:
        """The nearest pictures of the reference to each of N vectors: name and distance."""
        # Coordinates are in standard deviations of the single numbers; their mean is shown.
        asked = self.density.places(vectors) / np.float32(len(self.density.mean) ** 0.5)
        known = self._known
        squares = (asked**2).sum(1)[:, None] + (known**2).sum(1) - 2 * asked @ known.T
        found = []
        for row in np.sqrt(np.maximum(squares, 0)):
            nearest = np.argsort(row, kind="stable")[:count]
            found.append([(self.names[number], float(row[number])) for number in nearest])
        return found

    @cached_property
    def _known(self) -> Array:
        return self.places.astype(np.float32) / np.float32(len(self.density.mean) ** 0.5)


def fit(
    name: str,
    names: tuple[str, ...],
    vectors: Array,
    cell_features: Half,
    held_out: Mapping[str, Numbers] | None = None,
    tuned: Tuned | None = None,
) -> Detector:
    """A detector of what is unlike these pictures.

    Args:
        name: of the reference, for people.
        names: n, of its pictures.
        vectors: n×1536, see `density.vectors`.
        cell_features: n×128×14×14, see `cells.cells`.
        held_out: n values of each other score of the same pictures; of scores by the tuned VAE,
            of those pictures that it wasn't tuned on.
        tuned: a VAE that was tuned on the others.

    Raises:
        BadValue: there are fewer than `LEAST` pictures.
    """
    if len(vectors) < LEAST:
        raise BadValue(
            f"The reference has {len(vectors)} pictures that can be read.",
            f"Give at least {LEAST}: a p-value can't be smaller than 1 / (their number + 1).",
        )
    fitted = density.fit(vectors)
    return Detector(
        name,
        names,
        fitted,
        cells.fit(cell_features),
        fitted.places(vectors).astype(np.float16),
        {"features": density.held_out_distances(vectors), **(held_out or {})},
        tuned,
    )


def save(detector: Detector, path: Path) -> None:
    """Write a detector to a `.npz` file, whole or not at all.

    Raises:
        BadValue: another ending, or a place that cannot be written to.
    """
    if path.suffix.lower() != ".npz":
        raise BadValue(f"{str(path)!r} is no name for a detector.", "End it in .npz.")
    try:
        write_atomic(path, to_bytes(detector))
    except OSError as error:
        raise BadValue(
            f"{str(path)!r} cannot be written: {error.strerror}.", "Choose another place."
        ) from error


def to_bytes(detector: Detector) -> bytes:
    """A detector as the bytes of a `.npz` file: numbers and names, no pickles."""
    shape, place = detector.density, detector.cells
    out = io.BytesIO()
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT),
        "name": np.array(detector.name),
        "names": np.array(detector.names),
        "mean": shape.mean,
        "deviation": shape.deviation,
        "directions": shape.directions.astype(np.float16),
        "variances": shape.variances,
        "rest": np.array(shape.rest),
        "cell_means": place.means.astype(np.float16),
        "cell_deviations": place.deviations.astype(np.float16),
        "cell_whitening": place.whitening.astype(np.float16),
        "cell_span": np.array([place.low, place.high]),
        "places": detector.places,
        **{f"held_out.{score}": values for score, values in detector.held_out.items()},
    }
    if detector.tuned is not None:
        about = {"base": detector.tuned.base, "tuning": asdict(detector.tuned.tuning)}
        arrays["tuned"] = np.array(json.dumps(about))
        arrays |= {f"{TUNED}{name}": values for name, values in detector.tuned.weights.items()}
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def load(path: Path) -> Detector:
    """A detector from the file that `save` wrote.

    Raises:
        UnreadablePicture: there is no such file.
        BadValue: it is no detector, or of another version.
    """
    if not path.is_file():
        raise UnreadablePicture(f"There is no file {str(path)!r}.", "Check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MOST_BYTES:
            raise ValueError("too large")
        with np.load(path, allow_pickle=False) as stored:
            return _read(dict(stored))
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
    ) as error:
        raise BadValue(
            f"{path.name!r} is no detector of this version.",
            "Give a file that --save-detector wrote, or fit it again.",
        ) from error


def _read(stored: dict[str, NDArray[np.generic]]) -> Detector:
    """Raises `ValueError` or `KeyError` if something is missing or of the wrong shape."""
    if int(stored["format"]) != FORMAT:
        raise ValueError("another version")
    count = len(stored["names"])
    kept = len(stored["variances"])
    shapes = {
        "mean": (density.LENGTH,),
        "deviation": (density.LENGTH,),
        "directions": (kept, density.LENGTH),
        "variances": (kept,),
        "rest": (),
        "cell_means": (cells.CHANNELS, cells.SIDE, cells.SIDE),
        "cell_deviations": (cells.CHANNELS, cells.SIDE, cells.SIDE),
        "cell_whitening": (cells.CHANNELS, cells.CHANNELS),
        "cell_span": (2,),
        "places": (count, kept),
    }
    for key, shape in shapes.items():
        if stored[key].shape != shape or not np.isfinite(stored[key].astype(np.float64)).all():
            raise ValueError(key)
    numbers = {key: stored[key].astype(np.float32) for key in shapes}
    low, high = (float(value) for value in numbers["cell_span"])
    held_out = {
        key.removeprefix("held_out."): values.astype(np.float64)
        for key, values in stored.items()
        if key.startswith("held_out.")
    }
    if "features" not in held_out or any(
        values.ndim != 1 or len(values) < LEAST for values in held_out.values()
    ):
        raise ValueError("held_out")
    return Detector(
        str(stored["name"]),
        tuple(str(name) for name in stored["names"]),
        Density(
            numbers["mean"],
            numbers["deviation"],
            numbers["directions"],
            numbers["variances"],
            float(numbers["rest"]),
        ),
        Cells(
            numbers["cell_means"],
            numbers["cell_deviations"],
            numbers["cell_whitening"],
            low,
            high,
        ),
        numbers["places"].astype(np.float16),
        held_out,
        _tuned(stored),
    )


def _tuned(stored: dict[str, NDArray[np.generic]]) -> Tuned | None:
    """The tuned VAE, if there is one. Its shapes are checked when it is opened."""
    if "tuned" not in stored:
        return None
    about = json.loads(str(stored["tuned"]))
    weights = {
        key.removeprefix(TUNED): values.astype(np.float16)
        for key, values in stored.items()
        if key.startswith(TUNED)
    }
    return Tuned(str(about["base"]), weights, Tuning(**about["tuning"]))
