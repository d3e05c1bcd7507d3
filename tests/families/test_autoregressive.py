"""The autoregressive model: painting, memory, likelihood."""

import numpy as np
import pytest

from genapp.errors import BadValue
from genapp.families import PixelCNN, mixture
from genapp.families.family import Pictures, from_network, to_network, uniforms


@pytest.fixture(scope="module")
def painted(pixelcnn: PixelCNN) -> Pictures:
    """The pictures of seeds 3 and 4."""
    return pixelcnn.sample([3, 4])


def test_pictures_of_bytes(painted: Pictures) -> None:
    assert painted.shape == (2, 32, 32, 3)
    assert 0 <= painted.min() < painted.max() <= 1
    np.testing.assert_allclose(painted * 255, np.rint(painted * 255), atol=1e-4)


def test_a_seed_is_the_same_alone(pixelcnn: PixelCNN, painted: Pictures) -> None:
    np.testing.assert_array_equal(pixelcnn.sample([4])[0], painted[1])


def test_the_memory_paints_what_looking_at_the_whole_picture_paints(
    pixelcnn: PixelCNN, painted: Pictures
) -> None:
    """Each pixel of a painted picture is what its seed draws, given the whole picture before."""
    parameters = pixelcnn.parameters(to_network(painted[:1]))
    drawn = mixture.draw(parameters, uniforms(3, (mixture.DRAWS, 32, 32))[None])
    apart = np.abs(from_network(drawn) - painted[:1])
    assert np.mean(apart < 1e-3) > 0.99  # a byte may be rounded to the other side


def test_painting_goes_on_where_a_picture_ends(pixelcnn: PixelCNN, painted: Pictures) -> None:
    looks = list(pixelcnn.paint([3], begun=painted[:1], rows=20, every=64))
    assert len(looks) == 6
    np.testing.assert_array_equal(looks[0][0, 22:], 0)
    for look in looks:
        np.testing.assert_allclose(look[0, :20], painted[0, :20], atol=1e-6)
    # The same seed draws the same numbers for the rest.
    np.testing.assert_allclose(looks[-1][0], painted[0], atol=1e-6)


def test_all_rows_can_be_kept(pixelcnn: PixelCNN, smooth: Pictures) -> None:
    (look,) = pixelcnn.paint([0, 1], begun=smooth, rows=32)
    np.testing.assert_allclose(look, smooth, atol=1e-6)


def test_the_map_is_the_likelihood_taken_apart(pixelcnn: PixelCNN, smooth: Pictures) -> None:
    found = pixelcnn.log_likelihood_map(smooth)
    assert found.shape == (2, 32, 32)
    bits = -found.sum((1, 2)) / (3072 * np.log(2))
    np.testing.assert_allclose(pixelcnn.bits_per_dim(smooth), bits)
    np.testing.assert_allclose(pixelcnn.bits_per_dim(smooth[1:]), bits[1:], rtol=1e-5)


def test_smooth_pictures_are_likelier_than_noise(
    pixelcnn: PixelCNN, smooth: Pictures, noisy: Pictures
) -> None:
    assert pixelcnn.bits_per_dim(smooth).max() < 8 < pixelcnn.bits_per_dim(noisy).min()


def test_less_temperature_is_likelier(pixelcnn: PixelCNN, painted: Pictures) -> None:
    cool = pixelcnn.sample([3, 4], temperature=0.5)
    assert (pixelcnn.bits_per_dim(cool) < pixelcnn.bits_per_dim(painted)).all()


def test_mistakes_are_told(pixelcnn: PixelCNN, smooth: Pictures) -> None:
    with pytest.raises(BadValue, match="seeds"):
        next(pixelcnn.paint([1], begun=smooth, rows=3))
    with pytest.raises(BadValue, match="temperature"):
        pixelcnn.sample([1], temperature=-1)
