"""What the colouriser learns: the grid of ab colours, how far a prediction is from the truth."""

import color_data
import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from genapp.nets.colorizer import STRIDE, pool_hints

STEP = 10.0  # of the grid of colours, CIELAB units
REACH = 12  # the grid goes from -REACH to +REACH steps on both axes
CELLS = 2 * REACH + 1
SEEN = 3e-5  # share of the pixels that makes a cell of the grid a bin
TEMPERATURE = 0.4  # of the colour that the second part of the loss looks at
COLOR_WEIGHT, EDGE_WEIGHT, HINT_WEIGHT = 0.2, 0.25, 4.0


def corners(ab: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the four cells of the grid around each colour, and their bilinear weights.

    Args:
        ab: n×2×h×w CIELAB.

    Returns:
        n×4×h×w numbers of cells (row by row over a, then b) and n×4×h×w weights with sum 1; the
        mean of the cells' colours under the weights is the colour itself.
    """
    place = (ab / STEP + REACH).clamp(0, CELLS - 1.001)
    low = place.floor()
    part = place - low
    a, b = low.long().unbind(1)
    cells = torch.stack(
        [a * CELLS + b, a * CELLS + b + 1, (a + 1) * CELLS + b, (a + 1) * CELLS + b + 1], 1
    )
    pa, pb = part.unbind(1)
    weights = torch.stack([(1 - pa) * (1 - pb), (1 - pa) * pb, pa * (1 - pb), pa * pb], 1)
    return cells, weights


def count_bins(pictures: color_data.Pictures) -> tuple[Tensor, Tensor]:
    """Returns the k×2 colours of the grid that occur in the pictures, and their k shares."""
    counts = torch.zeros(CELLS * CELLS, dtype=torch.float64)
    for number in range(len(pictures)):
        share = color_data.SHARES[color_data.kind_of(pictures.files[number])]
        small = cv2.resize(pictures[number], (48, 48), interpolation=cv2.INTER_AREA)
        lab = color_data.rgb_to_lab(color_data.to_float(np.asarray(small, np.uint8)))
        cells, weights = corners(torch.from_numpy(lab[None, ..., 1:].transpose(0, 3, 1, 2).copy()))
        counts.scatter_add_(0, cells.flatten(), weights.flatten().double() * share)
    chosen = (counts / counts.sum() > SEEN).nonzero()[:, 0]
    bins = torch.stack([chosen // CELLS, chosen % CELLS], 1).float() * STEP - REACH * STEP
    chance = counts[chosen] / counts[chosen].sum()
    return bins, chance.float()


class ColorLoss(nn.Module):
    """Cross-entropy over the bins, and the distance of the colour that is read out of them."""

    bins: Tensor
    bin_of_cell: Tensor
    rarity: Tensor

    def __init__(self, bins: Tensor, chance: Tensor) -> None:
        """Takes the k×2 bins and the share of the pixels that each has."""
        super().__init__()
        cells = torch.cartesian_prod(*2 * [torch.arange(-REACH, REACH + 1) * STEP])
        self.register_buffer("bins", bins)
        self.register_buffer("bin_of_cell", torch.cdist(cells, bins).argmin(1))
        # Rare colours weigh more (Zhang et al. 2016), but only with the root of their rarity.
        rarity = (0.5 * chance + 0.5 / len(chance)) ** -0.5
        self.register_buffer("rarity", rarity / (rarity * chance).sum())

    def forward(self, logits: Tensor, ab: Tensor, hints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns three parts of the loss: bins, colour, edges of colour.

        Args:
            logits: n×k×h/4×w/4.
            ab: n×2×h×w true colours.
            hints: n×c×h×w, as the network got them.
        """
        color = self.colors(logits)
        logits = logits.permute(0, 2, 3, 1)  # n×h×w×k, contiguous where the network is NHWC
        truth = functional.avg_pool2d(ab, STRIDE)
        cells, weights = corners(truth)
        chosen = self.bin_of_cell[cells]
        rarity = (self.rarity[chosen] * weights).sum(1)
        hinted = 1 + HINT_WEIGHT * pool_hints(hints)[:, -1]
        chosen, weights = chosen.permute(0, 2, 3, 1), weights.permute(0, 2, 3, 1)
        expected = (logits.gather(3, chosen) * weights).sum(3)
        entropy = logits.logsumexp(3) - expected
        distance = ((color - truth).square().sum(1) + 1).sqrt() / STEP
        rare = rarity * hinted
        return (
            (entropy * rare).sum() / rare.sum(),
            COLOR_WEIGHT * (distance * rare).sum() / rare.sum(),
            EDGE_WEIGHT * edges(color - truth) / STEP,
        )

    def colors(self, logits: Tensor) -> Tensor:
        """Returns n×2×h×w colours, the annealed mean of n×k×h×w logits."""
        chance = functional.softmax(logits.permute(0, 2, 3, 1) / TEMPERATURE, 3)
        return (chance @ self.bins).permute(0, 3, 1, 2)


def edges(error: Tensor) -> Tensor:
    """Returns the mean step between neighbours of an n×c×h×w error, at two sizes."""
    total = error.new_zeros(())
    for _ in range(2):
        for axis in (2, 3):
            total = total + (error.diff(dim=axis).square().sum(1) + 0.01).sqrt().mean() / 4
        error = functional.avg_pool2d(error, 2)
    return total
