"""Other plausible colours for the same photograph."""

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.colorizing import readout
from genapp.colorizing.colorizer import Coarse

Array = NDArray[np.float32]

PARTS = 6
"""Parts of a photo that get their colours independently of each other."""
TILT = 0.06
"""By how much a colour that lies one CIELAB unit further along becomes likelier (its logit)."""
FARTHEST = 32.0
"""How far the colours of a part go, CIELAB units: where the network is sure of nothing, the tilt
alone would take them anywhere."""
SOFT = 12.0
"""How gradually one part becomes the other, CIELAB units."""
PLACE = 15.0
"""What half the photo's width or height counts as between parts, CIELAB units."""


def variant(coarse: Coarse, lightness: Array, number: int) -> Array:
    """The colours of candidate `number`: h×w×2, CIELAB units; 0 is the network's own answer.

    The photo is divided into parts of like colour, lightness and place, and the distribution of
    each is tilted towards a hue of its own: where the network is sure hardly anything changes,
    and where it knows several colours, another one wins, the same all over the part.

    Args:
        coarse: from the network; without logits all candidates are the same.
        lightness: H×W, 0..100.
        number: from 0. The same number gives the same colours.
    """
    if number == 0 or coarse.logits is None or coarse.bins is None:
        return coarse.ab
    rng = np.random.default_rng(number)
    # Hues evenly around the circle, in any order: one part's is never like another's.
    angles = 2 * np.pi * (rng.permutation(PARTS) + rng.random()) / PARTS
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    parts = _parts(coarse, lightness)
    temperature = readout.DEFAULT.temperature
    unsure = readout.spread(coarse.logits / np.float32(temperature), coarse.bins)
    deviations = (parts * unsure[..., None]).sum((0, 1)) / parts.sum((0, 1))
    # A factor exp(t·x) shifts the mean of a normal distribution by t times the variance, which is
    # half of the squared deviation for each of a and b.
    strengths = np.minimum(TILT, FARTHEST * temperature / np.square(deviations) * 2)
    strengths *= rng.uniform(0.6, 1.2, PARTS)
    tilt = parts @ (ways * strengths[:, None]).astype(np.float32)
    logits = coarse.logits + np.tensordot(coarse.bins, tilt, axes=(1, 2))
    ab = readout.annealed_mean(logits, coarse.bins, temperature)
    return ab if coarse.finer is None else coarse.finer(ab)


def _parts(coarse: Coarse, lightness: Array) -> Array:
    """h×w×PARTS: how much each place belongs to each part; sum 1."""
    assert coarse.logits is not None
    assert coarse.bins is not None
    height, width = coarse.logits.shape[1:]
    ab = readout.annealed_mean(coarse.logits, coarse.bins, 1.0)
    level = cv2.resize(lightness, (width, height), interpolation=cv2.INTER_AREA)
    y, x = np.meshgrid(*(np.linspace(-PLACE, PLACE, n) for n in (height, width)), indexing="ij")
    features = np.dstack([2 * ab, level / 2, x, y]).reshape(-1, 5).astype(np.float32)
    # The farthest from all before is the start of the next part: no chance is involved.
    middles = features[len(features) // 2][None]
    for _ in range(PARTS - 1):
        middles = np.vstack([middles, features[_distances(features, middles).min(1).argmax()]])
    for _ in range(5):
        nearest = _distances(features, middles).argmin(1)
        for part in np.unique(nearest):
            middles[part] = features[nearest == part].mean(0)
    distances = _distances(features, middles)
    share = np.exp(-(distances - distances.min(1, keepdims=True)) / SOFT)
    share /= share.sum(1, keepdims=True)
    return np.asarray(share.reshape(height, width, PARTS), np.float32)


def _distances(features: Array, middles: Array) -> Array:
    return np.asarray(np.linalg.norm(features[:, None] - middles, axis=2), np.float32)
