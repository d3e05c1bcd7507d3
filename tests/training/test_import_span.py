"""Names of layers in ncnn's files and in torch; weights in half precision."""

from pathlib import Path

import numpy as np
import pytest

for package in ("ncnn", "onnx", "onnxscript", "torch"):
    pytest.importorskip(package)

import export_onnx  # noqa: E402
import import_span  # noqa: E402
import torch  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from genapp.nets.span import Span  # noqa: E402


@pytest.mark.parametrize(
    ("ncnn", "torch_name"),
    [
        ("/conv_1/eval_conv/Conv", "conv_1"),
        ("/block_3/c2_r/eval_conv/Conv", "block_3.c2"),
        ("/conv_cat/Conv", "conv_cat"),
        ("/upsampler/upsampler.0/Conv", "upsampler.0"),
    ],
)
def test_names(ncnn: str, torch_name: str) -> None:
    assert import_span.torch_name(ncnn) == torch_name
    assert f"{torch_name}.weight" in Span(2).state_dict()


def test_only_large_weights_are_halved() -> None:
    large, small = np.full((40, 40), 0.1, np.float32), np.full((1, 3, 1, 1), 0.4488, np.float32)
    graph = helper.make_graph(
        [],
        "g",
        [],
        [],
        [numpy_helper.from_array(large, "large"), numpy_helper.from_array(small, "small")],
    )
    model = helper.make_model(graph)
    export_onnx.store_half(model)
    stored = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert stored == {"large.half": TensorProto.FLOAT16, "small": TensorProto.FLOAT}
    (cast,) = model.graph.node
    assert (cast.op_type, list(cast.input), list(cast.output)) == (
        "Cast",
        ["large.half"],
        ["large"],
    )


def test_exported_weights_come_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, other = Span(2, 16), Span(2, 16)
    (tmp_path / "net.onnx").write_bytes(import_span.export(net, 2))
    export_onnx.load_weights(other, tmp_path / "net.onnx")
    for name, value in net.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-3, atol=1e-6)
