"""The VAE, trained further on a user's own pictures.

It begins with a VAE that comes with genapp and learns in torch (genapp/nets/vae_tuning.py); what
comes of it runs in ONNX Runtime as the others do, with other numbers in the same file. Some of the
pictures are held out: the numbers are kept that do best on those.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue, UnknownName, UnreadablePicture, check_number
from genapp.families.family import Pictures, to_network, to_size
from genapp.families.vae import MODEL, Vae, open_vae
from genapp.files import write_atomic
from genapp.registry.engines import Engines
from genapp.upscaling import Clock, Progress

PHOTOS = "families/vae.photos32"
"""The VAE of photographs of anything."""
BASES = (PHOTOS, MODEL)
LEAST = 5
"""Pictures to tune on."""
STEPS = 200
"""Batches of 16; on two cores they take about 50 s."""
MOST_STEPS = 10_000
HELD_OUT = 0.1
"""Share of the pictures that are not learnt, but tell when to end."""
MOST_HELD_OUT = 48
PREFIX = "net."
"""Of the names of weights in the ONNX file."""

Weights = dict[str, NDArray[np.float16]]


@dataclass(frozen=True)
class Tuning:
    """How it went."""

    pictures: int
    held_out: int
    """How many of them were held out."""
    before: float
    after: float
    """Bits a byte at most that those need, before and after."""
    steps: int
    """Batches after which it was best; 0: tuning did not help, and nothing was changed."""
    seed: int


@dataclass(frozen=True, eq=False)
class Tuned:
    """A tuned VAE in numbers, to be kept. The licence is that of its base."""

    base: str
    """The catalogue's name of the VAE that it began with."""
    weights: Weights
    """By the names of the base's ONNX file."""
    tuning: Tuning


@dataclass(frozen=True, eq=False)
class TunedVae(Vae):
    """A tuned VAE, ready to run. `tune` makes one."""

    tuned: Tuned

    name = "tuned-vae"
    title = "Variational autoencoder, tuned"


def tune(
    pictures: Pictures | Sequence[NDArray[Any]],
    *,
    base: str = PHOTOS,
    steps: int = STEPS,
    seed: int = 0,
    mirror: bool = True,
    engines: Engines | None = None,
    progress: Progress | None = None,
) -> TunedVae:
    """Train a VAE further on pictures. The same on the same machine for the same seed.

    Args:
        pictures: at least 5, n×32×32×3 or a list of H×W×3 of any size, of which the middle square
            is shrunk; RGB, uint8, or float 0..1.
        base: where it begins: 'families/vae.photos32' or 'families/vae.faces32'.
        steps: batches of 16 pictures at most, 1..10000; about a quarter of a second each on two
            cores. It ends sooner where more of them would not help.
        seed: of all that is random.
        mirror: learn the pictures' mirror images too; not for writing.
        engines: a pool to take the base from.
        progress: told how far the work is; may raise `Cancelled`.

    Raises:
        BadValue: too few pictures, a setting out of range, or torch or onnx are not installed.
        UnknownName, ModelMissing, HashMismatch: the base is not to be had, or wrong.
    """
    if engines is None:
        with Engines() as own:
            return tune(
                pictures,
                base=base,
                steps=steps,
                seed=seed,
                mirror=mirror,
                engines=own,
                progress=progress,
            )
    if base not in BASES:
        raise UnknownName("VAE to begin with", base, BASES)
    count = int(check_number("number of steps", steps, 1, MOST_STEPS))
    check_number("seed", seed, 0, 2**63 - 1)
    if len(pictures) < LEAST:
        raise BadValue(f"There are {len(pictures)} pictures to tune on.", f"Give at least {LEAST}.")
    data = to_network(np.stack([to_size(picture) for picture in pictures]))
    chosen = np.random.default_rng(seed).permutation(len(data))
    aside = min(MOST_HELD_OUT, max(1, round(HELD_OUT * len(data))))
    weights, learnt = _learn(
        engines.weights(base), data[chosen[aside:]], data[chosen[:aside]], count, seed, mirror,
        Clock(count, progress),
    )  # fmt: skip
    return open_tuned(Tuned(base, weights, Tuning(len(data), aside, *learnt, seed)), engines)


def open_tuned(tuned: Tuned, engines: Engines) -> TunedVae:
    """A tuned VAE of its numbers.

    Raises:
        BadValue: the numbers are not those of a VAE, or the package onnx is not installed.
        ModelMissing, HashMismatch: the base is not to be had, or wrong.
    """
    try:
        if tuned.base not in BASES:
            raise ValueError(f"{tuned.base} is no VAE")
        engine = engines.with_weights(tuned.base, tuned.weights)
    except ValueError as error:
        raise BadValue("The tuned VAE is damaged.", "Tune it again.") from error
    shape = open_vae(engines, tuned.base)
    return TunedVae(engine, shape.code_size, shape.parts, tuned)


def save_tuned(vae: TunedVae, path: Path) -> None:
    """Write a tuned VAE to a `.safetensors` file, whole or not at all.

    Raises:
        BadValue: another ending, or a place that cannot be written to.
    """
    # Imported here because it is needed for nothing else here.
    from safetensors.numpy import save  # noqa: PLC0415

    if path.suffix.lower() != ".safetensors":
        raise BadValue(f"{str(path)!r} is no name for a tuned VAE.", "End it in .safetensors.")
    tuned = vae.tuned
    about = {"base": tuned.base, "tuning": json.dumps(asdict(tuned.tuning))}
    try:
        write_atomic(path, save(tuned.weights, about))
    except OSError as error:
        raise BadValue(
            f"{str(path)!r} cannot be written: {error.strerror}.", "Choose another place."
        ) from error


def load_tuned(path: Path, engines: Engines) -> TunedVae:
    """A tuned VAE from the file that `save_tuned` wrote.

    Raises:
        UnreadablePicture: there is no such file.
        BadValue: it is no tuned VAE, or the package onnx is not installed.
        ModelMissing, HashMismatch: the base is not to be had, or wrong.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 (see save_tuned)

    if not path.is_file():
        raise UnreadablePicture(f"There is no file {str(path)!r}.", "Check the path.")
    try:
        with safe_open(path, "np") as stored:
            about = stored.metadata() or {}
            weights = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        tuned = Tuned(about["base"], weights, Tuning(**json.loads(about["tuning"])))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise BadValue(f"{path.name!r} is no tuned VAE.", "Tune one again.") from error
    return open_tuned(tuned, engines)


def _learn(
    base: Mapping[str, NDArray[np.float32]],
    pictures: NDArray[np.float32],
    held_out: NDArray[np.float32],
    steps: int,
    seed: int,
    mirror: bool,
    clock: Clock,
) -> tuple[Weights, tuple[float, float, int]]:
    """The weights that did best, and bits a byte before and after, and the steps."""
    # Imported here because only tuning needs torch.
    try:
        from genapp.nets import vae_tuning  # noqa: PLC0415
    except ImportError as error:
        raise BadValue(
            f"Tuning needs {error.name}, which is not installed.", "Run `pip install torch onnx`."
        ) from error
    learnt = vae_tuning.learn(
        {name.removeprefix(PREFIX): numbers for name, numbers in base.items()},
        pictures,
        held_out,
        steps=steps,
        seed=seed,
        mirror=mirror,
        told=lambda _, what: clock.advance(1, what),
    )
    best = {PREFIX + name: value.astype(np.float16) for name, value in learnt.weights.items()}
    return best, (round(learnt.before, 4), round(learnt.after, 4), learnt.steps)
