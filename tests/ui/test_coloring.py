"""Places and pictures of the Colour tab, without a browser."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp import images
from genapp.errors import UnreadablePicture
from genapp.images import Photo
from genapp.registry.engines import Engines
from genapp.ui import coloring, swatches
from genapp.ui.coloring import LONGEST, SHORTEST, Coloring, Question, Wishes
from genapp.ui.marks import History, Marks

GREY = np.linspace(20, 230, 64 * 48).reshape(48, 64).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results are saved."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "results"))
    return tmp_path


def of_size(width: int, height: int) -> Coloring:
    blank = np.broadcast_to(np.uint8(0), (height, width, 3))
    return Coloring("me.png", Photo(blank), "key")


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_every_place_can_be_clicked_on(width: int, height: int) -> None:
    wide, high = coloring.click_size((width, height))
    assert max(wide, high) == min(max(width, height, SHORTEST), LONGEST)
    for x, y in ((0, 0), (wide - 1, high - 1), (wide // 2, high // 2)):
        in_photo = coloring.place_of((width, height), x, y)
        assert 0 < in_photo[0] < width
        assert 0 < in_photo[1] < height


def test_the_same_question_is_asked_once_and_paints_change(folder: Path) -> None:
    path = folder / "grey.png"
    images.write(Photo(np.dstack([GREY] * 3)), path)
    with Engines(device="cpu") as engines:
        asked = coloring.ask(coloring.open_photo(str(path)), Question(), engines)
        assert coloring.ask(asked, Question(), engines) is asked
    plain = coloring.show(asked, Wishes(strength=0))
    assert plain.before is not None
    assert plain.after is not None
    assert plain.before.read_bytes() == plain.after.read_bytes()
    assert coloring.show(plain, Wishes(strength=0)) is plain
    strong = coloring.show(plain, Wishes(saturation=2))
    # Only the newest result is kept.
    assert not plain.after.exists()
    assert strong.after is not None
    assert strong.after.read_bytes() != strong.before.read_bytes()  # type: ignore[union-attr]
    saved = coloring.save_full_size(strong, "png", 95)
    assert saved.name == "grey-colour.png"
    assert (images.read(saved).pixels == images.read(strong.after).pixels).all()


def test_marks_are_drawn_on_the_picture_to_click_on(folder: Path) -> None:
    path = folder / "grey.png"
    images.write(Photo(np.dstack([GREY] * 3)), path)
    assert coloring.to_click_on(of_size(9, 9), Marks(), None) is None
    with Engines(device="cpu") as engines:
        asked = coloring.ask(coloring.open_photo(str(path)), Question(), engines)
    now = coloring.show(asked, Wishes(saturation=0))
    marks = History().click(16, 12, (1, 0, 0), 1).now
    bare, marked = (coloring.to_click_on(now, each, None) for each in (Marks(), marks))
    assert bare is not None
    assert marked is not None
    first, second = (images.read(each).pixels.astype(int) for each in (bare, marked))
    assert first.shape == (540, 720, 3)
    changed = np.abs(first - second).max(axis=2) > 40
    assert changed[105:165, 150:210].any()
    changed[105:165, 150:210] = False
    assert not changed.any()
    color = coloring.color_under(now, 60, 44)
    assert color is not None
    assert color[1:3] == color[3:5] == color[5:7]


def test_a_photo_that_is_gone(folder: Path) -> None:
    with pytest.raises(UnreadablePicture, match="deleted after ten minutes"):
        coloring.open_photo(str(folder / "gone.png"))


def test_a_reference_says_what_is_wrong_with_it(folder: Path) -> None:
    grey, gone = folder / "grey.png", folder / "gone.png"
    images.write(Photo(np.dstack([GREY] * 3)), grey)
    colored = folder / "colored.png"
    images.write(Photo(np.dstack([GREY, GREY[::-1], GREY])), colored)
    assert coloring.open_reference(None, None) is None
    for path, sentence in ((grey, "has no colours"), (gone, "deleted after ten minutes")):
        reference = coloring.open_reference(str(path), None)
        assert reference is not None
        assert sentence in reference.problem
        assert reference.palette is None
    good = coloring.open_reference(str(colored), reference)
    assert good is not None
    assert good.palette is not None
    assert not good.problem
    assert coloring.open_reference(str(colored), good) is good


def test_the_same_file_has_the_same_key(folder: Path) -> None:
    first, second, third = (folder / name for name in ("a.png", "b.png", "c.png"))
    images.write(Photo(np.dstack([GREY] * 3)), first)
    second.write_bytes(first.read_bytes())
    images.write(Photo(np.dstack([GREY[::-1]] * 3)), third)
    keys = [coloring.open_photo(str(path)).key for path in (first, second, third)]
    assert keys[0] == keys[1] != keys[2]


def test_the_buttons_are_named_for_those_who_do_not_see_them() -> None:
    html = swatches.swatch_buttons()
    count = sum(len(colors) for colors in swatches.SWATCHES.values())
    assert html.count("<button") == html.count('aria-label="') - len(swatches.SWATCHES) == count
    history = History().click(3, 4, (1, 0.5, 0), 1)
    chosen = swatches.hint_buttons(replace(history, chosen=0))
    assert 'aria-pressed="true"' in chosen
    assert "1 · #ff8000 at 3, 4" in chosen
    assert 'aria-pressed="false"' in swatches.hint_buttons(history)
