"""The VAE: closed forms, and what the posterior's share does."""

import pytest

pytest.importorskip("torch")

import torch
from torch.distributions import Normal, kl_divergence

from genapp.families import vae
from genapp.nets.vae import CODE_SIZE, CODE_SIZES, CODES, SIZE, CodeBlock, Vae, divergence


@pytest.fixture(scope="module")
def net() -> Vae:
    """One whose posteriors differ from the prior, as if it had learnt."""
    torch.manual_seed(0)
    net = Vae(components=2).eval().requires_grad_(False)
    for block in net.blocks:
        assert isinstance(block, CodeBlock)
        torch.nn.init.normal_(block.guess.weight, std=0.3)
    return net


def pictures(count: int = 3) -> torch.Tensor:
    return torch.rand(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1


def noise(count: int = 3) -> torch.Tensor:
    return torch.randn(count, CODE_SIZE, generator=torch.Generator().manual_seed(2))


def test_coarse_codes_come_first() -> None:
    assert sum(CODE_SIZES[:2]) == vae.COARSE
    assert [side for side, _ in CODES] == sorted(side for side, _ in CODES)


def test_divergence_of_normal_distributions() -> None:
    mean, log_spread = torch.randn(50), torch.randn(50)
    expected = kl_divergence(Normal(mean, log_spread.exp()), Normal(torch.zeros(50), 1.0))
    torch.testing.assert_close(divergence(mean, log_spread), expected)


def test_without_the_posterior_noise_is_the_code_and_pictures_have_no_say(net: Vae) -> None:
    share = torch.zeros(3, len(CODES))
    one, other = net(pictures(), noise(), share), net(-pictures(), noise(), share)
    torch.testing.assert_close(one.code, noise())
    torch.testing.assert_close(one.parameters, other.parameters)
    assert (one.divergence == 0).all()
    torch.testing.assert_close(one.ratio, torch.zeros(3))


def test_decoding_a_code_gives_what_the_posterior_gave(net: Vae) -> None:
    found = net(pictures(), noise(), torch.ones(3, len(CODES)))
    again = net(torch.zeros(3, 3, SIZE, SIZE), found.code, torch.zeros(3, len(CODES)))
    torch.testing.assert_close(again.parameters, found.parameters, rtol=1e-4, atol=1e-4)


def test_the_ratio_is_minus_the_divergence_on_average(net: Vae) -> None:
    """E_q[log p(z) - log q(z)] = -KL, exactly so for the first part, whose posterior is fixed."""
    share = torch.zeros(1, len(CODES))
    share[:, 0] = 1
    count = 100
    eps = torch.randn(count, CODE_SIZE, generator=torch.Generator().manual_seed(3))
    found = net(pictures(1).expand(count, -1, -1, -1), eps, share.expand(count, -1))
    error = found.ratio.std() / count**0.5
    assert abs(found.ratio.mean() + found.divergence[0, 0]) < 5 * error


def test_pictures_of_a_batch_do_not_touch(net: Vae) -> None:
    share = torch.ones(3, len(CODES))
    whole = net(pictures(), noise(), share)
    alone = net(pictures()[1:2], noise()[1:2], share[1:2])
    torch.testing.assert_close(whole.parameters[1:2], alone.parameters, rtol=1e-4, atol=1e-4)
