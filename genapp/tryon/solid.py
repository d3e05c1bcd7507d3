"""Triangles with what is needed to shade them, and how temples bend to the ears.

Frame space, mm: x to the viewer's right, y down, z away from the viewer (towards the wearer).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from genapp.tryon.arrays import Array, Triangles

Ears = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Where the temples rest: viewer's left, viewer's right."""

EAR_ALONG = 0.66
"""How far along a temple its rest on the ear is."""
STRETCH = (0.8, 1.25)
"""A temple's way from hinge to ear is never changed by more than this."""


class Part(IntEnum):
    """What a triangle belongs to."""

    RIM = 1
    TEMPLE = 2
    PAD = 3
    LENS = 4


@dataclass(frozen=True, eq=False)
class Solid:
    """Triangles with a unit normal, two surface coordinates and a material at each vertex."""

    vertices: Array
    """V×3, mm."""
    normals: Array
    """V×3, unit length, pointing outwards."""
    triangles: Triangles
    """T×3 indices into `vertices`."""
    part: NDArray[np.uint8]
    """V, the `Part` of each vertex."""
    along: Array
    """V, 0..1: on a lens the height from its top; on a temple the way from hinge to tip."""
    color: Array
    """V×3, linear RGB: of the surface; of a lens the colour of its mirror coating."""
    metal: Array
    """V, 0..1: 1 reflects in its colour; of a lens the strength of its mirror coating."""
    clear: Array
    """V, 0..1: how much light passes through, but for the colour."""
    hidden: Array | None = None
    """V, 0..1: how much something else than the head lies over it; None: nothing does."""


@dataclass(frozen=True, eq=False)
class Solids:
    """The triangles of a frame that was read from a file, in frame space."""

    opaque: Solid
    lenses: Solid | None
    """None: made from the frame's measures."""
    rests: Ears | None
    """Where the temples rest as they are modelled. None: there are no temples, and they are made
    from the frame's measures."""
    hinge_depth: float
    """Temples bend from this depth on, mm."""


def join(solids: Sequence[Solid]) -> Solid:
    """Several solids as one. None may have `hidden`."""
    starts = np.cumsum([0, *(len(solid.vertices) for solid in solids)])
    triangles = [solid.triangles + start for solid, start in zip(solids, starts, strict=False)]
    return Solid(
        np.concatenate([solid.vertices for solid in solids]),
        np.concatenate([solid.normals for solid in solids]),
        np.concatenate(triangles).astype(np.int32),
        np.concatenate([solid.part for solid in solids]),
        np.concatenate([solid.along for solid in solids]),
        np.concatenate([solid.color for solid in solids]),
        np.concatenate([solid.metal for solid in solids]),
        np.concatenate([solid.clear for solid in solids]),
    )


def bend_temples(solids: Solids, ears: Ears) -> Solid:
    """The opaque parts with temples that reach the ears: sheared from the hinge to where they
    rest, and shifted behind it."""
    solid = solids.opaque
    vertices, normals = solid.vertices.copy(), solid.normals.copy()
    for side, rest, ear in zip((-1, 1), solids.rests or ears, ears, strict=True):
        temple = (solid.part == Part.TEMPLE) & (solid.vertices[:, 0] * side > 0)
        length = rest[2] - solids.hinge_depth
        shortest, longest = (length * factor for factor in STRETCH)
        wanted = min(max(ear[2] - solids.hinge_depth, shortest), longest)
        shift = np.array([ear[0] - rest[0], ear[1] - rest[1], wanted - length], np.float32)
        way = (vertices[temple, 2] - solids.hinge_depth) / length
        vertices[temple] += np.clip(way, 0, 1)[:, None] * shift
        # Of normals only those of the sheared part change: by the inverse transpose.
        sheared = np.flatnonzero(temple)[way < 1]
        normals[sheared, 2] -= normals[sheared] @ shift / wanted
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return replace(solid, vertices=vertices, normals=normals)
