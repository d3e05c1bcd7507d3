"""SPAN in torch."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
export_onnx = pytest.importorskip("export_onnx")  # needs onnx

from genapp.nets.span import MEAN, Span  # noqa: E402
from genapp.registry.engines import Engines  # noqa: E402

WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "upscale"


@pytest.mark.parametrize(("scale", "height", "width"), [(2, 7, 12), (4, 9, 5)])
def test_result_is_larger_by_the_scale(scale: int, height: int, width: int) -> None:
    with torch.no_grad():
        result = Span(scale)(torch.full((2, 3, height, width), 0.5))
    assert result.shape == (2, 3, scale * height, scale * width)


def test_size_is_that_of_the_paper() -> None:
    """0.43 million values at ×4 and 48 channels."""
    assert sum(value.numel() for value in Span(4).parameters()) == pytest.approx(426e3, rel=0.01)


def test_the_mean_colour_gives_what_the_biases_give() -> None:
    net = Span(2)
    for name, value in net.named_parameters():
        if name.endswith("bias") and not name.startswith("upsampler"):
            torch.nn.init.zeros_(value)
    picture = torch.tensor(MEAN).view(1, 3, 1, 1).expand(1, 3, 6, 6)
    with torch.no_grad():
        result = net(picture)
        biases = dict(net.named_parameters())["upsampler.0.bias"].view(3, 2, 2)
    torch.testing.assert_close(result[0, :, :2, :2], biases)


@pytest.mark.parametrize("scale", [2, 4])
def test_the_shipped_file_computes_what_the_network_computes(scale: int) -> None:
    net = Span(scale)
    export_onnx.load_weights(net, WEIGHTS / f"span-x{scale}.ch48.onnx")
    y, x = np.mgrid[0:24, 0:17].astype(np.float32)
    channel = (np.sin(x / 3) * np.cos(y / 4) + 1) / 2
    image = np.stack([channel, channel.max() - channel, channel * 0.5])[None]
    with torch.no_grad():
        wanted = net(torch.from_numpy(image)).numpy()
    with Engines(device="cpu") as engines:
        found = engines.get(f"upscale/span-x{scale}.ch48").run({"image": image})["enlarged"]
    np.testing.assert_allclose(found, wanted, atol=2e-5)
