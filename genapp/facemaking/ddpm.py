"""Faces by diffusion: noise, made less noisy step by step. A model from the Hub, `faces/ddpm.…`.

The network tells the noise in a picture (Ho et al. 2020, https://arxiv.org/abs/2006.11239). It was
trained for a thousand steps; DDIM (Song et al. 2021, https://arxiv.org/abs/2010.02502) takes few
large ones and draws no noise but the first, so that a seed has one face.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from genapp.facemaking.arrays import Values, check_finite
from genapp.facemaking.latent import noise
from genapp.registry.engines import Engine, Engines
from genapp.upscaling import Clock, Progress

DDPM = "faces/ddpm.celebahq-256"
TRAINED_STEPS = 1000
BETAS = (1e-4, 0.02)
"""Noise added at the first and at the last step of training; linear between."""
STEPS = 25


@dataclass(frozen=True, eq=False)
class Ddpm:
    """A diffusion model behind the protocol `Maker`."""

    model: str
    fingerprint: str
    size: int
    _engine: Engine
    steps: int = STEPS

    has_w = False

    def make(self, seed: int, truncation: float, progress: Progress | None = None) -> Values:
        """See `Maker.make`. There is no truncation.

        Raises:
            Cancelled: by `progress`, which is told of every step.
            UserError: the network gave no numbers.
        """
        clock = Clock(self.steps, progress)
        shape = (1, 3, self.size, self.size)
        picture = noise(seed, 3 * self.size**2).reshape(shape)
        for time, kept, kept_next in schedule(self.steps):
            inputs = {"noisy": picture, "time": np.array([time], np.float32)}
            picture = denoised(picture, self._engine.run(inputs)["noise"], kept, kept_next)
            check_finite(picture, self.model)
            clock.advance(1, "Taking the noise away")
        return np.ascontiguousarray(picture[0].transpose(1, 2, 0).clip(-1, 1) / 2 + 0.5)


def schedule(steps: int) -> Iterator[tuple[int, float, float]]:
    """The steps, most noisy first.

    Yields:
        Its number 0…999; how much of the variance is picture there, and after the step.
    """
    kept = kept_signal()
    # From the very last step of training on: an earlier one, as in the paper, is not all noise
    # (Lin et al. 2024, https://arxiv.org/abs/2305.08891).
    times = np.round(np.arange(TRAINED_STEPS, 0, -TRAINED_STEPS / steps)).astype(int) - 1
    for time, following in pairwise([*map(int, times), -1]):
        yield time, float(kept[time]), float(kept[following]) if following >= 0 else 1.0


def kept_signal() -> NDArray[np.float64]:
    """How much of the variance is picture at each step of training."""
    return np.asarray(np.cumprod(1 - np.linspace(*BETAS, TRAINED_STEPS)), np.float64)


def denoised(noisy: Values, noise: Values, kept: float, kept_next: float) -> Values:
    """A step of DDIM (equation 12 of the paper, without new noise).

    Args:
        noisy: a picture, -1..1, and noise.
        noise: what the network takes for it.
        kept: how much of the variance of `noisy` is picture.
        kept_next: how much shall be.
    """
    picture = (noisy - np.sqrt(1 - kept) * noise) / np.sqrt(kept)
    less = np.sqrt(kept_next) * picture.clip(-1, 1) + np.sqrt(1 - kept_next) * noise
    return np.asarray(less, np.float32)


def open_ddpm(engines: Engines) -> Ddpm:
    """The model, fetched first if need be. Raises as `Engines.get` does."""
    entry = engines.catalog.get(DDPM)
    side = entry.inputs[0].shape[-1]
    return Ddpm(DDPM, (entry.files[0].sha256 or "")[:8], int(side), engines.get(DDPM))
