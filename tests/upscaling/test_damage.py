from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.upscaling.damage import damage

EXAMPLES = sorted((Path(__file__).parents[2] / "genapp/ui/examples").glob("*.jpg"))


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def clean(request: pytest.FixtureRequest) -> NDArray[np.uint8]:
    """An example portrait, 320×400."""
    picture = cv2.imread(str(request.param))
    assert picture is not None
    return np.asarray(cv2.resize(picture, (320, 400), interpolation=cv2.INTER_AREA), np.uint8)


def packed(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def test_a_clean_picture_has_nothing(clean: NDArray[np.uint8]) -> None:
    assert damage(clean) == ()
    assert damage(packed(clean, 92)) == ()
    assert damage(clean.astype(np.uint16) * 257) == ()


def test_noise(clean: NDArray[np.uint8]) -> None:
    noise = np.random.default_rng(0).normal(0, 12, clean.shape)
    assert damage(np.clip(clean + noise, 0, 255).astype(np.uint8)) == ("noisy",)


def test_compression_even_if_the_picture_was_cut(clean: NDArray[np.uint8]) -> None:
    bad = packed(clean, 40)
    assert damage(bad) == ("heavily compressed",)
    assert damage(bad[3:, 5:]) == ("heavily compressed",)
    assert damage(bad[..., :1]) == ("heavily compressed",)


@pytest.mark.parametrize("size", [(1, 1), (63, 400), (64, 64)])
def test_small_and_even_pictures(size: tuple[int, int]) -> None:
    assert damage(np.full((*size, 3), 90, np.uint8)) == ()
