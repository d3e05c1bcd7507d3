"""Changes to pictures that gradients pass through."""

import pytest

pytest.importorskip("torch")

import diff_augment
import torch


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def changes(count: int) -> diff_augment.Changes:
    return diff_augment.draw_changes(count, torch.device("cpu"))


def test_shape_stays_and_gradients_pass() -> None:
    picture = torch.rand(4, 3, 32, 32, requires_grad=True)
    changed = diff_augment.augment(picture, changes(4))
    assert changed.shape == picture.shape
    torch.autograd.backward(changed.sum())
    assert picture.grad is not None
    assert (picture.grad.abs().sum((1, 2, 3)) > 0).all()


def test_the_same_changes_give_the_same_picture() -> None:
    picture = torch.rand(3, 3, 32, 32)
    drawn = changes(3)
    torch.testing.assert_close(
        diff_augment.augment(picture, drawn), diff_augment.augment(picture, drawn)
    )


def test_recolouring_keeps_places_and_differs_by_picture() -> None:
    one = torch.rand(1, 3, 8, 8)
    changed = diff_augment.recolor(one.repeat(2, 1, 1, 1), changes(2))
    assert not torch.allclose(changed[0], changed[1])
    order = one[0].mean(0).flatten().argsort()  # the darkest stays the darkest
    torch.testing.assert_close(changed[0].mean(0).flatten().argsort(), order)


def test_moving_shifts_by_an_eighth_at_most() -> None:
    picture = torch.zeros(200, 3, 32, 32)
    picture[:, :, 16, 16] = 1
    moved = diff_augment.move(picture, changes(200))
    assert (moved.sum((1, 2, 3)) == 3).all()
    places = moved[:, 0].nonzero()[:, 1:] - 16
    assert places.abs().max() == 4
    assert len(set(map(tuple, places.tolist()))) > 50
