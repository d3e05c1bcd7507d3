import contextlib
import errno
import io
import os
import stat
import struct
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import ExifTags, Image, ImageCms

from genapp import images
from genapp.errors import BadValue, TooLarge, UnreadablePicture, UserError
from genapp.images import Photo

Bytes = npt.NDArray[np.uint8]

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def file_bytes(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[ExifTags.Base.Make] = "Camera maker"
    block[ExifTags.IFD.Exif] = {ExifTags.Base.FocalLengthIn35mmFilm: 28}
    block[ExifTags.Base.Orientation] = orientation
    return block.tobytes()


def png_chunk(name: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)


def deep(gradient: Bytes) -> npt.NDArray[np.uint16]:
    """The gradient with 16 bits, its lower eight in use."""
    return gradient.astype(np.uint16) * 257 + np.arange(32, dtype=np.uint16)[:, np.newaxis]


# What can be read ----------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "TGA", "QOI"])
def test_read_lossless_formats(gradient: Bytes, format: str) -> None:
    photo = images.read(file_bytes(Image.fromarray(gradient), format))
    assert photo.pixels.dtype == np.uint8
    assert photo.alpha is None
    np.testing.assert_array_equal(photo.pixels, gradient)


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
def test_read_lossy_formats(gradient: Bytes, format: str) -> None:
    photo = images.read(file_bytes(Image.fromarray(gradient), format))
    assert photo.pixels.shape == gradient.shape
    assert np.abs(photo.pixels.astype(int) - gradient).mean() < 4


def test_read_path_gives_name_and_accepts_text(gradient: Bytes, tmp_path: Path) -> None:
    path = tmp_path / "mon visage é.png"
    Image.fromarray(gradient).save(path)
    assert images.read(path).name == "mon visage é"
    assert images.read(str(path)).name == "mon visage é"


def test_read_grey_modes(gradient: Bytes) -> None:
    grey = gradient[..., 0]
    for image in (Image.fromarray(grey), Image.fromarray(grey > 100)):
        photo = images.read(file_bytes(image, "PNG"))
        expected = np.asarray(image.convert("L"))
        assert photo.grey
        np.testing.assert_array_equal(photo.pixels, np.dstack([expected] * 3))


def test_read_grey_with_alpha(gradient: Bytes) -> None:
    image = Image.fromarray(gradient[..., 0])
    image.putalpha(Image.fromarray(gradient[..., 1]))
    assert image.mode == "LA"
    photo = images.read(file_bytes(image, "PNG"))
    assert photo.grey
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.pixels[..., 2], gradient[..., 0])
    np.testing.assert_array_equal(photo.alpha, gradient[..., 1])


def test_read_16_bit_grey(gradient: Bytes) -> None:
    grey = deep(gradient)[..., 0]
    for format in ("PNG", "TIFF", "PPM"):
        photo = images.read(file_bytes(Image.fromarray(grey), format))
        assert photo.grey
        assert photo.pixels.dtype == np.uint16
        np.testing.assert_array_equal(photo.pixels[..., 1], grey)


def test_read_float_tiff(gradient: Bytes) -> None:
    values = gradient[..., 0].astype(np.float32) / 255
    photo = images.read(file_bytes(Image.fromarray(values), "TIFF"))
    np.testing.assert_array_equal(photo.pixels[..., 0], gradient[..., 0] * np.uint16(257))
    with pytest.raises(UnreadablePicture, match="32-bit values from 0 to 2"):
        images.read(file_bytes(Image.fromarray(values / values.max() * 2), "TIFF"))


def test_read_palette(gradient: Bytes) -> None:
    image = Image.fromarray(gradient).quantize(16)
    photo = images.read(file_bytes(image, "PNG"))
    np.testing.assert_array_equal(photo.pixels, np.asarray(image.convert("RGB")))
    assert photo.alpha is None
    assert not photo.grey


def test_read_palette_with_transparency(gradient: Bytes) -> None:
    image = Image.fromarray(gradient).quantize(16)
    photo = images.read(file_bytes(image, "PNG", transparency=3))
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha == 0, np.asarray(image) == 3)


def test_read_transparent_colour(gradient: Bytes) -> None:
    colour = tuple(int(v) for v in gradient[0, 0])
    photo = images.read(file_bytes(Image.fromarray(gradient), "PNG", transparency=colour))
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha == 0, (gradient == gradient[0, 0]).all(axis=-1))


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_read_first_of_many_frames(gradient: Bytes, format: str) -> None:
    frames = [Image.fromarray(np.full_like(gradient, value)) for value in (200, 100, 10)]
    photo = images.read(
        file_bytes(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
    )
    np.testing.assert_array_equal(photo.pixels, 200)
    what = "pages" if format == "TIFF" else "frames of the animation"
    assert photo.notes == (f"Only the first of 3 {what} is used.",)


def test_read_cmyk_without_profile(gradient: Bytes) -> None:
    image = Image.fromarray(gradient).convert("CMYK")
    photo = images.read(file_bytes(image, "TIFF"))
    np.testing.assert_array_equal(photo.pixels, gradient)
    assert "no ink profile" in photo.notes[0]


def icc_profile(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A minimal ICC v2 profile (ICC.1:2001-04, section 6)."""
    tags = tags | {
        b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D),
        b"cprt": b"text" + bytes(4) + b"none\0" + bytes(3),
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(79),
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for tag, data in tags.items():
        table += tag + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s", offset + len(body), b"lcms", 0x02400000, b"prtr")
    head += space + connection + struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp"
    return head + bytes(128 - len(head)) + table + body


def cmyk_profile() -> bytes:
    """Inks that all print neutral grey: L* falls by 50 for any one of them."""
    grid = [max(0, 255 - 128 * i.bit_count()) for i in range(16)]  # 2 points a channel
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    table += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table += bytes(range(256)) * 4
    table += b"".join(bytes([lightness, 128, 128]) for lightness in grid)
    table += bytes(range(256)) * 3
    return icc_profile(b"CMYK", b"Lab ", {b"A2B0": table})


@pytest.mark.parametrize("format", ["TIFF", "JPEG"])
def test_read_cmyk_through_its_profile(format: str) -> None:
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    options = {"quality": 100} if format == "JPEG" else {}
    data = file_bytes(image, format, icc_profile=cmyk_profile(), **options)
    photo = images.read(data)
    assert photo.icc is None
    assert photo.notes == ("Its colours were converted to sRGB.",)
    # L* 50 is 119/255 in sRGB; without the profile this would be cyan.
    assert np.abs(photo.pixels.astype(int) - 119).max() <= 3


def grey_profile(gamma: float) -> bytes:
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    return icc_profile(b"GRAY", b"XYZ ", {b"kTRC": curve})


def test_read_grey_through_its_profile(gradient: Bytes) -> None:
    grey = Image.fromarray(gradient[..., 0])
    linear = images.read(file_bytes(grey, "PNG", icc_profile=grey_profile(1.0)))
    assert linear.icc is None
    assert linear.grey
    assert linear.notes == ("Its colours were converted to sRGB.",)
    # Linear 128/255 is 188/255 in sRGB (IEC 61966-2-1).
    assert abs(int(linear.pixels[0, 16, 0]) - 188) <= 2


def test_read_lab() -> None:
    white = Image.new("LAB", (4, 4), (255, 128, 128))
    photo = images.read(white)
    assert photo.pixels.min() >= 250


def test_read_drops_a_damaged_profile(gradient: Bytes) -> None:
    photo = images.read(file_bytes(Image.fromarray(gradient), "PNG", icc_profile=b"junk" * 50))
    assert photo.icc is None
    assert "profile is damaged" in photo.notes[0]


def test_read_keeps_a_pil_image_as_it_was(gradient: Bytes) -> None:
    data = file_bytes(Image.fromarray(gradient), "JPEG", exif=exif(6))
    image = Image.open(io.BytesIO(data))
    photo = images.read(image)
    assert photo.pixels.shape == (32, 24, 3)
    assert image.getexif()[ExifTags.Base.Orientation] == 6
    assert image.size == (32, 24)


def test_read_photo_is_the_photo(gradient: Bytes) -> None:
    photo = images.read(gradient)
    assert images.read(photo) is photo


# Arrays --------------------------------------------------------------------------------------


def test_read_uint8_array_without_a_copy(gradient: Bytes) -> None:
    photo = images.read(gradient)
    assert np.shares_memory(photo.pixels, gradient)
    with pytest.raises(ValueError, match="read-only"):
        photo.pixels[0, 0] = 0
    gradient[0, 0] = 0  # The caller's own array stays theirs.


def test_read_arrays(gradient: Bytes) -> None:
    rgba = np.dstack([gradient, gradient[..., 0]])
    photo = images.read(rgba)
    assert photo.alpha is not None
    np.testing.assert_array_equal(np.dstack([photo.pixels, photo.alpha]), rgba)
    np.testing.assert_array_equal(images.read(gradient / 255).pixels, gradient)
    for grey in (gradient[..., 0], gradient[..., :1]):
        assert images.read(grey).grey
        np.testing.assert_array_equal(images.read(grey).pixels[..., 2], gradient[..., 0])
    swapped = deep(gradient).astype(">u2")
    np.testing.assert_array_equal(images.read(swapped).pixels, deep(gradient))
    np.testing.assert_array_equal(images.read(gradient[::-1, ::2]).pixels, gradient[::-1, ::2])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((4, 4, 3), np.nan), "floats from nan"),
        (np.full((4, 4, 3), np.inf), "to inf"),
        (np.full((4, 4, 3), 200.0), "floats from 200 to 200"),
        (np.full((4, 4, 3), -0.1), "floats from -0.1"),
        (np.zeros((4, 4, 3), np.int64), "int64"),
        (np.zeros((4, 4), bool), "bool"),
        (np.zeros((4, 4, 2), np.uint8), "shape"),
        (np.zeros((1, 4, 4, 3), np.uint8), "shape"),
        (np.zeros(5, np.uint8), "shape"),
        (np.zeros((0, 4, 3), np.uint8), "empty"),
        (np.zeros((4, 4), object), "object"),
    ],
)
def test_read_array_refused(array: npt.NDArray[Any], message: str) -> None:
    with pytest.raises(BadValue, match=message):
        images.read(array)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16]), hnp.array_shapes(min_dims=1, max_dims=3, max_side=9)
    )
)
def test_float_and_back_is_exact(pixels: npt.NDArray[Any]) -> None:
    values = images.to_float(pixels)
    assert values.dtype == np.float32
    assert values.min() >= 0
    assert values.max() <= 1
    np.testing.assert_array_equal(images.from_float(values, pixels.dtype), pixels)


def test_from_float_clips_and_rounds() -> None:
    values = np.array([-1, 0, 0.5, 0.999, 1, 2], np.float32)
    np.testing.assert_array_equal(images.from_float(values, np.uint8), [0, 0, 128, 255, 255, 255])
    assert values[0] == -1


# Bad files -----------------------------------------------------------------------------------


def test_unreadable_files(tmp_path: Path, gradient: Bytes) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("This is no picture at all, but a letter.")
    (tmp_path / "iphone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    cases = {
        "empty.jpg": "'empty.jpg' is empty",
        "text.jpg": "'text.jpg' is not a picture that can be read",
        "iphone.heic": "HEIC",
        "missing.jpg": "There is no file",
        ".": "is a folder",
        "nul\0.jpg": "There is no file",
    }
    for name, message in cases.items():
        with pytest.raises(UnreadablePicture, match=message) as caught:
            images.read(tmp_path / name)
        assert caught.value.remedy.endswith(".")


def test_empty_bytes() -> None:
    with pytest.raises(UnreadablePicture, match="empty"):
        images.read(b"")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "GIF", "BMP"])
def test_truncated_file(format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = file_bytes(Image.fromarray(noise), format)
    with pytest.raises(UnreadablePicture):
        images.read(whole[: len(whole) // 2])


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_truncated_16_bit_file(gradient: Bytes, format: str) -> None:
    whole = images.encode(images.read(deep(gradient)), format)
    with pytest.raises(UnreadablePicture):
        images.read(whole[: int(len(whole) * 0.7)])


def test_unreadable_permission(tmp_path: Path, gradient: Bytes) -> None:
    path = tmp_path / "secret.png"
    Image.fromarray(gradient).save(path)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(UnreadablePicture, match="permission"):
        images.read(path)


def declared_size_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + png_chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(11000, 10000), (30000, 30000), (2**31 - 1, 2)])
def test_declared_size_is_checked_before_decoding(width: int, height: int) -> None:
    tracemalloc.start()
    with pytest.raises(TooLarge, match="megapixels"):
        images.read(declared_size_png(width, height))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6


def test_limit_is_the_callers(gradient: Bytes) -> None:
    for source in (gradient, file_bytes(Image.fromarray(gradient), "PNG"), images.read(gradient)):
        assert images.read(source, max_megapixels=0.000768).pixels.shape == (24, 32, 3)
        with pytest.raises(TooLarge, match=r"32×24, more than 0\.0005 megapixels"):
            images.read(source, max_megapixels=0.0005)


def seeds() -> list[bytes]:
    y, x = np.mgrid[0:24, 0:32]
    rgb = np.stack([x * 8, y * 10, (x + y) * 4], axis=-1).astype(np.uint8)
    image = Image.fromarray(rgb)
    whole = images.read(np.dstack([deep(rgb), deep(rgb)[..., 0]]))
    rich = replace(whole, icc=SRGB, exif=exif(1))
    plain = [file_bytes(image, f, exif=exif(6)) for f in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")]
    others = [file_bytes(image, f) for f in ("GIF", "BMP", "JPEG2000", "TGA", "PPM", "QOI", "ICO")]
    return plain + others + [images.encode(rich, f) for f in ("png", "tiff")]


SEEDS = seeds()


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_bytes_give_a_photo_or_a_user_error(data: st.DataObject) -> None:
    mutated = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(mutated) - 1))
        mutated[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del mutated[data.draw(st.integers(1, len(mutated))) :]
    try:
        photo = images.read(bytes(mutated), max_megapixels=1)
    except UserError:
        return
    assert photo.pixels.ndim == 3
    assert photo.pixels.dtype in {np.dtype(np.uint8), np.dtype(np.uint16)}
    images.encode(photo, "png")


@given(st.binary(max_size=300))
def test_any_bytes_give_a_photo_or_a_user_error(data: bytes) -> None:
    with contextlib.suppress(UserError):
        assert isinstance(images.read(data, max_megapixels=1), Photo)


# Orientation and EXIF ------------------------------------------------------------------------


def stored(upright: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """The pixels as a file of that orientation stores them (EXIF 2.32, tag 0x0112)."""
    transposed = upright.swapaxes(0, 1)
    return np.ascontiguousarray(
        {
            1: upright,
            2: upright[:, ::-1],
            3: upright[::-1, ::-1],
            4: upright[::-1],
            5: transposed,
            6: transposed[::-1],
            7: transposed[::-1, ::-1],
            8: transposed[:, ::-1],
        }[orientation]
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_orientation_is_applied(gradient: Bytes, orientation: int, format: str) -> None:
    rgba = np.dstack([gradient, gradient[..., 2]])
    image = Image.fromarray(stored(rgba, orientation))
    data = file_bytes(image, format, exif=exif(orientation), lossless=True, exact=True)
    photo = images.read(data)
    np.testing.assert_array_equal(photo.pixels, gradient)
    np.testing.assert_array_equal(photo.alpha, gradient[..., 2])
    assert photo.exif is not None
    again = images.read(images.encode(photo, "png"))
    np.testing.assert_array_equal(again.pixels, gradient)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_orientation_of_16_bits(gradient: Bytes, orientation: int, format: str) -> None:
    lying = images.read(stored(deep(gradient), orientation))
    data = images.encode(replace(lying, exif=exif(orientation)), format)
    np.testing.assert_array_equal(images.read(data).pixels, deep(gradient))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_senseless_orientation_is_upright(gradient: Bytes, orientation: int) -> None:
    data = file_bytes(Image.fromarray(gradient), "PNG", exif=exif(orientation))
    np.testing.assert_array_equal(images.read(data).pixels, gradient)


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "tiff", "avif"])
def test_exif_survives(gradient: Bytes, format: str) -> None:
    source = file_bytes(Image.fromarray(gradient), "JPEG", exif=exif(8))
    photo = images.read(source)
    assert photo.focal_35mm == 28
    again = images.read(images.encode(photo, format))
    assert again.focal_35mm == 28
    assert again.pixels.shape == (32, 24, 3)
    assert again.exif is not None
    block = Image.Exif()
    block.load(again.exif)
    assert block[ExifTags.Base.Make] == "Camera maker"
    assert block.get(ExifTags.Base.Orientation, 1) == 1


def test_a_resized_photo_states_its_new_size(gradient: Bytes) -> None:
    block = Image.Exif()
    block[ExifTags.Base.Make] = "Camera maker"
    block[ExifTags.IFD.Exif] = {ExifTags.Base.ExifImageWidth: 32, ExifTags.Base.ExifImageHeight: 24}
    block[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    photo = images.read(file_bytes(Image.fromarray(gradient), "JPEG", exif=block.tobytes()))
    larger = images.resized(photo, np.zeros((48, 64, 3), np.uint8), None, "photo-x2")
    assert (larger.name, larger.pixels.shape) == ("photo-x2", (48, 64, 3))
    assert larger.exif is not None
    stated = Image.Exif()
    stated.load(larger.exif)
    assert stated[ExifTags.Base.Make] == "Camera maker"
    assert stated.get_ifd(ExifTags.IFD.GPSInfo) == {ExifTags.GPS.GPSLatitudeRef: "N"}
    assert dict(stated.get_ifd(ExifTags.IFD.Exif)) == {
        ExifTags.Base.ExifImageWidth: 64,
        ExifTags.Base.ExifImageHeight: 48,
    }


def test_a_photo_without_a_stated_size_states_none(gradient: Bytes) -> None:
    photo = images.read(file_bytes(Image.fromarray(gradient), "JPEG", exif=exif(1)))
    larger = images.resized(photo, np.zeros((48, 64, 3), np.uint8), None, "")
    assert larger.exif == photo.exif


def test_exif_thumbnail_is_left_out(gradient: Bytes) -> None:
    """It would go on showing the picture as it was."""
    thumbnail = file_bytes(Image.fromarray(gradient), "JPEG")
    # A second directory after the first, with the thumbnail (EXIF 2.32, section 4.5.5).
    tiff = bytearray(exif(1)[6:])
    big = tiff[:2] == b"MM"
    order = ">" if big else "<"
    count = struct.unpack_from(order + "H", tiff, 8)[0]
    struct.pack_into(order + "I", tiff, 10 + 12 * count, len(tiff))
    entries = [(513, 4, 1, len(tiff) + 30), (514, 4, 1, len(thumbnail))]
    tiff += struct.pack(order + "H", 2)
    tiff += b"".join(struct.pack(order + "HHII", *entry) for entry in entries) + bytes(4)
    data = file_bytes(Image.fromarray(gradient), "JPEG", exif=b"Exif\0\0" + bytes(tiff) + thumbnail)
    assert data.count(b"\xff\xd8\xff") == 2
    written = images.encode(images.read(data), "jpg")
    assert written.count(b"\xff\xd8\xff") == 1
    assert images.read(written).focal_35mm == 28


def test_tiff_layout_tags_do_not_become_exif(gradient: Bytes) -> None:
    data = file_bytes(Image.fromarray(gradient), "TIFF", exif=exif(1))
    photo = images.read(data)
    assert photo.exif is not None
    block = Image.Exif()
    block.load(photo.exif)
    assert not images.LAYOUT_TAGS & set(block)
    assert images.read(images.encode(photo, "jpg")).focal_35mm == 28


# Round trips ---------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "tiff", "avif"])
def test_icc_survives(gradient: Bytes, format: str) -> None:
    source = file_bytes(Image.fromarray(gradient), "PNG", icc_profile=SRGB)
    photo = images.read(source)
    assert photo.icc == SRGB
    assert images.read(images.encode(photo, format)).icc == SRGB


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("metadata", [False, True])
def test_lossless_round_trip(
    gradient: Bytes, format: str, alpha: bool, bits: int, metadata: bool
) -> None:
    pixels = gradient if bits == 8 else deep(gradient)
    photo = images.read(np.dstack([pixels, pixels[..., 1]]) if alpha else pixels)
    if metadata:
        photo = replace(photo, icc=SRGB, exif=exif(1))
    again = images.read(images.encode(photo, format))
    assert again.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(again.pixels, pixels)
    assert (again.alpha is not None) == alpha
    if alpha:
        np.testing.assert_array_equal(again.alpha, pixels[..., 1])
    assert again.icc == photo.icc
    assert again.focal_35mm == (28 if metadata else None)
    assert again.notes == ()


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_8_bit_files_open_in_pillow(gradient: Bytes, format: str) -> None:
    rgba = np.dstack([gradient, gradient[..., 1]])
    image = Image.open(io.BytesIO(images.encode(images.read(rgba), format)))
    assert image.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(image), rgba)


def test_16_bit_tiff_opens_in_opencv(gradient: Bytes) -> None:
    data = images.encode(images.read(deep(gradient)), "tiff")
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    np.testing.assert_array_equal(decoded[..., ::-1], deep(gradient))


def test_lossless_webp(gradient: Bytes) -> None:
    data = images.encode(images.read(gradient), "webp", quality=100)
    np.testing.assert_array_equal(images.read(data).pixels, gradient)
    clear = replace(images.read(gradient), alpha=np.zeros((24, 32), np.uint8))
    hidden = images.read(images.encode(clear, "webp", quality=100))
    np.testing.assert_array_equal(hidden.pixels, gradient)


@pytest.mark.parametrize("format", ["jpg", "png", "tiff"])
def test_keep_grey(gradient: Bytes, format: str) -> None:
    photo = images.read(gradient[..., 0])
    assert Image.open(io.BytesIO(images.encode(photo, format))).mode == "RGB"
    assert Image.open(io.BytesIO(images.encode(photo, format, keep_grey=True))).mode == "L"
    coloured = replace(photo, pixels=gradient)
    assert Image.open(io.BytesIO(images.encode(coloured, format, keep_grey=True))).mode == "RGB"


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_keep_grey_16_bit(gradient: Bytes, format: str) -> None:
    photo = images.read(deep(gradient)[..., 0])
    image = Image.open(io.BytesIO(images.encode(photo, format, keep_grey=True)))
    assert image.mode == "I;16"
    np.testing.assert_array_equal(np.asarray(image), deep(gradient)[..., 0])


# What a format cannot hold -------------------------------------------------------------------


def test_jpeg_lays_alpha_on_white() -> None:
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[:8, :, 3] = 255
    photo = images.for_format(images.read(rgba), "jpg")
    assert photo.alpha is None
    np.testing.assert_array_equal(photo.pixels[:8], 0)
    np.testing.assert_array_equal(photo.pixels[8:], 255)
    assert photo.notes == ("JPEG has no transparency, so the picture was laid on white.",)


@given(st.integers(0, 255), st.integers(0, 255))
def test_half_transparent_on_white(value: int, alpha: int) -> None:
    rgba = np.full((1, 1, 4), value, np.uint8)
    rgba[..., 3] = alpha
    photo = images.for_format(images.read(rgba), "jpg")
    expected = (value * alpha + 255 * (255 - alpha)) / 255
    assert abs(int(photo.pixels[0, 0, 0]) - expected) <= 1


@pytest.mark.parametrize("format", ["jpg", "webp", "avif"])
def test_16_bits_become_8(gradient: Bytes, format: str) -> None:
    rgba = np.dstack([gradient, gradient[..., 1]]).astype(np.uint16) * 257
    photo = images.for_format(images.read(rgba), format)
    assert photo.pixels.dtype == np.uint8
    assert "16 bits became 8" in photo.notes[0]
    if format != "jpg":
        np.testing.assert_array_equal(photo.pixels, gradient)
        np.testing.assert_array_equal(photo.alpha, gradient[..., 1])


def test_long_exif_is_left_out_of_jpeg(gradient: Bytes) -> None:
    block = Image.Exif()
    block.load(exif(1))
    block[ExifTags.Base.ImageDescription] = "long " * 20000
    photo = replace(images.read(gradient), exif=block.tobytes())
    assert images.read(images.encode(photo, "jpg")).exif is None
    assert images.read(images.encode(photo, "png")).focal_35mm == 28
    assert "too long" in images.for_format(photo, "jpg").notes[0]


@pytest.mark.parametrize(("format", "side"), [("webp", 16384), ("jpg", 65501)])
def test_side_too_long_for_the_format(format: str, side: int) -> None:
    photo = images.read(np.zeros((1, side, 3), np.uint8))
    with pytest.raises(BadValue, match=f"the picture is {side}×1"):
        images.encode(photo, format)


def test_bad_options(gradient: Bytes) -> None:
    photo = images.read(gradient)
    with pytest.raises(BadValue, match="'docx' is not a format"):
        images.encode(photo, "docx")
    with pytest.raises(BadValue, match="quality is 0"):
        images.encode(photo, "jpg", quality=0)


# Writing -------------------------------------------------------------------------------------


def test_write(gradient: Bytes, tmp_path: Path) -> None:
    photo = images.read(gradient)
    assert images.write(photo, tmp_path / "a.PNG") == ()
    np.testing.assert_array_equal(images.read(tmp_path / "a.PNG").pixels, gradient)
    notes = images.write(images.read(np.dstack([gradient, gradient[..., 0]])), tmp_path / "a.jpg")
    assert "laid on white" in notes[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.PNG", "a.jpg"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.PNG").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("name", ["a", "a.docx", "missing/a.png"])
def test_write_refused(gradient: Bytes, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadValue):
        images.write(images.read(gradient), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_folder_in_the_way(gradient: Bytes, tmp_path: Path) -> None:
    folder = tmp_path / "a.png"
    folder.mkdir()
    with pytest.raises(BadValue, match=r"a\.png' cannot be written: it is a folder"):
        images.write(images.read(gradient), folder)
    assert list(tmp_path.iterdir()) == [folder]


def test_full_disk_leaves_the_old_file(
    gradient: Bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.png"
    images.write(images.read(gradient), path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BadValue, match="No space left on device"):
        images.write(images.read(255 - gradient), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# Memory --------------------------------------------------------------------------------------


def test_12_megapixels_are_held_once() -> None:
    """numpy sees only the decoded picture: no float copy, no second one."""
    data = file_bytes(Image.new("RGB", (4000, 3000), (90, 120, 150)), "JPEG", exif=exif(6))
    tracemalloc.start()
    photo = images.read(data)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert photo.pixels.nbytes == 36_000_000
    assert held < 40e6
    assert peak < 80e6
