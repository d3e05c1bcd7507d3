"""YuNet's pre- and post-processing, with a small stand-in and against OpenCV's own."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from genapp.errors import ModelMissing, UnknownName
from genapp.registry.engines import Engine, Engines
from genapp.registry.store import Store
from genapp.tryon import find_faces, try_on
from genapp.tryon.detect import Detection
from genapp.tryon.yunet import MODEL, SIDE, STRIDES, decode, find, square

Array = NDArray[np.float32]


class Blob:
    """Sees one face where the picture is reddest, as wide as `width` px of the square."""

    def __init__(self, width: float = 120.0) -> None:
        self.width = width
        self.pictures: list[Array] = []

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        image = inputs["input"]
        assert image.shape == (1, 3, SIDE, SIDE)
        assert image.dtype == np.float32
        self.pictures.append(image)
        red = np.clip(image[0, 2] - image[0, 0], 0, None)
        outputs = {}
        for stride in STRIDES:
            cells = SIDE // stride
            for kind, numbers in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
                outputs[f"{kind}_{stride}"] = np.zeros((1, cells * cells, numbers), np.float32)
        if red.max() > 100:
            rows, columns = np.nonzero(red > 100)
            middle = np.array([columns.mean(), rows.mean()]) / 32
            cell = middle.astype(int)
            place = cell[1] * (SIDE // 32) + cell[0]
            outputs["cls_32"][0, place] = outputs["obj_32"][0, place] = 0.9
            size = np.log(self.width / 32)
            outputs["bbox_32"][0, place] = [*(middle - cell), size, size]
            # Eyes side by side, a quarter of the width from the middle.
            eyes = [(-0.25, -0.1), (0.25, -0.1), (0, 0.1), (-0.2, 0.3), (0.2, 0.3)]
            points = np.array(eyes) * self.width / 32 + middle - cell
            outputs["kps_32"][0, place] = points.ravel()
        return outputs


class Pool:
    """Engines of which only YuNet is another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, name: str) -> Engine:
        assert name == MODEL
        return self._engine


def seen(pixels: NDArray[np.uint8], network: Blob) -> list[Detection]:
    return find(pixels, Pool(network))  # type: ignore[arg-type]


def dot(shape: tuple[int, int], x: int, y: int, radius: int = 20) -> NDArray[np.uint8]:
    picture = np.full((*shape, 3), 90, np.uint8)
    cv2.circle(picture, (x, y), radius, (255, 60, 60), -1)
    return picture


@pytest.mark.parametrize(("shape", "spot"), [((480, 640), (200, 150)), ((900, 300), (150, 700))])
def test_pixels_are_those_of_the_photo(shape: tuple[int, int], spot: tuple[int, int]) -> None:
    (face,) = seen(dot(shape, *spot), Blob())
    zoom = SIDE / max(shape)
    side = 120 / zoom * 0.83
    assert face.side == pytest.approx(side, rel=0.01)
    # The middle is that of brows to chin, below that of hairline to chin.
    assert face.center == pytest.approx([spot[0], spot[1] + 120 / zoom * 0.085], abs=2)
    assert face.roll == pytest.approx(0, abs=0.1)
    assert face.score == pytest.approx(0.9)


def test_colours_are_bgr_and_the_rest_is_black() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[...] = (10, 20, 30)
    image = square(picture, 3.2)
    assert image[0, :, 160, 300].tolist() == [30, 20, 10]
    assert image[0, :, 320:].max() == 0


def test_large_faces_are_looked_at_twice() -> None:
    small, large = Blob(120), Blob(400)
    seen(dot((640, 640), 300, 300), small)
    (face,) = seen(dot((640, 640), 300, 300), large)
    assert len(small.pictures) == 1
    assert len(large.pictures) == 2
    assert face.side > 300


def test_lying_faces_are_found_when_the_picture_is_turned() -> None:
    class Upright(Blob):
        """Sees it only where the picture's green corner is above."""

        def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
            image = inputs["input"][0]
            green = image[1, :40].mean() > 200
            return super().run(inputs if green else {"input": np.zeros_like(inputs["input"])})

    picture = dot((600, 600), 150, 300)
    picture[:, -60:] = (0, 255, 0)  # above, once it is turned back
    (face,) = seen(picture, Upright())
    assert face.center == pytest.approx([150, 300], abs=15)
    assert abs(face.roll) == pytest.approx(90, abs=1)


def test_no_face() -> None:
    assert seen(np.full((300, 400, 3), 128, np.uint8), Blob()) == []


def test_unknown_detector(engines: Engines) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(UnknownName, match="no detector named 'yolo'"):
        find_faces(picture, engines, "yolo")
    with pytest.raises(UnknownName, match="yunet"):
        try_on(picture, detector="yunett", engines=engines)


def test_missing_offline(tmp_path: Path) -> None:
    store = Store(cache_dir=tmp_path, offline=True, stamps=tmp_path / "stamps.json")
    with pytest.raises(ModelMissing, match="yunet_2023mar"):
        find_faces(np.zeros((64, 64, 3), np.uint8), Engines(store=store), "yunet")


def test_boxes_and_points_are_those_of_opencv(tmp_path: Path) -> None:
    """The same file in OpenCV's FaceDetectorYN, which is what its authors recommend."""
    pytest.importorskip("torch")
    pytest.importorskip("spandrel")
    from tests.adapters.cases import CASES, saved

    (case,) = (case for case in CASES if case.name == "YuNet")
    files = saved(case, tmp_path)
    picture = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    rows = decode(files.engine("onnx").run({"input": square(picture, 1.0)}))
    least = float(np.sort(rows[:, -1])[-40])
    # A threshold of 1 for overlaps: nothing is merged.
    theirs = cv2.FaceDetectorYN.create(str(files.exports[0]), "", (SIDE, SIDE), least, 1.0, 5000)
    _, found = theirs.detect(np.ascontiguousarray(picture[..., ::-1]))
    ours = rows[rows[:, -1] >= least]
    assert found is not None
    assert len(found) >= 30
    for row in found:
        nearest = ours[np.abs(ours[:, :4] - row[:4]).max(1).argmin()]
        assert nearest[:14] == pytest.approx(row[:14], abs=0.5)
        assert nearest[14] == pytest.approx(row[14], abs=2e-3)
