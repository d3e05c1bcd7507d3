"""A hierarchical variational autoencoder of small pictures.

A decoder that grows a picture from 4² to 32², with a code at each of its blocks, and an encoder
that is asked on the way what the code should have been: "Ladder Variational Autoencoders"
(https://arxiv.org/abs/1602.02282), "Very Deep VAEs" (https://arxiv.org/abs/2011.10650). Codes are
standard normal a priori and blocks bend them, so that the prior of the whole is N(0, 1) for every
number of the code, whatever the hierarchy.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.logistic_mixture import PER_COMPONENT

SIZE = 32
# Side: channels of the networks at that side.
WIDTHS = {4: 96, 8: 80, 16: 48, 32: 32}
# Side and channels of each code, coarse to fine.
CODES = ((4, 16), (4, 16), (8, 8), (8, 8), (16, 4), (16, 4))
CODE_SIZES = tuple(side * side * channels for side, channels in CODES)
CODE_SIZE = sum(CODE_SIZES)


@dataclass(frozen=True)
class Look:
    """What the network makes of pictures."""

    parameters: Tensor
    """n×10K×32×32, of the mixture of each pixel."""
    code: Tensor
    """n×CODE_SIZE."""
    divergence: Tensor
    """n×blocks, KL(posterior ‖ prior) of each block's code in nats."""
    ratio: Tensor
    """n, log p(code) - log q(code | picture) in nats."""


class Vae(nn.Module):
    """Encoder and decoder."""

    def __init__(self, components: int = 5) -> None:
        """Builds the networks; ``components`` are those of each pixel's mixture."""
        super().__init__()
        sides = sorted(WIDTHS)
        self.stem = nn.Conv2d(3, WIDTHS[SIZE], 3, padding=1)
        self.encoder = nn.ModuleList(Residual(WIDTHS[side]) for side in reversed(sides))
        self.down = nn.ModuleList(
            nn.Conv2d(WIDTHS[2 * side], WIDTHS[side], 2, stride=2) for side in reversed(sides[:-1])
        )
        self.start = nn.Parameter(torch.randn(1, WIDTHS[4], 4, 4) * 0.1)
        self.blocks = nn.ModuleList(CodeBlock(WIDTHS[side], count) for side, count in CODES)
        self.up = nn.ModuleList(nn.Conv2d(WIDTHS[s], WIDTHS[2 * s], 1) for s in sides[:-1])
        self.finish = nn.Sequential(Residual(WIDTHS[SIZE]), Residual(WIDTHS[SIZE]))
        self.last = nn.Conv2d(WIDTHS[SIZE], PER_COMPONENT * components, 1)

    def forward(self, pictures: Tensor, noise: Tensor, share: Tensor) -> Look:
        """Encodes pictures and decodes what it found, or something else in places.

        Args:
            pictures: n×3×32×32, -1..1.
            noise: n×CODE_SIZE, standard normal.
            share: n×blocks. 1 takes a block's code from the posterior; 0 from the prior, so that
                ``noise`` is the code and the picture has no say.
        """
        seen = self.encode(pictures)
        x = self.start.expand(pictures.shape[0], -1, -1, -1)
        codes, divergences, ratios = [], [], []
        for number, (block, flat) in enumerate(
            zip(self.blocks, torch.split(noise, list(CODE_SIZES), 1), strict=True)
        ):
            assert isinstance(block, CodeBlock)
            side, channels = CODES[number]
            if x.shape[2] != side:
                x = self.grow(x)
            eps = flat.view(-1, channels, side, side)
            mean, log_spread = block.posterior(x, seen[side])
            part = share[:, number, None, None, None]
            mean, log_spread = mean * part, log_spread * part
            code = mean + torch.exp(log_spread) * eps
            x = block(x, code)
            codes.append(code.flatten(1))
            divergences.append(divergence(mean, log_spread).flatten(1).sum(1))
            ratios.append(((eps.square() - code.square()) / 2 + log_spread).flatten(1).sum(1))
        parameters = self.last(functional.silu(self.finish(self.grow(x))))
        return Look(
            parameters,
            torch.cat(codes, 1),
            torch.stack(divergences, 1),
            torch.stack(ratios, 1).sum(1),
        )

    def encode(self, pictures: Tensor) -> dict[int, Tensor]:
        """Returns features of n×3×32×32 pictures by side."""
        x = self.stem(pictures)
        seen = {}
        for number, block in enumerate(self.encoder):
            if number:
                x = self.down[number - 1](x)
            x = block(x)
            seen[SIZE >> number] = x
        return seen

    def grow(self, x: Tensor) -> Tensor:
        """Returns features at twice the side."""
        place = {side: number for number, side in enumerate(sorted(WIDTHS))}[x.shape[2]]
        return functional.interpolate(self.up[place](x), scale_factor=2.0, mode="nearest")


class Residual(nn.Module):
    """Two convolutions, added to what goes in."""

    def __init__(self, channels: int, more: int = 0) -> None:
        """Builds the block; ``more`` channels are seen beside those that it changes."""
        super().__init__()
        self.one = nn.Conv2d(channels + more, channels, 3, padding=1)
        self.two = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.two.weight.mul_(0.5)

    def forward(self, x: Tensor, beside: Tensor | None = None) -> Tensor:
        """Returns n×channels×h×w."""
        y = functional.silu(x)
        if beside is not None:
            y = torch.cat([y, beside], 1)
        return x + self.two(functional.silu(self.one(y)))  # type: ignore[no-any-return]


class CodeBlock(nn.Module):
    """A block of the decoder with a code of its own."""

    def __init__(self, channels: int, code: int) -> None:
        """Builds the block."""
        super().__init__()
        self.compare = nn.Conv2d(2 * channels, channels, 1)
        self.guess = nn.Conv2d(channels, 2 * code, 1)
        nn.init.zeros_(self.guess.weight)  # at first the posterior is the prior
        assert self.guess.bias is not None
        nn.init.zeros_(self.guess.bias)
        self.merge = Residual(channels, code)

    def posterior(self, x: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Returns mean and log spread of the code, of the decoder's and the encoder's features."""
        y = functional.silu(self.compare(functional.silu(torch.cat([x, seen], 1))))
        mean, log_spread = self.guess(y).chunk(2, 1)
        return mean, log_spread.clamp(-5.0, 2.0)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """Returns what the code makes of n×channels×h×w features."""
        return self.merge(x, code)  # type: ignore[no-any-return]


def divergence(mean: Tensor, log_spread: Tensor) -> Tensor:
    """Returns KL(N(mean, exp(log_spread)²) ‖ N(0, 1)) in nats, value by value."""
    return (mean.square() + torch.exp(2 * log_spread) - 1) / 2 - log_spread
