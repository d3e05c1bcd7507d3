"""How much memory is free, and how large a tile it lets a network have."""

import math
from pathlib import Path

from genapp.registry.catalog import Model
from genapp.registry.memory import MEMINFO, meminfo

CGROUP = Path("/sys/fs/cgroup")
UNKNOWN = 2 << 30
"""Bytes to count on where the system does not tell."""
SHARE = 0.25
"""Of the free memory, for the insides of a network."""
MOST = 400 << 20
"""Bytes: larger tiles save no more time."""
BYTES_A_PIXEL = 4000
"""That a network needs per pixel of its input, where the catalogue does not tell: SPAN's."""
UNIT = "B/pixel"
SMALLEST_TILE = 64
LARGEST_TILE = 1024


def free_memory() -> int:
    """Bytes that can be had without swapping, in a container too (cgroup v2)."""
    available = meminfo("MemAvailable", MEMINFO)
    return min(UNKNOWN if available is None else available, _container())


def tile_side(model: Model, free: int) -> int:
    """Side of a square tile in pixels of a network's input, a multiple of 32.

    Args:
        model: the catalogue's entry.
        free: bytes that are free.
    """
    each = next((m.value for m in model.measures if m.unit == UNIT), BYTES_A_PIXEL)
    side = math.isqrt(int(min(free * SHARE, MOST) / each)) // 32 * 32
    return min(max(side, SMALLEST_TILE), LARGEST_TILE)


def _container() -> int:
    try:
        limit = (CGROUP / "memory.max").read_text().strip()
        used = (CGROUP / "memory.current").read_text().strip()
    except OSError:
        return UNKNOWN * 1024
    return UNKNOWN * 1024 if limit == "max" else max(int(limit) - int(used), 0)
