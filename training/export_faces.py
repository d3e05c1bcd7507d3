"""Writes the trained generator of faces as ONNX files and enters them into the catalogue.

    python training/export_faces.py runs/faces/best.pt --finisher runs/finish/best.pt

Takes `best.pt` or `mean.pt` of train_faces.py, and of train_face_finish.py, and writes the mapping
and the synthesis, the finisher in it, with weights of half precision:
weights/faces/gated-gan-mapping.v1.onnx and gated-gan.v1.onnx. Both are compared with torch, on
random noise and on that of seeds, and timed. Nothing is written unless they agree.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import catalog_entries
import export_colorize
import face_sheet
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from genapp.facemaking import noise
from genapp.facemaking.generator import GENERATOR, MAPPING
from genapp.nets.face_generator import W_SIZE, Z_SIZE, FaceGenerator, spread

Array = npt.NDArray[np.float32]

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python training/export_faces.py runs/faces/best.pt --finisher runs/finish/best.pt"
TOLERANCE = 1e-3  # of w, and of a picture in 1/255, before weights are rounded
ROUNDING = 2.0  # of 255, mean difference of the picture that differs most, by half precision
SEEDS = 16
BATCHES = (1, 16)  # that are timed
LARGEST_BATCH = 64

NOTICE = """\
The files `faces/gated-gan.v1.onnx` and `faces/gated-gan-mapping.v1.onnx` were trained by this
project (`training/train_faces.py`) and are under CC BY-NC-SA 4.0
(https://creativecommons.org/licenses/by-nc-sa/4.0/): no commercial use. They learnt from synthetic
faces: 953 of One Million Impressions ("omi", CC BY-NC-SA 4.0, whose terms this follows), 855 of
BaseMax/FakeFaces (a GPL-3.0 repository) and 190 of faker-js assets-person-portrait (CC0-1.0).
The training looked through MobileNetV2 (torchvision, BSD 3-Clause), which is no part of the files.
GENAPP_COMMERCIAL_ONLY=1 switches them off.
"""


class MappingPorts(nn.Module):
    """The mapping, and the mean face beside it."""

    def __init__(self, net: FaceGenerator) -> None:
        """Wraps ``net``."""
        super().__init__()
        self.net = net

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Returns w, n×256, and the mean w, 256."""
        return self.net.mapping(z), self.net.w_mean.clone()


class SynthesisPorts(nn.Module):
    """The synthesis, its pictures 0..1."""

    def __init__(self, net: FaceGenerator) -> None:
        """Wraps ``net``."""
        super().__init__()
        self.net = net

    def forward(self, w: Tensor) -> Tensor:
        """Returns n×3×size×size of n×levels×256."""
        return (self.net.pictures(w) / 2 + 0.5).clamp(0, 1)


def main() -> None:
    """Exports, compares, times, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="best.pt or mean.pt of train_faces.py")
    parser.add_argument("--finisher", type=Path, help="best.pt or mean.pt of train_face_finish.py")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights", help="where to write")
    options = parser.parse_args()
    net = face_sheet.load(options.checkpoint, options.finisher)
    seen, levels = torch.load(options.checkpoint, weights_only=True)["seen"], net.levels
    size = net.pictures(torch.zeros(1, levels, W_SIZE)).shape[2]
    exact = export(net, size)
    models = {name: export_colorize.halved(data) for name, data in exact.items()}
    measures = compare(net, exact, models)
    measures[GENERATOR] += measure_time(models[GENERATOR], levels)
    for rows in measures.values():
        for row in rows:
            print(f"{row['what']}: {row['value']} {row['unit']}")
            row["command"] = COMMAND
    entries = [
        synthesis_entry(models[GENERATOR], size, levels, measures[GENERATOR], seen),
        mapping_entry(models[MAPPING], measures[MAPPING], seen),
    ]
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    texts = (
        catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), entries),
        catalog_entries.with_section(notice.read_text(encoding="utf-8"), "Faces", NOTICE),
    )
    for name, data in models.items():
        catalog_entries.write(options.weights / f"{name}.onnx", data)
        print(f"wrote {name}.onnx, {len(data)} bytes, after {seen} pictures")
    for file, text in zip((catalog, notice), texts, strict=True):
        catalog_entries.write(file, text.encode())


def export(net: FaceGenerator, size: int) -> dict[str, bytes]:
    """Returns both networks as ONNX files in single precision, by the name of their entry."""
    free = {0: torch.export.Dim("n", min=1, max=LARGEST_BATCH)}
    return {
        GENERATOR: export_colorize.export(
            SynthesisPorts(net),
            (torch.randn(2, net.levels, W_SIZE),),
            (free,),
            {"w": ("n", net.levels, W_SIZE), "image": ("n", 3, size, size)},
        ),
        MAPPING: export_colorize.export(
            MappingPorts(net),
            (torch.randn(2, Z_SIZE),),
            (free,),
            {"z": ("n", Z_SIZE), "w": ("n", W_SIZE), "w_mean": (W_SIZE,)},
        ),
    }


def compare(
    net: FaceGenerator, exact: dict[str, bytes], models: dict[str, bytes]
) -> dict[str, list[dict[str, Any]]]:
    """Returns the greatest differences to torch, before and after rounding, by entry.

    Raises:
        SystemExit: one is above its tolerance.
    """
    sessions = [
        {name: export_colorize.open_session(data, 2) for name, data in files.items()}
        for files in (exact, models)
    ]
    faces = np.stack([noise(seed, Z_SIZE) for seed in range(SEEDS)])
    z = np.concatenate([faces, np.random.default_rng(0).normal(0, 2, (4, Z_SIZE))])
    z = z.astype(np.float32)
    with torch.no_grad():
        w = net.mapping(torch.from_numpy(z))
        styles = spread(w, net.levels).contiguous()
        expected = SynthesisPorts(net)(styles).numpy()
    found = [
        (
            group[MAPPING].run(["w", "w_mean"], {"z": z}),
            group[GENERATOR].run(["image"], {"w": styles.numpy()})[0],
        )
        for group in sessions
    ]
    (own, mean), image = found[0]
    of_w = max(np.abs(own - w.numpy()).max(), np.abs(mean - net.w_mean.numpy()).max())
    of_image = 255 * np.abs(image - expected).max()
    rounded = 255 * np.abs(found[1][1] - expected).mean((1, 2, 3)).max()
    rounded_w = np.abs(found[1][0][0] - w.numpy()).max()
    if not (of_w <= TOLERANCE and of_image <= 255 * TOLERANCE and rounded <= ROUNDING):
        raise SystemExit(f"differs from torch: w by {of_w}, pictures by {of_image}, {rounded}/255")
    inputs = f"{SEEDS} seeds and {len(z) - SEEDS} random z"
    row = export_colorize.measure
    before, after = "before rounding: max abs difference to torch on", "rounded weights:"
    return {
        MAPPING: [
            row(f"{before} {inputs}", float(of_w), "of w"),
            row(f"{after} max abs difference to torch on {inputs}", float(rounded_w), "of w"),
        ],
        GENERATOR: [
            row(f"{before} {inputs}", float(of_image), "of 255"),
            row(f"{after} greatest mean difference on {inputs}", float(rounded), "of 255"),
        ],
    }


def measure_time(model: bytes, levels: int) -> list[dict[str, Any]]:
    """Times the synthesis: the fastest of 20 runs, which other work disturbs least."""
    session = export_colorize.open_session(model, 2)
    rows = []
    for batch in BATCHES:
        w = np.zeros((batch, levels, W_SIZE), np.float32)
        times = []
        for _ in range(20):
            start = time.perf_counter()
            session.run(None, {"w": w})
            times.append(1000 * (time.perf_counter() - start) / batch)
        what = f"a face in a batch of {batch}, fastest of 20 runs, 2 threads, ONNX Runtime"
        rows.append({"what": what, "value": round(min(times), 1), "unit": "ms"})
    return rows


def synthesis_entry(
    model: bytes, size: int, levels: int, measures: list[dict[str, Any]], seen: int
) -> dict[str, Any]:
    """Returns the entry of the synthesis."""
    return {
        "name": GENERATOR,
        "summary": f"Faces of people who do not exist, {size}×{size}, from styles w.",
        **about(seen),
        "source": "Trained by this project: training/train_faces.py, and what finishes the faces "
        "by training/train_face_finish.py",
        "file": [catalog_entries.file_entry(f"{GENERATOR}.onnx", model)],
        "input": [
            {
                "name": "w",
                "shape": ["n", levels, W_SIZE],
                "meaning": "Styles, one row for each resolution from 4×4 on; of one face all rows "
                f"are what {MAPPING} gives.",
            }
        ],
        "output": [
            {
                "name": "image",
                "shape": ["n", 3, size, size],
                "layout": "NCHW",
                "colors": "RGB",
                "range": [0.0, 1.0],
            }
        ],
        "measure": measures,
    }


def mapping_entry(model: bytes, measures: list[dict[str, Any]], seen: int) -> dict[str, Any]:
    """Returns the entry of the mapping."""
    return {
        "name": MAPPING,
        "summary": f"Turns noise into the styles that {GENERATOR} draws.",
        **about(seen),
        "file": [catalog_entries.file_entry(f"{MAPPING}.onnx", model)],
        "input": [
            {
                "name": "z",
                "shape": ["n", Z_SIZE],
                "meaning": "Standard normal noise; only its direction matters.",
            }
        ],
        "output": [
            {"name": "w", "shape": ["n", W_SIZE], "meaning": "Styles of a face."},
            {"name": "w_mean", "shape": [W_SIZE], "meaning": "Those of the mean face."},
        ],
        "measure": measures,
    }


def about(seen: int) -> dict[str, Any]:
    """Returns what both entries have in common."""
    return {
        "engine": "onnx",
        "license": "CC-BY-NC-SA-4.0",
        "commercial": False,
        "source": "Trained by this project: training/train_faces.py",
        "paper": "https://arxiv.org/abs/2111.01007",
        "training_data": f"1,998 synthetic faces in {seen} showings, half of them mirrored: "
        "953 omi (CC-BY-NC-SA-4.0), 855 fakefaces (GPL-3.0 repository), 190 faker (CC0-1.0). "
        "See NOTICE.md.",
    }


if __name__ == "__main__":
    main()
