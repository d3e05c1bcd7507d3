"""Faces by diffusion, on a small network of random weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("spandrel")

from genapp import faces
from genapp.errors import BadValue, Cancelled, UserError
from genapp.facemaking.ddpm import (
    DDPM,
    STEPS,
    Ddpm,
    denoised,
    kept_signal,
    open_ddpm,
    schedule,
)
from genapp.facemaking.recipe import parse_recipe
from genapp.registry.engines import Engines
from tests.facemaking.tiny import DDPM_SIDE, save_ddpm, small_engines

Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Engines:
    home = tmp_path_factory.mktemp("hub")
    path = home / "x.bin"
    save_ddpm(path)
    return small_engines({DDPM: path}, home / "cache")


class Knows:
    """A network that knows the picture: it takes all that differs from it for noise."""

    def __init__(self, picture: Array) -> None:
        self.picture = picture
        self.times: list[float] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        (time,) = inputs["time"]
        self.times.append(float(time))
        kept = kept_signal()[int(time)]
        noise = (inputs["noisy"] - np.sqrt(kept) * self.picture) / np.sqrt(1 - kept)
        return {"noise": noise.astype(np.float32)}


def test_a_seed_is_a_face(engines: Engines) -> None:
    """Whatever else is made with it; and another seed is another one."""
    both = faces(seeds=[4, 9], model=DDPM, engines=engines)
    alone = faces(seed=9, model=DDPM, engines=engines)
    assert both.faces[0].native.shape == (DDPM_SIDE, DDPM_SIDE, 3)
    assert (both.faces[1].native == alone.faces[0].native).all()
    assert (both.faces[0].native != both.faces[1].native).mean() > 0.5


def test_recipe_names_the_weights(engines: Engines) -> None:
    result = faces(seed=9, model=DDPM, engines=engines)
    recipe = parse_recipe(result.recipes[0])
    assert recipe.model == DDPM
    digits = engines.catalog.get(DDPM).files[0].sha256
    assert digits is not None
    assert recipe.fingerprint == digits[:8]


def test_all_noise_goes() -> None:
    """A network that is right leads to its picture, from the last step of training to the first."""
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 3, 8, 8)).astype(np.float32)
    network = Knows(picture)
    made = Ddpm(DDPM, "", 8, network).make(0, 0.7)
    assert made == pytest.approx(picture[0].transpose(1, 2, 0) / 2 + 0.5, abs=1e-5)
    assert len(network.times) == STEPS
    assert network.times[0] == 999
    assert network.times == sorted(network.times, reverse=True)


@pytest.mark.parametrize("steps", [10, 25, 50])
def test_steps_are_those_of_diffusers(steps: int) -> None:
    import torch
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(
        beta_start=1e-4, beta_end=0.02, clip_sample=True, timestep_spacing="trailing"
    )
    theirs.set_timesteps(steps)
    random = np.random.default_rng(0)
    noisy, noise = random.standard_normal((2, 1, 3, 4, 4)).astype(np.float32)
    ours = list(schedule(steps))
    assert [time for time, _, _ in ours] == theirs.timesteps.tolist()
    for time, kept, kept_next in ours:
        expected = theirs.step(torch.from_numpy(noise), time, torch.from_numpy(noisy)).prev_sample
        assert denoised(noisy, noise, kept, kept_next) == pytest.approx(
            expected.numpy(), rel=1e-3, abs=1e-4
        )


def test_progress_is_told_of_every_step_of_every_face(engines: Engines) -> None:
    told: list[float] = []
    faces(2, model=DDPM, engines=engines, progress=lambda done, what, left: told.append(done))
    assert len(told) >= 2 * STEPS
    assert told == sorted(told)
    assert told[STEPS - 1] == pytest.approx(0.5)
    assert told[-1] == pytest.approx(1)


def test_cancelled_at_once(engines: Engines) -> None:
    told: list[float] = []

    def stop(done: float, what: str, seconds_left: float | None) -> None:
        told.append(done)
        if len(told) == 3:
            raise Cancelled("Stopped.", "Start again.")

    with pytest.raises(Cancelled):
        faces(2, model=DDPM, engines=engines, progress=stop)
    assert len(told) == 3


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_no_numbers_are_no_face(wrong: float) -> None:
    network = Knows(np.full((1, 3, 8, 8), wrong, np.float32))
    with pytest.raises(UserError, match="no numbers"):
        Ddpm(DDPM, "", 8, network).make(0, 0.7)
    assert len(network.times) == 1


def test_no_styles(engines: Engines) -> None:
    assert not open_ddpm(engines).has_w
    for options in ({"edits": {"age": 1.0}}, {"mix": (3, 2)}):
        with pytest.raises(BadValue, match="no styles"):
            faces(model=DDPM, engines=engines, **options)
