import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.images import from_float
from genapp.upscaling.grain import Grain, grain_level, missing_grain


def noisy(level: float, size: int = 200) -> NDArray[np.uint16]:
    y, x = np.mgrid[0:size, 0:size] / size
    smooth = np.stack([0.3 + 0.3 * x, 0.4 + 0.2 * y, 0.5 + 0 * x], axis=-1)
    noise = np.random.default_rng(3).normal(0, level, (size, size, 1))
    return np.asarray(from_float(smooth + noise, np.uint16), np.uint16)


@pytest.mark.parametrize("level", [0.0, 0.01, 0.03, 0.08])
def test_the_level_is_measured(level: float) -> None:
    assert grain_level(noisy(level)) == pytest.approx(level, rel=0.15, abs=0.001)


def test_texture_is_not_grain() -> None:
    y, x = np.mgrid[0:200, 0:200]
    edges = np.where((x // 40 + y // 40) % 2, 200, 40)[..., None].astype(np.uint8)
    assert grain_level(edges) < 0.002


def test_tiny_pictures_have_none() -> None:
    assert grain_level(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)) == 0


def test_only_what_is_missing() -> None:
    source = noisy(0.05)
    clean = noisy(0.0, 400)
    assert missing_grain(source, clean) == pytest.approx(0.05, rel=0.15)
    assert missing_grain(source, source.repeat(2, axis=0).repeat(2, axis=1)) == 0


def test_grain_is_the_same_each_time_and_in_any_strips() -> None:
    grey = np.full((1500, 1100, 3), 0.5, np.float32)
    whole = Grain(0.04, 4, seed=5).add(grey, 0)
    assert (whole - grey).std() == pytest.approx(0.04, rel=0.05)
    again = Grain(0.04, 4, seed=5)
    parts = [again.add(grey[top : top + 333], top) for top in range(0, 1500, 333)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (Grain(0.04, 4, seed=6).add(grey, 0) != whole).any()
    assert (whole[..., 0] == whole[..., 1]).all()


def test_black_and_white_stay_clean() -> None:
    ends = np.zeros((10, 10, 1), np.float32)
    ends[5:] = 1
    np.testing.assert_array_equal(Grain(0.1, 2).add(ends, 0), ends)
