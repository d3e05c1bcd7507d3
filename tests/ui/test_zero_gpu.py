"""ZeroGPU, played by a module that forks as `spaces` does."""

import hashlib
import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.errors import BadValue, OutOfMemory, UserError
from genapp.registry import engines as engines_module
from genapp.registry.catalog import Catalog, File, Model, Port
from genapp.registry.devices import Place
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from genapp.ui import zero_gpu
from genapp.ui.zero_gpu import GpuWork, open_engines, seconds_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")

ONE = np.ones((1, 3), np.float32)


def entry(weights: Path, name: str, engine: Any) -> Model:  # noqa: ANN401
    path = weights / f"{name.replace('/', '-')}.bin"
    path.write_bytes(name.encode())
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    return Model(
        name=name,
        summary="Tells where it runs.",
        engine=engine,
        license="Apache-2.0",
        commercial=True,
        source="this test",
        training_data="none",
        paper=None,
        size_multiple=1,
        files=(File(name, sha, len(name), path=path.name),),
        inputs=(Port("a", ("n", 3)),),
        outputs=(Port("y", (2,)),),
        measures=(),
    )


class StandIn:
    """Tells the process that runs it, and whether it is on the GPU."""

    bytes = 10
    precision = "float32"

    def __init__(self, model: Model, path: Path, device: str) -> None:
        self.device = device

    def run(self, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        if inputs["a"].max() > 5:
            raise OutOfMemory("There is too little memory.", "Use a smaller picture.")
        return {"y": np.array([os.getpid(), self.device == "cuda"])}


class Spaces(ModuleType):
    """`spaces`: what is decorated runs in a fork; arguments and result are pickled."""

    def __init__(self) -> None:
        super().__init__("spaces")
        self.asked: list[int] = []

    def GPU(self, *, duration: Callable[..., int]) -> Callable[..., Any]:  # noqa: N802 (its name)
        def decorate(task: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:  # noqa: ANN401
                self.asked.append(duration(*arguments))
                sent = pickle.dumps(arguments)
                context = multiprocessing.get_context("fork")
                here, there = context.Pipe(duplex=False)
                process = context.Process(
                    target=lambda: there.send_bytes(pickle.dumps(task(*pickle.loads(sent))))
                )
                process.start()
                there.close()
                answer = pickle.loads(here.recv_bytes())
                process.join()
                return answer

            return call

        return decorate


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch) -> Spaces:
    module = Spaces()
    monkeypatch.setitem(sys.modules, "spaces", module)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    return module


@pytest.fixture
def engines(tmp_path: Path, spaces: Spaces, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engines]:
    catalog = Catalog(
        (entry(tmp_path, "test/heavy.v1", "torch"), entry(tmp_path, "test/light.v1", "onnx"))
    )
    real = Engines
    monkeypatch.setattr(
        zero_gpu,
        "Engines",
        lambda device: real(catalog, Store(tmp_path, stamps=tmp_path / "s"), device=device),
    )
    for name in ("TorchEngine", "OnnxEngine"):
        monkeypatch.setattr(engines_module, name, StandIn)
    monkeypatch.setattr(engines_module, "_gpu_memory", lambda: 10**9)
    monkeypatch.setattr(engines_module, "shipped_in_torch", lambda weights: False)
    monkeypatch.setattr(real, "weights", lambda self, name: {})
    with open_engines() as pool:
        yield pool


def where(engines: Engines, name: str) -> tuple[bool, bool]:
    """Whether it ran in this process, and on the GPU."""
    process, on_gpu = engines.get(name).run({"a": ONE})["y"]
    return bool(process == os.getpid()), bool(on_gpu)


def test_heavy_models_are_opened_at_the_start_and_borrow_the_gpu(
    engines: Engines, spaces: Spaces
) -> None:
    assert engines.preloaded("test/heavy.v1")
    assert not engines.preloaded("test/light.v1")
    assert where(engines, "test/heavy.v1") == (False, True)
    assert engines.ran("test/heavy.v1").place == Place("torch", "cuda")
    assert spaces.asked == [zero_gpu.LEAST_SECONDS]


def test_light_models_stay_on_the_cpu(engines: Engines, spaces: Spaces) -> None:
    assert where(engines, "test/light.v1") == (True, False)
    assert spaces.asked == []


def test_work_of_many_runs_borrows_once(engines: Engines, spaces: Spaces) -> None:
    def told(done: float, what: str, seconds_left: float | None) -> None: ...

    def work(number: int, pool: Engines, progress: Any) -> Any:  # noqa: ANN401
        runs = [where(pool, "test/heavy.v1") for _ in range(number)]
        # Engines of ONNX Runtime are built anew in the fork.
        return os.getpid(), runs, where(pool, "test/light.v1"), progress

    where(engines, "test/light.v1")
    gpu = GpuWork(engines, work)
    heavy, light = (engines.catalog.get(f"test/{name}.v1") for name in ("heavy", "light"))
    process, runs, other, progress = gpu(heavy, 100, 3, progress=told)
    assert process != os.getpid()
    assert [on_gpu for _, on_gpu in runs] == [True] * 3
    assert (other[1], progress) == (False, None)
    assert len(spaces.asked) == 1
    process, _, _, progress = gpu(light, 100, 0, progress=told)
    assert process == os.getpid()
    assert progress is not None


def test_a_users_mistake_comes_back(engines: Engines) -> None:
    with pytest.raises(OutOfMemory, match="too little memory"):
        engines.get("test/heavy.v1").run({"a": 9 * ONE})

    def work(pool: Engines, progress: object) -> None:
        raise BadValue("It is wrong.", "Mend it.")

    with pytest.raises(UserError, match="It is wrong"):
        GpuWork(engines, work)(engines.catalog.get("test/heavy.v1"), 1, progress=None)


def test_durations_grow_with_the_work_within_limits(tmp_path: Path) -> None:
    def model(size: int) -> Model:
        file = File("test/x.v1", None, size, repo="o/n", file="x.pth")
        return Model(**{**entry(tmp_path, "test/x.v1", "torch").__dict__, "files": (file,)})

    small = seconds_for(model(5_000_000), 100_000)
    medium = seconds_for(model(67_000_000), 500_000)
    assert small == zero_gpu.LEAST_SECONDS
    assert small < medium < seconds_for(model(67_000_000), 1_000_000)
    assert seconds_for(model(10**9), 10**8) == zero_gpu.MOST_SECONDS


def test_elsewhere_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)
    with open_engines() as engines:
        assert engines.device == "auto"
        model = engines.catalog.models[0]
        work = GpuWork(engines, lambda number, pool, progress: (number, pool, progress))
        assert work(model, 1, 7, progress=None) == (7, engines, None)


def test_zero_gpu_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    monkeypatch.setitem(sys.modules, "spaces", None)
    with pytest.raises(BadValue, match="spaces is not installed"):
        open_engines()
