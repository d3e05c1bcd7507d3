"""Informative drawings: a photograph's line drawing.

Chan et al., "Learning to generate line drawings that convey geometry and semantics", CVPR 2022,
https://arxiv.org/abs/2203.12691. Written anew from the authors' code
(carolineec/informative-drawings, MIT), with the names of its weights.
"""

from collections.abc import Callable, Mapping
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.stylizer import Norms

MARK = "model0.1.weight"
"""A weight that no other network has."""
MULTIPLE = 4
"""Height and width of the input are multiples of this."""


class Residual(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int) -> None:
        """Builds the block."""
        super().__init__()
        self.conv_block = nn.ModuleDict(
            {number: nn.Conv2d(channels, channels, 3) for number in ("1", "5")}
        )

    def forward(self, x: Tensor, norms: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns the shape of ``x``."""
        first, second = self.conv_block.values()
        inner = torch.relu(norms(first(_mirrored(x, 1))))
        return x + norms(second(_mirrored(inner, 1)))


class InformativeDrawings(nn.Module):
    """The whole network."""

    def __init__(self, channels: int = 64, blocks: int = 3) -> None:
        """Builds the network.

        Args:
            channels: at full size; twice as many at half, four times at a quarter.
            blocks: at quarter size.
        """
        super().__init__()
        middle, deep = 2 * channels, 4 * channels
        self.model0 = nn.ModuleDict({"1": nn.Conv2d(3, channels, 7)})
        self.model1 = nn.ModuleDict(
            {
                "0": nn.Conv2d(channels, middle, 3, 2, padding=1),
                "3": nn.Conv2d(middle, deep, 3, 2, padding=1),
            }
        )
        self.model2 = nn.ModuleList(Residual(deep) for _ in range(blocks))
        self.model3 = nn.ModuleDict(
            {
                "0": nn.ConvTranspose2d(deep, middle, 3, 2, padding=1, output_padding=1),
                "3": nn.ConvTranspose2d(middle, channels, 3, 2, padding=1, output_padding=1),
            }
        )
        self.model4 = nn.ModuleDict({"1": nn.Conv2d(channels, 1, 7)})
        self.numbers = 2 * (channels + middle) + deep * (1 + 2 * blocks)

    def forward(self, image: Tensor, statistics: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the drawing, n×1×h×w, 0…1 (paper), and the statistics that were used, 2×numbers.

        Args:
            image: n×3×h×w RGB, 0…1; h and w are multiples of 4.
            statistics: 2×numbers or more: the features' means, then their standard deviations.
            shared: 1: 1 takes ``statistics``; 0 measures them.
        """
        norms = Norms(self.style().to(image), statistics, shared)
        drawing = self.drawn(image, norms)
        return drawing, torch.cat(norms.used, 1)

    def style(self) -> Tensor:
        """Returns the norms' scales, then their shifts: 2×numbers."""
        return torch.cat([torch.ones(1, self.numbers), torch.zeros(1, self.numbers)])

    def drawn(self, image: Tensor, norms: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns the drawing with other norms; see `forward`."""
        x = torch.relu(norms(self.model0["1"](_mirrored(image, 3))))
        for conv in self.model1.values():
            x = torch.relu(norms(conv(x)))
        for block in self.model2:
            x = block(x, norms)
        for conv in self.model3.values():
            x = torch.relu(norms(conv(x)))
        return torch.sigmoid(self.model4["1"](_mirrored(x, 3)))


def _mirrored(x: Tensor, border: int) -> Tensor:
    return functional.pad(x, (border,) * 4, mode="reflect")


def from_weights(weights: Mapping[str, Tensor]) -> InformativeDrawings:
    """Builds the network that the weights belong to, and gives it them.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    block = "model2.{}.conv_block.1.weight"
    blocks = next(number for number in count() if block.format(number) not in weights)
    network = InformativeDrawings(len(weights[MARK]), blocks)
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise ValueError(f"These are not the weights of informative drawings: {error}") from error
    return network.eval()
