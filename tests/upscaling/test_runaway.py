from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from genapp.registry.engines import Engines
from genapp.upscaling.resample import BICUBIC, rows_of
from genapp.upscaling.runaway import REACH, caught
from genapp.upscaling.tiles import enlarge_strips

NETWORKS = ["upscale/span-x2.ch48", "upscale/span-x4.ch48", "upscale/span-x4.real"]


def error(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean((np.clip(a, 0, 1) - b) ** 2)))


def bicubic(source: NDArray[Any], scale: int) -> NDArray[np.float32]:
    height, width = source.shape[:2]
    return rows_of(
        source.astype(np.float32), (width * scale, height * scale), 0, height * scale, BICUBIC
    )


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("kind", ["noise", "more noise", "checkerboard"])
def test_what_no_network_can_read_is_no_worse_than_interpolated(
    real: Engines, name: str, kind: str
) -> None:
    y, x = np.mgrid[0:96, 0:112].astype(np.float32)
    clean = np.stack([x / 111, y / 95, (np.sin(x / 9) + 1) / 2], axis=-1)
    sigma = {"noise": 50, "more noise": 80, "checkerboard": 0}[kind]
    noisy = clean + np.random.default_rng(0).normal(0, sigma / 255, clean.shape)
    if kind == "checkerboard":
        noisy = np.repeat(((x + y) % 2)[..., np.newaxis], 3, axis=2)
    source = np.rint(np.clip(noisy, 0, 1) * 255).astype(np.uint8)
    model = real.catalog.get(name)
    engine = real.get(name)
    strips = enlarge_strips(source, model, engine, 1000, lambda pixels: None)
    made = np.concatenate([rows for _, rows in strips])
    scale = model.scale or 1
    expected = bicubic(clean if sigma else source.astype(np.float32) / 255, scale)
    plain = bicubic(source.astype(np.float32) / 255, scale)
    assert made.min() > -0.5
    assert made.max() < 1.5
    # 1.25: where SPAN holds out it sharpens noise a little; running away, it was more than 2.
    assert error(made, expected) <= 1.25 * error(plain, expected) + 0.02


def test_a_good_picture_is_left_alone(textured: NDArray[np.uint8]) -> None:
    enlarged = Image.fromarray(textured).resize((300, 240), Image.Resampling.BICUBIC)
    values = (np.asarray(enlarged) / 255 * 1.2 - 0.1).astype(np.float32)
    assert caught(values, (textured / 255).astype(np.float32)) is values


@pytest.mark.parametrize("value", [900.0, -900.0, np.nan, np.inf, -np.inf])
def test_only_the_neighbourhood_is_replaced(value: float) -> None:
    source = np.linspace(0.2, 0.8, 60 * 60 * 3, dtype=np.float32).reshape(60, 60, 3)
    enlarged = np.full((120, 120, 3), 0.5, np.float32)
    enlarged[60, 60, 1] = value
    result = caught(enlarged, source)
    plain = bicubic(source, 2)
    np.testing.assert_allclose(result[60:62, 60:62], plain[60:62, 60:62], atol=1e-6)
    far = np.ones((120, 120), bool)
    reach = 2 * (REACH + 4)
    far[60 - reach : 61 + reach, 60 - reach : 61 + reach] = False
    np.testing.assert_array_equal(result[far], enlarged[far])
    assert np.isfinite(result).all()
