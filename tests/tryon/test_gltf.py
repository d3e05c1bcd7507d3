"""glTF files are read whole, or refused with a sentence."""

import base64
import contextlib
import json
import struct
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from genapp.errors import TooLarge, UnreadableFrame, UserError
from genapp.tryon import gltf, open_frame
from genapp.tryon.frames import Frame, load_frame
from genapp.tryon.geometry import build
from genapp.tryon.gltf import Surface, read_gltf, write_glb
from tests.tryon.models import glb, pack, rims, split

SMALL = glb()


def surface(data: bytes, name: str) -> Surface:
    (found,) = [one for one in read_gltf(data).surfaces if name in one.names]
    return found


# What is read ---------------------------------------------------------------------------------


def test_surfaces_have_places_colours_and_names() -> None:
    front = surface(SMALL, "Plastic")
    assert front.vertices.min(0) == pytest.approx([-0.069, -0.02, -0.14], abs=1e-5)
    assert front.vertices.max(0) == pytest.approx([0.069, 0.02, 0.004], abs=1e-5)
    assert front.color == pytest.approx(np.tile([0.02, 0.05, 0.4], (len(front.color), 1)))
    assert front.alpha.min() == 1
    assert front.metal.max() == 0
    assert front.normals is None
    lens = surface(SMALL, "Lens")
    assert lens.alpha == pytest.approx(np.full(len(lens.alpha), 0.6))


def test_normals_of_the_file_are_kept_and_turned_with_their_node() -> None:
    def turn(tree: dict[str, Any]) -> None:
        for node in tree["nodes"]:
            if "mesh" in node:
                node["matrix"] = np.diag([-2.0, 1, 1, 1]).ravel().tolist()

    front = surface(glb(normals=True, change=turn), "Plastic")
    assert front.vertices[:, 0].max() == pytest.approx(2 * 0.069, abs=1e-5)
    assert front.normals is not None
    # Outwards on both sides, although the mirrored triangles turn the other way.
    for side in (-1, 1):
        outermost = front.vertices[:, 0] * side > 2 * 0.069 - 1e-5
        assert (front.normals[outermost, 0] * side).min() > 0


def test_transmission_is_read() -> None:
    material = {
        "name": "Glass",
        "extensions": {"KHR_materials_transmission": {"transmissionFactor": 0.9}},
    }
    lens = surface(glb(materials={"glazing": material}), "Glass")
    assert lens.transmission == pytest.approx(0.9)
    assert lens.alpha.min() == 1


def test_alpha_counts_only_where_the_material_blends() -> None:
    opaque = {"name": "Lens", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.2]}}
    assert surface(glb(materials={"glazing": opaque}), "Lens").alpha.min() == 1


def test_metal_is_the_default_of_gltf() -> None:
    assert surface(glb(materials={"front": {"name": "bare"}}), "bare").metal.min() == 1


def test_texture_is_sampled_at_the_vertices() -> None:
    part = rims()
    left_is_red = np.zeros((4, 8, 3), np.uint8)
    left_is_red[:, :4, 0] = 255
    left_is_red[:, 4:, 2] = 255
    part.metadata["uv"] = np.stack(
        [part.vertices[:, 0] / 140 + 0.5, np.full(len(part.vertices), 0.5)], 1
    )
    part.metadata["image"] = Image.fromarray(left_is_red)
    white = {"name": "print", "pbrMetallicRoughness": {"metallicFactor": 0}}
    found = surface(glb({"front": part}, materials={"front": white}), "print")
    left, right = found.vertices[:, 0] < -0.005, found.vertices[:, 0] > 0.005
    assert found.color[left] == pytest.approx(np.tile([1, 0, 0], (left.sum(), 1)))
    assert found.color[right] == pytest.approx(np.tile([0, 0, 1], (right.sum(), 1)))
    # Fine enough to show it.
    edges = found.vertices[found.triangles] - np.roll(found.vertices[found.triangles], 1, 1)
    assert np.linalg.norm(edges, axis=2).max() < 0.002


def test_vertex_colours_multiply() -> None:
    frame = load_frame("panto")
    data = write_glb(frame)
    colors = np.concatenate(
        [one.color for one in read_gltf(data).surfaces if "lens" not in one.names[0]]
    )
    expected = build(frame)[0].color
    assert colors.min(0) == pytest.approx(expected.min(0), abs=0.01)
    assert colors.max(0) == pytest.approx(expected.max(0), abs=0.01)


def as_gltf(data: bytes) -> dict[str, Any]:
    """A GLB as .gltf with its data inside."""
    header, rest = split(data)
    header["buffers"][0]["uri"] = (
        "data:application/octet-stream;base64," + base64.b64encode(rest[8:]).decode()
    )
    return header


def test_gltf_with_its_data_inside() -> None:
    text = json.dumps(as_gltf(SMALL)).encode()
    one, other = (surface(data, "Plastic") for data in (text, SMALL))
    assert np.array_equal(one.vertices, other.vertices)
    assert np.array_equal(one.triangles, other.triangles)


def test_the_same_mesh_in_two_places() -> None:
    header, rest = split(SMALL)
    node = next(node for node in header["nodes"] if "mesh" in node)
    header["nodes"].append({"mesh": node["mesh"], "translation": [0, 1, 0], "name": "again"})
    header["scenes"][0]["nodes"].append(len(header["nodes"]) - 1)
    assert len(read_gltf(pack(header, rest)).surfaces) == 3


# What is refused ------------------------------------------------------------------------------


def changed(**values: Any) -> bytes:  # noqa: ANN401 (parts of a header)
    header, rest = split(SMALL)
    return pack(header | values, rest)


def external(kind: str) -> bytes:
    header = as_gltf(SMALL)
    header.setdefault(kind, [{}])[0]["uri"] = "../../etc/passwd"
    return json.dumps(header).encode()


def compressed() -> bytes:
    header, rest = split(SMALL)
    header["meshes"][0]["primitives"][0]["extensions"] = {"KHR_draco_mesh_compression": {}}
    return pack(header, rest)


def many_instances() -> bytes:
    header, rest = split(SMALL)
    node = next(node for node in header["nodes"] if "mesh" in node)
    count = len(header["nodes"])
    header["nodes"] += [{"mesh": node["mesh"], "name": f"n{i}"} for i in range(2000)]
    header["scenes"][0]["nodes"] += list(range(count, count + 2000))
    return pack(header, rest)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "neither a .glb nor"),
        (b"MZ\x90\x00", "neither a .glb nor"),
        (b"glTF" + (1).to_bytes(4, "little") + b"\0" * 12, "another version"),
        (SMALL[:-50], "cut off"),
        (SMALL[:30], "cut off"),
        (SMALL[:15], "damaged"),
        (b'{"asset": ', "damaged"),
        (b"[" * 100_000, "neither"),
        (b'{"a":' + b"[" * 100_000, "damaged"),
        (b'{"asset": {"version": "2.0"}}', "damaged"),
        (external("buffers"), "refers to another file"),
        (external("images"), "refers to another file"),
        (compressed(), "compressed"),
        (changed(extensionsRequired=["KHR_draco_mesh_compression"]), "compressed"),
        (changed(extensionsRequired=["VENDOR_magic"]), "VENDOR_magic"),
        (changed(accessors=[]), "damaged"),
        (changed(nodes=[{"children": [0]}]), "damaged"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableFrame, match=message) as error:
        read_gltf(data)
    assert error.value.remedy


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="triangles"):
        read_gltf(many_instances())
    header, rest = split(SMALL)
    header["accessors"].append({"count": 10**12, "componentType": 5126, "type": "VEC3"})
    with pytest.raises(TooLarge, match="vertices"):
        read_gltf(pack(header, rest))
    monkeypatch.setattr(gltf, "MAX_BYTES", 1000)
    with pytest.raises(TooLarge, match="MB"):
        read_gltf(SMALL)


def test_numbers_that_are_none() -> None:
    data = bytearray(SMALL)
    header, rest = split(SMALL)
    start = len(SMALL) - len(rest) + 8
    view = header["accessors"][header["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    offset = header["bufferViews"][view["bufferView"]].get("byteOffset", 0)
    data[start + offset : start + offset + 4] = struct.pack("<f", float("nan"))
    with pytest.raises(UnreadableFrame, match="damaged"):
        read_gltf(bytes(data))


CHARACTERS = st.sampled_from(list(b'0123456789-.,"[]{}:eatr \x00\xff'))
HEADER_END = len(SMALL) - len(split(SMALL)[1])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(20, HEADER_END - 1), CHARACTERS), max_size=4),
    st.lists(st.tuples(st.integers(HEADER_END, len(SMALL) - 1), st.integers(0, 255)), max_size=20),
    st.integers(0, 3),
)
def test_a_damaged_file_is_read_or_refused(
    header: list[tuple[int, int]], rest: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(SMALL)
    for place, value in [*header, *rest]:
        data[place] = value
    # Any other exception fails.
    with contextlib.suppress(UserError):
        frame = open_frame(bytes(data[: len(data) - cut]))
        assert np.isfinite(build(frame)[0].vertices).all()


# Frames out -----------------------------------------------------------------------------------


def test_exported_frame_is_in_metres_with_gltfs_axes(frame: Frame) -> None:
    opaque, _ = build(frame)
    vertices = np.concatenate([one.vertices for one in read_gltf(write_glb(frame)).surfaces])
    low, high = (opaque.vertices * [1, -1, -1]).min(0), (opaque.vertices * [1, -1, -1]).max(0)
    assert vertices.min(0) * 1000 == pytest.approx(low, abs=0.6)
    assert vertices.max(0) * 1000 == pytest.approx(high, abs=0.6)


def test_exported_materials_are_those_of_the_frame() -> None:
    surfaces = {one.names[0]: one for one in read_gltf(write_glb(load_frame("aviator"))).surfaces}
    assert surfaces["rim metal"].metal.min() == 1
    assert surfaces["pad left clear"].alpha.max() < 0.2
    lens = surfaces["lens right"]
    assert lens.alpha.max() == pytest.approx(0.95, abs=0.01)
    # The gradient runs down.
    assert lens.alpha[lens.vertices[:, 1].argmax()] > lens.alpha[lens.vertices[:, 1].argmin()]


def test_export_is_a_file_that_others_read() -> None:
    scene = trimesh.load_scene(
        trimesh.util.wrap_as_stream(write_glb(load_frame("round"))), file_type="glb"
    )
    assert set(scene.geometry) >= {"rim metal", "lens left", "lens right"}
