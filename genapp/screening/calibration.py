"""From a score to a p-value: its rank among pictures that are known to belong.

Of a picture that comes from where the held-out ones came from, the p-value is at most α with a
probability of at most α, whatever the score is (conformal prediction: Vovk, Gammerman and Shafer,
Algorithmic Learning in a Random World, 2005, section 2.2). Higher scores are stranger.
"""

import math

import numpy as np
from numpy.typing import NDArray

from genapp.errors import check_number

Array = NDArray[np.float64]


def p_values(scores: Array, held_out: Array) -> Array:
    """The share of the held-out scores that are at least as high, the picture's own counted.

    Args:
        scores: N.
        held_out: n, in any order.

    Returns:
        N values from 1/(n+1) to 1.
    """
    ranked = np.sort(held_out)
    at_least = len(ranked) - np.searchsorted(ranked, scores, side="left")
    return np.asarray((1 + at_least) / (len(ranked) + 1), np.float64)


def threshold(held_out: Array, false_alarm: float) -> float:
    """The score above which p-values are at most `false_alarm`; infinite if none can be.

    Raises:
        BadValue: the rate is not from 0 to 1.
    """
    rate = check_number("false-alarm rate", false_alarm, 0, 1)
    # The small number mends products such as 0.07 · 100, which is 7.000000000000001.
    allowed = math.floor(rate * (len(held_out) + 1) + 1e-9) - 1
    if allowed < 0:
        return math.inf
    if allowed >= len(held_out):
        return -math.inf
    return float(np.sort(held_out)[len(held_out) - 1 - allowed])


def resolution(count: int) -> float:
    """The smallest p-value that `count` held-out pictures can give."""
    return 1 / (count + 1)
