"""Fast neural style: paints a picture in one style.

Johnson et al., "Perceptual losses for real-time style transfer and super-resolution", ECCV 2016,
https://arxiv.org/abs/1603.08155, as in PyTorch's examples (BSD-3-Clause), whose names the weights
have. Written anew, so that tiles of a large picture can share their statistics: see `stylizer.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.stylizer import Norms

MARK = "deconv1.conv2d.weight"
"""A weight that no other network has."""


class Layer(nn.Module):
    """A convolution over a mirrored border."""

    def __init__(self, channels: int, out: int, size: int = 3, stride: int = 1) -> None:
        """Builds the layer."""
        super().__init__()
        self.border = (size // 2,) * 4
        self.conv2d = nn.Conv2d(channels, out, size, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h/stride×w/stride of n×channels×h×w."""
        result: Tensor = self.conv2d(functional.pad(x, self.border, mode="reflect"))
        return result


class Residual(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int) -> None:
        """Builds the block."""
        super().__init__()
        self.conv1, self.conv2 = Layer(channels, channels), Layer(channels, channels)
        self.in1, self.in2 = _norm(channels), _norm(channels)

    def forward(self, x: Tensor, norms: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns the shape of ``x``."""
        return x + norms(self.conv2(torch.relu(norms(self.conv1(x)))))


class FastNeuralStyle(nn.Module):
    """The whole network."""

    def __init__(self, channels: tuple[int, int, int] = (32, 64, 128), blocks: int = 5) -> None:
        """Builds the network.

        Args:
            channels: at full, half and quarter size.
            blocks: at quarter size.
        """
        super().__init__()
        fine, middle, deep = channels
        self.blocks = blocks
        self.conv1, self.in1 = Layer(3, fine, 9), _norm(fine)
        self.conv2, self.in2 = Layer(fine, middle, stride=2), _norm(middle)
        self.conv3, self.in3 = Layer(middle, deep, stride=2), _norm(deep)
        for number in range(1, blocks + 1):
            self.add_module(f"res{number}", Residual(deep))
        self.deconv1, self.in4 = Layer(deep, middle), _norm(middle)
        self.deconv2, self.in5 = Layer(middle, fine), _norm(fine)
        self.deconv3 = Layer(fine, 3, 9)

    def forward(self, image: Tensor, statistics: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the painting, n×3×h×w, about 0…255, and the statistics that were used, 2×numbers.

        Args:
            image: n×3×h×w RGB, 0…255; h and w are multiples of 4.
            statistics: 2×numbers or more: the features' means, then their standard deviations.
            shared: 1: 1 takes ``statistics``; 0 measures them.
        """
        norms = Norms(self.style(), statistics, shared)
        painting = self.drawn(image, norms)
        return painting, torch.cat(norms.used, 1)

    def style(self) -> Tensor:
        """Returns the norms' scales, then their shifts: 2×numbers."""
        affine = list(self._affine())
        scales = torch.cat(tuple(norm.weight for norm in affine))
        return torch.stack([scales, torch.cat(tuple(norm.bias for norm in affine))])

    def drawn(self, image: Tensor, norms: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns the painting with other norms; see `forward`."""
        x = image
        for conv in (self.conv1, self.conv2, self.conv3):
            x = torch.relu(norms(conv(x)))
        for block in self._residuals():
            x = block(x, norms)
        for conv in (self.deconv1, self.deconv2):
            x = torch.relu(norms(conv(functional.interpolate(x, scale_factor=2.0))))
        painting: Tensor = self.deconv3(x)
        return painting

    def _residuals(self) -> Iterator[Residual]:
        for number in range(1, self.blocks + 1):
            block = self.get_submodule(f"res{number}")
            assert isinstance(block, Residual)
            yield block

    def _affine(self) -> Iterator[nn.InstanceNorm2d]:
        """The norms in the order in which they are used."""
        yield from (self.in1, self.in2, self.in3)
        for block in self._residuals():
            yield from (block.in1, block.in2)
        yield from (self.in4, self.in5)


def _norm(channels: int) -> nn.InstanceNorm2d:
    """Holds a scale and a shift; `Norms` does its work."""
    return nn.InstanceNorm2d(channels, affine=True)


def from_weights(weights: Mapping[str, Tensor]) -> FastNeuralStyle:
    """Builds the network that the weights belong to, and gives it them.

    Old files hold running statistics too, which nothing ever looked at.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    try:
        channels = [len(weights[f"conv{number}.conv2d.weight"]) for number in (1, 2, 3)]
        block = "res{}.conv1.conv2d.weight"
        blocks = next(number for number in count() if block.format(number + 1) not in weights)
        network = FastNeuralStyle((channels[0], channels[1], channels[2]), blocks)
        network.load_state_dict(
            {name: value for name, value in weights.items() if ".running_" not in name}
        )
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"These are not the weights of fast neural style: {error}") from error
    return network.eval()
