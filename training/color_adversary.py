"""A critic of colours: it tells those of a network from true ones, given the lightness.

Patches as in pix2pix (https://arxiv.org/abs/1611.07004), hinge loss and spectral norm as in SAGAN
(https://arxiv.org/abs/1805.08318). The share that its opinion has in what the network learns
follows the gradients at the last layer, as in VQGAN (https://arxiv.org/abs/2012.09841, eq. 7).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

SHARE = 0.5  # of the gradient of the reconstruction
RATE = 2e-4
STRIDE = 2  # of the colours that it looks at


class Critic(nn.Module):
    """Scores patches of colours, higher for truer ones."""

    def __init__(self, width: int = 48) -> None:
        """Builds the network."""
        super().__init__()
        sides = ((4, width, 2), (width, 2 * width, 2), (2 * width, 3 * width, 2))
        layers: list[nn.Module] = []
        for before, after, stride in (*sides, (3 * width, 3 * width, 1)):
            size = 4 if stride == 2 else 3
            layers += [
                spectral_norm(nn.Conv2d(before, after, size, stride, 1)),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Conv2d(3 * width, 1, 1)))

    def forward(self, lightness: Tensor, ab: Tensor) -> Tensor:
        """Returns n×1×h/16×w/16 scores.

        Args:
            lightness: n×1×h×w, 0..100.
            ab: n×2×h/2×w/2, CIELAB units.
        """
        level = functional.avg_pool2d(lightness, STRIDE) / 50 - 1
        spread = functional.avg_pool2d((lightness / 50 - 1).square(), STRIDE) - level.square()
        deviation = (spread.clamp_min(0) + 1e-4).sqrt()
        return self.layers(torch.cat([level, deviation, ab / 30], 1))  # type: ignore[no-any-return]


def critic_loss(true: Tensor, made: Tensor) -> Tensor:
    """Returns the hinge loss of the critic, from its scores of true and of made colours."""
    return functional.relu(1 - true).mean() + functional.relu(1 + made).mean()


def weighed(opinion: Tensor, reconstruction: Tensor, last: Tensor) -> Tensor:
    """Returns the opinion, weighed so that its gradient at the weights ``last`` is a set share."""
    (ours,) = torch.autograd.grad(reconstruction, last, retain_graph=True)
    (theirs,) = torch.autograd.grad(opinion, last, retain_graph=True)
    weight = SHARE * ours.norm() / (theirs.norm() + 1e-6)
    share: Tensor = weight.clamp(max=10.0).detach() * opinion
    return share
