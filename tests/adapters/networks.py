"""Small networks of every architecture that has an adapter, with random weights under the published
names, in the form in which they were published."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from genapp.registry.engines import Engines
from genapp.tryon import find_faces
from genapp.tryon.yunet import SIDE, square
from tests.adapters.photos import portrait

State = dict[str, Any]

WIDTH = 320
"""Of the photo in which the small YuNet finds a face, px."""


def randomized(network: nn.Module) -> Any:  # noqa: ANN401
    """The same with statistics, norms and zeros that are not as at the start of training."""
    generator = torch.Generator().manual_seed(0)

    def drawn(like: Tensor, low: float, high: float) -> Tensor:
        return torch.rand(like.shape, generator=generator) * (high - low) + low

    with torch.no_grad():
        for name, value in [*network.named_parameters(), *network.named_buffers()]:
            if name.endswith("running_var"):
                value.copy_(drawn(value, 0.5, 1.5))
            elif name.endswith("running_mean"):
                value.copy_(drawn(value, -0.2, 0.2))
            elif value.dtype == torch.float32 and value.ndim == 1:
                # Biases, scales and shifts: near what they were.
                value.add_(drawn(value, -0.2, 0.2))
    return network.eval()


def seeded(make: Callable[[], nn.Module]) -> Any:  # noqa: ANN401
    torch.manual_seed(0)
    return randomized(make())


def bright(make: Callable[[], nn.Module]) -> Any:  # noqa: ANN401
    """A network whose pictures are around middle grey: their use clips them to 0…1."""
    network = seeded(make)
    *_, weight, bias = network.parameters()
    with torch.no_grad():
        weight *= 4
        bias.fill_(0.4)
    return network


def yunet() -> tuple[Any, State]:
    """It finds the face of the one photo that it was made for, in the coarsest grid."""
    from genapp.nets.yunet import YuNet

    network = seeded(YuNet)
    with torch.no_grad():
        _show_face(network)
    return network, {"state_dict": network.state_dict(), "meta": {"epoch": 3}}


def _show_face(network: Any) -> None:  # noqa: ANN401
    """Fisher's discriminant between the cell in the middle of the face and all others; the box is
    the same in all cells."""
    photo = portrait(WIDTH)
    zoom, stride = SIDE / max(photo.shape[:2]), 32
    with Engines(device="cpu") as engines:
        (shape,) = find_faces(photo, engines)
    x, y, width, height = (value * zoom for value in shape.box)
    # From the brows, as `Detection` has it, to the hairline.
    top = y - 0.1 * height
    middle = np.array([x + width / 2, (top + y + height) / 2])
    cell = (middle // stride).astype(int)
    # Statistics of this photo: untrained features would hardly differ from cell to cell.
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()(torch.from_numpy(square(photo, zoom)))
    network.eval()
    seen: list[Tensor] = []
    head = network.bbox_head
    hook = head.multi_level_share_convs[2].register_forward_hook(
        lambda module, given, result: seen.append(result)
    )
    network(torch.from_numpy(square(photo, zoom)))
    hook.remove()
    features = seen[0][0].flatten(1).T
    target = features[cell[1] * (SIDE // stride) + cell[0]]
    away = features - features.mean(0)
    spread = away.T @ away / len(away)
    # Not along directions in which the features hardly differ: rounding would show.
    spread += 0.03 * spread.diagonal().mean() * torch.eye(len(spread))
    direction = torch.linalg.solve(spread, target - features.mean(0))
    scores, own = features @ direction, target @ direction
    second = scores.topk(2).values[1]
    gain = 16 / (own - second)
    for kind in ("cls", "obj", "bbox", "kps"):
        for level, unit in enumerate(head.get_submodule(f"multi_level_{kind}")):
            unit.conv1.weight *= 0.01
            unit.conv1.bias.zero_()
            unit.conv2.weight.zero_()
            unit.conv2.weight[:, :, 1, 1] = 1
            unit.conv2.bias.fill_(-8 if kind == "cls" else 8 if kind == "obj" else 0)
            if level == 2 and kind == "cls":
                unit.conv1.weight[0, :, 0, 0] = gain * direction
                unit.conv2.bias.fill_(float(-gain * (own + second) / 2))
    sizes = np.log(np.array([width, height * 1.1]) / stride)
    where = np.concatenate([middle / stride - cell, sizes])
    head.multi_level_bbox[2].conv2.bias.copy_(torch.from_numpy(where))
    spots = shape.five_points * zoom / stride - cell
    head.multi_level_kps[2].conv2.bias.copy_(torch.from_numpy(spots.ravel()))


def bisenet() -> tuple[Any, State]:
    """It sees hair everywhere."""
    from genapp.nets.bisenet import BiSeNet, Shape

    network = seeded(lambda: BiSeNet(Shape((1, 2, 1, 1), 8)))
    with torch.no_grad():
        network.conv_out.conv.weight[17] += 2
    # The encoder's classifier is in the published file too.
    unused = {
        "fpn.backbone.fc.weight": torch.zeros(10, 64),
        "fpn.backbone.fc.bias": torch.zeros(10),
    }
    return network, {**network.state_dict(), **unused}


def ddcolor() -> tuple[Any, State]:
    from genapp.nets.ddcolor import DDColor, Shape

    shape = Shape((1, 1, 2, 1), (8, 16, 24, 32), width=64, queries=5, layers=4, hidden=48)
    network = seeded(lambda: DDColor(shape))
    normed = ("shuf.conv.0.weight", "layers.0.conv.0.weight", "last_shuf.conv.0.weight")
    names = [name for name in network.state_dict() if name.endswith(normed)]
    names.append("refine_net.0.0.weight")
    with torch.no_grad():
        network.refine_net[0][0].bias += torch.tensor([25.0, -15.0])
    return network, {"params": with_spectral_norm(network, names)}


def deoldify() -> tuple[Any, State]:
    from genapp.nets.deoldify import DeOldify, Shape

    network = seeded(lambda: DeOldify(Shape((1, 1, 2, 1), 8, (24, 24, 16, 12))))
    last = "layers.8.conv.0.weight"
    convs = [
        name
        for name, value in network.state_dict().items()
        if name.endswith("weight")
        and value.ndim > 2
        and not name.startswith("layers.0.")
        and name != last
    ]
    state = with_spectral_norm(network, convs)
    weight = state.pop(last)
    state[f"{last}_g"] = weight.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    state[f"{last}_v"] = 3 * weight
    return network, {"model": state}


def with_spectral_norm(network: Any, names: list[str]) -> State:  # noqa: ANN401
    """The weights as training saves those that it divides by their largest singular value, which
    is 1 in the network from then on."""
    state = dict(network.state_dict())
    for name in names:
        weight = state.pop(name)
        left, values, right = torch.linalg.svd(weight.flatten(1), full_matrices=False)
        weight /= values[0]
        state[f"{name}_orig"] = 3 * weight
        state[f"{name}_u"], state[f"{name}_v"] = left[:, 0], right[0]
    return state


def compact() -> tuple[Any, State]:
    from spandrel.architectures.Compact import Compact

    network = bright(lambda: Compact(num_feat=16, num_conv=2, upscale=4))
    return network, {"params": network.state_dict()}


def rrdbnet() -> tuple[Any, State]:
    from spandrel.architectures.ESRGAN import ESRGAN

    network = bright(lambda: ESRGAN(num_filters=16, num_blocks=1, scale=4))
    return network, {"params_ema": network.state_dict()}


def rrdbnet_x2() -> tuple[Any, State]:
    from spandrel.architectures.ESRGAN import ESRGAN

    options = {"in_nc": 12, "num_filters": 16, "num_blocks": 1, "scale": 4, "shuffle_factor": 2}
    network = bright(lambda: ESRGAN(**options))
    return network, {"params_ema": network.state_dict()}


def hat() -> tuple[Any, State]:
    from spandrel.architectures.HAT import HAT

    options = {"embed_dim": 30, "depths": (1, 1), "num_heads": (2, 2), "window_size": 8}
    network = bright(lambda: HAT(**options, upscale=4, mlp_ratio=2))
    return network, {"params_ema": network.state_dict()}


def swin2sr(**options: Any) -> tuple[Any, State]:  # noqa: ANN401
    """As transformers saves it: the form in which it is on the Hub."""
    from genapp.nets.swin2sr import Swin2SR

    shape = {"img_size": 64, "embed_dim": 12, "depths": [2], "num_heads": [2], "window_size": 8}
    usual = {"mlp_ratio": 2, "upscale": 2, "upsampler": "pixelshuffle"}
    network = bright(lambda: Swin2SR(**{**shape, **usual, **options}))
    buffers = {name for name, _ in network.named_buffers()}
    state: State = {}
    for name, value in network.state_dict().items():
        if name in buffers:
            continue
        new = name
        for old, replacement in TRANSFORMERS:
            new = re.sub(old, replacement, new)
        parts = ("query", "key", "value") if "qkv" in new else ("",)
        for part, chunk in zip(parts, value.chunk(len(parts)), strict=True):
            state[new.replace("qkv", part)] = chunk
    return network, state


TRANSFORMERS = (
    (r"^conv_first", "swin2sr.first_convolution"),
    (r"^patch_embed\.proj", "swin2sr.embeddings.patch_embeddings.projection"),
    (r"^patch_embed\.norm", "swin2sr.embeddings.patch_embeddings.layernorm"),
    (r"^layers\.(\d+)\.residual_group\.blocks", r"swin2sr.encoder.stages.\1.layers"),
    (r"^layers", "swin2sr.encoder.stages"),
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"attn\.proj", "attention.output.dense"),
    (r"attn\.cpb_mlp", "attention.self.continuous_position_bias_mlp"),
    (r"attn\.q_bias", "attention.self.query.bias"),
    (r"attn\.v_bias", "attention.self.value.bias"),
    (r"attn\.", "attention.self."),
    (r"norm1", "layernorm_before"),
    (r"norm2", "layernorm_after"),
    (r"mlp\.fc1", "intermediate.dense"),
    (r"mlp\.fc2", "output.dense"),
    (r"^norm", "swin2sr.layernorm"),
    (r"^conv_after_body", "swin2sr.conv_after_body"),
    (r"^upsample\.0", "upsample.upsample.convolution_0"),
    (r"^upsample\.2", "upsample.upsample.convolution_1"),
    (r"^conv_before_upsample\.0", "upsample.conv_before_upsample"),
    (r"^conv_last", "upsample.final_convolution"),
)
"""The authors' names of Swin2SR's weights → those of transformers."""


def restoreformer() -> tuple[Any, State]:
    from genapp.nets.restoreformer import PREFIX, RestoreFormerPlusPlus

    settings = {
        "n_embed": 16,
        "embed_dim": 32,
        "ch": 32,
        "ch_mult": (1, 1, 1, 1, 1, 1),
        "num_res_blocks": 1,
        "z_channels": 32,
    }
    network = seeded(lambda: RestoreFormerPlusPlus(settings))
    with torch.no_grad():
        # Far apart, so that rounding doesn't choose another entry.
        nn.init.normal_(network.quantize.embedding.weight)
    named = {f"{PREFIX}{name}": value for name, value in network.state_dict().items()}
    return network, {"state_dict": {**named, "loss.discriminator.weight": torch.zeros(3)}}


def informative_drawings() -> tuple[Any, State]:
    from genapp.nets.informative_drawings import InformativeDrawings

    network = seeded(lambda: InformativeDrawings(4, 2))
    return network, network.state_dict()


def fast_neural_style() -> tuple[Any, State]:
    from genapp.nets.fast_neural_style import FastNeuralStyle

    network = seeded(lambda: FastNeuralStyle((4, 6, 8), 2))
    with torch.no_grad():
        network.deconv3.conv2d.weight *= 40
        network.deconv3.conv2d.bias += 120
    # Running statistics, as files from before torch 0.4 have.
    return network, {**network.state_dict(), "in1.running_mean": torch.zeros(4)}


def animeganv2() -> tuple[Any, State]:
    from genapp.nets.animeganv2 import AnimeGANv2

    network = seeded(lambda: AnimeGANv2(4))
    return network, network.state_dict()


def ddpm() -> tuple[Any, State]:
    from genapp.nets.ddpm import DDPM

    settings = {
        "block_out_channels": (32, 32),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
    }
    network = seeded(lambda: DDPM(settings))
    return network, network.unet.state_dict()


def mobilestylegan() -> tuple[Any, State]:
    from genapp.nets.mobilestylegan import MobileStyleGAN, Shape

    network = seeded(lambda: MobileStyleGAN(Shape((16, 8, 12), style=24, depth=3)))
    nn.init.normal_(network.style_mean, std=0.1)
    return network, {"state_dict": network.state_dict(), "epoch": 3}


class Multiclass(nn.Module):
    """A stand-in with the ports of MediaPipe's selfie multiclass, whose architecture was never
    published: skin of the face where it is bright, hair where it is dark."""

    def forward(self, image: Tensor) -> Tensor:
        light = image.mean(3, keepdim=True)
        nothing = torch.zeros_like(light)
        return torch.cat([nothing, 1 - 2 * light, nothing, 2 * light, nothing, nothing], 3)


class Plain(nn.Module):
    """A style's network as it was published: its norms look at the whole picture, nothing else."""

    def __init__(self, network: Any) -> None:  # noqa: ANN401
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        style, first = self.network.style(), 0

        def norms(x: Tensor) -> Tensor:
            nonlocal first
            part = slice(first, first + int(x.shape[1]))
            first = part.stop
            return nn.functional.instance_norm(x, weight=style[0, part], bias=style[1, part])

        painting: Tensor = self.network.drawn(image, norms)
        return painting


class Part(nn.Module):
    """One way through a network that has several, by the name of its input."""

    def __init__(self, network: nn.Module, port: str) -> None:
        super().__init__()
        self.network, self.port = network, port

    def forward(self, value: Tensor) -> Any:  # noqa: ANN401
        told = self.network(**{self.port: value})
        # What doesn't depend on the input would lose its name in the export.
        return tuple(each + 0 * value.mean() for each in told) if self.port == "z" else told
