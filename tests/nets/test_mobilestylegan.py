"""MobileStyleGAN: its weights by their published names, on a small scale."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from genapp.nets.mobilestylegan import (  # noqa: E402
    MobileStyleGAN,
    Shape,
    from_wavelets,
    from_weights,
    shape_of,
)

SMALL = Shape((16, 8, 12), style=24, depth=3)
LEVELS, SIDE = 8, 32


@pytest.fixture
def network() -> MobileStyleGAN:
    torch.manual_seed(0)
    network = MobileStyleGAN(SMALL).eval()
    for name, value in network.named_parameters():
        if name.endswith((".noise.weight", "bias")):
            torch.nn.init.normal_(value)
    torch.nn.init.normal_(network.style_mean)
    return network


def published(network: MobileStyleGAN) -> dict[str, Any]:
    """Its weights as its author's training saves them, among those of other networks."""
    state = dict(network.state_dict())
    for part in ("idwt", "layers.0.up.idwt"):
        state[f"student.{part}.g0_col"] = torch.ones(1, 1, 2, 1)
    state["student.device_info"] = torch.zeros(1)
    state["student.to_img1.conv.weight"] = torch.ones(12, 16, 1, 1)
    state["synthesis_net.conv1.bias"] = torch.ones(3)
    state["style_mean"] = network.style_mean[:, None].expand(-1, LEVELS, -1)
    return state


def test_size_is_that_of_the_published_one() -> None:
    """8.58 million weights of the student, as many as the author's code has but for the first
    picture's."""
    with torch.device("meta"):
        network = MobileStyleGAN()
    assert sum(value.numel() for value in network.student.parameters()) == 8_583_267
    assert network.student.levels == 23


def test_shape_is_told_by_the_weights(network: MobileStyleGAN) -> None:
    assert shape_of(network.state_dict()) == SMALL
    assert shape_of(MobileStyleGAN().state_dict()) == Shape()


def test_published_weights_run(network: MobileStyleGAN) -> None:
    again = from_weights(published(network))
    z, w = torch.randn(2, 24), torch.randn(2, LEVELS, 24)
    with torch.no_grad():
        styles, mean = again(z=z)
        assert styles.shape == (2, 24)
        assert (mean == network.style_mean[0]).all()
        picture = again(w=w)
        assert picture.shape == (2, 3, SIDE, SIDE)
        assert (picture == network(w=w)).all()  # its noise is the same each time


def test_missing_weights(network: MobileStyleGAN) -> None:
    weights = published(network)
    del weights["student.layers.1.up.modulation.bias"]
    with pytest.raises(ValueError, match=r"missing: student\.layers\.1\.up"):
        from_weights(weights)
    del weights["style_mean"]
    with pytest.raises(ValueError, match="not the weights"):
        from_weights(weights)


def test_mapping_looks_at_the_direction_of_noise(network: MobileStyleGAN) -> None:
    z = torch.randn(1, 24)
    with torch.no_grad():
        styles, _ = network(z=z)
        scaled, _ = network(z=3 * z)
        other, _ = network(z=-z)
    torch.testing.assert_close(scaled, styles, rtol=1e-4, atol=1e-5)
    assert (other - styles).abs().max() > 0.1


@pytest.mark.parametrize("level", range(LEVELS))
def test_levels_count(network: MobileStyleGAN, level: int) -> None:
    """But those of the coarser pictures, which served training alone, and the last: it goes to
    nothing in the author's network either."""
    w = torch.randn(1, LEVELS, 24)
    changed = w.clone()
    changed[:, level] += 1
    with torch.no_grad():
        differs = (network.student(w) - network.student(changed)).abs().max() > 1e-3
    assert differs == (level not in {3, 7})


def test_wavelets_are_inverted() -> None:
    picture = torch.rand(2, 5, 6, 8)
    top, bottom = picture[:, :, 0::2], picture[:, :, 1::2]
    rows = [(top + bottom) / 2**0.5, (top - bottom) / 2**0.5]
    low, right = ((rows[0][..., 0::2] + sign * rows[0][..., 1::2]) / 2**0.5 for sign in (1, -1))
    down, both = ((rows[1][..., 0::2] + sign * rows[1][..., 1::2]) / 2**0.5 for sign in (1, -1))
    torch.testing.assert_close(from_wavelets(low, torch.stack([down, right, both], 2)), picture)


def test_demodulation_keeps_the_variance() -> None:
    """Features of the typical style come out with unit variance, whatever the weights' size."""
    torch.manual_seed(0)
    network = MobileStyleGAN(SMALL).eval()
    conv: Any = network.student.conv1.conv
    conv.modulation.weight.data.zero_()
    conv.modulation.bias.data = conv.style_inv.flatten().clone()
    conv.weight.data *= 50
    with torch.no_grad():
        result = conv(torch.randn(64, 16, 12, 12), torch.zeros(64, 24))[..., 1:-1, 1:-1]
    assert float(result.std()) == pytest.approx(1, abs=0.05)
