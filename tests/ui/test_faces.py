"""The Faces tab in a browser, and `/faces` over HTTP."""

import csv
import io
import json
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from genapp import images
from genapp.facemaking import faces, from_recipe, parse_recipe, recipe_line, slider_names
from genapp.registry.engines import Engines
from genapp.ui import face_making

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 120_000
ANOTHER = """old => {
    const shown = document.querySelector("#face-picture img");
    return shown && shown.src !== old && shown.naturalWidth === 512;
}"""
LARGE = "512×512 pixels"

pytestmark = pytest.mark.skipif(
    face_making.problem(Engines()) is not None, reason="the generator is not here"
)


@pytest.fixture
def tab(page: "Page") -> "Page":
    page.get_by_role("tab", name="Faces", exact=True).click()
    page.locator("#face-grid img").nth(11).wait_for(timeout=PATIENCE_MS)
    return page


def choose(tab: "Page", number: int) -> str:
    """Click a face of the grid and wait until it is shown; its recipe."""
    old = picture(tab)
    tab.locator("#face-grid button.thumbnail-item").nth(number).click()
    tab.wait_for_function(ANOTHER, arg=old, timeout=PATIENCE_MS)
    return recipe(tab)


def picture(tab: "Page") -> str:
    shown = tab.locator("#face-picture img")
    return (shown.get_attribute("src") or "") if shown.count() else ""


def recipe(tab: "Page") -> str:
    return tab.locator("#face-recipe textarea").input_value()


def wait_for_recipe(tab: "Page", part: str) -> None:
    tab.wait_for_function(
        "part => document.querySelector('#face-recipe textarea').value.includes(part)",
        arg=part,
        timeout=PATIENCE_MS,
    )


def toast(tab: "Page", text: str) -> None:
    tab.get_by_test_id("toast-body").filter(has_text=text).wait_for(timeout=PATIENCE_MS)


@pytest.mark.browser
def test_a_face_is_chosen_enlarged_and_downloaded(tab: "Page") -> None:
    assert "not for commercial use" in tab.locator("#face-about").inner_text()
    line = choose(tab, 3)
    assert parse_recipe(line).seed == 3
    tab.locator("#face-facts", has_text=LARGE).wait_for(timeout=PATIENCE_MS)
    with tab.expect_download() as download:
        tab.locator("#face-download").click()
    assert download.value.suggested_filename == "face-3.png"
    saved = images.read(Path(download.value.path()))
    (expected,) = from_recipe(line).pictures
    np.testing.assert_array_equal(saved.pixels, expected.pixels)
    assert recipe_line(saved) == line


@pytest.mark.browser
def test_new_faces_and_those_around_one(tab: "Page") -> None:
    tab.locator("#face-new").click()
    tab.locator("#face-grid", has_text="seed 12").wait_for(timeout=PATIENCE_MS)
    assert parse_recipe(choose(tab, 0)).seed == 12
    tab.locator("#face-around").click()
    tab.locator("#face-title", has_text="Around").wait_for(timeout=PATIENCE_MS)
    near = parse_recipe(choose(tab, 5))
    assert near.seed == 12
    assert len(near.around) == 1
    tab.locator("#face-back").click()
    tab.locator("#face-grid", has_text="seed 12").wait_for(timeout=PATIENCE_MS)


@pytest.mark.browser
def test_a_list_of_seeds_and_a_mistake_in_it(tab: "Page") -> None:
    box = tab.locator("#face-seeds :is(input, textarea)")
    box.fill("4, x")
    box.press("Enter")
    toast(tab, "'x' is no seed")
    assert box.input_value() == "4, x"
    assert tab.locator("#face-grid img").count() == 12
    box.fill("4, 100-102")
    box.press("Enter")
    tab.locator("#face-grid", has_text="seed 102").wait_for(timeout=PATIENCE_MS)
    assert tab.locator("#face-grid img").count() == 4


@pytest.mark.browser
def test_sliders_act_and_are_undone(tab: "Page") -> None:
    choose(tab, 1)
    unusual = tab.get_by_label("number input for How unusual")
    unusual.fill("0.3")
    unusual.press("Enter")
    wait_for_recipe(tab, "trunc=0.3")
    tab.locator("#face-undo").click()
    wait_for_recipe(tab, "trunc=0.7")
    assert unusual.input_value() == "0.7"
    tab.locator("#face-redo").click()
    wait_for_recipe(tab, "trunc=0.3")
    names = slider_names(Engines())
    if not names:
        pytest.skip("there are no sliders yet")
    slider = tab.locator(f"#face-slider-{names[0]} input[type=number]")
    slider.fill("1")
    slider.press("Enter")
    wait_for_recipe(tab, f"edits={names[0]}:1")
    tab.locator("#face-reset").click()
    tab.wait_for_function(
        "() => !document.querySelector('#face-recipe textarea').value.includes('edits')",
        timeout=PATIENCE_MS,
    )
    assert slider.input_value() == "0"


@pytest.mark.browser
def test_a_recipe_is_pasted_and_a_wrong_one_stays(tab: "Page") -> None:
    box = tab.locator("#face-recipe textarea")
    box.fill("faces/1 seed=77 trunc=0.5")
    box.press("Enter")
    tab.wait_for_function(ANOTHER, arg="", timeout=PATIENCE_MS)
    wait_for_recipe(tab, "seed=77 trunc=0.5")
    tab.locator("#face-facts", has_text=LARGE).wait_for(timeout=PATIENCE_MS)
    shown = picture(tab)
    box.fill("faces/1 seed=many")
    box.press("Enter")
    toast(tab, "cannot be read")
    assert box.input_value() == "faces/1 seed=many"
    assert picture(tab) == shown
    assert "Traceback" not in tab.inner_text("body")


@pytest.mark.browser
def test_two_faces_are_mixed(tab: "Page") -> None:
    choose(tab, 2)
    tab.get_by_role("button", name="Take the chosen face as A").click()
    tab.locator("#face-a img").wait_for(timeout=PATIENCE_MS)
    choose(tab, 5)
    tab.get_by_role("button", name="Take the chosen face as B").click()
    wait_for_recipe(tab, "seed=2 trunc=0.7 mix=5@")
    share = tab.get_by_label("number input for How much of the shape from A")
    share.fill("1")
    share.press("Enter")
    wait_for_recipe(tab, "mix=5@1")
    tab.get_by_role("button", name="Swap A and B").click()
    wait_for_recipe(tab, "seed=5 trunc=0.7 mix=2@1")


@pytest.mark.browser
def test_a_film_is_made_and_cancelled(tab: "Page") -> None:
    tab.get_by_role("tab", name="Film").click()
    tab.locator("#face-film").click()
    toast(tab, "A film needs two faces or more.")
    tab.get_by_role("button", name="Add the faces of the grid").click()
    tab.locator("#face-stops img").nth(11).wait_for(timeout=PATIENCE_MS)
    tab.locator("#face-film").click()
    tab.locator("#face-film-cancel").click()
    toast(tab, "It was cancelled.")
    assert tab.locator("#face-stops img").count() == 12
    for left in range(11, 1, -1):
        tab.get_by_role("button", name="Take the last away").click()
        tab.locator("#face-stops img").nth(left).wait_for(state="detached", timeout=PATIENCE_MS)
    seconds = tab.get_by_label("number input for Seconds from face to face")
    seconds.fill("0.5")
    seconds.press("Enter")
    tab.locator("#face-film").click()
    tab.locator("#face-film-facts", has_text="2 faces").wait_for(timeout=PATIENCE_MS)
    with tab.expect_download() as download:
        tab.locator("#face-film-download").click()
    assert download.value.suggested_filename == "faces.mp4"
    assert Path(download.value.path()).read_bytes()[4:8] == b"ftyp"


@pytest.mark.browser
def test_a_data_set_is_downloaded(tab: "Page") -> None:
    tab.get_by_role("tab", name="Data set of faces").click()
    count = tab.get_by_label("How many")
    count.fill("100000")
    tab.locator("#face-dataset").click()
    tab.locator("#face-dataset-facts", has_text="cannot be made here").wait_for(timeout=PATIENCE_MS)
    count.fill("3")
    tab.locator("#face-dataset").click()
    tab.locator("#face-dataset-facts", has_text="3 faces").wait_for(timeout=PATIENCE_MS)
    with tab.expect_download() as download:
        tab.locator("#face-dataset-download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = set(archive.namelist())
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
    assert {"face-0.png", "face-1.png", "face-2.png", "manifest.json"} <= names
    assert [row["seed"] for row in rows] == ["0", "1", "2"]


@pytest.mark.browser
@pytest.mark.parametrize(("target", "photo"), [("tryon", "#photo"), ("upscale", "#upscale-photo")])
def test_the_face_is_sent_whole(tab: "Page", target: str, photo: str) -> None:
    line = choose(tab, 0)
    tab.locator(f"#face-to-{target}").click()
    shown = tab.locator(f"{photo} img")
    shown.wait_for(timeout=PATIENCE_MS)
    with urllib.request.urlopen(shown.get_attribute("src") or "") as answer:
        sent = images.read(answer.read())
    np.testing.assert_array_equal(sent.pixels, from_recipe(line).pictures[0].pixels)
    assert recipe_line(sent) == line


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out_sideways(tab: "Page", width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    choose(tab, 4)
    for name in ("Mix two faces", "Film", "Data set of faces"):
        tab.get_by_role("tab", name=name).click()
        tab.wait_for_timeout(300)
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_endpoint(client: Client) -> None:
    pictures, report = client.predict(
        seeds="3, 7-8", truncation=0.6, mix="5@2", format="tiff", api_name="/faces"
    )
    expected = faces(seeds=[3, 7, 8], truncation=0.6, mix=(5, 2))
    for path, photo in zip(pictures, expected.pictures, strict=True):
        assert Path(path).name == f"{photo.name}.tiff"
        np.testing.assert_array_equal(images.read(Path(path)).pixels, photo.pixels)
    assert report["recipe"] == list(expected.recipes)
    again, _ = client.predict(recipe=report["recipe"][1], api_name="/faces")
    pixels = images.read(Path(again[0])).pixels
    np.testing.assert_array_equal(pixels, expected.pictures[1].pixels)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"count": 0}, "The count is 0. Choose 1 to 64."),
        ({"count": 65}, "The count is 65. Choose 1 to 64."),
        ({"count": 1.5}, "The count is 1.5."),
        ({"seed": -1}, "The seed is -1."),
        ({"seeds": "a"}, "'a' is no seed"),
        ({"truncation": 3}, "The truncation is 3."),
        ({"truncation": "much"}, "The truncation is 'much'."),
        ({"edits": "age"}, "'age' does not set a slider."),
        ({"edits": "beauty=1"}, "There is no slider named 'beauty'."),
        ({"mix": "x"}, "'x' is no face to mix with."),
        ({"recipe": "faces/9"}, "This is no recipe of a face"),
        ({"size": 100000}, "The size is 100000"),
        ({"model": "faces/none.v1"}, "There is no model named 'faces/none.v1'."),
        ({"format": "bmp"}, "'bmp' is not a format that can be written."),
    ],
)
def test_wrong_values_get_a_sentence(
    client: Client, sent: dict[str, object], sentence: str
) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(**sent, api_name="/faces")
    assert sentence in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_the_endpoint_is_documented(app_url: str) -> None:
    with urllib.request.urlopen(f"{app_url}gradio_api/info") as answer:
        info = json.load(answer)["named_endpoints"]["/faces"]
    assert info["description"].startswith("Make faces of people who do not exist.")
    names = [parameter["parameter_name"] for parameter in info["parameters"]]
    assert names[:3] == ["count", "seed", "seeds"]
