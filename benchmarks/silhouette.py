"""Does the drawn frame cover what geometry says?

    python benchmarks/silhouette.py [--frames NAME,NAME]

Each frame is worn by the canonical face at known poses, drawn by genapp, and compared with a
projection of the same triangles by code of its own: a pinhole in double precision, every triangle
tested against the middles of at least 10 samples a mm; nothing hides anything. The ends of the
temples, which fade out over the ears, are left out of both. Prints the overlap (intersection over
union of the pixels that are covered by more than half) at each pose, worst and mean of the frames;
at the end also that of the covers themselves (sum of the smaller over sum of the larger ones), in
which a pixel that is just about half covered does not count wholly or not at all.
"""

import argparse
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from genapp.registry.engines import Engines
from genapp.tryon import Look, load_frame
from genapp.tryon.camera import View
from genapp.tryon.fit import wear
from genapp.tryon.frames import Frame
from genapp.tryon.light import STUDIO
from genapp.tryon.mesh import Mesh
from genapp.tryon.pose import MODEL, Canonical, Head, find_head, load_canonical
from genapp.tryon.render import FADE, Box, frame_box, render
from genapp.tryon.scale import PUPILS
from genapp.tryon.solid import Part, Solid

SIZE = (800, 600)
SAMPLES_PER_MM = 10
"""At least so fine is the projection."""
FRAMES = "aviator,wayfarer,rimless,sport-wrap"
"""Thin metal, thick acetate, no rims, strongly curved."""
POSES = (
    *((yaw, 0, 0) for yaw in range(-60, 61, 15)),
    *((0, pitch, 0) for pitch in (-30, -15, 15, 30)),
    *((0, 0, roll) for roll in (-45, -20, 20, 45)),
    (40, 20, 30),
    (-40, -20, -30),
)
SCALES = (1.2, 2.5, 4.0)
"""Pixels per mm: small, usual and large faces."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", metavar="NAME,NAME", default=FRAMES)
    frames = [load_frame(name) for name in parser.parse_args().frames.split(",")]
    with Engines(device="cpu") as engines:
        canonical = load_canonical(engines.data(MODEL))
    found = {
        (pose, scale): [overlap(frame, canonical, pose, scale) for frame in frames]
        for scale in SCALES
        for pose in POSES
    }
    print("yaw pitch roll " + "".join(f"{scale:8g} px/mm worst (mean)" for scale in SCALES))
    for pose in POSES:
        cells = ([hard for hard, _ in found[pose, scale]] for scale in SCALES)
        print(
            f"{pose[0]:3d} {pose[1]:5d} {pose[2]:4d} "
            + "".join(f"{min(cell):17.4f} ({np.mean(cell):.4f})" for cell in cells)
        )
    every = np.array(list(chain.from_iterable(found.values())))
    for name, values in zip(("pixels", "covers"), every.T, strict=True):
        print(f"{len(values)} drawings, {name}: worst {values.min():.4f}, mean {values.mean():.4f}")


def overlap(
    frame: Frame, canonical: Canonical, pose: tuple[float, float, float], scale: float
) -> tuple[float, float]:
    """Intersection over union of the drawn and of the projected silhouette: of the pixels that are
    covered by more than half, and of the covers."""
    head = _head(canonical, pose, scale)
    opaque, lenses = wear(frame, head)
    opaque = _outline_of(opaque)
    box = frame_box(opaque, lenses, head.view, SIZE, room=2)
    if box is None:
        raise ValueError(f"{frame.name} lies outside the picture")
    # Black lenses, so that cover tells them from nothing.
    look = Look("#000000", 1.0, 0.0)
    drawn = render(opaque, lenses, None, head.view, box, STUDIO, look).cover
    expected = _projected([opaque, lenses], head.view, box)
    pixels = (drawn > 0.5, expected > 0.5)
    hard = np.logical_and(*pixels).sum() / np.logical_or(*pixels).sum()
    soft = np.minimum(drawn, expected).sum() / np.maximum(drawn, expected).sum()
    return float(hard), float(soft)


def _outline_of(solid: Solid) -> Solid:
    """The solid, opaque all through and without the ends of its temples, which fade out."""
    whole = (solid.part != Part.TEMPLE) | (solid.along < FADE[0])
    triangles = np.ascontiguousarray(solid.triangles[whole[solid.triangles].all(1)])
    return replace(solid, triangles=triangles, clear=np.zeros_like(solid.clear))


def _head(canonical: Canonical, pose: tuple[float, float, float], scale: float) -> Head:
    """The canonical face, photographed at a pose (yaw, pitch, roll in degrees)."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians(pose)) for f in (np.cos, np.sin))
    yaw = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    iris = np.array([[0, 0, 0], [1, 0, 0], [0, -1, 0], [-1, 0, 0], [0, 1, 0]]) * 11.7 / 2
    eyes = [iris + np.array([side * PUPILS / 2, -26.3, -37.0]) for side in (-1, 1)]
    points = np.concatenate([canonical.vertices, *eyes]) @ (yaw @ pitch @ roll).T
    view = View((SIZE[0] / 2, SIZE[1] / 2), scale, 700.0)
    pixels = view.project(points)
    mesh = np.concatenate([pixels, points[:, 2:] * scale], 1).astype(np.float32)
    return find_head(Mesh(mesh, 1.0), canonical, SIZE, None)


def _projected(solids: list[Solid], view: View, box: Box) -> NDArray[np.float64]:
    """How much of each pixel of a box triangles cover, 0..1."""
    x0, y0, x1, y1 = box
    fine = int(np.ceil(SAMPLES_PER_MM / view.scale)) + 1
    mask = np.zeros(((y1 - y0) * fine, (x1 - x0) * fine), bool)
    for solid in solids:
        x, y, z = solid.vertices.astype(float).T
        nearness = view.scale * view.distance / (z + view.distance)
        columns = (view.origin[0] + x * nearness - x0) * fine
        rows = (view.origin[1] + y * nearness - y0) * fine
        for part in np.array_split(solid.triangles, max(1, len(solid.triangles) // 400)):
            _fill(mask, columns[part], rows[part])
    return np.asarray(mask.reshape(y1 - y0, fine, x1 - x0, fine).mean((1, 3)))


def _fill(mask: NDArray[np.bool_], x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Set the samples whose middles lie in any of T triangles (corners T×3, in samples)."""
    height, width = mask.shape
    left, right = (np.clip(side, 0, width).astype(int) for side in (x.min(1), x.max(1) + 1))
    top, bottom = (np.clip(side, 0, height).astype(int) for side in (y.min(1), y.max(1) + 1))
    across = right - left
    count = across * (bottom - top)
    which = np.repeat(np.arange(len(x)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    column = left[which] + number % across[which]
    row = top[which] + number // across[which]
    # Which side of each edge a sample lies on.
    sides = [
        (x[which, b] - x[which, a]) * (row + 0.5 - y[which, a])
        - (y[which, b] - y[which, a]) * (column + 0.5 - x[which, a])
        for a, b in ((0, 1), (1, 2), (2, 0))
    ]
    inside = (np.minimum.reduce(sides) >= 0) | (np.maximum.reduce(sides) <= 0)
    mask[row[inside], column[inside]] = True


if __name__ == "__main__":
    main()
