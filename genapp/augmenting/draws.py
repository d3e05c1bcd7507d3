"""Random numbers by name, so that one setting doesn't change what another one draws."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np


@dataclass(frozen=True)
class Draws:
    """The random numbers of one new picture.

    A number depends on seed, number of the picture and its name alone: moving one slider leaves all
    else as it was, and a later release with further transforms draws the same for those of today.
    """

    seed: int
    number: int
    part: str = ""
    """Of a picture's part, such as the partner in a mix."""

    def of(self, part: str) -> "Draws":
        """Other numbers, for a part of the picture."""
        return Draws(self.seed, self.number, f"{self.part}{part}/")

    def uniform(self, name: str) -> float:
        """Inside 0..1."""
        return ((self._bits(name) >> 11) + 0.5) * 2.0**-53

    def both_ways(self, name: str, most: float) -> float:
        """From -most to most."""
        return (2 * self.uniform(name) - 1) * most

    def chance(self, name: str, probability: float) -> bool:
        return self.uniform(name) < probability

    def choice(self, name: str, count: int) -> int:
        """From 0 to count - 1."""
        return int(self.uniform(name) * count)

    def generator(self, name: str) -> np.random.Generator:
        """For many numbers, such as noise."""
        return np.random.Generator(np.random.PCG64(self._bits(name)))

    def _bits(self, name: str) -> int:
        text = f"{self.seed}/{self.number}/{self.part}{name}"
        return int.from_bytes(sha256(text.encode()).digest()[:8])


def shuffled(seed: int, name: str, count: int) -> list[int]:
    """0 … count - 1 in an order that belongs to seed and name."""
    draws = Draws(seed, 0, f"order/{name}/")
    return sorted(range(count), key=lambda number: draws.uniform(str(number)))
