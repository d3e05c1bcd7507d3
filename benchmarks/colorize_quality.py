"""Are the colours right? Held-out photographs and faces, against grey and a plain regression.

    PYTHONPATH=.:training python benchmarks/colorize_quality.py --out DIR \
        --features mobilenet_v2-b0353104.pth [--baseline baseline.pt] [--choose]

Prints, for faces and for other photographs, ΔE2000 to the true picture, colourfulness (Hasler and
Süsstrunk 2003) as a share of the truth's, the Fréchet distance of MobileNetV2 features to the true
pictures as a share of grey's; how hints are obeyed; time and memory. Writes page.png: 48 pictures,
grey, ours and the truth side by side. ``--choose`` measures the settings of the read-out instead.
The pictures are those that training never sees; black-and-white ones among them are left out.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import color_data
import color_sheet
import cv2
import numpy as np
import numpy.typing as npt
import torch
import torchvision
from train_colorize_baseline import RegressionUNet

from genapp.colorizing import Hint, analyse, chroma, paint, readout
from genapp.colorizing.models import choose_model, open_colorizer
from genapp.registry.engines import Engines

Array = npt.NDArray[np.float32]
Colors = Callable[[Array], Array]  # H×W lightness → H×W×2 ab

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
FACES = ("fakefaces", "faker")
PAGE = (("fakefaces", 10), ("faker", 4), ("imagenet", 20), ("flowers", 7), ("bsds", 7))
PAGE_COLUMNS = 4
TILE = 160
CHOSEN = 16  # pictures of each group on which settings are tried
TRIED = (
    *(readout.Settings(side=side) for side in (128, 160, 192, 224)),
    *(readout.Settings(temperature=temperature) for temperature in (0.2, 0.3, 0.6, 1.0)),
    *(readout.Settings(calm=calm) for calm in (0.0, 1.0)),
    *(readout.Settings(saturation=saturation) for saturation in (1.1, 1.25)),
)
HINT_SHIFT = 45.0  # CIELAB units between the colour that a hint asks for and the true one
NEAR = 40  # pixels of the network around a hint in which its effect is looked at


def grey_of(lightness: Array) -> npt.NDArray[np.uint8]:
    """Returns the H×W×3 grey photograph with this lightness, 0..100."""
    grey = chroma.to_rgb(lightness, np.zeros((*lightness.shape, 2), np.float32))
    return np.asarray(np.rint(255 * grey), np.uint8)


def ours(model: str | None, engines: Engines) -> Colors:
    """Returns the colouriser as a user gets it as a method."""

    def colors(lightness: Array) -> Array:
        return analyse(grey_of(lightness), model=model, engines=engines).colors

    return colors


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="name in the catalogue; else the one that comes along")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--features", type=Path, help="MobileNetV2 of torchvision")
    parser.add_argument("--baseline", type=Path, help="baseline.pt of train_colorize_baseline.py")
    parser.add_argument("--choose", action="store_true", help="try settings of the read-out")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    _, files = color_data.split(options.data)
    held_out = color_data.Pictures(options.data, files, options.out / "validate.bin")
    engines = Engines(device="cpu")
    model = choose_model(engines, options.model).name
    if options.choose:
        choose(model, engines, held_out)
        return
    methods: dict[str, Colors] = {
        "grey": lambda lightness: np.zeros((*lightness.shape, 2), np.float32),
        "ours": ours(model, engines),
    }
    if options.baseline:
        methods["regression"] = baseline(options.baseline)
    features = features_of(options.features) if options.features else None
    for name, numbers in groups(held_out).items():
        measure(name, [held_out[number] for number in numbers], methods, features)
    photos = [held_out[number] for number in groups(held_out)["photos"]]
    print_hints(model, engines, photos)
    print_cost(model, engines)
    write_page(methods["ours"], held_out, options.out / "page.png")


def groups(pictures: color_data.Pictures) -> dict[str, list[int]]:
    """Returns the numbers of the faces and of the other photographs that have colours."""
    found: dict[str, list[int]] = {"faces": [], "photos": []}
    for number, file in enumerate(pictures.files):
        if pictures.colorful[number]:
            kind = "faces" if color_data.kind_of(file) in FACES else "photos"
            found[kind].append(number)
    return found


def baseline(path: Path) -> Colors:
    """Returns the regression U-Net as a method."""
    net = RegressionUNet()
    net.load_state_dict(torch.load(path, weights_only=True)["net"])
    net.eval()

    def colors(lightness: Array) -> Array:
        with torch.no_grad():
            height, width = readout.input_size(lightness.shape, readout.DEFAULT.side)
            seen = cv2.resize(lightness, (width, height), interpolation=cv2.INTER_AREA)
            ab = net(torch.from_numpy(np.asarray(seen, np.float32))[None, None])[0]
        return chroma.enlarge(ab.numpy().transpose(1, 2, 0), lightness)

    return colors


def measure(
    name: str,
    images: list[color_data.Bytes],
    methods: dict[str, Colors],
    features: Callable[[Array], Array] | None,
) -> None:
    """Prints the figures of one group of pictures."""
    truths = [color_data.to_float(image) for image in images]
    labs = [color_data.rgb_to_lab(truth) for truth in truths]
    lively = np.array([colorfulness(truth) for truth in truths])
    true_features = np.concatenate([features(truth) for truth in truths]) if features else None
    distances = {}
    for method, colors in methods.items():
        made = [chroma.to_rgb(lab[..., 0], colors(lab[..., 0])) for lab in labs]
        error = np.mean(
            [
                color_sheet.delta_e(lab, color_data.rgb_to_lab(image))
                for lab, image in zip(labs, made, strict=True)
            ]
        )
        share = np.mean([colorfulness(image) for image in made]) / lively.mean()
        line = f"{name} ({len(images)}), {method}: dE2000 {error:.2f}, colourfulness {share:.2f}"
        if features and true_features is not None:
            found = np.concatenate([features(image) for image in made])
            distances[method] = frechet(found, true_features)
            line += f", Frechet {distances[method]:.2f}"
            line += f" ({distances[method] / distances['grey']:.2f} of grey's)"
        print(line, flush=True)


def colorfulness(image: Array) -> float:
    """Returns how colourful an RGB picture (0..1) is, on the scale of Hasler and Süsstrunk."""
    red, green, blue = np.moveaxis(255 * image, 2, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue]).reshape(2, -1)
    spread, mean = np.linalg.norm(opponents.std(1)), np.linalg.norm(opponents.mean(1))
    return float(spread + 0.3 * mean)


def features_of(weights: Path) -> Callable[[Array], Array]:
    """Returns a function from a picture to 5×320 MobileNetV2 features: the whole, and quarters."""
    net = torchvision.models.mobilenet_v2()
    net.load_state_dict(torch.load(weights, weights_only=True))
    body = net.features[:18].eval()
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

    def features(image: Array) -> Array:
        height, width = (int(0.6 * side) for side in image.shape[:2])
        parts = [image, *(image[y][:, x] for y in halves(height) for x in halves(width))]
        squares = [cv2.resize(part, (160, 160), interpolation=cv2.INTER_AREA) for part in parts]
        batch = ((np.stack(squares) - mean) / deviation).transpose(0, 3, 1, 2).astype(np.float32)
        with torch.no_grad():
            return np.asarray(body(torch.from_numpy(batch)).mean((2, 3)).numpy())

    return features


def halves(length: int) -> tuple[slice, slice]:
    """Returns the first and the last ``length`` places."""
    return slice(0, length), slice(-length, None)


def frechet(found: Array, true: Array) -> float:
    """Returns the Fréchet distance of Gaussians fitted to two n×d sets of features."""
    one, other = np.cov(found.T.astype(np.float64)), np.cov(true.T.astype(np.float64))
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    both = np.sqrt(np.clip(np.linalg.eigvalsh(root @ other @ root), 0, None)).sum()
    shift = np.square(found.mean(0) - true.mean(0)).sum()
    return float(shift + np.trace(one) + np.trace(other) - 2 * both)


def print_hints(model: str, engines: Engines, images: list[color_data.Bytes]) -> None:
    """Prints how one hint that asks for another colour is obeyed, and how far it bleeds."""
    rng = np.random.default_rng(0)
    rows = []
    for image in images:
        truth = color_data.rgb_to_lab(color_sheet.fitted(image))
        grey = grey_of(np.ascontiguousarray(truth[..., 0]))
        y, x = (int(rng.integers(16, side - 16)) for side in grey.shape[:2])
        hint = Hint(x + 0.5, y + 0.5, other_color(truth[y, x], rng))
        asked = hint.lab[1:]
        plain, hinted = (
            analyse(grey, model=model, hints=hints, engines=engines).colors
            for hints in ((), (hint,))
        )
        wanted = np.linalg.norm(asked - plain[y, x])
        change = np.linalg.norm(hinted - plain, axis=2) / wanted
        same, other = thing(truth, y, x)
        rows.append(
            [
                wanted,
                np.linalg.norm(hinted[y, x] - asked),
                change[same].mean(),
                change[other].mean() if other.any() else np.nan,
            ]
        )
    before, after, inside, outside = np.nanmean(rows, axis=0)
    print(
        f"hints ({len(rows)}): distance in ab at the hint {after:.1f}, without it {before:.1f}; "
        f"share of the change on the same thing {inside:.2f}, beyond its edge {outside:.2f}"
    )


def other_color(lab: Array, rng: np.random.Generator) -> tuple[float, float, float]:
    """Returns sRGB 0..1 of the same lightness, shifted by 45 CIELAB units in a random direction,
    less where sRGB has no such colour."""
    angle = rng.uniform(0, 2 * np.pi)
    ab = lab[1:] + HINT_SHIFT * np.array([np.cos(angle), np.sin(angle)])
    rgb = chroma.to_rgb(lab[:1].reshape(1, 1), ab.reshape(1, 1, 2).astype(np.float32))
    red, green, blue = rgb[0, 0].clip(0, 1).tolist()
    return red, green, blue


def thing(lab: Array, y: int, x: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Yields masks near a place: what looks like it in the true picture, and what doesn't."""
    rows, columns = np.indices(lab.shape[:2])
    near = np.hypot(rows - y, columns - x) < NEAR
    distance = np.linalg.norm(lab - lab[y, x], axis=2)
    _, labels = cv2.connectedComponents((near & (distance < 12)).astype(np.uint8))
    yield labels == labels[y, x]
    yield near & (distance > 35)


def print_cost(model: str, engines: Engines) -> None:
    """Prints the time of a photograph of one megapixel and the most memory used so far."""
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(100 * rng.random((1000, 1000), np.float32), (0, 0), 3)
    grey = grey_of(np.asarray(noise, np.float32))
    times = []
    for _ in range(8):
        start = time.perf_counter()
        analysis = analyse(grey, model=model, engines=engines)
        middle = time.perf_counter()
        paint(analysis)
        times.append((middle - start, time.perf_counter() - middle))
    network, painting = np.min(times, axis=0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"cost: 1 megapixel analysed in {network:.2f} s, painted in {painting:.2f} s (fastest of "
        f"8), process with all that measured at most {memory:.0f} MB"
    )


def choose(model: str, engines: Engines, held_out: color_data.Pictures) -> None:
    """Prints ΔE2000 and colourfulness of faces and photographs for settings of the read-out."""
    for name, numbers in groups(held_out).items():
        truths = [
            color_data.to_float(held_out[number])
            for number in numbers[:: max(len(numbers) // CHOSEN, 1)]
        ]
        labs = [color_data.rgb_to_lab(truth) for truth in truths]
        lively = np.mean([colorfulness(truth) for truth in truths])
        for settings in TRIED:
            colorizer = open_colorizer(engines.catalog.get(model), engines, settings)
            made = []
            for lab in labs:
                lightness = np.ascontiguousarray(lab[..., 0])
                coarse = colorizer.colors(lightness, ())
                made.append(chroma.to_rgb(lightness, chroma.enlarge(coarse.ab, lightness)))
            error = np.mean(
                [
                    color_sheet.delta_e(lab, color_data.rgb_to_lab(image))
                    for lab, image in zip(labs, made, strict=True)
                ]
            )
            share = np.mean([colorfulness(image) for image in made]) / lively
            print(f"{name} {settings}: dE2000 {error:.2f}, colourfulness {share:.2f}", flush=True)


def write_page(colors: Colors, held_out: color_data.Pictures, path: Path) -> None:
    """Writes the page of 48 pictures: grey, ours, truth."""
    tiles = []
    for number in color_sheet.choose(held_out, PAGE):
        truth = color_data.to_float(held_out[number])
        lightness = np.ascontiguousarray(color_data.rgb_to_lab(truth)[..., 0])
        ab = colors(lightness)
        images = (chroma.to_rgb(lightness, 0 * ab), chroma.to_rgb(lightness, ab), truth)
        tiles.append(np.hstack([color_sheet.square(image, TILE) for image in images]))
    rows = [np.hstack(tiles[i : i + PAGE_COLUMNS]) for i in range(0, len(tiles), PAGE_COLUMNS)]
    page = (np.vstack(rows).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    cv2.imwrite(str(path), cv2.cvtColor(page, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
