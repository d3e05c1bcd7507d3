"""Faces: left as they were, or restored by a network of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, ModelMissing, UnknownName
from genapp.images import Pixels, to_float
from genapp.registry.engines import Engines
from genapp.tryon import FaceShape
from genapp.upscaling.arrays import Values
from genapp.upscaling.plan import Size

RESTORER = "face/restoreformer.plus-plus"
"""RestoreFormer++ (Wang et al. 2023, arXiv:2308.07228), when the catalogue has it."""
SIDE = 512
"""Side of the square that it takes and gives, px."""
TEMPLATE = SIDE * np.array(
    [
        (0.37691676, 0.46864664),
        (0.62285697, 0.46912813),
        (0.50123859, 0.61331904),
        (0.39308822, 0.72541100),
        (0.61150205, 0.72490465),
    ]
)
"""Where the pupils, the tip of the nose and the corners of the mouth lie in that square (FFHQ)."""
FEATHER = 0.06
"""Width of the soft edge of a restored face, in its side."""
SLOW = SIDE / 16
"""Standard deviation in px of what counts as colour and light, which stay those of the photo."""
AROUND = 1.15
"""A face that stays as it was is kept with this much around it, the hairline and chin."""
SOFT = 0.04
"""Width of its soft edge, in the face's width."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of the result."""

    left: int
    top: int
    pixels: NDArray[np.float16]
    """h×w×3, 0..1."""
    weight: NDArray[np.float16]
    """h×w: 1 where the patch alone counts."""


def chosen_faces(faces: bool | Iterable[int], count: int) -> tuple[int, ...]:
    """Indices of the faces to enlarge: all, none, or those named.

    Raises:
        BadValue: there is no such face.
    """
    if isinstance(faces, bool):
        return tuple(range(count)) if faces else ()
    named = tuple(faces)
    for number in named:
        if not 0 <= number < count:
            there = f"{count} faces, numbered from 0" if count != 1 else "1 face, number 0"
            raise BadValue(
                f"There is no face {number}: the picture has {there if count else 'no face'}.",
                "Choose other faces.",
            )
    return named


def face_mask(shapes: Sequence[FaceShape], size: Size) -> NDArray[np.uint8]:
    """H×W: 255 on the faces, softly falling to 0 around them. `size` is that of the photo."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    for shape in shapes:
        middle = shape.outline.mean(axis=0)
        outline = middle + (shape.outline - middle) * AROUND
        face = np.zeros_like(mask)
        # Pixel centres lie at half a pixel in photo coordinates; 4 bits of fraction.
        cv2.fillPoly(face, [np.rint((outline - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(face, (0, 0), max(SOFT * shape.box[2], 0.5))
        mask = np.maximum(mask, np.asarray(soft, np.uint8))
    return mask


def restore(
    pixels: Pixels, shapes: Sequence[FaceShape], size: Size, fidelity: float, engines: Engines
) -> tuple[Patch, ...]:
    """Each face, cleaned and sharpened by a network that knows faces, for a result of `size`.

    Args:
        pixels: H×W×3, the photo.
        shapes: faces in it.
        size: width and height of the result.
        fidelity: 0 the network's face … 1 the photo's.
        engines: where the network comes from.

    Raises:
        ModelMissing: the network is not to be had.
    """
    return tuple(_restored(pixels, shape, size, fidelity, engines) for shape in shapes)


def check_restorer(engines: Engines) -> None:
    """Raises `ModelMissing` if faces cannot be restored here; fetches what can be fetched."""
    try:
        engines.get(RESTORER)
    except UnknownName as error:
        raise ModelMissing(
            f"Restoring faces needs the model {RESTORER}, which this catalogue does not have.",
            "Leave the restoring off, or use a version of genapp whose catalogue has it.",
        ) from error


def _restored(
    pixels: Pixels, shape: FaceShape, size: Size, fidelity: float, engines: Engines
) -> Patch:
    model = engines.catalog.get(RESTORER)
    to_square = _alignment(shape)
    square = _warped(to_float(pixels), to_square, (SIDE, SIDE))
    image = np.ascontiguousarray((square * 2 - 1).transpose(2, 0, 1)[None])
    outputs = engines.get(RESTORER).run({model.inputs[0].name: image})
    clean = outputs[model.outputs[0].name][0].transpose(1, 2, 0).astype(np.float32) / 2 + 0.5
    clean += _slow(square) - _slow(clean)
    return _pasted(np.clip(clean, 0, 1), to_square, pixels.shape[1::-1], size, 1 - fidelity)


def _alignment(shape: FaceShape) -> NDArray[np.float64]:
    """2×3, from photo to square: turned, scaled and shifted, nothing else."""
    matrix, _ = cv2.estimateAffinePartial2D(
        shape.five_points.astype(np.float64), TEMPLATE, method=cv2.LMEDS
    )
    return np.asarray(matrix, np.float64)


def _warped(values: Values, matrix: NDArray[np.float64], size: Size) -> Values:
    warped = cv2.warpAffine(
        values,
        _centred(matrix),
        size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.clip(np.asarray(warped, np.float32), 0, 1)


def _centred(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """For warpAffine, where pixel centres are whole numbers and not halves."""
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return centred


def _slow(values: Values) -> Values:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), SLOW), np.float32)


def _pasted(
    clean: Values, to_square: NDArray[np.float64], photo: Size, size: Size, weight: float
) -> Patch:
    """The square laid back onto the result, which is `size` where the photo was `photo`."""
    zoom = np.array([size[0] / photo[0], size[1] / photo[1]])
    back = cv2.invertAffineTransform(to_square) * zoom[:, None]
    corners = np.array([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)]) @ back[:, :2].T + back[:, 2]
    left, top = (int(max(0, np.floor(value))) for value in corners.min(axis=0))
    right = min(size[0], int(np.ceil(corners[:, 0].max())))
    bottom = min(size[1], int(np.ceil(corners[:, 1].max())))
    back[:, 2] -= (left, top)
    inside = (max(right - left, 1), max(bottom - top, 1))
    edge = round(SIDE * FEATHER)
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[2 * edge : -2 * edge, 2 * edge : -2 * edge] = weight
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), edge / 1.5), np.float32)
    laid = cv2.warpAffine(mask, _centred(back), inside, flags=cv2.INTER_LINEAR)
    return Patch(
        left,
        top,
        _warped(clean, back, inside).astype(np.float16),
        np.asarray(laid).astype(np.float16),
    )
