"""Distance between two heaps of pictures, by the mean and spread of features.

"GANs Trained by a Two Time-Scale Update Rule" (https://arxiv.org/abs/1706.08500). Not FID: that
takes features of Inception. What such a distance means, only a comparison with real pictures
against real ones at the same count tells.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

Array = npt.NDArray[np.float64]


@torch.no_grad()
def features(network: nn.Module, pictures: Tensor, view: int, batch: int = 50) -> Array:
    """Returns N×k features of N×3×s×s pictures, bytes or -1..1.

    Args:
        network: gives n×k features, or n×k×h×w ones of several scales; of these the last two
            are averaged over places.
        pictures: on any device.
        view: side at which the network sees them.
        batch: so many at a time.
    """
    device = next(network.parameters()).device
    found = []
    for start in range(0, len(pictures), batch):
        part = pictures[start : start + batch]
        x = part.to(device)
        x = x.float() / 127.5 - 1 if x.dtype == torch.uint8 else x.float().clamp(-1, 1)
        if x.shape[2] != view:
            x = functional.interpolate(x, (view, view), mode="bilinear", antialias=True)
        given = network(x)
        if not isinstance(given, Tensor):
            given = torch.cat([level.mean((2, 3)) for level in given[-2:]], 1)
        found.append(given.double().cpu().numpy())
    return np.concatenate(found)


def distance(one: Array, other: Array) -> float:
    """Returns the Fréchet distance between normal distributions fitted to N×k and M×k features."""
    apart = one.mean(0) - other.mean(0)
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = _root(first)
    # The trace of the root of first·second is that of this symmetric product.
    values = np.linalg.eigvalsh(root @ second @ root)
    mixed = np.sqrt(np.maximum(values, 0)).sum()
    return float(apart @ apart + np.trace(first) + np.trace(second) - 2 * mixed)


def _root(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
