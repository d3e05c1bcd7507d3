"""Glasses built of boxes, as glTF, in every way that people export them."""

import json
from typing import Any

import numpy as np
import trimesh

from genapp.tryon.arrays import Array

BLUE = {
    "name": "Plastic",
    "pbrMetallicRoughness": {"baseColorFactor": [0.02, 0.05, 0.4, 1], "metallicFactor": 0},
}
GREEN_LENS = {
    "name": "Lens",
    "alphaMode": "BLEND",
    "pbrMetallicRoughness": {"baseColorFactor": [0.01, 0.2, 0.05, 0.6], "metallicFactor": 0},
}
WIDTH, LENS, BRIDGE, HEIGHT = 138.0, 48.0, 24.0, 34.0
"""Of these glasses, mm."""

# x0, x1, y0, y1, z0, z1 in mm, glTF's axes, of the half on the viewer's right.
_RIMS = (
    *((10, 62, 17, 20, 0, 4), (10, 62, -20, -17, 0, 4)),
    *((9, 12, -20, 20, 0, 4), (60, 64, -20, 20, 0, 4), (62, 69, 12, 18, -3, 4)),
)
_TEMPLE = ((66, 69, 12, 18, -110, 0), (66, 69, -8, 18, -140, -110))
_LENS = ((12, 60, -17, 17, 1, 3),)


def _boxes(halves: tuple[tuple[int, ...], ...]) -> "trimesh.Trimesh":
    boxes = []
    for x0, x1, y0, y1, z0, z1 in halves:
        for low, high in ((x0, x1), (-x1, -x0)):
            boxes.append(trimesh.creation.box(bounds=[[low, y0, z0], [high, y1, z1]]))
    return trimesh.util.concatenate(boxes)


def rims() -> "trimesh.Trimesh":
    bridge = trimesh.creation.box(bounds=[[-10, 5, 0], [10, 10, 4]])
    return trimesh.util.concatenate([_boxes(_RIMS), bridge])


def frame_parts(*, temples: bool = True, lenses: bool = True) -> dict[str, "trimesh.Trimesh"]:
    front = [rims(), _boxes(_TEMPLE)] if temples else [rims()]
    parts = {"front": trimesh.util.concatenate(front)}
    return parts | ({"glazing": _boxes(_LENS)} if lenses else {})


def glb(
    parts: dict[str, "trimesh.Trimesh"] | None = None,
    *,
    scale: float = 0.001,
    turn: Array | None = None,
    materials: dict[str, dict[str, Any]] | None = None,
    normals: bool = False,
    change: Any = None,  # noqa: ANN401 (a function of the header)
) -> bytes:
    """A GLB: each part a mesh with the material of its name in `materials`."""
    chosen = {"front": BLUE, "glazing": GREEN_LENS} | (materials or {})
    scene = trimesh.Scene()
    for name, part in (parts or frame_parts()).items():
        mesh = part.copy()
        uv = part.metadata.get("uv")
        image = part.metadata.get("image")
        mesh.metadata.clear()
        mesh.visual = trimesh.visual.TextureVisuals(
            uv=uv,
            material=trimesh.visual.material.PBRMaterial(name=name, baseColorTexture=image),
        )
        mesh.apply_scale(scale)
        if turn is not None:
            mesh.apply_transform(turn)
        scene.add_geometry(mesh, geom_name=name, node_name=name)

    def finish(tree: dict[str, Any]) -> None:
        for material in tree["materials"]:
            texture = material.get("pbrMetallicRoughness", {}).get("baseColorTexture")
            material.update(json.loads(json.dumps(chosen[material["name"]])))
            if texture is not None:
                material["pbrMetallicRoughness"]["baseColorTexture"] = texture
        if change is not None:
            change(tree)

    data = trimesh.exchange.gltf.export_glb(
        scene, include_normals=normals, tree_postprocessor=finish
    )
    return bytes(data)


def quarter(axis: int, turns: int = 1) -> Array:
    """4×4: quarter turns about an axis."""
    direction = np.eye(3)[axis]
    return np.asarray(trimesh.transformations.rotation_matrix(turns * np.pi / 2, direction))


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and the bytes after it of a GLB."""
    length = int.from_bytes(data[12:16], "little")
    return json.loads(data[20 : 20 + length]), data[20 + length :]


def pack(header: dict[str, Any], rest: bytes) -> bytes:
    """The opposite of `split`."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    size = 20 + len(text) + len(rest)
    head = b"glTF" + (2).to_bytes(4, "little") + size.to_bytes(4, "little")
    return head + len(text).to_bytes(4, "little") + b"JSON" + text + rest
