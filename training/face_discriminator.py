"""Tells real faces from generated ones by frozen features of pictures.

"Projected GANs Converge Faster" (https://arxiv.org/abs/2111.01007): the features of networks that
saw ImageNet are mixed across channels and scales by convolutions with fixed random weights, so
that none can be ignored, and small heads judge them at four scales.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from diff_augment import Changes, augment
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

Features = list[list[Tensor]]
"""Of each critic, its mixed features at four scales, the finest first."""

# Eyes and mouth of an aligned face, as shares of its side: left, top, right, bottom.
CLOSE_UP = (0.25, 0.34, 0.75, 0.84)
LEVELS = 4


class Discriminator(nn.Module):
    """Critics on several networks, looking at the whole picture and, if wished, close up."""

    def __init__(
        self,
        networks: Sequence[nn.Module],
        view: int,
        width: int = 128,
        *,
        close_up: bool = False,
    ) -> None:
        """Builds the discriminator.

        Args:
            networks: frozen, each giving features at the strides 4, 8, 16 and 32, with their
                numbers of channels in ``channels``.
            view: side at which they look at pictures, a multiple of 32.
            width: most channels of a head.
            close_up: further critics see eyes and mouth alone, enlarged.
        """
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.view, self.close_up = view, close_up
        rounds = 2 if close_up else 1
        self.critics = nn.ModuleList(
            Critic(network.channels, width)  # type: ignore[arg-type]
            for _ in range(rounds)
            for network in networks
        )

    def calibrate(self, pictures: Tensor) -> None:
        """Learns from real pictures how strong each level of features is."""
        with torch.no_grad():
            for critic, found in zip(self.each(), self._found(pictures), strict=True):
                critic.mixer.calibrate(found)

    def features(self, pictures: Tensor, changes: Changes) -> Features:
        """Returns mixed features of n×3×s×s pictures, -1..1, after changes."""
        found = self._found(augment(pictures, changes))
        return [critic.mixer(one) for critic, one in zip(self.each(), found, strict=True)]

    def judge(self, features: Features) -> Tensor:
        """Returns n×m: how real each part of each picture looks."""
        verdicts = [critic(one) for critic, one in zip(self.each(), features, strict=True)]
        return torch.cat(verdicts, 1)

    def each(self) -> list["Critic"]:
        """Returns the critics: all networks on the whole picture, then all close up."""
        return list(self.critics)  # type: ignore[arg-type]

    def heads(self) -> list[nn.Parameter]:
        """Returns what learns."""
        return [parameter for critic in self.each() for parameter in critic.heads.parameters()]

    def _found(self, pictures: Tensor) -> list[list[Tensor]]:
        found = []
        views = [pictures]
        if self.close_up:
            side = pictures.shape[2]
            left, top, right, bottom = (round(share * side) for share in CLOSE_UP)
            views.append(pictures[:, :, top:bottom, left:right])
        for part in views:
            seen = part
            if part.shape[2] != self.view:
                size = (self.view, self.view)
                seen = functional.interpolate(part, size, mode="bilinear", antialias=False)
            seen = seen.contiguous(memory_format=torch.channels_last)
            found += [network(seen) for network in self.networks]
        return found


class Critic(nn.Module):
    """A mixer of one network's features, and a head at each scale."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        """Builds the critic for features with so many ``channels``, the finest first."""
        super().__init__()
        self.mixer = Mixer(channels)
        *channels, coarsest = self.mixer.channels
        # The finest is halved three times, the coarsest not at all; it also sees the spread.
        self.heads = nn.ModuleList(
            head(mixed, LEVELS - 1 - number, width)
            for number, mixed in enumerate([*channels, coarsest + 1])
        )

    def forward(self, mixed: list[Tensor]) -> Tensor:
        """Returns n×m verdicts on mixed features."""
        mixed = [*mixed[:-1], with_spread(mixed[-1])]
        pairs = zip(self.heads, mixed, strict=True)
        return torch.cat([one(features.float()).flatten(1) for one, features in pairs], 1)


class Mixer(nn.Module):
    """Random 1×1 convolutions across channels, then 3×3 ones from coarse to fine. Never learns."""

    strengths: Tensor
    channels = (48, 64, 96, 128)

    def __init__(self, channels: Sequence[int]) -> None:
        """Builds the mixer for features with so many ``channels``, the finest first."""
        super().__init__()
        self.across = nn.ModuleList(
            nn.Conv2d(given, mixed, 1, bias=False)
            for given, mixed in zip(channels, self.channels, strict=True)
        )
        self.down = nn.ModuleList(
            nn.Conv2d(coarse, fine, 3, padding=1, bias=False)
            for fine, coarse in pairwise(self.channels)
        )
        for conv in [*self.across, *self.down]:
            assert isinstance(conv, nn.Conv2d)
            nn.init.normal_(conv.weight, std=conv.weight[0].numel() ** -0.5)
        self.register_buffer("strengths", torch.ones(len(channels)))
        self.requires_grad_(False)

    def calibrate(self, found: list[Tensor]) -> None:
        """Makes all levels of features equally strong."""
        self.strengths.copy_(torch.stack([level.float().std() for level in found]))

    def forward(self, found: list[Tensor]) -> list[Tensor]:
        """Returns features of four scales, each mixed with the coarser ones."""
        levels = [
            conv(level / strength.to(level.dtype))
            for conv, level, strength in zip(self.across, found, self.strengths, strict=True)
        ]
        mixed = [levels[-1]]
        for number in reversed(range(len(levels) - 1)):
            size = levels[number].shape[2:]
            coarse = functional.interpolate(mixed[0], size, mode="bilinear")
            mixed.insert(0, (levels[number] + self.down[number](coarse)) * 0.5**0.5)
        return mixed


def with_spread(features: Tensor) -> Tensor:
    """Adds a channel that says how much the pictures of a batch differ, so that all alike shows.

    "Progressive Growing of GANs" (https://arxiv.org/abs/1710.10196), section 3.

    Returns:
        n×(c+1)×h×w of n×c×h×w.
    """
    x = features.float()
    spread = (x.var(0, correction=0) + 1e-8).sqrt().mean()
    channel = spread.expand(x.shape[0], 1, *x.shape[2:])
    return torch.cat([x, channel], 1)


def head(channels: int, halvings: int, width: int) -> nn.Sequential:
    """Returns a network from n×channels×h×w features to n×1×h'×w' verdicts."""
    layers: list[nn.Module] = []
    for number in range(max(halvings, 1)):
        out = min(channels * 2, width)
        kernel, stride = (4, 2) if number < halvings else (3, 1)
        conv = nn.Conv2d(channels, out, kernel, stride, 1)
        # No batch norms, which the paper has: with them it won at once (train_faces.md).
        layers += [spectral_norm(conv), nn.LeakyReLU(0.2, inplace=True)]
        channels = out
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(channels, 1, 3, padding=1)))


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """Returns the hinge loss of the discriminator, of verdicts on real and generated pictures."""
    return functional.relu(1 - real).mean() + functional.relu(1 + generated).mean()


def generator_loss(generated: Tensor) -> Tensor:
    """Returns the loss of the generator."""
    return -generated.mean()
