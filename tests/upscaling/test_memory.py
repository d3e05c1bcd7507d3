from pathlib import Path

import pytest

from genapp.registry.catalog import Catalog
from genapp.upscaling import memory


def test_more_memory_larger_tiles(catalog: Catalog) -> None:
    model = catalog.get("upscale/near-x2.v1")
    sides = [memory.tile_side(model, free) for free in (0, 10**8, 10**9, 10**11)]
    assert sides == sorted(sides)
    assert sides[0] == memory.SMALLEST_TILE
    assert sides[-1] ** 2 * memory.BYTES_A_PIXEL <= memory.MOST
    assert all(side % 32 == 0 for side in sides)


def test_a_container_has_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.free_memory() > 0
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.free_memory() == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    assert memory.free_memory() == memory.UNKNOWN
