"""SPAN: enlarges pictures by a whole factor with few parameters.

Wan et al., "Swift Parameter-free Attention Network for Efficient Super-Resolution", CVPR Workshops
2024, https://arxiv.org/abs/2311.12770. This is the form for inference: where training in the paper
has three convolutions and a shortcut in parallel, here is the one 3×3 convolution that they are
equal to.
"""

import torch
from torch import Tensor, nn

CHANNELS = 48
MEAN = (0.4488, 0.4371, 0.4040)  # of the pictures in DIV2K; R, G, B
RANGE = 255.0


def conv3x3(channels_in: int, channels_out: int) -> nn.Conv2d:
    """A 3×3 convolution that keeps height and width."""
    return nn.Conv2d(channels_in, channels_out, 3, padding=1)


class AttentionBlock(nn.Module):
    """Three convolutions whose result also says, without parameters, where to look.

    The sigmoid is odd around 0.5, so strong responses of either sign pass and weak ones don't.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.c1 = conv3x3(channels, channels)
        self.c2 = conv3x3(channels, channels)
        self.c3 = conv3x3(channels, channels)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the block's result and its first layer's, both n×channels×h×w."""
        first = self.act(self.c1(x))
        last = self.c3(self.act(self.c2(first)))
        return (last + x) * (torch.sigmoid(last) - 0.5), first


class Span(nn.Module):
    """n×3×h×w RGB, 0…1, to n×3×(scale·h)×(scale·w); results may leave 0…1 a little.

    Args:
        scale: how many times wider and higher the result is.
        channels: width of all layers; 48 and 52 in the paper.
    """

    mean: Tensor
    supports_half = True  # of numbers

    def __init__(self, scale: int, channels: int = CHANNELS) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.conv_1 = conv3x3(3, channels)
        self.block_1 = AttentionBlock(channels)
        self.block_2 = AttentionBlock(channels)
        self.block_3 = AttentionBlock(channels)
        self.block_4 = AttentionBlock(channels)
        self.block_5 = AttentionBlock(channels)
        self.block_6 = AttentionBlock(channels)
        self.conv_2 = conv3x3(channels, channels)
        self.conv_cat = nn.Conv2d(4 * channels, channels, 1)
        self.upsampler = nn.Sequential(conv3x3(channels, 3 * scale**2), nn.PixelShuffle(scale))

    def forward(self, image: Tensor) -> Tensor:
        """See the class."""
        shallow = self.conv_1((image - self.mean) * RANGE)
        b1, _ = self.block_1(shallow)
        b2, _ = self.block_2(b1)
        b3, _ = self.block_3(b2)
        b4, _ = self.block_4(b3)
        b5, _ = self.block_5(b4)
        b6, b6_first = self.block_6(b5)
        deep = self.conv_2(b6)
        enlarged: Tensor = self.upsampler(
            self.conv_cat(torch.cat([shallow, deep, b1, b6_first], dim=1))
        )
        return enlarged
