"""How much memory networks may keep: the user's setting, or half of what the machine has."""

import contextlib
import os
import re
from pathlib import Path

from genapp.errors import BadValue

SETTING = "GENAPP_MEMORY"
SHARE = 0.5
"""Of the machine's memory, where nothing is set: pictures need the rest."""
UNKNOWN = 4 << 30
"""Bytes to count on where the system does not tell."""
MEMINFO = Path("/proc/meminfo")
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20}
UNITS["gib"] = 1 << 30
AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(%|[kmg]i?b|)", re.IGNORECASE)


def budget(total: int | None = None) -> int:
    """Bytes that the engines of a pool may keep on a device between runs.

    `GENAPP_MEMORY` sets it: bytes (`800MB`, `2GiB`, `500000000`) or a share (`25%`, `0.25`).

    Args:
        total: bytes that the device has; None: this machine's memory, or the container's.

    Raises:
        BadValue: the setting is neither.
    """
    text = os.environ.get(SETTING, "").strip()
    total = total_memory() if total is None else total
    if not text:
        return int(total * SHARE)
    match = AMOUNT.fullmatch(text)
    if match is None or float(match[1]) == 0:
        raise BadValue(
            f"{SETTING} is {text!r}.", "Set it to bytes, such as 800MB or 2GiB, or a share: 25%."
        )
    number, unit = float(match[1]), match[2].lower()
    if unit == "%":
        number, unit = number / 100, ""
        is_share = True
    else:
        is_share = not unit and number <= 1
    return int(number * total) if is_share else int(number * UNITS[unit])


def total_memory() -> int:
    """Bytes of this machine, or of the container if that is less (cgroup v2)."""
    limits = [meminfo("MemTotal", MEMINFO) or UNKNOWN]
    with contextlib.suppress(OSError, ValueError):  # No container, or "max".
        limits.append(int(CGROUP_LIMIT.read_text()))
    return min(limits)


def meminfo(entry: str, source: Path) -> int | None:
    """Bytes of an entry of Linux's /proc/meminfo; None where there is none."""
    try:
        lines = source.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{entry}:"):
            return int(line.split()[1]) * 1024
    return None
