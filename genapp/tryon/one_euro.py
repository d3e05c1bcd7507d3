"""Take the jitter out of what is measured again and again, without lag where it moves.

The One Euro filter: Casiez, Roussel & Vogel 2012, "1€ Filter: A Simple Speed-based Low-pass Filter
for Noisy Input in Interactive Systems", CHI '12, doi:10.1145/2207676.2208639.
"""

import numpy as np

from genapp.tryon.arrays import Array


class OneEuro:
    """A low-pass filter whose cutoff rises with the speed of what it follows.

    The paper filters one number. Here a vector is followed, and the length of its velocity sets one
    cutoff for all of it: what moves in one direction does not lag behind itself in another.

    Args:
        min_cutoff: cutoff at rest, Hz. Lower: less jitter.
        beta: how much the cutoff rises with the speed, Hz per unit a second. Higher: less lag.
        speed_cutoff: cutoff of the speed itself, Hz.
    """

    def __init__(self, min_cutoff: float, beta: float, speed_cutoff: float = 1.0) -> None:
        self._min_cutoff = min_cutoff
        self._beta = beta
        self._speed_cutoff = speed_cutoff
        self._time_s: float | None = None
        self._value: Array = np.zeros(0)
        self._velocity: Array = np.zeros(0)

    def filter(self, value: Array, time_s: float) -> Array:
        """The smoothed value: N numbers in, N out. The first value passes as it is.

        Raises:
            ValueError: the time does not go forward.
        """
        value = np.asarray(value, np.float64)
        if self._time_s is None:
            self._velocity = np.zeros_like(value)
            self._value = value
        else:
            step = time_s - self._time_s
            if step <= 0:
                raise ValueError(f"the time went from {self._time_s} to {time_s}")
            velocity = (value - self._value) / step
            self._velocity = _mixed(self._velocity, velocity, self._speed_cutoff, step)
            speed = float(np.linalg.norm(self._velocity))
            cutoff = self._min_cutoff + self._beta * speed
            self._value = _mixed(self._value, value, cutoff, step)
        self._time_s = time_s
        return self._value


def _mixed(old: Array, new: Array, cutoff: float, step: float) -> Array:
    """One step (s) of a low-pass filter of first order."""
    slowness = 1 / (2 * np.pi * cutoff)
    share = 1 / (1 + slowness / step)
    return np.asarray(old + share * (new - old))
