"""The U-Net of diffusion models, from diffusers: tells the noise in a noisy picture.

Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020,
https://arxiv.org/abs/2006.11239. The settings that no weight tells are those of the models that
its authors published, such as google/ddpm-ema-celebahq-256.
"""

from collections.abc import Mapping
from itertools import count
from typing import Any

from torch import Tensor, nn

MARK = "down_blocks.0.resnets.0.time_emb_proj.weight"
"""A weight that no other network has."""
# What diffusers called the parts of an attention when the models were published, and does now.
RENAMED = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


class DDPM(nn.Module):
    """Tells the noise in noisy pictures."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Builds the network; ``settings`` are those that ``settings_of`` tells."""
        super().__init__()
        # Imported here because it takes seconds that the other networks need not wait for.
        from diffusers import UNet2DModel  # noqa: PLC0415

        self.unet = UNet2DModel(
            **settings,
            norm_eps=1e-6,
            downsample_padding=0,
            flip_sin_to_cos=False,
            freq_shift=1,
            attention_head_dim=None,
        )

    def forward(self, noisy: Tensor, time: Tensor) -> Tensor:
        """Returns n×3×h×w noise of n×3×h×w noisy pictures, -1…1, and n steps, 0 (clean) … 999."""
        noise: Tensor = self.unet(noisy, time, return_dict=False)[0]
        return noise


def from_weights(weights: Mapping[str, Tensor]) -> DDPM:
    """Builds the network that the weights belong to, and gives it them.

    Raises:
        ValueError: some are missing or of a wrong shape.
        ImportError: diffusers is not installed.
    """
    named = {_renamed(name): value for name, value in weights.items()}
    try:
        network = DDPM(settings_of(named))
        network.unet.load_state_dict(named)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"These are not the weights of a DDPM: {error}") from error
    return network.eval()


def settings_of(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Tells how large a network is by its weights, for ``DDPM``.

    Raises:
        KeyError: a weight is missing.
    """

    def number_of(pattern: str) -> int:
        return next(number for number in count() if pattern.format(number) not in weights)

    def types(direction: str) -> tuple[str, ...]:
        attends = f"{direction}_blocks.{{}}.attentions.0.to_q.weight"
        kind = f"{direction.capitalize()}Block2D"
        return tuple(
            f"Attn{kind}" if attends.format(number) in weights else kind for number in range(depth)
        )

    depth = number_of("down_blocks.{}.resnets.0.conv1.weight")
    return {
        "block_out_channels": tuple(
            len(weights[f"down_blocks.{number}.resnets.0.conv1.weight"]) for number in range(depth)
        ),
        "layers_per_block": number_of("down_blocks.0.resnets.{}.conv1.weight"),
        "down_block_types": types("down"),
        "up_block_types": types("up"),
    }


def _renamed(name: str) -> str:
    if ".attentions." not in name:
        return name
    stem, part, kind = name.rsplit(".", 2)
    return f"{stem}.{RENAMED.get(part, part)}.{kind}"
