"""The Colour tab in a browser, and `/colorize` over HTTP."""

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import genapp
from genapp import images
from genapp.colorizing import color_at, color_name

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 120_000
AFTER = "#colour-result img >> nth=1"
ANOTHER = """([selector, old]) => {
    const shown = [...document.querySelectorAll(selector)].pop();
    return shown && shown.src !== old && shown.naturalWidth > 0;
}"""


@pytest.fixture(scope="session")
def grey(tmp_path_factory: pytest.TempPathFactory, portrait: Path) -> Path:
    """The portrait, 384×480 grey."""
    path = tmp_path_factory.mktemp("grey") / "grey.png"
    Image.open(portrait).convert("L").resize((384, 480), Image.Resampling.BOX).save(path)
    return path


@pytest.fixture
def tab(page: "Page") -> "Page":
    page.get_by_role("tab", name="Colour", exact=True).click()
    page.wait_for_selector("#colour-photo input[type=file]", state="attached")
    return page


def upload(tab: "Page", path: Path) -> None:
    remove = tab.locator("#colour-photo").get_by_label("Remove Image")
    if remove.count():
        remove.click()
        remove.wait_for(state="detached")
    tab.set_input_files("#colour-photo input[type=file]", path)


def another(tab: "Page", selector: str, old: str = "") -> str:
    """Wait for a picture other than the `old` one; its URL."""
    tab.wait_for_function(ANOTHER, arg=[selector, old], timeout=PATIENCE_MS)
    return tab.locator(selector).last.get_attribute("src") or ""


def open_photo(tab: "Page", path: Path) -> str:
    upload(tab, path)
    return another(tab, "#colour-result img")


def shown(url: str) -> images.Pixels:
    with urllib.request.urlopen(url) as answer:
        return images.read(answer.read()).pixels


def list_of_hints(tab: "Page", count: int) -> list[str]:
    """Wait until there are so many."""
    tab.wait_for_function(
        "count => document.querySelectorAll('#colour-hints button').length === count",
        arg=count,
        timeout=PATIENCE_MS,
    )
    return tab.locator("#colour-hints button").all_inner_texts()


def wait_for_hint_at(tab: "Page", x: int, y: int) -> None:
    """Wait until the only hint is there, within three pixels."""
    tab.wait_for_function(
        """([x, y]) => {
            const hint = document.querySelector("#colour-hints button")?.innerText ?? " at -9, -9";
            const [left, top] = hint.split(" at ")[1].split(", ").map(Number);
            return Math.abs(left - x) < 4 && Math.abs(top - y) < 4;
        }""",
        arg=[x, y],
        timeout=PATIENCE_MS,
    )


def click_picture(tab: "Page", x: float, y: float) -> None:
    """x and y as shares of the picture."""
    picture = tab.locator("#colour-marked img")
    box = picture.bounding_box()
    assert box is not None
    picture.click(position={"x": x * box["width"], "y": y * box["height"]})


@pytest.mark.browser
def test_colours_come_by_themselves_and_are_downloaded(tab: "Page", grey: Path) -> None:
    url = open_photo(tab, grey)
    expected = genapp.colorize(grey)
    np.testing.assert_array_equal(shown(url), expected.photo.pixels)
    facts = tab.locator("#colour-facts").inner_text()
    assert "384×480 with colorize/" in facts
    assert "Colours are a guess" in facts
    with tab.expect_download() as download:
        tab.locator("#colour-download").click()
    assert download.value.suggested_filename == "grey-colour.png"
    saved = images.read(Path(download.value.path())).pixels
    np.testing.assert_array_equal(saved, expected.photo.pixels)


@pytest.mark.browser
def test_sliders_act_without_the_network(tab: "Page", grey: Path) -> None:
    url = open_photo(tab, grey)
    found = tab.locator("#colour-facts").inner_text().split(" to find colours")[0]
    tab.get_by_label("range slider for Saturation").press("End")
    url = another(tab, "#colour-result img", url)
    expected = genapp.colorize(grey, saturation=2)
    np.testing.assert_array_equal(shown(url), expected.photo.pixels)
    # The time of the network is still that of the first run.
    assert tab.locator("#colour-facts").inner_text().startswith(found)
    tab.locator("#colour-reset").click()
    url = another(tab, "#colour-result img", url)
    np.testing.assert_array_equal(shown(url), genapp.colorize(grey).photo.pixels)


@pytest.mark.browser
def test_a_colour_is_put_moved_changed_deleted_and_undone(tab: "Page", grey: Path) -> None:
    first = open_photo(tab, grey)
    tab.get_by_role("tab", name="Add colours").click()
    tab.get_by_title("Cloth: violet").click()
    tab.wait_for_timeout(500)
    click_picture(tab, 0.5, 0.9)
    (hint,) = list_of_hints(tab, 1)
    number, color, _, x, y = hint.replace("·", "").replace(",", "").split()
    assert (number, color) == ("1", "#71478c")
    assert abs(int(x) - 192) < 4
    assert abs(int(y) - 432) < 4
    tab.get_by_role("tab", name="Before and after").click()
    url = another(tab, "#colour-result img", first)
    expected = genapp.colorize(grey, hints=[f"{x},{y},{color}"])
    # The place has fractions of a pixel that the list does not show.
    difference = np.abs(shown(url).astype(int) - expected.photo.pixels)
    assert difference.mean() < 1

    tab.get_by_role("tab", name="Add colours").click()
    # A click on the dot chooses it; another colour then is for it.
    click_picture(tab, 0.5, 0.9)
    tab.locator("#colour-about", has_text="Colour 1 is chosen").wait_for(timeout=PATIENCE_MS)
    tab.get_by_title("Cloth: red").click()
    tab.locator("#colour-hints button", has_text="#a61f28").wait_for(timeout=PATIENCE_MS)
    # Chosen in the list, the next click moves it.
    if tab.locator("#colour-hints button").get_attribute("aria-pressed") != "true":
        tab.locator("#colour-hints button").click()
        tab.locator("#colour-hints [aria-pressed=true]").wait_for(timeout=PATIENCE_MS)
    click_picture(tab, 0.3, 0.85)
    wait_for_hint_at(tab, 115, 408)
    tab.get_by_role("button", name="Undo").click()
    wait_for_hint_at(tab, int(x), int(y))
    tab.get_by_role("button", name="Redo").click()
    wait_for_hint_at(tab, 115, 408)
    tab.locator("#colour-hints button").click()
    tab.locator("#colour-hints [aria-pressed=true]").wait_for(timeout=PATIENCE_MS)
    tab.get_by_role("button", name="Delete").click()
    tab.locator("#colour-hints", has_text="No colours added yet").wait_for(timeout=PATIENCE_MS)


@pytest.mark.browser
def test_the_keyboard_alone(tab: "Page", grey: Path) -> None:
    open_photo(tab, grey)
    tab.get_by_role("tab", name="Add colours").press("Enter")
    tab.get_by_title("Hair: blond").press("Enter")
    tab.wait_for_timeout(500)
    tab.get_by_role("button", name="Without a mouse").press("Enter")
    across = tab.get_by_label("range slider for Left ↔ right, %").last
    across.press("Home")
    tab.get_by_role("button", name="Click there").press("Enter")
    assert list_of_hints(tab, 1) == ["1 · #d3ad6b at 0, 240"]


@pytest.mark.browser
def test_what_is_outlined_stays_grey(tab: "Page", grey: Path) -> None:
    url = open_photo(tab, grey)
    tab.get_by_role("tab", name="Add colours").click()
    tab.get_by_label("outlines what stays grey").click()
    tab.wait_for_timeout(500)
    told = ("2 more corners", "1 more corner to", "Inside the outline")
    for text, (x, y) in zip(told, ((0.1, 0.5), (0.9, 0.5), (0.5, 0.95)), strict=True):
        click_picture(tab, x, y)
        tab.locator("#colour-about", has_text=text).wait_for(timeout=PATIENCE_MS)
    tab.get_by_role("tab", name="Before and after").click()
    # Two corners enclose nothing, so that the first change is that of all three.
    pixels = shown(another(tab, "#colour-result img", url)).astype(int)
    spread = pixels.max(axis=2) - pixels.min(axis=2)
    assert spread[250:330, 130:260].max() <= 1
    assert spread[:200].mean() > 4


@pytest.mark.browser
def test_colours_are_taken_from_another_picture(tab: "Page", grey: Path, portrait: Path) -> None:
    url = open_photo(tab, grey)
    tab.get_by_role("button", name="Colours from another picture").click()
    # A picture without colours is refused and changes nothing.
    tab.set_input_files("#colour-from input[type=file]", grey)
    about = tab.locator("#colour-about-reference", has_text="has no colours")
    about.wait_for(timeout=PATIENCE_MS)
    assert tab.locator("#colour-result img").last.get_attribute("src") == url
    tab.locator("#colour-from").get_by_label("Remove Image").click()
    about.wait_for(state="detached", timeout=PATIENCE_MS)
    tab.set_input_files("#colour-from input[type=file]", portrait)
    url = another(tab, "#colour-result img", url)
    expected = genapp.colorize(grey, reference=portrait)
    np.testing.assert_array_equal(shown(url), expected.photo.pixels)
    # A click on it picks up its colour.
    tab.get_by_role("tab", name="Add colours").click()
    box = tab.locator("#colour-from img").bounding_box()
    assert box is not None
    tab.locator("#colour-from img").click(position={"x": box["width"] / 2, "y": 8})
    tab.wait_for_timeout(1000)
    click_picture(tab, 0.5, 0.5)
    (hint,) = list_of_hints(tab, 1)
    wall = color_name(color_at(images.read(portrait), 384, 40))
    picked = bytes.fromhex(hint.split()[2].removeprefix("#"))
    assert np.abs(np.array(list(picked)) - list(bytes.fromhex(wall[1:]))).max() < 8


@pytest.mark.browser
def test_the_photo_is_cleaned_up_first(tab: "Page", grey: Path) -> None:
    url = open_photo(tab, grey)
    tab.get_by_role("button", name="Clean up an old photo").click()
    tab.get_by_label("range slider for More contrast").press("End")
    url = another(tab, "#colour-result img", url)
    expected = genapp.colorize(grey, contrast=1)
    np.testing.assert_array_equal(shown(url), expected.photo.pixels)


@pytest.mark.browser
def test_what_the_photo_is_is_said(tab: "Page", portrait: Path) -> None:
    open_photo(tab, portrait)
    tab.locator("#colour-facts", has_text="in colour already").wait_for(timeout=PATIENCE_MS)
    tab.locator("#colour-examples button").nth(1).click()
    tab.locator("#colour-facts", has_text="is toned brown").wait_for(timeout=PATIENCE_MS)


@pytest.mark.browser
def test_a_sketch_is_told_and_coloured(tab: "Page") -> None:
    tab.locator("#colour-examples button").last.click()
    url = another(tab, "#colour-result img")
    tab.locator("#colour-facts", has_text="looks like a line drawing").wait_for()
    tab.get_by_label("It is a sketch").click()
    url = another(tab, "#colour-result img", url)
    drawing = Path(genapp.__file__).parent / "ui/examples/old/drawing-young-woman.jpg"
    expected = genapp.colorize(drawing, sketch=True)
    np.testing.assert_array_equal(shown(url), expected.photo.pixels)
    assert "sketch-unet" in tab.locator("#colour-facts").inner_text()


@pytest.mark.browser
def test_another_candidate_is_taken(tab: "Page", grey: Path) -> None:
    url = open_photo(tab, grey)
    tab.locator("#colour-more").click()
    tab.locator("#colour-sheet img").nth(5).wait_for(timeout=PATIENCE_MS)
    tab.locator("#colour-sheet button.thumbnail-item").nth(2).click()
    url = another(tab, "#colour-result img", url)
    np.testing.assert_array_equal(shown(url), genapp.colorize(grey, candidate=2).photo.pixels)


@pytest.mark.browser
def test_the_result_is_sent_to_upscale_whole(tab: "Page", grey: Path, tmp_path: Path) -> None:
    deep = tmp_path / "deep.png"
    cv2.imwrite(str(deep), np.asarray(Image.open(grey)).astype(np.uint16) * 257)
    open_photo(tab, deep)
    tab.locator("#colour-send").click()
    tab.locator("#upscale-plan", has_text="384×480 → 768×960").wait_for(timeout=PATIENCE_MS)
    url = tab.locator("#upscale-photo img").get_attribute("src") or ""
    np.testing.assert_array_equal(shown(url), genapp.colorize(deep).photo.pixels)


@pytest.mark.browser
def test_a_bad_photo_loses_nothing(tab: "Page", grey: Path, bad_photos: dict[Path, str]) -> None:
    open_photo(tab, grey)
    tab.get_by_role("tab", name="Add colours").click()
    click_picture(tab, 0.5, 0.3)
    hints = list_of_hints(tab, 1)
    broken, sentence = next(iter(bad_photos.items()))
    upload(tab, broken)
    tab.locator("#colour-facts", has_text=sentence).wait_for(timeout=PATIENCE_MS)
    tab.get_by_test_id("toast-body").filter(has_text=sentence).wait_for()
    assert "Traceback" not in tab.inner_text("body")
    assert tab.locator("#colour-download").is_disabled()
    upload(tab, grey)
    assert list_of_hints(tab, 1) == hints


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out_sideways(tab: "Page", grey: Path, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    open_photo(tab, grey)
    for name in ("Before and after", "Add colours"):
        tab.get_by_role("tab", name=name).click()
        tab.wait_for_timeout(300)
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_endpoint(client: Client, grey: Path, portrait: Path) -> None:
    hints = ["190,430,#71478c", "60,60,#8fbfe8"]
    options: dict[str, Any] = {"saturation": 1.3, "warmth": -0.2, "denoise": 0.4}
    options["reference_strength"] = 0.5
    picture, report = client.predict(
        photo=handle_file(grey),
        hints="; ".join(hints),
        reference=handle_file(portrait),
        format="tiff",
        api_name="/colorize",
        **options,
    )
    expected = genapp.colorize(grey, hints=hints, reference=portrait, **options)
    assert Path(picture).suffix == ".tiff"
    np.testing.assert_array_equal(images.read(Path(picture)).pixels, expected.photo.pixels)
    assert report["size"] == [384, 480]
    assert report["recipe"] == expected.recipe


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"saturation": 3}, "The saturation is 3."),
        ({"warmth": "hot"}, "The warmth is 'hot'."),
        ({"hints": "1,2"}, "'1,2' is no hint."),
        ({"hints": "9999,2,#ffffff"}, "lies outside the photo of 384×480."),
        ({"candidate": 1.5}, "The candidate is 1.5."),
        ({"denoise": 2}, "The denoise is 2."),
        ({"model": "colorize/none.v1"}, "There is no model named 'colorize/none.v1'."),
        ({"format": "bmp"}, "'bmp' is not a format that can be written."),
        ({"photo": None}, "There is no photo. Send one as 'photo'."),
    ],
)
def test_wrong_values_get_a_sentence(
    client: Client, grey: Path, sent: dict[str, object], sentence: str
) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(**{"photo": handle_file(grey), **sent}, api_name="/colorize")
    assert sentence in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_the_endpoint_is_documented(app_url: str) -> None:
    with urllib.request.urlopen(f"{app_url}gradio_api/info") as answer:
        info = json.load(answer)["named_endpoints"]["/colorize"]
    assert info["description"].startswith("Colour a grey or sepia photo.")
    names = [parameter["parameter_name"] for parameter in info["parameters"]]
    assert names[:3] == ["photo", "hints", "saturation"]
