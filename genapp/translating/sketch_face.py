"""A photo of a face from a drawing of it; the person does not exist."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, check_number
from genapp.images import Photo, check_sides, from_float, read, to_float
from genapp.registry.devices import Ran, ran_report
from genapp.registry.engines import Engines
from genapp.translating.styles import Picture
from genapp.translating.tiles import NO_MESH
from genapp.upscaling import Progress, upscale

MODEL = "translate/sketch-face.v1"
LARGEST = 1024
"""Side of a result, px."""
SIZE = 512
ORIGIN = "trainedAlgorithmicMedia"
"""IPTC's digital source type of what a network made up."""
LINE = 1 / 110
"""Width that lines should have at least, over the side of the drawing."""
MOST_LIGHTER = 3.0
"""No more times is the contrast of a faint drawing raised."""

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class DrawnFace:
    """A face made of a drawing."""

    photo: Photo
    """The face, square; its metadata say that a network made it."""
    seen: Values
    """s×s: the drawing as the network saw it, 0 black to 100 white."""
    timings_ms: Mapping[str, float]
    recipe: Mapping[str, Any]
    """The settings that give this result again."""
    ran: Ran | None = None
    """What ran the network, and where."""

    def report(self) -> dict[str, Any]:
        """What `--json` prints beside the outputs: sizes in pixels, times in ms."""
        return {
            "model": self.recipe["model"],
            "size": list(self.photo.pixels.shape[1::-1]),
            "ran_on": ran_report(self.ran),
            "timings_ms": dict(self.timings_ms),
            "recipe": dict(self.recipe),
        }


def sketch_to_face(
    drawing: Picture,
    *,
    look: int = 0,
    variety: float = 1.0,
    size: int = SIZE,
    format: str = "png",
    progress: Progress | None = None,
    device: str = "auto",
    engines: Engines | None = None,
) -> DrawnFace:
    """Make a photo of a drawn face.

    Lines say where things are; skin, hair and light are open, and `look` chooses them.

    Args:
        drawing: dark lines on light paper, or the reverse: path, bytes of a file, PIL image, array
            (see `genapp.images.read`) or `Photo`. The head should fill it, as in a passport photo:
            eyes a little above the middle. What is not square is centred on white.
        look: 0 the usual look of these lines; every other whole number from 1 on another one.
        variety: how far other looks are from the usual one, 0..2.
        size: side of the result, px, from what the network makes up to 1024.
        format: what it will be written as: sides too long for that are refused before the work.
        progress: told how far the work is; may raise `Cancelled`.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        engines: a pool to take networks from, so that many calls load them once.

    Raises:
        UnreadablePicture, TooLarge: the drawing cannot be read, or has too many pixels.
        BadValue: there are no lines, or a setting is out of range.
        ModelMissing: a model's bytes are not to be had, or may not be used commercially.
    """
    if isinstance(look, bool) or not isinstance(look, int) or not 0 <= look < 2**32:
        raise BadValue(f"The look is {look!r}.", "Choose a whole number, 0 and up.")
    check_number("variety", variety, 0, 2)
    check_sides(size, size, format)
    started = time.perf_counter()
    loaded = read(drawing)
    pool = engines or Engines(device=device)
    try:
        ports = {port.name: port for port in pool.catalog.get(MODEL).inputs}
        side, codes = int(ports["drawing"].shape[2]), int(ports["look"].shape[1])
        if isinstance(size, bool) or not isinstance(size, int) or not side <= size <= LARGEST:
            raise BadValue(f"The size is {size!r}.", f"Choose {side} to {LARGEST} pixels.")
        seen = prepared(on_white(loaded), side)
        timings = {"read": _since(started)}
        started = time.perf_counter()
        inputs = {"drawing": seen[None, None], "look": look_code(look, codes, variety)[None]}
        made = np.ascontiguousarray(pool.get(MODEL).run(inputs)["image"][0].transpose(1, 2, 0))
        # Pixels are made two by two, which leaves a mesh.
        made = cv2.sepFilter2D(made, -1, NO_MESH, NO_MESH, borderType=cv2.BORDER_REFLECT_101)
        timings["network"] = _since(started)
        started = time.perf_counter()
        name = f"{loaded.name or 'drawing'}-face"
        photo = Photo(from_float(np.clip(made, 0, 1), np.uint8), name=name)
        if size > side:
            enlarged = upscale(photo, width=size, faces=False, progress=progress, engines=pool)
            photo = replace(enlarged.photo, name=name)
        timings["enlarge"] = _since(started)
        ran = pool.ran(MODEL)
    finally:
        if engines is None:
            pool.close()
    recipe = {"model": MODEL, "look": look, "variety": variety, "size": size}
    return DrawnFace(replace(photo, origin=ORIGIN), seen, timings, recipe, ran)


def look_code(look: int, count: int, variety: float = 1.0) -> Values:
    """The numbers of a look: zeros for 0, else normal ones of that seed, times the variety."""
    if look == 0:
        return np.zeros(count, np.float32)
    drawn = np.random.default_rng(look).standard_normal(count)
    return np.asarray(variety * drawn, np.float32)


def on_white(photo: Photo) -> Values:
    """The lightness of a drawing on white paper, H×W, 0..100."""
    rgb = to_float(photo.pixels)
    if photo.alpha is not None:
        rgb = 1 - (1 - rgb) * to_float(photo.alpha)[..., np.newaxis]
    return np.ascontiguousarray(cv2.cvtColor(np.asarray(rgb), cv2.COLOR_RGB2Lab)[..., 0])


def prepared(lightness: Values, side: int) -> Values:
    """A drawing as the network learnt from them: square, white paper, lines not too thin.

    Args:
        lightness: H×W, 0..100.
        side: of the result, px.

    Raises:
        BadValue: there is nothing on the paper.
    """
    if np.mean(lightness < 40) > 0.75:  # chalk on a blackboard
        lightness = 100 - lightness
    black, white = np.percentile(lightness[::2, ::2], [0.5, 85])
    darkest = float(lightness.min())
    if white - darkest < 5:
        raise BadValue("There are no lines in the drawing.", "Draw a face with dark lines.")
    # Few lines are less than a half percent of the paper.
    black = min(float(black), darkest + 0.5 * (float(white) - darkest))
    contrast = 100 / max(float(white) - black, 100 / MOST_LIGHTER)
    clean = np.clip(100 + (lightness - np.float32(white)) * np.float32(contrast), 0, 100)
    height, width = clean.shape
    largest = max(height, width)
    above, left = (largest - height) // 2, (largest - width) // 2
    square = cv2.copyMakeBorder(
        np.asarray(clean, np.float32),
        above,
        largest - height - above,
        left,
        largest - width - left,
        cv2.BORDER_CONSTANT,
        value=100.0,
    )
    missing = LINE * largest - line_width(clean)
    if missing >= 1:
        thick = 1 + round(missing)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick))
        square = cv2.erode(square, kernel)
    way = cv2.INTER_AREA if largest > side else cv2.INTER_CUBIC
    small = cv2.resize(square, (side, side), interpolation=way)
    return np.asarray(np.clip(small, 0, 100), np.float32)


def line_width(lightness: Values) -> float:
    """How wide most lines are, px: twice how far their middle is from the paper."""
    ink = (lightness < 60).astype(np.uint8)
    far = np.asarray(cv2.distanceTransform(ink, cv2.DIST_L2, 3))
    ridge = far[(far > 0) & (far >= cv2.dilate(far, np.ones((3, 3), np.uint8)))]
    return float(2 * np.median(ridge) - 1) if len(ridge) else 0.0


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
