"""Which pictures are tested on which: k folds, with near-copies kept together.

A picture in the training part whose near-copy is tested gives away the answer, and the accuracy
comes out too good.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genapp.augmenting.warnings import unit

Array = NDArray[np.float32]
Whole = NDArray[np.intp]

ALIKE = 0.95
"""Similarity of features from which on two pictures are kept in one fold. A picture and its mirror
image, the same packed again or cut to 90 %, lie there and above; of 680 photographs of 17 kinds of
flower 16 pairs did, all of them the same photograph twice."""


def copies_of(features: Array, others: Array) -> Whole:
    """The numbers of those pictures that are near-copies of one of the others."""
    if not len(features) or not len(others):
        return np.zeros(0, np.intp)
    return np.flatnonzero((unit(features) @ unit(others).T).max(1) >= ALIKE)


def groups_of(count: int, pairs: Sequence[tuple[int, int]]) -> Whole:
    """A number for each picture, the same for those that pairs connect."""
    groups = np.arange(count, dtype=np.intp)
    for one, other in pairs:
        low, high = sorted((groups[one], groups[other]))
        groups[groups == high] = low
    return groups


def split(labels: Whole, groups: Whole, folds: int, seed: int) -> Whole:
    """The fold of each picture: of each class about as many in every fold, no group in two.

    Args:
        labels: n, the class of each picture.
        groups: n, see `groups_of`. A group is dealt out by the class of its first picture.
        folds: 2 or more.
        seed: of the order in which groups are dealt out.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    classes = int(labels.max()) + 1
    held = np.zeros((classes, folds), np.intp)
    fold_of = np.zeros(len(labels), np.intp)
    names, first = np.unique(groups, return_index=True)
    for place in random.permutation(len(names)):
        members = np.flatnonzero(groups == names[place])
        label = labels[first[place]]
        # Of the folds with the fewest of its class that one with the fewest of all.
        fold = int(np.lexsort((held.sum(0), held[label]))[0])
        fold_of[members] = fold
        np.add.at(held[:, fold], labels[members], 1)
    return fold_of
