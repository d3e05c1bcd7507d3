"""Writes the network that makes photos of drawn faces as ONNX and enters it into the catalogue.

    python training/export_sketch_face.py runs/sketchface/ckpt.pt [--side 64]

Takes the mean of the weights from a checkpoint of train_sketch_face.py and writes
weights/translate/sketch-face.v1.onnx with weights of half precision. It is compared with torch and
timed; nothing is written unless they agree. While training is still at half size, ``--side 64``.
Run benchmarks/sketch_face.py afterwards for the figures of quality.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import catalog_entries
import export_colorize
import numpy as np
import torch
from torch import Tensor, nn

from genapp.nets.sketch_face import LOOK, MULTIPLE, SketchFace

ROOT = Path(__file__).resolve().parent.parent
NAME = "translate/sketch-face.v1"
COMMAND = "python training/export_sketch_face.py runs/sketchface/ckpt.pt"
TOLERANCE = 0.5  # of 255, before weights are rounded
ROUNDING = 1.0  # of 255, mean difference of the picture that differs most, after
DRAWINGS = 8

NOTICE = """\
The file `translate/sketch-face.v1.onnx` was trained by this project
(`training/train_sketch_face.py`) and is under CC BY-NC-SA 4.0
(https://creativecommons.org/licenses/by-nc-sa/4.0/): no commercial use. It learnt from drawings
made of the synthetic faces of "Faces" above, whose terms it follows, and started from the weights
of `colorize/sketch-unet.v1.onnx`. The training looked through MobileNetV2 (torchvision, BSD
3-Clause), which is no part of the file. GENAPP_COMMERCIAL_ONLY=1 switches it off.
"""


class Ports(nn.Module):
    """The network with pictures of 0..1."""

    def __init__(self, net: SketchFace) -> None:
        """Wraps ``net``."""
        super().__init__()
        self.net = net

    def forward(self, drawing: Tensor, look: Tensor) -> Tensor:
        """Returns n×3×s×s of n×1×s×s and n×8."""
        picture: Tensor = self.net(drawing, look)
        return (picture / 2 + 0.5).clamp(0, 1)


def main() -> None:
    """Exports, compares, times, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="ckpt.pt of train_sketch_face.py")
    parser.add_argument("--side", type=int, default=128, help="of the drawings it learnt from")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights", help="where to write")
    options = parser.parse_args()
    stored = torch.load(options.checkpoint, map_location="cpu", weights_only=True)
    net = SketchFace()
    net.load_state_dict(stored["mean"])
    ports = Ports(net.eval().requires_grad_(False))
    exact = export(ports, options.side)
    model = export_colorize.halved(exact)
    measures = compare(ports, exact, model, options.side) + measure_time(model, options.side)
    for row in measures:
        print(f"{row['what']}: {row['value']} {row['unit']}")
        row["command"] = COMMAND
    entry = entry_of(model, options.side, measures, stored["seen"])
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    texts = (
        catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), [entry]),
        catalog_entries.with_section(
            notice.read_text(encoding="utf-8"), "Faces from drawings", NOTICE
        ),
    )
    catalog_entries.write(options.weights / f"{NAME}.onnx", model)
    for file, text in zip((catalog, notice), texts, strict=True):
        catalog_entries.write(file, text.encode())
    print(f"wrote {NAME}.onnx, {len(model)} bytes, after {stored['seen']} drawings")


def export(ports: Ports, side: int) -> bytes:
    """Returns the network as an ONNX file in single precision."""
    free = {0: torch.export.Dim("n", min=1, max=64)}
    return export_colorize.export(
        ports,
        (100 * torch.rand(2, 1, side, side), torch.randn(2, LOOK)),
        (free, free),
        {
            "drawing": ("n", 1, side, side),
            "look": ("n", LOOK),
            "image": ("n", 3, side, side),
        },
    )


def compare(ports: Ports, exact: bytes, model: bytes, side: int) -> list[dict[str, Any]]:
    """Returns the differences to torch on random scribbles, before and after rounding.

    Raises:
        SystemExit: one is above its tolerance.
    """
    rng = np.random.default_rng(0)
    drawing = np.where(rng.random((DRAWINGS, 1, side, side)) < 0.1, 0, 100).astype(np.float32)
    look = rng.standard_normal((DRAWINGS, LOOK)).astype(np.float32)
    expected = ports(torch.from_numpy(drawing), torch.from_numpy(look)).numpy()
    found, rounded = (
        export_colorize.open_session(file, 2).run(["image"], {"drawing": drawing, "look": look})[0]
        for file in (exact, model)
    )
    before = 255 * float(np.abs(found - expected).max())
    after = 255 * float(np.abs(rounded - expected).mean((1, 2, 3)).max())
    if not (before <= TOLERANCE and after <= ROUNDING):  # NaN must fail too
        raise SystemExit(f"differs from torch: {before} and {after} of 255")
    row = export_colorize.measure
    return [
        row(
            f"before rounding: max abs difference to torch on {DRAWINGS} random drawings",
            before,
            "of 255",
        ),
        row(f"rounded weights: greatest mean difference on {DRAWINGS}", after, "of 255"),
    ]


def measure_time(model: bytes, side: int) -> list[dict[str, Any]]:
    """Times one face: the fastest of 20 runs, which other work disturbs least."""
    session = export_colorize.open_session(model, 2)
    planes = {
        "drawing": np.zeros((1, 1, side, side), np.float32),
        "look": np.zeros((1, LOOK), np.float32),
    }
    times = []
    for _ in range(20):
        start = time.perf_counter()
        session.run(None, planes)
        times.append(1000 * (time.perf_counter() - start))
    what = "a face, fastest of 20 runs, 2 threads, ONNX Runtime on the CPU"
    return [{"what": what, "value": round(min(times), 1), "unit": "ms"}]


def entry_of(model: bytes, side: int, measures: list[dict[str, Any]], seen: int) -> dict[str, Any]:
    """Returns the network's entry in the catalogue."""
    return {
        "name": NAME,
        "summary": f"A photo of a face, {side}×{side}, from a drawing of it.",
        "engine": "onnx",
        "license": "CC-BY-NC-SA-4.0",
        "commercial": False,
        "source": "Trained by this project: training/train_sketch_face.py",
        "paper": "https://arxiv.org/abs/1611.07004",
        "training_data": f"{seen} drawings of 1,998 synthetic faces, half of them mirrored: 953 "
        "omi (CC-BY-NC-SA-4.0), 855 fakefaces (GPL-3.0 repository), 190 faker (CC0-1.0). See "
        "NOTICE.md.",
        "size_multiple": MULTIPLE,
        "file": [catalog_entries.file_entry(f"{NAME}.onnx", model)],
        "input": [
            {
                "name": "drawing",
                "shape": ["n", 1, side, side],
                "layout": "NCHW",
                "range": [0.0, 100.0],
                "meaning": "CIELAB lightness: dark lines of a pixel or more on white paper.",
            },
            {
                "name": "look",
                "shape": ["n", LOOK],
                "meaning": "What lines leave open, standard normal; zeros are the usual look.",
            },
        ],
        "output": [
            {
                "name": "image",
                "shape": ["n", 3, side, side],
                "layout": "NCHW",
                "colors": "RGB",
                "range": [0.0, 1.0],
            }
        ],
        "measure": measures,
    }


if __name__ == "__main__":
    main()
