"""Many faces in one picture."""

import math
from collections.abc import Sequence

import numpy as np

from genapp.errors import BadValue
from genapp.facemaking.marks import ORIGIN, marked
from genapp.facemaking.pipeline import Face
from genapp.images import Photo

GAP = 4
"""Between faces, px."""
MOST_MEGAPIXELS = 100


def sheet(faces: Sequence[Face], columns: int | None = None) -> Photo:
    """Faces side by side, row by row, on white; marked if the first face is.

    Args:
        faces: one or more, of one size.
        columns: how many in a row; None: about as many as there are rows.

    Raises:
        BadValue: there are none, or too many for one picture.
    """
    if not faces:
        raise BadValue("There are no faces for a sheet.", "Make some first.")
    across = columns or math.ceil(math.sqrt(len(faces)))
    across = min(across, len(faces))
    down = math.ceil(len(faces) / across)
    side = faces[0].photo.pixels.shape[0]
    step = side + GAP
    if across * down * step**2 > MOST_MEGAPIXELS * 1e6:
        raise BadValue(
            f"A sheet of {len(faces)} faces of {side}×{side} is too large.",
            "Ask for fewer faces, or smaller ones.",
        )
    canvas = np.full((down * step - GAP, across * step - GAP, 3), 255, np.uint8)
    for number, face in enumerate(faces):
        top, left = number // across * step, number % across * step
        canvas[top : top + side, left : left + side] = face.photo.pixels
    photo = Photo(canvas, name="faces")
    return marked(photo, None) if faces[0].photo.origin == ORIGIN else photo
