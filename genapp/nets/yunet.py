"""YuNet: finds faces and five points of each, with 76,000 weights.

Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023,
https://doi.org/10.1007/s11633-023-1423-y. Written anew from the paper and its authors' code
(ShiqiYu/libfacedetection.train, BSD-3-Clause), with the names of its weights.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

MARK = "backbone.model0.conv1.weight"
"""A weight that no other network has."""
WIDTHS = ((3, 16, 16), (16, 64), (64, 64), (64, 64), (64, 64), (64, 64))
"""Channels of the stages; the first has two steps."""
HALVED = (0, 2, 3, 4)
"""Stages after which the size is halved."""
DEEP = 64
"""Channels of the features that faces are found in."""
LEVELS = 3
"""Grids of cells of 8, 16 and 32 px in which faces are looked for."""
HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
"""What is told of each cell, and in how many numbers."""


class Unit(nn.Module):
    """Mixes the channels of each place, then filters each channel."""

    def __init__(self, channels: int, out: int, *, active: bool = True) -> None:
        """Builds the two convolutions; ``active`` adds a norm and a ReLU."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, groups=out)
        if active:
            self.bn = nn.BatchNorm2d(out)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w."""
        x = self.conv2(self.conv1(x))
        return torch.relu(self.bn(x)) if self.active else x


class Stem(nn.Module):
    """Halves the picture."""

    def __init__(self, channels: int, middle: int, out: int) -> None:
        """Builds a convolution and a unit."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels, middle, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv2 = Unit(middle, out)

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h/2×w/2 of n×channels×h×w."""
        result: Tensor = self.conv2(torch.relu(self.bn1(self.conv1(x))))
        return result


class Stage(nn.Module):
    """Two units."""

    def __init__(self, channels: int, out: int) -> None:
        """Builds them."""
        super().__init__()
        self.conv1 = Unit(channels, channels)
        self.conv2 = Unit(channels, out)

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w."""
        result: Tensor = self.conv2(self.conv1(x))
        return result


class Heads(nn.Module):
    """Tells of each cell whether there is a face, and where."""

    def __init__(self) -> None:
        """Builds a unit that all heads of a level share, and the heads."""
        super().__init__()
        self.multi_level_share_convs = nn.ModuleList(
            nn.Sequential(Unit(DEEP, DEEP)) for _ in range(LEVELS)
        )
        for head, numbers in HEADS.items():
            units = (Unit(DEEP, numbers, active=False) for _ in range(LEVELS))
            self.add_module(f"multi_level_{head}", nn.ModuleList(units))

    def forward(self, features: list[Tensor]) -> tuple[Tensor, ...]:
        """See ``YuNet.forward``."""
        shared = [
            convs(level)
            for convs, level in zip(self.multi_level_share_convs, features, strict=True)
        ]
        told = []
        for head, numbers in HEADS.items():
            units = self.get_submodule(f"multi_level_{head}")
            assert isinstance(units, nn.ModuleList)
            for unit, level in zip(units, shared, strict=True):
                cells = unit(level).permute(0, 2, 3, 1).flatten(1, 2).unflatten(2, (numbers,))
                told.append(cells.sigmoid() if head in ("cls", "obj") else cells)
        return tuple(told)


class YuNet(nn.Module):
    """The whole network."""

    def __init__(self) -> None:
        """Builds the network."""
        super().__init__()
        stages = [Stem(*WIDTHS[0]), *(Stage(*widths) for widths in WIDTHS[1:])]
        self.backbone = nn.ModuleDict(
            {f"model{number}": stage for number, stage in enumerate(stages)}
        )
        laterals = nn.ModuleList(Unit(DEEP, DEEP) for _ in range(LEVELS))
        self.neck = nn.ModuleDict({"lateral_convs": laterals})
        self.bbox_head = Heads()

    def forward(self, input: Tensor) -> tuple[Tensor, ...]:
        """Tells of the cells, row by row, of three grids.

        Args:
            input: n×3×h×w BGR, 0…255; h and w are multiples of 32.

        Returns:
            n×cells×numbers, grid by grid, of: the probability of a face, and that the box is right
            (1 number each); the offset of its middle in cells and the logarithm of its width and
            height in cells (4); offsets in cells of the wearer's right and left eye, nose, right
            and left corner of the mouth (10).
        """
        x, features = input, []
        for number, stage in enumerate(self.backbone.values()):
            x = stage(x)
            if number >= len(WIDTHS) - LEVELS:
                features.append(x)
            if number in HALVED:
                x = functional.max_pool2d(x, 2)
        laterals = self.neck["lateral_convs"]
        assert isinstance(laterals, nn.ModuleList)
        for level in range(LEVELS - 1, -1, -1):
            features[level] = laterals[level](features[level])
            if level:
                coarse = functional.interpolate(features[level], scale_factor=2.0)
                features[level - 1] = features[level - 1] + coarse
        told: tuple[Tensor, ...] = self.bbox_head(features)
        return told


def from_weights(weights: Mapping[str, Tensor]) -> YuNet:
    """Builds the network and gives it the weights.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    network = YuNet()
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise ValueError(f"These are not the weights of a YuNet: {error}") from error
    return network.eval()
