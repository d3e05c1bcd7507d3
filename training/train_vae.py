"""Trains the variational autoencoder of faces at 32².

    python training/train_vae.py --data faces128.npz --out runs/vae --minutes 75

Goes on from ``state.pt`` in the folder of results until the minutes of all runs together are
``--minutes``. Every few minutes it writes the state, the running mean of the weights (``mean.pt``)
and a line to log.txt. What was seen: train_vae.md.
"""

import family_run
import torch
from torch import Tensor, nn

from genapp.nets.logistic_mixture import bits_per_dim, log_likelihood
from genapp.nets.vae import CODE_SIZE, CODES, Look, Vae

WARM = 0.2  # share of the time until the divergence counts in full
FREE = 10.0  # nats of each block that cost nothing, at first
FREE_UNTIL = 0.4  # share of the time


def main() -> None:
    """Reads the command line and trains."""
    options = family_run.parser(__doc__).parse_args()
    family_run.Run(Vae(), loss, measure, options).train()


def look(net: nn.Module, pictures: Tensor) -> Look:
    """Returns what the network makes of pictures, with codes drawn from the posterior."""
    count = len(pictures)
    found: Look = net(pictures, torch.randn(count, CODE_SIZE), torch.ones(count, len(CODES)))
    return found


def loss(net: nn.Module, pictures: Tensor, gone: float) -> Tensor:
    """Returns the bound in nats, summed; less of the divergence in the beginning.

    A divergence that cost its full price from the start would teach blocks to say nothing, and
    so would one without an allowance ("free bits", https://arxiv.org/abs/1606.04934).
    """
    found = look(net, pictures)
    divergence = found.divergence.mean(0)
    if gone < FREE_UNTIL:
        divergence = divergence.clamp(min=FREE)
    price = min(1.0, 0.1 + 0.9 * gone / WARM)
    told = log_likelihood(found.parameters, pictures).sum()
    return price * divergence.sum() * len(pictures) - told


def measure(net: nn.Module, pictures: Tensor) -> float:
    """Returns bits per dimension by the evidence lower bound, with one code a picture."""
    state = torch.get_rng_state()
    torch.manual_seed(0)  # the same codes at every report
    nats = [-loss(net, part, 1.0) for part in torch.split(pictures, 32)]
    torch.set_rng_state(state)
    return bits_per_dim(sum(nats, start=pictures.new_zeros(())), pictures.numel()).item()


if __name__ == "__main__":
    main()
