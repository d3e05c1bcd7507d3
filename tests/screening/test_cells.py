"""Maps of where a picture is unlike the reference."""

import numpy as np
import pytest

from genapp.screening import cells
from genapp.screening.cells import CHANNELS, SIDE, Half


def drawn(count: int, seed: int, shift: float = 0.0) -> Half:
    """Features of which some vary ten times as much in the upper left corner as elsewhere, as
    those of the network do."""
    random = np.random.default_rng(seed)
    found = random.normal(shift, 1, (count, CHANNELS, SIDE, SIDE))
    found[:, :40, 0, 0] *= 10
    return found.astype(np.float16)


@pytest.mark.parametrize("count", [30, 200])
def test_no_corner_glows_because_it_always_varies(count: int) -> None:
    fitted = cells.fit(drawn(count, 0))
    heat = fitted.heat(drawn(40, 1, shift=2.0)).astype(float).mean(0)
    rest = np.median(heat)
    assert rest > 0.3
    assert heat[0, 0] < rest + 0.15


def test_what_belongs_is_cold_and_what_does_not_is_warm_where_it_differs() -> None:
    fitted = cells.fit(drawn(200, 0))
    pictures = drawn(20, 1)
    pictures[:, :, 5:7, 8:10] += 3
    heat = fitted.heat(pictures).astype(float)
    assert heat[:, 5:7, 8:10].min() > 0.5
    heat[:, 5:7, 8:10] = 0
    assert heat.mean() < 0.2


def test_features_that_never_change_do_not_count_without_end() -> None:
    same, one, other = drawn(30, 0), drawn(1, 1), drawn(1, 1)
    for pictures, value in ((same, 1), (one, 1), (other, 1.01)):
        pictures[:, 3] = value
    fitted = cells.fit(same)
    risen = fitted.heat(other).astype(float) - fitted.heat(one).astype(float)
    assert np.abs(risen).max() < 0.1
