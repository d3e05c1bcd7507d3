"""Which engine runs where."""

import subprocess
import sys
from pathlib import Path

import pytest

from genapp.errors import BadValue
from genapp.registry import devices
from genapp.registry.devices import Hardware, Place, Ran, find_hardware, places

BOTH = frozenset({"onnx", "torch"})
ONNX_CPU, ONNX_CUDA = Place("onnx", "cpu"), Place("onnx", "cuda")
TORCH_CPU, TORCH_CUDA = Place("torch", "cpu"), Place("torch", "cuda")


@pytest.mark.parametrize(
    ("device", "hardware", "runtimes", "expected"),
    [
        ("auto", Hardware(), BOTH, (ONNX_CPU, TORCH_CPU)),
        ("auto", Hardware(), {"torch"}, (TORCH_CPU,)),
        ("auto", Hardware(torch_cuda=True), BOTH, (TORCH_CUDA, ONNX_CPU, TORCH_CPU)),
        ("auto", Hardware(onnx_cuda=True), BOTH, (ONNX_CUDA, ONNX_CPU, TORCH_CPU)),
        ("auto", Hardware(True, True), BOTH, (TORCH_CUDA, ONNX_CUDA, ONNX_CPU, TORCH_CPU)),
        ("auto", Hardware(torch_cuda=True), {"onnx"}, (ONNX_CPU,)),
        ("cuda", Hardware(torch_cuda=True), {"onnx"}, (ONNX_CPU,)),
        ("cuda", Hardware(onnx_cuda=True), {"onnx"}, (ONNX_CUDA, ONNX_CPU)),
        ("cpu", Hardware(True, True), BOTH, (ONNX_CPU, TORCH_CPU)),
    ],
)
def test_order(
    device: str, hardware: Hardware, runtimes: set[str], expected: tuple[Place, ...]
) -> None:
    assert places(device, hardware, runtimes) == expected


def test_cuda_where_there_is_none() -> None:
    with pytest.raises(BadValue, match="no CUDA device") as caught:
        places("cuda", Hardware(), BOTH)
    assert "--device cpu" in caught.value.remedy


def test_unknown_device() -> None:
    with pytest.raises(BadValue, match="no device 'tpu'"):
        places("tpu", Hardware(True, True), BOTH)


def test_text_and_report() -> None:
    assert Ran("a/b.c", ONNX_CPU).text == "CPU, ONNX Runtime"
    ran = Ran("a/b.c", TORCH_CUDA, "float16", "A note.")
    assert ran.text == "CUDA, torch float16"
    assert ran.report() == {
        "device": "cuda",
        "engine": "torch",
        "precision": "float16",
        "note": "A note.",
    }


def test_without_a_driver_torch_is_not_imported() -> None:
    script = (
        "import sys; from genapp.registry import devices;"
        "devices.DRIVERS = ('no-such-library.so',);"
        "print(devices.find_hardware().cuda, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == ["False", "False"]


def test_hardware_is_asked_of_both_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_has_driver", lambda: True)
    monkeypatch.setattr(devices, "_torch_has_cuda", lambda: True)
    monkeypatch.setattr(devices, "_onnx_has_cuda", lambda: False)
    assert find_hardware.__wrapped__() == Hardware(torch_cuda=True)
