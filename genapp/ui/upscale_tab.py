"""The Upscale tab: a picture in, the same picture larger out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
from numpy.typing import NDArray

from genapp import images
from genapp.errors import BadValue, Cancelled, ModelMissing, UnreadablePicture, UserError
from genapp.images import Photo
from genapp.registry.catalog import Model
from genapp.registry.devices import ran_notes
from genapp.registry.engines import Engines
from genapp.tryon import FaceShape, find_faces
from genapp.ui import comparison, magnifier
from genapp.ui.files import save_result
from genapp.ui.jobs import Jobs, duration
from genapp.ui.model_files import how_to_fetch, why_not
from genapp.ui.photo_input import Payload, hidden_photo, sent_file, sent_number
from genapp.ui.zero_gpu import GpuWork
from genapp.upscaling import (
    LARGEST,
    PREFIX,
    RESTORER,
    SMALLEST,
    Enlarged,
    Finish,
    Patch,
    Plan,
    Progress,
    Speeds,
    Upscaled,
    check_restorer,
    damage,
    enlarge,
    face_mask,
    finish,
    joined_masks,
    listed_cost,
    listed_quality,
    make_plan,
    read_mask,
    restore,
    seconds_a_megapixel,
    size_of,
    upscale,
    upscalers,
)

KEPT_SECONDS = 600
MAX_MEGAPIXELS = 50.0
"""Of a result: what fits into 2 GB."""
KEPT_MEGAPIXELS = 16.0
"""Of a result that is kept, so that another strength, grain or format needs no network."""
SHOWN_SIDE = 2048
"""Larger results are shown smaller; the magnifier and the download have every pixel."""
CANVAS_SIDE = 800
"""Of the picture to paint the protection on."""
WELCOME = "Upload a picture that is too small."
NO_FACES = "Upload a picture to see the faces in it."
AUTOMATIC = ""
CLEANER = "upscale/span-x4.real"
ADVICE = (
    "Clean picture: Automatic. Old, noisy or heavily compressed photo: span-x4.real. dB: likeness "
    "to the original; s/MP: seconds per megapixel of your picture on two cores."
)
SCROLL = """() => {
    if (innerWidth < 700)
        document.querySelector("#upscale-result").scrollIntoView({behavior: "smooth"});
}"""
"""On a phone the result lies far below the button."""
FORMATS = {
    "PNG": ("png", 95),
    "TIFF": ("tiff", 95),
    "WebP, lossless": ("webp", 100),
    "JPEG": ("jpg", 95),
    "AVIF": ("avif", 90),
}
"""How each is called: its ending, and the quality."""


@dataclass(frozen=True, eq=False)
class Opened:
    """The picture that a visitor looks at."""

    source: str | bytes
    photo: Photo
    damage: tuple[str, ...] = ()
    faces: tuple[FaceShape, ...] = ()


@dataclass(frozen=True)
class Details:
    """Settings that need no network but the faces'."""

    strength: float
    grain: float
    keep_colors: bool
    faces: list[str]
    restoring: bool
    fidelity: float
    painted: dict[str, Any] | None
    form: str


@dataclass(frozen=True, eq=False)
class Made:
    """The last result, with what is needed to finish it in another way."""

    opened: Opened
    plan: Plan
    enlarged: Enlarged | None
    """None if it is too large to be kept."""
    pair: magnifier.Pair
    file: Path


class _Job:
    """What happens on a click.

    Args:
        engines: the pool of networks that all visitors share.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._enlarge = GpuWork(engines, enlarge)
        self._speeds = Speeds()
        self.jobs = Jobs("Your picture and settings are still here.")

    # The results are those of the events in `build`.
    def open_photo(self, payload: Payload | None, last: Opened | None) -> Any:  # noqa: ANN401
        try:
            source = sent_file(payload)
            if source is None:
                return None, None, *_no_faces(NO_FACES)
            if last and last.source == source:
                return gr.skip()
            photo = _read(source)
            now = Opened(source, photo, damage(photo.pixels))
        except UserError as error:
            gr.Warning(str(error))
            return None, None, *_no_faces(f"**{error.message}** {error.remedy}")
        return now, _canvas(now.photo), *_no_faces("Looking for faces…")

    def describe(
        self, now: Opened | None, scale: float, width: str, height: str, model: str
    ) -> str:
        if now is None:
            return WELCOME
        try:
            plan = _plan(now, self._engines, scale, width, height, model)
        except UserError as error:
            return f"**{error.message}** {error.remedy}"
        first = plan.stages[0].model
        if not self._speeds.calibrated and first.embedded:
            self._speeds.saw(first, 1, seconds_a_megapixel(first, self._engines))
        # What is transparent in places goes through the network once more.
        alpha = now.photo.alpha
        times = 1 if alpha is None or alpha.min() == alpha.max() else 2
        lines = [
            _about(plan, self._speeds, times),
            _about_model(first, self._engines),
            _advice(now, first, self._engines),
        ]
        return "  \n".join(line for line in lines if line)

    def look_for_faces(self, now: Opened | None) -> Any:  # noqa: ANN401
        if now is None:
            return gr.skip()
        shapes = find_faces(now.photo.pixels, self._engines)
        if not shapes:
            return now, *_no_faces("No faces were found.")
        names = [str(number + 1) for number in range(len(shapes))]
        return (
            replace(now, faces=shapes),
            "What is switched off stays as it is, only interpolated.",
            gr.Image(_numbered(now.photo, shapes), visible=True),
            gr.CheckboxGroup(names, value=names, visible=True),
        )

    def work(
        self,
        now: Opened | None,
        scale: float,
        width: str,
        height: str,
        model: str,
        strength: float,
        grain: float,
        keep_colors: bool,
        faces: list[str],
        restoring: bool,
        fidelity: float,
        painted: dict[str, Any] | None,
        form: str,
        last: Made | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Any:  # noqa: ANN401 (for result, facts, download and made)
        details = Details(strength, grain, keep_colors, faces, restoring, fidelity, painted, form)
        try:
            if now is None:
                raise BadValue("There is no picture.", "Upload one first.")
            plan = _plan(now, self._engines, scale, width, height, model)
            images.check_sides(*plan.size_out, FORMATS[form][0])
            missing = how_to_fetch(plan.stages[0].model, self._engines.store)
            if missing:
                raise ModelMissing(f"{plan.models[0]} is not on this machine.", missing)
            fresh = not (last and last.opened.source == now.source and last.plan == plan)
            enlarged = last.enlarged if last and not fresh else None
            with self.jobs.running(request, progress) as told:
                if enlarged is None:
                    first = plan.stages[0]
                    pixels = round(first.megapixels * 1e6)
                    enlarged = self._enlarge(first.model, pixels, now.photo, plan, progress=told)
                    _learn(enlarged, self._speeds, self._engines)
                return self._finished(now, enlarged, details, last, told, fresh=fresh)
        except Cancelled as error:
            gr.Info(str(error))
            return gr.skip()
        except UserError as error:
            gr.Warning(str(error))
            return gr.skip(), f"**{error.message}** {error.remedy}", gr.skip(), gr.skip()

    def again(
        self,
        now: Opened | None,
        strength: float,
        grain: float,
        keep_colors: bool,
        faces: list[str],
        restoring: bool,
        fidelity: float,
        painted: dict[str, Any] | None,
        form: str,
        last: Made | None,
    ) -> Any:  # noqa: ANN401 (for result, facts, download and made)
        """The last result with other details, as soon as they are changed."""
        if now is None or last is None or last.opened.source != now.source:
            return gr.skip()
        if last.enlarged is None:
            told = "So large a result is not kept: click on **Enlarge** to see the change."
            return gr.skip(), told, gr.skip(), gr.skip()
        details = Details(strength, grain, keep_colors, faces, restoring, fidelity, painted, form)
        try:
            return self._finished(now, last.enlarged, details, last, None, fresh=False)
        except UserError as error:
            gr.Warning(str(error))
            return gr.skip(), f"**{error.message}** {error.remedy}", gr.skip(), gr.skip()

    def _finished(
        self,
        now: Opened,
        enlarged: Enlarged,
        details: Details,
        last: Made | None,
        told: Progress | None,
        *,
        fresh: bool,
    ) -> Any:  # noqa: ANN401 (for result, facts, download and made)
        plan = enlarged.plan
        ending, quality = FORMATS[details.form]
        images.check_sides(*plan.size_out, ending)
        chosen = [int(name) - 1 for name in details.faces]
        patches: tuple[Patch, ...] = ()
        if details.restoring:
            check_restorer(self._engines)
            picked = [now.faces[number] for number in chosen]
            patches = restore(
                now.photo.pixels, picked, plan.size_out, details.fidelity, self._engines
            )
        done = finish(
            enlarged,
            Finish(details.strength, details.grain, details.keep_colors),
            keep=_keep(now, chosen, details.painted),
            patches=patches,
            progress=told,
        )
        new = _save(now, done, enlarged, ending, quality)
        # Only the newest result of a visitor takes up room.
        if last and last.file != new.file:
            last.file.unlink(missing_ok=True)
        return (
            new.pair.shown,
            _facts(done, enlarged if fresh else None, new.file),
            gr.DownloadButton(f"Download {new.file.name}", value=str(new.file), interactive=True),
            new,
        )


def build(engines: Engines) -> gr.Image:
    """Lay out the tab inside the current `gr.Blocks`. The photo's component is returned, so that
    other tabs can send their pictures to it."""
    does = _Job(engines)
    opened = gr.State(None, time_to_live=KEPT_SECONDS)
    made = gr.State(None, time_to_live=KEPT_SECONDS)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            photo = gr.Image(
                label="Your picture",
                sources=["upload", "clipboard"],
                type="filepath",
                format="png",
                height=260,
                elem_id="upscale-photo",
                elem_classes="photo",
            )
            scale, width, height = _size_controls()
            model = gr.Dropdown(
                _choices(upscalers(engines.catalog), engines),
                value=AUTOMATIC,
                label="Model",
                info=ADVICE,
                elem_id="upscale-model",
            )
            about = gr.Markdown(WELCOME, elem_id="upscale-plan", elem_classes="facts")
            run = gr.Button("Enlarge", variant="primary", elem_id="upscale-run")
            looks = _look_controls()
            found, boxes, faces, restoring, fidelity = _face_controls(engines)
            protect = _protect_control()
            form = gr.Radio(list(FORMATS), value="PNG", label="Format of the download")
        with gr.Column(scale=3, min_width=320):
            result = comparison.picture("upscale-result", "Before (interpolated) and after")
            # Beside the progress, which lies over the result.
            cancel = gr.Button("Cancel", visible=False, elem_id="upscale-cancel")
            comparison.divider(result, "upscale-divider")
            facts = gr.Markdown("", elem_id="upscale-facts", elem_classes="facts")
            download = gr.DownloadButton("Download", interactive=False, elem_id="upscale-download")
            glass = magnifier.build(made, lambda last: last.pair if last else None)

    settings = [opened, scale, width, height, model]
    details = [*looks, faces, restoring, fidelity, protect, form]

    quiet = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    private = {"api_visibility": "private"}
    photo.change(
        does.open_photo,
        [photo, opened],
        [opened, protect, found, boxes, faces],
        preprocess=False,
        show_progress="hidden",
        **private,
    ).then(does.describe, settings, about, **quiet).then(
        does.look_for_faces,
        opened,
        [opened, found, boxes, faces],
        show_progress="hidden",
        **private,
    )
    gr.on(
        [scale.change, width.change, height.change, model.change],
        does.describe,
        settings,
        about,
        trigger_mode="always_last",
        **quiet,
    )
    results = [result, facts, download, made]
    run.click(None, None, None, js=SCROLL, **private)
    does.jobs.offer(cancel, run)
    worked = run.click(
        does.work,
        [*settings, *details, made],
        results,
        show_progress_on=[result],
        concurrency_id="upscale",
        concurrency_limit=1,
        trigger_mode="once",
        **private,
    )
    does.jobs.withdraw(cancel, worked)
    worked.then(does.describe, settings, about, **quiet)
    # Waits for nobody's network.
    gr.on(
        [
            *(each.change for each in looks),
            *(each.input for each in (faces, restoring, protect, form)),
            fidelity.change,
        ],
        does.again,
        [opened, *details, made],
        results,
        show_progress="minimal",
        show_progress_on=[result],
        concurrency_id="finish",
        concurrency_limit=1,
        trigger_mode="always_last",
        **private,
    )
    glass.follow(made.change)
    _endpoint(engines)
    return photo


def _size_controls() -> tuple[gr.Slider, gr.Textbox, gr.Textbox]:
    scale = gr.Slider(
        SMALLEST, LARGEST, 2, step=0.1, label="Times as large", elem_id="upscale-scale"
    )
    # No number fields: those show 0 when they are empty.
    with gr.Row():
        width, height = (
            gr.Textbox(
                "",
                label=f"or {side}, pixels",
                placeholder="any",
                max_lines=1,
                min_width=100,
                elem_id=f"upscale-{side}",
            )
            for side in ("width", "height")
        )
    return scale, width, height


def _look_controls() -> list[gr.Slider | gr.Checkbox]:
    with gr.Accordion("Strength, grain, colours", open=False, elem_id="upscale-look"):
        strength = gr.Slider(
            0, 1, 1, step=0.05, label="Strength", info="0 bicubic, 1 the network's picture"
        )
        grain = gr.Slider(
            0, 1, 0, step=0.05, label="Grain", info="how much of the photo's comes back"
        )
        keep_colors = gr.Checkbox(True, label="Colours cannot shift")
    return [strength, grain, keep_colors]


def _face_controls(
    engines: Engines,
) -> tuple[gr.Markdown, gr.Image, gr.CheckboxGroup, gr.Checkbox, gr.Slider]:
    with gr.Accordion("Faces", open=False, elem_id="upscale-faces"):
        found = gr.Markdown(NO_FACES, elem_classes="facts")
        boxes = gr.Image(
            label="Faces",
            show_label=False,
            interactive=False,
            visible=False,
            format="png",
            buttons=[],
            height=220,
        )
        faces = gr.CheckboxGroup([], label="Enlarge these faces", visible=False)
        can_restore, why = _restorer(engines)
        restoring = gr.Checkbox(
            False,
            label="Restore faces",
            info=why,
            interactive=can_restore,
            visible=not engines.catalog.hides(RESTORER),
        )
        fidelity = gr.Slider(
            0,
            1,
            0.5,
            step=0.05,
            label="Fidelity",
            info="0 the network's face, 1 yours",
            visible=can_restore,
        )
    return found, boxes, faces, restoring, fidelity


def _protect_control() -> gr.ImageMask:
    with gr.Accordion("Protect parts", open=False, elem_id="upscale-protect"):
        gr.Markdown("Paint over what is to stay as it is.")
        return gr.ImageMask(
            label="Protect",
            show_label=False,
            sources=[],
            transforms=[],
            brush=gr.Brush(default_size=40, colors=[("#14b8a6", 0.7)], color_mode="fixed"),
            canvas_size=(CANVAS_SIDE, CANVAS_SIDE),
            height=380,
            buttons=[],
            format="png",
            elem_id="upscale-mask",
        )


def _choices(models: Sequence[Model], engines: Engines) -> list[tuple[str, str]]:
    """Each model with what the catalogue tells; those on this machine first."""
    here, absent = [("Automatic: SPAN, for clean pictures", AUTOMATIC)], []
    for model in models:
        facts = [model.name.removeprefix(PREFIX), f"×{model.scale}", *_listed(model)]
        if how_to_fetch(model, engines.store) is None:
            here.append((" · ".join(facts), model.name))
        else:
            size = "" if model.bytes is None else f", {model.bytes / 1e6:.0f} MB"
            absent.append((" · ".join([*facts, f"fetch first{size}"]), model.name))
    return here + absent


def _listed(model: Model) -> list[str]:
    """Quality, cost and licence."""
    quality, cost = listed_quality(model), listed_cost(model)
    facts = []
    if quality:
        # "PSNR-Y on 32 pictures, bad photos": the last words tell which.
        where = quality[0].removeprefix("PSNR-Y on ").split(", ")[-1]
        facts.append(f"{quality[1]:.1f} dB ({where})")
    if cost:
        facts.append(f"{cost:.2g} s/MP")
    facts.append(model.license + ("" if model.commercial else ", not for commercial use"))
    return facts


def _restorer(engines: Engines) -> tuple[bool, str]:
    """Whether faces can be restored, and what to say about it."""
    if engines.catalog.hides(RESTORER):
        return False, ""
    missing = why_not(RESTORER, engines)
    if missing is None:
        return True, "A network that knows faces draws them anew."
    return False, f"{missing} Then start the app again."


def _read(source: str | bytes) -> Photo:
    if isinstance(source, str) and not Path(source).exists():
        raise UnreadablePicture("Your picture was deleted after ten minutes.", "Upload it again.")
    return images.read(source)


def _plan(now: Opened, engines: Engines, scale: float, width: str, height: str, model: str) -> Plan:
    """A width or height counts more than the scale."""
    size = _pixels("width", width), _pixels("height", height)
    return make_plan(
        size_of(now.photo),
        engines.catalog,
        scale=scale if size == (None, None) else None,
        width=size[0],
        height=size[1],
        model=model or None,
        max_megapixels=MAX_MEGAPIXELS,
    )


def _pixels(name: str, text: str) -> int | None:
    """What was typed, None for nothing."""
    typed = (text or "").strip().removesuffix("px").strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 9):
        raise BadValue(f"The {name} is {text!r}.", "Type a whole number of pixels, or nothing.")
    return int(typed)


def _about(plan: Plan, speeds: Speeds, times: int) -> str:
    """What would happen on a click, and how long it would take."""
    (old_width, old_height), (new_width, new_height) = plan.size_in, plan.size_out
    megapixels = new_width * new_height / 1e6
    seconds = speeds.seconds(plan)
    if seconds is None:
        time = "how long it takes is known after the first time"
    else:
        time = f"about {duration(seconds * times)}"
    return (
        f"{old_width}×{old_height} → **{new_width}×{new_height}** ({megapixels:.2g} MP)  \n"
        f"with **{', then '.join(plan.models)}**, {time}."
    )


def _about_model(model: Model, engines: Engines) -> str:
    """What it is good for, what it costs, and whether it has to be fetched."""
    about = f"*{model.summary}* {' · '.join(_listed(model))}."
    missing = how_to_fetch(model, engines.store)
    return about if missing is None else f"{about}  \n**Not on this machine.** {missing}"


def _advice(now: Opened, model: Model, engines: Engines) -> str:
    """Another model, where the picture calls for it."""
    if CLEANER not in engines.catalog.names:
        return ""
    short = CLEANER.removeprefix(PREFIX)
    if now.damage and model.embedded and model.name != CLEANER:
        looks = " and ".join(now.damage)
        return f"This picture looks {looks}: **{short}** would clean it. Choose it under Model."
    if not now.damage and model.name == CLEANER:
        return "This picture looks clean: **Automatic** would stay closer to it."
    return ""


def _learn(enlarged: Enlarged, speeds: Speeds, engines: Engines) -> None:
    for run in enlarged.runs:
        speeds.saw(engines.catalog.get(run.model), run.megapixels, run.seconds)


def _keep(
    now: Opened, chosen: Sequence[int], painted: dict[str, Any] | None
) -> NDArray[np.uint8] | None:
    """Where the picture stays as it is: under the paint, and on faces that are switched off."""
    size = size_of(now.photo)
    left = [shape for number, shape in enumerate(now.faces) if number not in chosen]
    layers = (painted or {}).get("layers") or []
    paint = [layer[..., 3] for layer in layers if layer[..., 3].any()]
    masks = [read_mask(np.where(layer > 0, 255, 0).astype(np.uint8), size) for layer in paint]
    return joined_masks(*masks, face_mask(left, size) if left else None)


def _save(now: Opened, done: Upscaled, enlarged: Enlarged, ending: str, quality: int) -> Made:
    data = images.encode(done.photo, ending, quality=quality, keep_grey=True)
    file = save_result(data, f"{done.photo.name}.{ending}")
    pixels = done.plan.size_out[0] * done.plan.size_out[1]
    kept = enlarged if pixels <= KEPT_MEGAPIXELS * 1e6 else None
    pair = magnifier.make_pair(now.photo, done.photo, SHOWN_SIDE)
    return Made(now, done.plan, kept, pair, file)


def _facts(done: Upscaled, enlarged: Enlarged | None, file: Path) -> str:
    photo = done.photo
    width, height = done.plan.size_out
    kept = [f"{photo.pixels.itemsize * 8} bits"]
    kept += ["grey"] * photo.grey + ["transparency"] * (photo.alpha is not None)
    kept += ["colour profile"] * (photo.icc is not None) + ["EXIF"] * (photo.exif is not None)
    lost = images.for_format(photo, file.suffix).notes
    seconds = sum(run.seconds for run in enlarged.runs) if enlarged else 0.0
    took = f", {duration(seconds)} in the network" if enlarged else ""
    where = f" on {done.ran.text}" if done.ran else ""
    lines = [
        f"**{width}×{height}** with {', then '.join(done.plan.models)}{where}{took}.",
        f"Kept: {', '.join(kept)}.",
        *(f"*{note}*" for note in (*lost, *ran_notes(done.ran))),
    ]
    return "  \n".join(lines)


def _no_faces(text: str) -> tuple[str, gr.Image, gr.CheckboxGroup]:
    return text, gr.Image(None, visible=False), gr.CheckboxGroup([], value=[], visible=False)


def _canvas(photo: Photo) -> dict[str, Any]:
    """What the protection is painted on."""
    shown = _fitted(photo, CANVAS_SIDE)
    return {"background": shown, "layers": [], "composite": shown}


def _fitted(photo: Photo, side: int) -> NDArray[np.uint8]:
    """The picture with a longer side of `side` px: small ones are easier to point at when large."""
    shown = magnifier.for_screen(photo, side)
    zoom = side / max(shown.shape[:2])
    size = (max(1, round(shown.shape[1] * zoom)), max(1, round(shown.shape[0] * zoom)))
    return np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _numbered(photo: Photo, shapes: Sequence[FaceShape]) -> NDArray[np.uint8]:
    """The picture with a numbered frame around each face."""
    shown = _fitted(photo, 640)
    zoom = shown.shape[1] / photo.pixels.shape[1]
    for number, shape in enumerate(shapes, 1):
        x, y, width, height = (round(value * zoom) for value in shape.box)
        cv2.rectangle(shown, (x, y), (x + width, y + height), (255, 255, 255), 3, cv2.LINE_AA)
        cv2.rectangle(shown, (x, y), (x + width, y + height), (13, 148, 136), 2, cv2.LINE_AA)
        place = (x + 4, max(y - 6, 18))
        for colour, thickness in (((255, 255, 255), 5), ((13, 148, 136), 2)):
            cv2.putText(shown, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour, thickness)
    return shown


def _endpoint(engines: Engines) -> None:
    """`/upscale` for programs: the same function as the library's and the command line's."""

    def endpoint(
        photo: Payload | None,
        scale: float | None = None,
        width: int | None = None,
        height: int | None = None,
        model: str = "",
        strength: float = 1.0,
        grain: float = 0.0,
        keep_colors: bool = True,
        protect: Payload | None = None,
        faces: bool = True,
        restore_faces: bool = False,
        fidelity: float = 0.5,
        format: str = "png",
        quality: int = 95,
    ) -> tuple[str, dict[str, Any]]:
        """Enlarge a picture. Bit depth, transparency, greyness, colour profile and EXIF stay.

        Args:
            photo: the picture.
            scale: 1.1 to 8 times as wide and high; 2 if no size is given either.
            width: of the result in pixels; alone it keeps the proportions.
            height: of the result in pixels; alone it keeps the proportions.
            model: name of the network; empty for the first that reaches the size.
            strength: 0 bicubic interpolation to 1 the network's picture.
            grain: how much of the grain that the network removed comes back, 0 to 1.
            keep_colors: whether colours and light stay those of the picture.
            protect: a picture of any size, white where the first is to stay as it is.
            faces: whether faces are enlarged like the rest, or stay as they are.
            restore_faces: whether a network that knows faces runs over them.
            fidelity: 0 that network's face to 1 the picture's.
            format: png, tiff, webp, jpg or avif.
            quality: 1 to 100 for webp, jpg and avif; 100 makes webp lossless.

        Returns:
            The picture, and a report: model, size in pixels, faces, timings, recipe.
        """
        try:
            source = sent_file(photo)
            if source is None:
                raise BadValue("There is no photo.", "Send one as 'photo'.")
            done = upscale(
                source,
                sent_number("scale", scale),
                width=_whole("width", width),
                height=_whole("height", height),
                model=str(model) if model else None,
                strength=sent_number("strength", strength) or 0.0,
                grain=sent_number("grain", grain) or 0.0,
                keep_colors=bool(keep_colors),
                protect=sent_file(protect),
                faces=bool(faces),
                restore_faces=bool(restore_faces),
                fidelity=sent_number("fidelity", fidelity) or 0.0,
                max_megapixels=MAX_MEGAPIXELS,
                format=str(format),
                engines=engines,
            )
            whole = _whole("quality", quality)
            data = images.encode(
                done.photo, str(format), quality=95 if whole is None else whole, keep_grey=True
            )
            return str(save_result(data, f"{done.photo.name}.{format}")), done.report()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    inputs: list[Any] = [
        hidden_photo("photo"),
        gr.Number(None, label="scale", visible=False),
        gr.Number(None, label="width", precision=0, visible=False),
        gr.Number(None, label="height", precision=0, visible=False),
        gr.Textbox("", label="model", visible=False),
        gr.Number(1.0, label="strength", visible=False),
        gr.Number(0.0, label="grain", visible=False),
        gr.Checkbox(True, label="keep_colors", visible=False),
        hidden_photo("protect"),
        gr.Checkbox(True, label="faces", visible=False),
        gr.Checkbox(False, label="restore_faces", visible=False),
        gr.Number(0.5, label="fidelity", visible=False),
        gr.Textbox("png", label="format", visible=False),
        gr.Number(95, label="quality", precision=0, visible=False),
    ]
    picture = gr.File(label="picture", visible=False)
    report = gr.JSON(label="report", visible=False)
    # What the tool is called over MCP.
    endpoint.__name__ = "upscale"
    gr.Button(visible=False).click(
        endpoint,
        inputs,
        [picture, report],
        preprocess=False,
        api_name="upscale",
        concurrency_id="upscale",
        concurrency_limit=1,
    )


def _whole(name: str, value: object) -> int | None:
    number = sent_number(name, value)
    if number is None or number == int(number):
        return None if number is None else int(number)
    raise BadValue(f"The {name} is {value!r}.", "Send a whole number.")
