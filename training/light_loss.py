"""How far a predicted lightness is from the truth, as color_loss.py says it of colours."""

import color_loss
import torch
from torch import Tensor
from torch.nn import functional

from genapp.nets.colorizer import STRIDE

LEVELS = 11  # of lightness, 0, 10 … 100


def light_loss(logits: Tensor, lightness: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns three parts of the loss: levels, lightness, edges of lightness.

    Args:
        logits: n×11×h/4×w/4.
        lightness: n×1×h×w, 0..100, the true one.
    """
    truth = functional.avg_pool2d(lightness, STRIDE)
    place = (truth / 100 * (LEVELS - 1)).clamp(0, LEVELS - 1.001)
    low = place.floor()
    chance = torch.cat([1 - place + low, place - low], 1)
    cells = torch.cat([low, low + 1], 1).long()
    entropy = (logits.logsumexp(1) - (logits.gather(1, cells) * chance).sum(1)).mean()
    levels = torch.linspace(0, 100, LEVELS).view(1, -1, 1, 1)
    found = (functional.softmax(logits / color_loss.TEMPERATURE, 1) * levels).sum(1, keepdim=True)
    error = found - truth
    distance = (error.square() + 1).sqrt().mean() / color_loss.STEP
    return (
        entropy,
        color_loss.COLOR_WEIGHT * distance,
        color_loss.EDGE_WEIGHT * color_loss.edges(error) / color_loss.STEP,
    )
