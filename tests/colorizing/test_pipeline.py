"""Colouring as a whole, with the network that comes with genapp."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

import genapp
from genapp import images
from genapp.colorizing import (
    Analysis,
    Look,
    analyse,
    candidates,
    colorize,
    paint,
    palette_of,
    uncertainty,
)
from genapp.errors import BadValue, UnknownName
from genapp.images import Pixels, read, to_float
from genapp.registry.engines import Engines

PORTRAIT = Path(__file__).parents[2] / "genapp" / "ui" / "examples" / "young-woman.jpg"
Bytes = NDArray[np.uint8]


def lab_of(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(to_float(pixels), cv2.COLOR_RGB2Lab), np.float32)


def chroma_of(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(np.linalg.norm(lab_of(pixels)[..., 1:], axis=2), np.float32)


@pytest.fixture(scope="module")
def analysis(real: Engines, face: Bytes) -> Analysis:
    return analyse(face, engines=real)


# What stays ----------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    st.floats(0, 2),
    st.floats(-1, 1),
    st.floats(0, 1),
    st.integers(0, 6),
)
def test_the_lightness_stays(
    analysis: Analysis, saturation: float, warmth: float, strength: float, candidate: int
) -> None:
    look = Look(saturation, warmth, strength, candidate)
    before, after = lab_of(analysis.photo.pixels), lab_of(paint(analysis, look).photo.pixels)
    # 8 bits: half a step of the darkest greys is about 0.3 units; a channel at its end, more.
    assert np.abs(before - after)[..., 0].max() < 1.2
    assert np.abs(before - after)[..., 0].mean() < 0.2


def test_strength_0_is_the_photo(analysis: Analysis) -> None:
    painted = paint(analysis, Look(strength=0)).photo.pixels
    np.testing.assert_array_equal(painted, analysis.photo.pixels)


def test_saturation_0_is_grey(analysis: Analysis) -> None:
    painted = paint(analysis, Look(saturation=0)).photo.pixels
    np.testing.assert_array_equal(painted, analysis.photo.pixels)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.uint8, np.uint16]),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.booleans(),
    st.booleans(),
)
def test_any_photo_keeps_what_is_its_own(
    real: Engines, seed: int, dtype: type, size: tuple[int, int], coloured: bool, alpha: bool
) -> None:
    """Lightness, opacity and depth; all of it with strength 0; its greys with saturation 0."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    values: Pixels = rng.integers(0, top, (*size, 4)).astype(dtype)
    if not coloured:
        values[..., :3] = values[..., :1]
    pixels, opacity = values[..., :3], values[..., 3]
    given = values if alpha else pixels
    analysis = analyse(given, hints=["0,0,#c04040"], engines=real)
    none = paint(analysis, Look(strength=0)).photo
    np.testing.assert_array_equal(none.pixels, pixels)
    made = paint(analysis, Look(candidate=1)).photo
    assert made.pixels.dtype == dtype
    assert np.abs(lab_of(made.pixels) - lab_of(pixels))[..., 0].max() < 1.2
    for photo in (none, made):
        if alpha:
            np.testing.assert_array_equal(photo.alpha, opacity)
        else:
            assert photo.alpha is None
    plain = paint(analysis, Look(saturation=0)).photo.pixels
    assert chroma_of(plain).max() < 1
    if not coloured:
        assert np.abs(plain.astype(int) - pixels).max() <= top // 10_000


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_depth_and_alpha_stay(real: Engines, face: Bytes, dtype: type) -> None:
    grey: Pixels = face[::4, ::4].astype(dtype) * (257 if dtype is np.uint16 else 1)
    alpha: Pixels = np.arange(grey.size).reshape(grey.shape).astype(dtype)
    result = colorize(np.dstack([grey, grey, grey, alpha]), engines=real).photo
    assert result.pixels.dtype == dtype
    np.testing.assert_array_equal(result.alpha, alpha)
    assert chroma_of(result.pixels).mean() > 2


@pytest.mark.parametrize("format", ["png", "tiff", "webp", "jpg"])
def test_metadata_stay(real: Engines, face: Bytes, format: str, tmp_path: Path) -> None:
    """A grey photo that lies on its side in the file comes out coloured and upright."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Camera maker"
    lying = np.ascontiguousarray(np.rot90(face[::4, ::4]))
    Image.fromarray(lying).convert("RGB").save(tmp_path / "p.png", exif=exif, icc_profile=profile)
    result = colorize(tmp_path / "p.png", engines=real)
    assert result.photo.name == "p-colour"
    images.write(result.photo, tmp_path / f"out.{format}", keep_grey=True)
    again = read(tmp_path / f"out.{format}")
    assert again.pixels.shape == (*face[::4, ::4].shape, 3)
    assert again.icc == profile
    assert chroma_of(again.pixels).mean() > 4
    block = Image.Exif()
    block.load(again.exif or b"")
    assert block[ExifTags.Base.Make] == "Camera maker"


def test_a_grey_file_becomes_a_coloured_one(real: Engines, face: Bytes) -> None:
    stream = io.BytesIO()
    Image.fromarray(face[::4, ::4]).save(stream, "PNG")
    result = colorize(stream.getvalue(), engines=real)
    data = images.encode(result.photo, "png", keep_grey=True)
    assert Image.open(io.BytesIO(data)).mode == "RGB"


# What the user decides -----------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 200),
    st.integers(-100, 100),
    st.integers(1, 100),
    st.integers(0, 6),
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=2),
)
def test_the_recipe_gives_the_same_again(
    real: Engines,
    face: Bytes,
    saturation: int,
    warmth: int,
    strength: int,
    candidate: int,
    places: list[tuple[int, int]],
) -> None:
    small = np.asarray(cv2.resize(face, (256, 256)), np.uint8)
    result = colorize(
        small,
        hints=[f"{x},{y},#3a6ea5" for x, y in places],
        saturation=saturation / 100,
        warmth=warmth / 100,
        strength=strength / 100,
        candidate=candidate,
        engines=real,
    )
    again = colorize(small, **result.recipe, engines=real)
    np.testing.assert_array_equal(again.photo.pixels, result.photo.pixels)
    assert again.recipe == result.recipe


def test_more_saturation_more_colour(analysis: Analysis) -> None:
    means = [
        chroma_of(paint(analysis, Look(saturation=value)).photo.pixels).mean()
        for value in (0.5, 1.0, 1.5)
    ]
    assert means[0] < 0.7 * means[1] < 0.6 * means[2]


def test_warm_is_more_yellow_and_cold_more_blue(analysis: Analysis) -> None:
    cold, plain, warm = (
        lab_of(paint(analysis, Look(warmth=value)).photo.pixels)[..., 2].mean()
        for value in (-1.0, 0.0, 1.0)
    )
    assert cold < plain - 4 < plain + 4 < warm


def test_what_is_to_stay_grey_stays_grey(real: Engines, face: Bytes) -> None:
    mask = np.zeros(face.shape, np.uint8)
    mask[: face.shape[0] // 2] = 255
    result = colorize(face, keep_grey=mask, engines=real).photo.pixels
    np.testing.assert_array_equal(
        result[: face.shape[0] // 2], np.dstack([face] * 3)[: face.shape[0] // 2]
    )
    assert chroma_of(result[2 * face.shape[0] // 3 :]).mean() > 2


def test_a_hint_is_obeyed(real: Engines, face: Bytes) -> None:
    height, width = face.shape
    x, y = width // 2, height - height // 20
    plain = lab_of(colorize(face, engines=real).photo.pixels)
    hinted = lab_of(colorize(face, hints=[f"{x},{y},#9cc8e8"], engines=real).photo.pixels)
    asked = np.array(genapp.colorizing.parse_hint(f"{x},{y},#9cc8e8").lab[1:])
    assert np.linalg.norm(hinted[y, x, 1:] - asked) < 3
    assert np.linalg.norm(plain[y, x, 1:] - asked) > 15
    # Far away nothing changes.
    assert np.abs(hinted - plain)[: height // 4].mean() < 1


def test_candidates_differ_and_come_again(analysis: Analysis) -> None:
    made = candidates(analysis, 4)
    assert len(made) == 4
    small = analysis.preview()
    np.testing.assert_array_equal(made[0].photo.pixels, paint(small).photo.pixels)
    again = paint(small, Look(candidate=3))
    np.testing.assert_array_equal(made[3].photo.pixels, again.photo.pixels)
    colors = [lab_of(each.photo.pixels)[..., 1:] for each in made]
    for one in range(4):
        for other in range(one):
            assert np.linalg.norm(colors[one] - colors[other], axis=2).mean() > 0.5


def test_a_hint_makes_sure(analysis: Analysis, real: Engines, face: Bytes) -> None:
    hinted = uncertainty(analyse(face, hints=["60,60,#3a6ea5"], engines=real))
    plain = uncertainty(analysis)
    assert hinted is not None
    assert plain is not None
    assert hinted[60, 60] < 0.1 * plain[60, 60]
    assert (hinted <= plain + 1e-3).all()


def test_uncertainty_is_the_size_of_the_colours(analysis: Analysis) -> None:
    unsure = uncertainty(analysis)
    assert unsure is not None
    assert unsure.shape == analysis.lightness.shape
    assert 0 <= unsure.min() < unsure.mean() < unsure.max() < 100


def test_a_reference_lends_its_colours(analysis: Analysis) -> None:
    blue = np.zeros((64, 64, 3), np.uint8)
    blue[...] = np.linspace(0, 1, 64)[:, None, None] * np.array([90, 130, 255])
    look = Look(reference=palette_of(read(blue)), reference_strength=1)
    plain, taken = lab_of(paint(analysis).photo.pixels), lab_of(paint(analysis, look).photo.pixels)
    assert taken[..., 2].mean() < plain[..., 2].mean() - 8
    assert np.abs(taken - plain)[..., 0].mean() < 0.2
    none = Look(reference=look.reference, reference_strength=0)
    np.testing.assert_array_equal(paint(analysis, none).photo.pixels, paint(analysis).photo.pixels)


def test_cleaning_changes_the_lightness(real: Engines, face: Bytes) -> None:
    small = np.asarray(cv2.resize(face, (200, 250), interpolation=cv2.INTER_AREA), np.uint8)
    faded = (100 + small * 0.3).astype(np.uint8)
    result = colorize(faded, contrast=1, engines=real)
    mended = lab_of(result.photo.pixels)[..., 0]
    assert np.ptp(mended) > 1.8 * np.ptp(lab_of(read(faded).pixels)[..., 0])
    assert result.recipe["contrast"] == 1
    # The cleaned photo without colours: strength 0 is about colours alone.
    grey = colorize(faded, contrast=1, strength=0, engines=real).photo.pixels
    np.testing.assert_allclose(lab_of(grey)[..., 0], mended, atol=1)
    assert chroma_of(grey).max() < 1


# What kind of photo it is --------------------------------------------------------------------


def test_a_grey_photo_needs_no_word(analysis: Analysis) -> None:
    assert paint(analysis).notes == ()


def test_a_toned_photo_is_coloured_like_a_grey_one(real: Engines, face: Bytes) -> None:
    lab = lab_of(np.dstack([face] * 3))
    lab[..., 1:] = (6, 16)
    sepia = np.rint(np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1) * 255).astype(np.uint8)
    toned, plain = colorize(sepia, engines=real), colorize(face, engines=real)
    assert any("toned brown" in note for note in toned.notes)
    difference = lab_of(toned.photo.pixels) - lab_of(plain.photo.pixels)
    assert np.linalg.norm(difference[..., 1:], axis=2).mean() < 2
    half = colorize(sepia, strength=0.5, engines=real).photo.pixels
    between = (lab_of(sepia) + lab_of(toned.photo.pixels)) / 2
    assert np.linalg.norm(lab_of(half) - between, axis=2).mean() < 1


def test_colours_are_replaced_and_it_is_said(real: Engines) -> None:
    result = colorize(PORTRAIT, engines=real)
    assert any("in colour already" in note for note in result.notes)
    assert result.report()["notes"] == list(result.notes)
    same = colorize(PORTRAIT, strength=0, engines=real).photo.pixels
    np.testing.assert_array_equal(same, read(PORTRAIT).pixels)


# Large photos --------------------------------------------------------------------------------


def test_a_large_photo_has_the_colours_of_its_preview(real: Engines, face: Bytes) -> None:
    large = np.asarray(cv2.resize(face, (2400, 2400), interpolation=cv2.INTER_CUBIC), np.uint8)
    analysis = analyse(large, engines=real)
    small = analysis.preview()
    assert small.photo.pixels.shape == (1000, 1000, 3)
    full = paint(analysis).photo.pixels
    assert full.shape == (2400, 2400, 3)
    shrunk = np.asarray(cv2.resize(full, (1000, 1000), interpolation=cv2.INTER_AREA), np.uint8)
    difference = lab_of(shrunk) - lab_of(paint(small).photo.pixels)
    assert np.linalg.norm(difference, axis=2).mean() < 1


# Mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"saturation": 3}, "saturation is 3"),
        ({"warmth": -2}, "warmth is -2"),
        ({"strength": 1.5}, "strength is 1.5"),
        ({"candidate": -1}, "candidate is -1"),
        ({"candidate": 0.5}, "whole number"),
        ({"denoise": 2}, "denoise is 2"),
        ({"reference_strength": -1}, "reference strength is -1"),
        ({"reference": np.zeros((9, 9), np.uint8)}, "no colours"),
        ({"hints": ["5000,0,#fff"]}, "outside the photo"),
        ({"hints": ["red"]}, "no hint"),
        ({"format": "xyz"}, "not a format"),
    ],
)
def test_settings_that_make_no_sense(
    real: Engines, face: Bytes, options: dict[str, object], words: str
) -> None:
    with pytest.raises(BadValue, match=words):
        colorize(face, engines=real, **options)  # type: ignore[arg-type]


def test_a_model_that_does_not_colour(real: Engines, face: Bytes) -> None:
    with pytest.raises(UnknownName, match="colorize/mobilenet-unet"):
        colorize(face, model="upscale/span-x2.ch48", engines=real)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (20, 20), (700, 9)])
def test_tiny_and_narrow_photos(real: Engines, size: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).integers(0, 255, size, np.uint8)
    result = colorize(grey, hints=["0,0,#c04040"], candidate=1, engines=real)
    assert result.photo.pixels.shape == (*size, 3)
