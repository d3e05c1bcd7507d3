"""Codes of real faces: where in the noise each of them belongs, so that a generator draws them all.

A generator that learns from verdicts alone soon draws one face for every noise. Here each real face
has a fixed code: its principal components, whitened, of small colours and of what a frozen network
sees. Codes have the mean and covariance of standard normal noise, so that noise is a code too,
and tells what the small picture drawn from it should be. Beginning from principal components is
known from "Optimizing the Latent Space of Generative Networks" (https://arxiv.org/abs/1707.05776).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.face_generator import Z_SIZE

COLORS = 32
"""Side of the pictures that codes are taken from."""
GRIDS = (6, 3)
"""To which the two coarsest levels of features are averaged."""
OF_FEATURES = 0.5
"""Variance of all features together over that of all colours."""


class FaceCodes(NamedTuple):
    """Codes of real faces, and the way back to small pictures."""

    codes: Tensor
    """2×N×64: of the faces, and of the same mirrored."""
    mean: Tensor
    """3×32×32, the mean face, -1..1."""
    steps: Tensor
    """64×3×32×32: what 1 more of each number of a code changes."""
    kept: float
    """Share of the variance that the codes keep."""

    def expected(self, codes: Tensor) -> Tensor:
        """Returns n×3×32×32, the small pictures that n×64 codes stand for."""
        return self.mean + torch.einsum("nk,kchw->nchw", codes, self.steps)


def face_codes(network: nn.Module, faces: Tensor, view: int) -> FaceCodes:
    """Returns the codes of faces.

    Args:
        network: frozen, with features at four strides.
        faces: N×3×S×S bytes; S is a multiple of 32.
        view: side at which the network looks.
    """
    small = functional.avg_pool2d(faces.float() / 127.5 - 1, faces.shape[2] // COLORS)
    colors = torch.cat([small, small.flip(3)]).flatten(1)
    seen = kept_features(network, faces, view)
    mean = colors.mean(0)
    both = [colors - mean, seen - seen.mean(0)]
    shares = [1.0, OF_FEATURES**0.5]
    scaled = torch.cat(
        [
            share * part / part.square().sum(1).mean().sqrt()
            for part, share in zip(both, shares, strict=True)
        ],
        1,
    )
    torch.manual_seed(0)
    left, strengths, _ = torch.pca_lowrank(scaled, min(Z_SIZE, *scaled.shape), center=False)
    codes = left * len(left) ** 0.5
    steps = codes.t() @ both[0] / len(codes)
    if codes.shape[1] < Z_SIZE:  # of few faces
        missing = Z_SIZE - codes.shape[1]
        codes = torch.cat([codes, torch.randn(len(codes), missing, device=codes.device)], 1)
        steps = torch.cat([steps, steps.new_zeros(missing, steps.shape[1])])
    return FaceCodes(
        codes.unflatten(0, (2, -1)),
        mean.view(3, COLORS, COLORS),
        steps.view(-1, 3, COLORS, COLORS),
        float(strengths.square().sum() / scaled.square().sum()),
    )


@torch.no_grad()
def kept_features(network: nn.Module, faces: Tensor, view: int, batch: int = 64) -> Tensor:
    """Returns 2N×m normalised features: of N faces, and of the same mirrored.

    Args:
        network: frozen, with features at four strides.
        faces: N×3×S×S bytes.
        view: side at which the network looks.
        batch: faces at a time.
    """
    parts: list[Tensor] = []
    for mirrored in (False, True):
        for start in range(0, len(faces), batch):
            x = faces[start : start + batch].float() / 127.5 - 1
            x = functional.interpolate(x, (view, view), mode="bilinear", antialias=True)
            found = network(x.flip(3) if mirrored else x)[-len(GRIDS) :]
            levels = [
                functional.adaptive_avg_pool2d(level, grid).flatten(1)
                for level, grid in zip(found, GRIDS, strict=True)
            ]
            parts.append(torch.cat(levels, 1).float())
    kept = torch.cat(parts)
    return (kept - kept.mean(0)) / (kept.std(0) + 1e-3)
