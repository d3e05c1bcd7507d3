"""The explicit latent family: a hierarchical VAE, whose likelihood is bounded.

A picture has a code z, standard normal, and p(x) = ∫ p(x | z) p(z) dz can't be computed. An encoder
q(z | x) gives the evidence lower bound E_q[log p(x | z)] - KL(q(z | x) ‖ p(z)) ≤ log p(x), and with
k codes the tighter log 1/k Σ p(x, zᵢ) / q(zᵢ | x) ("Importance Weighted Autoencoders",
https://arxiv.org/abs/1509.00519). The code has six parts from coarse to fine (genapp/nets/vae.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, check_number
from genapp.families import mixture
from genapp.families.family import (
    BATCH,
    SIZE,
    Numbers,
    Pictures,
    from_network,
    normals,
    to_bits_per_dim,
    to_network,
    uniforms,
)
from genapp.registry.engines import Engine, Engines
from genapp.upscaling import Clock, Progress

MODEL = "families/vae.faces32"
MOST_TEMPERATURE = 2.0
COARSE = 512
"""So many numbers of the code come first and lie on 4²; those on 8² and 16² follow."""
SAMPLES = 8
"""Codes for each picture in the bound that `bits_per_dim` gives."""

Codes = NDArray[np.float32]
"""n×size of the code; a priori each number is standard normal."""


@dataclass(frozen=True, eq=False)
class Look:
    """What the network makes of pictures."""

    parameters: NDArray[np.float32]
    """n×10K×32×32, the distribution of each pixel given the code."""
    code: Codes
    divergence: Numbers
    """n×parts, KL(q ‖ p) of each part of the code in nats."""
    ratio: Numbers
    """n, log p(code) - log q(code | picture) in nats."""


@dataclass(frozen=True, eq=False)
class Bound:
    """A lower bound on the log-likelihood of pictures, taken apart; all in nats."""

    likelihood: Numbers
    """n×32×32, log p(pixel | code), the mean over codes."""
    divergence: Numbers
    """n×parts, KL(q ‖ p) of each part of the code, coarse to fine."""
    elbo: Numbers
    """n, the evidence lower bound."""
    iwae: Numbers
    """n, the importance-weighted bound; with one code the same as a noisy `elbo`."""


@dataclass(frozen=True, eq=False)
class Vae:
    """The VAE of faces at 32². Open it with `open_vae`."""

    _engine: Engine
    code_size: int
    parts: int
    """Parts of the code, coarse to fine."""

    name = "vae"
    title = "Variational autoencoder"
    has_likelihood = True

    def sample(
        self,
        seeds: Sequence[int],
        *,
        temperature: float = 1.0,
        progress: Progress | None = None,
        detail: float = 1.0,
        grain: bool = True,
    ) -> Pictures:
        """See `Family.sample`.

        Args:
            seeds: as there.
            temperature: as there; it scales the code and the grain.
            progress: as there.
            detail: factor on the finer numbers of the code. 1 draws as the likelihood has it; less
                gives calmer pictures, for what is drawn on 8² and 16² doesn't always fit together.
            grain: draw the pixels, as the likelihood has it; False gives their mean.
        """
        check_number("temperature", temperature, 0.0, MOST_TEMPERATURE)
        check_number("detail", detail, 0.0, MOST_TEMPERATURE)
        clock = Clock(len(seeds), progress)
        made = [np.zeros((0, SIZE, SIZE, 3), np.float32)]
        for start in range(0, len(seeds), BATCH):
            part = seeds[start : start + BATCH]
            code = np.stack([self.code_of(seed) for seed in part]) * np.float32(temperature)
            code[:, COARSE:] *= np.float32(detail)
            parameters = self._decoded(code).parameters
            if grain:
                shape = (mixture.DRAWS, SIZE, SIZE)
                # Other numbers than the code's: those of a seed that nobody can ask for.
                draws = np.stack([uniforms(2**63 - 1 - seed, shape) for seed in part])
                pictures = mixture.draw(parameters, draws, temperature)
            else:
                pictures = mixture.mean(parameters)
            made.append(from_network(pictures))
            clock.advance(len(part), "drawing")
        return np.concatenate(made)

    def code_of(self, seed: int) -> Codes:
        """The code of a seed, standard normal."""
        return normals(seed, self.code_size).astype(np.float32)

    def encode(self, pictures: Pictures) -> Codes:
        """The mean code of each picture, n×code_size."""
        data = to_network(pictures)
        parts = [self.look(part, self._no_noise(part)).code for part in _batches(data)]
        return np.concatenate(parts)

    def decode(self, code: Codes) -> Pictures:
        """The mean picture of each code, n×32×32×3 RGB 0..1.

        Raises:
            BadValue: the codes are not n×code_size.
        """
        if code.ndim != 2 or code.shape[1] != self.code_size:
            raise BadValue(
                f"The codes have the shape {code.shape}.", f"Give n×{self.code_size} numbers."
            )
        parts = [self._decoded(part).parameters for part in _batches(np.asarray(code, np.float32))]
        return from_network(mixture.mean(np.concatenate(parts)))

    def reconstruct(self, pictures: Pictures, parts: int | None = None) -> Pictures:
        """The pictures as their codes tell them, n×32×32×3 RGB 0..1.

        Args:
            pictures: n×32×32×3.
            parts: how many parts of the code, coarse to fine, are the picture's; the others are
                what a priori is most likely. All, if None.
        """
        kept = self.parts if parts is None else int(check_number("parts", parts, 0, self.parts))
        made = []
        for data in _batches(to_network(pictures)):
            share = np.zeros((len(data), self.parts), np.float32)
            share[:, :kept] = 1
            made.append(self.look(data, self._no_noise(data), share).parameters)
        return from_network(mixture.mean(np.concatenate(made)))

    def bits_per_dim(self, pictures: Pictures) -> Numbers:
        """See `Family.bits_per_dim`: the importance-weighted bound of `SAMPLES` codes."""
        return to_bits_per_dim(self.bound(pictures, SAMPLES).iwae)

    def bound(
        self,
        pictures: Pictures,
        samples: int = 1,
        *,
        parts: int | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Bound:
        """Lower bounds on the log-likelihood of pictures.

        Args:
            pictures: n×32×32×3 RGB 0..1.
            samples: codes that are drawn for each picture; more make `iwae` tighter.
            parts: how many parts of the code, coarse to fine, are the picture's; the others are
                drawn from the prior. All, if None.
            seed: of the codes. A picture's codes don't depend on the other pictures.
            progress: told how far the work is; may raise `Cancelled`.

        Raises:
            BadValue: the pictures are not n×32×32×3, or there are no samples.
        """
        check_number("number of samples", samples, 1, 10_000)
        kept = self.parts if parts is None else int(check_number("parts", parts, 0, self.parts))
        clock = Clock(samples * len(pictures), progress)
        likelihood, divergence, weights = [], [], []
        data = to_network(pictures)
        noise = normals(seed, samples * self.code_size).reshape(samples, 1, -1).astype(np.float32)
        for part in _batches(data):
            told, apart, weight = [], [], []
            for eps in noise:
                share = np.zeros((len(part), self.parts), np.float32)
                share[:, :kept] = 1
                found = self.look(part, np.repeat(eps, len(part), 0), share)
                told.append(mixture.log_likelihood(found.parameters, part))
                apart.append(found.divergence)
                weight.append(told[-1].sum((1, 2)) + found.ratio)
                clock.advance(len(part), "measuring")
            likelihood.append(np.mean(told, 0))
            divergence.append(np.mean(apart, 0))
            weights.append(log_mean_exp(np.stack(weight)))
        likelihoods, divergences = np.concatenate(likelihood), np.concatenate(divergence)
        elbo = likelihoods.sum((1, 2)) - divergences.sum(1)
        return Bound(likelihoods, divergences, elbo, np.concatenate(weights))

    def look(
        self,
        data: NDArray[np.float32],
        noise: NDArray[np.float32],
        share: NDArray[np.float32] | None = None,
    ) -> Look:
        """Runs the network.

        Args:
            data: n×3×32×32 pictures, -1..1 (see `to_network`).
            noise: n×code_size standard normal numbers, from which codes are made.
            share: n×parts. 1 takes a part of the code from the posterior (all, if None); 0 from
                the prior, so that `noise` is the code and the picture has no say.
        """
        if share is None:
            share = np.ones((len(data), self.parts), np.float32)
        found = self._engine.run({"pictures": data, "noise": noise, "share": share})
        divergence, ratio = (found[name].astype(np.float64) for name in ("divergence", "ratio"))
        return Look(found["parameters"], found["code"], divergence, ratio)

    def _decoded(self, code: Codes) -> Look:
        """What the network makes of codes alone."""
        blank = np.zeros((len(code), 3, SIZE, SIZE), np.float32)
        return self.look(blank, code, np.zeros((len(code), self.parts), np.float32))

    def _no_noise(self, data: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.zeros((len(data), self.code_size), np.float32)


def open_vae(engines: Engines, name: str = MODEL) -> Vae:
    """The VAE of faces, or another of the same shape.

    Raises:
        UnknownName, ModelMissing, HashMismatch: it is not to be had, or wrong.
    """
    sizes = {port.name: port.shape[1] for port in engines.catalog.get(name).inputs}
    code_size, parts = sizes["noise"], sizes["share"]
    assert isinstance(code_size, int)
    assert isinstance(parts, int)
    return Vae(engines.get(name), code_size, parts)


def log_mean_exp(values: Numbers) -> Numbers:
    """The logarithm of the mean of exp(values) over the first axis, without overflow."""
    return np.asarray(np.logaddexp.reduce(values, axis=0) - np.log(len(values)))


def _batches(data: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return np.split(data, range(BATCH, len(data), BATCH))
