"""Trains a VAE further on few pictures: no faster than they bear, and not a step too long.

In torch, for genapp/families/tuning.py.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genapp.nets.logistic_mixture import bits_per_dim, log_likelihood
from genapp.nets.vae import CODE_SIZE, CODES, Look, Vae

BATCH = 16
RATE = 1e-3
WARM = 10
"""Batches until the learning rate is full; from there it falls to 0 along a cosine."""
LONGEST_GRADIENT = 1.0
MEAN_SHARE = 0.1
"""Half-life of the running mean of the weights, as a share of the batches so far."""
LOOKS = 8
"""Looks at the pictures held out; the weights of the best are kept."""
PATIENCE = 3
"""Looks without a better one after which it ends."""

Array = NDArray[np.float32]
Told = Callable[[int, str], None]
"""Number of the batch, and what was done. May raise, to end it."""


@dataclass(frozen=True)
class Learnt:
    """What came of it."""

    weights: dict[str, Array]
    """Those that did best; those from the beginning, if none did better."""
    before: float
    after: float
    """Bits a byte at most that the pictures held out need."""
    steps: int
    """Batches after which it did best."""


def learn(
    weights: Mapping[str, Array],
    pictures: Array,
    held_out: Array,
    *,
    steps: int,
    seed: int,
    mirror: bool,
    told: Told | None = None,
) -> Learnt:
    """Trains a VAE.

    Torch's global state of random numbers is neither read nor changed.

    Args:
        weights: where it begins, by name.
        pictures: n×3×32×32, -1..1: what is learnt.
        held_out: m×3×32×32: what tells when to end.
        steps: batches at most.
        seed: of all that is random.
        mirror: show half of the pictures mirrored.
        told: hears of each batch.
    """
    random = torch.Generator().manual_seed(seed)
    net, learnt, apart = _opened(weights), torch.from_numpy(pictures), torch.from_numpy(held_out)
    best, mean = (copy.deepcopy(net).requires_grad_(False) for _ in range(2))
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    before = after = measure(best, apart)
    best_step, every, in_vain = 0, max(1, steps // LOOKS), 0
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * _rate(step, steps)
        batch = _batch(learnt, mirror, random)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(nats(net, batch, random).mean() / batch[0].numel())
        torch.nn.utils.clip_grad_norm_(net.parameters(), LONGEST_GRADIENT)
        optimizer.step()
        half_life = max(1.0, MEAN_SHARE * step)
        with torch.no_grad():
            for kept, new in zip(mean.parameters(), net.parameters(), strict=True):
                kept.lerp_(new, 1 - 0.5 ** (1 / half_life))
        if told is not None:
            told(step, "tuning")
        if step % every == 0 or step == steps:
            found = measure(mean, apart)
            in_vain += 1
            if found < after:
                after, best_step, in_vain = found, step, 0
                best.load_state_dict(mean.state_dict())
            if in_vain == PATIENCE:
                break
    found_best = {name: value.numpy() for name, value in best.state_dict().items()}
    return Learnt(found_best, before, after, best_step)


def nats(net: Vae, pictures: Tensor, random: torch.Generator) -> Tensor:
    """Returns the evidence lower bound of n pictures with its sign changed, n."""
    noise = torch.randn(len(pictures), CODE_SIZE, generator=random)
    found: Look = net(pictures, noise, torch.ones(len(pictures), len(CODES)))
    told = log_likelihood(found.parameters, pictures).sum((1, 2))
    return found.divergence.sum(1) - told


@torch.no_grad()
def measure(net: Vae, pictures: Tensor) -> float:
    """Returns bits a byte at most, the mean of pictures, always with the same codes."""
    random = torch.Generator().manual_seed(0)
    parts = [nats(net, part, random) for part in torch.split(pictures, BATCH)]
    return bits_per_dim(-torch.cat(parts), pictures[0].numel()).mean().item()


def _opened(weights: Mapping[str, Array]) -> Vae:
    # Built without numbers, which torch's global state of random numbers would be asked for.
    with torch.device("meta"):
        net = Vae()
    # Copied, for they will change.
    numbers = {name: torch.from_numpy(weights[name].copy()) for name in net.state_dict()}
    net.load_state_dict(numbers, assign=True)
    return net


def _batch(pictures: Tensor, mirror: bool, random: torch.Generator) -> Tensor:
    count = min(BATCH, len(pictures))
    chosen = pictures[torch.randperm(len(pictures), generator=random)[:count]]
    if mirror:
        turned = torch.rand(count, 1, 1, 1, generator=random) < 0.5
        chosen = torch.where(turned, chosen.flip(3), chosen)
    return chosen


def _rate(step: int, steps: int) -> float:
    """Returns the learning rate as a share of its peak."""
    return min(1.0, step / WARM) * (1 + math.cos(math.pi * step / (steps + 1))) / 2
