"""A gated PixelCNN: the pixels of a picture one after the other, each given all before it.

"Conditional Image Generation with PixelCNN Decoders" (https://arxiv.org/abs/1606.05328) with the
likelihood of PixelCNN++ (https://arxiv.org/abs/1701.05517). Two networks: ``rows`` says of the rows
above what matters to a pixel, half of it at a quarter of the width, where a layer sees the whole
row cheaply; ``pixels`` adds those to the left. Faces are aligned, so ``rows`` is also told where it
is. Both take a memory of what they saw and give it back: a whole picture at once, row after row and
pixel after pixel are the same computation, so that sampling repeats no work
("Fast Generation for Convolutional Autoregressive Models", https://arxiv.org/abs/1704.06001).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.logistic_mixture import PER_COMPONENT

SIZE = 32
SQUEEZE = 4  # the coarse layers see rows of 8
WAVES = 4  # cosines that say where a row and a column is


class PixelCNN(nn.Module):
    """Both networks, as they are trained: whole pictures at once."""

    def __init__(
        self, width: int = 48, coarse: int = 96, components: int = 5, dropout: float = 0.1
    ) -> None:
        """Builds the networks.

        Args:
            width: channels at full width.
            coarse: channels at a quarter of it.
            components: of the mixture.
            dropout: share of the coarse channels that is left out in training.
        """
        super().__init__()
        self.pixels = PixelNet(width, components)
        self.rows = RowNet(width, coarse, self.pixels.gate_channels, dropout)

    def forward(self, pictures: Tensor) -> Tensor:
        """Returns the parameters of each pixel, n×10K×32×32, of n×3×32×32 pictures, -1..1."""
        above = functional.pad(pictures, (0, 0, 1, 0))[:, :, :-1]
        left = functional.pad(pictures, (1, 0))[..., :-1]
        y = torch.arange(SIZE, dtype=pictures.dtype, device=pictures.device)
        gates, _ = self.rows(above, y, self.rows.empty(len(pictures)).to(pictures))
        parameters, _ = self.pixels(left, gates, self.pixels.empty(len(pictures)).to(pictures))
        return parameters  # type: ignore[no-any-return]


class RowNet(nn.Module):
    """What the rows above say about a pixel."""

    def __init__(self, width: int, coarse: int, gates: int, dropout: float) -> None:
        """Builds the network; ``gates`` is the number of channels that it gives."""
        super().__init__()
        self.first = RowConv(3 + WAVES * WAVES, width, (3, 7), SIZE)
        self.fine = nn.ModuleList(RowGate(width, dilation, SIZE) for dilation in (1, 2))
        self.squeeze = nn.Conv2d(width, coarse, (1, SQUEEZE), stride=(1, SQUEEZE))
        squeezed = SIZE // SQUEEZE
        self.coarse = nn.ModuleList(
            RowGate(coarse, dilation, squeezed, dropout) for dilation in (1, 2, 4, 8, 1, 2)
        )
        self.widen = nn.Conv2d(coarse, SQUEEZE * width, 1)
        self.last = RowGate(width, 1, SIZE)
        self.gates = nn.Conv2d(width, gates, 1)
        waves = torch.arange(WAVES) * (math.pi / SIZE)
        self.register_buffer("waves", waves, persistent=False)
        column = torch.cos((torch.arange(SIZE) + 0.5)[None] * waves[:, None])
        self.register_buffer("columns", column[None, :, None], persistent=False)
        self.layers = [self.first, *self.fine, *self.coarse, self.last]
        self.memory = sum(layer.memory for layer in self.layers)

    waves: Tensor
    columns: Tensor

    def empty(self, count: int) -> Tensor:
        """Returns the memory before the first row, count×memory."""
        return torch.zeros(count, self.memory)

    def forward(self, above: Tensor, y: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Looks at further rows.

        Args:
            above: n×3×h×32, the row above each of h rows; zeros above the first of a picture.
            y: h, the numbers of the rows.
            memory: n×memory.

        Returns:
            n×gates×h×32 for the other network, and the new memory.
        """
        old = iter(torch.split(memory, [layer.memory for layer in self.layers], 1))
        new: list[Tensor] = []
        # h×1 and 1×32 cosines multiplied: 16 maps that say where a pixel is.
        row = torch.cos((y[:, None] + 0.5) * self.waves).t()[None, :, None, :, None]
        place = (row * self.columns[:, None]).flatten(1, 2)
        x = torch.cat([above, place.expand(above.shape[0], -1, -1, -1)], 1)

        def through(layer: nn.Module, x: Tensor) -> Tensor:
            y, kept = layer(x, next(old))
            new.append(kept)
            return y  # type: ignore[no-any-return]

        x = functional.silu(through(self.first, x))
        for layer in self.fine:
            x = through(layer, x)
        z = self.squeeze(x)
        for layer in self.coarse:
            z = through(layer, z)
        # Four pixels beside each other come from one coarse place.
        wide = self.widen(z).unflatten(1, (-1, SQUEEZE)).permute(0, 1, 3, 4, 2).flatten(3)
        x = through(self.last, x + wide)
        return self.gates(x), torch.cat(new, 1)


class RowConv(nn.Module):
    """A convolution that sees a row and those above it, as wide to the right as to the left."""

    def __init__(
        self, channels: int, out: int, kernel: tuple[int, int], width: int, dilation: int = 1
    ) -> None:
        """Builds the layer; ``dilation`` leaves rows out, not columns."""
        super().__init__()
        self.conv = nn.Conv2d(
            channels, out, kernel, padding=(0, kernel[1] // 2), dilation=(dilation, 1)
        )
        self.kept = (channels, (kernel[0] - 1) * dilation, width)
        self.memory = math.prod(self.kept)

    def forward(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns n×out×h×w of n×channels×h×w, and the memory for the next rows."""
        x = torch.cat([memory.view(-1, *self.kept), x], 2)
        return self.conv(x), x[:, :, -self.kept[1] :].flatten(1)


class RowGate(nn.Module):
    """A gated convolution over rows, added to what goes in."""

    def __init__(self, channels: int, dilation: int, width: int, dropout: float = 0.0) -> None:
        """Builds the layer."""
        super().__init__()
        self.conv = RowConv(channels, 2 * channels, (2, 3), width, dilation)
        self.dropout = nn.Dropout(dropout)
        self.memory = self.conv.memory

    def forward(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """As ``RowConv``, with as many channels out as in."""
        y, memory = self.conv(x, memory)
        return x + self.dropout(functional.glu(y, 1)), memory


class PixelNet(nn.Module):
    """The distribution of a pixel, given the gates of ``RowNet`` and the pixels to the left."""

    dilations = (1, 2, 4, 1, 2)

    def __init__(self, width: int, components: int) -> None:
        """Builds the network."""
        super().__init__()
        self.first = LeftConv(3, width, 3)
        self.layers = nn.ModuleList(LeftGate(width, step) for step in self.dilations)
        self.last = nn.Conv2d(width, PER_COMPONENT * components, 1)
        self.gate_channels = 2 * width * len(self.dilations)
        self.all = [self.first, *self.layers]
        self.memory = sum(layer.memory for layer in self.all)

    def empty(self, count: int, rows: int = SIZE) -> Tensor:
        """Returns the memory before the first pixel of rows, count×memory×rows."""
        return torch.zeros(count, self.memory, rows)

    def forward(self, left: Tensor, gates: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Goes on to the right.

        Args:
            left: n×3×h×w, the pixel to the left of each; zeros left of the first of a row.
            gates: n×gates×h×w of ``RowNet`` for these pixels.
            memory: n×memory×h.

        Returns:
            n×10K×h×w parameters of the mixture, and the new memory.
        """
        old = torch.split(memory, [layer.memory for layer in self.all], 1)
        x, kept = self.first(left, old[0])
        new = [kept]
        for layer, gate, before in zip(
            self.layers, gates.chunk(len(self.layers), 1), old[1:], strict=True
        ):
            x, kept = layer(x, gate, before)
            new.append(kept)
        return self.last(functional.silu(x)), torch.cat(new, 1)


class LeftConv(nn.Module):
    """A convolution along a row that sees a pixel and those to the left of it."""

    def __init__(self, channels: int, out: int, kernel: int, dilation: int = 1) -> None:
        """Builds the layer."""
        super().__init__()
        self.conv = nn.Conv2d(channels, out, (1, kernel), dilation=(1, dilation))
        self.kept = (kernel - 1) * dilation
        self.memory = channels * self.kept

    def forward(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns n×out×h×w of n×channels×h×w, and the memory for the next pixels."""
        before = torch.unflatten(memory, 1, (-1, self.kept)).transpose(2, 3)
        x = torch.cat([before, x], 3)
        return self.conv(x), x[..., -self.kept :].transpose(2, 3).flatten(1, 2)


class LeftGate(nn.Module):
    """A gated convolution along a row that also hears of the rows above."""

    def __init__(self, channels: int, dilation: int) -> None:
        """Builds the layer."""
        super().__init__()
        self.conv = LeftConv(channels, 2 * channels, 2, dilation)
        self.memory = self.conv.memory

    def forward(self, x: Tensor, gate: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """As ``LeftConv``; ``gate`` is n×2·channels×h×w."""
        y, memory = self.conv(x, memory)
        return x + functional.glu(y + gate, 1), memory
