"""The training of the face generator: steps, growing, going on."""

import argparse
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("h5py")

import face_bundle
import image_features
import torch
import train_faces

from genapp.nets.face_generator import FaceGenerator


def options(face_inputs: Path, out: Path, **changes: object) -> argparse.Namespace:
    given = {
        "data": face_inputs / "faces.npz",
        "features": face_inputs / "features.pt",
        "out": out,
        "minutes": 1.0,
        "stop_after": None,
        "size": 64,
        "copies": 0,
        "width": 0.125,
        "networks": [image_features.MOBILENET],
        "measure": None,
        "measured": 4,
        "view": 64,
        "head_width": 32,
        "close_up": False,
        "batch": 4,
        "rate": 2e-4,
        "rebuild": 1.0,
        "every": 5.0,
    }
    out.mkdir(exist_ok=True)
    return argparse.Namespace(**{**given, **changes})


def test_a_run_leaves_state_mean_sheet_and_log(face_inputs: Path, tmp_path: Path) -> None:
    train_faces.Training(options(face_inputs, tmp_path, minutes=1e-4)).run()
    log = (tmp_path / "log.txt").read_text()
    assert "8 faces" in log  # two of ten are held out
    assert "measures with efficientnet_lite0" in log
    assert len(list(tmp_path.glob("sheet-*.jpg"))) == 1
    stored = torch.load(tmp_path / "mean.pt", weights_only=True)
    assert stored["seen"] == 4
    net = FaceGenerator(stored["size"], stored["width"])
    net.load_state_dict(stored["weights"])
    assert net.w_mean.abs().sum() > 0
    assert (tmp_path / "best.pt").exists()


def test_a_step_changes_what_learns_and_nothing_else(face_inputs: Path, tmp_path: Path) -> None:
    training = train_faces.Training(options(face_inputs, tmp_path))
    frozen = [value.clone() for value in training.discriminator.networks.state_dict().values()]
    generator = [value.clone() for value in training.generator.parameters()]
    # Not the last biases: what real and generated pictures teach them cancels out.
    learning = [value for value in training.discriminator.heads() if value.ndim > 1]
    heads = [value.clone() for value in learning]
    losses = [training.step() for _ in range(2)]  # the first reaches but the colours
    assert torch.isfinite(torch.stack(losses)).all()
    pairs = zip(frozen, training.discriminator.networks.state_dict().values(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    pairs = zip(generator, training.generator.parameters(), strict=True)
    assert all(not torch.equal(*pair) for pair in pairs)
    pairs = zip(heads, learning, strict=True)
    assert all(not torch.equal(*pair) for pair in pairs)


def test_it_goes_on_where_it_stopped(face_inputs: Path, tmp_path: Path) -> None:
    first = train_faces.Training(options(face_inputs, tmp_path))
    first.step()
    first.spent = 0.25
    train_faces.write(tmp_path / "state.pt", first.state())
    again = train_faces.Training(options(face_inputs, tmp_path))
    assert (again.seen, again.spent) == (4, 0.25)
    for one, other in zip(first.generator.parameters(), again.generator.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert again.optimizers[0].state_dict()["state"]
    again.step()
    assert again.seen == 8


def test_it_goes_on_from_a_small_state(face_inputs: Path, tmp_path: Path) -> None:
    first = train_faces.Training(options(face_inputs, tmp_path))
    first.step()
    train_faces.write(tmp_path / "state.pt", face_bundle.halved(first.state()))
    again = train_faces.Training(options(face_inputs, tmp_path))
    for one, other in zip(first.generator.parameters(), again.generator.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=1e-3)
    assert torch.isfinite(again.step()).all()


def test_the_rate_falls_towards_the_end(face_inputs: Path, tmp_path: Path) -> None:
    training = train_faces.Training(options(face_inputs, tmp_path))
    rates = []
    for training.spent in (0.0, 0.6, 0.8, 1.0):
        rates.append(training.rate_factor())
    np.testing.assert_allclose(rates, [1, 1, 0.5, 0.05])


def test_copying_brings_faces_nearer_and_asks_no_discriminator(
    face_inputs: Path, tmp_path: Path
) -> None:
    training = train_faces.Training(options(face_inputs, tmp_path, copies=10**6, rate=2e-3))
    heads = [value.clone() for value in training.discriminator.heads()]
    far = [float(training.step()[3]) for _ in range(60)]
    assert np.mean(far[-10:]) < 0.8 * np.mean(far[:5])
    pairs = zip(heads, training.discriminator.heads(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_real_faces_are_mirrored_half_of_the_time(face_inputs: Path, tmp_path: Path) -> None:
    training = train_faces.Training(options(face_inputs, tmp_path))
    training.faces = training.faces[:1]
    training.faces[..., : training.faces.shape[3] // 2] = 255
    training.faces[..., training.faces.shape[3] // 2 :] = 0
    bright_left = (training.real(400)[0][..., 0].mean((1, 2)) > 0).float().mean()
    assert 0.4 < bright_left < 0.6


def test_codes_belong_to_the_faces_that_are_shown(face_inputs: Path, tmp_path: Path) -> None:
    training = train_faces.Training(options(face_inputs, tmp_path))
    faces, codes = training.real(30)
    small = torch.nn.functional.avg_pool2d(faces, 2)
    expected = training.codes.expected(codes)
    far = (small[:, None] - expected[None]).abs().mean((2, 3, 4))
    assert (far.diagonal() < far.min(1).values + 1e-4).float().mean() > 0.9


def test_faces_from_noise_take_the_colours_of_their_codes(
    face_inputs: Path, tmp_path: Path
) -> None:
    training = train_faces.Training(options(face_inputs, tmp_path))
    real, codes = training.real(4)
    made = training.codes.expected(codes)
    made = torch.nn.functional.interpolate(made, (64, 64))
    beside = torch.ones_like(made)
    lighter, _ = training.colors_wanted(made - 0.1, real, codes, beside)
    assert lighter[2:].max() < 0
    wanted, far = training.colors_wanted(made + 0.1, real, codes, beside)
    assert wanted[2:].min() > 0  # darker, please
    assert far > 0
    assert wanted.norm() == pytest.approx(float(beside.norm()), rel=1e-4)


def test_verdicts_gain_their_weight_as_it_learns(face_inputs: Path, tmp_path: Path) -> None:
    """At first the generator learns from real faces alone."""
    training = train_faces.Training(options(face_inputs, tmp_path))
    features = [torch.randn(4, 2, 3, 3, requires_grad=True)]
    verdict, pulled = features[0].sum(), features[0][:2].square().sum()
    first = training.wanted(verdict, pulled, features)[0]
    assert first[2:].abs().max() == 0
    assert first[:2].norm() == pytest.approx(2 * 18**0.5 / 2**0.5, rel=1e-4)  # as the verdicts
    training.seen = train_faces.BLIND
    later = training.wanted(features[0].sum(), features[0][:2].square().sum(), features)[0]
    torch.testing.assert_close(later[2:], torch.ones_like(later[2:]))


def test_faces_are_not_enlarged(face_inputs: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="128² can't be shrunk to 256²"):
        train_faces.Training(options(face_inputs, tmp_path, size=256))


def test_bytes_are_the_nearest() -> None:
    values = torch.tensor([-2.0, -1.0, 0.0, 1.0, 3.0])
    assert train_faces.to_bytes(values).tolist() == [0, 0, 128, 255, 255]
