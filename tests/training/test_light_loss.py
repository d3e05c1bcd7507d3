"""The loss of the lightness of a wash, and how the network of sketches starts."""

import pytest

torch = pytest.importorskip("torch")

import light_loss  # noqa: E402
import train_sketch  # noqa: E402

from genapp.nets.colorizer import Colorizer  # noqa: E402

BINS = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def certain(level: int) -> "torch.Tensor":
    logits = torch.zeros(1, light_loss.LEVELS, 4, 4)
    logits[:, level] = 50.0
    return logits


def test_the_true_lightness_costs_least() -> None:
    truth = torch.full((1, 1, 16, 16), 40.0)
    right, near, far = (light_loss.light_loss(certain(level), truth) for level in (4, 5, 9))
    assert right[0] == pytest.approx(0, abs=1e-4)
    assert right[0] < near[0]
    assert right[1] < near[1] < far[1]


def test_black_and_white_are_levels() -> None:
    for level, value in ((0, 0.0), (10, 100.0)):
        truth = torch.full((1, 1, 16, 16), value)
        assert light_loss.light_loss(certain(level), truth)[0] == pytest.approx(0, abs=0.1)


def test_it_starts_with_the_colours_of_the_colouriser_of_photographs() -> None:
    torch.manual_seed(0)
    photos = Colorizer(BINS, width=16).eval()
    torch.nn.init.normal_(photos.encoder.hint_stem.weight)
    sketches = Colorizer(BINS, width=16, levels=light_loss.LEVELS).eval()
    weights = train_sketch.grown(photos.state_dict(), sketches.state_dict())
    sketches.load_state_dict(weights)
    lightness, hints = torch.rand(1, 1, 64, 64) * 100, torch.zeros(1, 4, 64, 64)
    hints[:, :, 8:12, 8:12] = torch.tensor([70.0, 60.0, 40.0, 1.0]).view(1, 4, 1, 1)
    with torch.no_grad():
        expected, _ = photos(lightness, hints[:, 1:])
        found, _ = sketches(lightness, hints)
    torch.testing.assert_close(found[:, :3], expected)
    assert found.shape == (1, 3 + light_loss.LEVELS, 16, 16)
    assert (found[:, 3:] == 0).all()
