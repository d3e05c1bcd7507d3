"""Codes of real faces: as noise is, and the way back to small pictures."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("torchvision")

import face_codes
import torch
from image_features import MobileNetFeatures

from genapp.nets.face_generator import Z_SIZE

COUNT = 60


@pytest.fixture(scope="module")
def codes() -> tuple[torch.Tensor, face_codes.FaceCodes]:
    """Of pictures that differ in few ways: a patch, its colour, and a light from one side."""
    generator = torch.Generator().manual_seed(0)
    faces = torch.full((COUNT, 3, 64, 64), 90.0)
    faces += torch.linspace(-40, 40, 64) * torch.randn(COUNT, 1, 1, 1, generator=generator)
    faces[:, :, 16:40, 20:44] += 50 * torch.randn(COUNT, 3, 1, 1, generator=generator)
    faces = faces.clamp(0, 255).to(torch.uint8)
    torch.manual_seed(0)
    network = MobileNetFeatures().eval().requires_grad_(False)
    return faces, face_codes.face_codes(network, faces, 64)


def test_codes_have_the_moments_of_noise(
    codes: tuple[torch.Tensor, face_codes.FaceCodes],
) -> None:
    found = codes[1].codes.flatten(0, 1)
    assert found.shape == (2 * COUNT, Z_SIZE)
    torch.testing.assert_close(found.mean(0), torch.zeros(64), atol=1e-3, rtol=0)
    covariance = found.t() @ found / len(found)
    torch.testing.assert_close(covariance, torch.eye(64), atol=1e-2, rtol=0)
    assert 0.9 < codes[1].kept <= 1.001


def test_a_code_gives_its_small_picture(
    codes: tuple[torch.Tensor, face_codes.FaceCodes],
) -> None:
    faces, found = codes
    small = torch.nn.functional.avg_pool2d(faces.float() / 127.5 - 1, 2)
    back = found.expected(found.codes[0])
    assert (back - small).abs().mean() < 0.15 * (small - small.mean(0)).abs().mean()
    mirrored = found.expected(found.codes[1])
    assert (mirrored - small.flip(3)).abs().mean() < 0.15 * (small - small.mean(0)).abs().mean()


def test_no_code_is_the_mean(codes: tuple[torch.Tensor, face_codes.FaceCodes]) -> None:
    found = codes[1]
    torch.testing.assert_close(found.expected(torch.zeros(1, 64))[0], found.mean)


def test_few_faces_are_enough(codes: tuple[torch.Tensor, face_codes.FaceCodes]) -> None:
    torch.manual_seed(0)
    network = MobileNetFeatures().eval().requires_grad_(False)
    found = face_codes.face_codes(network, codes[0][:5], 64)
    assert found.codes.shape == (2, 5, 64)
    assert torch.isfinite(found.expected(found.codes[0])).all()
