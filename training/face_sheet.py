"""Draws faces of a trained generator, to be looked at.

    python training/face_sheet.py runs/faces/best.pt sheet.png [--finisher runs/finish/best.pt] \\
        [--data faces128.npz]

Four parts: 100 faces of consecutive seeds, not chosen; some at truncation 0, 0.35, 0.7 and 1; mixed
ones, with the coarse levels of the row and the fine ones of the column; and steps from one face to
another. With ``--data``, a second file shows samples beside the nearest pictures that were learnt
from, by mean difference of pixels at 32², so that learning by heart shows.
"""

import argparse
from pathlib import Path

import cv2
import face_data
import numpy as np
import numpy.typing as npt
import torch
import train_faces
from torch import Tensor

from genapp.nets.face_finisher import FaceFinisher
from genapp.nets.face_generator import FaceGenerator, spread

Bytes = npt.NDArray[np.uint8]

TRUNCATION = 0.7
COARSE = 3  # levels that shape the face in a mixed one: 4, 8 and 16
COLUMNS = 10
CELL = 128


def main() -> None:
    """Reads the command line and draws."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, help="mean.pt or best.pt of train_faces.py")
    parser.add_argument("sheet", type=Path, help="PNG to write")
    parser.add_argument("--finisher", type=Path, help="best.pt of train_face_finish.py")
    parser.add_argument("--data", type=Path, help="faces of face_data.py: look for the nearest")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--truncation", type=float, default=TRUNCATION)
    options = parser.parse_args()
    net = load(options.weights, options.finisher)
    parts = [
        samples(net, 100, options.seed, options.truncation),
        truncations(net, options.seed),
        mixes(net, options.seed, options.truncation),
        walk(net, options.seed, options.truncation),
    ]
    write(options.sheet, grid(torch.cat(parts)))
    if options.data:
        faces = train_faces.to_tensor(face_data.unpack(options.data).part(held_out=False))
        beside = options.sheet.with_stem(f"{options.sheet.stem}-nearest")
        write(beside, grid(with_nearest(parts[0][:20], faces)))


def load(path: Path, finisher: Path | None = None) -> FaceGenerator:
    """Returns the generator of ``mean.pt`` or ``best.pt``, with a finisher if one is given."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    net = FaceGenerator(stored["size"], stored["width"])
    net.load_state_dict(stored["weights"])
    if finisher is not None:
        net.finisher = FaceFinisher()
        stored = torch.load(finisher, map_location="cpu", weights_only=True)
        net.finisher.load_state_dict(stored["weights"])
    return net.eval().requires_grad_(False)


def noise(seeds: range) -> Tensor:
    """Returns a row of noise for each seed; it doesn't depend on the other seeds."""
    return torch.cat([train_faces.noise(1, seed) for seed in seeds])


def samples(net: FaceGenerator, count: int, seed: int, truncation: float) -> Tensor:
    """Returns faces of consecutive seeds, bytes."""
    z = noise(range(seed, seed + count))
    parts = [net(z[start : start + 20], truncation) for start in range(0, count, 20)]
    return train_faces.to_bytes(torch.cat(parts))


def truncations(net: FaceGenerator, seed: int) -> Tensor:
    """Returns a row of faces for each truncation."""
    z = noise(range(seed, seed + COLUMNS))
    return train_faces.to_bytes(torch.cat([net(z, share) for share in (0.0, 0.35, 0.7, 1.0)]))


def mixes(net: FaceGenerator, seed: int, truncation: float, rows: int = 3) -> Tensor:
    """Returns rows of faces with the coarse levels of the first and the fine ones of the others."""
    w = net.w_mean.lerp(net.mapping(noise(range(seed, seed + rows + COLUMNS - 1))), truncation)
    own, others = spread(w[:rows], net.levels), spread(w[rows:], net.levels)
    found = []
    for row in own:
        mixed = others.clone()
        mixed[:, :COARSE] = row[:COARSE]
        found.append(net.pictures(torch.cat([row[None], mixed])))
    return train_faces.to_bytes(torch.cat(found))


def walk(net: FaceGenerator, seed: int, truncation: float) -> Tensor:
    """Returns a row of steps from one face to the next."""
    w = net.w_mean.lerp(net.mapping(noise(range(seed, seed + 2))), truncation)
    steps = torch.linspace(0, 1, COLUMNS)[:, None]
    return train_faces.to_bytes(net.pictures(spread(w[0].lerp(w[1], steps), net.levels)))


def with_nearest(made: Tensor, faces: Tensor) -> Tensor:
    """Returns each generated face, then the nearest real one, mirrored or not; bytes."""
    real = torch.cat([faces, faces.flip(3)])
    near = torch.cdist(_small(made), _small(real), p=1).argmin(1)
    nearest = real[near]
    if nearest.shape[2] != made.shape[2]:
        nearest = train_faces.shrunk_bytes(nearest, made.shape[2])
    return torch.stack([made, nearest], 1).flatten(0, 1)


def grid(pictures: Tensor) -> Bytes:
    """Returns pictures, N×3×s×s bytes, as one, ten in a row."""
    cells = [
        cv2.resize(picture, (CELL, CELL), interpolation=cv2.INTER_CUBIC)
        for picture in pictures.permute(0, 2, 3, 1).numpy()
    ]
    rows = [np.hstack(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def write(path: Path, image: Bytes) -> None:
    """Writes an RGB picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[..., ::-1])


def _small(pictures: Tensor) -> Tensor:
    return train_faces.to_size(pictures.float(), 32).flatten(1)


if __name__ == "__main__":
    main()
