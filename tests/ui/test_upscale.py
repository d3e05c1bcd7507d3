"""The Upscale tab in a browser, and `/upscale` over HTTP."""

import io
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import genapp
from genapp import images

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 120_000
TWO_PICTURES = """() => {
    const shown = [...document.querySelectorAll("#upscale-result img")];
    return shown.length === 2 && shown.every(image => image.naturalWidth > 0);
}"""


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, portrait: Path) -> Path:
    """The portrait, 96×120."""
    path = tmp_path_factory.mktemp("small") / "small.png"
    Image.open(portrait).resize((96, 120), Image.Resampling.BOX).save(path)
    return path


@pytest.fixture
def tab(page: "Page") -> "Page":
    page.get_by_role("tab", name="Upscale").click()
    page.wait_for_selector("#upscale-photo input[type=file]", state="attached")
    return page


def open_picture(tab: "Page", path: Path, size: str) -> None:
    tab.set_input_files("#upscale-photo input[type=file]", path)
    tab.locator("#upscale-plan", has_text=size).wait_for(timeout=PATIENCE_MS)


@pytest.mark.browser
def test_enlarge_look_closely_and_download(tab: "Page", small: Path) -> None:
    open_picture(tab, small, "96×120 → 192×240")
    # Model and time are there before anything runs.
    plan = tab.locator("#upscale-plan").inner_text()
    assert "upscale/span-x2.ch48, about " in plan
    tab.locator("#upscale-run").click()
    tab.wait_for_function(TWO_PICTURES, timeout=PATIENCE_MS)
    sizes = tab.locator("#upscale-result img").evaluate_all(
        "images => images.map(image => [image.naturalWidth, image.naturalHeight])"
    )
    assert sizes == [[192, 240], [192, 240]]
    tab.locator("#magnifier-after img").wait_for(timeout=PATIENCE_MS)
    piece = tab.locator("#magnifier-after img").get_attribute("src")
    tab.locator("#magnifier-overview img").click(position={"x": 10, "y": 10})
    tab.wait_for_function(
        "old => document.querySelector('#magnifier-after img').src !== old",
        arg=piece,
        timeout=PATIENCE_MS,
    )
    with tab.expect_download() as download:
        tab.locator("#upscale-download").click()
    assert download.value.suggested_filename == "small-x2.png"
    saved = images.read(Path(download.value.path())).pixels
    np.testing.assert_array_equal(saved, genapp.upscale(small, 2).photo.pixels)


@pytest.mark.browser
def test_a_size_that_is_too_large_is_refused_before_the_work(
    tab: "Page", small: Path, portrait: Path
) -> None:
    tab.get_by_label("number input for Times as large").fill("8")
    tab.get_by_label("number input for Times as large").press("Enter")
    large = small.with_name("large.png")
    Image.open(portrait).resize((1600, 2000)).save(large)
    open_picture(tab, large, "more than 50 megapixels. Choose 3.9 times or less.")
    tab.locator("#upscale-run").click()
    tab.locator("#upscale-facts", has_text="more than 50 megapixels").wait_for()
    assert "Traceback" not in tab.inner_text("body")


@pytest.mark.browser
def test_cancel_leaves_everything_as_it_was(tab: "Page", portrait: Path) -> None:
    open_picture(tab, portrait, "768×960 → 1536×1920")
    tab.locator("#upscale-run").click()
    tab.locator("#upscale-result", has_text="Enlarging").wait_for(timeout=PATIENCE_MS)
    tab.locator("#upscale-cancel").click()
    tab.get_by_test_id("toast-body").filter(has_text="cancelled").wait_for(timeout=PATIENCE_MS)
    assert tab.locator("#upscale-result img").count() == 0
    assert "768×960" in tab.locator("#upscale-plan").inner_text()


@pytest.mark.browser
def test_settings_act_by_themselves_once_there_is_a_result(tab: "Page", small: Path) -> None:
    open_picture(tab, small, "96×120 → 192×240")
    tab.locator("#upscale-run").click()
    tab.wait_for_function(TWO_PICTURES, timeout=PATIENCE_MS)
    after = tab.locator("#upscale-result img").last.get_attribute("src")
    tab.get_by_label("JPEG").click()
    tab.locator("#upscale-download", has_text="small-x2.jpg").wait_for(timeout=PATIENCE_MS)
    tab.locator("#upscale-look button").first.click()
    strength = tab.get_by_label("number input for Strength")
    strength.fill("0.5")
    strength.press("Enter")
    tab.wait_for_function(
        "old => ![...document.querySelectorAll('#upscale-result img')].some(i => i.src === old)",
        arg=after,
        timeout=PATIENCE_MS,
    )
    # No network ran again.
    assert "in the network" not in tab.locator("#upscale-facts").inner_text()


@pytest.mark.browser
def test_a_bad_picture_calls_for_another_model(tab: "Page", small: Path) -> None:
    clean = np.asarray(Image.open(small))
    noisy = clean + np.random.default_rng(0).normal(0, 15, clean.shape)
    path = small.with_name("noisy.png")
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(path)
    open_picture(tab, path, "looks noisy: span-x4.real would clean it")
    tab.locator("#upscale-model input").click()
    tab.get_by_role("option").filter(has_text="span-x4.real").click()
    tab.locator("#upscale-plan", has_text="with upscale/span-x4.real").wait_for(timeout=PATIENCE_MS)
    assert "looks noisy" not in tab.locator("#upscale-plan").inner_text()


@pytest.mark.browser
def test_sizes_are_empty_until_typed(tab: "Page", small: Path) -> None:
    width = tab.get_by_label("or width, pixels")
    assert width.input_value() == ""
    open_picture(tab, small, "96×120 → 192×240")
    width.fill("250")
    tab.locator("#upscale-plan", has_text="250×312").wait_for(timeout=PATIENCE_MS)
    width.fill("wide")
    tab.locator("#upscale-plan", has_text="The width is 'wide'.").wait_for(timeout=PATIENCE_MS)
    width.fill("")
    tab.locator("#upscale-plan", has_text="192×240").wait_for(timeout=PATIENCE_MS)


@pytest.mark.browser
def test_a_model_that_is_not_here_says_how_to_fetch_it(tab: "Page", small: Path) -> None:
    open_picture(tab, small, "96×120 → 192×240")
    tab.locator("#upscale-model input").click()
    tab.get_by_role("option").filter(has_text="compact-x4.general · ").click()
    sentence = "Fetch it first: python -m genapp models pull upscale/compact-x4.general."
    tab.locator("#upscale-plan", has_text=sentence).wait_for(timeout=PATIENCE_MS)
    tab.locator("#upscale-run").click()
    tab.locator("#upscale-facts", has_text=sentence).wait_for(timeout=PATIENCE_MS)


def test_the_endpoint(client: Client, small: Path) -> None:
    picture, report = client.predict(
        photo=handle_file(small), width=250, strength=0.5, format="tiff", api_name="/upscale"
    )
    expected = genapp.upscale(small, width=250, strength=0.5)
    assert Path(picture).suffix == ".tiff"
    np.testing.assert_array_equal(images.read(Path(picture)).pixels, expected.photo.pixels)
    assert report.keys() == {"model", "size", "faces", "ran_on", "timings_ms", "recipe"}
    assert report["size"] == [250, 312]
    assert report["recipe"] == expected.recipe


def test_16_bit_grey_stays(client: Client, tmp_path: Path) -> None:
    deep = (np.arange(64 * 48, dtype=np.uint16) * 20).reshape(48, 64)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    picture, _ = client.predict(
        photo=handle_file(tmp_path / "deep.png"), scale=2, api_name="/upscale"
    )
    assert Image.open(io.BytesIO(Path(picture).read_bytes())).mode == "I;16"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"scale": 9}, "The scale is 9. Choose a number from 1.1 to 8."),
        ({"scale": "much"}, "The scale is 'much'."),
        ({"width": 1.5}, "The width is 1.5."),
        ({"model": "upscale/none.v1"}, "There is no model named 'upscale/none.v1'."),
        ({"strength": 2}, "The strength is 2."),
        ({"format": "bmp"}, "'bmp' is not a format that can be written."),
        ({"quality": 0}, "The quality is 0."),
        ({"photo": None}, "There is no photo. Send one as 'photo'."),
    ],
)
def test_wrong_values_get_a_sentence(
    client: Client, small: Path, sent: dict[str, object], sentence: str
) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(**{"photo": handle_file(small), **sent}, api_name="/upscale")
    assert sentence in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_the_endpoint_is_documented(app_url: str) -> None:
    with urllib.request.urlopen(f"{app_url}gradio_api/info") as answer:
        text = answer.read().decode()
    assert "Enlarge a picture. Bit depth, transparency, greyness" in text
