"""How far a long job is, how long it will still take, and a way to stop it."""

import time
from typing import Protocol


class Progress(Protocol):
    """What a caller gives to be told, a few times a second, how far the work is."""

    def __call__(self, done: float, what: str, seconds_left: float | None) -> None:
        """Told after each piece of work.

        Args:
            done: 0..1.
            what: what is being done, a few words.
            seconds_left: None until that can be told.

        Raises:
            Cancelled: raise it to stop; nothing half-finished is left behind.
        """
        ...


class Clock:
    """Counts work done, in any unit, and tells a `Progress` of it.

    Args:
        total: all the work there is.
        listener: whom to tell; None for nobody.
    """

    def __init__(self, total: float, listener: Progress | None = None) -> None:
        self._total = total
        self._listener = listener
        self._done = 0.0
        self._started = time.perf_counter()

    @property
    def done(self) -> float:
        """Work done so far."""
        return self._done

    def rewind(self, done: float) -> None:
        """Back to an earlier value of `done`: that work was in vain."""
        self._done = done

    def advance(self, work: float, what: str) -> None:
        """Raises what the listener raises."""
        self._done += work
        if self._listener is None:
            return
        part = min(self._done / self._total, 1.0)
        elapsed = time.perf_counter() - self._started
        left = elapsed / part * (1 - part) if part > 0 else None
        self._listener(part, what, left)
