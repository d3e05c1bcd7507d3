"""`/try_on` for programs, called as gradio_client and plain HTTP call it."""

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import genapp
from genapp import images
from genapp.tryon import Nudge, compare_frames, load_frame, write_glb

FACE_KEYS = {
    "glasses_worn",
    *("scale", "bridge_width_mm", "bridge_fit", "recommended", "shape"),
    *("box", "pose", "pd_mm", "face_width_mm", "frame", "fit", "landmarks", "lenses"),
}
SIZE = (768, 960)
DEFAULTS = (
    *("aviator", "", None, None, "", "", None, None, False, None, None),
    *("blazeface", "auto"),
)
"""Of the parameters after the photo."""


def try_on(client: Client, **sent: object) -> tuple[Path, dict[str, Any]]:
    picture, report = client.predict(api_name="/try_on", **sent)
    return Path(picture), report


def test_the_endpoint_is_named_typed_and_documented(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert list(endpoints) == [
        "/try_on",
        "/colorize",
        "/translate",
        "/sketch_to_face",
        "/upscale",
        "/faces",
        "/outliers",
        "/augment",
        "/models",
    ]
    info = endpoints["/try_on"]
    assert info["description"].startswith("Put a pair of glasses on every face of a photo.")
    assert [
        (parameter["parameter_name"], parameter["parameter_default"], parameter["component"])
        for parameter in info["parameters"]
    ] == [
        ("photo", None, "Image"),
        ("frame", "aviator", "Textbox"),
        ("tint", "", "Textbox"),
        ("opacity", None, "Number"),
        ("gradient", None, "Number"),
        ("nudge", "", "Textbox"),
        ("compare", "", "Textbox"),
        ("dioptres", None, "Number"),
        ("pd_mm", None, "Number"),
        ("card", False, "Checkbox"),
        ("frame_file", None, "File"),
        ("width_mm", None, "Number"),
        ("detector", "blazeface", "Textbox"),
        ("parser", "auto", "Textbox"),
    ]
    assert [parameter["parameter_has_default"] for parameter in info["parameters"]] == [
        False,
        *[True] * 13,
    ]
    assert [returned["label"] for returned in info["returns"]] == ["picture", "report"]


def test_a_photo_alone_gives_picture_and_report(client: Client, portrait: Path) -> None:
    picture, report = try_on(client, photo=handle_file(portrait))
    expected = genapp.try_on(portrait)
    assert picture.name == "young-woman-aviator.png"
    assert_pixels(picture.read_bytes(), expected.photo.pixels)
    assert report.keys() == {"faces", "ran_on", "timings_ms", "recipe"}
    assert report["faces"] == json.loads(json.dumps(expected.report()["faces"]))
    assert report["faces"][0].keys() == FACE_KEYS
    assert {"read", "detect", "mesh", "pose", "render"} <= report["timings_ms"].keys()
    assert report["recipe"] == expected.recipe


def test_a_nudge_and_a_frame_for_each_face(client: Client, portrait: Path) -> None:
    picture, report = try_on(
        client, photo=handle_file(portrait), frame="round,none", nudge="down=3,size=1.1"
    )
    expected = genapp.try_on(portrait, "round", nudge=Nudge(down=3, size=1.1))
    assert_pixels(picture.read_bytes(), expected.photo.pixels)
    assert report["recipe"]["faces"] == [expected.recipe, None]
    _, report = try_on(client, photo=handle_file(portrait), frame="none")
    assert report["faces"][0]["frame"] is None


def test_frames_are_compared(client: Client, portrait: Path) -> None:
    picture, report = try_on(client, photo=handle_file(portrait), compare="round,aviator")
    assert picture.name == "young-woman-compared.png"
    assert [face["frame"]["name"] for face in report["compared"]] == ["round", "aviator"]
    assert_pixels(picture.read_bytes(), compare_frames(portrait, ["round", "aviator"]).sheet.pixels)


def test_a_frame_of_ones_own(client: Client, portrait: Path, tmp_path: Path) -> None:
    model = tmp_path / "mine.glb"
    model.write_bytes(write_glb(load_frame("round")))
    picture, report = try_on(
        client, photo=handle_file(portrait), frame_file=handle_file(model), width_mm=130
    )
    expected = genapp.try_on(portrait, model, width_mm=130)
    assert_pixels(picture.read_bytes(), expected.photo.pixels)
    assert report["faces"][0]["frame"]["width_mm"] == pytest.approx(130, abs=0.1)


def test_a_path_of_the_servers_is_no_frame(client: Client, portrait: Path, tmp_path: Path) -> None:
    model = tmp_path / "mine.glb"
    model.write_bytes(write_glb(load_frame("round")))
    assert "There is no frame named" in refusal(
        client, photo=handle_file(portrait), frame=str(model)
    )


def test_prescription_and_typed_distance(client: Client, portrait: Path) -> None:
    options = {"frame": "rectangle", "dioptres": -6, "pd_mm": 58}
    picture, report = try_on(client, photo=handle_file(portrait), **options)
    expected = genapp.try_on(portrait, "rectangle", dioptres=-6, pd_mm=58)
    assert_pixels(picture.read_bytes(), expected.photo.pixels)
    assert report["faces"][0]["scale"]["ruler"] == "pd"
    assert report["faces"][0]["pd_mm"]["value"] == pytest.approx(58, abs=0.1)


def test_every_option_counts(client: Client, portrait: Path) -> None:
    options = {"frame": "round", "tint": "#702020", "opacity": 0.5, "gradient": 1}
    picture, report = try_on(client, photo=handle_file(portrait), **options)
    assert report["recipe"] == {**options, "dioptres": 0}
    assert_pixels(picture.read_bytes(), genapp.try_on(portrait, **options).photo.pixels)  # type: ignore[arg-type]


def test_every_kind_of_photo(client: Client, good_photos: dict[str, Path]) -> None:
    for name, path in good_photos.items():
        picture, report = try_on(client, photo=handle_file(path))
        assert len(report["faces"]) == 1, name
        assert Image.open(picture).size == SIZE, name
        # Upright and whole: the face is where it is in the portrait.
        left, right = report["faces"][0]["landmarks"].values()
        assert left == pytest.approx((317, 331), abs=4), name
        assert right == pytest.approx((445, 326), abs=4), name


def test_bit_depth_and_transparency_are_kept(client: Client, good_photos: dict[str, Path]) -> None:
    deep, _ = try_on(client, photo=handle_file(good_photos["deep"]))
    clear, _ = try_on(client, photo=handle_file(good_photos["clear"]))
    assert_pixels(deep.read_bytes(), genapp.try_on(good_photos["deep"]).photo.pixels)
    assert deep.read_bytes()[24] == 16  # PNG: bits a channel
    before = Image.open(good_photos["clear"]).getchannel("A")
    assert Image.open(clear).getchannel("A").tobytes() == before.tobytes()


def test_bad_photos_get_their_sentence(client: Client, bad_photos: dict[Path, str]) -> None:
    for path, sentence in bad_photos.items():
        assert refusal(client, photo=handle_file(path)).startswith(sentence)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"frame": "aviatr"}, "There is no frame named 'aviatr'. Did you mean aviator"),
        ({"frame": 3}, "There is no frame named '3'."),
        ({"frame": ["round"]}, "There is no frame named "),
        ({"tint": "red;"}, "'red;' is not a colour."),
        ({"tint": {"a": 1}}, "is not a colour."),
        ({"opacity": 2}, "The opacity is 2. Choose a number from 0 to 1."),
        ({"opacity": "much"}, "The opacity is 'much'. Choose a number from 0 to 1."),
        ({"opacity": "0.5"}, "The opacity is '0.5'. Choose a number from 0 to 1."),
        ({"opacity": {"a": 1}}, "Choose a number from 0 to 1."),
        ({"gradient": [1]}, "The gradient is [1]. Choose a number from 0 to 1."),
        ({"gradient": True}, "The gradient is True. Choose a number from 0 to 1."),
        ({"gradient": -0.1}, "The gradient is -0.1. Choose a number from 0 to 1."),
        ({"photo": None}, "There is no photo. Send one as 'photo'."),
        ({"photo": "young-woman.jpg"}, "The photo is of type str, not a file."),
        ({"photo": 5}, "The photo is of type int, not a file."),
    ],
)
def test_wrong_values_get_a_sentence(
    client: Client, portrait: Path, sent: dict[str, object], sentence: str
) -> None:
    assert sentence in refusal(client, **{"photo": handle_file(portrait), **sent})


@pytest.mark.parametrize("mark", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_nothing_but_uploads_is_read(app_url: str, portrait: Path, mark: dict[str, object]) -> None:
    """Not even a good photo that lies on the server; Gradio checks only a path with its mark."""
    file = {"path": str(portrait), **mark}
    kind, answer = call(app_url, [file, "aviator", "", None, None])
    assert kind == "error"
    assert json.loads(answer)["error"] in {
        None,
        "The photo was not uploaded to this server. Upload it first.",
    }


def test_a_data_url_is_not_degraded(app_url: str, portrait: Path) -> None:
    url = f"data:image/jpeg;base64,{base64.b64encode(portrait.read_bytes()).decode()}"
    kind, answer = call(app_url, [{"url": url}, *DEFAULTS])
    assert kind == "complete"
    picture, _ = json.loads(answer)
    with urllib.request.urlopen(picture["url"]) as result:
        assert_pixels(result.read(), genapp.try_on(portrait).photo.pixels)


def test_a_damaged_data_url_gets_its_sentence(app_url: str) -> None:
    kind, answer = call(app_url, [{"url": "data:image/png;base64,AAA"}, *DEFAULTS])
    assert kind == "error"
    assert json.loads(answer)["error"].startswith("The data: URL of the photo is damaged.")


def refusal(client: Client, **sent: object) -> str:
    """The text of the error, which must be one for people."""
    with pytest.raises(AppError) as caught:
        try_on(client, **sent)
    text = str(caught.value)
    assert "Traceback" not in text
    assert "upstream Gradio app" not in text
    assert "/genapp-" not in text  # where uploads lie
    return text


def call(app_url: str, data: list[object]) -> tuple[str, str]:
    """Plain HTTP: the kind of the last event, and its data."""
    address = f"{app_url}gradio_api/call/try_on"
    body = json.dumps({"data": data}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}", timeout=60) as answer:
        lines = answer.read().decode().strip().splitlines()
    return lines[-2].removeprefix("event: "), lines[-1].removeprefix("data: ")


def assert_pixels(png: bytes, expected: images.Pixels) -> None:
    """The picture is `expected`, bit for bit."""
    shown = images.read(png).pixels
    assert shown.shape == expected.shape
    assert shown.dtype == expected.dtype
    assert (shown == expected).all()
