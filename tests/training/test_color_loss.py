"""The grid of colours, and the loss of the colouriser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

import color_loss
import torch

GRID = torch.cartesian_prod(*2 * [torch.arange(-color_loss.REACH, color_loss.REACH + 1) * 10.0])
NO_HINTS = torch.zeros(1, 3, 16, 16)


@settings(deadline=None)  # the first call to torch is slow
@given(st.floats(-110, 110), st.floats(-110, 110))
def test_a_colour_is_the_mean_of_the_cells_around_it(a: float, b: float) -> None:
    cells, weights = color_loss.corners(torch.tensor([a, b]).view(1, 2, 1, 1))
    assert weights.min() >= 0
    mean = (GRID[cells[0, :, 0, 0]] * weights[0, :, 0, 0, None]).sum(0)
    torch.testing.assert_close(mean, torch.tensor([a, b]), atol=1e-3, rtol=0)


def uniform_loss() -> "color_loss.ColorLoss":
    return color_loss.ColorLoss(GRID, torch.full((len(GRID),), 1 / len(GRID)))


def certain(a: float, b: float) -> "torch.Tensor":
    """Logits of a network that is sure of one colour of the grid."""
    logits = torch.zeros(1, len(GRID), 4, 4)
    logits[:, (torch.tensor([a, b]) == GRID).all(1).nonzero()[0, 0]] = 50.0
    return logits


def test_the_truth_costs_least() -> None:
    truth = torch.tensor([20.0, -30.0]).view(1, 2, 1, 1).expand(1, 2, 16, 16)
    right = uniform_loss()(certain(20, -30), truth, NO_HINTS)
    near = uniform_loss()(certain(30, -30), truth, NO_HINTS)
    far = uniform_loss()(certain(80, 50), truth, NO_HINTS)
    assert right[0] == pytest.approx(0, abs=1e-4)
    assert right[1] < near[1] < far[1]


def test_rare_colours_weigh_more() -> None:
    chance = torch.ones(len(GRID))
    common = (GRID == 0).all(1)
    chance[common] = 1e4
    loss = color_loss.ColorLoss(GRID, chance / chance.sum())
    assert loss.rarity[common] < loss.rarity[~common].min()


def test_a_constant_error_has_no_edges() -> None:
    flat = torch.full((1, 2, 8, 8), 7.0)
    stepped = flat.clone()
    stepped[..., 4:] = 30
    assert color_loss.edges(stepped) > 2 * color_loss.edges(flat)
