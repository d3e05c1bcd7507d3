"""The GAN as a family: the generator's pictures, shrunk."""

import numpy as np
import pytest

from genapp.facemaking import open_generator
from genapp.families import open_gan, to_size
from genapp.registry.engines import Engines


def test_samples_are_the_generators_pictures_shrunk(engines: Engines) -> None:
    gan = open_gan(engines)
    found = gan.sample([1, 2])
    assert found.shape == (2, 32, 32, 3)
    expected = to_size(open_generator(engines).make(2, 1.0))
    np.testing.assert_array_equal(found[1], expected)
    assert gan.sample([]).shape == (0, 32, 32, 3)


def test_it_has_no_likelihood(engines: Engines) -> None:
    gan = open_gan(engines)
    assert not gan.has_likelihood
    assert gan.bits_per_dim(np.zeros((1, 32, 32, 3), np.float32)) is None


def test_temperature_zero_is_the_mean_face(engines: Engines) -> None:
    one, other = open_gan(engines).sample([1, 2], temperature=0)
    assert one == pytest.approx(other, abs=1e-6)
