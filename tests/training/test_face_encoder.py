"""From faces to noise: divergence, samples, kept features."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("torchvision")

import face_encoder
import torch
from torch.distributions import Normal, kl_divergence


class Strides(torch.nn.Module):
    """Pictures themselves at the strides 16 and 32, as features."""

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        return [torch.nn.functional.avg_pool2d(picture, stride) for stride in (16, 32)]


def test_divergence_is_that_of_torch() -> None:
    mean, spread = torch.randn(2, 5, 64)
    own = Normal(mean, (spread / 2).exp())
    expected = kl_divergence(own, Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(face_encoder.divergence(mean, spread), expected)


def test_samples_have_the_mean_and_deviation() -> None:
    torch.manual_seed(0)
    mean, spread = torch.full((20_000, 2), 3.0), torch.full((20_000, 2), 2 * 0.5)
    drawn = face_encoder.sample(mean, spread)
    assert float(drawn.mean()) == pytest.approx(3, abs=0.05)
    assert float(drawn.std()) == pytest.approx(2.718**0.5, rel=0.02)


def test_it_begins_sure_of_what_it_says() -> None:
    torch.manual_seed(0)
    encoder = face_encoder.FaceEncoder(30).eval()
    with torch.no_grad():
        mean, spread = encoder(torch.randn(50, 30))
    assert mean.shape == spread.shape == (50, 64)
    assert float(mean.std()) > 2 * float((spread / 2).exp().mean())


def test_kept_features_are_even_and_know_what_is_mirrored() -> None:
    faces = torch.randint(0, 256, (40, 3, 64, 64), dtype=torch.uint8)
    kept = face_encoder.kept_features(Strides(), faces, 96)
    grids = sum(3 * grid * grid for grid in face_encoder.GRIDS)
    assert kept.shape == (2, 40, grids)
    assert kept.dtype == torch.float16
    flat = kept.float().flatten(0, 1)
    assert flat.mean(0).abs().max() < 0.1
    again = face_encoder.kept_features(Strides(), faces.flip(3), 96)
    torch.testing.assert_close(kept[1].float(), again[0].float(), atol=0.02, rtol=0.02)
