"""The generator of faces: shapes, styles, truncation, growing, export."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from genapp.nets.face_generator import (
    W_SIZE,
    Z_SIZE,
    FaceGenerator,
    Level,
    StyledConv,
    spread,
)
from genapp.nets.pixels import smooth


def small(size: int = 64) -> FaceGenerator:
    """A narrow one, as if it had learnt: its levels begin at zero."""
    torch.manual_seed(0)
    net = FaceGenerator(size, width=0.125).eval()
    for level in net.synthesis.levels:
        assert isinstance(level, Level)
        torch.nn.init.normal_(level.to_rgb.weight, std=0.3)
    return net


def noise(count: int = 3) -> torch.Tensor:
    return torch.randn(count, Z_SIZE, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize(("size", "levels"), [(64, 4), (128, 5), (256, 6)])
def test_pictures_of_the_size_asked_for(size: int, levels: int) -> None:
    net = small(size)
    with torch.no_grad():
        assert net(noise(2)).shape == (2, 3, size, size)
    assert net.levels == levels


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="64, 128 or 256"):
        FaceGenerator(100)


def test_the_full_one_fits_into_twenty_megabytes() -> None:
    values = sum(value.numel() for value in FaceGenerator(128).state_dict().values())
    assert 3e6 < values < 10e6


def test_pictures_of_a_batch_do_not_touch() -> None:
    net, z = small(), noise()
    with torch.no_grad():
        torch.testing.assert_close(net(z)[1:2], net(z[1:2]), atol=1e-5, rtol=1e-4)


def test_only_the_direction_of_noise_matters() -> None:
    net, z = small(), noise()
    with torch.no_grad():
        torch.testing.assert_close(net(z), net(3 * z), atol=1e-4, rtol=1e-4)


def test_truncation_goes_from_the_mean_face_to_the_own_one() -> None:
    net, z = small(), noise(2)
    net.measure_mean(256)
    with torch.no_grad():
        none, half, full = (net(z, share) for share in (0.0, 0.5, 1.0))
    torch.testing.assert_close(none[0], none[1])
    assert (half[0] - half[1]).abs().mean() < (full[0] - full[1]).abs().mean()


def test_mean_is_measured_the_same_each_time() -> None:
    net = small()
    net.measure_mean(64)
    once = net.w_mean.clone()
    net.measure_mean(64)
    torch.testing.assert_close(net.w_mean, once)
    assert once.abs().sum() > 0


def test_fine_levels_leave_the_coarse_picture() -> None:
    net = small()
    with torch.no_grad():
        w = spread(net.mapping(noise(2)), net.levels)
        other = torch.cat([w[:1, :-1], w[1:, -1:]], 1)
        own, mixed = net.synthesis(w[:1]), net.synthesis(other)
        for level in net.synthesis.levels[:-1]:
            assert isinstance(level, Level)
            torch.nn.init.zeros_(level.to_rgb.weight)
            torch.nn.init.zeros_(level.to_rgb.bias)
        # What the finest level adds is all that differs.
        added = net.synthesis(other) - net.synthesis(w[:1])
    torch.testing.assert_close(mixed - own, added, atol=1e-5, rtol=1e-4)
    assert added.abs().mean() > 1e-3


def test_a_level_draws_pixels_that_lie_between_its_places() -> None:
    torch.manual_seed(2)
    level = Level(8, 8, first=False)
    torch.nn.init.normal_(level.to_rgb.weight)
    with torch.no_grad():
        features, colors = level(torch.randn(1, 8, 4, 4), torch.randn(1, W_SIZE))
    assert features.shape == (1, 8, 8, 8)
    assert colors.shape == (1, 3, 16, 16)


def test_smooth_takes_a_chequerboard_away_and_keeps_flat_colours() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    board = ((rows + columns) % 2 * 2 - 1).float().expand(1, 3, 8, 8)
    torch.testing.assert_close(smooth(board)[..., 1:-1, 1:-1], torch.zeros(1, 3, 6, 6))
    flat = torch.full((1, 3, 8, 8), 0.7)
    torch.testing.assert_close(smooth(flat), flat)


def test_a_new_level_only_enlarges() -> None:
    net, grown = small(64), FaceGenerator(128, width=0.125)
    grown.load_state_dict({**grown.state_dict(), **net.state_dict()})
    with torch.no_grad():
        coarse, fine = net(noise(2)), grown(noise(2))
    enlarged = torch.nn.functional.interpolate(coarse, scale_factor=2.0, mode="bilinear")
    torch.testing.assert_close(fine, enlarged, atol=1e-5, rtol=1e-4)


def test_styles_are_scaled_weights() -> None:
    """Scaling channels before and after is the same as scaling the weights of each picture."""
    torch.manual_seed(1)
    conv = StyledConv(4, 6, 3, demodulate=True)
    x, w = torch.randn(2, 4, 8, 8), torch.randn(2, W_SIZE)
    for number in range(2):
        style = conv.style(w[number])
        weight = conv.weight * style[:, None, None]
        weight = weight * torch.rsqrt(weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        expected = torch.nn.functional.conv2d(x[number : number + 1], weight, padding=1)
        found = conv(x, w)[number : number + 1]
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("part", ["mapping", "synthesis"])
def test_both_parts_run_in_onnx_runtime(part: str) -> None:
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    net = small()
    module = getattr(net, part)
    given = noise(2) if part == "mapping" else torch.randn(2, net.levels, W_SIZE)
    program = torch.onnx.export(
        module,
        (given,),
        dynamo=True,
        verbose=False,
        input_names=["given"],
        dynamic_shapes=({0: torch.export.Dim("n", min=1, max=64)},),
    )
    assert program is not None
    file = program.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    three = torch.cat([given, given[:1]])
    found = session.run(None, {"given": three.numpy()})[0]
    with torch.no_grad():
        expected = module(three)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)
