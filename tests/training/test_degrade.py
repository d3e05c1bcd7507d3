"""Bad small pictures out of good ones, and which pictures they come from."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

cv2 = pytest.importorskip("cv2")

import degrade  # noqa: E402
import sr_data  # noqa: E402


def scene(height: int = 64, width: int = 96) -> degrade.Array:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([x / width, y / height, ((x // 8 + y // 8) % 2)], axis=-1)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 4]))
def test_result_is_a_small_8_bit_picture(seed: int, scale: int) -> None:
    bad = degrade.degrade(scene(), scale, np.random.default_rng(seed))
    assert bad.shape == (64 // scale, 96 // scale, 3)
    assert bad.dtype == np.float32
    np.testing.assert_allclose(bad * 255, np.round(bad * 255), atol=1e-3)
    assert bad.min() >= 0
    assert bad.max() <= 1


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_colours_stay_on_the_whole(seed: int) -> None:
    """A plain picture may become noisy but no other colour."""
    plain = np.full((64, 64, 3), (0.7, 0.5, 0.3), np.float32)
    bad = degrade.degrade(plain, 4, np.random.default_rng(seed))
    np.testing.assert_allclose(bad.mean(axis=(0, 1)), (0.7, 0.5, 0.3), atol=0.05)


def test_same_seed_same_picture() -> None:
    one, two, other = (degrade.degrade(scene(), 4, np.random.default_rng(s)) for s in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0.02


def test_damage_ranges_from_little_to_much() -> None:
    good = cv2.resize(scene(), (24, 16), interpolation=cv2.INTER_AREA)
    damage = [
        np.abs(degrade.degrade(scene(), 4, np.random.default_rng(seed)) - good).mean()
        for seed in range(60)
    ]
    assert min(damage) < 0.02
    assert max(damage) > 0.06


@pytest.mark.parametrize(("long", "short", "angle"), [(0.3, 0.3, 0), (3, 1, 0.7)])
def test_blur_keeps_brightness(long: float, short: float, angle: float) -> None:
    assert degrade.gaussian(long, short, angle).sum() == pytest.approx(1, abs=1e-5)


def test_a_turned_kernel_is_wide_along_its_angle() -> None:
    kernel = degrade.gaussian(3, 0.5, np.pi / 2)  # along y
    middle = kernel.shape[0] // 2
    assert kernel[middle + 3, middle] > 100 * kernel[middle, middle + 3]


def written(folder: Path, count: int) -> None:
    for group, prefix in (source.split("/") for source in sr_data.SHARES):
        (folder / group).mkdir(exist_ok=True)
        for number in range(count):
            picture = np.full((150, 170, 3), number, np.uint8)
            cv2.imwrite(str(folder / group / f"{prefix}-{number:03}.png"), picture)


def test_every_20th_file_is_held_back(tmp_path: Path) -> None:
    written(tmp_path, 45)
    train, held = sr_data.split(tmp_path, "photos/bsds")
    assert [path.stem for path in held] == ["bsds-019", "bsds-039"]
    assert len(train) == 43
    assert not set(train) & set(held)


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no bsds"):
        sr_data.split(tmp_path, "photos/bsds")


def test_a_step_draws_the_same_pairs_again(tmp_path: Path) -> None:
    written(tmp_path, 21)
    pairs = sr_data.TrainingPairs(tmp_path, 4, 128, seed=1)
    good, bad = pairs.draw(7, 3)
    assert good.shape == (3, 3, 128, 128)
    assert bad.shape == (3, 3, 32, 32)
    np.testing.assert_array_equal(good, pairs.draw(7, 3)[0])
    assert np.abs(bad - pairs.draw(8, 3)[1]).max() > 0


def test_patches_fill_the_range() -> None:
    random = np.random.default_rng(0)
    drawn = np.stack([sr_data.patches(32, random) for _ in range(20)])
    assert drawn.min() < 0.01
    assert drawn.max() > 0.99
    assert drawn.min() >= 0
    assert drawn.max() <= 1
