"""From a face back to the noise that draws it: keeps a generator from drawing one face for all.

A small network learns, for each real face, a normal distribution of noise ("Auto-Encoding
Variational Bayes", https://arxiv.org/abs/1312.6114); what the generator draws from it is held to
the features of that face, beside the adversarial loss ("Autoencoding beyond pixels using a learned
similarity metric", https://arxiv.org/abs/1512.09300). It reads what a frozen network sees, which
is found once for each face and kept.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.face_generator import Z_SIZE

GRIDS = (6, 3)
"""To which the two coarsest levels of features are averaged."""
HIDDEN = 512


class FaceEncoder(nn.Module):
    """From kept features to the mean and deviation of noise."""

    def __init__(self, inputs: int) -> None:
        """Builds the network for so many numbers a face."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(0.2),
            nn.Linear(inputs, HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(HIDDEN, 2 * Z_SIZE),
        )
        # Says much of each face at first: a generator that once ignores noise goes on doing so.
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.normal_(last.weight, std=HIDDEN**-0.5)
        nn.init.constant_(last.bias[Z_SIZE:], -4)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Returns n×64 means and n×64 logarithms of variances, of n×inputs."""
        mean, spread = self.layers(seen).chunk(2, 1)
        return mean, spread.clamp(-8, 4)


def sample(mean: Tensor, spread: Tensor) -> Tensor:
    """Returns noise from the distributions."""
    return mean + (spread / 2).exp() * torch.randn_like(mean)


def divergence(mean: Tensor, spread: Tensor) -> Tensor:
    """Returns the n Kullback-Leibler divergences from a standard normal distribution, in nats."""
    return (mean.square() + spread.exp() - spread - 1).sum(1) / 2


@torch.no_grad()
def kept_features(network: nn.Module, faces: Tensor, view: int, batch: int = 64) -> Tensor:
    """Returns 2×N×inputs in half precision: of N faces, and of the same mirrored.

    Args:
        network: frozen, with features at four strides.
        faces: N×3×S×S bytes.
        view: side at which the network looks.
        batch: faces at a time.
    """
    sides = []
    for mirrored in (False, True):
        parts = []
        for start in range(0, len(faces), batch):
            x = faces[start : start + batch].float() / 127.5 - 1
            x = functional.interpolate(x, (view, view), mode="bilinear", antialias=True)
            found = network(x.flip(3) if mirrored else x)[-len(GRIDS) :]
            levels = [
                functional.adaptive_avg_pool2d(level, grid).flatten(1)
                for level, grid in zip(found, GRIDS, strict=True)
            ]
            parts.append(torch.cat(levels, 1).half())
        sides.append(torch.cat(parts))
    kept = torch.stack(sides)
    middle, deviation = kept.float().mean((0, 1)), kept.float().std((0, 1))
    return ((kept.float() - middle) / (deviation + 1e-3)).half()
