"""The three families of the Models tab in a browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
WAIT = 120_000


@pytest.fixture
def lab(page: "Page") -> "Page":
    page.set_default_timeout(WAIT)
    page.get_by_role("tab", name="Models", exact=True).click()
    page.get_by_role("tab", name="Three families compared").click()
    page.wait_for_selector("#lab-vae img")
    return page


def source(page: "Page", name: str) -> str:
    return str(page.locator(f"#lab-{name} img").get_attribute("src"))


def painted(page: "Page") -> None:
    page.wait_for_selector("#lab-facts table")


def changed(page: "Page", name: str, from_source: str) -> None:
    page.wait_for_function(
        "([id, old]) => ![old, null].includes(document.querySelector(id)?.getAttribute('src'))",
        arg=[f"#lab-{name} img", from_source],
    )


def test_three_families_from_one_seed(lab: "Page") -> None:
    """Opened, it draws; the painting is seen as it comes to be."""
    looks = set()
    while lab.locator("#lab-facts table").count() == 0:
        if lab.locator("#lab-autoregressive img").count():
            looks.add(source(lab, "autoregressive"))
        lab.wait_for_timeout(50)
    assert len(looks) >= 3
    # Formulae are set, not shown as code.
    assert lab.locator("#lab-three .katex").count() >= 6
    assert "$" not in lab.locator("#lab-three").inner_text()
    numbers = lab.locator("#lab-facts tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in numbers] == ["Autoregressive", "VAE", "GAN"]
    before = source(lab, "gan")
    lab.click("#lab-others")
    changed(lab, "gan", before)
    assert lab.locator("#lab-seed input[type=number]").input_value() == "5"


def test_stopped(lab: "Page") -> None:
    painted(lab)
    lab.click("#lab-draw")
    lab.wait_for_function("document.querySelector('#lab-facts').innerText.includes('%')")
    lab.click("#lab-stop")
    lab.wait_for_timeout(1500)
    before = source(lab, "autoregressive")
    lab.wait_for_timeout(1500)
    assert source(lab, "autoregressive") == before
    assert lab.locator("#lab-facts table").count() == 0
    assert lab.locator("#lab-stop").is_disabled()


def test_walk(lab: "Page") -> None:
    painted(lab)
    lab.get_by_role("tab", name="Walk through the code").click()
    lab.click("#lab-go")
    lab.wait_for_selector("#lab-strip img")
    lab.wait_for_selector("#lab-here img")
    before, strip = source(lab, "here"), source(lab, "strip")
    lab.fill("#lab-place input[type=number]", "1")
    changed(lab, "here", before)
    assert source(lab, "strip") == strip


def test_own_picture(lab: "Page", portrait: Path) -> None:
    painted(lab)
    lab.get_by_role("tab", name="Your picture").click()
    lab.set_input_files("#lab-photo input[type=file]", portrait)
    lab.wait_for_selector("#lab-told img")
    judged = lab.locator("#lab-judged").inner_text()
    assert "bits/dim" in judged
    assert "No face" not in judged
    lab.click("#lab-finish")
    lab.wait_for_selector("#lab-finished img")
    changed(lab, "finished", source(lab, "finished"))


def test_picture_that_is_none(lab: "Page", tmp_path: Path) -> None:
    painted(lab)
    (tmp_path / "letter.jpg").write_text("This is a letter.\n" * 20)
    lab.get_by_role("tab", name="Your picture").click()
    lab.set_input_files("#lab-photo input[type=file]", tmp_path / "letter.jpg")
    lab.wait_for_function(
        "document.querySelector('#lab-judged').innerText.includes('not a picture')"
    )


def test_where_likelihood_fails(lab: "Page") -> None:
    painted(lab)
    lab.get_by_role("tab", name="Where likelihood fails").click()
    lab.click("#lab-ask")
    lab.wait_for_selector("#lab-answer table")
    rows = lab.locator("#lab-answer tbody tr")
    assert rows.count() == 5
    bits = [float(row.split("\t")[-2]) for row in rows.all_inner_texts()]
    assert bits == sorted(bits)


def test_no_wider_than_a_phone(lab: "Page") -> None:
    painted(lab)
    lab.set_viewport_size({"width": 390, "height": 844})
    lab.wait_for_timeout(500)
    assert lab.evaluate("document.documentElement.scrollWidth") <= 390
