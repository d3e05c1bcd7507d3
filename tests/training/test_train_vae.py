"""The trainings of the families: goes on where it stopped; coarse parts of the code first."""

import argparse
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import face_data
import family_run
import torch
import train_vae
from torch import Tensor, nn

from genapp.nets.vae import CODES


class Bias(nn.Module):
    """Learns a single number."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(0.0))

    def forward(self, pictures: Tensor) -> Tensor:
        return (pictures - self.value).square()


def squares(net: nn.Module, pictures: Tensor, gone: float) -> Tensor:
    found: Tensor = net(pictures).sum()
    return found


def mean_square(net: nn.Module, pictures: Tensor) -> float:
    return float(net(pictures).mean())


@pytest.fixture
def options(tmp_path: Path) -> argparse.Namespace:
    rng = np.random.default_rng(0)
    images = rng.integers(150, 256, (6, 128, 128, 3), dtype=np.uint8)
    held_out = np.arange(6) == 0
    face_data.pack(tmp_path / "faces.npz", face_data.Faces(list("abcdef"), images, held_out))
    arguments = ["--data", str(tmp_path / "faces.npz"), "--out", str(tmp_path / "run")]
    return family_run.parser("").parse_args([*arguments, "--minutes", "0.02", "--batch", "2"])


def test_goes_on_where_it_stopped(options: argparse.Namespace) -> None:
    options.stop_after = 0.004
    family_run.Run(Bias(), squares, mean_square, options).train()
    options.stop_after = None
    run = family_run.Run(Bias(), squares, mean_square, options)
    seen = run.seen
    assert seen > 0
    run.train()
    assert run.seen > seen
    assert run.spent >= options.minutes
    stored = torch.load(options.out / "mean.pt", weights_only=True)
    assert stored["seen"] == run.seen
    assert 0 < stored["weights"]["value"].item() < 1
    assert len((options.out / "log.txt").read_text().splitlines()) == 4


def test_faces_at_32_as_networks_see_them(options: argparse.Namespace) -> None:
    pictures = family_run.Pictures(options.data)
    assert pictures.learnt.shape == (5, 3, 32, 32)
    assert pictures.held_out.shape == (1, 3, 32, 32)
    batch = pictures.batch(7)
    assert batch.shape == (7, 3, 32, 32)
    bytes_ = (batch + 1) * 127.5
    torch.testing.assert_close(bytes_, bytes_.round(), rtol=0, atol=1e-3)


def test_coarse_parts_of_the_code_come_first() -> None:
    assert train_vae.shares(3, 0.0).tolist() == [[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]] * 3
    assert train_vae.shares(3, 0.9).tolist() == [[1.0] * len(CODES)] * 3
    torch.manual_seed(0)
    later = train_vae.shares(300, 0.5)
    assert set(later.sum(1).tolist()) == {2.0, 4.0, 6.0}
    assert (later.diff(dim=1) <= 0).all()  # never a fine part without the coarse ones
    assert 0.7 < (later.sum(1) == 6).float().mean() < 0.9
