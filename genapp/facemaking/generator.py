"""The generator of faces: from noise to w, from w to a picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genapp.facemaking.arrays import Values, check_finite
from genapp.facemaking.latent import w_of
from genapp.registry.engines import Engine, Engines
from genapp.upscaling import Progress

GENERATOR = "faces/gated-gan.v1"
"""Our own. The synthesis: pictures of w."""
MAPPING = "faces/gated-gan-mapping.v1"
"""The network in front of it: w of noise."""
MOBILESTYLEGAN = "faces/mobilestylegan.ffhq-1024"
"""Another one, from the Hub (https://arxiv.org/abs/2104.04767)."""


@dataclass(frozen=True, eq=False)
class Generator:
    """A generator with a mapping network and a style for each level, after StyleGAN.

    Pictures and w are made one at a time: matrix products of a batch would round otherwise, and a
    face shall not depend on those that are made beside it.
    """

    model: str
    """Name of the catalogue's entry."""
    fingerprint: str
    """The first digits of the hash of its weights."""
    size: int
    """Side of the pictures, px."""
    levels: int
    """Rows of w that make a picture: one for each resolution, coarse to fine."""
    z_size: int
    w_mean: Values
    """The mean face: 256 numbers, or as many as a row of w has."""
    _mapping: Engine
    _synthesis: Engine

    has_w = True

    def mapping(self, z: Values) -> Values:
        """n×256 w of n×z_size standard normal noise; only the direction of z matters."""
        rows = [self._mapping.run({"z": row[np.newaxis]})["w"] for row in z]
        return np.asarray(np.concatenate(rows), np.float32)

    def synthesis(self, w: Values) -> Values:
        """n×S×S×3 RGB pictures 0..1 of n×levels×256."""
        return np.stack(list(self.pictures(w)))

    def pictures(self, w: Values) -> Iterator[Values]:
        """The same, S×S×3 by S×S×3."""
        for row in w:
            made = self._synthesis.run({"w": np.ascontiguousarray(row[np.newaxis])})["image"]
            check_finite(made, self.model)
            yield np.ascontiguousarray(made[0].transpose(1, 2, 0), np.float32)

    def make(self, seed: int, truncation: float, progress: Progress | None = None) -> Values:
        """See `Maker.make`; too quick for progress."""
        return next(self.pictures(w_of(self, seed, truncation)[np.newaxis]))


def open_generator(engines: Engines, model: str = GENERATOR) -> Generator:
    """A generator; its sizes are read from the catalogue, which the files must agree with.

    Args:
        engines: that its networks come from.
        model: the synthesis, `GENERATOR` or `MOBILESTYLEGAN`.

    Raises:
        ModelMissing, HashMismatch: its bytes are not to be had, or wrong.
        UnknownName: the catalogue has none.
    """
    entry, front = engines.catalog.get(model), engines.catalog.get(mapping_of(model))
    synthesis, mapping = engines.get(model), engines.get(front.name)
    _, levels, _ = entry.inputs[0].shape
    side = entry.outputs[0].shape[-1]
    z_size = front.inputs[0].shape[1]
    mean = mapping.run({"z": np.ones((1, int(z_size)), np.float32)})["w_mean"]
    sha = entry.files[0].sha256 or ""
    sizes = (int(side), int(levels), int(z_size))
    return Generator(model, sha[:8], *sizes, mean, mapping, synthesis)


def mapping_of(model: str) -> str:
    """Name of the mapping network in front of a synthesis: faces/x.y → faces/x-mapping.y."""
    return model.replace(".", "-mapping.", 1)
