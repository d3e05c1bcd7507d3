"""Writes the autoregressive model and the VAE as ONNX files and enters them into the catalogue.

    python training/export_families.py --pixelcnn runs/pixelcnn/mean.pt --vae runs/vae/mean.pt

Takes the running mean of the weights from train_pixelcnn.py and train_vae.py, or from one of them,
and writes weights/families/*.onnx with weights of half precision. All are compared with torch on
held-out faces or noise. Nothing is written unless they agree.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import catalog_entries
import export_colorize
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from genapp.families import autoregressive, vae
from genapp.nets.logistic_mixture import PER_COMPONENT
from genapp.nets.pixelcnn import SIZE, PixelCNN
from genapp.nets.vae import CODE_SIZE, CODES, Vae

Array = npt.NDArray[np.float32]
Shape = tuple[int | str, ...]

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (
    "python training/export_families.py --pixelcnn runs/pixelcnn/mean.pt --vae runs/vae/mean.pt"
)
TOLERANCE = 1e-3  # of any output, before weights are rounded
LARGEST_BATCH = 64

NOTICE = """\
The files `families/vae.faces32.onnx`, `families/pixelcnn-rows.faces32.onnx` and
`families/pixelcnn-pixels.faces32.onnx` were trained by this project (`training/train_vae.py`,
`training/train_pixelcnn.py`) from scratch and are under CC BY-NC-SA 4.0
(https://creativecommons.org/licenses/by-nc-sa/4.0/): no commercial use. They learnt from the same
synthetic faces as the generator of faces: 953 of One Million Impressions ("omi", CC BY-NC-SA 4.0,
whose terms this follows), 855 of BaseMax/FakeFaces (a GPL-3.0 repository) and 190 of faker-js
assets-person-portrait (CC0-1.0).
"""


class VaePorts(nn.Module):
    """The VAE with its outputs in a row."""

    def __init__(self, net: Vae) -> None:
        """Wraps ``net``."""
        super().__init__()
        self.net = net

    def forward(self, pictures: Tensor, noise: Tensor, share: Tensor) -> tuple[Tensor, ...]:
        """Returns parameters, code, divergence and ratio."""
        found = self.net(pictures, noise, share)
        return found.parameters, found.code, found.divergence, found.ratio


def main() -> None:
    """Exports, compares, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pixelcnn", type=Path, help="mean.pt of train_pixelcnn.py")
    parser.add_argument("--vae", type=Path, help="mean.pt of train_vae.py")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights", help="where to write")
    options = parser.parse_args()
    torch.manual_seed(0)
    models: dict[str, tuple[bytes, dict[str, Any]]] = {}
    if options.pixelcnn:
        autoregressive_net = PixelCNN()
        models |= pixelcnn_models(autoregressive_net, load(autoregressive_net, options.pixelcnn))
    if options.vae:
        vae_net = Vae()
        models |= vae_models(vae_net, load(vae_net, options.vae))
    write(models, options.weights)


def load(net: nn.Module, path: Path) -> int:
    """Takes weights from mean.pt; returns how many pictures they have seen."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    net.load_state_dict(stored["weights"])
    net.eval().requires_grad_(False)
    return int(stored["seen"])


def write(models: Mapping[str, tuple[bytes, dict[str, Any]]], weights: Path) -> None:
    """Writes files and entries, by the entry's name."""
    catalog, notice = weights / "catalog.toml", weights / "NOTICE.md"
    entries = [entry for _, entry in models.values()]
    texts = (
        catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), entries),
        catalog_entries.with_section(notice.read_text(encoding="utf-8"), "Families", NOTICE),
    )
    for name, (data, entry) in models.items():
        catalog_entries.write(weights / f"{name}.onnx", data)
        print(f"wrote {name}.onnx, {len(data)} bytes; {entry['measure'][0]['value']} from torch")
    for file, text in zip((catalog, notice), texts, strict=True):
        catalog_entries.write(file, text.encode())


def vae_models(net: Vae, seen: int) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Returns the file and the entry of the VAE."""
    parameters = net.last.out_channels
    shapes: dict[str, Shape] = {
        "pictures": ("n", 3, SIZE, SIZE),
        "noise": ("n", CODE_SIZE),
        "share": ("n", len(CODES)),
        "parameters": ("n", parameters, SIZE, SIZE),
        "code": ("n", CODE_SIZE),
        "divergence": ("n", len(CODES)),
        "ratio": ("n",),
    }
    inputs = (
        torch.rand(2, 3, SIZE, SIZE) * 2 - 1,
        torch.randn(2, CODE_SIZE),
        torch.ones(2, len(CODES)),
    )
    free = {0: torch.export.Dim("n", min=1, max=LARGEST_BATCH)}
    meanings = {
        "pictures": "Bytes of a face, / 127.5 - 1.",
        "noise": "Standard normal numbers that codes are made of.",
        "share": "1: a part of the code is the posterior's; 0: noise itself is the code.",
        "parameters": PARAMETERS,
        "code": "Code, a priori standard normal; coarse to fine.",
        "divergence": "KL of the posterior of each part of the code to its prior, nats.",
        "ratio": "log p(code) - log q(code | picture), nats.",
    }
    summary = "Variational autoencoder of faces at 32²: likelihood bounded, codes, samples."
    ports = VaePorts(net)
    return {vae.MODEL: made(vae.MODEL, summary, ports, inputs, (free,) * 3, shapes, meanings, seen)}


def pixelcnn_models(net: PixelCNN, seen: int) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Returns the files and the entries of both networks of the autoregressive model."""
    gates, parameters = net.pixels.gate_channels, net.pixels.last.out_channels
    batch = torch.export.Dim("n", min=1, max=LARGEST_BATCH)
    height, width = (torch.export.Dim(name, min=1, max=SIZE) for name in ("h", "w"))
    rows_shapes: dict[str, Shape] = {
        "above": ("n", 3, "h", SIZE),
        "y": ("h",),
        "memory": ("n", net.rows.memory),
        "gates": ("n", gates, "h", SIZE),
        "next": ("n", net.rows.memory),
    }
    pixels_shapes: dict[str, Shape] = {
        "left": ("n", 3, "h", "w"),
        "gates": ("n", gates, "h", "w"),
        "memory": ("n", net.pixels.memory, "h"),
        "parameters": ("n", parameters, "h", "w"),
        "next": ("n", net.pixels.memory, "h"),
    }
    meanings = {
        "above": "For each row the one above it, bytes / 127.5 - 1; zeros for the first.",
        "y": "Numbers of the rows, from 0 on.",
        "left": "For each pixel the one to the left, bytes / 127.5 - 1; zeros for the first.",
        "gates": "What the rows above say about a pixel.",
        "memory": "What was seen before; zeros in the beginning.",
        "next": "The memory for what follows.",
        "parameters": PARAMETERS,
    }
    above = torch.rand(2, 3, 5, SIZE) * 2 - 1
    rows = (above, torch.arange(5.0), torch.randn(2, net.rows.memory))
    pixels = (
        torch.rand(2, 3, 5, 7) * 2 - 1,
        torch.randn(2, gates, 5, 7),
        torch.randn(2, net.pixels.memory, 5),
    )
    free_rows = ({0: batch, 2: height}, {0: height}, {0: batch})
    free_pixels = ({0: batch, 2: height, 3: width},) * 2 + ({0: batch, 2: height},)
    return {
        autoregressive.ROWS: made(
            autoregressive.ROWS,
            "Autoregressive model of faces at 32², the network of the rows above a pixel.",
            net.rows, rows, free_rows, rows_shapes, meanings, seen,
        ),
        autoregressive.PIXELS: made(
            autoregressive.PIXELS,
            "Autoregressive model of faces at 32²: exact likelihood, samples pixel by pixel.",
            net.pixels, pixels, free_pixels, pixels_shapes, meanings, seen,
        ),
    }  # fmt: skip


PARAMETERS = (
    f"A mixture of discretised logistics for each pixel: {PER_COMPONENT} kinds of K channels "
    "(logit of the weight; means and log scales of red, green, blue; slopes before tanh of green "
    "on red, blue on red, blue on green)."
)


def made(
    name: str,
    summary: str,
    net: nn.Module,
    inputs: tuple[Tensor, ...],
    free: tuple[dict[int, Any], ...],
    shapes: Mapping[str, Shape],
    meanings: Mapping[str, str],
    seen: int,
) -> tuple[bytes, dict[str, Any]]:
    """Returns a file in half precision and its entry, once it agrees with torch.

    Raises:
        SystemExit: it does not.
    """
    exact = export_colorize.export(net, inputs, free, dict(shapes))
    model = export_colorize.halved(exact)
    apart = max(differences(net, exact, inputs, list(shapes)))
    if not apart <= TOLERANCE:  # NaN must fail too
        raise SystemExit(f"{name} differs from torch by {apart}; {TOLERANCE} is allowed")
    return model, {
        "name": name,
        "summary": summary,
        "engine": "onnx",
        "license": "CC-BY-NC-SA-4.0",
        "commercial": False,
        "source": "Trained by this project from scratch: training/train_"
        + ("vae.py" if name == vae.MODEL else "pixelcnn.py"),
        "paper": "https://arxiv.org/abs/1602.02282"
        if name == vae.MODEL
        else "https://arxiv.org/abs/1606.05328",
        "training_data": f"{seen} views of 1,998 synthetic faces at 32² (omi, CC BY-NC-SA 4.0; "
        "fakefaces, GPL-3.0 repository; faker, CC0-1.0). See NOTICE.md.",
        "file": [catalog_entries.file_entry(f"{name}.onnx", model)],
        "input": [port(key, shapes, meanings) for key in list(shapes)[: len(inputs)]],
        "output": [port(key, shapes, meanings) for key in list(shapes)[len(inputs) :]],
        "measure": [
            {
                "what": "before rounding of weights: max abs difference to torch on random inputs",
                "value": float(f"{apart:.1e}"),
                "unit": "of any output",
                "command": COMMAND,
            }
        ],
    }


def port(name: str, shapes: Mapping[str, Shape], meanings: Mapping[str, str]) -> dict[str, Any]:
    """Returns a port of the catalogue."""
    return {"name": name, "shape": list(shapes[name]), "meaning": meanings[name]}


def differences(
    net: nn.Module, model: bytes, inputs: tuple[Tensor, ...], names: list[str]
) -> list[float]:
    """Returns the greatest difference of each output to torch."""
    session = export_colorize.open_session(model, 1)
    with torch.no_grad():
        expected = [output.numpy() for output in net(*inputs)]
    feeds = dict(zip(names, (x.numpy() for x in inputs), strict=False))
    found = session.run(names[len(inputs) :], feeds)
    return [float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True)]


if __name__ == "__main__":
    main()
