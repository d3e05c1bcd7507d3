"""Changes to pictures that gradients pass through."""

import pytest

pytest.importorskip("torch")

import diff_augment
import torch


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_shape_stays_and_gradients_pass() -> None:
    picture = torch.rand(4, 3, 32, 32, requires_grad=True)
    changed = diff_augment.augment(picture)
    assert changed.shape == picture.shape
    torch.autograd.backward(changed.sum())
    assert picture.grad is not None
    assert (picture.grad.abs().sum((1, 2, 3)) > 0).all()


def test_recolouring_keeps_places_and_differs_by_picture() -> None:
    one = torch.rand(1, 3, 8, 8)
    changed = diff_augment.recolor(one.repeat(2, 1, 1, 1))
    assert not torch.allclose(changed[0], changed[1])
    order = one[0].mean(0).flatten().argsort()  # the darkest stays the darkest
    torch.testing.assert_close(changed[0].mean(0).flatten().argsort(), order)


def test_moving_shifts_by_an_eighth_at_most() -> None:
    picture = torch.zeros(200, 3, 32, 32)
    picture[:, :, 16, 16] = 1
    moved = diff_augment.move(picture)
    assert (moved.sum((1, 2, 3)) == 3).all()
    places = moved[:, 0].nonzero()[:, 1:] - 16
    assert places.abs().max() == 4
    assert len(set(map(tuple, places.tolist()))) > 50


def test_each_picture_gets_one_square_hole() -> None:
    holes = diff_augment.cut_out(torch.ones(100, 3, 40, 40))[:, 0] == 0
    sizes = holes.sum((1, 2))
    assert (sizes > 0).all()
    assert sizes.max() <= 17**2
    for hole in holes:
        rows, columns = hole.any(1).sum(), hole.any(0).sum()
        assert rows * columns == hole.sum()
    assert len({hole.numpy().tobytes() for hole in holes}) > 90
