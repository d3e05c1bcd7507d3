"""Two small classifiers, which learn from a few hundred pictures within seconds.

One sees the frozen features of ImageNet (`genapp.features`), as most people would start; the other
is a tiny network that starts from nothing, and so needs variety in its pictures far more.
Labels are shares of each class, for mixed pictures have more than one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genapp.errors import BadValue
from genapp.features import describe
from genapp.registry.engines import Engines

Array = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Whole = NDArray[np.intp]

SIDE = 32
"""Of the pictures that the tiny network sees, px."""
DECAY = 0.01
"""Weight of the squared coefficients in what the head minimises."""
HEAD_STEPS = 300
CNN_STEPS = 300
CNN_BATCH = 32
RATE = 0.01
"""The highest learning rate of the tiny network."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What the classifiers see of n pictures."""

    features: Array
    """n×1280."""
    small: NDArray[np.uint8]
    """n×3×32×32."""

    def take(self, numbers: Whole) -> "Seen":
        """Some of them."""
        return Seen(self.features[numbers], self.small[numbers])

    def joined(self, others: "Seen") -> "Seen":
        """These and others."""
        return Seen(
            np.concatenate([self.features, others.features]),
            np.concatenate([self.small, others.small]),
        )


def look(pictures: Iterable[Pixels], engines: Engines) -> Seen:
    """What the classifiers see of pictures, which are taken one batch at a time.

    Args:
        pictures: H×W×3 RGB each, of any sizes.
        engines: a pool to take the network from.

    Raises:
        ModelMissing, HashMismatch: the network's file is missing or damaged.
    """
    small: list[NDArray[np.uint8]] = []

    def noted() -> Iterator[Pixels]:
        for pixels in pictures:
            shrunk = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            small.append(np.asarray(shrunk.transpose(2, 0, 1), np.uint8))
            yield pixels

    features = describe(noted(), engines=engines)
    return Seen(features, np.stack(small) if small else np.zeros((0, 3, SIDE, SIDE), np.uint8))


def by_features(train: Seen, shares: Array, test: Seen, mean: Array, spread: Array) -> Array:
    """What a logistic regression on frozen features says of test pictures.

    Args:
        train: n pictures.
        shares: n×classes, rows that sum up to 1.
        test: m pictures.
        mean, spread: of each feature, to bring all to one scale. Give those of the real training
            pictures with and without new ones: then the pictures are all that differs.

    Returns:
        m×classes logits.
    """
    weights = fit_logistic(_scaled(train.features, mean, spread), shares)
    return _with_one(_scaled(test.features, mean, spread)) @ weights


def fit_logistic(features: Array, shares: Array, *, decay: float = DECAY) -> Array:
    """The coefficients of a multinomial logistic regression.

    They minimise the mean cross-entropy plus decay/2 times the sum of squares (the intercept is
    free), which is convex; by Nesterov's gradient descent with the step that its curvature allows.

    Args:
        features: n×d, each about of variance 1.
        shares: n×classes, rows that sum up to 1.
        decay: above 0.

    Returns:
        (d+1)×classes; the last row is the intercept.
    """
    # The coefficients lie in the span of the pictures: with few of them that is a small space.
    left, scale, axes = np.linalg.svd(features, full_matrices=False)
    known = _with_one(np.asarray(left * scale, np.float32))
    # The largest eigenvalue of the Gram matrix bounds the curvature; the softmax halves it.
    bound = (float(scale[0]) ** 2 / len(known) + 1) / 2 + decay
    pulled = np.full((known.shape[1], 1), decay, np.float32)
    pulled[-1] = 0
    weights: Array = np.zeros((known.shape[1], shares.shape[1]), np.float32)
    ahead, before = weights, weights
    for step in range(HEAD_STEPS):
        error = softmax(known @ ahead) - shares
        slope = known.T @ error / len(known) + pulled * ahead
        before, weights = weights, np.asarray(ahead - slope / np.float32(bound), np.float32)
        ahead = weights + np.float32(step / (step + 3)) * (weights - before)
    return np.concatenate([axes.T @ weights[:-1], weights[-1:]])


def by_cnn(train: Seen, shares: Array, test: Seen, seed: int, steps: int = CNN_STEPS) -> Array:
    """What a tiny network that starts from nothing says of test pictures.

    It takes the same number of steps however many pictures there are.

    Args:
        train: n pictures.
        shares: n×classes, rows that sum up to 1.
        test: m pictures.
        seed: of its first weights and of the order of the pictures.
        steps: of `CNN_BATCH` pictures each.

    Returns:
        m×classes logits.

    Raises:
        BadValue: torch is not installed.
    """
    # The command line and the page start without torch.
    try:
        import torch  # noqa: PLC0415
    except ImportError as error:
        raise BadValue("The tiny network needs torch.", "Install it: pip install torch.") from error
    from genapp.nets.tiny_cnn import TinyCnn  # noqa: PLC0415

    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        network = TinyCnn(shares.shape[1])
        pictures, labels = torch.from_numpy(_to_network(train.small)), torch.from_numpy(shares)
        adam = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
        rates = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
        order: list[int] = []
        for _ in range(steps):
            while len(order) < min(CNN_BATCH, len(pictures)):
                order += torch.randperm(len(pictures)).tolist()
            chosen, order = order[:CNN_BATCH], order[CNN_BATCH:]
            loss = torch.nn.functional.cross_entropy(network(pictures[chosen]), labels[chosen])
            adam.zero_grad()
            torch.autograd.backward(loss)
            adam.step()
            rates.step()
    network.eval()
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(_to_network(test.small))), np.float32)


def scale_of(seen: Seen) -> tuple[Array, Array]:
    """Mean and spread of each feature, for `by_features`."""
    return seen.features.mean(0), seen.features.std(0) + np.float32(0.05)


def softmax(logits: Array) -> Array:
    """Shares of each class, n×classes, of logits."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def _scaled(features: Array, mean: Array, spread: Array) -> Array:
    return (features - mean) / spread


def _with_one(features: Array) -> Array:
    return np.concatenate([features, np.ones((len(features), 1), np.float32)], 1)


def _to_network(small: NDArray[np.uint8]) -> Array:
    return small.astype(np.float32) / 127.5 - 1
