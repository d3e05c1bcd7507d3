"""The catalogue as cards in HTML: one for each model, under what it is for."""

import html
from collections.abc import Iterable, Sequence
from importlib.util import find_spec

from genapp.registry.catalog import File, Measure, Model
from genapp.registry.devices import NAMES, places
from genapp.registry.engines import Engines
from genapp.registry.listing import is_present
from genapp.ui.model_files import doubts

JOBS = {
    "face": "Find faces and their parts",
    "upscale": "Enlarge",
    "colorize": "Colour",
    "translate": "Paint",
    "faces": "Make faces",
    "features": "Compare pictures",
    "families": "Three families of generative model",
    "outliers": "Find outliers",
}
"""What the first part of a name means."""
ROLES = {"default": "the small default", "best": "best quality"}
ALL, HERE, ABSENT = "All", "Here", "To fetch"
FILTERS = (ALL, HERE, ABSENT)
TIMES = ("ms", "s", "s/MP")
"""Units of cost."""
OF_CONVERSION = ("difference", "cosine")
"""Words of measures that tell how true a converted file is, not how good the network."""
CONFIDENCE = {
    "A": "two sources agree on its commit and hash",
    "B": "one source tells its commit and hash",
    "C": "only its name and size were seen",
    "D": "nobody has seen it for this catalogue",
}
LINKS = ("https://", "http://")


def summary(engines: Engines) -> str:
    """How many models there are, here and to fetch, in Markdown."""
    models = engines.catalog.models
    here = [model for model in models if is_present(model, engines.store)]
    absent = [model for model in models if model not in here]
    text = f"**{len(here)} models are here** ({size_of(here)})"
    if absent:
        text += f", **{len(absent)} can be fetched** from the Hugging Face Hub ({size_of(absent)})"
    has_cuda = engines.hardware.cuda
    text += f". Networks run on {'CUDA where they can' if has_cuda else 'the CPU'}."
    if engines.catalog.hidden:
        text += (
            f" {len(engines.catalog.hidden)} more are hidden, because they may not be used "
            "commercially (`GENAPP_COMMERCIAL_ONLY=1`)."
        )
    return text


def cards(engines: Engines, shown: str, *, can_fetch: bool, unfold: Model | None = None) -> str:
    """The models under what they are for, as HTML.

    Args:
        engines: the pool with the catalogue, and what is here of it.
        shown: which models, one of `FILTERS`.
        can_fetch: each that is not here gets a button.
        unfold: the model whose group is open; None: the first group.
    """
    groups: dict[str, list[Model]] = {}
    for model in engines.catalog.models:
        if shown in (ALL, HERE if is_present(model, engines.store) else ABSENT):
            groups.setdefault(_job(model), []).append(model)
    if not groups:
        return "<p>There are none.</p>"
    opened = _job(unfold) if unfold else next(iter(groups))
    return "".join(
        _group(job, models, engines, can_fetch=can_fetch, is_open=job == opened)
        for job, models in groups.items()
    )


def size_of(models: Iterable[Model]) -> str:
    """Of all of them together, for people."""
    sizes = [model.bytes for model in models]
    text = size_text(sum(size or 0 for size in sizes))
    return f"{text} and more" if None in sizes else text


def size_text(count: int | None) -> str:
    """Such as '5.1 MB'."""
    if count is None:
        return "size unknown"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 0.1):.1f} MB"


def notable(model: Model) -> tuple[list[Measure], list[Measure]]:
    """The measures that tell most, at most two of quality and one of cost."""
    costs = [measure for measure in model.measures if measure.unit in TIMES]
    quality = [
        measure
        for measure in model.measures
        if measure.unit not in (*TIMES, "MB")
        and not any(word in measure.what for word in OF_CONVERSION)
    ]
    return quality[:2], costs[:1]


def _job(model: Model) -> str:
    return JOBS.get(model.task, model.task)


def _group(
    job: str, models: Sequence[Model], engines: Engines, *, can_fetch: bool, is_open: bool
) -> str:
    here = sum(is_present(model, engines.store) for model in models)
    counts = [f"{here} here"] * (here > 0) + [f"{len(models) - here} to fetch"] * (
        len(models) > here
    )
    inside = "".join(_card(model, engines, can_fetch=can_fetch) for model in models)
    return (
        f"<details class='model-job'{' open' if is_open else ''}>"
        f"<summary>{_safe(job)} <span>{', '.join(counts)}</span></summary>"
        f"<div class='model-cards'>{inside}</div></details>"
    )


def _card(model: Model, engines: Engines, *, can_fetch: bool) -> str:
    here = is_present(model, engines.store)
    role = f"<span class='model-role'>{ROLES[model.role]}</span>" if model.role else ""
    licence = _safe(model.license)
    if not model.commercial:
        licence += ", <b class='model-warning'>not for commercial use</b>"
    facts = [_state(model, here=here), size_text(model.bytes), licence, _engine(model, engines)]
    if not model.embedded:
        facts.append(_pin(model))
    parts = [
        f"<h4>{_safe(model.name)}{role}</h4>",
        f"<p>{_safe(model.summary)}</p>",
        f"<p class='model-facts'>{' · '.join(facts)}</p>",
        _measured(model),
        *([] if here else [_fetching(model, engines, can_fetch=can_fetch)]),
        _details(model),
    ]
    return f"<article class='model {'here' if here else 'absent'}'>{''.join(parts)}</article>"


def _state(model: Model, *, here: bool) -> str:
    if model.embedded:
        return "<b>comes with genapp</b>"
    return "<b>here</b>" if here else "not here"


def _pin(model: Model) -> str:
    """How sure its commit and hash are."""
    told = f"confidence {model.confidence}" if model.confidence else "of unknown confidence"
    return f"pinned, {told}" if model.pinned else f"<b class='model-warning'>not pinned</b>, {told}"


def _engine(model: Model, engines: Engines) -> str:
    """What runs it, and where."""
    if model.engine == "data":
        return "data, no network"
    if model.engine == "torch" and find_spec("torch") is None:
        return "needs torch, which is not installed"
    place = places(_wanted(engines), engines.hardware, {model.engine})[0]
    return f"{NAMES[place.runtime]} on {_device(place.device)}"


def _wanted(engines: Engines) -> str:
    return "cpu" if engines.device == "cpu" else "auto"


def _device(name: str) -> str:
    return "CUDA" if name == "cuda" else "the CPU"


def _measured(model: Model) -> str:
    if model.engine == "data" and not model.measures:
        return ""
    quality, cost = notable(model)
    told = [f"{_safe(each.what)}: <b>{each.value:.3g}</b> {_safe(each.unit)}" for each in quality]
    told += [f"{_safe(each.what)}: <b>{each.value:.3g}</b> {_safe(each.unit)}" for each in cost]
    if not told:
        return "<p class='model-measured'>Quality and cost were not measured here.</p>"
    return f"<ul class='model-measured'>{''.join(f'<li>{line}</li>' for line in told)}</ul>"


def _fetching(model: Model, engines: Engines, *, can_fetch: bool) -> str:
    """How to get it: a button, or words."""
    command = f"python -m genapp models pull {model.name}"
    if not all(engines.store.takes(file) for file in model.files):
        why = _safe("; ".join(doubts(model)))
        return (
            f"<p>{why[:1].upper()}{why[1:]}. If you trust its owner, start the app with "
            "<code>GENAPP_ALLOW_UNPINNED=1</code>.</p>"
        )
    if not can_fetch:
        return f"<p>To fetch it: <code>{_safe(command)}</code></p>"
    size = "" if model.bytes is None else f" {size_text(model.bytes)}"
    return (
        f"<p><button type='button' class='model-fetch' "
        f"data-model='{_safe(model.name)}'>Fetch{size}</button></p>"
    )


def _details(model: Model) -> str:
    rows = [
        ("From", _linked(model.source)),
        ("Paper", _linked(model.paper) if model.paper else ""),
        ("Learnt from", _safe(model.training_data)),
        *(("File", _file(file)) for file in model.files),
        *(
            (
                "Measured",
                f"{_safe(measure.what)}: {measure.value:g} {_safe(measure.unit)}<br>"
                f"<code>{_safe(measure.command)}</code>",
            )
            for measure in model.measures
        ),
    ]
    items = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in rows if value)
    return f"<details class='model-more'><summary>More</summary><dl>{items}</dl></details>"


def _file(file: File) -> str:
    parts = [f"<code>{_safe(file.label)}</code>"]
    if file.path is None:
        parts.append(f"commit {file.commit[:12]}…" if file.commit else "commit unknown")
    parts.append(f"SHA-256 {file.sha256[:12]}…" if file.sha256 else "SHA-256 unknown")
    if file.confidence is not None:
        parts.append(f"confidence {file.confidence}: {CONFIDENCE[file.confidence]}")
    return ", ".join(parts)


def _linked(text: str) -> str:
    """A text; an address if it is one."""
    if not text.startswith(LINKS) or " " in text:
        return _safe(text)
    return f"<a href='{_safe(text)}' target='_blank' rel='noreferrer'>{_safe(text)}</a>"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
