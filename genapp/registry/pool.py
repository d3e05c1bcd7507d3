"""Engines that are ready to run: each built once, lent out, and the least recently used let go."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from genapp.registry.devices import Device, Place


class Sized(Protocol):
    """What takes memory."""

    @property
    def bytes(self) -> int: ...


Built = TypeVar("Built", bound=Sized)
Key = tuple[str, Place]


@dataclass(eq=False)
class _Slot(Generic[Built]):
    engine: Built
    users: int = 0
    """Runs that are under way."""


class Pool(Generic[Built]):
    """A pool that many threads may share.

    What is lent is never let go, nor is what was used last on its device: without it a model larger
    than the budget would be built anew for each run. Both may stay above the budget for a while.

    Args:
        budget: bytes that may be kept on a device.
    """

    def __init__(self, budget: Callable[[Device], int]) -> None:
        self._budget = budget
        self._slots: dict[Key, _Slot[Built]] = {}
        """Least recently used first."""
        self._building: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()
        self._abandoned: list[Built] = []

    @contextmanager
    def lend(self, name: str, place: Place, build: Callable[[], Built]) -> Iterator[Built]:
        """The model's engine at a place, built if it is not there. Raises what `build` raises."""
        key = (name, place)
        slot = self._take(key, build)
        try:
            yield slot.engine
        finally:
            with self._lock:
                slot.users -= 1
                # Used last when it comes back, too; unless the pool was cleared meanwhile.
                if self._slots.get(key) is slot:
                    self._slots[key] = self._slots.pop(key)
                self._shrink(place.device)

    def holds(self, name: str, place: Place) -> bool:
        """Whether it is built."""
        with self._lock:
            return (name, place) in self._slots

    def drop_idle(self, device: Device, but: str) -> None:
        """Let go of all on a device that do not run, but for those of one model."""
        with self._lock:
            for key, slot in list(self._slots.items()):
                if key[1].device == device and key[0] != but and slot.users == 0:
                    del self._slots[key]

    def after_fork(self) -> None:
        """In a forked process: the locks are free there, and engines of ONNX Runtime, whose threads
        stayed behind, are left alone and built anew."""
        self._lock = threading.Lock()
        self._building = {}
        for key, slot in list(self._slots.items()):
            slot.users = 0
            if key[1].runtime == "onnx":
                # Not freed: that would wait for its threads.
                self._abandoned.append(self._slots.pop(key).engine)

    def clear(self) -> None:
        """Let go of all; those that are lent as soon as they come back."""
        with self._lock:
            self._slots.clear()

    def _take(self, key: Key, build: Callable[[], Built]) -> _Slot[Built]:
        # One lock a model: a big one that is being built holds up no other.
        with self._lock:
            building = self._building.setdefault(key, threading.Lock())
        slot = self._known(key)
        if slot is not None:
            return slot
        with building:
            slot = self._known(key)
            if slot is None:
                slot = _Slot(build(), users=1)
                with self._lock:
                    self._slots[key] = slot
                    self._shrink(key[1].device)
        return slot

    def _known(self, key: Key) -> _Slot[Built] | None:
        with self._lock:
            slot = self._slots.pop(key, None)
            if slot is not None:
                self._slots[key] = slot
                slot.users += 1
            return slot

    def _shrink(self, device: Device) -> None:
        """Within the budget of a device as far as that goes; the lock is held."""
        there = [(key, slot) for key, slot in self._slots.items() if key[1].device == device]
        left = sum(slot.engine.bytes for _, slot in there) - self._budget(device)
        for key, slot in there[:-1]:
            if left <= 0:
                break
            if slot.users == 0:
                del self._slots[key]
                left -= slot.engine.bytes
