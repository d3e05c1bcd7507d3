"""Precision, recall and what is learnt by heart."""

import neighbours
import numpy as np
import pytest


def cloud(count: int, seed: int, at: float = 0.0) -> neighbours.Array:
    return np.random.default_rng(seed).normal(at, 1, (count, 4))


def test_distances() -> None:
    found = neighbours.distances(np.array([[0.0, 0], [3, 4]]), np.array([[0.0, 0], [0, 4]]))
    np.testing.assert_allclose(found, [[0, 4], [5, 3]], atol=1e-9)


def test_a_ball_reaches_the_third_neighbour() -> None:
    line = np.array([[0.0], [1], [2], [4], [8]])
    np.testing.assert_allclose(neighbours.radii(line)[[0, 4]], [4, 7])


def test_pictures_of_one_kind_lie_among_each_other() -> None:
    precision, recall = neighbours.precision_recall(cloud(200, 1), cloud(100, 2))
    assert min(precision, recall) > 0.7


def test_pictures_of_another_kind_do_not() -> None:
    assert neighbours.precision_recall(cloud(200, 1, at=20), cloud(100, 2)) == (0, 0)


def test_one_good_picture_again_and_again_has_precision_but_no_recall() -> None:
    real = cloud(100, 2)
    middle = real[np.linalg.norm(real, axis=1).argmin()]
    precision, recall = neighbours.precision_recall(np.repeat(middle[None], 200, 0), real)
    assert precision == 1
    assert recall < 0.1


def test_nothing_is_remembered_by_fresh_pictures() -> None:
    made, learnt, held = cloud(200, 1), cloud(400, 2), cloud(100, 3)
    assert neighbours.remembered(made, learnt, held) == pytest.approx(1, abs=0.15)
    assert neighbours.copied(made, learnt, held) < 0.15


def test_copies_are_seen() -> None:
    learnt, held = cloud(100, 2), cloud(100, 3)
    made = learnt + 1e-3
    assert neighbours.remembered(made, learnt, held) < 0.05
    assert neighbours.copied(made, learnt, held) == 1
