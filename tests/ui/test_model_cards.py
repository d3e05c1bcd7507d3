"""What the Models tab says of the catalogue, without a browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import gradio as gr
import pytest

from genapp.registry.catalog import Catalog, Measure, Model, load
from genapp.registry.devices import Hardware
from genapp.registry.engines import Engines
from genapp.registry.store import Store
from genapp.ui import model_cards, models_tab
from genapp.ui.model_cards import ABSENT, ALL, HERE

CATALOG = load()
HUB = next(model for model in CATALOG.models if model.name == "upscale/compact-x4.general")
VOID = {"br", "img", "hr"}


class Balance(HTMLParser):
    """Finds elements that are not closed, and counts the others."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def engines(catalog: Catalog, folder: Path, *, allow_unpinned: bool = False) -> Engines:
    store = Store(
        cache_dir=folder, offline=True, allow_unpinned=allow_unpinned, stamps=folder / "stamps.json"
    )
    return Engines(catalog, store, device="cpu")


def card(model: Model, folder: Path, **settings: bool) -> str:
    pool = engines(Catalog((model,)), folder, allow_unpinned=settings.pop("allow_unpinned", False))
    return model_cards.cards(pool, ALL, can_fetch=settings.pop("can_fetch", True))


def buttons(text: str) -> list[str]:
    return re.findall(r"data-model='([^']*)'", text)


def test_a_card_for_every_model(tmp_path: Path) -> None:
    pool = engines(CATALOG, tmp_path)
    text = model_cards.cards(pool, ALL, can_fetch=True)
    balance = Balance()
    balance.feed(text)
    assert balance.open == []
    assert balance.seen.count("article") == len(CATALOG.models)
    for model in CATALOG.models:
        assert f"<h4>{model.name}<" in text
    assert text.count("<details class='model-job' open>") == 1


def test_filters_part_what_is_here_from_what_is_not(tmp_path: Path) -> None:
    pool = engines(CATALOG, tmp_path)
    here, absent = (model_cards.cards(pool, shown, can_fetch=True) for shown in (HERE, ABSENT))
    for model in CATALOG.models:
        assert (f"<h4>{model.name}<" in here) == model.embedded
        assert (f"<h4>{model.name}<" in absent) == (not model.embedded)
    pinned = [model.name for model in CATALOG.models if not model.embedded and model.pinned]
    assert sorted(buttons(absent)) == sorted(pinned)
    assert buttons(here) == []


def test_summary_counts(tmp_path: Path) -> None:
    text = model_cards.summary(engines(CATALOG, tmp_path))
    here = sum(model.embedded for model in CATALOG.models)
    assert f"**{here} models are here**" in text
    assert f"**{len(CATALOG.models) - here} can be fetched**" in text
    assert "run on the CPU" in text
    assert "hidden" not in text


def test_summary_tells_how_many_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAPP_COMMERCIAL_ONLY", "1")
    pool = engines(CATALOG, tmp_path)
    assert f"{len(pool.catalog.hidden)} more are hidden" in model_cards.summary(pool)
    text = model_cards.cards(pool, ALL, can_fetch=True)
    assert "not for commercial use" not in text
    assert not any(f"<h4>{model.name}<" in text for model in pool.catalog.hidden)


def test_card_of_a_model_on_the_hub(tmp_path: Path) -> None:
    text = card(HUB, tmp_path)
    facts = "4.9 MB · BSD-3-Clause · ONNX Runtime on the CPU · pinned, confidence B"
    assert f"not here · {facts}" in text
    assert "not measured here" in text
    assert "Fetch 4.9 MB</button>" in text
    assert "one source tells its commit and hash" in text
    unknown = replace(HUB, files=(replace(HUB.files[0], bytes=None),))
    assert ">Fetch</button>" in card(unknown, tmp_path)


def test_where_it_runs(tmp_path: Path) -> None:
    store = Store(cache_dir=tmp_path, offline=True, stamps=tmp_path / "stamps.json")
    torch = replace(HUB, engine="torch")
    for hardware, texts in (
        (Hardware(), ("ONNX Runtime on the CPU", "torch on the CPU")),
        (Hardware(torch_cuda=True), ("ONNX Runtime on the CPU", "torch on CUDA")),
        (Hardware(onnx_cuda=True), ("ONNX Runtime on CUDA", "torch on the CPU")),
    ):
        for model, text in zip((HUB, torch), texts, strict=True):
            pool = Engines(Catalog((model,)), store, hardware=hardware)
            assert text in model_cards.cards(pool, ALL, can_fetch=True)
            said = "run on CUDA where they can" if hardware.cuda else "run on the CPU"
            assert said in model_cards.summary(pool)


def test_card_without_a_button_says_how(tmp_path: Path) -> None:
    text = card(HUB, tmp_path, can_fetch=False)
    assert buttons(text) == []
    assert f"python -m genapp models pull {HUB.name}" in text


def test_unpinned_is_said_and_has_a_button_only_where_it_is_allowed(tmp_path: Path) -> None:
    loose = replace(HUB, files=(replace(HUB.files[0], commit=None),))
    text = card(loose, tmp_path)
    assert buttons(text) == []
    assert "No commit of it is known" in text
    assert "GENAPP_ALLOW_UNPINNED=1" in text
    allowed = card(loose, tmp_path, allow_unpinned=True)
    assert buttons(allowed) == [HUB.name]
    assert "not pinned</b>, confidence B" in allowed


def test_licence_that_forbids_commercial_use_is_said(tmp_path: Path) -> None:
    assert "not for commercial use" not in card(HUB, tmp_path)
    assert "not for commercial use" in card(replace(HUB, commercial=False), tmp_path)


def test_measures_that_tell_most(tmp_path: Path) -> None:
    def measure(what: str, unit: str) -> Measure:
        return Measure(what, 1.5, unit, "python x.py")

    parity, memory = measure("max abs difference to torch", "of 1"), measure("memory", "MB")
    quality = [measure(f"PSNR {number}", "dB") for number in range(3)]
    costs = [measure("a run", "ms"), measure("another", "s")]
    model = replace(HUB, measures=(parity, *costs, memory, *quality))
    assert model_cards.notable(model) == (quality[:2], costs[:1])
    text = card(model, tmp_path)
    assert "PSNR 0: <b>1.5</b> dB" in text
    assert text.count("python x.py") == 7  # All of them, with their commands, under More.


def test_text_of_the_catalogue_is_no_html(tmp_path: Path) -> None:
    text = card(replace(HUB, summary="<script>alert(1)</script>", source="a'b"), tmp_path)
    assert "<script>" not in text
    assert "a'b" not in text


@pytest.mark.parametrize(
    ("environment", "may"),
    [
        ({}, True),
        ({"GENAPP_FETCH": "0"}, False),
        ({"SPACE_ID": "owner/name"}, False),
        ({"SPACE_ID": "owner/name", "GENAPP_FETCH": "1"}, True),
    ],
)
def test_fetching_can_be_switched_off_and_is_on_a_space(
    environment: dict[str, str], may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GENAPP_FETCH", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert models_tab.may_fetch() is may


@pytest.mark.parametrize(
    ("setting", "said"), [("1", "There is no model"), ("0", "Fetching is switched off")]
)
def test_what_another_program_sends(
    setting: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAPP_FETCH", setting)
    does = models_tab._Fetching(engines(CATALOG, tmp_path))
    for data in (None, {}, {"model": "no/such.one"}, {"model": ["x"]}):
        event = gr.EventData(None, data)
        status, *others = does.fetch(ALL, event, gr.Request(session_hash="me"))
        assert said in status
        assert len(others) == 2
