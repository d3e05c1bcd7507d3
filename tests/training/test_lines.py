"""Line drawings and doodles that the colouriser of sketches learns from."""

import numpy as np
import pytest

pytest.importorskip("torch")

import color_data
import cv2
import doodles
import lines
import sketch_data


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def picture(size: int = 128) -> lines.Array:
    """A red disc on blue, with a green stripe."""
    image = np.zeros((size, size, 3), np.float32) + np.array([0.3, 0.4, 0.8], np.float32)
    image[:, : size // 6] = [0.2, 0.6, 0.2]
    cv2.circle(image, (size // 2, size // 2), size // 4, (0.9, 0.6, 0.2), -1)
    return image


@pytest.mark.parametrize("style", lines.STYLES)
def test_every_style_draws_the_outline_of_a_disc(style: str) -> None:
    found = []
    for seed in range(6):
        drawn = lines.STYLES[style][0](picture(), rng(seed))
        assert drawn.shape == (128, 128)
        assert drawn.dtype == np.float32
        assert 0 <= drawn.min() <= drawn.max() <= 1
        rows, columns = np.indices(drawn.shape)
        radius = np.hypot(rows - 64, columns - 64)
        found.append(abs(drawn[radius > 48].mean() - drawn[np.abs(radius - 32) < 3].mean()))
    assert max(found) > 0.05


@pytest.mark.parametrize("seed", range(20))
def test_drawings_have_light_paper_and_are_repeatable(seed: int) -> None:
    drawn = lines.drawing(picture(), 64, rng(seed))
    assert drawn.shape == (64, 64)
    assert 0 <= drawn.min() <= drawn.max() <= 100
    np.testing.assert_array_equal(drawn, lines.drawing(picture(), 64, rng(seed)))


def test_the_chances_of_styles_and_scenes_add_up() -> None:
    assert sum(chance for _, chance in lines.STYLES.values()) == pytest.approx(1)
    assert sum(chance for _, chance in doodles.SCENES) == pytest.approx(1)


@pytest.mark.parametrize("scene", [scene for scene, _ in doodles.SCENES])
def test_every_scene_has_lines_and_colours(scene: "doodles.Callable") -> None:  # type: ignore[name-defined]
    made = doodles.Scene(128, rng(3))
    scene(made)
    assert 0 <= made.colors.min() < made.colors.max() <= 1
    assert 0.003 < (made.lines < 0.5).mean() < 0.4


def test_a_thing_in_front_hides_the_lines_behind_it() -> None:
    scene = doodles.Scene(64, rng())
    scene.stroke(np.array([(0.0, 0.5), (1.0, 0.5)]))
    scene.area(doodles.box(0.3, 0.3, 0.4, 0.4), (1.0, 0.0, 0.0))
    assert scene.lines[32, 28:36].min() == 1
    assert scene.lines[30:35, 5].min() == 0
    np.testing.assert_allclose(scene.colors[32, 32], [1, 0, 0])


def test_a_wash_is_flat_and_keeps_its_borders() -> None:
    noisy = picture() + rng().normal(0, 0.03, (128, 128, 3)).astype(np.float32)
    lab, clean = sketch_data.wash(noisy), color_data.rgb_to_lab(picture())
    inside = np.s_[50:78, 50:78]
    assert (
        lab[inside].std((0, 1)).max() < color_data.rgb_to_lab(noisy)[inside].std((0, 1)).max() / 2
    )
    assert np.linalg.norm(lab - clean, axis=2)[inside].mean() < 4


def test_another_palette_keeps_what_belongs_together() -> None:
    lab = color_data.rgb_to_lab(picture())
    changed = sketch_data.other_palette(lab, rng(1))
    assert np.linalg.norm(changed - lab, axis=2).min() > 5
    assert changed[60:68, 60:68].std((0, 1)).max() < 1e-3


def test_samples_of_drawings() -> None:
    for seed in range(12):
        made = sketch_data.sample(picture(), lines.drawing(picture(), 64, rng(seed)), rng(seed))
        assert made.lightness.shape == (1, 64, 64)
        assert made.hints.shape == (4, 64, 64)
        assert made.ab.shape == (3, 64, 64)
        known = made.hints[3] > 0
        assert (made.hints[:, ~known] == 0).all()
        assert 0 <= made.ab[0].min() <= made.ab[0].max() <= 100
        if known.any():
            error = np.abs(made.hints[:3] - made.ab)[:, known]
            assert np.median(error) < 10
