"""Samples for the colouriser of sketches: a drawing, hints, and the wash beneath it."""

import color_data
import cv2
import doodles
import lines
import numpy as np
from color_data import Array, Bytes, Rng, Sample

from genapp.colorizing import sketch

# Share of each kind in what is learnt: half are faces.
SHARES = {"fakefaces": 0.35, "faker": 0.15, "imagenet": 0.25, "flowers": 0.1, "bsds": 0.15}
DOODLES = 0.2  # share of the samples that are made by rule
LARGER = (1.0, 1.5, 2.0)  # how much larger than the sample lines are drawn


class SketchSamples(color_data.Samples):
    """Random crops as drawings with hints; sample i is the same in every run."""

    shares = SHARES

    def make(self, image: Bytes, rng: Rng) -> Sample:
        """Returns a sample from somewhere in a picture."""
        if rng.random() < DOODLES:
            scene, outlines = part(*doodles.doodle(2 * self.size, rng), rng)
            return sample(scene, lines.finished(outlines, scene, self.size, rng), rng)
        large = color_data.crop(image, int(self.size * rng.choice(LARGER)), rng)
        return sample(large, lines.drawing(large, self.size, rng), rng)


def part(scene: Array, outlines: Array, rng: Rng) -> tuple[Array, Array]:
    """Returns a random part of a scene and of its outlines, mirrored half of the time."""
    side = int(len(scene) * rng.uniform(0.7, 1))
    top, left = rng.integers(0, len(scene) - side + 1, 2)
    where = np.s_[top : top + side, left : left + side]
    step = 1 if rng.random() < 0.5 else -1
    return tuple(np.ascontiguousarray(image[where][:, ::step]) for image in (scene, outlines))  # type: ignore[return-value]


def sample(image: Array, drawing: Array, rng: Rng) -> Sample:
    """Makes a sample with a wash and hints.

    Args:
        image: S×S×3 RGB 0..1.
        drawing: s×s lightness, 0..100, of its drawing; all in the sample has this size.
        rng: chooses the hints.
    """
    drawn, size = sketch.prepare(drawing), len(drawing)
    lab = wash(np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)))
    hints = np.zeros((size, size, 4), np.float32)
    chance = rng.random()
    if chance < 0.4:
        lab, hints = color_data.hint(lab, rng)
    elif chance < 0.55:
        lab = other_palette(lab, rng)
        hints = color_data.known(
            lab, list(rng.integers(0, size, (4 + rng.geometric(1 / 12), 2))), rng
        )
    lab[..., 0], hints[..., 0] = np.clip(lab[..., 0], 0, 100), np.clip(hints[..., 0], 0, 100)
    planes = (drawn[..., None], hints, lab)
    return Sample(*(np.ascontiguousarray(plane.transpose(2, 0, 1)) for plane in planes))


def wash(image: Array) -> Array:
    """Returns the picture (S×S×3 RGB 0..1) as a painter lays its colours under lines: S×S×3 Lab.

    A bilateral filter, twice: flat areas, sharp borders. At half the size, since the network
    answers for cells of 4 pixels anyway.
    """
    size = image.shape[1], image.shape[0]
    half = cv2.resize(image, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_AREA)
    lab = color_data.rgb_to_lab(np.asarray(half, np.float32))
    for _ in range(2):
        lab = np.asarray(cv2.bilateralFilter(lab, 5, 14, 2), np.float32)
    return np.asarray(cv2.resize(lab, size, interpolation=cv2.INTER_LINEAR), np.float32)


def other_palette(lab: Array, rng: Rng) -> Array:
    """Returns the colours with all hues turned, all chroma scaled and perhaps light for dark."""
    angle, factor = rng.uniform(0, 2 * np.pi), np.exp(rng.normal(0.1, 0.3))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    changed = lab.copy()
    changed[..., 1:] = lab[..., 1:] @ (factor * turn).astype(np.float32)
    if rng.random() < 0.3:
        changed[..., 0] = 100 - lab[..., 0]
    return changed
