"""Films that go from face to face."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genapp.errors import BadValue, check_number
from genapp.facemaking.arrays import Values
from genapp.facemaking.generator import Generator
from genapp.facemaking.latent import path
from genapp.facemaking.marks import ORIGIN, SENTENCES, marked
from genapp.facemaking.pipeline import enlarged, unwritable
from genapp.files import replacing
from genapp.images import Photo, from_float, xmp_packet
from genapp.registry.engines import Engines
from genapp.upscaling import Clock, Progress

FORMATS = (".mp4", ".webp")
FPS = 24
MOST_FRAMES = {".mp4": 5000, ".webp": 480}
"""Pillow holds all frames of a WebP in memory: 480 of 512×512 are 380 MB."""


def write_animation(
    target: str | Path,
    keys: Sequence[Values],
    generator: Generator,
    engines: Engines,
    *,
    seconds: float = 2.0,
    loop: bool = True,
    size: int | None = None,
    mark: bool = True,
    progress: Progress | None = None,
) -> int:
    """Writes a film that goes smoothly through faces and, if it loops, back to the first.

    Args:
        target: a .mp4 (H.264) or .webp file; it is there when it is whole, or as it was before.
        keys: two or more w, L×256, such as `w_of` and `recipe_w` give.
        generator: of the pictures.
        engines: for enlarging.
        seconds: from one face to the next, 0.1 to 20; 24 frames a second.
        loop: the film goes back to the first face, so that it can run on and on.
        size: side of the frames, px, even; None: 4 times the generator's.
        mark: say in the file's metadata that a network made it.
        progress: told after each frame; may raise `Cancelled`.

    Returns:
        How many frames it has.

    Raises:
        BadValue: a wrong extension, too few faces, too many frames, a place that can't be written
            to, or a full disk.
    """
    target = Path(target)
    ending = target.suffix.lower()
    if ending not in FORMATS:
        raise BadValue(f"{str(target)!r} is no name for a film.", "End it in .mp4 or .webp.")
    check_number("number of seconds", seconds, 0.1, 20)
    pieces = len(keys) if loop else len(keys) - 1
    count = max(round(pieces * seconds * FPS), len(keys))
    if count > MOST_FRAMES[ending]:
        raise BadValue(
            f"The film would have {count} frames.",
            f"{ending} holds {MOST_FRAMES[ending]} here: choose fewer faces or seconds.",
        )
    side = size or 4 * generator.size
    if side % 2:
        raise BadValue(f"The size is {side}.", "Choose an even number of pixels.")
    steps = path(keys, count, loop=loop)
    frames = _frames(steps, generator, engines, side, Clock(count, progress))
    try:
        with replacing(target) as part:
            write = _write_mp4 if ending == ".mp4" else _write_webp
            write(part, frames, side, mark=mark)
    except OSError as error:
        raise unwritable(target, error) from error
    return count


def _frames(
    steps: Sequence[Values], generator: Generator, engines: Engines, side: int, clock: Clock
) -> Iterator[NDArray[np.uint8]]:
    for w in steps:
        made = np.asarray(from_float(generator.synthesis(w[np.newaxis])[0], np.uint8), np.uint8)
        yield enlarged(made, side, engines)
        clock.advance(1, "Drawing frames")


def _write_mp4(part: Path, frames: Iterator[NDArray[np.uint8]], side: int, *, mark: bool) -> None:
    # Imported here because only films need it.
    import av  # noqa: PLC0415

    # The index goes to the front, so that a browser starts before it has the whole file.
    options = {"movflags": "faststart"}
    with av.open(str(part), "w", options=options) as container:
        if mark:
            container.metadata["comment"] = f"{SENTENCES} digitalsourcetype={ORIGIN}"
        stream: Any = container.add_stream("libx264", rate=FPS, options={"crf": "16"})
        # What browsers play; colours of HD video, and said so.
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _write_webp(part: Path, frames: Iterator[NDArray[np.uint8]], side: int, *, mark: bool) -> None:
    pictures = [Image.fromarray(pixels) for pixels in frames]
    options: dict[str, Any] = {}
    if mark:
        photo = marked(Photo(np.zeros((side, side, 3), np.uint8)), None)
        options = {"exif": photo.exif, "xmp": xmp_packet(ORIGIN)}
    pictures[0].save(
        part,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=[
            round(1000 * (n + 1) / FPS) - round(1000 * n / FPS) for n in range(len(pictures))
        ],
        loop=0,
        quality=85,
        method=2,
        **options,
    )
