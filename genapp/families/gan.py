"""The implicit latent family: the generator of faces, shrunk.

A network turns noise into a picture and was taught by an adversary; how likely a picture is, it
can't tell: the density it would need runs over every noise that could have made the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genapp.errors import check_number
from genapp.facemaking import Generator, open_generator
from genapp.families.family import SIZE, Numbers, Pictures, to_size
from genapp.registry.engines import Engines
from genapp.upscaling import Clock, Progress


@dataclass(frozen=True, eq=False)
class Gan:
    """The generator of `genapp.faces` at 32². Open it with `open_gan`."""

    generator: Generator

    name = "gan"
    title = "Generative adversarial network"
    has_likelihood = False

    def sample(
        self,
        seeds: Sequence[int],
        *,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Pictures:
        """See `Family.sample`; the temperature is the generator's truncation, at most 1.5."""
        check_number("temperature", temperature, 0.0, 1.5)
        clock = Clock(len(seeds), progress)
        made = [np.zeros((0, SIZE, SIZE, 3), np.float32)]
        for seed in seeds:
            made.append(to_size(self.generator.make(seed, temperature))[None])
            clock.advance(1, "drawing")
        return np.concatenate(made)

    def bits_per_dim(self, pictures: Pictures) -> Numbers | None:
        """None: it has no likelihood."""
        return None


def open_gan(engines: Engines) -> Gan:
    """The generator of faces as one of the three families.

    Raises:
        UnknownName, ModelMissing, HashMismatch: it is not to be had, or wrong.
    """
    return Gan(open_generator(engines))
