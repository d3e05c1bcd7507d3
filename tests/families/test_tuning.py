"""A VAE that learns a user's pictures, on a few steps."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genapp.errors import BadValue, Cancelled, UnknownName, UnreadablePicture
from genapp.families import TunedVae, Vae, load_tuned, open_tuned, open_vae, save_tuned, tune
from genapp.families.family import Pictures
from genapp.families.tuning import PHOTOS
from genapp.registry.engines import Engines

STEPS = 4


@pytest.fixture(scope="module")
def stripes() -> Pictures:
    """Stripes of two colours at random phases: 12×32×32×3."""
    rng = np.random.default_rng(0)
    x = np.arange(32)[None, None, :] + rng.integers(0, 8, 12)[:, None, None]
    on = np.broadcast_to(x // 4 % 2, (12, 32, 32))[..., None]
    return np.where(on, [0.8, 0.2, 0.1], [0.1, 0.3, 0.7]).astype(np.float32)


@pytest.fixture(scope="module")
def base(engines: Engines) -> Vae:
    return open_vae(engines, PHOTOS)


@pytest.fixture(scope="module")
def tuned(stripes: Pictures, engines: Engines) -> TunedVae:
    return tune(stripes, steps=STEPS, engines=engines)


def test_learns_the_pictures(
    tuned: TunedVae, base: Vae, stripes: Pictures, smooth: Pictures
) -> None:
    assert tuned.tuned.tuning.held_out == 1
    assert tuned.tuned.tuning.pictures == len(stripes)
    assert tuned.tuned.tuning.after < tuned.tuned.tuning.before - 0.1
    before, after = base.bits_per_dim(stripes), tuned.bits_per_dim(stripes)
    assert (after < before).all()
    # What it says of other pictures changes less in its favour.
    gain_elsewhere = base.bits_per_dim(smooth) - tuned.bits_per_dim(smooth)
    assert gain_elsewhere.max() < (before - after).min()


def test_figures_in_torch_are_those_of_the_network_that_runs(
    tuned: TunedVae, stripes: Pictures
) -> None:
    chosen = np.random.default_rng(0).permutation(len(stripes))[:1]
    found = tuned.bound(stripes[chosen], 8).elbo / (-3072 * np.log(2))
    assert found[0] == pytest.approx(tuned.tuned.tuning.after, abs=0.1)


def test_does_all_that_a_vae_does(tuned: TunedVae, stripes: Pictures) -> None:
    code = tuned.encode(stripes[:2])
    assert tuned.decode(code).shape == (2, 32, 32, 3)
    assert tuned.sample([3]).shape == (1, 32, 32, 3)
    assert tuned.bound(stripes[:1]).elbo.shape == (1,)


def test_the_same_for_a_seed_whatever_torch_has_drawn(
    tuned: TunedVae, stripes: Pictures, engines: Engines
) -> None:
    import torch

    torch.manual_seed(99)
    state = torch.get_rng_state()
    again = tune([(one * 255).round().astype(np.uint8) for one in stripes], steps=STEPS,
                 engines=engines)  # fmt: skip
    assert torch.equal(torch.get_rng_state(), state)
    for name, numbers in tuned.tuned.weights.items():
        np.testing.assert_array_equal(again.tuned.weights[name], numbers)


def test_another_seed_is_another_vae(tuned: TunedVae, stripes: Pictures, engines: Engines) -> None:
    other = tune(stripes, steps=STEPS, seed=1, engines=engines)
    name = "net.stem.weight"
    assert not np.array_equal(other.tuned.weights[name], tuned.tuned.weights[name])


def test_the_base_is_kept_where_tuning_does_not_help(
    base: Vae, smooth: Pictures, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genapp.nets import vae_tuning

    monkeypatch.setattr(vae_tuning, "RATE", 0.0)
    found = tune([*smooth, *smooth, *smooth], steps=1, engines=engines)
    assert found.tuned.tuning.steps == 0
    assert found.tuned.tuning.before == found.tuned.tuning.after
    np.testing.assert_allclose(found.encode(smooth), base.encode(smooth), atol=0.02)


def test_saved_and_loaded(
    tuned: TunedVae, stripes: Pictures, engines: Engines, tmp_path: Path
) -> None:
    path = tmp_path / "mine.safetensors"
    save_tuned(tuned, path)
    again = load_tuned(path, engines)
    assert again.tuned.tuning == tuned.tuned.tuning
    np.testing.assert_array_equal(again.encode(stripes), tuned.encode(stripes))
    assert path.stat().st_size < 3e6
    other = replace(again.tuned, base="faces/gated-gan.v1")
    with pytest.raises(BadValue, match="damaged"):
        open_tuned(other, engines)


def test_can_be_cancelled(stripes: Pictures, engines: Engines) -> None:
    told = []

    def stop(done: float, what: str, seconds_left: float | None) -> None:
        told.append(done)
        if len(told) == 2:
            raise Cancelled("It was cancelled.", "Start again.")

    with pytest.raises(Cancelled):
        tune(stripes, steps=50, engines=engines, progress=stop)
    assert told == [0.02, 0.04]


@pytest.mark.parametrize(
    ("setting", "error", "words"),
    [
        ({"steps": 0}, BadValue, "steps"),
        ({"seed": -1}, BadValue, "seed"),
        ({"base": "faces/gated-gan.v1"}, UnknownName, "VAE to begin with"),
    ],
)
def test_mistakes(
    setting: dict[str, object], error: type[Exception], words: str, stripes: Pictures,
    engines: Engines,
) -> None:  # fmt: skip
    with pytest.raises(error, match=words):
        tune(stripes, **setting, engines=engines)  # type: ignore[arg-type]


def test_too_few_pictures(stripes: Pictures, engines: Engines) -> None:
    with pytest.raises(BadValue, match="at least 5"):
        tune(stripes[:4], engines=engines)


@pytest.mark.parametrize("package", ["torch", "onnx"])
def test_says_which_package_is_missing(
    package: str, stripes: Pictures, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith("genapp.nets")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(BadValue, match=f"{package}.*not installed"):
        tune(stripes, steps=1, engines=engines)


def test_files_that_are_no_tuned_vae(tuned: TunedVae, engines: Engines, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    with pytest.raises(UnreadablePicture):
        load_tuned(tmp_path / "nowhere.safetensors", engines)
    with pytest.raises(BadValue, match="End it in"):
        save_tuned(tuned, tmp_path / "mine.npz")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    save_file(tuned.tuned.weights, tmp_path / "bare.safetensors")
    for name in ("broken", "bare"):
        with pytest.raises(BadValue, match="no tuned VAE"):
            load_tuned(tmp_path / f"{name}.safetensors", engines)
