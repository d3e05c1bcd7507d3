"""The training of the face generator: steps, growing, going on."""

import argparse
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("h5py")

import face_bundle
import face_data
import face_encoder
import image_features
import torch
import train_faces

from genapp.nets.face_generator import FaceGenerator


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten noisy pictures, and networks that have learnt nothing."""
    folder = tmp_path_factory.mktemp("inputs")
    images = np.random.default_rng(0).integers(0, 256, (10, 128, 128, 3), np.uint8)
    held_out = np.arange(10) % 5 == 0
    faces = face_data.Faces([f"omi-{n}" for n in range(10)], images, held_out)
    face_data.pack(folder / "faces.npz", faces)
    torch.manual_seed(0)
    mobile = image_features.MobileNetFeatures().layers.state_dict()
    weights = {
        image_features.MOBILENET: {f"features.{name}": value for name, value in mobile.items()},
        image_features.EFFICIENTNET: image_features.EfficientNetLite0().state_dict(),
    }
    torch.save(weights, folder / "features.pt")
    return folder


def options(inputs: Path, out: Path, **changes: object) -> argparse.Namespace:
    given = {
        "data": inputs / "faces.npz",
        "features": inputs / "features.pt",
        "out": out,
        "minutes": 1.0,
        "stop_after": None,
        "size": 64,
        "grow_at": 0.0,
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


def test_a_run_leaves_state_mean_sheet_and_log(inputs: Path, tmp_path: Path) -> None:
    train_faces.Training(options(inputs, tmp_path, minutes=1e-4)).run()
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


def test_a_step_changes_what_learns_and_nothing_else(inputs: Path, tmp_path: Path) -> None:
    training = train_faces.Training(options(inputs, tmp_path))
    frozen = [value.clone() for value in training.discriminator.networks.state_dict().values()]
    generator = [value.clone() for value in training.generator.parameters()]
    # Not the last biases: what real and generated pictures teach them cancels out.
    learning = [value for value in training.discriminator.heads() if value.ndim > 1]
    heads = [value.clone() for value in learning]
    encoder = [value.clone() for value in training.encoder.parameters()]
    losses = [training.step() for _ in range(2)]  # the first reaches but the colours
    assert torch.isfinite(torch.stack(losses)).all()
    assert all(
        not torch.equal(*pair) for pair in zip(encoder, training.encoder.parameters(), strict=True)
    )
    pairs = zip(frozen, training.discriminator.networks.state_dict().values(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    pairs = zip(generator, training.generator.parameters(), strict=True)
    assert all(not torch.equal(*pair) for pair in pairs)
    pairs = zip(heads, learning, strict=True)
    assert all(not torch.equal(*pair) for pair in pairs)


def test_it_goes_on_where_it_stopped(inputs: Path, tmp_path: Path) -> None:
    first = train_faces.Training(options(inputs, tmp_path))
    first.step()
    first.spent = 0.25
    train_faces.write(tmp_path / "state.pt", first.state())
    again = train_faces.Training(options(inputs, tmp_path))
    assert (again.seen, again.spent) == (4, 0.25)
    for one, other in zip(first.generator.parameters(), again.generator.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert again.optimizers[0].state_dict()["state"]
    again.step()
    assert again.seen == 8


def test_it_goes_on_from_a_small_state(inputs: Path, tmp_path: Path) -> None:
    first = train_faces.Training(options(inputs, tmp_path))
    first.step()
    train_faces.write(tmp_path / "state.pt", face_bundle.halved(first.state()))
    again = train_faces.Training(options(inputs, tmp_path))
    for one, other in zip(first.generator.parameters(), again.generator.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=1e-3)
    assert torch.isfinite(again.step()).all()


def test_pictures_grow_and_the_rate_falls(inputs: Path, tmp_path: Path) -> None:
    training = train_faces.Training(options(inputs, tmp_path, size=128, grow_at=0.5))
    sizes, rates = [], []
    for training.spent in (0.0, 0.4, 0.6, 0.8, 1.0):
        sizes.append(training.real(1)[0].shape[2])
        rates.append(training.rate_factor())
    assert sizes == [64, 64, 128, 128, 128]
    np.testing.assert_allclose(rates, [1, 1, 1, 0.5, 0.05])


def test_real_faces_are_mirrored_half_of_the_time(inputs: Path, tmp_path: Path) -> None:
    training = train_faces.Training(options(inputs, tmp_path))
    training.faces = training.faces[:1]
    training.faces[..., : training.faces.shape[3] // 2] = 255
    training.faces[..., training.faces.shape[3] // 2 :] = 0
    bright_left = (training.real(400)[0][..., 0].mean((1, 2)) > 0).float().mean()
    assert 0.4 < bright_left < 0.6


def test_the_encoder_sees_the_face_that_is_shown(inputs: Path, tmp_path: Path) -> None:
    training = train_faces.Training(options(inputs, tmp_path))
    faces, kept = training.real(30)
    network, view = training.discriminator.networks[0], 64
    shown = train_faces.to_bytes(faces)
    # Of a mirrored face, features of the mirrored one.
    raw = face_encoder.kept_features(network, shown, view)[0].float()
    own = kept - kept.mean(0)
    other = raw - raw.mean(0)
    matches = torch.nn.functional.normalize(own, dim=1) @ torch.nn.functional.normalize(other).t()
    assert (matches.diagonal() > matches.max(1).values - 1e-3).float().mean() > 0.9


def test_verdicts_gain_their_weight_as_it_learns(inputs: Path, tmp_path: Path) -> None:
    """At first the generator learns from real faces alone."""
    training = train_faces.Training(options(inputs, tmp_path))
    features = [torch.randn(4, 2, 3, 3, requires_grad=True)]
    verdict, pulled = features[0].sum(), features[0][:2].square().sum()
    first = training.wanted(verdict, pulled, features)[0]
    assert first[2:].abs().max() == 0
    assert first[:2].norm() == pytest.approx(2 * 18**0.5 / 2**0.5, rel=1e-4)  # as the verdicts
    training.seen = train_faces.BLIND
    later = training.wanted(features[0].sum(), features[0][:2].square().sum(), features)[0]
    torch.testing.assert_close(later[2:], torch.ones_like(later[2:]))


def test_what_the_encoder_says_too_much_costs_more(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_faces, "NATS", 10)
    training = train_faces.Training(options(inputs, tmp_path))
    before = training.price
    nats = float(training.step()[3])
    assert nats > 10
    assert training.price > before
    dear = training.price
    monkeypatch.setattr(train_faces, "NATS", 1e6)
    training.step()
    assert training.price < dear


def test_faces_are_not_enlarged(inputs: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="128² can't be shrunk to 256²"):
        train_faces.Training(options(inputs, tmp_path, size=256))


def test_bytes_are_the_nearest() -> None:
    values = torch.tensor([-2.0, -1.0, 0.0, 1.0, 3.0])
    assert train_faces.to_bytes(values).tolist() == [0, 0, 128, 255, 255]
