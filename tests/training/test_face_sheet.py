"""Sheets of generated faces."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("h5py")

import face_sheet
import torch

from genapp.nets.face_generator import FaceGenerator, Level


@pytest.fixture(scope="module")
def net() -> FaceGenerator:
    torch.manual_seed(0)
    made = FaceGenerator(64, width=0.125).eval().requires_grad_(False)
    for level in made.synthesis.levels:
        assert isinstance(level, Level)
        torch.nn.init.normal_(level.to_rgb.weight, std=0.3)
    made.measure_mean(64)
    return made


def test_a_seed_gives_the_same_face_in_any_company(net: FaceGenerator) -> None:
    many, one = face_sheet.samples(net, 25, 3, 0.7), face_sheet.samples(net, 1, 23, 0.7)
    assert many.shape == (25, 3, 64, 64)
    assert (many[20].int() - one[0].int()).abs().max() <= 1


def test_rows_of_ten(net: FaceGenerator) -> None:
    truncated, mixed = face_sheet.truncations(net, 0), face_sheet.mixes(net, 0, 0.7)
    assert len(truncated) == 40
    assert len(mixed) == 30
    assert len(face_sheet.walk(net, 0, 0.7)) == 10
    spread = (truncated[:10].float() - truncated[:1].float()).abs().max()
    assert spread <= 1  # all the mean face; rounding may differ by the place in a batch
    assert face_sheet.grid(mixed).shape == (3 * 128, 10 * 128, 3)


def test_the_nearest_face_is_found_even_mirrored() -> None:
    faces = torch.randint(0, 256, (6, 3, 128, 128), dtype=torch.uint8)
    faces = torch.nn.functional.avg_pool2d(faces.float(), 8).to(torch.uint8)
    faces = faces.repeat_interleave(8, 2).repeat_interleave(8, 3)
    made = faces[[4, 2]].flip(3)
    found = face_sheet.with_nearest(made, faces)
    assert torch.equal(found[1], made[0])
    assert torch.equal(found[3], made[1])


def test_weights_of_a_training_are_loaded(net: FaceGenerator, tmp_path: Path) -> None:
    weights = {name: value.half() for name, value in net.state_dict().items()}
    torch.save({"weights": weights, "size": 64, "width": 0.125, "seen": 9}, tmp_path / "best.pt")
    again = face_sheet.load(tmp_path / "best.pt")
    one, other = (face_sheet.samples(each, 2, 0, 0.7).int() for each in (net, again))
    assert (one - other).abs().max() <= 3
