"""Small stand-in networks: a generator whose pictures can be reckoned by hand, an enlarger, an
index of training faces."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from genapp.facemaking.generator import GENERATOR, MAPPING
from genapp.facemaking.likeness import INDEX, view
from genapp.facemaking.pipeline import ENLARGER
from genapp.facemaking.projection import cut_out
from genapp.images import Photo, read
from genapp.registry.catalog import Catalog, parse
from genapp.registry.engines import Engines
from genapp.registry.store import Store

Z, W, LEVELS, SIDE = 8, 6, 5, 16
EXAMPLE = Path(__file__).parents[2] / "genapp" / "ui" / "examples" / "young-woman.jpg"


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    values: dict[str, NDArray[np.float32]],
    inputs: dict[str, tuple[str | int, ...]],
    outputs: dict[str, tuple[str | int, ...]],
) -> None:
    ports = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in group]
        for group in (inputs.items(), outputs.items())
    ]
    arrays = [numpy_helper.from_array(array, name) for name, array in values.items()]
    graph = helper.make_graph(nodes, "tiny", ports[0], ports[1], arrays)
    opset = [helper.make_opsetid("", 17)]
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def save_mapping(path: Path) -> None:
    """w = tanh(z M); the mean face is 0.1 everywhere."""
    rng = np.random.default_rng(0)
    values = {
        "matrix": rng.normal(0, 0.5, (Z, W)).astype(np.float32),
        "mean": np.full(W, 0.1, np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["z", "matrix"], ["product"]),
        helper.make_node("Tanh", ["product"], ["w"]),
        helper.make_node("Identity", ["mean"], ["w_mean"]),
    ]
    save(path, nodes, values, {"z": ("n", Z)}, {"w": ("n", W), "w_mean": (W,)})


def save_synthesis(path: Path) -> None:
    """image = sigmoid of a matrix times all w."""
    rng = np.random.default_rng(1)
    values = {"matrix": rng.normal(0, 0.6, (LEVELS * W, 3 * SIDE * SIDE)).astype(np.float32)}
    nodes = [
        helper.make_node("Flatten", ["w"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "matrix"], ["product"]),
        helper.make_node("Sigmoid", ["product"], ["bright"]),
        helper.make_node("Reshape", ["bright", "shape"], ["image"]),
    ]
    shape = numpy_helper.from_array(np.array([-1, 3, SIDE, SIDE], np.int64), "shape")
    save(path, nodes, values, {"w": ("n", LEVELS, W)}, {"image": ("n", 3, SIDE, SIDE)})
    model = onnx.load(path)
    model.graph.initializer.append(shape)
    onnx.save(model, path)


def save_enlarger(path: Path) -> None:
    """Repeats each pixel 4 times in each direction."""
    node = helper.make_node(
        "Resize",
        ["image", "", "scales"],
        ["enlarged"],
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )
    values = {"scales": np.array([1, 1, 4, 4], np.float32)}
    save(path, [node], values, {"image": ("n", 3, "h", "w")}, {"enlarged": ("n", 3, "h4", "w4")})


def save_index(path: Path) -> None:
    """Twelve "training faces" of noise; unseen ones lie 5 to 7 away."""
    faces = training_faces()
    views = np.stack([view(face) for face in faces])
    mean = views.mean(0)
    basis = np.linalg.svd(views - mean, full_matrices=False)[2].T
    np.savez(
        path,
        names=np.array([f"face {number}" for number in range(len(faces))]),
        points=(views - mean) @ basis,
        mean=mean,
        basis=basis,
        held_out=np.linspace(5, 7, 100),
    )


def training_faces() -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 256, (12, SIDE, SIDE, 3), np.uint8)


def entry(name: str, path: Path, engine: str, ports: str, *, commercial: bool = True) -> str:
    data = path.read_bytes()
    return f"""
    [[model]]
    name = "{name}"
    summary = "A stand-in."
    engine = "{engine}"
    license = "CC-BY-NC-SA-4.0"
    commercial = {str(commercial).lower()}
    source = "this test"
    training_data = "none"
    {"scale = 4" if name == ENLARGER else ""}
    [[model.file]]
    path = "{path.parent.name}/{path.name}"
    sha256 = "{sha256(data).hexdigest()}"
    bytes = {len(data)}
    {ports}
    """


def port(kind: str, name: str, shape: str) -> str:
    return f'[[model.{kind}]]\n    name = "{name}"\n    shape = {shape}\n    '


@pytest.fixture(scope="session")
def faces_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder of stand-ins, with its catalogue."""
    folder = tmp_path_factory.mktemp("weights")
    (folder / "faces").mkdir()
    save_mapping(folder / "faces" / "mapping.onnx")
    save_synthesis(folder / "faces" / "synthesis.onnx")
    save_enlarger(folder / "upscale" / "enlarger.onnx")
    save_index(folder / "faces" / "index.npz")
    synthesis = port("input", "w", f'["n", {LEVELS}, {W}]') + port(
        "output", "image", f'["n", 3, {SIDE}, {SIDE}]'
    )
    mapping = (
        port("input", "z", f'["n", {Z}]')
        + port("output", "w", f'["n", {W}]')
        + port("output", "w_mean", f"[{W}]")
    )
    enlarger = port("input", "image", '["n", 3, "h", "w"]') + port(
        "output", "enlarged", '["n", 3, "h4", "w4"]'
    )
    parts = folder / "faces"
    (folder / "catalog.toml").write_text(
        entry(GENERATOR, parts / "synthesis.onnx", "onnx", synthesis, commercial=False)
        + entry(MAPPING, parts / "mapping.onnx", "onnx", mapping, commercial=False)
        + entry(ENLARGER, folder / "upscale" / "enlarger.onnx", "onnx", enlarger)
        + entry(INDEX, parts / "index.npz", "data", ""),
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="session")
def catalog(faces_folder: Path) -> Catalog:
    return parse((faces_folder / "catalog.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def stand_ins(faces_folder: Path, catalog: Catalog) -> Engines:
    stamps = faces_folder / "stamps.json"
    return Engines(catalog, Store(faces_folder, stamps=stamps, offline=True), device="cpu")


@pytest.fixture(scope="session")
def engines() -> Engines:
    """The real networks."""
    return Engines(device="cpu")


@pytest.fixture(scope="session")
def portrait() -> Photo:
    """A portrait that comes with the demo."""
    return read(EXAMPLE)


@pytest.fixture(scope="session")
def face(portrait: Photo, engines: Engines) -> NDArray[np.uint8]:
    """Its face, aligned, 64×64×3."""
    return (cut_out(portrait, 64, engines) * 255).round().astype(np.uint8)
