"""Photographs of anything, in squares of 128², packed as face_data.py packs faces.

    python training/photo_data.py --out runs/photos/photos128.npz

The background of the likelihood ratio learns from them: train_vae.py takes the file as it takes
faces. Flowers are left out, so that they are new to it.
"""

import argparse
from pathlib import Path

import numpy as np
from face_data import DATA, ROOT, VALIDATION_EVERY, Bytes, Faces, pack, read

from genapp.facemaking.align import shrunk

KINDS = ("imagenet", "bsds")
SIDE = 128
OBLONG = 1.2
"""Pictures that are longer by this give both their ends too."""


def main() -> None:
    """Reads the command line, cuts, packs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of photos/")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "photos" / "photos128.npz")
    options = parser.parse_args()
    names, images, held_out = [], [], []
    for kind in KINDS:
        for number, file in enumerate(sorted((options.data / "photos").glob(f"{kind}-*.jpg"))):
            held = number % VALIDATION_EVERY == 0
            for square in squares(read(file), middle_only=held):
                names.append(file.stem)
                images.append(square)
                held_out.append(held)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    pack(options.out, Faces(names, np.stack(images), np.array(held_out)))
    print(f"{len(names)} squares, {sum(held_out)} held out, {options.out.stat().st_size} bytes")


def squares(image: Bytes, *, middle_only: bool) -> list[Bytes]:
    """Returns the middle square of a picture, and those at its ends, 128×128×3 each."""
    height, width = image.shape[:2]
    side = min(height, width)
    alone = middle_only or max(height, width) < OBLONG * side
    cut = []
    for place in (0.5,) if alone else (0.0, 0.5, 1.0):
        top, left = int((height - side) * place), int((width - side) * place)
        cut.append(shrunk(image[top : top + side, left : left + side], SIDE))
    return cut


if __name__ == "__main__":
    main()
