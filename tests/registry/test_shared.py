"""Models on a GPU that is played by a stand-in: which file, too little memory, notes, threads."""

import hashlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.errors import BadValue, ModelMissing, OutOfMemory
from genapp.registry import engines as engines_module
from genapp.registry.catalog import Catalog, File, Model, Port
from genapp.registry.devices import Hardware, Place
from genapp.registry.engines import Engines
from genapp.registry.store import Store

SHAPE: tuple[str | int, ...] = ("n", 3)
ONE = np.ones((1, 3), np.float32)
TORCH_GPU, BOTH_GPU = Hardware(torch_cuda=True), Hardware(True, True)


class StandIn:
    """An engine that says which it is, and has memory for a batch of so many."""

    made: list[tuple[str, str, str]]
    room = 10**9
    fails_to_open = False

    def __init__(self, runtime: str, model: Model, device: str) -> None:
        if device == "cuda" and self.fails_to_open:
            raise OutOfMemory("No room to open it.", "Use a smaller one.")
        self.made.append((runtime, model.name, device))
        self.device = device
        self.precision = "float16" if (runtime, device) == ("torch", "cuda") else "float32"
        self.bytes = 100

    def run(self, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        if self.device == "cuda" and len(inputs["a"]) > self.room:
            raise OutOfMemory("There is too little memory.", "Use a smaller picture.")
        return {"y": inputs["a"] * 2}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    class Fresh(StandIn):
        made: list[tuple[str, str, str]] = []  # noqa: RUF012

    monkeypatch.setattr(
        engines_module, "TorchEngine", lambda model, path, device: Fresh("torch", model, device)
    )
    monkeypatch.setattr(
        engines_module, "OnnxEngine", lambda model, path, device: Fresh("onnx", model, device)
    )
    return Fresh


def entry(weights: Path, name: str, engine: Any, twin: str | None = None) -> Model:  # noqa: ANN401
    path = weights / f"{name.replace('/', '-')}.bin"
    path.write_bytes(name.encode())
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    file = File(name, sha, len(name), path=path.name)
    return Model(
        name=name,
        summary="Doubles.",
        engine=engine,
        license="Apache-2.0",
        commercial=True,
        source="this test",
        training_data="none",
        paper=None,
        size_multiple=1,
        files=(file,),
        inputs=(Port("a", SHAPE),),
        outputs=(Port("y", SHAPE),),
        measures=(),
        twin=twin,
    )


def make(
    tmp_path: Path, device: str = "auto", hardware: Hardware | None = None, *, twins: bool = True
) -> Engines:
    weights = tmp_path / "weights"
    weights.mkdir(exist_ok=True)
    models = [entry(weights, "test/x.torch", "torch", "test/x.onnx" if twins else None)]
    if twins:
        models.append(entry(weights, "test/x.onnx", "onnx"))
    models.append(entry(weights, "test/other.v1", "torch"))
    store = Store(weights, stamps=tmp_path / "checked.json")
    return Engines(Catalog(tuple(models)), store, device=device, hardware=hardware)


@pytest.fixture(autouse=True)
def _nothing_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ONNX files of these tests are none."""
    monkeypatch.setattr(engines_module, "shipped_in_torch", lambda weights: False)
    monkeypatch.setattr(Engines, "weights", lambda self, name: {})


@pytest.mark.parametrize("asked", ["test/x.torch", "test/x.onnx"])
@pytest.mark.parametrize(
    ("device", "hardware", "ran_as", "place"),
    [
        ("auto", Hardware(), "test/x.onnx", Place("onnx", "cpu")),
        ("cpu", BOTH_GPU, "test/x.onnx", Place("onnx", "cpu")),
        ("auto", TORCH_GPU, "test/x.torch", Place("torch", "cuda")),
        ("cuda", BOTH_GPU, "test/x.torch", Place("torch", "cuda")),
        ("cuda", Hardware(onnx_cuda=True), "test/x.onnx", Place("onnx", "cuda")),
    ],
)
def test_twins(
    asked: str,
    device: str,
    hardware: Hardware,
    ran_as: str,
    place: Place,
    tmp_path: Path,
    stand_in: type[StandIn],
) -> None:
    with make(tmp_path, device, hardware) as engines:
        planned = engines.ran(asked)
        assert engines.get(asked).run({"a": ONE})["y"][0, 0] == 2
        ran = engines.ran(asked)
    assert (ran.model, ran.place, ran.note) == (ran_as, place, None)
    assert planned == ran
    assert stand_in.made == [(place.runtime, ran_as, place.device)]


def test_the_file_that_is_here_before_a_download(tmp_path: Path, stand_in: type[StandIn]) -> None:
    with make(tmp_path, "auto", TORCH_GPU) as engines:
        (tmp_path / "weights" / "test-x.torch.bin").unlink()
        engines.get("test/x.onnx").run({"a": ONE})
        ran = engines.ran("test/x.onnx")
    assert ran.place == Place("onnx", "cpu")
    assert ran.note is not None
    assert "models pull test/x.torch" in ran.note


def test_without_torch_its_file_does_not_count(
    tmp_path: Path, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    with make(tmp_path) as engines:
        (tmp_path / "weights" / "test-x.onnx.bin").unlink()
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(ModelMissing, match=r"test-x\.onnx\.bin is missing"):
            engines.get("test/x.onnx")


def test_cuda_without_any(tmp_path: Path, stand_in: type[StandIn]) -> None:
    with make(tmp_path, "cuda", Hardware()) as engines, pytest.raises(BadValue, match="no CUDA"):
        engines.get("test/x.onnx")


def test_too_little_memory_on_the_gpu(tmp_path: Path, stand_in: type[StandIn]) -> None:
    stand_in.room = 2
    with make(tmp_path, "auto", TORCH_GPU) as engines:
        engine = engines.get("test/x.torch")
        assert engine.run({"a": np.ones((5, 3), np.float32)})["y"].shape == (5, 3)
        ran = engines.ran("test/x.torch")
        assert ran.place == Place("onnx", "cpu")
        assert ran.note == ("test/x.torch ran on the CPU: the GPU has too little memory for it.")
        # A smaller one is for the GPU again.
        engine.run({"a": ONE})
        assert engines.ran("test/x.torch").place == Place("torch", "cuda")


def test_whoever_can_do_with_less_is_told(tmp_path: Path, stand_in: type[StandIn]) -> None:
    stand_in.room = 2
    with make(tmp_path, "auto", TORCH_GPU) as engines:
        engine = engines.get("test/x.torch", divisible=True)
        with pytest.raises(OutOfMemory):
            engine.run({"a": np.ones((5, 3), np.float32)})
        engine.run({"a": ONE})
        assert engines.ran("test/x.torch").place.device == "cuda"


def test_other_models_make_room_first(
    tmp_path: Path, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run fails as long as another model is on the GPU."""
    with make(tmp_path, "auto", TORCH_GPU) as engines:
        engines.get("test/other.v1").run({"a": ONE})
        crowd = Place("torch", "cuda")
        real = StandIn.run

        def run(self: StandIn, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            if engines._pool.holds("test/other.v1", crowd):
                raise OutOfMemory("There is too little memory.", "Use a smaller picture.")
            return real(self, inputs)

        monkeypatch.setattr(stand_in, "run", run)
        engines.get("test/x.torch").run({"a": ONE})
        assert engines.ran("test/x.torch").place.device == "cuda"
        assert not engines._pool.holds("test/other.v1", crowd)


def test_too_little_memory_to_open_it(tmp_path: Path, stand_in: type[StandIn]) -> None:
    stand_in.fails_to_open = True
    with make(tmp_path, "auto", TORCH_GPU) as engines:
        engines.get("test/x.torch").run({"a": ONE})
        assert engines.ran("test/x.torch").place == Place("onnx", "cpu")


def test_onnx_runtime_that_cannot_open_cuda(
    tmp_path: Path, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It warns, and runs on the CPU by itself."""
    monkeypatch.setattr(
        engines_module, "OnnxEngine", lambda model, path, device: stand_in("onnx", model, "cpu")
    )
    with make(tmp_path, "auto", Hardware(onnx_cuda=True)) as engines:
        engines.get("test/x.onnx").run({"a": ONE})
        ran = engines.ran("test/x.onnx")
    assert ran.place == Place("onnx", "cpu")
    assert ran.note == "test/x.onnx ran on the CPU: ONNX Runtime could not open CUDA."


def test_a_budget_for_one_engine(
    tmp_path: Path, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds an engine can go on with it after the pool has let go of it."""
    monkeypatch.setenv("GENAPP_MEMORY", "150")
    with make(tmp_path, "cpu", twins=False) as engines:
        first, second = engines.get("test/x.torch"), engines.get("test/other.v1")
        for engine in (first, second, first):
            engine.run({"a": ONE})
    names = [name for _, name, _ in stand_in.made]
    assert names == [
        "test/x.torch",
        "test/other.v1",
        "test/x.torch",
        "test/other.v1",
        "test/x.torch",
    ]


def test_threads_share_engines_that_come_and_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real engines of torch, room for one of two: every answer is right."""
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("GENAPP_MEMORY", "1kB")
    weights = tmp_path / "weights"
    weights.mkdir()
    models = [entry(weights, f"test/{name}.v1", "torch") for name in ("x", "y")]

    class Times(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = torch.nn.Parameter(torch.full((300,), factor))

        def forward(self, a: Any) -> Any:  # noqa: ANN401
            return a * self.factor[0]

    monkeypatch.setattr(
        engines_module, "_weights", lambda path: {"factor": 2.0 if "-x" in path.name else 3.0}
    )
    monkeypatch.setattr(engines_module, "_network", lambda weights: Times(weights["factor"]))
    engines = Engines(Catalog(tuple(models)), Store(weights, stamps=tmp_path / "s"), device="cpu")
    answers: list[bool] = []

    def work(name: str, factor: float) -> None:
        for number in range(60):
            a = np.full((1, 3), number, np.float32)
            found = float(engines.get(name).run({"a": a})["y"][0, 0])
            answers.append(found == factor * number)

    threads = [
        threading.Thread(target=work, args=args)
        for args in [("test/x.v1", 2.0), ("test/y.v1", 3.0)] * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 480
