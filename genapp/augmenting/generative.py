"""Pictures that a network draws, around and between those of a class.

The pictures of the source are brought into the network's space of codes; a new code lies near one
of them, or between two, and is drawn. Spaces: that of the VAE of photographs and that of the VAE of
faces (32×32), and that of the generator of faces (aligned faces, 64×64).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from genapp.augmenting import classic
from genapp.augmenting.draws import Draws
from genapp.augmenting.recipe import Recipe
from genapp.augmenting.sample import Pixels, Sample, Step
from genapp.augmenting.sources import Item, Source, Unusable
from genapp.errors import NoFace
from genapp.facemaking import GENERATOR, TRUNCATION, open_generator, project, towards, w_of
from genapp.families import SIZE, TunedVae, Vae, open_vae, to_size, tune
from genapp.images import Photo, from_float
from genapp.registry.engines import Engines
from genapp.tryon import find_faces
from genapp.upscaling import Progress, upscale

Code = NDArray[np.float32]

ORIGIN = "trainedAlgorithmicMedia"
SENTENCE = "AI-generated: drawn by a network, after pictures of a data set."
VAES = {"photos": "families/vae.photos32", "faces": "families/vae.faces32"}
DRAWERS = (*VAES.values(), GENERATOR)
"""Networks that draw new pictures."""
ENLARGER = "upscale/span-x4.real"
LOOKED_AT = 8
"""Pictures of the source that tell whether it shows faces."""
FACE_SHARE = 0.35
"""Of the picture's width that a face takes where the picture is one of a face."""
COARSE = 512
"""So many numbers of the VAE's code come first and lie on 4²."""
FINE = 0.4
"""How far the others move when those move by 1."""
ROUNDS = 3
"""Of the search for a face's code."""


class Space(Protocol):
    """A network's codes of pictures."""

    size: int
    """Side of what it draws, px."""

    def code(self, pixels: Pixels) -> Code:
        """Of a picture, H×W×3. Raises `UserError` if it has none."""
        ...

    def between(self, first: Code, second: Code, shares: tuple[float, float]) -> Code:
        """A code on the way from one to another, with shares of the other for what is coarse and
        for what is fine."""
        ...

    def around(self, code: Code, spread: float, draws: Draws) -> Code:
        """A code near one; a spread of 0 is the code itself, 1 any other."""
        ...

    def draw(self, code: Code) -> Pixels:
        """S×S×3."""
        ...


class VaeSpace:
    """Of a VAE; a priori its codes are standard normal."""

    size = SIZE

    def __init__(self, vae: Vae) -> None:
        self._vae = vae
        self._is_coarse = np.arange(vae.code_size) < COARSE

    def code(self, pixels: Pixels) -> Code:
        return np.asarray(self._vae.encode(to_size(pixels)[None])[0])

    def between(self, first: Code, second: Code, shares: tuple[float, float]) -> Code:
        share = np.where(self._is_coarse, *shares)
        return np.asarray(first + share * (second - first), np.float32)

    def around(self, code: Code, spread: float, draws: Draws) -> Code:
        noise = draws.generator("code").standard_normal(len(code))
        # Fine numbers that are drawn anew don't fit together: they look like dirt.
        amount = np.where(self._is_coarse, spread, FINE * spread)
        return np.asarray(np.sqrt(1 - amount**2) * code + amount * noise, np.float32)

    def draw(self, code: Code) -> Pixels:
        return np.asarray(from_float(self._vae.decode(code[None])[0], np.uint8), np.uint8)


class GanSpace:
    """Of the generator of faces, L×256 numbers."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._generator = open_generator(engines)
        self.size = self._generator.size

    def code(self, pixels: Pixels) -> Code:
        return project(Photo(pixels), self._generator, self._engines, rounds=ROUNDS).w

    def between(self, first: Code, second: Code, shares: tuple[float, float]) -> Code:
        return towards(first, second, shares[0], self._generator.w_mean)

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
        progress: told how far fine-tuning is; may raise `Cancelled`.

    Raises:
        ModelMissing: a network is not to be had.
        BadValue: fine-tuning was asked for, and torch is missing.
    """

    def __init__(
        self, source: Source, recipe: Recipe, engines: Engines, progress: Progress | None = None
    ) -> None:
        self._source = source
        self._recipe = recipe
        self._engines = engines
        self._codes: dict[str, Code] = {}
        kind = recipe.generative.space
        if kind == "auto":
            kind = "faces" if shows_faces(source, engines) else "photos"
        self.kind = kind
        self.model = GENERATOR if kind == "gan" else VAES[kind]
        vae = None if kind == "gan" else self._vae(self.model, progress)
        self._space: Space = GanSpace(engines) if vae is None else VaeSpace(vae)
        entry = engines.catalog.get(self.model)
        size = f"{self._space.size}×{self._space.size}"
        terms = "" if entry.commercial else f", whose licence ({entry.license}) is not commercial"
        self.notes: tuple[str, ...] = (
            f"Generated pictures are drawn at {size} and soft, however large they are made; by "
            f"{self.model}{terms}.",
        )
        if isinstance(vae, TunedVae):
            self.notes += (_tuning_note(vae),)

    def make(self, parent: Item, group: Sequence[Item], draws: Draws) -> tuple[Sample, list[str]]:
        """A new picture of a class, and the names of those that it comes from.

        Args:
            parent: that it lies around, or between that and another.
            group: all pictures of the class.
            draws: the random numbers.

        Raises:
            Unusable: a picture can't be read, or shows no face where one is needed.
        """
        settings = self._recipe.generative
        code, before = self._code(parent, draws)
        parents = [parent.name]
        steps = [*before, Step("generated", self.kind)]
        if draws.chance("between", settings.between) and len(group) > 1:
            others = [item for item in group if item is not parent]
            other = others[draws.choice("other", len(others))]
            coarse, fine = (round(0.2 + 0.6 * draws.uniform(each), 3) for each in ("way", "fine"))
            code = self._space.between(
                code, self._code(other, draws.of("other"))[0], (coarse, fine)
            )
            parents.append(other.name)
            steps.append(Step("between", (coarse, fine)))
        spread = round(settings.spread * (0.5 + 0.5 * draws.uniform("spread")), 3)
        code = self._space.around(code, spread, draws)
        steps.append(Step("around", spread))
        pixels = self._enlarged(self._space.draw(code))
        return Sample(pixels, {parent.label: 1.0}, steps=tuple(steps)), parents

    def _code(self, item: Item, draws: Draws) -> tuple[Code, tuple[Step, ...]]:
        """Of a picture after the classic transforms, and what those were. The generator of faces
        takes faces as they are, and its codes, which take seconds, are kept."""
        pixels = self._source.pixels(item)
        if self.kind == "gan":
            if item.name not in self._codes:
                try:
                    self._codes[item.name] = self._space.code(pixels)
                except NoFace as error:
                    raise Unusable(item.name, error) from error
            return self._codes[item.name], ()
        sample = Sample(pixels, {item.label: 1.0})
        side = 2 * self._space.size
        changed = classic.apply(sample, self._recipe.classic, draws, (side, side))
        return self._space.code(changed.pixels), changed.steps

    def _enlarged(self, pixels: Pixels) -> Pixels:
        """At the size that the recipe asks for, by super-resolution as far as that goes."""
        side, size = len(pixels), self._recipe.size
        if size is None or size <= side:
            return pixels if size is None else _resized(pixels, size)
        scale = min(max(size / side, 1.1), 8)
        large = upscale(pixels, scale, model=ENLARGER, faces=False, engines=self._engines)
        return _resized(np.asarray(large.photo.pixels, np.uint8), size)

    def _vae(self, model: str, progress: Progress | None) -> Vae:
        settings = self._recipe.generative
        if not settings.tune:
            return open_vae(self._engines, model)
        return tune(
            list(self._small_pictures()),
            base=model,
            steps=settings.tune_steps,
            seed=self._recipe.seed,
            mirror=self._recipe.classic.flip > 0,
            engines=self._engines,
            progress=progress,
        )

    def _small_pictures(self) -> Iterator[NDArray[np.float32]]:
        for item in self._source.items:
            with suppress(Unusable):
                yield to_size(self._source.pixels(item))


def _tuning_note(vae: TunedVae) -> str:
    tuning = vae.tuned.tuning
    if not tuning.steps:
        return "Fine-tuning did not help on pictures held out, and changed nothing."
    return (
        f"Fine-tuning on {tuning.pictures - tuning.held_out} pictures brought those held out from "
        f"{tuning.before:.2f} to {tuning.after:.2f} bits a byte."
    )


def shows_faces(source: Source, engines: Engines) -> bool:
    """Whether most pictures are of one face each; some of them are looked at."""
    items = source.items
    seen = faces = 0
    for place in np.linspace(0, len(items) - 1, min(LOOKED_AT, len(items))):
        try:
            pixels = source.pixels(items[round(place)])
        except Unusable:
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
