"""Trains the autoregressive model of faces at 32².

    python training/train_pixelcnn.py --data faces128.npz --out runs/pixelcnn --minutes 75

Goes on from ``state.pt`` in the folder of results until the minutes of all runs together are
``--minutes``. Every few minutes it writes the state, the running mean of the weights (``mean.pt``)
and a line to log.txt. What was seen: train_pixelcnn.md.
"""

import family_run
import torch
from torch import Tensor, nn

from genapp.nets.logistic_mixture import bits_per_dim, log_likelihood
from genapp.nets.pixelcnn import PixelCNN


def main() -> None:
    """Reads the command line and trains."""
    options = family_run.parser(__doc__).parse_args()
    family_run.set_up(options.threads)
    family_run.Run(PixelCNN(), loss, measure, options).train()


def loss(net: nn.Module, pictures: Tensor, gone: float) -> Tensor:
    """Returns the nats of a batch, summed."""
    return -log_likelihood(net(pictures), pictures).sum()


def measure(net: nn.Module, pictures: Tensor) -> float:
    """Returns bits per dimension, which are exact."""
    nats = [-loss(net, part, 1.0) for part in torch.split(pictures, 32)]
    return bits_per_dim(sum(nats, start=pictures.new_zeros(())), pictures.numel()).item()


if __name__ == "__main__":
    main()
