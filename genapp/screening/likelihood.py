"""Scores of a picture by generative models at 32²: how unlikely its pixels are.

The models have learnt faces, but for a VAE that was tuned on a user's own pictures.

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
from genapp.families import SIZE, Vae, open_pixelcnn, open_vae, to_bits_per_dim, to_size
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
    tuned: bool = False
    """It is told by a VAE that was tuned on the reference."""


def _of_tuned(name: str, title: str, about: str) -> Score:
    about = f"By a VAE that was tuned on your reference: {about[0].lower()}{about[1:]}"
    return Score(f"tuned-{name}", title, about, of_faces=False, tuned=True)


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
        _of_tuned("elbo", "Tuned: likelihood, ELBO", "Bits that the VAE needs at most."),
        _of_tuned("iwae", "Tuned: likelihood, IWAE", f"By the tighter bound of {SAMPLES} codes."),
        _of_tuned(
            "complexity",
            "Tuned: likelihood less complexity",
            "Its bits less those of the smallest lossless file.",
        ),
        _of_tuned(
            "regret",
            "Tuned: likelihood regret",
            "How much its fine codes have to mend that the coarse ones don't foresee.",
        ),
        _of_tuned(
            "ratio",
            "Tuned: likelihood ratio",
            "Its bits less those of the VAE of photographs of anything, with which it began.",
        ),
    )
}
"""By name, the default first."""
TUNED = tuple(name for name, score in SCORES.items() if score.tuned)
UNTUNED = tuple(name for name in SCORES if name not in TUNED)

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


def pixel_scores(
    pictures: Array, names: Collection[str], engines: Engines, tuned: Vae | None = None
) -> dict[str, Numbers]:
    """Those of the scores that are told from pixels, N each.

    Args:
        pictures: N×32×32×3, 0..1.
        names: of scores; others than of pixels are passed over, and without a tuned VAE those that
            need it.
        engines: the pool of networks.
        tuned: a VAE that was tuned on the reference.

    Raises:
        ModelMissing, HashMismatch: a model is missing or damaged.
    """
    found: dict[str, Numbers] = {}
    if {"elbo", "iwae", "regret", "ratio"} & set(names):
        vae = open_vae(engines)
        found |= _bounds(vae, pictures, regret="regret" in names)
        if "ratio" in names:
            found["ratio"] = found["elbo"] - _background(pictures, engines)
    if {"pixelcnn", "complexity"} & set(names):
        found["pixelcnn"] = open_pixelcnn(engines).bits_per_dim(pictures)
        found["complexity"] = found["pixelcnn"] - file_bits(pictures)
    if tuned is not None and set(TUNED) & set(names):
        told = _bounds(tuned, pictures, regret="tuned-regret" in names)
        told["complexity"] = told["elbo"] - file_bits(pictures)
        if "tuned-ratio" in names:
            told["ratio"] = told["elbo"] - _background(pictures, engines)
        found |= {f"tuned-{name}": values for name, values in told.items()}
    return {name: found[name] for name in names if name in found}


def _bounds(vae: Vae, pictures: Array, *, regret: bool) -> dict[str, Numbers]:
    bound = vae.bound(pictures, SAMPLES)
    found = {"elbo": to_bits_per_dim(bound.elbo), "iwae": to_bits_per_dim(bound.iwae)}
    if regret:
        coarse = vae.bound(pictures, SAMPLES, parts=COARSE)
        found["regret"] = to_bits_per_dim(coarse.elbo) - found["elbo"]
    return found


def _background(pictures: Array, engines: Engines) -> Numbers:
    return to_bits_per_dim(open_vae(engines, BACKGROUND).bound(pictures, SAMPLES).elbo)


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
