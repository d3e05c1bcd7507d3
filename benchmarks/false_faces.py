"""How often are glasses put on flowers, and how often is a real face refused?

    python benchmarks/false_faces.py [--photos 300] [--faces 150]

Takes photographs of flowers and of ImageNet's classes, which hold things and animals and here and
there a person, and portraits that hold one face each. "detector" counts pictures in which BlazeFace
sees anything, "kept" those in which a mesh passed all checks.
"""

import argparse
from pathlib import Path

import numpy as np

from genapp import images
from genapp.registry.engines import Engines
from genapp.tryon.detect import detect
from genapp.tryon.mesh import find_mesh

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--photos", type=int, default=300, help="of each kind")
    parser.add_argument("--faces", type=int, default=150, help="of each kind")
    parser.add_argument("--list", action="store_true", help="name the pictures with kept faces")
    options = parser.parse_args()
    photos, faces = options.data / "photos", options.data / "faces"
    with Engines() as engines:
        for name, folder, pattern, wanted in (
            ("flowers", photos, "flowers-*.jpg", options.photos),
            ("ImageNet", photos, "imagenet-*.jpg", options.photos),
            ("half-body portraits", faces, "faker-*.jpg", options.faces),
            ("faces", faces, "omi-*.jpg", options.faces),
            ("faces, other source", faces, "fakefaces-*.jpg", options.faces),
        ):
            paths = _spread(sorted(folder.glob(pattern)), wanted)
            seen, kept = 0, []
            for path in paths:
                pixels = np.asarray(images.read(path).pixels, np.uint8)
                found = detect(pixels, engines)
                seen += bool(found)
                if any(find_mesh(pixels, face, engines) for face in found):
                    kept.append(path.name)
            print(
                f"{name:20s} {len(paths):4d} pictures: detector {seen / len(paths):6.1%}, "
                f"kept {len(kept) / len(paths):6.1%}",
                flush=True,
            )
            if options.list:
                print(" ".join(kept))


def _spread(paths: list[Path], wanted: int) -> list[Path]:
    """At most so many, evenly chosen."""
    if len(paths) <= wanted:
        return paths
    return [paths[int(place)] for place in np.linspace(0, len(paths) - 1, wanted)]


if __name__ == "__main__":
    main()
