"""Instance norms whose statistics come from outside, against ONNX Runtime's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from genapp.registry.graphs import share_statistics
from tests.translating.tiny_hub import (
    CHANNELS,
    conv,
    save,
    save_anime,
    save_fast_style,
    save_line_art,
)

Values = NDArray[np.float32]


def session(model: str | bytes) -> Any:  # noqa: ANN401 (ONNX Runtime has no types)
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def picture(height: int, width: int) -> Values:
    rng = np.random.default_rng(0)
    return (rng.uniform(0, 1, (1, 3, height, width)) ** 2).astype(np.float32)


@pytest.mark.parametrize(
    ("make", "side", "channels"),
    [(save_fast_style, 224, 2 * CHANNELS), (save_line_art, 64, CHANNELS), (save_anime, 512, 1)],
)
def test_the_same_as_before(
    tmp_path: Path, make: Callable[[Path], None], side: int, channels: int
) -> None:
    """With its own statistics, and with the same ones given back to it."""
    make(tmp_path / "x.onnx")
    image = picture(side, side)
    original = session(str(tmp_path / "x.onnx"))
    (expected,) = original.run(None, {original.get_inputs()[0].name: image})
    opened = session(share_statistics(tmp_path / "x.onnx", "image", "painting"))
    none, any_ = np.zeros(1, np.float32), np.ones((2, 100), np.float32)
    painting, used = opened.run(None, {"image": image, "statistics": any_, "shared": none})
    assert used.shape == (2, channels)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(painting, expected, atol=1e-4 * scale)
    shared = {"statistics": used, "shared": np.ones(1, np.float32)}
    again, _ = opened.run(None, {"image": image, **shared})
    np.testing.assert_allclose(again, expected, atol=1e-4 * scale)


@pytest.mark.parametrize("make", [save_fast_style, save_line_art])
def test_size_is_free(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x.onnx")
    opened = session(share_statistics(tmp_path / "x.onnx", "image", "painting"))
    given = {"statistics": np.ones((2, 12), np.float32), "shared": np.zeros(1, np.float32)}
    painting, _ = opened.run(None, {"image": picture(40, 64), **given})
    assert painting.shape[2:] == (40, 64)


def test_what_has_no_norms_is_refused(tmp_path: Path) -> None:
    values = {"c.weight": np.ones((3, 3, 1, 1), np.float32), "c.bias": np.ones(3, np.float32)}
    ports = (("in", (1, 3, "h", "w")), ("out", (1, 3, "h", "w")))
    save(tmp_path / "x.onnx", [conv("in", "c", "out")], values, *ports)
    with pytest.raises(ValueError, match="no instance norm"):
        share_statistics(tmp_path / "x.onnx", "image", "painting")
