"""The distribution of a pixel's three bytes: a mixture of discretised logistics.

As in "PixelCNN++" (https://arxiv.org/abs/1701.05517). This is genapp/nets/logistic_mixture.py
without torch; it also draws pixels and gives their mean.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

PER_COMPONENT = 10
"""Numbers for each component: one weight, three means, three log scales, three slopes."""
LEAST_LOG_SCALE = -7.0
HALF = 1 / 255
"""Half the width of a byte, where bytes span -1..1."""
DRAWS = 4
"""Uniform numbers that a pixel takes: one for the component, one for each colour."""


def log_likelihood(parameters: NDArray[np.floating], pixels: NDArray[np.floating]) -> Values:
    """The log-likelihood of each pixel in nats, n×h×w.

    Args:
        parameters: n×10K×h×w, of K components: for each of the ten kinds, K channels.
        pixels: n×3×h×w, bytes brought to -1..1 by `byte / 127.5 - 1`.
    """
    weight, mean, log_scale, slope = _split(parameters)
    x = np.asarray(pixels, np.float64)[:, :, None]
    mean = _coupled(mean, slope, x[:, 0], x[:, 1])
    narrow = np.exp(-log_scale)
    above, below = (x - mean + HALF) * narrow, (x - mean - HALF) * narrow
    # s(a) - s(b) = s(a) s(-b) (1 - exp(b - a)), of which no factor can cancel out.
    rising, falling = -np.logaddexp(0, -above), -np.logaddexp(0, below)
    inside = rising + falling + np.log(-np.expm1(-2 * HALF * narrow))
    # The first byte reaches down to minus infinity, the last one up to infinity.
    log_byte = np.where(x < -0.999, rising, np.where(x > 0.999, falling, inside)).sum(1)
    return np.asarray(np.logaddexp.reduce(log_byte + _log_softmax(weight), axis=1))


def draw(
    parameters: NDArray[np.floating], uniform: NDArray[np.floating], temperature: float = 1.0
) -> Values:
    """Pixels drawn from their distributions, n×3×h×w, bytes brought to -1..1.

    Args:
        parameters: n×10K×h×w.
        uniform: n×4×h×w numbers inside 0..1.
        temperature: 1 draws from the distribution; less draws closer to its likely values.
    """
    weight, mean, log_scale, slope = _split(parameters)
    share = np.exp(_log_softmax(weight / max(temperature, 1e-3)))
    # The first component whose summed share passes the number.
    chosen = (np.cumsum(share, 1) < uniform[:, 0, None]).sum(1)
    chosen = np.minimum(chosen, weight.shape[1] - 1)[:, None, None]
    mean, log_scale, slope = (
        np.take_along_axis(kind, chosen, 2)[:, :, 0] for kind in (mean, log_scale, slope)
    )
    u = np.clip(uniform[:, 1:], 1e-9, 1 - 1e-9)
    away = temperature * np.exp(log_scale) * (np.log(u) - np.log1p(-u))
    red = _to_byte(mean[:, 0] + away[:, 0])
    green = _to_byte(mean[:, 1] + slope[:, 0] * red + away[:, 1])
    blue = _to_byte(mean[:, 2] + slope[:, 1] * red + slope[:, 2] * green + away[:, 2])
    return np.stack([red, green, blue], 1)


def mean(parameters: NDArray[np.floating]) -> Values:
    """The mean of each pixel before it is cut to bytes, n×3×h×w, brought into -1..1."""
    weight, mean, _, slope = _split(parameters)
    # Within a component green moves with red in a line, so the mean of red stands for red.
    red = mean[:, 0]
    green = mean[:, 1] + slope[:, 0] * red
    coupled = _coupled(mean, slope, red, green)
    expected = (coupled * np.exp(_log_softmax(weight))[:, None]).sum(2)
    return np.asarray(np.clip(expected, -1, 1))


def _coupled(mean: Values, slope: Values, red: Values, green: Values) -> Values:
    """The means of a pixel's colours n×3×K×h×w, given its red and green."""
    return np.stack(
        [
            mean[:, 0],
            mean[:, 1] + slope[:, 0] * red,
            mean[:, 2] + slope[:, 1] * red + slope[:, 2] * green,
        ],
        1,
    )


def _split(parameters: NDArray[np.floating]) -> tuple[Values, Values, Values, Values]:
    """Weights n×K×h×w in logits; means, log scales and slopes, each n×3×K×h×w."""
    count, channels, height, width = parameters.shape
    shape = (count, PER_COMPONENT, channels // PER_COMPONENT, height, width)
    kinds = np.asarray(parameters, np.float64).reshape(shape)
    log_scale = np.maximum(kinds[:, 4:7], LEAST_LOG_SCALE)
    return kinds[:, 0], kinds[:, 1:4], log_scale, np.tanh(kinds[:, 7:10])


def _log_softmax(logits: Values) -> Values:
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))


def _to_byte(x: Values) -> Values:
    """The nearest byte, brought to -1..1."""
    return np.asarray(np.clip(np.rint((x + 1) * 127.5), 0, 255) / 127.5 - 1)
