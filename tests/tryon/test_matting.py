"""The guided filter finds the edge that a rough mask only hints at."""

import numpy as np
import pytest

from genapp.tryon.matting import guided_filter


def test_mask_snaps_to_the_edge_of_the_picture() -> None:
    guide = np.zeros((120, 120, 3), np.float32)
    guide[:, 60:] = (0.8, 0.5, 0.4)
    rough = np.zeros((120, 120), np.float32)
    rough[:, 65:] = 1
    matte = guided_filter(guide, rough, 10)
    true = (guide[..., 0] > 0).astype(np.float32)
    assert np.abs((matte > 0.5) - true).mean() < 0.5 * np.abs(rough - true).mean()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_even_mask_stays(value: float) -> None:
    guide = np.random.default_rng(0).random((90, 70, 3)).astype(np.float32)
    matte = guided_filter(guide, np.full((90, 70), value, np.float32), 6)
    assert matte == pytest.approx(np.full((90, 70), value), abs=1e-3)


def test_a_large_picture_keeps_its_size() -> None:
    guide = np.zeros((300, 400, 3), np.float32)
    assert guided_filter(guide, np.zeros((300, 400), np.float32), 8).shape == (300, 400)


def test_an_even_picture_only_smooths() -> None:
    rough = np.zeros((60, 60), np.float32)
    rough[:, 30:] = 1
    matte = guided_filter(np.full((60, 60, 3), 0.5, np.float32), rough, 4)
    assert 0.3 < matte[30, 30] < 0.7
    assert matte[30, 2] == pytest.approx(0, abs=1e-3)
    assert matte[30, 57] == pytest.approx(1, abs=1e-3)
