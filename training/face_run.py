"""What the trainings on faces have in common: the clock, the learning rate, the log."""

import argparse
import datetime
import time
from abc import ABC, abstractmethod

import torch
from torch import Tensor

LEAST = 0.05  # of the learning rate, at the end


class Run(ABC):
    """A training that goes on where it stopped, until its minutes are over.

    ``options`` have ``minutes`` of all runs together, ``stop_after`` of this one, ``every`` between
    reports, and ``out``, a folder.
    """

    options: argparse.Namespace
    optimizers: list[torch.optim.Optimizer]
    rates: tuple[float, ...]
    """Of the optimisers, at their peak."""
    steady: float
    """Share of the time after which the rates fall, in a line."""
    seen: int
    """Pictures so far."""
    spent: float
    """Minutes so far, of all runs."""

    @abstractmethod
    def prepare_measure(self) -> None:
        """Measures what reports compare with."""

    @abstractmethod
    def step(self) -> Tensor:
        """Learns from one batch.

        Returns:
            The losses.
        """

    @abstractmethod
    def describe(self, losses: list[float]) -> str:
        """Returns the losses as text, their mean since the last report."""

    @abstractmethod
    def report(self, figures: str) -> None:
        """Writes state, mean, sheet and a line of figures."""

    def run(self) -> None:
        """Trains until the time is up."""
        stop = self.options.minutes
        if self.options.stop_after is not None:
            stop = min(stop, self.spent + self.options.stop_after)
        self.prepare_measure()
        begun, before = time.time(), self.spent
        last, seen, losses = self.spent, self.seen, []
        while self.spent < stop:
            losses.append(self.step())
            self.spent = before + (time.time() - begun) / 60
            if self.spent - last >= self.options.every or self.spent >= stop:
                speed = (self.seen - seen) / max(60 * (self.spent - last), 1e-6)
                lost = torch.stack(losses).mean(0).tolist()
                self.report(f"{speed:.1f}/s {self.describe(lost)}")
                # What a report takes is no training.
                begun, before = time.time(), self.spent
                last, seen, losses = self.spent, self.seen, []

    def set_rates(self) -> None:
        """Gives the optimisers the learning rates of this moment."""
        for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * self.rate_factor()

    def rate_factor(self) -> float:
        """Returns the learning rate as a share of its peak."""
        left: float = (1 - self.spent / self.options.minutes) / (1 - self.steady)
        return min(1.0, max(left, LEAST))

    def log(self, text: str) -> None:
        """Prints a line and adds it to log.txt."""
        line = f"{datetime.datetime.now(datetime.UTC):%m-%d %H:%M:%S} {text}"
        print(line, flush=True)
        with (self.options.out / "log.txt").open("a") as file:
            file.write(line + "\n")
