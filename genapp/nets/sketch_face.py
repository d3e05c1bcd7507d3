"""A photo of a face from its drawing: a U-Net on MobileNetV2 (pix2pix, with a code for the look).

Drawing to photo follows "Image-to-Image Translation with Conditional Adversarial Networks"
(https://arxiv.org/abs/1611.07004). Lines leave colours and light open: a code of a few numbers
settles them, as in "Toward Multimodal Image-to-Image Translation"
(https://arxiv.org/abs/1711.11586). Encoder and half of the decoder are those of the colouriser of
drawings, whose weights training starts from.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.colorizer import STRIDE, Encoder, Up

LOOK = 8
"""Numbers of the code; standard normal."""
MULTIPLE = 32
_FINE, _MIDDLE, _COARSE, _DEEP = 24, 32, 96, 320  # channels of the encoder, stride 4 to 32


class SketchFace(nn.Module):
    """Draws the face whose lines it is given."""

    def __init__(self, width: int = 64) -> None:
        """Builds the network; ``width`` channels at stride 4, more at coarser levels."""
        super().__init__()
        self.encoder = Encoder(LOOK)
        self.scene = nn.Linear(_DEEP, 2 * width)
        self.deepest = _conv(_DEEP, 2 * width)
        self.up16 = Up(2 * width, _COARSE, 2 * width)
        self.middle = nn.Sequential(Residual(2 * width), Residual(2 * width))
        self.up8 = Up(2 * width, _MIDDLE, width + width // 2)
        self.up4 = Up(width + width // 2, _FINE + LOOK, width)
        self.fine = nn.Sequential(Residual(width), Residual(width))
        # Two pixels by two of the drawing are four channels, those of the picture twelve.
        self.up2 = Up(width, 4, width // 2 + width // 4)
        self.last = nn.Conv2d(width // 2 + width // 4, 12, 3, padding=1)
        self.look = nn.Linear(LOOK, 2 * width)
        nn.init.normal_(self.look.weight, std=0.1)

    def forward(self, drawing: Tensor, look: Tensor) -> Tensor:
        """Returns n×3×h×w pictures, about -1..1.

        Args:
            drawing: n×1×h×w lightness, 0 black lines to 100 white paper; multiples of 32.
            look: n×8 codes.
        """
        size = drawing.shape[2] // STRIDE, drawing.shape[3] // STRIDE
        codes = look[:, :, None, None].expand(-1, -1, *size)
        fine, middle, coarse, deep = self.encoder(drawing, codes)
        x = self.deepest(deep)
        x = x + (self.scene(deep.mean((2, 3))) + self.look(look))[:, :, None, None]
        x = self.middle(self.up16(x, coarse))
        x = self.up8(x, middle)
        x = self.fine(self.up4(x, torch.cat([fine, codes], 1)))
        x = self.up2(x, functional.pixel_unshuffle(drawing / 50 - 1, 2))
        return functional.pixel_shuffle(self.last(x), 2)


class Residual(nn.Module):
    """Adds to features what two convolutions make of them."""

    def __init__(self, channels: int) -> None:
        """Builds the block."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        norm = self.layers[-1]
        assert isinstance(norm, nn.BatchNorm2d)
        nn.init.constant_(norm.weight, 0.1)  # begins near the identity

    def forward(self, x: Tensor) -> Tensor:
        """Returns features of the same shape."""
        return x + self.layers(x)  # type: ignore[no-any-return]


def _conv(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, padding=1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )
