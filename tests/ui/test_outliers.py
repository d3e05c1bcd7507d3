"""The Outliers tab in a browser, and `/outliers` over HTTP."""

import csv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.screening.pictures import disc, stripes

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 240_000


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ZIP of discs."""
    folder = tmp_path_factory.mktemp("reference")
    with zipfile.ZipFile(folder / "discs.zip", "w") as archive:
        for number in range(30):
            Image.fromarray(disc(number)).save(folder / "disc.png")
            archive.write(folder / "disc.png", f"discs/{number:02d}.png")
    return folder / "discs.zip"


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two discs and one that is none."""
    folder = tmp_path_factory.mktemp("mixed")
    pictures = {"one": disc(100), "two": disc(101), "stripes": stripes(0)}
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return sorted(folder.iterdir())


def test_the_endpoint_finds_what_does_not_belong(
    client: Client, mixed: list[Path], reference: Path
) -> None:
    table, report = client.predict(
        pictures=[handle_file(path) for path in mixed],
        reference=[handle_file(reference)],
        api_name="/outliers",
    )
    flags = {image["file"]: image["outlier"] for image in report["images"]}
    assert flags == {"one.png": False, "stripes.png": True, "two.png": False}
    assert report["reference"]["held_out"] == 30
    with Path(table).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["file"] == "stripes.png"


def test_a_mistake_is_a_sentence(client: Client, mixed: list[Path], reference: Path) -> None:
    with pytest.raises(AppError, match="There is no score named 'nonsense'"):
        client.predict(pictures=[handle_file(mixed[0])], score="nonsense", api_name="/outliers")
    with pytest.raises(AppError, match="at least 30"):
        client.predict(
            pictures=[handle_file(mixed[0])],
            reference=[handle_file(path) for path in mixed],
            api_name="/outliers",
        )
    with pytest.raises(AppError, match="30 pictures, too few to tune on"):
        client.predict(
            pictures=[handle_file(mixed[0])],
            reference=[handle_file(reference)],
            tune=True,
            api_name="/outliers",
        )


@pytest.mark.browser
def test_find_move_the_line_and_look_closely(
    page: "Page", mixed: list[Path], reference: Path, tmp_path: Path
) -> None:
    page.get_by_role("tab", name="Outliers", exact=True).click()
    page.wait_for_selector("#outliers-pictures input[type=file]", state="attached")
    page.set_input_files("#outliers-pictures input[type=file]", mixed)
    assert page.locator("#outliers-tune").count() == 0
    page.get_by_label("what I send").click()
    assert "Cancel stops it" in page.locator("#outliers-tune").inner_text()
    page.set_input_files("#outliers-reference input[type=file]", reference)
    page.locator("#outliers-reference", has_text="discs.zip").wait_for()
    page.locator("#outliers-run").click()
    facts = page.locator("#outliers-facts")
    facts.get_by_text("1 of 3 pictures are outliers").wait_for(timeout=PATIENCE_MS)
    captions = page.locator("#outliers-gallery .caption-label")
    assert captions.first.inner_text().startswith("OUTLIER")
    assert "stripes.png" in captions.first.inner_text()
    assert page.locator("#outliers-histogram svg rect").count() > 3
    # No network runs for another line.
    rate = page.locator("#outliers-rate input[type=number]")
    rate.fill("0.01")
    rate.press("Enter")
    facts.get_by_text("0 of 3 pictures are outliers").wait_for()
    assert "1/(30 + 1)" in facts.inner_text()
    page.locator("#outliers-gallery .thumbnail-lg").first.click()
    page.wait_for_selector("#outliers-where img")
    assert page.locator("#outliers-near .thumbnail-lg").count() == 6
    page.locator("#outliers-files").click()
    with page.expect_download() as waiting:
        page.locator("#outliers-detector").click()
    waiting.value.save_as(tmp_path / "detector.npz")
    from genapp.screening import load

    assert len(load(tmp_path / "detector.npz").names) == 30
