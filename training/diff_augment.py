"""Changes to pictures that gradients pass through, against a discriminator that learns by heart.

"Differentiable Augmentation for Data-Efficient GAN Training" (https://arxiv.org/abs/2006.10738):
real and generated pictures are changed alike, also while the generator learns.
"""

import torch
from torch import Tensor

SHIFT = 1 / 8  # of the side, at most
HOLE = 0.4  # side of the grey square over the side of the picture


def augment(picture: Tensor) -> Tensor:
    """Returns n×3×s×s pictures, -1..1, with other colours, moved, and each with a hole."""
    return cut_out(move(recolor(picture)))


def recolor(picture: Tensor) -> Tensor:
    """Changes brightness, saturation and contrast of each picture."""
    brightness, saturation, contrast = torch.rand(
        3, len(picture), 1, 1, 1, device=picture.device, dtype=picture.dtype
    ).unbind()
    x = picture + brightness - 0.5
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * (2 * saturation)
    middle = x.mean((1, 2, 3), keepdim=True)
    return middle + (x - middle) * (contrast + 0.5)


def move(picture: Tensor) -> Tensor:
    """Moves each picture by up to an eighth, grey coming in from beyond the edge."""
    count, _, height, width = picture.shape
    far = round(SHIFT * height)
    padded = torch.nn.functional.pad(picture, (far, far, far, far))
    top, left = torch.randint(0, 2 * far + 1, (2, count, 1), device=picture.device).unbind()
    rows = top + torch.arange(height, device=picture.device)
    columns = left + torch.arange(width, device=picture.device)
    number = torch.arange(count, device=picture.device)[:, None, None]
    # Indices in this place put the channels last.
    moved = padded.permute(0, 2, 3, 1)[number, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def cut_out(picture: Tensor) -> Tensor:
    """Makes a square of each picture grey."""
    count, _, height, width = picture.shape
    middle = torch.rand(2, count, 1, device=picture.device)
    rows = torch.arange(height, device=picture.device)
    columns = torch.arange(width, device=picture.device)
    near_rows = (rows - middle[0] * height).abs() < HOLE / 2 * height
    near_columns = (columns - middle[1] * width).abs() < HOLE / 2 * width
    hole = near_rows[:, None, :, None] & near_columns[:, None, None, :]
    return picture * ~hole
