"""Small stand-in networks, and pictures to enlarge."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from genapp.registry.catalog import Catalog, parse
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from genapp.upscaling.faces import RESTORER

TINT = (0.1, 0.0, -0.05)
"""What the network "tinted" adds to red, green and blue."""


def resize_network(path: Path, scale: int, tint: tuple[float, ...] = (0, 0, 0)) -> None:
    """Repeats each pixel, and adds a colour."""
    nodes = [
        helper.make_node(
            "Resize",
            ["image", "", "scales"],
            ["large"],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
        helper.make_node("Add", ["large", "tint"], ["enlarged"]),
    ]
    values = {
        "scales": np.array([1, 1, scale, scale], np.float32),
        "tint": np.array(tint, np.float32).reshape(1, 3, 1, 1),
    }
    save(path, nodes, values, ("n", 3, "h", "w"), ("n", 3, "h2", "w2"))


def negative_network(path: Path) -> None:
    """A "restorer" of 512×512 faces: their negative, -1..1."""
    node = helper.make_node("Neg", ["image"], ["enlarged"])
    save(path, [node], {}, (1, 3, 512, 512), (1, 3, 512, 512))


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    values: dict[str, NDArray[np.float32]],
    shape_in: tuple[str | int, ...],
    shape_out: tuple[str | int, ...],
) -> None:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape_in)],
        [helper.make_tensor_value_info("enlarged", TensorProto.FLOAT, shape_out)],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def entry(name: str, path: Path, scale: int | None, cost: float | None = None) -> str:
    data = path.read_bytes()
    shapes = ('["n", 3, "h", "w"]', '["n", 3, "h2", "w2"]')
    if scale is None:
        shapes = ("[1, 3, 512, 512]", "[1, 3, 512, 512]")
    return f"""
    [[model]]
    name = "{name}"
    summary = "A stand-in."
    engine = "onnx"
    license = "MIT"
    commercial = true
    source = "this test"
    training_data = "none"
    {f"scale = {scale}" if scale else ""}
    [[model.file]]
    path = "{path.parent.name}/{path.name}"
    sha256 = "{sha256(data).hexdigest()}"
    bytes = {len(data)}
    [[model.input]]
    name = "image"
    shape = {shapes[0]}
    [[model.output]]
    name = "enlarged"
    shape = {shapes[1]}
    [[model.measure]]
    what = "PSNR on nothing"
    value = 30
    unit = "dB"
    command = "none"
    {
        f'''[[model.measure]]
    what = "time"
    value = {cost}
    unit = "s/MP"
    command = "none"'''
        if cost
        else ""
    }
    """


@pytest.fixture(scope="session")
def stand_in_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder of networks that only repeat pixels: ×2, ×4, and one that tints."""
    folder = tmp_path_factory.mktemp("weights")
    paths = {name: folder / "upscale" / f"{name}.onnx" for name in ("x2", "x4", "tinted", "face")}
    resize_network(paths["x2"], 2)
    resize_network(paths["x4"], 4)
    resize_network(paths["tinted"], 2, TINT)
    negative_network(paths["face"])
    (folder / "catalog.toml").write_text(
        entry("upscale/near-x2.v1", paths["x2"], 2, 4)
        + entry("upscale/near-x4.v1", paths["x4"], 4, 5)
        + entry("upscale/tinted-x2.v1", paths["tinted"], 2)
        + entry(RESTORER, paths["face"], None),
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="session")
def catalog(stand_in_folder: Path) -> Catalog:
    return parse((stand_in_folder / "catalog.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def stand_ins(stand_in_folder: Path, catalog: Catalog) -> Engines:
    stamps = stand_in_folder / "stamps.json"
    return Engines(catalog, Store(stand_in_folder, stamps=stamps, offline=True), device="cpu")


@pytest.fixture(scope="session")
def real() -> Engines:
    """The networks that come with genapp."""
    return Engines(device="cpu")


@pytest.fixture(scope="session")
def textured() -> NDArray[np.uint8]:
    """120×150×3: edges, colours and some noise."""
    y, x = np.mgrid[0:120, 0:150]
    rings = 127 + 100 * np.sin(np.hypot(x - 60, y - 50) / 4)
    picture = np.stack([rings, 255 - x * 1.5, (x // 10 + y // 10) % 2 * 180 + 30], axis=-1)
    noise = np.random.default_rng(0).normal(0, 6, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)
