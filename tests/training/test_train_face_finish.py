"""The training of the network that finishes faces: pairs, steps, going on."""

import argparse
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("h5py")

import image_features
import torch
import train_face_finish
import train_faces

from genapp.nets.face_finisher import FaceFinisher
from genapp.nets.face_generator import FaceGenerator


@pytest.fixture(scope="module")
def inputs(face_inputs: Path) -> Path:
    """Faces, networks and a generator that have learnt nothing."""
    torch.manual_seed(1)
    weights = FaceGenerator(64, 0.125).state_dict()
    made_by = {"size": 64, "width": 0.125, "seen": 1}
    torch.save({"weights": weights, **made_by}, face_inputs / "generator.pt")
    return face_inputs


@pytest.fixture(autouse=True)
def small_and_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_face_finish, "DRAWN", 6)
    monkeypatch.setattr(train_face_finish, "FaceFinisher", partial(FaceFinisher, 0.25))


def options(inputs: Path, out: Path, **changes: object) -> argparse.Namespace:
    given = {
        "data": inputs / "faces.npz",
        "features": inputs / "features.pt",
        "generator": inputs / "generator.pt",
        "out": out,
        "minutes": 1.0,
        "stop_after": None,
        "network": image_features.MOBILENET,
        "measure": image_features.EFFICIENTNET,
        "code_view": 64,
        "measured": 8,
        "head_width": 32,
        "pairs": 0,
        "rebuild": 0.5,
        "batch": 4,
        "rate": 2e-4,
        "every": 5.0,
    }
    out.mkdir(exist_ok=True)
    return argparse.Namespace(**{**given, **changes})


def test_a_run_leaves_state_mean_sheet_and_log(inputs: Path, tmp_path: Path) -> None:
    train_face_finish.Training(options(inputs, tmp_path, minutes=1e-4)).run()
    assert "only enlarged" in (tmp_path / "log.txt").read_text()
    assert len(list(tmp_path.glob("sheet-*.jpg"))) == 1
    stored = torch.load(tmp_path / "best.pt", weights_only=True)
    assert stored["seen"] == 4
    FaceFinisher(0.25).load_state_dict(stored["weights"])


@pytest.mark.parametrize("pairs", [0, 10**6])
def test_a_step_changes_what_learns_and_nothing_else(
    inputs: Path, tmp_path: Path, pairs: int
) -> None:
    """Among the first pairs the discriminator doesn't learn."""
    training = train_face_finish.Training(options(inputs, tmp_path, pairs=pairs))
    frozen = [value.clone() for value in training.discriminator.networks.state_dict().values()]
    finisher = [value.clone() for value in training.finisher.parameters()]
    learning = [value for value in training.discriminator.heads() if value.ndim > 1]
    heads = [value.clone() for value in learning]
    for _ in range(3):  # the first reaches but the last layer, and verdicts count from the second
        losses = training.step()
    assert torch.isfinite(losses).all()
    after = training.discriminator.networks.state_dict().values()
    assert all(torch.equal(*pair) for pair in zip(frozen, after, strict=True))
    pairs_of = zip(finisher, training.finisher.parameters(), strict=True)
    assert all(not torch.equal(*pair) for pair in pairs_of)
    changed = [not torch.equal(*pair) for pair in zip(heads, learning, strict=True)]
    assert all(changed) if pairs == 0 else not any(changed)


def test_it_goes_on_where_it_stopped(inputs: Path, tmp_path: Path) -> None:
    first = train_face_finish.Training(options(inputs, tmp_path))
    first.step()
    first.spent = 0.25
    train_faces.write(tmp_path / "state.pt", first.state())
    again = train_face_finish.Training(options(inputs, tmp_path))
    assert (again.seen, again.spent) == (4, 0.25)
    for one, other in zip(first.finisher.parameters(), again.finisher.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_pairs_belong_together(inputs: Path, tmp_path: Path) -> None:
    """Small pictures are the real face or what the generator makes of its code, mirrored alike."""
    training = train_face_finish.Training(options(inputs, tmp_path))
    shrunk = torch.nn.functional.avg_pool2d(training.faces.float(), 2)
    training.rebuilt = torch.stack([shrunk, shrunk.flip(3)]).to(torch.uint8)
    real, small = training.pairs(20)
    assert real.shape == (20, 3, 128, 128)
    far = (torch.nn.functional.avg_pool2d(real, 2) - small).abs().max()
    assert far <= 2 / 127.5  # rounded to bytes


def test_faces_from_noise_keep_the_colours_that_went_in() -> None:
    small = torch.rand(2, 3, 64, 64)
    made = torch.nn.functional.interpolate(small, scale_factor=2.0)
    real, beside = torch.rand(2, 3, 128, 128), torch.ones_like(made)
    wanted, _ = train_face_finish.pixels_wanted(made + 0.1, real, small, 1, beside)
    assert wanted[1].min() > 0  # darker, please
    assert wanted.norm() == pytest.approx(float(beside.norm()), rel=1e-3)
