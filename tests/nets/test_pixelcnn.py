"""The autoregressive networks: what a pixel may see, and the memory."""

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor

from genapp.nets.pixelcnn import SIZE, PixelCNN


@pytest.fixture(scope="module")
def net() -> PixelCNN:
    """A narrow one."""
    torch.manual_seed(0)
    return PixelCNN(width=8, coarse=12, components=2).eval().requires_grad_(False)


def pictures(count: int = 2) -> Tensor:
    return torch.rand(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize(("y", "x"), [(0, 0), (0, 31), (13, 7), (31, 30)])
def test_a_pixel_sees_itself_and_later_ones_not_at_all(net: PixelCNN, y: int, x: int) -> None:
    one = pictures(1)
    other = one.clone().flatten(2)
    other[..., y * SIZE + x :] = 0.9
    before, after = net(one).flatten(2), net(other.view_as(one)).flatten(2)
    upto = y * SIZE + x + 1
    torch.testing.assert_close(after[..., :upto], before[..., :upto], rtol=0, atol=1e-6)


def test_a_pixel_sees_what_is_above_and_left(net: PixelCNN) -> None:
    one = pictures(1).requires_grad_(True)
    net(one)[0, :, 20, 16].square().sum().backward()
    assert one.grad is not None
    seen = one.grad[0].abs().amax(0)
    assert (seen[10:20] > 0).all()  # the whole width of the rows above
    assert (seen[20, 10:16] > 0).all()
    assert (seen[20, 16:] == 0).all()
    assert (seen[21:] == 0).all()


def test_rows_and_pixels_one_by_one_give_what_a_whole_picture_gives(net: PixelCNN) -> None:
    whole = pictures()
    expected = net(whole)
    memory = net.rows.empty(2)
    for y in range(20):
        above = whole[:, :, y - 1 : y] if y else torch.zeros(2, 3, 1, SIZE)
        gates, memory = net.rows(above, torch.tensor([float(y)]), memory)
    before = net.pixels.empty(2, 1)
    for x in range(SIZE):
        left = whole[:, :, y : y + 1, x - 1 : x] if x else torch.zeros(2, 3, 1, 1)
        found, before = net.pixels(left, gates[..., x : x + 1], before)
        there = expected[:, :, y : y + 1, x : x + 1]
        torch.testing.assert_close(found, there, rtol=1e-4, atol=1e-5)


def test_place_matters(net: PixelCNN) -> None:
    found = net(torch.zeros(1, 3, SIZE, SIZE))[0]
    assert (found[:, 16, 16] - found[:, 4, 16]).abs().max() > 1e-4
    assert (found[:, 16, 16] - found[:, 16, 4]).abs().max() > 1e-4
