"""Frozen networks: shapes, padding, folded norms, packed files."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("h5py")

import image_features
import torch
from image_features import EFFICIENTNET, MOBILENET, VGG, SameConv

BACKBONES = (MOBILENET, EFFICIENTNET)


def shaken(module: torch.nn.Module) -> torch.nn.Module:
    """With norms that are not the identity, as after training."""
    generator = torch.Generator().manual_seed(3)
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.uniform_(-0.1, 0.1, generator=generator)
            layer.running_var.uniform_(0.5, 2, generator=generator)
            layer.weight.data.uniform_(0.5, 1.5, generator=generator)
    return module


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks that have learnt nothing, packed as if they came from their packages."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("features")
    mobile = shaken(image_features.MobileNetFeatures()).state_dict()
    given = {
        MOBILENET: {
            name.replace("layers.", "features."): value
            for name, value in mobile.items()
            if name.startswith("layers.")
        },
        EFFICIENTNET: shaken(image_features.EfficientNetLite0()).state_dict(),
        VGG: image_features.VggFeatures().layers.state_dict(),
    }
    files = {}
    for name, weights in given.items():
        files[name] = folder / f"{name}.pth"
        torch.save(weights, files[name])
    image_features.pack(files, folder / "features.pt")
    return folder / "features.pt"


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        (MOBILENET, image_features.MobileNetFeatures.channels),
        (EFFICIENTNET, image_features.EfficientNetFeatures.channels),
    ],
)
def test_features_at_four_strides(name: str, channels: tuple[int, ...], packed: Path) -> None:
    net = image_features.load(name, packed)
    found = net(torch.rand(2, 3, 64, 96) * 2 - 1)
    assert tuple(level.shape[1] for level in found) == channels
    assert [level.shape[2:] for level in found] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert not any(value.requires_grad for value in net.parameters())


def test_one_row_a_picture_to_measure_with(packed: Path) -> None:
    net = image_features.load(VGG, packed)
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 256 + 512)


@pytest.mark.parametrize("name", BACKBONES)
def test_folding_norms_changes_nothing(name: str, packed: Path) -> None:
    plain = image_features.NETWORKS[name](image_features.read(name, packed))
    folded = image_features.load(name, packed)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded.modules())
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    for one, other in zip(plain(picture), folded(picture), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", BACKBONES)
def test_a_packed_file_is_the_package_rounded(name: str, packed: Path) -> None:
    exact = image_features.read(name, packed.with_name(f"{name}.pth"))
    for key, value in image_features.read(name, packed).items():
        torch.testing.assert_close(value, exact[key], atol=1e-4, rtol=1e-3)


def test_what_is_not_packed_is_told(packed: Path, tmp_path: Path) -> None:
    stored = torch.load(packed, weights_only=True)
    del stored[VGG]
    torch.save(stored, tmp_path / "two.pt")
    with pytest.raises(KeyError, match="vgg16"):
        image_features.read(VGG, tmp_path / "two.pt")


@pytest.mark.parametrize(("kernel", "stride", "around"), [(3, 2, 0), (5, 2, 1), (5, 1, 2)])
def test_padding_is_tensorflows(kernel: int, stride: int, around: int) -> None:
    """On even sides, TensorFlow's "same" pads less before than after where it strides."""
    conv = SameConv(1, 1, kernel, stride)
    conv.weight.data.zero_()
    conv.weight.data[0, 0, 0, 0] = 1  # the first pixel that each place sees
    picture = torch.arange(64.0).view(1, 1, 8, 8)
    found = conv(picture)
    assert found.shape[2:] == (8 // stride, 8 // stride)
    place = -(-around // stride)
    pixel = place * stride - around
    assert found[0, 0, place, place] == picture[0, 0, pixel, pixel]
