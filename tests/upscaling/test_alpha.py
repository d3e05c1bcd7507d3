import numpy as np
import pytest

from genapp import images
from genapp.upscaling.alpha import Bounds, bleed


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_spread_over_what_is_clear(dtype: type[np.uint8 | np.uint16]) -> None:
    top = np.iinfo(dtype).max
    pixels: images.Pixels = np.zeros((40, 50, 3), dtype)
    alpha: images.Pixels = np.zeros((40, 50), dtype)
    pixels[10:20, 10:20] = (top, top // 2, 0)
    alpha[10:20, 10:20] = top
    result = bleed(pixels, alpha)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result[10:20, 10:20], pixels[10:20, 10:20])
    np.testing.assert_allclose(result / top, np.broadcast_to((1, 0.5, 0), result.shape), atol=0.01)


def test_nothing_to_spread() -> None:
    pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    solid, clear = np.full((10, 10), 255, np.uint8), np.zeros((10, 10), np.uint8)
    assert bleed(pixels, solid) is pixels
    assert bleed(pixels, clear) is pixels


def test_clear_stays_clear_and_solid_solid() -> None:
    alpha = np.zeros((20, 20), np.uint8)
    alpha[:, 10:] = 255
    rows = np.full((80, 80, 1), 0.5, np.float32)
    clipped = Bounds(alpha).clip(rows, (80, 80), 0)
    assert (clipped[:, :32] == 0).all()
    assert (clipped[:, 48:] == 1).all()
    assert clipped[:, 39:41].mean() == pytest.approx(0.5, abs=0.01)
