"""Engines on tiny networks that are made here."""

import hashlib
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, ValueInfoProto, helper

from genapp.errors import BadValue, HashMismatch, ModelMissing, OutOfMemory, UnknownName
from genapp.registry.catalog import Catalog, CatalogError, File, Model, Port
from genapp.registry.devices import Place
from genapp.registry.engines import Engines, OnnxEngine
from genapp.registry.store import Store

Shape = Sequence[str | int]
FREE = ("n", 3)


def network(
    path: Path, op: str = "Add", shape: Shape = FREE, kind: int = TensorProto.FLOAT
) -> Path:
    """A network of one node: y = op(a, b), all of one shape and type."""
    ports = {name: helper.make_tensor_value_info(name, kind, shape) for name in "aby"}
    return save(path, op, [ports["a"], ports["b"]], ports["y"])


def save(path: Path, op: str, inputs: list[ValueInfoProto], output: ValueInfoProto) -> Path:
    node = helper.make_node(op, [port.name for port in inputs], [output.name])
    graph = helper.make_graph([node], "tiny", inputs, [output])
    opset = [helper.make_opsetid("", 17)]
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def entry(
    name: str = "test/add.v1",
    *,
    inputs: tuple[Port, ...] = (Port("a", ("n", 3)), Port("b", ("n", 3))),
    outputs: tuple[Port, ...] = (Port("y", ("n", 3)),),
    engine: Any = "onnx",  # noqa: ANN401
    files: tuple[File, ...] = (),
) -> Model:
    return Model(
        name=name,
        summary="Adds.",
        engine=engine,
        license="Apache-2.0",
        commercial=True,
        source="this test",
        training_data="none",
        paper=None,
        size_multiple=1,
        files=files,
        inputs=inputs,
        outputs=outputs,
        measures=(),
    )


def values(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


# One engine ----------------------------------------------------------------------------------


def test_run(tmp_path: Path) -> None:
    engine = OnnxEngine(entry(), network(tmp_path / "x.onnx"), "cpu")
    assert engine.device == "cpu"
    for rows in (1, 4):
        a = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
        outputs = engine.run({"b": a, "a": np.ones_like(a)})
        assert list(outputs) == ["y"]
        np.testing.assert_array_equal(outputs["y"], a + 1)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        (TensorProto.FLOAT16, np.float16),
        (TensorProto.DOUBLE, np.float64),
        (TensorProto.INT64, np.int64),
    ],
)
def test_types(tmp_path: Path, kind: int, dtype: type) -> None:
    engine = OnnxEngine(entry(), network(tmp_path / "x.onnx", kind=kind))
    one: NDArray[Any] = np.ones((2, 3), dtype)
    np.testing.assert_array_equal(engine.run({"a": one, "b": one})["y"], 2 * one)
    with pytest.raises(ValueError, match=f"input 'a' takes {np.dtype(dtype)}, not float32"):
        engine.run({"a": values([1, 2, 3]), "b": one})


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"a": values([1, 2, 3])}, r"test/add\.v1 takes \['a', 'b'\], not \['a'\]"),
        ({"a": values([1, 2, 3]), "c": values([1, 2, 3])}, r"not \['a', 'c'\]"),
        ({"a": values([1, 2, 3]), "b": values([1, 2])}, r"input 'b' takes .*, not \(1, 2\)"),
        ({"a": values([1, 2, 3]), "b": values([1, 2, 3])[None]}, r"not \(1, 1, 3\)"),
        ({"a": np.ones((1, 3)), "b": values([1, 2, 3])}, "input 'a' takes float32, not float64"),
        ({"a": np.ones((0, 3), np.float32), "b": values([1, 2, 3])}, r"not \(0, 3\)"),
    ],
)
def test_bad_input(tmp_path: Path, inputs: dict[str, NDArray[Any]], problem: str) -> None:
    engine = OnnxEngine(entry(), network(tmp_path / "x.onnx"))
    with pytest.raises(ValueError, match=problem):
        engine.run(inputs)


def test_free_dimensions_of_one_name_are_equal(tmp_path: Path) -> None:
    square = (Port("a", ("n", "n")), Port("b", ("n", "n")))
    model = entry(inputs=square, outputs=(Port("y", ("n", "n")),))
    engine = OnnxEngine(model, network(tmp_path / "x.onnx", shape=("n", "n")))
    with pytest.raises(ValueError, match="input 'a'"):
        engine.run({"a": np.ones((2, 3), np.float32), "b": np.ones((2, 3), np.float32)})


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (entry(inputs=(Port("a", ("n", 3)),)), r"inputs are \['a', 'b'\] in the file, \['a'\] in"),
        (entry(outputs=(Port("z", ("n", 3)),)), r"outputs are \['y'\] in the file, \['z'\] in"),
        (entry(outputs=(Port("y", ("n", 4)),)), "output 'y' has the shape"),
        (entry(outputs=(Port("y", ("n", "m")),)), "output 'y' has the shape"),
        (entry(inputs=(Port("a", (3,)), Port("b", ("n", 3)))), "input 'a' has the shape"),
    ],
)
def test_file_differs_from_the_catalogue(tmp_path: Path, model: Model, problem: str) -> None:
    with pytest.raises(CatalogError, match=r"test/add\.v1: " + problem):
        OnnxEngine(model, network(tmp_path / "x.onnx"))


def test_catalogue_may_fix_what_the_file_leaves_free(tmp_path: Path) -> None:
    model = entry(inputs=(Port("a", (1, 3)), Port("b", (1, 3))))
    engine = OnnxEngine(model, network(tmp_path / "x.onnx"))
    with pytest.raises(ValueError, match="input 'a'"):
        engine.run({"a": values([1, 2, 3], [4, 5, 6]), "b": values([1, 2, 3], [4, 5, 6])})


def test_file_that_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(CatalogError, match=r"test/add\.v1: x\.onnx is not a network"):
        OnnxEngine(entry(), path)


def test_out_of_memory(tmp_path: Path) -> None:
    """An output of 4 exabytes is more than any machine has."""
    path = save(
        tmp_path / "x.onnx",
        "Expand",
        [
            helper.make_tensor_value_info("a", TensorProto.FLOAT, [1]),
            helper.make_tensor_value_info("b", TensorProto.INT64, [3]),
        ],
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["x", "y", "z"]),
    )
    inputs = (Port("a", (1,)), Port("b", (3,)))
    model = entry(inputs=inputs, outputs=(Port("y", ("x", "y", "z")),))
    engine = OnnxEngine(model, path)
    with pytest.raises(OutOfMemory, match=r"test/add\.v1"):
        engine.run({"a": np.ones(1, np.float32), "b": np.array([2**20, 2**20, 2**20])})
    small = engine.run({"a": np.ones(1, np.float32), "b": np.array([1, 2, 3])})
    assert small["y"].shape == (1, 2, 3)


def test_only_port_of_a_hub_file_may_have_any_name(tmp_path: Path) -> None:
    node = helper.make_tensor_value_info
    image, result = (node(name, TensorProto.FLOAT, FREE) for name in ("pixels", "out"))
    path = save(tmp_path / "x.onnx", "Neg", [image], result)
    only = (Port("a", ("n", 3)),)
    there = File("test/add.v1", "0" * 64, 1, repo="o/n", commit="0" * 40, file="x.onnx")
    here = replace(there, repo=None, commit=None, file=None, path="x.onnx")
    engine = OnnxEngine(entry(files=(there,), inputs=only), path, "cpu")
    assert engine.run({"a": values([1, 2, 3])})["y"].tolist() == [[-1, -2, -3]]
    with pytest.raises(CatalogError, match="inputs are"):
        OnnxEngine(entry(files=(here,), inputs=only), path, "cpu")


def test_devices(tmp_path: Path) -> None:
    import onnxruntime

    path = network(tmp_path / "x.onnx")
    with pytest.raises(BadValue, match="no device 'tpu'"):
        OnnxEngine(entry(), path, "tpu")
    with pytest.raises(BadValue, match="no device 'tpu'"):
        Engines(Catalog(()), device="tpu")
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        assert OnnxEngine(entry(), path, "auto").device == "cpu"
        with pytest.raises(BadValue, match="no CUDA device") as caught:
            OnnxEngine(entry(), path, "cuda")
        assert "--device cpu" in caught.value.remedy


# The pool ------------------------------------------------------------------------------------


def file(weights: Path, path: str, model: str) -> File:
    data = (weights / path).read_bytes()
    return File(model, hashlib.sha256(data).hexdigest(), len(data), path=path)


@pytest.fixture
def pool(tmp_path: Path) -> Engines:
    weights = tmp_path / "weights"
    models = []
    for op in ("Add", "Mul"):
        name, path = f"test/{op.lower()}.v1", f"test/{op}.onnx"
        network(weights / path, op)
        models.append(entry(name, files=(file(weights, path, name),)))
    (weights / "table.npz").write_bytes(b"some data")
    table = (file(weights, "table.npz", "test/table.v1"),)
    models.append(entry("test/table.v1", engine="data", inputs=(), outputs=(), files=table))
    models.append(entry("test/torch.v1", engine="torch", files=table))
    store = Store(weights, stamps=tmp_path / "checked.json")
    return Engines(Catalog(tuple(models)), store)


def test_pool(pool: Engines) -> None:
    two = values([2, 2, 2])
    three = values([3, 3, 3])
    with pool:
        assert pool.get("test/add.v1") is pool.get("test/add.v1")
        assert pool.get("test/add.v1").run({"a": two, "b": three})["y"][0, 0] == 5
        assert pool.get("test/mul.v1").run({"a": two, "b": three})["y"][0, 0] == 6


def test_closed_pool_builds_anew(pool: Engines) -> None:
    before = pool.get("test/add.v1")
    pool.close()
    assert pool.get("test/add.v1") is not before


def test_data(pool: Engines) -> None:
    assert pool.data("test/table.v1").read_bytes() == b"some data"
    with pytest.raises(ValueError, match="is a network, not data"):
        pool.data("test/add.v1")
    for name in ("test/table.v1", "test/torch.v1"):
        with pytest.raises(ValueError, match=name):
            pool.get(name)


def test_names_and_files_are_checked(pool: Engines) -> None:
    for look in (pool.get, pool.data):
        with pytest.raises(UnknownName, match=r"test/ad\.v1"):
            look("test/ad.v1")
    path = pool.store.path(pool.catalog.get("test/mul.v1").files[0])
    path.write_bytes(b"\0" * path.stat().st_size)
    os.utime(path, ns=(1, 1))
    with pytest.raises(HashMismatch):
        pool.get("test/mul.v1")
    path.unlink()
    with pytest.raises(ModelMissing):
        pool.get("test/mul.v1")


def test_many_threads_build_once(pool: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    real = Engines._build

    def slow(self: Engines, model: Model, place: Place) -> Any:  # noqa: ANN401
        built.append(model.name)
        time.sleep(0.05)
        return real(self, model, place)

    monkeypatch.setattr(Engines, "_build", slow)
    results: list[float] = []

    def work(name: str) -> None:
        one = values([1, 1, 1])
        for _ in range(20):
            results.append(float(pool.get(name).run({"a": one, "b": one})["y"][0, 0]))

    names = ["test/add.v1", "test/mul.v1"] * 4
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(built) == ["test/add.v1", "test/mul.v1"]
    assert sorted(results) == [1.0] * 80 + [2.0] * 80
