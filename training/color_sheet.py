"""How a colouriser in training does on held-out pictures: figures, and a sheet to look at."""

from collections.abc import Sequence
from pathlib import Path

import color_data
import cv2
import numpy as np
import numpy.typing as npt
import torch
from skimage import color

from genapp.nets.colorizer import MULTIPLE, Colorizer

Array = npt.NDArray[np.float32]

SIDE = 192  # short side of what the network sees
TEMPERATURES = (0.2, 0.4, 0.6)
SHOWN = (("fakefaces", 5), ("faker", 2), ("imagenet", 10), ("flowers", 3), ("bsds", 4))
MEASURED = (("fakefaces", 24), ("imagenet", 24), ("flowers", 12), ("bsds", 12))
COLUMNS, CELL = 4, 144


def delta_e(true: Array, made: Array) -> float:
    """Returns the mean ΔE2000 between two pictures in CIELAB."""
    return float(color.deltaE_ciede2000(true, made).mean())


def choose(pictures: color_data.Pictures, counts: tuple[tuple[str, int], ...]) -> list[int]:
    """Returns numbers of pictures that are not black and white, so many of each kind."""
    chosen: list[int] = []
    for kind, count in counts:
        of_kind = [
            number
            for number, file in enumerate(pictures.files)
            if color_data.kind_of(file) == kind and pictures.colorful[number]
        ]
        places = np.linspace(0, len(of_kind) - 1, min(count, len(of_kind))).astype(int)
        chosen += [of_kind[place] for place in places]
    return chosen


def fitted(image: npt.NDArray[np.uint8], side: int = SIDE) -> Array:
    """Returns the picture as RGB 0..1 with short side ``side`` and sides that the network takes."""
    factor = side / min(image.shape[:2])
    size = [max(round(n * factor / MULTIPLE), 1) * MULTIPLE for n in image.shape[1::-1]]
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(image, size, interpolation=how)
    return color_data.to_float(np.asarray(resized, np.uint8))


@torch.no_grad()
def predict(net: Colorizer, lightness: Array, temperatures: Sequence[float]) -> list[Array]:
    """Returns H×W×2 colours of an H×W lightness, 0..100, without hints, at each temperature."""
    x = torch.from_numpy(np.ascontiguousarray(lightness))[None, None]
    none = x.new_zeros(1, 3, *x.shape[2:])
    logits, context = net.eval()(x, none)
    found = []
    for temperature in temperatures:
        chance = torch.softmax(logits / temperature, 1)
        coarse = torch.einsum("nkhw,kc->nchw", chance, net.bins)
        ab = net.fine(x, none, coarse, context)[0].permute(1, 2, 0).numpy()
        size = lightness.shape[1], lightness.shape[0]
        found.append(np.asarray(cv2.resize(ab, size, interpolation=cv2.INTER_LINEAR), np.float32))
    return found


def figures(net: Colorizer, pictures: color_data.Pictures) -> str:
    """Returns ΔE2000 by temperature for faces and other photos, beside that of grey, and chroma."""
    parts = []
    for name, kinds in (("faces", MEASURED[:1]), ("photos", MEASURED[1:])):
        errors, grey_errors, chromas, true_chromas = [], [], [], []
        for number in choose(pictures, kinds):
            lab = color_data.rgb_to_lab(fitted(pictures[number]))
            grey = lab * np.array([1, 0, 0], np.float32)
            grey_errors.append(delta_e(lab, grey))
            true_chromas.append(np.hypot(lab[..., 1], lab[..., 2]).mean())
            made = predict(net, lab[..., 0], TEMPERATURES)
            errors.append([delta_e(lab, np.dstack([lab[..., 0], ab])) for ab in made])
            chromas.append([np.hypot(ab[..., 0], ab[..., 1]).mean() for ab in made])
        error = " ".join(f"{value:.2f}" for value in np.mean(errors, 0))
        chroma = " ".join(f"{value:.2f}" for value in np.mean(chromas, 0) / np.mean(true_chromas))
        parts.append(f"{name} dE {error} grey {np.mean(grey_errors):.2f} chroma {chroma}")
    return " | ".join(parts)


def write(
    net: Colorizer, pictures: color_data.Pictures, path: Path, temperature: float = 0.4
) -> None:
    """Writes a sheet: grey, ours and truth of 24 held-out pictures."""
    cells = []
    for number in choose(pictures, SHOWN):
        image = fitted(pictures[number])
        lab = color_data.rgb_to_lab(image)
        (ab,) = predict(net, lab[..., 0], [temperature])
        ours = lab_to_rgb(np.dstack([lab[..., 0], ab]))
        grey = lab_to_rgb(lab * np.array([1, 0, 0], np.float32))
        cells.append(np.hstack([square(part, CELL) for part in (grey, ours, image)]))
    rows = [np.hstack(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    sheet = (np.vstack(rows).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def lab_to_rgb(lab: Array) -> Array:
    """Returns sRGB, 0..1, of H×W×3 CIELAB."""
    return np.asarray(cv2.cvtColor(np.asarray(lab, np.float32), cv2.COLOR_Lab2RGB), np.float32)


def square(image: Array, size: int) -> Array:
    """Returns the middle of the picture as a square of ``size`` pixels."""
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    part = image[top : top + side, left : left + side]
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA), np.float32)
