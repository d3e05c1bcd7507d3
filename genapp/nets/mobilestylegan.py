"""MobileStyleGAN: StyleGAN2's faces from a network a tenth of its cost.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image
Synthesis", 2021, https://arxiv.org/abs/2104.04767. Written anew from the paper and the author's
code (bes-dev/MobileStyleGAN.pytorch, Apache-2.0), with the names of its weights.

A mapping network turns noise into w. The synthesis doubles the resolution by inverse wavelet
transforms, and its convolutions are depthwise separable. What w does to a convolution is undone
by a constant learnt for each channel, where StyleGAN2 computes it from w.
"""

import math
from collections.abc import Mapping as Weights
from dataclasses import dataclass
from itertools import count, pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

FIRST = 4
"""Resolution that every picture starts from."""
MARK = "student.input.input"
"""A weight that no other network has."""
SLOWER = 0.01
"""How much slower the mapping was trained: its weights are stored divided by this."""


@dataclass(frozen=True)
class Shape:
    """How large a MobileStyleGAN is.

    Attributes:
        channels: of the synthesis at the resolutions 4, 8, 16 and so on, multiples of 4.
        style: numbers of z and of a row of w.
        depth: layers of the mapping.
    """

    channels: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128, 64)
    style: int = 512
    depth: int = 8


class MobileStyleGAN(nn.Module):
    """Noise to w, and w to a picture."""

    style_mean: Tensor

    def __init__(self, shape: Shape | None = None) -> None:
        """Builds the network; without a shape the one for faces of 1024 pixels."""
        super().__init__()
        shape = shape or Shape()
        self.mapping_net = Mapping(shape)
        self.student = Synthesis(shape)
        self.register_buffer("style_mean", torch.zeros(1, shape.style))

    def forward(
        self, z: Tensor | None = None, w: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Either of its two parts.

        Args:
            z: n×style standard normal noise; returns n×style of w, and the mean w, style.
            w: n×levels×style; returns n×3×s×s pictures, 0…1.
        """
        if z is not None:
            return self.mapping_net(z), self.style_mean[0]
        picture: Tensor = self.student(w)
        return (picture / 2 + 0.5).clamp(0, 1)


class Mapping(nn.Module):
    """Turns noise into w."""

    def __init__(self, shape: Shape) -> None:
        """Builds the layers; the first of the author's has no weights."""
        super().__init__()
        layers = [nn.Linear(shape.style, shape.style) for _ in range(shape.depth)]
        for layer in layers:
            nn.init.normal_(layer.weight, std=1 / SLOWER)
        self.layers = nn.ModuleList([nn.Identity(), *layers])

    def forward(self, z: Tensor) -> Tensor:
        """Returns n×style of n×style noise; only the direction of z matters."""
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        gain = SLOWER / math.sqrt(x.shape[1])
        for layer in list(self.layers)[1:]:
            assert isinstance(layer, nn.Linear)
            x = functional.linear(x, layer.weight * gain, layer.bias * SLOWER)
            x = functional.leaky_relu(x, 0.2) * math.sqrt(2)
        return x


class Synthesis(nn.Module):
    """Turns a w for each of its levels into a picture."""

    def __init__(self, shape: Shape) -> None:
        """Builds a block for each resolution after the first."""
        super().__init__()
        first = shape.channels[0]
        self.input = nn.ParameterDict({"input": torch.randn(1, first, FIRST, FIRST)})
        self.conv1 = Styled(StyledConv(first, first, 3, shape.style), FIRST, number=0)
        self.layers = nn.ModuleList(
            Block(before, after, shape.style, FIRST * 2 ** (number + 1), number)
            for number, (before, after) in enumerate(pairwise(shape.channels))
        )

    @property
    def levels(self) -> int:
        """How many rows of w make a picture."""
        return 3 * len(self.layers) + 2

    def forward(self, w: Tensor) -> Tensor:
        """Returns n×3×s×s pictures, about -1…1, of n×levels×style; s is twice the last side."""
        x = self.conv1(self.input["input"].expand(len(w), -1, -1, -1), w[:, 0])
        for number, block in enumerate(self.layers):
            x = block(x, w[:, 3 * number + 1 :])
        # The coarser pictures that the author's network gives served its training alone.
        colors: Tensor = self.layers[-1].to_img(x, w[:, -2])  # type: ignore[operator]
        return from_wavelets(colors[:, :3], colors[:, 3:].reshape(-1, 3, 3, *colors.shape[2:]))


class Block(nn.Module):
    """Doubles the resolution and refines."""

    def __init__(self, channels: int, out: int, style: int, side: int, number: int) -> None:
        """Builds the block that gives ``side``×``side``."""
        super().__init__()
        self.up = Widen(channels, style)
        parts = (StyledSeparable(before, out, style) for before in (channels // 4, out))
        self.conv1, self.conv2 = (
            Styled(part, side, number=2 * number + place) for place, part in enumerate(parts, 1)
        )
        self.to_img = ToBands(out, style)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns n×out×2h×2w of n×channels×h×w; the first two rows of w are its own."""
        x = self.conv1(self.up(x, w[:, 0]), w[:, 0])
        result: Tensor = self.conv2(x, w[:, 1])
        return result


class Widen(nn.Module):
    """Reads the channels as wavelet bands of a quarter of the channels at twice the resolution."""

    def __init__(self, channels: int, style: int) -> None:
        """Builds what scales the bands."""
        super().__init__()
        self.modulation = nn.Linear(style, channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns n×c/4×2h×2w of n×c×h×w and n×style."""
        x = self.modulation(w)[:, :, None, None] * x
        quarter = x.shape[1] // 4
        return from_wavelets(x[:, :quarter], x[:, quarter:].reshape(-1, quarter, 3, *x.shape[2:]))


def from_wavelets(low: Tensor, high: Tensor) -> Tensor:
    """Inverts a transform by Haar's wavelets.

    Args:
        low: n×c×h×w, the sums.
        high: n×c×3×h×w, the differences from top to bottom, from left to right, and of both.

    Returns:
        n×c×2h×2w.
    """
    down, right, both = high.unbind(2)
    corners = [
        low + down + right + both,
        low + down - right - both,
        low - down + right - both,
        low - down - right + both,
    ]
    return functional.pixel_shuffle(torch.stack(corners, 2).flatten(1, 2), 2) / 2


class Styled(nn.Module):
    """A styled convolution, then noise and a leaky ReLU."""

    grain: Tensor

    def __init__(self, conv: nn.Module, side: int, *, number: int) -> None:
        """Adds to ``conv``; its noise is the same for all pictures, and differs by ``number``."""
        super().__init__()
        self.conv = conv
        self.noise = nn.ParameterDict({"weight": torch.zeros(1)})
        self.bias = nn.Parameter(torch.zeros(1, _channels_of(conv), 1, 1))
        # The author draws it anew for each picture: a seed would not give the same one twice.
        seeded = torch.Generator().manual_seed(number)
        grain = torch.randn(1, 1, side, side, generator=seeded)
        self.register_buffer("grain", grain, persistent=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w and n×style."""
        x = self.conv(x, w) + self.noise["weight"] * self.grain
        return functional.leaky_relu(x + self.bias, 0.2)


def _channels_of(conv: nn.Module) -> int:
    assert isinstance(conv, StyledConv | StyledSeparable)
    return conv.out


class StyledConv(nn.Module):
    """A convolution whose input channels are scaled by a style."""

    style_inv: Tensor

    def __init__(
        self, channels: int, out: int, size: int, style: int, *, demodulate: bool = True
    ) -> None:
        """Builds the layer; ``demodulate`` brings its output back to unit variance."""
        super().__init__()
        self.out = out
        self.weight = nn.Parameter(torch.randn(out, channels, size, size))
        self.modulation = nn.Linear(style, channels)
        self.demodulate = demodulate
        if demodulate:
            self.register_buffer("style_inv", torch.randn(1, 1, channels, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w and n×style."""
        x = functional.conv2d(
            _modulated(x, self.modulation(w), self.weight.shape[2]),
            self.weight,
            padding=self.weight.shape[2] // 2,
        )
        return x * _demodulation(self.weight, self.style_inv) if self.demodulate else x


class StyledSeparable(nn.Module):
    """The same, as a 3×3 convolution of each channel and a mixture of channels."""

    style_inv: Tensor

    def __init__(self, channels: int, out: int, style: int) -> None:
        """Builds the layer."""
        super().__init__()
        self.out = out
        self.weight_dw = nn.Parameter(torch.randn(channels, 1, 3, 3))
        self.weight_permute = nn.Parameter(torch.randn(out, channels, 1, 1))
        self.modulation = nn.Linear(style, channels)
        self.register_buffer("style_inv", torch.randn(1, 1, channels, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w and n×style."""
        x = _modulated(x, self.modulation(w), self.weight_dw.shape[2])
        x = functional.conv2d(x, self.weight_dw, padding=1, groups=x.shape[1])
        x = functional.conv2d(x, self.weight_permute)
        return x * _demodulation(
            self.weight_dw.transpose(0, 1) * self.weight_permute, self.style_inv
        )


def _modulated(x: Tensor, style: Tensor, size: int) -> Tensor:
    """Scales the channels, and divides by the root of how many numbers are then added up."""
    return x * (style / math.sqrt(x.shape[1] * size**2))[:, :, None, None]


def _demodulation(weight: Tensor, style_inv: Tensor) -> Tensor:
    """Returns 1×out×1×1 of an out×in×k×k weight, for the style that training found typical."""
    scale = 1 / math.sqrt(weight[0].numel())
    energy = (scale * style_inv[0] * weight).square().sum((1, 2, 3))
    return torch.rsqrt(energy + 1e-8)[None, :, None, None]


class ToBands(nn.Module):
    """Turns features into the wavelet bands of a picture."""

    def __init__(self, channels: int, style: int) -> None:
        """Builds the layer."""
        super().__init__()
        self.conv = StyledConv(channels, 12, 1, style, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 12, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns n×12×h×w: red, green and blue, then the three differences of each."""
        bands: Tensor = self.conv(x, w) + self.bias
        return bands


def from_weights(weights: Weights[str, Tensor]) -> MobileStyleGAN:
    """Builds the network that the weights belong to, and gives it them.

    The published file also has the teacher and the networks of the losses, which are left out.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    try:
        network = MobileStyleGAN(shape_of(weights))
        # A row for each level in some of the author's versions, all the same.
        mean = {"style_mean": weights["style_mean"].reshape(-1, network.style_mean.shape[1])[:1]}
        missing = network.load_state_dict({**weights, **mean}, strict=False).missing_keys
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"These are not the weights of a MobileStyleGAN: {error}") from error
    if missing:
        raise ValueError(f"Weights of MobileStyleGAN are missing: {', '.join(missing[:3])}")
    return network.eval()


def shape_of(weights: Weights[str, Tensor]) -> Shape:
    """Tells how large a network is by its weights.

    Raises:
        KeyError: a weight is missing.
    """
    last = "student.layers.{}.conv2.conv.weight_permute"
    blocks = next(number for number in count() if last.format(number) not in weights)
    mapping = "mapping_net.layers.{}.weight"
    return Shape(
        channels=(
            weights[MARK].shape[1],
            *(len(weights[last.format(number)]) for number in range(blocks)),
        ),
        style=weights[mapping.format(1)].shape[1],
        depth=next(number for number in count() if mapping.format(number + 1) not in weights),
    )
