"""Aligned faces at twice the size: a U-Net that knows how fine parts of a face look.

Its convolutions work at the size that comes in and below; two by two pixels are drawn for each
place ("Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
Neural Network", https://arxiv.org/abs/1609.05158). That a generator draws coarse faces and another
network their finer parts is known from "Deep Generative Image Models using a Laplacian Pyramid of
Adversarial Networks" (https://arxiv.org/abs/1506.05751).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.pixels import enlarged

SCALE = 2
MULTIPLE = 4
"""Sides that it takes are multiples of this."""
CHANNELS = (32, 72, 128)  # at the size that comes in, a half and a quarter of it


class FaceFinisher(nn.Module):
    """Enlarges aligned faces and draws what a small picture leaves out."""

    def __init__(self, width: float = 1.0) -> None:
        """Builds the network; ``width`` is a factor on all channels."""
        super().__init__()
        fine, middle, coarse = (max(8, round(number * width)) for number in CHANNELS)
        # Two more say where in the face a place is.
        self.first = nn.Conv2d(3 + 2, fine, 3, padding=1)
        self.fine = Gate(fine)
        self.down = nn.Conv2d(fine, middle, 4, 2, 1)
        self.middle = Gate(middle)
        self.further_down = nn.Conv2d(middle, coarse, 4, 2, 1)
        self.coarse = nn.Sequential(*[Gate(coarse) for _ in range(4)])
        self.up = nn.Conv2d(coarse, middle, 1)
        self.middle_again = nn.Sequential(Gate(middle), Gate(middle))
        self.further_up = nn.Conv2d(middle, fine, 1)
        self.fine_again = nn.Sequential(Gate(fine), Gate(fine))
        self.last = nn.Conv2d(fine, 3 * SCALE**2, 3, padding=1)
        nn.init.zeros_(self.last.weight)  # begins as bilinear enlargement
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, picture: Tensor) -> Tensor:
        """Returns n×3×2h×2w of n×3×h×w, both about -1..1; h and w are multiples of 4."""
        # The picture is in single precision where the weights are in half.
        seen = torch.cat([picture, places(picture)], 1).to(self.first.weight.dtype)
        fine = self.fine(self.first(seen))
        middle = self.middle(functional.leaky_relu(self.down(fine), 0.2))
        coarse = self.coarse(functional.leaky_relu(self.further_down(middle), 0.2))
        middle = self.middle_again((middle + enlarged(self.up(coarse))) * math.sqrt(0.5))
        fine = self.fine_again((fine + enlarged(self.further_up(middle))) * math.sqrt(0.5))
        drawn = functional.pixel_shuffle(self.last(fine), SCALE)
        return enlarged(picture) + drawn.float()


class Gate(nn.Module):
    """Adds what a convolution gives; half of its channels open and close the other half."""

    def __init__(self, channels: int) -> None:
        """Builds the block."""
        super().__init__()
        self.conv = nn.Conv2d(channels, 2 * channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Returns features of the same shape."""
        return x + functional.glu(self.conv(x), 1)


def places(picture: Tensor) -> Tensor:
    """Returns n×2×h×w: how far right and down each place is, -1..1."""
    count, _, height, width = picture.shape
    right = torch.linspace(-1, 1, width, device=picture.device).expand(count, 1, height, width)
    down = torch.linspace(-1, 1, height, device=picture.device)[:, None]
    return torch.cat([right, down.expand(count, 1, height, width)], 1)
