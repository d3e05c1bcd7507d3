"""What the colouriser learns from: the split, the harm done to photographs, the hints."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import color_data
import film

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def picture(size: int = 64) -> color_data.Array:
    return rng(5).random((size, size, 3), np.float32)


def manifest(folder: Path, names: list[str]) -> Path:
    lines = ["file,source_repository,source_path,licence,width,height"]
    lines += [f"{name},somewhere,{name},CC0-1.0,8,8" for name in names]
    (folder / "manifest.csv").write_text("\n".join(lines))
    return folder


def test_every_20th_of_each_kind_is_held_out(tmp_path: Path) -> None:
    names = [f"photos/bsds-{n:03}.jpg" for n in range(45)]
    names += [f"faces/faker-{n:03}.jpg" for n in range(21)]
    names += ["faces/omi-0001.jpg"]
    learn, validate = color_data.split(manifest(tmp_path, names[::-1]))
    assert validate == [
        *("faces/faker-000.jpg", "faces/faker-020.jpg"),
        *("photos/bsds-000.jpg", "photos/bsds-020.jpg", "photos/bsds-040.jpg"),
    ]
    assert set(learn) == set(names) - set(validate) - {"faces/omi-0001.jpg"}


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_the_faces_without_commercial_use_are_left_out() -> None:
    learn, validate = color_data.split(DATA)
    assert len(learn) == 3630
    assert len(validate) == 193
    assert not any("omi-" in file for file in learn + validate)


@pytest.mark.parametrize("seed", range(20))
def test_old_photographs_are_grey_and_repeatable(seed: int) -> None:
    grey = film.old_photo(picture(), rng(seed))
    assert grey.shape == (64, 64)
    assert grey.dtype == np.float32
    assert 0 <= grey.min() < grey.max() <= 1
    np.testing.assert_array_equal(grey, film.old_photo(picture(), rng(seed)))


def test_film_sees_colours_in_more_than_one_way() -> None:
    red_and_blue = np.zeros((8, 16, 3), np.float32)
    red_and_blue[:, :8, 0] = red_and_blue[:, 8:, 2] = 0.8
    steps = []
    for seed in range(30):
        grey = film.film_response(red_and_blue, rng(seed))
        steps.append(grey[:, :8].mean() - grey[:, 8:].mean())
    assert min(steps) < -0.3  # orthochromatic film: red is dark
    assert max(steps) > 0.1


def test_fading_lowers_contrast() -> None:
    steps = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    assert all(np.ptp(film.fade(steps, rng(seed))[3:5]) < 0.6 for seed in range(20))


def test_hints_say_the_true_colour() -> None:
    ab = np.tile(np.array([30.0, -10.0], np.float32), (64, 64, 1))
    for seed in range(30):
        truth, hints = color_data.hint(ab, rng(seed))
        known = hints[..., 2] > 0
        assert known.any()
        assert (hints[~known] == 0).all()
        np.testing.assert_allclose(hints[known][:, :2], truth[known], atol=1e-3)


def test_one_thing_is_recoloured_and_the_rest_stays() -> None:
    ab = np.zeros((32, 32, 2), np.float32)
    ab[:, 16:] = [60, 40]
    changed = color_data.recolor(ab, np.array([5, 20]), rng())
    assert np.abs(changed - ab)[:, 16:].min() > 1
    assert np.abs(changed - ab)[:, :16].max() < 0.1


def test_a_sample_is_the_same_in_every_run(tmp_path: Path) -> None:
    pictures = written(tmp_path)
    first, again = (color_data.Samples(pictures, 10, 32, seed=3)[7] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    lightness, hints, ab = first
    assert lightness.shape == (1, 32, 32)
    assert hints.shape == (3, 32, 32)
    assert ab.shape == (2, 32, 32)
    assert 0 <= lightness.min() < lightness.max() <= 100


def test_the_cache_knows_its_pictures(tmp_path: Path) -> None:
    pictures = written(tmp_path)
    assert pictures[1].shape == (256, 320, 3)
    assert list(pictures.colorful) == [True, False]
    with pytest.raises(ValueError, match="delete it"):
        color_data.Pictures(tmp_path, ["photos/bsds-2.jpg"], tmp_path / "cache.bin")


def written(folder: Path) -> color_data.Pictures:
    """Two photographs in a cache, the second black and white."""
    import cv2

    (folder / "photos").mkdir(exist_ok=True)
    for number, color in enumerate(([20, 90, 200], [90, 90, 90])):
        image = np.full((320, 400, 3), color, np.uint8)
        image[:160] //= 2
        cv2.imwrite(str(folder / f"photos/bsds-{number}.jpg"), image)
    files = [f"photos/bsds-{number}.jpg" for number in range(2)]
    return color_data.Pictures(folder, files, folder / "cache.bin")
