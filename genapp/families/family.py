"""What the three families of generative model have in common."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue
from genapp.upscaling import Progress

SIZE = 32
"""Side of the pictures of all three, px."""
DIMENSIONS = 3 * SIZE * SIZE
"""Bytes of a picture."""
BATCH = 16
"""Pictures that go through a network at once."""

Pictures = NDArray[np.float32]
"""n×32×32×3 RGB, 0..1."""
Numbers = NDArray[np.float64]


class Family(Protocol):
    """A generative model of faces at 32²."""

    name: str
    title: str
    has_likelihood: bool

    def sample(
        self,
        seeds: Sequence[int],
        *,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Pictures:
        """One picture for each seed, n×32×32×3 RGB 0..1.

        Args:
            seeds: whole numbers from 0 on; a seed's picture doesn't depend on the others.
            temperature: 1 draws as the model learnt; less draws likelier, more alike pictures.
            progress: told how far the work is; may raise `Cancelled`.

        Raises:
            BadValue: a seed or the temperature is out of range.
        """
        ...

    def bits_per_dim(self, pictures: Pictures) -> Numbers | None:
        """Bits that the model needs for each byte of a picture, n; None without a likelihood.

        Lower is likelier. For a bound on the likelihood it is the most that can be needed.

        Raises:
            BadValue: the pictures are not n×32×32×3.
        """
        ...


def to_size(image: NDArray[np.uint8] | NDArray[np.floating]) -> Pictures:
    """The middle square of a picture, shrunk by the mean over areas or enlarged.

    Args:
        image: H×W×3 RGB, uint8, or float 0..1.

    Returns:
        32×32×3 RGB 0..1.
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    scale = 255 if image.dtype == np.uint8 else 1
    how = cv2.INTER_AREA if side >= SIZE else cv2.INTER_CUBIC
    resized = cv2.resize((square / scale).astype(np.float32), (SIZE, SIZE), interpolation=how)
    return np.asarray(np.clip(resized, 0, 1), np.float32)


def to_network(pictures: Pictures) -> NDArray[np.float32]:
    """Bytes of pictures as networks see them, n×3×32×32, -1..1.

    Raises:
        BadValue: they are not n×32×32×3.
    """
    if pictures.ndim != 4 or pictures.shape[1:] != (SIZE, SIZE, 3):
        raise BadValue(
            f"The pictures have the shape {pictures.shape}.",
            f"Bring them to n×{SIZE}×{SIZE}×3 with `families.to_size`.",
        )
    data = np.rint(np.clip(pictures, 0, 1) * 255) / 127.5 - 1
    return np.ascontiguousarray(data.transpose(0, 3, 1, 2), np.float32)


def from_network(pictures: NDArray[np.floating]) -> Pictures:
    """n×32×32×3 pictures, 0..1, of n×3×32×32, -1..1."""
    return np.ascontiguousarray((pictures.transpose(0, 2, 3, 1) + 1) / 2, np.float32)


def to_bits_per_dim(log_likelihood: Numbers) -> Numbers:
    """Bits for each byte, of the log-likelihood of whole pictures in nats."""
    return np.asarray(-log_likelihood / (DIMENSIONS * np.log(2)))


def uniforms(seed: int, shape: tuple[int, ...]) -> Numbers:
    """Numbers inside 0..1 that belong to a seed, the same on any machine and in any release.

    numpy promises that of the bits of PCG64, not of the numbers that it makes of them.

    Raises:
        BadValue: the seed is no whole number from 0 to 2⁶³ - 1.
    """
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not whole or not 0 <= int(seed) < 2**63:
        raise BadValue(f"The seed is {seed!r}.", "Choose a whole number from 0 on.")
    bits = np.random.PCG64(int(seed)).random_raw(int(np.prod(shape)))
    # The upper 53 bits.
    return (((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53).reshape(shape)


def normals(seed: int, count: int) -> Numbers:
    """Standard normal numbers that belong to a seed, by Box and Muller's formula."""
    first, second = uniforms(seed, (2, (count + 1) // 2))
    radius, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
