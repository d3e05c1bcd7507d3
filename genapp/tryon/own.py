"""Frames from the catalogue, and frames of one's own: a model or a picture."""

from collections.abc import Iterable
from pathlib import Path

from genapp import images
from genapp.errors import BadValue, TooLarge, UnreadableFrame, UnreadablePicture
from genapp.tryon.frames import Frame, load_frame
from genapp.tryon.gltf import read_gltf
from genapp.tryon.own_model import model_frame
from genapp.tryon.own_picture import picture_frame

Source = str | Path | bytes | Frame
"""Where a frame comes from, see `open_frame`."""
MODELS = (".glb", ".gltf")
PICTURES = (".png", ".webp", ".jpg", ".jpeg", ".tif", ".tiff", ".avif")
FRAME_FILES = MODELS + PICTURES
"""What the name of a frame's file ends in."""
MAX_MEGAPIXELS = 40.0
MAX_BYTES = 100_000_000
"""Of a file that is opened at all."""


def open_frame(source: Source, width_mm: float | None = None) -> Frame:
    """A pair of glasses, wherever it comes from.

    Args:
        source: a name of the catalogue; a path, or the bytes, of a `.glb` or `.gltf` model or of
            a picture of the front; a `Frame` is given back. A text is a path if it ends like one.
        width_mm: width of the front in mm. A picture needs it, a model takes it instead of its
            own, and a frame of the catalogue does not heed it.

    Raises:
        UnknownName: there is no such frame, and it is no path.
        UnreadableFrame, TooLarge, UnreadablePicture: the file cannot be used; see the message.
        BadValue: the width is missing or makes no sense.
    """
    if isinstance(source, Frame):
        return source
    if isinstance(source, bytes):
        return _read(source, "own", width_mm)
    suffix = Path(source).suffix.lower()
    if isinstance(source, str) and suffix not in MODELS + PICTURES:
        return load_frame(source)
    path = Path(source)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TooLarge(
                f"The frame's file {path.name!r} has {path.stat().st_size / 1e6:.0f} MB.",
                "Use a smaller one: 20 MB are the limit for a model.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFrame(
            f"The frame's file {str(path)!r} cannot be read: {error.strerror or error}.",
            "Name a .glb or .gltf model, or a picture of the front (.png).",
        ) from error
    return _read(data, path.stem, width_mm)


def open_frames(
    sources: Iterable[Source | None], width_mm: float | None = None
) -> list[Frame | None]:
    """Several frames, None for none; see `open_frame`. Raises `BadValue` too if a width is given,
    but no file."""
    frames = [None if source is None else open_frame(source, width_mm) for source in sources]
    if width_mm is not None and not any(frame and frame.solids for frame in frames):
        raise BadValue(
            "A width was given, but the frames of the catalogue have their own.",
            "Give a width only with a file.",
        )
    return frames


def _read(data: bytes, name: str, width_mm: float | None) -> Frame:
    if data[:4] == b"glTF" or data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return model_frame(read_gltf(data), name, width_mm)
    try:
        photo = images.read(data, max_megapixels=MAX_MEGAPIXELS)
    except UnreadablePicture as error:
        raise UnreadableFrame(
            f"The frame '{name}' is neither a glTF model nor a picture that can be read.",
            "Give a .glb or .gltf model, or a PNG of the front with a transparent background.",
        ) from error
    return picture_frame(photo, name, width_mm)
