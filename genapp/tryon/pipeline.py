"""Try glasses on: detect → mesh → pose → fit → render → compose."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genapp.errors import BadValue, NoFace
from genapp.images import Photo, Pixels, read, to_8_bit
from genapp.registry.engines import Engines
from genapp.tryon import pose
from genapp.tryon.arrays import Array, Triangles
from genapp.tryon.color import parse_color, pixels_to_linear
from genapp.tryon.compose import compose
from genapp.tryon.detect import detect
from genapp.tryon.fit import place, verdict, wear
from genapp.tryon.frames import Frame, load_frame
from genapp.tryon.geometry import front_depth, lens_outline
from genapp.tryon.hair import Hair, find_hair
from genapp.tryon.head import head_surface
from genapp.tryon.light import Light, estimate_light
from genapp.tryon.mesh import MODEL, SKIN, Mesh, find_mesh
from genapp.tryon.pose import Head, find_head, load_canonical
from genapp.tryon.render import Look, frame_box, render

Picture = str | Path | bytes | Image.Image | NDArray[Any] | Photo


@dataclass(frozen=True, eq=False)
class Face:
    """Everything that is known about one face of a photo."""

    mesh: Mesh
    head: Head
    light: Light
    hair: Hair


@dataclass(frozen=True, eq=False)
class Analysis:
    """A photo and its faces, largest first: made once, then dressed in any number of frames."""

    photo: Photo
    faces: tuple[Face, ...]
    timings_ms: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class TryOn:
    """A finished try-on."""

    photo: Photo
    """The picture: size, depth, alpha and metadata of the input."""
    faces: tuple[Mapping[str, Any], ...]
    """A report for each face, see `report`."""
    timings_ms: Mapping[str, float]
    recipe: Mapping[str, Any]
    """The settings that give this result again."""

    def report(self) -> dict[str, Any]:
        """The object that `--json` prints: lengths in mm, angles in degrees, times in ms,
        positions in pixels of the picture; left and right as the viewer sees them."""
        return {
            "faces": [dict(face) for face in self.faces],
            "timings_ms": dict(self.timings_ms),
            "recipe": dict(self.recipe),
        }


def try_on(
    photo: Picture,
    frame: str | Frame = "aviator",
    *,
    tint: str | None = None,
    opacity: float | None = None,
    gradient: float | None = None,
    model: str = MODEL,
    device: str = "auto",
    engines: Engines | None = None,
) -> TryOn:
    """Put a pair of glasses on every face of a photo.

    Args:
        photo: path, bytes of a file, PIL image, array (see `genapp.images.read`) or `Photo`.
        frame: name of a frame (`frame_names()`), or a `Frame` of your own.
        tint: colour of the lenses, '#rrggbb'. None: the frame's own, as for the next two.
        opacity: 0 clear … 1 full tint.
        gradient: 0 even … 1 clear at the bottom.
        model: the mesh network, a name from the catalogue.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        engines: a pool to take networks from, so that many calls load them once.

    Raises:
        NoFace: there is no face in the photo.
        UnreadablePicture, TooLarge: the photo cannot be read.
        UnknownName, BadValue: no such frame, or a setting out of range.
    """
    started = time.perf_counter()
    look_at = load_frame(frame) if isinstance(frame, str) else frame
    look = _look(look_at, tint, opacity, gradient)
    loaded = read(photo)
    read_ms = _since(started)
    pool = engines or Engines(device=device)
    try:
        analysis = analyse(loaded, pool, model=model)
    finally:
        if engines is None:
            pool.close()
    timed = replace(analysis, timings_ms={"read": read_ms, **analysis.timings_ms})
    return dress(timed, look_at, look)


def analyse(photo: Photo, engines: Engines, *, model: str = MODEL) -> Analysis:
    """Find the faces of a photo and measure them. Raises `NoFace` if there is none."""
    started = time.perf_counter()
    detections = detect(photo.pixels, engines)
    detect_ms = _since(started)
    started = time.perf_counter()
    meshes = [find_mesh(photo.pixels, detection, engines, model) for detection in detections]
    mesh_ms = _since(started)
    started = time.perf_counter()
    size = (photo.pixels.shape[1], photo.pixels.shape[0])
    canonical = load_canonical(engines.data(pose.MODEL))
    small = _small(photo.pixels)
    faces = []
    for mesh in meshes:
        if mesh is not None:
            head = find_head(mesh, canonical, size, photo.focal_35mm)
            light = _light(photo.pixels, small, head)
            faces.append(Face(mesh, head, light, find_hair(photo.pixels, head, engines)))
    if not faces:
        raise NoFace(
            "No face was found in the picture.",
            "Use a photo in which a face is at least 24 pixels wide, well lit and not covered.",
        )
    timings = {"detect": detect_ms, "mesh": mesh_ms, "pose": _since(started)}
    return Analysis(photo, tuple(faces), timings)


def dress(analysis: Analysis, frame: Frame, look: Look | None = None) -> TryOn:
    """Put a frame on every face of an analysed photo. No network runs."""
    started = time.perf_counter()
    look = look or Look(frame.tint, frame.opacity, frame.gradient)
    photo = analysis.photo
    pixels = photo.pixels.copy()
    size = (pixels.shape[1], pixels.shape[0])
    # The far faces first, so that a near one stays in front.
    for face in reversed(analysis.faces):
        opaque, lenses = wear(frame, face.head, face.hair)
        view = face.head.view
        box = frame_box(opaque, lenses, view, size)
        if box is not None:
            surface = head_surface(face.head)
            layer = render(opaque, lenses, surface, view, box, face.light, look)
            compose(pixels, layer, face.head, face.light)
    reports = tuple(_report(face, frame) for face in analysis.faces)
    timings = {**analysis.timings_ms, "render": _since(started)}
    recipe = {
        "frame": frame.name,
        "tint": look.tint,
        "opacity": look.opacity,
        "gradient": look.gradient,
    }
    name = f"{photo.name or 'photo'}-{frame.name}"
    return TryOn(replace(photo, pixels=pixels, name=name), reports, timings, recipe)


def _look(frame: Frame, tint: str | None, opacity: float | None, gradient: float | None) -> Look:
    chosen = Look(
        frame.tint if tint is None else tint,
        frame.opacity if opacity is None else opacity,
        frame.gradient if gradient is None else gradient,
    )
    parse_color(chosen.tint)
    for name in ("opacity", "gradient"):
        value = getattr(chosen, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise BadValue(f"The {name} is {value!r}.", "Choose a number from 0 to 1.")
    return chosen


def _small(pixels: Pixels) -> NDArray[np.uint8]:
    shrink = 64 / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return to_8_bit(np.asarray(small, pixels.dtype))


def _light(pixels: Pixels, small: NDArray[np.uint8], head: Head) -> Light:
    """The photo's light from its skin: a patch of 5 mm around each point."""
    camera = head.to_camera(head.face)
    normals = _vertex_normals(camera[:468], head.triangles)
    spots = head.view.project(camera[list(SKIN)])
    radius = max(1, round(2.5 * head.view.scale))
    height, width = pixels.shape[:2]
    colors, kept = [], []
    for (x, y), normal in zip(spots, normals[list(SKIN)], strict=True):
        column, row = int(x), int(y)
        if radius <= column < width - radius and radius <= row < height - radius:
            patch = pixels[row - radius : row + radius, column - radius : column + radius]
            colors.append(pixels_to_linear(patch).mean((0, 1)))
            kept.append(normal)
    if len(kept) < 6:
        colors, kept = [np.full(3, 0.2, np.float32)] * 6, [np.array([0, 0, -1], np.float32)] * 6
    return estimate_light(small, np.array(colors, np.float32), np.array(kept, np.float32))


def _vertex_normals(vertices: Array, triangles: Triangles) -> Array:
    """V×3 unit normals, towards the camera."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], face_normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.where(normals[:, 2:] > 0, -normals, normals), np.float32)


def _report(face: Face, frame: Frame) -> dict[str, Any]:
    yaw, pitch, roll = face.head.angles
    scale = face.head.millimetres
    left, right = face.mesh.pupils
    outlines = _lens_polygons(face.head, frame)
    return {
        "box": _rounded(face.mesh.box),
        "pose": {"yaw": round(yaw, 1), "pitch": round(pitch, 1), "roll": round(roll, 1)},
        "pd_mm": {"value": scale.pupils.value, "error": scale.pupils.error},
        "face_width_mm": {"value": scale.face_width.value, "error": scale.face_width.error},
        "frame": {"name": frame.name, "width_mm": round(frame.width, 1)},
        "fit": verdict(frame, scale.face_width.value),
        "landmarks": {"left_pupil": _rounded(left), "right_pupil": _rounded(right)},
        "lenses": {
            side: [_rounded(point) for point in outline]
            for side, outline in zip(("left", "right"), outlines, strict=True)
        },
    }


def _lens_polygons(head: Head, frame: Frame) -> tuple[Array, Array]:
    """The edges of the lenses in the photo, px: viewer's left, viewer's right."""
    placement = place(frame, head)
    x, y = (lens_outline(frame) + np.array([(frame.lens + frame.bridge) / 2, 0])).T
    polygons = []
    for side in (-1, 1):
        edge = np.stack([side * x, y, front_depth(frame, x, y)], 1)
        polygons.append(head.view.project(head.to_camera(placement.to_head(edge))))
    return polygons[0], polygons[1]


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), 1) for value in values]


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
