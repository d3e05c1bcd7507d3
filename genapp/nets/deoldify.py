"""DeOldify: colours photographs, a U-Net on a ResNet.

Jason Antic, https://github.com/jantic/DeOldify (MIT), "artistic": fastai's dynamic U-Net with
spectral norms and self-attention (https://arxiv.org/abs/1805.08318). Written anew from its code and
fastai's layers (Apache-2.0), with the names of their weights. This is the form for inference:
spectral and weight norms are folded into the convolutions when weights are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets import resnet
from genapp.nets.ddcolor import IMAGENET, without_spectral_norm

MARK = "layers.8.conv.0.weight_g"
"""A weight that no other network has."""
MULTIPLE = 32
"""Height and width of the input are multiples of this."""
SKIPPED = (2, 4, 5, 6)
"""Parts of the encoder whose results are handed to the blocks on the way back."""
ATTENDS = 1
"""The block on the way back that ends with self-attention."""
WIDEST = 3.0
"""Colours are -3…3 in deviations of ImageNet's."""


@dataclass(frozen=True)
class Shape:
    """How large a DeOldify is; by default "artistic".

    Attributes:
        depths: blocks of the encoder's stages.
        width: channels of its first stage.
        blocks: channels of the four blocks on the way back.
    """

    depths: tuple[int, ...] = (3, 4, 6, 3)
    width: int = 64
    blocks: tuple[int, ...] = (768, 768, 672, 300)


def convolution(channels: int, out: int, size: int = 3) -> nn.Sequential:
    """A convolution, a ReLU and a norm."""
    conv = nn.Conv2d(channels, out, size, padding=size // 2, bias=False)
    return nn.Sequential(conv, nn.ReLU(), nn.BatchNorm2d(out))


class Attention(nn.Module):
    """Every place looks at all others."""

    def __init__(self, channels: int) -> None:
        """Builds the layers."""
        super().__init__()
        self.query = nn.Conv1d(channels, channels // 8, 1, bias=False)
        self.key = nn.Conv1d(channels, channels // 8, 1, bias=False)
        self.value = nn.Conv1d(channels, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the shape of ``x``, n×c×h×w."""
        flat = x.flatten(2)
        weights = (self.query(flat).transpose(1, 2) @ self.key(flat)).softmax(1)
        seen: Tensor = self.gamma * (self.value(flat) @ weights) + flat
        return seen.reshape(x.shape)


class Doubled(nn.Module):
    """Doubles the size, and blurs so that no grid shows."""

    def __init__(self, channels: int, out: int) -> None:
        """Builds the layer."""
        super().__init__()
        conv = nn.Conv2d(channels, 4 * out, 1, bias=False)
        self.conv = nn.Sequential(conv, nn.BatchNorm2d(4 * out))

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×2h×2w of n×channels×h×w."""
        x = functional.pixel_shuffle(torch.relu(self.conv(x)), 2)
        return functional.avg_pool2d(functional.pad(x, (1, 0, 1, 0), mode="replicate"), 2, 1)


class Block(nn.Module):
    """Joins what comes back with what the encoder saw at the same size."""

    def __init__(self, channels: int, seen: int, out: int, *, attends: bool) -> None:
        """Builds the block."""
        super().__init__()
        self.shuf = Doubled(channels, channels // 2)
        self.bn = nn.BatchNorm2d(seen)
        self.conv1 = convolution(channels // 2 + seen, out)
        self.conv2 = convolution(out, out)
        if attends:
            self.conv2.append(Attention(out))

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """Returns n×out×2h×2w of n×channels×h×w and n×seen×2h×2w."""
        joined = torch.relu(torch.cat([self.shuf(x), self.bn(seen)], 1))
        result: Tensor = self.conv2(self.conv1(joined))
        return result


class Last(nn.Module):
    """Doubles the size once more, without a blur."""

    def __init__(self, channels: int) -> None:
        """Builds the layer."""
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(channels, 4 * channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×channels×2h×2w of n×channels×h×w."""
        return functional.pixel_shuffle(torch.relu(self.conv(x)), 2)


class Refined(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int) -> None:
        """Builds the layers."""
        super().__init__()
        convs = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.layers = nn.ModuleList(nn.Sequential(conv, nn.ReLU()) for conv in convs)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the shape of ``x``."""
        first, second = self.layers
        result: Tensor = second(first(x)) + x
        return result


class DeOldify(nn.Module):
    """The whole network."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, shape: Shape | None = None) -> None:
        """Builds the network."""
        super().__init__()
        shape = shape or Shape()
        for name, values in zip(("mean", "deviation"), IMAGENET, strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        width, deep = shape.width, 8 * shape.width
        seen = (4 * width, 2 * width, width, width)
        before = (deep, *shape.blocks[:-1])
        blocks = [
            Block(channels, beside, out, attends=number == ATTENDS)
            for number, (channels, beside, out) in enumerate(
                zip(before, seen, shape.blocks, strict=True)
            )
        ]
        joined = shape.blocks[-1] + 3
        self.layers = nn.ModuleList(
            [
                nn.Sequential(*resnet.parts(shape.depths, width).values()),
                nn.BatchNorm2d(deep),
                nn.ReLU(),
                nn.Sequential(convolution(deep, 2 * deep), convolution(2 * deep, deep)),
                *blocks,
                Last(shape.blocks[-1]),
                nn.Identity(),  # joins the picture
                Refined(joined),
                nn.Sequential(nn.Conv2d(joined, 3, 1)),
            ]
        )

    def forward(self, image: Tensor) -> Tensor:
        """Returns n×3×h×w RGB, about 0…255, of the same in grey; h and w are multiples of 32."""
        picture = (image / 255 - self.mean) / self.deviation
        encoder, norm, active, middle, *blocks = self.layers[:8]
        x, seen = picture, []
        for number, part in enumerate(cast(nn.Sequential, encoder)):
            x = part(x)
            if number in SKIPPED:
                seen.append(x)
        x = middle(active(norm(x)))
        for block, beside in zip(blocks, reversed(seen), strict=True):
            x = block(x, beside)
        last, _, refined, colors = self.layers[8:]
        x = colors(refined(torch.cat([last(x), picture], 1)))
        x = (torch.sigmoid(x) * 2 - 1) * WIDEST
        return (x * self.deviation + self.mean) * 255


def from_weights(weights: Mapping[str, Tensor]) -> DeOldify:
    """Builds the network that the weights belong to, and gives it them.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    try:
        folded = without_weight_norm(without_spectral_norm(weights))
        network = DeOldify(shape_of(folded))
        network.load_state_dict(folded)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"These are not the weights of a DeOldify: {error}") from error
    return network.eval()


def shape_of(weights: Mapping[str, Tensor]) -> Shape:
    """Tells how large a network is by its weights, already without norms.

    Raises:
        KeyError: a weight is missing.
    """
    return Shape(
        depths=resnet.depths_of(weights, "layers.0.{}.{}.conv1.weight", first=4),
        width=len(weights["layers.0.0.weight"]),
        blocks=tuple(len(weights[f"layers.{number}.conv1.0.weight"]) for number in range(4, 8)),
    )


def without_weight_norm(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns the weights with those that are stored as length and direction put together
    (https://arxiv.org/abs/1602.07868)."""
    result = dict(weights)
    for name in [name for name in weights if name.endswith(".weight_g")]:
        stem = name.removesuffix("_g")
        length, direction = result.pop(name), result.pop(f"{stem}_v")
        norm = direction.flatten(1).norm(dim=1).reshape(length.shape)
        result[stem] = direction * (length / norm)
    return result
