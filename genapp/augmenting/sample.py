"""A picture on its way, with what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.augmenting.sources import Box

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Step:
    """Something that was done to a picture."""

    name: str
    value: Any = None
    """A number, some, or a name; None where the name says it all."""

    def __str__(self) -> str:
        if self.value is None:
            return self.name
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return " ".join([self.name, *(_short(value) for value in values)])


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture with label, boxes and mask, and what was done to it."""

    pixels: Pixels
    """H×W×3 RGB."""
    shares: Mapping[str, float]
    """Of each class in the label; they sum up to 1."""
    boxes: tuple[Box, ...] = ()
    mask: Pixels | None = None
    """H×W×3."""
    steps: tuple[Step, ...] = field(default=())


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
