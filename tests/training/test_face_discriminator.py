"""The discriminator on frozen features: what it judges, what learns, what doesn't."""

import pytest

pytest.importorskip("torch")

import face_discriminator
import torch
from diff_augment import Changes, draw_changes
from face_discriminator import Discriminator


class Strides(torch.nn.Module):
    """Pictures themselves, at the strides 4, 8, 16 and 32, as features."""

    channels = (3, 3, 3, 3)

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        pool = torch.nn.functional.avg_pool2d
        return [pool(picture, stride) * 10 for stride in (4, 8, 16, 32)]


def build(*, close_up: bool = False) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator([Strides(), Strides()], 64, 16, close_up=close_up)


def pictures(count: int = 4, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


def changes(count: int = 4) -> Changes:
    return draw_changes(count, torch.device("cpu"))


@pytest.mark.parametrize(("close_up", "critics"), [(False, 2), (True, 4)])
def test_a_critic_a_network_and_view(close_up: bool, critics: int) -> None:
    net = build(close_up=close_up)
    features = net.features(pictures(), changes())
    assert len(features) == critics
    assert [level.shape[2] for level in features[0]] == [16, 8, 4, 2]
    assert net.judge(features).shape == (4, critics * 4 * 2 * 2)


def test_only_heads_learn() -> None:
    net = build()
    learning = {name for name, value in net.named_parameters() if value.requires_grad}
    assert learning
    assert all(".heads." in name for name in learning)
    assert len(learning) == len(net.heads())


def test_gradients_reach_the_pictures_through_the_frozen_part() -> None:
    net, given = build(), pictures().requires_grad_()
    torch.autograd.backward(
        face_discriminator.generator_loss(net.judge(net.features(given, changes())))
    )
    assert given.grad is not None
    assert given.grad.abs().sum() > 0


def test_calibration_makes_levels_equally_strong() -> None:
    net = build()
    net.calibrate(pictures(32))
    mixer = net.each()[0].mixer
    found = Strides()(torch.nn.functional.interpolate(pictures(32), (64, 64)))
    for level, strength in zip(found, mixer.strengths, strict=True):
        assert 0.7 < float(level.std() / strength) < 1.4
    assert mixer.strengths[0] > mixer.strengths[3]  # means over larger areas vary less


def test_coarse_levels_enter_the_finest() -> None:
    mixer = build().each()[0].mixer
    found = [torch.rand(1, 3, side, side) for side in (16, 8, 4, 2)]
    before = mixer(found)
    found[3] = found[3] + 1
    after = mixer(found)
    assert all((a - b).abs().mean() > 1e-3 for a, b in zip(before, after, strict=True))


def test_it_learns_to_tell_halves_from_noise() -> None:
    net = build()
    adam = torch.optim.Adam(net.heads(), 3e-3, (0.0, 0.99))
    torch.manual_seed(2)
    losses = []
    for _ in range(20):
        halves = torch.ones(8, 3, 32, 32)
        halves[..., :16] = -1
        real, made = net.features(halves, changes(8)), net.features(pictures(8), changes(8))
        loss = face_discriminator.discriminator_loss(net.judge(real), net.judge(made))
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_the_coarsest_head_sees_how_much_pictures_differ() -> None:
    features = torch.randn(4, 5, 2, 2)
    found = face_discriminator.with_spread(features)
    assert found.shape == (4, 6, 2, 2)
    torch.testing.assert_close(found[:, :5], features)
    alike = face_discriminator.with_spread(features[:1].expand(4, -1, -1, -1))
    assert alike[:, 5].max() < 1e-3
    assert found[:, 5].min() > 0.3


def test_hinge_loss_asks_no_more_than_one() -> None:
    loss = face_discriminator.discriminator_loss
    sure = torch.full((2, 3), 5.0)
    assert loss(sure, -sure) == 0
    assert loss(-sure, sure) == 12
    assert loss(0 * sure, 0 * sure) == 2
