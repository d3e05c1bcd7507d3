"""AnimeGANv2: paints a photograph as a cartoon.

Chen et al., "AnimeGAN: A novel lightweight GAN for photo animation", ISICA 2019, in the form of
bryandlee/animegan2-pytorch (MIT), whose names the weights have. Written anew from that code, so
that tiles of a large picture can share their statistics: see `stylizer.py`.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.stylizer import Norms

MARK = "block_a.0.1.weight"
"""A weight that no other network has."""
LEAK = 0.2
"""Slope of the ReLUs below zero."""
MULTIPLE = 4
"""Height and width of the input are multiples of this."""


class Layer(nn.Module):
    """A convolution over a mirrored border, a norm of all channels together and a leaky ReLU."""

    def __init__(
        self,
        channels: int,
        out: int,
        size: int = 3,
        stride: int = 1,
        *,
        groups: int = 1,
        bias: bool = False,
    ) -> None:
        """Builds the layer; its weights are counted as if border and ReLU were layers too."""
        super().__init__()
        # Where the size is halved, only the right and the lower side have a border.
        self.border = (0, 1, 0, 1) if stride > 1 else (size // 2,) * 4
        conv = nn.Conv2d(channels, out, size, stride, groups=groups, bias=bias)
        self.add_module("1", conv)
        self.add_module("2", nn.GroupNorm(1, out))

    def forward(self, x: Tensor, norms: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns n×out×h/stride×w/stride of n×channels×h×w."""
        if any(self.border):
            x = functional.pad(x, self.border, mode="reflect")
        x = normed(self.get_submodule("1")(x), self.get_submodule("2"), norms)
        return functional.leaky_relu(x, LEAK)


class Inverted(nn.Module):
    """Widens, filters each channel, narrows; with a shortcut where the width stays."""

    def __init__(self, channels: int, out: int) -> None:
        """Builds the block."""
        super().__init__()
        wide = 2 * channels
        self.layers = nn.ModuleList(
            [
                Layer(channels, wide, 1),
                Layer(wide, wide, groups=wide, bias=True),
                nn.Conv2d(wide, out, 1, bias=False),
                nn.GroupNorm(1, out),
            ]
        )

    def forward(self, x: Tensor, norms: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w."""
        widen, each, narrow, norm = self.layers
        inner = normed(narrow(each(widen(x, norms), norms)), norm, norms)
        return inner + x if inner.shape == x.shape else inner


def normed(x: Tensor, norm: nn.Module, norms: Callable[[Tensor], Tensor]) -> Tensor:
    """A norm of all channels together: an instance norm of one long channel, then a scale and a
    shift for each."""
    assert isinstance(norm, nn.GroupNorm)
    flat = norms(x.reshape(len(x), 1, 1, -1)).reshape(x.shape)
    return flat * norm.weight[:, None, None] + norm.bias[:, None, None]


class AnimeGANv2(nn.Module):
    """The whole network."""

    def __init__(self, channels: int = 32) -> None:
        """Builds the network; ``channels`` are those at full size."""
        super().__init__()
        c = channels
        self.block_a = nn.ModuleList(
            [Layer(3, c, 7), Layer(c, 2 * c, stride=2), Layer(2 * c, 2 * c)]
        )
        self.block_b = nn.ModuleList([Layer(2 * c, 4 * c, stride=2), Layer(4 * c, 4 * c)])
        self.block_c = nn.ModuleList(
            [
                Layer(4 * c, 4 * c),
                Inverted(4 * c, 8 * c),
                *(Inverted(8 * c, 8 * c) for _ in range(3)),
                Layer(8 * c, 4 * c),
            ]
        )
        self.block_d = nn.ModuleList([Layer(4 * c, 4 * c), Layer(4 * c, 4 * c)])
        self.block_e = nn.ModuleList([Layer(4 * c, 2 * c), Layer(2 * c, 2 * c), Layer(2 * c, c, 7)])
        self.out_layer = nn.Sequential(nn.Conv2d(c, 3, 1, bias=False), nn.Tanh())

    def forward(self, image: Tensor, statistics: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the painting, n×3×h×w, -1…1, and the statistics that were used, 2×norms.

        Args:
            image: n×3×h×w RGB, -1…1; h and w are multiples of 4.
            statistics: 2×norms or more: the features' means, then their standard deviations.
            shared: 1: 1 takes ``statistics``; 0 measures them.
        """
        norms = Norms(self.style().to(image), statistics, shared)
        painting = self.drawn(image, norms)
        return painting, torch.cat(norms.used, 1)

    def style(self) -> Tensor:
        """Returns the norms' scales, then their shifts: 2×norms; each channel's own follow."""
        count = sum(isinstance(module, nn.GroupNorm) for module in self.modules())
        return torch.cat([torch.ones(1, count), torch.zeros(1, count)])

    def drawn(self, image: Tensor, norms: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns the painting with other norms; see `forward`."""
        x = _through(self.block_a, image, norms)
        half = x.shape[2:]
        x = _through(self.block_c, _through(self.block_b, x, norms), norms)
        x = _through(self.block_d, _enlarged(x, half), norms)
        x = _through(self.block_e, _enlarged(x, image.shape[2:]), norms)
        painting: Tensor = self.out_layer(x)
        return painting


def _through(layers: nn.ModuleList, x: Tensor, norms: Callable[[Tensor], Tensor]) -> Tensor:
    for layer in layers:
        x = layer(x, norms)
    return x


def _enlarged(x: Tensor, size: torch.Size) -> Tensor:
    return functional.interpolate(x, size, mode="bilinear", align_corners=True)


def from_weights(weights: Mapping[str, Tensor]) -> AnimeGANv2:
    """Builds the network that the weights belong to, and gives it them.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    network = AnimeGANv2(len(weights[MARK]))
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise ValueError(f"These are not the weights of AnimeGANv2: {error}") from error
    return network.eval()
