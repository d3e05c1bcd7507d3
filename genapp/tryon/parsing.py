"""Which part of a face is where: a network that tells skin, hair, clothes and things apart.

None comes with genapp. BiSeNet (Yu et al. 2018, arXiv:1808.00897) knows 19 parts and may not be
used commercially, as it learnt from CelebAMask-HQ; MediaPipe's selfie multiclass knows 6.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import UnknownName
from genapp.images import Pixels, to_float
from genapp.registry.catalog import commercial_only
from genapp.registry.engines import Engine, Engines
from genapp.tryon.arrays import Array
from genapp.tryon.camera import crop, inverse
from genapp.tryon.outline import FaceShape

MULTICLASS = "face/parsing.selfie-multiclass"
AUTO, NONE = "auto", "none"
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
"""Of ImageNet's pictures, 0..1."""
SOFT = 0.004
"""Standard deviation of the soft edge of a mask, in the side of the crop."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """A network that parses faces."""

    model: str
    """Name in the catalogue."""
    side: int
    """Of the square that it takes, px."""
    zoom: float
    """Side of that square over the face's: the pictures that it learnt from."""
    before: tuple[int, ...]
    """Classes that are before the face if they are inside its outline: what is none of its parts
    (hands are), cloth, hair, a hat."""
    face: tuple[int, ...]
    """Classes that are the face."""
    background: int | None
    """The class of what is no person; None where the network looks at aligned faces only."""


_BISENET = Kind(
    model="face/parsing.bisenet-r18",
    side=512,
    zoom=1.9,
    before=(0, 16, 17, 18),
    face=(1, 2, 3, 4, 5, 6, 10, 11, 12, 13),
    background=None,
)
PARSERS = {
    "bisenet-r34": replace(_BISENET, model="face/parsing.bisenet-r34"),
    "bisenet-r18": _BISENET,
    "selfie-multiclass": Kind(
        model=MULTICLASS,
        side=256,
        zoom=2.6,
        # Glasses are among the things that people wear.
        before=(0, 1, 2, 4),
        face=(3,),
        background=0,
    ),
}
"""By what they are called on the command line, the finest first."""
PARSER_NAMES = (AUTO, *PARSERS, NONE)


@dataclass(frozen=True, eq=False)
class Parser:
    """A network that parses faces, ready to run."""

    name: str
    kind: Kind
    engine: Engine

    def scores(self, square: Array) -> Array:
        """classes×side×side of a picture, side×side×3 RGB 0..1."""
        if self.kind.model == MULTICLASS:
            image = np.ascontiguousarray(square[None], np.float32)
            scores = self.engine.run({"image": image})["classes"][0].transpose(2, 0, 1)
        else:
            planes = ((square - MEAN) / SPREAD).transpose(2, 0, 1)[None]
            image = np.ascontiguousarray(planes, np.float32)
            scores = self.engine.run({"input": image})["output"][0]
        return np.asarray(scores, np.float32)

    def classes(self, square: Array) -> NDArray[np.int64]:
        """side×side numbers of classes of a picture, side×side×3 RGB 0..1."""
        return np.asarray(self.scores(square).argmax(0))


def check_parser(parser: str) -> None:
    """Raises `UnknownName` for what is no parser."""
    if parser not in PARSER_NAMES:
        raise UnknownName("parser", parser, PARSER_NAMES)


def open_parser(parser: str, engines: Engines) -> Parser | None:
    """The parser of that name; "auto": the finest that is on this machine, or None; "none": None.

    Raises:
        UnknownName: there is no such parser.
        ModelMissing, HashMismatch: it was asked for by its name, and its bytes are not to be had,
            or wrong.
    """
    check_parser(parser)
    if parser in PARSERS:
        return Parser(parser, PARSERS[parser], engines.get(PARSERS[parser].model))
    for name, kind in PARSERS.items():
        if parser == AUTO and _is_here(kind, engines):
            try:
                return Parser(name, kind, engines.get(kind.model))
            except ValueError:
                # Not the network that the catalogue describes: a bug, but no reason to fail here.
                logger.exception("%s cannot be used", kind.model)
    return None


def _is_here(kind: Kind, engines: Engines) -> bool:
    """It can be used without being fetched."""
    if kind.model not in engines.catalog.names:
        return False
    model = engines.catalog.get(kind.model)
    allowed = model.commercial or not commercial_only()
    return allowed and all(engines.store.find(file) is not None for file in model.files)


def to_square(low: Array, high: Array, across: Array, kind: Kind) -> Array:
    """Pixels of the photo to those of the parser's upright square around a face, 2×3.

    Args:
        low, high: 2, corners of the box around the face, px of the photo.
        across: 2, from the viewer's left to the right in the face.
        kind: the parser.
    """
    zoom = kind.side / (float((high - low).max()) * kind.zoom)
    right = across / max(float(np.linalg.norm(across)), 1e-6)
    linear = np.array([[right[0], right[1]], [-right[1], right[0]]]) * zoom
    shift = kind.side / 2 - linear @ ((low + high) / 2)
    return np.column_stack([linear, shift])


def face_parts(pixels: Pixels, shapes: Sequence[FaceShape], parser: Parser) -> NDArray[np.uint8]:
    """H×W: 255 on the faces as the parser sees them: skin, eyes, brows, nose and mouth, without
    what lies before them.

    Args:
        pixels: H×W×3, the photo.
        shapes: the faces in it.
        parser: which.
    """
    height, width = pixels.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for shape in shapes:
        low, high = shape.outline.min(0), shape.outline.max(0)
        across = shape.five_points[1] - shape.five_points[0]
        matrix = to_square(low, high, across, parser.kind)
        size = (parser.kind.side, parser.kind.side)
        seen = to_float(crop(pixels, inverse(matrix), size, repeat=True))
        face = np.isin(parser.classes(seen), parser.kind.face).astype(np.float32) * 255
        soft = cv2.GaussianBlur(face, (0, 0), SOFT * parser.kind.side)
        # Pixel centres lie at half a pixel in photo coordinates, at whole numbers in warpAffine.
        back = inverse(matrix).astype(np.float64)
        back[:, 2] += back[:, :2] @ [0.5, 0.5] - 0.5
        laid = cv2.warpAffine(soft, back, (width, height), flags=cv2.INTER_LINEAR)
        mask = np.maximum(mask, np.asarray(laid, np.uint8))
    return mask


def person_parts(pixels: Pixels, parser: Parser) -> Array | None:
    """side×side, 0..1: how surely there is a person, over the whole photo; None if the parser
    looks at faces only."""
    if parser.kind.background is None:
        return None
    size = (parser.kind.side, parser.kind.side)
    way = cv2.INTER_AREA if pixels.shape[1] > size[0] else cv2.INTER_LINEAR
    square = to_float(np.asarray(cv2.resize(pixels, size, interpolation=way), pixels.dtype))
    scores = parser.scores(square)
    odds = np.exp(scores - scores.max(0))
    return np.asarray(1 - odds[parser.kind.background] / odds.sum(0), np.float32)
