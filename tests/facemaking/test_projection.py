"""From a photo to w, with a generator that is smooth but not linear."""

import cv2
import numpy as np
import pytest

from genapp.errors import NoFace
from genapp.facemaking import projection
from genapp.facemaking.arrays import Values
from genapp.facemaking.projection import cut_out, project
from genapp.images import Photo
from genapp.registry.engines import Engines

WIDTH, SIDE = 12, 32
BLANK = Photo(np.zeros((8, 8, 3), np.uint8))


class Smooth:
    """Draws soft patches that w mixes."""

    levels, size, z_size = 2, SIDE, WIDTH

    def __init__(self) -> None:
        coarse = np.random.default_rng(1).normal(size=(WIDTH, 8, 8, 3)).astype(np.float32)
        self.patches = np.stack([cv2.resize(each, (SIDE, SIDE)) for each in coarse])

    def mapping(self, z: Values) -> Values:
        return np.asarray(2 + z * np.linspace(1, 0.3, WIDTH), np.float32)

    def synthesis(self, w: Values) -> Values:
        mixed = np.einsum("nk,khwc->nhwc", w.mean(1) - 2, self.patches)
        return np.asarray(1 / (1 + np.exp(-mixed)), np.float32)


def drawn_again(monkeypatch: pytest.MonkeyPatch, wanted: Values) -> projection.Projection:
    monkeypatch.setattr(projection, "cut_out", lambda *_: wanted)
    return project(BLANK, Smooth(), None, directions=WIDTH)  # type: ignore[arg-type]


def test_a_face_of_the_generator_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = Smooth()
    w = generator.mapping(np.random.default_rng(2).normal(size=(1, WIDTH)).astype(np.float32))
    wanted = generator.synthesis(np.repeat(w[:, None], 2, 1))[0]
    found = drawn_again(monkeypatch, wanted)
    assert found.w.shape == (2, WIDTH)
    assert found.error < 0.1 * found.error_before
    np.testing.assert_allclose(found.w[0], w[0], atol=0.3)
    np.testing.assert_array_equal(found.picture, generator.synthesis(found.w[None])[0])


def test_what_it_cannot_draw_comes_nearer_and_stays_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = np.random.default_rng(3).random((SIDE, SIDE, 3)).astype(np.float32)
    found = drawn_again(monkeypatch, wanted)
    assert found.error <= found.error_before
    deviations = (found.w[0] - 2) / np.linspace(1, 0.3, WIDTH)
    assert np.abs(deviations).max() < 4


def test_progress_can_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: float, what: str, seconds_left: float | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(projection, "cut_out", lambda *_: np.zeros((SIDE, SIDE, 3), np.float32))
    with pytest.raises(KeyboardInterrupt):
        project(BLANK, Smooth(), None, directions=4, progress=stop)  # type: ignore[arg-type]


def test_the_face_of_a_photo_is_cut_out(engines: Engines, portrait: Photo) -> None:
    face = cut_out(portrait, 64, engines)
    assert face.shape == (64, 64, 3)
    assert face.dtype == np.float32
    again = cut_out(Photo((face * 255).astype(np.uint8)), 64, engines)
    # A face that is aligned already stays nearly as it is.
    assert np.abs(again - face).mean() < 0.08


def test_no_face(engines: Engines) -> None:
    with pytest.raises(NoFace):
        cut_out(BLANK, 64, engines)
