"""BiSeNet: tells the parts of a face apart.

Yu et al., "BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation", ECCV 2018,
https://arxiv.org/abs/1808.00897, in the form of yakhyo/face-parsing (MIT): ResNet's features at a
stride of 8 stand for the spatial path. Written anew from the paper and that code, with the names
of its weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets import resnet

MARK = "fpn.arm16.attention.0.weight"
"""A weight that no other network has."""


@dataclass(frozen=True)
class Shape:
    """How large a BiSeNet is; by default the one on ResNet-18.

    Attributes:
        depths: blocks of the encoder's stages.
        width: channels of its first stage.
        classes: that it tells apart.
    """

    depths: tuple[int, ...] = (2, 2, 2, 2)
    width: int = 64
    classes: int = 19


class Layer(nn.Module):
    """A convolution, a norm and a ReLU."""

    def __init__(self, channels: int, out: int, size: int = 3) -> None:
        """Builds the layer."""
        super().__init__()
        self.conv = nn.Conv2d(channels, out, size, padding=size // 2, bias=False)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w."""
        return torch.relu(self.norm(self.conv(x)))


class Refined(nn.Module):
    """Weighs the channels by what the whole picture shows."""

    def __init__(self, channels: int, out: int) -> None:
        """Builds the module."""
        super().__init__()
        self.conv_block = Layer(channels, out)
        self.attention = nn.Sequential(
            nn.Conv2d(out, out, 1, bias=False), nn.BatchNorm2d(out), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h×w of n×channels×h×w."""
        x = self.conv_block(x)
        weighed: Tensor = x * self.attention(x.mean((2, 3), keepdim=True))
        return weighed


class Context(nn.Module):
    """What the parts of a picture are, seen from afar."""

    def __init__(self, shape: Shape) -> None:
        """Builds the encoder and the way back to a stride of 8."""
        super().__init__()
        width = shape.width
        self.backbone = nn.ModuleDict(resnet.parts(shape.depths, width))
        middle = 2 * width
        self.arm16, self.arm32 = Refined(4 * width, middle), Refined(8 * width, middle)
        self.conv_head32, self.conv_head16 = Layer(middle, middle), Layer(middle, middle)
        self.conv_avg = Layer(8 * width, middle, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the encoder's features at a stride of 8, and the context at 8 and at 16."""
        seen = []
        for part in self.backbone.values():
            x = part(x)
            seen.append(x)
        fine, middle, coarse = seen[-3:]
        around = self.conv_avg(coarse.mean((2, 3), keepdim=True))
        context16 = self.conv_head32(_like(self.arm32(coarse) + around, middle))
        context8 = self.conv_head16(_like(self.arm16(middle) + context16, fine))
        return fine, context8, context16


class Fused(nn.Module):
    """Detail and context as one."""

    def __init__(self, channels: int) -> None:
        """Builds the module."""
        super().__init__()
        self.conv_block = Layer(channels, channels, 1)
        self.conv1 = nn.Conv2d(channels, channels // 4, 1, bias=False)
        self.conv2 = nn.Conv2d(channels // 4, channels, 1, bias=False)

    def forward(self, detail: Tensor, context: Tensor) -> Tensor:
        """Returns n×channels×h×w of two halves."""
        x = self.conv_block(torch.cat([detail, context], 1))
        attention = torch.relu(self.conv1(x.mean((2, 3), keepdim=True)))
        fused: Tensor = x + x * torch.sigmoid(self.conv2(attention))
        return fused


class Scores(nn.Module):
    """Scores of the classes."""

    def __init__(self, channels: int, middle: int, classes: int) -> None:
        """Builds the layers."""
        super().__init__()
        self.conv_block = Layer(channels, middle)
        self.conv = nn.Conv2d(middle, classes, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×classes×h×w of n×channels×h×w."""
        scores: Tensor = self.conv(self.conv_block(x))
        return scores


class BiSeNet(nn.Module):
    """The whole network."""

    def __init__(self, shape: Shape | None = None) -> None:
        """Builds the network."""
        super().__init__()
        shape = shape or Shape()
        width, classes = shape.width, shape.classes
        self.fpn = Context(shape)
        self.ffm = Fused(4 * width)
        self.conv_out = Scores(4 * width, 4 * width, classes)
        self.conv_out16 = Scores(2 * width, width, classes)
        self.conv_out32 = Scores(2 * width, width, classes)

    def forward(self, input: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of each class, three times n×classes×h×w.

        Args:
            input: n×3×h×w RGB less ImageNet's mean, by its deviation; h and w are multiples of 32.

        Returns:
            The answer, and those of the two heads that training looks at too.
        """
        detail, context8, context16 = self.fpn(input)
        fused = self.ffm(detail, context8)
        size = input.shape[2:]
        scores = self.conv_out(fused), self.conv_out16(context8), self.conv_out32(context16)
        large = [
            functional.interpolate(each, size, mode="bilinear", align_corners=True)
            for each in scores
        ]
        return large[0], large[1], large[2]


def _like(x: Tensor, other: Tensor) -> Tensor:
    return functional.interpolate(x, other.shape[2:], mode="nearest")


def from_weights(weights: Mapping[str, Tensor]) -> BiSeNet:
    """Builds the network that the weights belong to, and gives it them.

    The encoder's classifier, which published files have too, is left out.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    try:
        network = BiSeNet(shape_of(weights))
        missing = network.load_state_dict(dict(weights), strict=False).missing_keys
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"These are not the weights of a BiSeNet: {error}") from error
    if missing:
        raise ValueError(f"Weights of BiSeNet are missing: {', '.join(missing[:3])}")
    return network.eval()


def shape_of(weights: Mapping[str, Tensor]) -> Shape:
    """Tells how large a network is by its weights.

    Raises:
        KeyError: a weight is missing.
    """
    return Shape(
        depths=resnet.depths_of(weights, "fpn.backbone.layer{}.{}.conv1.weight", first=1),
        width=len(weights["fpn.backbone.conv1.weight"]),
        classes=len(weights["conv_out.conv.weight"]),
    )
