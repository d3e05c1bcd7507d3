"""The Style tab in a browser, and `/translate` over HTTP."""

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
from genapp.translating import HUB_STYLES, known_names, style_names

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 120_000
RESULT = "#style-result img"
ANOTHER = """([selector, old]) => {
    const shown = [...document.querySelectorAll(selector)].pop();
    return shown && shown.src !== old && shown.naturalWidth > 0;
}"""


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, portrait: Path) -> Path:
    """The portrait, 240×300."""
    path = tmp_path_factory.mktemp("small") / "small.png"
    Image.open(portrait).resize((240, 300), Image.Resampling.BOX).save(path)
    return path


@pytest.fixture
def tab(page: "Page") -> "Page":
    page.get_by_role("tab", name="Style", exact=True).click()
    page.wait_for_selector("#style-photo input[type=file]", state="attached")
    return page


def another(tab: "Page", old: str = "") -> str:
    """Wait for a result other than the `old` one; its URL."""
    tab.wait_for_function(ANOTHER, arg=[RESULT, old], timeout=PATIENCE_MS)
    return tab.locator(RESULT).last.get_attribute("src") or ""


def open_photo(tab: "Page", path: Path) -> str:
    tab.set_input_files("#style-photo input[type=file]", path)
    return another(tab)


def wait_for_samples(tab: "Page") -> None:
    tab.wait_for_function(
        "count => document.querySelectorAll('#style-samples img').length === count",
        arg=len(known_names()) - len(HUB_STYLES),
        timeout=PATIENCE_MS,
    )


def shown(url: str) -> images.Pixels:
    with urllib.request.urlopen(url) as answer:
        return images.read(answer.read()).pixels


@pytest.mark.browser
def test_every_style_is_seen_and_one_is_chosen(tab: "Page", small: Path) -> None:
    first = open_photo(tab, small)
    wait_for_samples(tab)
    tab.locator("#style-samples img").nth(style_names().index("embers")).click()
    url = another(tab, first)
    expected = genapp.translate(small, "embers")
    difference = np.abs(shown(url).astype(int) - expected.photo.pixels)
    assert difference.max() <= 1
    assert "Glowing dark red" in tab.locator("#style-chosen").inner_text()
    assert "240×300 in embers" in tab.locator("#style-facts").inner_text()
    with tab.expect_download(timeout=PATIENCE_MS) as download:
        tab.locator("#style-download").click()
    assert download.value.suggested_filename == "small-embers.png"
    saved = images.read(Path(download.value.path())).pixels
    assert np.abs(saved.astype(int) - expected.photo.pixels).max() <= 1


@pytest.mark.browser
def test_settings_act_without_a_new_photo(tab: "Page", small: Path) -> None:
    first = open_photo(tab, small)
    number = tab.get_by_label("number input for Strength").locator("visible=true")
    number.fill("0")
    number.press("Enter")
    url = another(tab, first)
    np.testing.assert_array_equal(shown(url), images.read(small).pixels)


@pytest.mark.browser
def test_a_picture_of_ones_own_is_a_style(tab: "Page", small: Path, tmp_path: Path) -> None:
    first = open_photo(tab, small)
    stripes = np.zeros((300, 300, 3), np.uint8)
    stripes[::10] = stripes[1::10] = stripes[2::10] = (255, 60, 0)
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    tab.get_by_role("button", name="Your own style").click()
    tab.set_input_files("#style-picture input[type=file]", tmp_path / "stripes.png")
    another(tab, first)
    assert "in stripes" in tab.locator("#style-facts").inner_text()
    assert "Your own picture" in tab.locator("#style-chosen").inner_text()


@pytest.mark.browser
def test_what_cannot_be_painted_leaves_the_result(
    tab: "Page", tmp_path: Path, bad_photos: dict[Path, str]
) -> None:
    wall = Image.linear_gradient("L").resize((200, 160)).convert("RGB")
    wall.save(tmp_path / "wall.png")
    first = open_photo(tab, tmp_path / "wall.png")
    tab.locator("#style").get_by_label("Faces only").check()
    tab.locator("#style-facts", has_text="No face was found").wait_for(timeout=PATIENCE_MS)
    assert tab.locator(RESULT).last.get_attribute("src") == first
    assert tab.locator("#style-download").is_enabled()
    tab.locator("#style").get_by_label("Everywhere").check()
    tab.locator("#style-photo").get_by_label("Remove Image").click()
    tab.locator("#style-photo input[type=file]").wait_for(state="attached")
    text = next(path for path in bad_photos if path.name == "text.jpg")
    tab.set_input_files("#style-photo input[type=file]", text)
    problem = tab.locator("#style-facts", has_text=bad_photos[text])
    problem.wait_for(timeout=PATIENCE_MS)
    assert tab.locator(RESULT).count() == 0


@pytest.mark.browser
def test_a_large_painting_is_cancelled(tab: "Page", tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((3600, 2400)).convert("RGB").save(tmp_path / "wall.png")
    shown_before = open_photo(tab, tmp_path / "wall.png")
    assert not tab.locator("#style-cancel").is_visible()
    tab.locator("#style-download").click()
    tab.locator("#style-cancel").click(timeout=PATIENCE_MS)
    tab.get_by_text("It was cancelled. Your photo").wait_for(timeout=PATIENCE_MS)
    tab.locator("#style-cancel").wait_for(state="hidden", timeout=PATIENCE_MS)
    assert tab.locator(RESULT).last.get_attribute("src") == shown_before
    assert tab.locator("#style-download").is_enabled()


@pytest.mark.browser
def test_styles_of_the_hub_are_named_with_licence_and_command(tab: "Page") -> None:
    tab.get_by_text("More styles, from the Hub").click()
    text = tab.locator("#style-others").inner_text()
    assert "mosaic (BSD-3-Clause AND Apache-2.0)" in text
    assert "anime-face (LicenseRef-unclear, not for commercial use)" in text
    assert "models pull translate/informative-drawings.line-art" in text


@pytest.mark.browser
def test_the_result_is_sent_to_upscale(tab: "Page", small: Path) -> None:
    open_photo(tab, small)
    tab.locator("#style-send").click()
    sent = "#upscale-photo img"
    tab.wait_for_function(ANOTHER, arg=[sent, ""], timeout=PATIENCE_MS)
    assert tab.get_by_role("tab", name="Upscale").get_attribute("aria-selected") == "true"


def test_endpoint(client: Client, small: Path) -> None:
    picture, report = client.predict(
        photo=handle_file(small), style="embers=2,ink-wash=1", strength=0.5, api_name="/translate"
    )
    expected = genapp.translate(small, {"embers": 2, "ink-wash": 1}, strength=0.5)
    np.testing.assert_array_equal(images.read(picture).pixels, expected.photo.pixels)
    assert report["recipe"] == dict(expected.recipe)


def test_endpoint_takes_a_picture_as_style(client: Client, small: Path, portrait: Path) -> None:
    picture, report = client.predict(
        photo=handle_file(small),
        style="embers",
        style_picture=handle_file(portrait),
        detail=256,
        api_name="/translate",
    )
    assert report["recipe"]["style"] == {"embers": 0.5, portrait.stem: 0.5}
    assert report["recipe"]["detail"] == 256
    assert images.read(picture).pixels.shape == (300, 240, 3)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "There is no style"),
        ({"style": "nothing"}, "There is no style named 'nothing'"),
        ({"style": "/etc/hostname"}, "There is no style named"),
        ({"style": "embers=much"}, "The weight 'much' is no number"),
        ({"style": "embers", "strength": 3}, "strength"),
        ({"style": "embers", "region": "sky"}, "There is no region 'sky'"),
        ({"style": "embers", "detail": 2.5}, "The detail is 2.5"),
    ],
)
def test_a_mistake_is_a_sentence(
    client: Client, small: Path, settings: dict[str, object], problem: str
) -> None:
    with pytest.raises(AppError, match=problem):
        client.predict(photo=handle_file(small), **settings, api_name="/translate")
