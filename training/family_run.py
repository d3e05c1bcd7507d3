"""What the trainings of the autoregressive model and of the VAE share: faces, schedule, state.

See train_pixelcnn.py and train_vae.py.
"""

import argparse
import copy
import datetime
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import face_data
import torch
from torch import Tensor, nn
from train_faces import shrunk_bytes, to_tensor, write

SIZE = 32
WARM = 200  # batches until the learning rate is full
STEADY = 0.5  # share of the time after which the rate falls, in a line
LEAST = 0.02  # of the rate, at the end
MEAN_PICTURES = 10_000  # half-life of the running mean of the weights
MEAN_SHARE = 0.05  # but no longer than this share of all pictures so far
LONGEST_GRADIENT = 1.0  # norm, times the batch's mean
SEED = 0

Loss = Callable[[nn.Module, Tensor, float], Tensor]
"""Nats of a batch n×3×32×32, -1..1, summed over pictures, given the share of time gone."""
Measure = Callable[[nn.Module, Tensor], float]
"""Bits per dimension of pictures."""


def parser(text: str) -> argparse.ArgumentParser:
    """Returns a parser of what both trainings are told."""
    found = argparse.ArgumentParser(description=text, formatter_class=argparse.RawTextHelpFormatter)
    found.add_argument("--data", type=Path, required=True, help="faces, of face_data.py")
    found.add_argument("--out", type=Path, required=True, help="folder of results")
    found.add_argument("--minutes", type=float, required=True, help="of all runs together")
    found.add_argument("--stop-after", type=float, help="minutes of this run, at most")
    found.add_argument("--every", type=float, default=5, help="minutes between reports")
    found.add_argument("--batch", type=int, default=16)
    found.add_argument("--rate", type=float, default=1e-3)
    found.add_argument("--threads", type=int, default=1)
    return found


class Pictures:
    """Faces at 32²."""

    def __init__(self, path: Path) -> None:
        """Reads faces128.npz."""
        faces = face_data.unpack(path)
        self.full = to_tensor(faces.part(held_out=False))
        self.held_out = small(to_tensor(faces.part(held_out=True)))
        self.learnt = small(self.full)

    def batch(self, count: int) -> Tensor:
        """Returns random faces, half of them mirrored, moved by up to a quarter of a pixel."""
        chosen = self.full[torch.randint(len(self.full), (count,))]
        # A pixel of 128 is a quarter of one of 32: other bytes of the same face.
        chosen = chosen.roll(tuple(torch.randint(-1, 2, (2,)).tolist()), (2, 3))
        mirrored = torch.rand(count, 1, 1, 1) < 0.5
        return scaled(small(torch.where(mirrored, chosen.flip(3), chosen)))


def small(pictures: Tensor) -> Tensor:
    """Returns bytes at 32², by the mean over areas."""
    return shrunk_bytes(pictures, SIZE)


def scaled(pictures: Tensor) -> Tensor:
    """Returns bytes as -1..1."""
    return pictures.float() / 127.5 - 1


def set_up(threads: int) -> None:
    """Settings of the whole process, so not for tests."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # they are slow, and nothing here is so small


class Run:
    """A training that can be stopped and started again."""

    def __init__(
        self, net: nn.Module, loss: Loss, measure: Measure, options: argparse.Namespace
    ) -> None:
        """Starts anew, or from the state in the folder of results."""
        options.out.mkdir(parents=True, exist_ok=True)
        self.net, self.loss, self.measure, self.options = net, loss, measure, options
        self.mean = copy.deepcopy(net).requires_grad_(False).eval()
        self.optimizer = torch.optim.Adam(net.parameters(), options.rate)
        self.pictures = Pictures(options.data)
        self.seen, self.spent = 0, 0.0
        state = options.out / "state.pt"
        if state.exists():
            self.restore(torch.load(state, weights_only=True))
        torch.manual_seed(SEED + 1 + self.seen)
        values = sum(value.numel() for value in net.parameters()) / 1e6
        self.log(
            f"{len(self.pictures.full)} faces, {len(self.pictures.held_out)} held out, "
            f"{values:.2f} M values, from {self.seen} pictures on"
        )

    def train(self) -> None:
        """Trains until the time is up."""
        stop = self.options.minutes
        if self.options.stop_after is not None:
            stop = min(stop, self.spent + self.options.stop_after)
        begun, before, last, losses = time.time(), self.spent, self.spent, []
        self.net.train()
        while self.spent < stop:
            losses.append(self.step())
            self.spent = before + (time.time() - begun) / 60
            if self.spent - last >= self.options.every or self.spent >= stop:
                self.report(sum(losses) / len(losses))
                last, losses = self.spent, []

    def step(self) -> float:
        """Learns from one batch; returns bits per dimension."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.rate * self.rate_factor()
        batch = self.pictures.batch(self.options.batch)
        bits = self.loss(self.net, batch, self.spent / self.options.minutes) / (
            batch.numel() * torch.log(torch.tensor(2.0))
        )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(bits)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), LONGEST_GRADIENT)
        self.optimizer.step()
        self.seen += len(batch)
        half_life = min(MEAN_PICTURES, MEAN_SHARE * self.seen)
        torch._foreach_lerp_(
            list(self.mean.parameters()),
            list(self.net.parameters()),
            1 - 0.5 ** (len(batch) / half_life),
        )
        return float(bits.item())

    def rate_factor(self) -> float:
        """Returns the learning rate as a share of its peak."""
        left: float = (1 - self.spent / self.options.minutes) / (1 - STEADY)
        warm: float = (self.seen + 1) / (WARM * self.options.batch)
        return min(1.0, warm, max(left, LEAST))

    def report(self, learnt: float) -> None:
        """Writes the state, the mean of the weights and a line of figures."""
        write(self.options.out / "state.pt", self.state())
        half = {name: value.half() for name, value in self.mean.state_dict().items()}
        write(self.options.out / "mean.pt", {"weights": half, "seen": self.seen})
        held_out = self.pictures.held_out
        with torch.no_grad():
            new = self.measure(self.mean, scaled(held_out))
            old = self.measure(self.mean, scaled(self.pictures.learnt[: len(held_out)]))
        self.log(
            f"{self.seen} pictures {self.spent:.1f} min loss {learnt:.4f} "
            f"bits/dim held out {new:.4f} learnt from {old:.4f}"
        )

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on."""
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "seen": self.seen,
            "spent": self.spent,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a state."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.seen, self.spent = state["seen"], state["spent"]

    def log(self, text: str) -> None:
        """Prints a line and adds it to log.txt."""
        line = f"{datetime.datetime.now(datetime.UTC):%m-%d %H:%M:%S} {text}"
        print(line, flush=True)
        with (self.options.out / "log.txt").open("a") as file:
            file.write(line + "\n")
