"""Pictures that a network draws, around and between those of a class.

The pictures of the source are brought into the network's space of codes; a new code lies near one
of them, or between two, and is drawn. Two spaces: that of the VAE (any picture, 32×32) and that of
the generator of faces (aligned faces, 64×64).
"""

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from genapp.augmenting.draws import Draws
from genapp.augmenting.recipe import Recipe
from genapp.augmenting.sample import Pixels, Sample, Step
from genapp.augmenting.sources import Item, Source
from genapp.errors import UserError
from genapp.facemaking import TRUNCATION, open_generator, project, towards, w_of
from genapp.families import SIZE, Vae, open_vae, to_size
from genapp.images import Photo, from_float
from genapp.registry.engines import Engines
from genapp.sources import Failure
from genapp.tryon import find_faces
from genapp.upscaling import Progress, upscale

Code = NDArray[np.float32]

ORIGIN = "trainedAlgorithmicMedia"
SENTENCE = "AI-generated: drawn by a network, after pictures of a data set."
PHOTOS = "families/vae.photos32"
"""The VAE of photographs of anything."""
ENLARGER = "upscale/span-x4.real"
LOOKED_AT = 8
"""Pictures of the source that tell whether it shows faces."""
FACE_SHARE = 0.35
"""Of the picture's width that a face takes where the picture is one of a face."""
COARSE = 512
"""So many numbers of the VAE's code come first and lie on 4²."""


class Space(Protocol):
    """A network's codes of pictures."""

    size: int
    """Side of what it draws, px."""

    def code(self, pixels: Pixels) -> Code:
        """Of a picture, H×W×3. Raises `UserError` if it has none."""
        ...

    def between(self, first: Code, second: Code, share: float) -> Code:
        """A code on the way from one to another; a share of 0 is the first."""
        ...

    def around(self, code: Code, spread: float, draws: Draws) -> Code:
        """A code near one; a spread of 0 is the code itself, 1 any other."""
        ...

    def draw(self, code: Code) -> Pixels:
        """S×S×3."""
        ...


class VaeSpace:
    """Of the VAE; its codes are standard normal."""

    size = SIZE

    def __init__(self, vae: Vae) -> None:
        self._vae = vae

    def code(self, pixels: Pixels) -> Code:
        return self._vae.encode(to_size(pixels)[None])[0]

    def between(self, first: Code, second: Code, share: float) -> Code:
        # A straight line would pass nearer to the mean, where pictures are flat.
        mixed = (1 - share) * first + share * second
        lengths = [np.linalg.norm(code) for code in (first, second, mixed)]
        wanted = (1 - share) * lengths[0] + share * lengths[1]
        return np.asarray(mixed * (wanted / max(lengths[2], 1e-9)), np.float32)

    def around(self, code: Code, spread: float, draws: Draws) -> Code:
        noise = draws.generator("code").standard_normal(len(code))
        # Fine numbers that are drawn anew don't fit together: those stay the picture's.
        noise[COARSE:] = code[COARSE:]
        return np.asarray(np.sqrt(1 - spread**2) * code + spread * noise, np.float32)

    def draw(self, code: Code) -> Pixels:
        return np.asarray(from_float(self._vae.decode(code[None])[0], np.uint8), np.uint8)


class FaceSpace:
    """Of the generator of faces, L×256 numbers."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._generator = open_generator(engines)
        self.size = self._generator.size

    def code(self, pixels: Pixels) -> Code:
        return project(Photo(pixels), self._generator, self._engines, rounds=3).w

    def between(self, first: Code, second: Code, share: float) -> Code:
        return towards(first, second, share, self._generator.w_mean)

    def around(self, code: Code, spread: float, draws: Draws) -> Code:
        other = w_of(self._generator, draws.choice("face", 2**44), TRUNCATION)
        return towards(code, other, spread, self._generator.w_mean)

    def draw(self, code: Code) -> Pixels:
        drawn = self._generator.synthesis(code[None])[0]
        return np.asarray(from_float(drawn, np.uint8), np.uint8)


class Maker:
    """Draws new pictures for a source.

    Args:
        source: the data set.
        recipe: what to do.
        engines: that the networks come from.
        failures: pictures that could not be read, by name; more are added.
        progress: told how far fine-tuning is; may raise `Cancelled`.

    Raises:
        ModelMissing: a network is not to be had.
        BadValue: fine-tuning was asked for, and torch is missing.
    """

    def __init__(
        self,
        source: Source,
        recipe: Recipe,
        engines: Engines,
        failures: MutableMapping[str, Failure],
        progress: Progress | None = None,
    ) -> None:
        self._source = source
        self._recipe = recipe
        self._engines = engines
        self._failures = failures
        self._codes: dict[str, Code | None] = {}
        settings = recipe.generative
        self.faces = settings.space == "faces" or (
            settings.space == "auto" and shows_faces(source, engines)
        )
        self._space: Space = FaceSpace(engines) if self.faces else VaeSpace(self._vae(progress))
        kind = "the generator of faces" if self.faces else "the VAE"
        self.notes: tuple[str, ...] = (
            f"Generated pictures are drawn by {kind} at {self._space.size}×{self._space.size}: "
            "soft, however large they are made.",
        )

    def make(self, parent: Item, group: Sequence[Item], draws: Draws) -> tuple[Sample, list[str]]:
        """A new picture of a class, and the names of those that it comes from.

        Args:
            parent: that it lies around, or between that and another.
            group: all pictures of the class.
            draws: the random numbers.

        Raises:
            UserError: the parent can't be read, or shows no face.
        """
        settings = self._recipe.generative
        code = self._code(parent)
        parents = [parent.name]
        steps = [Step("generated", "faces" if self.faces else "vae")]
        if draws.chance("between", settings.between) and len(group) > 1:
            others = [item for item in group if item is not parent]
            other = others[draws.choice("other", len(others))]
            share = round(0.2 + 0.6 * draws.uniform("way"), 3)
            code = self._space.between(code, self._code(other), share)
            parents.append(other.name)
            steps.append(Step("between", share))
        spread = round(settings.spread * (0.5 + 0.5 * draws.uniform("spread")), 3)
        code = self._space.around(code, spread, draws)
        steps.append(Step("around", spread))
        pixels = self._enlarged(self._space.draw(code))
        return Sample(pixels, {parent.label: 1.0}, steps=tuple(steps)), parents

    def _code(self, item: Item) -> Code:
        if item.name not in self._codes:
            self._codes[item.name] = self._space.code(self._source.pixels(item))
        return self._codes[item.name]

    def _enlarged(self, pixels: Pixels) -> Pixels:
        """At the size that the recipe asks for, by super-resolution as far as that goes."""
        side, size = len(pixels), self._recipe.size
        if size is None or size <= side:
            return pixels if size is None else _resized(pixels, size)
        scale = min(max(size / side, 1.1), 8)
        large = upscale(pixels, scale, model=ENLARGER, faces=False, engines=self._engines)
        return _resized(np.asarray(large.photo.pixels, np.uint8), size)

    def _vae(self, progress: Progress | None) -> Vae:
        return open_vae(self._engines, PHOTOS)


def shows_faces(source: Source, engines: Engines) -> bool:
    """Whether most pictures are of one face each; some of them are looked at."""
    items = source.items
    seen = faces = 0
    for place in np.linspace(0, len(items) - 1, min(LOOKED_AT, len(items))):
        try:
            pixels = source.pixels(items[round(place)])
        except UserError:
            continue
        found = find_faces(pixels, engines)
        seen += 1
        faces += bool(found) and found[0].box[2] >= FACE_SHARE * min(pixels.shape[:2])
    return seen > 0 and faces >= 0.75 * seen


def marked(photo: Photo) -> Photo:
    """The picture with metadata that say that a network made it (IPTC digital source type)."""
    block = Image.Exif()
    block[ExifTags.Base.ImageDescription] = SENTENCE
    block[ExifTags.Base.Software] = "genapp"
    return replace(photo, exif=block.tobytes(), origin=ORIGIN)


def _resized(pixels: Pixels, side: int) -> Pixels:
    if len(pixels) == side:
        return pixels
    way = cv2.INTER_AREA if side < len(pixels) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=way), np.uint8)
