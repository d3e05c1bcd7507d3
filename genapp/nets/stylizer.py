"""Stylizer: paints a photo in a style that a list of numbers describes.

Dumoulin et al., "A Learned Representation for Artistic Style", ICLR 2017,
https://arxiv.org/abs/1610.07629: one network whose instance norms take their scales and shifts
from the style. Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic
stylization network", BMVC 2017, https://arxiv.org/abs/1705.06830: a second network predicts them
from any picture.

An instance norm looks at the whole picture. So that a large one can be painted tile by tile, the
means and deviations that it takes are an input too: see `Stylizer.forward`.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5  # of the variance


class Norms:
    """Hands each instance norm its part of the style and of the statistics, in their order.

    Args:
        style: 2×c: scales, then shifts.
        statistics: 2×c: means, then standard deviations.
        shared: 1: 1 takes `statistics`, 0 measures them over the batch.
    """

    def __init__(self, style: Tensor, statistics: Tensor, shared: Tensor) -> None:
        self._style = style
        self._statistics = statistics
        self._shared = shared
        self._first = 0
        self.used: list[Tensor] = []

    def __call__(self, x: Tensor) -> Tensor:
        """Returns n×c×h×w in the style; adds the 2×c statistics to `used`."""
        part = slice(self._first, self._first + x.shape[1])
        self._first += x.shape[1]
        mean = x.mean(dim=(2, 3)).mean(dim=0)
        centred = x - mean[:, None, None]
        variance = (centred * centred).mean(dim=(2, 3)).mean(dim=0)
        measured = torch.stack([mean, torch.sqrt(variance + EPSILON)])
        used = measured + (self._statistics[:, part] - measured) * self._shared
        self.used.append(used)
        scale = self._style[0, part] / used[1]
        shift = self._style[1, part] - used[0] * scale
        return x * scale[:, None, None] + shift[:, None, None]


class Layer(nn.Module):
    """A convolution over a mirrored border."""

    def __init__(
        self, channels_in: int, channels_out: int, size: int = 3, *, stride: int = 1, bias: bool
    ) -> None:
        super().__init__()
        self.border = (size // 2,) * 4
        self.conv = nn.Conv2d(channels_in, channels_out, size, stride, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×channels_out×(h/stride)×(w/stride)."""
        result: Tensor = self.conv(functional.pad(x, self.border, mode="reflect"))
        return result


class Stylizer(nn.Module):
    """Paints pictures whose height and width are multiples of 4 and at least 16.

    Args:
        contract: channels at full, half and quarter size.
        expand: channels on the way back, at half and at full size.
        blocks: of two convolutions each, at quarter size.
        styled_contract: the first three layers have norms too; else each has a bias.
    """

    def __init__(
        self,
        contract: tuple[int, int, int],
        expand: tuple[int, int],
        blocks: int,
        *,
        styled_contract: bool,
    ) -> None:
        super().__init__()
        fine, middle, deep = contract
        self.styled_contract = styled_contract
        bias = not styled_contract
        self.contract = nn.ModuleList(
            [
                Layer(3, fine, 9, bias=bias),
                Layer(fine, middle, stride=2, bias=bias),
                Layer(middle, deep, stride=2, bias=bias),
            ]
        )
        self.blocks = nn.ModuleList([Layer(deep, deep, bias=False) for _ in range(2 * blocks)])
        self.expand = nn.ModuleList(
            [Layer(deep, expand[0], bias=False), Layer(*expand, bias=False)]
        )
        self.last = Layer(expand[1], 3, 9, bias=False)

    def norm_layers(self) -> Iterator[nn.Conv2d]:
        """The convolutions that an instance norm follows, in the order of the style's numbers."""
        contract = self.contract if self.styled_contract else ()
        for layer in (*contract, *self.blocks, *self.expand, self.last):
            yield layer.conv

    @property
    def numbers(self) -> int:
        """Channels that are normed: how long each row of a style is."""
        return sum(conv.out_channels for conv in self.norm_layers())

    def forward(
        self, image: Tensor, style: Tensor, statistics: Tensor, shared: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Returns the painting, n×3×h×w in 0…1, and the statistics that were used, 2×`numbers`.

        Args:
            image: n×3×h×w RGB, 0…1.
            style: 2×`numbers`: the norms' scales, then their shifts.
            statistics: 2×`numbers`: the features' means, then their standard deviations.
            shared: 1: 1 takes `statistics`; 0 measures them over the whole batch.
        """
        norms = Norms(style, statistics, shared)
        x = image
        for layer in self.contract:
            x = layer(x)
            x = torch.relu(norms(x) if self.styled_contract else x)
        for first, second in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            x = x + norms(second(torch.relu(norms(first(x)))))
        for layer in self.expand:
            x = torch.relu(norms(layer(functional.interpolate(x, scale_factor=2.0))))
        painting = torch.sigmoid(norms(self.last(x)))
        return painting, torch.cat(norms.used, dim=1)


def multi_style() -> Stylizer:
    """The network of Dumoulin et al. in the widths of the 26 styles."""
    return Stylizer((32, 32, 32), (8, 4), 6, styled_contract=True)


def any_style() -> Stylizer:
    """The network of Ghiasi et al. in the widths of Magenta's for phones."""
    return Stylizer((8, 16, 32), (16, 8), 5, styled_contract=False)
