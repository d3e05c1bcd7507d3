import numpy as np
import pytest

from genapp.errors import BadValue, ModelMissing
from genapp.registry.catalog import Catalog
from genapp.registry.engines import Engines
from genapp.tryon import FaceShape
from genapp.upscaling import upscale
from genapp.upscaling.faces import TEMPLATE, check_restorer, chosen_faces, face_mask, restore

# The template in a photo of 100×80: half as large as it fits, and shifted.
POINTS = TEMPLATE / 512 * 60 + (20, 10)


def shape() -> FaceShape:
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    outline = np.stack([52 + 18 * np.sin(angle), 42 - 22 * np.cos(angle)], axis=1)
    return FaceShape((34, 20, 36, 44), outline, POINTS)


def test_chosen_faces() -> None:
    assert chosen_faces(True, 3) == (0, 1, 2)
    assert chosen_faces(False, 3) == ()
    assert chosen_faces([2, 0], 3) == (2, 0)
    with pytest.raises(BadValue, match="no face 3: the picture has 3 faces, numbered from 0"):
        chosen_faces([3], 3)
    with pytest.raises(BadValue, match="the picture has no face"):
        chosen_faces([0], 0)


def test_the_mask_is_soft_and_covers_the_face() -> None:
    mask = face_mask([shape()], (100, 80))
    assert mask.shape == (80, 100)
    assert mask[42, 52] == 255
    assert mask[24, 52] == 255
    assert mask[5, 5] == 0
    assert 0 < mask[42, 72] < 255


@pytest.mark.parametrize("fidelity", [0.0, 0.5, 1.0])
def test_a_face_is_cut_out_restored_and_laid_back(stand_ins: Engines, fidelity: float) -> None:
    """The stand-in restorer makes a negative; large areas keep their colour."""
    y, x = np.mgrid[0:80, 0:100]
    waves = 128 + 40 * np.sin(x * 0.9) * np.sin(y * 0.9)
    photo = np.repeat(waves[..., None], 3, axis=2).astype(np.uint8)
    (patch,) = restore(photo, [shape()], (200, 160), fidelity, stand_ins)
    row, column = 84 - patch.top, 104 - patch.left
    assert patch.weight[row, column] == pytest.approx(1 - fidelity, abs=0.01)
    assert patch.weight[0].max() < 0.01
    made = patch.pixels[row - 20 : row + 20, column - 20 : column + 20, 0].astype(float)
    was = photo[32:52, 42:62, 0].repeat(2, axis=0).repeat(2, axis=1) / 255
    assert np.corrcoef(made.ravel(), was.ravel())[0, 1] < -0.9
    assert made.mean() == pytest.approx(was.mean(), abs=0.02)


def test_a_missing_restorer_is_named(stand_ins: Engines, catalog: Catalog) -> None:
    check_restorer(stand_ins)
    without = Engines(Catalog(catalog.models[:-1]), stand_ins.store, device="cpu")
    with pytest.raises(ModelMissing, match=r"needs the model face/restoreformer\.plus-plus"):
        upscale(np.zeros((9, 9, 3), np.uint8), restore_faces=True, engines=without)
