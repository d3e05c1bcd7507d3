"""Trains the colouriser: a U-Net on MobileNetV2 that gives a distribution over ab colours.

    python training/train_colorize.py --until 05:20 --encoder mobilenet_v2-b0353104.pth

Learns until the given time, its rate falling to nothing by then, and writes a checkpoint, a line
to log.txt and a sheet of held-out pictures every few minutes. Start it again with a later time
to go on. Data, split, recipe and figures: train_colorize.md.
"""

import argparse
import copy
import datetime
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import color_adversary
import color_data
import color_loss
import color_sheet
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.colorizer import Colorizer

DATA = Path(__file__).parents[2] / "shared" / "data"
RATE = 6e-4
ENCODER_RATE = RATE / 6
WARM_UP = 0.03  # share of the time
# From which share of the time on crops have which side, and how many make a batch: most is learnt
# from small ones, which cost less.
STAGES = ((0.6, 192, 8), (0.0, 128, 16))
FINE_WEIGHT, KEEP_WEIGHT = 0.5, 0.1
EMA = 0.995  # of the weights that are kept, a batch
Batch = tuple[Tensor, Tensor, Tensor]


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--encoder", type=Path, required=True, help="ImageNet weights, torchvision's"
    )
    parser.add_argument("--start", type=Path, help="checkpoint whose weights to start from")
    train(parser, Path("runs/colorize"), Training)


def train(parser: argparse.ArgumentParser, out: Path, training: "type[Training]") -> None:
    """Reads the command line and trains.

    Args:
        parser: of what is asked for besides what every training asks.
        out: where results go unless the command line says otherwise.
        training: what to train.
    """
    parser.add_argument("--until", required=True, metavar="HH:MM", help="when to stop, UTC")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of manifest.csv")
    parser.add_argument("--out", type=Path, default=out, help="folder of results")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=float, default=4, help="minutes between checkpoints")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # they are slow, and nothing here is so small
    options.out.mkdir(parents=True, exist_ok=True)
    learn, validate = color_data.split(options.data)
    pictures = color_data.Pictures(options.data, learn, options.out / "learn.bin")
    held_out = color_data.Pictures(options.data, validate, options.out / "validate.bin")
    training(options, pictures, held_out).run()


class Training:
    """The state of a training: weights, their mean, the optimiser and the clock."""

    stages: tuple[tuple[float, int, int], ...] = STAGES

    def __init__(
        self,
        options: argparse.Namespace,
        pictures: color_data.Pictures,
        held_out: color_data.Pictures,
    ) -> None:
        """Starts anew, or from the checkpoint in the folder of results."""
        self.options, self.pictures, self.held_out = options, pictures, held_out
        self.checkpoint = options.out / "ckpt.pt"
        self.start, self.until = time.time(), next_time(options.until)
        self.seen = self.steps = 0  # pictures and batches learnt from
        stored = old = None
        if self.checkpoint.exists():
            stored = torch.load(self.checkpoint, weights_only=True)
            bins, chance = stored["net"]["bins"], stored["chance"]
        elif options.start:
            old = torch.load(options.start, weights_only=True)
            bins, chance = old["mean"]["bins"], old["chance"]
            self.seen = old["seen"]
        else:
            bins, chance = color_loss.count_bins(pictures)
        self.chance = chance
        self.net = self.build(bins)
        self.loss = color_loss.ColorLoss(bins, chance)
        if old is not None:
            self.adopt(old["mean"])
        elif stored is None:
            load_imagenet(self.net, torch.load(options.encoder, weights_only=True))
        for layer in self.net.encoder.edge_layers():
            layer.requires_grad_(False)  # half of the work, and ImageNet's edges are good
        self.net = self.net.to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.net).eval()
        self.critic = color_adversary.Critic()
        self.optimizer = self._optimizer()
        self.critic_optimizer = torch.optim.Adam(
            self.critic.parameters(), color_adversary.RATE, betas=(0.5, 0.99)
        )
        if stored is not None:
            self.net.load_state_dict(stored["net"])
            self.mean.load_state_dict(stored["mean"])
            self.optimizer.load_state_dict(stored["optimizer"])
            self.critic.load_state_dict(stored["critic"])
            self.critic_optimizer.load_state_dict(stored["critic_optimizer"])
            self.seen, self.steps = stored["seen"], stored.get("steps", 700)
            if abs(stored["until"] - self.until) < 60:  # the same schedule goes on
                self.start = stored["start"]

    def build(self, bins: Tensor) -> Colorizer:
        """Returns the network, untrained."""
        return Colorizer(bins)

    def adopt(self, weights: dict[str, Tensor]) -> None:
        """Puts weights into the network that training starts from."""
        self.net.load_state_dict(weights, strict=False)  # a stage may be new

    def samples(self, side: int) -> color_data.Samples:
        """Returns what is learnt from, crops of ``side``² pixels."""
        return color_data.Samples(self.pictures, 10**9, side)

    def run(self) -> None:
        """Trains until the time is up."""
        last, begun, losses = time.time(), self.seen, []
        self.log(f"start at {self.seen} pictures, {len(self.net.bins)} bins")
        for batch in self.batches():
            if time.time() >= self.until:
                break
            losses.append(self.step(batch))
            if time.time() - last > 60 * self.options.every:
                speed = (self.seen - begun) / (time.time() - last)
                self.save()
                self.report(list(np.mean(losses, axis=0)), speed)
                last, begun, losses = time.time(), self.seen, []
        self.save()
        self.report(list(np.mean(losses, axis=0)) if losses else [], 0)

    def batches(self) -> Iterator[Batch]:
        """Yields batches without end; the crops grow on the way."""
        while True:
            side, count = stage = self.stage()
            samples = self.samples(side)
            numbers = range(self.seen, self.seen + 10**9)
            loader = torch.utils.data.DataLoader(
                samples, count, sampler=numbers, num_workers=1, prefetch_factor=4
            )
            for batch in loader:
                yield batch
                if self.stage() != stage:
                    break

    def stage(self) -> tuple[int, int]:
        """Returns the side of the crops, and how many make a batch, at this time."""
        progress = self.progress()
        return next((side, count) for start, side, count in self.stages if progress >= start)

    def step(self, batch: Batch) -> list[float]:
        """Learns from one batch; returns the parts of the loss."""
        lightness, hints, ab = batch
        factor = self.rate_factor()
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak"]
        lightness = lightness.to(memory_format=torch.channels_last)
        truth = functional.avg_pool2d(ab, color_adversary.STRIDE)
        logits, context = self.net(lightness, hints)
        parts = list(self.loss(logits, ab, hints))
        coarse = self.loss.colors(logits)
        # The finer stage learns to enlarge from true colours: errors of the coarse ones would
        # teach it to be pale. From the network's own colours it learns what the critic believes.
        pooled = functional.avg_pool2d(truth, 2)
        enlarged = self.net.fine(lightness, hints, pooled, context)
        made = self.net.fine(lightness, hints, coarse, context)
        parts.append(FINE_WEIGHT * distance(enlarged, truth))
        parts.append(KEEP_WEIGHT * distance(functional.avg_pool2d(made, 2), coarse))
        critic_loss = self.teach_critic(lightness, truth, made.detach())
        opinion = -self.critic(lightness, made).mean()
        parts.append(color_adversary.weighed(opinion, parts[3], self.net.fine.last.weight))
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(parts).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.seen += len(lightness)
        self._update_mean()
        return [*(part.item() for part in parts), critic_loss]

    def teach_critic(self, lightness: Tensor, true: Tensor, made: Tensor) -> float:
        """Shows the critic true and made colours; returns its loss."""
        loss = color_adversary.critic_loss(
            self.critic(lightness, true), self.critic(lightness, made)
        )
        self.critic_optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.critic_optimizer.step()
        return loss.item()

    def progress(self) -> float:
        """Returns the share of the time that is over."""
        return min((time.time() - self.start) / max(self.until - self.start, 1), 1)

    def rate_factor(self) -> float:
        """Returns the learning rate as a share of its peak: a short climb, then half a cosine."""
        progress = self.progress()
        if progress < WARM_UP:
            return progress / WARM_UP + 0.02
        fall = (progress - WARM_UP) / (1 - WARM_UP)
        return 0.005 + 0.995 * (1 + math.cos(math.pi * fall)) / 2

    def save(self) -> None:
        """Writes the checkpoint; a stop in between leaves the old one whole."""
        state: dict[str, Any] = {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "critic": self.critic.state_dict(),
            "critic_optimizer": self.critic_optimizer.state_dict(),
            "chance": self.chance,
            "seen": self.seen,
            "steps": self.steps,
            "start": self.start,
            "until": self.until,
        }
        temporary = self.checkpoint.with_suffix(".new")
        torch.save(state, temporary)
        temporary.replace(self.checkpoint)

    def report(self, losses: Sequence[float], speed: float) -> None:
        """Logs losses and figures on held-out pictures, and writes the sheet."""
        figures = color_sheet.figures(self.mean, self.held_out)
        parts = " ".join(f"{value:.3f}" for value in losses)
        rate = self.optimizer.param_groups[0]["lr"]
        self.log(f"{self.seen} pictures {speed:.1f}/s rate {rate:.1e} loss {parts} {figures}")
        color_sheet.write(self.mean, self.held_out, self.options.out / f"sheet-{self.seen:07d}.png")

    def log(self, text: str) -> None:
        """Prints a line and adds it to log.txt."""
        line = f"{datetime.datetime.now(datetime.UTC):%m-%d %H:%M:%S} {text}"
        print(line, flush=True)
        with (self.options.out / "log.txt").open("a") as file:
            file.write(line + "\n")

    def _optimizer(self) -> torch.optim.AdamW:
        slow: list[nn.Parameter] = []
        fast: list[nn.Parameter] = []
        for name, parameter in self.net.named_parameters():
            if parameter.requires_grad:
                pretrained = name.startswith("encoder.blocks")
                (slow if pretrained else fast).append(parameter)
        groups = [{"params": fast, "peak": RATE}, {"params": slow, "peak": ENCODER_RATE}]
        return torch.optim.AdamW(groups, RATE, weight_decay=0.01)

    @torch.no_grad()
    def _update_mean(self) -> None:
        self.steps += 1
        keep = min(EMA, self.steps / (self.steps + 10))
        now, mean = self.net.state_dict(), self.mean.state_dict()
        for name, value in mean.items():
            if value.dtype.is_floating_point:
                value.lerp_(now[name], 1 - keep)


def distance(one: Tensor, other: Tensor) -> Tensor:
    """Returns the mean distance of two n×2×h×w colours, in steps of the grid."""
    return ((one - other).square().sum(1) + 0.1).sqrt().mean() / color_loss.STEP


def next_time(text: str) -> float:
    """Returns when the clock (UTC) next shows ``text``, HH:MM, in seconds since 1970."""
    now = datetime.datetime.now(datetime.UTC)
    hour, minute = map(int, text.split(":"))
    when = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (when + datetime.timedelta(days=when <= now)).timestamp()


@torch.no_grad()
def load_imagenet(net: Colorizer, weights: dict[str, Tensor]) -> None:
    """Puts torchvision's MobileNetV2 weights into the encoder, its norms folded in.

    The three channels of the first convolution see the same grey, each with ImageNet's mean and
    deviation, so their weights are added up.
    """
    names = [name for name, value in weights.items() if value.ndim == 4]
    convs = [m for m in net.encoder.modules() if isinstance(m, nn.Conv2d)]
    convs.remove(net.encoder.hint_stem)
    # The last convolution of MobileNetV2 belongs to its classifier.
    for name, conv in zip(names[:-1], convs, strict=True):
        parent, number = name.removesuffix(".weight").rsplit(".", 1)
        norm = f"{parent}.{int(number) + 1}"
        scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + 1e-5).sqrt()
        weight = weights[name]
        bias = weights[f"{norm}.bias"] - scale * weights[f"{norm}.running_mean"]
        if conv is net.encoder.stem:
            means = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
            deviations = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
            bias = bias + scale * (weight * (0.449 - means) / deviations).sum((1, 2, 3))
            weight = (weight * 0.226 / deviations).sum(1, keepdim=True)
        conv.weight.copy_(weight * scale.view(-1, 1, 1, 1))
        assert conv.bias is not None
        conv.bias.copy_(bias)


if __name__ == "__main__":
    main()
