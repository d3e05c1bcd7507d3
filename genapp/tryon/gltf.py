"""glTF 2.0 files (`.glb`, `.gltf`): surfaces with their materials in, frames out.

trimesh reads and writes the arrays; materials and limits are taken from the JSON header, because
trimesh leaves out what it does not know (https://registry.khronos.org/glTF/specs/2.0).
glTF axes: x to the viewer's right, y up, z towards the viewer; metres.
"""

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genapp.errors import TooLarge, UnreadableFrame
from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.color import parse_color, srgb_to_linear
from genapp.tryon.frames import Frame
from genapp.tryon.geometry import build
from genapp.tryon.light import smooth_step
from genapp.tryon.solid import Part, Solid

if TYPE_CHECKING:
    import trimesh
    from PIL.Image import Image

MAX_BYTES = 20_000_000
MAX_TRIANGLES = 200_000
MAX_TEXTURE = 4096
"""Longest side of a texture, px."""
PARTS, FINE_PARTS = 32, 100
"""Edges longer than this part of the model are divided, because temples bend at their vertices;
those of textured surfaces finer, because colours are drawn from vertex to vertex."""
MAX_ITEMS = 5_000_000
"""Elements of all accessors together."""
TO_GLTF = np.array([0.001, -0.001, -0.001], np.float32)
"""Frame space (mm, y down, z away from the viewer) to glTF's axes and metres."""

_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_COMPRESSION = ("KHR_draco_mesh_compression", "EXT_meshopt_compression")
_RAW = {"NORMAL": "_NORMAL", "TEXCOORD_0": "_TEXCOORD_0", "COLOR_0": "_COLOR_0"}
"""trimesh hands attributes that begin with '_' on as they are."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles of one material, placed in the scene, in the file's own units."""

    names: tuple[str, str, str]
    """Of material, mesh and node."""
    vertices: Array
    """V×3, glTF axes."""
    normals: Array | None
    """V×3; None: the file has none."""
    triangles: Triangles
    """T×3."""
    color: Array
    """V×3, linear RGB."""
    alpha: Array
    """V, 0..1: how much the surface covers what is behind it."""
    metal: Array
    """V, 0..1."""
    transmission: float
    """0..1: how much light passes through (KHR_materials_transmission)."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What a file holds."""

    surfaces: tuple[Surface, ...]
    extras: dict[str, Any]
    """The scene's own data."""


def read_gltf(data: bytes) -> Scene:
    """Read the bytes of a `.glb` or `.gltf` file. Nothing outside of them is opened.

    Raises:
        UnreadableFrame: it is no glTF 2.0, is damaged, compressed, or refers to other files.
        TooLarge: more bytes, triangles or texture pixels than the limits.
    """
    # trimesh is needed by few, and takes as long to import as the rest of the package.
    import trimesh  # noqa: PLC0415

    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"The model has {len(data) / 1e6:.0f} MB; {MAX_BYTES / 1e6:.0f} MB are the limit.",
            "Export it with smaller textures and fewer triangles.",
        )
    header, rest = _parse(data)
    try:
        _check(header)
        materials = _prepare(header)
        packed = _pack(header, rest)
        scene = trimesh.load_scene(io.BytesIO(packed), file_type="glb", process=False)
        _check_triangles(scene)
        surfaces = tuple(_surfaces(scene, materials))
        extras = scene.metadata if isinstance(scene.metadata, dict) else {}
    except (UnreadableFrame, TooLarge):
        raise
    # A damaged file can make the reader stumble anywhere.
    except Exception as error:
        raise _damaged() from error
    return Scene(surfaces, extras)


def _damaged() -> UnreadableFrame:
    return UnreadableFrame(
        "The model is damaged: its contents do not fit together.",
        "Export it again as glTF 2.0 binary (.glb).",
    )


def _parse(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON header, and the binary chunk after it (b'' if there is none)."""
    rest = b""
    if data[:4] == b"glTF":
        if int.from_bytes(data[4:8], "little") != 2:
            raise UnreadableFrame(
                "The model is a glTF of another version than 2.", "Export it as glTF 2.0."
            )
        chunks = list(_chunks(data))
        if not chunks or chunks[0][0] != _JSON:
            raise _damaged()
        text = chunks[0][1]
        rest = next((chunk for kind, chunk in chunks[1:] if kind == _BINARY), b"")
    elif data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        text = data.removeprefix(b"\xef\xbb\xbf")
    else:
        raise UnreadableFrame(
            "The file is neither a .glb nor a .gltf model.",
            "Export the glasses as glTF 2.0 binary (.glb).",
        )
    try:
        header = json.loads(text)
    # Nested so deeply that Python gives up.
    except (ValueError, RecursionError) as error:
        raise _damaged() from error
    if not isinstance(header, dict):
        raise _damaged()
    return header, rest


def _chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each chunk of a GLB."""
    start = 12
    while start + 8 <= len(data):
        length = int.from_bytes(data[start : start + 4], "little")
        kind = int.from_bytes(data[start + 4 : start + 8], "little")
        start += 8
        if start + length > len(data):
            raise UnreadableFrame(
                "The model is cut off: bytes are missing at its end.",
                "Copy or export the file again.",
            )
        yield kind, data[start : start + length]
        start += length


def _check(header: dict[str, Any]) -> None:
    """Refuse what cannot or must not be read, before anything is allocated."""
    required = header.get("extensionsRequired", [])
    for primitive in _primitives(header):
        required = [*required, *primitive.get("extensions", {})]
    if any(name in _COMPRESSION for name in required):
        raise UnreadableFrame(
            "The model's triangles are compressed (Draco or meshopt).",
            "Export it without compression.",
        )
    foreign = [
        name
        for name in header.get("extensionsRequired", [])
        if not name.startswith(("KHR_materials_", "KHR_texture_", "KHR_lights_"))
    ]
    if foreign:
        raise UnreadableFrame(
            f"The model needs the glTF extension {str(foreign[0])[:60]!r}, unknown here.",
            "Export it as plain glTF 2.0.",
        )
    for kind in ("buffers", "images"):
        for item in header.get(kind, []):
            if not item.get("uri", "data:").startswith("data:"):
                raise UnreadableFrame(
                    f"The model refers to another file, {item['uri'][:60]!r}.",
                    "Export it as one file (.glb), with everything in it.",
                )
    counts = [accessor["count"] for accessor in header.get("accessors", [])]
    if any(count < 0 for count in counts) or sum(counts) > MAX_ITEMS:
        raise TooLarge(
            "The model has too many vertices.",
            f"Reduce it to {MAX_TRIANGLES:,} triangles at most.",
        )


def _primitives(header: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for mesh in header.get("meshes", []):
        yield from mesh["primitives"]


def _prepare(header: dict[str, Any]) -> list[dict[str, Any]]:
    """Name each material by its number, so that it is found again behind trimesh, and keep the
    arrays that trimesh would change. Returns the materials; the last is glTF's own."""
    materials = header.setdefault("materials", [])
    kept = [dict(material) for material in materials] + [{}]
    # trimesh has no material for primitives without one.
    materials.append({})
    for number, material in enumerate(materials):
        material["name"] = str(number)
    for primitive in _primitives(header):
        primitive.setdefault("material", len(materials) - 1)
        attributes = primitive["attributes"]
        for name, raw in _RAW.items():
            if name in attributes:
                attributes[raw] = attributes.pop(name)
    return kept


def _pack(header: dict[str, Any], rest: bytes) -> bytes:
    """Header and binary chunk as GLB."""
    buffers = header.get("buffers", [])
    if buffers and "uri" in buffers[0]:
        rest = base64.b64decode(buffers[0].pop("uri").partition("base64,")[2])
    text = json.dumps(header).encode()
    chunks = b""
    for kind, content, padding in ((_JSON, text, b" "), (_BINARY, rest, b"\0")):
        padded = content + padding * (-len(content) % 4)
        chunks += len(padded).to_bytes(4, "little") + kind.to_bytes(4, "little") + padded
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(chunks)).to_bytes(4, "little") + chunks


def _check_triangles(scene: "trimesh.Scene") -> None:
    count = sum(
        len(getattr(scene.geometry[scene.graph[node][1]], "faces", ()))
        for node in scene.graph.nodes_geometry
    )
    if count > MAX_TRIANGLES:
        raise TooLarge(
            f"The model has {count:,} triangles; {MAX_TRIANGLES:,} are the limit.",
            "Reduce it, for example with Blender's Decimate modifier.",
        )


def _surfaces(scene: "trimesh.Scene", materials: list[dict[str, Any]]) -> Iterator[Surface]:
    extent = float(np.ptp(scene.bounds, 0).max())
    if not 0 < extent < np.inf:
        raise _damaged()
    for node in scene.graph.nodes_geometry:
        matrix, name = scene.graph[node]
        mesh = scene.geometry[name]
        triangles = np.asarray(getattr(mesh, "faces", ()), np.int64).reshape(-1, 3)
        if len(triangles) == 0:
            continue
        vertices = np.asarray(mesh.vertices, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        if not np.isfinite(vertices[triangles]).all() or triangles.min() < 0:
            raise _damaged()
        values = {
            raw: _unit_scale(np.asarray(mesh.vertex_attributes[raw]))
            for raw in _RAW.values()
            if raw in mesh.vertex_attributes
        }
        if "_NORMAL" in values:
            values["_NORMAL"] = values["_NORMAL"] @ _cofactors(matrix[:3, :3]).T
        images = mesh.visual.material
        textured = "_TEXCOORD_0" in values and images.baseColorTexture is not None
        limit = extent / (FINE_PARTS if textured else PARTS)
        vertices, triangles, values = _divided(vertices, triangles, values, limit)
        material = materials[int(images.name)]
        color, alpha, metal = _finish(len(vertices), values, material, images)
        normals = values.get("_NORMAL")
        if normals is not None and not np.isfinite(normals).all():
            normals = None
        extensions = material.get("extensions", {})
        through = extensions.get("KHR_materials_transmission", {}).get("transmissionFactor", 0)
        yield Surface(
            (str(material.get("name", "")), str(name), str(node)),
            vertices.astype(np.float32),
            None if normals is None else normals.astype(np.float32),
            triangles.astype(np.int32),
            color,
            alpha,
            metal,
            float(np.clip(through, 0, 1)),
        )


def _divided(
    vertices: Array, triangles: NDArray[np.int64], values: dict[str, Array], limit: float
) -> tuple[Array, NDArray[np.int64], dict[str, Array]]:
    """The same surface with no edge longer than a limit, unless that makes too many triangles:
    the longest edge of a triangle is cut in half, again and again."""
    while True:
        corners = vertices[triangles]
        edges = np.linalg.norm(np.roll(corners, -1, 1) - corners, axis=2)
        long = edges.max(1) > limit
        if not long.any() or len(triangles) + long.sum() > MAX_TRIANGLES:
            return vertices, triangles, values
        # From corner a to b is the longest edge; both triangles beside it get the same middle.
        order = (edges[long].argmax(1)[:, None] + np.arange(3)) % 3
        a, b, c = np.take_along_axis(triangles[long], order, 1).T
        ends, number = np.unique(np.sort(np.stack([a, b], 1), 1), axis=0, return_inverse=True)
        middle = len(vertices) + number.reshape(-1)
        halves = [np.stack([a, middle, c], 1), np.stack([middle, b, c], 1)]
        triangles = np.concatenate([triangles[~long], *halves])
        vertices = np.concatenate([vertices, vertices[ends].mean(1)])
        values = {
            name: np.concatenate([value, value[ends].mean(1)]) for name, value in values.items()
        }


def _cofactors(matrix: Array) -> Array:
    """What turns normals where a 3×3 `matrix` turns points, up to a positive factor."""
    a, b, c = matrix
    sign = np.sign(np.linalg.det(matrix))
    return np.asarray(np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)]) * sign)


def _finish(
    count: int,
    values: dict[str, Array],
    material: dict[str, Any],
    images: "trimesh.visual.material.PBRMaterial",
) -> tuple[Array, Array, Array]:
    """`color`, `alpha` and `metal` of a `Surface` with `count` vertices."""
    surface = material.get("pbrMetallicRoughness", {})
    rgba = np.tile(np.array(surface.get("baseColorFactor", [1, 1, 1, 1]), np.float32), (count, 1))
    metal = np.full(count, surface.get("metallicFactor", 1), np.float32)
    uv, colors = values.get("_TEXCOORD_0"), values.get("_COLOR_0")
    if uv is not None and images.baseColorTexture is not None:
        texels = _sample(images.baseColorTexture, uv)
        rgba *= np.concatenate([srgb_to_linear(texels[:, :3]), texels[:, 3:]], 1)
    if uv is not None and images.metallicRoughnessTexture is not None:
        metal *= _sample(images.metallicRoughnessTexture, uv)[:, 2]
    if colors is not None:
        rgba[:, : colors.shape[1]] *= colors
    rgba = np.clip(np.nan_to_num(rgba), 0, 1)
    alpha = rgba[:, 3] if material.get("alphaMode") == "BLEND" else np.ones(count, np.float32)
    return rgba[:, :3], alpha, np.clip(np.nan_to_num(metal), 0, 1)


def _unit_scale(values: NDArray[Any]) -> Array:
    """Accessor values, which may be normalised integers, as floats."""
    if values.dtype.kind in "ui":
        return np.asarray(values / np.float32(np.iinfo(values.dtype).max), np.float32)
    return np.asarray(values, np.float32)


def _sample(image: "Image", uv: Array) -> Array:
    """The texel nearest to each N×2 position (0..1, repeated outside): N×4 RGBA, 0..1."""
    if max(image.size) > MAX_TEXTURE:
        raise TooLarge(
            f"A texture of the model is {image.width} × {image.height} pixels; "
            f"{MAX_TEXTURE} a side are the limit.",
            "Shrink it; 1024 are plenty for glasses.",
        )
    texels = np.asarray(image.convert("RGBA"), np.float32) / 255
    height, width = texels.shape[:2]
    at = np.nan_to_num(uv) % 1 * (width, height)
    column, row = at.astype(int).T
    return np.asarray(texels[np.minimum(row, height - 1), np.minimum(column, width - 1)])


# Frames out ----------------------------------------------------------------------------------


def write_glb(frame: Frame) -> bytes:
    """A frame as GLB: metres, glTF's axes, PBR materials; as worn on an average head."""
    import trimesh  # noqa: PLC0415 (as above)

    scene = trimesh.Scene(metadata={"drop_mm": frame.drop})
    materials: dict[str, dict[str, Any]] = {}
    opaque, lenses = build(frame)
    for solid in (opaque, lenses):
        for name, triangles in _groups(solid):
            used, flat = np.unique(triangles, return_inverse=True)
            material, colors = _material(frame, solid, used, name)
            materials[name] = material
            visual = trimesh.visual.TextureVisuals(
                material=trimesh.visual.material.PBRMaterial(name=name)
            )
            visual.vertex_attributes["color"] = np.rint(colors * 255).astype(np.uint8)
            mesh = trimesh.Trimesh(
                solid.vertices[used] * TO_GLTF,
                flat.reshape(-1, 3),
                vertex_normals=solid.normals[used] * np.sign(TO_GLTF),
                visual=visual,
                process=False,
            )
            scene.add_geometry(mesh, geom_name=name, node_name=name)

    def finish(tree: dict[str, Any]) -> None:
        # trimesh rounds colours to 8 bits.
        tree["materials"] = [materials[material["name"]] for material in tree["materials"]]

    data = trimesh.exchange.gltf.export_glb(scene, include_normals=True, tree_postprocessor=finish)
    return bytes(data)


def _groups(solid: Solid) -> Iterator[tuple[str, Triangles]]:
    """Name and triangles of each part of one material, on one side unless it is the rim."""
    first = solid.triangles[:, 0]
    part = solid.part[first]
    metal = (solid.metal[first] > 0.5) & (part != Part.LENS)
    clear = (solid.clear[first] > 0) & (part != Part.LENS)
    side = np.where(part == Part.RIM, 0, np.sign(solid.vertices[solid.triangles, 0].mean(1)))
    keys = np.stack([part, side, metal, clear], 1).astype(int)
    for key in np.unique(keys, axis=0):
        number, place, is_metal, is_clear = key.tolist()
        words = [Part(number).name.lower(), ("left", "", "right")[place + 1]]
        words += ["metal"] * is_metal + ["clear"] * is_clear
        yield " ".join(filter(None, words)), solid.triangles[(keys == key).all(1)]


def _material(
    frame: Frame, solid: Solid, used: NDArray[np.integer[Any]], name: str
) -> tuple[dict[str, Any], Array]:
    """A glTF material, and the V×4 colours (0..1) by which it is multiplied at the vertices."""
    colors = np.ones((len(used), 4), np.float32)
    material: dict[str, Any] = {"name": name, "doubleSided": True}
    if solid.part[used[0]] == Part.LENS:
        base = parse_color(frame.mirror_color if frame.mirror else frame.tint)
        alpha, metal, rough = frame.opacity, frame.mirror, 0.0
        colors[:, 3] = 1 - frame.gradient * smooth_step((solid.along[used] - 0.1) / 0.85)
    else:
        base = solid.color[used].mean(0)
        if np.ptp(solid.color[used], 0).max() > 1e-3:
            base = np.ones(3, np.float32)
            colors[:, :3] = solid.color[used]
        metal = float(solid.metal[used].mean())
        alpha, rough = 1 - float(solid.clear[used].mean()), 0.25
    if alpha < 1 or colors[:, 3].min() < 1:
        material["alphaMode"] = "BLEND"
    material["pbrMetallicRoughness"] = {
        "baseColorFactor": [*(round(float(value), 6) for value in base), round(alpha, 6)],
        "metallicFactor": metal,
        "roughnessFactor": rough,
    }
    return material, colors
