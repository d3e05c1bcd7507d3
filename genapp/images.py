"""Pictures in and out: decode, check, orient, keep what was in the file, encode.

`read` turns whatever the user gives into a `Photo`; `encode` and `write` turn a `Photo` into a
file. Bit depth, alpha, ICC profile and EXIF survive the trip wherever the format can hold them.
"""

import io
import logging
import os
import re
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, TiffImagePlugin

from genapp.errors import BadValue, OutOfMemory, TooLarge, UnreadablePicture, UserError
from genapp.files import write_atomic

Pixels: TypeAlias = npt.NDArray[np.uint8 | np.uint16]

# Formats by what reads them safely: no EPS or WMF, which start other programs.
READABLE = (
    *("AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000"),
    *("PCX", "PNG", "PPM", "QOI", "TGA", "TIFF", "WEBP"),
)
WRITABLE = {
    "avif": "AVIF",
    "jpeg": "JPEG",
    "jpg": "JPEG",
    "png": "PNG",
    "tif": "TIFF",
    "tiff": "TIFF",
    "webp": "WEBP",
}
# Longest side in pixels that a format can describe.
LONGEST_SIDE = {"AVIF": 65536, "JPEG": 65500, "WEBP": 16383}
# Bytes left for EXIF in one JPEG segment.
JPEG_EXIF_LIMIT = 65533

# Tags of a TIFF directory that describe how the pixels lie in the file, not the photograph:
# TIFF 6.0 sections 3-15, thumbnails, and the ICC profile, which travels on its own.
LAYOUT_TAGS = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284}
    | {290, 291, 292, 293, 317, 320, 322, 323, 324, 325, 330, 332, 333, 334, 336, 337, 338, 339}
    | {340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 34675}
)

# How a picture came about: https://cv.iptc.org/newscodes/digitalsourcetype/
ORIGIN = re.compile(rb"cv\.iptc\.org/newscodes/digitalsourcetype/([A-Za-z]{3,60})")
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "<Iptc4xmpExt:DigitalSourceType>"
    "http://cv.iptc.org/newscodes/digitalsourcetype/{origin}"
    "</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="r"?>'
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as the user gave it, upright.

    Attributes:
        pixels: H×W×3 RGB, uint8 or uint16, EXIF orientation already applied. `read` marks it
            read-only: copy before drawing on it.
        alpha: H×W opacity of the same type as `pixels`, or None for an opaque picture.
        icc: ICC profile of `pixels`; None means sRGB.
        exif: EXIF block starting with `Exif\\0\\0`, orientation 1 and without its thumbnail.
        grey: the source was greyscale.
        name: the file's name without its extension, or "".
        notes: what was changed or left out on the way in, one sentence each.
        focal_35mm: focal length in mm, as on 35 mm film (EXIF FocalLengthIn35mmFilm).
        origin: how it came about, a term of IPTC's digital source types such as
            "trainedAlgorithmicMedia" for what a network made, if its XMP data name one.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    grey: bool = False
    name: str = ""
    notes: tuple[str, ...] = ()
    focal_35mm: float | None = None
    origin: str | None = None


def read(
    source: str | Path | bytes | Image.Image | npt.NDArray[Any] | Photo,
    *,
    max_megapixels: float = 100,
) -> Photo:
    """The picture in `source`, decoded, checked and upright.

    Args:
        source: a path, a file's bytes, a PIL image, a Photo, or an array: H×W, H×W×3 (RGB) or
            H×W×4 (RGBA), uint8, uint16 or float 0..1 (which becomes uint8). An array of the
            right type is not copied.
        max_megapixels: the most pixels to accept, in millions. The size is checked before
            anything is decoded. Above 178 a file meets Pillow's own limit.

    Raises:
        UnreadablePicture: missing, empty, damaged, or in a format that is not read.
        TooLarge: more pixels than `max_megapixels`.
        BadValue: an array of another type, shape or range.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_megapixels)
    if isinstance(source, Photo):
        height, width = source.pixels.shape[:2]
        _check_size(width, height, max_megapixels, "The picture")
        return source
    if isinstance(source, Image.Image):
        return _decode(source, None, "", max_megapixels)
    if isinstance(source, bytes):
        if not source:
            raise UnreadablePicture("The picture is empty (0 bytes).", "Give the whole file.")
        return _open(source, "", max_megapixels)
    return _open(_existing(Path(source)), Path(source).stem, max_megapixels)


def encode(
    photo: Photo, format: str = "png", *, quality: int = 95, keep_grey: bool = False
) -> bytes:
    """The bytes of a file holding `photo`.

    Args:
        photo: what to encode. What the format cannot hold is given up as `for_format` says.
        format: avif, jpeg (jpg), png, tiff (tif) or webp.
        quality: 1..100 for avif, jpeg and webp; 100 makes webp lossless.
        keep_grey: write one grey channel when the source had one, the pixels are still grey and
            there is no alpha.

    Raises:
        BadValue: an unknown format, a quality outside 1..100, or sides too long for the format.
    """
    kind = _format(format)
    if not 1 <= quality <= 100:
        raise BadValue(f"The quality is {quality}.", "Choose a whole number from 1 to 100.")
    photo = for_format(photo, format)
    channels = photo.pixels
    if keep_grey and photo.grey and photo.alpha is None and _is_grey(channels):
        channels = channels[..., 0]
        photo = replace(photo, icc=None)  # An RGB profile does not fit a grey picture.
    if kind == "PNG":
        return _encode_png(channels, photo)
    if kind == "TIFF":
        return _encode_tiff(channels, photo)
    return _encode_lossy(channels, photo, kind, quality)


def write(
    photo: Photo, path: str | Path, *, quality: int = 95, keep_grey: bool = False
) -> tuple[str, ...]:
    """Write `photo` to `path`, whole or not at all, in the format its extension names; `quality`
    and `keep_grey` are those of `encode`.

    Returns:
        What the format could not hold, one sentence each.

    Raises:
        BadValue: an unknown extension or a folder that cannot be written to.
    """
    path = Path(path)
    check_output(path)
    fitted = for_format(photo, path.suffix)
    try:
        write_atomic(path, encode(fitted, path.suffix, quality=quality, keep_grey=keep_grey))
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    return fitted.notes[len(photo.notes) :]


def check_output(path: Path) -> None:
    """Whether `write` has a chance, to be asked before the work starts.

    Raises:
        BadValue: an unknown extension, a folder, or a folder that cannot be written to.
    """
    _format(path.suffix)
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    if not path.parent.is_dir():
        raise BadValue(f"The folder {str(path.parent)!r} does not exist.", "Create it first.")
    if not os.access(path.parent, os.W_OK):
        raise _unwritable(path, "its folder is read-only")


def _unwritable(path: Path, reason: str) -> BadValue:
    return BadValue(f"{str(path)!r} cannot be written: {reason}.", "Choose another place.")


def for_format(photo: Photo, format: str) -> Photo:
    """The part of `photo` that `format` can hold, with a note for each thing given up.

    16 bits become 8 outside PNG and TIFF. JPEG has no alpha (the picture is laid on white) and
    no room for more than 64 KB of EXIF.

    Raises:
        BadValue: an unknown format, or sides too long for it.
    """
    kind = _format(format)
    height, width = photo.pixels.shape[:2]
    check_sides(width, height, format)
    if kind in {"PNG", "TIFF"}:
        return photo
    if photo.pixels.dtype == np.uint16:
        photo = replace(
            photo,
            pixels=to_8_bit(photo.pixels),
            alpha=None if photo.alpha is None else to_8_bit(photo.alpha),
            notes=(*photo.notes, f"{kind} holds 8 bits a colour, so 16 bits became 8."),
        )
    if kind == "JPEG" and photo.alpha is not None:
        photo = replace(
            photo,
            pixels=_on_white(photo.pixels, photo.alpha),
            alpha=None,
            notes=(*photo.notes, "JPEG has no transparency, so the picture was laid on white."),
        )
    if kind == "JPEG" and photo.exif is not None and len(photo.exif) > JPEG_EXIF_LIMIT:
        photo = replace(
            photo,
            exif=None,
            notes=(*photo.notes, "The EXIF data is too long for a JPEG and was left out."),
        )
    return photo


def check_sides(width: int, height: int, format: str) -> None:
    """Raises `BadValue` for an unknown format, and for sides too long for it."""
    kind = _format(format)
    longest = LONGEST_SIDE.get(kind)
    if longest is not None and max(height, width) > longest:
        raise BadValue(
            f"{kind} holds at most {longest} pixels a side and the picture is {width}×{height}.",
            "Write a .png or .tiff file.",
        )


def resized(photo: Photo, pixels: Pixels, alpha: Pixels | None, name: str) -> Photo:
    """`photo` with pixels of another size; the size that its EXIF block states changes too."""
    exif = photo.exif
    if exif is not None:
        exif = _exif_of_size(exif, pixels.shape[1], pixels.shape[0])
    return replace(photo, pixels=pixels, alpha=alpha, exif=exif, name=name)


def _exif_of_size(exif: bytes, width: int, height: int) -> bytes:
    """PixelXDimension and PixelYDimension (EXIF 2.32, 4.6.5 C) where they are there."""
    block = Image.Exif()
    block.load(exif)
    directory = block.get_ifd(ExifTags.IFD.Exif)
    sizes = {ExifTags.Base.ExifImageWidth: width, ExifTags.Base.ExifImageHeight: height}
    stated = {int(tag): size for tag, size in sizes.items() if tag in directory}
    if not stated:
        return exif
    directory.update(stated)
    block[ExifTags.IFD.Exif] = dict(directory)
    return block.tobytes()


def to_float(pixels: Pixels) -> npt.NDArray[np.float32]:
    """uint8 or uint16 values as float32 0..1, same shape."""
    return pixels.astype(np.float32) * np.float32(1 / np.iinfo(pixels.dtype).max)


def from_float(values: npt.NDArray[np.floating], dtype: npt.DTypeLike) -> Pixels:
    """Finite values as uint8 or uint16, same shape: 0..1 is rounded, the rest clipped."""
    top = np.iinfo(np.dtype(dtype)).max
    scaled = np.clip(values, 0, 1) * top
    return cast(Pixels, np.rint(scaled, out=scaled).astype(dtype))


def to_8_bit(values: Pixels) -> npt.NDArray[np.uint8]:
    """uint8 or uint16 values as uint8, same shape; uint8 is not copied."""
    if values.dtype == np.uint8:
        return cast(npt.NDArray[np.uint8], values)
    return cast(npt.NDArray[np.uint8], cv2.convertScaleAbs(values, alpha=1 / 257))


# Reading -------------------------------------------------------------------------------------


def _existing(path: Path) -> Path:
    if path.is_dir():
        raise UnreadablePicture(f"{str(path)!r} is a folder.", "Name a picture inside it.")
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise UnreadablePicture(f"There is no file {str(path)!r}.", "Check the path.") from error
    if size == 0:
        raise UnreadablePicture(f"{path.name!r} is empty (0 bytes).", "Copy or save it again.")
    return path


def _open(file: Path | bytes, name: str, max_megapixels: float) -> Photo:
    """Open a file or its bytes with Pillow, which reads only the header, and decode it."""
    label = repr(file.name) if isinstance(file, Path) else "The picture"
    try:
        opened = Image.open(io.BytesIO(file) if isinstance(file, bytes) else file, formats=READABLE)
    except Image.DecompressionBombError as error:
        raise TooLarge(
            f"{label} has more than 178 megapixels.", "Make it smaller first."
        ) from error
    except PermissionError as error:
        raise UnreadablePicture(
            f"{label} cannot be opened: permission denied.", "Check who may read it."
        ) from error
    except Exception as error:
        raise _unidentified(file, label) from error
    with opened:
        return _decode(opened, file, name, max_megapixels)


def _unidentified(file: Path | bytes, label: str) -> UnreadablePicture:
    if isinstance(file, bytes):
        head = file[:12]
    else:
        with file.open("rb") as stream:
            head = stream.read(12)
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"hevc", b"mif1", b"msf1"}:
        return UnreadablePicture(
            f"{label} is a HEIC photo, which is not read here.", "Save it as JPEG first."
        )
    return UnreadablePicture(
        f"{label} is not a picture that can be read, or it is damaged.",
        "Give a JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP file.",
    )


def _decode(
    image: Image.Image, file: Path | bytes | None, name: str, max_megapixels: float
) -> Photo:
    """Decode an opened image. `file` is where its bytes are, if they are known."""
    label = repr(file.name) if isinstance(file, Path) else "The picture"
    _check_size(*image.size, max_megapixels, label)
    try:
        return _photo(image, file, name)
    except UserError:
        raise
    except MemoryError as error:
        raise OutOfMemory(
            f"{label} does not fit into memory.", "Make it smaller, or close other programs."
        ) from error
    # A damaged file makes the decoders raise almost anything (OSError, SyntaxError, struct.error,
    # zlib.error, IndexError…); whatever it is, the file is what is wrong.
    except Exception as error:
        logger.debug("decoding failed", exc_info=True)
        raise UnreadablePicture(
            f"{label} is damaged or incomplete.", "Copy or save it again."
        ) from error


def _check_size(width: int, height: int, max_megapixels: float, label: str) -> None:
    if width * height > max_megapixels * 1e6:
        raise TooLarge(
            f"{label} is {width}×{height}, more than {max_megapixels:g} megapixels.",
            "Make it smaller first.",
        )
    if width < 1 or height < 1:
        raise UnreadablePicture(f"{label} has no pixels ({width}×{height}).", "Give another one.")


def _photo(image: Image.Image, file: Path | bytes | None, name: str) -> Photo:
    notes = _frame_notes(image)
    raw_mode = str(getattr(image, "tile", ()))
    deep = ";16" in raw_mode and image.mode in {"RGB", "RGBA"} and "RGBa" not in raw_mode
    # load() comes first: it turns a TIFF upright and finds the EXIF at the end of a PNG.
    image.load()
    exif = image.getexif()
    grey = image.mode in {"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"}
    icc, more = _checked_profile(image.info.get("icc_profile"))
    notes += more
    # Pillow's strict decoder has shown that the file is whole, but keeps only 8 of the 16 bits.
    array = _decode_16_bit(file, image.size) if deep and file is not None else None
    if array is None:
        if ";16" in raw_mode and not grey:
            notes += ("Its 16-bit colours were read as 8-bit.",)
        image, icc, more = _to_srgb(image, icc)
        notes += more
        array = _to_array(image)
    array = _upright(array, exif.get(ExifTags.Base.Orientation, 1))
    pixels, alpha = _split(array)
    exif_bytes, more = _exif_bytes(exif)
    return Photo(
        pixels=pixels,
        alpha=alpha,
        icc=icc,
        exif=exif_bytes,
        grey=grey,
        name=name,
        notes=notes + more,
        focal_35mm=_focal_35mm(exif),
        origin=_origin(image.info.get("xmp")),
    )


def _frame_notes(image: Image.Image) -> tuple[str, ...]:
    frames = getattr(image, "n_frames", 1)
    # A phone's MPO holds the photograph and then previews or depth maps.
    if frames < 2 or image.format == "MPO":
        return ()
    what = "pages" if image.format == "TIFF" else "frames of the animation"
    return (f"Only the first of {frames} {what} is used.",)


def _checked_profile(icc: bytes | None) -> tuple[bytes | None, tuple[str, ...]]:
    if not icc:
        return None, ()
    try:
        ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except (OSError, ImageCms.PyCMSError):
        return None, ("Its colour profile is damaged and was left out.",)
    return icc, ()


def _to_srgb(
    image: Image.Image, icc: bytes | None
) -> tuple[Image.Image, bytes | None, tuple[str, ...]]:
    """Convert inks, CIELAB and profiled greys to sRGB; leave RGB and its profile alone."""
    space = icc[16:20] if icc else b""
    if image.mode == "LAB":
        profile: Any = ImageCms.createProfile("LAB")
    elif icc and (image.mode, space) in {("CMYK", b"CMYK"), ("L", b"GRAY")}:
        profile = io.BytesIO(icc)
    elif image.mode == "CMYK":
        return image, None, ("It names no ink profile, so its colours are approximate.",)
    elif icc and space != b"RGB ":
        return image, None, ("Its colour profile does not fit an RGB picture and was left out.",)
    else:
        return image, icc, ()
    converted = ImageCms.profileToProfile(
        image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    return cast(Image.Image, converted), None, ("Its colours were converted to sRGB.",)


def _to_array(image: Image.Image) -> Pixels:
    """H×W, H×W×3 or H×W×4, uint8 or uint16."""
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16, copy=False)
    if image.mode in {"I", "F"}:
        return _from_32_bit(np.asarray(image))
    if image.mode == "1":
        image = image.convert("L")
    elif image.has_transparency_data and image.mode != "RGBA":
        image = image.convert("RGBA")
    elif image.mode not in {"L", "RGB", "RGBA"}:
        image = image.convert("RGB")
    return np.asarray(image)


def _from_32_bit(values: npt.NDArray[Any]) -> Pixels:
    """16-bit greys that a format stores as 32-bit integers, or floats 0..1."""
    low, high = values.min(), values.max()
    if values.dtype.kind == "i" and low >= 0 and high <= 65535:
        return values.astype(np.uint16)
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return from_float(values, np.uint16)
    raise UnreadablePicture(
        f"The picture holds 32-bit values from {low:g} to {high:g}.",
        "Save it with 8 or 16 bits a colour.",
    )


def _decode_16_bit(file: Path | bytes, size: tuple[int, int]) -> Pixels | None:
    """H×W×3 RGB or H×W×4 RGBA, uint16; None if OpenCV sees another picture than Pillow."""
    data = np.frombuffer(file, np.uint8) if isinstance(file, bytes) else np.fromfile(file, np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if bgr is None or bgr.dtype != np.uint16 or bgr.ndim != 3 or bgr.shape[1::-1] != size:
        return None
    code = cv2.COLOR_BGRA2RGBA if bgr.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return cast(Pixels, cv2.cvtColor(bgr, code, dst=bgr))


def _upright(array: Pixels, orientation: object) -> Pixels:
    """Undo EXIF orientation 2..8 (EXIF 2.32, tag 0x0112); anything else means upright."""
    match orientation:
        case 2:
            array = cast(Pixels, cv2.flip(array, 1))
        case 3:
            array = cast(Pixels, cv2.rotate(array, cv2.ROTATE_180))
        case 4:
            array = cast(Pixels, cv2.flip(array, 0))
        case 5:
            array = cast(Pixels, cv2.transpose(array))
        case 6:
            array = cast(Pixels, cv2.rotate(array, cv2.ROTATE_90_CLOCKWISE))
        case 7:
            array = cast(Pixels, cv2.flip(cv2.transpose(array), -1))
        case 8:
            array = cast(Pixels, cv2.rotate(array, cv2.ROTATE_90_COUNTERCLOCKWISE))
    return array


def _split(array: Pixels) -> tuple[Pixels, Pixels | None]:
    """H×W, H×W×3 or H×W×4 as read-only RGB and alpha."""
    alpha = None
    if array.ndim == 2:
        array = cast(Pixels, cv2.cvtColor(array, cv2.COLOR_GRAY2RGB))
    elif array.shape[2] == 4:
        alpha = _frozen(cast(Pixels, cv2.extractChannel(array, 3)))
        array = cast(Pixels, cv2.cvtColor(array, cv2.COLOR_RGBA2RGB))
    return _frozen(array), alpha


def _frozen(array: Pixels) -> Pixels:
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _exif_bytes(exif: Image.Exif) -> tuple[bytes | None, tuple[str, ...]]:
    """The block anew: upright, and without the thumbnail, which would show the old picture."""
    kept = Image.Exif()
    try:
        for tag, value in exif.items():
            if tag not in LAYOUT_TAGS:
                kept[tag] = value
        for group in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            if group in kept:
                directory = dict(exif.get_ifd(group))
                directory.pop(ExifTags.IFD.Interop, None)
                kept[group] = directory
        if ExifTags.Base.Orientation in kept:
            kept[ExifTags.Base.Orientation] = 1
        return (kept.tobytes() if len(kept) else None), ()
    # Cameras and editors write EXIF that breaks the writer in many ways; the picture is fine.
    except Exception:
        logger.debug("EXIF could not be rewritten", exc_info=True)
        return None, ("Its EXIF data is damaged and was left out.",)


def _focal_35mm(exif: Image.Exif) -> float | None:
    value = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm, 0)
    try:
        focal = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return focal if 0 < focal < float("inf") else None


def _origin(xmp: object) -> str | None:
    """The digital source type in an XMP packet; nothing else of the packet is kept."""
    if isinstance(xmp, str):
        xmp = xmp.encode()
    found = ORIGIN.search(xmp) if isinstance(xmp, bytes) else None
    return None if found is None else found[1].decode()


def xmp_packet(origin: str) -> bytes:
    """An XMP packet that names a digital source type (IPTC Photo Metadata Standard)."""
    return XMP.format(origin=origin).encode()


def _from_array(array: npt.NDArray[Any], max_megapixels: float) -> Photo:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 and (array.ndim != 3 or array.shape[2] not in {3, 4}):
        raise BadValue(f"The array has the shape {array.shape}.", "Give H×W, H×W×3 or H×W×4.")
    if 0 in array.shape:
        raise BadValue(f"The array is empty (shape {array.shape}).", "Give a picture.")
    _check_size(array.shape[1], array.shape[0], max_megapixels, "The array")
    if array.dtype.kind == "f":
        low, high = array.min(), array.max()
        if not (low >= 0 and high <= 1):  # Also true of NaN.
            raise BadValue(
                f"The array holds floats from {low:g} to {high:g}.",
                "Give finite values from 0 to 1, or uint8.",
            )
        array = from_float(array, np.uint8)
    elif array.dtype.kind == "u" and array.dtype.itemsize == 2:
        array = array.astype(np.uint16, copy=False)  # The machine's byte order.
    elif array.dtype != np.uint8:
        raise BadValue(
            f"The array holds {array.dtype} values.", "Give uint8, uint16, or floats 0 to 1."
        )
    pixels, alpha = _split(np.ascontiguousarray(array))
    return Photo(pixels=pixels, alpha=alpha, grey=array.ndim == 2)


# Writing -------------------------------------------------------------------------------------


def _format(extension: str) -> str:
    try:
        return WRITABLE[extension.lower().removeprefix(".")]
    except KeyError:
        what = f"{extension!r} is not a format" if extension else "The file has no extension"
        raise BadValue(
            f"{what} that can be written.", f"Use one of .{', .'.join(sorted(WRITABLE))}."
        ) from None


def _on_white(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Both uint8."""
    opacity = cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB)
    return cast(Pixels, 255 - cv2.multiply(255 - pixels, opacity, scale=1 / 255))


def _is_grey(pixels: Pixels) -> bool:
    red = pixels[..., 0]
    return bool((red == pixels[..., 1]).all() and (red == pixels[..., 2]).all())


def _join(channels: Pixels, alpha: Pixels | None, code: int, code_alpha: int) -> Pixels:
    """H×W unchanged, or H×W×3 and alpha in the channel order of a cv2.COLOR_ code."""
    if channels.ndim == 2:
        return np.ascontiguousarray(channels)
    channels = np.ascontiguousarray(channels)
    if alpha is None:
        return cast(Pixels, cv2.cvtColor(channels, code))
    joined = cv2.cvtColor(channels, code_alpha)
    return cast(Pixels, cv2.insertChannel(np.ascontiguousarray(alpha), joined, 3))


def _encode_png(channels: Pixels, photo: Photo) -> bytes:
    # OpenCV writes 16 bits, and a 12-megapixel photo six times as fast as Pillow.
    bgr = _join(channels, photo.alpha, cv2.COLOR_RGB2BGR, cv2.COLOR_RGB2BGRA)
    kinds: list[int] = []
    blocks: list[npt.NDArray[np.uint8]] = []
    if photo.icc:
        kinds.append(cv2.IMAGE_METADATA_ICCP)
        blocks.append(np.frombuffer(photo.icc, np.uint8))
    if photo.exif:
        kinds.append(cv2.IMAGE_METADATA_EXIF)
        blocks.append(np.frombuffer(photo.exif.removeprefix(b"Exif\0\0"), np.uint8))
    if kinds:
        _, data = cv2.imencodeWithMetadata(".png", bgr, kinds, blocks)
    else:
        _, data = cv2.imencode(".png", bgr)
    return (
        data.tobytes()
        if photo.origin is None
        else _png_with_xmp(data.data, xmp_packet(photo.origin))
    )


def _png_with_xmp(data: memoryview, packet: bytes) -> bytes:
    """The file with an iTXt chunk (XMP specification, part 3, 1.1.5); OpenCV writes tEXt, which
    Pillow and others do not take for XMP."""
    chunk = b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + packet
    length, check = (number.to_bytes(4) for number in (len(chunk) - 4, zlib.crc32(chunk)))
    header = 33  # signature and IHDR
    return b"".join([data[:header], length, chunk, check, data[header:]])


def _encode_tiff(channels: Pixels, photo: Photo) -> bytes:
    """Baseline TIFF 6.0, one Deflate strip with horizontal differencing.

    Written here because Pillow has no 16-bit RGB and OpenCV writes no metadata into TIFF.
    """
    height, width = channels.shape[:2]
    samples = 1 if channels.ndim == 2 else 3 if photo.alpha is None else 4
    strip = _deflated(channels, photo.alpha)

    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    if photo.exif:
        block = Image.Exif()
        block.load(photo.exif)
        for tag, value in block.items():
            is_group = tag in {ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo}
            tags[tag] = block.get_ifd(tag) if is_group else value
    tags[TiffImagePlugin.IMAGEWIDTH] = width
    tags[TiffImagePlugin.IMAGELENGTH] = height
    tags[TiffImagePlugin.BITSPERSAMPLE] = (8 * channels.itemsize,) * samples
    tags[TiffImagePlugin.COMPRESSION] = 8  # Adobe Deflate
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 1 if samples == 1 else 2
    tags[TiffImagePlugin.STRIPOFFSETS] = 0  # save() adds the length of what comes before.
    tags[TiffImagePlugin.SAMPLESPERPIXEL] = samples
    tags[TiffImagePlugin.ROWSPERSTRIP] = height
    tags[TiffImagePlugin.STRIPBYTECOUNTS] = len(strip)
    tags[TiffImagePlugin.PLANAR_CONFIGURATION] = 1
    tags[TiffImagePlugin.PREDICTOR] = 2
    if samples == 4:
        tags[TiffImagePlugin.EXTRASAMPLES] = 2  # alpha that the colours are not multiplied by
    if photo.icc:
        tags[TiffImagePlugin.ICCPROFILE] = photo.icc
    if photo.origin:
        tags[TiffImagePlugin.XMP] = xmp_packet(photo.origin)
    out = io.BytesIO()
    tags.save(out)
    out.write(strip)
    return out.getvalue()


def _deflated(channels: Pixels, alpha: Pixels | None) -> bytes:
    """All rows with horizontal differencing, some rows at a time: copies of 50 megapixels in 16
    bits would take 300 MB each."""
    packer = zlib.compressobj()
    parts = []
    for top in range(0, channels.shape[0], 256):
        rows = channels[top : top + 256]
        if rows.ndim == 2:
            rows = rows[..., np.newaxis]
        elif alpha is not None:
            rows = np.dstack([rows, alpha[top : top + 256]])
        differences = rows.astype(rows.dtype.newbyteorder("<"))
        differences[:, 1:] -= rows[:, :-1]
        parts.append(packer.compress(differences.tobytes()))
    return b"".join([*parts, packer.flush()])


def _encode_lossy(channels: Pixels, photo: Photo, kind: str, quality: int) -> bytes:
    image = Image.fromarray(channels)
    if photo.alpha is not None:
        image.putalpha(Image.fromarray(photo.alpha))
    options: dict[str, Any] = {
        "quality": quality,
        "icc_profile": photo.icc,
        "exif": photo.exif or b"",
    }
    if photo.origin:
        options["xmp"] = xmp_packet(photo.origin)
    if kind == "JPEG":
        options["subsampling"] = "4:4:4" if quality >= 90 else "4:2:0"
    if kind == "WEBP":
        options["lossless"] = options["exact"] = quality == 100
    if kind == "AVIF":
        options["speed"] = 8  # Half the time of the default 6, for a file 17 % larger.
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
