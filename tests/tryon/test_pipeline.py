"""Glasses on photos: where they sit, what of the photo is kept, and what is said about it."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from genapp.errors import BadValue, NoFace, UnknownName, UnreadablePicture, UserError
from genapp.images import Photo, Pixels, encode, read
from genapp.registry.engines import Engines
from genapp.tryon import (
    Analysis,
    Frame,
    Look,
    Nudge,
    analyse,
    choose,
    dress,
    dress_each,
    load_frame,
    try_on,
)
from genapp.tryon.scale import PUPIL_RADIUS
from tests.tryon.conftest import EXAMPLES

FACE_KEYS = {
    "glasses_worn",
    *("scale", "bridge_width_mm", "bridge_fit", "recommended", "shape"),
    *("box", "pose", "pd_mm", "face_width_mm", "frame", "fit"),
    *("landmarks", "lenses"),
}
SHARED_FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"


@pytest.fixture
def portrait(examples: dict[str, Photo]) -> Photo:
    """A small picture, which makes quick tests."""
    pixels = cv2.resize(examples["young-woman"].pixels, (192, 240), interpolation=cv2.INTER_AREA)
    return read(np.asarray(pixels, np.uint8))


def inside(outline: list[list[float]], point: list[float]) -> float:
    """Distance in px of a point from the edge of an outline, positive inside."""
    contour = np.array(outline, np.float32).reshape(-1, 1, 2)
    return cv2.pointPolygonTest(contour, (point[0], point[1]), True)


def lean(face: dict[str, Any]) -> float:
    """Degrees between the line of the pupils and that of the lenses."""
    eyes = np.subtract(face["landmarks"]["right_pupil"], face["landmarks"]["left_pupil"])
    left, right = (np.mean(face["lenses"][side], 0) for side in ("left", "right"))
    angles = [np.degrees(np.arctan2(line[1], line[0])) for line in (eyes, right - left)]
    return abs(float(angles[0] - angles[1]))


# Where the glasses sit ------------------------------------------------------------------------


def test_each_portrait_wears_each_frame(analysis: Analysis, frame: Frame) -> None:
    result = dress(analysis, frame)
    (face,) = result.report()["faces"]
    for side in ("left", "right"):
        pupil, outline = face["landmarks"][f"{side}_pupil"], face["lenses"][side]
        assert inside(outline, pupil) > 5
        # What is under the lens got darker.
        x, y = (round(value) for value in pupil)
        patch = (slice(y - 8, y + 9), slice(x - 8, x + 9))
        before, after = analysis.photo.pixels[patch], result.photo.pixels[patch]
        assert not np.array_equal(before, after)
    assert lean(face) < 2
    assert face["frame"]["name"] == frame.name
    assert face["frame"]["width_mm"] == pytest.approx(frame.width, abs=0.05)


def test_lenses_are_as_large_as_the_report_says(analysis: Analysis) -> None:
    """The frame's 58 mm of lens against the pupils' distance in mm, both in pixels."""
    frame = load_frame("aviator")
    (face,) = dress(analysis, frame).report()["faces"]
    eyes = np.subtract(face["landmarks"]["right_pupil"], face["landmarks"]["left_pupil"])
    left, right = (np.mean(face["lenses"][side], 0) for side in ("left", "right"))
    lenses = float(np.linalg.norm(right - left))
    # The eyes look at the camera, 700 mm away; the report's PD is of eyes that look far away.
    near = face["pd_mm"]["value"] * (1 - PUPIL_RADIUS / 700)
    expected = np.linalg.norm(eyes) * (frame.lens + frame.bridge) / near
    # The lenses are some 15 mm nearer to the camera than the pupils: 2 % at an arm's length.
    assert lenses / expected == pytest.approx(1.02, abs=0.03)


def test_two_faces_in_a_picture_both_get_glasses(
    examples: dict[str, Photo], engines: Engines
) -> None:
    names = ("young-man", "young-woman")
    picture = np.hstack([cv2.resize(examples[name].pixels, (320, 400)) for name in names])
    result = try_on(picture, "round", engines=engines)
    faces = result.report()["faces"]
    assert len(faces) == 2
    assert {face["box"][0] < 320 for face in faces} == {True, False}
    for face in faces:
        for side in ("left", "right"):
            assert inside(face["lenses"][side], face["landmarks"][f"{side}_pupil"]) > 3
            x, y = (round(value) for value in face["landmarks"][f"{side}_pupil"])
            assert not np.array_equal(result.photo.pixels[y, x], picture[y, x])


def test_turned_photo_gets_turned_glasses(portrait: Photo, engines: Engines) -> None:
    upright = try_on(portrait, engines=engines)
    turned = try_on(np.ascontiguousarray(np.rot90(portrait.pixels)), engines=engines)
    back = np.rot90(turned.photo.pixels, -1)
    assert np.abs(back.astype(int) - upright.photo.pixels).mean() < 2
    (face,) = turned.report()["faces"]
    assert abs(face["pose"]["roll"] - upright.report()["faces"][0]["pose"]["roll"] + 90) < 3


@pytest.mark.skipif(not SHARED_FACES.is_dir(), reason="needs the training images")
def test_glasses_sit_on_many_faces(engines: Engines) -> None:
    frame = load_frame("aviator")
    paths = sorted(SHARED_FACES.glob("faker-*.jpg"))[::10]
    for path in paths:
        (face,) = dress(analyse(read(path), engines), frame).report()["faces"][:1]
        width = face["box"][2]
        for side in ("left", "right"):
            pupil = face["landmarks"][f"{side}_pupil"]
            assert inside(face["lenses"][side], pupil) > 0.02 * width, path.name
        assert lean(face) < 3, path.name
        assert 50 < face["pd_mm"]["value"] < 75, path.name
    assert len(paths) > 10


# What is kept ---------------------------------------------------------------------------------


def test_far_pixels_stay_bit_by_bit(analysis: Analysis) -> None:
    before, after = analysis.photo.pixels, dress(analysis, load_frame("wayfarer")).photo.pixels
    x, y, width, height = (round(value) for value in analysis.faces[0].mesh.box)
    changed = (before != after).any(2)
    assert changed.any()
    changed[y : y + height * 3 // 4, x - width // 6 : x + width + width // 6] = False
    assert not changed.any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_size_depth_and_what_came_with_the_photo_are_kept(
    portrait: Photo, engines: Engines, dtype: type[np.uint8] | type[np.uint16]
) -> None:
    factor = np.iinfo(dtype).max // 255
    pixels: Pixels = (portrait.pixels.astype(np.uint16) * factor).astype(dtype)
    alpha: Pixels = (np.indices(pixels.shape[:2]).sum(0) % 256).astype(dtype)
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    photo = Photo(pixels, alpha, icc, exif.tobytes(), False, "me", ("A note.",), 35.0)
    result = try_on(photo, engines=engines).photo
    assert result.pixels.shape == pixels.shape
    assert result.pixels.dtype == dtype
    assert not np.array_equal(result.pixels, pixels)
    assert result.name == "me-aviator"
    for field in ("alpha", "icc", "exif", "grey", "focal_35mm"):
        assert getattr(result, field) is getattr(photo, field)
    assert result.notes == photo.notes


def test_depths_give_the_same_picture(portrait: Photo, engines: Engines) -> None:
    shallow = try_on(portrait, engines=engines).photo.pixels
    deep = try_on(portrait.pixels.astype(np.uint16) * 257, engines=engines).photo.pixels
    # Landmarks may differ by a hair, and an edge by more than that.
    assert np.abs(shallow - deep / 257).mean() < 0.1


def test_input_is_not_changed(portrait: Photo, engines: Engines) -> None:
    given = portrait.pixels.copy()
    try_on(given, engines=engines)
    assert np.array_equal(given, portrait.pixels)
    assert given.flags.writeable


def test_same_input_gives_the_same_output(portrait: Photo, engines: Engines) -> None:
    first, second = (try_on(portrait, engines=engines) for _ in range(2))
    assert np.array_equal(first.photo.pixels, second.photo.pixels)
    assert first.faces == second.faces
    assert first.recipe == second.recipe


def test_dressing_an_analysis_is_trying_on(portrait: Photo, engines: Engines) -> None:
    analysis = analyse(portrait, engines)
    for name in ("wayfarer", "round", "wayfarer"):
        dressed = dress(analysis, load_frame(name))
        whole = try_on(portrait, name, engines=engines)
        assert np.array_equal(dressed.photo.pixels, whole.photo.pixels)
        assert dressed.faces == whole.faces
        assert dressed.recipe == whole.recipe


def test_every_kind_of_input_gives_the_same_picture(
    portrait: Photo, engines: Engines, tmp_path: Path
) -> None:
    data = encode(portrait, "png")
    path = tmp_path / "me.png"
    path.write_bytes(data)
    expected = try_on(portrait.pixels, engines=engines).photo.pixels
    for given in (path, str(path), data, Image.open(io.BytesIO(data)), portrait):
        assert np.array_equal(try_on(given, engines=engines).photo.pixels, expected)
    assert try_on(path, engines=engines).photo.name == "me-aviator"


def test_engines_are_made_when_none_are_given(portrait: Photo, engines: Engines) -> None:
    own = try_on(portrait, device="cpu").photo.pixels
    assert np.array_equal(own, try_on(portrait, engines=engines).photo.pixels)


# Settings -------------------------------------------------------------------------------------


def test_settings_go_into_picture_and_recipe(portrait: Photo, engines: Engines) -> None:
    plain = try_on(portrait, "aviator", engines=engines)
    frame = load_frame("aviator")
    assert plain.recipe == {
        "frame": "aviator",
        "tint": frame.tint,
        "opacity": frame.opacity,
        "gradient": frame.gradient,
        "dioptres": 0.0,
    }
    chosen: dict[str, Any] = {
        "frame": "aviator",
        "tint": "#ff2000",
        "opacity": 0.5,
        "gradient": 0.1,
        "dioptres": -3.0,
    }
    red = try_on(portrait, engines=engines, **chosen)
    assert red.recipe == chosen
    again = try_on(portrait, engines=engines, **red.recipe)
    assert np.array_equal(red.photo.pixels, again.photo.pixels)
    (face,) = red.report()["faces"]
    x, y = (round(value) for value in np.mean(face["lenses"]["left"], 0))
    there = red.photo.pixels[y - 3 : y + 4, x - 3 : x + 4].mean((0, 1))
    before = portrait.pixels[y - 3 : y + 4, x - 3 : x + 4].mean((0, 1))
    assert there[0] / before[0] > 1.15 * there[2] / before[2]


def test_recipe_of_a_look(analyses: dict[str, Analysis]) -> None:
    result = dress(analyses["young-man"], load_frame("round"), Look("#00ff00", 0.3, 0.2, -2.0))
    chosen = {"tint": "#00ff00", "opacity": 0.3, "gradient": 0.2, "dioptres": -2.0}
    assert result.recipe == {"frame": "round", **chosen}


def test_own_frame_is_worn(portrait: Photo, engines: Engines) -> None:
    own = replace(load_frame("round"), name="mine", lens=40.0)
    result = try_on(portrait, own, engines=engines)
    worn = result.report()["faces"][0]["frame"]
    assert worn["name"] == "mine"
    assert worn["width_mm"] == pytest.approx(own.width, abs=0.05)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"frame": "aviatorr"}, UnknownName),
        ({"tint": "red"}, BadValue),
        ({"tint": ""}, BadValue),
        ({"opacity": 1.5}, BadValue),
        ({"opacity": -0.01}, BadValue),
        ({"opacity": float("nan")}, BadValue),
        ({"dioptres": -10.5}, BadValue),
        ({"dioptres": 9}, BadValue),
        ({"gradient": 2}, BadValue),
        ({"gradient": float("inf")}, BadValue),
        ({"model": "face/facemesh.atention"}, UnknownName),
    ],
)
def test_wrong_setting_is_a_users_mistake(
    portrait: Photo, engines: Engines, settings: dict[str, Any], kind: type[UserError]
) -> None:
    with pytest.raises(kind) as error:
        try_on(portrait, engines=engines, **settings)
    assert error.value.message
    assert error.value.remedy


def test_unknown_device_is_a_users_mistake(portrait: Photo) -> None:
    with pytest.raises(BadValue, match="device 'tpu'"):
        try_on(portrait, device="tpu")


def test_wrong_settings_are_told_before_the_photo_is_read() -> None:
    with pytest.raises(UnknownName):
        try_on("no-such-photo.jpg", "no-such-frame")
    with pytest.raises(UnreadablePicture):
        try_on("no-such-photo.jpg")


@pytest.mark.parametrize("level", [0, 128, 255])
def test_picture_without_a_face(engines: Engines, level: int) -> None:
    with pytest.raises(NoFace) as error:
        try_on(np.full((200, 150, 3), level, np.uint8), engines=engines)
    assert "24 pixels" in error.value.remedy


# The report -----------------------------------------------------------------------------------


def test_report_has_the_documented_keys_and_is_json(portrait: Photo, engines: Engines) -> None:
    report = try_on(portrait, engines=engines).report()
    assert json.loads(json.dumps(report)) == report
    assert set(report) == {"faces", "ran_on", "timings_ms", "recipe"}
    (face,) = report["faces"]
    assert set(face) == FACE_KEYS
    assert set(face["pose"]) == {"yaw", "pitch", "roll"}
    assert set(face["pd_mm"]) == set(face["face_width_mm"]) == {"value", "error"}
    assert set(face["glasses_worn"]) == {"value", "score"}
    assert set(face["frame"]) == {"name", "width_mm", "suited_size"}
    assert set(face["scale"]) == {"ruler", "error_percent", "note"}
    assert set(face["recommended"]) == {"width_mm", "lens_mm", "bridge_mm", "temple_mm", "text"}
    assert set(face["shape"]) == {"name", "confidence", "reason", "suits"}
    assert face["scale"]["ruler"] == "iris"
    assert face["bridge_fit"] in {"narrow", "good", "wide"}
    assert set(face["landmarks"]) == {"left_pupil", "right_pupil"}
    assert set(face["lenses"]) == {"left", "right"}
    assert face["fit"] in {"narrow", "good", "wide"}
    assert len(face["box"]) == 4
    assert all(len(point) == 2 for side in face["lenses"].values() for point in side)
    assert all(value >= 0 for value in report["timings_ms"].values())


def test_numbers_of_the_portraits_are_plausible(analysis: Analysis) -> None:
    (face,) = dress(analysis, load_frame("aviator")).report()["faces"]
    assert 54 < face["pd_mm"]["value"] < 72
    assert 1 < face["pd_mm"]["error"] < 4
    assert 115 < face["face_width_mm"]["value"] < 165
    assert abs(face["pose"]["pitch"]) < 12
    assert abs(face["pose"]["roll"]) < 5


def test_left_and_right_are_the_viewers(analysis: Analysis) -> None:
    (face,) = dress(analysis, load_frame("aviator")).report()["faces"]
    assert face["landmarks"]["left_pupil"][0] < face["landmarks"]["right_pupil"][0]
    left, right = (np.mean(face["lenses"][side], 0)[0] for side in ("left", "right"))
    assert left < right


def test_turned_woman_looks_to_the_viewers_left(analyses: dict[str, Analysis]) -> None:
    """Her README says by about 20 degrees."""
    (face,) = analyses["turned-woman"].faces
    assert face.head.angles[0] == pytest.approx(-20, abs=4)


def test_same_photo_at_half_the_size_measures_the_same(
    examples: dict[str, Photo], engines: Engines, analyses: dict[str, Analysis]
) -> None:
    name = EXAMPLES[0].stem
    half: Pixels = np.asarray(
        cv2.resize(examples[name].pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        np.uint8,
    )
    small = analyse(read(half), engines).faces[0].head
    large = analyses[name].faces[0].head
    assert small.millimetres.pupils.value == pytest.approx(large.millimetres.pupils.value, rel=0.02)
    assert small.angles == pytest.approx(large.angles, abs=1.5)


# Several faces, previews ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def couple(examples: dict[str, Photo], engines: Engines) -> Analysis:
    one, other = (examples[name].pixels for name in ("young-woman", "young-man"))
    rows = min(len(one), len(other))
    return analyse(read(np.concatenate([one[:rows], other[:rows]], 1)), engines)


def test_each_face_wears_its_own_frame(couple: Analysis) -> None:
    assert len(couple.faces) == 2
    result = dress_each(couple, [choose("aviator"), choose("wayfarer", tint="#802020")])
    assert [face["frame"]["name"] for face in result.faces] == ["aviator", "wayfarer"]
    assert [one["frame"] for one in result.recipe["faces"]] == ["aviator", "wayfarer"]
    assert result.photo.name == "photo-aviator-wayfarer"
    again = try_on(couple.photo, ["aviator", load_frame("wayfarer")])
    assert [face["frame"]["name"] for face in again.faces] == ["aviator", "wayfarer"]


def test_face_without_glasses_keeps_its_pixels(couple: Analysis) -> None:
    result = dress_each(couple, [None, choose("round")])
    bare, worn = result.faces
    assert bare["frame"] is None
    assert bare["fit"] is None
    assert bare["lenses"] == {}
    assert worn["frame"]["name"] == "round"
    x, y, width, height = (round(value) for value in bare["box"])
    part = (slice(y, y + height), slice(x, x + width))
    assert np.array_equal(result.photo.pixels[part], couple.photo.pixels[part])
    assert result.recipe["faces"][0] is None


def test_the_last_choice_goes_on_all_further_faces(couple: Analysis) -> None:
    result = dress_each(couple, [choose("round")])
    assert [face["frame"]["name"] for face in result.faces] == ["round", "round"]
    assert result.recipe["frame"] == "round"


def test_no_choice_is_refused(couple: Analysis) -> None:
    with pytest.raises(BadValue, match="No frame was chosen"):
        dress_each(couple, [])


def test_nudge_is_in_the_recipe_and_in_the_width(analysis: Analysis) -> None:
    frame = load_frame("round")
    result = dress(analysis, frame, nudge=Nudge(size=1.2))
    assert result.recipe["nudge"]["size"] == 1.2
    assert result.faces[0]["frame"]["width_mm"] == pytest.approx(frame.width * 1.2, abs=0.1)
    assert "nudge" not in dress(analysis, frame).recipe


def test_preview_shows_what_the_full_picture_shows(analysis: Analysis) -> None:
    """Up to the finer sampling of the large one."""
    frame = load_frame("wayfarer")
    small = dress(analysis.preview(400), frame).photo.pixels
    full = dress(analysis, frame).photo.pixels
    assert max(small.shape) == 400
    shrunk = cv2.resize(full, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert cv2.absdiff(small, np.asarray(shrunk, np.uint8)).mean() < 1
    assert analysis.preview(10_000).photo.pixels.shape == full.shape


# True size ---------------------------------------------------------------------------------------


def test_typed_pupillary_distance_is_reported(portrait: Photo, engines: Engines) -> None:
    (face,) = dress(analyse(portrait, engines, pd_mm=58), load_frame("round")).report()["faces"]
    assert face["pd_mm"]["value"] == 58
    assert face["scale"]["ruler"] == "pd"
    assert face["scale"]["error_percent"] < 3


def test_without_a_card_the_irises_measure_and_the_note_says_so(
    portrait: Photo, engines: Engines
) -> None:
    (face,) = dress(analyse(portrait, engines, card=True), load_frame("round")).report()["faces"]
    assert face["scale"]["ruler"] == "iris"
    assert face["scale"]["note"].startswith("No card was found")


def test_impossible_rulers_are_refused(portrait: Photo, engines: Engines) -> None:
    with pytest.raises(BadValue, match="from 40 to 80"):
        analyse(portrait, engines, pd_mm=90)
    with pytest.raises(BadValue, match="Choose one"):
        analyse(portrait, engines, pd_mm=63, card=True)
    with pytest.raises(BadValue, match="four corners"):
        analyse(portrait, engines, card=[[0, 0]])
