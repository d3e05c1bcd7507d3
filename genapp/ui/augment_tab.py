"""The Augment tab: a few pictures in, many new ones out, seen before they are made."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import gradio as gr

from genapp.augmenting import DRAWERS, Recipe, parse_recipe, probe, write_zip
from genapp.errors import BadValue, Cancelled, UserError
from genapp.registry.engines import Engines
from genapp.ui import augment_api, growing
from genapp.ui.files import place_for_result
from genapp.ui.growing import Given
from genapp.ui.jobs import Jobs, telling
from genapp.ui.photo_input import Payload, sent_files

KEPT_SECONDS = 600
WITHOUT_TORCH = (
    "**This tab is switched off here**: whoever runs the app has to install torch for it, with "
    "`pip install -r requirements-torch.txt`."
)
WELCOME = (
    "Send a ZIP with a folder for each class, or pictures and a table (CSV with the columns file "
    "and label). New pictures are shown here as you move the sliders."
)
ABOUT_PROBE = (
    "Small classifiers learn to tell your classes apart, with and without new pictures, and are "
    "tested on pictures of yours that they have not seen. Takes some minutes."
)
SCROLL = """() => {
    if (innerWidth < 700)
        document.querySelector("#augment-made").scrollIntoView({behavior: "smooth"});
}"""
KEPT = "Your pictures and settings are still here."
IN_ALL, OF_EACH = "in all", "of each class"
AS_THEY_ARE = "as yours"
SIDES = {AS_THEY_ARE: None, **{f"{side}×{side}": side for side in (64, 128, 224, 256, 384, 512)}}
HEADS = {"on frozen features: quick": ("features",), "and a tiny network": ("features", "cnn")}


class _Slider(NamedTuple):
    """A number of the recipe."""

    name: str
    label: str
    high: float
    info: str | None = None


DRAWING = "Draw new ones"
SLIDERS: Mapping[str, Sequence[_Slider]] = {
    "Change": (
        _Slider("classic.flip", "Mirrored", 1, "share of the pictures"),
        _Slider("classic.rotate", "Turned", 180, "up to so many degrees"),
        _Slider("classic.crop", "Cut", 0.9, "up to this share is cut away"),
        _Slider("classic.brightness", "Brightness", 1),
        _Slider("classic.contrast", "Contrast", 1),
        _Slider("classic.saturation", "Saturation", 1),
        _Slider("classic.hue", "Hue", 0.5),
    ),
    "More changes": (
        _Slider("classic.probability", "Changed at all", 1, "share of the pictures"),
        _Slider("classic.flip_vertical", "Upside down", 1, "share of the pictures"),
        _Slider("classic.stretch", "Stretched", 0.5),
        _Slider("classic.shear", "Sheared", 45, "up to so many degrees"),
        _Slider("classic.perspective", "Seen from aside", 0.5),
        _Slider("classic.grey", "Without colours", 1, "share of the pictures"),
        _Slider("classic.blur", "Blurred", 1, "share of the pictures"),
        _Slider("classic.noise", "Grainy", 1, "share of the pictures"),
        _Slider("classic.jpeg", "Heavily packed", 1, "share of the pictures"),
        _Slider("classic.erase", "A part erased", 1, "share of the pictures"),
    ),
    "Mix two pictures": (
        _Slider("mixing.mixup", "One over the other (MixUp)", 1, "share of the pictures"),
        _Slider("mixing.cutmix", "A part of another (CutMix)", 1, "share of the pictures"),
        _Slider("mixing.alpha", "How evenly", 1, "0 mostly one of both, 1 anything"),
    ),
    "Paint": (
        _Slider("style.probability", "Painted in a style", 1, "share of the pictures; slower"),
        _Slider("style.strength", "Strength", 1),
    ),
    DRAWING: (
        _Slider("generative.probability", "Drawn by a network", 1, "share of the pictures"),
        _Slider("generative.between", "Between two of a class", 1, "the others lie around one"),
        _Slider("generative.spread", "How far from yours", 1),
    ),
}
NAMES = tuple(slider.name for group in SLIDERS.values() for slider in group)
TUNE = "generative.tune"


class _Page(NamedTuple):
    """What is on the tab, and what it remembers of a visitor."""

    pictures: gr.File
    classes: gr.Markdown
    count: gr.Number
    each: gr.Radio
    side: gr.Dropdown
    seed: gr.Number
    sliders: list[gr.Slider]
    tune: gr.Checkbox
    text: gr.Code
    use: gr.Button
    sheet: gr.Gallery
    facts: gr.Markdown
    make: gr.Button
    cancel: gr.Button
    made: gr.Markdown
    download: gr.DownloadButton
    heads: gr.Radio
    deals: gr.Slider
    ask: gr.Button
    stop: gr.Button
    verdict: gr.Markdown
    given: gr.State
    """A `Given`, or None."""
    recipe: gr.State
    """A `Recipe`: settings that have no slider, too."""

    @property
    def settings(self) -> list[Any]:
        """The components that the recipe is made of, in the order of `_recipe_of`."""
        return [self.count, self.each, self.side, self.seed, self.tune, *self.sliders]


def build(engines: Engines) -> None:
    """Lay out the tab inside the current `gr.Blocks`."""
    if find_spec("torchvision") is None:
        gr.Markdown(WITHOUT_TORCH, elem_id="augment-off")
    page = _lay_out(can_draw=any(name in engines.catalog.names for name in DRAWERS))
    _connect(page, _Job(engines))
    augment_api.build(engines)


def _lay_out(*, can_draw: bool) -> _Page:
    """Args: can_draw: networks that draw new pictures are not hidden (see `Catalog.allowed`)."""
    start = Recipe(count=100)
    values = start.settings()
    with gr.Row():
        with gr.Column(scale=2, min_width=320, elem_id="augment-asked"):
            pictures = gr.File(
                label="Your pictures: a ZIP with a folder for each class, or 5 and more",
                file_count="multiple",
                file_types=["image", ".zip", ".csv", ".json"],
                height=150,
                elem_id="augment-pictures",
            )
            classes = gr.Markdown("", elem_id="augment-classes", elem_classes="facts")
            with gr.Row():
                count = gr.Number(
                    start.count,
                    precision=0,
                    minimum=1,
                    label="New pictures",
                    min_width=110,
                    elem_id="augment-count",
                )
                each = gr.Radio([IN_ALL, OF_EACH], value=IN_ALL, label="Count", min_width=150)
            with gr.Row():
                side = gr.Dropdown(
                    list(SIDES), value=AS_THEY_ARE, label="Size", min_width=110, filterable=False
                )
                seed = gr.Number(0, precision=0, minimum=0, label="Seed", min_width=110)
            sliders = []
            with gr.Column(elem_id="augment-controls", min_width=320):
                for number, (title, group) in enumerate(SLIDERS.items()):
                    with gr.Accordion(
                        title,
                        open=number == 0,
                        visible=can_draw or title != DRAWING,
                        elem_classes="augment-group",
                    ):
                        for slider in group:
                            part, _, name = slider.name.partition(".")
                            sliders.append(
                                gr.Slider(
                                    0.05 if name == "alpha" else 0,
                                    slider.high,
                                    values[part][name],
                                    step=1 if slider.high > 1 else 0.005 if name == "hue" else 0.05,
                                    label=slider.label,
                                    info=slider.info,
                                    elem_id=f"augment-{part}-{name}",
                                )
                            )
                        if title == DRAWING:
                            tune = gr.Checkbox(
                                False,
                                label="Fine-tune the network on my pictures first",
                                info="Minutes, on a click on a button below; the sheet shows it "
                                "untuned.",
                            )
                with gr.Accordion("Recipe", open=False, elem_id="augment-yaml"):
                    text = gr.Code(
                        start.to_yaml(), language="yaml", label="YAML", elem_id="augment-recipe"
                    )
                    use = gr.Button("Use this recipe", elem_id="augment-use")
        with gr.Column(scale=3, min_width=320):
            facts = gr.Markdown(WELCOME, elem_id="augment-facts", elem_classes="facts")
            sheet = gr.Gallery(
                label="New pictures",
                columns=4,
                height="auto",
                object_fit="contain",
                allow_preview=True,
                interactive=False,
                visible=False,
                buttons=[],
                elem_id="augment-sheet",
            )
            make = gr.Button(
                "Make the ZIP", variant="primary", interactive=False, elem_id="augment-make"
            )
            cancel = gr.Button("Cancel", visible=False, elem_id="augment-cancel")
            made = gr.Markdown("", elem_id="augment-made", elem_classes="facts")
            download = gr.DownloadButton(
                "Download the ZIP", visible=False, elem_id="augment-download"
            )
            with gr.Group():
                heads = gr.Radio(
                    list(HEADS), value=next(iter(HEADS)), label="Does it help?", info=ABOUT_PROBE
                )
                deals = gr.Slider(
                    1,
                    5,
                    1,
                    step=1,
                    label="Deals",
                    info="more leave less to chance, and take longer",
                )
            ask = gr.Button("Find out", interactive=False, elem_id="augment-ask")
            stop = gr.Button("Cancel", visible=False, elem_id="augment-stop")
            verdict = gr.Markdown("", elem_id="augment-verdict", elem_classes="facts")
    return _Page(
        *(pictures, classes, count, each, side, seed, sliders, tune, text, use),
        *(sheet, facts, make, cancel, made, download, heads, deals, ask, stop, verdict),
        given=gr.State(None, time_to_live=KEPT_SECONDS),
        recipe=gr.State(start),
    )


def _connect(page: _Page, does: "_Job") -> None:
    private: dict[str, Any] = {"api_visibility": "private"}
    quick: dict[str, Any] = {**private, "queue": False, "show_progress": "hidden"}
    sheet: dict[str, Any] = {
        **private,
        "fn": does.sheet,
        "inputs": [page.given, page.recipe],
        "outputs": [page.sheet, page.facts],
        "show_progress": "minimal",
        "show_progress_on": [page.facts],
        "concurrency_id": "augment-sheet",
        "concurrency_limit": 1,
        "trigger_mode": "always_last",
    }
    page.pictures.change(
        _receive,
        page.pictures,
        [page.given, page.classes, page.make, page.ask, page.made, page.download, page.verdict],
        preprocess=False,
        show_progress_on=[page.classes],
        **private,
    ).then(**sheet)
    gr.on(
        [component.input for component in page.settings],
        _recipe_of,
        [page.recipe, *page.settings],
        [page.recipe, page.text],
        trigger_mode="always_last",
        **quick,
    ).then(**sheet)
    page.use.click(_use, page.text, [page.recipe, page.text, *page.settings], **quick).success(
        **sheet
    )
    for start, stop, jobs, work, shown, others in (
        (page.make, page.cancel, does.making, does.make, [page.made, page.download], []),
        (page.ask, page.stop, does.asking, does.ask, [page.verdict], [page.heads, page.deals]),
    ):
        jobs.offer(stop, start)
        worked = start.click(
            work,
            [page.given, page.recipe, *others],
            shown,
            show_progress_on=[shown[0]],
            concurrency_id="augment",
            concurrency_limit=1,
            trigger_mode="once",
            **private,
        )
        jobs.withdraw(stop, worked)
    page.make.click(None, None, None, js=SCROLL, **private)


def _receive(payload: list[Payload] | None) -> Any:  # noqa: ANN401 (for its outputs in `_connect`)
    clear = ("", gr.DownloadButton(visible=False), "")
    try:
        uploads = sent_files(payload)
        given = growing.receive(uploads) if uploads else None
    except UserError as error:
        gr.Warning(str(error))
        text = f"**{error.message}** {error.remedy}"
        return None, text, *[gr.Button(interactive=False)] * 2, *clear
    if given is None:
        return None, "", *[gr.Button(interactive=False)] * 2, *clear
    told_apart = gr.Button(interactive=len(given.counts) > 1)
    return given, growing.about(given), gr.Button(interactive=True), told_apart, *clear


def _recipe_of(
    recipe: Recipe,
    count: float | None,
    each: str,
    side: str,
    seed: float | None,
    tune: bool,
    *numbers: float,
) -> Any:  # noqa: ANN401 (for the recipe and its text)
    """The recipe with what the page says; all else of it stays."""
    number = None if count is None else int(count)
    changes: dict[str, Any] = {
        "count": number if each == IN_ALL else None,
        "per_class": number if each == OF_EACH else None,
        "size": SIDES.get(side, recipe.size),
        "seed": int(seed or 0),
        TUNE: tune,
        **dict(zip(NAMES, numbers, strict=True)),
    }
    try:
        changed = recipe.changed(changes)
    except UserError as error:
        gr.Warning(str(error))
        return gr.skip(), gr.skip()
    return changed, changed.to_yaml()


def _use(text: str | None) -> Any:  # noqa: ANN401 (for recipe, its text and all settings)
    try:
        recipe = parse_recipe(text or "")
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from error
    values = recipe.settings()
    number = recipe.count if recipe.per_class is None else recipe.per_class
    side = next((name for name, size in SIDES.items() if size == recipe.size), None)
    other = f"{recipe.size}×{recipe.size}"
    sizes = gr.Dropdown(list(SIDES) if side else [*SIDES, other], value=side or other)
    places = [name.partition(".")[::2] for name in NAMES]
    return (
        recipe,
        recipe.to_yaml(),
        number,
        IN_ALL if recipe.per_class is None else OF_EACH,
        sizes,
        recipe.seed,
        recipe.generative.tune,
        *(values[part][name] for part, name in places),
    )


class _Job:
    """What takes a while.

    Args:
        engines: the pool of networks that all visitors share.
    """

    def __init__(self, engines: Engines) -> None:
        self.making, self.asking = Jobs(KEPT), Jobs(KEPT)
        self._engines = engines

    def sheet(
        self,
        given: Given | None,
        recipe: Recipe,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for gallery and facts)
        if given is None:
            return gr.Gallery([], visible=False), WELCOME
        untuned = recipe.changed({TUNE: False})
        try:
            shown, result = growing.contact_sheet(given, untuned, self._engines, telling(progress))
        except UserError as error:
            return gr.skip(), f"**{error.message}** {error.remedy}"
        return gr.Gallery(shown, visible=True), growing.about_sheet(given, recipe, result)

    def make(
        self,
        given: Given | None,
        recipe: Recipe,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for facts and file)
        target = place_for_result("augmented.zip")
        try:
            known = _there(given)
            growing.check_total(known.total(recipe))
            with self.making.running(request, progress) as told:
                result = write_zip(
                    target,
                    growing.open_uploads(known.uploads),
                    recipe=recipe,
                    progress=told,
                    engines=self._engines,
                )
        except Cancelled as error:
            gr.Info(str(error))
            return gr.skip(), gr.skip()
        except UserError as error:
            gr.Warning(str(error))
            return f"**{error.message}** {error.remedy}", gr.DownloadButton(visible=False)
        told_of = growing.about_zip(result, target.stat().st_size)
        return told_of, gr.DownloadButton(value=str(target), visible=True)

    def ask(
        self,
        given: Given | None,
        recipe: Recipe,
        heads: str,
        deals: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (a text, or nothing)
        try:
            known = _there(given)
            with self.asking.running(request, progress) as told:
                result = probe(
                    growing.open_uploads(known.uploads),
                    recipe,
                    classifiers=HEADS[heads],
                    seeds=range(int(deals)),
                    progress=told,
                    engines=self._engines,
                )
        except Cancelled as error:
            gr.Info(str(error))
            return gr.skip()
        except UserError as error:
            gr.Warning(str(error))
            return f"**{error.message}** {error.remedy}"
        return growing.about_probe(result)


def _there(given: Given | None) -> Given:
    if given is None:
        raise BadValue("There are no pictures any more.", "Send them again.")
    return given
