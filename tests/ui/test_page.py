"""The page in a real browser, used as a visitor uses it."""

import io
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import genapp
from genapp.tryon import Nudge, load_frame

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

WELCOME = "Upload a photo, take one with the webcam, or click an example."
PATIENCE_MS = 60_000
RESULT_IS_SHOWN = """([name, old]) => {
    const after = document.querySelectorAll("#result img")[1];
    return after && after.src.endsWith("/" + name) && after.src !== old && after.naturalWidth > 0;
}"""


def upload(page: "Page", photo: Path) -> None:
    remove = page.get_by_label("Remove Image")
    if remove.count():
        remove.click()
        remove.wait_for(state="detached")
    page.set_input_files("#photo input[type=file]", photo)


def result(page: "Page", name: str, *, other_than: str = "") -> str:
    """Wait for the picture of that name; its URL."""
    page.wait_for_function(RESULT_IS_SHOWN, arg=[name, other_than], timeout=PATIENCE_MS)
    return page.locator("#result img").nth(1).get_attribute("src") or ""


def facts(page: "Page", text: str) -> "Locator":
    """Wait until the lines under the result hold `text`."""
    lines = page.locator("#facts", has_text=text)
    lines.wait_for(timeout=PATIENCE_MS)
    return lines


def pixels(data: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)))


def shown_pixels(url: str) -> npt.NDArray[np.uint8]:
    with urllib.request.urlopen(url) as answer:
        return pixels(answer.read())


def box(element: "Locator") -> dict[str, float]:
    """x, y, width and height in px."""
    found = element.bounding_box()
    assert found is not None
    return {"x": found["x"], "y": found["y"], "width": found["width"], "height": found["height"]}


def choose(page: "Page", title: str) -> None:
    page.locator(f'#frames img[alt^="{title} "]').click()


def open_lenses(page: "Page") -> None:
    page.get_by_role("button", name="Lenses").click()
    page.get_by_label("number input for Opacity").wait_for()
    page.wait_for_timeout(500)


def wait_for_opacity(page: "Page", value: float) -> None:
    """A new frame brings its lenses a moment later."""
    page.wait_for_function(
        "value => Number(document.querySelector("
        "'input[aria-label=\"number input for Opacity\"]').value) === value",
        arg=value,
    )


def set_opacity(page: "Page", value: str) -> None:
    number = page.get_by_label("number input for Opacity")
    # A control that has just appeared may be given its first value once more: type until it stays.
    for _ in range(5):
        number.fill(value)
        number.press("Enter")
        page.wait_for_timeout(500)
        if number.input_value() == value:
            return
    raise AssertionError(f"the opacity stays at {number.input_value()}")


def test_an_empty_page_says_what_to_do(page: "Page") -> None:
    assert page.title() == "genapp: generative models for pictures"
    assert page.locator("#facts").inner_text() == WELCOME
    assert page.locator("#result img").count() == 0
    assert page.locator("#download").is_disabled()
    # Frames are chosen before there is a photo: nothing to see yet, and no error.
    choose(page, "Round")
    page.locator("#frames button.selected", has_text="Round").wait_for()
    assert page.locator("#facts").inner_text() == WELCOME


def test_upload_choose_download(page: "Page", portrait: Path) -> None:
    upload(page, portrait)
    aviator = result(page, "young-woman-aviator.png")
    before = page.locator("#result img").first.get_attribute("src") or ""
    first = shown_pixels(aviator)
    assert (shown_pixels(before) == np.asarray(Image.open(portrait))).all()
    facts(page, "Aviator 58-14-140")

    choose(page, "Wayfarer")
    second = shown_pixels(result(page, "young-woman-wayfarer.png"))
    assert (first != second).any()
    facts(page, "Wayfarer 52-18-145")
    facts(page, "Pupillary distance")

    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "young-woman-wayfarer.png"
    saved = pixels(Path(download.value.path()).read_bytes())
    assert saved.shape[1::-1] == Image.open(portrait).size
    assert (saved == genapp.try_on(portrait, "wayfarer").photo.pixels).all()


def test_a_large_photo_is_downloaded_at_full_size(
    page: "Page", portrait: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    Image.open(portrait).resize((1536, 1920)).save(large)
    upload(page, large)
    url = result(page, "large-aviator.png")
    assert max(shown_pixels(url).shape) == 1280
    with page.expect_download() as download:
        page.locator("#download").click()
    saved = pixels(Path(download.value.path()).read_bytes())
    assert (saved == genapp.try_on(large).photo.pixels).all()


def test_each_face_its_own_frame(page: "Page", portrait: Path, tmp_path: Path) -> None:
    two = tmp_path / "two.png"
    other = Image.open(portrait.with_name("young-man.jpg"))
    both = Image.new("RGB", (other.width * 2, other.height))
    both.paste(Image.open(portrait), (0, 0))
    both.paste(other, (other.width, 0))
    both.crop((0, 0, both.width, 700)).resize((1024, 467)).save(two)
    upload(page, two)
    result(page, "two-aviator.png")
    page.locator("#faces button.thumbnail-item").nth(2).click()
    page.locator("#faces button.selected", has_text="Face 2").wait_for()
    page.wait_for_timeout(500)
    choose(page, "Round")
    url = result(page, "two-aviator-round.png")
    expected = genapp.try_on(two, ["aviator", "round"])
    assert (shown_pixels(url) == expected.photo.pixels).all()
    facts(page, "(face 2 of 2)")
    page.locator("#bare").click()
    result(page, "two-aviator.png", other_than=url)
    facts(page, "No glasses (face 2 of 2)")


def test_the_frame_is_moved_and_put_back(page: "Page", portrait: Path) -> None:
    upload(page, portrait)
    url = result(page, "young-woman-aviator.png")
    page.get_by_role("button", name="Move the frame").click()
    page.wait_for_timeout(1000)
    page.get_by_label("range slider for Up ↔ down, mm").press("End")
    moved = result(page, "young-woman-aviator.png", other_than=url)
    expected = genapp.try_on(portrait, nudge=Nudge(down=12))
    assert (shown_pixels(moved) == expected.photo.pixels).all()
    page.locator("#reset").click()
    back = result(page, "young-woman-aviator.png", other_than=moved)
    assert (shown_pixels(back) == genapp.try_on(portrait).photo.pixels).all()


def test_frames_are_compared_and_one_is_chosen(page: "Page", portrait: Path) -> None:
    upload(page, portrait)
    result(page, "young-woman-aviator.png")
    page.get_by_role("button", name="Compare frames").click()
    page.locator("#comparing").click()
    page.locator("#compared img").nth(5).wait_for(timeout=PATIENCE_MS)
    assert page.locator("#compared img").count() == 6
    page.locator("#compared button.thumbnail-item", has_text="Wayfarer").click()
    url = result(page, "young-woman-wayfarer.png")
    assert (shown_pixels(url) == genapp.try_on(portrait, "wayfarer").photo.pixels).all()
    page.locator("#frames button.selected", has_text="Wayfarer").wait_for()
    with page.expect_download() as download:
        page.get_by_text("Download as one picture").click()
    assert download.value.suggested_filename == "young-woman-compared.png"


def test_only_the_newest_result_is_kept(page: "Page", portrait: Path) -> None:
    upload(page, portrait)
    old = result(page, "young-woman-aviator.png")
    choose(page, "Round")
    result(page, "young-woman-round.png")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        shown_pixels(old)


def test_the_lens_controls_change_the_picture(page: "Page", portrait: Path) -> None:
    upload(page, portrait)
    url = result(page, "young-woman-aviator.png")
    open_lenses(page)
    set_opacity(page, "0.3")
    url = result(page, "young-woman-aviator.png", other_than=url)
    expected = genapp.try_on(portrait, opacity=0.3)
    assert (shown_pixels(url) == expected.photo.pixels).all()

    # With the keyboard alone: End is the right end of a slider.
    page.get_by_label("range slider for Gradient").press("End")
    url = result(page, "young-woman-aviator.png", other_than=url)
    expected = genapp.try_on(portrait, opacity=0.3, gradient=1)
    assert (shown_pixels(url) == expected.photo.pixels).all()

    page.locator("button.dialog-button").click()
    color = page.locator("#lenses input[type=text]")
    color.fill("#a01010")
    color.press("Tab")
    url = result(page, "young-woman-aviator.png", other_than=url)
    expected = genapp.try_on(portrait, tint="#a01010", opacity=0.3, gradient=1)
    assert (shown_pixels(url) == expected.photo.pixels).all()


def test_a_new_frame_brings_its_own_lenses(page: "Page", portrait: Path) -> None:
    upload(page, portrait)
    result(page, "young-woman-aviator.png")
    choose(page, "Round")
    result(page, "young-woman-round.png")
    page.wait_for_timeout(2000)  # The new tint asks for the picture once more.
    url = result(page, "young-woman-round.png")
    assert (shown_pixels(url) == genapp.try_on(portrait, "round").photo.pixels).all()


def test_the_keyboard_moves_the_divider(page: "Page", portrait: Path) -> None:
    upload(page, portrait)
    result(page, "young-woman-aviator.png")
    handle = page.locator("#result [data-testid=slider]")
    slider = page.get_by_label("range slider for Before ↔ after")
    styles = [handle.get_attribute("style")]
    for key in ("End", "Home"):
        slider.press(key)
        page.wait_for_function(
            "old => !old.includes("
            "document.querySelector('#result [data-testid=slider]').getAttribute('style'))",
            arg=styles,
        )
        styles.append(handle.get_attribute("style"))
    shift = [float((style or "").split("(")[1].split("px")[0]) for style in styles]
    assert shift[2] < shift[0] < shift[1]


def test_an_example_is_tried_on_and_the_next_bad_photo_gets_its_sentence(
    page: "Page", portrait: Path, bad_photos: dict[Path, str]
) -> None:
    example = portrait.with_name("older-man.jpg")
    page.locator("#examples button").first.click()
    url = result(page, "older-man-aviator.png")
    assert (shown_pixels(url) == genapp.try_on(example).photo.pixels).all()
    broken, sentence = next(iter(bad_photos.items()))
    upload(page, broken)
    facts(page, sentence)


def test_bad_photos_get_one_sentence_and_lose_no_settings(
    page: "Page", portrait: Path, bad_photos: dict[Path, str]
) -> None:
    choose(page, "Round")
    open_lenses(page)
    wait_for_opacity(page, load_frame("round").opacity)
    set_opacity(page, "0.4")
    for path, sentence in bad_photos.items():
        upload(page, path)
        facts(page, sentence)
        page.get_by_test_id("toast-body").filter(has_text=sentence).wait_for()
        assert "Traceback" not in page.inner_text("body")
        assert page.locator("#result img").count() == 0
        assert page.locator("#download").is_disabled()
        assert "Round" in page.locator("#frames button.selected").inner_text()
        assert page.get_by_label("number input for Opacity").input_value() == "0.4"
    upload(page, portrait)
    url = result(page, "young-woman-round.png")
    assert (shown_pixels(url) == genapp.try_on(portrait, "round", opacity=0.4).photo.pixels).all()
    assert page.locator("#download").is_enabled()


def test_every_kind_of_photo(page: "Page", good_photos: dict[str, Path]) -> None:
    names = ("animated", "clear", "cmyk", "deep", "page", "palette", "turned-6", "turned-7")
    for name in names:
        upload(page, good_photos[name])
        url = result(page, f"{name}-aviator.png")
        # What the browser made of both, which must lie on each other.
        sizes = page.locator("#result img").evaluate_all(
            "images => images.map(image => [image.naturalWidth, image.naturalHeight])"
        )
        assert sizes == [[768, 960], [768, 960]], name
        before = page.locator("#result img").first.get_attribute("src") or ""
        rows = slice(150)  # above the glasses
        assert (shown_pixels(before)[rows] == shown_pixels(url)[rows]).all(), name


def test_removing_the_photo_clears_the_result(page: "Page", portrait: Path) -> None:
    upload(page, portrait)
    result(page, "young-woman-aviator.png")
    page.get_by_label("Remove Image").click()
    facts(page, WELCOME)
    page.locator("#result img").first.wait_for(state="detached")
    assert page.locator("#download").is_disabled()


def test_progress_is_shown(page: "Page", portrait: Path) -> None:
    page.evaluate("""() => {
        window.progress = new Set();
        const result = document.querySelector("#result");
        new MutationObserver(() => window.progress.add(result.innerText)).observe(
            result, {childList: true, subtree: true, characterData: true});
    }""")
    upload(page, portrait)
    result(page, "young-woman-aviator.png")
    seen = " ".join(page.evaluate("[...window.progress]"))
    assert "Looking for faces" in seen


def test_a_pasted_photo(page: "Page", portrait: Path) -> None:
    page.evaluate("""async () => {
        const photo = await createImageBitmap(
            await (await fetch(document.querySelector("#examples img").src)).blob());
        const canvas = new OffscreenCanvas(photo.width, photo.height);
        canvas.getContext("2d").drawImage(photo, 0, 0);
        const png = await canvas.convertToBlob({type: "image/png"});
        await navigator.clipboard.write([new ClipboardItem({"image/png": png})]);
    }""")
    page.get_by_label("Paste from clipboard").click()
    page.locator("#result img").first.wait_for(timeout=PATIENCE_MS)
    facts(page, "Pupillary distance")


def test_a_webcam_picture_without_a_face(page: "Page") -> None:
    page.get_by_label("Capture from camera").click()
    page.get_by_text("Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#photo video').videoWidth > 0")
    page.get_by_label("capture photo").click()
    facts(page, "No face was found in the picture")


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (800, 900), (390, 844)])
def test_the_layout(
    browser: "Browser", app_url: str, portrait: Path, width: int, height: int
) -> None:
    """Nothing sticks out sideways, and result and frames are where people look for them."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(app_url)
    page.wait_for_selector("#photo input[type=file]", state="attached")
    upload(page, portrait)
    result(page, "young-woman-aviator.png")
    sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    boxes = {
        name: box(page.locator(name))
        for name in ("#photo", "#frames", "#result", "#divider", "#download")
    }
    captions = page.locator("#frames .caption-label").evaluate_all(
        "labels => labels.filter(label => label.scrollWidth > label.clientWidth).length"
    )
    context.close()
    assert sideways <= 0
    assert captions == 0
    tops = [boxes[name]["y"] for name in ("#photo", "#frames")]
    assert tops == sorted(tops)
    if width > 700:
        assert boxes["#result"]["x"] > boxes["#photo"]["x"] + boxes["#photo"]["width"]
        assert boxes["#result"]["y"] + boxes["#result"]["height"] < height
    else:
        # Frames and glasses on the face fit on the screen of a phone together.
        glasses = boxes["#result"]["y"] + boxes["#result"]["height"] / 2
        assert glasses - boxes["#frames"]["y"] < height
