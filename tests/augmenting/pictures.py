"""A small data set: red discs and blue squares."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

SIDES = (64, 48)
"""Width and height, px."""


def thing(kind: str, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    picture = np.full((SIDES[1], SIDES[0], 3), random.integers(160, 200, 3), np.uint8)
    x, y = (int(value) for value in random.integers(18, 30, 2))
    if kind == "disc":
        cv2.circle(picture, (x, y), 10, (200, 30, 30), -1, cv2.LINE_AA)
    else:
        cv2.rectangle(picture, (x - 9, y - 9), (x + 9, y + 9), (30, 30, 200), -1)
    return picture


def write_set(folder: Path, each: int = 4) -> Path:
    for kind in ("disc", "square"):
        (folder / kind).mkdir(parents=True)
        for number in range(each):
            Image.fromarray(thing(kind, number)).save(folder / kind / f"{number}.png")
    return folder
