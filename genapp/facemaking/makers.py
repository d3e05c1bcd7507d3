"""Which model makes the faces: our own generator, or one from the Hub."""

from typing import Protocol

from genapp.errors import UnknownName
from genapp.facemaking.arrays import Values
from genapp.facemaking.ddpm import DDPM, open_ddpm
from genapp.facemaking.generator import GENERATOR, MOBILESTYLEGAN, open_generator
from genapp.registry.catalog import Catalog
from genapp.registry.engines import Engines
from genapp.upscaling import Progress

MAKERS = (GENERATOR, MOBILESTYLEGAN, DDPM)
"""Names of catalogue's entries that make faces, the default first."""


class Maker(Protocol):
    """A model that makes a face of a seed."""

    @property
    def model(self) -> str:
        """Name of the catalogue's entry."""
        ...

    @property
    def fingerprint(self) -> str:
        """The first 8 digits of the hash of its weights; "" if it is not known."""
        ...

    @property
    def size(self) -> int:
        """Side of its pictures, px."""
        ...

    @property
    def has_w(self) -> bool:
        """It has a latent space of styles: neighbours, mixing, sliders. It then is a
        `Generator`."""
        ...

    def make(self, seed: int, truncation: float, progress: Progress | None = None) -> Values:
        """The S×S×3 picture 0..1 of a seed; the same seed, the same picture.

        Args:
            seed: 0 or more.
            truncation: how different from the mean face; a model without it ignores it.
            progress: told after each step of a slow model; may raise `Cancelled`.
        """
        ...


def maker_names(catalog: Catalog) -> tuple[str, ...]:
    """Which models of the catalogue make faces, the default first."""
    return tuple(name for name in MAKERS if name in catalog.names)


def open_maker(engines: Engines, model: str | None = None) -> Maker:
    """The model of that name; None: our own generator.

    Raises:
        UnknownName: no model of faces has this name.
        ModelMissing, HashMismatch: its bytes are not to be had, or wrong, or it is hidden.
    """
    if model is None:
        return open_generator(engines)
    if model not in MAKERS:
        raise UnknownName("model", model, maker_names(engines.catalog))
    return open_ddpm(engines) if model == DDPM else open_generator(engines, model)
