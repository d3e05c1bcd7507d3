"""In the Models tab: three families of generative model side by side, and the theory behind."""

import base64
import html
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import gradio as gr
import numpy as np

from genapp.errors import UserError
from genapp.families import SIZE
from genapp.images import read
from genapp.registry.catalog import Catalog
from genapp.registry.engines import Engines
from genapp.ui import lab, lab_table, lab_words
from genapp.ui.photo_input import Payload, sent_file

EXAMPLES = Path(__file__).with_name("examples")
EXAMPLE_NAMES = ("young-woman", "older-man", "young-man")
COUNT = 4
"""Faces that each model draws at once."""
COLUMNS = 2
FACES = "faces that the GAN drew"
MOST_SEED = 9999
TEMPERATURE = 0.8
"""At first: at 1, nearly half of the pixel by pixel pictures go wild somewhere."""
MOST_TEMPERATURE = 1.5
LATEX = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
PRIVATE: dict[str, Any] = {"api_visibility": "private"}
QUICK: dict[str, Any] = {**PRIVATE, "queue": False, "show_progress": "hidden"}
STREAMED: dict[str, Any] = {**PRIVATE, "concurrency_id": "lab", "show_progress": "hidden"}
ASKED: dict[str, Any] = {
    **PRIVATE,
    "concurrency_id": "lab",
    "show_progress": "minimal",
    "trigger_mode": "always_last",
}


class _Side(NamedTuple):
    """Side by side: what is asked for, and what the three draw."""

    seed: gr.Slider
    temperature: gr.Slider
    calm: gr.Checkbox
    draw: gr.Button
    others: gr.Button
    stop: gr.Button
    autoregressive: gr.Image
    vae: gr.Image
    gan: gr.Image
    facts: gr.Markdown

    @property
    def drawn(self) -> list[Any]:
        """What `_draw` fills."""
        return [self.autoregressive, self.vae, self.gan, self.facts]


def has_families(catalog: Catalog) -> bool:
    """Whether the catalogue has all three, and none is hidden (see `Catalog.allowed`)."""
    entries = {entry for column in lab_table.COLUMNS for entry in column.entries}
    return entries <= set(catalog.names)


def build(engines: Engines, tab: gr.Tab, tabs: gr.Tabs, outliers: str | None = None) -> None:
    """Lay out the tab inside itself.

    Args:
        engines: the pool of networks.
        tab: the tab.
        tabs: that it belongs to.
        outliers: id of the Outliers tab among them; None if there is none.
    """
    _text(lab_words.ABOUT, elem_id="lab-about")
    side = _side_by_side()
    _connect_side(side, tab, engines)
    with gr.Tabs(overflow_behavior="wrap", elem_id="lab-more"):
        with gr.Tab("What was measured", render_children=True):
            _measured(engines)
        with gr.Tab("Walk through the code", render_children=True):
            _walk(engines)
        with gr.Tab("Your picture", render_children=True):
            _own_picture(engines)
        with gr.Tab("Where likelihood fails", render_children=True):
            _failure(engines, tabs, outliers)


def _text(words: str, **options: Any) -> gr.Markdown:  # noqa: ANN401 (Gradio's)
    return gr.Markdown(words, latex_delimiters=LATEX, **options)


def _picture(label: str, name: str) -> gr.Image:
    return gr.Image(
        label=label,
        # It would lie on the picture.
        show_label=False,
        type="numpy",
        format="png",
        interactive=False,
        buttons=[],
        elem_id=f"lab-{name}",
        elem_classes="lab-sheet",
    )


def _captioned(label: str, name: str) -> gr.Image:
    gr.Markdown(label, elem_classes="facts")
    return _picture(label, name)


def _seed(name: str, first: int, label: str = "Seed", **options: Any) -> gr.Slider:  # noqa: ANN401
    return gr.Slider(
        0, MOST_SEED, first, step=1, label=label, elem_id=f"lab-{name}", min_width=160, **options
    )


# Side by side --------------------------------------------------------------------------------


def _side_by_side() -> _Side:
    with gr.Row(equal_height=True):
        seed = _seed("seed", 1, info="The same seed, the same faces.")
        temperature = gr.Slider(
            *(0, MOST_TEMPERATURE, TEMPERATURE),
            step=0.05,
            label="Temperature",
            info=lab_words.TEMPERATURE,
            elem_id="lab-temperature",
        )
        calm = gr.Checkbox(
            False, label="Calm VAE", info=lab_words.CALM, min_width=160, elem_id="lab-calm"
        )
    with gr.Row():
        draw = gr.Button("Draw", variant="primary", min_width=100, elem_id="lab-draw")
        others = gr.Button("Other faces", min_width=100, elem_id="lab-others")
        stop = gr.Button("Stop", min_width=100, interactive=False, elem_id="lab-stop")
    pictures = []
    with gr.Row(elem_id="lab-three"):
        for name, title, words in (
            ("autoregressive", "Autoregressive", lab_words.AUTOREGRESSIVE),
            ("vae", "Variational autoencoder", lab_words.VAE),
            ("gan", "Generative adversarial network", lab_words.GAN),
        ):
            with gr.Column(min_width=300):
                gr.Markdown(f"### {title}")
                pictures.append(_picture(title, name))
                _text(words, elem_classes="lab-words")
    facts = _text("", elem_id="lab-facts", elem_classes="facts")
    asked = seed, temperature, calm, draw, others, stop
    return _Side(*asked, pictures[0], pictures[1], pictures[2], facts)


def _connect_side(side: _Side, tab: gr.Tab, engines: Engines) -> None:
    asked = [side.seed, side.temperature, side.calm]
    draw = partial(_draw, engines)
    outputs = [*side.drawn, side.stop]
    started = side.draw.click(draw, asked, outputs, **STREAMED)
    calmed = side.calm.input(draw, asked, outputs, **STREAMED)
    changed = side.others.click(_other_seed, side.seed, side.seed, **QUICK).then(
        draw, asked, outputs, **STREAMED
    )
    first = tab.select(partial(_first_draw, engines), [*asked, side.vae], outputs, **STREAMED)
    side.stop.click(
        lambda: gr.Button(interactive=False),
        None,
        side.stop,
        cancels=[started, calmed, changed, first],
        **QUICK,
    )


def _other_seed(seed: float) -> int:
    return (int(seed) + COUNT) % (MOST_SEED + 1)


def _first_draw(
    engines: Engines,
    seed: float,
    temperature: float,
    calm: bool,
    shown: Any,  # noqa: ANN401 (a picture, or None)
) -> Iterator[Any]:
    """What the tab shows when it is opened for the first time."""
    if shown is not None:
        yield _skips(5)
        return
    yield from _draw(engines, seed, temperature, calm)


def _draw(engines: Engines, seed: float, temperature: float, calm: bool) -> Iterator[Any]:
    """For `_Side.drawn` and the button that stops it: what is quick at once, then the painting."""
    seeds = [int(seed) + number for number in range(COUNT)]
    try:
        pixelcnn, vae, gan = lab.families(engines)
        made = [lab.drawn(model, seeds, temperature, calm=calm) for model in (vae, gan)]
        sheets = [lab.sheet(drawn.pictures, COLUMNS) for drawn in made]
        yield None, *sheets, "The autoregressive model paints …", gr.Button(interactive=True)
        for painting in lab.painted(pixelcnn, seeds, temperature):
            sheet = lab.sheet(painting.pictures, COLUMNS)
            yield sheet, gr.skip(), gr.skip(), _painting(painting), gr.skip()
        groups = [painting.pictures, *(drawn.pictures for drawn in made)]
        judged = lab.bits([pixelcnn, vae], groups)
    except UserError as error:
        yield None, None, None, f"**{error.message}** {error.remedy}", gr.Button(interactive=False)
        return
    times = [painting.seconds, *(drawn.seconds for drawn in made)]
    yield *_skips(3), _drawn(times, judged), gr.Button(interactive=False)


def _painting(painting: lab.Painting) -> str:
    return (
        f"The autoregressive model paints, one pixel after another: {painting.done:.0%}. "
        "Shown slower than it paints."
    )


def _drawn(seconds: list[float], judged: list[list[float | None]]) -> str:
    """How long each took, and what the models with a likelihood say of all faces."""
    names = ("Autoregressive", "VAE", "GAN")
    lines = [
        "| drawn by | time for these four | bits/dim, autoregressive | bits/dim, VAE, at most |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {took:.2g} s | {row[0]:.2f} | {row[1]:.2f} |"
            for name, took, row in zip(names, seconds, judged, strict=True)
        ),
    ]
    return f"{lab_words.OWN}\n\n" + "\n".join(lines)


def _skips(count: int) -> list[Any]:
    return [gr.skip()] * count


# What was measured ---------------------------------------------------------------------------


def _measured(engines: Engines) -> None:
    gr.Markdown(lab_table.table(engines.catalog), elem_id="lab-table")
    _text(lab_words.BITS, elem_classes="lab-words")
    with gr.Accordion("The exact figures, and the commands that measure them", open=False):
        gr.Markdown(lab_table.sources(engines.catalog) or "Nothing was measured.")


# A walk --------------------------------------------------------------------------------------


def _walk(engines: Engines) -> None:
    _text(lab_words.WALK, elem_classes="lab-words")
    with gr.Row():
        first = _seed("from", 1, "From the face of seed")
        second = _seed("to", 6, "to the face of seed")
        place = gr.Slider(
            0, 1, 0.5, step=0.02, label="Where between", elem_id="lab-place", min_width=160
        )
    go = gr.Button("Walk", variant="primary", elem_id="lab-go")
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            strip = _captioned("The way: the VAE's above, the GAN's below", "strip")
        with gr.Column(scale=1, min_width=240):
            here = _captioned("Here: the VAE's and the GAN's", "here")
    ways = partial(_ways, engines)
    ask = [first, second]
    gr.on(
        [go.click, first.release, second.release],
        ways,
        ask,
        strip,
        show_progress_on=[strip],
        **ASKED,
    ).then(partial(_here, engines), [*ask, place], here, show_progress_on=[here], **ASKED)
    place.input(
        partial(_here, engines),
        [*ask, place],
        here,
        **{**ASKED, "show_progress": "hidden"},
    )


def _ways(engines: Engines, first: float, second: float) -> Any:  # noqa: ANN401 (a picture)
    return _walked(engines, first, second, np.linspace(0, 1, lab.FRAMES).tolist())


def _here(engines: Engines, first: float, second: float, place: float) -> Any:  # noqa: ANN401
    return _walked(engines, first, second, [place])


def _walked(engines: Engines, first: float, second: float, places: list[float]) -> Any:  # noqa: ANN401
    """Two rows of faces; two in a row if there is one place."""
    try:
        _, vae, gan = lab.families(engines)
        way = lab.walk(vae, gan, int(first), int(second), places)
    except UserError as error:
        gr.Warning(str(error))
        return gr.skip()
    columns = len(places) if len(places) > 1 else 2
    return lab.sheet(way.reshape(-1, SIZE, SIZE, 3), columns)


# The visitor's picture -----------------------------------------------------------------------


def _own_picture(engines: Engines) -> None:
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            photo = gr.Image(
                label="Your picture",
                sources=["upload", "clipboard"],
                type="filepath",
                format="png",
                height=260,
                elem_id="lab-photo",
                elem_classes="photo",
            )
            examples = [str(EXAMPLES / f"{name}.jpg") for name in EXAMPLE_NAMES]
            gr.Examples(
                examples, photo, label="Examples", cache_examples=False, elem_id="lab-examples"
            )
        with gr.Column(scale=2, min_width=320):
            _text(lab_words.RECONSTRUCT, elem_classes="lab-words")
            with gr.Row():
                with gr.Column(scale=1, min_width=120):
                    seen = _captioned("At 32×32", "seen")
                with gr.Column(scale=5, min_width=320):
                    told = _captioned("With none, one, … all parts of its code", "told")
            facts = gr.Markdown("", elem_id="lab-judged", elem_classes="facts")
            gr.Markdown(f"#### Painted further\n{lab_words.FINISH}")
            with gr.Row(equal_height=True):
                rows = gr.Slider(
                    *(0, SIZE - 1, SIZE // 2),
                    step=1,
                    label="Rows that stay",
                    min_width=160,
                    elem_id="lab-rows",
                )
                seed = _seed("finish-seed", 1)
                finish = gr.Button("Paint the rest", min_width=120, elem_id="lab-finish")
            finished = _captioned("Painted further in four ways", "finished")
    photo.change(
        partial(_reconstruct, engines),
        photo,
        [seen, told, facts],
        preprocess=False,
        show_progress_on=[told],
        **ASKED,
    )
    finish.click(
        partial(_finish, engines), [photo, rows, seed], finished, preprocess=False, **STREAMED
    )


def _reconstruct(engines: Engines, payload: Payload | None) -> Any:  # noqa: ANN401 (two pictures, words)
    try:
        source = sent_file(payload)
        if source is None:
            return None, None, ""
        picture, is_face = lab.seen(read(source), engines)
        pixelcnn, vae, _ = lab.families(engines)
        parts = lab.reconstructions(vae, picture)
        ((exact, bound),) = lab.bits([pixelcnn, vae], [picture])
    except UserError as error:
        gr.Warning(str(error))
        return None, None, f"**{error.message}** {error.remedy}"
    words = (
        f"The autoregressive model needs **{exact:.2f} bits/dim** for your picture, the VAE at "
        f"most **{bound:.2f}**. What faces need on average, the table of what was measured says."
    )
    if not is_face:
        words = f"**No face was found: the models see the middle of the picture.** {words}"
    return lab.sheet(picture, 1), lab.sheet(parts, len(parts)), words


def _finish(engines: Engines, payload: Payload | None, rows: float, seed: float) -> Iterator[Any]:
    try:
        source = sent_file(payload)
        if source is None:
            gr.Info("Give a picture first.")
            yield gr.skip()
            return
        begun = np.repeat(lab.seen(read(source), engines)[0], COUNT, 0)
        pixelcnn, _, _ = lab.families(engines)
        seeds = [int(seed) + number for number in range(COUNT)]
        for painting in lab.painted(pixelcnn, seeds, begun=begun, rows=int(rows)):
            yield lab.sheet(painting.pictures, COUNT)
    except UserError as error:
        gr.Warning(str(error))
        yield gr.skip()


# Where likelihood fails ----------------------------------------------------------------------


def _failure(engines: Engines, tabs: gr.Tabs, outliers: str | None) -> None:
    _text(lab_words.FAILURE, elem_classes="lab-words")
    ask = gr.Button("Ask the models", variant="primary", elem_id="lab-ask")
    answer = gr.HTML("", elem_id="lab-answer")
    ask.click(partial(_judge, engines), None, answer, show_progress_on=[answer], **ASKED)
    if outliers is not None:
        gr.Markdown(lab_words.TO_OUTLIERS)
        link = gr.Button("Go to Outliers", size="sm", elem_id="lab-to-outliers")
        link.click(lambda: gr.Tabs(selected=outliers), None, tabs, **QUICK)


def _judge(engines: Engines) -> Any:  # noqa: ANN401 (HTML)
    try:
        pixelcnn, vae, gan = lab.families(engines)
        groups = [
            (FACES, gan.sample(list(range(2 * COUNT)))),
            *lab.oddities(),
        ]
        judged = lab.bits([pixelcnn, vae], [pictures for _, pictures in groups])
    except UserError as error:
        gr.Warning(str(error))
        return gr.skip()
    rows = sorted(zip(groups, judged, strict=True), key=lambda row: row[1][0] or 0)
    lines = [
        f"<tr><td>{_image(pictures[0], name)}</td><td>{html.escape(name)}</td>"
        f"<td>{exact:.2f}</td><td>{bound:.2f}</td></tr>"
        for (name, pictures), (exact, bound) in rows
    ]
    head = "<th></th><th>likeliest first</th><th>autoregressive</th><th>VAE, at most</th>"
    return (
        f"<p>{_verdict([(name, found[0] or 0) for (name, _), found in rows])}</p>"
        "<table class='lab-judged'><caption>Bits per dimension</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _verdict(judged: list[tuple[str, float]]) -> str:
    """Which pictures the autoregressive model prefers to faces. `judged`: likeliest first."""
    before = [name for name, _ in judged[: [name for name, _ in judged].index(FACES)]]
    if not before:
        return "This time the faces are the likeliest."
    return (
        f"To the autoregressive model, <b>{html.escape(' and '.join(before))}</b> "
        f"{'is' if len(before) == 1 else 'are'} likelier than {FACES}."
    )


def _image(picture: Any, name: str) -> str:  # noqa: ANN401 (32×32×3)
    """A picture inside the page's text."""
    rgb = np.rint(picture * 255).astype(np.uint8)
    data = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))[1].tobytes()
    coded = base64.b64encode(data).decode()
    return f"<img alt='{html.escape(name)}' src='data:image/png;base64,{coded}'>"
