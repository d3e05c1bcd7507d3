"""Folds: every class in all of them, near-copies in one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genapp.augmenting.folds import ALIKE, copies_of, groups_of, split


@given(
    labels=st.lists(st.integers(0, 3), min_size=4, max_size=40),
    folds=st.integers(2, 5),
    seed=st.integers(0, 2**63 - 1),
)
def test_classes_are_dealt_out_evenly(labels: list[int], folds: int, seed: int) -> None:
    truth = np.unique(labels, return_inverse=True)[1]
    fold_of = split(truth, np.arange(len(truth)), folds, seed)
    for label in set(truth.tolist()):
        held = np.bincount(fold_of[truth == label], minlength=folds)
        assert held.max() - held.min() <= 1


@given(
    pairs=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=15),
    seed=st.integers(0, 1000),
)
def test_what_pairs_connect_stays_together(pairs: list[tuple[int, int]], seed: int) -> None:
    groups = groups_of(20, pairs)
    fold_of = split(np.arange(20) % 2, groups, 4, seed)
    for one, other in pairs:
        assert groups[one] == groups[other]
        assert fold_of[one] == fold_of[other]


def test_a_seed_deals_in_one_way() -> None:
    labels, groups = np.arange(30) % 3, np.arange(30)
    first, again, other = (split(labels, groups, 3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_copies_of_others_are_found() -> None:
    others = np.eye(3, 8, dtype=np.float32)
    features = np.zeros((3, 8), np.float32)
    for row, similar in enumerate((ALIKE + 0.001, ALIKE - 0.001)):
        features[row, [0, 7]] = similar, np.sqrt(1 - similar**2)
    features[2, 7] = 1
    assert copies_of(4 * features, others).tolist() == [0]
    assert copies_of(features[:0], others).tolist() == []
