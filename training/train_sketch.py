"""Trains the colouriser of line drawings, starting from the colouriser of photographs.

    python training/train_sketch.py --until 08:05 --start runs/colorize/ckpt.pt

Stops at the given time (UTC), with a learning rate that falls until then. Writes ckpt.pt, a line
to log.txt and a sheet of held-out pictures every few minutes. Start it again with a later time
to go on. Data, split, recipe and figures: train_sketch.md.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import color_data
import sketch_data
import sketch_sheet
import torch
import train_colorize
from light_loss import LEVELS, light_loss
from torch import Tensor, nn

from genapp.nets.colorizer import Colorizer


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--start", type=Path, required=True, help="ckpt.pt of train_colorize.py")
    train_colorize.train(parser, Path("runs/sketch"), SketchTraining)


class SketchTraining(train_colorize.Training):
    """The same training on drawings: with lightness to predict, and in hints."""

    stages = ((0.5, 128, 16), (0.0, 96, 24))

    def build(self, bins: Tensor) -> Colorizer:
        """Returns the network, untrained."""
        return Colorizer(bins, levels=LEVELS)

    def adopt(self, weights: dict[str, Tensor]) -> None:
        """Puts the weights of the colouriser of photographs into the network."""
        self.net.load_state_dict(grown(weights, self.net.state_dict()), strict=False)
        self.seen = 0  # no drawings yet

    def samples(self, side: int) -> color_data.Samples:
        """Returns what is learnt from, crops of ``side``² pixels."""
        return sketch_data.SketchSamples(self.pictures, 10**9, side)

    def step(self, batch: train_colorize.Batch) -> list[float]:
        """Learns from one batch; returns three parts of the loss for colours, three for light."""
        drawing, hints, lab = batch
        factor = self.rate_factor()
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak"]
        logits, _ = self.net(drawing.to(memory_format=torch.channels_last), hints)
        colors, light = logits[:, :-LEVELS], logits[:, -LEVELS:]
        parts = [*self.loss(colors, lab[:, 1:], hints), *light_loss(light, lab[:, :1])]
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(parts).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.seen += len(drawing)
        self._update_mean()
        return [part.item() for part in parts]

    def report(self, losses: Sequence[float], speed: float) -> None:
        """Logs losses and figures on held-out pictures, and writes the sheet."""
        figures = sketch_sheet.figures(self.mean, self.held_out)
        parts = " ".join(f"{value:.3f}" for value in losses)
        rate = self.optimizer.param_groups[0]["lr"]
        self.log(f"{self.seen} pictures {speed:.1f}/s rate {rate:.1e} loss {parts} {figures}")
        sheet = self.options.out / f"sheet-{self.seen:07d}.png"
        sketch_sheet.write(self.mean, self.held_out, sheet)


def grown(weights: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Returns weights of the colouriser of photographs in the shapes of the one of drawings.

    The lightness of hints is a channel before a and b, and the levels of lightness are outputs
    after the bins: both start at zero.
    """
    result = {}
    for name, value in weights.items():
        new = torch.zeros_like(wanted[name])
        if new.shape == value.shape:
            new = value
        elif new.ndim == 4 and new.shape[1] == value.shape[1] + 1:
            new[:, -3:] = value[:, -3:]
            new[:, : value.shape[1] - 3] = value[:, :-3]
        else:
            new[: len(value)] = value
        result[name] = new
    return result


if __name__ == "__main__":
    main()
