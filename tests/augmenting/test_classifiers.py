"""The small classifiers learn what there is to learn."""

import numpy as np
import pytest

from genapp.augmenting.classifiers import Seen, by_cnn, by_features, fit_logistic, scale_of, softmax


def told_apart(seed: int, count: int) -> tuple[Seen, np.ndarray]:
    """Red and blue pictures, whose features say the same."""
    random = np.random.default_rng(seed)
    truth = np.arange(count) % 2
    small = random.integers(0, 120, (count, 3, 32, 32)).astype(np.uint8)
    small[truth == 0, 0] += 120
    small[truth == 1, 2] += 120
    features = random.normal(0, 1, (count, 1280)).astype(np.float32)
    features[:, :40] += 3 * truth[:, None].astype(np.float32)
    return Seen(features, small), truth


def test_both_learn() -> None:
    train, truth = told_apart(0, 40)
    test, asked = told_apart(10, 20)
    shares = np.eye(2, dtype=np.float32)[truth]
    said = by_features(train, shares, test, *scale_of(train))
    assert (said.argmax(1) == asked).mean() >= 0.9
    said = by_cnn(train, shares, test, 0, steps=40)
    assert (said.argmax(1) == asked).mean() >= 0.9
    np.testing.assert_array_equal(said, by_cnn(train, shares, test, 0, steps=40))


def test_the_head_minimises_what_it_says() -> None:
    """The slope is zero at the end, by formula."""
    random = np.random.default_rng(0)
    features = random.normal(0, 1, (12, 30)).astype(np.float32)
    shares = random.dirichlet(np.ones(3), 12).astype(np.float32)
    weights = fit_logistic(features, shares, decay=0.1)
    with_one = np.concatenate([features, np.ones((12, 1), np.float32)], 1)
    slope = with_one.T @ (softmax(with_one @ weights) - shares) / 12
    slope[:-1] += 0.1 * weights[:-1]
    assert np.abs(slope).max() < 1e-4


def test_torchs_own_random_numbers_stay_as_they_are() -> None:
    torch = pytest.importorskip("torch")
    train, truth = told_apart(0, 8)
    before = torch.random.get_rng_state()
    by_cnn(train, np.eye(2, dtype=np.float32)[truth], train, 5, steps=1)
    assert torch.equal(before, torch.random.get_rng_state())
