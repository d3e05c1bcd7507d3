"""From the network's distribution over colours to one colour a place, and how sure it is."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

MULTIPLE = 32  # sides of what the network sees

Array = npt.NDArray[np.float32]


def annealed_mean(logits: Array, bins: Array, temperature: float) -> Array:
    """Returns the h×w×2 ab colours of a distribution: its mean, once sharpened.

    1 gives the mean, which is safe and pale; towards 0 the likeliest colour, which is strong and
    jumps from place to place (Zhang et al. 2016, https://arxiv.org/abs/1603.08511, section 2.3).

    Args:
        logits: k×h×w.
        bins: k×2 colours, CIELAB units.
        temperature: above 0.
    """
    chance = distribution(logits, temperature)
    return np.asarray(np.tensordot(chance, bins, axes=(0, 0)), np.float32)


def distribution(logits: Array, temperature: float = 1.0) -> Array:
    """Returns k×h×w probabilities, with sum 1 over k, of k×h×w logits."""
    scaled = (logits - logits.max(0, keepdims=True)) / np.float32(temperature)
    chance = np.exp(scaled)
    return np.asarray(chance / chance.sum(0, keepdims=True), np.float32)


def spread(logits: Array, bins: Array) -> Array:
    """Returns how unsure the colours are, h×w: their standard deviation, CIELAB units."""
    chance = distribution(logits)
    mean = np.tensordot(chance, bins, axes=(0, 0))
    square = np.tensordot(chance, np.square(bins).sum(1), axes=(0, 0))
    return np.asarray(np.sqrt(np.maximum(square - np.square(mean).sum(2), 0)), np.float32)


def calmed(logits: Array, sigma: float) -> Array:
    """Returns logits without lone blotches: a Gaussian mean over places, ``sigma`` in cells."""
    if sigma <= 0:
        return logits
    return np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in logits])


@dataclass(frozen=True)
class Settings:
    """How colours are read out of the network.

    Attributes:
        side: short side of what the network sees, in pixels.
        temperature: of the annealed mean, above 0.
        calm: sigma of the mean over places, in cells of 4 pixels of the network.
        saturation: factor of the chroma.
    """

    side: int = 224
    temperature: float = 0.4
    calm: float = 0.5
    saturation: float = 1.0


DEFAULT = Settings()


def input_size(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Returns height and width of what the network sees of a picture: multiples of 32.

    Args:
        shape: height and width of the picture.
        side: its short side for the network; the long one follows, at most four times as long.
    """
    factor = side / min(shape[:2])
    height, width = (max(round(n * factor / MULTIPLE), 1) * MULTIPLE for n in shape[:2])
    longest = 4 * max(round(side / MULTIPLE), 1) * MULTIPLE
    return min(height, longest), min(width, longest)
