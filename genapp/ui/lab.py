"""What the tab "Models" shows of the three families of generative model: pictures and numbers."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genapp.facemaking import align, towards, w_of
from genapp.families import (
    SIZE,
    Family,
    Gan,
    PixelCNN,
    Vae,
    open_gan,
    open_pixelcnn,
    open_vae,
    to_size,
)
from genapp.images import Photo, to_8_bit
from genapp.registry.engines import Engines
from genapp.tryon import find_faces

Pictures = NDArray[np.float32]
"""n×32×32×3 RGB, 0..1."""
Sheet = NDArray[np.uint8]
"""H×W×3, pictures side by side, for the page."""

SCALE = 4
"""Pixels of the page for one of a picture."""
GAP = 6
EVERY = 16
"""Pixels of a painting from one look to the next."""
BETWEEN = 0.06
"""Seconds from one look to the next, at least: faster, nobody could watch it."""
CALM = 0.4
"""Share of the fine parts of the VAE's code that its calm faces have."""
FACE_SIDE = 128
FRAMES = 9
"""Pictures of a walk, both ends included."""


@dataclass(frozen=True)
class Painting:
    """A look at faces that are being painted pixel by pixel."""

    pictures: Pictures
    done: float
    """0..1."""
    seconds: float
    """That it has taken so far, without the waiting for those who watch."""


def sheet(pictures: Pictures, columns: int) -> Sheet:
    """Pictures side by side in rows of `columns`, each pixel a square; gaps are white."""
    count, height, width, _ = pictures.shape
    rows = -(-count // columns)
    step_y, step_x = height * SCALE + GAP, width * SCALE + GAP
    canvas = np.full((rows * step_y - GAP, columns * step_x - GAP, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * step_y, number % columns * step_x
        large = np.rint(picture * 255).astype(np.uint8).repeat(SCALE, 0).repeat(SCALE, 1)
        canvas[top : top + height * SCALE, left : left + width * SCALE] = large
    return canvas


def families(engines: Engines) -> tuple[PixelCNN, Vae, Gan]:
    """All three, opened. Raises as `Engines.get` does."""
    return open_pixelcnn(engines), open_vae(engines), open_gan(engines)


@dataclass(frozen=True)
class Drawn:
    """Faces of a model that draws them at once, and how long it took."""

    pictures: Pictures
    seconds: float


def drawn(model: Vae | Gan, seeds: Sequence[int], temperature: float, *, calm: bool) -> Drawn:
    """A model's faces of seeds; with `calm` the VAE's have no grain and less fine detail."""
    started = time.perf_counter()
    if calm and isinstance(model, Vae):
        pictures = model.sample(seeds, temperature=temperature, detail=CALM, grain=False)
    else:
        pictures = model.sample(seeds, temperature=temperature)
    return Drawn(pictures, time.perf_counter() - started)


def painted(
    model: PixelCNN,
    seeds: Sequence[int],
    temperature: float = 1.0,
    begun: Pictures | None = None,
    rows: int = 0,
) -> Iterator[Painting]:
    """Faces as they come to be, slowly enough to watch; the finished ones last.

    Args:
        model: that paints.
        seeds: one for each face.
        temperature: 1 as it learnt; less draws likelier faces.
        begun: n×32×32×3, whose first rows stay.
        rows: how many of them.
    """
    looks = model.paint(seeds, temperature=temperature, begun=begun, rows=rows, every=EVERY)
    count = -(-(SIZE - rows) * SIZE // EVERY)
    worked, shown = 0.0, 0.0
    for number in range(1, count + 1):
        started = time.perf_counter()
        pictures = next(looks)
        worked += time.perf_counter() - started
        time.sleep(max(shown + BETWEEN - time.perf_counter(), 0))
        shown = time.perf_counter()
        yield Painting(pictures, number / count, worked)


def bits(models: Sequence[Family], groups: Sequence[Pictures]) -> list[list[float | None]]:
    """Bits per dimension, the mean of each group of pictures (row) for each model (column)."""
    return [[_bits(model, group) for model in models] for group in groups]


def _bits(model: Family, pictures: Pictures) -> float | None:
    found = model.bits_per_dim(pictures)
    return None if found is None else float(np.mean(found))


def walk(vae: Vae, gan: Gan, first: int, second: int, places: Sequence[float]) -> Pictures:
    """Faces on the way from one seed's to another's.

    Args:
        vae, gan: with latent spaces.
        first, second: seeds.
        places: 0 the first … 1 the second.

    Returns:
        2×n×32×32×3: the VAE's, and the GAN's.
    """
    ends = vae.code_of(first), vae.code_of(second)
    # Codes of so many numbers lie on a sphere: on the straight line between two they are too short.
    codes = [
        np.cos(place * np.pi / 2) * ends[0] + np.sin(place * np.pi / 2) * ends[1]
        for place in places
    ]
    generator = gan.generator
    here, there = (w_of(generator, seed, 1.0) for seed in (first, second))
    styles = [towards(here, there, place, generator.w_mean) for place in places]
    drawn = [to_size(picture) for picture in generator.pictures(np.stack(styles))]
    return np.stack([vae.decode(np.stack(codes).astype(np.float32)), np.stack(drawn)])


def seen(photo: Photo, engines: Engines) -> tuple[Pictures, bool]:
    """A photo as the models see it.

    Returns:
        1×32×32×3: its largest face, cut out as those that the models learnt from, or the middle
        of the photo; and whether there is a face.
    """
    found = find_faces(photo.pixels, engines)
    part = to_8_bit(photo.pixels)
    if found:
        right, left, _, *mouth = found[0].five_points
        part = align(part, right, left, np.mean(mouth, 0), FACE_SIDE)
    return to_size(part)[np.newaxis], bool(found)


def reconstructions(vae: Vae, picture: Pictures) -> Pictures:
    """A picture as the VAE tells it with none, one, … all parts of the code, coarse to fine."""
    return np.concatenate([vae.reconstruct(picture, parts) for parts in range(vae.parts + 1)])


def oddities() -> tuple[tuple[str, Pictures], ...]:
    """Pictures that are no faces, by name."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 1)
    slope = np.stack([0.2 + 0.5 * rows, 0.3 + 0.3 * columns, 0.6 - 0.2 * rows], 2)
    fields = np.arange(SIZE) // 4
    board = (fields[:, np.newaxis] + fields) % 2
    pictures = {
        "plain grey": np.full((SIZE, SIZE, 3), 0.5),
        "a smooth slope": slope,
        "a chequered board": np.repeat(board[..., np.newaxis], 3, 2),
        "noise": random.random((SIZE, SIZE, 3)),
    }
    return tuple((name, one[np.newaxis].astype(np.float32)) for name, one in pictures.items())
