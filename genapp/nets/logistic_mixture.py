"""The likelihood of a pixel's three bytes: a mixture of discretised logistics.

"PixelCNN++" (https://arxiv.org/abs/1701.05517): the logistic density is summed over the width of a
byte, the first and the last byte take the tails, and the means of green and blue move with the
channels before them, so that the three colours of a pixel are one distribution. The autoregressive
model and the VAE both give the parameters of it. Without torch: genapp/families/mixture.py.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

PER_COMPONENT = 10  # one weight, three means, three log scales, three slopes
LEAST_LOG_SCALE = -7.0
HALF = 1 / 255  # half the width of a byte, where bytes span -1..1


def log_likelihood(parameters: Tensor, pixels: Tensor) -> Tensor:
    """Returns the log-likelihood of each pixel in nats, n×h×w.

    Args:
        parameters: n×10K×h×w, of K components: for each of the ten kinds, K channels.
        pixels: n×3×h×w, bytes brought to -1..1.
    """
    weight, mean, log_scale, slope = _split(parameters)
    red, green, _ = (channel[:, None] for channel in pixels.unbind(1))
    mean = torch.stack(
        [
            mean[:, 0],
            mean[:, 1] + slope[:, 0] * red,
            mean[:, 2] + slope[:, 1] * red + slope[:, 2] * green,
        ],
        1,
    )
    narrow = torch.exp(-log_scale)
    x = pixels[:, :, None]
    above, below = (x - mean + HALF) * narrow, (x - mean - HALF) * narrow
    # s(a) - s(b) = s(a) s(-b) (1 - exp(b - a)), of which no factor can cancel out.
    rising = functional.logsigmoid(above)
    falling = functional.logsigmoid(-below)
    first, last = x < -0.999, x > 0.999
    width = torch.log(-torch.expm1(-2 * HALF * narrow))
    # The first byte reaches down to minus infinity, the last one up to infinity.
    log_byte = torch.where(first, rising, torch.where(last, falling, rising + falling + width)).sum(
        1
    )
    return torch.logsumexp(log_byte + torch.log_softmax(weight, 1), 1)


def bits_per_dim(log_likelihoods: Tensor, dimensions: int) -> Tensor:
    """Returns bits per byte, of the log-likelihood of whole pictures in nats."""
    return -log_likelihoods / (dimensions * math.log(2))


def _split(parameters: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights n×K×h×w in logits; means, log scales and slopes, each n×3×K×h×w."""
    kinds = torch.unflatten(parameters, 1, (PER_COMPONENT, -1))
    log_scale = kinds[:, 4:7].clamp(min=LEAST_LOG_SCALE)
    return kinds[:, 0], kinds[:, 1:4], log_scale, torch.tanh(kinds[:, 7:10])
