"""What a picture shows, in numbers: features of a network that learnt to tell ImageNet's classes.

Pictures that look alike to people lie near each other, whatever their pixels. The network is
MobileNetV2 (Sandler et al. 2018, https://arxiv.org/abs/1801.04381) without its classifier.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.registry.engines import Engines

Array = NDArray[np.float32]

MODEL = "features/mobilenet-v2.imagenet"
"""The catalogue's name of the network."""
SIDE = 224
"""Every picture is brought to this size, px: what the network learnt on."""
LENGTH = 1280
"""Numbers that describe a picture."""


@dataclass(frozen=True, eq=False)
class Described:
    """Features of N pictures, as a whole and place by place."""

    features: Array
    """N×1280, 0..6: means over the picture."""
    map8: Array
    """N×32×28×28: of cells of 8 pixels of `SIDE`."""
    map16: Array
    """N×96×14×14: of cells of 16 pixels of `SIDE`."""


def describe(
    images: Iterable[NDArray[Any]], *, engines: Engines | None = None, batch: int = 16
) -> Array:
    """What pictures show as wholes.

    Args:
        images: H×W×3 RGB each, of any sizes: uint8, uint16, or float 0..1. They are taken one
            batch at a time, so that an iterator over many files needs little memory.
        engines: a pool to take the network from; None: one for this call.
        batch: how many go through the network at once.

    Returns:
        N×1280 float32, 0..6.

    Raises:
        ModelMissing, HashMismatch: the network's file is missing or damaged.
    """
    parts = [part.features for part in describe_batches(images, engines=engines, batch=batch)]
    return np.concatenate(parts) if parts else np.zeros((0, LENGTH), np.float32)


def describe_batches(
    images: Iterable[NDArray[Any]], *, engines: Engines | None = None, batch: int = 16
) -> Iterator[Described]:
    """The same with the maps, batch by batch. Arguments and errors as in `describe`."""
    if engines is None:
        with Engines(device="cpu") as own:
            yield from describe_batches(images, engines=own, batch=batch)
        return
    network = engines.get(MODEL)
    rest = iter(images)
    while some := [prepare(image) for image in islice(rest, batch)]:
        yield Described(**network.run({"image": np.stack(some)}))


def prepare(image: NDArray[Any]) -> Array:
    """An H×W×3 picture as the network takes it: 3×224×224, 0..1; its proportions are lost."""
    shrinks = image.shape[0] * image.shape[1] > SIDE * SIDE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(image, (SIDE, SIDE), interpolation=how)
    top = 1 if image.dtype.kind == "f" else np.iinfo(image.dtype).max
    return np.ascontiguousarray(small.transpose(2, 0, 1), np.float32) / np.float32(top)
