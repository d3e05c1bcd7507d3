"""Blur and noise of a photo are found again, and a drawn layer gets them."""

import tracemalloc

import cv2
import numpy as np
import pytest

from genapp.images import Pixels, to_8_bit
from genapp.tryon import Analysis
from genapp.tryon.arrays import Array
from genapp.tryon.grain import (
    CLEAN,
    PATCH,
    Grain,
    add_noise,
    edge_blur,
    find_grain,
    measure_noise,
    soften,
)
from genapp.tryon.render import Layer, Relief


def edges(blur: float) -> Array:
    """A picture of slanted dark bars, drawn finely, averaged and blurred: H×W, 0..1."""
    y, x = np.mgrid[0:800, 0:800] / 8
    fine = ((x + 0.3 * y) % 30 < 15).astype(np.float32) * 0.5 + 0.2
    grey = cv2.resize(fine, (100, 100), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), blur) if blur else grey, np.float32)


def noisy(sigma: float, size: float = 0, level: int = 128) -> Pixels:
    """Grey patches with noise, N×P×P×3; sigma in levels, size in px."""
    noise = np.random.default_rng(5).standard_normal((40 * PATCH, PATCH, 3))
    if size:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), size), float)
        noise /= noise.std()
    return (
        np.clip(level + sigma * noise, 0, 255).round().astype(np.uint8).reshape(-1, PATCH, PATCH, 3)
    )


def bar(box: tuple[int, int, int, int] = (0, 0, 60, 60)) -> Layer:
    """A black frame over the right half of a box."""
    through = np.ones((box[3] - box[1], box[2] - box[0], 3), np.float32)
    through[:, through.shape[1] // 2 :] = 0
    flat = np.zeros(through.shape[:2], np.float32)
    return Layer(box, through, np.zeros_like(through), Relief(flat, flat, flat, flat))


@pytest.mark.parametrize("blur", [0.7, 1.0, 2.0, 3.0])
def test_blur_of_edges_is_found(blur: float) -> None:
    assert edge_blur(edges(blur), 0.0) == pytest.approx(blur, rel=0.15)


def test_sharp_edges_need_no_blur() -> None:
    assert edge_blur(edges(0), 0.0) < 0.4


def test_flat_picture_has_no_blur() -> None:
    assert edge_blur(np.full((40, 40), 0.5, np.float32), 0.0) == 0


@pytest.mark.parametrize("sigma", [8.0, 14.0, 20.0])
@pytest.mark.parametrize("size", [0.0, 0.7])
def test_noise_is_found(sigma: float, size: float) -> None:
    """Independent noise in R, G and B is 0.67 of it in Y, and 0.66 and 0.60 in Cr and Cb."""
    grain = measure_noise(noisy(sigma, size))
    assert grain.luma * 255 == pytest.approx(0.67 * sigma, rel=0.2)
    assert grain.chroma * 255 == pytest.approx(0.63 * sigma, rel=0.2)
    assert grain.size == pytest.approx(size, abs=0.2)


def test_wrinkles_are_no_noise_but_film_grain_is() -> None:
    """What varies in brightness alone, in a photo with colours, is texture."""
    film = np.repeat(noisy(12)[..., :1], 3, 3)
    colors = np.random.default_rng(1).normal((40, 0, -30), 0.4, film.shape)
    skin = (film + colors).round().clip(0, 255).astype(np.uint8)
    assert measure_noise(film).luma * 255 == pytest.approx(12, rel=0.2)
    assert measure_noise(skin).luma * 255 < 4


def test_even_skin_has_no_noise() -> None:
    assert measure_noise(np.full((20, PATCH, PATCH, 3), 140, np.uint8)) == CLEAN


def test_blurred_photo_is_more_blurred(analysis: Analysis) -> None:
    pixels, head = to_8_bit(analysis.photo.pixels), analysis.faces[0].head
    found = [
        find_grain(np.asarray(cv2.GaussianBlur(pixels, (0, 0), blur), np.uint8), head).blur
        for blur in (1.0, 2.0, 3.0)
    ]
    assert found[0] < found[1] < found[2]
    assert found[1] == pytest.approx(2.0, abs=0.6)


def test_face_at_the_edge_has_some_grain(analysis: Analysis) -> None:
    """Nothing of the face needs to be in the picture."""
    head = analysis.faces[0].head
    assert find_grain(analysis.photo.pixels[:20, :20], head) == CLEAN


@pytest.mark.parametrize("blur", [1.0, 2.0, 3.0])
def test_edge_of_the_frame_is_as_soft_as_the_photo(blur: float) -> None:
    through = soften(bar(), Grain(blur, 0, 0, 0)).through[..., 0]
    slope = -np.diff(through[30])
    at = np.arange(len(slope))
    middle = np.average(at, weights=slope)
    width = np.average((at - middle) ** 2, weights=slope) ** 0.5
    assert width == pytest.approx(blur, rel=0.1)


def test_sharp_photo_leaves_the_layer_alone() -> None:
    layer = bar()
    assert soften(layer, CLEAN) is layer


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_noise_lies_where_the_frame_is(dtype: type[np.uint8] | type[np.uint16]) -> None:
    top = np.iinfo(dtype).max
    region = np.full((60, 60, 3), top // 2, dtype)
    before = region.copy()
    add_noise(region, bar(), Grain(0, 10 / 255, 5 / 255, 0.5))
    assert np.array_equal(region[:, :30], before[:, :30])
    drawn = region[:, 30:] / top * 255
    grey = drawn @ np.array([0.299, 0.587, 0.114])
    assert grey.std() == pytest.approx(10, rel=0.1)


def test_noise_is_the_same_each_time_and_stays_in_place() -> None:
    grain = Grain(0, 10 / 255, 5 / 255, 0.5)
    one, other = (np.full((300, 300, 3), 128, np.uint8) for _ in range(2))
    for picture, box in ((one, (0, 0, 300, 300)), (other, (40, 20, 300, 300))):
        layer = bar(box)
        layer.through[:] = 0
        add_noise(picture[box[1] :, box[0] :], layer, grain)
    assert np.array_equal(one[20:, 40:], other[20:, 40:])


def test_ever_new_grain_keeps_no_memory() -> None:
    layer = bar()
    region = np.full((60, 60, 3), 128, np.uint8)
    tracemalloc.start()
    for number in range(60):
        add_noise(region, layer, Grain(0, 0.02 + number / 5000, 0.02, number / 50))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 10_000_000


def test_shrinking_sharpens_and_calms() -> None:
    grain = Grain(2.0, 0.04, 0.02, 0.6)
    half = grain.zoomed(0.5)
    assert half.blur < grain.blur
    assert half.luma < grain.luma
    assert grain.zoomed(1.0).blur == pytest.approx(grain.blur)
    assert grain.zoomed(1.0).luma == grain.luma
