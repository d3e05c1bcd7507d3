"""The likelihood of pixels in torch: a distribution, the same as without torch."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from genapp.families import mixture
from genapp.nets.logistic_mixture import PER_COMPONENT, bits_per_dim, log_likelihood


def test_the_same_as_without_torch() -> None:
    rng = np.random.default_rng(0)
    parameters = rng.normal(0, 2, (2, PER_COMPONENT * 4, 5, 6))
    pixels = rng.integers(0, 256, (2, 3, 5, 6)) / 127.5 - 1
    pixels[0, :, 0], pixels[0, :, 1] = -1, 1
    found = log_likelihood(torch.from_numpy(parameters), torch.from_numpy(pixels))
    np.testing.assert_allclose(found, mixture.log_likelihood(parameters, pixels), rtol=1e-9)


def test_gradients_are_finite_far_from_the_mean() -> None:
    parameters = torch.zeros(1, PER_COMPONENT, 1, 2)
    parameters[:, 4:7] = -20.0
    parameters.requires_grad_(True)
    pixels = torch.tensor([[-1.0, 1.0]] * 3)[None, :, None]
    (gradient,) = torch.autograd.grad(log_likelihood(parameters, pixels).sum(), parameters)
    assert torch.isfinite(gradient).all()


def test_bits_of_bytes_that_are_all_alike() -> None:
    assert bits_per_dim(torch.tensor(-12 * np.log(256)), 12).item() == pytest.approx(8)
