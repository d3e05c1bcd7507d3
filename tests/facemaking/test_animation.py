"""Films: frames, looping, marks, faults."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genapp.errors import BadValue, Cancelled
from genapp.facemaking import open_generator, w_of, write_animation
from genapp.facemaking.arrays import Values
from genapp.registry.engines import Engines


def keys(engines: Engines, count: int = 2) -> list[Values]:
    generator = open_generator(engines)
    return [w_of(generator, seed) for seed in range(count)]


def test_mp4(stand_ins: Engines, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    target = tmp_path / "film.mp4"
    generator = open_generator(stand_ins)
    count = write_animation(target, keys(stand_ins), generator, stand_ins, seconds=0.5, size=64)
    with av.open(str(target)) as container:
        assert "trainedAlgorithmicMedia" in container.metadata["comment"]
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert count == len(frames) == 24
    assert frames[0].shape == (64, 64, 3)
    # The index comes first, so that it plays while it loads.
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_webp_loops(stand_ins: Engines, tmp_path: Path) -> None:
    target = tmp_path / "film.webp"
    generator = open_generator(stand_ins)
    count = write_animation(target, keys(stand_ins), generator, stand_ins, seconds=0.25, size=16)
    with Image.open(target) as film:
        assert getattr(film, "n_frames", 1) == count == 12
        assert film.info["loop"] == 0
        assert b"trainedAlgorithmicMedia" in film.info["xmp"]
        shown = []
        for number in range(count):
            film.seek(number)
            shown.append(np.asarray(film.convert("RGB")).astype(float))
    steps = [np.abs(shown[number] - shown[number - 1]).mean() for number in range(count)]
    assert 0 < steps[0] < 2 * np.mean(steps[1:])  # From the last frame to the first.


def test_without_marks(stand_ins: Engines, tmp_path: Path) -> None:
    generator = open_generator(stand_ins)
    for name in ("film.webp", "film.mp4"):
        target = tmp_path / name
        some = keys(stand_ins)
        write_animation(target, some, generator, stand_ins, seconds=0.1, size=16, mark=False)
        assert b"trainedAlgorithmicMedia" not in target.read_bytes()


def test_a_stop_leaves_nothing(stand_ins: Engines, tmp_path: Path) -> None:
    def progress(done: float, what: str, seconds_left: float | None) -> None:
        if done > 0.5:
            raise Cancelled("Stopped.", "Start again.")

    generator = open_generator(stand_ins)
    for name in ("film.mp4", "film.webp"):
        with pytest.raises(Cancelled):
            write_animation(
                tmp_path / name,
                keys(stand_ins),
                generator,
                stand_ins,
                seconds=0.5,
                size=16,
                progress=progress,
            )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("film.gif", {}, "End it in .mp4 or .webp"),
        ("film.mp4", {"count": 1}, "two faces"),
        ("film.mp4", {"seconds": 0}, "number of seconds"),
        ("film.mp4", {"size": 33}, "even number"),
        ("film.webp", {"count": 30, "seconds": 20}, "fewer faces"),
        ("none/film.webp", {}, "cannot be written"),
        ("none/film.mp4", {}, "cannot be written"),
    ],
)
def test_refused(
    stand_ins: Engines, tmp_path: Path, name: str, settings: dict[str, float], message: str
) -> None:
    settings = {"count": 2, "seconds": 0.1, "size": 16, **settings}
    some = keys(stand_ins, int(settings.pop("count")))
    generator = open_generator(stand_ins)
    with pytest.raises(BadValue, match=message):
        write_animation(tmp_path / name, some, generator, stand_ins, **settings)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []
