"""Try glasses on: detect → mesh → pose → fit → render → compose."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genapp.errors import BadValue, NoFace, check_number
from genapp.images import Photo, Pixels, read
from genapp.registry.devices import Ran, ran_report
from genapp.registry.engines import Engines
from genapp.tryon import pose, worn
from genapp.tryon.arrays import Array
from genapp.tryon.card import find_card, given_card, scale_by_card
from genapp.tryon.color import parse_color
from genapp.tryon.compose import compose
from genapp.tryon.detectors import BLAZEFACE, check_detector, find
from genapp.tryon.fit import AS_IT_SITS, Nudge, check_nudge, place, verdict, wear
from genapp.tryon.frames import Frame
from genapp.tryon.geometry import front_depth, lens_outline
from genapp.tryon.grain import CLEAN, Grain, find_grain
from genapp.tryon.hair import Hair, find_hair
from genapp.tryon.head import head_surface
from genapp.tryon.light import Light, find_light, find_scene
from genapp.tryon.mesh import MODEL, Mesh, find_mesh
from genapp.tryon.occlusion import Occlusion, find_occlusion
from genapp.tryon.own import Source, open_frame, open_frames
from genapp.tryon.parsing import AUTO, check_parser
from genapp.tryon.pose import Head, find_head, load_canonical
from genapp.tryon.refract import DIOPTRES
from genapp.tryon.render import Layer, Look, frame_box, render
from genapp.tryon.scale import PD_LIMITS, Scale
from genapp.tryon.shape import SUITING, find_shape, reason, suiting
from genapp.tryon.size import bridge_verdict, recommend, suited_size
from genapp.tryon.threads import workers
from genapp.tryon.worn import Worn, find_worn

Corners = Sequence[Sequence[float]]
Picture = str | Path | bytes | Image.Image | NDArray[Any] | Photo


@dataclass(frozen=True, eq=False)
class Face:
    """Everything that is known about one face of a photo."""

    mesh: Mesh
    head: Head
    light: Light
    hair: Hair
    occlusion: Occlusion | None
    """What is before the glasses."""
    worn: Worn
    """Whether the person already wears glasses."""
    grain: Grain = CLEAN

    def zoomed(self, corner: tuple[float, float], zoom: float) -> "Face":
        """The face in another picture: the part of the photo from `corner` (x, y in px) on, at
        `zoom` times its size."""
        return replace(
            self,
            mesh=self.mesh.zoomed(corner, zoom),
            head=replace(self.head, view=self.head.view.zoomed(corner, zoom)),
            hair=self.hair.zoomed(corner, zoom),
            grain=self.grain.zoomed(zoom),
            occlusion=self.occlusion and self.occlusion.zoomed(corner, zoom),
        )


@dataclass(frozen=True, eq=False)
class Analysis:
    """A photo and its faces, largest first: made once, then dressed in any number of frames."""

    photo: Photo
    faces: tuple[Face, ...]
    timings_ms: Mapping[str, float]
    ran: Ran | None = None
    """What ran the network that finds the landmarks, and where."""

    def zoomed(self, box: tuple[int, int, int, int], zoom: float) -> "Analysis":
        """The same for a part of the photo, x0, y0, x1, y1 in px, at `zoom` times its size (at
        most 1). The faces keep their places in `faces`, even those that lie outside."""
        x0, y0, x1, y1 = box
        size = (max(1, round((x1 - x0) * zoom)), max(1, round((y1 - y0) * zoom)))
        faces = tuple(face.zoomed((x0, y0), zoom) for face in self.faces)
        photo = self.photo
        alpha = None if photo.alpha is None else _shrunk(photo.alpha[y0:y1, x0:x1], size)
        pixels = _shrunk(photo.pixels[y0:y1, x0:x1], size)
        return replace(self, photo=replace(photo, pixels=pixels, alpha=alpha), faces=faces)

    def preview(self, longest: int) -> "Analysis":
        """The whole photo, shrunk to at most `longest` px a side: what a screen shows."""
        height, width = self.photo.pixels.shape[:2]
        return self.zoomed((0, 0, width, height), min(1.0, longest / max(height, width)))


@dataclass(frozen=True)
class Choice:
    """What one face wears."""

    frame: Frame
    look: Look
    nudge: Nudge = AS_IT_SITS

    @property
    def recipe(self) -> dict[str, Any]:
        """The settings, as `try_on` takes them."""
        recipe: dict[str, Any] = {"frame": self.frame.name, **asdict(self.look)}
        if self.nudge != AS_IT_SITS:
            recipe["nudge"] = asdict(self.nudge)
        return recipe


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
    ran: Ran | None = None
    """See `Analysis.ran`."""

    def report(self) -> dict[str, Any]:
        """The object that `--json` prints: lengths in mm, angles in degrees, times in ms,
        positions in pixels of the picture; left and right as the viewer sees them."""
        return {
            "faces": [dict(face) for face in self.faces],
            "ran_on": ran_report(self.ran),
            "timings_ms": dict(self.timings_ms),
            "recipe": dict(self.recipe),
        }


def try_on(
    photo: Picture,
    frame: Source | Sequence[Source | None] = "aviator",
    *,
    width_mm: float | None = None,
    tint: str | None = None,
    opacity: float | None = None,
    gradient: float | None = None,
    dioptres: float = 0.0,
    nudge: Nudge = AS_IT_SITS,
    pd_mm: float | None = None,
    card: bool | Corners = False,
    model: str = MODEL,
    detector: str = BLAZEFACE,
    parser: str = AUTO,
    device: str = "auto",
    engines: Engines | None = None,
) -> TryOn:
    """Put a pair of glasses on every face of a photo.

    Args:
        photo: path, bytes of a file, PIL image, array (see `genapp.images.read`) or `Photo`.
        frame: name of a frame (`frame_names()`), or one of your own: path or bytes of a `.glb` or
            `.gltf` model or of a picture of the front, or a `Frame` (see `open_frame`); or
            several: the first for the largest face and so on, None for a face without glasses.
            The last one goes on all further faces.
        width_mm: width of the front of your own frames; a picture needs it.
        tint: colour of the lenses, '#rrggbb'. None: the frame's own, as for the next two.
        opacity: 0 clear … 1 full tint.
        gradient: 0 even … 1 clear at the bottom.
        dioptres: power of prescription lenses, -10 (short-sighted) … 8; the same in both.
        nudge: how to move the frame from where it would sit.
        pd_mm, card: what gives the true size, see `analyse`.
        model: the mesh network, a name from the catalogue.
        detector, parser: what finds faces and tells their parts apart, see `analyse`.
        device: 'auto', 'cpu' or 'cuda'; ignored when `engines` are given.
        engines: a pool to take networks from, so that many calls load them once.

    Raises:
        NoFace: there is no face in the photo.
        UnreadablePicture, TooLarge: the photo cannot be read.
        UnknownName, BadValue: no such frame, or a setting out of range.
        UnreadableFrame: the file of your own frame cannot be used.
    """
    started = time.perf_counter()
    frames = open_frames([frame] if isinstance(frame, Source) else frame, width_mm)
    choices = [
        None if one is None else choose(one, tint, opacity, gradient, nudge, dioptres)
        for one in frames
    ]
    loaded = read(photo)
    read_ms = _since(started)
    pool = engines or Engines(device=device)
    try:
        analysis = analyse(
            loaded, pool, pd_mm=pd_mm, card=card, model=model, detector=detector, parser=parser
        )
    finally:
        if engines is None:
            pool.close()
    timed = replace(analysis, timings_ms={"read": read_ms, **analysis.timings_ms})
    result = dress_each(timed, choices)
    # Named where it was chosen: most recipes are of the defaults.
    chosen = {"detector": (detector, BLAZEFACE), "parser": (parser, AUTO)}
    networks = {key: value for key, (value, usual) in chosen.items() if value != usual}
    return replace(result, recipe={**result.recipe, **networks})


def choose(
    frame: Source,
    tint: str | None = None,
    opacity: float | None = None,
    gradient: float | None = None,
    nudge: Nudge = AS_IT_SITS,
    dioptres: float = 0.0,
) -> Choice:
    """A frame with lens settings, None for its own; see `try_on`.

    Raises:
        UnknownName, BadValue: no such frame, or a setting out of range.
    """
    found = open_frame(frame)
    look = Look(
        found.tint if tint is None else tint,
        found.opacity if opacity is None else opacity,
        found.gradient if gradient is None else gradient,
        dioptres,
    )
    parse_color(look.tint)
    check_number("opacity", look.opacity, 0, 1)
    check_number("gradient", look.gradient, 0, 1)
    check_number("dioptres", look.dioptres, *DIOPTRES)
    check_nudge(nudge)
    return Choice(found, look, nudge)


def analyse(
    photo: Photo,
    engines: Engines,
    *,
    pd_mm: float | None = None,
    card: bool | Corners = False,
    model: str = MODEL,
    detector: str = BLAZEFACE,
    parser: str = AUTO,
) -> Analysis:
    """Find the faces of a photo and measure them.

    Args:
        photo: the picture.
        engines: where the networks come from.
        pd_mm: pupillary distance of the largest face, 40 to 80 mm, if it is known. Without it and
            a card the irises give the size.
        card: a bank card is held against the face: it is looked for; or its four corners in pixels
            of the photo, in order around it, beside the largest face.
        model: the mesh network.
        detector: what finds faces: "blazeface", or "yunet" from the Hub.
        parser: what tells hands, hair and clothes from the face, all from the Hub: "bisenet-r34",
            "bisenet-r18", "selfie-multiclass"; "auto": the first of them that is here; "none".

    Raises:
        NoFace: there is none.
        UnknownName: no such detector or parser.
        ModelMissing: it was named, and is not to be had.
        BadValue: no such pupillary distance, or these are not the corners of a card.
    """
    if pd_mm is not None:
        check_number("pupillary distance in mm", pd_mm, *PD_LIMITS)
        if card is not False:
            raise BadValue(
                "Both a card and a pupillary distance were given.",
                "Choose one of them to measure by.",
            )
    check_detector(detector)
    check_parser(parser)
    started = time.perf_counter()
    detections = find(photo.pixels, engines, detector)
    detect_ms = _since(started)
    started = time.perf_counter()
    meshes = [find_mesh(photo.pixels, detection, engines, model) for detection in detections]
    mesh_ms = _since(started)
    started = time.perf_counter()
    size = (photo.pixels.shape[1], photo.pixels.shape[0])
    canonical = load_canonical(engines.data(pose.MODEL))
    faces: list[Face] = []
    for mesh in meshes:
        if mesh is not None:
            largest = not faces
            head = find_head(
                mesh, canonical, size, photo.focal_35mm, pd_mm=pd_mm if largest else None
            )
            if (
                head.millimetres.ruler == "iris"
                and find_worn(photo.pixels, head, engines.data(worn.MODEL)).dark
            ):
                head = find_head(mesh, canonical, size, photo.focal_35mm, sunglasses=True)
            if card is True or (largest and card is not False):
                scale = _card_scale(photo, head, card)
                head = find_head(mesh, canonical, size, photo.focal_35mm, scale=scale)
            faces.append(see_face(photo.pixels, mesh, head, engines, parser))
    if not faces:
        raise NoFace(
            "No face was found in the picture.",
            "Use a photo in which a face is at least 24 pixels wide, well lit and not covered.",
        )
    timings = {"detect": detect_ms, "mesh": mesh_ms, "pose": _since(started)}
    return Analysis(photo, tuple(faces), timings, engines.ran(model))


def see_face(pixels: Pixels, mesh: Mesh, head: Head, engines: Engines, parser: str = AUTO) -> Face:
    """A face whose place is known, with its light and hair, what lies before it, whether it wears
    glasses, and the grain of the picture there."""
    # What needs no network runs beside the networks.
    rest = workers().submit(_see_rest, pixels, head, engines)
    hair = find_hair(pixels, head, engines)
    occlusion = find_occlusion(pixels, head, hair, engines, parser)
    light, glasses, grain = rest.result()
    return Face(mesh, head, light, hair, occlusion, glasses, grain)


def _see_rest(pixels: Pixels, head: Head, engines: Engines) -> tuple[Light, Worn, Grain]:
    light = find_light(pixels, find_scene(pixels), head)
    return (
        light,
        find_worn(pixels, head, engines.data(worn.MODEL)),
        find_grain(pixels, head),
    )


def dress(
    analysis: Analysis, frame: Frame, look: Look | None = None, nudge: Nudge = AS_IT_SITS
) -> TryOn:
    """Put a frame on every face of an analysed photo. No network runs."""
    look = look or Look(frame.tint, frame.opacity, frame.gradient)
    return dress_each(analysis, [Choice(frame, look, nudge)])


def dress_each(analysis: Analysis, choices: Sequence[Choice | None]) -> TryOn:
    """Put a frame on each face of an analysed photo. No network runs.

    Args:
        analysis: the photo and its faces.
        choices: what each face wears, in the order of `analysis.faces`; None: nothing. The last
            one goes on all further faces.
    """
    if not choices:
        raise BadValue("No frame was chosen.", "Name at least one.")
    started = time.perf_counter()
    photo = analysis.photo
    more = len(analysis.faces) - len(choices)
    each = [*choices, *[choices[-1]] * more][: len(analysis.faces)]
    pairs = list(zip(analysis.faces, each, strict=True))
    copied = workers().submit(photo.pixels.copy)
    reported = workers().submit(lambda: tuple(report_face(*pair) for pair in pairs))
    size = (photo.pixels.shape[1], photo.pixels.shape[0])
    # The far faces first, so that a near one stays in front.
    for face, choice in reversed(pairs):
        layer = None if choice is None else _layer(size, face, choice)
        if choice is not None and layer is not None:
            _lay(copied.result(), layer, face, choice)
    pixels, reports = copied.result(), reported.result()
    timings = {**analysis.timings_ms, "render": _since(started)}
    recipes = [choice and choice.recipe for choice in choices]
    recipe = recipes[0] if len(recipes) == 1 and recipes[0] else {"faces": recipes}
    names = "-".join(dict.fromkeys(choice.frame.name for choice in choices if choice))
    name = f"{photo.name or 'photo'}-{names or 'bare'}"
    notes = [note for choice in choices if choice for note in choice.frame.notes]
    notes += [worn.NOTE for face in analysis.faces if face.worn.value]
    dressed = replace(
        photo, pixels=pixels, name=name, notes=tuple(dict.fromkeys([*photo.notes, *notes]))
    )
    return TryOn(dressed, reports, timings, recipe, analysis.ran)


def draw_glasses(pixels: Pixels, face: Face, choice: Choice) -> None:
    """Draw glasses on one face, in place."""
    layer = _layer((pixels.shape[1], pixels.shape[0]), face, choice)
    if layer is not None:
        _lay(pixels, layer, face, choice)


def _layer(size: tuple[int, int], face: Face, choice: Choice) -> Layer | None:
    """The glasses on one face of a photo of that width and height; None if they lie outside."""
    opaque, lenses = wear(choice.frame, face.head, face.hair, choice.nudge)
    view = face.head.view
    box = frame_box(opaque, lenses, view, size, face.grain.reach)
    if box is None:
        return None
    surface = head_surface(face.head)
    layer = render(opaque, lenses, surface, view, box, face.light, choice.look)
    return layer if face.occlusion is None else face.occlusion.before(layer)


def _lay(pixels: Pixels, layer: Layer, face: Face, choice: Choice) -> None:
    """Put what was drawn on a photo, in place."""
    compose(pixels, layer, face.head, face.light, face.grain, choice.look.dioptres)


def _card_scale(photo: Photo, head: Head, card: bool | Corners) -> Scale:
    """By the card; where none is found by what the face was measured by, and the note says so."""
    found = find_card(photo.pixels, head) if isinstance(card, bool) else given_card(card, head)
    if found is not None:
        return scale_by_card(found, head, focal_known=photo.focal_35mm is not None)
    measures = head.millimetres
    note = f"No card was found: hold it flat on the forehead, all corners free. {measures.note}"
    return Scale(measures.ruler, measures.pixels_per_mm, measures.relative_error, note)


def _shrunk(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    if pixels.shape[1::-1] == size:
        return np.ascontiguousarray(pixels)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), pixels.dtype)


def report_face(face: Face, choice: Choice | None) -> dict[str, Any]:
    """What is known about a face and what it wears, see `TryOn.report`."""
    yaw, pitch, roll = face.head.angles
    scale = face.head.millimetres
    left, right = face.mesh.pupils
    recommended = recommend(face.head)
    shape = find_shape(face.head)
    suits = suiting(shape, scale.face_width.value)[:SUITING]
    report: dict[str, Any] = {
        "box": _rounded(face.mesh.box),
        "pose": {"yaw": round(yaw, 1), "pitch": round(pitch, 1), "roll": round(roll, 1)},
        "scale": {
            "ruler": scale.ruler,
            "error_percent": round(100 * scale.relative_error, 1),
            "note": scale.note,
        },
        "pd_mm": asdict(scale.pupils),
        "face_width_mm": asdict(scale.face_width),
        "bridge_width_mm": asdict(scale.bridge),
        "recommended": {
            "width_mm": list(recommended.width),
            "lens_mm": list(recommended.lens),
            "bridge_mm": list(recommended.bridge),
            "temple_mm": list(recommended.temple),
            "text": recommended.text,
        },
        "shape": {
            "name": shape.name,
            "confidence": round(shape.confidence, 2),
            "reason": reason(shape, suits),
            "suits": [frame.name for frame in suits],
        },
        "frame": None,
        "fit": None,
        "bridge_fit": None,
        "landmarks": {"left_pupil": _rounded(left), "right_pupil": _rounded(right)},
        "glasses_worn": {"value": face.worn.value, "score": face.worn.score},
        "lenses": {},
    }
    if choice is not None:
        frame, nudge = choice.frame, choice.nudge
        width = frame.width * nudge.size
        outlines = _lens_polygons(face.head, frame, nudge)
        report["frame"] = {
            "name": frame.name,
            "width_mm": round(width, 1),
            "suited_size": suited_size(frame, recommended),
        }
        report["fit"] = verdict(width, scale.face_width.value)
        report["bridge_fit"] = bridge_verdict(frame, scale.bridge.value)
        report["lenses"] = {
            side: np.round(outline.astype(float), 1).tolist()
            for side, outline in zip(("left", "right"), outlines, strict=True)
        }
    return report


def _lens_polygons(head: Head, frame: Frame, nudge: Nudge) -> tuple[Array, Array]:
    """The edges of the lenses in the photo, px: viewer's left, viewer's right."""
    placement = place(frame, head, nudge)
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
