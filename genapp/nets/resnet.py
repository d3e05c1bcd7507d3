"""ResNet's stages, which other networks read pictures with.

He et al., "Deep Residual Learning for Image Recognition", CVPR 2016,
https://arxiv.org/abs/1512.03385, with torchvision's names of the weights. Its own class has no
narrower form, and networks number the parts in ways of their own.
"""

from collections.abc import Mapping
from itertools import count

import torch
from torch import Tensor, nn

STAGES = 4


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        """Builds the block."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or channels != out:
            shortcut = nn.Conv2d(channels, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h/stride×w/stride of n×channels×h×w."""
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(inner + self.downsample(x))


def parts(depths: tuple[int, ...], width: int) -> dict[str, nn.Module]:
    """The parts of an encoder in their order, by torchvision's names.

    Args:
        depths: blocks of each of the four stages: 2, 2, 2, 2 in ResNet-18; 3, 4, 6, 3 in -34.
        width: channels of the first stage; each further one has twice as many. 64 in both.
    """
    stages, channels = {}, width
    for number, depth in enumerate(depths):
        out = width * 2**number
        blocks = [Block(channels, out, 1 + (number > 0))]
        blocks += [Block(out, out, 1) for _ in range(depth - 1)]
        stages[f"layer{number + 1}"] = nn.Sequential(*blocks)
        channels = out
    return {
        "conv1": nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False),
        "bn1": nn.BatchNorm2d(width),
        "relu": nn.ReLU(),
        "maxpool": nn.MaxPool2d(3, stride=2, padding=1),
        **stages,
    }


def depths_of(weights: Mapping[str, Tensor], block: str, first: int) -> tuple[int, ...]:
    """How many blocks each stage has.

    Args:
        weights: of the network.
        block: what a weight of each block is called, with places for stage and block.
        first: number of the first stage.
    """
    return tuple(
        next(number for number in count() if block.format(stage, number) not in weights)
        for stage in range(first, first + STAGES)
    )
