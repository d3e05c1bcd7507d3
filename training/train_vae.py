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
from genapp.nets.vae import CODE_SIZE, CODE_SIZES, CODES, Look, Vae

WARM = 0.1  # share of the time until the divergence counts in full
FREE = 10.0  # nats of each part of the code that cost nothing, at first
FREE_UNTIL = 0.4  # share of the time
# Share of the time from which on so many parts of the code are learnt, coarse to fine.
GROWTH = ((0.0, 2), (0.2, 4), (0.4, 6))
COARSE_ONLY = 0.3  # of the pictures get along with fewer parts, chosen at random
COARSE_UNTIL = 0.85  # share of the time


def main() -> None:
    """Reads the command line and trains."""
    options = family_run.parser(__doc__).parse_args()
    family_run.set_up(options.threads)
    family_run.Run(Vae(), loss, measure, options).train()


def loss(net: nn.Module, pictures: Tensor, gone: float) -> Tensor:
    """Returns the bound in nats, summed; less of the divergence in the beginning.

    A divergence that cost its full price from the start would teach blocks to say nothing, and
    so would one without an allowance ("free bits", https://arxiv.org/abs/1606.04934). Learnt all
    at once, the finest codes would tell the whole picture, and samples would be noise: the coarse
    ones learn first, and later some pictures still have to get along with them.
    """
    share = shares(len(pictures), gone)
    noise = torch.randn(len(pictures), CODE_SIZE)
    left_out = torch.repeat_interleave(share, torch.tensor(CODE_SIZES), 1) == 0
    found: Look = net(pictures, noise.masked_fill(left_out, 0), share)
    divergence = found.divergence.mean(0)
    if gone < FREE_UNTIL:
        divergence = divergence.clamp(min=FREE)
    price = min(1.0, 0.1 + 0.9 * gone / WARM)
    told = log_likelihood(found.parameters, pictures).sum()
    return price * divergence.sum() * len(pictures) - told


def shares(count: int, gone: float) -> Tensor:
    """Returns 1 for the parts of the code that each picture may use and 0 for others, count×6."""
    most = max(parts for begin, parts in GROWTH if gone >= begin)
    kept = torch.full((count,), most)
    if gone < COARSE_UNTIL:
        choices = torch.tensor([parts for _, parts in GROWTH if parts <= most])
        fewer = choices[torch.randint(len(choices), (count,))]
        kept = torch.where(torch.rand(count) < COARSE_ONLY, fewer, kept)
    return (torch.arange(len(CODES)) < kept[:, None]).float()


def measure(net: nn.Module, pictures: Tensor) -> float:
    """Returns bits per dimension by the evidence lower bound, with one code a picture."""
    state = torch.get_rng_state()
    torch.manual_seed(0)  # the same codes at every report
    nats = [-loss(net, part, 1.0) for part in torch.split(pictures, 32)]
    torch.set_rng_state(state)
    return bits_per_dim(sum(nats, start=pictures.new_zeros(())), pictures.numel()).item()


if __name__ == "__main__":
    main()
