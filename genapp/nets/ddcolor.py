"""DDColor: colours for a grey picture, from queries that each learn a group of colours.

Kang et al., "DDColor: Towards Photo-Realistic Image Colorization via Dual Decoders", ICCV 2023,
https://arxiv.org/abs/2212.11613. Written anew from the paper and the authors' code
(piddnad/DDColor, Apache-2.0), with the names of its weights. This is the form for inference: the
spectral norms of training are folded into the convolutions when weights are read.

The encoder is ConvNeXt (https://arxiv.org/abs/2201.03545). One decoder brings its features back to
the size of the picture; the other, a transformer, turns learnt queries into colours while looking
at those features on three scales (https://arxiv.org/abs/2112.01527).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

MULTIPLE = 32
"""Height and width of the input are multiples of this."""
HEAD = 32
"""Channels of one head of attention."""
MARK = "decoder.color_decoder.query_feat.weight"
"""A weight that no other network has."""
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Shape:
    """How large a DDColor is.

    Attributes:
        depths: blocks of each of the encoder's four stages.
        dims: their channels.
        width: channels of the decoder at its coarsest; half of it are those of a query.
        queries: groups of colours.
        layers: of the transformer.
        hidden: channels inside its feed-forward parts.
    """

    depths: tuple[int, ...] = (3, 3, 9, 3)
    dims: tuple[int, ...] = (96, 192, 384, 768)
    width: int = 512
    queries: int = 100
    layers: int = 9
    hidden: int = 2048


class DDColor(nn.Module):
    """n×3×h×w grey RGB, 0…1, to n×2×h×w ab, CIELAB units; h and w are multiples of 32."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, shape: Shape | None = None) -> None:
        """Builds the network; without a shape the one its authors call tiny."""
        super().__init__()
        shape = shape or Shape()
        for name, values in zip(("mean", "deviation"), IMAGENET, strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        self.encoder = nn.ModuleDict({"arch": ConvNext(shape.depths, shape.dims)})
        self.decoder = Decoder(shape)
        self.refine_net = nn.Sequential(nn.Sequential(nn.Conv2d(shape.queries + 3, 2, 1)))

    def forward(self, image: Tensor) -> Tensor:
        """See the class."""
        image = (image - self.mean) / self.deviation
        groups = self.decoder(self.encoder["arch"](image))
        ab: Tensor = self.refine_net(torch.cat([groups, image], 1))
        return ab


class ConvNext(nn.Module):
    """Gives the features at the strides 4, 8, 16 and 32, each normed."""

    def __init__(self, depths: tuple[int, ...], dims: tuple[int, ...]) -> None:
        """Builds four stages."""
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, dims[0], 4, 4), ChannelNorm(dims[0]))
        steps = [
            nn.Sequential(ChannelNorm(before), nn.Conv2d(before, after, 2, 2))
            for before, after in pairwise(dims)
        ]
        self.downsample_layers = nn.ModuleList([stem, *steps])
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(dim) for _ in range(depth)))
            for depth, dim in zip(depths, dims, strict=True)
        )
        for number, dim in enumerate(dims):
            self.add_module(f"norm{number}", ChannelNorm(dim))

    def forward(self, x: Tensor) -> list[Tensor]:
        """See the class."""
        features = []
        for number, (step, stage) in enumerate(
            zip(self.downsample_layers, self.stages, strict=True)
        ):
            x = stage(step(x))
            features.append(self.get_submodule(f"norm{number}")(x))
        return features


class Block(nn.Module):
    """ConvNeXt's: filter every channel by a 7×7, then mix the channels of each place."""

    def __init__(self, dim: int) -> None:
        """Builds the block."""
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the same shape."""
        y: Tensor = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(functional.gelu(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class ChannelNorm(nn.LayerNorm):
    """A layer norm over the channels of n×c×h×w."""

    def __init__(self, dim: int) -> None:
        """Builds the norm."""
        super().__init__(dim, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the same shape."""
        normed: Tensor = super().forward(x.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


class Decoder(nn.Module):
    """From the encoder's features to how much of each group of colours a pixel has."""

    def __init__(self, shape: Shape) -> None:
        """Builds both decoders."""
        super().__init__()
        fine, half = shape.width // 2, shape.width
        first, second, third, deep = shape.dims
        self.layers = nn.Sequential(
            Up(deep, third, half), Up(half, second, half), Up(half, first, fine)
        )
        self.last_shuf = Shuffle(fine, fine, 4, norm=False)
        self.color_decoder = ColorDecoder((half, half, fine), fine, shape)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Returns n×queries×H×W, in the size of the picture, of the encoder's features."""
        scales, x = [], features[-1]
        for layer, skip in zip(self.layers, features[-2::-1], strict=True):
            x = layer(x, skip)
            scales.append(x)
        colors = self.color_decoder(scales)
        return torch.einsum("nqc,nchw->nqhw", colors, self.last_shuf(x))


class Shuffle(nn.Module):
    """Makes pixels of channels (https://arxiv.org/abs/1609.05158), their chequers smoothed."""

    def __init__(self, channels: int, out: int, scale: int, *, norm: bool) -> None:
        """Builds the step."""
        super().__init__()
        wide = out * scale**2
        self.conv = nn.Sequential(nn.Conv2d(channels, wide, 1, bias=not norm))
        if norm:
            self.conv.append(nn.BatchNorm2d(wide))
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Returns n×out×(scale·h)×(scale·w)."""
        x = functional.pixel_shuffle(functional.relu(self.conv(x)), self.scale)
        return functional.avg_pool2d(functional.pad(x, (1, 0, 1, 0), "replicate"), 2, 1)


class Up(nn.Module):
    """Doubles the size of features and joins them with the encoder's."""

    def __init__(self, channels: int, skip: int, out: int) -> None:
        """Builds the step."""
        super().__init__()
        self.shuf = Shuffle(channels, out, 2, norm=True)
        self.bn = nn.BatchNorm2d(skip)
        self.conv = nn.Sequential(
            nn.Conv2d(out + skip, out, 3, padding=1, bias=False), nn.ReLU(), nn.BatchNorm2d(out)
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Returns n×out×2h×2w of n×channels×h×w and n×skip×2h×2w."""
        joined: Tensor = self.conv(functional.relu(torch.cat([self.shuf(x), self.bn(skip)], 1)))
        return joined


class ColorDecoder(nn.Module):
    """Turns learnt queries into groups of colours that fit the picture."""

    def __init__(self, channels: tuple[int, int, int], dim: int, shape: Shape) -> None:
        """Builds the transformer for features of three scales."""
        super().__init__()
        self.query_feat = nn.Embedding(shape.queries, dim)
        self.query_embed = nn.Embedding(shape.queries, dim)
        self.level_embed = nn.Embedding(len(channels), dim)
        self.input_proj = nn.ModuleList(nn.Conv2d(count, dim, 1) for count in channels)
        layers = range(shape.layers)
        self.transformer_self_attention_layers = nn.ModuleList(SelfAttention(dim) for _ in layers)
        self.transformer_cross_attention_layers = nn.ModuleList(CrossAttention(dim) for _ in layers)
        self.transformer_ffn_layers = nn.ModuleList(FeedForward(dim, shape.hidden) for _ in layers)
        self.decoder_norm = nn.LayerNorm(dim)
        self.color_embed = Perceptron(dim)

    def forward(self, scales: list[Tensor]) -> Tensor:
        """Returns n×queries×dim of three n×channels×h×w."""
        places, memories = [], []
        for number, (project, features) in enumerate(zip(self.input_proj, scales, strict=True)):
            memory = project(features).flatten(2) + self.level_embed.weight[number][:, None]
            memories.append(memory.permute(2, 0, 1))  # hw×n×dim, as all below
            height, width = features.shape[2:]
            place = positions(height, width, memory.shape[1]).to(memory)
            places.append(place.flatten(1).T[:, None])
        n = scales[0].shape[0]
        queries = self.query_embed.weight[:, None].repeat(1, n, 1)
        x = self.query_feat.weight[:, None].repeat(1, n, 1)
        steps = zip(
            self.transformer_cross_attention_layers,
            self.transformer_self_attention_layers,
            self.transformer_ffn_layers,
            strict=True,
        )
        for number, (look, talk, think) in enumerate(steps):
            scale = number % len(scales)
            x = look(x, queries, memories[scale], places[scale])
            x = think(talk(x, queries))
        colors: Tensor = self.color_embed(self.decoder_norm(x).transpose(0, 1))
        return colors


class CrossAttention(nn.Module):
    """Queries look at the picture."""

    def __init__(self, dim: int) -> None:
        """Builds the layer."""
        super().__init__()
        self.multihead_attn = nn.MultiheadAttention(dim, max(dim // HEAD, 1))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, queries: Tensor, memory: Tensor, places: Tensor) -> Tensor:
        """Returns the shape of ``x``."""
        seen, _ = self.multihead_attn(x + queries, memory + places, memory, need_weights=False)
        normed: Tensor = self.norm(x + seen)
        return normed


class SelfAttention(nn.Module):
    """Queries look at each other."""

    def __init__(self, dim: int) -> None:
        """Builds the layer."""
        super().__init__()
        self.self_attn = nn.MultiheadAttention(dim, max(dim // HEAD, 1))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, queries: Tensor) -> Tensor:
        """Returns the shape of ``x``."""
        asked = x + queries
        heard, _ = self.self_attn(asked, asked, x, need_weights=False)
        normed: Tensor = self.norm(x + heard)
        return normed


class FeedForward(nn.Module):
    """Two linear layers, each query by itself."""

    def __init__(self, dim: int, hidden: int) -> None:
        """Builds the layer."""
        super().__init__()
        self.linear1 = nn.Linear(dim, hidden)
        self.linear2 = nn.Linear(hidden, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the shape of ``x``."""
        normed: Tensor = self.norm(x + self.linear2(functional.relu(self.linear1(x))))
        return normed


class Perceptron(nn.Module):
    """Three linear layers."""

    def __init__(self, dim: int) -> None:
        """Builds the layers."""
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(dim, dim) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """Returns the shape of ``x``."""
        first, second, third = self.layers
        result: Tensor = third(functional.relu(second(functional.relu(first(x)))))
        return result


def positions(height: int, width: int, dim: int) -> Tensor:
    """Returns dim×height×width sines and cosines of the places, rows first, columns second."""
    half = dim // 2
    rates = 10000 ** (2 * torch.div(torch.arange(half), 2, rounding_mode="floor") / half)

    def waves(length: int) -> Tensor:
        steps = 2 * math.pi * torch.arange(1, length + 1) / (length + 1e-6)
        angles = steps[:, None] / rates
        return torch.stack([angles[:, 0::2].sin(), angles[:, 1::2].cos()], 2).flatten(1)

    rows, columns = waves(height).T, waves(width).T
    return torch.cat(
        [
            rows[:, :, None].expand(-1, -1, width),
            columns[:, None, :].expand(-1, height, -1),
        ]
    )


def from_weights(weights: Mapping[str, Tensor]) -> DDColor:
    """Builds the network that the weights belong to, and gives it them.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    folded = without_spectral_norm(weights)
    try:
        network = DDColor(shape_of(folded))
        missing = network.load_state_dict(folded, strict=False).missing_keys
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"These are not the weights of a DDColor: {error}") from error
    if missing:
        raise ValueError(f"Weights of DDColor are missing: {', '.join(missing[:3])}")
    return network.eval()


def shape_of(weights: Mapping[str, Tensor]) -> Shape:
    """Tells how large a network is by its weights, already without spectral norms.

    Raises:
        KeyError: a weight is missing.
    """

    def number_of(pattern: str) -> int:
        return next(number for number in count() if pattern.format(number) not in weights)

    stages = range(4)
    block = "encoder.arch.stages.{}.{{}}.gamma"
    transformer = "decoder.color_decoder.transformer_ffn_layers.{}.linear1.weight"
    queries, dim = weights[MARK].shape
    return Shape(
        depths=tuple(number_of(block.format(stage)) for stage in stages),
        dims=tuple(len(weights[f"encoder.arch.norm{stage}.weight"]) for stage in stages),
        width=2 * dim,
        queries=queries,
        layers=number_of(transformer),
        hidden=len(weights[transformer.format(0)]),
    )


def without_spectral_norm(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns the weights with those of training divided by their spectral norm.

    Training keeps a matrix and the vectors u and v to its largest singular value, u·W·v
    (https://arxiv.org/abs/1802.05957).
    """
    end = "_orig"
    result = {}
    for name, value in weights.items():
        stem = name.removesuffix(end)
        if name.endswith(end):
            left, right = weights[f"{stem}_u"], weights[f"{stem}_v"]
            result[stem] = value / torch.dot(left, value.flatten(1) @ right)
        elif f"{stem[:-2]}{end}" not in weights:  # no u or v
            result[name] = value
    return result
