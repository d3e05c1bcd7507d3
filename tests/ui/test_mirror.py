"""The Live mirror in a real browser, with a film of a portrait as its camera."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import CHROMIUM_OPTIONS, PORTRAIT
from tests.ui.test_page import pixels

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PATIENCE_MS = 90_000
MIRROR_IS_SHOWN = """old => {
    const image = document.querySelector("#mirror img");
    return image && image.naturalWidth > 0 && image.src !== old;
}"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MJPEG of 640×480 in which the portrait moves to and fro, left of the middle."""
    photo = cv2.imread(str(PORTRAIT))
    assert photo is not None
    path = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    with path.open("wb") as stream:
        for number in range(50):
            zoom = 480 / photo.shape[0]
            left = 40 + 15 * np.sin(2 * np.pi * number / 50)
            matrix = np.array([[zoom, 0, left], [0, zoom, 0]])
            picture = cv2.warpAffine(photo, matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)
            stream.write(cv2.imencode(".jpg", picture)[1].tobytes())
    return path


@pytest.fixture(scope="module")
def film_browser(browser: "Browser", film: Path) -> "Iterator[Browser]":
    """Chromium whose camera plays the film."""
    # `browser` skips where there is none.
    started = browser.browser_type.launch(
        executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
        args=[*CHROMIUM_OPTIONS, f"--use-file-for-fake-video-capture={film}"],
    )
    yield started
    started.close()


@pytest.fixture
def mirror(film_browser: "Browser", app_url: str) -> "Iterator[Page]":
    """The tab, with the mirror running."""
    page = film_browser.new_page(viewport={"width": 1280, "height": 1000})
    page.context.grant_permissions(["camera"])
    page.goto(app_url)
    page.get_by_role("tab", name="Live mirror").click()
    page.get_by_title("grant webcam access").last.click()
    page.locator("#camera").get_by_role("button", name="capture photo").click()
    yield page
    page.close()


def shown(page: "Page", *, other_than: str = "") -> str:
    """Wait for a picture in the mirror; its data: URL."""
    page.wait_for_function(MIRROR_IS_SHOWN, arg=other_than, timeout=PATIENCE_MS)
    return page.locator("#mirror img").get_attribute("src") or ""


def test_the_mirror_shows_glasses_frames_per_second_and_measures(mirror: "Page") -> None:
    first = shown(mirror)
    assert first.startswith("data:image/jpeg")
    second = shown(mirror, other_than=first)
    mirror.locator("#mirror-facts", has_text="frames per second").wait_for(timeout=PATIENCE_MS)
    mirror.locator("#mirror-facts", has_text="Pupillary distance").wait_for(timeout=PATIENCE_MS)
    assert second != first


def test_a_still_shot_is_a_full_try_on(mirror: "Page") -> None:
    shown(mirror)
    mirror.locator('#mirror-frames img[alt^="Round "]').click()
    mirror.locator("#mirror-frames button.selected", has_text="Round").wait_for()
    mirror.locator("#shoot").click()
    mirror.locator("#shot img").wait_for(timeout=PATIENCE_MS)
    with mirror.expect_download() as download:
        mirror.locator("#shot-download").click()
    assert download.value.suggested_filename == "still-round.png"
    still = pixels(Path(download.value.path()).read_bytes())
    assert still.shape == (480, 640, 3)
    # Not flipped: she is left of the middle, where the camera sees her.
    portrait = Image.open(PORTRAIT).resize((384, 480))
    hair = np.asarray(portrait.convert("L")) < 60
    columns = np.flatnonzero(hair.sum(0) > 40)
    dark = np.flatnonzero((still.mean(2) < 60).sum(0) > 40)
    assert abs(np.median(dark) - np.median(columns) - 40) < 40


def test_without_a_camera_the_tab_says_what_to_do(page: "Page") -> None:
    page.evaluate("navigator.mediaDevices.enumerateDevices = async () => []")
    page.get_by_role("tab", name="Live mirror").click()
    page.locator("#mirror-facts", has_text="No camera was found.").wait_for()


def test_without_a_mirror_there_is_no_still_shot(page: "Page") -> None:
    page.get_by_role("tab", name="Live mirror").click()
    page.locator("#shoot").click()
    page.get_by_text("Start the mirror first.").wait_for()
    assert page.locator("#shot").count() == 0
