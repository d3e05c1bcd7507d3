"""Painting at full size for the Style tab, and what its gallery says of styles, without a page."""

from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from genapp import images
from genapp.registry.engines import Engines
from genapp.translating import list_styles
from genapp.ui import style_gallery
from genapp.ui.painting import Canvas, Wishes
from genapp.ui.style_saving import Saver


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(device="cpu")


def test_a_click_on_cancel_ends_it(engines: Engines) -> None:
    photo = images.read(np.full((64, 96, 3), 120, np.uint8))
    # Two parts, so that it is told of progress twice.
    wishes = Wishes(style="embers", second="night", strokes="Broad")
    canvas = Canvas(b"", photo, photo, "key", (), wishes)
    saver, visitor = Saver(engines), SimpleNamespace(session_hash="one")
    told: list[str] = []

    def progress(_done: float, desc: str) -> None:
        told.append(desc)
        saver.jobs.stop(request)

    request: Any = visitor
    shown: Any = progress
    with pytest.raises(gr.Error, match=r"cancelled.*still here"):
        saver.download("PNG", canvas, request, shown)
    assert len(told) == 1


def test_captions_name_unusual_licences(engines: Engines) -> None:
    listed = {each.name: each for each in list_styles(engines.catalog, engines.store)}
    captions = {name: style_gallery.caption(each) for name, each in listed.items()}
    assert captions["embers"] == "embers"
    assert captions["night"] == "night"
    assert captions["line-art"] == "line-art · MIT"
    assert captions["anime-face"].endswith("· not for commercial use")
    assert {style_gallery.name_in(text) for text in captions.values()} == set(listed)
    assert "MIT" in style_gallery.about("line-art", engines)


def test_styles_to_fetch(engines: Engines) -> None:
    absent = [each.name for each in list_styles(engines.catalog, engines.store) if not each.present]
    text = style_gallery.others(engines)
    assert len(text.splitlines()) == len(absent)
    for name in absent:
        assert f"**{name}**" in text
