"""Colours for a grey picture: a U-Net on MobileNetV2 that gives a distribution over ab colours.

The encoder is MobileNetV2 (https://arxiv.org/abs/1801.04381) with its norms folded into its
convolutions. The decoder and its output, a distribution over a grid of ab colours, follow
"Colorful Image Colorization" (https://arxiv.org/abs/1603.08511); points of known colour enter
as in "Real-Time User-Guided Image Colorization" (https://arxiv.org/abs/1705.02999).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4  # of the colours, in input pixels
CONTEXT = 16  # channels that tell the finer stage what is where
MULTIPLE = 32  # height and width of the input are multiples of it

# Of every group of blocks: expansion of the first 1×1, channels, blocks, stride of the first.
_GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_STEM = 32
_SKIPS = (24, 32, 96, 320)  # channels at the strides 4, 8, 16 and 32


class Colorizer(nn.Module):
    """Predicts which colour each place of a grey picture has, heeding points of known colour.

    For a line drawing, which says little of how light things are, it predicts that too.
    """

    bins: Tensor
    hint_scale: Tensor

    def __init__(self, bins: Tensor, width: int = 64, levels: int = 0) -> None:
        """Builds the network.

        Args:
            bins: k×2 ab colours of the distribution, CIELAB units.
            width: channels at stride 4; the coarser levels have more.
            levels: of lightness, from 0 to 100 in equal steps, whose distribution is predicted
                beside that of the colours; hints then have the lightness before a and b, and
                ``fine`` has no use.
        """
        super().__init__()
        self.register_buffer("bins", bins)
        known = 3 if levels else 2  # channels of a hint beside its mask
        self.register_buffer("hint_scale", torch.tensor([0.02] * known + [1.0]), persistent=False)
        self.encoder = Encoder(known + 1)
        fine, middle, coarse, deep = _SKIPS
        self.scene = nn.Linear(deep, 2 * width)
        self.deepest = _conv(deep, 2 * width, 3)
        self.up16 = Up(2 * width, coarse, 2 * width)
        self.up8 = Up(2 * width, middle, width + width // 2)
        self.up4 = Up(width + width // 2, fine + known + 1, width)
        self.last = _conv(width, width, 1)
        self.head = nn.Conv2d(width, len(bins) + levels, 1)
        self.context = nn.Conv2d(width, CONTEXT, 1)
        self.fine = Fine()

    def forward(self, lightness: Tensor, hints: Tensor) -> tuple[Tensor, Tensor]:
        """Returns n×k×h/4×w/4 logits, and n×16×h/4×w/4 context for ``fine``.

        The logits are those of the ``bins``, then those of the levels of lightness.

        Args:
            lightness: n×1×h×w CIELAB lightness, 0..100; h and w are multiples of 32.
            hints: n×3×h×w: a, b (CIELAB units) and a mask, 1 where the colour is known; a and b
                are 0 elsewhere. With levels of lightness n×4×h×w: L, a, b and the mask.
        """
        hints = pool_hints(hints) * self.hint_scale.view(1, -1, 1, 1)
        fine, middle, coarse, deep = self.encoder(lightness, hints)
        x = self.deepest(deep) + self.scene(deep.mean((2, 3)))[:, :, None, None]
        x = self.up16(x, coarse)
        x = self.up8(x, middle)
        x = self.up4(x, torch.cat([fine, hints], 1))
        x = x + self.last(x)
        return self.head(x), self.context(x)


class Fine(nn.Module):
    """Enlarges colours from stride 4 to stride 2 along the edges of the picture, adding detail.

    Lips, irises and edges are smaller than the places that the network above gives colours to.
    """

    supports_half = True  # of numbers

    def __init__(self, width: int = 32) -> None:
        """Builds the network; at first it enlarges bilinearly."""
        super().__init__()
        self.stem = nn.Conv2d(1, width - CONTEXT // 2, 3, 2, 1)
        self.layers = nn.Sequential(
            nn.Conv2d(width - CONTEXT // 2 + CONTEXT + 5, width, 3, padding=1),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.1, inplace=True),
        )
        self.last = nn.Conv2d(width, 2, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, lightness: Tensor, hints: Tensor, ab: Tensor, context: Tensor) -> Tensor:
        """Returns n×2×h/2×w/2 ab colours, CIELAB units.

        Args:
            lightness: n×1×h×w CIELAB lightness, 0..100.
            hints: n×3×h×w, as the colouriser gets them.
            ab: n×2×h/4×w/4 colours to enlarge.
            context: n×16×h/4×w/4, from the colouriser.
        """
        hints = pool_hints(hints, STRIDE // 2) * hints.new_tensor([0.02, 0.02, 1.0]).view(
            1, 3, 1, 1
        )
        edges = functional.leaky_relu(self.stem(lightness / 50 - 1), 0.1)
        coarse = functional.interpolate(
            torch.cat([ab * 0.02, context], 1), scale_factor=2.0, mode="bilinear"
        )
        detail = self.last(self.layers(torch.cat([edges, coarse, hints], 1)))
        return (coarse[:, :2] + detail) * 50  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """MobileNetV2 without norms and without its classifier, for one channel and for hints."""

    def __init__(self, hint_channels: int = 3) -> None:
        """Builds the encoder; hints have so many channels, the mask among them."""
        super().__init__()
        self.stem = nn.Conv2d(1, _STEM, 3, 2, 1)
        # Starts at zero, so that training starts from the features of the plain picture.
        self.hint_stem = nn.Conv2d(hint_channels, _SKIPS[0], 3, padding=1, bias=False)
        nn.init.zeros_(self.hint_stem.weight)
        blocks: list[nn.Module] = []
        channels = _STEM
        for expansion, out, count, stride in _GROUPS:
            for number in range(count):
                blocks.append(Block(channels, out, stride if number == 0 else 1, expansion))
                channels = out
        self.blocks = nn.ModuleList(blocks)
        ends = torch.tensor([count for _, _, count, _ in _GROUPS]).cumsum(0) - 1
        self._skips = [int(ends[group]) for group in (1, 2, 4, 6)]

    def edge_layers(self) -> list[nn.Module]:
        """Returns the layers up to stride 4, which see edges and textures but no hints."""
        return [self.stem, *self.blocks[: self._skips[0] + 1]]

    def forward(self, lightness: Tensor, hints: Tensor) -> list[Tensor]:
        """Returns the features at the strides 4, 8, 16 and 32; ``hints`` are at stride 4."""
        # The grey levels as ImageNet's mean and deviation see them, mean of the three channels.
        x = functional.relu6(self.stem((lightness / 100 - 0.449) / 0.226))
        features = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number == self._skips[0]:
                x = x + self.hint_stem(hints)
            if number in self._skips:
                features.append(x)
        return features


class Block(nn.Module):
    """An inverted residual: widen by a 1×1, filter every channel by a 3×3, narrow by a 1×1."""

    def __init__(self, channels: int, out: int, stride: int, expansion: int) -> None:
        """Builds the block; the first of the network doesn't widen (``expansion`` 1)."""
        super().__init__()
        wide = channels * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [nn.Conv2d(channels, wide, 1), nn.ReLU6(inplace=True)]
        layers += [
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide),
            nn.ReLU6(inplace=True),
            nn.Conv2d(wide, out, 1),
        ]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h/stride×w/stride features of n×channels×h×w."""
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class Up(nn.Module):
    """Doubles the size of features and joins them with finer ones."""

    def __init__(self, channels: int, skip: int, out: int) -> None:
        """Builds the step from ``channels`` and ``skip`` finer ones to ``out``."""
        super().__init__()
        self.narrow = nn.Conv2d(channels, out // 2, 1)
        self.join = _conv(out // 2 + skip, out, 3)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Returns n×out×2h×2w features of n×channels×h×w and n×skip×2h×2w."""
        x = functional.interpolate(self.narrow(x), scale_factor=2.0, mode="bilinear")
        return self.join(torch.cat([x, skip], 1))  # type: ignore[no-any-return]


def pool_hints(hints: Tensor, stride: int = STRIDE) -> Tensor:
    """Returns n×c×h/stride×w/stride hints: mean of the known colours, 1 where there are any.

    Args:
        hints: n×c×h×w, their last channel the mask.
        stride: cells of so many pixels.
    """
    pooled = functional.avg_pool2d(hints, stride)
    share = pooled[:, -1:]
    return torch.cat([pooled[:, :-1] / share.clamp_min(1e-4), (share > 0).to(hints.dtype)], 1)


def _conv(channels: int, out: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, size, padding=size // 2, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )
