"""The attention mesh, or the plain mesh with the iris network: which places the pupils better?

    python training/import_mediapipe.py --extra /tmp/extra
    python benchmarks/mesh_choice.py --extra /tmp/extra

There is no ground truth, so both answer for the same face turned, shrunk, blurred, darkened and
with noise; what they say is carried back and compared with what they said of the untouched photo.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from genapp import images
from genapp.registry.engines import Engine, Engines
from genapp.tryon import mesh as mesh_step
from genapp.tryon.detect import Detection, detect

FACES = Path(__file__).resolve().parents[2] / "shared" / "data" / "faces"
Pixels = NDArray[np.uint8]
Points = NDArray[np.floating]
EYE_CROP = 2.3
"""Side of the iris network's crop over the width of the eye (MediaPipe's iris graph)."""


class Plain:
    """Runs an ONNX file that is not in the catalogue, as an `Engine` does."""

    def __init__(self, path: Path) -> None:
        self._session = onnxruntime.InferenceSession(str(path))

    def run(self, inputs: dict[str, Points]) -> dict[str, Points]:
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, inputs), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extra", type=Path, required=True)
    parser.add_argument("--faces", type=Path, default=FACES)
    options = parser.parse_args()
    paths = (
        sorted(options.faces.glob("faker-*.jpg"))[::5] + sorted(options.faces.glob("omi-*"))[::25]
    )
    plain, iris = (Plain(options.extra / f"{name}.onnx") for name in ("facemesh.plain", "iris"))
    with Engines() as engines:
        attention = engines.get(mesh_step.MODEL)
        ways: dict[str, Callable[[Pixels, Detection], Points]] = {
            "attention mesh": lambda pixels, face: _attention(pixels, face, attention),
            "plain mesh + iris": lambda pixels, face: _plain_and_iris(pixels, face, plain, iris),
        }
        photos = [np.asarray(images.read(path).pixels, np.uint8) for path in paths]
        found = [(photo, faces[0]) for photo in photos if (faces := detect(photo, engines))]
        print(
            f"{len(found)} faces; errors in % of the distance of the eyes: median (95th percentile)"
        )
        for name, way in ways.items():
            print(name)
            for label, matrix_of, disturb in _changes():
                pupils, irises = _compare(found, way, matrix_of, disturb)
                print(f"  {label:22s} pupils {_spread(pupils)}   iris diameter {_spread(irises)}")


def _spread(errors: list[float]) -> str:
    return f"{np.median(errors):.2f} ({np.percentile(errors, 95):.2f})"


def _changes() -> Iterator[tuple[str, Callable[[Pixels], Points], Callable[[Pixels], Pixels]]]:
    same = lambda pixels: pixels  # noqa: E731
    for angle in (15, 30, 45):
        yield f"turned by {angle}°", _matrix(angle, 1.0), same
    for zoom in (0.75, 0.5, 0.33):
        yield f"shrunk to {zoom:.0%}", _matrix(0, zoom), same
    still = _matrix(0, 1.0)
    yield "blurred by 2 px", still, lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 2), np.uint8)
    yield "noise of 25 levels", still, _noisy
    yield "darkened to 30 %", still, lambda p: (p * 0.3).astype(np.uint8)


def _matrix(angle: float, zoom: float) -> Callable[[Pixels], Points]:
    def of(pixels: Pixels) -> Points:
        height, width = pixels.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom)
        return np.asarray(matrix, np.float64)

    return of


def _at_centres(matrix: Points) -> Points:
    """The same map for OpenCV, whose whole numbers are the centres of pixels."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return shifted


def _noisy(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(0).normal(0, 25, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def _compare(
    found: list[tuple[Pixels, Detection]],
    way: Callable[[Pixels, Detection], Points],
    matrix_of: Callable[[Pixels], Points],
    disturb: Callable[[Pixels], Pixels],
) -> tuple[list[float], list[float]]:
    """Errors of the pupils and of the iris diameters, % of the distance of the eyes."""
    pupils, irises = [], []
    for pixels, face in found:
        before = way(pixels, face)
        matrix = matrix_of(pixels)
        size = pixels.shape[1::-1]
        changed = cv2.warpAffine(pixels, _at_centres(matrix), size, borderMode=cv2.BORDER_REPLICATE)
        zoom = float(np.hypot(matrix[0, 0], matrix[0, 1]))
        angle = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
        moved = Detection(
            matrix[:, :2] @ face.center + matrix[:, 2],
            face.side * zoom,
            face.roll + angle,
            face.score,
        )
        after = way(disturb(np.asarray(changed, np.uint8)), moved)
        expected = before @ matrix[:, :2].T + matrix[:, 2]
        apart = float(np.linalg.norm(expected[0] - expected[5]))
        pupils.append(
            float(np.linalg.norm((after - expected)[[0, 5]], axis=1).mean()) / apart * 100
        )
        irises.append(abs(_diameter(after) - _diameter(expected)) / apart * 100)
    return pupils, irises


def _diameter(irises: Points) -> float:
    return float(np.mean([np.linalg.norm(irises[i + 1] - irises[i + 3]) for i in (0, 5)]))


def _attention(pixels: Pixels, face: Detection, engine: Engine) -> Points:
    """Ten points: right iris, left iris."""
    rough = mesh_step._run(pixels, face.center, face.side, face.roll, engine)
    fine = mesh_step._run(pixels, *mesh_step._crop_of(rough), engine)
    return fine.points[468:478, :2]


def _plain_and_iris(pixels: Pixels, face: Detection, plain: Plain, iris: Plain) -> Points:
    crop = (face.center, face.side, face.roll)
    for _ in range(2):
        rough = mesh_step._run(pixels, *crop, plain)  # type: ignore[arg-type]
        crop = mesh_step._crop_of(rough)
    flat = rough.points[:, :2]
    return np.concatenate(
        [
            _iris(pixels, flat[list(mesh_step.RIGHT_EYE)], iris, mirror=True),
            _iris(pixels, flat[list(mesh_step.LEFT_EYE)][::-1], iris, mirror=False),
        ]
    )


def _iris(pixels: Pixels, corners: Points, iris: Plain, *, mirror: bool) -> Points:
    """Five points of one iris. The network knows left eyes; a right one is mirrored for it."""
    across = corners[1] - corners[0]
    side = float(np.linalg.norm(across)) * EYE_CROP
    zoom = side / 64
    cos, sin = across / np.linalg.norm(across) * zoom
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0]])
    if mirror:
        matrix[:, 0] *= -1
    matrix[:, 2] = corners.mean(0) - matrix[:, :2] @ [32, 32]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(pixels, _at_centres(matrix), (64, 64), flags=flags)
    image = crop.transpose(2, 0, 1)[None].astype(np.float32) / 255
    points = iris.run({"image": image})["iris"].reshape(5, 3)[:, :2]
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


if __name__ == "__main__":
    main()
