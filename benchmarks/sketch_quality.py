"""Are sketches coloured well? Drawings of held-out faces and photographs, in every line style.

    PYTHONPATH=.:training:benchmarks python benchmarks/sketch_quality.py --out DIR \
        [--features mobilenet_v2-b0353104.pth]

Prints, for faces and for other photographs, the ΔE2000 of the finished picture to the true one
(style by style too), its colourfulness (Hasler and Süsstrunk 2003) as a share of the truth's, and
the Fréchet distance of MobileNetV2 features to the true pictures as a share of that of the
uncoloured drawings; each beside the uncoloured drawing and a flat wash of the mean colour of what
was learnt from. Then how hints are obeyed, which pictures are taken for drawings, and the time of a
megapixel. Writes page.png: drawings, ours and the truth.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import color_data
import color_sheet
import colorize_quality
import cv2
import doodles
import lines
import numpy as np
import numpy.typing as npt
import onnxruntime
import sketch_data
import torch

from genapp.colorizing import readout, sketch

Array = npt.NDArray[np.float32]
Wash = Callable[[Array], Array]  # H×W drawing → h×w×3 Lab

MODEL = colorize_quality.ROOT / "weights" / "colorize" / "sketch-unet.v1.onnx"
SIDE = 256
EACH = 21  # pictures of each group, drawn in every style
# The wash as the network means it: what is compared with the truth.
PLAIN = sketch.Palette(dark=0, bright=100, gamma=1, chroma=1, limit=1000)
HINT_SHIFT = np.array([20.0, 45.0])  # of lightness and of colour, between asked and true
HINT_HALF = 3
PAGE = (("fakefaces", 12), ("faker", 4), ("imagenet", 10), ("flowers", 4), ("bsds", 6))
DOODLES = 12
COLUMNS, TILE = 4, 160


class Network:
    """The colouriser of sketches in ONNX Runtime."""

    def __init__(self, model: Path) -> None:
        """Opens the file."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def run(
        self, drawing: Array, side: int, hints: tuple[sketch.Known, ...] = ()
    ) -> tuple[Array, Array, Array]:
        """Returns logits, light and bins of a drawing of any size."""
        size = readout.input_size(drawing.shape, side)
        seen = np.asarray(cv2.resize(drawing, size[::-1], interpolation=cv2.INTER_AREA))
        planes = sketch.hint_planes(hints, drawing.shape, size)
        inputs = {"lightness": seen[None, None], "hints": planes[None]}
        logits, light, bins = self.session.run(["logits", "light", "bins"], inputs)
        return logits[0], light[0], bins

    def wash(self, drawing: Array, settings: sketch.Settings = sketch.DEFAULT) -> Array:
        """Returns the wash, CIELAB."""
        return sketch.wash(drawing, *self.run(drawing, settings.side), settings)


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--data", type=Path, default=colorize_quality.DATA)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--features", type=Path, help="MobileNetV2 of torchvision")
    parser.add_argument("--each", type=int, default=EACH, help="pictures of each group")
    parser.add_argument("--choose", action="store_true", help="try settings of the read-out")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    learn, validate = color_data.split(options.data)
    held_out = color_data.Pictures(options.data, validate, options.out / "validate.bin")
    network = Network(options.model)
    groups = {
        name: [square(held_out[number]) for number in spread_out(numbers, options.each)]
        for name, numbers in colorize_quality.groups(held_out).items()
    }
    if options.choose:
        choose(network, groups)
        return
    write_page(network, held_out, options.out / "page.png")
    flat = mean_color(options.data, learn)
    methods: dict[str, Wash] = {
        "uncoloured": lambda drawing: np.array([100, 0, 0], np.float32) + 0 * drawing[..., None],
        "flat": lambda drawing: flat + 0 * drawing[..., None],
        "ours": network.wash,
    }
    features = colorize_quality.features_of(options.features) if options.features else None
    for name, images in groups.items():
        measure(name, images, methods, features)
    print_hints(network, [image for images in groups.values() for image in images])
    print_drawn([image for images in groups.values() for image in images])
    print_cost(network)


def spread_out(numbers: list[int], count: int) -> list[int]:
    """Returns ``count`` of the numbers, spread over all."""
    return [numbers[place] for place in np.linspace(0, len(numbers) - 1, count).astype(int)]


def square(image: color_data.Bytes) -> Array:
    """Returns the middle of a picture, SIDE²×3 RGB 0..1."""
    return color_sheet.square(color_data.to_float(image), SIDE)


def drawing_of(image: Array, style: str, number: int) -> Array:
    """Returns the drawing of a picture, ready for the network: the same every time."""
    made = lines.drawing(image, SIDE, np.random.default_rng(number), style)
    return sketch.prepare(made)


def mean_color(data: Path, files: list[str]) -> Array:
    """Returns the mean colour of every tenth picture that was learnt from, CIELAB."""
    means = [
        color_data.rgb_to_lab(color_data.to_float(color_data.read(data / file))).mean((0, 1))
        for file in files[::10]
    ]
    return np.asarray(np.mean(means, 0), np.float32)


def finished(wash: Array, drawing: Array) -> Array:
    """Returns the wash under the lines, RGB 0..1, in no palette."""
    return sketch.under_lines(sketch.in_palette(wash, PLAIN), drawing)


def measure(
    name: str,
    images: list[Array],
    methods: dict[str, Wash],
    features: Callable[[Array], Array] | None,
) -> None:
    """Prints the figures of one group of pictures."""
    labs = [color_data.rgb_to_lab(image) for image in images]
    lively = np.mean([colorize_quality.colorfulness(image) for image in images])
    true_features = np.concatenate([features(image) for image in images]) if features else None
    distances: dict[str, float] = {}
    for method, wash in methods.items():
        errors: dict[str, list[float]] = defaultdict(list)
        washed, colors, found = [], [], []
        for number, (image, lab) in enumerate(zip(images, labs, strict=True)):
            for style in lines.STYLES:
                drawing = drawing_of(image, style, number)
                laid = wash(drawing)
                made = finished(laid, drawing)
                errors[style].append(color_sheet.delta_e(lab, color_data.rgb_to_lab(made)))
                small = np.asarray(cv2.resize(laid, (SIDE // 4,) * 2, interpolation=cv2.INTER_AREA))
                truth = cv2.resize(sketch_data.wash(image), (SIDE // 4,) * 2)
                washed.append(color_sheet.delta_e(np.asarray(truth), small))
                colors.append(colorize_quality.colorfulness(made))
                if features:
                    found.append(features(made))
        line = (
            f"{name} ({len(images)} × {len(lines.STYLES)} styles), {method}: "
            f"dE2000 {np.mean(list(errors.values())):.2f}, wash alone {np.mean(washed):.2f}, "
            f"colourfulness {np.mean(colors) / lively:.2f}"
        )
        if true_features is not None:
            distances[method] = colorize_quality.frechet(np.concatenate(found), true_features)
            share = distances[method] / distances["uncoloured"]
            line += f", Frechet {distances[method]:.2f} ({share:.2f} of the uncoloured one's)"
        print(line, flush=True)
        print("   " + ", ".join(f"{style} {np.mean(of):.2f}" for style, of in errors.items()))


def print_hints(network: Network, images: list[Array]) -> None:
    """Prints how one hint that asks for another colour is obeyed, and how far it bleeds."""
    rng = np.random.default_rng(0)
    rows = []
    for number, image in enumerate(images):
        drawing = drawing_of(image, "contours", number)
        truth = color_data.rgb_to_lab(image)
        y, x = (int(place) for place in rng.integers(24, SIDE - 24, 2))
        angle = rng.uniform(0, 2 * np.pi)
        shift = [rng.choice([-1, 1]), np.cos(angle), np.sin(angle)] * HINT_SHIFT[[0, 1, 1]]
        asked = truth[y, x] + shift
        asked[0] = np.clip(asked[0], 5, 95)
        hints = (sketch.Known(x, y, (float(asked[0]), float(asked[1]), float(asked[2]))),)
        side = sketch.DEFAULT.side
        plain = sketch.in_palette(sketch.wash(drawing, *network.run(drawing, side)), PLAIN)
        changed = sketch.wash(drawing, *network.run(drawing, side, hints))
        changed = sketch.in_palette(changed, PLAIN)
        obeyed = sketch.obey(changed, drawing, hints)
        place = np.s_[y - HINT_HALF : y + HINT_HALF + 1, x - HINT_HALF : x + HINT_HALF + 1]
        wanted = np.linalg.norm(asked - plain[y, x])
        rows.append(
            [
                *(
                    np.linalg.norm(lab[place].mean((0, 1)) - asked)
                    for lab in (plain, changed, obeyed)
                ),
                *(
                    np.linalg.norm(obeyed - plain, axis=2)[where].mean() / wanted
                    for where in colorize_quality.thing(truth, y, x)
                ),
            ]
        )
    before, network_alone, after, inside, outside = np.nanmean(rows, axis=0)
    print(
        f"hints ({len(rows)}): distance in Lab at the hint {after:.1f}, by the network alone "
        f"{network_alone:.1f}, without hint {before:.1f}; share of the change on the same thing "
        f"{inside:.2f}, beyond its edge {outside:.2f}"
    )


def print_drawn(images: list[Array]) -> None:
    """Prints how many pictures and how many drawings of them are taken for drawings."""
    for style in lines.STYLES:
        drawings = [
            lines.drawing(image, SIDE, np.random.default_rng(number), style)
            for number, image in enumerate(images)
        ]
        share = np.mean([sketch.looks_drawn(grey_of(drawing)) for drawing in drawings])
        print(f"taken for drawings: {100 * share:.0f} % of style {style}")
    greys = [grey_of(color_data.rgb_to_lab(image)[..., 0]) for image in images]
    shares = [
        100 * np.mean([sketch.looks_drawn(each) for each in kind]) for kind in (images, greys)
    ]
    print(f"taken for drawings: {shares[0]:.0f} % of photographs, {shares[1]:.0f} % of grey ones")


def grey_of(lightness: Array) -> Array:
    """Returns RGB of a lightness."""
    return color_sheet.lab_to_rgb(np.dstack([lightness, 0 * lightness, 0 * lightness]))


def print_cost(network: Network) -> None:
    """Prints the time of a drawing of one megapixel, the fastest of eight, and of its parts."""
    _, outlines = doodles.doodle(1000, np.random.default_rng(1))
    times = []
    for _ in range(8):
        start, worked = time.perf_counter(), time.process_time()
        drawing = sketch.prepare(100 * outlines)
        ran = network.run(drawing, sketch.DEFAULT.side)
        middle = time.perf_counter()
        sketch.paint_sketch(drawing, *ran)
        end = time.perf_counter()
        times.append((end - start, middle - start, time.process_time() - worked))
    total, before, work = np.min(times, 0)
    print(
        f"cost: 1 megapixel {total:.2f} s, of which the network and before {before:.2f} s; "
        f"work of all cores {work:.2f} s"
    )


def choose(network: Network, groups: dict[str, list[Array]]) -> None:
    """Prints the figures for settings of the read-out, one style a picture."""
    styles = list(lines.STYLES)
    for side in (128, 160, 192, 256):
        for temperature in (0.2, 0.35, 0.6):
            settings = sketch.Settings(side, temperature, temperature)
            for name, images in groups.items():
                errors, colors, lively = [], [], []
                for number, image in enumerate(images):
                    drawing = drawing_of(image, styles[number % len(styles)], number)
                    made = finished(network.wash(drawing, settings), drawing)
                    lab = color_data.rgb_to_lab(image)
                    errors.append(color_sheet.delta_e(lab, color_data.rgb_to_lab(made)))
                    colors.append(colorize_quality.colorfulness(made))
                    lively.append(colorize_quality.colorfulness(image))
                share = np.mean(colors) / np.mean(lively)
                print(
                    f"{name} side {side} temperature {temperature}: dE2000 {np.mean(errors):.2f}, "
                    f"colourfulness {share:.2f}",
                    flush=True,
                )


def write_page(network: Network, held_out: color_data.Pictures, path: Path) -> None:
    """Writes the page: drawing, ours in the natural palette, and what it was drawn from."""
    pairs = []
    styles = list(lines.STYLES)
    for place, number in enumerate(color_sheet.choose(held_out, PAGE)):
        image = square(held_out[number])
        pairs.append((image, drawing_of(image, styles[place % len(styles)], number)))
    for number in range(DOODLES):
        scene, outlines = doodles.doodle(SIDE, np.random.default_rng(10**6 + number))
        pairs.append((scene, sketch.prepare(100 * outlines)))
    tiles = []
    for image, drawing in pairs:
        ours = sketch.paint_sketch(drawing, *network.run(drawing, sketch.DEFAULT.side))
        triple = (np.repeat(drawing[..., None] / 100, 3, 2), ours, image)
        tiles.append(np.hstack([color_sheet.square(part, TILE) for part in triple]))
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    page = (np.vstack(rows).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    cv2.imwrite(str(path), cv2.cvtColor(page, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
