"""Tiles that fit together, and no patterns of the network's making."""

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.registry.engines import Engines
from genapp.translating import STYLES, read_styles
from genapp.translating.styles import MULTI, blended_numbers
from genapp.translating.tiles import Brush, paint_tiles, run, statistics

WIDE, HIGH = 300, 221  # no multiples of 4


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(device="cpu")


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    y, x = np.mgrid[0:HIGH, 0:WIDE]
    rings = 127 + 100 * np.sin(np.hypot(x - 120, y - 90) / 6)
    picture = np.stack([rings, 255 - x * 0.8, (x // 20 + y // 20) % 2 * 180 + 30], axis=-1)
    noise = np.random.default_rng(0).normal(0, 6, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def brush(engines: Engines, style: str | NDArray[np.uint8]) -> Brush:
    ((model, (_, numbers)),) = blended_numbers(read_styles(style), engines).items()
    return Brush(engines.get(model), numbers)


def whole_of(pieces: list[tuple[int, int, NDArray[np.float32]]]) -> NDArray[np.float32]:
    """Raises a warning of NumPy where a pixel was never painted."""
    result = np.full((HIGH, WIDE, 3), np.nan, np.float32)
    for left, top, piece in pieces:
        assert np.isnan(result[top : top + piece.shape[0], left : left + piece.shape[1]]).all()
        result[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
    assert np.isfinite(result).all()
    return result


@pytest.mark.parametrize("style", ["blue-strokes", "woven-red", "picture"])
def test_tiles_are_parts_of_the_whole(
    engines: Engines, picture: NDArray[np.uint8], style: str
) -> None:
    """With the same statistics, at most 1/255 apart anywhere."""
    chosen = brush(engines, picture[:200, :200] if style == "picture" else style)
    few = 20_000
    shared = statistics(picture, chosen, few)
    expected, used = run(picture, chosen, shared)
    np.testing.assert_allclose(used, shared, rtol=1e-5)
    counted: list[int] = []
    pieces = list(paint_tiles(picture, chosen, whole=few, tile=96, done=counted.append))
    assert len(pieces) == 4 * 3
    assert sum(counted) == WIDE * HIGH
    assert np.abs(whole_of(pieces) - expected).max() <= 1 / 255


def test_a_small_picture_is_painted_at_once(engines: Engines, picture: NDArray[np.uint8]) -> None:
    chosen = brush(engines, "embers")
    ((left, top, piece),) = paint_tiles(picture, chosen)
    assert (left, top) == (0, 0)
    np.testing.assert_array_equal(piece, run(picture, chosen, None)[0])


@pytest.mark.parametrize(
    "style", [*(style.name for style in STYLES if style.model == MULTI), "picture"]
)
def test_no_pattern_of_2_or_4_pixels(engines: Engines, style: str) -> None:
    """On a soft picture, frequencies of the 4- and 2-pixel grid are no stronger than those beside
    them; upsampling inside a network can leave a checkerboard there."""
    y, x = np.mgrid[0:256, 0:256]
    soft = np.stack([x, y, 255 - (x + y) / 2], axis=-1)
    grain = np.random.default_rng(1).normal(0, 4, soft.shape)
    pixels = np.clip(soft + grain, 0, 255).astype(np.uint8)
    painting, _ = run(pixels, brush(engines, pixels if style == "picture" else style), None)
    inner = painting[32:224, 32:224].mean(axis=2)  # 192 is a multiple of 4
    spectrum = np.abs(
        np.fft.fft2((inner - inner.mean()) * np.hanning(192)[:, None] * np.hanning(192))
    )
    power = spectrum**2
    for axis in (0, 1):
        line = power.sum(axis=axis)
        for peak in (48, 96):
            beside = np.r_[line[peak - 8 : peak - 2], line[peak + 3 : peak + 9]]
            assert line[peak - 1 : peak + 2].max() < 3 * beside.max()
