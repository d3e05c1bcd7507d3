"""Pictures of two kinds: discs on a ground, and stripes."""

import cv2
import numpy as np


def disc(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    picture = np.full((64, 80, 3), random.integers(150, 200, 3), np.uint8)
    middle = tuple(int(v) for v in random.integers(28, 40, 2))
    colour = [int(v) for v in random.integers(20, 90, 3)]
    cv2.circle(picture, middle, int(random.integers(12, 20)), colour, -1, cv2.LINE_AA)
    return picture


def stripes(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    wave = np.sin(np.arange(80) * random.uniform(0.5, 1.5))[None, :, None]
    return np.asarray(np.rint(127 + 100 * wave * np.ones((64, 80, 3))), np.uint8)
