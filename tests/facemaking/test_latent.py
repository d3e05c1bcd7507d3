"""Noise of seeds, places in the latent space, paths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.errors import BadValue
from genapp.facemaking import Generator, mix, neighbours, noise, open_generator, path, towards, w_of
from genapp.registry.engines import Engines


@pytest.fixture(scope="module")
def generator(stand_ins: Engines) -> Generator:
    return open_generator(stand_ins)


def test_noise_is_the_same_for_ever() -> None:
    """A changed number would change every face that anybody has a seed of."""
    np.testing.assert_allclose(noise(5)[:4], [0.2345, -0.6155, -0.2568, 1.1225], atol=1e-4)
    np.testing.assert_allclose(noise(2**63 - 1)[-3:], [0.7296, 0.451, -1.683], atol=1e-4)


def test_noise_is_standard_normal() -> None:
    values = np.concatenate([noise(seed) for seed in range(500)]).astype(np.float64)
    assert abs(values.mean()) < 0.02
    assert abs(values.std() - 1) < 0.02
    assert abs((np.abs(values) < 1).mean() - 0.6827) < 0.01


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "7"])
def test_seeds_that_are_none(seed: object) -> None:
    with pytest.raises(BadValue, match="seed"):
        noise(seed)  # type: ignore[arg-type]


def test_w_of_a_seed(generator: Generator) -> None:
    full, half, none = (w_of(generator, 3, share) for share in (1.0, 0.5, 0.0))
    assert full.shape == (generator.levels, len(generator.w_mean))
    np.testing.assert_allclose(none, np.broadcast_to(generator.w_mean, none.shape), atol=1e-6)
    np.testing.assert_allclose(half, (full + none) / 2, atol=1e-6)
    assert (full == full[0]).all()


def test_truncation_out_of_range(generator: Generator) -> None:
    with pytest.raises(BadValue, match="truncation"):
        w_of(generator, 1, 2.0)


@given(st.floats(0, 1))
def test_towards_keeps_the_distance_from_the_mean(distance: float) -> None:
    rng = np.random.default_rng(0)
    mean, w, other = (rng.normal(size=shape).astype(np.float32) for shape in (6, (5, 6), (5, 6)))
    found = towards(w, other, distance, mean)
    ends = [np.linalg.norm(face - mean, axis=1) for face in (w, other)]
    expected = (1 - distance) * ends[0] + distance * ends[1]
    np.testing.assert_allclose(np.linalg.norm(found - mean, axis=1), expected, rtol=1e-4)


def test_towards_ends(generator: Generator) -> None:
    w, other = w_of(generator, 1), w_of(generator, 2)
    np.testing.assert_allclose(towards(w, other, 0, generator.w_mean), w, atol=1e-6)
    np.testing.assert_allclose(towards(w, other, 1, generator.w_mean), other, atol=1e-6)


def test_neighbours_differ_more_with_distance(generator: Generator) -> None:
    w = w_of(generator, 1)
    near, far = (neighbours(generator, w, 4, distance) for distance in (0.1, 0.4))
    assert len({one.tobytes() for one in near}) == 4
    for one, other in zip(near, far, strict=True):
        assert np.linalg.norm(one - w) < np.linalg.norm(other - w)
    # The first neighbours stay the same when more are asked for.
    np.testing.assert_array_equal(neighbours(generator, w, 6, 0.1)[:4], near)


def test_mix_takes_coarse_rows_of_one(generator: Generator) -> None:
    a, b = w_of(generator, 1), w_of(generator, 2)
    mixed = mix(a, b, 2)
    np.testing.assert_array_equal(mixed[:2], a[:2])
    np.testing.assert_array_equal(mixed[2:], b[2:])
    with pytest.raises(BadValue, match="0 to 5"):
        mix(a, b, 6)


def keys(count: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(5, 6)).astype(np.float32) for _ in range(count)]


@given(st.integers(2, 6), st.integers(1, 9), st.booleans())
def test_path_goes_through_the_faces(count: int, each: int, loop: bool) -> None:
    through = keys(count)
    frames = count * each if loop else (count - 1) * each + 1
    steps = path(through, frames, loop=loop)
    assert len(steps) == frames
    for number, key in enumerate(through):
        np.testing.assert_allclose(steps[number * each], key, atol=1e-5)


def test_path_is_smooth_where_it_closes() -> None:
    """Speed changes little from frame to frame, at the seam no more than elsewhere."""
    steps = np.stack(path(keys(4), 400))
    speed = np.roll(steps, -1, 0) - steps
    bend = np.linalg.norm(np.roll(speed, -1, 0) - speed, axis=(1, 2))
    assert bend.max() < 0.1 * np.linalg.norm(speed, axis=(1, 2)).mean()


def test_path_refused() -> None:
    with pytest.raises(BadValue, match="two faces"):
        path(keys(1), 10)
    with pytest.raises(BadValue, match="2 frames"):
        path(keys(3), 2)
