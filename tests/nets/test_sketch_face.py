"""The network that makes photos of drawings: shapes, and what its inputs do."""

import torch

from genapp.nets.sketch_face import LOOK, SketchFace


def test_shapes() -> None:
    net = SketchFace(width=16).eval()
    with torch.no_grad():
        made = net(torch.rand(2, 1, 64, 96) * 100, torch.randn(2, LOOK))
    assert made.shape == (2, 3, 64, 96)


def test_both_inputs_count() -> None:
    torch.manual_seed(0)
    net = SketchFace(width=16).eval()
    drawing, look = torch.rand(1, 1, 64, 64) * 100, torch.randn(1, LOOK)
    with torch.no_grad():
        made = net(drawing, look)
        assert not torch.allclose(made, net(100 - drawing, look))
        assert not torch.allclose(made, net(drawing, -look))
