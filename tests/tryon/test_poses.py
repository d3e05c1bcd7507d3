"""How faces are held, for other tasks."""

import cv2
import numpy as np
import pytest

from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.tryon import Analysis, dress, find_poses, load_frame
from genapp.tryon.pose import Canonical
from genapp.tryon.poses import _misfit


def test_angles_are_those_of_the_analysis(analysis: Analysis, engines: Engines) -> None:
    (found,) = find_poses(analysis.photo.pixels, engines)
    angles = analysis.faces[0].head.angles
    assert (found.yaw, found.pitch, found.roll) == pytest.approx(angles, abs=1e-3)
    assert found.box == analysis.faces[0].mesh.box
    assert found.glasses == analysis.faces[0].worn.score
    assert 0.01 < found.misfit < 0.15


def test_a_mirrored_face_looks_the_other_way(examples: dict[str, Photo], engines: Engines) -> None:
    pixels = examples["young-woman"].pixels
    (one,) = find_poses(pixels, engines)
    (other,) = find_poses(np.ascontiguousarray(pixels[:, ::-1]), engines)
    assert other.yaw == pytest.approx(-one.yaw, abs=2)
    assert other.mouth_open == pytest.approx(one.mouth_open, abs=0.02)


def test_small_faces_are_told_alike(examples: dict[str, Photo], engines: Engines) -> None:
    pixels = examples["young-woman"].pixels
    (large,) = find_poses(pixels, engines)
    zoom = 40 / large.box[2]
    small = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    (found,) = find_poses(np.asarray(small, np.uint8), engines)
    assert found.yaw == pytest.approx(large.yaw, abs=4)
    assert found.pitch == pytest.approx(large.pitch, abs=4)


def test_glasses_are_seen(analyses: dict[str, Analysis], engines: Engines) -> None:
    dressed = dress(analyses["young-woman"], load_frame("wayfarer"))
    (found,) = find_poses(dressed.photo.pixels, engines)
    assert found.glasses > 0.5


def test_no_face(engines: Engines, gradient: np.ndarray) -> None:
    assert find_poses(np.asarray(cv2.resize(gradient, (128, 128)), np.uint8), engines) == ()


def test_the_average_face_fits_wherever_it_is(canonical: Canonical) -> None:
    turn, _ = cv2.Rodrigues(np.array([0.1, 0.4, -0.2]))
    points = 3 * canonical.vertices @ turn.T + [10, -20, 5]
    assert _misfit(np.asarray(points, np.float32), canonical) == pytest.approx(0, abs=1e-4)
    bent = points * [1, 1.2, 1]
    assert _misfit(np.asarray(bent, np.float32), canonical) > 0.05
