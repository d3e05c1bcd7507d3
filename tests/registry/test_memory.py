"""The budget of memory."""

from pathlib import Path

import pytest

from genapp.errors import BadValue
from genapp.registry import memory


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", 5_000),
        ("25%", 2_500),
        ("0.25", 2_500),
        ("1", 10_000),
        ("100%", 10_000),
        ("7000", 7_000),
        ("2kB", 2_000),
        ("1.5 MB", 1_500_000),
        ("800mb", 800_000_000),
        ("2GiB", 2 << 30),
    ],
)
def test_setting(setting: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.SETTING, setting)
    assert memory.budget(10_000) == expected


@pytest.mark.parametrize("setting", ["much", "-1", "0", "5 bananas", "1e9", "GB"])
def test_nonsense(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.SETTING, setting)
    with pytest.raises(BadValue, match="GENAPP_MEMORY") as caught:
        memory.budget(10_000)
    assert "2GiB" in caught.value.remedy


def test_container_and_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, info = tmp_path / "memory.max", tmp_path / "meminfo"
    monkeypatch.setattr(memory, "CGROUP_LIMIT", limit)
    monkeypatch.setattr(memory, "MEMINFO", info)
    assert memory.total_memory() == memory.UNKNOWN
    info.write_text("MemFree: 1 kB\nMemTotal:       2000 kB\n")
    assert memory.total_memory() == 2_048_000
    limit.write_text("max\n")
    assert memory.total_memory() == 2_048_000
    limit.write_text("1000000\n")
    assert memory.total_memory() == 1_000_000
