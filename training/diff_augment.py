"""Changes to pictures that gradients pass through, against a discriminator that learns by heart.

"Differentiable Augmentation for Data-Efficient GAN Training" (https://arxiv.org/abs/2006.10738):
real and generated pictures are changed alike, also while the generator learns. The paper's holes
are left out.
"""

from typing import NamedTuple

import torch
from torch import Tensor

SHIFT = 1 / 8  # of the side, at most


class Changes(NamedTuple):
    """What is done to each picture of a batch of n."""

    brightness: Tensor
    """n×1×1×1, -0.5..0.5, added."""
    saturation: Tensor
    """n×1×1×1, 0..2."""
    contrast: Tensor
    """n×1×1×1, 0.5..1.5."""
    down: Tensor
    """n×1: shift over the side of the picture."""
    right: Tensor
    """n×1."""


def draw_changes(count: int, device: torch.device) -> Changes:
    """Returns changes at random."""
    brightness, saturation, contrast = torch.rand(3, count, 1, 1, 1, device=device).unbind()
    down, right = ((2 * torch.rand(2, count, 1, device=device) - 1) * SHIFT).unbind()
    return Changes(brightness - 0.5, 2 * saturation, contrast + 0.5, down, right)


def augment(picture: Tensor, changes: Changes) -> Tensor:
    """Returns n×3×s×s pictures, -1..1, with other colours and moved."""
    return move(recolor(picture, changes), changes)


def recolor(picture: Tensor, changes: Changes) -> Tensor:
    """Changes brightness, saturation and contrast of each picture."""
    x = picture + changes.brightness.to(picture.dtype)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * changes.saturation.to(picture.dtype)
    middle = x.mean((1, 2, 3), keepdim=True)
    return middle + (x - middle) * changes.contrast.to(picture.dtype)


def move(picture: Tensor, changes: Changes) -> Tensor:
    """Moves each picture by up to an eighth, grey coming in from beyond the edge."""
    count, _, height, width = picture.shape
    far = round(SHIFT * height)
    padded = torch.nn.functional.pad(picture, (far, far, far, far))
    top, left = (far - (shift * height).round().long() for shift in (changes.down, changes.right))
    rows = top + torch.arange(height, device=picture.device)
    columns = left + torch.arange(width, device=picture.device)
    number = torch.arange(count, device=picture.device)[:, None, None]
    # Indices in this place put the channels last.
    moved = padded.permute(0, 2, 3, 1)[number, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)
