"""The colouriser's network: shapes, hints, sizes."""

import pytest

torch = pytest.importorskip("torch")

from genapp.nets.colorizer import CONTEXT, Colorizer, Fine, pool_hints  # noqa: E402


def small() -> "Colorizer":
    torch.manual_seed(0)
    return Colorizer(torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]), width=16).eval()


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96), (160, 32)])
def test_a_logit_for_every_bin_at_stride_4(height: int, width: int) -> None:
    with torch.no_grad():
        logits, context = small()(
            torch.rand(2, 1, height, width) * 100, torch.zeros(2, 3, height, width)
        )
    assert logits.shape == (2, 3, height // 4, width // 4)
    assert context.shape == (2, CONTEXT, height // 4, width // 4)
    assert torch.isfinite(logits).all()


def test_pictures_of_a_batch_do_not_touch() -> None:
    net, lightness = small(), torch.rand(2, 1, 64, 64) * 100
    hints = torch.zeros(2, 3, 64, 64)
    with torch.no_grad():
        both, alone = net(lightness, hints), net(lightness[1:], hints[1:])
    for one, other in zip(both, alone, strict=True):
        torch.testing.assert_close(one[1:], other)


def test_hints_change_the_answer_where_they_are() -> None:
    net, lightness, hints = small(), torch.full((1, 1, 64, 64), 50.0), torch.zeros(1, 3, 64, 64)
    hints[:, :, 8:12, 8:12] = torch.tensor([60.0, 40.0, 1.0]).view(1, 3, 1, 1)
    with torch.no_grad():
        change = (net(lightness, hints)[0] - net(lightness, 0 * hints)[0]).abs().sum(1)[0]
    assert change[2, 2] > 10 * change[12:, 12:].mean()


def test_the_encoder_starts_without_hints() -> None:
    """Its first convolution of hints is zero, so that ImageNet's features come through."""
    encoder, lightness = small().encoder, torch.rand(1, 1, 64, 64) * 100
    with torch.no_grad():
        plain = encoder(lightness, torch.zeros(1, 3, 16, 16))
        hinted = encoder(lightness, torch.ones(1, 3, 16, 16))
    for one, other in zip(plain, hinted, strict=True):
        torch.testing.assert_close(one, other)


def test_pooled_hints_keep_their_colour() -> None:
    hints = torch.zeros(1, 3, 8, 8)
    hints[0, :, 1, 2] = torch.tensor([50.0, -20.0, 1.0])  # one pixel of sixteen
    pooled = pool_hints(hints)
    torch.testing.assert_close(pooled[0, :, 0, 0], torch.tensor([50.0, -20.0, 1.0]))
    assert pooled.abs().sum() == pooled[0, :, 0, 0].abs().sum()


def test_the_finer_stage_starts_as_an_enlargement() -> None:
    net, ab = Fine().eval(), torch.randn(1, 2, 6, 8) * 30
    with torch.no_grad():
        fine = net(
            torch.rand(1, 1, 24, 32) * 100,
            torch.zeros(1, 3, 24, 32),
            ab,
            torch.rand(1, CONTEXT, 6, 8),
        )
    wanted = torch.nn.functional.interpolate(ab, scale_factor=2.0, mode="bilinear")
    torch.testing.assert_close(fine, wanted)
