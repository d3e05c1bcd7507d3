"""Trains what the colouriser is measured against: a plain U-Net that regresses ab colours.

    python training/train_colorize_baseline.py --until 06:00 --out runs/colorize

The same pictures, greys and crops as train_colorize.py, no pretrained features, no hints, the mean
squared error. Writes baseline.pt; it goes on from there when started again.
"""

import argparse
import time
from pathlib import Path

import color_data
import torch
from torch import Tensor, nn
from torch.nn import functional
from train_colorize import DATA, next_time

from genapp.nets.colorizer import STRIDE

CHANNELS = (24, 48, 96, 160, 192)  # at the strides 2 to 32
SIDE, BATCH = 128, 16
RATE = 1e-3
SCALE = 50.0  # CIELAB units that make 1 at the output


class RegressionUNet(nn.Module):
    """A U-Net from scratch with an output at stride 4."""

    def __init__(self) -> None:
        """Builds the network."""
        super().__init__()
        pairs = zip((1, *CHANNELS[:-1]), CHANNELS, strict=True)
        self.down = nn.ModuleList(_conv(before, after, 2) for before, after in pairs)
        pairs = zip(CHANNELS[:1:-1], CHANNELS[-2:0:-1], strict=True)
        self.up = nn.ModuleList(_conv(coarse + fine, fine, 1) for coarse, fine in pairs)
        self.head = nn.Conv2d(CHANNELS[1], 2, 1)

    def forward(self, lightness: Tensor) -> Tensor:
        """Returns n×2×h/4×w/4 colours of n×1×h×w lightness, 0..100, CIELAB units."""
        x, skips = lightness / 50 - 1, []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        for layer, skip in zip(self.up, skips[-2:0:-1], strict=True):
            x = functional.interpolate(x, scale_factor=2.0, mode="bilinear")
            x = layer(torch.cat([x, skip], 1))
        return self.head(x) * SCALE  # type: ignore[no-any-return]


def _conv(channels: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )


def main() -> None:
    """Trains until the given time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--until", required=True, metavar="HH:MM", help="when to stop, UTC")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of manifest.csv")
    parser.add_argument("--out", type=Path, default=Path("runs/colorize"), help="folder of results")
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    learn, _ = color_data.split(options.data)
    pictures = color_data.Pictures(options.data, learn, options.out / "learn.bin")
    net = RegressionUNet()
    path, seen = options.out / "baseline.pt", 0
    if path.exists():
        stored = torch.load(path, weights_only=True)
        net.load_state_dict(stored["net"])
        seen = stored["seen"]
    net = net.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.01)
    start, until = time.time(), next_time(options.until)
    samples = color_data.Samples(pictures, 10**9, SIDE)
    numbers = range(seen, seen + 10**9)
    for lightness, _, ab in torch.utils.data.DataLoader(
        samples, BATCH, sampler=numbers, num_workers=1, prefetch_factor=4
    ):
        left = (until - time.time()) / (until - start)
        if left <= 0:
            break
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, 3 * left)  # falls in the last third
        truth = functional.avg_pool2d(ab, STRIDE)
        loss = functional.mse_loss(net(lightness) / SCALE, truth / SCALE)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        seen += len(lightness)
        if seen % (100 * BATCH) == 0:
            print(f"{seen} pictures, loss {loss.item():.4f}", flush=True)
    torch.save({"net": net.state_dict(), "seen": seen}, path)


if __name__ == "__main__":
    main()
