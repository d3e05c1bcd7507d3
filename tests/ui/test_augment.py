"""The Augment tab in a browser, and `/augment` over HTTP."""

import csv
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from genapp.augmenting import parse_recipe, write_zip
from genapp.registry.engines import Engines
from genapp.ui import augment_tab
from tests.screening.pictures import disc, stripes

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 240_000
RECIPE = "seed: 3\nclassic: {rotate: 45, flip: 0}\n"


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ZIP of six discs and four pictures of stripes."""
    folder = tmp_path_factory.mktemp("kinds")
    with zipfile.ZipFile(folder / "kinds.zip", "w") as archive:
        for number in range(6):
            Image.fromarray(disc(number)).save(folder / "one.png")
            archive.write(folder / "one.png", f"discs/{number}.png")
        for number in range(4):
            Image.fromarray(stripes(number)).save(folder / "one.png")
            archive.write(folder / "one.png", f"stripes/{number}.png")
    return folder / "kinds.zip"


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_says_that_it_needs_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> list[str]:
        with gr.Blocks() as page:
            augment_tab.build(engines)
        return [
            str(block.value) for block in page.blocks.values() if isinstance(block, gr.Markdown)
        ]

    engines = Engines()
    assert augment_tab.WITHOUT_TORCH not in shown()
    monkeypatch.setattr(augment_tab, "find_spec", lambda _: None)
    assert augment_tab.WITHOUT_TORCH in shown()


def test_the_endpoint_gives_the_same_bytes_as_the_library(
    client: Client, kinds: Path, tmp_path: Path
) -> None:
    packed, report = client.predict(
        pictures=[handle_file(kinds)], recipe=RECIPE, per_class=3, api_name="/augment"
    )
    expected = tmp_path / "expected.zip"
    write_zip(expected, kinds, recipe=RECIPE, per_class=3)
    assert contents(Path(packed)) == contents(expected)
    assert report["classes"] == {
        "discs": {"source": 6, "new": 3},
        "stripes": {"source": 4, "new": 3},
    }
    assert report["recipe"]["classic"]["rotate"] == 45
    assert "probe" not in report


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"recipe": "classic: {turn: 3}"}, "no setting 'classic.turn'"),
        ({"count": 5000}, "up to 2000"),
        ({"count": 2.5}, "count is 2.5"),
        ({"size": 4}, "size is 4"),
    ],
)
def test_a_mistake_is_a_sentence(
    client: Client, kinds: Path, settings: dict[str, object], problem: str
) -> None:
    with pytest.raises(AppError, match=problem):
        client.predict(pictures=[handle_file(kinds)], **settings, api_name="/augment")


@pytest.fixture
def tab(page: "Page", kinds: Path) -> "Page":
    page.get_by_role("tab", name="Augment", exact=True).click()
    page.wait_for_selector("#augment-pictures input[type=file]", state="attached")
    page.set_input_files("#augment-pictures input[type=file]", kinds)
    page.locator("#augment-classes", has_text="10 pictures, 2 classes").wait_for()
    page.locator("#augment-facts", has_text="100 new pictures").wait_for(timeout=PATIENCE_MS)
    page.wait_for_function(
        "() => document.querySelectorAll('#augment-sheet img').length === 12", timeout=PATIENCE_MS
    )
    return page


@pytest.mark.browser
def test_sheet_sliders_recipe_and_zip(tab: "Page") -> None:
    first = tab.locator("#augment-sheet img").first.get_attribute("src")
    count = tab.locator("#augment-count input")
    count.fill("14")
    count.press("Enter")
    tab.locator("#augment-facts", has_text="14 new pictures").wait_for(timeout=PATIENCE_MS)
    turned = tab.locator("#augment-classic-rotate input[type=number]")
    turned.fill("90")
    turned.press("Enter")
    tab.wait_for_function(
        "old => document.querySelector('#augment-sheet img').src !== old",
        arg=first,
        timeout=PATIENCE_MS,
    )
    tab.locator("#augment-make").click()
    tab.locator("#augment-made", has_text="14 new pictures").wait_for(timeout=PATIENCE_MS)
    with tab.expect_download() as waiting:
        tab.locator("#augment-download").click()
    files = contents(Path(waiting.value.path()))
    rows = list(csv.DictReader(io.StringIO(files["manifest.csv"].decode(), newline="")))
    assert len(rows) == 14
    assert {row["label"] for row in rows} == {"discs", "stripes"}
    recipe = parse_recipe(files["recipe.yaml"].decode())
    assert (recipe.count, recipe.classic.rotate) == (14, 90)


@pytest.mark.browser
def test_a_recipe_moves_the_sliders_and_the_probe_answers(tab: "Page") -> None:
    tab.locator("#augment-yaml > button").click()
    editor = tab.locator("#augment-recipe .cm-content")
    editor.click()
    tab.keyboard.press("ControlOrMeta+A")
    tab.keyboard.insert_text("count: 4\nclassic: {rotate: 33, hue: 0}\n")
    tab.locator("#augment-use").click()
    tab.wait_for_function(
        "() => document.querySelector('#augment-classic-rotate input[type=number]').value === '33'"
    )
    tab.locator("#augment-facts", has_text="4 new pictures").wait_for(timeout=PATIENCE_MS)
    tab.locator("#augment-ask").click()
    verdict = tab.locator("#augment-verdict", has_text="Told right")
    verdict.wait_for(timeout=PATIENCE_MS)
    assert "10 pictures in 4 folds; 4 new ones in each" in verdict.inner_text()
