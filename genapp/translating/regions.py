"""Which part of a photo is painted: everything, the faces, or what lies behind people."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, NoFace
from genapp.images import Pixels, to_float
from genapp.registry.engines import Engines
from genapp.translating.plan import Size
from genapp.tryon import FaceShape, Parser, face_parts, guided_filter, person_parts
from genapp.upscaling import face_mask

REGIONS = ("all", "face", "background")
PERSON = "face/selfie.square"
SIDE = 256
"""Of the square picture that it takes, px."""
GUIDE = 1024
"""Longer side of the picture along whose edges the mask is laid."""
RADIUS = 12
"""Of the patches that are looked at there, px."""
FEWEST = 0.003
"""Part of the picture that people cover at least, if there are any."""

Mask = NDArray[np.uint8]


def check_region(region: str) -> None:
    """Raises `BadValue` for what is no region."""
    if region not in REGIONS:
        raise BadValue(f"There is no region {region!r}.", f"Use {', '.join(REGIONS)}.")


def region_mask(
    pixels: Pixels,
    region: str,
    faces: Sequence[FaceShape],
    engines: Engines,
    parser: Parser | None = None,
) -> Mask | None:
    """H×W: 255 where the photo is painted; None: everywhere.

    Args:
        pixels: H×W×3, the photo.
        region: one of `REGIONS`.
        faces: those in it.
        engines: where the network comes from that finds people.
        parser: what tells the parts of faces and people apart more finely; None: nothing does.

    Raises:
        BadValue: there is no such region.
        NoFace: there is no face, or nobody whose background it could be.
    """
    check_region(region)
    if region == "all":
        return None
    remedy = "Choose the region 'all', or another photo."
    if region == "face":
        if not faces:
            raise NoFace("No face was found to paint.", remedy)
        if parser is not None:
            return face_parts(pixels, faces, parser)
        return face_mask(faces, (pixels.shape[1], pixels.shape[0]))
    people = person_mask(pixels, engines, parser)
    if people.mean() < 255 * FEWEST:
        raise NoFace("Nobody was found whose background could be painted.", remedy)
    return np.asarray(255 - people, np.uint8)


def person_mask(pixels: Pixels, engines: Engines, parser: Parser | None = None) -> Mask:
    """H×W: 255 on people, with soft edges along those of the photo."""
    rough = None if parser is None else person_parts(pixels, parser)
    if rough is None:
        square = to_float(_resized(pixels, (SIDE, SIDE)))
        image = np.ascontiguousarray(square.transpose(2, 0, 1)[None])
        rough = np.asarray(engines.get(PERSON).run({"image": image})["mask"][0, 0], np.float32)
    height, width = pixels.shape[:2]
    shrink = min(1.0, GUIDE / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    guide = to_float(_resized(pixels, size))
    wide = np.asarray(cv2.resize(rough, size, interpolation=cv2.INTER_LINEAR), np.float32)
    fine = guided_filter(guide, wide, RADIUS)
    # Where the filter is unsure it gives grey veils: steeper around the middle.
    sure = np.clip((fine - 0.5) * 2 + 0.5, 0, 1)
    mask = np.asarray(sure * 255, np.uint8)
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _resized(pixels: Pixels, size: Size) -> Pixels:
    way = cv2.INTER_AREA if pixels.shape[1] > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=way), pixels.dtype)
