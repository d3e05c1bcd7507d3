"""MixUp and CutMix: pixels, shares, boxes and masks agree."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genapp.augmenting import Box, Mixing
from genapp.augmenting.draws import Draws
from genapp.augmenting.mixing import cutmix, kind_of, mix, mixed_shares, mixup
from genapp.augmenting.sample import Sample

DARK = Sample(
    np.zeros((40, 60, 3), np.uint8),
    {"dark": 1.0},
    (Box("d", 0, 0, 60, 40),),
    np.ones((40, 60, 3), np.uint8),
)
LIGHT = Sample(np.full((40, 60, 3), 200, np.uint8), {"light": 1.0}, (Box("l", 0, 0, 60, 40),))


@given(st.floats(0.5, 1), st.integers(0, 100))
def test_shares_are_what_is_seen(share: float, number: int) -> None:
    mixed = mixup(DARK, LIGHT, share, Draws(0, number))
    np.testing.assert_allclose(mixed.pixels, 200 * (1 - share), atol=0.51)
    assert mixed.boxes == DARK.boxes + LIGHT.boxes

    cut = cutmix(DARK, LIGHT, share, Draws(0, number))
    light = (cut.pixels[..., 0] == 200).mean()
    np.testing.assert_allclose(cut.shares["light"], light, atol=1e-4)
    assert cut.mask is not None
    np.testing.assert_array_equal(cut.mask[..., 0] == 0, cut.pixels[..., 0] == 200)


def test_a_box_under_the_cut_goes_and_one_in_it_comes() -> None:
    small = Box("small", 0, 0, 2, 2)
    first = Sample(DARK.pixels, DARK.shares, (small,))
    second = Sample(LIGHT.pixels, LIGHT.shares, (small,))
    for number in range(60):
        cut = cutmix(first, second, 0.5, Draws(0, number))
        # One of both covers the corner, or a part of each.
        seen = cut.pixels[:2, :2, 0].mean() / 200
        assert len(cut.boxes) == 1 or 0.25 <= seen <= 0.75


@given(st.integers(0, 1000))
def test_the_first_has_the_larger_share(number: int) -> None:
    for kind in ("mixup", "cutmix"):
        shares = mix(kind, DARK, LIGHT, Mixing(alpha=1), Draws(0, number)).shares
        assert next(iter(shares)) == "dark"
        assert abs(sum(shares.values()) - 1) < 1e-3


def test_two_of_one_class_stay_of_that_class() -> None:
    assert mixed_shares({"a": 1.0}, {"a": 1.0}, 0.6) == {"a": 1.0}


def test_how_often() -> None:
    kinds = [kind_of(Mixing(mixup=0.3, cutmix=0.2), Draws(0, number)) for number in range(2000)]
    assert abs(kinds.count("mixup") / 2000 - 0.3) < 0.04
    assert abs(kinds.count("cutmix") / 2000 - 0.2) < 0.04
    assert kind_of(Mixing(), Draws(0, 0)) is None
