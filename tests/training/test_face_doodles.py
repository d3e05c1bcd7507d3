"""Doodles along the mesh of a face."""

import face_doodles
import numpy as np
import numpy.typing as npt


def shape(seed: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Points all over the middle of the picture, and a person there."""
    rng = np.random.default_rng(seed)
    points = 0.5 + 0.2 * rng.uniform(-1, 1, (478, 2))
    person = np.zeros((64, 64), np.uint8)
    person[12:, 16:48] = 255
    return points.astype(np.float32), person


def test_a_doodle_is_dark_lines_on_white() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        image = np.full((256, 256, 3), 0.5, np.float32)
        paper = face_doodles.doodle(image, *shape(seed), rng)
        assert paper.shape == (256, 256)
        assert paper.min() == 0
        assert np.median(paper) == 1
        # Nothing but the person and the face, which lie in the middle.
        assert paper[:20].min() == 1


def test_the_same_dice_draw_the_same() -> None:
    image = np.random.default_rng(3).random((256, 256, 3)).astype(np.float32)
    one, other = (face_doodles.doodle(image, *shape(0), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_curve_goes_through_its_points() -> None:
    points = np.array([(0, 0), (4, 2), (8, -1), (12, 5)], np.float32)
    for closed in (False, True):
        curve = face_doodles.smooth(points, closed=closed)
        away = np.linalg.norm(points[:, None] - curve, axis=2).min(1)
        assert away.max() < 1e-5
