"""How many numbers the published networks learn: told by their papers, or by the size of the files
that hold them as float32."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """A network in its published size.

    Attributes:
        name: what it is called.
        build: makes it; to be called where torch makes tensors without memory.
        count: of the numbers that it learns.
        within: how far our own may be off, in parts: files also hold names, and constants.
        source: who says so.
    """

    name: str
    build: Callable[[], Any]
    count: float
    within: float
    source: str


def yunet() -> Any:  # noqa: ANN401
    from genapp.nets.yunet import YuNet

    return YuNet()


def bisenet_r18() -> Any:  # noqa: ANN401
    from genapp.nets.bisenet import BiSeNet

    return BiSeNet()


def bisenet_r34() -> Any:  # noqa: ANN401
    from genapp.nets.bisenet import BiSeNet, Shape

    return BiSeNet(Shape((3, 4, 6, 3)))


def deoldify() -> Any:  # noqa: ANN401
    from genapp.nets.deoldify import DeOldify

    return DeOldify()


def compact() -> Any:  # noqa: ANN401
    from spandrel.architectures.Compact import Compact

    return Compact(num_feat=64, num_conv=32, upscale=4)


def rrdbnet() -> Any:  # noqa: ANN401
    from spandrel.architectures.ESRGAN import ESRGAN

    return ESRGAN(num_filters=64, num_blocks=23, scale=4)


def rrdbnet_x2() -> Any:  # noqa: ANN401
    from spandrel.architectures.ESRGAN import ESRGAN

    return ESRGAN(in_nc=12, num_filters=64, num_blocks=23, scale=4, shuffle_factor=2)


def restoreformer() -> Any:  # noqa: ANN401
    from genapp.nets.restoreformer import RestoreFormerPlusPlus

    return RestoreFormerPlusPlus(
        {
            "n_embed": 1024,
            "embed_dim": 256,
            "ch": 64,
            "ch_mult": (1, 2, 2, 4, 4, 8),
            "num_res_blocks": 2,
            "z_channels": 256,
        }
    )


def informative_drawings() -> Any:  # noqa: ANN401
    from genapp.nets.informative_drawings import InformativeDrawings

    return InformativeDrawings()


def fast_neural_style() -> Any:  # noqa: ANN401
    from genapp.nets.fast_neural_style import FastNeuralStyle

    return FastNeuralStyle()


def animeganv2() -> Any:  # noqa: ANN401
    from genapp.nets.animeganv2 import AnimeGANv2

    return AnimeGANv2()


PUBLISHED = (
    Published("YuNet", yunet, 75_856, 0, "the paper"),
    Published("BiSeNet, ResNet-18", bisenet_r18, 53_205_356 / 4, 2e-3, "bisenet_resnet_18.onnx"),
    Published("BiSeNet, ResNet-34", bisenet_r34, 93_632_546 / 4, 2e-3, "bisenet_resnet_34.onnx"),
    Published("DeOldify artistic", deoldify, 255_144_681 / 4, 5e-3, "ColorizeArtistic_gen.pth"),
    Published(
        "Real-ESRGAN general x4v3", compact, 4_866_417 / 4, 5e-3, "realesr-general-x4v3.onnx"
    ),
    Published("Real-ESRGAN x4plus", rrdbnet, 67_040_989 / 4, 5e-3, "RealESRGAN_x4plus.pth"),
    Published("Real-ESRGAN x2plus", rrdbnet_x2, 67_061_725 / 4, 5e-3, "RealESRGAN_x2plus.pth"),
    Published("RestoreFormer++", restoreformer, 294_264_812 / 4, 5e-3, "RestoreFormer_PP.onnx"),
    Published("Informative drawings", informative_drawings, 17_173_511 / 4, 5e-3, "sk_model.pth"),
    Published("Fast neural style", fast_neural_style, 6_728_029 / 4, 5e-3, "mosaic-9.onnx"),
    Published("AnimeGANv2", animeganv2, 8_594_990 / 4, 5e-3, "face_paint_512_v2_0.onnx"),
)


def learnt(network: Any) -> int:  # noqa: ANN401
    """How many numbers a network learns."""
    return sum(value.numel() for value in network.parameters())
