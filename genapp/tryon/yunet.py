"""Find faces with YuNet (Wu et al. 2023, https://doi.org/10.1007/s11633-023-1423-y), from the Hub.

It was trained on faces of 10 to 300 px: each picture is looked at twice, the second time at half
the size. Faces that lie or hang are found in a picture turned by quarters.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.images import Pixels, to_8_bit
from genapp.registry.engines import Engine, Engines
from genapp.tryon.arrays import Array
from genapp.tryon.detect import STEEP, Detection, merge, turn_back, turned

MODEL = "face/yunet.2023mar"
SIDE = 640
"""Of the square that it takes, px."""
FACE = 300
"""Faces larger than this are looked at again in a smaller picture, px of the square."""
STRIDES = (8, 16, 32)
"""Sides of the cells of its three grids, px."""
MIN_SCORE = 0.6
"""Least root of the probabilities of a face and of its box; the mesh that follows is stricter."""
BELOW_FOREHEAD = 0.83
"""Its boxes reach from the hairline to the chin; those of `Detection` from the brows, which leaves
this part of the height."""


def find(pixels: Pixels, engines: Engines) -> list[Detection]:
    """Find the faces in a picture, largest first.

    Args:
        pixels: H×W×3 RGB, uint8 or uint16.
        engines: where the network comes from.

    Returns:
        Possibly none.

    Raises:
        ModelMissing, HashMismatch: the network's bytes are not to be had, or wrong.
    """
    engine = engines.get(MODEL)
    picture = to_8_bit(pixels)
    best: list[Detection] = []
    for turns in (0, 1, 3, 2):
        upright = turned(picture, turns)
        faces = [face for face in _look(upright, engine) if abs(face.roll) <= STEEP]
        if sum(face.score for face in faces) > sum(face.score for face in best):
            best = [turn_back(face, turns, picture.shape[:2]) for face in faces]
        if best and turns == 0:
            break
    return sorted(best, key=lambda face: -face.side)


def _look(picture: NDArray[np.uint8], engine: Engine) -> list[Detection]:
    """Faces that stand upright, of all sizes."""
    longest = max(picture.shape[:2])
    fine = _run(picture, SIDE / longest, engine)
    if fine and max(face.side for face in fine) < FACE * longest / SIDE:
        return merge(fine)
    return merge(fine + _run(picture, SIDE / 2 / longest, engine))


def _run(picture: NDArray[np.uint8], zoom: float, engine: Engine) -> list[Detection]:
    """Faces in the picture at `zoom` times its size."""
    outputs = engine.run({"input": square(picture, zoom)})
    found = []
    for x, y, width, height, *points, score in decode(outputs):
        if score < MIN_SCORE:
            continue
        eyes = np.array(points[:4], np.float32).reshape(2, 2) / zoom
        across = eyes[1] - eyes[0]
        roll = float(np.degrees(np.arctan2(across[1], across[0])))
        # From the hairline's box to the brows': downwards in the face, not in the picture.
        down = np.array([-np.sin(np.radians(roll)), np.cos(np.radians(roll))])
        middle = np.array([x + width / 2, y + height / 2]) / zoom
        middle += down * height / zoom * (1 - BELOW_FOREHEAD) / 2
        side = max(width, height) / zoom * BELOW_FOREHEAD
        found.append(Detection(middle.astype(np.float32), float(side), roll, float(score)))
    return found


def square(picture: NDArray[np.uint8], zoom: float) -> Array:
    """The picture at `zoom` times its size as 1×3×640×640 BGR, 0..255; black to its right and
    below."""
    height, width = (max(1, round(length * zoom)) for length in picture.shape[:2])
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    small = cv2.resize(picture, (width, height), interpolation=way)
    canvas = np.zeros((SIDE, SIDE, 3), np.float32)
    canvas[:height, :width] = small[..., ::-1]
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None])


def decode(outputs: dict[str, Array]) -> Array:
    """Every cell's face: N×15, pixels of the square.

    Args:
        outputs: of the network, as the catalogue describes them.

    Returns:
        x, y, width, height; the wearer's right and left eye, nose, right and left corner of the
        mouth, x and y each; the score 0..1. As OpenCV's FaceDetectorYN gives them.
    """
    return np.concatenate([_level(outputs, stride) for stride in STRIDES])


def _level(outputs: dict[str, Array], stride: int) -> Array:
    faces, right, boxes, points = (
        outputs[f"{kind}_{stride}"][0] for kind in ("cls", "obj", "bbox", "kps")
    )
    cells = SIDE // stride
    rows, columns = np.divmod(np.arange(cells * cells), cells)
    corners = np.stack([columns, rows], 1).astype(np.float32)
    middles = (boxes[:, :2] + corners) * stride
    # No face is larger than the square by far: wrong answers must not overflow.
    sizes = np.exp(np.minimum(boxes[:, 2:], 8)) * stride
    spots = (points.reshape(-1, 5, 2) + corners[:, None]) * stride
    scores = np.sqrt(np.clip(faces, 0, 1) * np.clip(right, 0, 1))
    return np.concatenate(
        [middles - sizes / 2, sizes, spots.reshape(-1, 10), scores.reshape(-1, 1)], 1
    ).astype(np.float32)
