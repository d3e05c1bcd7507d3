"""From a photo of a face to the w that draws it best.

Levenberg and Marquardt's method: the picture is taken as linear in w around where the search
stands, by one picture for each direction of w; that needs no gradient, so that ONNX Runtime does.
Only directions in which w is spread are searched, and what is unlikely costs more.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import NoFace
from genapp.facemaking.align import align
from genapp.facemaking.arrays import Values
from genapp.facemaking.generator import Generator
from genapp.facemaking.latent import noise
from genapp.images import Photo, to_8_bit
from genapp.registry.engines import Engines
from genapp.tryon import find_faces
from genapp.upscaling import Clock, Progress

Array = NDArray[np.float64]

SIDES = (8, 16, 32)
"""A photo and what is drawn are compared at these sizes, px: shape counts, pores don't."""
SPREAD = 256
"""So many faces tell how w is spread."""
LIKELY = 0.002
"""What a step of one standard deviation costs, in the mean square of colours of deviation 1."""
DAMPING = 0.1
"""Of the first step; less after a good one, more after a bad one."""


@dataclass(frozen=True, eq=False)
class Projection:
    """What `project` returns."""

    w: Values
    """L×256."""
    picture: Values
    """S×S×3, 0..1: what the generator draws of it."""
    photo: Values
    """S×S×3, 0..1: the face that was to be drawn."""
    error: float
    """Mean absolute difference of both at 32², of 255."""
    error_before: float
    """The same for the mean face."""


def project(
    photo: Photo,
    generator: Generator,
    engines: Engines,
    *,
    rounds: int = 6,
    directions: int = 48,
    progress: Progress | None = None,
) -> Projection:
    """Looks for the w of the largest face of a photo.

    Args:
        photo: any size.
        generator: that is to draw it.
        engines: where the networks that find the face come from.
        rounds: steps of the search; each draws `directions` pictures.
        directions: how many of w's directions are searched, the widest first.
        progress: told after each step; may raise `Cancelled`.

    Raises:
        NoFace: there is none.
    """
    wanted = cut_out(photo, generator.size, engines)
    target = _seen(wanted)
    middle, ways = _spread(generator, directions)
    x = np.zeros(len(ways))
    drawn = _draw(generator, middle + x @ ways)
    now, damping = _residual(drawn, target), DAMPING
    error_before = _error(drawn, wanted)
    clock = Clock(rounds, progress)
    for _ in range(rounds):
        slopes = _slopes(generator, middle, ways, x, drawn)
        for _ in range(4):
            step = _step(slopes, now, x, damping)
            tried = _draw(generator, middle + (x + step) @ ways)
            after = _residual(tried, target)
            if _cost(after, x + step) < _cost(now, x):
                x, drawn, now, damping = x + step, tried, after, damping / 4
                break
            damping *= 4
        clock.advance(1, "Drawing the photo")
    w = np.repeat((middle + x @ ways)[None], generator.levels, 0).astype(np.float32)
    return Projection(w, drawn, wanted, _error(drawn, wanted), error_before)


def cut_out(photo: Photo, side: int, engines: Engines) -> Values:
    """The largest face of a photo as the generator would draw it, side×side×3, 0..1.

    Raises:
        NoFace: there is none.
    """
    pixels = to_8_bit(photo.pixels)
    found = find_faces(pixels, engines)
    if not found:
        raise NoFace(
            "No face was found in the picture.",
            "Use a photo in which a face is at least 24 pixels wide, well lit and not covered.",
        )
    right, left, _, *corners = found[0].five_points.astype(np.float64)
    face = align(pixels, right, left, np.mean(corners, 0), side)
    return face.astype(np.float32) / np.float32(255)


def _spread(generator: Generator, directions: int) -> tuple[Array, Array]:
    """The mean of w, 256, and a row for each direction, as long as w's deviation along it."""
    z = np.stack([noise(seed, generator.z_size) for seed in range(SPREAD)])
    w = generator.mapping(z).astype(np.float64)
    _, lengths, ways = np.linalg.svd(w - w.mean(0), full_matrices=False)
    return w.mean(0), (ways * lengths[:, None] / np.sqrt(SPREAD))[:directions]


def _draw(generator: Generator, w: Array) -> Values:
    row = np.repeat(w[None], generator.levels, 0).astype(np.float32)
    return np.asarray(generator.synthesis(row[None])[0], np.float32)


def _slopes(generator: Generator, middle: Array, ways: Array, x: Array, drawn: Values) -> Array:
    """How what is seen changes along each direction, n×p, by a small step in it."""
    step = 0.1
    here = _seen(drawn)
    moved = [_seen(_draw(generator, middle + (x + step * one) @ ways)) for one in np.eye(len(ways))]
    return np.stack([(each - here) / step for each in moved])


def _step(slopes: Array, residual: Array, x: Array, damping: float) -> Array:
    """The step that brings the residual down the most, if pictures were linear in w."""
    square = slopes @ slopes.T + LIKELY * np.eye(len(x))
    downhill = slopes @ residual - LIKELY * x
    return np.asarray(np.linalg.solve(square + damping * np.diag(np.diag(square)), downhill))


def _cost(residual: Array, x: Array) -> float:
    return float(residual @ residual + LIKELY * (x @ x))


def _residual(drawn: Values, target: Array) -> Array:
    return target - _seen(drawn)


def _seen(picture: Values) -> Array:
    """What is compared of a picture: its colours at all sizes, each size counting the same."""
    parts = []
    for side in SIDES:
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        parts.append(small.ravel().astype(np.float64) / (0.25 * np.sqrt(small.size * len(SIDES))))
    return np.concatenate(parts)


def _error(drawn: Values, wanted: Values) -> float:
    size = (SIDES[-1], SIDES[-1])
    both = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (drawn, wanted))
    return float(np.abs(np.subtract(*both)).mean() * 255)
