"""A classifier small enough to learn within seconds on a processor."""

import torch
from torch import Tensor, nn

WIDTHS = (16, 32, 64)


class TinyCnn(nn.Module):
    """Three convolutions, each followed by a halving of the sides, and the mean over the picture.

    Args:
        classes: how many logits come out.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            ]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits n×classes of n×3×H×W pictures, about -1..1."""
        return torch.as_tensor(self.head(self.features(pictures).mean((2, 3))))
