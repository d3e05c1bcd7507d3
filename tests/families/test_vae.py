"""The VAE: codes, bounds against exact likelihoods, samples."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.errors import BadValue
from genapp.families import Vae, mixture
from genapp.families.family import Pictures, to_network
from genapp.families.vae import COARSE, log_mean_exp


def normal_log_density(x: NDArray[np.float64], mean: float, spread: float) -> NDArray[np.float64]:
    return np.asarray(-(((x - mean) / spread) ** 2) / 2 - np.log(spread * np.sqrt(2 * np.pi)))


def test_importance_weights_reach_the_evidence_of_a_linear_gaussian() -> None:
    """z ~ N(0, 1), x | z ~ N(z, 0.5²): p(x) is N(0, 1 + 0.5²). q is right but for its spread."""
    x, noise = 0.8, 0.5
    exact = normal_log_density(np.array(x), 0, np.sqrt(1 + noise**2))
    mean, spread = x / (1 + noise**2), 1.3 * noise / np.sqrt(1 + noise**2)
    z = np.random.default_rng(0).normal(mean, spread, 20_000)
    weights = (
        normal_log_density(x - z, 0, noise)
        + normal_log_density(z, 0, 1)
        - normal_log_density(z, mean, spread)
    )
    bounds = [log_mean_exp(weights.reshape(count, -1)).mean() for count in (1, 5, 50, 5000)]
    assert bounds == sorted(bounds)
    assert bounds[0] < exact - 0.03
    assert bounds[-1] == pytest.approx(exact, abs=0.01)


def test_huge_numbers_do_not_overflow() -> None:
    np.testing.assert_allclose(log_mean_exp(np.array([[-9000.0], [-9000.0]])), -9000)


class OneNumber:
    """A network with a single code that is the mean of all pixels, and a fixed posterior."""

    mean, spread, log_scale = 0.2, 0.01, -1.0

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        eps = inputs["noise"].astype(np.float64)
        code = self.mean + self.spread * eps
        ratio = (eps[:, 0] ** 2 - code[:, 0] ** 2) / 2 + np.log(self.spread)
        apart = (self.mean**2 + self.spread**2 - 1) / 2 - np.log(self.spread)
        return {
            "parameters": self.parameters(code[:, 0]),
            "code": code,
            "divergence": np.full((len(eps), 1), apart),
            "ratio": ratio,
        }

    def parameters(self, code: NDArray[np.float64]) -> NDArray[np.float64]:
        kinds = np.zeros((len(code), mixture.PER_COMPONENT, 32, 32))
        kinds[:, 1:4] = code[:, None, None, None]
        kinds[:, 4:7] = self.log_scale
        return kinds


def test_both_bounds_against_the_likelihood_by_quadrature() -> None:
    net = OneNumber()
    draws = np.random.default_rng(0).random((1, mixture.DRAWS, 32, 32))
    data = mixture.draw(net.parameters(np.array([0.21])), draws)
    z = np.linspace(0.1, 0.3, 401)
    given = [mixture.log_likelihood(net.parameters(one[None]), data).sum() for one in z]
    joint = np.array(given) + normal_log_density(z, 0, 1)
    exact = np.logaddexp.reduce(joint) + np.log(z[1] - z[0])
    pictures = ((data + 1) / 2).transpose(0, 2, 3, 1).astype(np.float32)
    found = Vae(net, 1, 1).bound(pictures, 400)
    assert found.elbo[0] < found.iwae[0]
    assert found.elbo[0] < exact
    assert found.iwae[0] == pytest.approx(exact, abs=0.1)


def test_a_code_and_its_picture(vae: Vae, smooth: Pictures) -> None:
    code = vae.encode(smooth)
    assert code.shape == (2, vae.code_size)
    np.testing.assert_allclose(vae.decode(code), vae.reconstruct(smooth), atol=1e-5)
    assert np.abs(vae.decode(code) - smooth).mean() < 0.1


def test_more_of_the_code_tells_more_of_the_picture(vae: Vae, smooth: Pictures) -> None:
    errors = [np.abs(vae.reconstruct(smooth, parts) - smooth).mean() for parts in (0, 4, 6)]
    assert errors == sorted(errors, reverse=True)


def test_without_any_of_the_code_all_pictures_are_the_same(vae: Vae, smooth: Pictures) -> None:
    one, other = vae.reconstruct(smooth, 0)
    np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_allclose(one, vae.decode(np.zeros((1, vae.code_size), np.float32))[0])


def test_bounds_of_pictures_do_not_depend_on_others(vae: Vae, smooth: Pictures) -> None:
    both, alone = vae.bound(smooth, 3), vae.bound(smooth[1:], 3)
    np.testing.assert_allclose(both.iwae[1:], alone.iwae, rtol=1e-6)
    np.testing.assert_allclose(both.elbo[1:], alone.elbo, rtol=1e-6)
    assert both.likelihood.shape == (2, 32, 32)
    assert both.divergence.shape == (2, vae.parts)
    assert (both.divergence >= 0).all()


def test_smooth_pictures_are_likelier_than_noise(
    vae: Vae, smooth: Pictures, noisy: Pictures
) -> None:
    assert vae.bits_per_dim(smooth).max() < 8 < vae.bits_per_dim(noisy).min()


def test_samples(vae: Vae) -> None:
    both = vae.sample([3, 4])
    assert both.shape == (2, 32, 32, 3)
    assert np.abs(both[0] - both[1]).mean() > 0.01
    np.testing.assert_array_equal(vae.sample([4])[0], both[1])
    calm = vae.sample([4], grain=False)
    np.testing.assert_allclose(calm, vae.decode(vae.code_of(4)[None]), atol=1e-6)
    np.testing.assert_allclose(
        to_network(both), np.rint((to_network(both) + 1) * 127.5) / 127.5 - 1
    )
    coarse = vae.code_of(4)[None]
    coarse[:, COARSE:] = 0
    found = vae.sample([4], detail=0, grain=False)
    np.testing.assert_allclose(found, vae.decode(coarse), atol=1e-6)
    assert vae.sample([]).shape == (0, 32, 32, 3)


def test_mistakes_are_told(vae: Vae, smooth: Pictures) -> None:
    with pytest.raises(BadValue, match="codes"):
        vae.decode(np.zeros((1, 3), np.float32))
    with pytest.raises(BadValue, match="parts"):
        vae.reconstruct(smooth, 7)
    with pytest.raises(BadValue, match="samples"):
        vae.bound(smooth, 0)
