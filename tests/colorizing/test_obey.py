"""What a hint changes: its thing, exactly in its colour, and nothing beyond the edge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from genapp.colorizing import Hint
from genapp.colorizing.colorizer import Coarse
from genapp.colorizing.obey import Influence

Array = NDArray[np.float32]

GREEN, RED = (0.2, 0.6, 0.3), (0.8, 0.3, 0.3)


def nothing(height: int, width: int) -> Coarse:
    """A network that knows no colours, and no hints."""
    return Coarse(np.zeros((height // 4, width // 4, 2), np.float32))


def two_things(height: int = 160, width: int = 240) -> Array:
    """Lightness: dark on the left, light on the right, with shading and grain."""
    y, x = np.mgrid[0:height, 0:width]
    grain = np.random.default_rng(0).normal(0, 1.5, (height, width))
    level = np.where(x < width // 2, 35, 75) + 8 * np.sin(y / 40) + grain
    return np.asarray(level, np.float32)


def obeyed(lightness: Array, *hints: Hint) -> Array:
    plain = nothing(*lightness.shape)
    ab = np.zeros((*lightness.shape, 2), np.float32)
    return Influence(lightness, plain, plain, hints).apply(ab)


def test_a_hint_fills_its_thing_and_stops_at_the_edge() -> None:
    hint = Hint(30, 80, GREEN)
    strength = np.linalg.norm(obeyed(two_things(), hint), axis=2) / np.hypot(*hint.lab[1:])
    assert strength[80, 30] == pytest.approx(1, abs=0.01)
    assert strength[60:100, 5:90].min() > 0.6
    assert strength[:, 130:].max() < 0.05


def test_two_hints_share_the_photo() -> None:
    ab = obeyed(two_things(), Hint(60, 80, GREEN), Hint(180, 80, RED))
    assert ab[80, 20:110, 0].max() < -15
    assert ab[80, 130:220, 0].min() > 15


def test_two_hints_on_one_thing_both_hold() -> None:
    lightness = np.full((120, 200), 60, np.float32)
    one, other = Hint(60, 60, GREEN), Hint(90, 60, RED)
    ab = obeyed(lightness, one, other)
    np.testing.assert_allclose(ab[60, 60], one.lab[1:], atol=2)
    np.testing.assert_allclose(ab[60, 90], other.lab[1:], atol=2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 59), st.integers(0, 89))
def test_the_colour_at_the_hint_is_the_hints(seed: int, y: int, x: int) -> None:
    """Whatever is in the photo and whatever the network said."""
    rng = np.random.default_rng(seed)
    lightness = (100 * rng.random((60, 90))).astype(np.float32)
    coarse = Coarse((60 * rng.random((15, 22, 2)) - 30).astype(np.float32))
    hint = Hint(x, y, (rng.random(), rng.random(), rng.random()))
    influence = Influence(lightness, coarse, coarse, [hint])
    ab = influence.apply((60 * rng.random((60, 90, 2)) - 30).astype(np.float32))
    assert np.isfinite(ab).all()
    np.testing.assert_allclose(ab[y, x], hint.lab[1:], atol=0.05)


def test_what_the_network_spreads_is_kept_where_it_agrees() -> None:
    """The network carries the hint over an edge to a thing of the same kind and lightness, and
    changes a thing of another lightness too: only the first is kept."""
    lightness = np.full((96, 144), 30, np.float32)
    lightness[:, 44:52] = lightness[:, 96:] = 80
    hint = Hint(20, 48, GREEN)
    plain = nothing(96, 144)
    hinted = Coarse(plain.ab + np.array(hint.lab[1:], np.float32))
    ab = Influence(lightness, plain, hinted, [hint]).apply(np.zeros((96, 144, 2), np.float32))
    strength = np.linalg.norm(ab, axis=2) / np.hypot(*hint.lab[1:])
    assert strength[30:60, 60:90].min() > 0.2
    assert strength[:, 104:].max() < 0.1
