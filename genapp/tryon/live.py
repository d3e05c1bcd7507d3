"""A mirror that wears glasses: the try-on for a camera, picture after picture.

A face is detected once and then followed: its last mesh says where to look for the next one. Where
the head is gets smoothed by a One Euro filter; what does not change about a person, the shape and
the true size of the face, is averaged over all pictures, and so gets better while one looks on.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np

from genapp.images import Pixels
from genapp.registry.engines import Engines
from genapp.tryon import pose
from genapp.tryon.arrays import Array
from genapp.tryon.camera import View
from genapp.tryon.detect import Detection, detect_upright
from genapp.tryon.light import Light
from genapp.tryon.mesh import Mesh, find_mesh, follow_mesh
from genapp.tryon.one_euro import OneEuro
from genapp.tryon.pipeline import Choice, Face, draw_glasses, report_face, see_face
from genapp.tryon.pose import Canonical, Head, find_head, load_canonical
from genapp.tryon.scale import IRIS_SPREAD, PUPILS_SPREAD, Measure, Millimetres

MOST_FACES = 3
LOOK_SECONDS = 1.0
"""How often new faces are looked for while one is followed."""
SEE_SECONDS = 0.6
"""How often light and hair of a face are estimated anew."""
FORGET_SECONDS = 2.0
"""After a longer pause everything begins anew."""

PLACE = (1.5, 0.6)
TURN = (1.2, 20.0)
SIZE = (0.8, 100.0)
"""Cutoff at rest (Hz) and its rise with the speed (Hz per mm/s, rad/s and 1/s), see `OneEuro`."""
SHAPE_SECONDS = 1.5
LIGHT_SECONDS = 0.8
"""Time constants of what changes slowly."""
ALIKE_SECONDS = 0.5
"""Pictures nearer to each other than this err alike: two of them tell no more than one."""
SCALE_FLOOR = (IRIS_SPREAD**-2 + PUPILS_SPREAD**-2) ** -0.5
"""Relative error of the scale that no number of pictures takes away: people differ."""
COVERED_SHARE = 0.35
"""How much one look at the hair counts towards whether it covers an ear."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture of the mirror."""

    pixels: Pixels
    """The camera's picture with glasses on, flipped if the mirror flips."""
    faces: tuple[Face, ...]
    """In the order in which they came; places are those of the camera's picture."""
    choice: Choice
    """What they wear."""
    frames_per_second: float
    """Measured over the last second; 0 for the first picture."""
    timings_ms: Mapping[str, float]

    def reports(self) -> tuple[Mapping[str, Any], ...]:
        """What `TryOn.report` says about each face. Not made for every picture: it takes time."""
        return tuple(report_face(face, self.choice) for face in self.faces)


class Mirror:
    """What one visitor's mirror remembers. For one thread at a time.

    Args:
        engines: where the networks come from; any number of mirrors may share them.
        flip: show the picture as a mirror does, left and right exchanged.
    """

    def __init__(self, engines: Engines, *, flip: bool = True) -> None:
        self._engines = engines
        self._flip = flip
        self._canonical = load_canonical(engines.data(pose.MODEL))
        self._people: list[_Person] = []
        self._looked = -np.inf
        self._times: deque[float] = deque()

    def show(self, pixels: Pixels, time_s: float, choice: Choice) -> Shown:
        """Put glasses on everybody in the camera's next picture.

        Args:
            pixels: H×W×3 RGB, uint8, not flipped.
            time_s: when it was taken, on any clock. A picture that is not newer than the last one
                begins anew, as after a pause.
            choice: what to wear.
        """
        timings = {"detect": 0.0, "mesh": 0.0, "pose": 0.0, "light and hair": 0.0}
        self._note_time(time_s)
        self._follow(pixels, time_s, timings)
        self._welcome(pixels, time_s, timings)
        with _timed(timings, "draw"):
            shown = pixels.copy()
            faces = tuple(person.face for person in self._people)
            # The far faces first, so that a near one stays in front.
            for face in sorted(faces, key=lambda face: face.head.view.scale):
                draw_glasses(shown, face, choice)
            if self._flip:
                shown = np.asarray(cv2.flip(shown, 1), np.uint8)
        span = self._times[-1] - self._times[0]
        rate = (len(self._times) - 1) / span if span > 0 else 0.0
        return Shown(shown, faces, choice, rate, timings)

    def _note_time(self, time_s: float) -> None:
        if self._times and not 0 < time_s - self._times[-1] <= FORGET_SECONDS:
            self._people.clear()
            self._times.clear()
        self._times.append(time_s)
        while len(self._times) > 2 and time_s - self._times[0] > 1:
            self._times.popleft()

    def _follow(self, pixels: Pixels, time_s: float, timings: dict[str, float]) -> None:
        """Everybody moves on; who is not seen any more is forgotten."""
        still_here: list[_Person] = []
        for person in self._people:
            with _timed(timings, "mesh"):
                mesh = follow_mesh(pixels, person.face.mesh, self._engines)
            if mesh is None or any(_same_place(mesh, other.face.mesh) for other in still_here):
                continue
            with _timed(timings, "pose"):
                person.move(mesh, _head(pixels, mesh, self._canonical), time_s)
            still_here.append(person)
        self._people = still_here
        with _timed(timings, "light and hair"):
            # One at a time, so that no picture takes much longer than the others.
            oldest = min(still_here, key=lambda person: person.seen_s, default=None)
            if oldest and time_s - oldest.seen_s >= SEE_SECONDS:
                oldest.see(pixels, self._engines, time_s)

    def _welcome(self, pixels: Pixels, time_s: float, timings: dict[str, float]) -> None:
        """Look for faces that are new."""
        if len(self._people) >= MOST_FACES:
            return
        if self._people and time_s - self._looked < LOOK_SECONDS:
            return
        self._looked = time_s
        with _timed(timings, "detect"):
            found = detect_upright(pixels, self._engines)
        for detection in found[:MOST_FACES]:
            if any(_contains(person.face.mesh, detection) for person in self._people):
                continue
            with _timed(timings, "mesh"):
                mesh = find_mesh(pixels, detection, self._engines)
            if mesh is not None and len(self._people) < MOST_FACES:
                with _timed(timings, "pose"):
                    head = _head(pixels, mesh, self._canonical)
                with _timed(timings, "light and hair"):
                    face = see_face(pixels, mesh, head, self._engines)
                self._people.append(_Person(face, self._canonical, time_s))


class _Person:
    """A face that is followed.

    Args:
        face: as it was first seen.
        canonical: the average face.
        time_s: when it was first seen.
    """

    def __init__(self, face: Face, canonical: Canonical, time_s: float) -> None:
        self._canonical = canonical
        self._first_s = self._last_s = time_s
        self.seen_s = time_s
        """When light and hair were last estimated."""
        self._unit = face.head.view.scale
        self._place, self._turn, self._size = (
            OneEuro(*settings) for settings in (PLACE, TURN, SIZE)
        )
        self._quaternion = np.array([1.0, 0, 0, 0])
        self._growth = self._weight = 0.0
        self._count = 0
        self._shape = face.head.face.astype(np.float64)
        self._distance = face.head.view.distance
        self._measures: Array = np.zeros(0)
        self._wanted = face.light
        self._seen = face
        self._covered = np.array(face.hair.covers_ear, np.float64)
        self.face = face
        """As it is now, smoothed."""
        self.move(face.mesh, face.head, time_s)

    def move(self, mesh: Mesh, head: Head, time_s: float) -> None:
        """Take in where the face is in a new picture."""
        step = time_s - self._last_s
        self._last_s = time_s
        steady = self._steady(head, time_s, step)
        light = _mixed_light(self.face.light, self._wanted, _share(step, LIGHT_SECONDS))
        # Hair moves with the head.
        then, now = self._seen.head.view, steady.view
        zoom = now.scale / then.scale
        corner = (then.origin[0] - now.origin[0] / zoom, then.origin[1] - now.origin[1] / zoom)
        self.face = replace(self._seen.zoomed(corner, zoom), mesh=mesh, head=steady, light=light)

    def see(self, pixels: Pixels, engines: Engines, time_s: float) -> None:
        """Estimate light and hair anew."""
        seen = see_face(pixels, self.face.mesh, self.face.head, engines)
        self.seen_s = time_s
        self._wanted = seen.light
        self._covered += COVERED_SHARE * (np.array(seen.hair.covers_ear) - self._covered)
        left, right = (bool(share > 0.5) for share in self._covered)
        self._seen = replace(seen, hair=replace(seen.hair, covers_ear=(left, right)))
        self.face = replace(self._seen, light=self.face.light)

    def _steady(self, head: Head, time_s: float, step: float) -> Head:
        """The smoothed head."""
        stretch = self._stretch(head)
        growth, error = self._true_size(head, stretch, time_s)
        # From here on in millimetres of the averaged scale.
        correction = growth / stretch
        share = max(1 / self._count, _share(step, SHAPE_SECONDS))
        self._shape += share * (head.face * correction - self._shape)
        self._distance += share * (head.view.distance * correction - self._distance)
        place = self._place.filter(np.array(head.view.origin) / self._unit, time_s) * self._unit
        size = self._size.filter(np.log([head.view.scale * stretch]), time_s)
        self._quaternion = _nearer(_to_quaternion(head.rotation), self._quaternion)
        turn = self._turn.filter(2 * self._quaternion, time_s)
        scale = float(np.exp(size[0])) / growth
        return Head(
            View((float(place[0]), float(place[1])), scale, self._distance),
            _to_rotation(turn),
            self._shape.astype(np.float32),
            head.triangles,
            self._averaged(head.millimetres, correction, error, share),
        )

    def _stretch(self, head: Head) -> float:
        """How much larger the face is than the average one, by this picture's scale."""
        weights = self._canonical.weights[:, None]
        average = self._canonical.vertices
        average = average - (average * weights).sum(0) / weights.sum()
        return float((weights * average * head.face[:468]).sum() / (weights * average**2).sum())

    def _true_size(self, head: Head, stretch: float, time_s: float) -> tuple[float, float]:
        """How much larger the face is than the average one, by all pictures so far, and the
        relative error of that."""
        error = head.millimetres.relative_error
        self._count += 1
        self._weight += error**-2
        self._growth += (float(np.log(stretch)) - self._growth) * error**-2 / self._weight
        looks = 1 + (time_s - self._first_s) / ALIKE_SECONDS
        single = max(self._count / self._weight - SCALE_FLOOR**2, 0.0)
        return float(np.exp(self._growth)), float(np.sqrt(SCALE_FLOOR**2 + single / looks))

    def _averaged(
        self, found: Millimetres, correction: float, error: float, share: float
    ) -> Millimetres:
        """The measures in mm, averaged."""
        names = ("pupils", "face_width", "bridge")
        values = correction * np.array([getattr(found, name).value for name in names])
        if len(self._measures) == 0:
            self._measures = values
        self._measures = self._measures + share * (values - self._measures)
        pupils, face_width, bridge = (
            # What a measure errs by beside the scale stays.
            Measure(
                round(float(value), 1),
                round(float(value) * np.hypot(error, _own_error(getattr(found, name), found)), 1),
            )
            for name, value in zip(names, self._measures, strict=True)
        )
        return replace(
            found,
            pixels_per_mm=found.pixels_per_mm / correction,
            relative_error=error,
            pupils=pupils,
            face_width=face_width,
            bridge=bridge,
        )


def _own_error(measure: Measure, of: Millimetres) -> float:
    """The part of a measure's relative error that is not the scale's."""
    return float(max((measure.error / measure.value) ** 2 - of.relative_error**2, 0.0) ** 0.5)


class _timed:  # noqa: N801 (reads as a function)
    """Adds the milliseconds of a `with` block to an entry."""

    def __init__(self, timings: dict[str, float], name: str) -> None:
        self._timings = timings
        self._name = name

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *exception: object) -> None:
        taken = (time.perf_counter() - self._started) * 1000
        self._timings[self._name] = self._timings.get(self._name, 0.0) + taken


def _head(pixels: Pixels, mesh: Mesh, canonical: Canonical) -> Head:
    return find_head(mesh, canonical, (pixels.shape[1], pixels.shape[0]), None)


def _contains(mesh: Mesh, detection: Detection) -> bool:
    x, y, width, height = mesh.box
    left, top = detection.center
    return bool(x < left < x + width and y < top < y + height)


def _same_place(mesh: Mesh, other: Mesh) -> bool:
    """Two that follow one face."""
    x, y, width, height = other.box
    left, top = mesh.points[:468, :2].mean(0)
    return bool(x < left < x + width and y < top < y + height)


def _share(step: float, seconds: float) -> float:
    """What part of a change has come after a step, with this time constant."""
    return 1 - float(np.exp(-step / seconds))


def _mixed_light(old: Light, new: Light, share: float) -> Light:
    """A light on its way from one to the other."""
    mixed = {}
    for field in fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before is None or after is None:
            mixed[field.name] = after
        else:
            mixed[field.name] = before + (after - before) * np.float32(share)
    direction = mixed["direction"] / max(float(np.linalg.norm(mixed["direction"])), 1e-6)
    return Light(**{**mixed, "direction": direction, "contrast": float(mixed["contrast"])})


def _to_quaternion(rotation: Array) -> Array:
    """3×3 → w, x, y, z."""
    axis = cv2.Rodrigues(rotation.astype(np.float64))[0].ravel()
    half = float(np.linalg.norm(axis)) / 2
    return np.array([np.cos(half), *(np.sinc(half / np.pi) / 2 * axis)])


def _to_rotation(quaternion: Array) -> Array:
    """Any multiple of a unit quaternion → 3×3."""
    w, *axis = quaternion / np.linalg.norm(quaternion)
    sine = float(np.linalg.norm(axis))
    angle = 2 * np.arctan2(sine, w)
    scale = angle / sine if sine > 1e-9 else 2.0
    return np.asarray(cv2.Rodrigues(np.array(axis) * scale)[0], np.float32)


def _nearer(quaternion: Array, last: Array) -> Array:
    """Of the two quaternions of a rotation the one nearer to the last."""
    return quaternion if quaternion @ last >= 0 else -quaternion
