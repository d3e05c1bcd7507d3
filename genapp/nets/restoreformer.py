"""RestoreFormer++: rebuilds a damaged face out of a dictionary of good ones.

Wang et al., "RestoreFormer++: Towards Real-World Blind Face Restoration from Undegraded Key-Value
Pairs", TPAMI 2023, https://arxiv.org/abs/2308.07228. spandrel has its forerunner; this one looks
back at the encoder at a second, finer scale (wzhouxiff/RestoreFormerPlusPlus, Apache-2.0).
"""

from collections.abc import Mapping
from itertools import count
from typing import Any

from spandrel.architectures.RestoreFormer import RestoreFormer
from torch import Tensor

MARK = "vqvae.decoder.up.4.attn.0.q.weight"
"""A weight that no other network has."""
PREFIX = "vqvae."
"""What the names of the network's weights begin with; those of the losses do not."""
SIDE = 512
"""Of the face that it takes."""
SCALES = (16, 32)
"""Sides of the features at which the decoder looks back at the encoder's."""
HEADS = 4
"""Of its attention."""


class RestoreFormerPlusPlus(RestoreFormer):  # type: ignore[misc]
    """The whole network."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Builds the network; ``settings`` are those that ``settings_of`` tells."""
        super().__init__(**settings, head_size=HEADS, attn_resolutions=SCALES[:1], resolution=SIDE)
        own = {key: settings[key] for key in ("ch", "ch_mult", "num_res_blocks", "z_channels")}
        decoder: type[Any] = type(self.get_submodule("decoder"))
        self.decoder = decoder(
            **own, out_ch=3, head_size=HEADS, attn_resolutions=SCALES, resolution=SIDE
        )
        self._finer = len(settings["ch_mult"]) - 2

    def encode(self, x: Tensor) -> tuple[Tensor, Any, Any, dict[str, Tensor]]:
        """As its forerunner's, with the features of the second scale under the decoder's name."""
        quantized, loss, info, seen = super().encode(x)
        seen[f"block_{self._finer}_atten"] = seen[f"block_{self._finer}"]
        return quantized, loss, info, seen

    def forward(self, image: Tensor) -> Tensor:
        """Returns n×3×512×512 RGB, about -1…1, of the same, aligned as FFHQ aligns faces."""
        restored: Tensor = super().forward(image)[0]
        return restored


def from_weights(weights: Mapping[str, Tensor]) -> RestoreFormerPlusPlus:
    """Builds the network that the weights belong to, and gives it them.

    Raises:
        ValueError: some are missing or of a wrong shape.
    """
    own = {
        name.removeprefix(PREFIX): value
        for name, value in weights.items()
        if name.startswith(PREFIX)
    }
    try:
        network = RestoreFormerPlusPlus(settings_of(own))
        network.load_state_dict(own)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"These are not the weights of a RestoreFormer++: {error}") from error
    network.eval()
    return network


def settings_of(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Tells how large a network is by its weights, for ``RestoreFormerPlusPlus``.

    Raises:
        KeyError: a weight is missing.
    """

    def number_of(pattern: str) -> int:
        return next(number for number in count() if pattern.format(number) not in weights)

    level = "encoder.down.{}.block.0.conv2.weight"
    channels = len(weights["encoder.conv_in.weight"])
    entries, size = weights["quantize.embedding.weight"].shape
    return {
        "n_embed": entries,
        "embed_dim": size,
        "ch": channels,
        "ch_mult": tuple(
            len(weights[level.format(number)]) // channels for number in range(number_of(level))
        ),
        "num_res_blocks": number_of("encoder.down.0.block.{}.conv2.weight"),
        "z_channels": weights["quant_conv.weight"].shape[1],
    }
