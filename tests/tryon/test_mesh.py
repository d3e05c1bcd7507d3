"""The same face gives the same points, however the photo is scaled, turned or cropped."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from genapp.images import Photo, Pixels
from genapp.registry.engines import Engines
from genapp.tryon import Analysis
from genapp.tryon.arrays import Array
from genapp.tryon.detect import detect
from genapp.tryon.mesh import Mesh, find_mesh, follow_mesh
from tests.tryon.conftest import EXAMPLES


@pytest.fixture(params=[path.stem for path in EXAMPLES])
def portrait(request: pytest.FixtureRequest, analyses: dict[str, Analysis]) -> tuple[Pixels, Mesh]:
    """A photo and its mesh."""
    analysis = analyses[request.param]
    return analysis.photo.pixels, analysis.faces[0].mesh


def mesh_of(pixels: Pixels, engines: Engines) -> Mesh:
    mesh = find_mesh(pixels, detect(pixels, engines)[0], engines)
    assert mesh is not None
    return mesh


def deviation(found: Array, expected: Array, mesh: Mesh) -> float:
    """Mean distance of the points over the distance of the pupils."""
    eyes = np.linalg.norm(mesh.pupils[1] - mesh.pupils[0])
    return float(np.linalg.norm(found - expected, axis=1).mean() / eyes)


def test_mesh_is_478_points_inside_the_photo(portrait: tuple[Pixels, Mesh]) -> None:
    pixels, mesh = portrait
    assert mesh.points.shape == (478, 3)
    assert (mesh.points[:, :2] > 0).all()
    assert (mesh.points[:, :2] < pixels.shape[1::-1]).all()
    assert mesh.score > 0.9
    x, y, width, height = mesh.box
    assert (x, y) == pytest.approx(mesh.points[:, :2].min(0))
    assert (x + width, y + height) == pytest.approx(mesh.points[:, :2].max(0))


def test_pupils_are_dark_and_in_the_upper_half(portrait: tuple[Pixels, Mesh]) -> None:
    pixels, mesh = portrait
    x, y, width, height = mesh.box
    for column, row in mesh.pupils:
        assert x < column < x + width
        assert y < row < y + height / 2
        iris = pixels[round(row) - 3 : round(row) + 4, round(column) - 3 : round(column) + 4]
        cheek = pixels[round(row + height / 5), round(column)]
        assert iris.mean() < 0.8 * cheek.mean()
    assert mesh.pupils[0, 0] < mesh.pupils[1, 0]


@pytest.mark.parametrize("factor", [0.5, 1.5, 2.0])
def test_scaled_photo_gives_scaled_points(
    portrait: tuple[Pixels, Mesh], engines: Engines, factor: float
) -> None:
    pixels, mesh = portrait
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=way)
    found = mesh_of(np.asarray(scaled, np.uint8), engines).points / factor
    assert deviation(found[:, :2], mesh.points[:, :2], mesh) < 0.02
    assert deviation(found, mesh.points, mesh) < 0.04


@pytest.mark.parametrize("degrees", [-35, 20, 90, 180])
def test_turned_photo_gives_turned_points(
    portrait: tuple[Pixels, Mesh], engines: Engines, degrees: float
) -> None:
    pixels, mesh = portrait
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 0.8)
    # Pixel centres lie at half a pixel in photo coordinates, at whole numbers in warpAffine.
    shifted = turn.copy()
    shifted[:, 2] += turn[:, :2].sum(1) / 2 - 0.5
    turned = cv2.warpAffine(pixels, shifted, (width, height), borderValue=(128, 128, 128))
    found = mesh_of(np.asarray(turned, np.uint8), engines).points[:, :2]
    expected = mesh.points[:, :2] @ turn[:, :2].T + turn[:, 2]
    assert deviation(found, expected, mesh) < 0.03


def test_cropped_photo_gives_shifted_points(
    portrait: tuple[Pixels, Mesh], engines: Engines
) -> None:
    pixels, mesh = portrait
    x, y, width, height = (round(value) for value in mesh.box)
    left, top = x - width // 4, y - height // 4
    cropped = pixels[top : y + height + height // 6, left : x + width + width // 4]
    found = mesh_of(np.ascontiguousarray(cropped), engines).points[:, :2]
    assert deviation(found, mesh.points[:, :2] - np.array([left, top]), mesh) < 0.02


def test_16_bits_give_the_points_of_8(examples: dict[str, Photo], engines: Engines) -> None:
    pixels = examples["young-man"].pixels
    shallow, deep = mesh_of(pixels, engines), mesh_of(pixels.astype(np.uint16) * 257, engines)
    assert np.abs(shallow.points - deep.points).max() < 0.5


def test_where_there_is_no_face_there_is_no_mesh(
    examples: dict[str, Photo], engines: Engines
) -> None:
    detection = detect(examples["young-man"].pixels, engines)[0]
    wall = np.full_like(examples["young-man"].pixels, 150)
    assert find_mesh(wall, detection, engines) is None


def test_mirrored_photo_gives_mirrored_pupils(
    portrait: tuple[Pixels, Mesh], engines: Engines
) -> None:
    pixels, mesh = portrait
    mirrored = mesh_of(np.ascontiguousarray(pixels[:, ::-1]), engines).pupils
    expected = mesh.pupils[::-1] * (-1, 1) + (pixels.shape[1], 0)
    assert deviation(mirrored, expected, mesh) < 0.03


def test_followed_face_gives_the_same_points(
    portrait: tuple[Pixels, Mesh], engines: Engines
) -> None:
    pixels, mesh = portrait
    moved = np.roll(pixels, (3, 5), (0, 1))
    found = follow_mesh(moved, mesh, engines)
    assert found is not None
    assert deviation(found.points[:, :2], mesh.points[:, :2] + (5, 3), mesh) < 0.02
    assert follow_mesh(np.full_like(pixels, 150), mesh, engines) is None


@pytest.mark.parametrize("score", [0.6, 0.95])
def test_real_face_is_kept_whatever_the_detector_thinks_of_it(
    portrait: tuple[Pixels, Mesh], engines: Engines, score: float
) -> None:
    pixels, _ = portrait
    assert find_mesh(pixels, replace(detect(pixels, engines)[0], score=score), engines) is not None


def test_wrong_way_up_comes_right_by_and_by(
    portrait: tuple[Pixels, Mesh], engines: Engines
) -> None:
    pixels, mesh = portrait
    sure = detect(pixels, engines)[0]
    found = find_mesh(pixels, replace(sure, roll=sure.roll + 40), engines)
    assert found is not None
    assert deviation(found.points[:, :2], mesh.points[:, :2], mesh) < 0.03
