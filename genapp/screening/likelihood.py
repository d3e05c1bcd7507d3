"""Scores of a picture by generative models of faces at 32²: how unlikely its pixels are.

All are in bits for each of the 3072 bytes, and higher is stranger. The raw likelihood is a poor
one: a plain picture has few bits whatever it shows (Nalisnick et al. 2019,
https://arxiv.org/abs/1810.09136). The others take out what does not depend on the contents.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import UnknownName
from genapp.families import SIZE, open_pixelcnn, open_vae, to_bits_per_dim, to_size
from genapp.registry.engines import Engines

Array = NDArray[np.float32]
Numbers = NDArray[np.float64]

BACKGROUND = "families/vae.photos32"
"""The VAE of faces, trained further on photographs of anything."""
SAMPLES = 4
"""Codes for each picture in the bounds."""
COARSE = 2
"""Parts of the VAE's code that the picture keeps in `regret`."""


@dataclass(frozen=True)
class Score:
    """One way to tell how strange a picture is."""

    name: str
    title: str
    about: str
    """A sentence for people."""
    of_faces: bool = True
    """It was trained on faces, so that another reference only sets its threshold."""


SCORES = {
    score.name: score
    for score in (
        Score(
            "features",
            "Distance of features",
            "How far what the picture shows is from the reference, for a network that saw "
            "ImageNet.",
            of_faces=False,
        ),
        Score(
            "pixelcnn",
            "Likelihood, exact",
            "Bits that a PixelCNN of faces needs: raw, so plain pictures look normal.",
        ),
        Score("elbo", "Likelihood, ELBO", "Bits that a VAE of faces needs at most: raw too."),
        Score(
            "iwae",
            "Likelihood, IWAE",
            f"The same by the tighter bound of {SAMPLES} codes.",
        ),
        Score(
            "complexity",
            "Likelihood less complexity",
            "The PixelCNN's bits less those of the smallest lossless file (Serrà et al. 2020).",
        ),
        Score(
            "regret",
            "Likelihood regret",
            "How much the VAE's fine codes have to mend that the coarse ones don't foresee "
            "(Havtorn et al. 2021; stands in for Xiao et al. 2020, which needs training).",
        ),
        Score(
            "ratio",
            "Likelihood ratio",
            "Bits of the VAE of faces less those of a VAE of photographs of anything "
            "(Ren et al. 2019).",
        ),
    )
}
"""By name, the default first."""

DEFAULT = "features"


def check_scores(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, in the order given. Raises `UnknownName`."""
    unique = tuple(dict.fromkeys(names))
    for name in unique:
        if name not in SCORES:
            raise UnknownName("score", name, SCORES)
    return unique


def small(image: NDArray[Any]) -> Array:
    """A picture as the models take it: its middle square at 32², 0..1, in whole bytes."""
    return np.asarray(np.rint(to_size(image) * 255) / 255, np.float32)


def pixel_scores(pictures: Array, names: Collection[str], engines: Engines) -> dict[str, Numbers]:
    """Those of the scores that are told from pixels, N each.

    Args:
        pictures: N×32×32×3, 0..1.
        names: of scores; others than of pixels are passed over.
        engines: the pool of networks.

    Raises:
        ModelMissing, HashMismatch: a model is missing or damaged.
    """
    found: dict[str, Numbers] = {}
    if {"elbo", "iwae", "regret", "ratio"} & set(names):
        vae = open_vae(engines)
        bound = vae.bound(pictures, SAMPLES)
        found["elbo"] = to_bits_per_dim(bound.elbo)
        found["iwae"] = to_bits_per_dim(bound.iwae)
        if "regret" in names:
            coarse = vae.bound(pictures, SAMPLES, parts=COARSE)
            found["regret"] = to_bits_per_dim(coarse.elbo) - found["elbo"]
        if "ratio" in names:
            other = open_vae(engines, BACKGROUND).bound(pictures, SAMPLES)
            found["ratio"] = found["elbo"] - to_bits_per_dim(other.elbo)
    if {"pixelcnn", "complexity"} & set(names):
        found["pixelcnn"] = open_pixelcnn(engines).bits_per_dim(pictures)
        found["complexity"] = found["pixelcnn"] - file_bits(pictures)
    return {name: found[name] for name in names if name in found}


def file_bits(pictures: Array) -> Numbers:
    """Bits a byte of the smallest lossless file of each picture, PNG or WebP, N."""
    smallest = []
    for picture in np.rint(pictures * 255).astype(np.uint8):
        kinds = (
            (".png", [cv2.IMWRITE_PNG_COMPRESSION, 9]),
            (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),
        )
        smallest.append(min(len(cv2.imencode(kind, picture, how)[1]) for kind, how in kinds))
    return np.array(smallest, np.float64) * 8 / (3 * SIZE * SIZE)
