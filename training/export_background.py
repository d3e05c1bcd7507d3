"""Writes the VAE of photographs, the background of the likelihood ratio, as ONNX.

    python training/photo_data.py --out runs/photos/photos128.npz
    mkdir -p runs/background && cp runs/vae/state.pt runs/background/
    python training/train_vae.py --data runs/photos/photos128.npz --out runs/background --minutes 68
    python training/export_background.py --vae runs/background/mean.pt

It is the VAE of faces after 20 of its 68 minutes, trained on with photographs: the state is copied
at that time. The file goes to weights/families/, its entry to weights/catalog.toml.
"""

import argparse
from pathlib import Path

import catalog_entries
import export_families

from genapp.families import vae
from genapp.nets.vae import Vae
from genapp.screening.likelihood import BACKGROUND


def main() -> None:
    """Exports, compares with torch, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vae", type=Path, required=True, help="mean.pt of train_vae.py")
    parser.add_argument("--weights", type=Path, default=export_families.ROOT / "weights")
    options = parser.parse_args()
    net = Vae()
    seen = export_families.load(net, options.vae)
    model, entry = export_families.vae_models(net, seen)[vae.MODEL]
    entry |= {
        "name": BACKGROUND,
        "summary": "Variational autoencoder of photographs at 32²: background of a likelihood "
        "ratio.",
        "source": "Trained by this project: training/train_vae.py, from an early state of "
        f"{vae.MODEL}",
        "training_data": f"Of {seen} views the first third of the faces of {vae.MODEL}, then 1,293 "
        "photographs published for research without a licence (ImageNet samples, BSDS500). See "
        "NOTICE.md.",
        "file": [catalog_entries.file_entry(f"{BACKGROUND}.onnx", model)],
    }
    catalog = options.weights / "catalog.toml"
    text = catalog_entries.with_entries(catalog.read_text("utf-8"), [entry])
    catalog_entries.write(options.weights / f"{BACKGROUND}.onnx", model)
    catalog_entries.write(catalog, text.encode())
    print(f"wrote {BACKGROUND}.onnx, {len(model)} bytes")


if __name__ == "__main__":
    main()
