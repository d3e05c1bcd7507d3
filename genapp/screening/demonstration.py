"""What a raw likelihood gets wrong, computed: plain pictures are likelier than faces.

A density counts bits, and a plain picture has few. Nalisnick et al. 2019
(https://arxiv.org/abs/1810.09136) found it in every deep generative model that they tried.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genapp.registry.engines import Engines
from genapp.screening.pipeline import Outliers, open_detector, outliers

Pixels = NDArray[np.uint8]

SIDE = 128
SHOWN = ("pixelcnn", "elbo", "complexity", "regret", "ratio", "features")
"""Scores, in the order of the table."""


@dataclass(frozen=True, eq=False)
class Demonstration:
    """Pictures that are no faces, and what each score says of them."""

    pictures: dict[str, Pixels]
    """By name, 128×128×3 RGB."""
    result: Outliers
    typical: dict[str, float]
    """By score, the median of held-out faces."""


def plain_pictures() -> dict[str, Pixels]:
    """Pictures with nothing in them, and noise for comparison."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)
    shade = np.hypot(x - 0.5, y - 0.5)[..., None]
    floats = {
        "black": np.zeros((SIDE, SIDE, 3)),
        "dark grey": np.full((SIDE, SIDE, 3), 60.0),
        "skin tone": np.full((SIDE, SIDE, 3), [200.0, 160.0, 140.0]),
        "soft light": [205.0, 165.0, 145.0] - shade * [170.0, 140.0, 120.0],
        "noise": np.random.default_rng(0).uniform(0, 255, (SIDE, SIDE, 3)),
    }
    return {name: np.clip(values, 0, 255).astype(np.uint8) for name, values in floats.items()}


def demonstrate(engines: Engines) -> Demonstration:
    """Score the plain pictures by everything, beside held-out faces.

    Raises:
        ModelMissing, HashMismatch: a model is missing or damaged.
    """
    pictures = plain_pictures()
    result = outliers(list(pictures.values()), also=SHOWN, engines=engines)
    detector = open_detector(None, engines)
    typical = {name: float(np.median(detector.calibration(name))) for name in SHOWN}
    return Demonstration(pictures, result, typical)
