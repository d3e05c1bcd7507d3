"""Classic transforms: what follows what, and how far it goes."""

import random

import numpy as np
import pytest
import torch

from genapp.augmenting import Box, Classic
from genapp.augmenting.classic import apply, draw_window, fitted
from genapp.augmenting.draws import Draws
from genapp.augmenting.sample import Sample

NOTHING = {name: 0.0 for name in Classic.__dataclass_fields__ if name != "probability"}


def only(**settings: float) -> Classic:
    """These transforms and no others."""
    return Classic(**{**NOTHING, **settings})


def sample() -> Sample:
    """A white block on black, with its box and its mask."""
    pixels = np.zeros((80, 100, 3), np.uint8)
    pixels[20:50, 30:70] = 255
    return Sample(pixels, {"a": 1.0}, (Box("block", 30, 20, 70, 50),), pixels // 255)


def lit_box(pixels: np.ndarray) -> list[float]:
    """Edges of what is bright, with fractions of pixels where it fades."""
    bright = pixels[..., 0] > 127
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    return [float(v) for v in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)]


def test_nothing_changes_nothing() -> None:
    given = sample()
    made = apply(given, only(), Draws(0, 0), None)
    np.testing.assert_array_equal(made.pixels, given.pixels)
    np.testing.assert_array_equal(made.mask, given.mask)
    assert made.boxes == given.boxes
    assert apply(given, Classic(probability=0), Draws(0, 0), None) is given


def test_a_flip_is_exact() -> None:
    made = apply(sample(), only(flip=1), Draws(0, 0), None)
    np.testing.assert_array_equal(made.pixels, sample().pixels[:, ::-1])
    np.testing.assert_array_equal(made.mask, made.pixels // 255)
    assert made.boxes == (Box("block", 30, 20, 70, 50),)  # Symmetric left to right.
    made = apply(sample(), only(flip_vertical=1), Draws(0, 0), None)
    np.testing.assert_array_equal(made.pixels, sample().pixels[::-1])
    assert made.boxes == (Box("block", 30, 30, 70, 60),)


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("size", [None, (64, 64), (150, 90)])
def test_box_and_mask_follow(number: int, size: tuple[int, int] | None) -> None:
    settings = only(crop=0.3, stretch=0.1, rotate=8, shear=4, perspective=0.05, flip=0.5)
    made = apply(sample(), settings, Draws(1, number), size)
    assert made.pixels.shape[:2] == ((80, 100) if size is None else size[::-1])
    (box,) = made.boxes
    found = lit_box(made.pixels)
    np.testing.assert_allclose([box.left, box.top, box.right, box.bottom], found, atol=2.5)
    assert made.mask is not None
    both = (made.mask[..., 0] == 1) == (made.pixels[..., 0] > 127)
    assert both.mean() > 0.98


def test_a_turned_window_stays_inside_where_enough_may_be_cut_away() -> None:
    settings = only(rotate=10, crop=0.4)
    for number in range(20):
        window = draw_window((100, 100), settings, Draws(0, number), (50, 50))
        assert window.corners.min() >= -1e-6
        assert window.corners.max() <= 100 + 1e-6


def test_beyond_the_edge_it_goes_on_mirrored() -> None:
    pixels = np.full((40, 40, 3), 90, np.uint8)
    made = apply(Sample(pixels, {"": 1.0}), only(rotate=180), Draws(0, 3), None)
    assert made.pixels.min() >= 89


def test_a_box_that_is_hardly_seen_goes() -> None:
    given = Sample(sample().pixels, {"": 1.0}, (Box("edge", 0, 0, 4, 4),))
    kept = [apply(given, only(crop=0.6), Draws(0, number), None).boxes for number in range(30)]
    assert 0 < sum(map(bool, kept)) < 30


def test_the_middle_is_taken_where_nothing_is_drawn() -> None:
    made = fitted(sample(), (40, 40))
    assert made.pixels.shape == (40, 40, 3)
    # 80×80 from x = 10: halved.
    np.testing.assert_allclose(lit_box(made.pixels), [10, 10, 30, 25], atol=1)


@pytest.mark.parametrize(
    "name",
    ["brightness", "contrast", "saturation", "hue", "grey", "blur", "noise", "jpeg", "erase"],
)
def test_each_change_of_light_changes_something_and_is_named(name: str) -> None:
    ramp = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    ramp[..., 1] = ramp[::-1, ::-1, 1]
    given = Sample(ramp, {"": 1.0})
    settings = only(**{name: 0.5 if name in {"brightness", "contrast", "saturation", "hue"} else 1})
    made = apply(given, settings, Draws(0, 0), None)
    assert not np.array_equal(made.pixels, ramp)
    assert [step.name for step in made.steps] == [name]
    np.testing.assert_array_equal(made.pixels, apply(given, settings, Draws(0, 0), None).pixels)


def test_one_setting_leaves_the_others_draws() -> None:
    steps = [
        {step.name: step.value for step in apply(sample(), settings, Draws(0, 5), None).steps}
        for settings in (only(rotate=10, brightness=0.2), only(brightness=0.2, noise=1, flip=1))
    ]
    assert steps[0]["brightness"] == steps[1]["brightness"]


def test_random_numbers_of_others_are_left_alone() -> None:
    before = torch.get_rng_state(), random.getstate(), state_of_numpy()
    apply(sample(), Classic(noise=1, erase=1, blur=1), Draws(0, 0), (32, 32))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert state_of_numpy() == before[2]


def state_of_numpy() -> str:
    return str(np.random.get_state())  # noqa: NPY002


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (17, 3)])
def test_tiny_pictures(shape: tuple[int, int]) -> None:
    given = Sample(np.full((*shape, 3), 9, np.uint8), {"": 1.0})
    made = apply(given, Classic(blur=1, erase=1, jpeg=1), Draws(0, 0), (16, 16))
    assert made.pixels.shape == (16, 16, 3)
