"""DDColor behind the protocol, with stand-ins of its ports: as ONNX, in torch, from the Hub."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from genapp.colorizing.ddcolor import SIDE, DDColor
from genapp.colorizing.pipeline import colorize
from genapp.images import to_float
from genapp.registry.catalog import load, parse, weights_folder
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from tests.hub import COMMIT, Hub

Array = NDArray[np.float32]

GAIN = 60.0
"""The stand-in gives black a = -30 and white a = 30, and b = 10 everywhere."""


def tiny_network(path: Path) -> None:
    """1×3×512×512 → 1×2×512×512, its ports named as on the Hub."""
    weight = np.zeros((2, 3, 1, 1), np.float32)
    weight[0] = GAIN / 3
    values = {"weight": weight, "bias": np.array([-GAIN / 2, 10], np.float32)}
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "weight", "bias"], ["output"])],
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, (1, 3, SIDE, SIDE))],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, (1, 2, SIDE, SIDE))],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def catalog_of(path: Path) -> str:
    """The catalogue, its DDColor a file of `owner/name` on the Hub with the bytes at `path`."""
    text = (weights_folder() / "catalog.toml").read_text(encoding="utf-8")
    start = text.index('name = "colorize/ddcolor.tiny"\n')
    end = text.index("[[model.input]]", start)
    data = path.read_bytes()
    lines = {
        "repo": '"owner/name"',
        "commit": f'"{COMMIT}"',
        "file": '"sub/x.onnx"',
        "sha256": f'"{hashlib.sha256(data).hexdigest()}"',
        "bytes": str(len(data)),
    }
    entry = text[start:end]
    for key, value in lines.items():
        entry, count = re.subn(rf"^{key} = .*$", f"{key} = {value}", entry, flags=re.MULTILINE)
        assert count == 1
    return text[:start] + entry + text[end:]


@pytest.fixture
def engines(tmp_path: Path) -> Engines:
    """A pool in which DDColor is a stand-in that lies in the Hub's cache."""
    path = tmp_path / "models--owner--name" / "snapshots" / COMMIT / "sub" / "x.onnx"
    tiny_network(path)
    store = Store(cache_dir=tmp_path, offline=True, stamps=None)
    return Engines(parse(catalog_of(path)), store, device="cpu")


@pytest.fixture
def ddcolor(engines: Engines) -> DDColor:
    return DDColor(engines.get("colorize/ddcolor.tiny"))


def halves(height: int, width: int) -> Array:
    """Lightness: the left half dark, the right one light."""
    lightness = np.full((height, width), 20, np.float32)
    lightness[:, width // 2 :] = 80
    return lightness


@pytest.mark.parametrize("shape", [(300, 900), (900, 300), (400, 400), (60, 31), (1, 1), (3, 700)])
def test_aspect_ratio_is_kept(ddcolor: DDColor, shape: tuple[int, int]) -> None:
    ab = ddcolor.colors(halves(*shape), ()).ab
    height, width = ab.shape[:2]
    assert max(height, width) <= min(SIDE, max(shape))
    assert abs(height / max(height, width) - shape[0] / max(shape)) <= 1 / max(height, width)
    assert ab.dtype == np.float32


def test_colours_are_where_the_photo_has_them(ddcolor: DDColor) -> None:
    ab = ddcolor.colors(halves(300, 900), ()).ab
    middle = ab.shape[1] // 2
    dark, light = ab[:, : middle - 6, 0], ab[:, middle + 6 :, 0]
    # sRGB of L 20 is 0.19, of L 80 0.78.
    assert dark == pytest.approx(GAIN * (0.19 - 0.5), abs=0.6)
    assert light == pytest.approx(GAIN * (0.78 - 0.5), abs=0.6)
    assert ab[..., 1] == pytest.approx(10, abs=1e-4)


def test_one_colour_a_place(ddcolor: DDColor) -> None:
    coarse = ddcolor.colors(halves(40, 40), ())
    assert coarse.logits is None
    assert coarse.bins is None


def test_default_once_it_is_here(engines: Engines, face: NDArray[np.uint8]) -> None:
    assert colorize(face, engines=engines).model == "colorize/ddcolor.tiny"


def test_hints_hold_although_the_network_takes_none(
    engines: Engines, face: NDArray[np.uint8]
) -> None:
    """The colour asked for at its place, and elsewhere what the network said."""
    plain = colorize(face, engines=engines).photo.pixels
    hinted = colorize(face, hints=["30,200,#7a8fb5"], engines=engines).photo.pixels
    here = np.asarray(cv2.cvtColor(to_float(hinted), cv2.COLOR_RGB2Lab))[200, 30]
    asked = cv2.cvtColor(np.array([[[0x7A, 0x8F, 0xB5]]], np.float32) / 255, cv2.COLOR_RGB2Lab)
    assert here[1:] == pytest.approx(asked[0, 0, 1:], abs=4)
    far = slice(face.shape[0] // 2, None), slice(face.shape[1] // 2, None)
    assert np.abs(hinted[far].astype(int) - plain[far]).mean() < 4


def test_every_entry_of_the_catalogue_is_as_the_adapter_needs_it() -> None:
    entries = [model for model in load().models if model.name.startswith("colorize/ddcolor.")]
    assert len(entries) >= 3
    for model in entries:
        assert [(port.name, port.shape) for port in model.inputs] == [("image", (1, 3, 512, 512))]
        assert [(port.name, port.shape) for port in model.outputs] == [("ab", (1, 2, 512, 512))]


PROGRAM = """
import json, sys
import numpy as np
import genapp
from genapp.registry.engines import Engines
photo = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (40, 1))
pool = Engines(device="cpu")
used = []
for name in (None, "colorize/ddcolor.tiny", None):
    result = genapp.colorize(photo, model=name, engines=pool)
    used.append(result.model)
print(json.dumps({"used": used, "pixel": result.photo.pixels[20, 50].tolist()}))
"""


def run(hub: Hub, home: Path) -> dict[str, Any]:
    """Colours a photo in a process of its own: the Hub's client reads its settings at import."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=hub.environment(home) | {"GENAPP_WEIGHTS": str(home / "weights")},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_fetched_from_the_hub_when_asked_for(hub: Hub, tmp_path: Path) -> None:
    """Not before; and from then on it is the default."""
    file = tmp_path / "x.onnx"
    tiny_network(file)
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "catalog.toml").write_text(catalog_of(file), encoding="utf-8")
    (weights / "colorize").symlink_to(weights_folder() / "colorize")
    hub.files["owner/name/sub/x.onnx"] = file.read_bytes()
    answer = run(hub, tmp_path)
    first, *later = answer["used"]
    assert first.startswith("colorize/mobilenet-unet.")
    assert later == 2 * ["colorize/ddcolor.tiny"]
    assert len(hub.transfers) == 1
    red, green, _ = answer["pixel"]
    assert red > green + 20  # a light place: a is high
