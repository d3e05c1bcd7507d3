import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

import genapp
from genapp import images
from genapp.errors import BadValue, Cancelled, OutOfMemory
from genapp.images import Photo, read
from genapp.registry.catalog import Catalog
from genapp.registry.devices import Ran
from genapp.registry.engines import Engine, Engines
from genapp.upscaling import Finish, enlarge, finish, make_plan, read_mask, size_of, upscale
from genapp.upscaling.memory import SMALLEST_TILE
from genapp.upscaling.resample import BICUBIC, rows_of

PORTRAIT = Path(__file__).parents[2] / "genapp" / "ui" / "examples" / "young-woman.jpg"
Bytes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def bicubic(photo: Photo, size: tuple[int, int]) -> NDArray[np.float32]:
    return np.clip(rows_of(photo.pixels, size, 0, size[1], BICUBIC), 0, 1)


# Nothing lost --------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["png", "tiff", "webp", "jpg", "avif"])
def test_metadata_stay(
    stand_ins: Engines, textured: Bytes, profile: bytes, format: str, tmp_path: Path
) -> None:
    """A photo that lies on its side in the file comes out upright, once."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Camera maker"
    Image.fromarray(textured).save(tmp_path / "p.png", exif=exif, icc_profile=profile)
    result = upscale(tmp_path / "p.png", 2, engines=stand_ins)
    assert result.photo.name == "p-x2"
    images.write(result.photo, tmp_path / f"out.{format}", quality=100)
    again = read(tmp_path / f"out.{format}")
    assert size_of(again) == (240, 300)
    assert again.icc == profile
    block = Image.Exif()
    block.load(again.exif or b"")
    assert block[ExifTags.Base.Make] == "Camera maker"
    assert block.get(ExifTags.Base.Orientation, 1) == 1
    expected = np.rot90(textured, -1).repeat(2, axis=0).repeat(2, axis=1)
    assert np.abs(again.pixels.astype(int) - expected).mean() < 8


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_16_bits_stay_16_bits(stand_ins: Engines, format: str, tmp_path: Path) -> None:
    ramp = np.linspace(20_000, 21_000, 64 * 64 * 3).astype(np.uint16).reshape(64, 64, 3)
    result = upscale(ramp, 2, engines=stand_ins)
    images.write(result.photo, tmp_path / f"out.{format}")
    again = read(tmp_path / f"out.{format}").pixels
    assert again.dtype == np.uint16
    np.testing.assert_array_equal(again, result.photo.pixels)
    # No step of 257 between neighbours, as there would be had it been 8 bits on the way.
    assert np.unique(again).size > 500
    assert np.abs(again[::2, ::2].astype(int) - ramp).max() < 60


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_grey_stays_grey(real: Engines, textured: Bytes, dtype: type, format: str) -> None:
    grey: images.Pixels = textured[..., 0].astype(dtype) * (257 if dtype is np.uint16 else 1)
    result = upscale(grey, 2, engines=real)
    assert result.photo.grey
    assert (result.photo.pixels == result.photo.pixels[..., :1]).all()
    data = images.encode(result.photo, format, keep_grey=True)
    assert Image.open(io.BytesIO(data)).mode in {"L", "I;16"}
    assert read(data).pixels.dtype == dtype


@pytest.mark.parametrize("format", ["png", "tiff", "webp"])
def test_alpha_has_no_halo(real: Engines, format: str) -> None:
    """A red disc on nothing, whose hidden colour is white: no pixel turns pink."""
    y, x = np.mgrid[0:48, 0:48]
    cover = np.clip(16.5 - np.hypot(x - 23.5, y - 23.5), 0, 1)
    pixels = np.full((48, 48, 4), 255, np.uint8)
    pixels[cover > 0, :3] = (200, 20, 30)
    pixels[..., 3] = np.rint(cover * 255)
    result = upscale(pixels, 4, engines=real)
    again = read(images.encode(result.photo, format, quality=100))
    assert again.alpha is not None
    np.testing.assert_array_equal(again.alpha, result.photo.alpha)
    seen = again.alpha > 0
    assert np.abs(again.pixels[seen].astype(int) - (200, 20, 30)).max() <= 6
    # The same area, a sharp and round edge, nothing far away.
    assert again.alpha.mean() == pytest.approx(pixels[..., 3].mean(), abs=0.7)
    far = np.hypot(*(np.mgrid[0:192, 0:192] - 95.5))
    assert (again.alpha[far > 72] == 0).all()
    assert (again.alpha[far < 52] == 255).all()


def test_an_even_alpha_stays_even(stand_ins: Engines, textured: Bytes) -> None:
    alpha = np.full(textured.shape[:2], 77, np.uint8)
    result = upscale(np.dstack([textured, alpha]), 2, engines=stand_ins)
    assert result.photo.alpha is not None
    assert (result.photo.alpha == 77).all()
    assert result.photo.alpha.shape == (240, 300)


# Sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "size", "name"),
    [
        ({}, (300, 240), "photo-x2"),
        ({"scale": 1.1}, (165, 132), "photo-x1.1"),
        ({"scale": 3.3}, (495, 396), "photo-x3.3"),
        ({"scale": 8}, (1200, 960), "photo-x8"),
        ({"width": 400}, (400, 320), "photo-x2.67"),
        ({"height": 361}, (451, 361), "photo-x3.01"),
        ({"width": 300, "height": 600}, (300, 600), "photo-x2"),
    ],
)
def test_any_size(
    stand_ins: Engines, textured: Bytes, asked: dict[str, Any], size: tuple[int, int], name: str
) -> None:
    result = upscale(textured, engines=stand_ins, **asked)
    assert size_of(result.photo) == size
    assert result.photo.name == name
    # The same picture, nowhere shifted.
    wanted = bicubic(read(textured), size) * 255
    assert np.abs(result.photo.pixels - wanted).mean() < 12


def test_a_side_too_long_for_the_format_is_refused_first(stand_ins: Engines) -> None:
    wide = np.zeros((2, 9000, 3), np.uint8)
    with pytest.raises(BadValue, match="WEBP holds at most 16383 pixels"):
        upscale(wide, 2, format="webp", engines=stand_ins)
    assert size_of(upscale(wide, 2, engines=stand_ins).photo) == (18_000, 4)


# What is done with it ------------------------------------------------------------------------


def test_strength(stand_ins: Engines, textured: Bytes) -> None:
    none, half, full = (
        upscale(textured, 4, strength=strength, engines=stand_ins).photo.pixels.astype(int)
        for strength in (0, 0.5, 1)
    )
    expected = np.rint(bicubic(read(textured), (600, 480)) * 255)
    assert np.abs(none - expected).max() <= 1
    assert np.abs(half - (none + full) / 2).max() <= 16  # Clipping apart.
    assert np.abs(half - (none + full) / 2).mean() < 0.7


def test_colours_cannot_shift(stand_ins: Engines, textured: Bytes) -> None:
    options = {"model": "upscale/tinted-x2.v1", "engines": stand_ins}
    calm = (textured // 2 + 60).astype(np.uint8)
    kept = upscale(calm, 2, **options).photo.pixels  # type: ignore[arg-type]
    shifted = upscale(calm, 2, keep_colors=False, **options).photo.pixels  # type: ignore[arg-type]
    np.testing.assert_allclose(kept.mean((0, 1)), calm.mean((0, 1)), atol=0.3)
    assert shifted.mean((0, 1))[0] - calm.mean((0, 1))[0] == pytest.approx(25.5, abs=1)


def test_the_real_network_keeps_colours(real: Engines) -> None:
    small = np.asarray(Image.open(PORTRAIT).resize((96, 120), Image.Resampling.BOX))
    large = upscale(small, 4, engines=real).photo.pixels
    again = np.asarray(Image.fromarray(large).resize((96, 120), Image.Resampling.BOX))
    np.testing.assert_allclose(large.mean((0, 1)), small.mean((0, 1)), atol=0.3)
    assert np.abs(again.astype(int) - small).mean() < 3
    # Sharper than interpolation, or the network did nothing.
    interpolated = upscale(small, 4, strength=0, engines=real).photo.pixels
    assert (
        np.abs(np.diff(large.astype(int))).mean() > np.abs(np.diff(interpolated.astype(int))).mean()
    )


def test_grain_comes_back_the_same_each_time(stand_ins: Engines, catalog: Catalog) -> None:
    noise = np.random.default_rng(1).normal(120, 8, (128, 128, 1)).clip(0, 255)
    photo = read(np.repeat(noise, 3, axis=2).astype(np.uint8))
    made = enlarge(photo, make_plan((128, 128), catalog), stand_ins)
    smooth = replace(made, detail=np.full_like(made.detail, 120 * 257))
    clean, grainy, again = (
        finish(smooth, Finish(grain=grain, keep_colors=False)).photo.pixels for grain in (0, 1, 1)
    )
    assert clean.std() == 0
    assert grainy.std() == pytest.approx(8, rel=0.2)
    np.testing.assert_array_equal(grainy, again)


def test_what_is_protected_stays(stand_ins: Engines, textured: Bytes) -> None:
    mask = np.zeros((12, 15), np.uint8)
    mask[:, :8] = 255
    result = upscale(textured, 2, protect=mask, engines=stand_ins).photo.pixels.astype(int)
    plain = upscale(textured, 2, engines=stand_ins).photo.pixels.astype(int)
    base = np.rint(bicubic(read(textured), (300, 240)) * 255)
    assert np.abs(result[:, :140] - base[:, :140]).max() <= 1
    np.testing.assert_array_equal(result[:, 210:], plain[:, 210:])


def test_masks_of_any_kind() -> None:
    clear = np.full((5, 5, 4), 255, np.uint8)
    clear[..., 3] = 0
    assert not read_mask(clear, (40, 30)).any()
    white = read_mask(np.full((300, 400), 255, np.uint8), (40, 30))
    assert white.shape == (30, 40)
    assert (white == 255).all()


def test_a_face_that_is_switched_off_stays(real: Engines) -> None:
    small = np.asarray(Image.open(PORTRAIT).resize((192, 240), Image.Resampling.BOX))
    result = upscale(small, 2, faces=False, engines=real)
    (face,) = result.report()["faces"]
    assert face["enlarged"] is False
    x, y, width, height = face["box"]
    middle = (
        slice(round(2 * (y + height / 3)), round(2 * (y + height * 2 / 3))),
        slice(round(2 * (x + width / 3)), round(2 * (x + width * 2 / 3))),
    )
    base = np.rint(bicubic(read(small), (384, 480)) * 255)
    assert np.abs(result.photo.pixels.astype(int) - base)[middle].max() <= 1
    assert np.abs(result.photo.pixels.astype(int) - base).max() > 8
    on = upscale(small, 2, faces=[0], engines=real)
    assert on.faces[0]["enlarged"] is True
    plain = upscale(small, 2, engines=real)
    np.testing.assert_array_equal(on.photo.pixels, plain.photo.pixels)
    assert plain.faces == ()


def test_a_restored_face_is_in_the_result(stand_ins: Engines, real: Engines) -> None:
    """The stand-in's face is a negative: the result differs there, and nowhere else."""
    small = np.asarray(Image.open(PORTRAIT).resize((192, 240), Image.Resampling.BOX))
    catalog = Catalog((*stand_ins.catalog.models, *real.catalog.models))

    class Both(Engines):
        def get(self, name: str, *, divisible: bool = False) -> Engine:
            pool = stand_ins if name in stand_ins.catalog.names else real
            return pool.get(name, divisible=divisible)

        def ran(self, name: str) -> Ran:
            return (stand_ins if name in stand_ins.catalog.names else real).ran(name)

    engines = Both(catalog, real.store, device="cpu")
    asked: dict[str, Any] = {"model": "upscale/near-x2.v1", "engines": engines}
    plain = upscale(small, 2, **asked).photo.pixels.astype(int)
    restored = upscale(small, 2, restore_faces=True, fidelity=0, **asked).photo.pixels
    changed = np.abs(restored - plain).max(axis=2)
    assert changed[200:280, 140:230].mean() > 5
    assert (changed[:20] == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 1.5}, "The strength is 1.5"),
        ({"grain": float("nan")}, "The grain is nan"),
        ({"fidelity": True}, "The fidelity is True"),
        ({"faces": [4]}, "There is no face 4"),
    ],
)
def test_values_refused(
    real: Engines, textured: Bytes, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadValue, match=message):
        upscale(textured, engines=real, **options)


# The work ------------------------------------------------------------------------------------


def test_progress_rises_and_can_stop(stand_ins: Engines, textured: Bytes) -> None:
    told: list[tuple[float, str, float | None]] = []
    upscale(textured, 2, engines=stand_ins, progress=lambda *news: told.append(news))
    networks = [done for done, what, _ in told if "near-x2" in what]
    assert networks == sorted(networks)
    assert networks[-1] == 1
    assert all(left is not None and left >= 0 for _, _, left in told)

    def stop(done: float, what: str, seconds_left: float | None) -> None:
        raise Cancelled("It was cancelled.", "Start again.")

    with pytest.raises(Cancelled):
        upscale(textured, 2, engines=stand_ins, progress=stop)


class Narrow:
    """A network that runs out of memory on anything larger than `most` pixels a side."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.tried: list[int] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        image = inputs["image"]
        self.tried.append(max(image.shape))
        if max(image.shape) > self.most:
            raise OutOfMemory("Too little.", "Buy more.")
        return {"enlarged": image.repeat(2, axis=2).repeat(2, axis=3)}


def test_out_of_memory_retries_smaller(
    stand_ins: Engines, textured: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = upscale(textured, 2, engines=stand_ins).photo.pixels
    narrow = Narrow(100)
    monkeypatch.setattr(stand_ins, "get", lambda name, divisible: narrow)
    np.testing.assert_array_equal(upscale(textured, 2, engines=stand_ins).photo.pixels, expected)
    assert narrow.tried[0] == 150
    monkeypatch.setattr(stand_ins, "get", lambda name, divisible: Narrow(SMALLEST_TILE - 1))
    with pytest.raises(OutOfMemory, match="too little memory to run upscale/near-x2"):
        upscale(textured, 2, engines=stand_ins)


def test_the_recipe_gives_the_result_again(real: Engines, textured: Bytes) -> None:
    result = genapp.upscale(textured, 2.2, strength=0.7, grain=0.4, seed=3, engines=real)
    recipe = dict(result.recipe)
    assert recipe.pop("models") == ["upscale/span-x4.ch48"]
    assert recipe.pop("protect") is False
    again = genapp.upscale(textured, engines=real, **recipe)
    np.testing.assert_array_equal(again.photo.pixels, result.photo.pixels)
    assert result.report()["model"] == "upscale/span-x4.ch48"
    assert result.report()["size"] == [330, 264]
    assert {"read", "networks", "finish"} <= result.timings_ms.keys()
