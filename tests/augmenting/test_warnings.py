"""Warnings: mirrored letters, copies, leaks."""

import numpy as np
import pytest

from genapp.augmenting import Classic, Recipe, Source, augment, flip_warnings, open_source
from genapp.augmenting.warnings import Copies, mirror_confusion, similar_pairs
from genapp.registry.engines import Engines
from tests.augmenting.pictures import thing

STILL = {
    **{f"classic.{name}": 0 for name in ("flip", "rotate", "crop", "stretch", "shear", "hue")},
    **{f"classic.{name}": 0 for name in ("perspective", "contrast", "saturation", "blur", "noise")},
    "classic.brightness": 0.05,
}


@pytest.mark.parametrize(
    ("labels", "warned"),
    [
        (["turn left", "turn right"], True),
        (["left-hand"], True),
        (["a", "b"], True),
        (["7", "42"], True),
        (["stop signs"], True),
        (["Links", "Rechts"], True),
        (["daffodil", "iris"], False),
        (["kind00", "kind01"], False),
        (["1999"], False),
        (["leftover"], False),
        ([""], False),
    ],
)
def test_labels_that_a_mirror_breaks(labels: list[str], warned: bool) -> None:
    assert bool(flip_warnings(labels, Recipe())) == warned
    assert flip_warnings(labels, Recipe(classic=Classic(flip=0))) == []
    assert flip_warnings(labels, Recipe(classic=Classic(probability=0))) == []


def arrow(side: int, seed: int) -> np.ndarray:
    """Bright on one side."""
    picture = np.random.default_rng(seed).integers(60, 90, (64, 64, 3)).astype(np.uint8)
    half = picture[:, :32] if side else picture[:, 32:]
    half[16:48, 4:28] = 230
    return picture


def test_mirror_images_that_confuse_classes_are_told(engines: Engines) -> None:
    pictures = [arrow(number % 2, number) for number in range(16)]
    found = open_source(pictures)
    sides = [("bright" if number % 2 else "dark") for number in range(16)]
    items = tuple(
        type(item)(item.name, side, item.load)
        for item, side in zip(found.items, sides, strict=True)
    )
    confusion = Copies(Source(items), engines, {}, mirrored=True).confusion()
    assert confusion is not None
    assert confusion.told >= 14
    assert confusion.told_mirrored <= 2
    assert set(confusion.pair) == {"bright", "dark"}


def test_symmetric_classes_are_not_confused(source: Source, engines: Engines) -> None:
    assert Copies(source, engines, {}, mirrored=True).confusion() is None


def test_chance_is_no_confusion() -> None:
    random = np.random.default_rng(0)
    told = []
    for _ in range(100):
        plain, mirrored = random.normal(size=(2, 20, 8)).astype(np.float32)
        told.append(mirror_confusion(["a", "b"] * 10, plain, mirrored))
    assert sum(each is not None for each in told) <= 5


def test_copies_and_twins_are_told(engines: Engines) -> None:
    pictures = [thing(kind, number) for kind in ("disc", "square") for number in range(3)]
    made = augment(
        [*pictures, pictures[0]],
        recipe=Recipe().changed(STILL),
        engines=engines,
    )
    assert any("near-copies" in warning for warning in made.warnings)
    assert any("leak" in warning for warning in made.warnings)
    assert (0, 6) in Copies(made.source, engines, {}).twins()
    assert all(row["similarity"] > 0.97 for row in made.rows)


def test_pairs() -> None:
    features = np.array([[1, 0], [0, 1], [1, 0], [0.8, 0.6]], np.float32)
    assert similar_pairs(features, 0.9) == [(0, 2)]
    assert similar_pairs(features, 0.7) == [(0, 2), (0, 3), (2, 3)]
