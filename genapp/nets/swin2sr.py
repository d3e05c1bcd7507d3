"""Swin2SR, from spandrel, with the names that transformers gives its weights.

Conde et al., "Swin2SR: SwinV2 Transformer for Compressed Image Super-Resolution and Restoration",
ECCV Workshops 2022, https://arxiv.org/abs/2209.11345. spandrel knows the authors' files; those on
the Hub (caidas/swin2SR-…) were renamed.
"""

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

import torch
from spandrel.architectures.Swin2SR import Swin2SR as Spandrels
from torch import Tensor

MARK = "swin2sr.embeddings.patch_embeddings.projection.weight"
"""A weight that no other network has."""
WINDOW = 8
"""Side of the windows in which it attends. No weight tells; it is 8 in all that enlarge."""
RENAMED = (
    (r"^swin2sr\.", ""),
    (r"^upsample\.(conv|final|upsample)", r"\1"),
    (r"^conv\.(weight|bias)$", r"upsample.0.\1"),
    (r"first_convolution", "conv_first"),
    (r"^embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
    (r"^embeddings\.patch_embeddings\.layernorm", "patch_embed.norm"),
    (r"patch_embed\.projection", "patch_embed.proj"),
    (r"^encoder\.stages\.(\d+)\.layers", r"layers.\1.residual_group.blocks"),
    (r"^encoder\.stages", "layers"),
    (r"attention\.output\.dense", "attn.proj"),
    (r"attention\.self\.continuous_position_bias_mlp", "attn.cpb_mlp"),
    (r"attention\.self\.(query|value)\.bias", lambda found: f"attn.{found[1][0]}_bias"),
    (r"attention\.self", "attn"),
    (r"layernorm_before", "norm1"),
    (r"layernorm_after", "norm2"),
    (r"intermediate\.dense", "mlp.fc1"),
    (r"output\.dense", "mlp.fc2"),
    (r"^layernorm", "norm"),
    (r"conv_before_upsample", "conv_before_upsample.0"),
    (r"convolution_0", "0"),
    (r"convolution_1", "2"),
    (r"final_convolution", "conv_last"),
)
"""What each part of a name was called by the authors, applied one after the other."""


class Swin2SR(Spandrels):  # type: ignore[misc]
    """The whole network."""

    def forward(self, image: Tensor) -> Tensor:
        """Returns n×3×s·h×s·w RGB of n×3×h×w, both 0…1; s is the network's factor."""
        enlarged: Tensor = super().forward(image).clamp(0, 1)
        return enlarged


def from_weights(weights: Mapping[str, Tensor]) -> Swin2SR:
    """Builds the network that the weights belong to, and gives it them.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    try:
        named = authors_names(weights)
        network = Swin2SR(**settings_of(named))
        # What is computed from the window's size is in no file of transformers'.
        own = {name for name, _ in network.named_buffers()}
        result = network.load_state_dict(named, strict=False)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"These are not the weights of a Swin2SR: {error}") from error
    wrong = sorted({*result.missing_keys} - own) + list(result.unexpected_keys)
    if wrong:
        raise ValueError(f"Weights of Swin2SR are missing or too many: {', '.join(wrong[:3])}")
    network.eval()
    return network


def authors_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by the authors' names, query, key and value of an attention in one."""
    named = {}
    for name, value in weights.items():
        new = name
        for old, replacement in RENAMED:
            new = re.sub(old, replacement, new)
        # Both follow from the window's size.
        if not new.endswith(("relative_coords_table", "relative_position_index", "attn_mask")):
            named[new] = value
    for name in [name for name in named if name.endswith("attn.query.weight")]:
        parts = [named.pop(name.replace("query", part)) for part in ("query", "key", "value")]
        named[name.replace("query", "qkv")] = torch.cat(parts)
    return named


def settings_of(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Tells how large a network is by its weights under the authors' names, for ``Swin2SR``.

    Raises:
        KeyError: a weight is missing.
    """

    def number_of(pattern: str) -> int:
        return next(number for number in count() if pattern.format(number) not in weights)

    stages = range(number_of("layers.{}.conv.weight"))
    block = "layers.{}.residual_group.blocks.{}.{}"
    channels = len(weights["conv_first.weight"])
    if "conv_hr.weight" in weights:
        upsampler, scale = "nearest+conv", 4
    elif "conv_before_upsample.0.weight" in weights:
        steps = sum(f"upsample.{place}.weight" in weights for place in (0, 2))
        upsampler, scale = "pixelshuffle", 2**steps
    else:
        upsampler, scale = (
            "pixelshuffledirect",
            round((len(weights["upsample.0.weight"]) / 3) ** 0.5),
        )
    return {
        "img_size": 64,
        "embed_dim": channels,
        "depths": [number_of(block.format(stage, "{}", "norm1.weight")) for stage in stages],
        "num_heads": [len(weights[block.format(stage, 0, "attn.logit_scale")]) for stage in stages],
        "mlp_ratio": len(weights[block.format(0, 0, "mlp.fc1.weight")]) / channels,
        "window_size": WINDOW,
        "upscale": scale,
        "upsampler": upsampler,
    }
