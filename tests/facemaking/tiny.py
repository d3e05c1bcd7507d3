"""Small stand-ins of the models from the Hub: random weights by the published names, and a
catalogue in which they are."""

import hashlib
import re
from pathlib import Path
from typing import Any

from genapp.registry.catalog import parse, weights_folder
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from tests.hub import COMMIT

DDPM_SIDE = 16
STYLEGAN_SIDE = 32


def save_ddpm(path: Path) -> None:
    """The weights of a DDPM for pictures of any size."""
    import torch

    from genapp.nets.ddpm import DDPM

    torch.manual_seed(0)
    network = DDPM(
        {
            "block_out_channels": (32, 32),
            "layers_per_block": 1,
            "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
            "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
        }
    )
    _save(network.unet.state_dict(), path)


def save_mobilestylegan(path: Path) -> None:
    """The weights of a MobileStyleGAN with 8 levels of 24, nested as its author's training does."""
    import torch

    from genapp.nets.mobilestylegan import MobileStyleGAN, Shape

    torch.manual_seed(0)
    network = MobileStyleGAN(Shape((16, 8, 12), style=24, depth=3))
    torch.nn.init.normal_(network.style_mean, std=0.1)
    _save({"state_dict": network.state_dict(), "epoch": 3}, path)


def _save(weights: dict[str, Any], path: Path) -> None:
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(weights, path)


def small_catalog(models: dict[str, Path]) -> str:
    """The catalogue with these entries small, their files `owner/name` on the Hub, pinned to the
    bytes at the paths."""
    text = (weights_folder() / "catalog.toml").read_text(encoding="utf-8")
    for name, path in models.items():
        start = text.index(f'name = "{name}"\n')
        following = text.find("[[model]]", start)
        end = following if following > 0 else len(text)
        text = text[:start] + _small(text[start:end], path) + text[end:]
    return text


def _small(entry: str, path: Path) -> str:
    file = f"""[[model.file]]
repo = "owner/name"
commit = "{COMMIT}"
file = "sub/{path.name}"
sha256 = "{hashlib.sha256(path.read_bytes()).hexdigest()}"

"""
    entry = re.sub(r"\[\[model\.file\]\]\n(.+\n)+\n", file, entry)
    sizes = {"256": DDPM_SIDE, "1024": STYLEGAN_SIDE, "23": 8, "512": 24}
    return re.sub(
        r"^shape = .*$",
        lambda line: re.sub(r"\d{2,}", lambda size: str(sizes[size[0]]), line[0]),
        entry,
        flags=re.MULTILINE,
    )


def small_engines(models: dict[str, Path], home: Path) -> Engines:
    """A pool whose store finds the files in the Hub's cache and fetches nothing."""
    folder = home / "models--owner--name" / "snapshots" / COMMIT / "sub"
    folder.mkdir(parents=True)
    for path in set(models.values()):
        (folder / path.name).write_bytes(path.read_bytes())
    store = Store(cache_dir=home, offline=True, stamps=None)
    return Engines(parse(small_catalog(models)), store, device="cpu")
