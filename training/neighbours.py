"""How two heaps of pictures lie among each other, by nearest neighbours of their features.

Precision and recall after "Improved Precision and Recall Metric for Assessing Generative Models"
(https://arxiv.org/abs/1904.06991): how many made faces lie where real ones are, and the reverse.
Both depend on how many there are, so that always as many of both are compared.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

COUNT = 3
"""Which neighbour a ball reaches to."""
DRAWS = 10


def precision_recall(made: Array, real: Array) -> tuple[float, float]:
    """Means over draws of as many of N×k made features as there are real ones, M×k."""
    chance = np.random.default_rng(0)
    found = []
    for _ in range(DRAWS):
        drawn = made[chance.choice(len(made), len(real), replace=False)]
        found.append((inside(drawn, real), inside(real, drawn)))
    precision, recall = np.mean(found, 0)
    return float(precision), float(recall)


def inside(points: Array, heap: Array) -> float:
    """Share of N×k points that lie inside the ball around any of M×k others."""
    return float((radii(heap) >= distances(points, heap)).any(1).mean())


def radii(points: Array) -> Array:
    """Distance of each of N×k points to its third neighbour: the radius of its ball."""
    return np.asarray(np.sort(distances(points, points), 1)[:, COUNT])


def distances(one: Array, other: Array) -> Array:
    """N×M Euclidean distances."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)))


def remembered(made: Array, learnt: Array, held: Array) -> float:
    """Median distance to the nearest face learnt from over that to the nearest one held out.

    Mean over draws of as many faces learnt from as are held out. About 1 if nothing is remembered,
    0 if faces are copied. Arguments as in `copied`.
    """
    chance = np.random.default_rng(0)
    to_held = distances(made, held).min(1)
    ratios = []
    for _ in range(DRAWS):
        drawn = learnt[chance.choice(len(learnt), len(held), replace=False)]
        ratios.append(np.median(distances(made, drawn).min(1)) / np.median(to_held))
    return float(np.mean(ratios))


def copied(made: Array, learnt: Array, held: Array) -> float:
    """Share of made faces nearer to one learnt from than 99 % of those held out are.

    Args:
        made: N×k features.
        learnt: M×k, of the faces learnt from.
        held: L×k, of those held out.
    """
    usual = np.percentile(distances(held, learnt).min(1), 1)
    return float((distances(made, learnt).min(1) < usual).mean())
