"""Faces from noise: a light generator with a mapping network and styles, after StyleGAN2.

Styles scale the channels that a convolution reads, and what it gives is brought back to unit
variance, as in "Analyzing and Improving the Image Quality of StyleGAN"
(https://arxiv.org/abs/1912.04958). There is no noise but z: the same w gives the same picture.
Gated units come from FastGAN (https://arxiv.org/abs/2101.04775), the short z from StyleGAN-XL
(https://arxiv.org/abs/2202.00273): a data set of few pictures has few dimensions.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.face_finisher import FaceFinisher
from genapp.nets.pixels import enlarged, smooth

Z_SIZE = 64
W_SIZE = 256
# Channels at the resolutions 4, 8, 16 and so on.
CHANNELS = (192, 160, 104, 64, 24, 12)
FIRST = 4  # resolution that every picture starts from
PIXELS = 2  # a level draws so many pixels a side for each place


class FaceGenerator(nn.Module):
    """A mapping from noise to w, and a synthesis of pictures from a w for each of its levels."""

    w_mean: Tensor
    finisher: FaceFinisher | None
    """Doubles the size of what the synthesis draws, if there is one."""

    def __init__(self, size: int = 128, width: float = 1.0) -> None:
        """Builds the generator.

        Args:
            size: of the pictures of the synthesis: 64, 128 or 256; features are half as large.
            width: factor on all channels of the synthesis.
        """
        super().__init__()
        self.mapping = Mapping()
        self.synthesis = Synthesis(size, width)
        self.register_buffer("w_mean", torch.zeros(W_SIZE))
        self.finisher = None

    @property
    def levels(self) -> int:
        """Number of w that make a picture, one a resolution of features from 4 on."""
        return len(self.synthesis.levels)

    def forward(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        """Returns n×3×s×s pictures, about -1..1, of n×64 standard normal noise.

        Args:
            z: noise.
            truncation: 1 leaves w as it is, 0 gives the mean face ``w_mean``.
        """
        w = self.w_mean.lerp(self.mapping(z), truncation) if truncation != 1 else self.mapping(z)
        return self.pictures(spread(w, self.levels))

    def pictures(self, w: Tensor) -> Tensor:
        """Returns n×3×s×s pictures, about -1..1, of n×levels×256; s is twice the size if there is
        a finisher.
        """
        drawn: Tensor = self.synthesis(w)
        return drawn if self.finisher is None else self.finisher(drawn)

    @torch.no_grad()
    def measure_mean(self, count: int = 4096) -> None:
        """Sets ``w_mean``, the middle of the faces, from ``count`` noises of a fixed seed."""
        device = self.w_mean.device
        z = torch.randn(count, Z_SIZE, generator=torch.Generator().manual_seed(0))
        self.w_mean.copy_(self.mapping(z.to(device)).mean(0))


def spread(w: Tensor, levels: int) -> Tensor:
    """Returns n×levels×256 of n×256: the same w at all levels."""
    return w[:, None].expand(-1, levels, -1)


class Mapping(nn.Module):
    """Turns noise into w, in which what makes a face is less entangled."""

    def __init__(self, depth: int = 3) -> None:
        """Builds ``depth`` layers."""
        super().__init__()
        sizes = [Z_SIZE, *[W_SIZE] * depth]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        for layer in self.layers:
            assert isinstance(layer, nn.Linear)
            # Keeps the variance through a leaky ReLU of slope 0.2.
            nn.init.normal_(layer.weight, std=math.sqrt(2 / (1.04 * layer.in_features)))
            nn.init.zeros_(layer.bias)

    def forward(self, z: Tensor) -> Tensor:
        """Returns n×256 of n×64 standard normal noise; only the direction of z matters."""
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
        return x


class Synthesis(nn.Module):
    """Turns a w for each level into a picture."""

    def __init__(self, size: int, width: float) -> None:
        """Builds a level for each resolution from 4 to half of ``size``."""
        super().__init__()
        if size not in (64, 128, 256):
            raise ValueError(f"size must be 64, 128 or 256, not {size}")
        count = int(math.log2(size // PIXELS // FIRST)) + 1
        channels = [max(8, round(number * width)) for number in CHANNELS[:count]]
        # From w, not a constant: pose and outline differ from the start, as in FastGAN.
        self.start = nn.Linear(W_SIZE, channels[0] * FIRST**2)
        nn.init.normal_(self.start.weight, std=W_SIZE**-0.5)
        nn.init.normal_(self.start.bias, std=0.5)
        before = [channels[0], *channels]
        self.levels = nn.ModuleList(
            Level(before[number], channels[number], first=number == 0) for number in range(count)
        )

    def forward(self, w: Tensor) -> Tensor:
        """Returns n×3×size×size pictures, about -1..1, of n×levels×256."""
        x = self.start(w[:, 0]).unflatten(1, (-1, FIRST, FIRST))
        picture: Tensor | None = None
        for number, level in enumerate(self.levels):
            x, own = level(x, w[:, number])
            own = own.float()  # half precision would leave bands where colours are added up
            picture = own if picture is None else enlarged(picture) + own
        assert picture is not None
        return picture


class Level(nn.Module):
    """Doubles the resolution, refines, and says what the level adds to the picture.

    Fine features cost most of the time, so the picture is twice as large as they are ("Real-Time
    Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
    Network", https://arxiv.org/abs/1609.05158).
    """

    def __init__(self, channels: int, out: int, *, first: bool) -> None:
        """Builds the level; the ``first`` keeps the resolution."""
        super().__init__()
        self.widen = None if first else StyledGate(channels, out)
        self.refine = StyledGate(out, out)
        self.to_rgb = StyledConv(out, 3 * PIXELS**2, 1, demodulate=False)
        # A level that is new says nothing, so that a picture can grow while it is learnt.
        nn.init.zeros_(self.to_rgb.weight)

    def forward(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Returns n×out×2h×2w features (h×w of the first) and n×3×4h×4w of colour.

        Args:
            x: n×channels×h×w.
            w: n×256.
        """
        if self.widen is not None:
            x = enlarged(self.widen(x, w))
        x = (x + self.refine(x, w)) * math.sqrt(0.5)
        return x, smooth(functional.pixel_shuffle(self.to_rgb(x, w), PIXELS))


class StyledGate(nn.Module):
    """A styled 3×3 convolution; half of its channels open and close the other half."""

    def __init__(self, channels: int, out: int) -> None:
        """Builds the layer."""
        super().__init__()
        self.conv = StyledConv(channels, 2 * out, 3, demodulate=True)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w and n×256."""
        # The factor brings the variance back to 1.
        return functional.glu(self.conv(x, w), 1) * 1.85


class StyledConv(nn.Module):
    """A convolution whose input channels are scaled by a style.

    Scaling what goes in and what comes out is the same as scaling the weights for each picture,
    and needs no convolution by groups.
    """

    def __init__(self, channels: int, out: int, size: int, *, demodulate: bool) -> None:
        """Builds the layer.

        Args:
            channels: that it reads.
            out: channels that it gives.
            size: of the kernel.
            demodulate: bring what comes out back to the variance of what goes in.
        """
        super().__init__()
        self.style = nn.Linear(W_SIZE, channels)
        nn.init.normal_(self.style.weight, std=W_SIZE**-0.5)
        nn.init.ones_(self.style.bias)
        self.weight = nn.Parameter(torch.randn(out, channels, size, size))
        nn.init.normal_(self.weight, std=(channels * size * size) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(out))
        self.demodulate = demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w and n×256."""
        style = self.style(w)
        padding = self.weight.shape[2] // 2
        y = functional.conv2d(x * style[:, :, None, None], self.weight, padding=padding)
        if self.demodulate:
            energy = style.square() @ self.weight.square().sum((2, 3)).t()
            y = y * torch.rsqrt(energy + 1e-8)[:, :, None, None]
        return y + self.bias[:, None, None].to(y.dtype)
