"""The stylizer in torch: shapes, styles and statistics."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch")

from genapp.nets.stylizer import Stylizer, any_style, multi_style  # noqa: E402


@pytest.fixture
def net() -> Stylizer:
    torch.manual_seed(0)
    return Stylizer((4, 4, 4), (4, 4), 1, styled_contract=True).eval()


def paint(net: Stylizer, image: "Tensor", shared: "Tensor | None" = None) -> "Tensor":
    style = torch.stack([torch.ones(net.numbers), torch.zeros(net.numbers)])
    given = torch.ones(2, net.numbers) if shared is None else shared
    with torch.no_grad():
        painting, used = net(image, style, given, torch.tensor([float(shared is not None)]))
    result: Tensor = painting
    if shared is None:
        result = torch.cat([painting.flatten(), used.flatten()])
    return result


def test_lengths_of_a_style() -> None:
    """Those of the published networks' files."""
    assert multi_style().numbers == 495
    assert any_style().numbers == 347


@pytest.mark.parametrize("build", [multi_style, any_style])
def test_shapes_and_range(build: Callable[[], Stylizer]) -> None:
    net = build()
    style = torch.ones(2, net.numbers)
    with torch.no_grad():
        painting, used = net(torch.rand(2, 3, 20, 36), style, style, torch.zeros(1))
    assert painting.shape == (2, 3, 20, 36)
    assert used.shape == (2, net.numbers)
    assert 0 <= painting.min() <= painting.max() <= 1


def test_own_statistics_given_back_change_nothing(net: Stylizer) -> None:
    image = torch.rand(1, 3, 16, 24)
    both = paint(net, image)
    painting, used = both[: image.numel()], both[image.numel() :].view(2, -1)
    torch.testing.assert_close(paint(net, image, used).flatten(), painting)


def test_statistics_are_those_of_the_whole_batch(net: Stylizer) -> None:
    """Two pictures that share theirs are not painted as each alone is."""
    image = torch.rand(2, 3, 16, 16) * torch.tensor([0.2, 1.0]).view(2, 1, 1, 1)
    both = paint(net, image)[: image.numel()].view_as(image)
    alone = paint(net, image[:1])[: image[:1].numel()].view_as(image[:1])
    assert (both[:1] - alone).abs().max() > 0.01


def test_scales_and_shifts_are_taken_in_order(net: Stylizer) -> None:
    """The last three shifts are those of red, green and blue."""
    style = torch.zeros(2, net.numbers)
    style[1, -3:] = torch.tensor([-10.0, 0.0, 10.0])
    with torch.no_grad():
        painting, _ = net(torch.rand(1, 3, 16, 16), style, style, torch.zeros(1))
    torch.testing.assert_close(
        painting.mean(dim=(0, 2, 3)), torch.tensor([0.0, 0.5, 1.0]), atol=1e-3, rtol=0
    )
