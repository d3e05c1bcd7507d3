"""The benchmark's measures are those of scikit-learn."""

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics")
benchmark = pytest.importorskip("outliers")


@pytest.mark.parametrize("seed", range(5))
def test_measures_agree(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Whole numbers, so that there are ties.
    inside = random.integers(0, 12, 40).astype(float)
    outside = random.integers(4, 18, 25).astype(float)
    labels = np.repeat([0, 1], [40, 25])
    scores = np.concatenate([inside, outside])
    assert benchmark.auroc(inside, outside) == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert benchmark.aupr(inside, outside) == pytest.approx(
        metrics.average_precision_score(labels, scores)
    )
    false, true, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    assert benchmark.fpr95(inside, outside) == pytest.approx(false[np.argmax(true >= 0.95)])


def test_p_values_that_are_uniform_have_no_distance() -> None:
    assert benchmark.kolmogorov(np.linspace(0.005, 0.995, 100)) == pytest.approx(0.005)
    assert benchmark.kolmogorov(np.full(100, 0.01)) == pytest.approx(0.99)
