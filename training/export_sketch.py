"""Writes the trained colouriser of sketches as an ONNX file and enters it into the catalogue.

    python training/export_sketch.py runs/sketch/ckpt.pt

Takes the mean of the weights from a checkpoint of train_sketch.py, writes
weights/colorize/sketch-unet.v1.onnx with weights of half precision, compares it with torch on
random inputs and on drawings of held-out pictures, and times it. Nothing is written unless they
agree. Run benchmarks/sketch_quality.py afterwards for the figures of quality.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import catalog_entries
import color_data
import export_colorize
import numpy as np
import numpy.typing as npt
import sketch_sheet
import torch
from light_loss import LEVELS
from torch import Tensor, nn

from genapp.colorizing import sketch
from genapp.nets.colorizer import MULTIPLE, Colorizer

Array = npt.NDArray[np.float32]

NAME = "colorize/sketch-unet.v1"
COMMAND = "python training/export_sketch.py runs/sketch/ckpt.pt"
TOLERANCE = 1e-3  # of a logit, before weights are rounded
ROUNDING = 1.0  # of a colour, CIELAB units, by half precision
FAVOUR = 0.35  # of rare colours: 0 as in the pictures, 1 all colours alike
DRAWINGS = 16
SIZES = ((64, 96), (160, 224), (256, 256))

NOTICE = """\
The file `colorize/sketch-unet.v1.onnx` was trained by this project (`training/train_sketch.py`) and
is under the Apache License 2.0. It started from the weights of the colouriser of photographs (see
above) and learnt from line drawings that `training/lines.py` makes of the same synthetic faces and
photographs, and from scenes that `training/doodles.py` draws by rule. What is said above of the
pictures holds for it too.
"""


def main() -> None:
    """Exports, compares, times, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="ckpt.pt of train_sketch.py")
    parser.add_argument(
        "--data", type=Path, default=export_colorize.DATA, help="folder of manifest.csv"
    )
    parser.add_argument(
        "--weights", type=Path, default=export_colorize.WEIGHTS, help="where to write"
    )
    options = parser.parse_args()
    stored = torch.load(options.checkpoint, weights_only=True)
    net = Colorizer(stored["mean"]["bins"], levels=LEVELS)
    net.load_state_dict(stored["mean"])
    favour_rare(net.eval(), stored["chance"])
    exact = export(net)
    model = export_colorize.halved(exact)
    measures = compare(net, exact, model, options.data)
    measures += export_colorize.measure_time(model, ("lightness", "hints"), 4)
    for measure in measures:
        print(f"{measure['what']}: {measure['value']} {measure['unit']}")
        measure["command"] = COMMAND
    entry = entry_of(len(net.bins), model, measures, stored["seen"])
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    heading = "Colouriser of sketches"
    texts = (
        catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), [entry]),
        catalog_entries.with_section(notice.read_text(encoding="utf-8"), heading, NOTICE),
    )
    catalog_entries.write(options.weights / f"{NAME}.onnx", model)
    for file, text in zip((catalog, notice), texts, strict=True):
        catalog_entries.write(file, text.encode())
    print(f"wrote {NAME}.onnx, {len(model)} bytes, after {stored['seen']} pictures")


@torch.no_grad()
def favour_rare(net: Colorizer, chance: Tensor) -> None:
    """Makes rare colours likelier, and grey and brown, which are everywhere, less likely.

    Lines leave most colours open, so that what is common would win nearly everywhere. The logits
    are shifted by a share of the log of how common the colours are (Menon et al., "Long-tail
    learning via logit adjustment", 2021).

    Args:
        net: its bias changes.
        chance: share of each bin in the pictures.
    """
    common = (0.7 * chance + 0.3 / len(chance)).log()
    assert net.head.bias is not None
    net.head.bias[: len(chance)] -= FAVOUR * (common - (chance * common).sum())


class Ports(nn.Module):
    """The network with colours and lightness apart, and the colours of its bins."""

    def __init__(self, net: Colorizer) -> None:
        """Wraps ``net``."""
        super().__init__()
        self.net = net

    def forward(self, lightness: Tensor, hints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns logits of the bins, logits of the levels of lightness, and the bins."""
        logits, _ = self.net(lightness, hints)
        return logits[:, :-LEVELS], logits[:, -LEVELS:], self.net.bins.clone()


def export(net: Colorizer) -> bytes:
    """Returns the network as an ONNX file with free height and width."""
    shapes: dict[str, tuple[int | str, ...]] = {
        "lightness": ("n", 1, "height", "width"),
        "hints": ("n", 4, "height", "width"),
        "logits": ("n", len(net.bins), "height_4", "width_4"),
        "light": ("n", LEVELS, "height_4", "width_4"),
        "bins": (len(net.bins), 2),
    }
    example = (torch.rand(2, 1, 64, 96) * 100, torch.zeros(2, 4, 64, 96))
    height, width = (32 * torch.export.Dim(name, min=1, max=64) for name in ("rows", "columns"))
    free = {0: torch.export.Dim("n", min=1, max=64), 2: height, 3: width}
    return export_colorize.export(Ports(net), example, (free, free), shapes)


def compare(net: Colorizer, exact: bytes, model: bytes, data: Path) -> list[dict[str, Any]]:
    """Returns the greatest differences to torch: of logits, and of the wash after rounding.

    Raises:
        SystemExit: one is above its tolerance.
    """
    sessions = [export_colorize.open_session(file, 2) for file in (exact, model)]
    logit = color = 0.0
    ports = Ports(net)
    for lightness, hints in examples(data):
        with torch.no_grad():
            expected = [
                output.numpy()
                for output in ports(torch.from_numpy(lightness), torch.from_numpy(hints))
            ]
        found, rounded = (
            session.run(["logits", "light", "bins"], {"lightness": lightness, "hints": hints})
            for session in sessions
        )
        logit = max(
            logit, *(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))
        )
        true, ours = (
            sketch.read_out(each[0][0], each[1][0], each[2]) for each in (expected, rounded)
        )
        color = max(color, float(np.linalg.norm(true - ours, axis=2).mean()))
    if not (logit <= TOLERANCE and color <= ROUNDING):  # NaN must fail too
        raise SystemExit(f"differs from torch: logits by {logit}, colours by {color}")
    inputs = f"{len(SIZES)} random inputs with hints and {DRAWINGS} drawings of held-out pictures"
    return [
        {
            "what": f"logits before rounding: max abs difference to torch on {inputs}",
            "value": float(f"{logit:.1e}"),
            "unit": "logit",
        },
        {
            "what": f"rounded weights: greatest mean difference of the wash to torch on {inputs}",
            "value": float(f"{color:.1e}"),
            "unit": "CIELAB units",
        },
    ]


def examples(data: Path) -> Iterator[tuple[Array, Array]]:
    """Yields inputs to compare on: random ones with hints, then drawings without."""
    rng = np.random.default_rng(0)
    for height, width in SIZES:
        mask = rng.random((1, 1, height, width)) < 0.01
        colors = rng.normal(0, 30, (1, 3, height, width)) + np.array([50, 0, 0])[:, None, None]
        hints = np.concatenate([colors * mask, mask], 1)
        lightness = rng.uniform(0, 100, (1, 1, height, width))
        yield lightness.astype(np.float32), hints.astype(np.float32)
    _, held_out = color_data.split(data)
    for number in np.linspace(0, len(held_out) - 1, DRAWINGS).astype(int):
        _, drawing = sketch_sheet.drawn(color_data.read(data / held_out[number]), int(number))
        yield drawing[None, None], np.zeros((1, 4, *drawing.shape), np.float32)


def entry_of(count: int, model: bytes, measures: list[dict[str, Any]], seen: int) -> dict[str, Any]:
    """Returns the network's entry in the catalogue."""
    return {
        "name": NAME,
        "summary": "Colours and their lightness for line drawings, with or without hints.",
        "engine": "onnx",
        "license": "Apache-2.0",
        "commercial": True,
        "source": "Trained by this project: training/train_sketch.py, from the weights of "
        "training/train_colorize.py",
        "paper": "https://arxiv.org/abs/1603.08511",
        "training_data": f"{seen} drawings: four in five made of crops of the faces and "
        "photographs of training/train_colorize.py, one in five of scenes drawn by rule. See "
        "NOTICE.md.",
        "size_multiple": MULTIPLE,
        "file": [catalog_entries.file_entry(f"{NAME}.onnx", model)],
        "input": [
            {
                "name": "lightness",
                "shape": ["n", 1, "height", "width"],
                "layout": "NCHW",
                "range": [0.0, 100.0],
                "meaning": "CIELAB lightness of dark lines on white paper; the network has seen "
                "sides of 96 to 128.",
            },
            {
                "name": "hints",
                "shape": ["n", 4, "height", "width"],
                "layout": "NCHW",
                "meaning": "L, a, b (CIELAB) and 1 where the colour is known, else 0, 0, 0, 0.",
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
                "name": "light",
                "shape": ["n", LEVELS, "height_4", "width_4"],
                "layout": "NCHW",
                "meaning": "Logits of the lightness 0, 10 … 100 of the wash, for the same cells.",
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
