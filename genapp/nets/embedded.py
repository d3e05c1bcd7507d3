"""The networks that come with genapp in torch, from the numbers of their ONNX files.

The files in weights/ name their tensors as torch does (`genapp/registry/onnx_weights.py` reads
them), so that one file serves ONNX Runtime and torch. Ports are those of the file.
"""

from collections.abc import Callable, Container, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from genapp.nets import face_finisher
from genapp.nets.colorizer import Colorizer, Fine
from genapp.nets.face_finisher import FaceFinisher
from genapp.nets.face_generator import CHANNELS, FIRST, PIXELS, FaceGenerator
from genapp.nets.face_generator import Mapping as FaceMapping
from genapp.nets.span import Span

Weights = Mapping[str, Tensor]
Net = TypeVar("Net", bound=nn.Module)

WRAPPED = "net."
"""Before the names of networks that were exported within another module."""
FOLDED = "weight_bias"
"""What a batch norm leaves behind when it is folded into the convolution before it."""


class ColorizerPorts(nn.Module):
    """The colouriser, with the colours of its bins as a second output."""

    supports_half = True  # of numbers

    def __init__(self, net: Colorizer) -> None:
        """Wraps ``net``."""
        super().__init__()
        self.net = net

    def forward(self, lightness: Tensor, hints: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns logits, bins and context."""
        logits, context = self.net(lightness, hints)
        return logits, self.net.bins.clone(), context


class MappingPorts(nn.Module):
    """The mapping of faces, and the mean face beside it."""

    w_mean: Tensor

    def __init__(self, mapping: FaceMapping, w_mean: Tensor) -> None:
        """Wraps ``mapping``."""
        super().__init__()
        self.mapping = mapping
        self.register_buffer("w_mean", w_mean)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Returns w, n×256, and the mean w, 256."""
        return self.mapping(z), self.w_mean.clone()


class SynthesisPorts(nn.Module):
    """The synthesis of faces, and what finishes them if there is such a network; pictures 0..1."""

    supports_half = True

    def __init__(self, net: FaceGenerator) -> None:
        """Wraps ``net``, whose mapping is not used."""
        super().__init__()
        net.mapping = nn.Identity()  # type: ignore[assignment]
        self.net = net

    def forward(self, w: Tensor) -> Tensor:
        """Returns n×3×size×size of n×levels×256."""
        return (self.net.pictures(w) / 2 + 0.5).clamp(0, 1)


def knows(names: Container[str]) -> bool:
    """Whether one of these networks has weights of these names."""
    return any(mark in names for mark in _BUILDERS)


def from_weights(weights: Weights) -> nn.Module | None:
    """The network that the numbers belong to; None if it is none of these.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    for mark, build in _BUILDERS.items():
        if mark in weights:
            try:
                return build(weights).eval()
            except (KeyError, RuntimeError) as error:
                raise ValueError(f"These are not the weights of {mark}: {error}") from error
    return None


def _span(weights: Weights) -> Span:
    channels = len(weights["conv_1.weight"])
    scale = round((len(weights["upsampler.0.weight"]) / 3) ** 0.5)
    return _filled(Span(scale, channels), weights)


def _colorizer(weights: Weights) -> ColorizerPorts:
    bins = weights["bins"]
    width = len(weights["net.last.0.weight"])
    net = Colorizer(bins, width)
    # It has a file of its own.
    net.fine = nn.Identity()  # type: ignore[assignment]
    _unfold(net)
    named = {"bins": bins}
    for name, value in _unwrapped(weights).items():
        named[name.replace(f"0.{FOLDED}", "1.bias")] = value
    return ColorizerPorts(_filled(net, named))


def _fine(weights: Weights) -> Fine:
    return _filled(Fine(len(weights["layers.0.weight"])), weights)


def _face_mapping(weights: Weights) -> MappingPorts:
    named = {name.removeprefix("mapping."): each for name, each in _unwrapped(weights).items()}
    depth = sum(name.endswith(".bias") for name in named)
    return MappingPorts(_filled(FaceMapping(depth), named), weights["w_mean"])


def _face_synthesis(weights: Weights) -> SynthesisPorts:
    named = _unwrapped(weights)
    levels = sum(name.endswith("to_rgb.weight") for name in named)
    size = FIRST * PIXELS * 2 ** (levels - 1)
    width = len(named["synthesis.start.weight"]) / FIRST**2 / CHANNELS[0]
    net = FaceGenerator(size, width)
    if "finisher.first.weight" in named:
        coarse = len(named["finisher.further_down.weight"])
        net.finisher = FaceFinisher(coarse / face_finisher.CHANNELS[-1])
    ports = SynthesisPorts(net)
    # They have a file of their own.
    named["w_mean"] = net.w_mean
    # The exporter gave the biases of the styled convolutions their shape, and a number for a name.
    nameless = {
        int(name.split("_")[1]): value.flatten()
        for name, value in weights.items()
        if name.startswith("unsqueeze_") and value.shape[1:] == (1, 1)
    }
    missing = [name for name in net.state_dict() if name not in named]
    if len(missing) != len(nameless):
        raise KeyError(missing[0] if missing else "bias")
    named.update(zip(missing, (nameless[number] for number in sorted(nameless)), strict=True))
    _filled(net, named)
    return ports


_BUILDERS: dict[str, Callable[[Weights], nn.Module]] = {
    "block_1.c1.weight": _span,
    "net.context.weight": _colorizer,
    "layers.0.weight": _fine,
    "net.mapping.layers.0.weight": _face_mapping,
    "net.synthesis.start.weight": _face_synthesis,
}
"""By a weight that tells them apart."""


def _filled(net: Net, weights: Weights) -> Net:
    net.load_state_dict({name: weights[name] for name in net.state_dict()})
    return net


def _unwrapped(weights: Weights) -> dict[str, Tensor]:
    return {
        name.removeprefix(WRAPPED): value
        for name, value in weights.items()
        if name.startswith(WRAPPED)
    }


def _unfold(net: nn.Module) -> None:
    """Puts what is left of a folded batch norm, its shift, in the place of each."""
    for module in net.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, Shift(child.num_features))


class Shift(nn.Module):
    """Adds a number to each channel."""

    def __init__(self, channels: int) -> None:
        """Adds nothing yet."""
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×channels×h×w."""
        return x + self.bias[:, None, None]
